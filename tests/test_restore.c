/* SPDX-License-Identifier: ISC */
/*
 * A hub that is filled with what was held in a former life; and what is told to
 * who keeps it.
 */
#include "test_hub.h"

/* What the keeper was told: "a1" (dropped), "-a:1" (forgot, up to). */
static struct {
	char text[2000];
	size_t len;
} told;

static void
note_dropped(void *keeper, const char *channel, struct eventid id)
{
	assert_ptr_equal(keeper, &told);
	assert_int_equal(id.n, 1);
	assert_non_null(channel);
	told.len += (size_t)snprintf(told.text + told.len,
	    sizeof(told.text) - told.len, "%lu ", (unsigned long)id.ms);
}

static void
note_forgot(void *keeper, const char *channel, struct eventid upto)
{
	assert_ptr_equal(keeper, &told);
	told.len +=
	    (size_t)snprintf(told.text + told.len, sizeof(told.text) - told.len,
		"-%s:%lu ", channel, (unsigned long)upto.ms);
}

/* What it was told since it was last asked. */
static const char *
now_told(void)
{
	told.text[told.len] = '\0';
	told.len = 0;
	return told.text;
}

/* A hub whose life began with the id 10-1, with a keeper. */
static int
begin(void **state)
{
	(void)set_up(state);
	hub_begin(&hub, (struct eventid){10, 1});
	hub_kept_by(&hub, &told, note_dropped, note_forgot);
	told.len = 0;
	published = 10;
	return 0;
}

static int
end(void **state)
{
	now_told();
	(void)tear_down(state);
	assert_string_equal(now_told(), "");
	return 0;
}

static enum hub_result
try_to_restore(const char *channel, uint64_t ms, size_t len, double time)
{
	static char data[4096];
	const struct sse_message m = {.data = data, .len = len};

	memset(data, 'x', sizeof(data));
	return hub_restore(&hub, channel, (struct eventid){ms, 1}, &m, time);
}

static void
restore(const char *channel, uint64_t ms)
{
	assert_int_equal(try_to_restore(channel, ms, 100, now), HUB_DONE);
}

static void
restore_channel(const char *channel, uint64_t ms)
{
	assert_int_equal(hub_restore_channel(&hub,
			     &(struct channel_facts){.name = channel,
				 .lost = {ms, 1}}),
	    HUB_DONE);
}

static void
restored(uint64_t last, uint64_t forgotten)
{
	hub_restored(&hub, (struct eventid){last, 1},
	    (struct eventid){forgotten, 1});
	published = last;
}

static void
restored_hub_goes_on_as_it_was(void **state)
{
	(void)state;
	restore_channel("a", 12);
	restore_channel("empty", 15);
	restore("a", 17);
	restore("b", 18);
	restore("a", 19);
	restored(30, 16);
	assert_string_equal(shown(), "a17 b18 a19 ");
	assert_int_equal(lost("a"), 12);
	assert_int_equal(lost("empty"), 15);
	assert_int_equal(lost("b"), 10);
	assert_int_equal(hub.base.ms, 10);
	assert_int_equal(hub.last.ms, 30);
	assert_int_equal(hub.serving.ms, 30);
	assert_int_equal(hub.forgotten.upto.ms, 16);
	assert_int_equal(hub.forgotten.reason, LOSS_OVERFLOW);
	assert_int_equal(hub.published, 0);
	assert_int_equal(hub.opened, 3);
	assert_int_equal(hub.named, 0);
	assert_int_equal(hub.spare_bytes, hub.held_bytes);
	assert_true(STAILQ_EMPTY(&hub.touched));
	assert_true(STAILQ_EMPTY(&hub.unserved));
	assert_int_equal(publish("new"), 0);
	assert_int_equal(lost("new"), 16);
	assert_string_equal(shown(), "a17 b18 a19 new31 ");
	assert_string_equal(now_told(), "");
}

