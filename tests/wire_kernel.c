/* SPDX-License-Identifier: ISC */
/*
 * What a kernel lets the program do: under the filter of its systemd unit it
 * has its waves and its store; where it may not have waves it says so and does
 * without.
 *
 * The sandbox starts the program.  An allow list is for the plain one
 * (PLAIN=..): what sanitizers call is not on it.
 */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#include "world.h"

#define ALLOWED "build/tests/allowed"

enum { READERS = 12 };

static char unconfined[200]; /* the program that is not in the sandbox */

static void
set(const char *name, const char *value)
{
	assert_int_equal(value == NULL ? unsetenv(name) :
					 setenv(name, value, 1),
	    0);
}

/* Streams of one channel, and events to all of them. */
static void
serve_some(void)
{
	static struct subscriber s[READERS];
	size_t i;

	for (i = 0; i < READERS; i++) {
		subscriber_begin(&s[i], &world.c, "a");
		subscriber_connect(&s[i], &world.r, NULL, NULL);
		assert_true(subscriber_joined(&s[i]));
	}
	publish_some("a", 20);
	for (i = 0; i < READERS; i++) {
		assert_true(subscriber_until(&s[i], 20));
		subscriber_check(&s[i], true);
		subscriber_end(&s[i]);
	}
}

static void
start_in_sandbox(const char *forbidden, const char *refusal,
    const char *allowed)
{
	const char *was = getenv("PROGRAM");

	if (unconfined[0] == '\0')
		(void)snprintf(unconfined, sizeof(unconfined), "%s",
		    was == NULL ? "build/sse-fcgi" : was);
	set("SANDBOXED", allowed != NULL ? getenv("PLAIN") : unconfined);
	set("FORBIDDEN", forbidden);
	set("REFUSAL", refusal);
	set("ALLOWED", allowed);
	set("PROGRAM", "build/tests/sandbox");
	assert_int_equal(world_start(NULL), 0);
	set("PROGRAM", unconfined);
}

static bool
waves_are_off(void)
{
	const char *waves = getenv("WAVES");

	return waves != NULL && strcmp(waves, "off") == 0;
}

/* Nobody but the sandbox is in the way here. */
static bool
kernel_has_them(void)
{
	bool has;

	assert_int_equal(world_start(NULL), 0);
	has = status_figure(&world.r, "\"waves\":") > 0;
	assert_int_equal(responder_logged(&world.r, "waves: up to "), has);
	(void)world_stop(NULL);
	return has;
}

static void
the_units_filter_leaves_waves(void **state)
{
	bool has = kernel_has_them();

	(void)state;
	if (getenv("PLAIN") == NULL)
		skip();
	start_in_sandbox(NULL, NULL, ALLOWED);
	assert_true(status_figure(&world.r, "\"waves\":") == has);
	assert_int_equal(responder_logged(&world.r, "waves: up to "), has);
	serve_some();
	assert_true(status_figure(&world.r, "\"waves_failed\":") == 0);
	(void)world_stop(NULL);
}

/* Events that were written under it are read under it. */
static void
the_units_filter_leaves_the_store(void **state)
{
	bool was = getenv("STORE") != NULL;
	struct subscriber s;

	(void)state;
	if (getenv("PLAIN") == NULL)
		skip();
	set("STORE", "yes");
	start_in_sandbox(NULL, NULL, ALLOWED);
	assert_true(responder_until_logged(&world.r, ": 0 events of 0 channels",
	    1, PATIENCE));
	subscriber_begin(&s, &world.c, "a");
	subscriber_connect(&s, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&s));
	publish_some("a", 20);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	set("PROGRAM", "build/tests/sandbox");
	responder_again(&world.r, NULL);
	set("PROGRAM", unconfined);
	assert_true(responder_until_logged(&world.r,
	    ": 20 events of 1 channels", 1, PATIENCE));
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_until(&s, 20));
	assert_true(status_figure(&world.r, "\"up\":") == 1);
	subscriber_check(&s, true);
	subscriber_end(&s);
	(void)world_stop(NULL);
	set("STORE", was ? "yes" : NULL);
}

/* The call that is refused, with which errno, and what is said of it. */
static const struct row {
	const char *name, *call, *refusal, *said;
} rows[] = {
    {"ring_that_is_not_permitted", "io_uring_setup", "1", "not permitted"},
    {"ring_that_is_not_there", "io_uring_setup", "38", "not implemented"},
    {"ring_that_gets_no_memory", "io_uring_setup", "12", "allocate memory"},
    {"ring_that_is_invalid", "io_uring_setup", "22", "Invalid argument"},
    {"ring_that_may_not_be_entered", "io_uring_enter", "1", "not permitted"},
    {"ring_that_may_be_neither", "io_uring_enter io_uring_setup", "1",
	"not permitted"},
};

static void
refused_waves_are_done_without(void **state)
{
	const struct row *row = *state;

	start_in_sandbox(row->call, row->refusal, NULL);
	assert_true(status_figure(&world.r, "\"waves\":") == 0);
	assert_int_equal(responder_logged(&world.r, "waves: up to "), 0);
	assert_int_equal(responder_logged(&world.r, "waves: none, "),
	    !waves_are_off());
	assert_int_equal(responder_logged(&world.r, row->said),
	    !waves_are_off());
	serve_some();
	assert_true(status_figure(&world.r, "\"waves_failed\":") == 0);
	(void)world_stop(NULL);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(the_units_filter_leaves_waves),
	    cmocka_unit_test(the_units_filter_leaves_the_store),
	};
	struct CMUnitTest tests[LENGTH(others) + LENGTH(rows)];
	size_t n = LENGTH(others), i;

	memcpy(tests, others, sizeof(others));
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name,
		    refused_waves_are_done_without, &rows[i]);
	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
