/* SPDX-License-Identifier: ISC */
#ifndef SSE_H
#define SSE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The text of an event stream (WHATWG HTML, "Server-sent events", 9.2.5
 * "Parsing an event stream").  What writes into the caller's buffer returns
 * the bytes written, without the NUL that may be behind them.
 */

/* A comment, which no page sees: it keeps fronts and browsers from giving up.
 */
#define SSE_HEARTBEAT ":\n\n"

#define SSE_POSITION "position" /* the type of the event that says one */

/* A heartbeat that a page sees, where no position can be told. */
#define SSE_HEARD "event: " SSE_POSITION "\ndata: \n\n"

#define SSE_BLOCK_SIZE 128 /* of the blocks below */

/* "retry: <ms>" as a block of its own.  buf holds SSE_BLOCK_SIZE bytes. */
size_t sse_retry(char *buf, unsigned long ms);

/*
 * An event of type "position" without data, whose id, an event id's text, is
 * where the stream stands.  It is an event because many clients pass over an
 * id: without data, and take the last one they saw for where they are.  With
 * retry: before it if ms is not 0.  id NULL: none can be told; no client
 * fires the block then, but one that carries half an event over from a
 * connection that was cut (npm eventsource 1 and 2) gives it the type
 * "position", to which no page listens.  buf holds SSE_BLOCK_SIZE bytes.
 */
size_t sse_position(char *buf, unsigned long ms, const char *id);

struct sse_message {
	const char *id;	  /* NULL: none */
	const char *type; /* NULL: the default, "message" */
	const char *data;
	size_t len;    /* of data, which may hold any bytes */
	bool snapshot; /* it is the whole state; its text does not say so */
};

/*
 * One event with the message's fields.  The id comes last, because there are
 * clients that take it as soon as its line is there, and a connection may be
 * cut anywhere.  CRLF, CR and LF in data each end a
 * line.  Returns 0 with errno EINVAL if id or type holds CR or LF, which
 * would begin another field, or 0 with ENOSPC if size bytes do not hold it.
 */
size_t sse_encode(char *buf, size_t size, const struct sse_message *);

/* The bytes that sse_encode() writes for a message whose id and type are good.
 */
size_t sse_size(const struct sse_message *);

#endif
