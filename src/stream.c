/* SPDX-License-Identifier: ISC */
/*
 * A stream: headers, retry:, its feed's events, a heartbeat when there are
 * none, and an orderly end.  It has no output queue: each of these is made when
 * the socket takes it.
 *
 * Whatever is not final is answered with 200, retry: and the end of the
 * response, because a browser gives its EventSource up at any other status.
 */
#include "stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "sse.h"

#define HEADERS                                               \
	"Content-Type: text/event-stream\r\n"                 \
	"Cache-Control: no-cache, no-store, no-transform\r\n" \
	"X-Accel-Buffering: no\r\n"                           \
	"\r\n"

#define REFUSED_FACTOR 10 /* a refused stream's retry:, in those of others */

#define DRAIN_STEP  0.05  /* seconds between two rounds of ends */
#define DRAIN_EACH  0.001 /* seconds a stream, if that ends sooner */
#define DRAIN_GRACE 1.0	  /* seconds for the last ones to take their end */

/* struct stream's todo, and the kinds of its pieces. */
enum { HEAD = 1, RETRY = 2, BEAT = 4, EVENT = 8 };

static struct streams *
all(struct conn *c)
{
	return (struct streams *)conn_all(c);
}

/* Uniform in [0, 1). */
static double
chance(void)
{
	return (double)random() / 2147483648.0;
}

/* Milliseconds for retry:, spread so that not all come back at once. */
static unsigned long
retry_ms(const struct streams *ss)
{
	double ms = (double)ss->cfg->retry * (1 + chance() / 2);

	if (ss->draining && ss->drain_end > ss->conns.now)
		ms += (ss->drain_end - ss->conns.now) * 1000;
	return (unsigned long)ms;
}

static bool
stream_wake(struct subscriber *sub)
{
	struct stream *s =
	    (struct stream *)((char *)sub - offsetof(struct stream, sub));

	conn_wake(&s->conn);
	return !s->conn.blocked;
}

static bool
expired(struct stream *s)
{
	return s->lifetime > 0 &&
	       all(&s->conn)->conns.now - s->opened >= (double)s->lifetime;
}

/* Ends the stream in order: the browser comes back after retry:. */
static void
retire(struct stream *s)
{
	s->todo |= RETRY;
	conn_end(&s->conn);
}

static void
fill(struct conn *c, struct batch *b)
{
	struct stream *s = (struct stream *)c;
	char *text;

	if (s->sub.feed == NULL)
		return;
	if (expired(s) && !c->ending)
		retire(s);
	if (s->todo & HEAD)
		(void)out_add(b, HEAD, HEADERS, sizeof(HEADERS) - 1);
	if (s->todo & RETRY && (text = out_text(b, SSE_RETRY_SIZE)) != NULL)
		(void)out_add(b, RETRY, text,
		    sse_retry(text, retry_ms(all(c))));
	if (!c->ending)
		s->sub.feed->fill(&s->sub, b, EVENT);
	if (s->todo & BEAT && b->n == 0)
		(void)out_add(b, BEAT, SSE_HEARTBEAT,
		    sizeof(SSE_HEARTBEAT) - 1);
	s->todo &= (uint8_t)~BEAT; /* anything else written will do as well */
}

static void
took(struct conn *c, const struct piece *p)
{
	struct stream *s = (struct stream *)c;

	if (p->kind != EVENT) {
		s->todo &= (uint8_t)~p->kind;
		return;
	}
	s->messages++;
	all(c)->messages++;
	s->sub.feed->took(&s->sub, p);
}

static void
idle(struct conn *c)
{
	((struct stream *)c)->todo |= BEAT;
	conn_wake(c);
}

static void
over(struct conn *c)
{
	struct stream *s = (struct stream *)c;
	struct streams *ss = all(c);

	if (s->sub.feed == NULL)
		return;
	log_debug("stream closed: %s (fd %d), %.3f s, %lu messages",
	    s->address == NULL ? "-" : s->address->text, c->io.fd,
	    ss->conns.now - s->opened, (unsigned long)s->messages);
	s->sub.feed->leave(&s->sub);
	s->sub.feed = NULL;
	address_leave(&ss->addresses, s->address);
	s->address = NULL;
	ss->open--;
}

