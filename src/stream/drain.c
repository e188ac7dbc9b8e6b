/* SPDX-License-Identifier: ISC */
/*
 * The orderly end: each stream is told to come back and ended, spread over some
 * time, so that few are back before the next process is there.
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
		   ss->conns.now >= ss->drain_end + DRAIN_GRACE);
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
		stream_retire((struct stream *)c);
		quota--;
	}
	return quota;
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
}

void
drain_start(struct streams *ss)
{
	double time = (double)ss->open * DRAIN_EACH;

	assert(!ss->draining);
	ss->draining = true;
	ss->conns.closing = true;
	if (time > ss->cfg->drain)
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
