/* SPDX-License-Identifier: ISC */
#ifndef CENSUS_H
#define CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"
#include "engine/link.h"

/*
 * How many streams all processes have.  The number of each stands in a hash
 * beside the stream of events, {key}:streams, as "<beat> <streams>", under a
 * name that it has drawn.  One whose beat does not change for CENSUS_GONE has
 * gone, by the clock of who looks, and is deleted.
 *
 * What stands in the hash others may have written, anything and any number.
 */

/* The tags of its commands begin here. */
#define CENSUS_TAG 200

#define CENSUS_BEAT   5.0    /* seconds, or up to a tenth more or less */
#define CENSUS_GONE   20.0   /* seconds */
#define CENSUS_OTHERS 5000   /* processes that are looked at */
#define CENSUS_REST   3600.0 /* seconds, if the hash is too large for us */
#define CENSUS_NAME   32U    /* letters */

struct census_other;
RB_HEAD(census_others, census_other);

struct census {
	struct link *link;
	const size_t *streams; /* open here */
	char hash[600];	       /* its key; empty: it would be elsewhere */
	char name[CENSUS_NAME + 1];
	unsigned long long beat;
	double beat_at; /* when the next is due */
	double up_at;	/* since then beats are heard */
	struct census_others others;
	size_t n;   /* of these */
	bool asked; /* what stands there, and it is not all here */
	struct resp_value *name_of; /* the value that comes next */
	size_t looked;		    /* names of this answer, so far */
	unsigned round;		    /* the number of this answer */
	uint64_t theirs;	    /* streams of the others, by the last one */
	double known_at;	    /* when that was; 0: never */
	bool told;		    /* in the log, that it is refused */
};

/*
 * Everything outlives it; the hash is beside this key.  0, or -1: there is no
 * random number.
 */
int census_init(struct census *, struct link *, const char *key,
    const size_t *streams);
void census_free(struct census *);

/* As struct link_user has them; of a part or a reply with one of its tags. */
void census_up(struct census *);
void census_part(struct census *, int tag, struct resp_value *);
void census_reply(struct census *, int tag, struct resp_value *);
void census_down(struct census *, bool large);

/* Once a second, while it is up. */
void census_second(struct census *);

/* Streams of all processes; ours alone while nothing else is known. */
size_t census_streams(const struct census *);

#endif
