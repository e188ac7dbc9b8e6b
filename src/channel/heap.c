/* SPDX-License-Identifier: ISC */
/*
 * A binary heap of channels.  Each knows its place in it, so that another key
 * costs a few steps and no search; and the keys stand in it, so that a step
 * looks at no channel.
 */
#include "channel/heap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 64

int
heap_reserve(struct heap *h, size_t channels)
{
	size_t size = h->size == 0 ? SIZE_MIN : h->size;
	struct heap_slot *at;

	while (size < channels)
		size *= 2;
	if (size == h->size)
		return 0;
	at = realloc(h->at, size * sizeof(struct heap_slot));
	if (at == NULL)
		return -1;
	h->at = at;
	h->size = size;
	return 0;
}

static bool
is_before(const struct heap_slot *a, const struct heap_slot *b)
{
	int order;

	if (a->key.first < b->key.first || a->key.first > b->key.first)
		return a->key.first < b->key.first;
	order = eventid_compare(a->key.then, b->key.then);
	if (order == 0)
		order = strcmp(a->channel->name, b->channel->name);
	return order < 0;
}

static void
put(struct heap *h, size_t i, struct heap_slot slot)
{
	h->at[i] = slot;
	slot.channel->in_heap[h->which] = i + 1;
}

/* Moves the one at i up to where it belongs. */
static size_t
rise(struct heap *h, size_t i)
{
	struct heap_slot slot = h->at[i];
	size_t above;

	for (; i > 0; i = above) {
		above = (i - 1) / 2;
		if (!is_before(&slot, &h->at[above]))
			break;
		put(h, i, h->at[above]);
	}
	put(h, i, slot);
	return i;
}

static void
sink(struct heap *h, size_t i)
{
	struct heap_slot slot = h->at[i];
	size_t below;

	for (;; i = below) {
		below = 2 * i + 1;
		if (below >= h->n)
			break;
		if (below + 1 < h->n &&
		    is_before(&h->at[below + 1], &h->at[below]))
			below++;
		if (!is_before(&h->at[below], &slot))
			break;
		put(h, i, h->at[below]);
	}
	put(h, i, slot);
}

void
heap_put(struct heap *h, struct channel *ch, struct heap_key key)
{
	size_t i = ch->in_heap[h->which];

	if (i == 0) {
		assert(h->n < h->size);
		i = ++h->n;
	}
	h->at[i - 1] = (struct heap_slot){key, ch};
	sink(h, rise(h, i - 1));
}

void
heap_take(struct heap *h, struct channel *ch)
{
	size_t i = ch->in_heap[h->which];

	if (i == 0)
		return;
	ch->in_heap[h->which] = 0;
	if (--i == --h->n)
		return;
	h->at[i] = h->at[h->n];
	sink(h, rise(h, i));
}

const struct heap_slot *
heap_top(const struct heap *h)
{
	return h->n == 0 ? NULL : &h->at[0];
}

void
heap_free(struct heap *h)
{
	free(h->at);
	*h = (struct heap){.which = h->which};
}