/* Not now: the browser is to come back much later than others. */
static void
refuse(struct stream *s, const struct request *r, const char *why)
{
	struct streams *ss = all(&s->conn);
	unsigned long ms = retry_ms(ss) * (ss->draining ? 1 : REFUSED_FACTOR);
	char buf[sizeof(HEADERS) + SSE_RETRY_SIZE] = HEADERS;
	size_t len = sizeof(HEADERS) - 1;

	ss->refused++;
	log_debug("stream refused: %s (fd %d), %s",
	    r->address == NULL ? "-" : r->address, s->conn.io.fd, why);
	len += sse_retry(buf + len, ms);
	conn_answer(&s->conn, event_new(buf, len));
	conn_end(&s->conn);
}

/* NULL if the stream may be, otherwise why not. */
static const char *
limit_reached(struct stream *s, const struct request *r)
{
	struct streams *ss = all(&s->conn);
	const struct config *cfg = ss->cfg;

	if (ss->draining)
		return "draining";
	if (ss->open >= cfg->max_streams)
		return "too many streams";
	if (cfg->max_per_address == 0 && !cfg->verbose)
		return NULL; /* the address is of no use */
	s->address = address_enter(&ss->addresses, r->address);
	if (s->address == NULL)
		return "no memory";
	if (cfg->max_per_address > 0 &&
	    s->address->streams > cfg->max_per_address)
		return "too many streams of this address";
	return NULL;
}

void
stream_open(struct stream *s, const struct request *r)
{
	struct streams *ss = all(&s->conn);
	const char *why = limit_reached(s, r);

	if (why != NULL) {
		refuse(s, r, why);
		address_leave(&ss->addresses, s->address);
		s->address = NULL;
		return;
	}
	ss->open++;
	ss->opened++;
	s->opened = ss->conns.now;
	s->lifetime = (float)(ss->cfg->max_age * (1 - chance() / 4));
	s->messages = 0;
	s->todo = HEAD | RETRY;
	log_debug("stream opened: %s (fd %d)",
	    r->address == NULL ? "-" : r->address, s->conn.io.fd);
	clock_subscribe(&ss->clock, &s->sub, r->last_event_id);
}

void
stream_head(struct stream *s, const struct request *r)
{
	(void)r;
	conn_answer(&s->conn, event_new(HEADERS, sizeof(HEADERS) - 1));
	conn_end(&s->conn);
}

bool
streams_drained(const struct streams *ss)
{
	return ss->draining &&
	       (ss->conns.total == ss->conns.count[CONN_KEPT] ||
		   ss->conns.now >= ss->drain_end + DRAIN_GRACE);
}

/* Ends as many as must go now for the last to go at the end. */
static void
on_drain(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct streams *ss = w->data;
	double left = ss->drain_end - ss->conns.now;
	size_t quota = ss->open;
	struct conn *c;

	(void)loop;
	(void)revents;
	if (left > DRAIN_STEP)
		quota = (size_t)((double)quota * DRAIN_STEP / left) + 1;
	TAILQ_FOREACH (c, &ss->conns.list[CONN_OPEN], link) {
		if (quota == 0)
			break;
		if (c->ending)
			continue;
		retire((struct stream *)c);
		quota--;
	}
}

void
streams_drain(struct streams *ss)
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

int
streams_init(struct streams *ss, struct ev_loop *loop, const struct config *cfg,
    void (*request)(struct conn *, const struct gate_event *))
{
	memset(ss, 0, sizeof(*ss));
	ss->cfg = cfg;
	ss->owner = (struct conn_owner){
	    .size = sizeof(struct stream),
	    .request = request,
	    .fill = fill,
	    .took = took,
	    .idle = idle,
	    .over = over,
	};
	conns_init(&ss->conns, loop, &ss->owner);
	ss->conns.heartbeat = cfg->heartbeat;
	ss->conns.stall = cfg->stall;
	if (clock_init(&ss->clock, loop, &ss->conns.now, cfg->interval) == -1)
		return -1;
	ss->clock.feed.wake = stream_wake;
	return 0;
}

void
streams_free(struct streams *ss)
{
	ev_timer_stop(ss->conns.loop, &ss->drain_timer);
	conns_free(&ss->conns);
	clock_free(&ss->clock);
}
