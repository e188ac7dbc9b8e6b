/* SPDX-License-Identifier: ISC */
/*
 * From a request to a stream: which channels, and from where on.  A position
 * that we cannot know is no error, which would end the browser's EventSource
 * for good: it begins with a gap.
 */
#include "serve/subscribe.h"

#include <stdlib.h>
#include <string.h>

#include "serve/arguments.h"
#include "serve/reply.h"

#define HISTORY_MAX 1000 /* events to count back: it takes time */

#define EARLIEST "earliest" /* the last event id before all that is held */

/*
 * The position that an id stands for.  Nobody waits here for what is ahead: a
 * gap that was none does no harm, a hole would.
 */
static struct position
after(const struct server *sv, const char *text)
{
	static const int kinds[] = {[PLACE_AFTER] = POSITION_AFTER,
	    [PLACE_AHEAD] = POSITION_UNKNOWN,
	    [PLACE_ANOTHER_LIFE] = POSITION_RESTART,
	    [PLACE_UNKNOWN] = POSITION_UNKNOWN};
	struct position p = {.kind = POSITION_UNKNOWN};

	if (strcmp(text, EARLIEST) == 0)
		p.kind = POSITION_EARLIEST;
	else if (eventid_parse(&p.id, text))
		p.kind = kinds[sv->engine->place(sv->engine, p.id)];
	return p;
}

/* How much a position says that is asked for together with others. */
static int
worth(const struct position *p)
{
	static const int worths[] = {[POSITION_AFTER] = 3,
	    [POSITION_EARLIEST] = 2,
	    [POSITION_RESTART] = 1,
	    [POSITION_UNKNOWN] = 0};

	return worths[p->kind];
}

/* Of several the newest that is valid. */
static struct position
newest(const struct server *sv, const struct arguments_ids *ids)
{
	struct position best = after(sv, ids->id[0]), p;
	size_t i;

	for (i = 1; i < ids->n; i++) {
		p = after(sv, ids->id[i]);
		if (worth(&p) > worth(&best) ||
		    (p.kind == POSITION_AFTER && best.kind == POSITION_AFTER &&
			eventid_compare(p.id, best.id) > 0))
			best = p;
	}
	return best;
}

/*
 * Where the stream begins: where the client says it was, or else where its page
 * says; or else with the last so many events, or now.
 */
static const char *
find_position(struct position *p, const struct server *sv,
    const struct arguments *a)
{
	*p = (struct position){.kind = POSITION_NOW};
	if (a->own.n > 0)
		*p = newest(sv, &a->own);
	else if (a->page.n > 0)
		*p = newest(sv, &a->page);
	else if (a->history != NULL && *a->history != '\0') {
		if (strspn(a->history, "0123456789") != strlen(a->history))
			return "history= takes a number of events, in digits";
		p->kind = POSITION_HISTORY;
		p->n = strtoul(a->history, NULL, 10);
		if (p->n > HISTORY_MAX)
			p->n = HISTORY_MAX;
	}
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
    const struct arguments *a)
{
	if (a->channels == 0 && (a->history != NULL || a->event != NULL))
		return "no channel is named, by channel=NAME: the clock has no "
		       "history and no types";
	if (r->method == METHOD_HEAD)
		stream_head(c);
	else
		stream_open_clock(&sv->streams, c, r,
		    greatest(a->own.n > 0 ? &a->own : &a->page));
	return NULL;
}

static const char *
open_channels(struct server *sv, struct conn *c, const struct request *r,
    const struct arguments *a)
{
	const char *wrong;
	struct position p;
	size_t i;

	for (i = 0; i < a->channels; i++)
		if (strcmp(a->channel[i], ARGUMENTS_CLOCK) == 0)
			return "the clock stands alone: open a second stream "
			       "for the channels";
	wrong = find_position(&p, sv, a);
	if (wrong != NULL)
		return wrong;
	if (r->method == METHOD_HEAD)
		stream_head(c);
	else
		stream_open_channels(&sv->streams, c, r, a->channel,
		    a->channels, &p);
	return NULL;
}

void
subscribe(struct server *sv, struct conn *c, const struct request *r)
{
	struct arguments a;
	const char *wrong = arguments_read(&a, r);

	if (wrong == NULL)
		wrong = arguments_clock(&a) ? open_clock(sv, c, r, &a) :
					      open_channels(sv, c, r, &a);
	if (wrong != NULL)
		reply(c, r->method, 400, "", wrong);
}
