/* SPDX-License-Identifier: ISC */
/*
 * Channels that end, what is erased, and what comes to several channels at
 * once.
 */
#include "test_hub.h"

/* Up to four channels, NULL behind them. */
struct to {
	const char *channel[5];
};

#define TO(...) (&(const struct to){{__VA_ARGS__, NULL}})

/* What is to be published, with the next ids. */
static struct post
make(const struct to *to, size_t n, size_t len, struct eventid ids[64])
{
	static struct sse_message m[64];
	struct post p = {.channels = to->channel, .messages = m, .n = n};

	while (to->channel[p.channels_n] != NULL)
		p.channels_n++;
	make_batch(ids, m, n, len);
	return p;
}

/* Publishes it, or gives its ids back. */
static enum hub_result
give(struct post *p, struct eventid ids[64])
{
	enum hub_result result;
	size_t reading;

	if (p->end)
		ids[p->n] = (struct eventid){++published, 1};
	result = hub_publish(&hub, p, ids, &reading);
	if (result != HUB_DONE)
		published -= post_ids(p);
	return result;
}

static enum hub_result
publish_to(const struct to *to, size_t n, size_t len)
{
	struct eventid ids[64];
	struct post p = make(to, n, len, ids);

	return give(&p, ids);
}

/* n messages and the end. */
static enum hub_result
end_of(const char *channel, size_t n)
{
	struct eventid ids[64];
	struct post p = make(TO(channel), n, 100, ids);

	p.end = true;
	return give(&p, ids);
}

static enum hub_result
erase(const char *channel)
{
	struct eventid ids[64];
	struct post p = make(TO(channel), 0, 0, ids);

	p.end = p.erase = true;
	return give(&p, ids);
}

static enum hub_result
try_to_promise(const char *channel, size_t n, bool end, bool erases,
    struct promise **promise)
{
	struct eventid ids[64];
	struct post p = make(TO(channel), n, 100, ids);
	enum hub_result result;

	p.end = end;
	p.erase = erases;
	if (end)
		ids[n] = (struct eventid){++published, 1};
	result = hub_prepare(&hub, &p, ids, promise);
	if (result != HUB_DONE)
		published -= post_ids(&p);
	return result;
}

static struct promise *
promise(const char *channel, size_t n, bool end, bool erases)
{
	struct promise *p = NULL;

	assert_int_equal(try_to_promise(channel, n, end, erases, &p), HUB_DONE);
	return p;
}

static uint64_t
ended(const char *channel)
{
	return hub_find(&hub, channel)->ended.ms;
}

static bool
over(const struct to *to, uint64_t ms)
{
	size_t n = 0;

	while (to->channel[n] != NULL)
		n++;
	return hub_over(&hub, to->channel, n, (struct eventid){ms, 1});
}

static void
event_of_several_channels_has_one_id_and_is_held_in_each(void **state)
{
	size_t one;

	(void)state;
	publish("a");
	one = hub.held_bytes;
	join(0, "b");
	join(1, "b");
	join(2, "c");
	assert_int_equal(publish_to(TO("a", "b", "c"), 2, 100), HUB_DONE);
	assert_string_equal(shown(), "a1 a2 b2 c2 a3 b3 c3 ");
	assert_int_equal(hub.held, 7);
	assert_int_equal(hub.held_bytes, 7 * one);
	assert_int_equal(hub.published, 3);
	assert_int_equal(hub.last.ms, 3);
	turn_ends();
	assert_int_equal(readers[0].wakes, 1);
	assert_int_equal(readers[1].wakes, 1);
	assert_int_equal(readers[2].wakes, 1);
	assert_int_equal(hub.spare_bytes, hub.held_bytes);
	leave(0);
	leave(1);
	leave(2);
}

static void
readers_of_all_its_channels_are_counted(void **state)
{
	struct eventid ids[64];
	struct post p = make(TO("a", "b", "c"), 1, 100, ids);
	size_t reading = 0;

	(void)state;
	join(0, "a");
	join(1, "b");
	join(2, "b");
	assert_int_equal(hub_publish(&hub, &p, ids, &reading), HUB_DONE);
	assert_int_equal(reading, 3);
	leave(0);
	leave(1);
	leave(2);
}

