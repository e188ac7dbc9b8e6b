/* SPDX-License-Identifier: ISC */
/*
 * Events ordered and held in this process alone.  Its ids carry a random epoch,
 * so that a browser which comes back with another life's id is told that there
 * is a gap.
 */
#include "engine/memory.h"

#include <assert.h>

static enum publish_result
result_of(enum hub_result result)
{
	static const enum publish_result results[] = {[HUB_DONE] = PUBLISHED,
	    [HUB_NO_CHANNEL] = PUBLISH_NO_CHANNEL,
	    [HUB_TOO_LARGE] = PUBLISH_TOO_LARGE,
	    [HUB_NO_ROOM] = PUBLISH_NO_ROOM,
	    [HUB_NO_MEMORY] = PUBLISH_NO_MEMORY};

	return results[result];
}

static void
memory_publish(struct engine *engine, const char *channel,
    const struct sse_message messages[], size_t n,
    void (*done)(void *, const struct published *), void *arg)
{
	struct memory *m = (struct memory *)engine;
	struct eventid ids[ENGINE_BATCH_MAX];
	struct published what = {.events = n};
	uint64_t ms = m->wall_ms();
	size_t i;

	assert(n >= 1 && n <= ENGINE_BATCH_MAX);
	for (i = 0; i < n; i++)
		ids[i] = eventid_next(&m->source, ms);
	what.last = ids[n - 1];
	what.result = result_of(
	    hub_publish(m->hub, channel, ids, messages, n, &what.streams));
	done(arg, &what);
}

static bool
memory_ours(const struct engine *engine, struct eventid id)
{
	return eventid_is_ours(&((const struct memory *)engine)->source, id);
}

void
memory_init(struct memory *m, struct hub *h, uint32_t epoch,
    uint64_t (*wall_ms)(void))
{
	*m = (struct memory){
	    .engine = {.publish = memory_publish, .ours = memory_ours},
	    .hub = h,
	    .wall_ms = wall_ms,
	};
	eventid_begin(&m->source, epoch, wall_ms());
	hub_init(h, m->source.last);
}
