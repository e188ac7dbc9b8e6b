/* SPDX-License-Identifier: ISC */
/*
 * A connection of the front: its phases, and the exchange on it.  The way in is
 * intake.c's, the way out flush.c's.  Closing is a phase: only conns_flush(),
 * at the end of the turn, frees, so that no callback finds its connection gone.
 */
#include "fastcgi/conn.h"

#include <sys/socket.h>

#include <assert.h>
#include <unistd.h>

#include "base/log.h"
#include "fastcgi/conn_inner.h"

struct conns *
conn_all(const struct conn *c)
{
	return c->io.data;
}

void
conn_enter(struct conn *c, enum conn_phase phase)
{
	struct conns *cs = conn_all(c);

	c->phase = (uint8_t)phase;
	c->since = conns_moment(cs);
	if (phase == CONN_CLOSED)
		return;
	TAILQ_INSERT_TAIL(&cs->list[phase], c, link);
	cs->count[phase]++;
}

void
conn_change(struct conn *c, enum conn_phase phase)
{
	struct conns *cs = conn_all(c);

	TAILQ_REMOVE(&cs->list[c->phase], c, link);
	cs->count[c->phase]--;
	conn_enter(c, phase);
}

void
conn_touch(struct conn *c)
{
	struct conn_list *list = &conn_all(c)->list[c->phase];

	c->since = conns_moment(conn_all(c));
	if (TAILQ_NEXT(c, link) == NULL)
		return;
	TAILQ_REMOVE(list, c, link);
	TAILQ_INSERT_TAIL(list, c, link);
}

void
conn_wake(struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	conn_all(c)->dirty_count++;
	STAILQ_INSERT_TAIL(&conn_all(c)->dirty, c, dirty_link);
}

static void
exchange_over(struct conn *c)
{
	if (c->role != NULL)
		c->role->over(c);
	c->role = NULL;
	c->own = NULL;
}

void
conn_serve(struct conn *c, const struct role *role, void *own)
{
	exchange_over(c);
	c->role = role;
	c->own = own;
}

void
conn_close(struct conn *c)
{
	struct conns *cs = conn_all(c);

	if (c->phase == CONN_CLOSED)
		return;
	exchange_over(c);
	ev_io_stop(cs->loop, &c->io);
	(void)close(c->io.fd);
	gate_free(&c->gate);
	writer_free(&c->writer);
	conn_change(c, CONN_CLOSED);
	conn_wake(c);
}

void
conn_starved(struct conn *c, const char *why)
{
	conn_all(c)->starved++;
	log_debug("connection_closed fd why", "fd %d: closed: %s", c->io.fd,
	    why);
	conn_close(c);
}

static void
watch(struct conn *c, int events)
{
	struct ev_loop *loop = conn_all(c)->loop;

	ev_io_stop(loop, &c->io);
	ev_io_set(&c->io, c->io.fd, events);
	ev_io_start(loop, &c->io);
}

void
conn_block(struct conn *c)
{
	conn_change(c, CONN_FULL);
	watch(c, EV_READ | EV_WRITE);
}

void
conn_unblock(struct conn *c)
{
	assert(c->phase == CONN_FULL);
	conn_change(c, CONN_OPEN);
	watch(c, EV_READ);
	conn_wake(c);
}

static void
nothing(struct conn *c)
{
	(void)c;
}

static void
nothing_to_fill(struct conn *c, struct batch *b)
{
	(void)c;
	(void)b;
}

static void
nothing_took(struct conn *c, const struct piece *p)
{
	(void)c;
	(void)p;
}

void
role_only_waits(struct role *role)
{
	role->fill = nothing_to_fill;
	role->took = nothing_took;
	role->idle = nothing;
}

/* What is held is all that there is to write: the answer, or nothing. */
static const struct role answer = {
    .fill = nothing_to_fill,
    .took = nothing_took,
    .idle = nothing,
    .retire = nothing,
    .over = nothing,
};

/* Nothing is written yet, and nothing will be but the event, if any. */
static void
answer_only(struct conn *c, struct event *ev)
{
	conn_serve(c, &answer, NULL);
	conn_go_on(c);
	if (c->phase != CONN_OPEN)
		conn_change(c, CONN_OPEN);
	if (ev != NULL)
		writer_hold(&c->writer, ev, false);
	conn_end(c);
}

void
conn_answer(struct conn *c, struct event *ev)
{
	if (ev == NULL)
		conn_starved(c, "no memory for an answer");
	else
		answer_only(c, ev);
}

void
conn_abort(struct conn *c)
{
	if (c->phase == CONN_BODY || c->phase == CONN_ENGINE ||
	    c->phase == CONN_FEED)
		answer_only(c, NULL);
	else
		conn_end(c);
}

void
conn_want_body(struct conn *c)
{
	conn_change(c, CONN_BODY);
}

void
conn_want_feed(struct conn *c)
{
	conn_change(c, CONN_FEED);
}

void
conn_pause(struct conn *c)
{
	assert(c->phase == CONN_FEED);
	c->paused = true;
	ev_io_stop(conn_all(c)->loop, &c->io);
}

void
conn_go_on(struct conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	ev_io_start(conn_all(c)->loop, &c->io);
}

void
conn_await(struct conn *c)
{
	conn_change(c, CONN_ENGINE);
}

void
conn_resume(struct conn *c)
{
	assert(c->phase == CONN_ENGINE);
	conn_change(c, CONN_OPEN);
	conn_wake(c);
}

void
conn_end(struct conn *c)
{
	c->ending = true;
	conn_wake(c);
}

void
conn_retire(struct conn *c)
{
	if (!c->ending)
		c->role->retire(c);
}

void
conn_hang_up(struct conn *c)
{
	if (c->phase == CONN_CLOSED)
		return;
	exchange_over(c);
	gate_end(&c->gate);
	/* Closing now could reset what the front has yet to read. */
	(void)shutdown(c->io.fd, SHUT_WR);
	conn_change(c, CONN_LINGER);
}

void
conn_ended(struct conn *c)
{
	if (c->gate.keep && !conn_all(c)->closing) {
		exchange_over(c);
		gate_end(&c->gate);
		c->kept = true;
		conn_change(c, CONN_KEPT);
	} else if (!gate_body_done(&c->gate))
		conn_hang_up(c);
	else
		conn_close(c);
}
