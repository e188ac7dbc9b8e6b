/* SPDX-License-Identifier: ISC */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stdint.h>

#include "channel/eventid.h"
#include "channel/feed.h"
#include "channel/hub.h"

#define READER_CHANNELS_MAX 64 /* that one stream may read */

/* Where a stream wants to begin. */
struct position {
	enum position_kind {
		POSITION_NOW,
		POSITION_AFTER,	  /* id */
		POSITION_RESTART, /* an id of another life */
		POSITION_LOST, /* id, and what is behind it need not be all */
		POSITION_UNKNOWN,  /* anything else */
		POSITION_HISTORY,  /* the last n events of its channels */
		POSITION_EARLIEST, /* all that they hold */
		POSITION_ALL /* all that they ever had: what is lost is told */
	} kind;
	struct eventid id;
	unsigned long n;
	bool by_page; /* its page says so: it need not have had the ends */
};

/*
 * Where a reader begins in each of its channels, if that is not the same: what
 * is up to there is not for it, though its position may be below.
 */
struct beginnings {
	struct eventid upto; /* the last of them: from there on, it is */
	struct eventid in[]; /* one for each of its channels */
};

/*
 * What one stream reads: its way through its channels.  The next event is that
 * with the lowest id above the position, of any of the channels; so replay and
 * live are the same way, and one position does for all of them.
 */
struct reader {
	struct subscriber sub; /* first: what its feed gets is cast to this */
	struct eventid at;     /* the position; see waits */
	uint8_t n;	       /* channels */
	/* 0, or why its position is none; LOSS_SOURCE: it is one, of a loss */
	uint8_t lost;
	bool waits; /* for the hub's beginning, since that time */
	union {
		struct cursor one; /* with a single channel, the usual case */
		struct {
			struct cursor *cursors;
			struct beginnings *beginnings; /* or NULL */
		} several;
	} reads;
};

/* The feed of all readers of one hub. */
struct readers {
	struct feed feed;
	struct hub *hub;
	unsigned long long gaps[LOSS_REASONS];
};

/* hub must outlive it; feed.wake is the caller's to set. */
void readers_init(struct readers *, struct hub *);

/*
 * Subscribes to n different channels (1 to READER_CHANNELS_MAX), from a
 * position on, which is none of an id or of history while the hub waits for its
 * beginning.  HUB_DONE; or HUB_NO_CHANNEL or HUB_NO_MEMORY, and nothing has
 * changed.
 */
enum hub_result reader_begin(struct readers *, struct reader *,
    const char *const channels[], size_t n, const struct position *);

/* Its cursors, one for each of its channels. */
static inline struct cursor *
reader_cursors(const struct reader *r)
{
	return r->n == 1 ? (struct cursor *)(uintptr_t)&r->reads.one :
			   r->reads.several.cursors;
}

static inline struct beginnings *
reader_beginnings(const struct reader *r)
{
	return r->n == 1 ? NULL : r->reads.several.beginnings;
}

static inline struct hub *
reader_hub(const struct reader *r)
{
	return ((const struct readers *)r->sub.feed)->hub;
}

#endif
