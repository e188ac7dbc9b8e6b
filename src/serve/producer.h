/* SPDX-License-Identifier: ISC */
#ifndef PRODUCER_H
#define PRODUCER_H

#include <sys/queue.h>

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "fastcgi/conn.h"
#include "serve/grace.h"
#include "serve/publication.h"
#include "stream/stream.h"

struct producer;
TAILQ_HEAD(producer_list, producer);

/*
 * A producer: an exchange whose body is an event stream of any length, a feed,
 * of which each event is published as it comes.  The answer comes at the feed's
 * end, and says how many were.
 *
 * What one read has brought is one post.  Only one of a feed's posts is with
 * the engine at a time, and what comes meanwhile is the next: so what the
 * engine refuses for now can be given to it again, and nothing that came later
 * has overtaken it, whatever it answers and when.  That adds no time where
 * the engine writes one transaction after the other anyway.
 *
 * When too much waits, or the engine refuses, nothing is read from this feed's
 * connection, until the engine has said more, or would take it: the front keeps
 * its bytes back, and so the producer waits.
 *
 * What is known of a feed stays until the engine has had all that came of it,
 * be the exchange over meanwhile; but of such only as much as there is room
 * for, where that is refused, and behind what the engine has.  How it ended,
 * with its end or without, is then told to the channels' graces.
 */
struct producers {
	struct role role;
	struct publisher *by; /* the engine, the options, the bodies' bytes */
	struct streams *streams;
	struct graces graces;
	struct producer_list given;   /* with the engine, oldest first */
	struct producer_list refused; /* by the engine, and given again */
	ev_timer again;		      /* runs while any is refused */
	size_t n;		      /* all that are known */
	bool stopped; /* the engine is: nothing is given to it */
	unsigned long long postponed;	  /* posts that were refused for now */
	unsigned long long begun, events; /* feeds, and what they published */
};

/* by, the streams, which need not be made yet, and the hub outlive it. */
void producers_init(struct producers *, struct publisher *by, struct streams *,
    const struct hub *);

/*
 * The publication, whose channels, type, length and end are known, is a feed
 * from now on, whose body is still to come: the publication is not to be used
 * any more.  done: the data of the message that ends the channel; or NULL.
 * What a ticket grants it, or NULL if it has none, is how long it may last.  It
 * is refused if there are as many streams and feeds as there may be, or no room
 * for its bytes.
 */
void producer_begin(struct publication *, const char *done,
    const struct grant *);

/* Once a second: what the engine has not told of by now, and the graces. */
void producers_sweep(struct producers *);

/* Before the engine's stop(), and behind it when all connections are closed. */
void producers_stop(struct producers *);
void producers_free(struct producers *);

#endif
