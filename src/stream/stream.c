/* SPDX-License-Identifier: ISC */
/*
 * A stream: headers, retry:, its feed's events, a heartbeat when there are
 * none, and an orderly end.  It has no output queue: each of these is made when
 * the socket takes it.
 *
 * Whatever is not final is answered with 200, retry: and the end of the
 * response, because a browser gives its EventSource up at any other status.
 */
#include "stream/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel/eventid.h"
#include "base/log.h"
#include "channel/sse.h"

/*
 * Without the status Apache would look at the request's If-None-Match and
 * others of the kind, answer 304, and keep the stream to itself for ever.
 */
#define HEADERS                                               \
	"Status: 200 OK\r\n"                                  \
	"Content-Type: text/event-stream\r\n"                 \
	"Cache-Control: no-cache, no-store, no-transform\r\n" \
	"X-Accel-Buffering: no\r\n"                           \
	"\r\n"

#define REFUSED_FACTOR 10 /* a refused stream's retry:, in those of others */

#define TICKS 64 /* in a second */

/*
 * A stream's todo, and the kinds of its pieces.  LAST: what its feed has for it
 * now comes before its end.
 */
enum { HEAD = 1, RETRY = 2, BEAT = 4, EVENT = 8, LAST = 16 };

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
	return s->conn.phase == CONN_OPEN;
}

/* The time in parts of a second, as a stream has room for it. */
static uint32_t
ticks(struct stream *s)
{
	return (uint32_t)(uint64_t)(all(&s->conn)->conns.now * TICKS);
}

/* Seconds, right to a sixtieth; it begins anew after two years. */
static double
seconds_open(struct stream *s)
{
	return (double)(ticks(s) - s->opened) / TICKS;
}

void
stream_retire(struct stream *s)
{
	s->conn.todo |= RETRY | LAST;
	conn_end(&s->conn);
}

static void
on_age(struct age *a)
{
	struct stream *s =
	    (struct stream *)((char *)a - offsetof(struct stream, age));

	if (!s->conn.ending)
		stream_retire(s);
}

/* Does the stream tell where it stands? */
static bool
tells(const struct stream *s)
{
	return s->sub.feed->position != NULL;
}

/*
 * retry:, and where a stream of channels stands; behind events of this batch
 * they have said that.
 */
static void
offer_retry(struct stream *s, struct batch *b, bool behind)
{
	char id[EVENTID_SIZE], *text = batch_text(b, SSE_BLOCK_SIZE);
	unsigned long ms = retry_ms(all(&s->conn));
	size_t len;

	if (text == NULL)
		return;
	if (!tells(s))
		len = sse_retry(text, ms);
	else if (behind || s->sub.feed->position(&s->sub, id) == 0)
		len = sse_position(text, ms, NULL);
	else
		len = sse_position(text, ms, id);
	(void)batch_add(b, RETRY, text, len);
}

/* A channel's heartbeat says where the stream is; the clock's says nothing. */
static void
offer_beat(struct stream *s, struct batch *b)
{
	char id[EVENTID_SIZE], *text = batch_text(b, SSE_BLOCK_SIZE);

	if (tells(s) && s->sub.feed->position(&s->sub, id) > 0)
		(void)batch_add(b, BEAT, text, sse_position(text, 0, id));
	else
		(void)batch_add(b, BEAT, SSE_HEARTBEAT,
		    sizeof(SSE_HEARTBEAT) - 1);
}

/* Where it stands comes before its events, or when it ends behind them. */
static void
fill(struct conn *c, struct batch *b)
{
	struct stream *s = (struct stream *)c;
	bool first = c->todo & HEAD || !c->ending;
	unsigned before;

	if (s->sub.feed == NULL)
		return;
	if (c->todo & HEAD)
		(void)batch_add(b, HEAD, HEADERS, sizeof(HEADERS) - 1);
	if (c->todo & RETRY && first)
		offer_retry(s, b, false);
	before = b->n;
	if (!c->ending || c->todo & LAST)
		s->sub.feed->fill(&s->sub, b, EVENT);
	c->todo &= (uint8_t)~LAST; /* what is not taken now waits for it */
	if (c->todo & RETRY && !first)
		offer_retry(s, b, b->n > before);
	if (c->todo & BEAT && b->n == 0)
		offer_beat(s, b);
	c->todo &= (uint8_t)~BEAT; /* anything else written will do as well */
}

static void
took(struct conn *c, const struct piece *p)
{
	struct stream *s = (struct stream *)c;

	if (p->kind != EVENT) {
		c->todo &= (uint8_t)~p->kind;
		return;
	}
	c->messages++;
	all(c)->messages++;
	s->sub.feed->took(&s->sub, p);
}

