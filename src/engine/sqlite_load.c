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

	(void)channel; /* so far */
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

	struct channel_facts facts = {.name = name,
	    .lost = store_id(&s->store, lost)};

	return hub_restore_channel(s->hub, &facts) == HUB_DONE ? 0 : -1;
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

/* The ids go on where those of the file end. */
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

void
sqlite_load(struct sqlite *s)
{
	struct store_facts facts;

	open_store(s, &facts);
	fill_hub(s, &facts);
}
