/* SPDX-License-Identifier: ISC */
#ifndef RESP_H
#define RESP_H

#include <stddef.h>

#include "engine/resp_value.h"

/*
 * Replies of Redis (RESP 2) as they come, in pieces of any size; hiredis'
 * reader does the parsing.  Nothing is allocated by what a reply announces,
 * only by what is here; and of an array that is not whole yet the elements that
 * are can be taken out, so that a long reply is never here as one.
 */

enum resp_result {
	RESP_MORE,  /* feed more */
	RESP_WHOLE, /* one reply, which is the caller's to free */
	RESP_LARGE, /* something is over max: the connection is of no use */
	RESP_BAD,   /* this is no RESP 2: likewise */
	RESP_NO_MEMORY
};

struct redisReader;

/* It stays where it is from resp_init() on. */
struct resp {
	struct redisReader *reader;
	struct resp_value *root; /* the reply that is under way, or NULL */
	size_t bytes;		 /* that its values take */
	size_t max;		/* that these, or what is not parsed yet, may */
	enum resp_result fault; /* what it will say for ever, or RESP_MORE */
};

/* 0, or -1: no memory. */
int resp_init(struct resp *, size_t max);

void resp_free(struct resp *);

/*
 * Adds bytes: RESP_MORE, RESP_LARGE or RESP_NO_MEMORY.  Then resp_next() is due
 * until it says anything but RESP_WHOLE.  max holds behind that, so bytes come
 * in pieces that are small beside it.
 */
enum resp_result resp_feed(struct resp *, const char *bytes, size_t len);
enum resp_result resp_next(struct resp *, struct resp_value **);

/*
 * Takes the first element out of an array, if it is whole; or NULL.  resp
 * (NULL: the array's reply is whole, and the caller's) counts its bytes no
 * more.
 */
struct resp_value *resp_shift(struct resp *, struct resp_value *array);

/*
 * A command as bytes to send (redisFormatCommandArgv()): the caller's to free
 * by resp_command_free().  Its length, or 0: no memory.
 */
size_t resp_command(char **bytes, size_t n, const char *const argv[],
    const size_t len[]);
void resp_command_free(char *bytes);

#endif
