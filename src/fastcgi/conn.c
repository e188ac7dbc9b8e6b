/* SPDX-License-Identifier: ISC */
/*
 * A connection of the front: its phases, and its bytes in through the gate; the
 * way out is flush.c's.  Closing is a phase: only conns_flush(), at the end of
 * the turn, frees, so that no callback finds its connection gone.
 */
#include "fastcgi/conn.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "fastcgi/record.h"
#include "base/platform.h"

#define SAY_MAX 16 /* answers to the protocol for one read */

struct conns *
conn_all(const struct conn *c)
{
	return c->io.data;
}

static void
unlist(struct conn *c)
{
	struct conns *cs = conn_all(c);

	TAILQ_REMOVE(&cs->list[c->phase], c, link);
	cs->count[c->phase]--;
}

static void
enter(struct conn *c, enum conn_phase phase)
{
	struct conns *cs = conn_all(c);

	c->phase = phase;
	c->since = cs->now;
	if (phase == CONN_CLOSED)
		return;
	TAILQ_INSERT_TAIL(&cs->list[phase], c, link);
	cs->count[phase]++;
}

static void
change_phase(struct conn *c, enum conn_phase phase)
{
	unlist(c);
	enter(c, phase);
}

void
conn_touch(struct conn *c)
{
	struct conn_list *list = &conn_all(c)->list[c->phase];

	c->since = conn_all(c)->now;
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

/* Is a request being served? */
static bool
serving(const struct conn *c)
{
	return c->phase >= CONN_OPEN && c->phase <= CONN_BODY;
}

static void
request_over(struct conn *c)
{
	struct body *body = c->body;

	if (body != NULL) {
		body_forget(body);
		body->free(body);
	}
	c->body = NULL;
	if (serving(c))
		conn_all(c)->owner->over(c);
	gate_end(&c->gate);
}

void
conn_close(struct conn *c)
{
	struct conns *cs = conn_all(c);

	if (c->phase == CONN_CLOSED)
		return;
	request_over(c);
	ev_io_stop(cs->loop, &c->io);
	(void)close(c->io.fd);
	gate_free(&c->gate);
	writer_free(&c->writer);
	change_phase(c, CONN_CLOSED);
	conn_wake(c);
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
conn_answer(struct conn *c, struct event *ev)
{
	if (ev == NULL) {
		conn_close(c);
		return;
	}
	writer_hold(&c->writer, ev, false);
	conn_wake(c);
}

void
conn_end(struct conn *c)
{
	c->ending = true;
	conn_wake(c);
}

void
conn_want_body(struct conn *c, struct body *body)
{
	body->all = &conn_all(c)->bodies;
	c->body = body;
	change_phase(c, CONN_BODY);
}

/* The body is whole, or there may be no more of it. */
static void
on_body(struct conn *c, enum body_result result)
{
	struct body *body = c->body;

	if (result == BODY_MORE)
		return;
	change_phase(c, CONN_OPEN);
	body->done(body, result);
	if (c->body == body) /* or it is over: for want of memory to answer */
		body_forget(body);
}

static void
on_request(struct conn *c, const struct gate_event *ev)
{
	change_phase(c, CONN_OPEN);
	c->ending = false;
	c->ended = false;
	conn_all(c)->owner->request(c, ev);
	gate_release(&c->gate);
}

/*
 * An answer to the protocol: a few bytes, which go at once.  A front that does
 * not take them, asks while a record to it is cut, or asks and asks, is closed.
 */
static void
say(struct conn *c, const uint8_t *bytes, size_t len)
{
	if (c->writer.sent > 0 || ++conn_all(c)->said > SAY_MAX ||
	    send(c->io.fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		conn_close(c);
}

/* Closing now could reset what the front has yet to read: let it close. */
static void
hang_up(struct conn *c)
{
	if (c->phase == CONN_CLOSED)
		return;
	request_over(c);
	(void)shutdown(c->io.fd, SHUT_WR);
	change_phase(c, CONN_LINGER);
}

/* END_REQUEST to a request that was not served. */
static void
refuse_request(struct conn *c, const struct gate_event *ev,
    enum record_status status)
{
	uint8_t end[RECORD_END_SIZE];

	say(c, end, record_end(end, ev->id, status));
	if (!ev->keep)
		hang_up(c);
}

static void
on_abort(struct conn *c, const struct gate_event *ev)
{
	if (c->phase == CONN_BODY)
		change_phase(c, CONN_OPEN);
	if (serving(c)) {
		conn_end(c);
		return;
	}
	c->kept = ev->keep;
	gate_end(&c->gate);
	refuse_request(c, ev, FCGI_REQUEST_COMPLETE);
}

/* Acts on what the gate found. */
static void
handle(struct conn *c, const struct gate_event *ev)
{
	struct conns *cs = conn_all(c);
	uint8_t answer[RECORD_VALUES_SIZE];

	switch (ev->kind) {
	case GATE_REQUEST:
		on_request(c, ev);
		break;
	case GATE_ABORT:
		on_abort(c, ev);
		break;
	case GATE_REFUSE:
		refuse_request(c, ev, ev->status);
		break;
	case GATE_VALUES:
		say(c, answer,
		    record_values(answer, ev->asked, cs->values_max));
		break;
	case GATE_UNKNOWN:
		record_unknown(answer, ev->type);
		say(c, answer, RECORD_UNKNOWN_SIZE);
		break;
	case GATE_BAD:
		cs->bad++;
		log_debug("fd %d: closed: %s", c->io.fd, ev->why);
		conn_close(c);
		break;
	case GATE_BODY:
		if (c->phase == CONN_BODY)
			on_body(c, body_add(c->body, ev->data, ev->len));
		break;
	case GATE_BODY_END:
		if (c->phase == CONN_BODY)
			on_body(c, BODY_WHOLE);
		break;
	case GATE_MORE:
		break;
	}
}

static void
take_in(struct conn *c, const uint8_t *buf, size_t len)
{
	struct gate_event ev;
	ssize_t used;

	conn_all(c)->said = 0;
	while (len > 0 && c->phase < CONN_LINGER) {
		used = gate_read(&c->gate, buf, len, &ev);
		handle(c, &ev);
		if (used == -1)
			return;
		buf += used;
		len -= (size_t)used;
	}
	/* A kept connection is pressed for time only once something began. */
	if (c->phase == CONN_KEPT && gate_busy(&c->gate))
		change_phase(c, CONN_WAITING);
	else if (c->phase == CONN_WAITING && c->kept && !gate_busy(&c->gate))
		change_phase(c, CONN_KEPT);
}

static void
read_more(struct conn *c)
{
	struct conns *cs = conn_all(c);
	ssize_t n = recv(c->io.fd, cs->in, sizeof(cs->in), 0);

	if (n > 0) {
		cs->received += (size_t)n;
		take_in(c, cs->in, (size_t)n);
	} else if (n == 0 ||
		   (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		conn_close(c); /* no front half-closes: it has gone */
}

static void
on_ready(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = (struct conn *)w;

	(void)loop;
	if (revents & EV_WRITE) {
		change_phase(c, CONN_OPEN);
		watch(c, EV_READ);
		conn_wake(c);
	}
	if (revents & EV_READ)
		read_more(c);
}

int
conn_new(struct conns *cs, int fd)
{
	struct conn *c = calloc(1, cs->owner->size);

	if (c == NULL) {
		(void)close(fd);
		return -1;
	}
	cs->accepted++;
	cs->total++;
	ev_io_init(&c->io, on_ready, fd, EV_READ);
	c->io.data = cs;
	enter(c, CONN_WAITING);
	ev_io_start(cs->loop, &c->io);
	read_more(c);
	return 0;
}

void
conn_block(struct conn *c)
{
	change_phase(c, CONN_FULL);
	watch(c, EV_READ | EV_WRITE);
}

void
conn_ended(struct conn *c)
{
	if (c->gate.keep && !conn_all(c)->closing) {
		request_over(c);
		c->kept = true;
		change_phase(c, CONN_KEPT);
	} else if (!gate_body_done(&c->gate))
		hang_up(c);
	else
		conn_close(c);
}
