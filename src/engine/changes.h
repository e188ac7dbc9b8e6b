/* SPDX-License-Identifier: ISC */
#ifndef CHANGES_H
#define CHANGES_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/addition.h"
#include "engine/store.h"

/* A channel that is not there any more. */
struct forgetting {
	STAILQ_ENTRY(forgetting) link;
	int64_t upto;
	char channel[];
};

STAILQ_HEAD(addition_list, addition);
STAILQ_HEAD(forgetting_list, forgetting);

/* An event that a channel does not hold any more. */
struct drop {
	int64_t key;
	size_t channel; /* where its name begins among the names */
};

#define CHANGES_RECENT 64

/*
 * What one transaction does to the store, in this order: events are dropped,
 * channels forgotten, publications added, and old keys of such go.
 */
struct changes {
	struct drop *drop;
	size_t drops, drops_size;
	char *names; /* of the drops' channels, each behind the other */
	size_t names_len, names_size;
	size_t recent[CHANGES_RECENT]; /* some of them, from 1 on; 0: none */
	struct forgetting_list forgettings;
	struct addition_list additions;
	int64_t last;	 /* newest key that was given out; 0: as it was */
	int64_t unkeyed; /* up to here they go; 0: none do */
	size_t publications, events, bytes; /* of the additions */
	size_t held; /* events of these, in each of their channels */
};

void changes_init(struct changes *);

/* Frees all. */
void changes_free(struct changes *);

bool changes_empty(const struct changes *);

/*
 * Without memory for it a drop or a forgetting is left out: then the file holds
 * what nobody asks for, until its next reading.
 */
void changes_drop(struct changes *, const char *channel, int64_t key);
void changes_forget(struct changes *, const char *channel, int64_t upto);

/*
 * A copy of the post, whose keys, post_ids() of them, are these; what is new,
 * lost and erased is the caller's to say.  NULL: no memory.
 */
struct addition *changes_add(struct changes *, const struct post *,
    const int64_t key[]);

/* Without its additions. */
void changes_take_back(struct changes *);

/* What the other has comes to this one; neither has additions. */
void changes_move(struct changes *, struct changes *other);

/*
 * Drops in one transaction, for publications wait for them; and as many more as
 * its additions will be: what comes all the time goes as fast.
 */
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
