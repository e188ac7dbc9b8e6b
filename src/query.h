/* SPDX-License-Identifier: ISC */
#ifndef QUERY_H
#define QUERY_H

#include <stddef.h>

/*
 * The name=value pairs of a query string, percent-decoded once.
 */
struct query {
	const char *next; /* what is not read yet */
	char *name;	  /* of the pair that was read last, NUL behind it */
	char *value;
	char *room; /* where they are decoded to */
};

/* text may be NULL; room holds strlen(text) + 2 bytes and outlives the query.
 */
void query_begin(struct query *, const char *text, char *room);

/*
 * Reads the next pair.  Returns 1, or 0 at the end, or -1 if it is malformed:
 * a percent sign without two hex digits, or one that stands for NUL.
 */
int query_next(struct query *);

#endif
