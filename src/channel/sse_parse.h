/* SPDX-License-Identifier: ISC */
#ifndef SSE_PARSE_H
#define SSE_PARSE_H

#include <stddef.h>
#include <sys/types.h>

#include "channel/sse_split.h"

#define SSE_PARSE_NO_EVENT                                                     \
	"there is no event in the body: a line 'data: text' and an empty one " \
	"are one"

/*
 * Reads a whole event stream into at most max messages, whose strings then
 * stand in the split, which is made here and is the caller's to free.  Returns
 * their number, or -1 with what is wrong, NULL for want of memory: no event,
 * too many, one that is not closed by an empty line or has no data, a field
 * that is neither data nor event, NUL in a type, a line that is not ended.
 * Comments and a byte order mark at the beginning are passed over.
 */
ssize_t sse_parse(struct sse_split *, const char *text, size_t len,
    struct sse_message messages[], size_t max, const char **wrong);

#endif
