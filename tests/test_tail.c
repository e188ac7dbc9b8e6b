/* SPDX-License-Identifier: ISC */
/*
 * The tail with a stream that the test trims, deletes and exchanges: what is
 * read from it at the start, what comes then, and what readers are told of
 * what is missing.
 */
#include "allocation.h"
#include "tailtest.h"

#include "engine/tail_inner.h"

/* What was said of the ids that were waited for, a letter each, in order. */
static char said[100];

#define PLACE(id, is) assert_int_equal(tail_place(&one->tail, id_of(id)), is)
#define LAST(text)    assert_string_equal(one->fake->last, text)

/* An entry that is none of ours: one field. */
static void
add(const char *name, const char *value, size_t len)
{
	struct text_bytes f = {0};

	key.ms++;
	put_line(&f, '*', 2);
	put_bulk(&f, name);
	put_bulk_of(&f, value, len);
	assert_true(key_add(&key, key_next(&key), f));
}

static void
add_large(void)
{
	static char data[2 * REPLY_MAX];

	memset(data, 'x', sizeof(data));
	add("d", data, sizeof(data));
}

static void
empty_stream_gets_a_note_to_hold_on_to(void **state)
{
	(void)state;
	view("a");
	process_runs(one);
	assert_int_equal(ready, 1);
	AT("0-1");
	assert_int_equal(key.n, 1);
	happen("ab");
	process_runs(one);
	SHOWS("a1");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* Nor where they have the same id: nobody takes another's for his own. */
static void
no_note_is_like_another(void **state)
{
	struct text_bytes first;

	(void)state;
	process_runs(one);
	first = key.entry[0].fields;
	key.entry[0].fields = (struct text_bytes){0};
	AT("0-1");
	process_ends(one);
	key_delete(&key);
	process_begins(one, &setup);
	process_runs(one);
	AT("0-1");
	assert_int_equal(key.n, 1);
	assert_true(first.len != key.entry[0].fields.len ||
		    memcmp(first.p, key.entry[0].fields.p, first.len) != 0);
	free(first.p);
}

/* Somebody publishes between the two questions: that is read, not lost. */
static void
stream_that_begins_meanwhile_is_read_from_its_beginning(void **state)
{
	(void)state;
	view("a");
	fake_up(one->fake);
	while (!is_loaded(&one->tail))
		process_runs_once(one);
	happen("aa");
	process_runs(one);
	SHOWS("a1 a2");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* Without the right to write: then there is nothing to hold on to. */
static void
stream_without_a_note_is_read_all_the_same(void **state)
{
	(void)state;
	key.refuses = "NOPERM this user has no permissions";
	view("a");
	process_runs(one);
	AT("0-0");
	process_waits(one);
	happen("aa");
	process_runs(one);
	SHOWS("a1 a2");
	AT("2-0");
	viewer_closes(&viewer);
}

static void
what_was_trimmed_before_is_below_the_base(void **state)
{
	(void)state;
	happen("aaa");
	key_trim(&key, 0);
	process_runs(one);
	AT("3-0");
	assert_int_equal(one->hub.base.ms, 3);
	process_waits(one);
	LAST("XADD k 3-1 n here");
	happen("a");
	view("a");
	process_runs(one);
	SHOWS("a4");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

static void
newest_entries_are_there_at_the_start(void **state)
{
	(void)state;
	happen("abcab");
	key.ms += 2000; /* a while later */
	view("ab");
	process_runs(one);
	assert_int_equal(ready, 1);
	assert_int_equal(one->hub.held, 5);
	assert_int_equal(one->hub.published, 0);
	SHOWS("");
	viewer_closes(&viewer);
	view_all("ab");
	SHOWS("a1 b2 a4 b5");
	happen("a");
	process_runs(one);
	SHOWS("a2006");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

static void
many_pages_are_put_together(void **state)
{
	const struct position from = {.kind = POSITION_AFTER, .id = {2990, 0}};
	size_t i;

	(void)state;
	one->hub.set.history = 3000;
	for (i = 0; i < 3000; i++)
		happen("a");
	process_runs(one);
	assert_int_equal(one->hub.held, 3000);
	assert_int_equal(one->hub.base.ms, 0);
	viewer_opens(&viewer, one, "a", &from);
	SHOWS("a2991 a2992 a2993 a2994 a2995 a2996 a2997 a2998 a2999 a3000");
	viewer_closes(&viewer);
}

/* More than are restored in one turn. */
static void
start_gives_each_turn_its_share(void **state)
{
	size_t i;

	(void)state;
	one->hub.set.history = 10000;
	one->hub.set.bytes_max = 1 << 24;
	for (i = 0; i < 9000; i++)
		happen("a");
	while (one->hub.held == 0)
		process_runs_once(one);
	assert_int_equal(one->hub.held, 4096);
	assert_int_equal(tail_place(&one->tail, id_of("1-0")), PLACE_NOT_YET);
	process_runs(one);
	assert_int_equal(one->hub.held, 9000);
	assert_int_equal(ready, 1);
}

static void
no_more_is_loaded_than_the_budgets_hold(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 1500; i++)
		happen("a");
	setup.entries = 700;
	begin_again();
	process_runs(one);
	assert_int_equal(one->hub.held, 700);
	assert_int_equal(one->hub.base.ms, 800);
	setup.entries = 100000;
	setup.age = 0.1;
	begin_again();
	process_runs(one);
	assert_int_equal(one->hub.held, 100);
	AT("1500-0");
	setup.age = 0;
	begin_again();
	one->hub.set.bytes_max = 20000;
	process_runs(one);
	assert_in_range(one->hub.held, 80, 200); /* by the size of pointers */
	assert_in_range(hub_bytes(&one->hub), 19700, 20000);
	assert_int_equal(one->hub.base.ms, 1500 - one->hub.held);
}

/* By Redis' clock, whatever ours says. */
static void
loaded_events_are_as_old_as_they_are(void **state)
{
	(void)state;
	key.ms = 1000000;
	happen("aa");
	key.ms += 30000;
	happen("a");
	one->hub.set.history_age = 40;
	process_runs(one);
	assert_int_equal(one->hub.held, 3);
	now += 10.1;
	(void)hub_age(&one->hub);
	assert_int_equal(one->hub.held, 1);
}

static void
nothing_is_young_enough(void **state)
{
	(void)state;
	happen("aaa");
	key.ms = 1000000;
	setup.age = 60;
	begin_again();
	process_runs(one);
	AT("3-0");
	assert_int_equal(one->hub.held, 0);
	assert_int_equal(one->hub.base.ms, 3);
	view("a");
	happen("a");
	process_runs(one);
	SHOWS("a1000001");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* At any point, also between two pages. */
static void
connection_that_ends_while_loading_begins_anew(void **state)
{
	size_t cut, i;

	(void)state;
	for (i = 0; i < 1200; i++)
		happen("a");
	one->hub.set.history = 2000;
	for (cut = 0; cut < 60000; cut += 5000) {
		fake_up(one->fake);
		for (i = 0; i < 10 && !is_loaded(&one->tail); i++) {
			fake_serve(one->fake);
			(void)fake_feed(one->fake, cut / 10, 1000);
		}
		assert_false(is_loaded(&one->tail));
		fake_down(one->fake, false);
	}
	happen("a");
	process_runs(one);
	assert_int_equal(one->hub.held, 1201);
	view_all("a");
	assert_memory_equal(viewer_shows(&viewer), "a1 a2 a3 ", 9);
	viewer_closes(&viewer);
}

static void
what_is_published_is_read(void **state)
{
	size_t i;

	(void)state;
	process_runs(one);
	view("ab");
	happen("aab");
	process_runs(one);
	SHOWS("a1 a2 b3");
	for (i = 0; i < 1000; i++)
		happen("c");
	happen("b");
	process_runs(one);
	SHOWS("b1004");
	assert_int_equal(one->tail.entries, 1004 + 0);
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* Whatever was trimmed, it was read. */
static void
trimming_behind_us_is_no_loss(void **state)
{
	(void)state;
	happen("aaa");
	process_runs(one);
	view("a");
	key_trim(&key, 1);
	process_waits(one);
	happen("aa");
	process_runs(one);
	key_trim(&key, 1);
	process_waits(one);
	happen("a");
	process_runs(one);
	SHOWS("a4 a5 a6");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* Away for longer than the stream goes back. */
static void
what_was_trimmed_before_it_was_read_is_lost(void **state)
{
	(void)state;
	happen("ab");
	process_runs(one);
	view("ab");
	fake_down(one->fake, false);
	happen("aaaaab");
	key_trim(&key, 2);
	process_runs(one);
	SHOWS("{a 2-6-1048575} {b 2-6-1048575} a7 b8");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
}

/*
 * What all of it is for a page that comes now.  A channel that is first heard
 * of behind a loss may have begun in what is lost; but not one that begins when
 * all was read that was there.
 */
static void
view_from_its_beginning(const char *channel)
{
	const struct position at = {.kind = POSITION_ALL};

	viewer_closes(&viewer);
	viewer_opens(&viewer, one, channel, &at);
}

/* It has read a and b, and of what happens while it is away only the end. */
static void
misses_the_first_of(const char *channels)
{
	happen("ab");
	process_runs(one);
	fake_down(one->fake, false);
	happen(channels);
	key_trim(&key, 3);
	process_runs(one);
}

static void
what_is_lost_may_be_a_beginning(void **state)
{
	(void)state;
	misses_the_first_of("cccab");
	view_from_its_beginning("c");
	SHOWS("{c 0-1048575-4-1048575} c5");
	view_from_its_beginning("a");
	SHOWS("[a 0-0-1048575] a1 {a 1-4-1048575} a6");
	happen("dd");
	process_runs(one);
	view_from_its_beginning("d");
	SHOWS("d8 d9");
	viewer_closes(&viewer);
}

/* Behind others that came with it. */
static void
last_that_came_may_have_begun_in_a_loss(void **state)
{
	(void)state;
	misses_the_first_of("cabc");
	view_from_its_beginning("c");
	SHOWS("{c 0-1048575-3-1048575} c6");
	viewer_closes(&viewer);
}

/* It was read, and there is no id for it. */
static void
entry_without_an_id_is_lost_to_its_channel(void **state)
{
	(void)state;
	key.ms = 4;
	happen("a");
	process_runs(one);
	fake_down(one->fake, false);
	key_delete(&key);
	key.ms = 4;
	happen("x");
	(void)key_publish(&key, "e", "e-lost");
	process_runs(one);
	assert_int_equal(one->tail.losses, 1);
	AT("5-1");
	key.ms = 100;
	happen("e");
	process_runs(one);
	view_from_its_beginning("e");
	SHOWS("{e 4-1048575-5-1} e101");
	viewer_closes(&viewer);
}

/* So it is for a process that begins later. */
static void
noted_loss_may_be_a_beginning(void **state)
{
	(void)state;
	happen("aa");
	add("n", "lost", 4);
	happen("c");
	add("n", "here", 4);
	process_runs(one);
	view_from_its_beginning("c");
	SHOWS("{c 0-3} c4");
	happen("d");
	process_runs(one);
	view_from_its_beginning("d");
	SHOWS("d6");
	viewer_closes(&viewer);
}

static void
gap_between_ids_without_room_is_none(void **state)
{
	(void)state;
	happen("a");
	process_runs(one);
	view("a");
	fake_down(one->fake, false);
	(void)key_publish(&key, "a", "next"); /* 1-1 */
	key_trim(&key, 1);
	process_runs(one);
	SHOWS("next");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

static void
newest_that_was_deleted_is_replaced_by_a_note(void **state)
{
	(void)state;
	happen("aa");
	process_runs(one);
	view("a");
	key_cut(&key, 1, 1);
	process_waits(one); /* this round found it, before */
	process_waits(one);
	process_waits(one); /* it might have been somebody's note */
	LAST("XADD k 2-1 n here");
	AT("2-1");
	happen("a");
	process_runs(one);
	SHOWS("a3");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* Published and deleted while we were away; found out when nothing follows. */
static void
what_came_and_went_is_lost(void **state)
{
	(void)state;
	happen("aa");
	process_runs(one);
	view("a");
	fake_down(one->fake, false);
	happen("aaa");
	key_trim(&key, 0);
	process_runs(one);
	SHOWS("");
	process_waits(one);
	SHOWS("");
	process_waits(one);
	SHOWS("{a 2-5}");
	AT("5-1"); /* the note */
	happen("a");
	process_runs(one);
	SHOWS("a6");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
}

static void
deleted_stream_is_a_loss(void **state)
{
	(void)state;
	happen("aa");
	process_runs(one);
	view("a");
	key_delete(&key);
	process_waits(one);
	process_waits(one);
	LAST("XADD k 2-1 n lost");
	SHOWS("{a 2-2-1}");
	happen("a");
	process_runs(one);
	SHOWS("a3");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
}

/* Its ids are those that we have had. */
static void
stream_that_begins_anew_within_a_millisecond_is_a_loss(void **state)
{
	(void)state;
	happen("aa");
	process_runs(one);
	view("a");
	key_delete(&key);
	(void)key_publish(&key, "a", "has the id 2-0");
	(void)key_publish(&key, "a", "has the next");
	process_runs(one);
	SHOWS("has the next");
	process_waits(one);
	process_waits(one);
	SHOWS("{a 2-1-2-2}");
	(void)key_publish(&key, "a", "a3");
	process_runs(one);
	SHOWS("a3");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
}

static void
stream_that_is_made_anew_with_the_same_id_alone_is_a_loss(void **state)
{
	(void)state;
	happen("aa");
	process_runs(one);
	view("a");
	key_delete(&key);
	(void)key_publish(&key, "a", "has the id 2-0");
	process_waits(one);
	process_waits(one);
	SHOWS("{a 2-2-1}");
	LAST("XADD k 2-1 n lost");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
}

/* All who knew that it has lost something have gone. */
static void
who_had_more_than_is_there_at_the_start_has_no_place(void **state)
{
	(void)state;
	happen("aa");
	key.ms = 9;
	process_runs(one);
	happen("a");
	process_runs(one);
	PLACE("0-9", PLACE_AFTER);
	PLACE("1-0", PLACE_AFTER);
	PLACE("1-7", PLACE_LOST);
	PLACE("2-0", PLACE_AFTER);
	PLACE("9-9", PLACE_LOST);
	PLACE("10-0", PLACE_AFTER);
}

/* With the id, whatever the clock says. */
static void
add_event(uint64_t ms, uint64_t n, const char *channel, const char *data)
{
	struct text_bytes f = {0};

	put_line(&f, '*', 4);
	put_bulk(&f, "c");
	put_bulk(&f, channel);
	put_bulk(&f, "d");
	put_bulk(&f, data);
	assert_true(key_add(&key, (struct eventid){ms, n}, f));
}

/* However short it is kept, each time what was read last is gone, or near. */
static void
stream_of_one_entry_loses_nothing(void **state)
{
	char expected[24];
	unsigned i;

	(void)state;
	process_runs(one);
	view("a");
	for (i = 1; i < 10; i++) {
		happen("a");
		process_runs(one);
		key_trim(&key, 1);
		(void)snprintf(expected, sizeof(expected), "a%u", i);
		SHOWS(expected);
	}
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* Its next entry has the id behind ours, and there is an older one: so there
 * were others, whose ids we have passed. */
static void
older_copy_that_has_come_to_our_id_is_a_loss(void **state)
{
	static struct streamkey older;

	(void)state;
	happen("a");
	key_copy(&older, &key);
	happen("aa");
	process_runs(one);
	view("a");
	fake_down(one->fake, false);
	key_copy(&key, &older);
	add_event(2, 5, "a", "nobody has this");
	add_event(3, 1, "a", "nor this");
	process_runs(one);
	SHOWS("{a 3-3-1}");
	happen("a");
	process_runs(one);
	SHOWS("a4");
	process_waits(one);
	LAST("XADD k * n lost"); /* for all others */
	SHOWS("{a 4-4-1}");
	process_waits(one);
	process_waits(one);
	process_waits(one);
	SHOWS("");
	viewer_closes(&viewer);
	key_free(&older);
}

/* One had read what the copy lacks, the other had not. */
static void
older_copy_is_told_by_who_has_seen_more(void **state)
{
	static struct streamkey older;
	const struct position at = {.kind = POSITION_NOW};

	(void)state;
	happen("aa");
	process_begins(two, &setup);
	process_runs(one);
	process_runs(two);
	view("a");
	viewer_opens(&other, two, "a", &at);
	key_copy(&older, &key);
	fake_down(two->fake, false);
	happen("a");
	process_runs(one);
	fake_down(one->fake, false);
	key_copy(&key, &older);
	happen("a");
	process_runs(two);
	assert_string_equal(viewer_shows(&other), "a4");
	process_runs(one);
	SHOWS("a3 {a 3-3-1048575} a4");
	process_waits(one);
	process_runs(two);
	assert_string_equal(viewer_shows(&other), "{a 4-4-1}");
	viewer_closes(&viewer);
	viewer_closes(&other);
	process_ends(two);
	key_free(&older);
}

/* It has the id that a loss was told up to, and is none of ours. */
static void
note_of_somebody_else_is_nothing_to_hold_on_to(void **state)
{
	struct text_bytes f = {0};

	(void)state;
	happen("aaaaa");
	process_runs(one);
	view("a");
	key_delete(&key);
	key.refuses = "NOPERM";
	process_waits(one);
	process_waits(one);
	SHOWS("{a 5-5-1}");
	key.refuses = NULL;
	add_event(1, 0, "a", "nobody has this");
	put_line(&f, '*', 2);
	put_bulk(&f, "n");
	put_bulk(&f, "lost");
	assert_true(key_add(&key, (struct eventid){5, 1}, f));
	process_waits(one);
	process_waits(one);
	SHOWS("{a 5-1-5-2}");
	process_waits(one);
	process_waits(one);
	SHOWS("");
	viewer_closes(&viewer);
}

static void
older_copy_is_a_loss_to_all(void **state)
{
	static struct streamkey older;

	(void)state;
	happen("aaa");
	key_copy(&older, &key);
	happen("aa");
	process_begins(two, &setup);
	process_runs(one);
	process_runs(two);
	view("a");
	key_copy(&key, &older);
	key.ms = 3; /* its clock, too */
	(void)key_publish(&key, "a", "nobody has this");
	process_waits(one);
	process_waits(one);
	SHOWS("{a 5-5-1}");
	LAST("XADD k 5-1 n lost");
	/* The other finds the note, and ours is gone there as well. */
	fake_down(two->fake, false);
	process_runs(two);
	assert_int_equal(two->hub.last.ms, 5);
	assert_int_equal(two->hub.last.n, 1);
	assert_int_equal(two->tail.losses, 1);
	happen("aaa");
	process_runs(one);
	SHOWS("a4 a5 a6"); /* with the ids 5-2, 5-3 and 6-0 */
	viewer_closes(&viewer);
	process_ends(two);
	key_free(&older);
}

/* A process that begins later has it from the stream. */
static void
noted_loss_is_loaded_too(void **state)
{
	const struct position from = {.kind = POSITION_AFTER, .id = {2, 0}};

	(void)state;
	happen("aa");
	add("n", "lost", 4);
	happen("a");
	add("n", "here", 4);
	process_runs(one);
	viewer_opens(&viewer, one, "a", &from);
	SHOWS("{a 2-3} a4");
	AT("5-0");
	viewer_closes(&viewer);
}

/* Whoever is first adds it; the other hears that, and has lost as much. */
static void
note_that_somebody_else_has_added(void **state)
{
	(void)state;
	happen("aa");
	process_runs(one);
	view("a");
	key_delete(&key);
	process_waits(one);
	fake_waited(one->fake); /* nothing is there */
	(void)fake_feed(one->fake, SIZE_MAX, 4096);
	fake_serve(one->fake); /* and no stream */
	(void)fake_feed(one->fake, SIZE_MAX, 4096);
	happen("a"); /* 3-0, and now the note */
	process_runs(one);
	SHOWS("{a 2-2-1048575} a3");
	viewer_closes(&viewer);
}

/* It is told once for each time that ids may have been given out again. */
static void
loss_is_told_without_a_note_too(void **state)
{
	(void)state;
	happen("aaaaa");
	process_runs(one);
	view("a");
	key_delete(&key);
	key.refuses = "OOM command not allowed when used memory > 'maxmemory'";
	process_waits(one);
	process_waits(one);
	SHOWS("{a 5-5-1}");
	process_waits(one);
	process_waits(one);
	SHOWS("");
	key.ms = 1;
	(void)key_publish(&key, "a", "nobody has this");
	process_waits(one);
	SHOWS("{a 5-1-5-2}");
	process_waits(one);
	SHOWS("");
	key.refuses = NULL;
	process_waits(one);
	SHOWS("{a 5-2-5-3}");
	process_waits(one);
	assert_int_equal(one->tail.losses, 3);
	viewer_closes(&viewer);
}

static void
entries_that_are_no_events_are_passed_over(void **state)
{
	(void)state;
	process_runs(one);
	view("a");
	happen("a");
	add("d", "no channel", 10);
	happen("a");
	add("n", "here", 4);
	process_runs(one);
	SHOWS("a1 a3");
	assert_int_equal(one->tail.skipped, 1);
	assert_int_equal(one->tail.entries, 4);
	assert_int_equal(one->tail.losses, 0);
	AT("4-0");
	viewer_closes(&viewer);
}

static void
entry_too_large_to_be_read_is_passed_over(void **state)
{
	unsigned ups;

	(void)state;
	process_runs(one);
	view("a");
	happen("aa");
	add_large();
	happen("a");
	process_runs(one);
	SHOWS("a1 a2 a4");
	assert_int_equal(one->tail.skipped, 1);
	assert_int_equal(one->tail.losses, 0);
	add_large(); /* the newest, for a while */
	process_runs(one);
	ups = one->fake->ups;
	process_waits(one);
	LAST("XADD k 5-1 n here");
	process_waits(one);
	process_waits(one);
	assert_int_equal(one->fake->ups, ups);
	happen("a");
	process_runs(one);
	SHOWS("a6");
	assert_int_equal(one->tail.skipped, 2);
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

static void
large_newest_without_a_note_is_found_again(void **state)
{
	(void)state;
	process_runs(one);
	view("a");
	key.refuses = "NOPERM";
	add_large();
	process_runs(one);
	process_waits(one);
	process_waits(one);
	process_waits(one);
	happen("a");
	process_runs(one);
	SHOWS("a2");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

static void
large_entries_are_passed_over_at_the_start(void **state)
{
	(void)state;
	add_large();
	happen("a");
	add_large();
	add_large();
	happen("a");
	add_large();
	process_runs(one);
	assert_int_equal(one->tail.skipped, 4);
	assert_int_equal(one->hub.held, 2);
	AT("6-0");
	view_all("a");
	happen("a");
	process_runs(one);
	SHOWS("a2 a5 a7");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* It is behind what there is room for: the hub does not begin there. */
static void
large_entry_behind_the_budgets_is_not_looked_at(void **state)
{
	unsigned i;

	(void)state;
	happen("a");
	add_large();
	for (i = 0; i < 20; i++)
		happen("a");
	setup.entries = 10;
	begin_again();
	process_runs(one);
	assert_true(is_loaded(&one->tail));
	assert_int_equal(one->hub.held, 10);
	assert_int_equal(one->hub.base.ms, 12);
}

static void
large_entry_out_of_its_order_ends_the_connection_and_no_more(void **state)
{
	struct key_entry first;
	unsigned i;

	(void)state;
	happen("a");
	add_large();
	first = key.entry[0];
	key.entry[0] = key.entry[1];
	key.entry[1] = first;
	for (i = 0; i < 100; i++) {
		if (one->tail.link.state != LINK_UP)
			fake_up(one->fake);
		process_runs_once(one);
	}
	assert_in_range(one->fake->ups, 2, 100);
	assert_false(is_loaded(&one->tail));
}

/* The first entry is so large that the last id cannot be had. */
static void
last_id_that_is_not_to_be_had_is_a_loss(void **state)
{
	(void)state;
	add_large();
	happen("aa");
	process_runs(one);
	view("a");
	key_cut(&key, 2, 1);
	process_waits(one);
	process_waits(one);
	LAST("XINFO STREAM k");
	process_waits(one);
	LAST("XADD k 3-1 n lost");
	SHOWS("{a 3-3-1}");
	happen("a");
	process_runs(one);
	SHOWS("a4");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
}

/* The turn is too much for the hub: the rest waits for the next one. */
static void
without_room_in_the_hub_nothing_more_is_taken(void **state)
{
	char expected[2000] = "";
	size_t i, len = 0;

	(void)state;
	process_runs(one);
	view("a");
	one->hub.set.bytes_max = 2000;
	for (i = 0; i < 30; i++)
		happen("a");
	for (i = 1; i <= 30; i++)
		len += (size_t)snprintf(expected + len, sizeof(expected) - len,
		    "%sa%zu", i == 1 ? "" : " ", i);
	fake_serve(one->fake);
	assert_false(fake_feed(one->fake, SIZE_MAX, 100000));
	assert_true(one->tail.link.paused);
	assert_in_range(one->tail.entries, 5, 20);
	while (!is_settled(one)) {
		viewer_reads(&viewer); /* its share of the turn */
		turn_ends(one);
		(void)ev_run(loop,
		    one->tail.link.paused ? EVRUN_ONCE : EVRUN_NOWAIT);
		(void)fake_feed(one->fake, SIZE_MAX, 100000);
		fake_serve(one->fake);
	}
	SHOWS(expected);
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

/* No memory at one allocation: the entry comes when there is some. */
static void
entry_waits_for_memory(void **state)
{
	char shown[400] = "";
	unsigned long n;

	(void)state;
	process_runs(one);
	view("a");
	for (n = 40; one->tail.inner->stuck == NULL; n--) {
		happen("a");
		(void)sprintf(shown + strlen(shown), "%sa%lu",
		    n < 40 ? " " : "", 41 - n);
		fake_serve(one->fake);
		allocation_fails(n);
		(void)fake_feed(one->fake, SIZE_MAX, 100000);
		allocation_fails(0);
	}
	process_runs(one);
	SHOWS(shown);
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

static void
connection_may_end_while_there_is_no_room(void **state)
{
	size_t i;

	(void)state;
	process_runs(one);
	view("a");
	one->hub.set.bytes_max = 1000;
	for (i = 0; i < 10; i++)
		happen("a");
	fake_serve(one->fake);
	assert_false(fake_feed(one->fake, SIZE_MAX, 100000));
	assert_non_null(one->tail.inner->stuck);
	fake_down(one->fake, false);
	assert_null(one->tail.inner->stuck);
	viewer_reads(&viewer);
	turn_ends(one);
	one->hub.set.bytes_max = 1 << 20;
	process_runs(one);
	SHOWS("a1 a2 a3 a4 a5 a6 a7 a8 a9 a10");
	assert_int_equal(one->tail.losses, 0);
	viewer_closes(&viewer);
}

static void
event_that_cannot_be_held_is_lost_to_its_channel(void **state)
{
	const struct position at = {.kind = POSITION_NOW};
	char data[900];

	(void)state;
	process_runs(one);
	one->hub.set.bytes_max = 800;
	view("a");
	viewer_opens(&other, one, "b", &at);
	memset(data, 'x', sizeof(data) - 1);
	data[sizeof(data) - 1] = '\0';
	key.ms = 1;
	(void)key_publish(&key, "a", data);
	process_runs(one);
	happen("ab");
	process_runs(one);
	SHOWS("{a 0-1-1} a2");
	assert_string_equal(viewer_shows(&other), "b3");
	assert_int_equal(one->tail.losses, 1);
	viewer_closes(&viewer);
	viewer_closes(&other);
}

/* What Redis says to a client that may not read, or of another type. */
static void
errors_end_the_connection_with_words(void **state)
{
	(void)state;
	happen("a");
	process_runs(one);
	fake_down(one->fake, false);
	fake_up(one->fake);
	put_error(&one->fake->in, "WRONGTYPE Operation against a key\x01");
	one->fake->done = 1;
	assert_false(fake_feed(one->fake, SIZE_MAX, 10));
	assert_string_equal(one->fake->why, "Redis refuses to be read: "
					    "WRONGTYPE Operation against a "
					    "key?");
	process_runs(one);
	happen("a");
	process_runs(one);
	AT("2-0");
}

/* An entry again, or of another order. */
static void
entries_that_do_not_increase_end_the_connection(void **state)
{
	struct fake *f = one->fake;

	(void)state;
	happen("aa");
	process_runs(one);
	put_line(&f->in, '*', 1);
	put_line(&f->in, '*', 2);
	put_bulk(&f->in, "k");
	put_line(&f->in, '*', 1);
	put_entry(&f->in, &key.entry[1]);
	f->done = 1;
	assert_false(fake_feed(f, SIZE_MAX, 10));
	assert_int_equal(one->tail.link.state, LINK_WAITING);
	process_runs(one);
	AT("2-0");
}

static void
last_id_of_all_ends_the_connection_and_no_more(void **state)
{
	struct text_bytes fields = {0};
	unsigned i;

	(void)state;
	happen("a");
	put_line(&fields, '*', 0);
	assert_true(
	    key_add(&key, (struct eventid){UINT64_MAX, UINT64_MAX}, fields));
	process_runs(one);
	key_delete(&key);
	for (i = 0; i < 10; i++) {
		fake_waited(one->fake);
		process_runs_once(one);
	}
	assert_in_range(one->fake->ups, 2, 10);
	key.ms = UINT64_MAX;
}

static void
say(void *arg, enum place place)
{
	static const char letters[] =
	    {[PLACE_AFTER] = '+', [PLACE_AHEAD] = '>', [PLACE_LOST] = '?'};
	size_t len = strlen(said);

	assert_true(len + 3 < sizeof(said));
	said[len] = *(const char *)arg;
	said[len + 1] = letters[place];
	said[len + 2] = '\0';
}

static void
wait_for(const char *id, const char *name)
{
	tail_await(&one->tail, id_of(id), say, (void *)(uintptr_t)name);
}

#define SAID(text)                               \
	do {                                     \
		assert_string_equal(said, text); \
		said[0] = '\0';                  \
	} while (0)

static void
places_are_known_once_the_hub_is_filled(void **state)
{
	(void)state;
	happen("aaa");
	PLACE("1-0", PLACE_NOT_YET);
	process_runs(one);
	PLACE("0-0", PLACE_AFTER);
	PLACE("3-0", PLACE_AFTER);
	PLACE("2-0", PLACE_AFTER);
	PLACE("2-1048575", PLACE_LOST); /* it is not there */
	PLACE("2-1048576", PLACE_ANOTHER_LIFE);
	PLACE("2-3704479818973193", PLACE_ANOTHER_LIFE);
	PLACE("3-1", PLACE_AHEAD);
	PLACE("3-3704479818973193", PLACE_AHEAD);
}

/* Who gives ids with such an n is taken for what he is. */
static void
large_numbers_are_ours_if_they_are_the_stream_s(void **state)
{
	struct text_bytes fields = {0};

	(void)state;
	put_line(&fields, '*', 0);
	assert_true(key_add(&key, (struct eventid){2, 5000000}, fields));
	happen("aaa");
	process_runs(one);
	PLACE("2-5000000", PLACE_AFTER);
	PLACE("1-5000009", PLACE_ANOTHER_LIFE);
}

static void
id_that_comes_is_waited_for(void **state)
{
	(void)state;
	happen("a");
	process_runs(one);
	wait_for("1-0", "x");
	SAID("x+");
	wait_for("5-0", "e");
	wait_for("3-0", "c");
	wait_for("3-0", "d");
	wait_for("2-5", "b");
	SAID("");
	happen("aa");
	add("n", "here", 4);
	add("d", "none", 4);
	process_runs(one);
	SAID("b?c+d+e+");
}

static void
id_that_does_not_come_is_unknown_when_nothing_does(void **state)
{
	(void)state;
	happen("a");
	process_runs(one);
	wait_for("5-0", "a");
	wait_for("4-0", "b");
	process_waits(one); /* since before they were asked for */
	SAID("");
	process_waits(one);
	SAID("b?a?");
}

/* While events come all the time, XREAD never waits for nothing. */
static void
id_is_unknown_when_all_was_read_that_was_there(void **state)
{
	(void)state;
	happen("a");
	process_runs(one);
	wait_for("9-0", "a");
	happen("a"); /* for an XREAD from before */
	process_runs(one);
	SAID("");
	wait_for("9-0", "b");
	happen("a");
	process_runs(one);
	SAID("a?");
	happen("a");
	process_runs(one);
	SAID("b?");
}

static void
id_that_is_lost_is_unknown(void **state)
{
	(void)state;
	happen("a");
	process_runs(one);
	wait_for("3-0", "a");
	wait_for("5-0", "b");
	fake_down(one->fake, false);
	happen("aaaa");
	key_trim(&key, 1);
	SAID("");
	process_runs(one);
	SAID("a?b+");
}

static void
who_waits_at_the_end_is_told_that_it_is_ahead(void **state)
{
	(void)state;
	process_runs(one);
	wait_for("3-0", "a");
	wait_for("5-0", "b");
	process_ends(one);
	SAID("a>b>");
	process_begins(one, &setup);
	process_ends(one); /* as soon as it has begun */
	process_begins(one, &setup);
	fake_up(one->fake);
}

static void
lag_is_time_since_all_was_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		happen("a");
	now += 5;
	assert_true(tail_lag(&one->tail) >= 5);
	process_runs(one);
	assert_true(tail_lag(&one->tail) == 0);
	now += 1.5;
	assert_true(tail_lag(&one->tail) == 0);
	now += 1;
	assert_true(tail_lag(&one->tail) >= 2.5);
	process_waits(one);
	assert_true(tail_lag(&one->tail) == 0);
	fake_down(one->fake, false);
	now += 3;
	assert_true(tail_lag(&one->tail) >= 3);
	for (i = 0; i < 600; i++)
		happen("a");
	fake_up(one->fake);
	fake_serve(one->fake);
	while (one->tail.entries < 512)
		(void)fake_feed(one->fake, 512, 512);
	(void)fake_feed(one->fake, SIZE_MAX, 512);
	assert_true(tail_lag(&one->tail) >= 3);
	process_runs(one);
	assert_true(tail_lag(&one->tail) == 0);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(empty_stream_gets_a_note_to_hold_on_to),
	    TEST(no_note_is_like_another),
	    TEST(stream_that_begins_meanwhile_is_read_from_its_beginning),
	    TEST(stream_without_a_note_is_read_all_the_same),
	    TEST(what_was_trimmed_before_is_below_the_base),
	    TEST(newest_entries_are_there_at_the_start),
	    TEST(many_pages_are_put_together),
	    TEST(start_gives_each_turn_its_share),
	    TEST(no_more_is_loaded_than_the_budgets_hold),
	    TEST(loaded_events_are_as_old_as_they_are),
	    TEST(nothing_is_young_enough),
	    TEST(connection_that_ends_while_loading_begins_anew),
	    TEST(what_is_published_is_read),
	    TEST(trimming_behind_us_is_no_loss),
	    TEST(what_was_trimmed_before_it_was_read_is_lost),
	    TEST(what_is_lost_may_be_a_beginning),
	    TEST(last_that_came_may_have_begun_in_a_loss),
	    TEST(entry_without_an_id_is_lost_to_its_channel),
	    TEST(gap_between_ids_without_room_is_none),
	    TEST(newest_that_was_deleted_is_replaced_by_a_note),
	    TEST(what_came_and_went_is_lost),
	    TEST(deleted_stream_is_a_loss),
	    TEST(stream_that_begins_anew_within_a_millisecond_is_a_loss),
	    TEST(stream_that_is_made_anew_with_the_same_id_alone_is_a_loss),
	    TEST(who_had_more_than_is_there_at_the_start_has_no_place),
	    TEST(stream_of_one_entry_loses_nothing),
	    TEST(older_copy_that_has_come_to_our_id_is_a_loss),
	    TEST(older_copy_is_told_by_who_has_seen_more),
	    TEST(note_of_somebody_else_is_nothing_to_hold_on_to),
	    TEST(older_copy_is_a_loss_to_all),
	    TEST(noted_loss_is_loaded_too),
	    TEST(noted_loss_may_be_a_beginning),
	    TEST(note_that_somebody_else_has_added),
	    TEST(loss_is_told_without_a_note_too),
	    TEST(entries_that_are_no_events_are_passed_over),
	    TEST(entry_too_large_to_be_read_is_passed_over),
	    TEST(large_newest_without_a_note_is_found_again),
	    TEST(large_entries_are_passed_over_at_the_start),
	    TEST(large_entry_behind_the_budgets_is_not_looked_at),
	    TEST(large_entry_out_of_its_order_ends_the_connection_and_no_more),
	    TEST(last_id_that_is_not_to_be_had_is_a_loss),
	    TEST(without_room_in_the_hub_nothing_more_is_taken),
	    TEST(entry_waits_for_memory),
	    TEST(connection_may_end_while_there_is_no_room),
	    TEST(event_that_cannot_be_held_is_lost_to_its_channel),
	    TEST(errors_end_the_connection_with_words),
	    TEST(entries_that_do_not_increase_end_the_connection),
	    TEST(last_id_of_all_ends_the_connection_and_no_more),
	    TEST(places_are_known_once_the_hub_is_filled),
	    TEST(large_numbers_are_ours_if_they_are_the_stream_s),
	    TEST(id_that_comes_is_waited_for),
	    TEST(id_that_does_not_come_is_unknown_when_nothing_does),
	    TEST(id_is_unknown_when_all_was_read_that_was_there),
	    TEST(id_that_is_lost_is_unknown),
	    TEST(who_waits_at_the_end_is_told_that_it_is_ahead),
	    TEST(lag_is_time_since_all_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
