/* SPDX-License-Identifier: ISC */
/*
 * Writes the event stream's text.  A parser takes one space off after each
 * field's colon, so we always put one there: data that begins with a space
 * keeps it.
 */
#include "channel/sse.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct sink {
	char *buf; /* NULL: they are only counted */
	size_t used, size;
	bool full;
};

static void
append(struct sink *t, const char *s, size_t len)
{
	if (len > t->size - t->used) {
		t->full = true;
		return;
	}
	if (t->buf != NULL)
		memcpy(t->buf + t->used, s, len);
	t->used += len;
}

/* A field's line; name holds its colon and the space. */
static void
append_field(struct sink *t, const char *name, size_t name_len,
    const char *value, size_t len)
{
	append(t, name, name_len);
	append(t, value, len);
	append(t, "\n", 1);
}

#define FIELD(name) name ": ", sizeof(name ": ") - 1

/* The length of the line at s, without its end. */
static size_t
line_length(const char *s, size_t len)
{
	size_t n;

	for (n = 0; n < len && s[n] != '\n' && s[n] != '\r'; n++)
		continue;
	return n;
}

static void
append_data(struct sink *t, const char *s, size_t len)
{
	size_t n;

	for (;;) {
		n = line_length(s, len);
		append_field(t, FIELD("data"), s, n);
		if (n == len)
			return;
		n += s[n] == '\r' && n + 1 < len && s[n + 1] == '\n' ? 2 : 1;
		s += n;
		len -= n;
	}
}

static bool
one_line(const char *s)
{
	return s == NULL || s[strcspn(s, "\r\n")] == '\0';
}

static void
append_message(struct sink *t, const struct sse_message *m)
{
	if (m->type != NULL)
		append_field(t, FIELD("event"), m->type, strlen(m->type));
	append_data(t, m->data, m->len);
	if (m->id != NULL)
		append_field(t, FIELD("id"), m->id, strlen(m->id));
	append(t, "\n", 1);
}

size_t
sse_retry(char *buf, unsigned long ms)
{
	return (size_t)snprintf(buf, SSE_BLOCK_SIZE, "retry: %lu\n\n", ms);
}

size_t
sse_position(char *buf, unsigned long ms, const char *id)
{
	size_t n = 0;

	if (ms != 0)
		n = (size_t)snprintf(buf, SSE_BLOCK_SIZE, "retry: %lu\n", ms);
	return n + (size_t)snprintf(buf + n, SSE_BLOCK_SIZE - n,
		       "event: " SSE_POSITION "\n%s%s%s\n",
		       id == NULL ? "" : "data: \nid: ", id == NULL ? "" : id,
		       id == NULL ? "" : "\n");
}

size_t
sse_size(const struct sse_message *m)
{
	struct sink t = {.size = SIZE_MAX};

	append_message(&t, m);
	return t.used;
}

size_t
sse_encode(char *buf, size_t size, const struct sse_message *m)
{
	struct sink t = {.buf = buf, .size = size};

	if (!one_line(m->id) || !one_line(m->type)) {
		errno = EINVAL;
		return 0;
	}
	append_message(&t, m);
	if (t.full) {
		errno = ENOSPC;
		return 0;
	}
	return t.used;
}
