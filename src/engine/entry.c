/* SPDX-License-Identifier: ISC */
/*
 * What any program may write into the stream.  An entry is an event by the same
 * rules as a POST; one that is none costs nobody anything but itself.
 */
#include "engine/entry.h"

#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/channel.h"
#include "channel/type.h"

/* The fields that have a meaning; NULL: there is none. */
struct fields {
	const struct resp_value *channel, *type, *data, *note;
};

/* Its whole text is in front of its NUL. */
static bool
is_plain(const struct resp_value *v)
{
	return strlen(v->text) == v->len;
}

static const struct resp_value **
field(struct fields *f, const struct resp_value *name)
{
	if (name->len != 1)
		return NULL;
	switch (name->text[0]) {
	case 'c':
		return &f->channel;
	case 't':
		return &f->type;
	case 'd':
		return &f->data;
	case 'n':
		return &f->note;
	default: /* e, a run's end, will have a meaning */
		return NULL;
	}
}

/* NULL, or why these are no fields. */
static const char *
read_fields(struct fields *f, const struct resp_value *list)
{
	const struct resp_value *name, *value, **at;

	*f = (struct fields){0};
	if (list == NULL || list->type != RESP_ARRAY)
		return "it has no fields";
	for (name = list->first; name != NULL; name = value->next) {
		value = name->next;
		if (value == NULL)
			return "a field has no value";
		if (name->type != RESP_STRING || value->type != RESP_STRING)
			return "a field is no string";
		at = field(f, name);
		if (at != NULL)
			*at = value;
	}
	return NULL;
}

/* NULL, or why they are no event's. */
static const char *
judge(const struct fields *f, size_t max)
{
	size_t type = f->type == NULL ? 0 : f->type->len;

	if (f->channel == NULL)
		return "it has no channel, c";
	if (f->data == NULL)
		return "it has no data, d";
	if (!is_plain(f->channel) || !channel_name_valid(f->channel->text))
		return "its channel's name is none";
	if (resp_is(f->channel, RESP_STRING, CHANNEL_CLOCK))
		return "the clock's events are its own";
	if (type > max || f->data->len > max - type)
		return "it has more bytes than --max-event, its type included";
	if (f->type != NULL && !is_plain(f->type))
		return "an event's type is text, without NUL";
	if (!utf8_valid((const uint8_t *)f->data->text, f->data->len))
		return "its data is not UTF-8";
	return f->type == NULL ? NULL : type_fault(f->type->text);
}

bool
entry_id(struct eventid *id, const struct resp_value *v)
{
	const struct resp_value *text;

	if (v->type != RESP_ARRAY || v->first == NULL)
		return false;
	text = v->first;
	return text->type == RESP_STRING && is_plain(text) &&
	       eventid_parse(id, text->text) && (id->ms > 0 || id->n > 0);
}

static uint64_t
mix(uint64_t print, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	size_t i;

	for (i = 0; i < len; i++) /* FNV-1a */
		print = (print ^ p[i]) * UINT64_C(0x100000001b3);
	return print;
}

static uint64_t
mix_text(uint64_t print, const char *text, size_t len)
{
	return mix(mix(print, &len, sizeof(len)), text, len);
}

#define FIRST_PRINT UINT64_C(0xcbf29ce484222325)

uint64_t
entry_print(const struct resp_value *v)
{
	uint64_t print = FIRST_PRINT;
	const struct resp_value *list, *text;

	if (v->type == RESP_ARRAY && v->first != NULL &&
	    (list = v->first->next) != NULL && list->type == RESP_ARRAY)
		for (text = list->first; text != NULL; text = text->next)
			print = mix_text(print, text->text, text->len);
	return print | 1;
}

uint64_t
entry_print_words(const char *const words[])
{
	uint64_t print = FIRST_PRINT;

	for (; *words != NULL; words++)
		print = mix_text(print, *words, strlen(*words));
	return print | 1;
}

enum entry_kind
entry_read(struct entry *e, const struct resp_value *v, size_t max,
    const char **why)
{
	struct fields f;

	*e = (struct entry){0};
	*why = NULL;
	if (!entry_id(&e->id, v))
		return ENTRY_BAD;
	*why = read_fields(&f, v->first->next);
	if (*why == NULL && f.note != NULL && f.channel == NULL)
		return ENTRY_NOTE;
	if (*why == NULL)
		*why = judge(&f, max);
	if (*why != NULL)
		return ENTRY_SKIPPED;
	assert(
	    f.channel != NULL && f.data != NULL); /* judge() has seen to it */
	e->channel = f.channel->text;
	e->message.type =
	    f.type == NULL || f.type->len == 0 ? NULL : f.type->text;
	e->message.data = f.data->text;
	e->message.len = f.data->len;
	return ENTRY_EVENT;
}
