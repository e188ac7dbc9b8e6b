/* SPDX-License-Identifier: ISC */
#ifndef QUERY_H
#define QUERY_H

#include <stdbool.h>

/*
 * The name=value pairs of a query string, percent-decoded once, in its place.
 * The values are decoded by whoever wants them: what nobody reads need not be
 * well-formed.
 */
struct query {
	char *next;  /* what is not read yet */
	char *name;  /* of the pair that was read last, NUL behind it */
	char *value; /* the same; not decoded yet */
};

/*
 * text may be NULL.  What is read of it becomes the names and values, which
 * last as long as it does.
 */
void query_begin(struct query *, char *text);

/*
 * Reads the next pair, or returns false at the end.  Pairs whose name is
 * malformed (a percent sign without two hex digits, or one that stands for NUL)
 * are passed over: it is nobody's.
 */
bool query_next(struct query *);

/* Decodes the value.  NULL: it is malformed. */
const char *query_value(struct query *);

/*
 * Decodes what is percent-encoded (RFC 3986, section 2.1) in its place, where
 * '+' is one.  0, or -1: it is malformed.
 */
int query_percent(char *text);

#endif
