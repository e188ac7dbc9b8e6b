/* SPDX-License-Identifier: ISC */
/*
 * An event stream, byte by byte: which line, which part of it, and which field
 * it is.  A field's value goes where it belongs as it comes, so that no line is
 * ever put together.
 */
#include "channel/sse_split.h"

#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"

#include "channel/sse_split_inner.h"

enum part { NAME, BEFORE_VALUE, VALUE };
enum field { OTHER, DATA, TYPE };

#define MARK   "\xef\xbb\xbf" /* of the byte order */
#define WINDOW 256	      /* bytes that are searched at a time */

void
sse_split_init(struct sse_split *s, size_t max, bool strict)
{
	*s = (struct sse_split){.max = max, .strict = strict};
}

void
sse_split_free(struct sse_split *s)
{
	buffer_free(&s->text);
	buffer_free(&s->type);
}

static size_t
type_len(const struct sse_split *s)
{
	return s->type == NULL ? 0 : s->type->len;
}

/* Bytes of the next event's data so far, each line with its LF. */
static size_t
data_len(const struct sse_split *s)
{
	size_t len = s->text == NULL ? 0 : s->text->len - s->text->kept;

	return len == 0 ? 0 : len - sizeof(struct split_head);
}

static enum split_result
bad(struct sse_split *s, const char *why)
{
	s->why = why;
	return SPLIT_BAD;
}

static enum split_result
add(struct buffer **b, const void *bytes, size_t len)
{
	return buffer_add(b, bytes, len) == -1 ? SPLIT_NO_MEMORY : SPLIT_MORE;
}

static enum split_result
add_data(struct sse_split *s, const char *bytes, size_t len)
{
	static const struct split_head none;
	size_t had = data_len(s) + type_len(s);

	if (had > s->max || len > s->max - had)
		return SPLIT_LARGE;
	if ((s->text == NULL || s->text->len == s->text->kept) &&
	    add(&s->text, &none, sizeof(none)) != SPLIT_MORE)
		return SPLIT_NO_MEMORY;
	return add(&s->text, bytes, len);
}

static enum split_result
add_type(struct sse_split *s, const char *bytes, size_t len)
{
	/* What is the last LF now is none when the event is whole. */
	size_t had = data_len(s) - (data_len(s) > 0) + type_len(s);

	if (had > s->max || len > s->max - had)
		return SPLIT_LARGE;
	if (memchr(bytes, '\0', len) != NULL)
		return bad(s, "an event's type has a NUL in it");
	return add(&s->type, bytes, len);
}

static enum split_result
add_value(struct sse_split *s, const char *bytes, size_t len)
{
	switch (s->field) {
	case DATA:
		return add_data(s, bytes, len);
	case TYPE:
		return add_type(s, bytes, len);
	default:
		return SPLIT_MORE;
	}
}

static bool
is_named(const struct sse_split *s, const char *name)
{
	return s->name_len == strlen(name) &&
	       memcmp(s->name, name, s->name_len) == 0;
}

/* The name is whole: which field is it? */
static enum split_result
begin_field(struct sse_split *s)
{
	s->begun = true;
	s->field = OTHER;
	if (is_named(s, "data"))
		s->field = DATA;
	else if (is_named(s, "event")) {
		s->field = TYPE;
		s->typed = true;
		buffer_free(&s->type);		   /* the last one counts */
	} else if (!s->strict || s->name_len == 0) /* a comment has no name */
		return SPLIT_MORE;
	else if (is_named(s, "id"))
		return bad(s, "an id is not the publisher's to give: leave "
			      "id: out");
	else if (is_named(s, "retry"))
		return bad(s, "retry is not the publisher's to say: leave it "
			      "out");
	else
		return bad(s, "a field is neither data nor event: a browser "
			      "would pass it over");
	return SPLIT_MORE;
}

