/* SPDX-License-Identifier: ISC */
#ifndef QUERY_H
#define QUERY_H

#include <stddef.h>

/*
 * The name=value pairs of a query string, percent-decoded once, in its place.
 */
struct query {
	char *next; /* what is not read yet */
	char *name; /* of the pair that was read last, NUL behind it */
	char *value;
};

/*
 * text may be NULL.  What is read of it becomes the names and values, which
 * last as long as it does.
 */
void query_begin(struct query *, char *text);

/*
 * Reads the next pair.  Returns 1, or 0 at the end, or -1 if it is malformed:
 * a percent sign without two hex digits, or one that stands for NUL.
 */
int query_next(struct query *);

#endif
