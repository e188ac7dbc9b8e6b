/* SPDX-License-Identifier: ISC */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/event.h"
#include "channel/eventid.h"

#define CHANNEL_NAME_MAX 128 /* characters */

struct channel;
struct subscriber;

/* One published event where it is held: in its channel's history. */
struct held {
	TAILQ_ENTRY(held) link; /* all entries of the hub, oldest first */
	struct channel *channel;
	struct eventid id;
	double time; /* monotonic seconds, of its publishing */
	struct event *event;
};

TAILQ_HEAD(held_list, held);

/*
 * A stream's reading of one channel.  How far it has come is the position of
 * its reader, which is one for all the channels that it reads.
 */
struct cursor {
	TAILQ_ENTRY(cursor) link; /* in the channel's readers */
	struct channel *channel;
	struct subscriber *reader;
};

TAILQ_HEAD(cursor_list, cursor);

/*
 * A named sequence of events with a bounded history: a ring, in which the
 * entry with the number i (they count from 0 over the channel's life) has the
 * place i modulo its size.
 */
struct channel {
	const char *name;	       /* first: it is what they are found by */
	TAILQ_ENTRY(channel) all_link; /* the hub's */
	TAILQ_ENTRY(channel) link; /* the hub's: among those without readers */
	STAILQ_ENTRY(channel) touched_link; /* the hub's */
	bool touched;
	bool fresh; /* the hub's: its readers are to be woken */
	struct cursor_list readers;
	size_t reading;
	struct held **ring;
	size_t size;	     /* of the ring; 0 or a power of 2 */
	uint64_t first, end; /* numbers held: first up to, not with, end */
	struct eventid lost; /* the newest dropped event's id */
	char text[];	     /* of the name */
};

TAILQ_HEAD(channel_list, channel);
STAILQ_HEAD(channel_queue, channel);

/* An empty channel that has lost everything up to this id; NULL: no memory. */
struct channel *channel_new(const char *name, struct eventid lost);

/* Frees it; it must be empty and have no readers. */
void channel_free(struct channel *);

/* Room for n entries more.  -1: no memory, and nothing has changed. */
int channel_reserve(struct channel *, size_t n);

/* Appends the entry, for which there must be room. */
void channel_append(struct channel *, struct held *);

/*
 * Takes the oldest entry out, which is lost from now on, and hands it to the
 * caller.
 */
struct held *channel_drop(struct channel *);

/* The number of entries held. */
size_t channel_held(const struct channel *);

/* The entry with this number; it must be held. */
struct held *channel_entry(const struct channel *, uint64_t number);

/* The number of the first held entry whose id is above this one. */
uint64_t channel_after(const struct channel *, struct eventid);

void channel_join(struct channel *, struct cursor *, struct subscriber *);
void channel_leave(struct cursor *);

/* Is the name one: [A-Za-z0-9._:-]{1,128}? */
bool channel_name_valid(const char *name);

#endif
