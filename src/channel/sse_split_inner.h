/* SPDX-License-Identifier: ISC */
#ifndef SSE_SPLIT_INNER_H
#define SSE_SPLIT_INNER_H

#include <stddef.h>

/*
 * Between the parts of sse_split.  In its text an event is a head, its data, of
 * which each line is ended by LF, and its type, if it has one, ended by NUL.
 * The kept ones stand there one behind the other, and the latest is in the
 * making.
 */
struct split_head {
	size_t data; /* bytes, with the last LF */
	size_t type; /* bytes, with the NUL; 0: there is none */
};

#endif
