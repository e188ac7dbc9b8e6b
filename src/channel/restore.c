/* SPDX-License-Identifier: ISC */
/*
 * The hub as it was in a former life, from what somebody has kept of it.  What
 * comes in is no publication: it was one, and whoever reads it has its id from
 * then.
 */
#include <assert.h>

#include "channel/hub.h"
#include "channel/names.h"
#include "channel/retention.h"

enum hub_result
hub_restore_channel(struct hub *h, const struct channel_facts *facts)
{
	struct channel *ch;
	enum hub_result result = names_restore(h, facts->name, &ch);

	if (result == HUB_DONE)
		retention_lose(h, ch,
		    (struct loss){facts->lost,
			facts->deleted ? LOSS_DELETED : LOSS_OVERFLOW});
	return result;
}

enum hub_result
hub_restore(struct hub *h, const char *channel, struct eventid id,
    const struct sse_message *message, double time)
{
	struct channel *ch;
	struct held *e;
	bool idle;

	if (names_restore(h, channel, &ch) != HUB_DONE)
		return HUB_NO_MEMORY;
	idle = retention_is_idle(ch);
	e = held_new(id, message, time, &h->held_bytes);
	if (e == NULL)
		return HUB_NO_MEMORY;
	if (channel_reserve(ch, 1) == -1) {
		held_free(e, &h->held_bytes, &h->slow_bytes);
		return HUB_NO_MEMORY;
	}
	if (idle)
		retention_take(h, ch);
	retention_hold(h, ch, e);
	if (idle)
		retention_shelve(h, ch);
	retention_restore(h, ch);
	return HUB_DONE;
}

/* Those who came while the hub waited begin here. */
static void
stop_waiting(struct hub *h)
{
	struct channel *ch;

	h->waiting = false;
	h->start = h->last;
	TAILQ_FOREACH (ch, &h->all, all_link) {
		channel_wake(ch);
	}
}

void
hub_restored(struct hub *h, struct eventid last, struct eventid forgotten)
{
	assert(eventid_compare(last, h->last) >= 0);
	h->last = h->serving = last;
	if (eventid_compare(forgotten, h->forgotten.upto) > 0)
		h->forgotten = (struct loss){forgotten, LOSS_OVERFLOW};
	names_restored(h);
	retention_finish(h);
	if (h->waiting)
		stop_waiting(h);
}
