/* SPDX-License-Identifier: ISC */
#ifndef GATHERING_H
#define GATHERING_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Should a transaction wait for more publications?
 *
 * Publishers that wait for their answers come again as soon as they have them.
 * Those that came while the disk was busy are there already; if they went at
 * once, the others would have to wait for them, and each half would have the
 * disk for itself by turns.  So a transaction waits until as many are there as
 * there were when the last one was done, but no longer than half the time that
 * one took: a disk that is quick is kept busy better by turns.  When they were
 * not there by then, the next ones do not wait, the more of them the more often
 * that was so.
 *
 * That takes a timer that is finer than the loop's milliseconds; where there is
 * none, nothing waits.
 */
struct gathering {
	struct ev_loop *loop;
	ev_io timer;
	size_t expected; /* publications */
	double until;	 /* monotonic seconds */
	bool waits, over;
	unsigned failures; /* lately */
	unsigned pass;	   /* so many that do not wait */
};

void gathering_start(struct gathering *, struct ev_loop *);

/*
 * At this time a transaction is done that took so long; so many publications
 * were in it or have come meanwhile.
 */
void gathering_done(struct gathering *, double now, double seconds,
    size_t publications);

/*
 * So many are there: should they wait?  Then the loop wakes up when that is
 * over.
 */
bool gathering_waits(struct gathering *, double now, size_t publications);

void gathering_stop(struct gathering *);

#endif
