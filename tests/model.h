/* SPDX-License-Identifier: ISC */
#ifndef MODEL_H
#define MODEL_H

/*
 * What a hub should do, said as simply as can be: one list of all events that
 * were ever published to it, with a mark at those that are held.  Whatever is
 * asked is found by looking through it.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "channel/eventid.h"

#define MODEL_NAMES  20	  /* channels that there can ever be */
#define MODEL_EVENTS 8192 /* published in one life */
#define MODEL_READS  16	  /* channels of one reader */

struct model_event {
	struct eventid id;
	unsigned channel;
	unsigned long number; /* which its data says */
	size_t cost;	      /* bytes, while it is held */
	size_t len;	      /* of its data */
	double time;
	bool held;
	bool unserved; /* not all could read it yet */
};

struct model_channel {
	bool exists;
	bool published; /* not only readers have named it */
	bool touched;	/* published to in this turn */
	unsigned readers, promises;
	size_t held;
	struct eventid lost;  /* the newest event that was dropped */
	struct eventid begin; /* what it began with as lost */
	unsigned long idle;   /* unused: when that, or an event came */
};

struct model {
	size_t history, bytes_max, channels_max;
	double age, now;
	struct eventid base, last, forgotten, serving;
	size_t n, bytes; /* those of promises included */
	struct model_event event[MODEL_EVENTS];
	struct model_channel channel[MODEL_NAMES];
	unsigned long order;
};

/* The channels that one reads, in their order and as a set of bits. */
struct model_reads {
	unsigned n, channel[MODEL_READS];
	uint32_t set;
};

struct model_step {
	enum { MODEL_NOTHING, MODEL_EVENT, MODEL_GAP } kind;
	struct eventid id;
	size_t event;			 /* its place in the list */
	unsigned gaps, gap[MODEL_READS]; /* channels that lost up to id */
};

static inline bool
above(struct eventid a, struct eventid b)
{
	return eventid_compare(a, b) > 0;
}

static inline bool
same(struct eventid a, struct eventid b)
{
	return eventid_compare(a, b) == 0;
}

static inline void
model_drop(struct model *m, size_t event)
{
	struct model_event *e = &m->event[event];
	struct model_channel *ch = &m->channel[e->channel];

	e->held = false;
	m->bytes -= e->cost;
	if (above(e->id, ch->lost))
		ch->lost = e->id;
	if (--ch->held == 0 && ch->readers == 0)
		ch->idle = ++m->order;
}

/* The oldest held event, of this channel or, if it is -1, of any; or n. */
static inline size_t
model_oldest(const struct model *m, int channel)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->event[i].held &&
		    (channel == -1 || m->event[i].channel == (unsigned)channel))
			break;
	return i;
}

static inline void
model_forget(struct model *m, unsigned channel)
{
	struct model_channel *ch = &m->channel[channel];

	while (ch->held > 0)
		model_drop(m, model_oldest(m, (int)channel));
	ch->exists = false;
	if (above(ch->lost, m->forgotten))
		m->forgotten = ch->lost;
}

/*
 * The channel to be forgotten next: one that was published to, without readers,
 * and without events if there is any such, and of those the one that has been
 * idle for longest.
 */
static inline int
model_victim(const struct model *m)
{
	const struct model_channel *ch, *best = NULL;
	int i, victim = -1;

	for (i = 0; i < MODEL_NAMES; i++) {
		ch = &m->channel[i];
		if (!ch->exists || !ch->published || ch->readers > 0 ||
		    ch->promises > 0)
			continue;
		if (best == NULL || (ch->held == 0) > (best->held == 0) ||
		    ((ch->held == 0) == (best->held == 0) &&
			ch->idle < best->idle)) {
			best = ch;
			victim = i;
		}
	}
	return victim;
}

/* The channels that were published to, or are promised that. */
static inline size_t
model_opened(const struct model *m)
{
	size_t n = 0;
	int i;

	for (i = 0; i < MODEL_NAMES; i++)
		n += m->channel[i].exists &&
		     (m->channel[i].published || m->channel[i].promises > 0);
	return n;
}

