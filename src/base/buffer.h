/* SPDX-License-Identifier: ISC */
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes that came in pieces, put together: those that are kept and, behind
 * them, the latest, which are not decided on yet.  NULL is an empty buffer.
 */
struct buffer {
	size_t kept;
	size_t len; /* the latest included */
	size_t cap;
	uint8_t bytes[];
};

/*
 * Adds to the latest; the buffer grows by bytes that are here, never by bytes
 * announced.  -1: no memory, and nothing has changed.
 */
int buffer_add(struct buffer **, const uint8_t *bytes, size_t len);

/* The latest; never NULL. */
const uint8_t *buffer_latest(const struct buffer *, size_t *len);

/* The latest are kept, or forgotten; or the kept ones are given up. */
void buffer_keep(struct buffer *);
void buffer_forget(struct buffer **);
void buffer_give_up(struct buffer **);

/* Room for much more than there is, is given back. */
void buffer_shrink(struct buffer **);

void buffer_free(struct buffer **);

#endif
