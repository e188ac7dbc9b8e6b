/* SPDX-License-Identifier: ISC */
#ifndef EVENTID_H
#define EVENTID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The id of a published event: <milliseconds>-<n>, the form of a Redis stream
 * id.  Ids increase over the whole hub, also when the wall clock steps back.
 */
struct eventid {
	uint64_t ms;
	uint64_t n;
};

#define EVENTID_SIZE 42 /* the longest id as text, NUL included */

/* Less than, equal to or greater than 0, as a is to b. */
static inline int
eventid_compare(struct eventid a, struct eventid b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return 0;
}

/*
 * A position right before the id: perhaps an event's, but no event of this life
 * is between.  The id is not 0-0.
 */
struct eventid eventid_before(struct eventid);

/* Writes the id and NUL; returns its length. */
size_t eventid_format(char buf[static EVENTID_SIZE], struct eventid);

/*
 * Reads an id exactly as eventid_format() writes it; anything else (sign,
 * space, leading zero, over 64 bits, trailing bytes) is false.
 */
bool eventid_parse(struct eventid *, const char *text);

/*
 * Where ids come from in this process's life.  The epoch, random, is in each
 * id's n, so that an id of another life is recognised: n = epoch * 2^20 + a
 * count within the millisecond, below 2^53 and so exact in JavaScript.
 */
struct eventid_source {
	uint32_t epoch;
	struct eventid last;
};

/* Begins with an id that no event will have. */
void eventid_begin(struct eventid_source *, uint32_t epoch, uint64_t ms);

/* The next id, at wall time ms. */
struct eventid eventid_next(struct eventid_source *, uint64_t ms);

/* Is the id of this source's life? */
bool eventid_is_ours(const struct eventid_source *, struct eventid);

#endif
