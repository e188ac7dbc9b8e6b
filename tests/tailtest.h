/* SPDX-License-Identifier: ISC */
#ifndef TAILTEST_H
#define TAILTEST_H

/*
 * What the tests of a tail share: one process, a stream with what happens in
 * it, and somebody who views its channels.
 */
#include "tailscene.h"

static struct tail_setup setup;
static struct process *const one = &processes[0], *const two = &processes[1];
static struct viewer viewer, other;

static inline int
set_up(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	memset(fakes, 0, sizeof(fakes));
	now = 100000;
	wall = 1;
	key = (struct streamkey){.ms = 0};
	setup = (struct tail_setup){.key = "k",
	    .entries = 100000,
	    .max_event = 1000,
	    .wall_ms = wall_ms};
	process_begins(one, &setup);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	viewer_closes(&viewer); /* of a test that has failed */
	viewer_closes(&other);
	process_ends(one);
	key_free(&key);
	ev_loop_destroy(loop);
	return 0;
}

/* It is another process now, with another setup. */
static inline void
begin_again(void)
{
	process_ends(one);
	process_begins(one, &setup);
}

/* Events a1, b2 and so on, each a millisecond later. */
static inline void
happen(const char *channels)
{
	char name[2] = "", data[24];

	for (; *channels != '\0'; channels++) {
		name[0] = *channels;
		key.ms++;
		(void)snprintf(data, sizeof(data), "%c%lu", *channels,
		    (unsigned long)key.ms);
		(void)key_publish(&key, name, data);
	}
}

static inline void
view(const char *channels)
{
	const struct position at = {.kind = POSITION_NOW};

	viewer_opens(&viewer, one, channels, &at);
}

static inline void
view_all(const char *channels)
{
	const struct position at = {.kind = POSITION_EARLIEST};

	viewer_opens(&viewer, one, channels, &at);
}

#define SHOWS(text) assert_string_equal(viewer_shows(&viewer), text)
#define AT(text)    assert_int_equal(eventid_compare(one->tail.at, id_of(text)), 0)

#endif
