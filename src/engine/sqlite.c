/* SPDX-License-Identifier: ISC */
/*
 * Events that are on the disk before anybody has them: the loop's side.  What
 * the file is like is store.c's, and who writes it committer.c; sqlite_load.c
 * fills the hub from it, sqlite_posts.c takes on what is published, and
 * sqlite_figures.c tells of it.
 */
#include "engine/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "engine/sqlite_inner.h"

#define SLOW  0.5 /* seconds for the last transaction */
#define DROPS 64  /* that are worth it */

/* Nothing is taken on any more, and what was is answered. */
static void
go_down(struct sqlite *s)
{
	s->failures++;
	s->down = true;
	(void)snprintf(s->why, sizeof(s->why),
	    "the store cannot be written: %s", store_fault(&s->store));
	log_warn("store_away file why",
	    "--store %s: %s: publications are refused until that is over",
	    s->path, store_fault(&s->store));
}

/* An order is done. */
static void
settle(struct sqlite *s)
{
	enum store_result outcome = s->committer.outcome;

	s->bytes = s->committer.bytes;
	if (s->committer.changes == NULL) {
		if (outcome != STORE_COMMITTED)
			return;
		s->down = false;
		log_info("store_back file",
		    "--store %s: it can be written again", s->path);
		return;
	}
	if (outcome == STORE_COMMITTED) {
		histogram_add(&s->commits, s->committer.seconds, 1);
		gathering_done(&s->gathering, *s->hub->set.now,
		    s->committer.seconds,
		    s->going.publications + s->next.publications);
		changes_free(&s->going);
		sqlite_tell(s, &s->going_waiting, outcome);
		return;
	}
	go_down(s);
	changes_take_back(&s->going);
	changes_take_back(&s->next);
	if (s->commits.count >
	    s->failed_at) /* else it may be these that fail */
		changes_move(&s->next, &s->going);
	s->failed_at = s->commits.count;
	changes_free(&s->going);
	sqlite_tell(s, &s->going_waiting, outcome);
	sqlite_tell(s, &s->waiting, STORE_NOT);
}

/*
 * Drops wait until there are some, or a second has passed: an event that is to
 * go costs a transaction several pages, and many cost hardly more.  A channel
 * that is forgotten does not wait, since it may come again at once.
 */
static bool
drops_are_due(const struct sqlite *s)
{
	return s->late || s->next.drops >= DROPS ||
	       !STAILQ_EMPTY(&s->next.forgettings);
}

static void
give(struct sqlite *s, bool all)
{
	changes_hand_over(&s->next, &s->going, all);
	s->late = s->late && (!all || s->next.drops > 0);
	s->going.unkeyed = s->old_keys;
	s->old_keys = 0;
	STAILQ_CONCAT(&s->going_waiting, &s->waiting);
	committer_give(&s->committer, &s->going);
}

static void
on_turn_ends(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct sqlite *s = w->data;

	(void)loop;
	(void)revents;
	if (!STAILQ_EMPTY(&s->next.additions) &&
	    committer_idle(&s->committer) &&
	    !gathering_waits(&s->gathering, *s->hub->set.now,
		s->next.publications))
		give(s, drops_are_due(s));
}

static void
on_committed(void *arg)
{
	struct sqlite *s = arg;

	if (committer_take(&s->committer))
		settle(s);
}

/*
 * The keys of publications that nobody knows any more go from the file with
 * its next transaction: all whose ids are not above what was the last one so
 * long ago.
 */
static void
keys_grow_old(struct sqlite *s)
{
	int64_t *last = &s->last[s->seconds++ % SQLITE_KEYED];

	s->old_keys = *last;
	*last = store_key(s->source.last);
}

/* What is dropped does not wait for a publication for ever. */
static void
on_second(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct sqlite *s = w->data;

	(void)loop;
	(void)revents;
	keys_grow_old(s);
	s->late = !changes_empty(&s->next);
	if (!committer_idle(&s->committer))
		return;
	if (s->down)
		committer_give(&s->committer, NULL);
	else if (s->late)
		give(s, true);
}

