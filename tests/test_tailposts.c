/* SPDX-License-Identifier: ISC */
/*
 * What an entry may be beside an event of one channel, on its way through the
 * tail: of several channels, a snapshot, an end, an erasure, or one with a key;
 * live, and when it is there at the start.
 */
#include "tailtest.h"

/* An entry with these words, a millisecond later. */
static void
add_words(const char *words)
{
	key.ms++;
	(void)key_add_words(&key, words);
}

/* The channel has ended with that id; "": it has not. */
static void
check_end(const char *channel, const char *id)
{
	const struct channel *ch = hub_find(&one->hub, channel);

	assert_non_null(ch);
	if (*id == '\0')
		assert_false(channel_has_ended(ch));
	else
		assert_int_equal(eventid_compare(ch->ended, id_of(id)), 0);
}

static size_t
held(const char *channel)
{
	return channel_held(hub_find(&one->hub, channel));
}

/* Of what follows the test does the same live, and from a start. */
static void
comes_live(void)
{
	process_runs(one);
}

static void
is_there_at_the_start(void)
{
	begin_again();
	process_runs(one);
}

static void (*const comes[])(void) = {comes_live, is_there_at_the_start};

#define BOTH_WAYS(way) for (way = 0; way < LENGTH(comes); way++, begin_anew())

/* Another stream, and another process. */
static void
begin_anew(void)
{
	key_free(&key);
	key = (struct streamkey){.ms = 0};
	begin_again();
}

static void
event_of_several_channels_is_in_each(void **state)
{
	size_t way;

	(void)state;
	BOTH_WAYS(way)
	{
		happen("ab");
		process_runs(one);
		add_words("c a d x c b c c");
		happen("b");
		comes[way]();
		view_all("a");
		SHOWS("a1 x");
		viewer_closes(&viewer);
		view_all("b");
		SHOWS("b2 x b4");
		viewer_closes(&viewer);
		view_all("c");
		SHOWS("x");
		viewer_closes(&viewer);
		assert_int_equal(one->hub.held, 6);
		AT("4-0");
	}
}

/* Of what was there before the oldest nobody knows whose it was. */
static void
who_wants_all_is_told_what_may_be_lost(void **state)
{
	const struct position all = {.kind = POSITION_ALL};

	(void)state;
	happen("aab");
	key_trim(&key, 2);
	process_runs(one);
	happen("c");
	process_runs(one);
	viewer_opens(&viewer, one, "a", &all);
	SHOWS("[a 0-1-1048575] a2");
	viewer_closes(&viewer);
	viewer_opens(&viewer, one, "c", &all);
	SHOWS("c4");
	viewer_closes(&viewer);
}

static void
who_wants_all_has_all_where_nothing_was_trimmed(void **state)
{
	const struct position all = {.kind = POSITION_ALL};

	(void)state;
	process_runs(one); /* its note is the first */
	happen("ab");
	begin_again();
	process_runs(one);
	viewer_opens(&viewer, one, "a", &all);
	SHOWS("a1");
	viewer_closes(&viewer);
}

static void
nothing_comes_behind_an_end(void **state)
{
	size_t way;

	(void)state;
	BOTH_WAYS(way)
	{
		happen("ab");
		process_runs(one);
		add_words("c a e 1");
		happen("aba");
		add_words("c a e 1");
		add_words("c b c a d both");
		comes[way]();
		check_end("a", "3-0");
		check_end("b", "");
		view_all("ab");
		SHOWS("a1 b2 end-of-a b5");
		viewer_closes(&viewer);
		assert_int_equal(held("a"), 1);
		assert_int_equal(held("b"), 2);
		assert_int_equal(one->tail.skipped, 4);
		assert_int_equal(one->tail.losses, 0);
		AT("8-0");
	}
}

/* It may be the first that is heard of the channel. */
static void
end_may_be_all_that_there_is(void **state)
{
	size_t way;

	(void)state;
	BOTH_WAYS(way)
	{
		happen("b");
		process_runs(one);
		add_words("c a e 1");
		happen("a");
		comes[way]();
		check_end("a", "2-0");
		assert_int_equal(held("a"), 0);
	}
}

static void
what_is_erased_is_gone(void **state)
{
	const struct position from = {.kind = POSITION_AFTER, .id = {1, 0}};
	size_t way;

	(void)state;
	BOTH_WAYS(way)
	{
		happen("aab");
		add_words("c a c b d both");
		process_runs(one);
		add_words("c a e delete");
		add_words("c b e 1");
		add_words("c b e delete");
		happen("ab");
		comes[way]();
		check_end("a", "5-0");
		check_end("b", "6-0"); /* that stays what it was */
		viewer_opens(&viewer, one, "a", &from);
		SHOWS("[a 1-4] end-of-a");
		viewer_closes(&viewer);
		assert_int_equal(held("a"), 0);
		assert_int_equal(held("b"), 0);
		assert_int_equal(one->tail.skipped, 2);
	}
}

