/* SPDX-License-Identifier: ISC */
/*
 * The hub alone: what it gives up when there is no more room, in which order,
 * and what it remembers of it.  Event k that is published has the id k-1.
 */
#include "test_hub.h"

static void
channel_is_made_by_its_first_use(void **state)
{
	(void)state;
	assert_null(hub_find(&hub, "a"));
	assert_int_equal(publish("a"), 0);
	assert_string_equal(hub_find(&hub, "a")->name, "a");
	join(0, "b");
	assert_int_equal(hub_find(&hub, "b")->reading, 1);
	assert_int_equal(hub.channels, 2);
	assert_int_equal(publish("a"), 0);
	assert_int_equal(publish("b"), 1);
	assert_int_equal(hub.channels, 2);
	assert_int_equal(hub.published, 3);
	assert_int_equal(hub.held, 3);
	assert_int_equal(hub.last.ms, 3);
	assert_string_equal(shown(), "a1 a2 b3 ");
	leave(0);
}

static void
many_channels_are_found_by_their_names(void **state)
{
	char name[20];
	int i;

	(void)state;
	hub.set.channels_max = 1000;
	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i * 7919 % 1000);
		assert_int_equal(publish(name), 0);
	}
	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i);
		assert_string_equal(hub_find(&hub, name)->name, name);
		assert_int_equal(channel_held(hub_find(&hub, name)), 1);
	}
	assert_null(hub_find(&hub, "c1000"));
	assert_null(hub_find(&hub, ""));
}

static void
channel_that_holds_most_gives_first(void **state)
{
	(void)state;
	publish("a");
	publish("b");
	publish("a");
	publish("c");
	hub.set.bytes_max = hub_bytes(&hub); /* four of them */
	served();
	publish("c");
	assert_string_equal(shown(), "b2 a3 c4 c5 ");
	assert_int_equal(lost("a"), 1);
	assert_int_equal(lost("b"), 0);
	served();
	publish_batch("b", 2, 100); /* of those that hold as much, the oldest */
	assert_string_equal(shown(), "a3 c5 b6 b7 ");
	assert_int_equal(lost("c"), 4);
	assert_int_equal(lost("b"), 2);
	assert_int_equal(hub_bytes(&hub), hub.set.bytes_max);
	served();
	publish_batch("a", 1, 300); /* one that needs the room of several */
	assert_string_equal(shown(), "c5 b7 a8 ");
	assert_int_equal(lost("b"), 6);
}

static void
noisy_channel_takes_nothing_from_a_quiet_one(void **state)
{
	int i;

	(void)state;
	publish("quiet");
	publish("quiet");
	for (i = 0; i < 10; i++)
		publish("noisy");
	hub.set.bytes_max = hub_bytes(&hub);
	for (i = 0; i < 1000; i++) {
		served();
		assert_int_equal(publish("noisy"), 0);
		assert_int_equal(channel_held(hub_find(&hub, "quiet")), 2);
		/* Its ids grow longer. */
		assert_in_range(channel_held(hub_find(&hub, "noisy")), 9, 10);
	}
	assert_int_equal(lost("quiet"), 0);
}

/* It is refused, and nothing is dropped for it. */
static void
what_can_never_fit_is_too_large(void **state)
{
	(void)state;
	publish("b");
	hub.set.bytes_max = hub_bytes(&hub);
	served();
	assert_int_equal(publish_batch("a", 1, 4000), -HUB_TOO_LARGE);
	assert_int_equal(publish_batch("a", 60, 100), -HUB_TOO_LARGE);
	assert_string_equal(shown(), "b1 ");
	assert_null(hub_find(&hub, "a"));
	assert_int_equal(hub.last.ms, 1);
	assert_int_equal(hub_bytes(&hub), hub.set.bytes_max);
}

