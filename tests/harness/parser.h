/* SPDX-License-Identifier: ISC */
#ifndef PARSER_H
#define PARSER_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that grow as they come. */
struct bytes {
	char *at; /* NUL behind them, once there were any */
	size_t len, size;
};

/* One block of an event stream: the fields up to an empty line. */
struct block {
	bool has_id, has_data, has_retry;
	bool early;		     /* the id came before data */
	struct bytes id, type, data; /* data: its lines, LF between them */
};

/*
 * An event stream's parser, from the text of WHATWG HTML, 9.2.6 "Interpreting
 * an event stream".  Lines end in LF, CR or CRLF, wherever the bytes are cut.
 * What a page would be told of is for take() to say: it is called for each
 * block that had a field, with or without data.
 */
struct parser {
	void (*take)(void *arg, const struct block *);
	void *arg;
	struct block block;
	struct bytes line; /* of a line whose end is not here yet */
	bool after_cr;	   /* an LF that comes now belongs to the CR */
	bool begun;	   /* a byte order mark was looked for */
};

/* Another connection: what was not finished on the last one is forgotten. */
void parser_begin(struct parser *);
void parser_read(struct parser *, const char *text, size_t len);
void parser_free(struct parser *);

/* len bytes behind those that are there; the test ends without memory. */
void bytes_add(struct bytes *, const void *more, size_t len);
bool bytes_are(const struct bytes *, const char *what, size_t len);

#endif