/* Each channel has its own bounds. */
static void
one_channel_drops_what_another_still_holds(void **state)
{
	(void)state;
	hub.set.history = 2;
	publish_to(TO("a", "b"), 1, 100);
	publish_batch("b", 2, 100);
	turn_ends();
	assert_string_equal(shown(), "a1 b2 b3 ");
	assert_int_equal(lost("a"), 0);
	assert_int_equal(lost("b"), 1);
}

static void
event_of_several_channels_is_as_large_as_all_its_copies(void **state)
{
	size_t one;

	(void)state;
	publish("a");
	one = hub.held_bytes;
	turn_ends();
	hub.set.bytes_max = 3 * one;
	assert_int_equal(publish_to(TO("a", "b", "c", "d"), 1, 100),
	    HUB_TOO_LARGE);
	assert_string_equal(shown(), "a1 ");
	assert_int_equal(publish_to(TO("b", "c"), 1, 100), HUB_DONE);
	assert_int_equal(publish_to(TO("b", "c"), 1, 100), HUB_NO_ROOM);
	turn_ends();
	assert_int_equal(publish_to(TO("a", "b", "c"), 1, 100), HUB_DONE);
	assert_string_equal(shown(), "a3 b3 c3 ");
}

static void
post_that_is_none_is_known(void **state)
{
	static const char *const names[] = {"a", "b", "a"};
	const struct sse_message m = {.data = ""};
	struct post p = {.channels = names,
	    .channels_n = 2,
	    .messages = &m,
	    .n = 1};

	(void)state;
	assert_true(post_valid(&p));
	p.end = true; /* of two */
	assert_false(post_valid(&p));
	p.channels_n = 1;
	assert_true(post_valid(&p));
	p.erase = true; /* and a message */
	assert_false(post_valid(&p));
	p.n = 0;
	assert_true(post_valid(&p));
	assert_int_equal(post_ids(&p), 1);
	p.erase = p.end = false;
	assert_false(post_valid(&p));
	p.n = 1;
	p.channels_n = 3; /* one of them twice */
	assert_false(post_valid(&p));
	p.channels_n = 0;
	assert_false(post_valid(&p));
	p.channels_n = POST_CHANNELS_MAX + 1;
	assert_false(post_valid(&p));
}

/* There are three places, and a channel of the post is none to make one of. */
static void
all_channels_of_a_post_get_a_place_or_none_does(void **state)
{
	(void)state;
	hub.set.channels_max = 3;
	publish("a");
	publish("b");
	join(0, "c");
	publish("c");
	turn_ends();
	assert_int_equal(publish_to(TO("x", "y", "z"), 1, 100), HUB_NO_CHANNEL);
	assert_int_equal(publish_to(TO("a", "x", "y"), 1, 100), HUB_NO_CHANNEL);
	assert_int_equal(publish_to(TO("x", "a", "b"), 1, 100), HUB_NO_CHANNEL);
	assert_string_equal(shown(), "a1 b2 c3 ");
	assert_int_equal(hub.channels, 3);
	assert_int_equal(hub.opened, 3);
	assert_ptr_equal(TAILQ_FIRST(&hub.unread), hub_find(&hub, "a"));
	assert_int_equal(publish_to(TO("x", "a"), 1, 100), HUB_DONE);
	assert_string_equal(shown(), "a1 c3 a4 x4 ");
	assert_int_equal(publish_to(TO("y", "z", "c"), 1, 100), HUB_DONE);
	assert_string_equal(shown(), "c3 c5 y5 z5 ");
	assert_int_equal(hub.opened, 3);
	leave(0);
}

static void
place_is_not_counted_twice_for_what_is_promised_already(void **state)
{
	struct promise *p;

	(void)state;
	hub.set.channels_max = 2;
	p = promise("a", 1, false, false);
	assert_int_equal(hub.opened, 1);
	hub_break(&hub, p);
	p = promise("a", 1, false, false);
	hub_break(&hub, promise("a", 1, false, false));
	assert_int_equal(hub.opened, 1);
	(void)hub_keep(&hub, p);
	assert_int_equal(publish_to(TO("a", "b"), 1, 100), HUB_DONE);
	assert_int_equal(hub.opened, 2);
}

