/* SPDX-License-Identifier: ISC */
/*
 * Events: a copy of the bytes, freed by the last reference.  The sanitizer sees
 * what is freed too late, too early or twice.
 */
#include "unit.h"

#include <errno.h>

#include "event.h"

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
	assert_null(event_new("", (size_t)UINT32_MAX + 1));
	assert_int_equal(errno, EMSGSIZE);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