static void
idle(struct conn *c)
{
	c->todo |= BEAT;
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
	    seconds_open(s), (unsigned long)c->messages);
	s->sub.feed->leave(&s->sub);
	s->sub.feed = NULL;
	address_leave(&ss->addresses, s->address);
	s->address = NULL;
	age_end(&ss->ages, &s->age);
	ss->open--;
}

const char *
stream_refusal_name(enum refusal why)
{
	static const char *const names[] = {[REFUSED_STREAMS] = "streams",
	    [REFUSED_ADDRESS] = "address",
	    [REFUSED_CHANNELS] = "channels",
	    [REFUSED_DRAINING] = "draining",
	    [REFUSED_MEMORY] = "memory"};

	return names[why];
}

/* Not now: the browser is to come back much later than others. */
static void
refuse_stream(struct stream *s, const struct request *r, enum refusal why)
{
	struct streams *ss = all(&s->conn);
	unsigned long ms = retry_ms(ss) * (ss->draining ? 1 : REFUSED_FACTOR);
	char buf[sizeof(HEADERS) + SSE_BLOCK_SIZE] = HEADERS;
	size_t len = sizeof(HEADERS) - 1;

	ss->refused[why]++;
	log_debug("stream refused: %s (fd %d), %s",
	    r->address == NULL ? "-" : r->address, s->conn.io.fd,
	    stream_refusal_name(why));
	address_leave(&ss->addresses, s->address);
	s->address = NULL;
	len += sse_retry(buf + len, ms);
	conn_answer(&s->conn, event_new(buf, len));
	conn_end(&s->conn);
}

/* REFUSALS if the stream may be, otherwise why not. */
static enum refusal
limit_reached(struct stream *s, const struct request *r)
{
	struct streams *ss = all(&s->conn);
	const struct config *cfg = ss->cfg;

	if (ss->draining)
		return REFUSED_DRAINING;
	if (ss->open >= cfg->max_streams)
		return REFUSED_STREAMS;
	if (cfg->max_per_address == 0 && !cfg->verbose)
		return REFUSALS; /* the address is of no use */
	s->address = address_enter(&ss->addresses, r->address);
	if (s->address == NULL)
		return REFUSED_MEMORY;
	if (cfg->max_per_address > 0 &&
	    s->address->streams > cfg->max_per_address)
		return REFUSED_ADDRESS;
	return REFUSALS;
}

/* Returns false if the stream was refused. */
static bool
admit(struct stream *s, const struct request *r)
{
	enum refusal why = limit_reached(s, r);

	if (why == REFUSALS)
		return true;
	refuse_stream(s, r, why);
	return false;
}

/* The stream has its feed. */
static void
begin(struct stream *s, const struct request *r)
{
	struct streams *ss = all(&s->conn);

	ss->open++;
	ss->opened++;
	s->opened = ticks(s);
	age_begin(&ss->ages, &s->age, chance());
	s->conn.messages = 0;
	s->conn.todo = HEAD | RETRY;
	log_debug("stream opened: %s (fd %d)",
	    r->address == NULL ? "-" : r->address, s->conn.io.fd);
}

void
stream_open_clock(struct stream *s, const struct request *r, uint64_t count)
{
	if (!admit(s, r))
		return;
	clock_subscribe(&all(&s->conn)->clock, &s->tick, count);
	begin(s, r);
}

void
stream_open_channels(struct stream *s, const struct request *r,
    const char *const channels[], size_t n, const struct position *p)
{
	enum hub_result result;

	if (!admit(s, r))
		return;
	result =
	    reader_begin(&all(&s->conn)->readers, &s->reader, channels, n, p);
	if (result == HUB_DONE)
		begin(s, r);
	else
		refuse_stream(s, r,
		    result == HUB_NO_CHANNEL ? REFUSED_CHANNELS :
					       REFUSED_MEMORY);
}

void
stream_head(struct stream *s)
{
	conn_answer(&s->conn, event_new(HEADERS, sizeof(HEADERS) - 1));
	conn_end(&s->conn);
}

int
streams_init(struct streams *ss, struct ev_loop *loop, const struct config *cfg,
    struct hub *hub, void (*request)(struct conn *, const struct gate_event *))
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
	readers_init(&ss->readers, hub);
	ss->readers.feed.wake = stream_wake;
	ages_init(&ss->ages, loop, &ss->conns.now, cfg->max_age, on_age);
	return 0;
}

void
streams_free(struct streams *ss)
{
	conns_free(&ss->conns);
	clock_free(&ss->clock);
}
