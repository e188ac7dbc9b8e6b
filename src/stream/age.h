/* SPDX-License-Identifier: ISC */
#ifndef AGE_H
#define AGE_H

#include <sys/queue.h>

#include <ev.h>
#include <stdint.h>

#define AGE_SLOTS_MAX 128
#define AGE_TICK_MIN  0.01 /* seconds from one slot to the next */

/* One stream's place among those whose time is limited. */
struct age {
	TAILQ_ENTRY(age) link;
	uint16_t slot;
};

TAILQ_HEAD(age_list, age);

/* Who is to end when: a wheel that turns once in the greatest age. */
struct ages {
	struct ev_loop *loop;
	ev_timer timer;	   /* runs only while there is somebody */
	const double *now; /* monotonic seconds */
	double tick;   /* seconds; 0: there is no limit, and nothing to do */
	double turned; /* when the hand last moved */
	unsigned slots;
	unsigned hand;
	size_t members;
	struct age_list slot[AGE_SLOTS_MAX];
	void (*over)(struct age *); /* its time is up; it stays a member */
};

/*
 * max in seconds; 0 is no limit, and no struct age is touched.  *now is the
 * time, kept by the caller.  over() may make no member leave.  loop and now
 * must outlive the ages.
 */
void ages_init(struct ages *, struct ev_loop *, const double *now, double max,
    void (*over)(struct age *));

/*
 * Its time begins now and is over after the greatest age, or up to a quarter
 * sooner, by chance: 0 to 1.
 */
void age_begin(struct ages *, struct age *, double chance);

/* It leaves; to be called once. */
void age_end(struct ages *, struct age *);

/* Moves the hand on to now: what the timer does. */
void ages_turn(struct ages *);

#endif
