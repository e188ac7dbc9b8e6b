/* SPDX-License-Identifier: ISC */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/histogram.h"

#define DELIVERY_TURNS 32 /* that are told apart while a round lasts */

/*
 * How long events take from their publication, which is when the turn begins in
 * which they come to the hub, until the last stream has been written to that
 * takes what it is given.  Events are not timed one by one, nor streams at all:
 * of each turn there is its time and how many came in it.
 */
struct delivery {
	struct histogram took;
	struct {
		double at;
		unsigned long long n;
	} turn[DELIVERY_TURNS]; /* whose events are not all written, in order */
	size_t turns;
	size_t serving; /* of these, whose round has begun */
	unsigned long long seen;
};

/*
 * The turn that began then has brought the hub so many events in all, before
 * delivery_serving(): their round begins.
 */
void delivery_published(struct delivery *, double at, unsigned long long all);
void delivery_serving(struct delivery *);

/*
 * The round is over, and it is this late.  all: nothing waits to be written, so
 * what came meanwhile is written too, and the next round may be long in coming.
 */
void delivery_served(struct delivery *, double now, bool all);

#endif
