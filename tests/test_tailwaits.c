/* SPDX-License-Identifier: ISC */
/*
 * Who comes while Redis cannot be read yet begins, when it can be, with what
 * was published since he came, by clocks that need not agree.
 */
#include "tailtest.h"

/* By our clock and by that of Redis. */
static void
a_second_passes(void)
{
	now += 1;
	key.ms += 1000;
}

/* Who came while nothing could be read has that, and nothing from before. */
static void
who_waits_gets_what_is_published_meanwhile(void **state)
{
	(void)state;
	happen("aaa");
	key.ms += 2000;
	view("a");
	a_second_passes();
	happen("ab");
	fake_up(one->fake);
	fake_down(one->fake, false);
	happen("a");
	process_runs(one);
	happen("a");
	process_runs(one);
	SHOWS("a3004 a3006 a3007");
	viewer_closes(&viewer);
}

/* There was nothing yet, as the note says. */
static void
who_waits_for_an_empty_stream_has_lost_nothing(void **state)
{
	(void)state;
	key.ms = 5000;
	view("a");
	a_second_passes();
	process_runs(one);
	happen("a");
	process_runs(one);
	SHOWS("a6001");
	viewer_closes(&viewer);
}

/* More than the budgets hold. */
static void
who_waits_is_told_of_what_is_not_loaded(void **state)
{
	(void)state;
	setup.entries = 2;
	begin_again();
	happen("b");
	key.ms += 2000;
	view("b");
	a_second_passes();
	happen("bbb");
	process_runs(one);
	SHOWS("[b 1003-1048575-3002-1048575] b3003 b3004");
	viewer_closes(&viewer);
}

/* To the millisecond. */
static void
who_waits_gets_what_came_with_him(void **state)
{
	(void)state;
	key.ms = 100;
	view("a");
	(void)key_publish(&key, "a", "a100");
	a_second_passes();
	process_runs(one);
	assert_non_null(strstr(viewer_shows(&viewer), "a100"));
	viewer_closes(&viewer);
}

/* Some turns later, and Redis does not say the time. */
static void
who_waits_may_be_written_to_later(void **state)
{
	(void)state;
	key.no_time = true;
	happen("a");
	wall = 5000;
	view("a");
	process_runs(one);
	happen("a");
	process_runs(one);
	SHOWS("a2");
	viewer_closes(&viewer);
}

/* The clocks of two machines are not the same. */
static void
clocks_may_be_apart(void **state)
{
	(void)state;
	happen("a");
	key.ms += 2000;
	view("a");
	a_second_passes();
	happen("a");
	a_second_passes();
	key.ms += 900;
	process_runs(one);
	SHOWS("a3002");
	viewer_closes(&viewer);
}

/* Ids go on where they were. */
static void
clock_may_have_been_set_back(void **state)
{
	(void)state;
	key.ms = 3600000;
	happen("a");
	key.ms += 10000;
	happen("a");
	key.ms = 1000;
	view("a");
	a_second_passes();
	process_runs(one);
	SHOWS("a3610002");
	viewer_closes(&viewer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(who_waits_gets_what_is_published_meanwhile),
	    TEST(who_waits_for_an_empty_stream_has_lost_nothing),
	    TEST(who_waits_is_told_of_what_is_not_loaded),
	    TEST(who_waits_gets_what_came_with_him),
	    TEST(who_waits_may_be_written_to_later),
	    TEST(clocks_may_be_apart),
	    TEST(clock_may_have_been_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
