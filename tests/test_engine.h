/* SPDX-License-Identifier: ISC */
#ifndef TEST_ENGINE_H
#define TEST_ENGINE_H

/*
 * An engine whose answers are the test's: when, in which order, which, or none
 * before stop().  What it says is PUBLISHED it gives to the hub then.  Ids that
 * are ahead of it wait likewise.
 */
#include "engine/engine.h"
#include "channel/hub.h"

#define TEST_ENGINE_MAX 600 /* publications */

struct test_engine {
	struct engine engine; /* first */
	struct hub *hub;
	uint64_t last; /* id that it gave out */
	size_t n;
	struct given {
		void (*done)(void *, const struct published *);
		void *arg;
		char channel[16];
		char data[16];	 /* of the first message */
		char text[2048]; /* "type:data|" of all, and ";" at an end */
		size_t messages;
		char channels[64]; /* all, a space behind each */
		char key[72];
		bool end, erase, snapshot;
		bool pending;
	} given[TEST_ENGINE_MAX];
	size_t awaited; /* how often somebody waited for an id */
	struct early {
		struct eventid id;
		void (*done)(void *, enum place);
		void *arg;
		bool pending;
	} early[TEST_ENGINE_MAX];
	bool not_yet;		    /* nobody can say where an id is */
	const char *why;	    /* it takes no publications, in words */
	bool repeats;		    /* what is published had been before */
	bool at_once;		    /* it answers within publish(), await() */
	enum place place;	    /* with this */
	enum publish_result result; /* with this */
	void (*ready)(void *arg);
	void *ready_arg;
};

static inline void
test_engine_start(struct engine *engine, struct hub *h, struct ev_loop *on,
    void (*ready)(void *), void *arg)
{
	struct test_engine *e = (struct test_engine *)engine;

	(void)on;
	e->hub = h;
	e->last = 100;
	hub_begin(h, (struct eventid){1, 100});
	e->ready = ready;
	e->ready_arg = arg;
}

/* Tells what became of the publication with this number, the first 0. */
static inline void
test_engine_answer(struct test_engine *e, size_t i, enum publish_result result)
{
	struct given *g = &e->given[i];
	struct sse_message m = {.data = g->data, .len = strlen(g->data)};
	struct published what = {.result = result,
	    .events = g->messages,
	    .repeated = e->repeats};
	const char *channel = g->channel;
	const struct post post = {.channels = &channel,
	    .channels_n = 1,
	    .messages = &m,
	    .n = g->messages > 0,
	    .end = g->end,
	    .erase = g->erase};
	struct eventid ids[2];

	assert_true(g->pending);
	g->pending = false;
	if (result == PUBLISHED) { /* of many to the hub only the last's id */
		e->last += g->messages;
		ids[0] = (struct eventid){1, e->last};
		e->last += g->end;
		ids[post_ids(&post) - 1] = what.last =
		    (struct eventid){1, e->last};
		assert_int_equal(hub_publish(e->hub, &post, ids, &what.streams),
		    HUB_DONE);
	}
	g->done(g->arg, &what);
}

static inline void
test_engine_note(struct given *g, const struct sse_message *m)
{
	size_t had = strlen(g->text);

	(void)snprintf(g->text + had, sizeof(g->text) - had, "%s:%.*s|",
	    m->type == NULL ? "" : m->type, (int)m->len, m->data);
}

static inline void
test_engine_publish(struct engine *engine, const struct post *post,
    void (*done)(void *, const struct published *), void *arg)
{
	struct test_engine *e = (struct test_engine *)engine;
	struct given *g = &e->given[e->n];
	size_t i;

	assert_true(e->n < TEST_ENGINE_MAX);
	g->done = done;
	g->arg = arg;
	g->messages = post->n;
	g->pending = true;
	(void)snprintf(g->channel, sizeof(g->channel), "%s", post->channels[0]);
	g->data[0] = g->text[0] = '\0';
	if (post->n > 0)
		(void)snprintf(g->data, sizeof(g->data), "%.*s",
		    (int)post->messages[0].len, post->messages[0].data);
	g->end = post->end;
	g->erase = post->erase;
	g->snapshot = post->n > 0 && post->messages[0].snapshot;
	(void)snprintf(g->key, sizeof(g->key), "%s",
	    post->key == NULL ? "" : post->key);
	g->channels[0] = '\0';
	for (i = 0; i < post->channels_n; i++) {
		(void)strcat(g->channels, post->channels[i]);
		(void)strcat(g->channels, " ");
	}
	for (i = 0; i < post->n; i++)
		test_engine_note(g, &post->messages[i]);
	if (post->end && strlen(g->text) + 1 < sizeof(g->text))
		(void)strcat(g->text, ";");
	e->n++;
	if (e->at_once)
		test_engine_answer(e, e->n - 1, e->result);
}

static inline enum place
test_engine_place(const struct engine *engine, struct eventid id)
{
	const struct test_engine *e = (const struct test_engine *)engine;

	if (e->not_yet)
		return PLACE_NOT_YET;
	if (id.ms != 1)
		return id.ms == 0 ? PLACE_ANOTHER_LIFE : PLACE_UNKNOWN;
	return id.n > e->last ? PLACE_AHEAD : PLACE_AFTER;
}

/* Tells where the id is that was waited for with this number, the first 0. */
static inline void
test_engine_place_is(struct test_engine *e, size_t i, enum place place)
{
	struct early *early = &e->early[i];

	assert_true(early->pending);
	early->pending = false;
	early->done(early->arg, place);
}

static inline void
test_engine_await(struct engine *engine, struct eventid id,
    void (*done)(void *, enum place), void *arg)
{
	struct test_engine *e = (struct test_engine *)engine;

	assert_true(e->awaited < TEST_ENGINE_MAX);
	e->early[e->awaited++] = (struct early){id, done, arg, true};
	if (e->at_once)
		test_engine_place_is(e, e->awaited - 1, e->place);
}

static inline const char *
test_engine_away(const struct engine *engine)
{
	return ((const struct test_engine *)engine)->why;
}

static inline size_t
test_engine_figures(const struct engine *engine,
    struct engine_figure row[ENGINE_FIGURES_MAX])
{
	const struct test_engine *e = (const struct test_engine *)engine;

	row[0] = (struct engine_figure){"engine.given", "ssefcgi_engine_given",
	    "", "gauge", "Given to it.", (double)e->n, NULL};
	row[1] = (struct engine_figure){"engine.last", "ssefcgi_engine_last",
	    "", "gauge", "Its last.", (double)e->last, NULL};
	return 2;
}

static inline void
test_engine_stop(struct engine *engine)
{
	struct test_engine *e = (struct test_engine *)engine;
	size_t i;

	for (i = 0; i < e->n; i++)
		if (e->given[i].pending)
			test_engine_answer(e, i, PUBLISH_UNKNOWN);
	for (i = 0; i < e->awaited; i++)
		if (e->early[i].pending)
			test_engine_place_is(e, i, PLACE_AHEAD);
}

static inline void
test_engine_init(struct test_engine *e)
{
	*e = (struct test_engine){.engine = {.start = test_engine_start,
				      .publish = test_engine_publish,
				      .place = test_engine_place,
				      .await = test_engine_await,
				      .away = test_engine_away,
				      .figures = test_engine_figures,
				      .stop = test_engine_stop}};
}

#endif
