/* SPDX-License-Identifier: ISC */
/*
 * Histograms: which bucket a time falls into, by the bounds that their labels
 * say, and what is summed up.
 */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"

/* As the label of this bucket says it; of the last there is none. */
static double
bound(size_t i)
{
	double n;
	char end;

	if (i == HISTOGRAM_BUCKETS)
		return INFINITY;
	assert_int_equal(sscanf(histogram_labels[i], "le=\"%lf%c", &n, &end),
	    2);
	assert_int_equal(end, '"');
	return n;
}

static void
bounds_increase_and_the_last_is_none(void **state)
{
	size_t i;

	(void)state;
	for (i = 1; i < HISTOGRAM_BUCKETS; i++)
		assert_true(bound(i) > bound(i - 1));
	assert_string_equal(histogram_labels[HISTOGRAM_BUCKETS], "le=\"+Inf\"");
}

/* At a bound, "less or equal"; a little above it the next. */
static void
each_time_is_in_the_first_bucket_that_holds_it(void **state)
{
	struct histogram h;
	size_t i, k;

	(void)state;
	for (i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		memset(&h, 0, sizeof(h));
		if (i < HISTOGRAM_BUCKETS)
			histogram_add(&h, bound(i), 1);
		if (i > 0)
			histogram_add(&h, bound(i - 1) * 1.0001, 1);
		for (k = 0; k <= HISTOGRAM_BUCKETS; k++)
			assert_int_equal(h.bucket[k],
			    k != i ? 0 : (i < HISTOGRAM_BUCKETS) + (i > 0));
	}
}

static void
many_at_once_count_as_so_many(void **state)
{
	struct histogram h = {0};

	(void)state;
	histogram_add(&h, 0.5, 1000);
	histogram_add(&h, 2, 3);
	histogram_add(&h, 0, 0);
	assert_int_equal(h.count, 1003);
	assert_true(h.sum == 506);
}

static void
less_than_nothing_is_nothing(void **state)
{
	struct histogram h = {0};

	(void)state;
	histogram_add(&h, -1, 2);
	assert_int_equal(h.bucket[0], 2);
	assert_true(h.sum == 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bounds_increase_and_the_last_is_none),
	    cmocka_unit_test(each_time_is_in_the_first_bucket_that_holds_it),
	    cmocka_unit_test(many_at_once_count_as_so_many),
	    cmocka_unit_test(less_than_nothing_is_nothing),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
