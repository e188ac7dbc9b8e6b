/* SPDX-License-Identifier: ISC */
/*
 * Event ids: they only ever increase, whatever the clock does, and what is
 * read is exactly what was written.
 */
#include "unit.h"

#include <inttypes.h>

#include "channel/eventid.h"

static void
ids_are_read_as_they_are_written(void **state)
{
	static const struct eventid ids[] = {{0, 0}, {1, 2}, {1795359156000, 3},
	    {1795359156000, 4503599627370495}, {UINT64_MAX, UINT64_MAX}};
	char text[EVENTID_SIZE];
	struct eventid id;
	size_t i, len;

	(void)state;
	for (i = 0; i < LENGTH(ids); i++) {
		len = eventid_format(text, ids[i]);
		assert_int_equal(len, strlen(text));
		assert_true(eventid_parse(&id, text));
		assert_int_equal(eventid_compare(id, ids[i]), 0);
	}
}

static void
what_is_not_an_id_is_refused(void **state)
{
	static const char *const bad[] = {"", "-", "1", "1-", "-1", "1-2-3",
	    "1-2 ", " 1-2", "+1-2", "1--2", "01-2", "1-02", "1-2\n", "0x1-2",
	    "18446744073709551616-0", "0-18446744073709551616", "1.5-2",
	    "99999999999999999999999999999999999999-1"};
	struct eventid id;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++)
		assert_false(eventid_parse(&id, bad[i]));
}

static void
ids_are_ordered_by_time_and_then_by_number(void **state)
{
	static const struct eventid up[] = {{0, 0}, {0, 1}, {0, UINT64_MAX},
	    {1, 0}, {1, 7}, {UINT64_MAX, 0}};
	size_t i, j;
	int sign;

	(void)state;
	for (i = 0; i < LENGTH(up); i++)
		for (j = 0; j < LENGTH(up); j++) {
			sign = eventid_compare(up[i], up[j]);
			assert_int_equal((sign > 0) - (sign < 0),
			    (i > j) - (i < j));
		}
}

static void
ids_increase_whatever_the_clock_does(void **state)
{
	struct eventid_source s;
	struct eventid last, id;
	uint64_t ms = 1795359156000;
	int i;

	(void)state;
	srandom(1);
	eventid_begin(&s, 0xffffffff, ms);
	last = s.last;
	for (i = 0; i < 1000000; i++) {
		/* Mostly still, now and then a step, sometimes far back. */
		if (random() % 100 == 0)
			ms += (uint64_t)(random() % 1000);
		if (random() % 10000 == 0)
			ms -= (uint64_t)(random() % 1000000000);
		id = eventid_next(&s, ms);
		assert_true(eventid_compare(id, last) > 0);
		assert_true(id.n < UINT64_C(1) << 53);
		assert_true(eventid_is_ours(&s, id));
		last = id;
	}
}

static void
a_full_millisecond_goes_over_into_the_next(void **state)
{
	struct eventid_source s;
	struct eventid last, id;
	int i;

	(void)state;
	eventid_begin(&s, 5, 1000);
	last = s.last;
	for (i = 0; i < 3 << 20; i++) {
		id = eventid_next(&s, 1000);
		assert_true(eventid_compare(id, last) > 0);
		assert_int_equal(id.n >> 20, 5);
		last = id;
	}
	assert_in_range(last.ms, 1002, 1003);
}

static void
ids_of_the_same_epoch_are_ours_and_no_others(void **state)
{
	struct eventid_source s;
	struct eventid id;

	(void)state;
	eventid_begin(&s, 5, 1000);
	assert_true(eventid_is_ours(&s, s.last)); /* the base */
	id = eventid_next(&s, 1000);
	assert_true(eventid_is_ours(&s, id));
	id.n++;
	assert_true(eventid_is_ours(&s, id)); /* also one not given out yet */
	id.n = ((uint64_t)5 << 20) - 1;
	assert_false(eventid_is_ours(&s, id));
	id.n = (uint64_t)6 << 20;
	assert_false(eventid_is_ours(&s, id));
	id.n = ((uint64_t)1 << 52) | (uint64_t)5 << 20; /* over 32 bits */
	assert_false(eventid_is_ours(&s, id));
}

/*
 * For every id, below it and not below the one before it; and of the same life.
 */
static void
before_an_id_is_nothing_but_what_was_before(void **state)
{
	struct eventid_source s;
	struct eventid last, id, before;
	uint64_t ms = 1000;
	int i;

	(void)state;
	srandom(2);
	eventid_begin(&s, 0xabcdef, ms);
	last = s.last;
	for (i = 0; i < 3000000; i++) { /* some milliseconds are full */
		if (random() % 1500000 == 0)
			ms += (uint64_t)(random() % 3);
		id = eventid_next(&s, ms);
		before = eventid_before(id);
		assert_true(eventid_compare(before, id) < 0);
		assert_true(eventid_compare(before, last) >= 0);
		assert_true(eventid_is_ours(&s, before));
		last = id;
	}
	assert_true(last.ms > 1001);
}

static void
before_the_first_of_a_millisecond_is_the_one_that_was(void **state)
{
	const struct eventid first = {1000, (uint64_t)7 << 20};
	struct eventid before = eventid_before(first);

	(void)state;
	assert_int_equal(before.ms, 999);
	assert_int_equal(before.n, ((uint64_t)8 << 20) - 1);
	before = eventid_before((struct eventid){1000, 3});
	assert_int_equal(before.ms, 1000);
	assert_int_equal(before.n, 2);
	/* There is no millisecond before the first one. */
	before = eventid_before((struct eventid){0, (uint64_t)1 << 20});
	assert_int_equal(before.ms, 0);
	assert_int_equal(before.n, ((uint64_t)1 << 20) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids_are_read_as_they_are_written),
	    cmocka_unit_test(what_is_not_an_id_is_refused),
	    cmocka_unit_test(ids_are_ordered_by_time_and_then_by_number),
	    cmocka_unit_test(ids_increase_whatever_the_clock_does),
	    cmocka_unit_test(a_full_millisecond_goes_over_into_the_next),
	    cmocka_unit_test(ids_of_the_same_epoch_are_ours_and_no_others),
	    cmocka_unit_test(before_an_id_is_nothing_but_what_was_before),
	    cmocka_unit_test(
		before_the_first_of_a_millisecond_is_the_one_that_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