static void
broken_promise_to_several_channels_has_never_been(void **state)
{
	struct eventid ids[64];
	struct post p = make(TO("new", "a", "read", "b"), 3, 100, ids);
	struct promise *it;
	size_t bytes;

	(void)state;
	publish("a");
	publish("b");
	turn_ends();
	join(0, "read");
	bytes = hub.held_bytes;
	ids[0].ms = 10;
	ids[1].ms = 11;
	ids[2].ms = 12;
	assert_int_equal(hub_prepare(&hub, &p, ids, &it), HUB_DONE);
	assert_true(hub_promised_new(it, 0) && hub_promised_new(it, 2));
	assert_false(hub_promised_new(it, 1) || hub_promised_new(it, 3));
	assert_int_equal(hub.opened, 4);
	hub_break(&hub, it);
	assert_int_equal(hub.held_bytes, bytes);
	assert_int_equal(hub.opened, 2);
	assert_int_equal(hub.named, 1);
	assert_null(hub_find(&hub, "new"));
	assert_int_equal(TAILQ_FIRST(&hub.unread)->promises, 0);
	leave(0);
	assert_int_equal(hub.channels, 2);
}

/* However many there are, that each hold all that they may. */
static void
runs_leave_a_quiet_channel_and_each_its_newest(void **state)
{
	const struct channel *ch;
	unsigned i, runs = 50;
	char name[16];

	(void)state;
	hub.set.history = 60000;
	hub.set.bytes_max = 200000;
	publish("quiet");
	for (i = 0; i < 20000; i++) {
		(void)snprintf(name, sizeof(name), "run-%u", i % runs);
		assert_int_equal(publish_batch(name, 1, 10 + i % 90), 0);
		if (i % 100 == 99)
			turn_ends();
	}
	assert_int_equal(channel_held(hub_find(&hub, "quiet")), 1);
	for (i = 0; i < runs; i++) {
		(void)snprintf(name, sizeof(name), "run-%u", i);
		ch = hub_find(&hub, name);
		assert_true(channel_held(ch) > 5);
		assert_true(
		    channel_entry(ch, ch->end - 1)->id.ms > published - runs);
		assert_int_equal(end_of(name, 0), HUB_DONE);
	}
	assert_int_equal(lost("quiet"), 0);
}

static void
nothing_comes_behind_the_end(void **state)
{
	(void)state;
	join(0, "a");
	publish("a");
	turn_ends();
	now += 5;
	assert_int_equal(end_of("a", 2), HUB_DONE);
	assert_int_equal(ended("a"), 4);
	assert_true(hub_find(&hub, "a")->ended_time == now);
	assert_int_equal(hub.last.ms, 4);
	assert_int_equal(hub.published, 3);
	turn_ends();
	assert_int_equal(readers[0].wakes, 2);
	now += 5;
	assert_int_equal(publish("a"), -HUB_ENDED);
	assert_int_equal(end_of("a", 0), HUB_ENDED);
	assert_int_equal(publish_to(TO("b", "a"), 1, 100), HUB_ENDED);
	assert_null(hub_find(&hub, "b"));
	assert_int_equal(ended("a"), 4);
	assert_string_equal(shown(), "a1 a2 a3 ");
	assert_int_equal(publish("b"), 0);
	leave(0);
}

static void
end_may_be_all_that_a_channel_gets(void **state)
{
	struct channel *ch;

	(void)state;
	join(0, "a");
	publish("b");
	assert_int_equal(end_of("a", 0), HUB_DONE);
	ch = hub_find(&hub, "a");
	assert_true(ch->published);
	assert_int_equal(ch->origin.ms, 0);
	assert_int_equal(hub.named, 0);
	assert_int_equal(hub.opened, 2);
	turn_ends();
	assert_int_equal(readers[0].wakes, 1);
	leave(0);
	assert_ptr_equal(TAILQ_FIRST(&hub.unused), ch);
	assert_int_equal(end_of("c", 0), HUB_DONE);
	assert_ptr_equal(TAILQ_NEXT(ch, link), hub_find(&hub, "c"));
	assert_int_equal(hub.held, 1);
}

