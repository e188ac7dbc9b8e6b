/* SPDX-License-Identifier: ISC */
#ifndef STEP_H
#define STEP_H

#include <stdint.h>

#include "channel/channel.h"
#include "channel/reader.h"

/* What comes next to a reader. */
struct step {
	enum { STEP_NONE, STEP_EVENT, STEP_GAP, STEP_END } kind;
	struct eventid id;	 /* the position behind it */
	const struct held *held; /* of an event */
};

/* A reader's place in one of its channels. */
struct place {
	struct step step; /* the channel's next event, or its end */
	uint64_t number;  /* of the first held event above the position */
	const struct loss *lost; /* the first loss that is not told, or NULL */
	struct eventid gap;	 /* the id that the gap for it has */
	bool known;		 /* that id is right, whatever comes before */
	bool due;		 /* the walk's next step is, or has, that gap */
};

/*
 * A reader's way from step to step.  It stands on a copy of the reader: what is
 * offered is not taken yet.  While it lasts, nothing happens to the channels.
 * They are looked at once, and then only those that a step was of.
 *
 * A gap is a step like an event.  A channel that has dropped events above the
 * position is due a gap at the id of the newest of them, and so it comes before
 * all that the channel still holds and in its place among the others' steps.
 * An end is one, too.
 *
 * That id may be another channel's event, when both have had it and only one
 * has dropped it: the reader still gets it, from there.  Then the gap has the
 * id before it, or before the one before, and so on: the highest that is no
 * step of the reader's.  So there is for each loss one id, whatever the reader
 * does: who stands below has not been told, and who does not, has.
 */
struct walk {
	struct reader r;
	struct step step; /* the next */
	unsigned which;	  /* of an end: of its channels, that it is of */
	unsigned gaps;	  /* of a gap: how many have the id */
	struct place place[READER_CHANNELS_MAX];
};

void walk_begin(struct walk *, const struct reader *);

/* Goes on behind the next step, which there is. */
void walk_on(struct walk *);

/* Where the reader stands in one of its channels: it has begun behind that. */
struct eventid walk_from(const struct walk *, unsigned channel);

#endif
