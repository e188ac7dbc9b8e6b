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

	if (result != HUB_DONE)
		return result;
	retention_lose(h, ch,
	    (struct loss){facts->lost,
		facts->deleted ? LOSS_DELETED : LOSS_OVERFLOW});
	ch->origin = facts->origin;
	if (eventid_compare(facts->ended, (struct eventid){0, 0}) > 0)
		names_end(h, ch, facts->ended, facts->ended_time);
	return HUB_DONE;
}

enum hub_result
hub_restore_end(struct hub *h, const char *channel, struct eventid id,
    double time, bool erase)
{
	struct channel *ch, *grave = NULL;

	assert(eventid_compare(id, h->last) > 0);
	if (names_restore(h, channel, &ch) != HUB_DONE)
		return HUB_NO_MEMORY;
	if (channel_has_ended(ch) && !erase)
		return HUB_ENDED;
	if (erase) {
		grave = channel_new(channel, (struct loss){{0, 0}, 0});
		if (grave == NULL)
			return HUB_NO_MEMORY;
	}
	h->last = id;
	if (retention_is_idle(ch))
		retention_take(h, ch);
	if (grave != NULL)
		retention_erase(h, ch, grave);
	names_end(h, ch, id, time);
	if (retention_is_idle(ch))
		retention_shelve(h, ch);
	return HUB_DONE;
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
	if (channel_has_ended(ch) && eventid_compare(id, ch->ended) > 0)
		return HUB_ENDED;
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
	h->begun = h->last;
	TAILQ_FOREACH (ch, &h->all, all_link) {
		channel_wake(ch);
	}
}

void
hub_restored(struct hub *h, struct eventid last, struct eventid forgotten)
{
	assert(eventid_compare(last, h->last) >= 0);
	h->last = h->serving = last;
	hub_resumed(h);
	if (eventid_compare(forgotten, h->forgotten.upto) > 0)
		h->forgotten = (struct loss){forgotten, LOSS_OVERFLOW};
	retention_restored(h);
	names_restored(h);
	retention_finish(h);
	if (h->waiting)
		stop_waiting(h);
}
