/* SPDX-License-Identifier: ISC */
#ifndef CLOCK_H
#define CLOCK_H

#include <sys/queue.h>

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "channel/feed.h"

#define CLOCK_SLOTS_MIN 16
#define CLOCK_SLOT_MAX	0.125 /* seconds from one slot to the next */

#define CLOCK_ID_DIGITS 18 /* a count that a browser may come back with */

/* One stream's place in the wheel. */
struct tick {
	struct subscriber sub; /* first: what the feed gets is cast to this */
	TAILQ_ENTRY(tick) link;
	uint64_t count; /* of the message it had last */
	uint16_t slot;
	bool due;  /* there is a message to pull */
	bool skip; /* not the next time yet: it would come too soon */
};

TAILQ_HEAD(tick_list, tick);

/*
 * The feed that counts: to each stream, every interval, its own count and the
 * time.
 */
struct clock {
	struct feed feed;
	struct ev_loop *loop;
	ev_timer timer;	   /* runs only while there are subscribers */
	const double *now; /* monotonic seconds */
	double interval;
	double turned; /* when the hand last moved */
	unsigned slots;
	unsigned hand; /* the slot that was woken last */
	size_t subscribers;
	char time[120]; /* the time as text, for all of this turn */
	size_t time_len;
	struct tick_list *slot;
};

/*
 * interval in seconds; *now is the time, kept by the caller.  loop and now must
 * outlive the clock.  -1: no memory.
 */
int clock_init(struct clock *, struct ev_loop *, const double *now,
    double interval);

void clock_free(struct clock *);

/* The count that a last event id tells, or 0: it is 1 to 18 digits. */
uint64_t clock_count(const char *last_event_id);

/*
 * Joins: the first message is due at once, the others every interval.  The
 * count goes on after this one.
 */
void clock_subscribe(struct clock *, struct tick *, uint64_t count);

/* Moves the hand on: what the timer does. */
void clock_turn(struct clock *);

#endif
