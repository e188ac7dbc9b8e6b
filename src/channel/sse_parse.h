/* SPDX-License-Identifier: ISC */
#ifndef SSE_PARSE_H
#define SSE_PARSE_H

#include <stddef.h>
#include <sys/types.h>

#include "channel/sse.h"

#define SSE_PARSE_NO_EVENT                                                     \
	"there is no event in the body: a line 'data: text' and an empty one " \
	"are one"

/*
 * Reads a whole event stream (WHATWG HTML, 9.2.6 "Interpreting an event
 * stream") of len bytes, which is cut up, into at most max messages, whose
 * strings then stand in text and in room, which holds len bytes.  Returns their
 * number, or -1 with what is wrong: no event, too many, one that is not closed
 * by an empty line or has no data, a field that is neither data nor event, NUL
 * in a type, a line that is not ended.  Comments and a byte order mark at the
 * beginning are passed over.
 */
ssize_t sse_parse(char *text, size_t len, char *room,
    struct sse_message messages[], size_t max, const char **wrong);

#endif
