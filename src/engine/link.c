/* SPDX-License-Identifier: ISC */
/*
 * The states of a connection, their limits of time, and where it ends.
 */
#include "engine/link.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/link_inner.h"

static void
copy(char *text, size_t size, const char *from)
{
	(void)snprintf(text, size, "%s", from);
}

/* When the time of what it does now is over. */
static double
due(const struct link *l)
{
	const struct link_command *c = STAILQ_FIRST(&l->commands);

	if (l->state == LINK_OFF)
		return INFINITY;
	if (l->state != LINK_UP)
		return l->deadline;
	if (c == NULL || l->paused)
		return INFINITY;
	return fmax(c->since, l->answered) + c->patience;
}

/* A timer that fires too early is set anew then. */
static void
arm(struct link *l)
{
	double at = due(l), now = *l->set->now;

	if (at == INFINITY || (ev_is_active(&l->timer) && l->fires <= at))
		return;
	ev_timer_stop(l->set->loop, &l->timer);
	ev_timer_set(&l->timer, fmax(at - now, 0), 0);
	ev_timer_start(l->set->loop, &l->timer);
	l->fires = at;
}

/* Seconds before the next try. */
static double
back_off(const struct link *l)
{
	double most = fmin(LINK_BACKOFF * exp2(fmin(l->failures, 16) - 1),
	    LINK_BACKOFF_MAX);

	return most * (1 - 0.5 * (double)random() / (double)RAND_MAX);
}

/*
 * It is tried again.  A server that takes us and drops us at once is one that
 * fails; so is the wrong one, however long it took to find out.
 */
static void
fail(struct link *l)
{
	double now = *l->set->now;
	bool was_up = l->state == LINK_UP, all = true;

	if (was_up && !l->unfit && now - l->up_since >= LINK_SETTLED)
		l->failures = 0;
	if (l->finder != NULL && (!was_up || l->unfit))
		all = finder_bad(l->finder);
	if (all || l->failures == 0)
		l->failures++;
	l->state = LINK_WAITING;
	l->deadline = now + back_off(l);
	link_tell_away(l);
}

/* Does what was wished. */
static void
settle(struct link *l)
{
	bool again = l->wish == LINK_GOES_AGAIN;
	bool was_up = l->state == LINK_UP;

	l->wish = LINK_STAYS;
	l->paused = false;
	link_disconnect(l);
	if (again)
		fail(l);
	if (again && was_up)
		l->user.down(l->user.arg, l->why, l->large,
		    l->large ? l->resp.root : NULL);
	link_release(l);
	l->unfit = l->large = false;
}

bool
link_enter(struct link *l)
{
	bool outer = !l->in_handler;

	l->in_handler = true;
	return outer;
}

void
link_leave(struct link *l, bool outer)
{
	if (!outer)
		return;
	while (l->wish != LINK_STAYS)
		settle(l);
	l->in_handler = false;
	link_watch(l);
	arm(l);
}

bool
link_goes_on(const struct link *l)
{
	return l->wish == LINK_STAYS && !l->paused;
}

void
link_again(struct link *l, const char *why)
{
	if (l->wish != LINK_STAYS || l->state == LINK_OFF ||
	    l->state == LINK_WAITING)
		return;
	l->wish = LINK_GOES_AGAIN;
	copy(l->why, sizeof(l->why), why);
	if (!l->in_handler)
		ev_feed_event(l->set->loop, &l->timer, EV_CUSTOM);
}

void
link_fails(struct link *l, const char *fmt, ...)
{
	char why[sizeof(l->why)];
	va_list ap;
	int n = snprintf(why, sizeof(why), "Redis at %s ", l->where);

	va_start(ap, fmt);
	(void)vsnprintf(why + n, sizeof(why) - (size_t)n, fmt, ap);
	va_end(ap);
	link_again(l, why);
}

