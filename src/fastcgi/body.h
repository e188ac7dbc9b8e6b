/* SPDX-License-Identifier: ISC */
#ifndef BODY_H
#define BODY_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

/* What all unfinished bodies have together. */
struct bodies {
	size_t bytes, max;
};

/* A request's body, put together. */
struct body {
	struct bodies *all;
	struct buffer *bytes; /* NULL: there are none */
	size_t max;
};

/* What became of a body to which bytes were added. */
enum body_result {
	BODY_MORE,    /* they are added; there may be more to come */
	BODY_LONG,    /* it has more bytes than it may */
	BODY_NO_ROOM, /* all together have too many */
	BODY_NO_MEMORY
};

/* Adds bytes. */
enum body_result body_add(struct body *, const uint8_t *data, size_t len);

/* Its bytes are of no more use. */
void body_forget(struct body *);

#endif
