/* SPDX-License-Identifier: ISC */
#ifndef SSE_SPLIT_H
#define SSE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/sse.h"

/* What the bytes amount to. */
enum split_result {
	SPLIT_MORE,	/* all were used, and there is nothing to act on */
	SPLIT_EVENT,	/* an event is whole: keep it, or drop it */
	SPLIT_BAD,	/* why says what is wrong */
	SPLIT_LARGE,	/* an event has more bytes than max */
	SPLIT_NO_MEMORY /* for bytes that are here */
};

#define SPLIT_FIELD 5 /* characters of the longest field that we know */

struct buffer;

/*
 * An event stream (WHATWG HTML, 9.2.6 "Interpreting an event stream") that
 * comes in pieces, cut anywhere.  Nothing is allocated but for the bytes of
 * events that are here: at most max of the one in the making, and those that
 * are kept until they are given up.
 *
 * It is read as a browser reads it: comments, id:, retry:, what is no field,
 * blocks without data and a byte order mark at the beginning are passed over.
 * Wrong are only a NUL in a type and what is not UTF-8.  But if it is strict,
 * whatever a browser would pass over in silence is wrong, too, and UTF-8 the
 * caller's to check.
 */
struct sse_split {
	struct buffer *text; /* the events that are kept, and the next's data */
	struct buffer *type; /* the next's */
	const char *why;     /* SPLIT_BAD: what is wrong */
	size_t max;	     /* bytes of an event, its type included */
	bool strict : 1;
	bool begun : 1;	   /* a byte order mark is none any more */
	bool after_cr : 1; /* LF belongs to the line that is over */
	bool typed : 1;	   /* the next event has a type, be it empty */
	uint8_t part;	   /* of the line, and the field that it is */
	uint8_t field;
	uint8_t name_len;
	char name[SPLIT_FIELD + 1]; /* one more is another field */
};

void sse_split_init(struct sse_split *, size_t max, bool strict);
void sse_split_free(struct sse_split *);

/*
 * Reads up to where there is something to act on; *used is then the bytes
 * used, at most len: behind SPLIT_EVENT call again with the rest.  After any of
 * the last three it reads no more.
 */
enum split_result sse_split_read(struct sse_split *, const char *bytes,
    size_t len, size_t *used);

/* The event that is whole; its strings stay until the next call. */
struct sse_message sse_split_event(const struct sse_split *);

/* It is kept, behind the others; or it is none. */
void sse_split_keep(struct sse_split *);
void sse_split_drop(struct sse_split *);

/*
 * Those that are kept, one by one: false behind the last.  *at is 0 for the
 * first, and then where the next is.  Strings stay until more is read.
 */
bool sse_split_next(const struct sse_split *, size_t *at, struct sse_message *);

/* So many bytes of them there are: *at behind the last. */
size_t sse_split_kept(const struct sse_split *);

/* All that are kept are given up. */
void sse_split_give_up(struct sse_split *);

/* NULL, or what is wrong if nothing more comes: half a line, half an event. */
const char *sse_split_rest(const struct sse_split *);

/* Bytes that are allocated. */
size_t sse_split_size(const struct sse_split *);

#endif
