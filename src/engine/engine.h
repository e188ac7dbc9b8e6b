/* SPDX-License-Identifier: ISC */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/histogram.h"
#include "channel/eventid.h"
#include "channel/hub.h"
#include "channel/keys.h"
#include "channel/post.h"
#include "channel/sse.h"

#define ENGINE_BATCH_MAX   256 /* messages in one publication */
#define ENGINE_IDS_MAX	   (ENGINE_BATCH_MAX + 1) /* with its end */
#define ENGINE_FIGURES_MAX 32 /* rows of its own in the status */

struct ev_loop;

/* What became of a publication. */
enum publish_result {
	PUBLISHED,	    /* all of it */
	PUBLISH_NO_CHANNEL, /* nothing: there may be no channel more */
	PUBLISH_ENDED,	    /* nothing: a channel of it has ended */
	PUBLISH_TOO_LARGE,  /* nothing: it will never fit */
	PUBLISH_NO_ROOM,    /* nothing: it does not fit now */
	PUBLISH_NO_MEMORY,  /* nothing: there is no memory */
	PUBLISH_AWAY,	/* nothing: what the engine needs is not there now */
	PUBLISH_UNKNOWN /* all or nothing, and which cannot be known */
};

/* The same, and if it is PUBLISHED the rest. */
struct published {
	enum publish_result result;
	struct eventid last; /* the id of the last message, or of the end */
	size_t events;	     /* messages */
	size_t streams;	     /* that read the channels here */
	bool repeated;	 /* the key was there: last and events are as they were
			    answered first */
	const char *why; /* AWAY, NO_ROOM or UNKNOWN, in words; or NULL */
};

/* Where an id is that somebody comes back with. */
enum place {
	PLACE_AFTER,	    /* of an event that was here, or a position */
	PLACE_AHEAD,	    /* of one that is still to come here */
	PLACE_ANOTHER_LIFE, /* of one from before this hub's first event */
	PLACE_LOST,	    /* of one that is not there any more, as if it had
			       never been: nor need others be */
	PLACE_UNKNOWN,	    /* of none */
	PLACE_NOT_YET	    /* nobody can say: the engine is not ready */
};

/* A number of the engine's own in the status; see struct row in figures.c. */
struct engine_figure {
	const char *json, *name, *label, *type, *help;
	double value;
	const char *suffix; /* of the name, in a histogram's rows; or NULL */
};

/*
 * Who decides the order of published events.  Whatever it is, what is published
 * comes to the hub, and streams know nothing of engines.
 *
 *     start    once, before all others
 *     publish, place, await, close, away, figures  any number of times; until
 *              it is ready what is published may be answered with
 *              PUBLISH_AWAY, and an id's place be PLACE_NOT_YET
 *     stop     once, behind all others
 *
 * No call may block but start().
 */
struct engine {
	/*
	 * Fills the hub, which is empty and has its limits, with what lives,
	 * and then calls ready(arg), once, perhaps before it returns.  Hub and
	 * loop last until behind stop().  Fatal if it can never be ready.
	 */
	void (*start)(struct engine *, struct hub *, struct ev_loop *,
	    void (*ready)(void *arg), void *arg);
	/*
	 * Publishes the post, of ENGINE_BATCH_MAX messages at most, all or
	 * nothing, and then calls done(arg) with what became of it: exactly
	 * once, perhaps before it returns, perhaps only from stop().  All that
	 * the post is made of need not last longer than this call, nor longer
	 * than done().  How much may be pending is the engine's to bound: a
	 * front may have gone meanwhile, and come again.
	 */
	void (*publish)(struct engine *, const struct post *,
	    void (*done)(void *arg, const struct published *), void *arg);
	/* Where the id is. */
	enum place (*place)(const struct engine *, struct eventid);
	/*
	 * Where an id is that is ahead: done(arg, ...) says it, exactly once,
	 * perhaps before it returns, when it is anything else;
	 * or PLACE_AHEAD, from stop(): that was not found out.  NULL: in this
	 * engine none is.
	 */
	void (*await)(struct engine *, struct eventid,
	    void (*done)(void *arg, enum place), void *arg);
	/*
	 * Tells all processes that share this, this one too, what they are to
	 * close.  Whether that is known to come to them done(arg, ...) says as
	 * of a publication.  NULL: there are no others.
	 */
	void (*close)(struct engine *, const char *which,
	    void (*done)(void *arg, const struct published *), void *arg);
	/*
	 * NULL, or in words why it takes no publications now, or why none would
	 * come from it.
	 */
	const char *(*away)(const struct engine *);
	/*
	 * Its own rows of the status, those of one family and one object
	 * together; returns how many.
	 */
	size_t (*figures)(const struct engine *,
	    struct engine_figure row[ENGINE_FIGURES_MAX]);
	/*
	 * Tells all that wait what became of them (PUBLISH_UNKNOWN, if need
	 * be), and gives up what it has.  It need not have been ready.
	 */
	void (*stop)(struct engine *);
};

/*
 * Has it filled the hub, so that it can be said where anything is but now?  It
 * has as soon as it is ready.
 */
bool engine_is_filled(const struct engine *);

/* Has it failed only for now: is it worth another try as it is? */
bool engine_may_yet(enum publish_result);

/* What the hub has said of a publication, as an engine says it: result, why. */
void engine_result(struct published *, enum hub_result);

/*
 * Is the post's key, if it has one, known?  Then what says how it was answered
 * first, or that it is not yet.
 */
bool engine_repeats(struct keys *, const struct post *, double now,
    struct published *what);

/*
 * Promises the post's key, which is not known: PUBLISHED in what is that it may
 * be published, and all else why not.  NULL: it has none, or may not.
 */
struct key *engine_promise_key(struct keys *, const struct post *, double now,
    struct published *what);

/*
 * A histogram's rows, of which there are ENGINE_HISTOGRAM_ROWS; returns how
 * many. Sum and count are in JSON, too, by the names of the two.
 */
#define ENGINE_HISTOGRAM_ROWS (HISTOGRAM_BUCKETS + 3)
size_t engine_histogram(struct engine_figure row[ENGINE_HISTOGRAM_ROWS],
    const struct histogram *, const char *sum, const char *count,
    const char *name, const char *help);

/* How many keys are known, as a figure. */
struct engine_figure engine_keys(size_t n);

/*
 * The place of an id where this source decides the order, and nothing is ahead
 * of it.
 */
enum place engine_place(const struct eventid_source *, const struct hub *,
    struct eventid);

#endif
