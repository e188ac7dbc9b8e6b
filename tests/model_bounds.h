/* SPDX-License-Identifier: ISC */
#ifndef MODEL_BOUNDS_H
#define MODEL_BOUNDS_H

/*
 * What of a hub's events goes, and when: to make room, by each channel's own
 * bounds, and where the process begins anew.
 */
#include <math.h>
#include <stdio.h>

#include "model.h"

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

/* Does one channel's oldest event come before the other's? */
static inline bool
model_is_older(const struct model *m, int channel, int other)
{
	size_t a = model_oldest(m, channel), b = model_oldest(m, other);
	char name[16], than[16];

	if (!same(m->event[a].id, m->event[b].id))
		return a < b;
	(void)snprintf(name, sizeof(name), "%d", channel);
	(void)snprintf(than, sizeof(than), "%d", other);
	return strcmp(name, than) < 0;
}

/*
 * Who holds most gives first, and of those that hold as much the one with the
 * oldest event.
 */
static inline void
model_keep_to_budget(struct model *m)
{
	size_t spare, most;
	int i, giver;

	while (m->bytes > m->bytes_max) {
		most = 0;
		giver = -1;
		for (i = 0; i < MODEL_NAMES; i++) {
			spare = model_spare(m, i);
			if (spare > most || (spare > 0 && spare == most &&
						model_is_older(m, i, giver))) {
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

static inline size_t
model_bytes(const struct model *m, int channel)
{
	size_t i, bytes = 0;

	for (i = 0; i < m->n; i++)
		if (m->event[i].held &&
		    m->event[i].channel == (unsigned)channel)
			bytes += m->event[i].cost;
	return bytes;
}

/* By its own bounds. */
static inline bool
model_holds_too_much(const struct model *m, int channel)
{
	const struct model_bounds *b = &m->bounds[channel];
	size_t held = m->channel[channel].held;

	return held > b->history ||
	       (b->bytes > 0 && held > 1 && model_bytes(m, channel) > b->bytes);
}

static inline void
model_trim(struct model *m)
{
	int i;

	for (i = 0; i < MODEL_NAMES; i++) {
		while (model_holds_too_much(m, i))
			model_drop(m, model_oldest(m, i));
		m->channel[i].touched = false;
	}
}

/*
 * When the channel's oldest event is too old: what is held of one that has
 * ended is as old as its end.  INFINITY: never.
 */
static inline double
model_due(const struct model *m, int channel)
{
	const struct model_channel *ch = &m->channel[channel];
	double age = m->bounds[channel].age;
	size_t oldest = model_oldest(m, channel);

	if (age == 0 || oldest == m->n)
		return (double)INFINITY;
	return age +
	       (model_has_ended(ch) ? ch->ended_time : m->event[oldest].time);
}

static inline void
model_age(struct model *m)
{
	double due, first;
	int i, which;

	for (;;) {
		first = (double)INFINITY;
		which = -1;
		for (i = 0; i < MODEL_NAMES; i++) {
			due = model_due(m, i);
			if (due < first || (which != -1 && due <= first &&
					       model_is_older(m, i, which))) {
				first = due;
				which = i;
			}
		}
		if (which == -1 || first > m->now)
			return;
		model_drop(m, model_oldest(m, which));
	}
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
	m->last = m->serving = last;
	for (ch = m->channel; ch < m->channel + MODEL_NAMES; ch++) {
		assert(ch->readers == 0 && ch->promises == 0);
		ch->ended_time -= m->now - now;
		if (ch->ended_time > now)
			ch->ended_time = now;
		ch->idle = ++m->order;
		ch->touched = false;
	}
	m->now = now;
	model_restore(m);
}

#endif
