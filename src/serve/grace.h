/* SPDX-License-Identifier: ISC */
#ifndef GRACE_H
#define GRACE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/tree.h"
#include "channel/eventid.h"
#include "channel/hub.h"
#include "engine/engine.h"

/* So many wait; over it the oldest waits no longer. */
#define GRACE_MAX 1024

struct grace;
RB_HEAD(grace_names, grace);
TAILQ_HEAD(grace_list, grace);

/*
 * The channels that feeds go to.  When a producer dies without its feed's end,
 * its channel has a grace: for it may come back, or another in its place.  When
 * that is over an event of type "abandoned" tells the readers that nobody has
 * come, unless since then anything was published to the channel, or it has
 * ended, or another feed to it has begun.
 */
struct graces {
	struct engine *engine;
	const struct hub *hub;
	const double *now;
	double seconds;		   /* 0: none */
	bool none;		   /* the process ends: none from now on */
	struct grace_names names;  /* all that have a feed or a grace */
	struct grace_list waiting; /* the oldest first */
	size_t n;		   /* that wait */
	unsigned long long abandoned;
};

/* Engine, hub and now, monotonic seconds, outlive it. */
void graces_init(struct graces *, struct engine *, const struct hub *,
    const double *now, double seconds);

/* A feed to this channel has begun.  -1: no memory, and nothing has changed. */
int grace_feed_begins(struct graces *, const char *channel);

/* It is over; it died, and its last event has this id (0-0: it had none). */
void grace_feed_ends(struct graces *, const char *channel);
void grace_feed_dies(struct graces *, const char *channel, struct eventid last);

/* Once a second. */
void graces_sweep(struct graces *);

/*
 * The process is about to end, and nobody after it would know: all are over at
 * once, and those to come.
 */
void graces_end(struct graces *);

/* Behind the engine's stop(); no feed is left. */
void graces_free(struct graces *);

#endif
