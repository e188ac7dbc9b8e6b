/* SPDX-License-Identifier: ISC */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>

#include "channel/channel.h"
#include "channel/eventid.h"

/* What it goes by: the smaller number, of the same the smaller id. */
struct heap_key {
	double first;
	struct eventid then;
};

struct heap_slot {
	struct heap_key key;
	struct channel *channel;
};

/*
 * Channels in an order, the first one on top: the one with the smallest key,
 * and of those with the same the first by its name.  A channel may be in
 * several heaps, if which is another in each.
 */
struct heap {
	unsigned which; /* of channel->in_heap; less than CHANNEL_HEAPS */
	struct heap_slot *at;
	size_t n, size;
};

/* Room for so many channels in all.  -1: no memory, and nothing has changed. */
int heap_reserve(struct heap *, size_t channels);

/* The channel comes in, for which there is room, or its key is another now. */
void heap_put(struct heap *, struct channel *, struct heap_key);

/* It leaves, if it is in. */
void heap_take(struct heap *, struct channel *);

/* The first one, with its key; NULL: there is none. */
const struct heap_slot *heap_top(const struct heap *);

void heap_free(struct heap *);

#endif
