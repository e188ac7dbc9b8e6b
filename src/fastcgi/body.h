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

/* What became of a body that was wanted. */
enum body_result {
	BODY_MORE, /* there may be more of it to come */
	BODY_WHOLE,
	BODY_LONG,   /* it has more bytes than it may */
	BODY_NO_ROOM /* all together have too many, or there is no memory */
};

/*
 * A request's body, put together.  It is the first member of whatever its user
 * makes of it.
 */
struct body {
	struct bodies *all;
	struct buffer *bytes;
	size_t max;
	/* Called once, when no more comes. */
	void (*done)(struct body *, enum body_result);
	/* The request is over: frees all but the bytes. */
	void (*free)(struct body *);
};

/* Adds bytes.  BODY_MORE, or why there may be no more. */
enum body_result body_add(struct body *, const uint8_t *data, size_t len);

/* Its bytes are of no more use. */
void body_forget(struct body *);

#endif