static void
restored_event_has_its_text(void **state)
{
	const struct event *ev;

	(void)state;
	restore("a", 11);
	restored(11, 0);
	ev = newest_event(&hub);
	assert_memory_equal(ev->bytes, "data: x", 7);
	assert_memory_equal(ev->bytes + ev->len - 11, "\nid: 11-1\n\n", 11);
}

static void
nothing_is_lost_below_the_beginning_of_this_life(void **state)
{
	(void)state;
	restore_channel("a", 3);
	restored(10, 4);
	assert_int_equal(lost("a"), 10);
	assert_int_equal(hub.forgotten.upto.ms, 10);
}

static void
histories_are_cut_as_they_are_restored(void **state)
{
	uint64_t i;

	(void)state;
	hub.set.history = 3;
	for (i = 11; i < 20; i++)
		restore(i % 2 == 0 ? "a" : "b", i);
	assert_string_equal(now_told(), "11 12 13 ");
	assert_string_equal(shown(), "a14 b15 a16 b17 a18 b19 ");
	restored(19, 0);
	assert_int_equal(lost("a"), 12);
	assert_int_equal(lost("b"), 13);
	assert_string_equal(now_told(), "");
}

static void
restored_events_go_on_to_grow_old(void **state)
{
	(void)state;
	now = 5;
	hub.set.history_age = 60;
	assert_int_equal(try_to_restore("a", 11, 10, -56), HUB_DONE);
	assert_int_equal(try_to_restore("b", 12, 10, -55), HUB_DONE);
	assert_int_equal(try_to_restore("a", 13, 10, -54), HUB_DONE);
	assert_int_equal(try_to_restore("a", 14, 10, 1), HUB_DONE);
	assert_string_equal(now_told(), ""); /* there may be an end */
	restored(14, 0);
	assert_string_equal(now_told(), "11 12 ");
	assert_string_equal(shown(), "a13 a14 ");
	assert_int_equal(lost("b"), 12);
	now = 6;
	(void)hub_age(&hub);
	assert_string_equal(now_told(), "13 ");
	now = 61;
	(void)hub_age(&hub);
	assert_string_equal(now_told(), "14 ");
	assert_int_equal(lost("a"), 14);
}

static void
channel_that_holds_most_gives_first_of_what_is_restored(void **state)
{
	uint64_t i;

	(void)state;
	hub.set.bytes_max = 2000;
	restore("quiet", 11);
	restore("quiet", 12);
	for (i = 13; i < 40; i++)
		restore("noisy", i);
	restored(40, 0);
	assert_int_equal(channel_held(hub_find(&hub, "quiet")), 2);
	assert_in_range(hub_bytes(&hub), 1700, 2000);
	assert_int_equal(lost("noisy"),
	    39 - channel_held(hub_find(&hub, "noisy")));
	assert_int_equal(lost("quiet"), 10);
}

static void
event_that_does_not_fit_any_more_is_lost(void **state)
{
	(void)state;
	hub.set.bytes_max = 1000;
	restore("quiet", 11);
	restore("a", 12);
	assert_int_equal(try_to_restore("a", 13, 1000, now), HUB_DONE);
	assert_string_equal(now_told(), "12 13 ");
	assert_string_equal(shown(), "quiet11 ");
	restore("a", 14);
	restored(14, 0);
	assert_string_equal(shown(), "quiet11 a14 ");
	assert_int_equal(lost("a"), 13);
}

/* First those that hold nothing, then those with the oldest last event. */
static void
channels_beyond_what_may_be_are_forgotten(void **state)
{
	(void)state;
	hub.set.channels_max = 2;
	restore_channel("a", 10);
	restore_channel("b", 10);
	restore_channel("empty", 16);
	restore_channel("c", 10);
	restore("b", 11);
	restore("a", 12);
	restore("c", 13);
	restore("b", 14);
	assert_int_equal(hub.opened, 4);
	assert_string_equal(now_told(), "");
	restored(20, 0);
	assert_string_equal(now_told(), "-empty:16 -a:16 12 ");
	assert_string_equal(shown(), "b11 c13 b14 ");
	assert_int_equal(hub.held, 3);
	assert_int_equal(hub.opened, 2);
	assert_int_equal(hub.forgotten.upto.ms, 16);
	publish("new");
	assert_string_equal(now_told(), "-c:16 ");
	(void)hub_age(&hub);
	assert_string_equal(now_told(), "13 ");
}

