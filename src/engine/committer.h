/* SPDX-License-Identifier: ISC */
#ifndef COMMITTER_H
#define COMMITTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/changes.h"
#include "engine/store.h"

/*
 * The thread that has the store.  A commit waits for the disk, and a checkpoint
 * for much of it; the loop must not.
 *
 * It has one order at a time, and nothing but that and the store: who gives one
 * hands the changes over, and does not touch them until they are told of.  The
 * thread blocks all signals; its stack is fixed and small.
 */

/* Bytes of its stack; SQLite needs a quarter of it. */
#define COMMITTER_STACK (256UL * 1024)

struct committer {
	pthread_t thread;
	pthread_mutex_t lock; /* of what is below; the rest is its holder's */
	pthread_cond_t given, done;
	enum { COMMITTER_IDLE, COMMITTER_BUSY, COMMITTER_END } state;
	/*
	 * Called in the thread when an order is done, which committer_take()
	 * then tells of.  It may do no more than wake somebody, and must be
	 * able to until committer_end().
	 */
	void (*wake)(void *arg);
	void *arg;
	/* The order, and what became of it. */
	struct changes
	    *changes; /* NULL: only see whether the store is usable */
	enum store_result outcome;
	double seconds; /* that it took */
	uint64_t bytes; /* of the store's files, afterwards */
	bool taken;	/* it was told of */
	struct store *store;
};

/* -1 with errno: there is no thread.  The store is the thread's from now on. */
int committer_start(struct committer *, struct store *, void (*wake)(void *arg),
    void *arg);

/* May an order be given? */
bool committer_idle(struct committer *);

/*
 * Gives one: these changes, which stay its until it is done; NULL: make the
 * store usable again if it can be, and say so by STORE_COMMITTED.
 */
void committer_give(struct committer *, struct changes *);

/*
 * If an order is done and was not told of yet: true, and outcome, seconds,
 * bytes and changes are the caller's to read until the next is given.
 */
bool committer_take(struct committer *);

/* Waits until it is idle, or for so many seconds: then false. */
bool committer_wait(struct committer *, double seconds);

/*
 * It is not waited for any longer: nothing is given, and nobody is woken but of
 * an order that is done just now.
 */
void committer_abandon(struct committer *);

/* It is idle: ends the thread; the store is the caller's again. */
void committer_end(struct committer *);

#endif
