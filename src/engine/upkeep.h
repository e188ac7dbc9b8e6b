/* SPDX-License-Identifier: ISC */
#ifndef UPKEEP_H
#define UPKEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "channel/eventid.h"
#include "engine/census.h"
#include "engine/link.h"

/*
 * What all processes do for the stream in turns, whoever publishes, on the
 * publisher's connection: it is trimmed by age and by length, each minute and
 * after many entries, but never of its newest entry, which is what each tail
 * holds on to; and each tells how many streams it has (census.h).  Once,
 * whoever is connected is asked whether it may drop what it likes
 * (maxmemory-policy allkeys-...), and the operator warned.
 */

#define UPKEEP_TRIM  60.0 /* seconds, or up to a quarter more or less */
#define UPKEEP_CALLS 50	  /* of one trim by age, or by length */

/* The tags of its commands begin here; those of the census are above. */
#define UPKEEP_TAG 100

struct upkeep_setup {
	const char *key;
	unsigned long history; /* entries */
	double age;	       /* seconds; 0: no limit */
	const size_t *streams; /* open here */
};

/* Of a trim. */
enum upkeep_step { UPKEEP_IDLE, UPKEEP_TIME, UPKEEP_AGE, UPKEEP_LENGTH };

struct upkeep {
	struct link *link;
	struct upkeep_setup set;
	struct census census;
	enum upkeep_step step;
	unsigned calls;	       /* of this step, so far */
	double trim_at;	       /* the next time it is due; 0: none is set */
	struct eventid newest; /* is not trimmed */
	struct eventid limit;  /* older entries are */
	unsigned long long entries; /* at the last trim */
	unsigned long long grown;   /* so many more, and the next is due */
	bool knows_policy;
	bool told_trim, told_policy; /* in the log, that it is refused */
};

/* The link and all of the setup outlive it.  0, or -1: no random number. */
int upkeep_init(struct upkeep *, struct link *, const struct upkeep_setup *);
void upkeep_free(struct upkeep *);

/* As struct link_user has them; of a part or a reply with one of its tags. */
void upkeep_up(struct upkeep *);
void upkeep_part(struct upkeep *, int tag, struct resp_value *);
void upkeep_reply(struct upkeep *, int tag, struct resp_value *);
void upkeep_down(struct upkeep *, bool large);

/*
 * Once a second: newest is the entry that the tail read last, and entries how
 * many it has read.
 */
void upkeep_second(struct upkeep *, struct eventid newest,
    unsigned long long entries);

#endif
