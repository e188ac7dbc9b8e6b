/* SPDX-License-Identifier: ISC */
/*
 * What is held by the channels' rules: how many events, how long, how many
 * bytes; and from when on what has ended grows old.
 */
#include "test_hub.h"

#include <math.h>

/* The longest prefixes first. */
static const struct channel_rule rules[] = {
    {.prefix = "run-long-", .age = 900},
    {.prefix = "run-", .history = 3, .age = 50},
    {.prefix = "ever-", .age = INFINITY},
    {.prefix = "fat-", .bytes = 1000},
};

static int
begin(void **state)
{
	(void)set_up(state);
	hub.set.rules = rules;
	hub.set.rules_n = LENGTH(rules);
	hub.set.history = 5;
	hub.set.history_age = 100;
	return 0;
}

/* So much later, once all that can be dropped is. */
static void
later(double seconds)
{
	now += seconds;
	while (hub_age(&hub))
		continue;
}

static size_t
held(const char *channel)
{
	const struct channel *ch = hub_find(&hub, channel);

	assert_non_null(ch);
	return channel_held(ch);
}

static void
end_channel(const char *channel)
{
	const char *const channels[] = {channel};
	const struct post post = {.channels = channels,
	    .channels_n = 1,
	    .end = true};
	struct eventid id = {++published, 1};
	size_t reading;

	assert_int_equal(hub_publish(&hub, &post, &id, &reading), HUB_DONE);
}

static void
rule_is_found_when_the_channel_is_made(void **state)
{
	(void)state;
	publish("run-1");
	join(0, "run-long-1");
	publish("other");
	assert_ptr_equal(hub_find(&hub, "run-1")->rule, &rules[1]);
	assert_ptr_equal(hub_find(&hub, "run-long-1")->rule, &rules[0]);
	assert_null(hub_find(&hub, "other")->rule);
	leave(0);
}

/* What the rule does not say is as for all. */
static void
history_is_the_rule_s(void **state)
{
	(void)state;
	publish_batch("run-1", 10, 1);
	publish_batch("run-long-1", 10, 1);
	publish_batch("other", 10, 1);
	assert_int_equal(held("run-1"), 10); /* until the turn's end */
	assert_false(hub_trim(&hub));
	assert_int_equal(held("run-1"), 3);
	assert_int_equal(lost("run-1"), 7);
	assert_int_equal(held("run-long-1"), 5);
	assert_int_equal(held("other"), 5);
}

static void
events_grow_old_by_their_channel_s_rule(void **state)
{
	(void)state;
	publish("run-long-1");
	publish("ever-1");
	publish("other");
	publish("run-1");
	later(10);
	publish("run-1");
	later(39.875);
	assert_string_equal(shown(),
	    "run-long-11 ever-12 other3 run-14 run-15 ");
	later(0.125);
	assert_string_equal(shown(), "run-long-11 ever-12 other3 run-15 ");
	later(10);
	assert_string_equal(shown(), "run-long-11 ever-12 other3 ");
	later(40);
	assert_string_equal(shown(), "run-long-11 ever-12 ");
	later(799.875);
	assert_string_equal(shown(), "run-long-11 ever-12 ");
	later(0.125);
	assert_string_equal(shown(), "ever-12 ");
	later(1e9);
	assert_string_equal(shown(), "ever-12 ");
}

/* Where others have no limit. */
static void
rule_has_a_limit_of_its_own(void **state)
{
	(void)state;
	hub.set.history_age = 0;
	publish("other");
	publish("run-1");
	publish("ever-1");
	later(49);
	assert_string_equal(shown(), "other1 run-12 ever-13 ");
	later(1);
	assert_string_equal(shown(), "other1 ever-13 ");
	later(1e9);
	assert_string_equal(shown(), "other1 ever-13 ");
}

/* The channel is not where it was among those that are due. */
static void
channel_that_has_dropped_its_oldest_is_due_later(void **state)
{
	int i;

	(void)state;
	publish("run-1");
	for (i = 0; i < 10; i++) {
		later(30);
		publish("run-1");
		hub_trim(&hub);
		assert_int_equal(held("run-1"), 2);
	}
	later(50);
	assert_int_equal(held("run-1"), 0);
	publish("run-1"); /* and it comes in again */
	later(49);
	assert_int_equal(held("run-1"), 1);
	later(1);
	assert_int_equal(held("run-1"), 0);
}

static void
what_has_ended_is_as_old_as_its_end(void **state)
{
	(void)state;
	publish("run-1");
	later(40);
	publish("run-1");
	publish("run-2");
	end_channel("run-1");
	later(20); /* the first would have gone 10 ago */
	assert_string_equal(shown(), "run-11 run-12 run-23 ");
	later(29.875);
	assert_string_equal(shown(), "run-11 run-12 run-23 ");
	later(0.125);
	assert_string_equal(shown(), "");
	assert_int_equal(lost("run-1"), 2);
	assert_int_equal(hub_find(&hub, "run-1")->ended.ms, 4);
}

