/* SPDX-License-Identifier: ISC */
#ifndef FEED_H
#define FEED_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "out.h"

/*
 * Where a stream's events come from.  A feed knows its streams as subscribers,
 * which are embedded in them: it wakes them, and they pull.
 */

struct feed;

struct subscriber {
	struct feed *feed;
	TAILQ_ENTRY(subscriber) link; /* in a list of the feed's */
	uint64_t position; /* how far it has come; the feed's to say */
	uint16_t slot;	   /* the feed's: which of its lists */
	bool due;	   /* there may be something to pull */
	bool skip;	   /* the feed's: not the next time yet */
};

TAILQ_HEAD(subscriber_list, subscriber);

struct feed {
	/*
	 * Set by the streams' side: there is something for this subscriber.
	 * Returns false if it can take nothing now; what waits for it then is
	 * the feed's to decide.
	 */
	bool (*wake)(struct subscriber *);
	/* Adds what the subscriber is to get now, as pieces of this kind. */
	void (*fill)(struct subscriber *, struct batch *, uint8_t kind);
	/* A piece that fill() added is on its way. */
	void (*took)(struct subscriber *, const struct piece *);
	void (*leave)(struct subscriber *);
};

#endif
