/* SPDX-License-Identifier: ISC */
#ifndef BODY_H
#define BODY_H

#include <stddef.h>
#include <stdint.h>

#include "conn.h"

struct store;

/* What became of a body that was wanted. */
enum body_result {
	BODY_WHOLE,
	BODY_LONG,   /* it has more bytes than it may */
	BODY_NO_ROOM /* all the unfinished ones together have too many */
};

/*
 * A request's body, put together.  It is the first member of whatever its user
 * makes of it.
 */
struct body {
	struct store *bytes;
	size_t max;
	/* Called once, when no more comes. */
	void (*done)(struct conn *, struct body *, enum body_result);
	/* The request is over: frees all but the bytes. */
	void (*free)(struct body *);
};

/* The open request's body is to be put together. */
void body_want(struct conn *, struct body *);

/* Its bytes are of no more use. */
void body_forget(struct conn *);

/* For the connection: bytes came; no more come; the request is over. */
void body_add(struct conn *, const uint8_t *data, size_t len);
void body_end(struct conn *, enum body_result);
void body_over(struct conn *);

#endif
