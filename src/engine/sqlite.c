/* SPDX-License-Identifier: ISC */
/*
 * Events that are on the disk before anybody has them: the loop's side.  What
 * the file is like is store.c's, and who writes it committer.c.
 */
#include "engine/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/platform.h"

#define SLOW	     0.5	  /* seconds for the last transaction */
#define QUEUE_EVENTS 65536	  /* that wait for the disk */
#define QUEUE_BYTES  (16UL << 20) /* of them, but for a single one */
#define DROPS	     64		  /* that are worth it */

/* A publication that waits for the disk. */
struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct promise *promise;
	void (*done)(void *, const struct published *);
	void *arg;
	size_t events;
	struct eventid first, last;
};

static enum publish_result
result_of(enum hub_result result)
{
	static const enum publish_result results[] = {[HUB_NO_CHANNEL] =
							  PUBLISH_NO_CHANNEL,
	    [HUB_TOO_LARGE] = PUBLISH_TOO_LARGE,
	    [HUB_NO_ROOM] = PUBLISH_NO_ROOM,
	    [HUB_NO_MEMORY] = PUBLISH_NO_MEMORY};

	assert(result != HUB_DONE);
	return results[result];
}

/* Is there room for it where others wait? */
static bool
queue_is_full(const struct sqlite *s, size_t events)
{
	size_t bytes = s->next.bytes + s->going.bytes;

	return s->next.events + s->going.events + events > QUEUE_EVENTS ||
	       bytes > QUEUE_BYTES;
}

/* It is in the next transaction, and the hub has taken it on. */
static enum publish_result
take_on(struct sqlite *s, struct waiting *w, const char *channel,
    const struct sse_message messages[], size_t n)
{
	struct eventid id[ENGINE_BATCH_MAX];
	int64_t key[ENGINE_BATCH_MAX];
	uint64_t ms = s->wall_ms();
	enum hub_result result;
	struct addition *a;
	size_t i;

	if (ms >= STORE_MS_MAX)
		return PUBLISH_AWAY;
	for (i = 0; i < n; i++) {
		id[i] = eventid_next(&s->source, ms);
		key[i] = store_key(id[i]);
	}
	result = hub_prepare(s->hub, channel, id, messages, n, &w->promise);
	if (result != HUB_DONE)
		return result_of(result);
	a = changes_add(&s->next, channel, messages, n, key);
	if (a == NULL) {
		hub_break(s->hub, w->promise);
		return PUBLISH_NO_MEMORY;
	}
	a->new = hub_promised_new(w->promise);
	a->lost = store_key(hub_promised_lost(w->promise));
	a->time = (int64_t)ms;
	w->events = n;
	w->first = id[0];
	w->last = id[n - 1];
	return PUBLISHED;
}

static void
sqlite_publish(struct engine *engine, const char *channel,
    const struct sse_message messages[], size_t n,
    void (*done)(void *, const struct published *), void *arg)
{
	struct sqlite *s = (struct sqlite *)engine;
	struct published what = {.events = n};
	struct waiting *w = NULL;

	if (s->down) {
		what.result = PUBLISH_AWAY;
		what.why = s->why;
	} else if (queue_is_full(s, n)) {
		what.result = PUBLISH_NO_ROOM;
		what.why = "more is published than the disk takes";
	} else if ((w = calloc(1, sizeof(*w))) == NULL)
		what.result = PUBLISH_NO_MEMORY;
	else
		what.result = take_on(s, w, channel, messages, n);
	if (what.result != PUBLISHED) {
		free(w);
		done(arg, &what);
		return;
	}
	w->done = done;
	w->arg = arg;
	STAILQ_INSERT_TAIL(&s->waiting, w, link);
	s->waiting_n++;
}

