/* SPDX-License-Identifier: ISC */
/*
 * All connections together: the limits of time and number.  No connection has
 * a timer of its own; each phase's list is in the order of the times from which
 * its limit counts, so that one sweep each second looks at the oldest first
 * and stops at the first that is young enough.
 */
#include "fastcgi/conn_inner.h"

#include <assert.h>
#include <string.h>

#include "fastcgi/flush.h"
#include "base/log.h"

#define YOUNG 0.5 /* seconds; see conns_bound_waiting() */

#define MOMENTS 64 /* in a second */

uint32_t
conns_moment(const struct conns *cs)
{
	return (uint32_t)(uint64_t)(cs->now * MOMENTS);
}

double
conns_seconds(const struct conns *cs, uint32_t since)
{
	return (double)(conns_moment(cs) - since) / MOMENTS;
}

static void
drop(struct conns *cs, struct conn *c, const char *why)
{
	log_debug("connection_closed fd why", "fd %d: closed: %s", c->io.fd,
	    why);
	cs->dropped++;
	conn_close(c);
}

bool
conns_drop_oldest(struct conns *cs)
{
	static const enum conn_phase order[] = {CONN_LINGER, CONN_WAITING,
	    CONN_KEPT, CONN_BODY};
	struct conn *c;
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if ((c = TAILQ_FIRST(&cs->list[order[i]])) != NULL) {
			drop(cs, c, "its descriptor is needed");
			return true;
		}
	return false;
}

void
conns_bound_waiting(struct conns *cs)
{
	struct conn *c = TAILQ_FIRST(&cs->list[CONN_WAITING]);

	if (cs->count[CONN_WAITING] > cs->waiting_max &&
	    conns_seconds(cs, c->since) >= YOUNG)
		drop(cs, c, "too many without a whole request");
}

/* Closes those in the phase since longer than limit seconds. */
static void
time_out(struct conns *cs, enum conn_phase phase, double limit)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&cs->list[phase])) != NULL &&
	       conns_seconds(cs, c->since) >= limit) {
		log_debug("connection_closed_late fd",
		    "fd %d: closed: time is up", c->io.fd);
		cs->timed_out++;
		conn_close(c);
	}
}

/* Closes the connection if this is the event that it is slow to take. */
static void
give_up(struct conns *cs, struct conn *c, const struct event *ev)
{
	if (c->writer.held != ev)
		return;
	log_debug("connection_closed_memory fd",
	    "fd %d: closed: the event that it is slow to take needs "
	    "too much memory",
	    c->io.fd);
	cs->stalled++;
	conn_close(c);
}

/* Those that became writable in this turn are open, and dirty. */
static struct event *
slow_event(const struct conns *cs, const size_t *account)
{
	struct conn *c;

	TAILQ_FOREACH (c, &cs->list[CONN_FULL], link)
		if (c->writer.held != NULL &&
		    c->writer.held->account == account)
			return c->writer.held;
	STAILQ_FOREACH (c, &cs->dirty, dirty_link)
		if (c->writer.held != NULL &&
		    c->writer.held->account == account)
			return c->writer.held;
	return NULL;
}

bool
conns_relieve(struct conns *cs, const size_t *account)
{
	struct event *ev = slow_event(cs, account);
	struct conn *c, *next;

	if (ev == NULL)
		return false;
	(void)event_ref(ev);
	for (c = TAILQ_FIRST(&cs->list[CONN_FULL]); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		give_up(cs, c, ev);
	}
	STAILQ_FOREACH (c, &cs->dirty, dirty_link) {
		give_up(cs, c, ev);
	}
	event_unref(ev);
	return true;
}

/* Closes the streams that have taken nothing for too long. */
static void
end_stalled(struct conns *cs)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&cs->list[CONN_FULL])) != NULL &&
	       conns_seconds(cs, c->since) >= cs->stall) {
		log_debug("connection_closed_stalled fd",
		    "fd %d: closed: it takes nothing", c->io.fd);
		cs->stalled++;
		conn_close(c);
	}
}

/* What the engine has not told of by now is not waited for any longer. */
static void
end_awaited(struct conns *cs)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&cs->list[CONN_ENGINE])) != NULL &&
	       conns_seconds(cs, c->since) >= CONN_ENGINE_PATIENCE - 1) {
		conn_retire(c);
		assert(c->phase != CONN_ENGINE);
	}
}

void
conns_sweep(struct conns *cs)
{
	struct conn *c, *next;

	/* The sweep comes once a second, and none may live longer. */
	time_out(cs, CONN_WAITING, CONN_PATIENCE - 1);
	time_out(cs, CONN_LINGER, CONN_PATIENCE - 1);
	time_out(cs, CONN_BODY, CONN_BODY_PATIENCE - 1);
	time_out(cs, CONN_KEPT, CONN_IDLE);
	end_stalled(cs);
	end_awaited(cs);
	for (c = TAILQ_FIRST(&cs->list[CONN_OPEN]);
	     c != NULL && conns_seconds(cs, c->since) >= cs->heartbeat;
	     c = next) {
		next = TAILQ_NEXT(c, link);
		c->role->idle(c);
	}
}

void
conns_init(struct conns *cs, struct ev_loop *loop,
    const struct conn_owner *owner, double heartbeat, double stall)
{
	int phase;

	memset(cs, 0, sizeof(*cs));
	cs->loop = loop;
	cs->owner = *owner;
	cs->heartbeat = heartbeat;
	cs->stall = stall;
	for (phase = 0; phase < CONN_CLOSED; phase++)
		TAILQ_INIT(&cs->list[phase]);
	STAILQ_INIT(&cs->dirty);
	wave_init(&cs->wave);
}

void
conns_limit(struct conns *cs, size_t waiting, unsigned long values)
{
	cs->waiting_max = waiting;
	cs->values_max = values;
}

void
conns_set_time(struct conns *cs, double now)
{
	cs->now = now;
}

void
conns_keep_none(struct conns *cs)
{
	cs->closing = true;
}

void
conns_free(struct conns *cs)
{
	struct conn *c;
	int phase;

	for (phase = 0; phase < CONN_CLOSED; phase++)
		while ((c = TAILQ_FIRST(&cs->list[phase])) != NULL)
			conn_close(c);
	(void)conns_flush(cs);
	assert(cs->total == 0);
	wave_free(&cs->wave);
}
