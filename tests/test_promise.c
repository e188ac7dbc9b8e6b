/* SPDX-License-Identifier: ISC */
/*
 * Publications in two steps: what is promised is seen by nobody, has all that
 * it needs, and is published for certain or has never been.
 */
#include "test_hub.h"

static struct promise *
prepare_batch(const char *channel, size_t n, size_t len)
{
	struct promise *p = NULL;

	assert_int_equal(try_to_prepare(channel, n, len, &p), HUB_DONE);
	return p;
}

static struct promise *
prepare(const char *channel)
{
	return prepare_batch(channel, 1, 100);
}

/* There is no promise to be had. */
static void
check_refused(const char *channel, size_t n, size_t len, enum hub_result result)
{
	struct promise *p = NULL;

	assert_int_equal(try_to_prepare(channel, n, len, &p), result);
	assert_null(p);
}

static void
what_is_promised_is_seen_by_nobody(void **state)
{
	struct promise *p;

	(void)state;
	join(0, "a");
	publish("a");
	turn_ends();
	p = prepare_batch("a", 2, 100);
	turn_ends();
	assert_int_equal(readers[0].wakes, 1);
	assert_string_equal(shown(), "a1 ");
	assert_int_equal(hub.last.ms, 1);
	assert_int_equal(hub.published, 1);
	assert_int_equal(hub.held, 1);
	assert_int_equal(hub_keep(&hub, p), 1);
	turn_ends();
	assert_int_equal(readers[0].wakes, 2);
	assert_string_equal(shown(), "a1 a2 a3 ");
	assert_int_equal(hub.last.ms, 3);
	assert_int_equal(hub.published, 3);
	assert_int_equal(hub.spare_bytes, hub.held_bytes);
	leave(0);
}

static void
broken_promise_has_never_been(void **state)
{
	size_t bytes;
	struct promise *p;

	(void)state;
	publish("a");
	turn_ends();
	bytes = hub_bytes(&hub);
	p = prepare("new");
	assert_true(hub_bytes(&hub) > bytes);
	assert_int_equal(hub.spare_bytes, bytes);
	hub_break(&hub, p);
	assert_int_equal(hub_bytes(&hub), bytes);
	assert_null(hub_find(&hub, "new"));
	hub_break(&hub, prepare_batch("a", 20, 100));
	assert_int_equal(hub_bytes(&hub), bytes);
	assert_int_equal(hub_find(&hub, "a")->size, 4);
	assert_string_equal(shown(), "a1 ");
	assert_int_equal(hub.published, 1);
	assert_int_equal(hub.last.ms, 1);
	assert_true(STAILQ_EMPTY(&hub.touched));
}

/* What it needs is there, so that no allocation is left that could fail. */
static void
promise_is_kept_without_memory(void **state)
{
	struct promise *p[5];
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		p[i] = prepare_batch(i % 2 == 0 ? "a" : "b", 7, 10);
	allocation_fails(1);
	for (i = 0; i < 5; i++)
		(void)hub_keep(&hub, p[i]);
	served();
	assert_int_equal(allocation.calls, 0);
	allocation_fails(0);
	assert_int_equal(hub.held, 35);
	assert_int_equal(channel_held(hub_find(&hub, "a")), 21);
	assert_int_equal(hub.spare_bytes, hub.held_bytes);
}

/* The channel gives up all that it holds meanwhile, but not its ring. */
static void
promised_place_is_not_taken_by_what_is_dropped(void **state)
{
	struct promise *p;

	(void)state;
	hub.set.history_age = 10;
	publish_batch("a", 9, 10);
	served();
	p = prepare_batch("a", 40, 10);
	now += 10;
	(void)hub_age(&hub);
	assert_int_equal(hub.held, 0);
	assert_int_equal(lost("a"), 9);
	assert_int_equal(hub_promised_lost(p, 0).ms, 0);
	(void)hub_keep(&hub, p);
	assert_int_equal(hub.held, 40);
	assert_ptr_equal(TAILQ_FIRST(&hub.unread), hub_find(&hub, "a"));
	assert_true(TAILQ_EMPTY(&hub.unused));
}

static void
event_is_as_old_as_its_publishing(void **state)
{
	struct promise *p;

	(void)state;
	hub.set.history_age = 10;
	p = prepare("a");
	now += 9;
	(void)hub_keep(&hub, p);
	now += 9;
	(void)hub_age(&hub);
	assert_string_equal(shown(), "a1 ");
	now += 1;
	(void)hub_age(&hub);
	assert_string_equal(shown(), "");
}