/* What became of a transaction, to all who wait for that. */
static void
tell(struct sqlite *s, struct waiting_list *list, enum store_result outcome)
{
	struct published what = {.why = *s->why == '\0' ? NULL : s->why};
	struct waiting *w;

	while ((w = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		what.events = w->events;
		what.last = w->last;
		what.streams = 0;
		if (outcome == STORE_COMMITTED) {
			what.result = PUBLISHED;
			what.streams = hub_keep(s->hub, w->promise);
			if (eventid_compare(s->first, s->resumed) == 0)
				s->first = w->first;
		} else {
			what.result = outcome == STORE_NOT ? PUBLISH_AWAY :
							     PUBLISH_UNKNOWN;
			hub_break(s->hub, w->promise);
		}
		w->done(w->arg, &what);
		free(w);
	}
}

/* Nothing is taken on any more, and what was is answered. */
static void
go_down(struct sqlite *s)
{
	s->failures++;
	s->down = true;
	(void)snprintf(s->why, sizeof(s->why),
	    "the store cannot be written: %s", store_fault(&s->store));
	log_warn("--store %s: %s: publications are refused until that is over",
	    s->path, store_fault(&s->store));
}

static void
count(struct sqlite *s, double seconds)
{
	static const double limit[SQLITE_BUCKETS] = {0.0005, 0.001, 0.0025,
	    0.005, 0.01, 0.025, 0.1, 1};
	unsigned i;

	for (i = 0; i < SQLITE_BUCKETS && seconds > limit[i]; i++)
		continue;
	s->bucket[i]++;
	s->commits++;
	s->commit_seconds += seconds;
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
		log_info("--store %s: it can be written again", s->path);
		return;
	}
	if (outcome == STORE_COMMITTED) {
		count(s, s->committer.seconds);
		gathering_done(&s->gathering, *s->hub->set.now,
		    s->committer.seconds, s->going_n + s->waiting_n);
		changes_free(&s->going);
		tell(s, &s->going_waiting, outcome);
		return;
	}
	go_down(s);
	changes_take_back(&s->going);
	changes_take_back(&s->next);
	if (s->commits > s->failed_at) /* else it may be these that fail */
		changes_move(&s->next, &s->going);
	s->failed_at = s->commits;
	changes_free(&s->going);
	tell(s, &s->going_waiting, outcome);
	tell(s, &s->waiting, STORE_NOT);
	s->waiting_n = 0;
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
	STAILQ_CONCAT(&s->going_waiting, &s->waiting);
	s->going_n = s->waiting_n;
	s->waiting_n = 0;
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
	    !gathering_waits(&s->gathering, *s->hub->set.now, s->waiting_n))
		give(s, drops_are_due(s));
}

static void
on_committed(struct ev_loop *loop, ev_async *w, int revents)
{
	struct sqlite *s = w->data;

	(void)loop;
	(void)revents;
	if (committer_take(&s->committer))
		settle(s);
}

/* What is dropped does not wait for a publication for ever. */
static void
on_second(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct sqlite *s = w->data;

	(void)loop;
	(void)revents;
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

	ev_async_send(s->loop, &s->committed);
}

static void
on_dropped(void *keeper, struct eventid id)
{
	struct sqlite *s = keeper;

	changes_drop(&s->next, store_key(id));
}

static void
on_forgot(void *keeper, const char *channel, struct eventid upto)
{
	struct sqlite *s = keeper;

	changes_forget(&s->next, channel, store_key(upto));
}

/* One channel of the file. */
static int
restore_channel(void *arg, const char *name, int64_t lost)
{
	struct sqlite *s = arg;

	return hub_restore_channel(s->hub, name, store_id(&s->store, lost)) ==
		       HUB_DONE ?
		   0 :
		   -1;
}

/* When it was published, as this process counts the time. */
static double
time_of(const struct sqlite *s, int64_t wall)
{
	double age = ((double)s->began - (double)wall) / 1000;
	double time = *s->hub->set.now - (age > 0 ? age : 0);

	return time > s->restored ? time : s->restored;
}

/*
 * One event of the file.  Of a channel that is forgotten, or was in a former
 * life, some may be left: the program ended before all were dropped.
 */
static int
restore(void *arg, int64_t key, int64_t time, const char *channel,
    const struct sse_message *m)
{
	struct sqlite *s = arg;
	struct eventid id = store_id(&s->store, key);
	const struct channel *ch = hub_find(s->hub, channel);

	if (ch == NULL || eventid_compare(id, ch->lost.upto) <= 0) {
		changes_drop(&s->next, key);
		return 0;
	}
	s->restored = time_of(s, time);
	return hub_restore(s->hub, channel, id, m, s->restored) == HUB_DONE ?
		   0 :
		   -1;
}

static void
open_store(struct sqlite *s, struct store_facts *facts)
{
	struct store_facts fresh = {.epoch = 0};
	char err[512];

	if (platform_random(&fresh.epoch, sizeof(fresh.epoch)) == -1)
		fatal("no random number: %s", strerror(errno));
	eventid_begin(&s->source, fresh.epoch, s->wall_ms());
	fresh.base = fresh.last = fresh.forgotten = store_key(s->source.last);
	if (store_open(&s->store, s->path, s->patience, &fresh, facts, err,
		sizeof(err)) == -1)
		fatal("%s", err);
	s->source.epoch = facts->epoch;
	s->source.last = store_id(&s->store, facts->last);
	s->resumed = s->first = s->source.last;
}

static void
fill_hub(struct sqlite *s, const struct store_facts *facts)
{
	char err[512];

	s->restored = -1e18; /* older than anything */
	hub_begin(s->hub, store_id(&s->store, facts->base));
	hub_kept_by(s->hub, s, on_dropped, on_forgot);
	if (store_load(&s->store, s->hub->set.bytes_max, restore_channel,
		restore, s) == -1) {
		store_explain(&s->store, s->path, err, sizeof(err));
		store_close(&s->store, false);
		fatal("%s", err);
	}
	hub_restored(s->hub, s->source.last,
	    store_id(&s->store, facts->forgotten));
	s->bytes = store_bytes(&s->store);
	log_info("--store %s: %zu events of %zu channels", s->path,
	    s->hub->held, s->hub->channels);
}

