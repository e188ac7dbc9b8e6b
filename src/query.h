/* SPDX-License-Identifier: ISC */
#ifndef QUERY_H
#define QUERY_H

#include <stddef.h>

/*
 * The name=value pairs of a query string, percent-decoded once.
 */
struct query {
	const char *next; /* what is not read yet */
	char *room;	  /* where it is decoded to */
	char *name;	  /* of the pair that was read last, NUL behind it */
	char *value;
};

/*
 * text may be NULL; room holds QUERY_ROOM(strlen(text)) bytes and lasts as long
 * as the names and values in it are of use.
 */
#define QUERY_ROOM(len) (2 * (len) + 2)
void query_begin(struct query *, const char *text, char *room);

/*
 * Reads the next pair.  Returns 1, or 0 at the end, or -1 if it is malformed:
 * a percent sign without two hex digits, or one that stands for NUL.
 */
int query_next(struct query *);

#endif
