/* SPDX-License-Identifier: ISC */
#ifndef SSE_H
#define SSE_H

#include <stddef.h>

/*
 * The text of an event stream (WHATWG HTML, "Server-sent events", 9.2.5
 * "Parsing an event stream").  Every function writes into the caller's buffer
 * and returns the bytes written; nothing is terminated by NUL.
 */

/* A comment, which no page sees: it keeps fronts and browsers from giving up.
 */
#define SSE_HEARTBEAT ":\n\n"

#define SSE_ID_SIZE    64 /* of an id: line and an empty one */
#define SSE_RETRY_SIZE (32 + SSE_ID_SIZE)

/*
 * "retry: <ms>" as a block of its own, with an id: line if id is not NULL;
 * buf holds SSE_RETRY_SIZE bytes, and id is an event id's text.
 */
size_t sse_retry(char *buf, unsigned long ms, const char *id);

/*
 * "id: <id>" as a block of its own, which fires no message: a browser takes it
 * for where it is.  buf holds SSE_ID_SIZE bytes.
 */
size_t sse_id(char *buf, const char *id);

struct sse_message {
	const char *id;	  /* NULL: none */
	const char *type; /* NULL: the default, "message" */
	const char *data;
	size_t len; /* of data, which may hold any bytes */
};

/*
 * One event with the message's fields.  CRLF, CR and LF in data each end a
 * line.  Returns 0 with errno EINVAL if id or type holds CR or LF, which
 * would begin another field, or 0 with ENOSPC if size bytes do not hold it.
 */
size_t sse_encode(char *buf, size_t size, const struct sse_message *);

/* The bytes that sse_encode() writes for a message whose id and type are good.
 */
size_t sse_size(const struct sse_message *);

#endif