static void
restore(const char *channel, uint64_t ms, double age)
{
	const struct sse_message m = {.data = "x", .len = 1};

	assert_int_equal(hub_restore(&hub, channel, (struct eventid){ms, 1}, &m,
			     now - age),
	    HUB_DONE);
}

static void
restore_end(const char *channel, uint64_t ms, double age)
{
	assert_int_equal(hub_restore_end(&hub, channel, (struct eventid){ms, 1},
			     now - age, false),
	    HUB_DONE);
}

static void
restored(uint64_t last)
{
	hub_restored(&hub, (struct eventid){last, 1}, (struct eventid){0, 0});
	published = last;
}

/* What was restored grows old as if nothing had been. */
static void
restored_events_have_their_rule_s_age(void **state)
{
	const struct channel_facts ended = {.name = "run-1",
	    .ended = {20, 1},
	    .ended_time = now - 10};

	(void)state;
	assert_int_equal(hub_restore_channel(&hub, &ended), HUB_DONE);
	restore("run-1", 11, 60);
	restore("run-2", 12, 50);
	restore("other", 13, 50);
	restore("run-3", 14, 49);
	restored(20);
	assert_string_equal(shown(), "run-111 other13 run-314 ");
	later(1);
	assert_string_equal(shown(), "run-111 other13 ");
	later(38.875);
	assert_string_equal(shown(), "run-111 other13 ");
	later(0.125);
	assert_string_equal(shown(), "other13 ");
}

/* As where a stream of all is read from its beginning. */
static void
end_that_is_restored_later_counts_for_what_was_before_it(void **state)
{
	(void)state;
	restore("run-1", 11, 90);
	restore("run-2", 12, 80);
	restore_end("run-1", 13, 20);
	restored(13);
	assert_string_equal(shown(), "run-111 ");
	later(30);
	assert_string_equal(shown(), "");
}

/* It may take turns: what is too old so far waits for its end, too. */
static void
nothing_grows_old_while_the_hub_is_restored(void **state)
{
	(void)state;
	hub_wait(&hub);
	restore("run-1", 11, 90);
	restore("run-2", 12, 80);
	assert_false(hub_age(&hub));
	assert_string_equal(shown(), "run-111 run-212 ");
	restore_end("run-1", 13, 20);
	assert_false(hub_age(&hub));
	restored(13);
	assert_string_equal(shown(), "run-111 ");
	later(30);
	assert_string_equal(shown(), "");
}

static void
restored_histories_are_the_rules(void **state)
{
	const char *const names[] = {"run-1", "fat-1", "other"};
	uint64_t i, id = 10;
	size_t j;

	(void)state;
	for (i = 0; i < 9; i++)
		for (j = 0; j < LENGTH(names); j++)
			restore(names[j], ++id, 0);
	assert_int_equal(held("run-1"), 3);
	assert_int_equal(held("other"), 5);
	assert_int_equal(held("fat-1"), 5);
	assert_true(hub_find(&hub, "fat-1")->bytes <= 1000);
	restored(id);
}

static void
over_its_bytes_a_channel_s_oldest_go(void **state)
{
	const struct channel *ch;
	int i;

	(void)state;
	hub.set.history = 1000;
	for (i = 0; i < 100; i++) {
		publish("fat-1");
		publish("other");
	}
	ch = hub_find(&hub, "fat-1");
	assert_int_equal(held("fat-1"), 100); /* until the turn's end */
	(void)hub_trim(&hub);
	assert_in_range(held("fat-1"), 2, 9);
	assert_true(ch->bytes <= 1000);
	assert_true(ch->bytes + channel_entry(ch, ch->first)->cost > 1000);
	assert_int_equal(channel_entry(ch, ch->end - 1)->id.ms, published - 1);
	assert_int_equal(held("other"), 100);
	assert_int_equal(hub.held, 100 + held("fat-1"));
}

static void
event_that_is_larger_than_the_rule_s_bytes_is_held_alone(void **state)
{
	(void)state;
	publish("fat-1");
	publish_batch("fat-1", 1, 3000);
	(void)hub_trim(&hub);
	assert_string_equal(shown(), "fat-12 ");
	publish_batch("fat-1", 1, 3000);
	(void)hub_trim(&hub);
	assert_string_equal(shown(), "fat-13 ");
	publish("fat-1"); /* and it goes for a small one */
	(void)hub_trim(&hub);
	assert_string_equal(shown(), "fat-14 ");
	assert_int_equal(lost("fat-1"), 3);
}