static void
room_is_made_when_it_is_promised(void **state)
{
	struct promise *p;
	size_t bytes;

	(void)state;
	publish("a");
	publish("a");
	served();
	hub.set.bytes_max = hub_bytes(&hub);
	p = prepare("b");
	assert_string_equal(shown(), "a2 ");
	bytes = hub_bytes(&hub);
	assert_int_equal(bytes, hub.set.bytes_max);
	check_refused("b", 2, 100, HUB_NO_ROOM);
	check_refused("b", 3, 100, HUB_TOO_LARGE);
	assert_string_equal(shown(), "a2 ");
	assert_int_equal(hub_bytes(&hub), bytes);
	(void)hub_keep(&hub, p);
	assert_string_equal(shown(), "a2 b3 ");
	p = prepare("c"); /* b3 is not read yet */
	assert_string_equal(shown(), "b3 ");
	check_refused("c", 1, 100, HUB_NO_ROOM);
	hub_break(&hub, p);
	hub_break(&hub, prepare("c"));
	assert_string_equal(shown(), "b3 ");
}

/* With its own events, if it is the one that holds most. */
static void
channel_may_give_room_for_what_it_is_promised(void **state)
{
	struct promise *p;

	(void)state;
	publish("a");
	served();
	hub.set.bytes_max = hub_bytes(&hub);
	p = prepare("a");
	assert_string_equal(shown(), "");
	assert_int_equal(lost("a"), 1);
	assert_true(TAILQ_EMPTY(&hub.unread) && TAILQ_EMPTY(&hub.unused));
	hub_break(&hub, p);
	assert_ptr_equal(TAILQ_FIRST(&hub.unused), hub_find(&hub, "a"));
	(void)hub_keep(&hub, prepare("a"));
	assert_string_equal(shown(), "a3 ");
}

static void
promised_channel_is_not_forgotten(void **state)
{
	struct promise *a, *c;

	(void)state;
	hub.set.channels_max = 2;
	publish("a");
	publish("b");
	a = prepare("a"); /* which would be the next to be forgotten */
	c = prepare("c"); /* in the place of b */
	assert_string_equal(shown(), "a1 ");
	assert_int_equal(lost("b"), -1);
	check_refused("d", 1, 100, HUB_NO_CHANNEL);
	assert_null(hub_find(&hub, "d"));
	hub_break(&hub, a);
	a = prepare("d");
	assert_string_equal(shown(), "");
	(void)hub_keep(&hub, c);
	(void)hub_keep(&hub, a);
	assert_string_equal(shown(), "c4 d5 ");
	assert_int_equal(hub.opened, 2);
}

/* As if it had been published to right now. */
static void
channel_of_a_broken_promise_is_forgotten_last(void **state)
{
	(void)state;
	hub.set.channels_max = 3;
	publish("a");
	publish("b");
	publish("c");
	hub_break(&hub, prepare("a"));
	publish("d");
	assert_string_equal(shown(), "a1 c3 d5 ");
	publish("e");
	assert_string_equal(shown(), "a1 d5 e6 ");
}

static void
channel_made_for_a_promise_takes_a_place(void **state)
{
	struct promise *p, *q;

	(void)state;
	hub.set.channels_max = 1;
	p = prepare("a");
	q = prepare("a");
	assert_int_equal(hub.opened, 1);
	check_refused("b", 1, 100, HUB_NO_CHANNEL);
	hub_break(&hub, p);
	check_refused("b", 1, 100, HUB_NO_CHANNEL);
	assert_int_equal(hub.opened, 1);
	hub_break(&hub, q);
	assert_int_equal(hub.opened, 0);
	assert_int_equal(hub.channels, 0);
	(void)hub_keep(&hub, prepare("b"));
	assert_string_equal(shown(), "b3 ");
}

/* Its first promise may be broken and its next be kept. */
static void
channel_stays_for_each_of_its_promises(void **state)
{
	struct promise *p, *q, *r;

	(void)state;
	p = prepare("a");
	q = prepare("a");
	r = prepare("a");
	hub_break(&hub, p);
	(void)hub_keep(&hub, q);
	assert_string_equal(shown(), "a2 ");
	assert_int_equal(hub.opened, 1);
	assert_true(TAILQ_EMPTY(&hub.unread));
	hub_break(&hub, r);
	assert_ptr_equal(TAILQ_FIRST(&hub.unread), hub_find(&hub, "a"));
	assert_int_equal(hub.opened, 1);
}

static void
readers_of_a_promised_channel_come_and_go(void **state)
{
	struct promise *p;

	(void)state;
	p = prepare("a");
	join(0, "a");
	assert_int_equal(hub.named, 1);
	leave(0);
	assert_int_equal(hub.named, 0);
	assert_non_null(hub_find(&hub, "a"));
	join(0, "a");
	(void)hub_keep(&hub, p);
	assert_int_equal(hub.named, 0);
	p = prepare("a");
	leave(0);
	assert_true(TAILQ_EMPTY(&hub.unread));
	join(0, "a");
	leave(0);
	(void)hub_keep(&hub, p);
	assert_ptr_equal(TAILQ_FIRST(&hub.unread), hub_find(&hub, "a"));
	assert_string_equal(shown(), "a1 a2 ");
}

