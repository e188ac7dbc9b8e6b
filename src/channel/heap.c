/* SPDX-License-Identifier: ISC */
/*
 * A binary heap of channels.  Each knows its place in it, so that an event more
 * or less costs a few steps and no search.
 */
#include "channel/heap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define SIZE_MIN 64

int
heap_reserve(struct heap *h, size_t channels)
{
	size_t size = h->size == 0 ? SIZE_MIN : h->size;
	struct channel **at;

	while (size < channels)
		size *= 2;
	if (size == h->size)
		return 0;
	at = realloc(h->at, size * sizeof(struct channel *));
	if (at == NULL)
		return -1;
	h->at = at;
	h->size = size;
	return 0;
}

static bool
gives_before(const struct channel *a, const struct channel *b)
{
	size_t more = channel_spare(a), less = channel_spare(b);

	if (more != less)
		return more > less;
	return eventid_compare(channel_entry(a, a->first)->id,
		   channel_entry(b, b->first)->id) < 0;
}

static void
put(struct heap *h, size_t i, struct channel *ch)
{
	h->at[i] = ch;
	ch->in_heap = i + 1;
}

/* Moves the channel at i up to where it belongs. */
static size_t
rise(struct heap *h, size_t i)
{
	struct channel *ch = h->at[i];
	size_t above;

	for (; i > 0; i = above) {
		above = (i - 1) / 2;
		if (!gives_before(ch, h->at[above]))
			break;
		put(h, i, h->at[above]);
	}
	put(h, i, ch);
	return i;
}

static void
sink(struct heap *h, size_t i)
{
	struct channel *ch = h->at[i];
	size_t below;

	for (;; i = below) {
		below = 2 * i + 1;
		if (below >= h->n)
			break;
		if (below + 1 < h->n &&
		    gives_before(h->at[below + 1], h->at[below]))
			below++;
		if (!gives_before(h->at[below], ch))
			break;
		put(h, i, h->at[below]);
	}
	put(h, i, ch);
}

static void
leave(struct heap *h, struct channel *ch)
{
	size_t i = ch->in_heap - 1;

	ch->in_heap = 0;
	h->n--;
	if (i == h->n)
		return;
	put(h, i, h->at[h->n]);
	sink(h, rise(h, i));
}

void
heap_update(struct heap *h, struct channel *ch)
{
	if (ch->dying || channel_spare(ch) == 0) {
		if (ch->in_heap != 0)
			leave(h, ch);
		return;
	}
	if (ch->in_heap == 0) {
		assert(h->n < h->size);
		put(h, h->n++, ch);
	}
	sink(h, rise(h, ch->in_heap - 1));
}

struct channel *
heap_top(const struct heap *h)
{
	return h->n == 0 ? NULL : h->at[0];
}

void
heap_free(struct heap *h)
{
	free(h->at);
	*h = (struct heap){.n = 0};
}