static void
nothing_is_dropped_before_its_readers_were_served(void **state)
{
	(void)state;
	join(0, "a");
	publish("b");
	publish_batch("a", 3, 100);
	hub.set.bytes_max = hub_bytes(&hub);
	assert_int_equal(publish("a"), -HUB_NO_ROOM);
	assert_int_equal(publish("c"), -HUB_NO_ROOM);
	assert_string_equal(shown(), "b1 a2 a3 a4 ");
	assert_null(hub_find(&hub, "c"));
	hub_wake(&hub);
	hub_serving(&hub);
	assert_int_equal(publish("a"), -HUB_NO_ROOM);
	hub_served(&hub);
	assert_int_equal(publish("a"), 1);
	assert_string_equal(shown(), "b1 a3 a4 a5 ");
	/* What came while the others were written to is not served yet. */
	hub_serving(&hub);
	assert_int_equal(publish("c"), 0);
	assert_string_equal(shown(), "b1 a4 a5 c6 ");
	hub_served(&hub);
	assert_int_equal(publish_batch("c", 3, 100), 0);
	assert_string_equal(shown(), "c6 c7 c8 c9 ");
	assert_int_equal(publish("b"), -HUB_NO_ROOM);
	served();
	assert_int_equal(publish("b"), 0);
	leave(0);
}

static void
nobody_is_asked_to_give_up_what_is_held_anyway(void **state)
{
	(void)state;
	publish("a");
	newest_is_slow(); /* and held: it costs nothing more */
	publish("a");
	newest_is_slow();
	hub.set.bytes_max = hub_bytes(&hub);
	hub.set.history = 1;
	served();
	assert_int_equal(slow.asked, 0);
	assert_int_equal(hub_bytes(&hub), hub.held_bytes);
	publish("b");
	/* a1 is dropped, and only now it is in the way of b3. */
	assert_int_equal(slow.asked, 1);
	assert_int_equal(slow.n, 1);
	assert_string_equal(shown(), "a2 b3 ");
}

static void
what_is_written_but_not_held_any_more_goes_first(void **state)
{
	(void)state;
	publish("a");
	newest_is_slow();
	publish("a");
	hub.set.bytes_max = hub_bytes(&hub) + 1000;
	hub.set.history = 1;
	hub_trim(&hub);
	assert_string_equal(shown(), "a2 ");
	assert_true(hub_bytes(&hub) > hub.held_bytes);
	assert_int_equal(slow.asked, 0); /* there is room */
	hub.set.bytes_max = hub_bytes(&hub);
	served();
	publish_batch("b", 1, 1);
	assert_int_equal(slow.asked, 1);
	assert_int_equal(slow.held_when_asked, 1); /* before any is dropped */
	assert_string_equal(shown(), "a2 b3 ");
	assert_int_equal(hub_bytes(&hub), hub.held_bytes);
}

static void
where_nobody_gives_anything_up_what_is_held_goes(void **state)
{
	struct event *kept;

	(void)state;
	publish("a");
	kept = event_ref(newest_event(&hub));
	publish("a");
	publish("a");
	hub.set.bytes_max = hub_bytes(&hub);
	hub.set.history = 2;
	hub_trim(&hub);
	served();
	publish("b");
	assert_int_equal(slow.asked, 1);
	assert_string_equal(shown(), "a3 b4 ");
	served();
	assert_int_equal(publish_batch("b", 2, 100), 0);
	assert_string_equal(shown(), "b5 b6 "); /* and it ends all the same */
	assert_int_equal(hub_bytes(&hub), hub.held_bytes + event_cost(kept));
	assert_memory_equal(kept->bytes, "data: x", 7);
	assert_memory_equal(kept->bytes + kept->len - 10, "\nid: 1-1\n\n", 10);
	event_unref(kept);
	assert_int_equal(hub_bytes(&hub), hub.held_bytes);
}

