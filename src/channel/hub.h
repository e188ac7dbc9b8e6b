/* SPDX-License-Identifier: ISC */
#ifndef HUB_H
#define HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"
#include "channel/eventid.h"
#include "channel/feed.h"
#include "channel/heap.h"
#include "channel/post.h"
#include "channel/sse.h"

/* The type of the events that say what a stream has lost; ours alone. */
#define HUB_GAP "gap"
#define HUB_END "end" /* and of the one that says that it is all */

/* Bits by which a channel is known that was not there when it lost something.
 */
#define HUB_UNHEARD 1024

struct promise;

RB_HEAD(channel_names, channel);
TAILQ_HEAD(promise_list, promise);

/* What the hub is told once. */
struct hub_setup {
	size_t history;	    /* events held for each channel without a rule */
	double history_age; /* seconds that one is held; 0: no limit */
	size_t bytes_max;   /* held, or still being written to a slow stream */
	size_t channels_max;
	const struct channel_rule *rules; /* the longest prefixes first */
	size_t rules_n;
	/*
	 * The streams' side: makes all streams give up the event that one is
	 * slow to take, of those that are counted in this account.  Returns
	 * false if there is none.
	 */
	bool (*relieve)(void *arg, const size_t *account);
	void *arg;
	const double *now; /* monotonic seconds, kept by the caller */
	/*
	 * Who keeps what the hub holds, so that it can be restored, hears what
	 * that is no more; see hub_kept_by().
	 */
	void (*dropped)(void *keeper, const char *channel, struct eventid);
	void (*forgot)(void *keeper, const char *channel, struct eventid upto);
	void *keeper;
};

/*
 * All channels: one sequence of ids over them, one budget of bytes.
 *
 * A position is an id: of the last event that a reader has had, of any channel.
 * What a channel has lost is above a reader's position if the id that it is
 * lost up to is: that is a gap.
 *
 * What always holds:
 * - Every entry stands in its channel's ring; ids increase in it, and times do
 *   not decrease.
 * - held_bytes is the sum of the channels' bytes and of those of promises;
 *   spare_bytes of what the channels may give (channel_spare()).  Who may give
 *   something is in largest, or dying.
 * - Who holds what will be too old is in due, at a time that is not later than
 *   that, or dying.
 * - What a promise needs is there: room for its events in the channel's ring,
 *   for all bytes in the budget, and for the channel among those that are
 *   opened.
 * - A channel that has ended gets nothing more, but may be erased.
 * - A channel is in names and all, or it is dying.  Of those that were
 *   published to or are promised something, opened, at most channels_max are
 *   there, and of those that never were and have readers, named, as many; one
 *   that is neither goes.
 * - One that was published to, is promised nothing and has no readers is in
 *   unread if it holds events, and in unused if it does not.
 */
struct hub {
	struct hub_setup set;
	struct channel_names names;
	size_t channels;	       /* all in names */
	size_t opened;		       /* of these, that are published to */
	size_t named;		       /* of these, that only readers named */
	size_t ended;		       /* of all in names, that have */
	struct channel_list all;       /* in the order they were made */
	struct channel_list unread;    /* no readers; longest so first */
	struct channel_list unused;    /* neither readers nor events */
	struct channel_list dying;     /* forgotten, but for their events */
	struct promise_list promises;  /* in their order */
	struct channel_queue touched;  /* published to in this turn */
	struct channel_queue unserved; /* not all readers could read all */
	struct heap largest;	       /* who holds most gives first */
	struct heap due;	       /* whose oldest is too old first */
	struct eventid base;	       /* below all events of this hub */
	struct eventid last;	       /* of the newest event, at first base */
	struct eventid serving;	       /* up to here the turn's readers are */
	struct loss forgotten;	       /* of what has no channel any more */
	uint64_t unheard[HUB_UNHEARD / 64]; /* see names_unheard() */
	size_t held_bytes;    /* of all that are held, or promised */
	size_t spare_bytes;   /* of these, that may be dropped now */
	size_t slow_bytes;    /* of events that only slow streams still have */
	size_t held;	      /* entries */
	bool waiting;	      /* for its beginning: hub_wait() */
	bool resuming;	      /* behind a loss: hub_lost() */
	double epoch;	      /* seconds, when ids were 0-0; 0: not known */
	struct eventid start; /* who has waited begins nowhere below this */
	struct eventid begun; /* nor above this: last, when it ended */
	unsigned long long published;
};

enum hub_result {
	HUB_DONE,
	HUB_NO_CHANNEL, /* there may be no channel more */
	HUB_TOO_LARGE,	/* it is more than the budget of bytes */
	HUB_NO_ROOM,	/* the budget is used up by what is not read yet, or
			   promised */
	HUB_ENDED,	/* a channel of it has ended */
	HUB_ENDING,	/* one may have: its end is promised */
	HUB_NO_MEMORY
};

/* An empty hub, whose base is 0-0. */
void hub_init(struct hub *, const struct hub_setup *);

/* While nothing was published to it: its base is this one. */
void hub_begin(struct hub *, struct eventid base);

/*
 * From now on dropped() is called for each event that is not held any more, and
 * forgot() for each channel that was published to and is there no more.  Its
 * events are lost then, though each is dropped only by and by; and to channels
 * that are made from then on, all events up to that id are.  Either may be
 * NULL, and neither may call the hub.  hub_free() calls them no more.
 *
 * Of an end they are not told: whoever keeps the hub has the post.  Nor of an
 * erasure: the channel has lost then, as deleted, what it held, and each event
 * of that is dropped by and by.  One that had ended keeps its first end.
 */
void hub_kept_by(struct hub *, void *keeper,
    void (*dropped)(void *keeper, const char *channel, struct eventid),
    void (*forgot)(void *keeper, const char *channel, struct eventid upto));

