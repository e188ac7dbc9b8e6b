/* SPDX-License-Identifier: ISC */
#ifndef RESP_VALUE_H
#define RESP_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A reply of Redis, or what is in one: resp.h makes them, and any array of them
 * may be one that is not whole yet.
 */

enum resp_type {
	RESP_STRING,
	RESP_STATUS,
	RESP_ERROR,
	RESP_INTEGER,
	RESP_NIL, /* of a string or of an array */
	RESP_ARRAY
};

struct resp_value {
	enum resp_type type;
	struct resp_value *next;	 /* in its array */
	struct resp_value *first, *last; /* ARRAY: those that are here */
	size_t wanted; /* ARRAY: elements it has said it has */
	size_t came;   /* ARRAY: that came so far, those taken out included */
	long long number; /* INTEGER */
	size_t len;	  /* of text: STRING, STATUS, ERROR */
	char text[];	  /* any bytes, and a NUL behind them */
};

/* Bytes of one alone, with so long a text. */
#define RESP_VALUE_SIZE(len) (sizeof(struct resp_value) + (len) + 1)

/* All of it is here. */
bool resp_whole(const struct resp_value *);

/* Bytes of a value and all that is still in it. */
size_t resp_value_size(const struct resp_value *);

/* The element with this place among those that are here, or NULL. */
struct resp_value *resp_element(const struct resp_value *array, size_t place);

/* Is it text of this type, and this one? */
bool resp_is(const struct resp_value *, enum resp_type, const char *text);

/*
 * The text of an error, or of what else has one, for people: printable, and as
 * much as there is room for.  Returns text.
 */
const char *resp_quote(char *text, size_t size, const struct resp_value *);

/* Does this error begin with this word, as in "MOVED ..."? */
bool resp_error_is(const struct resp_value *, const char *word);

/* Frees a value with all that is in it; NULL is none. */
void resp_value_free(struct resp_value *);

#endif
