/* SPDX-License-Identifier: ISC */
/*
 * Keys of entries by the sequence alone: which is a repeat, for how long, and
 * that all who read the same agree.
 */
#include "unit.h"

#include "engine/repeats.h"

static struct repeats rs;

static int
set_up(void **state)
{
	(void)state;
	repeats_init(&rs);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	repeats_free(&rs);
	assert_int_equal(rs.n, 0);
	return 0;
}

/* An entry comes: is it a repeat?  What is none counts. */
static bool
comes(struct repeats *s, const char *channel, const char *key, unsigned part,
    uint64_t ms, uint64_t n)
{
	const struct eventid id = {ms, n};
	struct repeat *k = repeats_find(s, channel, key, strlen(key), ms);

	if (k != NULL && part <= k->parts) {
		repeats_again(s, k, id);
		return true;
	}
	repeats_note(s, channel, key, strlen(key), part, id, false);
	return false;
}

static void
what_comes_twice_is_a_repeat(void **state)
{
	const struct repeat *k;

	(void)state;
	assert_false(comes(&rs, "a", "K", 1, 1000, 0));
	assert_true(comes(&rs, "a", "K", 1, 1000, 1));
	assert_true(comes(&rs, "a", "K", 1, 100999, 0));
	k = repeats_find(&rs, "a", "K", 1, 100999);
	assert_non_null(k);
	assert_int_equal(k->last.ms, 1000);
	assert_int_equal(k->last.n, 0);
	assert_int_equal(rs.n, 1);
}

static void
channels_and_keys_are_apart(void **state)
{
	(void)state;
	assert_false(comes(&rs, "a", "K", 1, 1000, 0));
	assert_false(comes(&rs, "b", "K", 1, 1000, 1));
	assert_false(comes(&rs, "a", "L", 1, 1000, 2));
	assert_false(comes(&rs, "a", "KK", 1, 1000, 3));
	assert_false(comes(&rs, "aK", "K", 1, 1000, 4));
	assert_null(repeats_find(&rs, "a", "Kx", 2, 1000));
	assert_non_null(repeats_find(&rs, "a", "Kx", 1, 1000));
	assert_int_equal(rs.n, 5);
}

/* From when it was seen last. */
static void
after_a_while_it_is_new(void **state)
{
	(void)state;
	assert_false(comes(&rs, "a", "K", 1, 1000, 0));
	assert_null(repeats_find(&rs, "a", "K", 1, 101000));
	assert_true(comes(&rs, "a", "K", 1, 60000, 0));
	assert_true(comes(&rs, "a", "K", 1, 159999, 0));
	assert_false(comes(&rs, "a", "K", 1, 259999, 0));
	assert_int_equal(rs.n, 1);
	assert_int_equal(repeats_find(&rs, "a", "K", 1, 260000)->last.ms,
	    259999);
}

/* Ids of which nobody knows where they are from. */
static void
milliseconds_may_be_any(void **state)
{
	(void)state;
	assert_false(comes(&rs, "a", "K", 1, 0, 1));
	assert_false(comes(&rs, "a", "K", 1, UINT64_MAX, 1));
	assert_true(comes(&rs, "a", "K", 1, UINT64_MAX, 2));
	assert_non_null(repeats_find(&rs, "a", "K", 1, 5)); /* it went back */
}

static void
parts_are_one_publication(void **state)
{
	const struct repeat *k;

	(void)state;
	assert_false(comes(&rs, "a", "K", 1, 1000, 0));
	assert_false(comes(&rs, "a", "K", 2, 1000, 1));
	assert_false(comes(&rs, "a", "K", 3, 1000, 2));
	assert_true(comes(&rs, "a", "K", 1, 1000, 3));
	assert_true(comes(&rs, "a", "K", 2, 1000, 4));
	assert_true(comes(&rs, "a", "K", 3, 1000, 5));
	k = repeats_find(&rs, "a", "K", 1, 1000);
	assert_int_equal(k->parts, 3);
	assert_int_equal(k->last.n, 2);
	assert_false(k->ends);
	repeats_note(&rs, "a", "K", 1, 4, (struct eventid){1000, 6}, true);
	assert_true(repeats_find(&rs, "a", "K", 1, 1000)->ends);
}

/* And those of them that posts may be sooner. */
static void
the_oldest_go_when_there_are_too_many(void **state)
{
	char key[24];
	unsigned i;

	(void)state;
	for (i = 0; i < REPEATS_MAX + 100; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		assert_int_equal(repeats_full(&rs, 1000),
		    i >= REPEATS_OF_POSTS);
		assert_false(comes(&rs, "a", key, 1, 1000, i));
	}
	assert_int_equal(rs.n, REPEATS_MAX);
	assert_null(repeats_find(&rs, "a", "99", 2, 1000));
	assert_non_null(repeats_find(&rs, "a", "100", 3, 1000));
	assert_false(repeats_full(&rs, 101000));
	for (i = 0; i < REPEATS_MAX / 63 + 2; i++) {
		(void)snprintf(key, sizeof(key), "b%u", i);
		assert_false(comes(&rs, "a", key, 1, 101000, i));
	}
	assert_true(rs.n < REPEATS_MAX / 63 + 100);
}

static void
time_goes_on_behind_the_newest_entry(void **state)
{
	(void)state;
	repeats_time(&rs, (struct eventid){5000, 3}, 100);
	assert_int_equal(repeats_now(&rs, 100), 5000);
	assert_int_equal(repeats_now(&rs, 102.5), 7500);
}

/*
 * One has read all, and one begins anywhere: of what is behind the time that a
 * key is known they say the same.
 */
static void
who_begins_later_agrees_with_who_was_there(void **state)
{
	struct repeats late;
	uint64_t ms = 1, begun = 0;
	uint32_t seed = 20261127;
	unsigned i, repeats = 0;
	char key[8];
	bool says;

	(void)state;
	repeats_init(&late);
	for (i = 0; i < 100000; i++) {
		ms += chance(&seed) % 8 == 0 ? chance(&seed) % 30000 : 1;
		if (chance(&seed) % 1000 == 0) {
			repeats_free(&late);
			repeats_init(&late);
			begun = ms;
		}
		(void)snprintf(key, sizeof(key), "%u", chance(&seed) % 300);
		says = comes(&rs, "a", key, 1, ms, i);
		if (says != comes(&late, "a", key, 1, ms, i))
			assert_true(ms - begun < REPEATS_MS);
		repeats += says;
	}
	assert_in_range(repeats, 10000, 90000);
	repeats_free(&late);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(what_comes_twice_is_a_repeat),
	    TEST(channels_and_keys_are_apart),
	    TEST(after_a_while_it_is_new),
	    TEST(milliseconds_may_be_any),
	    TEST(parts_are_one_publication),
	    TEST(the_oldest_go_when_there_are_too_many),
	    TEST(time_goes_on_behind_the_newest_entry),
	    TEST(who_begins_later_agrees_with_who_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
