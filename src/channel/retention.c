/* SPDX-License-Identifier: ISC */
/*
 * What is held, and what goes first: of a channel its oldest, for a channel has
 * one bound for all; of all channels the one that holds most, so that a noisy
 * one never takes a quiet one's events.  Nothing goes before those who read it
 * have had their share of the turn, and in one turn only so much.
 */
#include "channel/retention.h"

#include <assert.h>

#define SLICE 4096 /* events dropped in one turn, for each of the reasons */

bool
retention_is_idle(const struct channel *ch)
{
	return ch->published && ch->reading == 0 && ch->promises == 0;
}

static struct channel_list *
shelf(struct hub *h, const struct channel *ch)
{
	return channel_held(ch) > 0 ? &h->unread : &h->unused;
}

void
retention_shelve(struct hub *h, struct channel *ch)
{
	TAILQ_INSERT_TAIL(shelf(h, ch), ch, link);
}

void
retention_take(struct hub *h, struct channel *ch)
{
	TAILQ_REMOVE(shelf(h, ch), ch, link);
}

void
retention_recount(struct hub *h, struct channel *ch, size_t spare)
{
	h->spare_bytes = h->spare_bytes - spare + channel_spare(ch);
	heap_update(&h->largest, ch);
}

void
retention_hold(struct hub *h, struct channel *ch, struct held *e)
{
	assert(eventid_compare(e->id, h->last) >= 0); /* of several channels */
	h->last = e->id;
	h->held++;
	channel_append(ch, e);
	TAILQ_INSERT_TAIL(&h->entries, e, link);
}

/* A channel that nobody uses has dropped its last event. */
static void
emptied(struct hub *h, struct channel *ch)
{
	if (ch->dying) {
		TAILQ_REMOVE(&h->dying, ch, link);
		channel_free(ch);
	} else {
		TAILQ_REMOVE(&h->unread, ch, link);
		TAILQ_INSERT_TAIL(&h->unused, ch, link);
	}
}

/*
 * Takes the oldest entry of the channel out of its history, for ever.  A dying
 * channel goes with its last one.
 */
static void
drop(struct hub *h, struct channel *ch)
{
	size_t spare = channel_spare(ch);
	struct held *e = channel_drop(ch);

	retention_recount(h, ch, spare);
	TAILQ_REMOVE(&h->entries, e, link);
	h->held--;
	if (h->set.dropped != NULL)
		h->set.dropped(h->set.keeper, ch->name, e->id);
	held_free(e, &h->held_bytes, &h->slow_bytes);
	if (channel_held(ch) == 0 && retention_is_idle(ch))
		emptied(h, ch);
}

void
retention_lose(struct hub *h, struct channel *ch, struct loss lost)
{
	while (channel_lose(ch, lost) == -1)
		drop(h, ch);
}

size_t
hub_bytes(const struct hub *h)
{
	return h->held_bytes + h->slow_bytes;
}

bool
retention_has_room(const struct hub *h)
{
	return h->held_bytes - h->spare_bytes <= h->set.bytes_max;
}

/*
 * What slow streams keep of events that are not held any more goes first: it is
 * of use to nobody but them.  Then what is of forgotten channels.
 */
void
retention_make_room(struct hub *h)
{
	struct channel *ch;

	while (hub_bytes(h) > h->set.bytes_max) {
		if (h->slow_bytes > 0 &&
		    h->set.relieve(h->set.arg, &h->slow_bytes))
			continue;
		ch = TAILQ_FIRST(&h->dying);
		if (ch == NULL)
			ch = heap_top(&h->largest);
		if (ch == NULL)
			break;
		drop(h, ch);
	}
}

void
retention_bury(struct hub *h, struct channel *ch)
{
	size_t spare = channel_spare(ch);

	ch->dying = true;
	channel_served(ch, h->last); /* nobody reads it */
	retention_recount(h, ch, spare);
	if (channel_held(ch) == 0)
		channel_free(ch);
	else
		TAILQ_INSERT_TAIL(&h->dying, ch, link);
}

void
retention_erase(struct hub *h, struct channel *ch, struct channel *grave)
{
	channel_hand_over(ch, grave); /* in all, as much is spare as was */
	heap_update(&h->largest, ch);
	grave->published = true; /* or it would not be idle */
	retention_bury(h, grave);
}

void
retention_finish(struct hub *h)
{
	struct channel *ch;

	while ((ch = TAILQ_FIRST(&h->dying)) != NULL)
		drop(h, ch);
}

bool
hub_trim(struct hub *h)
{
	struct channel *ch;
	unsigned n = 0;

	while ((ch = STAILQ_FIRST(&h->touched)) != NULL) {
		for (; channel_held(ch) > h->set.history; n++) {
			if (n == SLICE)
				return true;
			drop(h, ch);
		}
		STAILQ_REMOVE_HEAD(&h->touched, touched_link);
		ch->touched = false;
	}
	return false;
}

/* The oldest event, if it is too old; or NULL. */
static struct held *
too_old(const struct hub *h)
{
	struct held *e = TAILQ_FIRST(&h->entries);

	if (e == NULL || h->set.history_age == 0 ||
	    *h->set.now - e->time < h->set.history_age)
		return NULL;
	return e;
}

void
retention_restore(struct hub *h, struct channel *ch)
{
	size_t spare = channel_spare(ch);
	struct held *e;

	channel_served(ch, h->last);
	retention_recount(h, ch, spare);
	while (channel_held(ch) > h->set.history)
		drop(h, ch);
	while ((e = too_old(h)) != NULL)
		drop(h, e->channel);
	retention_make_room(h);
}

bool
hub_age(struct hub *h)
{
	struct channel *ch;
	struct held *e;
	unsigned n;

	for (n = 0; n < SLICE && (ch = TAILQ_FIRST(&h->dying)) != NULL; n++)
		drop(h, ch);
	for (; n < SLICE && (e = too_old(h)) != NULL; n++)
		drop(h, e->channel);
	return n == SLICE;
}