/* Those that were not, and are read. */
static inline size_t
model_named(const struct model *m)
{
	size_t n = 0;
	int i;

	for (i = 0; i < MODEL_NAMES; i++)
		n += m->channel[i].exists && !m->channel[i].published &&
		     m->channel[i].readers > 0;
	return n;
}

static inline void
model_make(struct model *m, unsigned channel)
{
	m->channel[channel] = (struct model_channel){.exists = true,
	    .lost = m->forgotten,
	    .begin = m->forgotten,
	    .idle = ++m->order};
}

/* The channel is promised something, or false: there may be none more. */
static inline bool
model_open(struct model *m, unsigned channel)
{
	struct model_channel *ch = &m->channel[channel];
	bool is_new = !ch->exists;
	int victim;

	if (ch->exists && (ch->published || ch->promises > 0)) {
		ch->promises++;
		return true;
	}
	if (is_new)
		model_make(m, channel);
	if (model_opened(m) >= m->channels_max) {
		victim = model_victim(m);
		if (victim == -1) {
			ch->exists = !is_new;
			return false;
		}
		model_forget(m, (unsigned)victim);
	}
	ch->promises++;
	return true;
}

/* A promise less: it was kept, or broken. */
static inline void
model_close(struct model *m, unsigned channel)
{
	struct model_channel *ch = &m->channel[channel];

	if (--ch->promises == 0) {
		ch->idle = ++m->order;
		ch->exists = ch->published || ch->readers > 0;
	}
}

/* An event comes to a channel that is there; its bytes are counted already. */
static inline void
model_append(struct model *m, unsigned channel, struct eventid id,
    unsigned long number, size_t len, size_t cost)
{
	assert(m->n < MODEL_EVENTS);
	m->event[m->n++] = (struct model_event){.id = id,
	    .channel = channel,
	    .number = number,
	    .cost = cost,
	    .len = len,
	    .time = m->now,
	    .held = true,
	    .unserved = true};
	m->last = id;
	m->channel[channel].published = true;
	m->channel[channel].held++;
	m->channel[channel].touched = true;
}

/* The bytes that may be dropped, of this channel or, if it is -1, of all. */
static inline size_t
model_spare(const struct model *m, int channel)
{
	size_t i, bytes = 0;

	for (i = 0; i < m->n; i++)
		if (m->event[i].held && !m->event[i].unserved &&
		    (channel == -1 || m->event[i].channel == (unsigned)channel))
			bytes += m->event[i].cost;
	return bytes;
}

/*
 * Who holds most gives first, and of those that hold as much the one with the
 * oldest event.
 */
static inline void
model_keep_to_budget(struct model *m)
{
	size_t spare, most, oldest;
	int i, giver;

	while (m->bytes > m->bytes_max) {
		most = 0;
		giver = -1;
		for (i = 0; i < MODEL_NAMES; i++) {
			spare = model_spare(m, i);
			oldest = model_oldest(m, i);
			if (spare > most ||
			    (spare > 0 && spare == most &&
				oldest < model_oldest(m, giver))) {
				most = spare;
				giver = i;
			}
		}
		assert(giver != -1);
		model_drop(m, model_oldest(m, giver));
	}
}

static inline bool
model_has_room(const struct model *m, size_t bytes)
{
	return m->bytes + bytes - model_spare(m, -1) <= m->bytes_max;
}

static inline void
model_serving(struct model *m)
{
	m->serving = m->last;
}

static inline void
model_served(struct model *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (!above(m->event[i].id, m->serving))
			m->event[i].unserved = false;
}

static inline bool
model_join(struct model *m, unsigned channel)
{
	struct model_channel *ch = &m->channel[channel];

	if ((!ch->exists || (!ch->published && ch->readers == 0)) &&
	    model_named(m) >= m->channels_max)
		return false;
	if (!ch->exists)
		model_make(m, channel);
	ch->readers++;
	return true;
}

