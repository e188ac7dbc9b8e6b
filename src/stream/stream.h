/* SPDX-License-Identifier: ISC */
#ifndef STREAM_H
#define STREAM_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/address.h"
#include "stream/age.h"
#include "stream/clock.h"
#include "base/config.h"
#include "fastcgi/conn.h"
#include "channel/feed.h"
#include "fastcgi/request.h"
#include "channel/reader.h"
#include "stream/permit.h"

/*
 * One browser's EventSource: an exchange that stays.  What it is beside its
 * connection has a meaning only in the role of streams.  Of the connection,
 * todo is what fill() adds beside the feed's events, messages are counted, and
 * it has begun then; own is its permit, if a ticket allows it, or NULL.
 */
struct stream {
	struct conn conn;
	union {
		struct subscriber sub;
		struct tick tick;     /* of the clock's streams */
		struct reader reader; /* of the channels' */
	};
	struct address *address;
	/* Last: without a greatest age streams are made without it. */
	struct age age;
};

_Static_assert(offsetof(struct stream, conn) == 0, "see struct conn_owner");
_Static_assert(offsetof(struct tick, sub) == 0, "it is the union's sub");
_Static_assert(offsetof(struct reader, sub) == 0, "it is the union's sub");

/* Why a stream was refused. */
enum refusal {
	REFUSED_STREAMS,  /* too many */
	REFUSED_ADDRESS,  /* too many of one address */
	REFUSED_SUBJECT,  /* too many with tickets of one subject */
	REFUSED_CHANNELS, /* there may be no channel more */
	REFUSED_DRAINING,
	REFUSED_MEMORY,
	REFUSED_ENGINE, /* it could not say where the stream is to begin */
	REFUSED_LATE,	/* its ticket's time has come meanwhile */
	REFUSALS
};

/* All streams, and what they share. */
struct streams {
	struct conns conns;
	struct role role;
	struct clock clock;
	struct readers readers;
	struct addresses addresses;
	struct ages ages;
	struct permits permits;
	const struct config *cfg;
	size_t open;
	unsigned long long opened, messages, refused[REFUSALS];
	unsigned long long over; /* that have had all that will ever come */
	unsigned long long gone; /* that were told not to come back: 204 */
	bool draining;
	bool drain_last; /* what was not over then has been told to end */
	double drain_end;
	ev_timer drain_timer;
};

/*
 * request() gets every whole request, with arg; loop, cfg and hub must outlive
 * the streams.  -1: no memory.
 */
int streams_init(struct streams *, struct ev_loop *, const struct config *,
    struct hub *,
    void (*request)(void *arg, struct conn *, const struct gate_event *),
    void *arg);

/* Closes and frees all. */
void streams_free(struct streams *);

/*
 * Are there as many as there may be?  Feeds count, too: each has a descriptor
 * for as long as it lasts.
 */
bool streams_full(const struct streams *);

/*
 * The hub, for whose beginning they have waited, is there: each stream of
 * channels is told where it stands, if it gets no event of this turn.
 */
void streams_tell(struct streams *);

/*
 * Opens a stream of the clock, behind this count, whose heartbeats are heard by
 * its page or are comments, or of n channels from a position on; or refuses it
 * if a limit is reached.  What a ticket grants it is not needed any longer than
 * the call; NULL: it has none, and needs none.  Who has had the ends of all its
 * channels, and comes back, is told that nothing will ever come any more (204):
 * then browsers do not come back.
 */
void stream_open_clock(struct streams *, struct conn *, const struct request *,
    const struct grant *, uint64_t count, bool heard);
void stream_open_channels(struct streams *, struct conn *,
    const struct request *, const struct grant *, const char *const channels[],
    size_t n, const struct position *);

/*
 * Answers the open request, of which nothing is written yet, with retry: and
 * the end.
 */
void stream_refuse(struct streams *, struct conn *, const struct request *,
    enum refusal);

/* Answers with the headers that the stream would have, and the end. */
void stream_head(struct conn *);
void stream_head_channels(struct streams *, struct conn *,
    const char *const channels[], size_t n, const struct position *);

/*
 * Ends all that read this channel, or whose tickets are this subject's: at once
 * but in order, so that no browser loses its position.  Returns how many, of
 * those that were not ending yet.
 */
size_t streams_close_channel(struct streams *, const char *channel);
size_t streams_close_subject(struct streams *, const char *subject);

const char *stream_refusal_name(enum refusal);

#endif