/* Whatever becomes of promises, no more are named than may be. */
static void
readers_of_a_channel_that_is_only_promised_have_named_it(void **state)
{
	struct promise *p;
	struct cursor cu;

	(void)state;
	hub.set.channels_max = 1;
	p = prepare("a");
	join(0, "b");
	assert_int_equal(hub_join(&hub, &cu, "a", &readers[1].sub),
	    HUB_NO_CHANNEL);
	leave(0);
	join(0, "a");
	join(1, "a");
	assert_int_equal(hub_join(&hub, &cu, "b", &readers[2].sub),
	    HUB_NO_CHANNEL);
	hub_break(&hub, p);
	assert_int_equal(hub.named, 1);
	assert_int_equal(hub.opened, 0);
	p = prepare("a");
	assert_int_equal(hub_keep(&hub, p), 2);
	assert_int_equal(hub.named, 0);
	join(2, "b");
	leave(0);
	leave(1);
	leave(2);
	assert_int_equal(hub.channels, 1);
}

static void
promise_knows_what_its_channel_was(void **state)
{
	struct promise *p, *q, *r, *s;

	(void)state;
	hub.set.channels_max = 2;
	hub.set.history = 1;
	publish("a");
	publish("b");
	publish("b");
	turn_ends();
	p = prepare("b");
	assert_false(hub_promised_new(p, 0));
	assert_int_equal(hub_promised_lost(p, 0).ms, 2);
	join(0, "named");
	q = prepare("new"); /* in the place of a */
	r = prepare("new");
	assert_true(hub_promised_new(q, 0) && hub_promised_new(r, 0));
	(void)hub_keep(&hub, p);
	(void)hub_keep(&hub, q);
	assert_true(hub_promised_new(r, 0)); /* it was then */
	s = prepare("new");
	assert_false(hub_promised_new(s, 0));
	hub_break(&hub, r);
	hub_break(&hub, s);
	p = prepare("later");
	assert_int_equal(hub_promised_lost(p, 0).ms, 1);
	hub_break(&hub, p);
	p = prepare("named"); /* which is there since before that */
	assert_true(hub_promised_new(p, 0));
	assert_int_equal(hub_promised_lost(p, 0).ms, 0);
	hub_break(&hub, p);
	leave(0);
}

/* Prepares where the nth allocation fails; returns whether it came to it. */
static bool
prepare_without_memory(const char *channel, size_t n, unsigned long nth)
{
	struct promise *p = NULL, *first;
	enum hub_result result;
	size_t bytes;

	(void)set_up(NULL);
	hub.set.channels_max = 2;
	publish("a");
	publish("b");
	served();
	first = prepare_batch("b", 2, 50);
	bytes = hub_bytes(&hub);
	allocation_fails(nth);
	result = try_to_prepare(channel, n, 50, &p);
	assert_int_equal(result == HUB_NO_MEMORY, allocation_failed());
	allocation_fails(0);
	if (result == HUB_NO_MEMORY) {
		assert_null(p);
		assert_string_equal(shown(), "a1 b2 ");
		assert_int_equal(hub_bytes(&hub), bytes);
		assert_ptr_equal(TAILQ_FIRST(&hub.unread), hub_find(&hub, "a"));
		assert_int_equal(hub.opened, 2);
		assert_int_equal(hub.channels, 2);
		p = prepare_batch(channel, n, 50);
	}
	(void)hub_keep(&hub, first);
	(void)hub_keep(&hub, p);
	(void)tear_down(NULL);
	return result == HUB_NO_MEMORY;
}

static void
without_memory_nothing_is_promised_and_nothing_has_changed(void **state)
{
	static const char *const channel[] = {"a", "b", "new"};
	unsigned long nth;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (nth = 1; prepare_without_memory(channel[i], 9, nth); nth++)
			continue;
		/* The promise, two for each event, a ring, a channel. */
		assert_int_equal(nth - 1, 1 + 18 + 1 + (i == 2));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(what_is_promised_is_seen_by_nobody),
	    TEST(broken_promise_has_never_been),
	    TEST(promise_is_kept_without_memory),
	    TEST(promised_place_is_not_taken_by_what_is_dropped),
	    TEST(event_is_as_old_as_its_publishing),
	    TEST(room_is_made_when_it_is_promised),
	    TEST(channel_may_give_room_for_what_it_is_promised),
	    TEST(promised_channel_is_not_forgotten),
	    TEST(channel_of_a_broken_promise_is_forgotten_last),
	    TEST(channel_made_for_a_promise_takes_a_place),
	    TEST(channel_stays_for_each_of_its_promises),
	    TEST(readers_of_a_promised_channel_come_and_go),
	    TEST(readers_of_a_channel_that_is_only_promised_have_named_it),
	    TEST(promise_knows_what_its_channel_was),
	    cmocka_unit_test(
		without_memory_nothing_is_promised_and_nothing_has_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
