/* SPDX-License-Identifier: ISC */
#ifndef MODEL_POSTS_H
#define MODEL_POSTS_H

/*
 * What is published to hub and model alike: messages to one channel or several,
 * ends and erasures, each promised first, and then kept or broken.
 */
#include "model_keeper.h"
#include "model_position.h"

#define BATCH	 40 /* events published at once, at most */
#define PROMISES 6  /* that stand at once, at most */
#define TOGETHER 4  /* channels of one post, at most */

/* Publications that are prepared, in their order. */
static struct promised {
	struct promise *promise;
	struct model_reads to;
	bool end, erase, snapshot;
	unsigned long number; /* of the first event */
	size_t n;
	struct eventid id[BATCH + 1];
	size_t len[BATCH], cost[BATCH];
	bool is_new[TOGETHER];
	struct eventid lost[TOGETHER];
} promised[PROMISES];
static unsigned promises;

/* The wall clock goes on, mostly, and now and then back. */
static inline uint64_t
wall_ms(void)
{
	if (below(3) == 0)
		run.wall += below(5);
	if (below(100) == 0)
		run.wall -= below(10000);
	return run.wall;
}

/* The hub keeps it; so many readers have it to read. */
static inline void
keep_in_hub(const struct promised *p)
{
	size_t readers = 0;
	unsigned i;

	for (i = 0; i < p->to.n; i++)
		readers += run.model.channel[p->to.channel[i]].readers;
	CHECK(hub_keep(&run.hub, p->promise) == readers);
	run.published += p->n;
}

/* The oldest promise is kept. */
static inline void
keep_one(void)
{
	struct promised p = promised[0];
	unsigned c;
	size_t i;

	memmove(promised, promised + 1, --promises * sizeof(p));
	keep_in_hub(&p);
	for (c = 0; c < p.to.n; c++)
		keeper_has_channel(p.to.channel[c], p.is_new[c], p.lost[c]);
	for (i = 0; i < p.n; i++)
		for (c = 0; c < p.to.n; c++)
			model_append(&run.model, p.to.channel[c], p.id[i],
			    p.number + i, p.len[i], p.cost[i], p.snapshot);
	keeper_keeps(p.n * p.to.n);
	if (p.end) {
		run.deleted += p.erase;
		run.model.channel[p.to.channel[0]].ending = false;
		model_end(&run.model, p.to.channel[0], p.id[p.n], p.erase);
		keeper_ends(p.to.channel[0], p.id[p.n], p.erase);
	}
	for (c = 0; c < p.to.n; c++)
		model_close(&run.model, p.to.channel[c]);
}

/* Any is broken. */
static inline void
break_one(void)
{
	unsigned which = below(promises), c;
	struct promised p = promised[which];
	size_t i;

	memmove(promised + which, promised + which + 1,
	    (--promises - which) * sizeof(p));
	hub_break(&run.hub, p.promise);
	for (i = 0; i < p.n; i++)
		run.model.bytes -= p.cost[i] * p.to.n;
	if (p.end)
		run.model.channel[p.to.channel[0]].ending = false;
	for (c = 0; c < p.to.n; c++)
		model_close(&run.model, p.to.channel[c]);
	run.broken++;
}

static inline void
promises_end(void)
{
	while (promises > 0)
		if (below(6) == 0)
			break_one();
		else
			keep_one();
}

/* For which channels, and whether one ends with it. */
static inline void
choose_kind(struct promised *p)
{
	choose_channels(&p->to, below(4) > 0 ? 1 : 1 + below(TOGETHER));
	p->n = below(4) > 0 ? 1 : 1 + below(below(8) == 0 ? BATCH : 5);
	p->snapshot = below(20) == 0;
	p->end = p->to.n == 1 && below(60) == 0;
	p->erase = p->end && below(3) == 0;
	if (p->erase || (p->end && below(2) == 0))
		p->n = 0;
}

/* What is to be published, and its bytes in all. */
static inline size_t
choose_post(struct promised *p)
{
	char id[EVENTID_SIZE];
	uint64_t ms = wall_ms();
	size_t i, all = 0;

	choose_kind(p);
	p->number = run.number + 1;
	run.number += p->n;
	for (i = 0; i < p->n; i++) {
		p->id[i] = eventid_next(&run.source, ms);
		p->len[i] = (size_t)snprintf(NULL, 0, "%lu %*s", p->number + i,
		    (int)below(100), "");
		p->cost[i] = run.entry + sizeof(struct event) + 16 + p->len[i] +
			     strlen("id: \ndata: \n\n") +
			     eventid_format(id, p->id[i]);
		all += p->cost[i];
	}
	if (p->end)
		p->id[p->n] = eventid_next(&run.source, ms);
	return all * p->to.n;
}

static inline enum hub_result
prepare_post(struct promised *p)
{
	static char text[BATCH][DATA_MAX];
	struct sse_message m[BATCH];
	const char *names[TOGETHER];
	struct post post = {.channels = names,
	    .channels_n = p->to.n,
	    .messages = m,
	    .n = p->n,
	    .end = p->end,
	    .erase = p->erase};
	size_t i;

	for (i = 0; i < p->to.n; i++)
		names[i] = name(p->to.channel[i]);
	for (i = 0; i < p->n; i++) {
		write_data(text[i], p->number + i, p->len[i]);
		m[i] = (struct sse_message){.data = text[i],
		    .len = p->len[i],
		    .snapshot = p->snapshot};
	}
	return hub_prepare(&run.hub, &post, p->id, &p->promise);
}

/* Has a channel of it ended, or is about to? */
static inline enum hub_result
judge(const struct promised *p)
{
	const struct model_channel *ch;
	unsigned i;

	for (i = 0; i < p->to.n; i++) {
		ch = &run.model.channel[p->to.channel[i]];
		if (ch->exists && model_has_ended(ch) && !p->erase)
			return HUB_ENDED;
		if (ch->exists && ch->ending)
			return HUB_ENDING;
	}
	return HUB_DONE;
}

/* The hub says what its channels were. */
static inline void
was_promised(struct promised *p)
{
	const struct model_channel *ch;
	unsigned i;

	for (i = 0; i < p->to.n; i++) {
		ch = &run.model.channel[p->to.channel[i]];
		p->is_new[i] = hub_promised_new(p->promise, i);
		p->lost[i] = hub_promised_lost(p->promise, i);
		CHECK(p->is_new[i] == !ch->published);
		CHECK(same(p->lost[i], ch->lost));
	}
	if (p->end)
		run.model.channel[p->to.channel[0]].ending = true;
}

static inline void
publish_some(void)
{
	struct promised *p = &promised[promises];
	size_t all = choose_post(p);
	enum hub_result expected = judge(p);

	if (expected == HUB_DONE)
		expected = all > run.model.bytes_max	    ? HUB_TOO_LARGE :
			   !model_has_room(&run.model, all) ? HUB_NO_ROOM :
			   !model_open(&run.model, &p->to)  ? HUB_NO_CHANNEL :
							      HUB_DONE;
	CHECK(prepare_post(p) == expected);
	run.results[expected]++;
	if (expected != HUB_DONE)
		return;
	was_promised(p);
	run.model.bytes += all;
	model_keep_to_budget(&run.model);
	promises++;
	if (promises == PROMISES || below(2) == 0)
		promises_end();
}

#endif
