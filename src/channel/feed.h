/* SPDX-License-Identifier: ISC */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/batch.h"

/*
 * Where a stream's events come from.  A feed knows its streams as subscribers,
 * which are embedded in them: it wakes them, and they pull.
 */

struct feed;

struct subscriber {
	struct feed *feed; /* what else there is, is the feed's own */
};

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
	/*
	 * Writes the event id from which the subscriber would go on if it came
	 * back now into EVENTID_SIZE bytes, and returns its length; 0: it has
	 * none.  Where nothing is left to pull, that may move on.  NULL: the
	 * feed's events say all.
	 */
	size_t (*position)(struct subscriber *, char *buf);
	/*
	 * When all that fill() has added is on its way: is that all that there
	 * will ever be?  NULL: it never is.
	 */
	bool (*over)(const struct subscriber *);
};

#endif
