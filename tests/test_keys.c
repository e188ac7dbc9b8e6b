/* SPDX-License-Identifier: ISC */
/*
 * Keys of publications: who comes again has the answer of the first, for 100
 * seconds and no less, whatever else comes.
 */
#include "unit.h"

#include "allocation.h"
#include "channel/channel.h"
#include "channel/keys.h"
#include "channel/post.h"

static struct keys keys;
static double now;

static int
set_up(void **state)
{
	(void)state;
	keys_init(&keys, KEYS_MAX);
	now = 1000;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	allocation_fails(0);
	keys_free(&keys);
	assert_int_equal(keys.n, 0);
	return 0;
}

/* Promised, and kept at once: of one event, with this id, made then. */
static enum keys_result
publish_at(const char *channel, const char *key, uint64_t id, double when)
{
	struct key *k;
	enum keys_result result = keys_promise(&keys, channel, key, when, &k);

	if (result == KEYS_DONE)
		keys_keep(&keys, k, (struct eventid){id, 0}, 1, when);
	return result;
}

static enum keys_result
publish(const char *channel, const char *key, uint64_t id)
{
	return publish_at(channel, key, id, now);
}

/* The first's id; 0: the key is not known; 1: it is pending. */
static unsigned long
first(const char *channel, const char *key)
{
	const struct key *k = keys_find(&keys, channel, key, now);

	return k == NULL ? 0 : k->pending ? 1 : (unsigned long)k->last.ms;
}

static void
key_has_its_answer(void **state)
{
	struct key *k;

	(void)state;
	assert_int_equal(first("a", "k"), 0);
	assert_int_equal(keys_promise(&keys, "a", "k", now, &k), KEYS_DONE);
	assert_int_equal(first("a", "k"), 1);
	keys_keep(&keys, k, (struct eventid){70, 3}, 5, now);
	assert_int_equal(first("a", "k"), 70);
	assert_ptr_equal(keys_find(&keys, "a", "k", now), k);
	assert_int_equal(k->last.n, 3);
	assert_int_equal(k->events, 5);
}

static void
key_belongs_to_its_channel(void **state)
{
	(void)state;
	assert_int_equal(publish("a", "b-k", 10), KEYS_DONE);
	assert_int_equal(publish("a-b", "k", 11), KEYS_DONE);
	assert_int_equal(publish("ab", "-k", 12), KEYS_DONE);
	assert_int_equal(first("a", "b-k"), 10);
	assert_int_equal(first("a-b", "k"), 11);
	assert_int_equal(first("ab", "-k"), 12);
	assert_int_equal(first("b", "b-k"), 0);
	assert_int_equal(first("a", "b-"), 0);
	assert_int_equal(first("a", "b-kk"), 0);
}

/* The longest that there may be. */
static void
long_texts_are_whole(void **state)
{
	char channel[CHANNEL_NAME_MAX + 1], key[POST_KEY_MAX + 1];

	(void)state;
	memset(channel, 'c', CHANNEL_NAME_MAX);
	memset(key, 'k', POST_KEY_MAX);
	channel[CHANNEL_NAME_MAX] = key[POST_KEY_MAX] = '\0';
	assert_int_equal(publish(channel, key, 10), KEYS_DONE);
	assert_int_equal(first(channel, key), 10);
	key[POST_KEY_MAX - 1] = 'x';
	assert_int_equal(first(channel, key), 0);
}

static void
broken_promise_leaves_nothing(void **state)
{
	struct key *k;

	(void)state;
	assert_int_equal(keys_promise(&keys, "a", "k", now, &k), KEYS_DONE);
	keys_break(&keys, k);
	assert_int_equal(keys.n, 0);
	assert_int_equal(first("a", "k"), 0);
	assert_int_equal(publish("a", "k", 10), KEYS_DONE);
	assert_int_equal(first("a", "k"), 10);
}

static void
key_is_known_for_its_age_and_no_longer(void **state)
{
	(void)state;
	publish("a", "k", 10);
	now += 50;
	publish("a", "l", 11);
	now += 49.875;
	assert_int_equal(first("a", "k"), 10);
	now += 0.125;
	assert_int_equal(first("a", "k"), 0);
	assert_int_equal(first("a", "l"), 11);
	publish("a", "k", 12); /* a new one */
	now += 50;
	assert_int_equal(first("a", "l"), 0);
	assert_int_equal(first("a", "k"), 12);
	assert_int_equal(keys.n, 1);
}

