/* SPDX-License-Identifier: ISC */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>

#include "channel/hub.h"

/*
 * The hub's own: which channels there are.  hub_find() is here, too.
 *
 * A channel that was published to is kept while it holds events, and after that
 * for the one thing it knows, what it has lost, until its place is needed; then
 * hub->forgotten knows it for all such channels.  A new channel begins with
 * that: it may tell of a gap that was none, but never miss one.
 *
 * A channel that only readers have named is theirs: it has a place among as
 * many of its kind, and none of those that hold, or held, what was published.
 * So no reader, whatever names it invents, takes history from anybody.
 */

/* A new channel, of nobody so far.  NULL: no memory. */
struct channel *names_make(struct hub *, const char *name);

/* It was never published to, and nobody uses it: it goes. */
void names_unmake(struct hub *, struct channel *);

/*
 * The channels of the post, with room for its events in each, and they stay:
 * HUB_DONE; or HUB_NO_CHANNEL or HUB_NO_MEMORY, and nothing has changed.
 */
enum hub_result names_open(struct hub *, const struct post *,
    struct channel *[]);

/* After that, for each of them: the events came, or were given up. */
void names_close(struct hub *, struct channel *);

/*
 * A channel that is not yet published to has lost an event: who asks for all
 * that it ever had is told so when it is.  Another one may be taken for it.
 */
void names_unheard(struct hub *, const char *name);

/* The channel is, if it was not before, one that was published to. */
void names_publish(struct hub *, struct channel *);

/* As channel_end(). */
void names_end(struct hub *, struct channel *, struct eventid, double time);

/*
 * The channel, which was published to in a former life.  There may be too many
 * of them until names_restored(), and after that as many more as are read.
 */
enum hub_result names_restore(struct hub *, const char *name,
    struct channel **);
void names_restored(struct hub *);

/* Forgets a channel that was published to and is idle; its events are lost. */
void names_forget(struct hub *, struct channel *);

/* What it had lost when it was first published to, or would have by now. */
struct eventid names_origin(const struct hub *, const struct channel *);

#endif
