/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "engine/ids.h"

#define MANY 1000

static struct eventid
id(unsigned i)
{
	return (struct eventid){i / 7, i % 7};
}

static void
none_is_among_none(void **state)
{
	struct ids s = {0};

	(void)state;
	assert_false(ids_have(&s, id(1)));
	ids_free(&s);
}

static void
those_that_were_added_are_there_and_no_others(void **state)
{
	struct ids s = {0};
	unsigned i, n;

	(void)state;
	for (n = 1; n < MANY; n = n * 2 + 1) {
		for (i = n; i > 0; i--)
			assert_int_equal(ids_add(&s, id(2 * i)), 0);
		for (i = 1; i <= 2 * n + 1; i++)
			assert_int_equal(ids_have(&s, id(i)), i % 2 == 0);
		ids_free(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(none_is_among_none),
	    cmocka_unit_test(those_that_were_added_are_there_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