static void
events_are_held_for_their_age_and_no_longer(void **state)
{
	(void)state;
	hub.set.history_age = 10;
	publish("a");
	now += 5;
	publish("b");
	publish("a");
	now += 4.9;
	hub_age(&hub);
	assert_string_equal(shown(), "a1 b2 a3 ");
	now += 0.125;
	hub_age(&hub);
	assert_string_equal(shown(), "b2 a3 ");
	assert_int_equal(lost("a"), 1);
	assert_int_equal(lost("b"), 0);
	now += 1000;
	change_age(&hub, 0); /* no limit */
	hub_age(&hub);
	assert_string_equal(shown(), "b2 a3 ");
	change_age(&hub, 10);
	hub_age(&hub);
	assert_string_equal(shown(), "");
	assert_int_equal(lost("a"), 3);
	hub_age(&hub);
}

static void
history_is_cut_only_at_the_end_of_the_turn(void **state)
{
	(void)state;
	hub.set.history = 2;
	publish_batch("a", 5, 10);
	publish("b");
	publish("a");
	assert_string_equal(shown(), "a1 a2 a3 a4 a5 b6 a7 ");
	hub_wake(&hub);
	assert_int_equal(hub.held, 7);
	hub_trim(&hub);
	assert_string_equal(shown(), "a5 b6 a7 ");
	assert_int_equal(lost("a"), 4);
	assert_int_equal(lost("b"), 0);
	hub_trim(&hub);
	assert_string_equal(shown(), "a5 b6 a7 ");
}

static void
readers_of_what_was_published_are_woken_once_a_turn(void **state)
{
	(void)state;
	join(0, "a");
	join(1, "b");
	join(2, "a");
	join(3, "c");
	assert_int_equal(publish("a"), 2);
	assert_int_equal(publish_batch("a", 3, 10), 2);
	assert_int_equal(publish("b"), 1);
	assert_int_equal(readers[0].wakes, 0); /* not before the end of it */
	hub_wake(&hub);
	hub_trim(&hub);
	assert_int_equal(readers[0].wakes, 1);
	assert_int_equal(readers[1].wakes, 1);
	assert_int_equal(readers[2].wakes, 1);
	assert_int_equal(readers[3].wakes, 0);
	hub_wake(&hub);
	assert_int_equal(readers[0].wakes, 1);
	leave(0);
	publish("a");
	hub_wake(&hub);
	assert_int_equal(readers[0].wakes, 1);
	assert_int_equal(readers[2].wakes, 2);
	hub_trim(&hub);
	leave(1);
	leave(2);
	leave(3);
}

static void
channels_that_hold_nothing_are_forgotten_first(void **state)
{
	(void)state;
	hub.set.channels_max = 4;
	hub.set.history_age = 10;
	publish("empty1");
	publish("empty2");
	now += 10;
	hub_age(&hub);
	publish("unread");
	publish("read");
	join(0, "read");
	publish("new1");
	assert_int_equal(lost("empty1"), -1); /* the older of the two */
	assert_int_equal(lost("empty2"), 2);
	publish("new2");
	assert_int_equal(lost("empty2"), -1);
	assert_string_equal(shown(), "unread3 read4 new15 new26 ");
	publish("new3"); /* now the one whose last event is the oldest */
	assert_int_equal(lost("unread"), -1);
	assert_string_equal(shown(), "read4 new15 new26 new37 ");
	assert_int_equal(hub.channels, 4);
	leave(0);
}

/* Whatever names they invent, and however many. */
static void
readers_take_nothing_from_anybody(void **state)
{
	struct cursor cu;
	char name[20];
	size_t i;

	(void)state;
	hub.set.channels_max = 4;
	for (i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "held%zu", i);
		publish(name);
	}
	for (i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "invented%zu", i);
		join(i, name);
	}
	assert_int_equal(hub_join(&hub, &cu, "invented4", &readers[4].sub),
	    HUB_NO_CHANNEL);
	assert_null(hub_find(&hub, "invented4"));
	assert_string_equal(shown(), "held01 held12 held23 held34 ");
	join(4, "held2"); /* which is there */
	/* And there is room to publish as if they were not there. */
	assert_int_equal(publish("new"), 0);
	assert_string_equal(shown(), "held12 held23 held34 new5 ");
	assert_int_equal(publish("invented1"), 1);
	assert_string_equal(shown(), "held23 held34 new5 invented16 ");
	assert_int_equal(hub.named, 3);
	for (i = 0; i < 5; i++)
		leave(i);
	assert_int_equal(hub.named, 0);
	assert_int_equal(hub.channels, 4);
	assert_null(hub_find(&hub, "invented0")); /* it held nothing ever */
}

