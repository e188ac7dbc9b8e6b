/* SPDX-License-Identifier: ISC */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>

#include "channel/channel.h"

/*
 * Channels that have something to give, the one that holds most on top.  What
 * counts is channel_spare(); of those with as much, the one with the oldest
 * event comes first.  Dying ones are not among them.
 */
struct heap {
	struct channel **at;
	size_t n, size;
};

/* Room for so many channels in all.  -1: no memory, and nothing has changed. */
int heap_reserve(struct heap *, size_t channels);

/* What the channel holds has changed: it comes in, moves, or leaves. */
void heap_update(struct heap *, struct channel *);

/* The channel that holds most, or NULL. */
struct channel *heap_top(const struct heap *);

void heap_free(struct heap *);

#endif