/* In the thread. */
static void
wake_loop(void *arg)
{
	struct sqlite *s = arg;

	wake_send(&s->committed);
}

static void
sqlite_start(struct engine *engine, struct hub *h, struct ev_loop *loop,
    void (*ready)(void *), void *arg)
{
	struct sqlite *s = (struct sqlite *)engine;

	s->hub = h;
	s->loop = loop;
	s->began = s->wall_ms(); /* as the hub's clock is now */
	sqlite_load(s);
	ev_prepare_init(&s->turn_ends, on_turn_ends);
	ev_timer_init(&s->second, on_second, 1, 1);
	s->turn_ends.data = s->second.data = s;
	ev_prepare_start(loop, &s->turn_ends);
	ev_timer_start(loop, &s->second);
	if (wake_start(&s->committed, loop, on_committed, s) == -1 ||
	    committer_start(&s->committer, &s->store, wake_loop, s) == -1)
		fatal("store_no_thread file why",
		    "--store %s: there is no thread for it: %s", s->path,
		    strerror(errno));
	gathering_start(&s->gathering, loop);
	ready(arg);
}

static enum place
sqlite_place(const struct engine *engine, struct eventid id)
{
	const struct sqlite *s = (const struct sqlite *)engine;

	/*
	 * Between what the file ended with and what this life began with there
	 * is nothing, unless the file is an older copy of the one that there
	 * was.
	 */
	if (eventid_is_ours(&s->source, id) &&
	    eventid_compare(id, s->resumed) > 0 &&
	    eventid_compare(id, s->first) < 0)
		return PLACE_UNKNOWN;
	return engine_place(&s->source, s->hub, id);
}

static const char *
sqlite_away(const struct engine *engine)
{
	const struct sqlite *s = (const struct sqlite *)engine;

	return s->down ? s->why : NULL;
}

/*
 * All that is still to be done is, unless the disk takes too long for it: what
 * is under way, what waits, and what is only dropped.
 */
static bool
finish(struct sqlite *s)
{
	bool last = false; /* only what is dropped was left to be given */

	while (committer_wait(&s->committer, SQLITE_END_MAX / 3)) {
		if (committer_take(&s->committer))
			settle(s);
		if (last || s->down || changes_empty(&s->next))
			return true;
		last = STAILQ_EMPTY(&s->next.additions);
		give(s, true);
	}
	log_warn("store_silent file", "--store %s: the disk does not answer",
	    s->path);
	sqlite_tell(s, &s->going_waiting, STORE_UNKNOWN);
	sqlite_tell(s, &s->waiting, STORE_NOT);
	committer_abandon(&s->committer);
	return false;
}

static void
sqlite_stop(struct engine *engine)
{
	struct sqlite *s = (struct sqlite *)engine;
	if (s->hub == NULL)
		return; /* it was never started */
	hub_kept_by(s->hub, NULL, NULL, NULL);
	ev_prepare_stop(s->loop, &s->turn_ends);
	ev_timer_stop(s->loop, &s->second);
	gathering_stop(&s->gathering);
	wake_stop(&s->committed);
	if (!finish(s))
		return; /* the thread has all of it, until the process ends */
	committer_end(&s->committer);
	wake_close(&s->committed);
	changes_free(&s->next);
	changes_free(&s->going);
	keys_free(&s->keys);
	/* On a slow disk the answers that are said are not to wait for it. */
	store_close(&s->store, s->committer.seconds > SLOW);
}

void
sqlite_init(struct sqlite *s, const char *path, double patience,
    uint64_t (*wall_ms)(void))
{
	*s = (struct sqlite){
	    .engine = {.start = sqlite_start,
		.publish = sqlite_publish,
		.place = sqlite_place,
		.away = sqlite_away,
		.figures = sqlite_figures,
		.stop = sqlite_stop},
	    .path = path,
	    .patience = patience,
	    .wall_ms = wall_ms,
	};
	keys_init(&s->keys, KEYS_MAX);
	changes_init(&s->next);
	changes_init(&s->going);
	STAILQ_INIT(&s->waiting);
	STAILQ_INIT(&s->going_waiting);
}
