/* SPDX-License-Identifier: ISC */
/*
 * What is published, from the hub's promise to the answer: it is in the next
 * transaction, and then waits for what becomes of that.
 */
#include "engine/sqlite_inner.h"

#include <assert.h>
#include <stdlib.h>

#define QUEUE_EVENTS 65536	  /* that wait for the disk */
#define QUEUE_BYTES  (16UL << 20) /* of them, but for a single one */

/* A publication that waits for the disk. */
struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct promise *promise;
	struct key *key; /* or NULL */
	void (*done)(void *, const struct published *);
	void *arg;
	size_t events;
	struct eventid first, last;
};

/* Is there room for it where others wait? */
static bool
queue_is_full(const struct sqlite *s, size_t events)
{
	size_t bytes = s->next.bytes + s->going.bytes;

	return s->next.events + s->going.events + events > QUEUE_EVENTS ||
	       bytes > QUEUE_BYTES;
}

/*
 * Up to where the channel will have lost all, if this post, whose end has this
 * id, erases it.  While others are promised it is not known which is the last
 * of them: what is below the end.
 */
static int64_t
erased_upto(const struct sqlite *s, const struct post *post, struct eventid end)
{
	const struct channel *ch = hub_find(s->hub, post->channels[0]);

	if (ch == NULL)
		return 0;
	if (ch->promises > 0)
		return store_key(eventid_before(end));
	return store_key(channel_loss(ch).upto);
}

/* It comes into the next transaction.  -1: no memory. */
static int
add(struct sqlite *s, const struct waiting *w, const struct post *post,
    const struct eventid id[], uint64_t ms, int64_t erased)
{
	int64_t key[ENGINE_IDS_MAX];
	struct addition *a;
	size_t i, n = post_ids(post);

	for (i = 0; i < n; i++)
		key[i] = store_key(id[i]);
	a = changes_add(&s->next, post, key);
	if (a == NULL)
		return -1;
	for (i = 0; i < post->channels_n; i++) {
		a->channel[i].new = hub_promised_new(w->promise, i);
		a->channel[i].lost =
		    store_key(hub_promised_lost(w->promise, i));
	}
	a->time = (int64_t)ms;
	a->erased = erased;
	return 0;
}

/* It is in the next transaction, and the hub has taken it on. */
static void
take_on(struct sqlite *s, struct waiting *w, const struct post *post,
    struct published *what)
{
	struct eventid id[ENGINE_IDS_MAX];
	uint64_t ms = s->wall_ms();
	size_t i, n = post_ids(post);
	int64_t erased = 0;

	assert(n >= 1 && post->n <= ENGINE_BATCH_MAX);
	what->result = PUBLISH_AWAY;
	if (ms >= STORE_MS_MAX)
		return;
	for (i = 0; i < n; i++)
		id[i] = eventid_next(&s->source, ms);
	if (post->erase)
		erased = erased_upto(s, post, id[n - 1]);
	engine_result(what, hub_prepare(s->hub, post, id, &w->promise));
	if (what->result != PUBLISHED)
		return;
	if (add(s, w, post, id, ms, erased) == -1) {
		hub_break(s->hub, w->promise);
		what->result = PUBLISH_NO_MEMORY;
		return;
	}
	w->events = post->n;
	w->first = id[0];
	w->last = id[n - 1];
}

/* The post waits now, or what says why it cannot. */
static void
begin(struct sqlite *s, struct waiting *w, const struct post *post,
    struct published *what)
{
	w->key = engine_promise_key(&s->keys, post, *s->hub->set.now, what);
	if (what->result == PUBLISHED)
		take_on(s, w, post, what);
	if (what->result != PUBLISHED && w->key != NULL)
		keys_break(&s->keys, w->key);
}

void
sqlite_publish(struct engine *engine, const struct post *post,
    void (*done)(void *, const struct published *), void *arg)
{
	struct sqlite *s = (struct sqlite *)engine;
	struct published what = {.result = PUBLISHED, .events = post->n};
	struct waiting *w = NULL;

	if (engine_repeats(&s->keys, post, *s->hub->set.now, &what)) {
		done(arg, &what);
		return;
	}
	if (s->down) {
		what.result = PUBLISH_AWAY;
		what.why = s->why;
	} else if (queue_is_full(s, post->n)) {
		what.result = PUBLISH_NO_ROOM;
		what.why = "more is published than the disk takes";
	} else if ((w = calloc(1, sizeof(*w))) == NULL)
		what.result = PUBLISH_NO_MEMORY;
	else
		begin(s, w, post, &what);
	if (what.result != PUBLISHED) {
		free(w);
		done(arg, &what);
		return;
	}
	w->done = done;
	w->arg = arg;
	STAILQ_INSERT_TAIL(&s->waiting, w, link);
}

/* It is on the disk. */
static void
keep(struct sqlite *s, struct waiting *w, struct published *what)
{
	what->result = PUBLISHED;
	what->streams = hub_keep(s->hub, w->promise);
	if (w->key != NULL)
		keys_keep(&s->keys, w->key, w->last, w->events,
		    *s->hub->set.now);
	if (eventid_compare(s->first, s->resumed) == 0)
		s->first = w->first;
}

/* It is not, or nobody knows: and if the process goes on, it is not. */
static void
give_up(struct sqlite *s, struct waiting *w)
{
	hub_break(s->hub, w->promise);
	if (w->key != NULL)
		keys_break(&s->keys, w->key);
}

void
sqlite_tell(struct sqlite *s, struct waiting_list *list,
    enum store_result outcome)
{
	static const enum publish_result results[] =
	    {[STORE_NOT] = PUBLISH_AWAY, [STORE_UNKNOWN] = PUBLISH_UNKNOWN};
	struct published what = {.why = *s->why == '\0' ? NULL : s->why};
	struct waiting *w;

	while ((w = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		what.events = w->events;
		what.last = w->last;
		what.streams = 0;
		what.result = results[outcome];
		if (outcome == STORE_COMMITTED)
			keep(s, w, &what);
		else
			give_up(s, w);
		w->done(w->arg, &what);
		free(w);
	}
}
