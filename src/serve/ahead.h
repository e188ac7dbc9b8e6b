/* SPDX-License-Identifier: ISC */
#ifndef AHEAD_H
#define AHEAD_H

#include <sys/queue.h>

#include <stddef.h>

#include "channel/eventid.h"
#include "engine/engine.h"
#include "fastcgi/conn.h"
#include "fastcgi/request.h"
#include "stream/stream.h"

/* Seconds that a stream waits to be opened. */
#define AHEAD_PATIENCE 5.0

/* So many, with those that have gone and of which nothing is known yet. */
#define AHEAD_MAX 4096

struct ahead;
TAILQ_HEAD(ahead_list, ahead);

/*
 * Requests for streams whose browsers are ahead: a moment ago they were at
 * another process, and have an event that is still to come here.  To tell them
 * of a gap would be wrong, and to begin with what comes next might leave a
 * hole; so each waits until the engine knows where its event is, and is a
 * stream from then on.  The exchange may be over sooner; then what is known of
 * it stays until the engine has said it, which nobody hears any more.
 */
struct aheads {
	struct role role;
	struct streams *streams;
	struct engine *engine;
	struct ahead_list list; /* whose exchanges wait, oldest first */
	size_t n;		/* of which the engine is to say it */
};

/* The streams, and an engine with await(), outlive it. */
void aheads_init(struct aheads *, struct streams *, struct engine *);

/*
 * The open request is a stream of these channels from behind the position's id
 * on, when it is known where that is.  It is refused if that takes too long, if
 * there is no memory, and if more wait than may be streams.
 */
void ahead_wait(struct aheads *, struct conn *, const struct request *,
    const struct grant *, const char *const channels[], size_t n,
    const struct position *);

/*
 * Those that wait for this channel, or with tickets of this subject, are to
 * come again instead: see streams_close_channel().  Returns how many.
 */
size_t aheads_close_channel(struct aheads *, const char *channel);
size_t aheads_close_subject(struct aheads *, const char *subject);

/* Once a second: the limit of time, and the drain. */
void aheads_sweep(struct aheads *);

#endif
