/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "channel/heap.h"

#define MANY 200

static struct channel *channel[MANY];
static struct heap heap;

static void
make(size_t i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "c%03zu", i);
	channel[i] = channel_new(name, (struct loss){.upto = {0, 0}});
	assert_non_null(channel[i]);
}

static int
tear_down(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		free(channel[i]);
		channel[i] = NULL;
	}
	heap_free(&heap);
	return 0;
}

static struct channel *
top(void)
{
	const struct heap_slot *slot = heap_top(&heap);

	return slot == NULL ? NULL : slot->channel;
}

/* The key of i is this now. */
static void
put(size_t i, double first, uint64_t then)
{
	heap_put(&heap, channel[i],
	    (struct heap_key){first, (struct eventid){then, 0}});
}

static void
smallest_is_on_top_and_of_the_same_the_oldest(void **state)
{
	static const double keys[] = {-10, -30, -20, -30, 5, -30};
	static const size_t order[] = {1, 3, 5, 2, 0, 4};
	size_t i;

	(void)state;
	assert_int_equal(heap_reserve(&heap, LENGTH(keys)), 0);
	assert_null(heap_top(&heap));
	for (i = 0; i < LENGTH(keys); i++) {
		make(i);
		put(i, keys[i], i);
	}
	for (i = 0; i < LENGTH(order); i++) {
		assert_ptr_equal(top(), channel[order[i]]);
		assert_true(heap_top(&heap)->key.first == keys[order[i]]);
		heap_take(&heap, channel[order[i]]);
		heap_take(&heap, channel[order[i]]); /* once is enough */
	}
	assert_null(heap_top(&heap));
}

/* Of the same post to several channels. */
static void
of_quite_the_same_the_first_name_is_on_top(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(heap_reserve(&heap, 3), 0);
	for (i = 0; i < 3; i++)
		make(i);
	put(1, 7, 7);
	put(2, 7, 7);
	put(0, 7, 7);
	for (i = 0; i < 3; i++) {
		assert_ptr_equal(top(), channel[i]);
		heap_take(&heap, channel[i]);
	}
}

/* A channel in two heaps has a place in each. */
static void
heaps_know_nothing_of_each_other(void **state)
{
	static struct heap other = {.which = 1};

	(void)state;
	assert_int_equal(heap_reserve(&heap, 2), 0);
	assert_int_equal(heap_reserve(&other, 2), 0);
	make(0);
	make(1);
	put(0, 1, 0);
	put(1, 2, 0);
	heap_put(&other, channel[1], (struct heap_key){.first = 1});
	heap_put(&other, channel[0], (struct heap_key){.first = 2});
	assert_ptr_equal(top(), channel[0]);
	assert_ptr_equal(heap_top(&other)->channel, channel[1]);
	heap_take(&other, channel[1]);
	assert_ptr_equal(top(), channel[0]);
	assert_ptr_equal(heap_top(&other)->channel, channel[0]);
	heap_free(&other);
	assert_int_equal(other.which, 1);
}

/* Against a search through all of them. */
static void
any_changes_leave_the_smallest_on_top(void **state)
{
	double key[MANY] = {0}; /* of those that are in it, 1 or more */
	size_t i, best, step;
	uint32_t seed = 5;

	(void)state;
	assert_int_equal(heap_reserve(&heap, MANY), 0);
	for (i = 0; i < MANY; i++)
		make(i);
	for (step = 0; step < 50000; step++) {
		i = chance(&seed) % MANY;
		key[i] = chance(&seed) % 4 == 0 ? 0 : 1 + chance(&seed) % 50;
		if (key[i] > 0)
			put(i, key[i], i);
		else
			heap_take(&heap, channel[i]);
		for (best = MANY, i = MANY; i-- > 0;)
			if (key[i] > 0 && (best == MANY || key[i] <= key[best]))
				best = i;
		assert_ptr_equal(top(), best == MANY ? NULL : channel[best]);
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(smallest_is_on_top_and_of_the_same_the_oldest),
	    TEST(of_quite_the_same_the_first_name_is_on_top),
	    TEST(heaps_know_nothing_of_each_other),
	    TEST(any_changes_leave_the_smallest_on_top),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
