/* SPDX-License-Identifier: ISC */
/*
 * Events: a copy of the bytes, freed by the last reference.  The sanitizer sees
 * what is freed too late, too early or twice.
 */
#include "unit.h"

#include <errno.h>

#include "channel/event.h"

static void
event_is_a_copy(void **state)
{
	char bytes[] = "data: x\n\n";
	struct event *ev = event_new(bytes, sizeof(bytes) - 1);

	(void)state;
	assert_non_null(ev);
	bytes[0] = 'X';
	assert_int_equal(ev->len, 9);
	assert_int_equal(ev->refs, 1);
	assert_memory_equal(ev->bytes, "data: x\n\n", 9);
	event_unref(ev);
}

static void
event_may_hold_any_bytes(void **state)
{
	struct event *ev = event_new("a\0b", 3);

	(void)state;
	assert_non_null(ev);
	assert_int_equal(ev->len, 3);
	assert_memory_equal(ev->bytes, "a\0b", 3);
	event_unref(ev);
}

static void
event_may_be_empty(void **state)
{
	struct event *ev = event_new("", 0);

	(void)state;
	assert_non_null(ev);
	assert_int_equal(ev->len, 0);
	event_unref(ev);
}

static void
last_reference_frees(void **state)
{
	struct event *ev = event_new("abc", 3);
	int i;

	(void)state;
	assert_non_null(ev);
	for (i = 0; i < 1000; i++)
		assert_ptr_equal(event_ref(ev), ev);
	assert_int_equal(ev->refs, 1001);
	for (i = 0; i < 1000; i++)
		event_unref(ev);
	assert_int_equal(ev->refs, 1);
	assert_memory_equal(ev->bytes, "abc", 3);
	event_unref(ev);
}

static void
no_event_is_nothing_to_free(void **state)
{
	(void)state;
	event_unref(NULL);
}

static void
too_long_event_is_refused_before_it_is_read(void **state)
{
	(void)state;
	errno = 0;
	assert_null(event_new("", (size_t)EVENT_MAX + 1));
	assert_int_equal(errno, EMSGSIZE);
}

static void
room_is_for_the_caller_to_fill(void **state)
{
	struct event *ev = event_room(3, NULL);

	(void)state;
	assert_non_null(ev);
	memcpy(ev->bytes, "abc", 3);
	assert_int_equal(ev->len, 3);
	assert_int_equal(ev->refs, 1);
	event_unref(ev);
}

static void
account_has_what_all_living_events_cost(void **state)
{
	size_t account = 5, one, two;
	struct event *a, *b;

	(void)state;
	a = event_room(100, &account);
	one = event_cost(a);
	assert_in_range(one, sizeof(*a) + 100, sizeof(*a) + 200);
	assert_int_equal(account, 5 + one);
	b = event_room(0, &account);
	two = event_cost(b);
	assert_int_equal(one - two, 100);
	assert_int_equal(account, 5 + one + two);
	event_unref(a);
	assert_int_equal(account, 5 + two);
	event_unref(b);
	assert_int_equal(account, 5);
}

static void
only_the_last_reference_is_taken_off_the_account(void **state)
{
	size_t account = 0;
	struct event *ev = event_room(10, &account);
	size_t cost = event_cost(ev);

	(void)state;
	(void)event_ref(ev);
	assert_int_equal(account, cost);
	event_unref(ev);
	assert_int_equal(account, cost);
	event_unref(ev);
	assert_int_equal(account, 0);
}

static void
refused_event_is_not_on_the_account(void **state)
{
	size_t account = 7;

	(void)state;
	assert_null(event_room((size_t)EVENT_MAX + 1, &account));
	assert_int_equal(account, 7);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(event_is_a_copy),
	    cmocka_unit_test(event_may_hold_any_bytes),
	    cmocka_unit_test(event_may_be_empty),
	    cmocka_unit_test(last_reference_frees),
	    cmocka_unit_test(no_event_is_nothing_to_free),
	    cmocka_unit_test(too_long_event_is_refused_before_it_is_read),
	    cmocka_unit_test(room_is_for_the_caller_to_fill),
	    cmocka_unit_test(account_has_what_all_living_events_cost),
	    cmocka_unit_test(only_the_last_reference_is_taken_off_the_account),
	    cmocka_unit_test(refused_event_is_not_on_the_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
