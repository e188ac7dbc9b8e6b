/* SPDX-License-Identifier: ISC */
/*
 * The start: the hub as the file has it.  What is wrong with that ends the
 * program.
 */
#include "engine/sqlite_inner.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/platform.h"

static void
on_dropped(void *keeper, const char *channel, struct eventid id)
{
	struct sqlite *s = keeper;

	changes_drop(&s->next, channel, store_key(id));
}

static void
on_forgot(void *keeper, const char *channel, struct eventid upto)
{
	struct sqlite *s = keeper;

	changes_forget(&s->next, channel, store_key(upto));
}

/* A wall clock's time, not after now, as this process counts it. */
static double
time_of(const struct sqlite *s, int64_t wall)
{
	double age = ((double)s->began - (double)wall) / 1000;

	return *s->hub->set.now - (age > 0 ? age : 0);
}

/* One channel of the file. */
static int
restore_channel(void *arg, const struct store_channel *c)
{
	struct sqlite *s = arg;
	struct channel_facts facts = {.name = c->name,
	    .lost = store_id(&s->store, c->lost),
	    .deleted = c->erased,
	    .origin = store_id(&s->store, c->origin),
	    .ended = {0, 0},
	    .ended_time = time_of(s, c->ended_at)};

	if (c->ended != 0)
		facts.ended = store_id(&s->store, c->ended);
	return hub_restore_channel(s->hub, &facts) == HUB_DONE ? 0 : -1;
}

/*
 * One event of one channel.  Of a channel that is forgotten, or erased, or was
 * there in a former life, some may be left: the program ended before all were
 * dropped.
 */
static int
restore(struct sqlite *s, const char *name, const struct store_event *e)
{
	struct eventid id = store_id(&s->store, e->key);
	const struct channel *ch = hub_find(s->hub, name);

	if (ch == NULL || eventid_compare(id, ch->lost.upto) <= 0 ||
	    (channel_has_ended(ch) && eventid_compare(id, ch->ended) >= 0)) {
		changes_drop(&s->next, name, e->key);
		return 0;
	}
	return hub_restore(s->hub, name, id, &e->message, s->restored) ==
		       HUB_DONE ?
		   0 :
		   -1;
}

/* One event of the file. */
static int
restore_event(void *arg, const struct store_event *e)
{
	struct sqlite *s = arg;
	double time = time_of(s, e->time);
	size_t i;

	s->restored = time > s->restored ? time : s->restored;
	for (i = 0; i < e->channels_n; i++)
		if (restore(s, e->channels[i], e) == -1)
			return -1;
	return 0;
}

/*
 * One publication's key, if it is not too old to be known; of two that are the
 * same the first counts.
 */
static int
restore_key(void *arg, const struct store_keyed *k)
{
	struct sqlite *s = arg;
	double now = *s->hub->set.now, when = time_of(s, k->time);
	enum keys_result result;
	struct key *key;

	if (now - when >= KEYS_AGE ||
	    keys_find(&s->keys, k->channel, k->key, now) != NULL)
		return 0;
	result = keys_promise(&s->keys, k->channel, k->key, now, &key);
	if (result == KEYS_DONE)
		keys_keep(&s->keys, key, store_id(&s->store, k->last),
		    k->events, when);
	return result == KEYS_NO_MEMORY ? -1 : 0;
}

/* The ids go on where those of the file end. */
static void
open_store(struct sqlite *s, struct store_facts *facts)
{
	struct store_facts fresh = {.epoch = 0};
	char err[512];

	if (platform_random(&fresh.epoch, sizeof(fresh.epoch)) == -1)
		fatal("no_random_number why", "no random number: %s",
		    strerror(errno));
	eventid_begin(&s->source, fresh.epoch, s->wall_ms());
	fresh.base = fresh.last = fresh.forgotten = store_key(s->source.last);
	if (store_open(&s->store, s->path, s->patience, &fresh, facts, err,
		sizeof(err)) == -1)
		fatal("start_failed why", "%s", err);
	s->source.epoch = facts->epoch;
	s->source.last = store_id(&s->store, facts->last);
	s->resumed = s->first = s->source.last;
}

/*
 * How much is read back.  The hub has its limits, and drops by them what is
 * fair; the file alone would keep the newest, though a quiet channel's oldest
 * be among what goes.  In it an event may count for more than in the hub, and
 * what was dropped last may be there still: so twice as much, and no more in
 * all than the file may be.
 */
static size_t
room(const struct hub *h)
{
	return h->set.bytes_max > SIZE_MAX / 2 ? SIZE_MAX :
						 2 * h->set.bytes_max;
}

static void
fill_hub(struct sqlite *s, const struct store_facts *facts)
{
	const struct store_reader reader = {restore_channel, restore_event,
	    restore_key, s};
	char err[512];

	s->restored = -1e18; /* older than anything */
	hub_begin(s->hub, store_id(&s->store, facts->base));
	hub_kept_by(s->hub, s, on_dropped, on_forgot);
	if (store_load(&s->store, room(s->hub), &reader) == -1) {
		store_explain(&s->store, s->path, err, sizeof(err));
		store_close(&s->store, false);
		fatal("start_failed why", "%s", err);
	}
	hub_restored(s->hub, s->source.last,
	    store_id(&s->store, facts->forgotten));
	s->bytes = store_bytes(&s->store);
	log_info("store_loaded file events channels",
	    "--store %s: %zu events of %zu channels", s->path, s->hub->held,
	    s->hub->channels);
}

void
sqlite_load(struct sqlite *s)
{
	struct store_facts facts;

	open_store(s, &facts);
	fill_hub(s, &facts);
}
