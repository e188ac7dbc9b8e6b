/* SPDX-License-Identifier: ISC */
#ifndef RETENTION_H
#define RETENTION_H

#include "channel/hub.h"

/*
 * The hub's own: what it holds, and what it drops.  hub_trim() and hub_age()
 * are here, too.
 */

/*
 * Is it on a shelf: was it published to, and is neither read nor promised
 * anything?  It goes there when that becomes so, and is taken from there by who
 * ends it.
 */
bool retention_is_idle(const struct channel *);
void retention_shelve(struct hub *, struct channel *);
void retention_take(struct hub *, struct channel *);

/*
 * Puts the channel where it belongs among those whose events grow too old.
 * That its oldest will be so later than was known, as when an event is dropped
 * or the channel ends, is found out without it.
 */
void retention_place(struct hub *, struct channel *);

/* The entry is the channel's newest, and counted. */
void retention_hold(struct hub *, struct channel *, struct held *);

/* What the channel may give has changed from this number of bytes. */
void retention_recount(struct hub *, struct channel *, size_t spare);

/*
 * Is there room for all bytes, those of new events which are not held yet
 * included, or can it be made?  And makes it.
 */
bool retention_has_room(const struct hub *);
void retention_make_room(struct hub *);

/*
 * Events of the channel up to this one are lost.  Where that cannot be told
 * beside what is held, the oldest of that goes.
 */
void retention_lose(struct hub *, struct channel *, struct loss);

/*
 * The channel's newest event was read in a former life: the limits apply, but
 * for that of age, since the channel's end may still be to come.  And then all
 * is there.
 */
void retention_restore(struct hub *, struct channel *);
void retention_restored(struct hub *);

/* Drops all that is held of a channel that nobody can find any more. */
void retention_bury(struct hub *, struct channel *);

/*
 * All that is held of the channel is erased: its readers cannot have it any
 * more, and the grave, a new channel of that name, has it, and is buried.
 */
void retention_erase(struct hub *, struct channel *, struct channel *grave);

/* All that is still left to be dropped of those is. */
void retention_finish(struct hub *);

#endif
