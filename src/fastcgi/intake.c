/* SPDX-License-Identifier: ISC */
/*
 * The way in: a connection's bytes through its gate, and what is done about
 * what they amount to.
 */
#include "fastcgi/conn_inner.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "fastcgi/record.h"
#include "base/platform.h"

#define SAY_MAX	  16	/* answers to the protocol for one read */
#define FEED_READ 16384 /* bytes, for each feed may hold what it has read */

static void
on_request(struct conn *c, const struct gate_event *ev)
{
	const struct conn_owner *owner = &conn_all(c)->owner;

	conn_change(c, CONN_OPEN);
	c->ending = false;
	c->ended = false;
	owner->request(owner->arg, c, ev);
	assert(c->role != NULL || c->phase == CONN_CLOSED);
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

/* END_REQUEST to a request that was not served. */
static void
refuse_request(struct conn *c, const struct gate_event *ev,
    enum record_status status)
{
	uint8_t end[RECORD_END_SIZE];

	say(c, end, record_end(end, ev->id, status));
	if (!ev->keep)
		conn_hang_up(c);
}

static void
on_abort(struct conn *c, const struct gate_event *ev)
{
	if (c->role != NULL) {
		conn_abort(c);
		return;
	}
	c->kept = ev->keep;
	gate_end(&c->gate);
	refuse_request(c, ev, FCGI_REQUEST_COMPLETE);
}

static void
on_body(struct conn *c, const uint8_t *data, size_t len)
{
	if (c->phase == CONN_BODY || c->phase == CONN_FEED)
		c->role->body(c, data, len);
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
		log_debug("connection_closed fd why", "fd %d: closed: %s",
		    c->io.fd, ev->why);
		conn_close(c);
		break;
	case GATE_NO_MEMORY:
		conn_starved(c, "no memory for a request");
		break;
	case GATE_BODY:
		on_body(c, ev->data, ev->len);
		break;
	case GATE_BODY_END:
		on_body(c, NULL, 0);
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
	if (c->phase == CONN_FEED)
		c->role->brought(c);
	/* A kept connection is pressed for time only once something began. */
	if (c->phase == CONN_KEPT && gate_busy(&c->gate))
		conn_change(c, CONN_WAITING);
	else if (c->phase == CONN_WAITING && c->kept && !gate_busy(&c->gate))
		conn_change(c, CONN_KEPT);
}

static void
read_more(struct conn *c)
{
	struct conns *cs = conn_all(c);
	size_t room = c->phase == CONN_FEED ? FEED_READ : sizeof(cs->in);
	ssize_t n = recv(c->io.fd, cs->in, room, 0);

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
	if (revents & EV_ERROR) { /* nothing more would be heard of it */
		conn_starved(c, "the kernel does not watch it");
		return;
	}
	if (revents & EV_WRITE)
		conn_unblock(c);
	if (revents & EV_READ)
		read_more(c);
}

int
conn_new(struct conns *cs, int fd)
{
	struct conn *c = calloc(1, cs->owner.size);

	if (c == NULL) {
		(void)close(fd);
		return -1;
	}
	cs->accepted++;
	cs->total++;
	ev_io_init(&c->io, on_ready, fd, EV_READ);
	c->io.data = cs;
	conn_enter(c, CONN_WAITING);
	ev_io_start(cs->loop, &c->io);
	read_more(c);
	return 0;
}