static void
readers_find_what_was_restored_and_no_more(void **state)
{
	(void)state;
	hub.set.channels_max = 1;
	restore("a", 11);
	restored(11, 0);
	join(0, "a");
	join(1, "b");
	assert_int_equal(hub.named, 1);
	assert_int_equal(publish("a"), 1);
	hub_wake(&hub);
	assert_int_equal(readers[0].wakes, 1);
	leave(0);
	leave(1);
	assert_int_equal(hub.channels, 1);
	publish("c");
	assert_string_equal(now_told(), "-a:12 ");
}

/* Channels that readers have named meanwhile are published to. */
static void
hub_is_restored_around_its_readers(void **state)
{
	(void)state;
	hub_begin(&hub, (struct eventid){0, 0});
	hub_wait(&hub);
	join(0, "a");
	join(1, "b");
	join(2, "c");
	hub_begin(&hub, (struct eventid){10, 1});
	assert_int_equal(lost("b"), 10);
	restore_channel("c", 10);
	restore("a", 11);
	restore("d", 12);
	restore("a", 13);
	assert_int_equal(hub.named, 1);
	assert_int_equal(hub.opened, 3);
	assert_int_equal(hub.spare_bytes, hub.held_bytes);
	assert_true(TAILQ_EMPTY(&hub.unused));
	assert_string_equal(TAILQ_FIRST(&hub.unread)->name, "d");
	restored(20, 10);
	assert_false(hub.waiting);
	assert_int_equal(hub.begun.ms, 20);
	leave(0);
	leave(2);
	leave(1);
	assert_int_equal(hub.named, 0);
	assert_int_equal(hub.channels, 3);
	assert_string_equal(TAILQ_FIRST(&hub.unused)->name, "c");
	assert_string_equal(shown(), "a11 d12 a13 ");
	assert_string_equal(now_told(), "");
}

static void
channels_beyond_what_may_be_stay_while_they_are_read(void **state)
{
	(void)state;
	hub_begin(&hub, (struct eventid){0, 0});
	hub.set.channels_max = 2;
	hub_wait(&hub);
	join(0, "a");
	join(1, "b");
	hub_begin(&hub, (struct eventid){10, 1});
	restore("a", 11);
	restore("b", 12);
	restore("c", 13);
	join(2, "d");
	restore("d", 14);
	restored(14, 10);
	assert_int_equal(hub.opened, 3);
	assert_string_equal(shown(), "a11 b12 d14 ");
	leave(0);
	leave(1);
	publish("e");
	assert_int_equal(hub.opened, 2);
	leave(2);
	assert_string_equal(now_told(), "-c:13 13 -a:13 -b:13 ");
}

/* The hub can go on, and the same can be tried again. */
static void
without_memory_nothing_is_restored(void **state)
{
	unsigned long nth;

	(void)state;
	restore_channel("a", 10);
	for (nth = 1; nth < 10; nth++) {
		allocation_fails(nth);
		if (try_to_restore("a", 10 + nth, 100, now) == HUB_NO_MEMORY) {
			assert_true(allocation_failed());
			allocation_fails(0);
			assert_int_equal(hub_bytes(&hub), 0);
			assert_int_equal(hub.held, 0);
			continue;
		}
		assert_false(allocation_failed());
		allocation_fails(0);
		break;
	}
	assert_int_equal(nth, 4); /* the event's two and the ring */
	allocation_fails(1);
	assert_int_equal(hub_restore_channel(&hub,
			     &(struct channel_facts){.name = "b",
				 .lost = {11, 1}}),
	    HUB_NO_MEMORY);
	allocation_fails(0);
	assert_null(hub_find(&hub, "b"));
	restored(14, 0);
	assert_string_equal(shown(), "a14 ");
}