static void
snapshots_are_known(void **state)
{
	const struct channel *ch;
	size_t way;

	(void)state;
	BOTH_WAYS(way)
	{
		happen("a");
		process_runs(one);
		add_words("c a d whole s 1");
		happen("a");
		comes[way]();
		ch = hub_find(&one->hub, "a");
		assert_int_equal(channel_held(ch), 3);
		view("a");
		SHOWS("whole a3");
		viewer_closes(&viewer);
		assert_false(channel_entry(ch, ch->first)->snapshot);
		assert_true(channel_entry(ch, ch->first + 1)->snapshot);
		assert_false(channel_entry(ch, ch->first + 2)->snapshot);
	}
}

static void
same_key_counts_once(void **state)
{
	size_t way;

	(void)state;
	BOTH_WAYS(way)
	{
		add_words("c a d x k K");
		add_words("c a d y k K");
		process_runs(one);
		add_words("c a d z k K");
		add_words("c a d other k L");
		add_words("c b c a d of-b k K");
		add_words("c a c b d no k K"); /* it is the first channel's */
		comes[way]();
		view_all("ab");
		SHOWS("x other of-b");
		viewer_closes(&viewer);
		assert_int_equal(one->tail.repeated, 3);
		assert_int_equal(one->tail.skipped, 0);
		AT("6-0");
		key.ms += 99998;
		add_words("c a d no k K");
		process_runs(one);
		assert_int_equal(one->tail.repeated, 4);
		key.ms += 99999;
		add_words("c a d again k K");
		process_runs(one);
		assert_int_equal(one->tail.repeated, 4);
		assert_int_equal(held("a"), 4);
	}
}

/* A retry of all of it, of which nothing comes, and of less and more. */
static void
parts_of_a_key_count_once(void **state)
{
	(void)state;
	process_runs(one);
	view("a");
	key.ms++;
	key_add_parts(&key, "a", "K", 1, 3);
	key_add_parts(&key, "a", "K", 1, 3);
	key_add_parts(&key, "a", "K", 1, 1);
	key_add_parts(&key, "a", "K", 1, 4);
	process_runs(one);
	SHOWS("1 2 3 4");
	assert_int_equal(one->tail.repeated, 7);
	viewer_closes(&viewer);
}

/* Else a retry would be told that it was published. */
static void
key_behind_an_end_is_not_known(void **state)
{
	size_t way;

	(void)state;
	BOTH_WAYS(way)
	{
		add_words("c a e 1 k K");
		process_runs(one);
		add_words("c a d no k L");
		add_words("c a e 1 k K");
		comes[way]();
		check_end("a", "1-0");
		assert_int_equal(one->tail.skipped, 1);
		assert_int_equal(one->tail.repeated, 1);
		assert_null(repeats_find(&one->tail.repeats, "a", "L", 1, 3));
		assert_true(
		    repeats_find(&one->tail.repeats, "a", "K", 1, 3)->ends);
	}
}

/*
 * Like any other loss: all are told, and load anew what they show.  Here the
 * channel goes on then, until somebody ends it again.
 */
static void
end_that_is_lost_is_a_loss(void **state)
{
	(void)state;
	happen("aa");
	process_runs(one);
	view("a");
	fake_down(one->fake, false);
	add_words("c a e 1");
	happen("b");
	key_trim(&key, 1);
	process_runs(one);
	SHOWS("{a 2-3-1048575}");
	check_end("a", "");
	happen("a");
	process_runs(one);
	SHOWS("a5");
	add_words("c a e 1");
	process_runs(one);
	SHOWS("end-of-a");
	check_end("a", "6-0");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
}

/* Who knows of the end keeps it, whatever Redis has lost. */
static void
end_stays_what_it_is_when_redis_has_lost_it(void **state)
{
	(void)state;
	happen("a");
	add_words("c a e 1");
	process_runs(one);
	key_delete(&key);
	process_waits(one);
	process_waits(one);
	assert_int_equal(one->tail.losses, 1);
	check_end("a", "2-0");
	happen("a");
	process_runs(one);
	assert_int_equal(one->tail.skipped, 1);
	add_words("c a e delete"); /* that ends it for all, again */
	process_runs(one);
	check_end("a", "2-0");
	assert_int_equal(held("a"), 0);
}

/* An event that the hub cannot hold is lost to all of its channels. */
static void
event_of_several_channels_is_lost_to_all(void **state)
{
	char words[120];

	(void)state;
	one->hub.set.bytes_max = 600;
	process_runs(one);
	view("ab");
	(void)sprintf(words, "c a c b c c c d d %080d", 0);
	add_words(words);
	happen("a");
	process_runs(one);
	SHOWS("{a 0-1-1} {b 0-1-1} a2");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(event_of_several_channels_is_in_each),
	    TEST(who_wants_all_is_told_what_may_be_lost),
	    TEST(who_wants_all_has_all_where_nothing_was_trimmed),
	    TEST(nothing_comes_behind_an_end),
	    TEST(end_may_be_all_that_there_is),
	    TEST(what_is_erased_is_gone),
	    TEST(snapshots_are_known),
	    TEST(same_key_counts_once),
	    TEST(parts_of_a_key_count_once),
	    TEST(key_behind_an_end_is_not_known),
	    TEST(end_that_is_lost_is_a_loss),
	    TEST(end_stays_what_it_is_when_redis_has_lost_it),
	    TEST(event_of_several_channels_is_lost_to_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
