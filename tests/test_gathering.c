/* SPDX-License-Identifier: ISC */
/*
 * Whether a transaction waits for more publications, and for how long.
 */
#include "unit.h"

#include <poll.h>

#include "base/platform.h"
#include "engine/gathering.h"
#include "watched.h"

static struct ev_loop *loop;
static struct gathering g;

static int
set_up(void **state)
{
	(void)state;
	loop = ev_loop_new(EVBACKEND_EPOLL);
	assert_non_null(loop);
	gathering_start(&g, loop);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	gathering_stop(&g);
	ev_loop_destroy(loop);
	return 0;
}

static void
the_first_does_not_wait(void **state)
{
	(void)state;
	assert_false(gathering_waits(&g, 1, 1));
}

static void
it_waits_for_as_many_as_there_were(void **state)
{
	(void)state;
	gathering_done(&g, 1, 0.001, 8);
	assert_true(gathering_waits(&g, 1, 3));
	assert_true(gathering_waits(&g, 1, 7));
	assert_false(gathering_waits(&g, 1, 8));
	assert_false(gathering_waits(&g, 1, 1)); /* before it is done */
	gathering_done(&g, 1, 0.001, 8);
	assert_false(gathering_waits(&g, 1, 9));
}

static void
lone_publications_never_wait(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		gathering_done(&g, 1, 0.001, 1);
		assert_false(gathering_waits(&g, 1, 1));
	}
}

static void
it_waits_half_as_long_as_the_last_one_took_at_most(void **state)
{
	(void)state;
	gathering_done(&g, 1, 0.0001, 8);
	assert_true(gathering_waits(&g, 1, 3));
	while (!g.over)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_false(gathering_waits(&g, 1, 3));
	gathering_done(&g, 10, 0.001, 8);
	assert_float_equal(g.until, 10.0005, 1e-6);
}

static void
all_that_are_there_too_late_are_in_vain(void **state)
{
	(void)state;
	gathering_done(&g, 1, 0.0001, 8);
	assert_true(gathering_waits(&g, 1, 3));
	while (!g.over)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_false(gathering_waits(&g, 1, 8));
	assert_int_equal(g.failures, 1);
}

static void
much_later_it_does_not_wait(void **state)
{
	(void)state;
	gathering_done(&g, 1, 0.001, 8);
	assert_false(gathering_waits(&g, 2, 1));
	gathering_done(&g, 3, 10, 8); /* nor for a disk that takes so long */
	assert_false(gathering_waits(&g, 4, 1));
	gathering_done(&g, 5, 0.001, 8);
	assert_false(gathering_waits(&g, g.until, 1));
}

/* How many transactions do not wait until one does. */
static unsigned
passing(void)
{
	unsigned n = 0;

	for (;; n++) {
		gathering_done(&g, 1, 0.0001, 8);
		if (gathering_waits(&g, 1, 3))
			return n;
	}
}

static void
the_more_often_in_vain_the_less_often(void **state)
{
	unsigned n, before = 0;
	int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		n = passing();
		assert_true(i == 0 ? n == 0 : n > before || n == 64);
		before = n;
		while (!g.over)
			(void)ev_run(loop, EVRUN_ONCE);
		assert_false(gathering_waits(&g, 1, 3));
	}
	assert_int_equal(passing(), 64);
	assert_false(gathering_waits(&g, 1, 8)); /* not in vain */
	assert_int_equal(passing(), 0);
}

static void
what_has_waited_leaves_no_timer(void **state)
{
	struct pollfd timer = {.fd = g.timer.fd, .events = POLLIN};

	(void)state;
	gathering_done(&g, 1, 0.002, 8);
	assert_true(gathering_waits(&g, 1, 3));
	assert_false(gathering_waits(&g, 1, 8));
	assert_int_equal(poll(&timer, 1, 20), 0);
}

/* Nothing waits for a timer that is not watched; soon it is again. */
static void
a_timer_that_is_not_watched_is_over(void **state)
{
	ev_timer turns;
	int i;

	(void)state;
	(void)ev_run(loop, EVRUN_NOWAIT);
	ev_timer_init(&turns, on_tick, 0.01, 0.01);
	ev_timer_start(loop, &turns);
	refused = true;
	ev_loop_fork(loop);
	gathering_done(&g, 1, 1000, 8);
	assert_true(gathering_waits(&g, 1, 3));
	(void)platform_timer_set(g.timer.fd, 1000);
	while (!g.over)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_false(gathering_waits(&g, 1, 3));
	refused = false;
	(void)passing();
	for (i = 0; i < 3000 && !g.over; i++)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_true(g.over);
	ev_timer_stop(loop, &turns);
}

#define GATHERING_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    GATHERING_TEST(the_first_does_not_wait),
	    GATHERING_TEST(it_waits_for_as_many_as_there_were),
	    GATHERING_TEST(lone_publications_never_wait),
	    GATHERING_TEST(it_waits_half_as_long_as_the_last_one_took_at_most),
	    GATHERING_TEST(all_that_are_there_too_late_are_in_vain),
	    GATHERING_TEST(much_later_it_does_not_wait),
	    GATHERING_TEST(the_more_often_in_vain_the_less_often),
	    GATHERING_TEST(what_has_waited_leaves_no_timer),
	    GATHERING_TEST(a_timer_that_is_not_watched_is_over),
	};
	int fd = platform_timer();

	if (fd == -1)
		return 0; /* nothing waits here */
	(void)close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
