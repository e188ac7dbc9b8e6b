/* SPDX-License-Identifier: ISC */
/*
 * What comes next to a reader: of all that its channels have for it, what has
 * the lowest id.  Each step costs a look at each of the channels, at what they
 * have next, and nothing is looked for twice.
 */
#include "channel/step.h"

#include <assert.h>
#include <stddef.h>

static const struct channel *
channel_of(const struct walk *w, unsigned i)
{
	return reader_cursors(&w->r)[i].channel;
}

struct eventid
walk_from(const struct walk *w, unsigned i)
{
	const struct beginnings *b = reader_beginnings(&w->r);

	return b != NULL && eventid_compare(b->in[i], w->r.at) > 0 ? b->in[i] :
								     w->r.at;
}

/* The channel's next event, or its end, for who stands there. */
static struct step
next_of(const struct channel *ch, uint64_t number, struct eventid from)
{
	const struct held *e;

	if (number < ch->end) {
		e = channel_entry(ch, number);
		return (struct step){STEP_EVENT, e->id, e};
	}
	if (eventid_compare(ch->ended, from) > 0)
		return (struct step){STEP_END, ch->ended, NULL};
	return (struct step){.kind = STEP_NONE};
}

static void
look(struct walk *w, unsigned i)
{
	const struct channel *ch = channel_of(w, i);
	struct eventid from = walk_from(w, i);
	struct place *p = &w->place[i];

	p->number = channel_after(ch, from);
	p->step = next_of(ch, p->number, from);
	p->lost = channel_lost(ch, from);
	p->known = p->due = false;
}

/* The lowest event or end. */
static void
choose(struct walk *w)
{
	const struct place *p = w->place;
	unsigned i;

	w->step.kind = STEP_NONE;
	for (i = 0; i < w->r.n; i++, p++)
		if (p->step.kind != STEP_NONE &&
		    (w->step.kind == STEP_NONE ||
			eventid_compare(p->step.id, w->step.id) < 0)) {
			w->step = p->step;
			w->which = i;
		}
}

/*
 * The lowest of the channel's events that is joined to this one by events whose
 * ids have nothing between them.
 */
static struct eventid
joined(const struct channel *ch, uint64_t first, uint64_t number)
{
	struct eventid id = channel_entry(ch, number)->id, other;
	uint64_t low = first, high = number, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		other = channel_entry(ch, middle)->id;
		if (other.ms == id.ms && id.n - other.n == number - middle)
			high = middle;
		else
			low = middle + 1;
	}
	return channel_entry(ch, high)->id;
}

/*
 * Is the id a step of the channel's that the reader still gets?  Then it is
 * lowered below that, and below those that are joined to it.
 */
static bool
lower(const struct walk *w, unsigned i, struct eventid *id)
{
	const struct channel *ch = channel_of(w, i);
	const struct place *p = &w->place[i];
	uint64_t number;

	if (eventid_compare(*id, walk_from(w, i)) <= 0)
		return false;
	if (eventid_compare(*id, ch->ended) == 0) {
		*id = eventid_before(*id);
		return true;
	}
	number = channel_after(ch, *id);
	if (number == p->number ||
	    eventid_compare(channel_entry(ch, number - 1)->id, *id) != 0)
		return false;
	*id = eventid_before(joined(ch, p->number, number - 1));
	return true;
}

/* The highest id, from this one down, that is no step of the reader's. */
static struct eventid
lowered(const struct walk *w, struct eventid id, struct eventid from)
{
	unsigned i = 0, others = 0;

	while (others < w->r.n && eventid_compare(id, from) > 0) {
		others = lower(w, i, &id) ? 0 : others + 1;
		i = (i + 1) % w->r.n;
	}
	return id;
}

/*
 * Is the channel's loss to be told before the next event or end?  If there is
 * none between it and where the reader stands, its gap has its own id.  If all
 * ids between that and the loss may be steps, they are looked at.
 */
static bool
is_due(struct walk *w, unsigned i)
{
	struct place *p = &w->place[i];

	for (; p->lost != NULL;
	     p->lost = channel_lost(channel_of(w, i), p->lost->upto)) {
		if (w->step.kind == STEP_NONE ||
		    eventid_compare(p->lost->upto, w->step.id) < 0) {
			p->gap = p->lost->upto;
			return true;
		}
		if (p->lost->upto.ms - w->step.id.ms > 1)
			return false;
		if (!p->known)
			p->gap = lowered(w, p->lost->upto, walk_from(w, i));
		p->known = true;
		if (eventid_compare(p->gap, walk_from(w, i)) > 0)
			return eventid_compare(p->gap, w->step.id) < 0;
		p->known = false; /* it is told */
	}
	return false;
}

/* If gaps are due, the lowest of them, with all that have its id. */
static void
choose_gaps(struct walk *w)
{
	struct step gap = {.kind = STEP_NONE};
	struct place *p = w->place;
	unsigned i;

	for (i = 0; i < w->r.n; i++, p++) {
		p->due = p->lost != NULL && is_due(w, i);
		if (p->due && (gap.kind == STEP_NONE ||
				  eventid_compare(p->gap, gap.id) < 0))
			gap = (struct step){.kind = STEP_GAP, .id = p->gap};
	}
	if (gap.kind == STEP_NONE)
		return;
	w->step = gap;
	w->gaps = 0;
	for (i = 0, p = w->place; i < w->r.n; i++, p++) {
		p->due = p->due && eventid_compare(p->gap, gap.id) == 0;
		w->gaps += p->due;
	}
}

/* Whose position was none begins with all that is held. */
static void
choose_gap_of_all(struct walk *w)
{
	w->step.kind = STEP_GAP;
	w->step.id =
	    w->r.lost == LOSS_SOURCE ? w->r.at : reader_hub(&w->r)->base;
	w->gaps = 1;
}

static void
look_at_all(struct walk *w)
{
	unsigned i;

	for (i = 0; i < w->r.n; i++)
		look(w, i);
	choose(w);
	choose_gaps(w);
}

void
walk_begin(struct walk *w, const struct reader *r)
{
	w->r = *r;
	if (r->lost != 0)
		choose_gap_of_all(w);
	else
		look_at_all(w);
}

/* The channels' next, behind a step that was the next of some of them. */
static void
pass(struct walk *w)
{
	const struct channel *ch;
	struct place *p = w->place;
	unsigned i;

	for (i = 0; i < w->r.n; i++, p++) {
		if (p->step.kind != w->step.kind ||
		    eventid_compare(p->step.id, w->step.id) != 0)
			continue;
		ch = channel_of(w, i);
		p->number += p->step.kind == STEP_EVENT;
		p->step = next_of(ch, p->number, w->r.at);
	}
	choose(w);
}

/* The gap is told: what else have these channels lost? */
static void
tell(struct walk *w)
{
	struct place *p = w->place;
	unsigned i;

	for (i = 0; i < w->r.n; i++, p++)
		if (p->due) {
			p->lost = channel_lost(channel_of(w, i), p->lost->upto);
			p->known = false;
		}
	choose(w);
}

void
walk_on(struct walk *w)
{
	assert(w->step.kind != STEP_NONE);
	w->r.at = w->step.id;
	if (w->r.lost != 0) {
		w->r.lost = 0;
		look_at_all(w);
		return;
	}
	if (w->step.kind == STEP_GAP)
		tell(w);
	else
		pass(w);
	choose_gaps(w);
}
