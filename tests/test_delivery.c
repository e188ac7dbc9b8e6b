/* SPDX-License-Identifier: ISC */
/*
 * From publication to the last write: turn by turn, also where a round lasts
 * longer than a turn.  The test owns the time.
 */
#include "unit.h"

#include <string.h>

#include "serve/delivery.h"

static struct delivery d;

static int
set_up(void **state)
{
	(void)state;
	memset(&d, 0, sizeof(d));
	return 0;
}

static void
assert_took(unsigned long long events, double seconds)
{
	assert_int_equal(d.took.count, events);
	assert_float_equal(d.took.sum, seconds, 1e-9);
}

static void
a_turn_takes_as_long_as_it_is(void **state)
{
	(void)state;
	delivery_published(&d, 100, 3);
	delivery_serving(&d);
	assert_int_equal(d.serving, 1);
	delivery_served(&d, 100.25, false);
	assert_took(3, 0.75);
	assert_int_equal(d.took.bucket[8], 3); /* to 0.25 */
	assert_int_equal(d.serving, 0);
}

static void
a_turn_without_events_is_none(void **state)
{
	(void)state;
	delivery_published(&d, 100, 0);
	delivery_serving(&d);
	assert_int_equal(d.serving, 0);
	delivery_published(&d, 101, 2);
	delivery_serving(&d);
	delivery_served(&d, 102, false);
	delivery_published(&d, 103, 2);
	delivery_serving(&d);
	assert_int_equal(d.serving, 0);
	delivery_served(&d, 110, false);
	assert_took(2, 2);
}

/* What comes while a round lasts is of the next one. */
static void
a_round_may_last_several_turns(void **state)
{
	(void)state;
	delivery_published(&d, 100, 1);
	delivery_serving(&d);
	delivery_published(&d, 101, 3);
	delivery_published(&d, 102, 4);
	delivery_served(&d, 103, false);
	assert_took(1, 3);
	assert_int_equal(d.serving, 0);
	delivery_published(&d, 104, 5);
	delivery_serving(&d);
	delivery_served(&d, 110, false);
	assert_took(5, 3 + 2 * 9 + 8 + 6);
}

/* And was written with it, if nothing waits to be: it does not wait either. */
static void
what_comes_at_the_end_of_a_round_is_served_with_it(void **state)
{
	(void)state;
	delivery_published(&d, 100, 1);
	delivery_serving(&d);
	delivery_published(&d, 101, 3);
	delivery_served(&d, 102, true);
	assert_took(3, 2 + 2 * 1);
	assert_int_equal(d.turns, 0);
	delivery_served(&d, 103, true);
	assert_took(3, 4);
}

/* More turns than are told apart: the late ones count as older than they are.
 */
static void
a_round_without_end_loses_no_event(void **state)
{
	unsigned long long n, all = 0;

	(void)state;
	delivery_published(&d, 100, all += 1);
	delivery_serving(&d);
	for (n = 1; n < 10 * DELIVERY_TURNS; n++)
		delivery_published(&d, 100 + (double)n, all += 2);
	delivery_served(&d, 2000, false);
	assert_took(1, 1900);
	delivery_serving(&d);
	delivery_served(&d, 2000, false);
	assert_int_equal(d.took.count, all);
	assert_true(d.took.sum > (double)all * (2000 - 420));
	assert_int_equal(d.turns, 0);
}

/* So they would if all of them were in the round. */
static void
a_full_round_has_room_for_what_comes_meanwhile(void **state)
{
	unsigned long long n;

	(void)state;
	for (n = 1; n <= 2 * DELIVERY_TURNS; n++)
		delivery_published(&d, 100, n);
	delivery_serving(&d);
	delivery_published(&d, 200, 2 * DELIVERY_TURNS + 1);
	delivery_published(&d, 200, 2 * DELIVERY_TURNS + 2);
	delivery_served(&d, 300, false);
	assert_int_equal(d.took.count, 2 * DELIVERY_TURNS);
	delivery_serving(&d);
	delivery_served(&d, 300, false);
	assert_int_equal(d.took.count, 2 * DELIVERY_TURNS + 2);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_turn_takes_as_long_as_it_is),
	    TEST(a_turn_without_events_is_none),
	    TEST(a_round_may_last_several_turns),
	    TEST(what_comes_at_the_end_of_a_round_is_served_with_it),
	    TEST(a_round_without_end_loses_no_event),
	    TEST(a_full_round_has_room_for_what_comes_meanwhile),
	};

	return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
