/* SPDX-License-Identifier: ISC */
#ifndef UPKEEP_H
#define UPKEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/eventid.h"
#include "engine/link.h"

/*
 * What all processes do for the stream in turns, whoever publishes, on the
 * publisher's connection: it is trimmed by age and by length, each minute and
 * after many entries, but never of its newest entry, which is what each tail
 * holds on to; and each tells how many streams it has, so that all know how
 * many there are.  Once, whoever is connected is asked whether it may drop what
 * it likes (maxmemory-policy allkeys-...), and the operator warned.
 *
 * The number of a process stands in a hash beside the stream, {key}:streams, as
 * "<beat> <streams>".  One whose beat does not change for UPKEEP_GONE has gone,
 * by the clock of who looks, and is deleted.
 */

#define UPKEEP_TRIM 60.0 /* seconds */
#define UPKEEP_BEAT 5.0
#define UPKEEP_GONE 20.0

struct upkeep;

struct upkeep_setup {
	const char *key;
	unsigned long history; /* entries */
	double age;	       /* seconds; 0: no limit */
	const size_t *streams; /* open here */
};

/* Everything outlives it.  NULL: no memory. */
struct upkeep *upkeep_new(struct link *, const struct upkeep_setup *);
void upkeep_free(struct upkeep *);

/* The link is up; a reply with one of its tags. */
void upkeep_up(struct upkeep *);
void upkeep_reply(struct upkeep *, int tag, struct resp_value *);

/* Once a second, at this time; newest: the entry that the tail read last. */
void upkeep_second(struct upkeep *, double now, struct eventid newest,
    unsigned long long entries);

/* Streams of all processes; ours alone while nothing else is known. */
size_t upkeep_streams(const struct upkeep *);

#endif
