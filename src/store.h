/* SPDX-License-Identifier: ISC */
#ifndef STORE_H
#define STORE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes that came in pieces, put together: those that are kept and, behind
 * them, the latest, which are not decided on yet.  NULL is an empty store.
 */
struct store {
	size_t kept;
	size_t len; /* the latest included */
	size_t cap;
	uint8_t bytes[];
};

/*
 * Adds to the latest; the store grows by bytes that are here, never by bytes
 * announced.  -1: no memory, and nothing has changed.
 */
int store_add(struct store **, const uint8_t *bytes, size_t len);

/* The latest; never NULL. */
const uint8_t *store_latest(const struct store *, size_t *len);

/* The latest are kept, or forgotten; or the kept ones are given up. */
void store_keep(struct store *);
void store_forget(struct store **);
void store_give_up(struct store **);

void store_free(struct store **);

#endif
