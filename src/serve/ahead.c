/* SPDX-License-Identifier: ISC */
/*
 * The exchange of a stream that is ahead: waits for the engine, and becomes a
 * stream, or is told to come back.
 */
#include "serve/ahead.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"

struct ahead {
	TAILQ_ENTRY(ahead) link; /* while there is an exchange */
	struct aheads *all;
	struct conn *conn;  /* NULL: the exchange is over */
	struct position p;  /* its id is ahead */
	char *address;	    /* NULL: it is not known; in text */
	bool granted;	    /* by a ticket: */
	struct grant grant; /* its subject is in text */
	size_t n;
	const char *channel[READER_CHANNELS_MAX]; /* in text */
	char text[];
};

/* The exchange is over; the engine has the rest. */
static void
over(struct conn *c)
{
	struct ahead *a = c->own;

	TAILQ_REMOVE(&a->all->list, a, link);
	a->conn = NULL;
}

/* Not known in time: its browser asks anew. */
static void
retire(struct conn *c)
{
	const struct ahead *a = c->own;
	struct streams *ss = a->all->streams;

	stream_refuse(ss, c, &(struct request){.address = a->address},
	    ss->draining ? REFUSED_DRAINING : REFUSED_ENGINE);
}

static void
open_stream(struct ahead *a, enum place place)
{
	struct request r = {.address = a->address};

	if (place == PLACE_AFTER)
		a->p.kind = POSITION_AFTER;
	else if (place == PLACE_LOST)
		a->p.kind = POSITION_LOST;
	else
		a->p.kind = POSITION_UNKNOWN;
	conn_resume(a->conn);
	stream_open_channels(a->all->streams, a->conn, &r,
	    a->granted ? &a->grant : NULL, a->channel, a->n, &a->p);
}

/* Where its id is; it is a stream then, if somebody is there for it. */
static void
on_placed(void *arg, enum place place)
{
	struct ahead *a = arg;

	if (a->conn != NULL && place == PLACE_AHEAD)
		retire(a->conn);
	else if (a->conn != NULL)
		open_stream(a, place);
	assert(a->conn == NULL);
	a->all->n--;
	free(a);
}

/* What is known of the request; NULL: no memory. */
static struct ahead *
new_ahead(const struct request *r, const struct grant *g,
    const char *const channels[], size_t n)
{
	const char *subject = g == NULL ? NULL : g->subject;
	size_t size = room_for(r->address) + room_for(subject), i;
	struct ahead *a;
	char *to;

	assert(n >= 1 && n <= READER_CHANNELS_MAX);
	for (i = 0; i < n; i++)
		size += room_for(channels[i]);
	a = calloc(1, sizeof(*a) + size);
	if (a == NULL)
		return NULL;
	to = a->text;
	for (i = 0; i < n; i++)
		a->channel[i] = room_put(&to, channels[i]);
	a->n = n;
	a->address = room_put(&to, r->address);
	a->granted = g != NULL;
	if (g != NULL)
		a->grant = *g;
	a->grant.subject = room_put(&to, subject);
	return a;
}

void
ahead_wait(struct aheads *all, struct conn *c, const struct request *r,
    const struct grant *g, const char *const channels[], size_t n,
    const struct position *p)
{
	struct ahead *a;

	/* Those that have gone wait with the engine, too, while it is away. */
	if (all->streams->draining ||
	    all->n >= all->streams->cfg->max_streams || all->n >= AHEAD_MAX) {
		stream_refuse(all->streams, c, r,
		    all->streams->draining ? REFUSED_DRAINING : REFUSED_ENGINE);
		return;
	}
	a = new_ahead(r, g, channels, n);
	if (a == NULL) {
		stream_refuse(all->streams, c, r, REFUSED_MEMORY);
		return;
	}
	a->all = all;
	a->conn = c;
	a->p = *p;
	all->n++;
	TAILQ_INSERT_TAIL(&all->list, a, link);
	conn_serve(c, &all->role, a);
	conn_await(c);
	all->engine->await(all->engine, p->id, on_placed, a);
}

static bool
waits_for(const struct ahead *a, const char *channel)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (strcmp(a->channel[i], channel) == 0)
			return true;
	return false;
}

static bool
is_of(const struct ahead *a, const char *subject)
{
	return a->grant.subject != NULL &&
	       strcmp(a->grant.subject, subject) == 0;
}

static size_t
close_those(struct aheads *all,
    bool (*meant)(const struct ahead *, const char *), const char *what)
{
	struct ahead *a, *next;
	size_t n = 0;

	for (a = TAILQ_FIRST(&all->list); a != NULL; a = next) {
		next = TAILQ_NEXT(a, link);
		if (!meant(a, what))
			continue;
		conn_retire(a->conn);
		n++;
	}
	return n;
}

size_t
aheads_close_channel(struct aheads *all, const char *channel)
{
	return close_those(all, waits_for, channel);
}

size_t
aheads_close_subject(struct aheads *all, const char *subject)
{
	return close_those(all, is_of, subject);
}

void
aheads_sweep(struct aheads *all)
{
	const struct conns *cs = &all->streams->conns;
	struct ahead *a;

	/* The sweep comes once a second, and none is to wait longer. */
	while ((a = TAILQ_FIRST(&all->list)) != NULL &&
	       (all->streams->draining ||
		   conns_seconds(cs, a->conn->since) >= AHEAD_PATIENCE - 1))
		conn_retire(a->conn);
}

void
aheads_init(struct aheads *all, struct streams *ss, struct engine *engine)
{
	*all = (struct aheads){
	    .role = {.all = all, .retire = retire, .over = over},
	    .streams = ss,
	    .engine = engine,
	};
	role_only_waits(&all->role);
	TAILQ_INIT(&all->list);
}