static void
keeper_is_told_of_each_event_and_channel_that_goes(void **state)
{
	struct promise *p = NULL;

	(void)state;
	restored(10, 0);
	hub.set.channels_max = 2;
	hub.set.history = 2;
	hub.set.history_age = 10;
	publish("a");
	publish_batch("b", 3, 100);
	assert_string_equal(now_told(), "");
	(void)hub_trim(&hub);
	assert_string_equal(now_told(), "12 ");
	join(0, "c"); /* of channels that were only named it hears nothing */
	leave(0);
	assert_int_equal(try_to_prepare("a", 1, 10, &p), HUB_DONE);
	hub_break(&hub, p);
	assert_string_equal(now_told(), "");
	publish("d");
	assert_string_equal(now_told(), "-b:14 ");
	(void)hub_age(&hub);
	assert_string_equal(now_told(), "13 14 ");
	now += 10;
	(void)hub_age(&hub);
	assert_string_equal(now_told(), "11 16 ");
	publish("e");
	publish("f");
	assert_string_equal(now_told(), "-a:14 -d:16 ");
	served();
	hub.set.bytes_max = hub_bytes(&hub);
	publish("f");
	assert_string_equal(now_told(), "17 ");
	hub_kept_by(&hub, NULL, NULL, NULL);
	publish("g");
	now += 10;
	(void)hub_age(&hub);
	assert_int_equal(hub.held, 0);
	assert_string_equal(now_told(), "");
	hub_kept_by(&hub, &told, note_dropped, note_forgot);
	publish("f"); /* which is still held when the hub ends */
}

static enum hub_result
restore_end(const char *channel, uint64_t ms, bool erase)
{
	return hub_restore_end(&hub, channel, (struct eventid){ms, 1}, now - 7,
	    erase);
}

static void
channel_that_had_ended_is_restored_so(void **state)
{
	const struct channel *ch;

	(void)state;
	assert_int_equal(hub_restore_channel(&hub,
			     &(struct channel_facts){.name = "a",
				 .lost = {12, 1},
				 .deleted = true,
				 .origin = {11, 1},
				 .ended = {20, 1},
				 .ended_time = -5}),
	    HUB_DONE);
	restore("a", 17);
	restored(30, 16);
	ch = hub_find(&hub, "a");
	assert_int_equal(ch->origin.ms, 11);
	assert_int_equal(ch->lost.upto.ms, 12);
	assert_int_equal(ch->lost.reason, LOSS_DELETED);
	assert_int_equal(ch->ended.ms, 20);
	assert_true(ch->ended_time == -5);
	assert_string_equal(shown(), "a17 ");
	assert_int_equal(publish("a"), -HUB_ENDED);
	assert_ptr_equal(TAILQ_FIRST(&hub.unread), ch);
}

static void
event_of_several_channels_is_restored_to_each(void **state)
{
	(void)state;
	restore("a", 11);
	restore("b", 11);
	restore("a", 12);
	restored(12, 10);
	assert_string_equal(shown(), "a11 b11 a12 ");
	assert_int_equal(hub_find(&hub, "b")->origin.ms, 10);
}

