/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "channel/heap.h"

#define MANY 200

static struct channel *channel[MANY];
static struct held entry[MANY];
static struct held *ring[MANY][1];
static struct heap heap;

/* A channel that holds one event, of this size and with this id. */
static void
make(size_t i, size_t bytes)
{
	channel[i] = calloc(1, sizeof(struct channel) + 1);
	assert_non_null(channel[i]);
	entry[i] = (struct held){.id = {i + 1, 0}};
	ring[i][0] = &entry[i];
	channel[i]->ring = ring[i];
	channel[i]->size = 1;
	channel[i]->end = 1;
	channel[i]->bytes = bytes;
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

static void
largest_is_on_top_and_of_the_same_the_oldest(void **state)
{
	static const size_t sizes[] = {10, 30, 20, 30, 5, 30};
	static const size_t order[] = {1, 3, 5, 2, 0, 4};
	size_t i;

	(void)state;
	assert_int_equal(heap_reserve(&heap, LENGTH(sizes)), 0);
	assert_null(heap_top(&heap));
	for (i = 0; i < LENGTH(sizes); i++) {
		make(i, sizes[i]);
		heap_update(&heap, channel[i]);
	}
	for (i = 0; i < LENGTH(order); i++) {
		assert_ptr_equal(heap_top(&heap), channel[order[i]]);
		channel[order[i]]->bytes = 0;
		heap_update(&heap, channel[order[i]]);
	}
	assert_null(heap_top(&heap));
}

static void
unread_bytes_are_none_to_give(void **state)
{
	(void)state;
	assert_int_equal(heap_reserve(&heap, 2), 0);
	make(0, 50);
	make(1, 10);
	channel[0]->unread = 50;
	heap_update(&heap, channel[0]);
	heap_update(&heap, channel[1]);
	assert_ptr_equal(heap_top(&heap), channel[1]);
	channel[0]->unread = 20;
	heap_update(&heap, channel[0]);
	assert_ptr_equal(heap_top(&heap), channel[0]);
}

/* Against a search through all of them. */
static void
any_changes_leave_the_largest_on_top(void **state)
{
	size_t i, best, step;
	uint32_t seed = 5;

	(void)state;
	assert_int_equal(heap_reserve(&heap, MANY), 0);
	for (i = 0; i < MANY; i++)
		make(i, 0);
	for (step = 0; step < 50000; step++) {
		i = chance(&seed) % MANY;
		channel[i]->bytes =
		    chance(&seed) % 4 == 0 ? 0 : chance(&seed) % 50;
		heap_update(&heap, channel[i]);
		for (best = 0, i = 1; i < MANY; i++)
			if (channel[i]->bytes > channel[best]->bytes)
				best = i;
		assert_ptr_equal(heap_top(&heap),
		    channel[best]->bytes == 0 ? NULL : channel[best]);
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(largest_is_on_top_and_of_the_same_the_oldest),
	    TEST(unread_bytes_are_none_to_give),
	    TEST(any_changes_leave_the_largest_on_top),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
