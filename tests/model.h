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
	/* One of several channels is here several times, with one id. */
	size_t cost; /* bytes, while it is held */
	size_t len;  /* of its data */
	double time;
	bool held;
	bool unserved; /* not all could read it yet */
	bool snapshot; /* who is new begins with it */
};

struct model_channel {
	bool exists;
	bool published; /* not only readers have named it */
	bool touched;	/* published to in this turn */
	unsigned readers, promises;
	size_t held;
	struct eventid lost;   /* the newest event that was dropped */
	bool deleted;	       /* by erasing it */
	struct eventid begin;  /* what it began with as lost */
	struct eventid origin; /* and when it was published to */
	bool ending;	       /* that is promised */
	struct eventid ended;  /* 0-0: it has not */
	double ended_time;
	unsigned long idle; /* unused: when that, or an event came */
};

/* What one channel may hold. */
struct model_bounds {
	size_t history, bytes; /* 0 bytes: any number */
	double age;	       /* 0, or INFINITY: for ever */
};

struct model {
	size_t bytes_max, channels_max;
	double now;
	struct model_bounds bounds[MODEL_NAMES];
	struct eventid base, last, forgotten, serving;
	size_t n, bytes; /* those of promises included */
	struct model_event event[MODEL_EVENTS];
	struct model_channel channel[MODEL_NAMES];
	unsigned long order;
};

/*
 * The channels that one reads, in their order and as a set of bits; and where
 * it has begun in each, if that is above its position.
 */
struct model_reads {
	unsigned n, channel[MODEL_READS];
	uint32_t set;
	struct eventid in[MODEL_NAMES];
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

static inline bool
model_has_ended(const struct model_channel *ch)
{
	return ch->ended.ms > 0;
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
	if (above(ch->ended, m->forgotten))
		m->forgotten = ch->ended;
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

static inline bool
model_is_open(const struct model_channel *ch)
{
	return ch->exists && (ch->published || ch->promises > 0);
}

/* The places that are there, or could be made, by forgetting none of these. */
static inline size_t
model_places(const struct model *m, uint32_t set)
{
	const struct model_channel *ch;
	size_t n = 0, opened = model_opened(m);
	unsigned i;

	for (i = 0; i < MODEL_NAMES; i++) {
		ch = &m->channel[i];
		n += ch->exists && ch->published && ch->readers == 0 &&
		     ch->promises == 0 && !(set & 1U << i);
	}
	return opened < m->channels_max ? n + m->channels_max - opened : n;
}

/*
 * These channels are promised something, or false: there may not be so many
 * more.
 */
static inline bool
model_open(struct model *m, const struct model_reads *to)
{
	struct model_channel *ch;
	size_t needed = 0;
	unsigned i;

	for (i = 0; i < to->n; i++)
		needed += !model_is_open(&m->channel[to->channel[i]]);
	if (needed > model_places(m, to->set))
		return false;
	for (i = 0; i < to->n; i++) {
		ch = &m->channel[to->channel[i]];
		if (!ch->exists)
			model_make(m, to->channel[i]);
		ch->promises++;
	}
	while (needed > 0 && model_opened(m) > m->channels_max)
		model_forget(m, (unsigned)model_victim(m));
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

static inline void
model_published(struct model *m, unsigned channel)
{
	struct model_channel *ch = &m->channel[channel];

	if (!ch->published)
		ch->origin = ch->lost;
	ch->published = true;
}

/* An event comes to a channel that is there; its bytes are counted already. */
static inline void
model_append(struct model *m, unsigned channel, struct eventid id,
    unsigned long number, size_t len, size_t cost, bool snapshot)
{
	assert(m->n < MODEL_EVENTS);
	m->event[m->n++] = (struct model_event){.id = id,
	    .channel = channel,
	    .number = number,
	    .cost = cost,
	    .len = len,
	    .time = m->now,
	    .held = true,
	    .snapshot = snapshot,
	    .unserved = true};
	m->last = id;
	model_published(m, channel);
	m->channel[channel].held++;
	m->channel[channel].touched = true;
}

/* Nothing comes any more, and what is held may be erased. */
static inline void
model_end(struct model *m, unsigned channel, struct eventid id, bool erase)
{
	struct model_channel *ch = &m->channel[channel];

	m->last = id;
	model_published(m, channel);
	ch->touched = true;
	if (!model_has_ended(ch)) {
		ch->ended = id;
		ch->ended_time = m->now;
	}
	if (!erase)
		return;
	ch->deleted = ch->deleted || ch->held > 0;
	while (ch->held > 0)
		model_drop(m, model_oldest(m, (int)channel));
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

#endif
