/* SPDX-License-Identifier: ISC */
#ifndef MODEL_READER_H
#define MODEL_READER_H

/*
 * One who reads channels, and what must be true of all that arrives there: it
 * is what the model (model.h) says; and, knowing nothing of the model's rules,
 * each event of its channels comes once and in order, or a gap that says so.
 */
#include <limits.h>

#include "eventsource.h"

#include "model_bounds.h"
#include "model_steps.h"
#include "channel/gap.h"
#include "channel/reader.h"

#define MODEL_READERS 12

struct model_reader {
	struct reader reader; /* first: the subscriber that is woken */
	bool open;
	bool woken;
	struct model_reads reads;
	struct eventid at;	 /* the position of its stream */
	enum loss_reason lost;	 /* or why it has none */
	struct eventsource page; /* of the bytes that it gets */
	bool below;		 /* it began below the base */
	/* Of each channel: it has had, or was told of, all up to here. */
	struct eventid had[MODEL_NAMES];
	/* What it is getting now. */
	struct model_step step;
	unsigned events;
};

static struct {
	uint32_t first_seed, seed;
	unsigned long step;
	struct model model;
	struct hub hub;
	struct readers readers;
	struct eventid_source source;
	uint64_t wall;
	size_t entry;	      /* what holding an event costs beside it */
	unsigned long number; /* the last that an event was given */
	size_t published;     /* messages, by this hub itself */
	unsigned long long gaps[LOSS_REASONS];
	unsigned long long results[HUB_NO_MEMORY]; /* of publications */
	unsigned long long seen, gaps_seen, false_gaps, ends_seen, deleted,
	    shared, over, refused, cuts, broken, restarts; /* all */
	struct model_reader visitor[MODEL_READERS];
} run;