/* Not the one that was made first. */
static void
unread_channel_with_the_oldest_last_event_is_forgotten(void **state)
{
	(void)state;
	hub.set.channels_max = 3;
	publish("a");
	publish("b");
	publish("c");
	publish("a");
	publish("d");
	assert_string_equal(shown(), "a1 c3 a4 d5 ");
	publish("e");
	assert_string_equal(shown(), "a1 a4 d5 e6 ");
	publish("f");
	assert_string_equal(shown(), "d5 e6 f7 ");
	assert_int_equal(hub.forgotten.upto.ms, 4);
}

/* It has only just become empty; the other has been so for longer. */
static void
channel_that_was_emptied_is_unused(void **state)
{
	(void)state;
	hub.set.channels_max = 3;
	hub.set.history_age = 10;
	publish("b");
	now += 5;
	publish("a");
	now += 5;
	hub_age(&hub);
	now += 5;
	hub_age(&hub);
	publish("c");
	publish("d");
	assert_int_equal(lost("b"), -1);
	assert_int_equal(lost("a"), 2);
	publish("e");
	assert_int_equal(lost("a"), -1);
	assert_string_equal(shown(), "c3 d4 e5 ");
}

static void
where_all_channels_are_read_there_is_no_room_for_another(void **state)
{
	size_t bytes;

	(void)state;
	hub.set.channels_max = 2;
	join(0, "a");
	join(1, "b");
	publish("a");
	publish("b");
	bytes = hub_bytes(&hub);
	assert_int_equal(publish("c"), -HUB_NO_CHANNEL);
	assert_int_equal(publish_batch("c", 5, 10), -HUB_NO_CHANNEL);
	join(2, "c"); /* to read it is another thing */
	assert_int_equal(publish("c"), -HUB_NO_CHANNEL);
	assert_int_equal(hub_bytes(&hub), bytes);
	assert_int_equal(hub.last.ms, 2);
	assert_int_equal(hub.published, 2);
	assert_int_equal(publish("a"), 1);
	leave(1);
	assert_int_equal(publish("c"), 1); /* in the place of b */
	assert_null(hub_find(&hub, "b"));
	leave(0);
	leave(2);
}

static void
new_channel_has_lost_what_is_forgotten(void **state)
{
	(void)state;
	hub.set.channels_max = 2;
	assert_int_equal(hub.forgotten.upto.ms, 0);
	publish("a");
	publish("a");
	publish("b");
	publish("b");
	publish("b");
	assert_int_equal(lost("a"), 0);
	publish("c"); /* a goes, and with it a1 and a2 */
	assert_int_equal(hub.forgotten.upto.ms, 2);
	assert_int_equal(lost("c"), 0); /* which a1 and a2 were never of */
	assert_int_equal(lost("b"), 0);
	assert_string_equal(shown(), "b3 b4 b5 c6 ");
	publish("a"); /* b goes; a comes back */
	assert_int_equal(hub.forgotten.upto.ms, 5);
	assert_int_equal(lost("a"), 2);
	assert_int_equal(lost("c"), 0);
	publish("d"); /* c goes: what is forgotten does not grow less */
	publish("e"); /* a goes */
	assert_int_equal(hub.forgotten.upto.ms, 7);
}

