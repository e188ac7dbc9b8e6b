/* SPDX-License-Identifier: ISC */
#ifndef MODEL_POSITION_H
#define MODEL_POSITION_H

/*
 * Where one who reads channels begins: for the first time, or with the id that
 * it has.
 */
#include "model_reader.h"

/* n different channels. */
static inline void
choose_channels(struct model_reads *r, unsigned n)
{
	unsigned channel;

	*r = (struct model_reads){.n = 0};
	while (r->n < n) {
		channel = below(MODEL_NAMES);
		if (r->set & 1U << channel)
			continue;
		r->set |= 1U << channel;
		r->channel[r->n++] = channel;
	}
}

/* Any id of this life: of an event, or near to one, or below all. */
static inline struct eventid
any_id(void)
{
	struct eventid id = run.model.base;

	if (run.model.n > 0 && below(20) > 0)
		id = event(below((uint32_t)run.model.n))->id;
	return below(3) == 0 ? eventid_before(id) : id;
}

/* Its channels are there: where it begins in them, if that is new to it. */
static inline void
begin(struct model_reader *v, const struct position *p)
{
	const struct model *m = &run.model;

	if (p->kind == POSITION_EARLIEST)
		v->at = model_before_the_end(m, &v->reads,
		    model_history(m, &v->reads, ULONG_MAX, false));
	else if (p->kind == POSITION_HISTORY)
		v->at = model_begin(m, &v->reads,
		    model_history(m, &v->reads, p->n, true), false);
	else if (p->kind == POSITION_NOW || p->kind == POSITION_ALL)
		v->at =
		    model_begin(m, &v->reads, m->last, p->kind == POSITION_ALL);
}

/* One that has never been here. */
static inline struct position
choose_position(struct model_reader *v)
{
	struct position p = {.kind = POSITION_NOW};

	eventsource_reset(&v->page);
	choose_channels(&v->reads, /* one, mostly */
	    below(5) < 3 ? 1 : 1 + below(below(3) == 0 ? 16 : 4));
	v->lost = 0;
	v->at = run.model.last;
	switch (below(5)) {
	case 0:
		p.kind = POSITION_UNKNOWN;
		v->lost = LOSS_UNKNOWN;
		break;
	case 1:
		p.kind = below(3) == 0 ? POSITION_EARLIEST :
			 below(2) == 0 ? POSITION_ALL :
					 POSITION_HISTORY;
		p.n = below(50);
		break; /* its position depends on channels that it may make */
	case 2:
		p.kind = POSITION_AFTER;
		v->at = p.id = any_id();
		break;
	default:
		break;
	}
	v->below = above(run.model.base, v->at);
	return p;
}

/* One that comes back with its last id. */
static inline struct position
position_of(struct model_reader *v)
{
	struct position p = {.kind = POSITION_AFTER, .id = id_seen(&v->page)};
	unsigned i;

	v->lost = 0;
	v->at = p.id;
	if (!eventid_is_ours(&run.source, p.id)) {
		p.kind = POSITION_RESTART;
		v->lost = LOSS_RESTART;
	} else
		CHECK(!above(p.id, run.model.last));
	v->below = v->lost == 0 && above(run.model.base, v->at);
	for (i = 0; i < MODEL_NAMES; i++) /* it had begun behind that */
		if (above(v->had[i], v->at))
			v->had[i] = v->at;
	memset(v->reads.in, 0, sizeof(v->reads.in));
	/* What was cut off is forgotten, all but the id. */
	v->page.data.len = v->page.type.len = 0;
	field_copy(&v->page.id, &v->page.event_id);
	return p;
}

#endif
