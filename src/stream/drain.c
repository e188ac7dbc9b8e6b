/* SPDX-License-Identifier: ISC */
/*
 * The orderly end: each stream is told to come back and ended, spread over some
 * time, so that few are back before the next process is there.  Publications
 * and feeds have that time, and the grace behind it, to be whole and published;
 * then they are answered, too.
 */
#include "stream/drain.h"

#include <assert.h>

#define DRAIN_STEP  0.05  /* seconds between two rounds of ends */
#define DRAIN_EACH  0.001 /* seconds a stream, if that ends sooner */
#define DRAIN_GRACE 1.0	  /* seconds for the last ones to take their end */

bool
drain_over(const struct streams *ss)
{
	return ss->draining &&
	       (ss->conns.total == ss->conns.count[CONN_KEPT] ||
		   (ss->drain_last &&
		       ss->conns.now >= ss->drain_end + DRAIN_GRACE));
}

/* Ends up to quota streams of the list; returns what is left of it. */
static size_t
retire_some(struct conn_list *list, size_t quota)
{
	struct conn *c;

	TAILQ_FOREACH (c, list, link) {
		if (quota == 0)
			break;
		if (c->ending)
			continue;
		conn_retire(c);
		quota--;
	}
	return quota;
}

/* What still waits for a body or the engine is answered; is there any? */
static bool
retire_waiting(struct streams *ss)
{
	static const enum conn_phase waits[] = {CONN_BODY, CONN_ENGINE,
	    CONN_FEED};
	bool any = false;
	struct conn *c;
	size_t i;

	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		while ((c = TAILQ_FIRST(&ss->conns.list[waits[i]])) != NULL) {
			conn_retire(c);
			assert(c->phase != waits[i]);
			any = true;
		}
	return any;
}

/* Ends as many as must go now for the last to go at the end. */
static void
on_drain(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct streams *ss = w->data;
	double left = ss->drain_end - ss->conns.now;
	size_t quota = ss->open;

	(void)loop;
	(void)revents;
	if (left > DRAIN_STEP)
		quota = (size_t)((double)quota * DRAIN_STEP / left) + 1;
	quota = retire_some(&ss->conns.list[CONN_OPEN], quota);
	(void)retire_some(&ss->conns.list[CONN_FULL], quota);
	if (ss->drain_last || left > -DRAIN_GRACE)
		return;
	ss->drain_last = true;
	if (retire_waiting(ss)) /* they have a grace of their own */
		ss->drain_end = ss->conns.now;
}

void
drain_start(struct streams *ss)
{
	double time = (double)ss->open * DRAIN_EACH;

	assert(!ss->draining);
	ss->draining = true;
	conns_keep_none(&ss->conns);
	/* A feed may end by itself, and has all the time that there is. */
	if (time > ss->cfg->drain || ss->conns.count[CONN_FEED] > 0)
		time = ss->cfg->drain;
	ss->drain_end = ss->conns.now + time;
	ev_timer_init(&ss->drain_timer, on_drain, 0, DRAIN_STEP);
	ss->drain_timer.data = ss;
	ev_timer_start(ss->conns.loop, &ss->drain_timer);
}

void
drain_stop(struct streams *ss)
{
	ev_timer_stop(ss->conns.loop, &ss->drain_timer);
}