/* One that was read all the time has lost less than those that were not. */
static void
what_is_forgotten_never_grows_less(void **state)
{
	(void)state;
	hub.set.channels_max = 2;
	hub.set.history_age = 10;
	publish("read");
	join(0, "read");
	publish("a");
	publish("b");
	publish("c");
	assert_int_equal(hub.forgotten.upto.ms, 3);
	now += 10;
	hub_age(&hub);
	leave(0);
	assert_int_equal(lost("read"), 1);
	publish(
	    "d"); /* in the place of c or of read, both of which are empty */
	publish("e");
	assert_int_equal(lost("read"), -1);
	assert_int_equal(hub.forgotten.upto.ms, 4);
}

/* What is dropped of a forgotten channel takes several turns, if it is much. */
static void
work_of_a_turn_is_bounded(void **state)
{
	unsigned turns;
	size_t held;
	int i;

	(void)state;
	hub.set.history = 1000000;
	hub.set.bytes_max = 1 << 30;
	for (i = 0; i < 1000; i++)
		publish_batch("a", 60, 1);
	hub_wake(&hub);
	assert_false(hub_trim(&hub));
	publish("a");
	hub.set.history = 10;
	for (turns = 1, held = hub.held; hub_trim(&hub); turns++) {
		assert_in_range(held - hub.held, 1000, 5000);
		held = hub.held;
	}
	assert_in_range(turns, 10, 100);
	assert_int_equal(hub.held, 10);
	hub.set.history = 1000000;
	for (i = 0; i < 1000; i++)
		publish_batch("a", 60, 1);
	hub.set.channels_max = 1;
	publish("b"); /* a is forgotten at once, and dropped by and by */
	assert_string_equal(shown(), "b120002 ");
	assert_null(hub_find(&hub, "a"));
	assert_int_equal(hub.held, 60011);
	for (turns = 1; hub_age(&hub); turns++)
		continue;
	assert_in_range(turns, 10, 100);
	assert_int_equal(hub.held, 1);
	hub.set.channels_max = 2;
	for (i = 0; i < 1000; i++)
		publish_batch("a", 60, 1);
	change_age(&hub, 1);
	now += 10;
	for (turns = 1; hub_age(&hub); turns++)
		continue;
	assert_in_range(turns, 10, 100);
	assert_int_equal(hub.held, 0);
}

/* However many are forgotten before what they held is dropped. */
static void
any_number_of_channels_may_be_forgotten_at_once(void **state)
{
	size_t n = 1000, i;
	char name[20];

	(void)state;
	hub.set.channels_max = 2;
	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%zu-", i);
		assert_int_equal(publish(name), 0);
	}
	assert_string_equal(shown(), "998-999 999-1000 ");
	assert_int_equal(hub.held, n);
	served();
	assert_int_equal(hub.spare_bytes, hub.held_bytes);
	hub.set.bytes_max = hub_bytes(&hub);
	publish("c"); /* what is forgotten goes first */
	assert_string_equal(shown(), "999-1000 c1001 ");
	assert_in_range(hub.held, n - 1, n); /* ids grow longer */
	(void)hub_age(&hub);
	assert_string_equal(shown(), "999-1000 c1001 ");
	assert_int_equal(hub.held, 2);
	hub.set.bytes_max = hub_bytes(&hub);
	served();
	publish("c");
	assert_string_equal(shown(), "c1001 c1002 ");
}

static void
loss_is_all_channels_that_there_are_and_will_be(void **state)
{
	(void)state;
	publish("a");
	join(0, "a");
	join(1, "b");
	hub_lost(&hub, (struct loss){{7, 1}, LOSS_SOURCE});
	assert_int_equal(readers[0].wakes, 1);
	assert_int_equal(readers[1].wakes, 1);
	assert_int_equal(lost("a"), 0); /* a1 is still to be had before that */
	assert_int_equal(channel_loss(hub_find(&hub, "a")).upto.ms, 7);
	assert_int_equal(lost("b"), 7);
	assert_int_equal(hub_find(&hub, "b")->lost.reason, LOSS_SOURCE);
	assert_int_equal(hub.last.ms, 7);
	published = 7;
	publish("new");
	assert_int_equal(lost("new"), 7);
	assert_int_equal(hub_find(&hub, "new")->lost.reason, LOSS_SOURCE);
	hub.set.history = 1;
	publish("a");
	publish("a");
	hub_trim(&hub); /* a1 is lost too, but nothing above 7 yet */
	assert_int_equal(lost("a"), 9);
	assert_int_equal(hub_find(&hub, "a")->lost.reason, LOSS_OVERFLOW);
	leave(0);
	leave(1);
}