#define CHECK(condition)                                             \
	do {                                                         \
		if (!(condition))                                    \
			fail_msg("SEED=%lu, step %lu: %s",           \
			    (unsigned long)run.first_seed, run.step, \
			    #condition);                             \
	} while (0)

static inline uint32_t
below(uint32_t n)
{
	return chance(&run.seed) % n;
}

static inline const char *
name(unsigned channel)
{
	static char names[MODEL_NAMES][8];

	(void)snprintf(names[channel], sizeof(names[0]), "ch%u", channel);
	return names[channel];
}

/* The events that were ever published, in their order. */
static inline const struct model_event *
event(size_t number)
{
	CHECK(number < run.model.n);
	return &run.model.event[number];
}

/* Is there an event of the channel above one id and up to another? */
static inline bool
any_between(unsigned channel, struct eventid from, struct eventid to)
{
	size_t i;

	for (i = run.model.n; i-- > 0 && above(event(i)->id, from);)
		if (event(i)->channel == channel && !above(event(i)->id, to))
			return true;
	return false;
}

static inline struct eventid
id_seen(const struct eventsource *r)
{
	struct eventid id = {0, 0};
	char text[EVENTID_SIZE] = "";

	CHECK(r->event_id.len < sizeof(text));
	memcpy(text, r->event_id.s, r->event_id.len);
	CHECK(*text == '\0' || eventid_parse(&id, text));
	return id;
}

/* The channel's step is the next of all that it has had. */
static inline void
see_of_channel(struct model_reader *v, unsigned channel, struct eventid id)
{
	CHECK(v->reads.set & 1U << channel);
	CHECK(above(id, v->had[channel]));
	CHECK(!any_between(channel, v->had[channel], eventid_before(id)));
	v->had[channel] = id;
}

/*
 * It may be of another channel, too.  What that has dropped before it, and not
 * told of yet, the gap will say that is still to come.
 */
static inline void
see_copy(struct model_reader *v, const struct model_event *e)
{
	if (e->held ||
	    !any_between(e->channel, v->had[e->channel], eventid_before(e->id)))
		see_of_channel(v, e->channel, e->id);
	else
		CHECK(!above(e->id, run.model.channel[e->channel].lost));
}

/*
 * The visitor has an event: it is the right one, and none was passed over, in
 * none of the channels that it is of.
 */
static inline void
see_event(struct model_reader *v, struct eventsource *r)
{
	unsigned long number = strtoul(r->event_data.s, NULL, 10);
	const struct model_event *e = event(v->step.event);
	struct eventid id = e->id;
	unsigned i;

	CHECK(v->step.kind == MODEL_EVENT);
	CHECK(number == e->number);
	CHECK(same(id_seen(r), e->id));
	CHECK(r->event_data.len == e->len);
	while (e > run.model.event && same(e[-1].id, e->id))
		e--;
	for (i = 0; e < run.model.event + run.model.n && same(e->id, id); e++)
		if (v->reads.set & 1U << e->channel &&
		    above(id, model_from(&v->reads, e->channel, v->at))) {
			see_copy(v, e);
			i++;
		}
	run.shared += i > 1;
	run.seen++;
}

static inline void
see_end(struct model_reader *v, struct eventsource *r)
{
	char expected[100];

	(void)snprintf(expected, sizeof(expected), "{\"channel\":\"%s\"}",
	    name(v->step.end));
	CHECK(v->step.kind == MODEL_END);
	CHECK(is_name(r->event_data.s, r->event_data.len, expected));
	CHECK(same(id_seen(r), v->step.id));
	see_of_channel(v, v->step.end, v->step.id);
	run.ends_seen++;
}

/* It has a gap, which is true, or of a channel that begins with one. */
static inline void
see_channel_gap(struct model_reader *v, unsigned channel, struct eventid to)
{
	const struct model_channel *ch = &run.model.channel[channel];

	if (!any_between(channel, v->had[channel], to)) {
		CHECK(!above(to, ch->begin) || above(ch->lost, to));
		CHECK(v->below || above(to, run.model.base));
		run.false_gaps++;
	}
	if (above(to, v->had[channel]))
		v->had[channel] = to;
	run.gaps_seen++;
}

/* Why the channel has lost what it has lost. */
static inline enum loss_reason
reason_of(unsigned channel)
{
	return run.model.channel[channel].deleted ? LOSS_DELETED :
						    LOSS_OVERFLOW;
}

static inline void
see_gap(struct model_reader *v, struct eventsource *r)
{
	char from[EVENTID_SIZE], to[EVENTID_SIZE], expected[300];
	struct model_step *s = &v->step;
	unsigned i;

	(void)eventid_format(to, s->id);
	CHECK(s->kind == MODEL_GAP);
	if (v->lost != 0) {
		(void)snprintf(expected, sizeof(expected),
		    "{\"channel\":null,\"from\":null,\"to\":\"%s\","
		    "\"reason\":\"%s\"}",
		    to, v->lost == LOSS_RESTART ? "restart" : "unknown");
		for (i = 0; i < MODEL_NAMES; i++)
			v->had[i] = run.model.base;
	} else {
		CHECK(v->events < s->gaps);
		(void)eventid_format(from,
		    model_from(&v->reads, s->gap[v->events], v->at));
		(void)snprintf(expected, sizeof(expected),
		    "{\"channel\":\"%s\",\"from\":\"%s\",\"to\":\"%s\","
		    "\"reason\":\"%s\"}",
		    name(s->gap[v->events]), from, to,
		    loss_reason_name(reason_of(s->gap[v->events])));
		see_channel_gap(v, s->gap[v->events], s->id);
	}
	CHECK(is_name(r->event_data.s, r->event_data.len, expected));
	if (v->events + 1 == s->gaps)
		CHECK(same(id_seen(r), s->id));
	else
		CHECK(!same(id_seen(r), s->id));
}

static inline void
see(struct eventsource *r)
{
	struct model_reader *v = r->arg;

	r->event_data.s[r->event_data.len] = '\0';
	if (is_name(r->event_type.s, r->event_type.len, HUB_GAP))
		see_gap(v, r);
	else if (is_name(r->event_type.s, r->event_type.len, "end"))
		see_end(v, r);
	else
		see_event(v, r);
	v->events++;
}

/* What the stream must give next. */
static inline struct model_step
expected_step(const struct model_reader *v)
{
	if (v->lost != 0)
		return (struct model_step){.kind = MODEL_GAP,
		    .id = run.model.base,
		    .gaps = 1};
	return model_next(&run.model, &v->reads, v->at);
}

/* There is nothing to read: then nothing may be missing. */
static inline void
nothing_is_missing(struct model_reader *v)
{
	unsigned i, channel;

	for (i = 0; i < v->reads.n; i++) {
		channel = v->reads.channel[i];
		CHECK(!any_between(channel, v->had[channel], run.model.last));
		v->had[channel] = run.model.last;
	}
}

/* The stream says where it is; the visitor keeps it. */
static inline void
ask_position(struct model_reader *v)
{
	char id[EVENTID_SIZE];
	size_t len = run.readers.feed.position(&v->reader.sub, id);

	if (v->lost != 0) {
		CHECK(len == 0);
		return;
	}
	if (expected_step(v).kind == MODEL_NOTHING) {
		v->at = run.model.last;
		nothing_is_missing(v);
	}
	CHECK(len > 0);
	field_set(&v->page.event_id, id, len);
	field_set(&v->page.id, id, len);
	CHECK(same(id_seen(&v->page), v->at));
}

/* The first len bytes of a piece arrive. */
static inline void
piece_arrives(struct model_reader *v, const struct piece *p, size_t len)
{
	v->events = 0;
	read_stream(&v->page, (const char *)p->data, len);
	if (len < p->len)
		return;
	CHECK(v->events == (v->step.kind == MODEL_GAP ? v->step.gaps : 1));
	CHECK(v->page.rest == 0 && v->page.data.len == 0);
	CHECK(v->page.retries == 0 && v->page.others == 0);
}

#endif
