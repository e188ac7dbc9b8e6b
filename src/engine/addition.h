/* SPDX-License-Identifier: ISC */
#ifndef ADDITION_H
#define ADDITION_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/post.h"
#include "engine/store.h"

/* One publication, as it comes into the file: a copy of all of it. */
struct addition {
	STAILQ_ENTRY(addition) link;
	int64_t time; /* wall clock's milliseconds */
	size_t channels_n;
	struct addition_channel {
		const char *name;
		bool new;     /* it is to be recorded, too: */
		int64_t lost; /* with what it had lost */
	} * channel;
	const char *channels; /* all their names, with spaces between */
	size_t n;
	const int64_t *key; /* of each message, and of the end */
	const struct sse_message *message;
	bool end, erase;
	int64_t erased;	      /* up to there, if it is to be */
	const char *post_key; /* or NULL */
	size_t bytes;	      /* of memory */
};

/*
 * A copy of the post, whose keys, post_ids() of them, are these; what is new,
 * lost and erased is the caller's to say.  Freed by free().  NULL: no memory.
 */
struct addition *addition_new(const struct post *, const int64_t key[]);

/* The newest of its keys. */
int64_t addition_last(const struct addition *);

/* It comes into the store, in a transaction.  0 or -1. */
int addition_write(const struct addition *, struct store *);

#endif
