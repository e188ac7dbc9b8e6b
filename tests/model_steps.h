/* SPDX-License-Identifier: ISC */
#ifndef MODEL_STEPS_H
#define MODEL_STEPS_H

/*
 * What a reader of a hub must get: where it begins, and what comes next.
 */
#include "model.h"

struct model_step {
	enum { MODEL_NOTHING, MODEL_EVENT, MODEL_GAP, MODEL_END } kind;
	struct eventid id;
	size_t event;			 /* its place in the list */
	unsigned end;			 /* the channel */
	unsigned gaps, gap[MODEL_READS]; /* channels that lost up to id */
};

/* Where the reader at this position is in one of its channels. */
static inline struct eventid
model_from(const struct model_reads *r, unsigned channel, struct eventid at)
{
	return above(r->in[channel], at) ? r->in[channel] : at;
}

/* Does the reader still get the event? */
static inline bool
model_gives_event(const struct model *m, const struct model_reads *r,
    struct eventid at, size_t i)
{
	const struct model_event *e = &m->event[i];

	return e->held && r->set & 1U << e->channel &&
	       above(e->id, model_from(r, e->channel, at));
}

/* Does it still get the end? */
static inline bool
model_gives_end(const struct model *m, const struct model_reads *r,
    struct eventid at, unsigned channel)
{
	return above(m->channel[channel].ended, model_from(r, channel, at));
}

/* Is this the id of what the reader gets: an event, or an end? */
static inline bool
model_gives(const struct model *m, const struct model_reads *r,
    struct eventid at, struct eventid id)
{
	size_t i;

	for (i = m->n; i-- > 0 && !above(id, m->event[i].id);)
		if (same(m->event[i].id, id) && model_gives_event(m, r, at, i))
			return true;
	for (i = 0; i < r->n; i++)
		if (same(m->channel[r->channel[i]].ended, id) &&
		    model_gives_end(m, r, at, r->channel[i]))
			return true;
	return false;
}

/*
 * The id of the gap that says what the channel has lost, if it is above where
 * the reader is: one of nothing that it gets.
 */
static inline struct eventid
model_gap(const struct model *m, const struct model_reads *r, struct eventid at,
    unsigned channel)
{
	struct eventid id = m->channel[channel].lost;

	while (
	    above(id, model_from(r, channel, at)) && model_gives(m, r, at, id))
		id = eventid_before(id);
	return id;
}

/*
 * What there is to get next that is no gap: the event, or end, of the lowest
 * id.
 */
static inline struct model_step
model_next_held(const struct model *m, const struct model_reads *r,
    struct eventid at)
{
	struct model_step next = {.kind = MODEL_NOTHING};
	struct eventid ended;
	size_t i;

	for (i = m->n; i-- > 0 && above(m->event[i].id, at);)
		if (model_gives_event(m, r, at, i))
			next = (struct model_step){.kind = MODEL_EVENT,
			    .id = m->event[i].id,
			    .event = i};
	for (i = 0; i < r->n; i++) {
		ended = m->channel[r->channel[i]].ended;
		if (model_gives_end(m, r, at, r->channel[i]) &&
		    (next.kind == MODEL_NOTHING || above(next.id, ended)))
			next = (struct model_step){.kind = MODEL_END,
			    .id = ended,
			    .end = r->channel[i]};
	}
	return next;
}

/*
 * What a reader at this position must get next: of all that is held above it,
 * all ends, and all gaps (a channel has one, at the id of the newest event that
 * it has dropped, if that is above it), whatever has the lowest id.
 */
static inline struct model_step
model_next(const struct model *m, const struct model_reads *r,
    struct eventid at)
{
	struct model_step next = model_next_held(m, r, at);
	struct eventid gap;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		gap = model_gap(m, r, at, r->channel[i]);
		if (!above(gap, model_from(r, r->channel[i], at)) ||
		    (next.kind != MODEL_NOTHING && above(gap, next.id)))
			continue;
		if (next.kind != MODEL_GAP || above(next.id, gap))
			next =
			    (struct model_step){.kind = MODEL_GAP, .id = gap};
		next.gap[next.gaps++] = r->channel[i];
	}
	return next;
}

/* Will nothing ever come to who is there? */
static inline bool
model_over(const struct model *m, const struct model_reads *r,
    struct eventid at)
{
	unsigned i;

	for (i = 0; i < r->n; i++)
		if (!model_has_ended(&m->channel[r->channel[i]]) ||
		    above(m->channel[r->channel[i]].ended, at))
			return false;
	return true;
}

/* The channel's newest held snapshot, or m->n. */
static inline size_t
model_snapshot(const struct model *m, unsigned channel)
{
	size_t i;

	for (i = m->n; i-- > 0;)
		if (m->event[i].held && m->event[i].snapshot &&
		    m->event[i].channel == channel)
			return i;
	return m->n;
}

/*
 * The position before the last n events of these channels, but for those that
 * begin with a snapshot, if any do.
 */
static inline struct eventid
model_history(const struct model *m, const struct model_reads *r,
    unsigned long n, bool snapshots)
{
	struct eventid at = m->last;
	const struct model_event *e;
	size_t i;

	for (i = m->n; i-- > 0;) {
		e = &m->event[i];
		if (!e->held || !(r->set & 1U << e->channel) ||
		    (snapshots && model_snapshot(m, e->channel) < m->n))
			continue;
		if (above(e->id, at))
			continue; /* in another channel, too */
		if (n-- == 0)
			break;
		at = eventid_before(e->id);
	}
	return at;
}

/* If all of them have ended, nobody begins behind the last end. */
static inline struct eventid
model_before_the_end(const struct model *m, const struct model_reads *r,
    struct eventid at)
{
	struct eventid last = {0, 0}, ended;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		ended = m->channel[r->channel[i]].ended;
		if (ended.ms == 0)
			return at;
		if (above(ended, last))
			last = ended;
	}
	last = eventid_before(last);
	return above(at, last) ? last : at;
}

/*
 * A new reader begins in each of its channels with the newest snapshot, or at
 * this position; or, with origins, with all that there ever was.
 */
static inline struct eventid
model_begin(const struct model *m, struct model_reads *r,
    struct eventid otherwise, bool origins)
{
	const struct model_channel *ch;
	struct eventid at = m->last, in;
	unsigned i, channel;
	size_t snapshot;

	for (i = 0; i < r->n; i++) {
		channel = r->channel[i];
		ch = &m->channel[channel];
		snapshot = model_snapshot(m, channel);
		in = origins	     ? ch->published ? ch->origin : ch->lost :
		     snapshot < m->n ? eventid_before(m->event[snapshot].id) :
				       otherwise;
		in = r->in[channel] = model_before_the_end(m, r, in);
		if (above(at, in))
			at = in;
	}
	return at;
}

#endif
