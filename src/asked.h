/* SPDX-License-Identifier: ISC */
#ifndef ASKED_H
#define ASKED_H

#include <stddef.h>

#include "request.h"
#include "walk.h"

#define ASKED_CLOCK "clock" /* the name that is no channel's */

/*
 * What a request asks for: the channels, each once, and the values of the
 * query that mean something to any of our roles; NULL if it is not there.
 */
struct asked {
	size_t channels;
	const char *channel[WALK_CHANNELS_MAX];
	const char *event;	   /* event= */
	const char *last_event_id; /* last_event_id= or lastEventId= */
	const char *history;	   /* history= */
	const char *format;	   /* format= */
};

/*
 * Reads the request's query, with the front's channels (SSE_CHANNEL) in place
 * of the query's if it names any.  Both are cut up: what is asked for stands in
 * them, and lasts as long as the request.  Returns NULL, or what is wrong.
 */
const char *asked_read(struct asked *, const struct request *);

/* Is it the clock that is asked for, alone or by naming nothing? */
int asked_clock(const struct asked *);

#endif
