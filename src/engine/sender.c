/* SPDX-License-Identifier: ISC */
/*
 * Publications on their way to Redis.  Replies come in the order of the
 * commands, so each is of the oldest publication that has none yet.
 */
#include "engine/sender_inner.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/resp.h"

#define ERROR_MAX 180 /* bytes of an error's text that are told */

/* Of an error what can be told: it comes from elsewhere. */
static void
explain(struct sender *s, const char *what, const struct resp_value *error)
{
	char text[ERROR_MAX + 1];
	int n = snprintf(s->why, sizeof(s->why), "%s: %s", what,
	    resp_quote(text, sizeof(text), error));

	assert(n > 0 && (size_t)n < sizeof(s->why));
	if (s->why[n - 1] == '.') /* more comes behind it */
		s->why[n - 1] = '\0';
}

/* Of one that Redis may not have, and that is in no list any more. */
static void
tell(struct sender *s, struct sending *p, enum publish_result result,
    const char *why)
{
	struct published what = {.result = result,
	    .last = p->last,
	    .events = p->events,
	    .why = why};

	s->events -= p->events;
	s->bytes -= p->bytes;
	if (result == PUBLISH_UNKNOWN)
		s->unknown++;
	sender_tell(s, p, &what);
}

static struct sending *
take(struct sending_list *list)
{
	struct sending *p = STAILQ_FIRST(list);

	if (p != NULL)
		STAILQ_REMOVE_HEAD(list, link);
	return p;
}

const char *
sender_away(const struct sender *s)
{
	const struct sending *oldest = STAILQ_FIRST(&s->confirmed);

	if (s->link->state != LINK_UP)
		return s->link->why;
	if (oldest == NULL)
		oldest = STAILQ_FIRST(&s->sending);
	if (oldest != NULL && *s->link->set->now - oldest->since > SENDER_SLOW)
		return "Redis has not answered for a second";
	return NULL;
}

void
sender_publish(struct sender *s, const struct post *post,
    void (*done)(void *, const struct published *), void *arg)
{
	struct published what = {.events = post->n};
	struct sending *p = NULL;

	assert(post_valid(post));
	if (!sender_knows(s, post, &what) && (p = sender_make(post)) == NULL)
		what.result = PUBLISH_NO_MEMORY;
	if (p == NULL) {
		done(arg, &what);
		return;
	}
	p->done = done;
	p->arg = arg;
	p->since = *s->link->set->now;
	sender_send(s, post, p);
	s->events += p->events;
	s->bytes += p->bytes;
	s->unwaited = s->wait > 0;
	STAILQ_INSERT_TAIL(&s->sending, p, link);
}

/* Redis has it, and as many replicas as should. */
static void
is_there(struct sender *s, struct sending *p)
{
	s->events -= p->events;
	s->bytes -= p->bytes;
	p->since = *s->link->set->now;
	s->coming_n++;
	if (s->coming_n > SENDER_COMING_N)
		sender_finish(s, p, false);
	else
		STAILQ_INSERT_TAIL(&s->coming, p, link);
}

void
sender_turn_ends(struct sender *s)
{
	char replicas[24];

	if (!s->unwaited)
		return;
	s->unwaited = false;
	(void)snprintf(replicas, sizeof(replicas), "%lu", s->wait);
	(void)link_say(s->link, TAG_WAIT, SENDER_PATIENCE,
	    (const char *const[]){"WAIT", replicas, SENDER_WAIT_MS, NULL});
}

/* What one of the publication's XADDs has come to. */
static void
note(struct sender *s, struct sending *p, const struct resp_value *v)
{
	struct eventid id;

	if (v->type == RESP_STRING && eventid_parse(&id, v->text)) {
		if (p->ids++ == 0)
			p->first = id;
		p->last = id;
	} else if (v->type != RESP_ERROR)
		p->strange = true;
	else if (!p->refused) {
		p->refused = true;
		explain(s, "Redis refuses it", v);
	}
}

