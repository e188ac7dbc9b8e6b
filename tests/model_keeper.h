/* SPDX-License-Identifier: ISC */
#ifndef MODEL_KEEPER_H
#define MODEL_KEEPER_H

/*
 * One who keeps what the hub holds, as an engine with a disk does: he knows
 * nothing but what is published and what he is told, and fills the next hub
 * with it.
 */
#include "model_reader.h"

#define DATA_MAX 200

/* What he has: of each channel, and of each event, by its place in the list. */
static struct {
	struct {
		bool kept, deleted;
		struct eventid lost, origin, ended;
		double ended_time;
	} channel[MODEL_NAMES];
	bool kept[MODEL_EVENTS];
	struct eventid base, forgotten;
} keeper;

static inline unsigned
channel_of(const char *channel)
{
	return (unsigned)strtoul(channel + 2, NULL, 10);
}

/* The place of the channel's event in the list. */
static inline size_t
find_event(unsigned channel, struct eventid id)
{
	size_t i;

	for (i = run.model.n; i-- > 0;)
		if (same(event(i)->id, id) && event(i)->channel == channel)
			return i;
	fail_msg("no such event");
	return 0;
}

static inline void
keeper_dropped(void *arg, const char *name, struct eventid id)
{
	unsigned channel = channel_of(name);
	size_t i = find_event(channel, id);

	CHECK(arg == &keeper);
	if (!keeper.kept[i]) /* of a channel that is forgotten, or erased */
		return;
	keeper.kept[i] = false;
	if (above(id, keeper.channel[channel].lost))
		keeper.channel[channel].lost = id;
}

static inline void
keeper_forgot(void *arg, const char *name, struct eventid upto)
{
	unsigned channel = channel_of(name);
	size_t i;

	CHECK(arg == &keeper);
	CHECK(keeper.channel[channel].kept);
	CHECK(!above(keeper.forgotten, upto));
	keeper.channel[channel].kept = false;
	keeper.forgotten = upto;
	for (i = 0; i < run.model.n; i++)
		if (event(i)->channel == channel)
			keeper.kept[i] = false;
}

static inline void
keeper_begins(struct eventid base)
{
	memset(&keeper, 0, sizeof(keeper));
	keeper.base = keeper.forgotten = base;
	hub_kept_by(&run.hub, &keeper, keeper_dropped, keeper_forgot);
}

/* The n newest events, of each of its channels, are of a promise that is kept.
 */
static inline void
keeper_keeps(size_t n)
{
	while (n-- > 0) {
		CHECK(keeper.channel[event(run.model.n - 1 - n)->channel].kept);
		keeper.kept[run.model.n - 1 - n] = true;
	}
}

/* What he does first for each of the channels. */
static inline void
keeper_has_channel(unsigned channel, bool is_new, struct eventid lost)
{
	CHECK(is_new || keeper.channel[channel].kept);
	if (keeper.channel[channel].kept)
		return;
	memset(&keeper.channel[channel], 0, sizeof(keeper.channel[0]));
	keeper.channel[channel].kept = true;
	keeper.channel[channel].lost = keeper.channel[channel].origin = lost;
}

/* The channel ends with this id; what he has of it may be erased. */
static inline void
keeper_ends(unsigned channel, struct eventid id, bool erase)
{
	size_t i;

	if (!above(keeper.channel[channel].ended, (struct eventid){0, 0})) {
		keeper.channel[channel].ended = id;
		keeper.channel[channel].ended_time = run.model.now;
	}
	for (i = 0; erase && i < run.model.n; i++) {
		if (!keeper.kept[i] || event(i)->channel != channel)
			continue;
		keeper.kept[i] = false;
		keeper.channel[channel].lost = event(i)->id;
		keeper.channel[channel].deleted = true;
	}
}

/* He has all that is held, and no more. */
static inline void
check_keeper(void)
{
	const struct model_channel *ch;
	size_t i;

	CHECK(same(keeper.forgotten, run.model.forgotten));
	for (i = 0; i < run.model.n; i++)
		CHECK(keeper.kept[i] == event(i)->held);
	for (i = 0; i < MODEL_NAMES; i++) {
		ch = &run.model.channel[i];
		CHECK(keeper.channel[i].kept == (ch->exists && ch->published));
		if (keeper.channel[i].kept)
			CHECK(same(keeper.channel[i].lost, ch->lost));
	}
}

/* An event's data: its number, and spaces. */
static inline void
write_data(char data[DATA_MAX], unsigned long number, size_t len)
{
	char digits[24];
	size_t n = (size_t)snprintf(digits, sizeof(digits), "%lu ", number);

	CHECK(n <= len && len <= DATA_MAX);
	memset(data, ' ', len);
	memcpy(data, digits, n);
}

/* Times are of the process that there is now. */
static inline void
keeper_restores_channel(unsigned channel)
{
	struct channel_facts facts = {.name = name(channel),
	    .lost = keeper.channel[channel].lost,
	    .deleted = keeper.channel[channel].deleted,
	    .origin = keeper.channel[channel].origin,
	    .ended = keeper.channel[channel].ended};

	keeper.channel[channel].ended_time =
	    run.model.channel[channel].ended_time;
	facts.ended_time = keeper.channel[channel].ended_time;
	CHECK(hub_restore_channel(&run.hub, &facts) == HUB_DONE);
}

/* The next hub, which is empty, gets all that he has. */
static inline void
keeper_restores(struct eventid last)
{
	static bool kept[MODEL_EVENTS]; /* while he hears of what is dropped */
	struct sse_message m;
	char data[DATA_MAX];
	size_t i;

	memcpy(kept, keeper.kept, sizeof(kept));
	hub_begin(&run.hub, keeper.base);
	hub_kept_by(&run.hub, &keeper, keeper_dropped, keeper_forgot);
	for (i = 0; i < MODEL_NAMES; i++)
		if (keeper.channel[i].kept)
			keeper_restores_channel((unsigned)i);
	for (i = 0; i < run.model.n; i++) {
		if (!kept[i])
			continue;
		write_data(data, event(i)->number, event(i)->len);
		m = (struct sse_message){.data = data,
		    .len = event(i)->len,
		    .snapshot = event(i)->snapshot};
		CHECK(hub_restore(&run.hub, name(event(i)->channel),
			  event(i)->id, &m, event(i)->time) == HUB_DONE);
	}
	hub_restored(&run.hub, last, keeper.forgotten);
}

#endif
