/* SPDX-License-Identifier: ISC */
#ifndef REPEATS_H
#define REPEATS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"

#include "channel/eventid.h"

/*
 * Keys of entries, by which one that comes twice is told.  The sequence alone
 * decides, so that all who read it agree, whatever their publishers did: an
 * entry is a repeat if another with its first channel and its key is less than
 * REPEATS_MS before it, by the ids' own milliseconds, and be that a repeat
 * itself.  So to decide, nobody needs to have read what is older than that.
 *
 * Where there are more than there may be the oldest are forgotten: each keeps
 * the same then, too.
 */

#define REPEATS_MS  100000
#define REPEATS_MAX 131072
#define REPEATS_OF_POSTS                                                     \
	65536 /* and then publications are refused, so that none of these is \
		 forgotten too soon */

/* What was published with one key, in one or several parts. */
struct repeat {
	RB_ENTRY(repeat) by_text;
	TAILQ_ENTRY(repeat) link; /* by when it was seen last, oldest first */
	uint64_t ms;		  /* of the entry that it was seen in last */
	struct eventid last;	  /* of its last part that counted */
	unsigned parts;
	bool ends;	  /* the last one is an end */
	const char *text; /* post_key_text() */
	char bytes[];
};

RB_HEAD(repeat_texts, repeat);
TAILQ_HEAD(repeat_list, repeat);

struct repeats {
	struct repeat_texts texts;
	struct repeat_list seen;
	size_t n;
	uint64_t ms; /* of the newest entry */
	double at;   /* when that was here, monotonic */
};

void repeats_init(struct repeats *);
void repeats_free(struct repeats *);

/* An entry, whatever it is, is here: that tells what time it is. */
void repeats_time(struct repeats *, struct eventid, double now);

/* The time of an entry that would be made now, in milliseconds, about. */
uint64_t repeats_now(const struct repeats *, double now);

/* What is known of this key to an entry of that time; or NULL. */
struct repeat *repeats_find(struct repeats *, const char *channel,
    const char *key, size_t key_len, uint64_t ms);

/* May no publication bring another one? */
bool repeats_full(const struct repeats *, uint64_t ms);

/* An entry has been found to be a part of it again. */
void repeats_again(struct repeats *, struct repeat *, struct eventid);

/*
 * An entry with this key, that is no repeat, was published.  Without memory it
 * is not known.
 */
void repeats_note(struct repeats *, const char *channel, const char *key,
    size_t key_len, unsigned part, struct eventid, bool end);

#endif
