/* SPDX-License-Identifier: ISC */
#ifndef HUB_H
#define HUB_H

#include <stdbool.h>
#include <stddef.h>

#include "channel/channel.h"
#include "channel/eventid.h"
#include "channel/feed.h"
#include "channel/sse.h"

/* The type of the events that say what a stream has lost; ours alone. */
#define HUB_GAP "gap"

/*
 * All channels: one sequence of ids over them, one budget of bytes.
 *
 * A position is an id: of the last event that a reader has had, of any channel.
 * What a channel has dropped is above a reader's position if the channel's
 * lost is: that is a gap.
 */
struct hub {
	size_t history;	    /* events held for each channel */
	double history_age; /* seconds that one is held; 0: no limit */
	size_t bytes_max;   /* held, or still being written to a slow stream */
	size_t channels_max;

	/*
	 * Set by the streams' side: makes a stream give up the event that it
	 * is slow to take, of those that are counted in this account.  Returns
	 * false if there is none.
	 */
	bool (*relieve)(void *arg, const size_t *account);
	void *arg;
	const double *now; /* monotonic seconds, kept by the caller */

	void *names;
	size_t channels;
	struct channel_list all;      /* in the order they were made */
	struct held_list entries;     /* all that are held, oldest first */
	struct channel_list unread;   /* no readers; longest so first */
	struct channel_list unused;   /* neither readers nor events */
	struct channel_queue touched; /* published to in this turn */
	struct eventid base;	      /* below all events of this hub */
	struct eventid last;	      /* of the newest event, at first base */
	struct eventid forgotten;     /* lost of what has no channel any more */
	size_t held_bytes;	      /* of all that are held */
	size_t slow_bytes; /* of events that only slow streams still have */
	size_t held;	   /* entries */
	unsigned long long published;
};

/* An empty hub; the limits and the rest up to now are the caller's to set. */
void hub_init(struct hub *, struct eventid base);

/* Frees all; nobody may read any more. */
void hub_free(struct hub *);

/*
 * Publishes n messages, whose ids increase and are above hub->last, to the
 * channel: all or none.  Returns the number of its readers, or -1 with errno
 * ENOMEM, or ENOSPC if there may be no channel more.
 */
long hub_publish(struct hub *, const char *channel, const struct eventid ids[],
    const struct sse_message messages[], size_t n);

/* All bytes that the budget is for. */
size_t hub_bytes(const struct hub *);

/* The channel, or NULL if there is none of this name. */
struct channel *hub_find(const struct hub *, const char *name);

/*
 * The reader joins the channel, which is made if need be.  -1: no memory, or
 * there may be no channel more.
 */
int hub_join(struct hub *, struct cursor *, const char *channel,
    struct subscriber *reader);
void hub_leave(struct hub *, struct cursor *);

/*
 * At the end of a turn the readers of what was published are woken and (by the
 * caller) written to.  Only when all have had their share are the histories cut
 * to their length: so a reader whose socket takes what it is given loses
 * nothing of what was published meanwhile.
 */
void hub_wake(struct hub *);
void hub_trim(struct hub *);

/* Drops what is too old; once a second. */
void hub_age(struct hub *);

#endif
