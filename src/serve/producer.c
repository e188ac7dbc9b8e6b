/* SPDX-License-Identifier: ISC */
/*
 * The exchange of a feed: its bytes become events.
 */
#include "serve/producer_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "channel/sse_parse.h"
#include "channel/type.h"
#include "serve/reply.h"

void
producer_count(struct producer *p)
{
	size_t bytes = sse_split_size(&p->split);

	p->all->by->bodies.bytes += bytes - p->bytes;
	p->bytes = bytes;
}

/* What follows is not taken any more; what came before it is published. */
static void
fail(struct producer *p, int status, const char *why)
{
	p->course = FAILS;
	p->status = status;
	p->why = why;
}

/* An event is whole. */
static void
take_event(struct producer *p)
{
	struct sse_message m = sse_split_event(&p->split);
	const char *wrong = type_fault(m.type);

	if (m.type == NULL)
		m.type = p->type;
	if (p->done != NULL && strlen(p->done) == m.len &&
	    memcmp(p->done, m.data, m.len) == 0) {
		p->course = ENDS;
		p->ends = true;
	} else if (wrong != NULL)
		fail(p, 400, wrong);
	else if (!publication_fits(p->all->by->cfg, &m))
		fail(p, 413, NULL);
	else {
		p->any = true;
		sse_split_keep(&p->split);
		return;
	}
	sse_split_drop(&p->split);
}

/* Its end: is it one? */
static void
end_body(struct producer *p)
{
	const char *rest = sse_split_rest(&p->split);

	if (p->measured && p->received != p->length)
		fail(p, 400, NULL);
	else if (rest != NULL)
		fail(p, 400, rest);
	else if (p->done != NULL && !p->ends)
		fail(p, 400,
		    "the body is over, and the message that done= names has "
		    "not come");
	else if (!p->any && !p->ends)
		fail(p, 400, SSE_PARSE_NO_EVENT);
	else
		p->course = ENDS;
}

static void
take(struct producer *p, const char *bytes, size_t len)
{
	size_t used;

	p->received += len;
	for (; len > 0 && p->course == GOES_ON; bytes += used, len -= used)
		switch (sse_split_read(&p->split, bytes, len, &used)) {
		case SPLIT_MORE:
			break;
		case SPLIT_EVENT:
			take_event(p);
			break;
		case SPLIT_BAD:
			fail(p, 400, p->split.why);
			break;
		case SPLIT_LARGE:
			fail(p, 413, NULL);
			break;
		case SPLIT_NO_MEMORY:
			fail(p, 503, REPLY_NO_MEMORY);
			break;
		}
	if (p->measured && p->received > p->length && p->course == GOES_ON)
		fail(p, 400, NULL);
}

/* What follows the feed's end is passed over. */
static void
body(struct conn *c, const uint8_t *data, size_t len)
{
	struct producer *p = c->own;

	if (p->course != GOES_ON)
		return;
	if (data == NULL)
		end_body(p);
	else
		take(p, (const char *)data, len);
}

static void
brought(struct conn *c)
{
	struct producer *p = c->own;

	producer_count(p);
	producer_push(p);
}

/*
 * The exchange is over before it is answered: the producer has died, unless the
 * feed's end was here, and then nothing is lost by that.
 */
static void
over(struct conn *c)
{
	struct producer *p = c->own;

	if (p->conn == NULL)
		return;
	(void)producer_leave(p);
	if (p->course == GOES_ON)
		p->course = DIED;
	producer_count(p);
	producer_push(p);
}

static void
end_here(struct producer *p, int status, const char *why, enum course course)
{
	if (p->state == POST_GIVEN)
		producer_break_off(p, 504, PRODUCER_UNKNOWN, course);
	else
		producer_break_off(p, status, why, course);
	producer_push(p);
}

/* The process ends. */
static void
retire(struct conn *c)
{
	end_here(c->own, 503, PUBLICATION_ENDING, LEFT);
}

/*
 * Its producer may come again with a ticket that is good, as any that died.  If
 * all of the feed was here in time it is for the engine alone to say.
 */
static bool
forbid(struct conn *c)
{
	struct producer *p = c->own;

	if (p->course != GOES_ON)
		return false;
	end_here(p, 401, "its ticket is not good any longer", DIED);
	return true;
}

static struct producer *
new_producer(struct producers *all, struct publication *of, const char *done,
    const struct grant *g)
{
	struct permits *permits = &all->streams->permits;
	struct producer *p = calloc(1, sizeof(*p));
	size_t n;

	if (p == NULL)
		return NULL;
	p->all = all;
	p->done = done == NULL ? NULL : strdup(done);
	for (n = 0; n < of->post.channels_n; n++)
		if (grace_feed_begins(&all->graces, of->channel[n]) == -1)
			break;
		else
			p->channel[n] = of->channel[n];
	if (g != NULL)
		p->permit = permit_begin(permits, g, of->conn, forbid, 0);
	if (n == of->post.channels_n && (done == NULL || p->done != NULL) &&
	    (g == NULL || p->permit != NULL))
		return p;
	permit_end(permits, p->permit);
	producer_leave_channels(p, n);
	free(p->done);
	free(p);
	return NULL;
}

void
producer_begin(struct publication *of, const char *done, const struct grant *g)
{
	struct producers *all = of->by->producers;
	unsigned long max = of->by->cfg->max_per_subject;
	struct conn *c = of->conn;
	struct producer *p;

	if (streams_full(all->streams)) {
		publication_refuse(of, 503,
		    "there are as many streams and feeds as the %lu of "
		    "--max-streams: try again",
		    of->by->cfg->max_streams);
		return;
	}
	if (g != NULL && permits_full(&all->streams->permits, g, max)) {
		publication_refuse(of, 503,
		    "there are as many streams and feeds of this subject as "
		    "the %lu of --max-per-subject: try again",
		    max);
		return;
	}
	if (of->by->bodies.bytes > of->by->bodies.max) {
		publication_refuse(of, 503, PUBLICATION_NO_ROOM);
		return;
	}
	p = new_producer(all, of, done, g);
	if (p == NULL) {
		publication_no_memory(of);
		return;
	}
	p->conn = c;
	p->most = ENGINE_BATCH_MAX;
	p->ends = of->post.end;
	p->measured = of->measured;
	p->length = of->length;
	p->post.channels = p->channel;
	p->post.channels_n = of->post.channels_n;
	p->type = of->type;
	p->words = publication_words(of);
	sse_split_init(&p->split, of->by->cfg->max_event, false);
	all->n++;
	all->begun++;
	conn_serve(c, &all->role, p);
	conn_want_feed(c);
}

void
producers_init(struct producers *all, struct publisher *by, struct streams *ss,
    const struct hub *h)
{
	*all = (struct producers){
	    .role = {.all = all,
		.body = body,
		.brought = brought,
		.retire = retire,
		.over = over},
	    .by = by,
	    .streams = ss,
	};
	role_only_waits(&all->role);
	graces_init(&all->graces, by->engine, h, &ss->conns.now,
	    by->cfg->feed_grace);
	TAILQ_INIT(&all->given);
	TAILQ_INIT(&all->refused);
	ev_init(&all->again, producers_again);
	all->again.data = all;
	by->producers = all;
}

void
producers_free(struct producers *all)
{
	assert(all->n == 0);
	graces_free(&all->graces);
}
