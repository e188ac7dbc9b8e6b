/* SPDX-License-Identifier: ISC */
/*
 * Events ordered and held in this process alone.  Its ids carry a random epoch,
 * so that a browser which comes back with another life's id is told that there
 * is a gap.
 */
#include "engine/memory.h"

#include <assert.h>

#include "base/platform.h"

static void
memory_start(struct engine *engine, struct hub *h, struct ev_loop *loop,
    void (*ready)(void *), void *arg)
{
	struct memory *m = (struct memory *)engine;

	(void)loop;
	m->hub = h;
	hub_begin(h, m->source.last);
	ready(arg);
}

/* What became of the post, which is no repeated one; never pending. */
static void
publish(struct memory *m, const struct post *post, struct published *what)
{
	double now = *m->hub->set.now;
	struct key *key = engine_promise_key(&m->keys, post, now, what);
	struct eventid ids[ENGINE_IDS_MAX];
	size_t i, n = post_ids(post);
	uint64_t ms = m->wall_ms();

	if (what->result != PUBLISHED)
		return;
	for (i = 0; i < n; i++)
		ids[i] = eventid_next(&m->source, ms);
	what->last = ids[n - 1];
	engine_result(what, hub_publish(m->hub, post, ids, &what->streams));
	if (key != NULL && what->result == PUBLISHED)
		keys_keep(&m->keys, key, what->last, what->events, now);
	else if (key != NULL)
		keys_break(&m->keys, key);
}

static void
memory_publish(struct engine *engine, const struct post *post,
    void (*done)(void *, const struct published *), void *arg)
{
	struct memory *m = (struct memory *)engine;
	struct published what = {.events = post->n};

	assert(post_ids(post) >= 1 && post->n <= ENGINE_BATCH_MAX);
	if (!engine_repeats(&m->keys, post, *m->hub->set.now, &what))
		publish(m, post, &what);
	done(arg, &what);
}

static enum place
memory_place(const struct engine *engine, struct eventid id)
{
	const struct memory *m = (const struct memory *)engine;

	return engine_place(&m->source, m->hub, id);
}

/* Nothing that it needs can be away. */
static const char *
memory_away(const struct engine *engine)
{
	(void)engine;
	return NULL;
}

/* The hub's figures say the rest. */
static size_t
memory_figures(const struct engine *engine,
    struct engine_figure row[ENGINE_FIGURES_MAX])
{
	const struct memory *m = (const struct memory *)engine;

	row[0] = engine_keys(m->keys.n);
	return 1;
}

/* Nothing is pending. */
static void
memory_stop(struct engine *engine)
{
	struct memory *m = (struct memory *)engine;

	keys_free(&m->keys);
}

int
memory_init(struct memory *m, uint32_t epoch, uint64_t (*wall_ms)(void))
{
	if (epoch == 0 && platform_random(&epoch, sizeof(epoch)) == -1)
		return -1;
	*m = (struct memory){
	    .engine = {.start = memory_start,
		.publish = memory_publish,
		.place = memory_place,
		.away = memory_away,
		.figures = memory_figures,
		.stop = memory_stop},
	    .wall_ms = wall_ms,
	};
	keys_init(&m->keys, KEYS_MAX);
	eventid_begin(&m->source, epoch, wall_ms());
	return 0;
}