/*
 * The hub's beginning is still to come, and may take a while, but readers come
 * already, though none with an id, or a number of events.  Nothing is there for
 * them until hub_restored() is called, and no position: they begin with what
 * comes behind that, if no clock is set.
 */
void hub_wait(struct hub *);

/*
 * Behind hub_begin(): ids that are made now have these milliseconds, so who has
 * waited begins with what came since he did, and within a second before: those
 * who gave the ids may have had other clocks.  whole: nothing was ever below
 * the hub's base.
 */
void hub_set_clock(struct hub *, uint64_t ms, bool whole);

/*
 * What was held in a former life, or elsewhere, while the hub is empty but for
 * that and nothing is promised; behind hub_begin(), in this order:
 *
 * hub_restore_channel(): a channel that was published to, and what is known of
 * it. One that is not restored has lost what is up to the hub's base.
 *
 * hub_restore(): an event.  Ids increase, or are the same in several channels;
 * times, which may be negative, do not decrease and are not after now.  It is
 * held as if it had been read by all; what is over the limits is dropped as
 * ever, but at once, and what is too old at the end.  HUB_ENDED: it is behind
 * the channel's end.
 *
 * hub_restore_end(): likewise, an end, of which no facts have told; perhaps
 * what the channel holds is erased.  HUB_ENDED: it had ended.
 *
 * hub_restored(): that was all.  last is not below any id that was given out,
 * forgotten is what is lost of channels that are there no more.  Where there
 * are too many channels, some are forgotten.  Those who have waited are woken.
 *
 * HUB_DONE, HUB_ENDED or HUB_NO_MEMORY; nothing counts as published.
 */
enum hub_result hub_restore_channel(struct hub *, const struct channel_facts *);
enum hub_result hub_restore(struct hub *, const char *channel, struct eventid,
    const struct sse_message *, double time);
enum hub_result hub_restore_end(struct hub *, const char *channel,
    struct eventid, double time, bool erase);
void hub_restored(struct hub *, struct eventid last, struct eventid forgotten);

/* Frees all; nobody may read any more. */
void hub_free(struct hub *);

/*
 * A publication in two steps, for who has something to do between them that may
 * fail, and must not fail to publish after that.
 *
 * hub_prepare() takes on a post, all or nothing: everything is there then that
 * it needs, whatever else comes, and readers see nothing.  Its ids, post_ids()
 * of them, increase and are above hub->last and those of all promises that
 * stand; the last is its end's, if it has one.  A message has one id in all of
 * its channels, and is held in each for as long as that one has room for it. To
 * erase what has ended already is no fault, but its end stays what it was.
 *
 * The promise is then kept, and that is when they are published, or broken, as
 * if they had never been.  Either frees it.  Promises are kept in their order,
 * and none may stand at hub_publish(), hub_lost() and hub_free().
 */
enum hub_result hub_prepare(struct hub *, const struct post *,
    const struct eventid ids[], struct promise **);

/* Returns the number of the channels' readers. */
size_t hub_keep(struct hub *, struct promise *);

void hub_break(struct hub *, struct promise *);

/*
 * When it was prepared: was this one of the post's channels, from 0 on, one
 * that had never been published to, and what had it lost?
 */
bool hub_promised_new(const struct promise *, size_t channel);
struct eventid hub_promised_lost(const struct promise *, size_t channel);

/* Both steps in one.  *readers is then the number of the channels' readers. */
enum hub_result hub_publish(struct hub *, const struct post *,
    const struct eventid ids[], size_t *readers);

/*
 * Have all of these channels ended, and is the position not below any of their
 * ends?  Then nothing will ever come for who stands there.
 */
bool hub_over(const struct hub *, const char *const channels[], size_t n,
    struct eventid at);

/* Has one of these channels ended, and its end an id below this one? */
bool hub_has_ended(const struct hub *, const char *const channels[], size_t n,
    struct eventid before);

/* All bytes that the budget is for. */
size_t hub_bytes(const struct hub *);

/* The channel, or NULL if there is none of this name. */
struct channel *hub_find(const struct hub *, const char *name);

/*
 * The reader joins the channel, which is made if need be: HUB_DONE,
 * HUB_NO_CHANNEL or HUB_NO_MEMORY.  That takes nothing from any other channel.
 */
enum hub_result hub_join(struct hub *, struct cursor *, const char *channel,
    struct subscriber *reader);
void hub_leave(struct hub *, struct cursor *);

/*
 * Events up to this id, which is above hub->last, are lost to whatever channel
 * they are of: to every reader that is a gap with this reason.  A channel that
 * is first heard of before hub_resumed(), which says that all has come that was
 * there, is taken to have begun in what is lost, and one that comes later not
 * to have; hub_restored() says so, too.
 */
void hub_lost(struct hub *, struct loss);
void hub_resumed(struct hub *);

/*
 * An event of this channel, with this id, which is above hub->last, cannot be
 * held: it is lost to the channel's readers, for this reason.  If it is of
 * several, that is said of each of them in turn.
 */
void hub_lose(struct hub *, const char *channel, struct loss);

/*
 * The turn's end.  hub_wake(): the readers of what was published are woken.
 * hub_serving(): now they are written to, by the caller, each his share; and
 * hub_served(): all of them were, be it some turns later.  What was published
 * before hub_serving() may be dropped now, and not before.
 */
void hub_wake(struct hub *);
void hub_serving(struct hub *);
void hub_served(struct hub *);

/*
 * Histories are cut to their length, when those who keep up have read all; and
 * what is too old, or of forgotten channels, is dropped.  Both do a bounded
 * part of it, and return true if there is more to be done.
 */
bool hub_trim(struct hub *);
bool hub_age(struct hub *);

#endif