/* Each of them a bounded part. */
static void
work_of_a_turn_is_bounded(void **state)
{
	unsigned turns;
	size_t before;
	int i;

	(void)state;
	hub.set.history = 1000000;
	hub.set.bytes_max = 1 << 30;
	for (i = 0; i < 500; i++) {
		publish_batch("fat-1", 60, 1);
		publish_batch("run-long-1", 60, 1);
		publish_batch("ever-1", 60, 1);
	}
	before = hub.held;
	for (turns = 1; hub_trim(&hub); turns++) {
		assert_in_range(before - hub.held, 1000, 5000);
		before = hub.held;
	}
	assert_in_range(turns, 5, 50);
	assert_int_equal(held("run-long-1"), 30000);
	end_channel("ever-1");
	end_channel("run-long-1");
	now += 900;
	for (turns = 1, before = hub.held; hub_age(&hub); turns++) {
		assert_in_range(before - hub.held, 1000, 5000);
		before = hub.held;
	}
	assert_in_range(turns, 5, 50);
	assert_int_equal(hub.held, 30000);
}

/* As many as there may be are found out not to be due yet. */
static void
very_many_channels_are_not_due_all_at_once(void **state)
{
	unsigned turns;
	char name[20];
	int i, j;

	(void)state;
	hub.set.channels_max = 20000;
	hub.set.bytes_max = 1 << 30;
	hub.set.history = 1;
	for (j = 0; j < 2; j++) {
		for (i = 0; i < 20000; i++) {
			(void)snprintf(name, sizeof(name), "c%d", i);
			publish_batch(name, 1, 1);
		}
		while (hub_trim(&hub))
			continue;
		assert_int_equal(hub.held, 20000);
		now += 60;
	}
	for (turns = 1; hub_age(&hub); turns++)
		continue;
	assert_int_equal(hub.held, 20000);
	assert_in_range(turns, 3, 10);
	assert_false(hub_age(&hub)); /* which is known now */
	later(40);
	assert_int_equal(hub.held, 0);
}

#define RUNS 1000

/*
 * A thousand runs hold much more than there is room for, and a quiet channel
 * holds all that it has; each run holds its newest, and about as many as any
 * other.
 */
static void
thousand_runs_take_nothing_from_a_quiet_channel(void **state)
{
	const struct channel *ch;
	size_t least = SIZE_MAX, most = 0;
	uint64_t newest[RUNS];
	char name[20];
	int i, round;

	(void)state;
	hub.set.channels_max = RUNS + 1;
	hub.set.bytes_max = 4 << 20;
	hub.set.history = 60000;
	publish_batch("quiet", 5, 100);
	for (round = 0; round < 8; round++) {
		for (i = 0; i < RUNS; i++) {
			(void)snprintf(name, sizeof(name), "job-%d", i);
			assert_int_equal(publish_batch(name, 20, 100), 0);
			newest[i] = published;
			served();
		}
		assert_false(hub_trim(&hub));
		assert_int_equal(held("quiet"), 5);
		assert_true(hub_bytes(&hub) <= hub.set.bytes_max);
	}
	assert_int_equal(lost("quiet"), 0);
	for (i = 0; i < RUNS; i++) {
		(void)snprintf(name, sizeof(name), "job-%d", i);
		ch = hub_find(&hub, name);
		assert_non_null(ch);
		assert_in_range(channel_held(ch), 2, 100);
		assert_int_equal(channel_entry(ch, ch->end - 1)->id.ms,
		    newest[i]);
		least = channel_held(ch) < least ? channel_held(ch) : least;
		most = channel_held(ch) > most ? channel_held(ch) : most;
	}
	/* The last ones have just got twenty. */
	assert_in_range(most - least, 0, 20);
	assert_true(hub_bytes(&hub) > hub.set.bytes_max / 100 * 99);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(rule_is_found_when_the_channel_is_made),
	    TEST(history_is_the_rule_s),
	    TEST(events_grow_old_by_their_channel_s_rule),
	    TEST(rule_has_a_limit_of_its_own),
	    TEST(channel_that_has_dropped_its_oldest_is_due_later),
	    TEST(what_has_ended_is_as_old_as_its_end),
	    TEST(restored_events_have_their_rule_s_age),
	    TEST(end_that_is_restored_later_counts_for_what_was_before_it),
	    TEST(nothing_grows_old_while_the_hub_is_restored),
	    TEST(restored_histories_are_the_rules),
	    TEST(over_its_bytes_a_channel_s_oldest_go),
	    TEST(event_that_is_larger_than_the_rule_s_bytes_is_held_alone),
	    TEST(work_of_a_turn_is_bounded),
	    TEST(very_many_channels_are_not_due_all_at_once),
	    TEST(thousand_runs_take_nothing_from_a_quiet_channel),
	};

	return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
