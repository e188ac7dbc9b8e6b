/* SPDX-License-Identifier: ISC */
#ifndef ROUNDS_H
#define ROUNDS_H

#include "world.h"

/*
 * All that is done over the wire, once a round: streams, of which some come
 * back to what they have missed, events one by one, in batches, to several
 * channels, with a key, by a feed, an ended channel, tickets, an admin, the
 * status.  Anything may fail meanwhile: each request is answered in words that
 * are the manual's, or its connection ends, and what anybody sees is held
 * against what was published.
 */

/* Starts world.r with these options more, and those who read all the time. */
void rounds_begin(const char *const options[]);

/* One round, whatever fails. */
void rounds_go(void);

/*
 * Nothing fails any more: there must be service again, for all, and nobody
 * lacks anything that he was not told of.
 */
void rounds_settle(void);

/* Ends world.r by kill -9 or in order, and starts another, for the same. */
void rounds_again(int signum);

/* Its tickets are good for a day by a clock that is so many seconds ahead. */
void rounds_ticket(double ahead);

/* What a stream with the ticket is answered at present. */
int rounds_ask(void);

/* Judges all that was seen, and ends all, the program in order. */
void rounds_end(void);

/* What was answered so far, and how. */
struct rounds_tally {
	unsigned rounds, answered, refused, unanswered, gaps, connections;
};

extern struct rounds_tally rounds_tally;

#endif
