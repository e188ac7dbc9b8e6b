/* SPDX-License-Identifier: ISC */
#ifndef READ_H
#define READ_H

/*
 * What a browser makes of an event stream, by the tests' own parser
 * (../harness/parser.c), which is written from the standard's text.
 */
#include <stdbool.h>

#include "../harness/parser.h"
#include "channel/sse.h"
#include "fuzz.h"

#define READ_MAX 512 /* messages that are kept */

/* A message that a page is told of. */
struct message {
	struct bytes id, type, data;
	bool has_id;
};

struct messages {
	size_t n; /* also of those behind READ_MAX, which are not kept */
	struct message one[READ_MAX];
};

static inline void
messages_take(void *arg, const struct block *b)
{
	struct messages *all = arg;
	struct message *m = &all->one[all->n];

	if (!b->has_data || all->n++ >= READ_MAX)
		return;
	*m = (struct message){.has_id = b->has_id};
	bytes_add(&m->id, b->id.at, b->id.len);
	bytes_add(&m->type, b->type.at, b->type.len);
	bytes_add(&m->data, b->data.at, b->data.len);
}

/* Reads a whole stream, all that is there of it. */
static inline void
messages_read(struct messages *all, const char *text, size_t len)
{
	struct parser p = {.take = messages_take, .arg = all};

	all->n = 0;
	parser_begin(&p);
	if (len > 0)
		parser_read(&p, text, len);
	parser_free(&p);
}

static inline void
messages_free(struct messages *all)
{
	size_t i;

	for (i = 0; i < all->n && i < READ_MAX; i++) {
		free(all->one[i].id.at);
		free(all->one[i].type.at);
		free(all->one[i].data.at);
	}
	all->n = 0;
}

/* A type that is empty is none. */
static inline bool
message_has_type(const struct message *m, const char *type)
{
	return type == NULL ? m->type.len == 0 :
			      bytes_are(&m->type, type, strlen(type));
}

/* The data as it is read: CRLF and CR are LF then. */
static inline bool
message_has_data(const struct message *m, const char *data, size_t len)
{
	char *lines = malloc(len + 1);
	size_t i, n = 0;
	bool same;

	assert(lines != NULL);
	for (i = 0; i < len; i++)
		if (data[i] != '\n' || i == 0 || data[i - 1] != '\r')
			lines[n++] = data[i] == '\r' ? '\n' : data[i];
	same = bytes_are(&m->data, lines, n);
	free(lines);
	return same;
}

#endif
