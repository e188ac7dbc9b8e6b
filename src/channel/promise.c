/* SPDX-License-Identifier: ISC */
/*
 * What comes into the channels.  All that can fail is done before anything is
 * seen: a promise has its events encoded, its place in the ring and in the
 * budget, and only has to be kept.
 */
#include <assert.h>
#include <stdlib.h>

#include "channel/hub.h"
#include "channel/names.h"
#include "channel/retention.h"

struct promise {
	TAILQ_ENTRY(promise) link; /* in the hub's promises */
	struct channel *channel;
	struct held_list batch; /* the events, in no channel yet */
	size_t n;
	bool is_new;
	struct eventid lost;
};

static void
promise_free(struct hub *h, struct promise *p)
{
	struct held *e;

	while ((e = TAILQ_FIRST(&p->batch)) != NULL) {
		TAILQ_REMOVE(&p->batch, e, link);
		held_free(e, &h->held_bytes, &h->slow_bytes);
	}
	free(p);
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

/* The newest id of all that is published or promised. */
static struct eventid
newest(const struct hub *h)
{
	const struct promise *p = TAILQ_LAST(&h->promises, promise_list);

	return p == NULL ? h->last : TAILQ_LAST(&p->batch, held_list)->id;
}

enum hub_result
hub_prepare(struct hub *h, const struct post *post, const struct eventid ids[],
    struct promise **promise)
{
	struct promise *p = calloc(1, sizeof(*p));
	enum hub_result result;

	assert(post_valid(post) && eventid_compare(ids[0], newest(h)) > 0);
	assert(post->channels_n == 1 && !post->end); /* so far */
	if (p == NULL)
		return HUB_NO_MEMORY;
	TAILQ_INIT(&p->batch);
	p->n = post->n;
	result = encode_all(h, &p->batch, ids, post->messages, post->n);
	if (result == HUB_DONE && !retention_has_room(h))
		result = HUB_NO_ROOM;
	if (result == HUB_DONE)
		result = names_open(h, post->channels[0], post->n, &p->channel);
	if (result != HUB_DONE) {
		promise_free(h, p);
		return result;
	}
	p->is_new = !p->channel->published;
	p->lost = p->channel->lost.upto;
	TAILQ_INSERT_TAIL(&h->promises, p, link);
	retention_make_room(h);
	*promise = p;
	return HUB_DONE;
}

bool
hub_promised_new(const struct promise *p, size_t channel)
{
	(void)channel;
	return p->is_new;
}

struct eventid
hub_promised_lost(const struct promise *p, size_t channel)
{
	(void)channel;
	return p->lost;
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

/* The events come into the channel, and are as old as this moment. */
static void
publish(struct hub *h, struct channel *ch, struct held_list *batch)
{
	struct held *e;

	while ((e = TAILQ_FIRST(batch)) != NULL) {
		TAILQ_REMOVE(batch, e, link);
		e->time = *h->set.now;
		retention_hold(h, ch, e);
	}
}

size_t
hub_keep(struct hub *h, struct promise *p)
{
	struct channel *ch = p->channel;

	assert(p == TAILQ_FIRST(&h->promises));
	TAILQ_REMOVE(&h->promises, p, link);
	if (!ch->published && ch->reading > 0)
		h->named--;
	ch->published = true;
	publish(h, ch, &p->batch);
	h->published += p->n;
	names_close(h, ch);
	touch(h, ch);
	promise_free(h, p);
	return ch->reading;
}

void
hub_break(struct hub *h, struct promise *p)
{
	TAILQ_REMOVE(&h->promises, p, link);
	channel_give_up(p->channel, p->n);
	names_close(h, p->channel);
	promise_free(h, p);
}

enum hub_result
hub_publish(struct hub *h, const struct post *post, const struct eventid ids[],
    size_t *readers)
{
	struct promise *p;
	enum hub_result result = hub_prepare(h, post, ids, &p);

	if (result == HUB_DONE)
		*readers = hub_keep(h, p);
	return result;
}