/* What the event is made of is whole: its head says how long it is. */
static enum split_result
close_event(struct sse_split *s)
{
	struct split_head head = {data_len(s), 0};

	if (s->type != NULL) {
		head.type = s->type->len + 1;
		if (add(&s->text, s->type->bytes, s->type->len) != SPLIT_MORE ||
		    add(&s->text, "", 1) != SPLIT_MORE)
			return SPLIT_NO_MEMORY;
	}
	memcpy(s->text->bytes + s->text->kept, &head, sizeof(head));
	if (s->strict ||
	    utf8_valid(s->text->bytes + s->text->kept + sizeof(head),
		head.data + head.type))
		return SPLIT_EVENT;
	return bad(s, "an event is not UTF-8: send text, and other bytes as "
		      "base64");
}

/* An empty line. */
static enum split_result
end_event(struct sse_split *s)
{
	s->begun = true;
	if (data_len(s) > 0)
		return close_event(s);
	if (s->typed && s->strict)
		return bad(s, "an event has no data: a browser would pass it "
			      "over");
	sse_split_drop(s);
	return SPLIT_MORE;
}

static enum split_result
end_line(struct sse_split *s)
{
	bool empty = s->part == NAME && s->name_len == 0;
	enum split_result result = SPLIT_MORE;

	if (empty)
		return end_event(s);
	if (s->part == NAME)
		result = begin_field(s);
	if (result == SPLIT_MORE && s->field == DATA) {
		result = add_data(s, "", 0);
		if (result == SPLIT_MORE)
			result = add(&s->text, "\n", 1);
	}
	s->part = NAME;
	s->name_len = 0;
	return result;
}

/* One byte of what is before a line's value. */
static enum split_result
take_name(struct sse_split *s, char byte)
{
	if (byte == ':') {
		s->part = BEFORE_VALUE;
		return begin_field(s);
	}
	if (s->name_len < sizeof(s->name))
		s->name[s->name_len++] = byte;
	if (!s->begun && is_named(s, MARK)) {
		s->begun = true;
		s->name_len = 0;
	}
	return SPLIT_MORE;
}

/*
 * Up to, not with, the first CR or LF, or the end; by windows, because what has
 * only CR would be searched to its end for LF, line by line.
 */
static size_t
line_length(const char *bytes, size_t len)
{
	const char *from = bytes, *end = bytes + len, *stop, *lf, *cr;

	for (; from < end; from = stop) {
		stop = end - from < WINDOW ? end : from + WINDOW;
		lf = memchr(from, '\n', (size_t)(stop - from));
		if (lf != NULL)
			stop = lf;
		cr = memchr(from, '\r', (size_t)(stop - from));
		if (cr != NULL)
			stop = cr;
		if (lf != NULL || cr != NULL)
			return (size_t)(stop - bytes);
	}
	return len;
}

/* At least one byte; returns how many were taken. */
static size_t
step(struct sse_split *s, const char *bytes, size_t len,
    enum split_result *result)
{
	bool after_cr = s->after_cr;
	size_t n;

	s->after_cr = false;
	if (*bytes == '\n' && after_cr)
		return 1;
	if (*bytes == '\n' || *bytes == '\r') {
		s->after_cr = *bytes == '\r';
		*result = end_line(s);
		return 1;
	}
	if (s->part == NAME) {
		*result = take_name(s, *bytes);
		return 1;
	}
	n = s->part == BEFORE_VALUE && *bytes == ' ';
	s->part = VALUE;
	bytes += n;
	len = line_length(bytes, len - n);
	if (len > 0)
		*result = add_value(s, bytes, len);
	return n + len;
}

enum split_result
sse_split_read(struct sse_split *s, const char *bytes, size_t len, size_t *used)
{
	enum split_result result = SPLIT_MORE;
	size_t n = 0;

	while (n < len && result == SPLIT_MORE)
		n += step(s, bytes + n, len - n, &result);
	*used = n;
	return result;
}

const char *
sse_split_rest(const struct sse_split *s)
{
	if (s->part != NAME || s->name_len > 0)
		return "the body's last line is not ended: end it by LF";
	if (data_len(s) > 0 || s->typed)
		return "the last event is not ended by an empty line";
	return NULL;
}

size_t
sse_split_size(const struct sse_split *s)
{
	return (s->text == NULL ? 0 : s->text->cap) +
	       (s->type == NULL ? 0 : s->type->cap);
}