/* All replies to it are here. */
static void
settle(struct sender *s)
{
	struct sending *p = take(&s->sending);

	if (p->strange || (p->ids > 0 && p->ids != p->entries))
		tell(s, p, PUBLISH_UNKNOWN,
		    "Redis has answered what it should not");
	else if (p->ids == 0)
		tell(s, p, PUBLISH_AWAY,
		    p->refused ? s->why : "Redis has dropped it");
	else if (s->wait > 0)
		STAILQ_INSERT_TAIL(&s->confirmed, p, link);
	else
		is_there(s, p);
}

/* EXEC: all ids, or none. */
static void
on_exec(struct sender *s, struct sending *p, const struct resp_value *v)
{
	const struct resp_value *each;

	if (v->type == RESP_ARRAY)
		for (each = v->first; each != NULL; each = each->next)
			note(s, p, each);
	else if (v->type != RESP_NIL)
		note(s, p, v);
	settle(s);
}

/* WAIT: of all that were confirmed before it. */
static void
on_wait(struct sender *s, const struct resp_value *v)
{
	enum publish_result result = PUBLISH_UNKNOWN;
	struct sending *p;

	if (v->type == RESP_ERROR)
		explain(s, "whether replicas have it Redis does not say", v);
	else if (v->type != RESP_INTEGER || v->number < 0)
		(void)snprintf(s->why, sizeof(s->why),
		    "whether replicas have it Redis does not say");
	else if ((unsigned long long)v->number >= s->wait)
		result = PUBLISHED;
	else
		(void)snprintf(s->why, sizeof(s->why),
		    "of the %lu replicas of --redis-wait only %lld have it",
		    s->wait, v->number);
	while ((p = take(&s->confirmed)) != NULL)
		if (result == PUBLISHED)
			is_there(s, p);
		else
			tell(s, p, result, s->why);
}

void
sender_reply(struct sender *s, int tag, const struct resp_value *v)
{
	struct sending *p = STAILQ_FIRST(&s->sending);

	if (tag == TAG_WAIT) {
		on_wait(s, v);
		return;
	}
	assert(p != NULL); /* its commands have one reply each */
	switch (tag) {
	case TAG_XADD:
		note(s, p, v);
		settle(s);
		break;
	case TAG_MULTI: /* if it is refused what follows is executed alone */
		if (!resp_is(v, RESP_STATUS, "OK"))
			note(s, p, v);
		break;
	case TAG_QUEUED:
		if (!resp_is(v, RESP_STATUS, "QUEUED"))
			note(s, p, v);
		break;
	case TAG_EXEC:
		on_exec(s, p, v);
		break;
	}
}

void
sender_down(struct sender *s)
{
	struct sending *p;

	s->unwaited = false;
	while ((p = take(&s->confirmed)) != NULL)
		tell(s, p, PUBLISH_UNKNOWN,
		    "Redis had it, and went away before its replicas did");
	while ((p = take(&s->sending)) != NULL) {
		(void)snprintf(s->why, sizeof(s->why), "Redis is away: %.*s",
		    (int)sizeof(s->why) - 20, s->link->why);
		if (link_written(s->link, p->begins))
			tell(s, p, PUBLISH_UNKNOWN,
			    "Redis went away before it had answered");
		else
			tell(s, p, PUBLISH_AWAY, s->why);
	}
}

void
sender_stop(struct sender *s)
{
	struct sending *p;

	sender_down(s);
	while ((p = take(&s->coming)) != NULL)
		sender_finish(s, p, false);
}

void
sender_init(struct sender *s, struct link *l, const struct hub *h,
    struct repeats *repeats, const char *key, unsigned long wait)
{
	*s = (struct sender){.link = l,
	    .hub = h,
	    .repeats = repeats,
	    .key = key,
	    .wait = wait};
	STAILQ_INIT(&s->sending);
	STAILQ_INIT(&s->confirmed);
	STAILQ_INIT(&s->coming);
}
