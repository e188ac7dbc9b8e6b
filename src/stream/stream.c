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

#include <stdlib.h>
#include <string.h>

#include "channel/eventid.h"
#include "base/log.h"
#include "channel/sse.h"
#include "stream/stream_inner.h"

_Static_assert(2 * SSE_BLOCK_SIZE <= BATCH_TEXT,
    "an empty batch has room for what a stream says itself");

static struct streams *
all(const struct conn *c)
{
	return c->role->all;
}

double
stream_chance(void)
{
	return (double)random() / 2147483648.0;
}

unsigned long
stream_retry_ms(const struct streams *ss)
{
	double ms = (double)ss->cfg->retry * (1 + stream_chance() / 2);

	if (ss->draining && ss->drain_end > ss->conns.now)
		ms += (ss->drain_end - ss->conns.now) * 1000;
	return (unsigned long)ms;
}

static struct stream *
of_subscriber(struct subscriber *sub)
{
	return (struct stream *)(void *)((char *)sub -
					 offsetof(struct stream, sub));
}

static bool
stream_wake(struct subscriber *sub)
{
	struct stream *s = of_subscriber(sub);

	conn_wake(&s->conn);
	return s->conn.phase == CONN_OPEN;
}

/* Its browser comes back after retry:. */
static void
retire(struct conn *c)
{
	c->todo |= RETRY | LAST;
	conn_end(c);
}

bool
stream_cut(struct conn *c)
{
	bool goes_on = !c->ending;

	c->todo &= (uint8_t) ~(LAST | REST);
	c->todo |= RETRY | CUT;
	conn_end(c);
	return goes_on;
}

static void
on_age(struct age *a)
{
	struct stream *s =
	    (struct stream *)(void *)((char *)a - offsetof(struct stream, age));

	conn_retire(&s->conn);
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
	unsigned long ms = stream_retry_ms(all(&s->conn));
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

/*
 * A channel's heartbeat says where the stream is; the clock's says nothing, and
 * no page sees it but one that has asked for it.
 */
static void
offer_beat(struct stream *s, struct batch *b)
{
	char id[EVENTID_SIZE], *text = batch_text(b, SSE_BLOCK_SIZE);

	if (tells(s) && s->sub.feed->position(&s->sub, id) > 0)
		(void)batch_add(b, BEAT, text, sse_position(text, 0, id));
	else if (s->conn.todo & HEARD)
		(void)batch_add(b, BEAT, SSE_HEARD, sizeof(SSE_HEARD) - 1);
	else
		(void)batch_add(b, BEAT, SSE_HEARTBEAT,
		    sizeof(SSE_HEARTBEAT) - 1);
}

/* Has it had all that will ever come? */
static bool
is_over(const struct stream *s)
{
	return s->sub.feed->over != NULL && s->sub.feed->over(&s->sub);
}

/* Its browser is told by its last event that it need not come back. */
static void
finish(struct stream *s)
{
	if (s->conn.ending)
		return;
	all(&s->conn)->over++;
	conn_end(&s->conn);
}

/*
 * Where it stands comes before its events, or when it ends behind them.  Where
 * nothing will ever come any more it just ends.
 */
static void
fill(struct conn *c, struct batch *b)
{
	struct stream *s = (struct stream *)c;
	bool first = c->todo & HEAD || !c->ending;
	bool slow = b->n > 0; /* its last write was cut */
	unsigned before;

	if (c->todo & HEAD)
		(void)batch_add(b, HEAD, STREAM_HEADERS,
		    sizeof(STREAM_HEADERS) - 1);
	if (c->todo & RETRY && first)
		offer_retry(s, b, false);
	before = b->n;
	if (!c->ending || c->todo & LAST || (c->todo & REST && !slow))
		s->sub.feed->fill(&s->sub, b, EVENT);
	c->todo &= (uint8_t) ~(LAST | REST); /* others wait for its return */
	if (b->n == before && is_over(s))
		finish(s);
	if (c->ending && b->full && !(c->todo & CUT))
		c->todo |= REST;
	if (c->todo & RETRY && !first && !b->full)
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
	if (is_over(s))
		finish(s);
}

static void
idle(struct conn *c)
{
	c->todo |= BEAT;
	conn_wake(c);
}

void
streams_tell(struct streams *ss)
{
	struct conn *c;

	TAILQ_FOREACH (c, &ss->conns.list[CONN_OPEN], link)
		if (c->role == &ss->role && !c->ending &&
		    tells((struct stream *)c))
			idle(c);
}

static void
over(struct conn *c)
{
	struct stream *s = (struct stream *)c;
	struct streams *ss = all(c);

	log_debug("stream_closed address fd seconds messages",
	    "stream closed: %s (fd %d), %.3f s, %lu messages",
	    s->address == NULL ? "-" : s->address->text, c->io.fd,
	    conns_seconds(&ss->conns, c->begun), (unsigned long)c->messages);
	s->sub.feed->leave(&s->sub);
	address_leave(&ss->addresses, s->address);
	s->address = NULL;
	age_end(&ss->ages, &s->age);
	permit_end(&ss->permits, c->own);
	ss->open--;
}

size_t
streams_close_channel(struct streams *ss, const char *channel)
{
	const struct channel *ch = hub_find(ss->readers.hub, channel);
	struct cursor *cursor;
	size_t n = 0;

	if (ch == NULL)
		return 0;
	TAILQ_FOREACH (cursor, &ch->readers, link)
		n += stream_cut(&of_subscriber(cursor->reader)->conn);
	return n;
}

size_t
streams_close_subject(struct streams *ss, const char *subject)
{
	return permits_end(&ss->permits, subject);
}

int
streams_init(struct streams *ss, struct ev_loop *loop, const struct config *cfg,
    struct hub *hub,
    void (*request)(void *, struct conn *, const struct gate_event *),
    void *arg)
{
	struct conn_owner owner = {.size = cfg->max_age > 0 ?
					       sizeof(struct stream) :
					       offsetof(struct stream, age),
	    .request = request,
	    .arg = arg};

	memset(ss, 0, sizeof(*ss));
	ss->cfg = cfg;
	ss->role = (struct role){.all = ss,
	    .fill = fill,
	    .took = took,
	    .idle = idle,
	    .retire = retire,
	    .over = over};
	conns_init(&ss->conns, loop, &owner, cfg->heartbeat, cfg->stall);
	if (clock_init(&ss->clock, loop, &ss->conns.now, cfg->interval) == -1)
		return -1;
	ss->clock.feed.wake = stream_wake;
	readers_init(&ss->readers, hub);
	ss->readers.feed.wake = stream_wake;
	permits_init(&ss->permits, loop);
	ages_init(&ss->ages, loop, &ss->conns.now, cfg->max_age, on_age);
	return 0;
}

void
streams_free(struct streams *ss)
{
	conns_free(&ss->conns);
	clock_free(&ss->clock);
}
