/* SPDX-License-Identifier: ISC */
#ifndef CHANGES_H
#define CHANGES_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/sse.h"
#include "engine/store.h"

/* One publication, as it comes into the file: a copy of all of it. */
struct addition {
	STAILQ_ENTRY(addition) link;
	bool new;     /* the channel is to be recorded, too: */
	int64_t lost; /* with what it had lost */
	int64_t time; /* wall clock's milliseconds */
	const char *channel;
	size_t n;
	const int64_t *key;
	const struct sse_message *message;
	size_t bytes; /* of memory */
};

/* A channel that is not there any more. */
struct forgetting {
	STAILQ_ENTRY(forgetting) link;
	int64_t upto;
	char channel[];
};

STAILQ_HEAD(addition_list, addition);
STAILQ_HEAD(forgetting_list, forgetting);

/*
 * What one transaction does to the store, in this order: events are dropped,
 * channels forgotten, publications added.
 */
struct changes {
	int64_t *drop;
	size_t drops, drops_size;
	struct forgetting_list forgettings;
	struct addition_list additions;
	int64_t last; /* key of the newest event that has an id; 0: as it was */
	size_t publications, events, bytes; /* of the additions */
};

void changes_init(struct changes *);

/* Frees all. */
void changes_free(struct changes *);

bool changes_empty(const struct changes *);

/*
 * Without memory for it a drop or a forgetting is left out: then the file holds
 * what nobody asks for, until its next reading.
 */
void changes_drop(struct changes *, int64_t key);
void changes_forget(struct changes *, const char *channel, int64_t upto);

/*
 * A copy of n messages, whose keys are still to be set by the caller (key is
 * n of them).  NULL: no memory.
 */
struct addition *changes_add(struct changes *, const char *channel,
    const struct sse_message messages[], size_t n, const int64_t key[]);

/* Without its additions. */
void changes_take_back(struct changes *);

/* What the other has comes to this one; neither has additions. */
void changes_move(struct changes *, struct changes *other);

/* Drops in one transaction: publications wait for them. */
#define CHANGES_DROPS_MAX 4096

/*
 * What is to be done now comes to the other, which is empty: the additions, and
 * if all of it is to be, the rest too, but for what is too much at a time.
 */
void changes_hand_over(struct changes *, struct changes *other, bool all);

/*
 * Does all of it, in one transaction.  What becomes of that is as
 * store_commit() says.
 */
enum store_result changes_commit(const struct changes *, struct store *);

#endif
