/* SPDX-License-Identifier: ISC */
/*
 * From a request to a stream: which channels, and from where on.  A position
 * that we cannot know is no error, which would end the browser's EventSource
 * for good: it begins with a gap.  That end is right for one client alone: who
 * has had the ends of all its channels, and comes back.
 */
#include "serve/subscribe.h"

#include <stdlib.h>
#include <string.h>

#include "serve/ahead.h"
#include "serve/arguments.h"
#include "serve/reply.h"
#include "serve/tickets.h"

#define HISTORY_MAX 1000 /* events to count back: it takes time */

#define EARLIEST "earliest" /* the last event id before all that is held */
#define ALL	 "all"	    /* the history that begins with the channels */
#define HEARD	 "event"    /* the heartbeat that a page sees */

/* What a stream begins with. */
struct beginning {
	struct position p;
	bool ahead; /* the engine is to come to p.id first */
};

/*
 * What an id stands for.  Where the engine has nobody wait for what is ahead
 * that is not known: a gap that was none does no harm, a hole would.
 */
static struct beginning
after(const struct server *sv, const char *text)
{
	static const enum position_kind kinds[] = {[PLACE_AFTER] =
						       POSITION_AFTER,
	    [PLACE_AHEAD] = POSITION_UNKNOWN,
	    [PLACE_ANOTHER_LIFE] = POSITION_RESTART,
	    [PLACE_LOST] = POSITION_LOST,
	    [PLACE_UNKNOWN] = POSITION_UNKNOWN,
	    [PLACE_NOT_YET] = POSITION_UNKNOWN};
	struct beginning b = {.p.kind = POSITION_UNKNOWN};
	const struct engine *engine = sv->engine;
	enum place place;

	if (strcmp(text, EARLIEST) == 0)
		b.p.kind = POSITION_EARLIEST;
	else if (eventid_parse(&b.p.id, text)) {
		place = engine->place(engine, b.p.id);
		b.p.kind = kinds[place];
		b.ahead = place == PLACE_AHEAD && engine->await != NULL;
	}
	return b;
}

/* How much a beginning says that is asked for together with others. */
static int
worth(const struct beginning *b)
{
	static const int worths[] = {[POSITION_AFTER] = 4,
	    [POSITION_LOST] = 3,
	    [POSITION_EARLIEST] = 2,
	    [POSITION_RESTART] = 1,
	    [POSITION_UNKNOWN] = 0};

	return b->ahead ? 5 : worths[b->p.kind];
}

/* Of several the newest that is valid. */
static struct beginning
newest(const struct server *sv, const struct arguments_ids *ids)
{
	struct beginning best = after(sv, ids->id[0]), b;
	size_t i;

	for (i = 1; i < ids->n; i++) {
		b = after(sv, ids->id[i]);
		if (worth(&b) > worth(&best) ||
		    (worth(&b) == worth(&best) &&
			(b.ahead || b.p.kind == POSITION_AFTER) &&
			eventid_compare(b.p.id, best.p.id) > 0))
			best = b;
	}
	return best;
}

/* The last so many events, or all. */
static const char *
read_history(struct position *p, const char *text)
{
	p->kind = POSITION_ALL;
	if (strcmp(text, ALL) == 0)
		return NULL;
	if (strspn(text, "0123456789") != strlen(text))
		return "history= takes a number of events, in digits, or all";
	p->kind = POSITION_HISTORY;
	p->n = strtoul(text, NULL, 10);
	if (p->n > HISTORY_MAX)
		p->n = HISTORY_MAX;
	return NULL;
}

/*
 * Where the stream begins: where the client says it was, or else where its page
 * says; or else with the last so many events, or now.
 */