static inline void
model_leave(struct model *m, unsigned channel)
{
	struct model_channel *ch = &m->channel[channel];

	if (--ch->readers > 0)
		return;
	ch->idle = ++m->order;
	ch->exists = ch->published || ch->promises > 0;
}

static inline void
model_trim(struct model *m)
{
	int i;

	for (i = 0; i < MODEL_NAMES; i++) {
		while (m->channel[i].held > m->history)
			model_drop(m, model_oldest(m, i));
		m->channel[i].touched = false;
	}
}

static inline void
model_age(struct model *m)
{
	size_t i;

	while (m->age > 0 && (i = model_oldest(m, -1)) < m->n &&
	       m->event[i].time + m->age <= m->now)
		model_drop(m, i);
}

/* What was held comes in again, one by one, under the limits of now. */
static inline void
model_restore(struct model *m)
{
	static bool held[MODEL_EVENTS];
	size_t i;

	for (i = 0; i < m->n; i++) {
		held[i] = m->event[i].held;
		m->event[i].held = m->event[i].unserved = false;
	}
	for (i = 0; i < MODEL_NAMES; i++)
		m->channel[i].held = 0;
	m->bytes = 0;
	for (i = 0; i < m->n; i++) {
		if (!held[i])
			continue;
		m->event[i].held = true;
		m->bytes += m->event[i].cost;
		m->channel[m->event[i].channel].held++;
		m->channel[m->event[i].channel].idle = ++m->order;
		model_trim(m);
		model_keep_to_budget(m);
	}
	model_age(m);
	while (model_opened(m) > m->channels_max)
		model_forget(m, (unsigned)model_victim(m));
}

/*
 * The process ends and is there again: nobody reads, and no channel is left
 * that was only named.
 */
static inline void
model_restart(struct model *m, struct eventid last, double now)
{
	struct model_channel *ch;
	size_t i;

	for (i = 0; i < m->n; i++) {
		m->event[i].time -= m->now - now;
		if (m->event[i].time > now) /* it was rounded */
			m->event[i].time = now;
	}
	m->now = now;
	m->last = m->serving = last;
	for (ch = m->channel; ch < m->channel + MODEL_NAMES; ch++) {
		assert(ch->readers == 0 && ch->promises == 0);
		ch->idle = ++m->order;
		ch->touched = false;
	}
	model_restore(m);
}

/*
 * What a reader at this position must get next: of all that is held above it,
 * and all gaps (a channel has one, at the id of the newest event that it has
 * dropped, if that is above it), whatever has the lowest id.
 */
static inline struct model_step
model_next(const struct model *m, const struct model_reads *r,
    struct eventid at)
{
	struct model_step next = {.kind = MODEL_NOTHING};
	struct eventid lost;
	size_t i;

	for (i = m->n; i-- > 0 && above(m->event[i].id, at);)
		if (m->event[i].held && r->set & 1U << m->event[i].channel)
			next = (struct model_step){.kind = MODEL_EVENT,
			    .id = m->event[i].id,
			    .event = i};
	for (i = 0; i < r->n; i++) {
		lost = m->channel[r->channel[i]].lost;
		if (!above(lost, at) ||
		    (next.kind != MODEL_NOTHING && above(lost, next.id)))
			continue;
		if (next.kind != MODEL_GAP || above(next.id, lost))
			next =
			    (struct model_step){.kind = MODEL_GAP, .id = lost};
		next.gap[next.gaps++] = r->channel[i];
	}
	return next;
}

/* The position before the last n events of these channels. */
static inline struct eventid
model_history(const struct model *m, const struct model_reads *r,
    unsigned long n)
{
	struct eventid at = m->last;
	size_t i;

	for (i = m->n; i-- > 0 && n > 0;)
		if (m->event[i].held && r->set & 1U << m->event[i].channel) {
			at = eventid_before(m->event[i].id);
			n--;
		}
	return at;
}

#endif
