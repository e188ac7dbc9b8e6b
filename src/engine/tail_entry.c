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

#define LOG_PERIOD	60.0 /* seconds between lines about the same */
#define MEMORY_PATIENCE 10.0 /* seconds that an event waits for memory */

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
	log_warn("redis_entry_skipped key id why skipped",
	    "--redis-key %s: entry %s is skipped: %s (%llu so far)", t->set.key,
	    text, why, t->skipped);
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
		log_warn("redis_loss key from to losses",
		    "--redis-key %s: what was between %s and %s is lost, "
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

/* Every channel of it has lost it. */
static void
lose(struct tail *t, const struct entry *e)
{
	size_t i;

	for (i = 0; i < e->channels_n; i++)
		hub_lose(t->hub, e->channels[i],
		    (struct loss){e->id, LOSS_SOURCE});
}

bool
tail_repeats(struct tail *t, const struct entry *e)
{
	struct repeat *k = e->key == NULL ?
			       NULL :
			       repeats_find(&t->repeats, e->channels[0], e->key,
				   e->key_len, e->id.ms);

	if (k == NULL || e->part > k->parts)
		return false;
	repeats_again(&t->repeats, k, e->id);
	t->repeated++;
	return true;
}

void
tail_notes_key(struct tail *t, const struct entry *e, enum entry_kind kind)
{
	if (e->key != NULL)
		repeats_note(&t->repeats, e->channels[0], e->key, e->key_len,
		    e->part, e->id, kind == ENTRY_END);
}

/*
 * There is no memory for the entry: it is tried again, since whoever has it
 * elsewhere was told that it is published.  But one that is as large as that is
 * lost in the end, and not all that is behind it.
 */
static bool
waits_for_memory(struct tail *t, enum entry_kind kind)
{
	struct tail_inner *in = t->inner;
	double now = *t->hub->set.now;

	if (in->starved == 0)
		in->starved = now;
	return kind == ENTRY_END || now - in->starved < MEMORY_PATIENCE;
}

/*
 * An event or an end.  A key is noted where its entry has counted: behind the
 * channel's end nobody has it, and whoever comes with it again hears of that.
 * False: the hub has no room for it now, or no memory.
 */
static bool
publish(struct tail *t, const struct entry *e, enum entry_kind kind)
{
	const struct post post = entry_post(e, kind);
	enum hub_result result;
	size_t readers;

	if (tail_repeats(t, e))
		return true;
	result = hub_publish(t->hub, &post, &e->id, &readers);
	if (result == HUB_NO_ROOM ||
	    (result == HUB_NO_MEMORY && waits_for_memory(t, kind)))
		return false;
	t->inner->starved = 0;
	if (result == HUB_ENDED) {
		tail_skip(t, e->id, TAIL_ENDED_WHY);
		return true;
	}
	if (result != HUB_DONE) {
		t->losses++;
		lose(t, e);
	}
	tail_notes_key(t, e, kind);
	return true;
}

void
tail_closes(struct tail *t, const struct entry *e)
{
	if (t->set.close != NULL)
		t->set.close(t->set.arg, e->message.data);
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
	repeats_time(&t->repeats, id, *t->hub->set.now);
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
		lose_between(t, e.id,
		    kind == ENTRY_NOTE && !tail_note_says(v, TAIL_LOST));
	is_lost = eventid_compare(e.id, t->at) == 0;
	if (kind == ENTRY_EVENT || kind == ENTRY_END) {
		if (is_lost)
			lose(t, &e);
		else if (!publish(t, &e, kind))
			return TAIL_STUCK;
	}
	if (kind == ENTRY_SKIPPED)
		tail_skip(t, e.id, why);
	if (kind == ENTRY_CLOSE)
		tail_closes(t, &e);
	if (kind == ENTRY_NOTE && tail_note_says(v, TAIL_LOST)) {
		if (!is_lost)
			tail_lose(t, e.id);
		t->inner->owes = 0; /* all have this one */
	}
	took(t, e.id, entry_print(v));
	return TAIL_TAKEN;
}
