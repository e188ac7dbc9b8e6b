/* SPDX-License-Identifier: ISC */
#ifndef KEYS_H
#define KEYS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/tree.h"

#include "channel/eventid.h"

#define KEYS_MAX 65536 /* of one engine, at a time */
#define KEYS_AGE 100.0 /* seconds that one is known */

/*
 * What makes a publication safe to retry: its key, which belongs to its first
 * channel, and the answer that it had.  Who comes again with the key has that
 * answer, and nothing is published a second time.
 *
 * A key is promised before what it stands for is published, so that nothing can
 * fail behind that; then it is kept, or broken.  A kept one is known for
 * KEYS_AGE, and none is forgotten sooner: where there are as many as there may
 * be, a new one is refused.  Times are seconds of whatever clock the caller
 * has, and it is the same in all calls.
 */
struct key {
	RB_ENTRY(key) by_text;
	TAILQ_ENTRY(key) link; /* among those that are kept, oldest first */
	bool pending;	       /* promised, and not kept yet */
	double when;	       /* and all below: of one that is kept */
	struct eventid last;   /* the answer */
	size_t events;
	const char *text; /* post_key_text() */
	char bytes[];	  /* of it */
};

RB_HEAD(key_texts, key);
TAILQ_HEAD(key_list, key);

struct keys {
	struct key_texts texts;
	struct key_list kept;
	size_t n, max;
};

enum keys_result { KEYS_DONE, KEYS_FULL, KEYS_NO_MEMORY };

/* None, and never more than max. */
void keys_init(struct keys *, size_t max);

/* Forgets all, the promised ones included. */
void keys_free(struct keys *);

/* The key, pending or with its answer; NULL: it is not known, or no more. */
const struct key *keys_find(struct keys *, const char *channel, const char *key,
    double now);

/* The key, which is not known, becomes one that is pending. */
enum keys_result keys_promise(struct keys *, const char *channel,
    const char *key, double now, struct key **);

/* The promised one: it was published at this time, or nothing was. */
void keys_keep(struct keys *, struct key *, struct eventid last, size_t events,
    double when);
void keys_break(struct keys *, struct key *);

#endif
