/* SPDX-License-Identifier: ISC */
/*
 * What is held, and what goes first: of a channel its oldest, by the bounds of
 * its rule; of all channels the one that holds most, so that a noisy one never
 * takes a quiet one's events.  Nothing goes before those who read it have had
 * their share of the turn, and in one turn only so much.
 *
 * Ages differ by channel, and what a channel holds is as old as its end if it
 * has ended.  So there is no list of all by age but one of channels, by when
 * their oldest is due; and since that only ever becomes later, it need not be
 * told of each event that goes.
 */
#include "channel/retention.h"

#include <assert.h>
#include <limits.h>
#include <math.h>

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
	if (ch->dying || channel_spare(ch) == 0)
		heap_take(&h->largest, ch);
	else
		heap_put(&h->largest, ch,
		    (struct heap_key){-(double)channel_spare(ch),
			channel_entry(ch, ch->first)->id});
}

static size_t
history(const struct hub *h, const struct channel *ch)
{
	bool ruled = ch->rule != NULL && ch->rule->history > 0;

	return ruled ? ch->rule->history : h->set.history;
}

/* When its oldest event is too old; INFINITY: never, or it has none. */
static struct heap_key
due(const struct hub *h, const struct channel *ch)
{
	bool ruled = ch->rule != NULL && ch->rule->age > 0;
	double age = ruled ? ch->rule->age : h->set.history_age;
	const struct held *oldest;

	if (age == 0 || channel_held(ch) == 0)
		return (struct heap_key){.first = (double)INFINITY};
	oldest = channel_entry(ch, ch->first);
	return (struct heap_key){age + (channel_has_ended(ch) ? ch->ended_time :
								oldest->time),
	    oldest->id};
}

void
retention_place(struct hub *h, struct channel *ch)
{
	struct heap_key key = due(h, ch);

	if (isinf(key.first))
		heap_take(&h->due, ch);
	else
		heap_put(&h->due, ch, key);
}

void
retention_hold(struct hub *h, struct channel *ch, struct held *e)
{
	assert(eventid_compare(e->id, h->last) >= 0); /* of several channels */
	h->last = e->id;
	h->held++;
	channel_append(ch, e);
	if (ch->in_heap[h->due.which] == 0)
		retention_place(h, ch);
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

/* Takes the oldest entry of the channel out of its history, for ever. */
static void
discard(struct hub *h, struct channel *ch)
{
	struct held *e = channel_drop(ch);

	h->held--;
	if (h->set.dropped != NULL)
		h->set.dropped(h->set.keeper, ch->name, e->id);
	held_free(e, &h->held_bytes, &h->slow_bytes);
}

/* The same, of a channel that may have no more.  A dying one goes then. */
static void
drop(struct hub *h, struct channel *ch)
{
	size_t spare = channel_spare(ch);

	discard(h, ch);
	retention_recount(h, ch, spare);
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
	const struct heap_slot *top;
	struct channel *ch;

	while (hub_bytes(h) > h->set.bytes_max) {
		if (h->slow_bytes > 0 &&
		    h->set.relieve(h->set.arg, &h->slow_bytes))
			continue;
		ch = TAILQ_FIRST(&h->dying);
		if (ch == NULL) {
			top = heap_top(&h->largest);
			if (top == NULL)
				break;
			ch = top->channel;
		}
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
	heap_take(&h->due, ch);
	if (channel_held(ch) == 0)
		channel_free(ch);
	else
		TAILQ_INSERT_TAIL(&h->dying, ch, link);
}

void
retention_erase(struct hub *h, struct channel *ch, struct channel *grave)
{
	channel_hand_over(ch, grave); /* in all, as much is spare as was */
	heap_take(&h->largest, ch);
	heap_take(&h->due, ch);
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

/*
 * Over its bytes its oldest go, but for the newest event: what is larger than
 * they are is held alone, until the next one comes.
 */
static bool
holds_too_much(const struct hub *h, const struct channel *ch)
{
	size_t n = channel_held(ch);
	bool ruled = ch->rule != NULL && ch->rule->bytes > 0;

	return n > history(h, ch) ||
	       (ruled && n > 1 && ch->bytes > ch->rule->bytes);
}

/* Returns how many events have gone; most at most. */
static unsigned
cut(struct hub *h, struct channel *ch, unsigned most)
{
	size_t spare = channel_spare(ch);
	unsigned n;

	for (n = 0; n < most && holds_too_much(h, ch); n++)
		discard(h, ch);
	if (n > 0)
		retention_recount(h, ch, spare);
	return n;
}

bool
hub_trim(struct hub *h)
{
	struct channel *ch;
	unsigned n = 0;

	while ((ch = STAILQ_FIRST(&h->touched)) != NULL) {
		n += cut(h, ch, SLICE - n);
		if (holds_too_much(h, ch))
			return true;
		STAILQ_REMOVE_HEAD(&h->touched, touched_link);
		ch->touched = false;
	}
	return false;
}

/*
 * Drops what is too old, the oldest first, or finds out that a channel is not
 * due yet; false: none is.
 */
static bool
grow_old(struct hub *h)
{
	const struct heap_slot *top = heap_top(&h->due);
	struct channel *ch;
	struct heap_key key;

	if (top == NULL || top->key.first > *h->set.now)
		return false;
	ch = top->channel;
	key = due(h, ch);
	if (key.first <= top->key.first &&
	    eventid_compare(key.then, top->key.then) == 0)
		drop(h, ch);
	retention_place(h, ch);
	return true;
}

void
retention_restore(struct hub *h, struct channel *ch)
{
	size_t spare = channel_spare(ch);

	channel_served(ch, h->last);
	retention_recount(h, ch, spare);
	(void)cut(h, ch, UINT_MAX);
	retention_make_room(h);
}

void
retention_restored(struct hub *h)
{
	while (grow_old(h))
		continue;
}

/* While the hub waits for its beginning an end that counts may still come. */
bool
hub_age(struct hub *h)
{
	struct channel *ch;
	unsigned n;

	for (n = 0; n < SLICE && (ch = TAILQ_FIRST(&h->dying)) != NULL; n++)
		drop(h, ch);
	for (; n < SLICE && !h->waiting && grow_old(h); n++)
		continue;
	return n == SLICE;
}