static void
hub_says_when_nothing_will_ever_come(void **state)
{
	(void)state;
	publish("a");
	assert_false(over(TO("a"), 1));
	assert_int_equal(end_of("a", 0), HUB_DONE);
	assert_false(over(TO("a"), 1));
	assert_true(over(TO("a"), 2));
	assert_true(over(TO("a"), 3));
	assert_false(over(TO("a", "b"), 2));
	assert_int_equal(end_of("b", 1), HUB_DONE);
	assert_false(over(TO("a", "b"), 3));
	assert_true(over(TO("a", "b"), 4));
	assert_true(over(TO("a"), 3));
	assert_false(over(TO("none"), 9));
}

/* Nobody knows yet whether it has: it may be broken. */
static void
promised_end_is_an_end_when_it_is_kept(void **state)
{
	struct promise *before, *p, *q;

	(void)state;
	publish("b");
	before = promise("a", 1, false, false);
	p = promise("a", 1, true, false);
	assert_int_equal(try_to_promise("a", 1, false, false, &q), HUB_ENDING);
	assert_int_equal(try_to_promise("a", 0, true, true, &q), HUB_ENDING);
	assert_int_equal(try_to_promise("a", 0, true, false, &q), HUB_ENDING);
	assert_false(channel_has_ended(hub_find(&hub, "a")));
	hub_break(&hub, p);
	q = promise("a", 2, false, false);
	p = promise("a", 0, true, false);
	hub_break(&hub, before);
	assert_int_equal(try_to_promise("a", 1, false, false, &before),
	    HUB_ENDING);
	assert_int_equal(hub_keep(&hub, q), 0);
	assert_int_equal(hub_keep(&hub, p), 0);
	assert_int_equal(hub.last.ms, published);
	assert_int_equal(ended("a"), published);
	assert_int_equal(publish("a"), -HUB_ENDED);
	assert_int_equal(hub.held, 3);
	assert_int_equal(publish("b"), 0);
}

static void
broken_end_of_a_new_channel_leaves_nothing(void **state)
{
	(void)state;
	hub_break(&hub, promise("a", 0, true, false));
	hub_break(&hub, promise("a", 0, true, true));
	assert_null(hub_find(&hub, "a"));
	assert_int_equal(hub.opened, 0);
	join(0, "a");
	hub_break(&hub, promise("a", 0, true, true));
	assert_false(hub_find(&hub, "a")->ending);
	leave(0);
	assert_int_equal(hub.channels, 0);
}

/* It is gone for readers at once, and of memory by and by. */
static void
what_is_erased_is_lost_as_deleted(void **state)
{
	struct channel *ch;
	unsigned turns = 1;
	size_t bytes;

	(void)state;
	hub.set.bytes_max = 10 << 20;
	hub.set.history = 10000;
	join(0, "a");
	while (published < 9000)
		publish_batch("a", 50, 10);
	publish("b");
	turn_ends();
	publish("a");
	ch = hub_find(&hub, "a");
	bytes = hub.held_bytes;
	assert_int_equal(erase("a"), HUB_DONE);
	assert_ptr_equal(hub_find(&hub, "a"), ch);
	assert_int_equal(channel_held(ch), 0);
	assert_int_equal(ch->lost.upto.ms, 9002);
	assert_int_equal(ch->lost.reason, LOSS_DELETED);
	assert_int_equal(ended("a"), 9003);
	assert_string_equal(shown(), "b9001 ");
	assert_int_equal(hub.held_bytes, bytes);
	assert_int_equal(hub.spare_bytes, bytes); /* nobody reads it */
	turn_ends();
	assert_int_equal(readers[0].wakes, 2);
	while (hub_age(&hub))
		turns++;
	assert_int_equal(turns, 3);
	assert_int_equal(hub.held, 1);
	assert_true(TAILQ_EMPTY(&hub.dying));
	leave(0);
}

static void
what_is_erased_gives_its_room_first(void **state)
{
	size_t one;

	(void)state;
	publish("a");
	one = hub.held_bytes;
	publish("a");
	publish_batch("b", 3, 100);
	turn_ends();
	assert_int_equal(erase("a"), HUB_DONE);
	hub.set.bytes_max = 5 * one;
	publish("b");
	assert_int_equal(hub.held, 5);
	publish("c");
	assert_string_equal(shown(), "b3 b4 b5 b7 c8 ");
	assert_true(TAILQ_EMPTY(&hub.dying));
}

