/* SPDX-License-Identifier: ISC */
/*
 * The hub: who reads the channels, and what is told to whom in a turn.
 */
#include "channel/hub.h"

#include <assert.h>

#include "channel/names.h"
#include "channel/retention.h"

/* Does it take a place among those that readers name, once one reads it? */
static bool
is_unnamed(const struct channel *ch)
{
	return !ch->published && ch->reading == 0;
}

enum hub_result
hub_join(struct hub *h, struct cursor *cu, const char *channel,
    struct subscriber *reader)
{
	struct channel *ch = hub_find(h, channel);

	if ((ch == NULL || is_unnamed(ch)) && h->named >= h->set.channels_max)
		return HUB_NO_CHANNEL;
	if (ch == NULL)
		ch = names_make(h, channel);
	if (ch == NULL)
		return HUB_NO_MEMORY;
	if (retention_is_idle(ch))
		retention_take(h, ch);
	h->named += is_unnamed(ch);
	channel_join(ch, cu, reader);
	return HUB_DONE;
}

void
hub_leave(struct hub *h, struct cursor *cu)
{
	struct channel *ch = cu->channel;

	channel_leave(cu);
	if (ch->reading > 0)
		return;
	h->named -= is_unnamed(ch);
	if (retention_is_idle(ch))
		retention_shelve(h, ch);
	else if (!ch->published && ch->promises == 0)
		names_unmake(h, ch);
}

void
hub_lost(struct hub *h, struct loss lost)
{
	struct channel *ch;

	assert(eventid_compare(lost.upto, h->last) > 0);
	assert(TAILQ_EMPTY(&h->promises));
	h->last = lost.upto;
	h->forgotten = lost;
	h->resuming = true;
	TAILQ_FOREACH (ch, &h->all, all_link) {
		if (channel_has_ended(ch))
			continue; /* behind its end there is nothing to lose */
		retention_lose(h, ch, lost);
		channel_wake(ch);
	}
}

void
hub_resumed(struct hub *h)
{
	h->resuming = false;
}

/* A channel that was never published to goes with its readers. */
void
hub_lose(struct hub *h, const char *channel, struct loss lost)
{
	struct channel *ch = hub_find(h, channel);

	assert(eventid_compare(lost.upto, h->last) >= 0);
	assert(TAILQ_EMPTY(&h->promises));
	h->last = lost.upto;
	if (ch == NULL || !ch->published) {
		h->forgotten = lost;
		names_unheard(h, channel);
	}
	if (ch == NULL || channel_has_ended(ch))
		return;
	retention_lose(h, ch, lost);
	channel_wake(ch);
}

void
hub_wake(struct hub *h)
{
	struct channel *ch;

	for (ch = STAILQ_FIRST(&h->touched); ch != NULL;
	     ch = STAILQ_NEXT(ch, touched_link))
		if (ch->fresh) {
			ch->fresh = false;
			channel_wake(ch);
		}
}

void
hub_serving(struct hub *h)
{
	h->serving = h->last;
}

void
hub_served(struct hub *h)
{
	struct channel_queue left = STAILQ_HEAD_INITIALIZER(left);
	struct channel *ch;
	size_t spare;

	while ((ch = STAILQ_FIRST(&h->unserved)) != NULL) {
		STAILQ_REMOVE_HEAD(&h->unserved, unserved_link);
		spare = channel_spare(ch);
		channel_served(ch, h->serving);
		retention_recount(h, ch, spare);
		ch->unserved = ch->unread > 0;
		if (ch->unserved)
			STAILQ_INSERT_TAIL(&left, ch, unserved_link);
	}
	STAILQ_CONCAT(&h->unserved, &left);
}

void
hub_begin(struct hub *h, struct eventid base)
{
	struct channel *ch;

	assert(h->opened == 0 && h->published == 0);
	h->base = h->last = h->serving = base;
	h->forgotten = (struct loss){base, LOSS_OVERFLOW};
	TAILQ_FOREACH (ch, &h->all, all_link) {
		ch->lost = h->forgotten;
	}
}

bool
hub_over(const struct hub *h, const char *const channels[], size_t n,
    struct eventid at)
{
	const struct channel *ch;
	size_t i;

	for (i = 0; i < n; i++) {
		ch = hub_find(h, channels[i]);
		if (ch == NULL || !channel_has_ended(ch) ||
		    eventid_compare(ch->ended, at) > 0)
			return false;
	}
	return true;
}

bool
hub_has_ended(const struct hub *h, const char *const channels[], size_t n,
    struct eventid before)
{
	const struct channel *ch;
	size_t i;

	for (i = 0; i < n; i++) {
		ch = hub_find(h, channels[i]);
		if (ch != NULL && channel_has_ended(ch) &&
		    eventid_compare(ch->ended, before) < 0)
			return true;
	}
	return false;
}

void
hub_wait(struct hub *h)
{
	h->waiting = true;
}

void
hub_set_clock(struct hub *h, uint64_t ms, bool whole)
{
	h->epoch = *h->set.now - (double)ms / 1000;
	h->start = whole ? h->base : (struct eventid){0, 0};
}

void
hub_kept_by(struct hub *h, void *keeper,
    void (*dropped)(void *, const char *, struct eventid),
    void (*forgot)(void *, const char *, struct eventid))
{
	h->set.keeper = keeper;
	h->set.dropped = dropped;
	h->set.forgot = forgot;
}

void
hub_init(struct hub *h, const struct hub_setup *setup)
{
	*h = (struct hub){.set = *setup};
	h->due.which = 1;
	RB_INIT(&h->names);
	TAILQ_INIT(&h->all);
	TAILQ_INIT(&h->unread);
	TAILQ_INIT(&h->unused);
	TAILQ_INIT(&h->dying);
	TAILQ_INIT(&h->promises);
	STAILQ_INIT(&h->touched);
	STAILQ_INIT(&h->unserved);
	hub_begin(h, (struct eventid){0, 0});
}

void
hub_free(struct hub *h)
{
	struct channel *ch;

	assert(TAILQ_EMPTY(&h->promises));
	hub_kept_by(h, NULL, NULL, NULL);
	while ((ch = TAILQ_FIRST(&h->unread)) != NULL ||
	       (ch = TAILQ_FIRST(&h->unused)) != NULL)
		names_forget(h, ch);
	retention_finish(h);
	assert(h->channels == 0 && h->held == 0);
	heap_free(&h->largest);
	heap_free(&h->due);
}
