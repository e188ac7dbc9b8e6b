/* SPDX-License-Identifier: ISC */
/*
 * The wait before a transaction.
 */
#include "engine/gathering.h"

#include <unistd.h>

#include "base/platform.h"
#include "base/wake.h"

#define WAIT_MAX 0.002 /* seconds */
#define PASS_MAX 6     /* 64 that do not wait */

static void
on_timer(struct ev_loop *loop, ev_io *w, int revents)
{
	struct gathering *g = w->data;

	if (revents & EV_ERROR)
		wake_watch_again(loop, w);
	else if (!platform_timer_over(w->fd))
		return;
	g->over = g->waits; /* the turn's end sees to the rest */
}

void
gathering_start(struct gathering *g, struct ev_loop *loop)
{
	int fd = platform_timer();

	*g = (struct gathering){.loop = loop};
	ev_io_init(&g->timer, on_timer, fd, EV_READ);
	g->timer.data = g;
	if (fd != -1)
		ev_io_start(loop, &g->timer);
}

void
gathering_done(struct gathering *g, double now, double seconds,
    size_t publications)
{
	seconds /= 2;
	g->until = now + (seconds < WAIT_MAX ? seconds : WAIT_MAX);
	g->expected = publications;
}

/* It is to wait for the first time. */
static bool
begin(struct gathering *g, double now)
{
	if (g->pass > 0) {
		g->pass--;
		return false;
	}
	return g->timer.fd != -1 && now < g->until &&
	       platform_timer_set(g->timer.fd, g->until - now) == 0;
}

static void
judge(struct gathering *g, bool in_time)
{
	if (in_time) {
		g->failures = 0;
		(void)platform_timer_set(g->timer.fd, 0);
		return;
	}
	g->failures += g->failures < PASS_MAX;
	g->pass = 1U << g->failures;
}

bool
gathering_waits(struct gathering *g, double now, size_t publications)
{
	bool all = publications >= g->expected;

	if (!all && !g->over && (g->waits || begin(g, now))) {
		g->waits = true;
		return true;
	}
	if (g->waits)
		judge(g, all && !g->over);
	g->waits = g->over = false;
	g->expected = 0;
	return false;
}

void
gathering_stop(struct gathering *g)
{
	if (g->timer.fd == -1)
		return;
	ev_io_stop(g->loop, &g->timer);
	(void)close(g->timer.fd);
}