/* More of them than are forgotten in one call. */
static void
old_key_is_not_known_even_if_it_is_still_there(void **state)
{
	char key[20];
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		publish("a", key, i + 2);
	}
	now += 100;
	assert_int_equal(first("a", "999"), 0);
	assert_in_range(keys.n, 500, 999);
	assert_int_equal(publish("a", "999", 5000), KEYS_DONE);
	assert_int_equal(first("a", "999"), 5000);
	assert_int_equal(publish("a", "998", 6000), KEYS_DONE);
	assert_int_equal(first("a", "998"), 6000);
	for (i = 0; i < 20; i++)
		assert_int_equal(first("a", "997"), 0);
	assert_int_equal(keys.n, 2);
}

/* However long the engine takes: its age begins when it was published. */
static void
pending_key_does_not_grow_old(void **state)
{
	struct key *k;

	(void)state;
	assert_int_equal(keys_promise(&keys, "a", "k", now, &k), KEYS_DONE);
	now += 1000;
	assert_int_equal(first("a", "k"), 1);
	keys_keep(&keys, k, (struct eventid){10, 0}, 1, now);
	now += 99;
	assert_int_equal(first("a", "k"), 10);
}

static void
where_there_are_as_many_as_may_be_none_is_forgotten_sooner(void **state)
{
	struct key *k;

	(void)state;
	keys.max = 3;
	publish("a", "1", 11);
	now += 1;
	publish("a", "2", 12);
	assert_int_equal(keys_promise(&keys, "a", "3", now, &k), KEYS_DONE);
	assert_int_equal(publish("a", "4", 14), KEYS_FULL);
	assert_int_equal(first("a", "4"), 0);
	assert_int_equal(first("a", "1"), 11);
	assert_int_equal(first("a", "2"), 12);
	assert_int_equal(first("a", "3"), 1);
	now += 99; /* the first is old */
	assert_int_equal(publish("a", "4", 14), KEYS_DONE);
	assert_int_equal(publish("a", "5", 15), KEYS_FULL);
	assert_int_equal(first("a", "2"), 12);
	keys_break(&keys, k);
	assert_int_equal(publish("a", "5", 15), KEYS_DONE);
}

/* The memory that they may need is theirs only while they are known. */
static void
very_many_keys_are_found_and_forgotten(void **state)
{
	char key[20];
	unsigned i;

	(void)state;
	for (i = 0; i < KEYS_MAX; i++) {
		(void)snprintf(key, sizeof(key), "%u", i * 7919 % KEYS_MAX);
		assert_int_equal(publish("a", key, i + 2), KEYS_DONE);
	}
	assert_int_equal(publish("a", "more", 1), KEYS_FULL);
	for (i = 0; i < KEYS_MAX; i++) {
		(void)snprintf(key, sizeof(key), "%u", i * 7919 % KEYS_MAX);
		assert_int_equal(first("a", key), i + 2);
	}
	now += 100;
	for (i = 0; keys.n > 0; i++)
		assert_int_equal(first("a", "none"), 0);
	assert_in_range(i, 100, 10000); /* a bounded part each time */
}

/* As when they come from a file, whose clock may have been set back. */
static void
kept_key_is_as_old_as_it_says(void **state)
{
	(void)state;
	assert_int_equal(publish_at("a", "2", 12, now - 20), KEYS_DONE);
	assert_int_equal(publish_at("a", "1", 11, now - 90), KEYS_DONE);
	assert_int_equal(publish_at("a", "3", 13, now), KEYS_DONE);
	assert_int_equal(first("a", "1"), 11);
	now += 10;
	assert_int_equal(first("a", "none"), 0);
	assert_int_equal(keys.n, 2); /* that one has gone first */
	assert_int_equal(first("a", "1"), 0);
	assert_int_equal(first("a", "2"), 12);
	now += 70;
	assert_int_equal(first("a", "2"), 0);
	assert_int_equal(first("a", "3"), 13);
	assert_int_equal(keys.n, 1);
}

static void
without_memory_nothing_is_promised(void **state)
{
	struct key *k;

	(void)state;
	allocation_fails(1);
	assert_int_equal(keys_promise(&keys, "a", "k", now, &k),
	    KEYS_NO_MEMORY);
	allocation_fails(0);
	assert_int_equal(keys.n, 0);
	assert_int_equal(first("a", "k"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(key_has_its_answer),
	    TEST(key_belongs_to_its_channel),
	    TEST(long_texts_are_whole),
	    TEST(broken_promise_leaves_nothing),
	    TEST(key_is_known_for_its_age_and_no_longer),
	    TEST(old_key_is_not_known_even_if_it_is_still_there),
	    TEST(pending_key_does_not_grow_old),
	    TEST(where_there_are_as_many_as_may_be_none_is_forgotten_sooner),
	    TEST(very_many_keys_are_found_and_forgotten),
	    TEST(kept_key_is_as_old_as_it_says),
	    TEST(without_memory_nothing_is_promised),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
