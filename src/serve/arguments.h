/* SPDX-License-Identifier: ISC */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fastcgi/request.h"
#include "channel/reader.h"

#define ARGUMENTS_IDS_MAX 8

/* What is wrong with a name that is not channel_name_valid(). */
#define ARGUMENTS_NO_CHANNEL                                   \
	"a channel's name is 1 to 255 bytes of UTF-8 without " \
	"spaces and control characters"

/* Last event ids, none of them empty. */
struct arguments_ids {
	size_t n;
	const char *id[ARGUMENTS_IDS_MAX];
};

/*
 * What a request asks for: the channels, each once, and the values of the
 * query that mean something to its role; NULL if it is not there.
 */
struct arguments {
	size_t channels;
	const char *channel[READER_CHANNELS_MAX];
	const char *event;     /* event= */
	const char *history;   /* history= */
	const char *format;    /* format= */
	const char *heartbeat; /* heartbeat=, a stream's alone */
	/* A publisher's alone. */
	const char *end, *snapshot, *feed; /* =1; NULL: no */
	const char *key;		   /* key=, which is one */
	const char *done;		   /* done= */
	const char *close; /* close=, an admin's; "" if there are two */
	/* ticket=, where one is wanted; "?" if it is none, or there are two */
	const char *ticket;
	struct arguments_ids
	    own; /* where the client says that it was: the header
		  * Last-Event-ID, or lastEventId= and its like,
		  * by which clients that cannot set it say so */
	struct arguments_ids
	    page; /* last_event_id=, where its page lets it begin */
};

/*
 * Reads the request's query, with the front's channels (SSE_CHANNEL) in place
 * of the query's if it names any.  Both are cut up: what is asked for stands in
 * them, and lasts as long as the request.  Returns NULL, or what is wrong and
 * what would be right; names that mean nothing are passed over, unless they
 * look like one of ours.
 */
const char *arguments_read(struct arguments *, const struct request *);

/* Is it the clock that is asked for, alone or by naming nothing? */
bool arguments_clock(const struct arguments *);

#endif
