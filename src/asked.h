/* SPDX-License-Identifier: ISC */
#ifndef ASKED_H
#define ASKED_H

#include <stdbool.h>
#include <stddef.h>

#include "request.h"
#include "walk.h"

#define ASKED_CLOCK   "clock" /* the name that is no channel's */
#define ASKED_IDS_MAX 8

/* Last event ids, none of them empty. */
struct asked_ids {
	size_t n;
	const char *id[ASKED_IDS_MAX];
};

/*
 * What a request asks for: the channels, each once, and the values of the
 * query that mean something to its role; NULL if it is not there.
 */
struct asked {
	size_t channels;
	const char *channel[WALK_CHANNELS_MAX];
	const char *event;    /* event= */
	const char *history;  /* history= */
	const char *format;   /* format= */
	struct asked_ids own; /* where the client says that it was: the header
			       * Last-Event-ID, or lastEventId= and its like,
			       * by which clients that cannot set it say so */
	struct asked_ids
	    page; /* last_event_id=, where its page lets it begin */
};

/*
 * Reads the request's query, with the front's channels (SSE_CHANNEL) in place
 * of the query's if it names any.  Both are cut up: what is asked for stands in
 * them, and lasts as long as the request.  Returns NULL, or what is wrong and
 * what would be right; names that mean nothing are passed over, unless they
 * look like one of ours.
 */
const char *asked_read(struct asked *, const struct request *);

/* Is it the clock that is asked for, alone or by naming nothing? */
bool asked_clock(const struct asked *);

#endif
