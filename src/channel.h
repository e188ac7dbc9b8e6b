/* SPDX-License-Identifier: ISC */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "eventid.h"

#define CHANNEL_NAME_MAX 128 /* characters */

struct channel;

/* One published event where it is held: in its channel's history. */
struct entry {
	TAILQ_ENTRY(entry) link; /* all entries of the hub, oldest first */
	struct channel *channel;
	struct eventid id;
	double time; /* monotonic seconds, of its publishing */
	struct event *event;
};

/* How far one stream has read one channel. */
struct cursor {
	struct channel *channel;
	TAILQ_ENTRY(cursor) link; /* in the channel's readers */
	uint64_t next;		  /* the number of the entry to read next */
};

TAILQ_HEAD(cursor_list, cursor);

/*
 * A named sequence of events with a bounded history: a ring, in which the
 * entry with the number i (they count from 0 over the channel's life) has the
 * place i modulo its size.
 */
struct channel {
	TAILQ_ENTRY(channel) link; /* in the hub's, if nobody uses it */
	struct cursor_list readers;
	size_t reading;
	struct entry **ring;
	size_t size;	     /* of the ring; 0 or a power of 2 */
	uint64_t first, end; /* numbers held: first up to, not with, end */
	struct eventid lost; /* the newest dropped event's id */
	char name[];
};

/* An empty channel that has lost everything up to this id; NULL: no memory. */
struct channel *channel_new(const char *name, struct eventid lost);

/* Frees it and its entries; it must have no readers. */
void channel_free(struct channel *);

/*
 * Appends the entry, which becomes the channel's.  -1: no memory, and nothing
 * has changed.
 */
int channel_append(struct channel *, struct entry *);

/* Takes the oldest entry out, which is lost from now on; frees it. */
void channel_drop(struct channel *);

/* The number of entries held. */
size_t channel_held(const struct channel *);

/* The entry with this number; it must be held. */
struct entry *channel_entry(const struct channel *, uint64_t number);

/* The number of the first held entry whose id is above this one. */
uint64_t channel_after(const struct channel *, struct eventid);

/* Is the name one: [A-Za-z0-9._:-]{1,128}? */
bool channel_name_valid(const char *name);

#endif
