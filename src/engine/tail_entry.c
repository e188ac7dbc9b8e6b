/* SPDX-License-Identifier: ISC */
/*
 * One entry of the stream on its way into the hub; and what is told in place of
 * one that is lost.  The hub's last id is never above ours, so whatever comes
 * behind ours can be published, or lost, with its own.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "engine/entry.h"
#include "engine/tail_inner.h"

#define LOG_PERIOD 60.0 /* seconds between lines about the same */

/* May there be a line again? */
static bool
tells(const struct tail *t, double *told)
{
	double now = *t->hub->set.now;

	if (*told >= 0 && now - *told < LOG_PERIOD)
		return false;
	*told = now;
	return true;
}

void
tail_skip(struct tail *t, struct eventid id, const char *why)
{
	char text[EVENTID_SIZE];

	t->skipped++;
	if (!tells(t, &t->inner->told_skip))
		return;
	(void)eventid_format(text, id);
	log_warn("--redis-key %s: entry %s is no event: %s (%llu so far)",
	    t->set.key, text, why, t->skipped);
}

void
tail_lose(struct tail *t, struct eventid upto)
{
	char from[EVENTID_SIZE], to[EVENTID_SIZE];

	(void)eventid_format(from, t->at);
	(void)eventid_format(to, upto);
	t->losses++;
	t->inner->anew = t->inner->equal = false;
	hub_lost(t->hub, (struct loss){upto, LOSS_SOURCE});
	if (tells(t, &t->inner->told_loss))
		log_warn("--redis-key %s: what was between %s and %s is lost, "
			 "as streams are told (loss %llu)",
		    t->set.key, from, to, t->losses);
	tail_passes(t, upto);
	t->inner->print = TAIL_NO_ENTRY;
}

/*
 * The greatest id below this one, unless eventid_before() says one that is
 * above ours as well: that one looks better.
 */
static struct eventid
before(const struct tail *t, struct eventid id)
{
	struct eventid near = eventid_before(id);

	if (id.n > 0)
		return (struct eventid){id.ms, id.n - 1};
	if (eventid_compare(near, t->at) > 0)
		return near;
	return (struct eventid){id.ms - 1, UINT64_MAX};
}

/*
 * The first entry behind ours, which is gone.  Where there is no room between
 * them, nothing can have been there; unless the stream was begun anew, or is an
 * older copy: then it is lost itself, for want of an id.  But who says "here"
 * right behind ours has found that ours was the last.
 */
static void
lose_between(struct tail *t, struct eventid id, bool here)
{
	struct tail_inner *in = t->inner;
	struct eventid upto = before(t, id);
	bool room = eventid_compare(upto, t->at) > 0;

	in->holds = true;
	if (tail_is_zero(t->at) || (here && !room && !in->anew))
		return;
	if (in->anew || in->below)
		tail_owes_note(t);
	if (room)
		tail_lose(t, upto);
	else if (in->anew || in->below)
		tail_lose(t, id);
}

/* False: the hub has no room for it now. */
static bool
publish(struct tail *t, const struct entry *e)
{
	const struct post post = {.channels = &e->channel,
	    .channels_n = 1,
	    .messages = &e->message,
	    .n = 1};
	size_t readers;
	enum hub_result result = hub_publish(t->hub, &post, &e->id, &readers);

	if (result == HUB_NO_ROOM)
		return false;
	if (result == HUB_DONE)
		return true;
	t->losses++;
	hub_lose(t->hub, e->channel, (struct loss){e->id, LOSS_SOURCE});
	return true;
}

bool
tail_says_lost(const struct resp_value *note)
{
	const struct resp_value *name = note->first->next->first;

	for (; name != NULL; name = name->next->next)
		if (resp_is(name, RESP_STRING, "n"))
			return resp_is(name->next, RESP_STRING, "lost");
	return false;
}

static void
took(struct tail *t, struct eventid id, uint64_t print)
{
	struct tail_inner *in = t->inner;

	t->entries++;
	in->seen = (struct eventid){0, 0};
	in->is_told = in->blind = in->equal = false;
	tail_passes(t, id);
	in->print = print;
}

/* An entry that nobody has read, but its id. */
void
tail_take_large(struct tail *t, struct eventid id)
{
	if (!t->inner->holds)
		lose_between(t, id, false);
	tail_skip(t, id, "it is too large to be read");
	took(t, id, 0);
}

enum tail_result
tail_take(struct tail *t, const struct resp_value *v)
{
	struct entry e;
	const char *why;
	enum entry_kind kind = entry_read(&e, v, t->set.max_event, &why);
	bool is_lost; /* itself */

	if (kind == ENTRY_BAD || eventid_compare(e.id, t->at) <= 0) {
		link_again(&t->link, "Redis sends what is no next entry of a "
				     "stream");
		return TAIL_ENDED;
	}
	if (!t->inner->holds)
		lose_between(t, e.id, kind == ENTRY_NOTE && !tail_says_lost(v));
	is_lost = eventid_compare(e.id, t->at) == 0;
	if (kind == ENTRY_EVENT && !is_lost && !publish(t, &e))
		return TAIL_STUCK;
	if (kind == ENTRY_SKIPPED)
		tail_skip(t, e.id, why);
	if (kind == ENTRY_NOTE && tail_says_lost(v)) {
		if (!is_lost)
			tail_lose(t, e.id);
		t->inner->owes = 0; /* all have this one */
	}
	took(t, e.id, entry_print(v));
	return TAIL_TAKEN;
}
