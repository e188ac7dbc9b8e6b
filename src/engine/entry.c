/* SPDX-License-Identifier: ISC */
/*
 * What any program may write into the stream.  An entry is an event by the same
 * rules as a POST; one that is none costs nobody anything but itself.
 */
#include "engine/entry.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/channel.h"
#include "channel/type.h"

#define PARTS_MAX 1000000 /* of a key, about: more than anybody publishes */

/* The fields that have a meaning; NULL: there is none. */
struct fields {
	const struct resp_value *channels[POST_CHANNELS_MAX];
	size_t channels_n; /* that there were */
	const struct resp_value *type, *data, *snapshot, *end, *key, *note;
};

/* Its whole text is in front of its NUL. */
static bool
is_plain(const struct resp_value *v)
{
	return strlen(v->text) == v->len;
}

static bool
is_empty(const struct resp_value *v)
{
	return v == NULL || v->len == 0;
}

/* Of what may be 1. */
static bool
is_off(const struct resp_value *v)
{
	return is_empty(v) || resp_is(v, RESP_STRING, "0");
}

static const struct resp_value **
field(struct fields *f, const struct resp_value *name)
{
	if (name->len != 1)
		return NULL;
	switch (name->text[0]) {
	case 'c':
		return f->channels_n++ < POST_CHANNELS_MAX ?
			   &f->channels[f->channels_n - 1] :
			   NULL;
	case 't':
		return &f->type;
	case 'd':
		return &f->data;
	case 's':
		return &f->snapshot;
	case 'e':
		return &f->end;
	case 'k':
		return &f->key;
	case 'n':
		return &f->note;
	default:
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

/* NULL, or why they are not those of what is published. */
static const char *
judge_channels(struct entry *e, const struct fields *f)
{
	const struct resp_value *v;
	size_t i, j;

	if (f->channels_n == 0)
		return "it has no channel, c";
	if (f->channels_n > POST_CHANNELS_MAX)
		return "it has more than 16 channels";
	_Static_assert(POST_CHANNELS_MAX == 16, "as it is said");
	for (i = 0; i < f->channels_n; i++) {
		v = f->channels[i];
		if (!is_plain(v) || !channel_name_valid(v->text))
			return "its channel's name is none";
		if (resp_is(v, RESP_STRING, CHANNEL_CLOCK))
			return "the clock's events are its own";
		for (j = 0; j < i; j++)
			if (strcmp(e->channels[j], v->text) == 0)
				return "it has the same channel twice";
		e->channels[e->channels_n++] = v->text;
	}
	return NULL;
}

static const char *
judge_event(struct entry *e, const struct fields *f, size_t max)
{
	size_t type = f->type == NULL ? 0 : f->type->len;

	if (f->data == NULL)
		return "it has no data, d";
	if (type > max || f->data->len > max - type)
		return "it has more bytes than --max-event, its type included";
	if (f->type != NULL && !is_plain(f->type))
		return "an event's type is text, without NUL";
	if (!utf8_valid((const uint8_t *)f->data->text, f->data->len))
		return "its data is not UTF-8";
	if (!is_off(f->snapshot) && !resp_is(f->snapshot, RESP_STRING, "1"))
		return "a snapshot, s, is 1";
	e->message.type = type == 0 ? NULL : f->type->text;
	e->message.data = f->data->text;
	e->message.len = f->data->len;
	e->message.snapshot = !is_off(f->snapshot);
	/* What no publisher may say another process may have said. */
	if (f->type == NULL || strcmp(f->type->text, TYPE_ABANDONED) == 0)
		return NULL;
	return type_fault(f->type->text);
}

static const char *
judge_end(struct entry *e, const struct fields *f)
{
	e->erase = resp_is(f->end, RESP_STRING, "delete");
	if (!e->erase && !resp_is(f->end, RESP_STRING, "1"))
		return "an end, e, is 1 or delete";
	if (!is_empty(f->data) || !is_empty(f->type) || !is_off(f->snapshot))
		return "an end is an entry of its own, without d, t and s";
	if (f->channels_n > 1)
		return "an end is one channel's";
	return NULL;
}

/* A key, and perhaps which part of it. */
static const char *
judge_key(struct entry *e, const struct resp_value *v)
{
	static const char none[] =
	    "its key, k, is not 1 to 64 ASCII characters without space";
	const char *p;

	_Static_assert(POST_KEY_MAX == 64, "as it is said");
	if (is_empty(v))
		return NULL;
	e->key_len = post_key_length(v->text);
	if (e->key_len == 0 || e->key_len > POST_KEY_MAX)
		return none;
	e->key = v->text;
	e->part = 1;
	if (e->key_len == v->len)
		return NULL;
	p = v->text + e->key_len;
	if (*p++ != ' ' || *p == '0')
		return none;
	for (e->part = 0; *p >= '0' && *p <= '9' && e->part < PARTS_MAX; p++)
		e->part = e->part * 10 + (unsigned)(*p - '0');
	return e->part > 1 && p == v->text + v->len ? NULL : none;
}

static const char *
judge(struct entry *e, const struct fields *f, size_t max)
{
	const char *why = judge_channels(e, f);

	if (why == NULL)
		why = is_off(f->end) ? judge_event(e, f, max) : judge_end(e, f);
	return why == NULL ? judge_key(e, f->key) : why;
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

/* No publisher can say this: see publish.c. */
static bool
closes(const struct fields *f)
{
	return f->channels_n == 1 &&
	       resp_is(f->channels[0], RESP_STRING, CHANNEL_CLOCK) &&
	       f->type != NULL &&
	       resp_is(f->type, RESP_STRING, ENTRY_CLOSE_TYPE) &&
	       f->data != NULL && is_plain(f->data);
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
	if (*why == NULL && f.note != NULL && f.channels_n == 0)
		return ENTRY_NOTE;
	if (*why == NULL && closes(&f)) {
		e->message.data = f.data->text;
		e->message.len = f.data->len;
		return ENTRY_CLOSE;
	}
	if (*why == NULL)
		*why = judge(e, &f, max);
	if (*why != NULL)
		return ENTRY_SKIPPED;
	return is_off(f.end) ? ENTRY_EVENT : ENTRY_END;
}

struct post
entry_post(const struct entry *e, enum entry_kind kind)
{
	return (struct post){.channels = e->channels,
	    .channels_n = e->channels_n,
	    .messages = &e->message,
	    .n = kind == ENTRY_EVENT,
	    .end = kind == ENTRY_END,
	    .erase = e->erase};
}

void
entry_key(char text[static ENTRY_KEY_SIZE], const char *key, unsigned part)
{
	if (part == 1)
		(void)snprintf(text, ENTRY_KEY_SIZE, "%s", key);
	else
		(void)snprintf(text, ENTRY_KEY_SIZE, "%s %u", key, part);
}