static void
on_found(void *arg, const struct resolved *address, const char *name_or_why)
{
	struct link *l = arg;
	bool outer = link_enter(l);

	if (address == NULL)
		link_again(l, name_or_why);
	else {
		l->peer = *address;
		copy(l->where, sizeof(l->where), name_or_why);
		link_connect(l);
	}
	link_leave(l, outer);
}

static void
follow(struct link *l)
{
	if (l->leader->state != LINK_UP) {
		l->deadline = *l->set->now + LINK_BACKOFF_MAX;
		copy(l->why, sizeof(l->why), l->leader->why);
		return;
	}
	l->peer = l->leader->peer;
	copy(l->where, sizeof(l->where), l->leader->where);
	link_connect(l);
}

static void
find(struct link *l)
{
	l->state = LINK_FINDING;
	l->deadline = *l->set->now + LINK_PATIENCE;
	if (l->finder != NULL)
		finder_find(l->finder, on_found, l);
	else
		follow(l);
}

/* What it waits for has not come in time. */
static void
give_up(struct link *l)
{
	const struct link_command *c;
	char why[sizeof(l->why)];

	switch (l->state) {
	case LINK_FINDING:
		(void)snprintf(why, sizeof(why), "%s does not answer in time",
		    finder_looks_at(l->finder));
		link_again(l, why);
		break;
	case LINK_CONNECTING:
		link_fails(l, "does not take the connection");
		break;
	case LINK_GREETING:
	case LINK_UP:
		c = STAILQ_FIRST(&l->commands);
		link_fails(l, "has not answered for %g seconds", c->patience);
		break;
	default:
		break;
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct link *l = w->data;
	bool outer = link_enter(l);

	(void)loop;
	(void)revents;
	if (l->wish == LINK_STAYS && *l->set->now >= due(l)) {
		if (l->state == LINK_WAITING ||
		    (l->state == LINK_FINDING && l->finder == NULL))
			find(l);
		else
			give_up(l);
	}
	link_leave(l, outer);
}

void
link_is_up(struct link *l)
{
	l->state = LINK_UP;
	l->up_since = l->answered = *l->set->now;
	l->connects++;
	l->why[0] = '\0';
	if (l->finder != NULL)
		finder_good(l->finder);
	link_tell_up(l);
	l->user.up(l->user.arg);
}

void
link_init(struct link *l, const struct link_setup *set, const char *name,
    struct finder *finder, struct link *leader, const struct link_user *user)
{
	assert((finder == NULL) != (leader == NULL));
	*l = (struct link){.set = set,
	    .name = name,
	    .finder = finder,
	    .leader = leader,
	    .user = *user,
	    .fd = -1};
	STAILQ_INIT(&l->commands);
	ev_timer_init(&l->timer, on_timer, 0, 0);
	l->timer.data = l;
}

/* It looks for the master at once. */
static void
hurry(struct link *l)
{
	l->state = LINK_WAITING;
	l->deadline = *l->set->now;
	arm(l);
}

void
link_start(struct link *l)
{
	if (l->state != LINK_OFF)
		return;
	l->failures = 0;
	copy(l->why, sizeof(l->why), "Redis has not been reached yet");
	hurry(l);
}

void
link_stop(struct link *l)
{
	bool outer;

	if (l->state == LINK_OFF)
		return;
	l->state = LINK_OFF;
	l->wish = LINK_STOPS;
	outer = link_enter(l);
	link_leave(l, outer);
}

void
link_leader_is_up(struct link *l)
{
	const struct resolved *a = &l->peer, *b = &l->leader->peer;

	if (l->state == LINK_WAITING || l->state == LINK_FINDING)
		hurry(l);
	else if (l->state != LINK_OFF &&
		 (a->len != b->len ||
		     memcmp(&a->address, &b->address, a->len) != 0))
		link_again(l, "Redis is elsewhere now");
}

void
link_go_on(struct link *l)
{
	if (!l->paused)
		return;
	l->paused = false;
	l->answered = *l->set->now;
	ev_feed_event(l->set->loop, &l->io, EV_CUSTOM);
	arm(l);
}
