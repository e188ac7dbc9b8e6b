/* SPDX-License-Identifier: ISC */
/*
 * The hub: what comes into the channels, who reads them, and what is told to
 * whom in a turn.
 */
#include "channel/hub.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "channel/names.h"
#include "channel/retention.h"

static void
throw_away(struct hub *h, struct held_list *batch)
{
	struct held *e;

	while ((e = TAILQ_FIRST(batch)) != NULL) {
		TAILQ_REMOVE(batch, e, link);
		held_free(e, &h->held_bytes, &h->slow_bytes);
	}
}

/* All messages encoded, and counted in held_bytes. */
static enum hub_result
encode_all(struct hub *h, struct held_list *batch, const struct eventid ids[],
    const struct sse_message messages[], size_t n)
{
	size_t i, before = h->held_bytes;
	struct held *e;

	for (i = 0; i < n; i++) {
		e = held_new(ids[i], &messages[i], *h->set.now, &h->held_bytes);
		if (e == NULL)
			return HUB_NO_MEMORY;
		TAILQ_INSERT_TAIL(batch, e, link);
		if (h->held_bytes - before > h->set.bytes_max)
			return HUB_TOO_LARGE;
	}
	return HUB_DONE;
}

/* Marks the channel for the end of the turn. */
static void
touch(struct hub *h, struct channel *ch)
{
	ch->fresh = true;
	if (!ch->touched)
		STAILQ_INSERT_TAIL(&h->touched, ch, touched_link);
	if (!ch->unserved)
		STAILQ_INSERT_TAIL(&h->unserved, ch, unserved_link);
	ch->touched = ch->unserved = true;
}

static void
append(struct hub *h, struct channel *ch, struct held_list *batch)
{
	struct held *e;

	if (ch->published && ch->reading == 0)
		TAILQ_REMOVE(retention_shelf(h, ch), ch, link);
	if (!ch->published)
		h->named--;
	ch->published = true;
	while ((e = TAILQ_FIRST(batch)) != NULL) {
		TAILQ_REMOVE(batch, e, link);
		retention_hold(h, ch, e);
	}
	if (ch->reading == 0)
		TAILQ_INSERT_TAIL(retention_shelf(h, ch), ch, link);
	touch(h, ch);
}

enum hub_result
hub_publish(struct hub *h, const char *channel, const struct eventid ids[],
    const struct sse_message messages[], size_t n, size_t *readers)
{
	struct held_list batch = TAILQ_HEAD_INITIALIZER(batch);
	struct channel *ch;
	enum hub_result result = encode_all(h, &batch, ids, messages, n);

	if (result == HUB_DONE && !retention_has_room(h))
		result = HUB_NO_ROOM;
	if (result == HUB_DONE)
		result = names_open(h, channel, n, &ch);
	if (result != HUB_DONE) {
		throw_away(h, &batch);
		return result;
	}
	append(h, ch, &batch);
	retention_make_room(h);
	*readers = ch->reading;
	return HUB_DONE;
}

enum hub_result
hub_join(struct hub *h, struct cursor *cu, const char *channel,
    struct subscriber *reader)
{
	struct channel *ch = hub_find(h, channel);

	if (ch == NULL && h->named >= h->set.channels_max)
		return HUB_NO_CHANNEL;
	if (ch == NULL)
		ch = names_make(h, channel);
	if (ch == NULL)
		return HUB_NO_MEMORY;
	if (ch->published && ch->reading == 0)
		TAILQ_REMOVE(retention_shelf(h, ch), ch, link);
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
	if (ch->published)
		TAILQ_INSERT_TAIL(retention_shelf(h, ch), ch, link);
	else
		names_unmake(h, ch);
}

static void
wake_readers(const struct channel *ch)
{
	struct cursor *cu;

	TAILQ_FOREACH (cu, &ch->readers, link)
		(void)cu->reader->feed->wake(cu->reader);
}

void
hub_lost(struct hub *h, struct loss lost)
{
	struct channel *ch;

	assert(eventid_compare(lost.upto, h->last) > 0);
	h->last = lost.upto;
	h->forgotten = lost;
	TAILQ_FOREACH (ch, &h->all, all_link) {
		channel_lose(ch, lost);
		wake_readers(ch);
	}
}

void
hub_wake(struct hub *h)
{
	struct channel *ch;

	for (ch = STAILQ_FIRST(&h->touched); ch != NULL;
	     ch = STAILQ_NEXT(ch, touched_link))
		if (ch->fresh) {
			ch->fresh = false;
			wake_readers(ch);
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
	assert(h->channels == 0);
	h->base = h->last = h->serving = base;
	h->forgotten = (struct loss){base, LOSS_OVERFLOW};
}

void
hub_init(struct hub *h, const struct hub_setup *setup)
{
	*h = (struct hub){.set = *setup};
	RB_INIT(&h->names);
	TAILQ_INIT(&h->all);
	TAILQ_INIT(&h->entries);
	TAILQ_INIT(&h->unread);
	TAILQ_INIT(&h->unused);
	TAILQ_INIT(&h->dying);
	STAILQ_INIT(&h->touched);
	STAILQ_INIT(&h->unserved);
	hub_begin(h, (struct eventid){0, 0});
}

void
hub_free(struct hub *h)
{
	struct channel *ch;

	while ((ch = TAILQ_FIRST(&h->unread)) != NULL ||
	       (ch = TAILQ_FIRST(&h->unused)) != NULL)
		names_forget(h, ch);
	retention_finish(h);
	assert(h->channels == 0 && h->held == 0);
	heap_free(&h->largest);
}
