/* SPDX-License-Identifier: ISC */
#ifndef WORLD_H
#define WORLD_H

#include "checker.h"
#include "front.h"
#include "post.h"
#include "responder.h"
#include "subscriber.h"

/*
 * What the tests of a group share: a responder, and what was published to it.
 * It is here and not in cmocka's state, which tests from a table use for their
 * row.
 */
struct world {
	struct responder r;
	struct checker c;
	struct subscriber bystander; /* if there is one */
};

extern struct world world;

/* The status has this number behind these characters. */
#define FIGURE(key, is)                                                       \
	do {                                                                  \
		double got = status_figure(&world.r, key);                    \
		if (got != (is))                                              \
			fail_msg("%s is %g, not %g", key, got, (double)(is)); \
	} while (0)

/* For a group's or a test's setup and teardown. */
int world_start(void **state);
int world_start_with(const char *const options[]);
int world_stop(void **state);

/* With SHARED in the environment: its Redis ends all connections. */
void world_redis_drops(void);

/*
 * Someone who reads these channels from now on.  It must see what is published
 * then to the first of them, and nothing that was published before and not
 * acknowledged.
 */
void bystander_begin(const char *channels);
void bystander_saw_nothing(void);

/*
 * A stream for its bytes: the query, and one more parameter (name NULL: none).
 */
void open_raw(struct front *, const char *query, const char *name,
    const char *value);

/* The position in its first block. */
void first_position(struct front *, char id[48]);

/* Reads until the text is there; the test fails if it does not come. */
__attribute__((format(printf, 2, 3))) void assert_comes(struct front *,
    const char *format, ...);

/*
 * The stream's blocks so far as a page's parser takes them, a line for each:
 * type, id (or - for none) and data, LF in it as |.  A block without data has
 * the type position.  The answer stays until the next call.
 */
const char *blocks_of(const struct front *);

/* The text must come to be in it. */
__attribute__((format(printf, 2, 3))) void assert_blocks(struct front *,
    const char *format, ...);

/* Publishes the text, which must be acknowledged; id is set to the event's. */
void say(const char *query, const char *text, char id[48]);

/* Makes n events of a channel and publishes them, one after the other. */
void publish_some(const char *channel, unsigned n);

/* One that must be refused, and with one line. */
void assert_refusal(const struct front *, int status);

#endif
