/* SPDX-License-Identifier: ISC */
/*
 * From a request to a stream: which channels, and from where on.  A position
 * that we cannot know is no error, which would end the browser's EventSource
 * for good: it begins with a gap.
 */
#include "subscribe.h"

#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "reply.h"
#include "server.h"

#define HISTORY_MAX 1000 /* events to count back: it takes time */

/* The position that an id stands for. */
static struct position
after(const struct server *sv, const char *text)
{
	struct position p = {.kind = POSITION_UNKNOWN};

	if (!eventid_parse(&p.id, text))
		return p;
	if (!sv->engine->ours(sv->engine, p.id))
		p.kind = POSITION_RESTART;
	else if (eventid_compare(p.id, sv->hub.last) <= 0)
		p.kind = POSITION_AFTER;
	return p;
}

static bool
is_there(const char *value)
{
	return value != NULL && *value != '\0';
}

/*
 * Where the stream begins: where the browser says it was, or else where the
 * page says; or else with the last so many events, or now.
 */
static const char *
find_position(struct position *p, const struct server *sv,
    const struct request *r, const struct asked *a)
{
	*p = (struct position){.kind = POSITION_NOW};
	if (is_there(r->last_event_id))
		*p = after(sv, r->last_event_id);
	else if (is_there(a->last_event_id))
		*p = after(sv, a->last_event_id);
	else if (is_there(a->history)) {
		if (strspn(a->history, "0123456789") != strlen(a->history))
			return "history is a number of events";
		p->kind = POSITION_HISTORY;
		p->n = strtoul(a->history, NULL, 10);
		if (p->n > HISTORY_MAX)
			p->n = HISTORY_MAX;
	}
	return NULL;
}

static void
open_stream(struct stream *s, const struct request *r, const struct asked *a)
{
	struct position p;
	const char *wrong;
	size_t i;

	if (asked_clock(a)) {
		if (r->method == METHOD_HEAD)
			stream_head(s);
		else
			stream_open_clock(s, r);
		return;
	}
	for (i = 0; i < a->channels; i++)
		if (strcmp(a->channel[i], ASKED_CLOCK) == 0) {
			reply(&s->conn, r->method, 400, "",
			    "the clock stands alone");
			return;
		}
	wrong = find_position(&p, server_of(s), r, a);
	if (wrong != NULL)
		reply(&s->conn, r->method, 400, "", wrong);
	else if (r->method == METHOD_HEAD)
		stream_head(s);
	else
		stream_open_channels(s, r, a->channel, a->channels, &p);
}

void
subscribe(struct stream *s, const struct request *r)
{
	struct asked a;
	const char *wrong = asked_read(&a, r);

	if (wrong != NULL)
		reply(&s->conn, r->method, 400, "", wrong);
	else
		open_stream(s, r, &a);
}