static void
lose(const char *channel)
{
	hub_lose(&hub, channel, (struct loss){{++published, 1}, LOSS_SOURCE});
}

static void
one_channel_s_loss_wakes_its_readers_alone(void **state)
{
	(void)state;
	publish("a");
	join(0, "a");
	join(1, "b");
	lose("a");
	assert_int_equal(readers[0].wakes, 1);
	assert_int_equal(readers[1].wakes, 0);
	assert_int_equal(lost("b"), 0);
	assert_int_equal(hub.last.ms, 2);
	assert_int_equal(hub.forgotten.upto.ms, 0);
	lose("b"); /* which goes with its reader */
	leave(1);
	assert_int_equal(hub.forgotten.upto.ms, 3);
	lose("new");
	assert_null(hub_find(&hub, "new"));
	publish("new");
	assert_int_equal(lost("new"), 4);
	leave(0);
}

/* The channel's last loss is above its last event. */
static void
forgotten_channel_s_losses_are_forgotten_too(void **state)
{
	(void)state;
	hub.set.channels_max = 1;
	publish("a");
	lose("a");
	publish("b");
	assert_int_equal(hub.forgotten.upto.ms, 2);
	assert_int_equal(hub.forgotten.reason, LOSS_SOURCE);
}

static void
without_memory_the_oldest_event_gives_way_to_a_loss(void **state)
{
	(void)state;
	publish("a");
	publish("b");
	publish("a");
	allocation_fails(1);
	lose("a");
	assert_true(allocation_failed());
	allocation_fails(0);
	assert_string_equal(shown(), "b2 a3 ");
	assert_int_equal(lost("a"), 1);
	assert_int_equal(channel_loss(hub_find(&hub, "a")).upto.ms, 4);
}

static void
channel_is_forgotten_and_made_again_within_a_turn(void **state)
{
	(void)state;
	hub.set.channels_max = 1;
	publish("a");
	publish("b");
	publish("a");
	publish("a");
	hub.set.history = 1;
	hub_wake(&hub);
	hub_trim(&hub);
	assert_string_equal(shown(), "a4 ");
	assert_true(STAILQ_EMPTY(&hub.touched));
	assert_int_equal(lost("a"), 3);
}

static void
readers_come_and_go_and_the_channel_stays(void **state)
{
	(void)state;
	join(0, "a");
	publish("a");
	leave(0);
	join(0, "a");
	join(1, "a");
	leave(0);
	assert_int_equal(hub_find(&hub, "a")->reading, 1);
	assert_string_equal(shown(), "a1 ");
	assert_true(TAILQ_EMPTY(&hub.unread));
	leave(1);
	assert_ptr_equal(TAILQ_FIRST(&hub.unread), hub_find(&hub, "a"));
	assert_true(TAILQ_EMPTY(&hub.unused));
}

/* The channels and events that there are must be those of before. */
static void
check_unchanged(const char *held, size_t bytes)
{
	assert_string_equal(shown(), held);
	assert_int_equal(hub_bytes(&hub), bytes);
	assert_int_equal(hub_bytes(&hub), hub.held_bytes);
	assert_int_equal(hub.published, 2);
	assert_int_equal(hub.last.ms, 2);
	assert_true(STAILQ_EMPTY(&hub.touched));
}

