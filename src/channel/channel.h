/* SPDX-License-Identifier: ISC */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/channel_rule.h"
#include "base/tree.h"

#include "channel/eventid.h"
#include "channel/held.h"
#include "channel/name.h"

#define CHANNEL_HEAPS 2 /* in which one may be: see hub.h */

struct channel;
struct subscriber;

/* Why events are lost to those who had not read them. */
enum loss_reason {
	LOSS_OVERFLOW, /* they were dropped from the history */
	LOSS_RESTART,  /* they are of another life of the hub */
	LOSS_UNKNOWN,  /* nobody knows: the position was none */
	LOSS_SOURCE,   /* where they come from, they were lost */
	LOSS_DELETED,  /* they were erased, as somebody wanted */
	LOSS_REASONS
};

/* All events up to this id are lost, if one has not read them. */
struct loss {
	struct eventid upto;
	enum loss_reason reason; /* of the newest of them */
};

#define CHANNEL_LATER 8

/* Losses above events that are held, oldest first. */
struct later {
	unsigned n;
	struct loss loss[CHANNEL_LATER];
};

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
	const char *name;
	RB_ENTRY(channel) by_name;     /* the hub's */
	TAILQ_ENTRY(channel) all_link; /* the hub's */
	TAILQ_ENTRY(channel) link; /* the hub's: among those without readers */
	STAILQ_ENTRY(channel) touched_link;  /* the hub's */
	STAILQ_ENTRY(channel) unserved_link; /* the hub's */
	bool touched;
	bool fresh;	/* the hub's: its readers are to be woken */
	bool unserved;	/* it has events that not all could read yet */
	bool published; /* not only readers have named it */
	bool ending;	/* the hub's: its end is promised */
	bool dying;	/* its events are dropped, a few a turn */
	struct cursor_list readers;
	size_t reading;
	struct held **ring;
	size_t size;	     /* of the ring; 0 or a power of 2 */
	size_t reserved;     /* places in it, for what is to come */
	size_t promises;     /* the hub's: that stand */
	uint64_t first, end; /* numbers held: first up to, not with, end */
	uint64_t
	    snapshot;  /* the number behind the newest held snapshot's; or 0 */
	size_t bytes;  /* of all that is held */
	size_t unread; /* of what not all readers could read yet */
	size_t in_heap[CHANNEL_HEAPS];	 /* its places, from 1 on; 0: in none */
	const struct channel_rule *rule; /* NULL: it is as all others */
	struct loss lost;		 /* below all that is held */
	struct eventid
	    origin;	      /* what was lost when it was first published to */
	struct eventid ended; /* the id of its end; 0-0: it has not ended */
	double ended_time;    /* when that was: monotonic seconds */
	struct later *later;  /* each above some of that; or NULL */
	char text[];	      /* of the name */
};

/* What somebody keeps of a channel that was published to, but for its events.
 */
struct channel_facts {
	const char *name;
	struct eventid lost;   /* all that is not held up to there is lost: */
	bool deleted;	       /* the newest of that, by erasing it */
	struct eventid origin; /* as above */
	struct eventid ended;  /* as above */
	double ended_time; /* if it has: when, in monotonic seconds; not after
			      now, perhaps negative */
};

TAILQ_HEAD(channel_list, channel);
STAILQ_HEAD(channel_queue, channel);

/* An empty channel that has lost everything up to there; NULL: no memory. */
struct channel *channel_new(const char *name, struct loss);

/* Frees it; it must be empty and have no readers. */
void channel_free(struct channel *);

/*
 * Room for n entries more, which stays until they come or are given up.  -1: no
 * memory, and nothing has changed.
 */
int channel_reserve(struct channel *, size_t n);
void channel_give_up(struct channel *, size_t n);

/*
 * Appends the entry, for which there must be reserved room; nobody could read
 * it yet.
 */
void channel_append(struct channel *, struct held *);

/*
 * Takes the oldest entry out, which is lost from now on, and hands it to the
 * caller.
 */
struct held *channel_drop(struct channel *);

/* The number of entries held. */
size_t channel_held(const struct channel *);

/* The bytes that may be dropped: of events that all could read. */
size_t channel_spare(const struct channel *);

/* All readers have had their share of what has an id up to this one. */
void channel_served(struct channel *, struct eventid upto);

/*
 * Events up to this one are lost to those who have not read them, but for those
 * that are held.  -1: there is no room for that, or no memory; when something
 * is dropped, there may be.
 */
int channel_lose(struct channel *, struct loss);

/* The first loss above this id, or NULL. */
const struct loss *channel_lost(const struct channel *, struct eventid);

/* What is lost when all that is held is lost, too. */
struct loss channel_loss(const struct channel *);

/*
 * All that is held is lost from now on, as deleted; the other one has it, which
 * is empty.  Nothing may be reserved.
 */
void channel_hand_over(struct channel *, struct channel *other);

/* The entry with this number; it must be held. */
struct held *channel_entry(const struct channel *, uint64_t number);

/* The newest snapshot that is held, or NULL. */
const struct held *channel_snapshot(const struct channel *);

/* The number of the first held entry whose id is above this one. */
uint64_t channel_after(const struct channel *, struct eventid);

void channel_join(struct channel *, struct cursor *, struct subscriber *);
void channel_leave(struct cursor *);

/*
 * It ends here, unless it has ended before: nothing comes to it any more, and
 * this id is above all that did.
 */
void channel_end(struct channel *, struct eventid, double time);

/* Will nothing ever come to it any more? */
bool channel_has_ended(const struct channel *);

/* There is something for its readers. */
void channel_wake(const struct channel *);

#endif