static void
erasing_twice_leaves_the_first_end(void **state)
{
	(void)state;
	publish_batch("a", 2, 100);
	assert_int_equal(end_of("a", 1), HUB_DONE);
	assert_int_equal(erase("a"), HUB_DONE);
	assert_int_equal(ended("a"), 4);
	assert_int_equal(lost("a"), 3);
	assert_int_equal(hub.last.ms, 5);
	assert_string_equal(shown(), "");
	assert_int_equal(erase("a"), HUB_DONE);
	assert_int_equal(ended("a"), 4);
	assert_int_equal(lost("a"), 3);
	assert_int_equal(publish("a"), -HUB_ENDED);
	assert_int_equal(erase("new"), HUB_DONE);
	assert_int_equal(ended("new"), 7);
	assert_int_equal(lost("new"), 0);
	assert_int_equal(hub_find(&hub, "new")->lost.reason, LOSS_OVERFLOW);
}

/* What was promised before it comes before it. */
static void
what_was_promised_before_is_erased_too(void **state)
{
	struct promise *p, *q;

	(void)state;
	publish("a");
	p = promise("a", 2, false, false);
	q = promise("a", 0, true, true);
	(void)hub_keep(&hub, p);
	assert_string_equal(shown(), "a1 a2 a3 ");
	(void)hub_keep(&hub, q);
	assert_string_equal(shown(), "");
	assert_int_equal(lost("a"), 3);
	assert_int_equal(ended("a"), 4);
	turn_ends();
	assert_int_equal(hub.spare_bytes, hub.held_bytes);
}

static void
ends_and_erasures_are_kept_without_memory(void **state)
{
	struct promise *p[3];
	size_t i;

	(void)state;
	publish_batch("b", 5, 100);
	p[0] = promise("a", 5, true, false);
	p[1] = promise("b", 0, true, true);
	p[2] = promise("c", 0, true, false);
	allocation_fails(1);
	for (i = 0; i < 3; i++)
		(void)hub_keep(&hub, p[i]);
	turn_ends();
	assert_int_equal(allocation.calls, 0);
	allocation_fails(0);
	assert_string_equal(shown(), "a6 a7 a8 a9 a10 ");
}

/* It knows until its place is needed that it has ended, and then nobody does.
 */
static void
ended_channel_is_forgotten_like_any_other(void **state)
{
	(void)state;
	hub.set.channels_max = 2;
	assert_int_equal(end_of("a", 1), HUB_DONE);
	publish("b");
	turn_ends();
	assert_int_equal(erase("a"), HUB_DONE);
	assert_int_equal(publish("a"), -HUB_ENDED);
	publish("c");
	assert_null(hub_find(&hub, "a"));
	/* Its end is one of the things that somebody may not have had. */
	assert_int_equal(hub.forgotten.upto.ms, 2);
	hub.set.channels_max = 3;
	assert_int_equal(publish("a"), 0);
	assert_int_equal(lost("a"), 2);
	assert_int_equal(hub_find(&hub, "a")->origin.ms, 2);
	assert_false(channel_has_ended(hub_find(&hub, "a")));
}

/* It is erased while others may not be told: it is idle, and goes. */
static void
erased_channel_may_be_forgotten_while_it_is_buried(void **state)
{
	(void)state;
	hub.set.channels_max = 1;
	publish_batch("a", 3, 100);
	turn_ends();
	assert_int_equal(erase("a"), HUB_DONE);
	publish("b");
	assert_null(hub_find(&hub, "a"));
	assert_string_equal(shown(), "b5 ");
	assert_int_equal(hub.held, 4);
	(void)hub_age(&hub);
	assert_int_equal(hub.held, 1);
}

