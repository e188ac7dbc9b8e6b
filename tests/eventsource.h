/* SPDX-License-Identifier: ISC */
#ifndef EVENTSOURCE_H
#define EVENTSOURCE_H

/*
 * A browser's reader of an event stream, written from the text of the WHATWG
 * standard (HTML, 9.2.6 "Interpreting an event stream") and not from ours.
 */
#include "unit.h"

#include <stdbool.h>

#define READER_MAX 8192 /* bytes in one field */

struct field {
	size_t len;
	char s[READER_MAX];
};

struct eventsource {
	struct field type, data, id; /* the standard's three buffers */
	unsigned long retry;
	/* The last event, and what is to be done at each; NULL: nothing. */
	struct field event_type, event_data, event_id;
	unsigned events;
	void (*dispatched)(struct eventsource *);
	void *arg;
	/* What the standard passes over but a test may ask for. */
	unsigned ids, retries, others; /* lines with these fields */
	unsigned nul_types;	       /* event: lines with a NUL */
	unsigned without_data;	       /* events that had a type alone */
	bool typed;		       /* the event to come has a type */
	size_t rest;		       /* bytes of a line without its end */
};

static inline void
field_add(struct field *f, const char *s, size_t len)
{
	assert_true(len <= sizeof(f->s) - f->len);
	memcpy(f->s + f->len, s, len);
	f->len += len;
}

static inline void
field_set(struct field *f, const char *s, size_t len)
{
	f->len = 0;
	field_add(f, s, len);
}

static inline void
assert_field(const struct field *f, const char *s, size_t len)
{
	assert_int_equal(f->len, len);
	assert_memory_equal(f->s, s, len);
}

/* A copy of the field alone, not of all its room. */
static inline void
field_copy(struct field *to, const struct field *from)
{
	field_set(to, from->s, from->len);
}

/* Decimal digits alone are a reconnection time; anything else is ignored. */
static inline void
read_retry(struct eventsource *r, const char *s, size_t len)
{
	unsigned long ms = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return;
		ms = ms * 10 + (unsigned)(s[i] - '0');
	}
	r->retry = ms;
}

static inline bool
is_name(const char *s, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(s, name, len) == 0;
}

static inline void
process_field(struct eventsource *r, const char *name, size_t name_len,
    const char *value, size_t len)
{
	bool nul = memchr(value, '\0', len) != NULL;

	if (is_name(name, name_len, "event")) {
		field_set(&r->type, value, len);
		r->typed = true;
		r->nul_types += nul;
	} else if (is_name(name, name_len, "data")) {
		field_add(&r->data, value, len);
		field_add(&r->data, "\n", 1);
	} else if (is_name(name, name_len, "id")) {
		r->ids++;
		if (!nul)
			field_set(&r->id, value, len);
	} else if (is_name(name, name_len, "retry")) {
		r->retries++;
		read_retry(r, value, len);
	} else
		r->others++;
}

static inline void
dispatch(struct eventsource *r)
{
	field_copy(&r->event_id, &r->id);
	if (r->data.len > 0) {
		r->events++;
		field_copy(&r->event_data, &r->data);
		r->event_data.len--; /* its last LF */
		field_copy(&r->event_type, &r->type);
		if (r->type.len == 0)
			field_set(&r->event_type, "message", 7);
		if (r->dispatched != NULL)
			r->dispatched(r);
	} else
		r->without_data += r->typed;
	r->data.len = r->type.len = 0;
	r->typed = false;
}

static inline void
process_line(struct eventsource *r, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value;
	size_t name_len;

	if (len == 0) {
		dispatch(r);
		return;
	}
	if (colon == line)
		return; /* a comment */
	if (colon == NULL) {
		process_field(r, line, len, "", 0);
		return;
	}
	name_len = (size_t)(colon - line);
	value = colon + 1;
	len -= name_len + 1;
	if (len > 0 && *value == ' ') {
		value++;
		len--;
	}
	process_field(r, line, name_len, value, len);
}

/* Forgets all that was read. */
static inline void
eventsource_reset(struct eventsource *r)
{
	r->type.len = r->data.len = r->id.len = 0;
	r->event_type.len = r->event_data.len = r->event_id.len = 0;
	r->retry = 0;
	r->events = r->ids = r->retries = r->others = 0;
	r->nul_types = r->without_data = 0;
	r->typed = false;
	r->rest = 0;
}

/* A whole stream, or a piece of one that ends between two lines. */
static inline void
read_stream(struct eventsource *r, const char *s, size_t len)
{
	const char *end = s + len, *line;

	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3; /* the decoder takes one byte order mark off */
	for (line = s; s < end; s++)
		if (*s == '\n' || *s == '\r') {
			process_line(r, line, (size_t)(s - line));
			if (*s == '\r' && s + 1 < end && s[1] == '\n')
				s++;
			line = s + 1;
		}
	r->rest = (size_t)(end - line);
}

#endif