/* Publishes where the nth allocation fails; returns whether it came to it. */
static bool
publish_without_memory(const char *channel, size_t n, unsigned long nth)
{
	size_t bytes;
	bool failed;

	(void)set_up(NULL);
	publish("a");
	publish("b");
	hub_trim(&hub);
	bytes = hub_bytes(&hub);
	allocation_fails(nth);
	failed = publish_batch(channel, n, 50) == -HUB_NO_MEMORY;
	assert_int_equal(failed, allocation_failed());
	allocation_fails(0);
	if (failed) { /* and then it goes as if nothing had been */
		check_unchanged("a1 b2 ", bytes);
		assert_int_equal(publish_batch(channel, n, 50), 0);
	}
	assert_int_equal(hub.held, 2 + n);
	(void)tear_down(NULL);
	return failed;
}

static void
batch_is_published_whole_or_not_at_all(void **state)
{
	unsigned long nth;
	size_t n;

	(void)state;
	for (n = 1; n <= 9; n += 4) {
		for (nth = 1; publish_without_memory("a", n, nth); nth++)
			continue;
		/* The promise, two for each event, and a larger ring. */
		assert_int_equal(nth - 1, 1 + 2 * n + (n > 3));
		for (nth = 1; publish_without_memory("new", n, nth); nth++)
			continue;
		/* The channel and its ring. */
		assert_int_equal(nth - 1, 1 + 2 * n + 2);
	}
}

static void
reader_joins_or_nothing_has_changed(void **state)
{
	unsigned long nth;
	struct cursor cu;
	enum hub_result result = HUB_NO_MEMORY;

	(void)state;
	publish("a");
	for (nth = 1; result != HUB_DONE; nth++) {
		allocation_fails(nth);
		result = hub_join(&hub, &cu, "new", &readers[0].sub);
		if (result == HUB_DONE)
			break;
		assert_int_equal(result, HUB_NO_MEMORY);
		assert_null(hub_find(&hub, "new"));
		assert_int_equal(hub.channels, 1);
	}
	assert_int_equal(nth, 2);
	hub_leave(&hub, &cu);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(channel_is_made_by_its_first_use),
	    TEST(many_channels_are_found_by_their_names),
	    TEST(channel_that_holds_most_gives_first),
	    TEST(noisy_channel_takes_nothing_from_a_quiet_one),
	    TEST(what_can_never_fit_is_too_large),
	    TEST(nothing_is_dropped_before_its_readers_were_served),
	    TEST(work_of_a_turn_is_bounded),
	    TEST(any_number_of_channels_may_be_forgotten_at_once),
	    TEST(readers_take_nothing_from_anybody),
	    TEST(loss_is_all_channels_that_there_are_and_will_be),
	    TEST(one_channel_s_loss_wakes_its_readers_alone),
	    TEST(forgotten_channel_s_losses_are_forgotten_too),
	    TEST(without_memory_the_oldest_event_gives_way_to_a_loss),
	    TEST(nobody_is_asked_to_give_up_what_is_held_anyway),
	    TEST(what_is_written_but_not_held_any_more_goes_first),
	    TEST(where_nobody_gives_anything_up_what_is_held_goes),
	    TEST(events_are_held_for_their_age_and_no_longer),
	    TEST(history_is_cut_only_at_the_end_of_the_turn),
	    TEST(readers_of_what_was_published_are_woken_once_a_turn),
	    TEST(channels_that_hold_nothing_are_forgotten_first),
	    TEST(unread_channel_with_the_oldest_last_event_is_forgotten),
	    TEST(channel_that_was_emptied_is_unused),
	    TEST(where_all_channels_are_read_there_is_no_room_for_another),
	    TEST(new_channel_has_lost_what_is_forgotten),
	    TEST(what_is_forgotten_never_grows_less),
	    TEST(channel_is_forgotten_and_made_again_within_a_turn),
	    TEST(readers_come_and_go_and_the_channel_stays),
	    cmocka_unit_test(batch_is_published_whole_or_not_at_all),
	    TEST(reader_joins_or_nothing_has_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
