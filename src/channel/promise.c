/* SPDX-License-Identifier: ISC */
/*
 * What comes into the channels.  All that can fail is done before anything is
 * seen: a promise has its events encoded, their places in the rings and in the
 * budget, and only has to be kept.
 */
#include <assert.h>
#include <stdlib.h>

#include "channel/hub.h"
#include "channel/names.h"
#include "channel/retention.h"

/* What one of its channels is promised. */
struct share {
	struct channel *channel;
	struct held_list batch; /* the events, in no channel yet */
	bool is_new;
	struct eventid lost;
};

struct promise {
	TAILQ_ENTRY(promise) link; /* in the hub's promises */
	size_t events;
	struct eventid newest; /* id, that of the end included */
	bool end;
	struct channel *grave; /* for what is erased; NULL: nothing is */
	size_t n;
	struct share share[];
};

/* Of none of its channels yet. */
static struct promise *
promise_new(const struct post *post, const struct eventid ids[])
{
	size_t n = post->channels_n, i;
	struct promise *p = calloc(1, sizeof(*p) + n * sizeof(p->share[0]));

	if (p == NULL)
		return NULL;
	p->n = n;
	p->events = post->n;
	p->newest = ids[post_ids(post) - 1];
	p->end = post->end;
	for (i = 0; i < n; i++)
		STAILQ_INIT(&p->share[i].batch);
	return p;
}

static void
promise_free(struct hub *h, struct promise *p)
{
	struct held_list *batch;
	struct held *e;
	size_t i;

	for (i = 0; i < p->n; i++) {
		batch = &p->share[i].batch;
		while ((e = STAILQ_FIRST(batch)) != NULL) {
			STAILQ_REMOVE_HEAD(batch, link);
			held_free(e, &h->held_bytes, &h->slow_bytes);
		}
	}
	if (p->grave != NULL)
		channel_free(p->grave);
	free(p);
}

/* All messages encoded, for each channel its own, and counted in held_bytes. */
static enum hub_result
encode_all(struct hub *h, struct promise *p, const struct post *post,
    const struct eventid ids[])
{
	size_t i, before = h->held_bytes;
	struct share *s;
	struct held *e;

	for (s = p->share; s < p->share + p->n; s++)
		for (i = 0; i < post->n; i++) {
			e = held_new(ids[i], &post->messages[i], *h->set.now,
			    &h->held_bytes);
			if (e == NULL)
				return HUB_NO_MEMORY;
			STAILQ_INSERT_TAIL(&s->batch, e, link);
			if (h->held_bytes - before > h->set.bytes_max)
				return HUB_TOO_LARGE;
		}
	return HUB_DONE;
}

/* Where what is erased will be buried. */
static enum hub_result
dig(struct promise *p, const struct post *post)
{
	if (!post->erase)
		return HUB_DONE;
	p->grave = channel_new(post->channels[0], (struct loss){{0, 0}, 0});
	return p->grave == NULL ? HUB_NO_MEMORY : HUB_DONE;
}

/* The newest id of all that is published or promised. */
static struct eventid
newest(const struct hub *h)
{
	const struct promise *p = TAILQ_LAST(&h->promises, promise_list);

	return p == NULL ? h->last : p->newest;
}

/* May it still come to all of its channels? */
static enum hub_result
judge(const struct hub *h, const struct post *post)
{
	const struct channel *ch;
	size_t i;

	for (i = 0; i < post->channels_n; i++) {
		ch = hub_find(h, post->channels[i]);
		if (ch != NULL && channel_has_ended(ch) && !post->erase)
			return HUB_ENDED;
		if (ch != NULL && ch->ending)
			return HUB_ENDING;
	}
	return HUB_DONE;
}

/* All that may fail; what it has got then is in the promise. */
static enum hub_result
prepare(struct hub *h, struct promise *p, const struct post *post,
    const struct eventid ids[])
{
	struct channel *ch[POST_CHANNELS_MAX];
	enum hub_result result = encode_all(h, p, post, ids);
	size_t i;

	if (result == HUB_DONE)
		result = dig(p, post);
	if (result == HUB_DONE && !retention_has_room(h))
		result = HUB_NO_ROOM;
	if (result == HUB_DONE)
		result = names_open(h, post, ch);
	for (i = 0; result == HUB_DONE && i < p->n; i++) {
		p->share[i].channel = ch[i];
		p->share[i].is_new = !ch[i]->published;
		p->share[i].lost = ch[i]->lost.upto;
		ch[i]->ending = p->end;
	}
	return result;
}

enum hub_result
hub_prepare(struct hub *h, const struct post *post, const struct eventid ids[],
    struct promise **promise)
{
	enum hub_result result;
	struct promise *p;

	assert(post_valid(post) && eventid_compare(ids[0], newest(h)) > 0);
	result = judge(h, post);
	if (result != HUB_DONE)
		return result;
	p = promise_new(post, ids);
	if (p == NULL)
		return HUB_NO_MEMORY;
	result = prepare(h, p, post, ids);
	if (result != HUB_DONE) {
		promise_free(h, p);
		return result;
	}
	TAILQ_INSERT_TAIL(&h->promises, p, link);
	retention_make_room(h);
	*promise = p;
	return HUB_DONE;
}

bool
hub_promised_new(const struct promise *p, size_t channel)
{
	assert(channel < p->n);
	return p->share[channel].is_new;
}

struct eventid
hub_promised_lost(const struct promise *p, size_t channel)
{
	assert(channel < p->n);
	return p->share[channel].lost;
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

/*
 * The events come into the channels, in the order of their ids, and are as old
 * as this moment.
 */
static void
publish(struct hub *h, struct promise *p)
{
	struct share *s;
	struct held *e;
	size_t i;

	for (i = 0; i < p->events; i++)
		for (s = p->share; s < p->share + p->n; s++) {
			e = STAILQ_FIRST(&s->batch);
			STAILQ_REMOVE_HEAD(&s->batch, link);
			e->time = *h->set.now;
			retention_hold(h, s->channel, e);
		}
	h->published += p->events;
}

/* The end, whose id is above all that the channel has had. */
static void
end(struct hub *h, struct promise *p)
{
	struct channel *ch = p->share[0].channel;

	ch->ending = false;
	h->last = p->newest;
	if (p->grave != NULL)
		retention_erase(h, ch, p->grave);
	p->grave = NULL;
	names_end(h, ch, p->newest, *h->set.now);
}

size_t
hub_keep(struct hub *h, struct promise *p)
{
	size_t readers = 0;
	struct share *s;

	assert(p == TAILQ_FIRST(&h->promises));
	TAILQ_REMOVE(&h->promises, p, link);
	for (s = p->share; s < p->share + p->n; s++)
		names_publish(h, s->channel);
	publish(h, p);
	if (p->end)
		end(h, p);
	for (s = p->share; s < p->share + p->n; s++) {
		touch(h, s->channel);
		readers += s->channel->reading;
		names_close(h, s->channel);
	}
	promise_free(h, p);
	return readers;
}

void
hub_break(struct hub *h, struct promise *p)
{
	struct share *s;

	TAILQ_REMOVE(&h->promises, p, link);
	if (p->end)
		p->share[0].channel->ending = false;
	for (s = p->share; s < p->share + p->n; s++) {
		channel_give_up(s->channel, p->events);
		names_close(h, s->channel);
	}
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