static void
what_is_lost_everywhere_is_not_behind_an_end(void **state)
{
	(void)state;
	publish("a");
	publish("b");
	assert_int_equal(end_of("a", 0), HUB_DONE);
	published++;
	hub_lost(&hub, (struct loss){{published, 1}, LOSS_SOURCE});
	assert_null(channel_lost(hub_find(&hub, "a"), (struct eventid){1, 1}));
	assert_int_equal(channel_lost(hub_find(&hub, "b"),
			     (struct eventid){2, 1})
			     ->upto.ms,
	    4);
	published++;
	hub_lose(&hub, "a", (struct loss){{published, 1}, LOSS_SOURCE});
	assert_null(channel_lost(hub_find(&hub, "a"), (struct eventid){1, 1}));
	assert_int_equal(hub.last.ms, 5);
}

/*
 * Where the nth allocation fails, nothing is published, nothing has changed,
 * and it may be tried again.  Returns whether it came to it.
 */
static bool
publish_without_memory(const struct to *to, size_t n, bool erases,
    unsigned long nth)
{
	struct eventid ids[64];
	struct post p;
	enum hub_result result;
	size_t bytes;

	(void)set_up(NULL);
	hub.set.channels_max = 3;
	publish_batch("a", 4, 50);
	publish("b");
	turn_ends();
	bytes = hub_bytes(&hub);
	p = make(to, n, 50, ids);
	p.end = p.erase = erases;
	allocation_fails(nth);
	result = give(&p, ids);
	assert_int_equal(result == HUB_NO_MEMORY, allocation_failed());
	allocation_fails(0);
	if (result == HUB_NO_MEMORY) {
		assert_string_equal(shown(), "a1 a2 a3 a4 b5 ");
		assert_int_equal(hub_bytes(&hub), bytes);
		assert_ptr_equal(TAILQ_FIRST(&hub.unread), hub_find(&hub, "a"));
		assert_int_equal(hub.opened, 2);
		assert_int_equal(hub.channels, 2);
		assert_int_equal(hub.last.ms, 5);
		p = make(to, n, 50, ids);
		p.end = p.erase = erases;
		assert_int_equal(give(&p, ids), HUB_DONE);
	}
	(void)tear_down(NULL);
	return result == HUB_NO_MEMORY;
}

static void
without_memory_nothing_has_changed_in_any_channel(void **state)
{
	unsigned long nth;

	(void)state;
	for (nth = 1;
	     publish_without_memory(TO("a", "new", "b"), 9, false, nth); nth++)
		continue;
	/* The promise, two for each copy, three rings, a channel. */
	assert_int_equal(nth - 1, 1 + 3 * 18 + 3 + 1);
	for (nth = 1; publish_without_memory(TO("a"), 0, true, nth); nth++)
		continue;
	assert_int_equal(nth - 1, 2); /* the promise and the grave */
	for (nth = 1; publish_without_memory(TO("new"), 0, true, nth); nth++)
		continue;
	assert_int_equal(nth - 1, 3);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(event_of_several_channels_has_one_id_and_is_held_in_each),
	    TEST(post_that_is_none_is_known),
	    TEST(runs_leave_a_quiet_channel_and_each_its_newest),
	    TEST(readers_of_all_its_channels_are_counted),
	    TEST(one_channel_drops_what_another_still_holds),
	    TEST(event_of_several_channels_is_as_large_as_all_its_copies),
	    TEST(all_channels_of_a_post_get_a_place_or_none_does),
	    TEST(place_is_not_counted_twice_for_what_is_promised_already),
	    TEST(broken_promise_to_several_channels_has_never_been),
	    TEST(nothing_comes_behind_the_end),
	    TEST(end_may_be_all_that_a_channel_gets),
	    TEST(hub_says_when_nothing_will_ever_come),
	    TEST(promised_end_is_an_end_when_it_is_kept),
	    TEST(broken_end_of_a_new_channel_leaves_nothing),
	    TEST(what_is_erased_is_lost_as_deleted),
	    TEST(what_is_erased_gives_its_room_first),
	    TEST(erasing_twice_leaves_the_first_end),
	    TEST(what_was_promised_before_is_erased_too),
	    TEST(ends_and_erasures_are_kept_without_memory),
	    TEST(ended_channel_is_forgotten_like_any_other),
	    TEST(erased_channel_may_be_forgotten_while_it_is_buried),
	    TEST(what_is_lost_everywhere_is_not_behind_an_end),
	    cmocka_unit_test(without_memory_nothing_has_changed_in_any_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