static void
sqlite_start(struct engine *engine, struct hub *h, struct ev_loop *loop,
    void (*ready)(void *), void *arg)
{
	struct sqlite *s = (struct sqlite *)engine;
	struct store_facts facts;

	s->hub = h;
	s->loop = loop;
	s->began = s->wall_ms(); /* as the hub's clock is now */
	open_store(s, &facts);
	fill_hub(s, &facts);
	ev_prepare_init(&s->turn_ends, on_turn_ends);
	ev_async_init(&s->committed, on_committed);
	ev_timer_init(&s->second, on_second, 1, 1);
	s->turn_ends.data = s->committed.data = s->second.data = s;
	ev_prepare_start(loop, &s->turn_ends);
	ev_async_start(loop, &s->committed);
	ev_timer_start(loop, &s->second);
	if (committer_start(&s->committer, &s->store, wake_loop, s) == -1)
		fatal("--store %s: there is no thread for it: %s", s->path,
		    strerror(errno));
	gathering_start(&s->gathering, loop);
	ready(arg);
}

/* Nothing is ahead of what decides the order itself. */
static enum place
sqlite_place(const struct engine *engine, struct eventid id)
{
	const struct sqlite *s = (const struct sqlite *)engine;

	if (!eventid_is_ours(&s->source, id))
		return PLACE_ANOTHER_LIFE;
	/*
	 * Between what the file ended with and what this life began with there
	 * is nothing, unless the file is an older copy of the one that there
	 * was.
	 */
	if (eventid_compare(id, s->resumed) > 0 &&
	    eventid_compare(id, s->first) < 0)
		return PLACE_UNKNOWN;
	if (eventid_compare(id, s->hub->last) > 0)
		return PLACE_UNKNOWN;
	return PLACE_AFTER;
}

#define COMMIT "ssefcgi_store_commit_seconds"
#define LE(text)                                              \
	{                                                     \
		NULL, COMMIT, "le=\"" text "\"", "histogram", \
		    "What a commit takes.", 0, "_bucket"      \
	}

static size_t
sqlite_figures(const struct engine *engine,
    struct engine_figure row[ENGINE_FIGURES_MAX])
{
	static const struct engine_figure rows[] = {
	    {"store.up", "ssefcgi_store_up", "", "gauge",
		"1 if the store takes publications.", 0, NULL},
	    {"store.failures", "ssefcgi_store_failures_total", "", "counter",
		"Transactions that failed.", 0, NULL},
	    {"store.bytes", "ssefcgi_store_bytes", "", "gauge",
		"Bytes of the store's files.", 0, NULL},
	    {"store.queue", "ssefcgi_store_queue_events", "", "gauge",
		"Events that wait for the disk.", 0, NULL},
	    LE("0.0005"),
	    LE("0.001"),
	    LE("0.0025"),
	    LE("0.005"),
	    LE("0.01"),
	    LE("0.025"),
	    LE("0.1"),
	    LE("1"),
	    LE("+Inf"),
	    {"store.commit_seconds", COMMIT, "", "histogram",
		"What a commit takes.", 0, "_sum"},
	    {"store.commits", COMMIT, "", "histogram", "What a commit takes.",
		0, "_count"},
	};
	const struct sqlite *s = (const struct sqlite *)engine;
	size_t n = sizeof(rows) / sizeof(rows[0]), i;
	unsigned long long below = 0;

	assert(n <= ENGINE_FIGURES_MAX);
	memcpy(row, rows, sizeof(rows));
	row[0].value = !s->down;
	row[1].value = (double)s->failures;
	row[2].value = (double)s->bytes;
	row[3].value = (double)(s->next.events + s->going.events);
	for (i = 0; i <= SQLITE_BUCKETS; i++) {
		below += s->bucket[i];
		row[4 + i].value = (double)below;
	}
	row[n - 2].value = s->commit_seconds;
	row[n - 1].value = (double)s->commits;
	return n;
}

/*
 * All that is still to be done is, unless the disk takes too long for it: what
 * is under way, what waits, and what is only dropped.
 */
static bool
finish(struct sqlite *s)
{
	bool last = false;

	while (committer_wait(&s->committer, SQLITE_END_MAX / 3)) {
		if (committer_take(&s->committer))
			settle(s);
		if (last || s->down || changes_empty(&s->next))
			return true;
		last = STAILQ_EMPTY(&s->next.additions);
		give(s, true);
	}
	log_warn("--store %s: the disk does not answer", s->path);
	tell(s, &s->going_waiting, STORE_UNKNOWN);
	tell(s, &s->waiting, STORE_NOT);
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
	if (!finish(s))
		return; /* the thread has all of it, until the process ends */
	ev_async_stop(s->loop, &s->committed);
	committer_end(&s->committer);
	changes_free(&s->next);
	changes_free(&s->going);
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
		.figures = sqlite_figures,
		.stop = sqlite_stop},
	    .path = path,
	    .patience = patience,
	    .wall_ms = wall_ms,
	};
	changes_init(&s->next);
	changes_init(&s->going);
	STAILQ_INIT(&s->waiting);
	STAILQ_INIT(&s->going_waiting);
}
