/* SPDX-License-Identifier: ISC */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "channel/eventid.h"
#include "channel/sse.h"

#define ENGINE_BATCH_MAX 256 /* messages in one publication */

enum publish_result {
	PUBLISHED,
	PUBLISH_NO_CHANNEL, /* there may be no channel more */
	PUBLISH_TOO_LARGE,  /* it will never fit */
	PUBLISH_NO_ROOM,    /* it does not fit now */
	PUBLISH_NO_MEMORY
};

/* What became of a publication. */
struct published {
	enum publish_result result;
	struct eventid last; /* the id of the last message */
	size_t events;
	size_t streams; /* that read the channel here */
};

/*
 * Who decides the order of published events.  Whatever it is, what is published
 * comes to the hub, and streams know nothing of engines.
 */
struct engine {
	/*
	 * Publishes n messages to one channel, all or none, and then calls
	 * done() with what became of them, perhaps before it returns.  The
	 * messages need not last longer than this call.
	 */
	void (*publish)(struct engine *, const char *channel,
	    const struct sse_message messages[], size_t n,
	    void (*done)(void *arg, const struct published *), void *arg);
	/* Is the id of the same life as the hub's events? */
	bool (*ours)(const struct engine *, struct eventid);
};

#endif