static const char *
find_beginning(struct beginning *b, const struct server *sv,
    const struct arguments *a)
{
	*b = (struct beginning){.p.kind = POSITION_NOW};
	if (a->own.n > 0)
		*b = newest(sv, &a->own);
	else if (a->page.n > 0)
		*b = newest(sv, &a->page);
	else if (a->history != NULL && *a->history != '\0')
		return read_history(&b->p, a->history);
	b->p.by_page = a->own.n == 0;
	return NULL;
}

/* The greatest count that one of these tells. */
static uint64_t
greatest(const struct arguments_ids *ids)
{
	uint64_t count = 0, n;
	size_t i;

	for (i = 0; i < ids->n; i++)
		if ((n = clock_count(ids->id[i])) > count)
			count = n;
	return count;
}

static const char *
open_clock(struct server *sv, struct conn *c, const struct request *r,
    const struct grant *g, const struct arguments *a)
{
	if (a->channels == 0 && (a->history != NULL || a->event != NULL))
		return "no channel is named, by channel=NAME: the clock has no "
		       "history and no types";
	if (r->method == METHOD_HEAD)
		stream_head(c);
	else
		stream_open_clock(&sv->streams, c, r, g,
		    greatest(a->own.n > 0 ? &a->own : &a->page),
		    a->heartbeat != NULL && strcmp(a->heartbeat, HEARD) == 0);
	return NULL;
}

static const char *
open_channels(struct server *sv, struct conn *c, const struct request *r,
    const struct grant *g, const struct arguments *a)
{
	const char *wrong;
	struct beginning b;
	size_t i;

	for (i = 0; i < a->channels; i++)
		if (strcmp(a->channel[i], CHANNEL_CLOCK) == 0)
			return "the clock stands alone: open a second stream "
			       "for the channels";
	wrong = find_beginning(&b, sv, a);
	if (wrong != NULL)
		return wrong;
	if (r->method == METHOD_HEAD)
		stream_head_channels(&sv->streams, c, a->channel, a->channels,
		    &b.p);
	else if (b.p.kind != POSITION_NOW && !engine_is_filled(sv->engine))
		stream_refuse(&sv->streams, c, r, REFUSED_ENGINE);
	else if (b.ahead)
		ahead_wait(&sv->aheads, c, r, g, a->channel, a->channels, &b.p);
	else
		stream_open_channels(&sv->streams, c, r, g, a->channel,
		    a->channels, &b.p);
	return NULL;
}

static const char *
open_what_is_asked(struct server *sv, struct conn *c, const struct request *r,
    const struct grant *g, const struct arguments *a)
{
	return arguments_clock(a) ? open_clock(sv, c, r, g, a) :
				    open_channels(sv, c, r, g, a);
}

/* By its ticket, if its location wants one; it lasts no longer than that. */
static const char *
open_permitted(struct server *sv, struct conn *c, const struct request *r,
    const struct arguments *a)
{
	struct ticket *t;
	enum ticket_fault fault =
	    tickets_check(&sv->tickets, r, a, TICKET_READS, &t);
	const char *wrong;
	struct grant g;

	if (fault == TICKET_NO_MEMORY && r->method != METHOD_HEAD) {
		stream_refuse(&sv->streams, c, r, REFUSED_MEMORY);
		return NULL;
	}
	if (fault != TICKET_GOOD) {
		reply(c, r->method, tickets_status(fault), "",
		    tickets_text(fault, TICKET_READS));
		return NULL;
	}
	if (t == NULL)
		return open_what_is_asked(sv, c, r, NULL, a);
	g = (struct grant){.until = (double)t->exp, .subject = t->subject};
	wrong = open_what_is_asked(sv, c, r, &g, a);
	ticket_free(t);
	return wrong;
}

void
subscribe(struct server *sv, struct conn *c, const struct request *r)
{
	struct arguments a;
	const char *wrong = arguments_read(&a, r);

	if (wrong == NULL)
		wrong = open_permitted(sv, c, r, &a);
	if (wrong != NULL)
		reply(c, r->method, 400, "", wrong);
}