static void
end_is_restored_where_it_was(void **state)
{
	const struct channel *ch;

	(void)state;
	restore("a", 11);
	restore("b", 12);
	assert_int_equal(restore_end("a", 13, false), HUB_DONE);
	assert_int_equal(hub.last.ms, 13);
	assert_int_equal(try_to_restore("a", 14, 100, now), HUB_ENDED);
	assert_int_equal(restore_end("a", 15, false), HUB_ENDED);
	assert_int_equal(restore_end("new", 16, false), HUB_DONE);
	restored(20, 10);
	ch = hub_find(&hub, "a");
	assert_int_equal(ch->ended.ms, 13);
	assert_true(ch->ended_time == now - 7);
	assert_string_equal(shown(), "a11 b12 ");
	assert_int_equal(publish("a"), -HUB_ENDED);
	assert_int_equal(publish("new"), -HUB_ENDED);
	assert_int_equal(publish("b"), 0);
	assert_ptr_equal(TAILQ_FIRST(&hub.unused), hub_find(&hub, "new"));
}

static void
what_was_erased_then_is_not_there(void **state)
{
	(void)state;
	restore("a", 11);
	restore("b", 12);
	restore("a", 13);
	assert_int_equal(restore_end("a", 14, true), HUB_DONE);
	assert_int_equal(restore_end("b", 15, false), HUB_DONE);
	assert_int_equal(restore_end("b", 16, true), HUB_DONE);
	assert_int_equal(hub.last.ms, 16);
	assert_string_equal(shown(), "");
	restored(16, 10);
	assert_string_equal(now_told(), "11 13 12 ");
	assert_int_equal(hub.held, 0);
	assert_int_equal(lost("a"), 13);
	assert_int_equal(hub_find(&hub, "a")->lost.reason, LOSS_DELETED);
	assert_int_equal(hub_find(&hub, "b")->ended.ms, 15);
	assert_ptr_equal(TAILQ_FIRST(&hub.unused), hub_find(&hub, "a"));
}

static void
who_waits_is_woken_where_an_end_is_restored(void **state)
{
	(void)state;
	hub_wait(&hub);
	join(0, "a");
	restore("a", 11);
	assert_int_equal(restore_end("a", 12, true), HUB_DONE);
	restored(12, 10);
	assert_int_equal(readers[0].wakes, 1);
	assert_int_equal(hub.named, 0);
	leave(0);
	assert_int_equal(hub.channels, 1);
}

static void
without_memory_no_end_is_restored(void **state)
{
	unsigned long nth;

	(void)state;
	restore("a", 11);
	for (nth = 1; nth <= 2; nth++) {
		allocation_fails(nth);
		assert_int_equal(restore_end("a", 12, true),
		    nth == 1 ? HUB_NO_MEMORY : HUB_DONE);
		allocation_fails(0);
		assert_string_equal(shown(), nth == 1 ? "a11 " : "");
	}
	allocation_fails(1);
	assert_int_equal(restore_end("b", 13, false), HUB_NO_MEMORY);
	allocation_fails(0);
	assert_null(hub_find(&hub, "b"));
	restored(13, 10);
	assert_string_equal(now_told(), "11 ");
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(restored_hub_goes_on_as_it_was),
	    TEST(restored_event_has_its_text),
	    TEST(nothing_is_lost_below_the_beginning_of_this_life),
	    TEST(histories_are_cut_as_they_are_restored),
	    TEST(restored_events_go_on_to_grow_old),
	    TEST(channel_that_holds_most_gives_first_of_what_is_restored),
	    TEST(event_that_does_not_fit_any_more_is_lost),
	    TEST(channels_beyond_what_may_be_are_forgotten),
	    TEST(readers_find_what_was_restored_and_no_more),
	    TEST(hub_is_restored_around_its_readers),
	    TEST(channels_beyond_what_may_be_stay_while_they_are_read),
	    TEST(without_memory_nothing_is_restored),
	    TEST(keeper_is_told_of_each_event_and_channel_that_goes),
	    TEST(channel_that_had_ended_is_restored_so),
	    TEST(event_of_several_channels_is_restored_to_each),
	    TEST(end_is_restored_where_it_was),
	    TEST(what_was_erased_then_is_not_there),
	    TEST(who_waits_is_woken_where_an_end_is_restored),
	    TEST(without_memory_no_end_is_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
