/* SPDX-License-Identifier: ISC */
/*
 * A stream's way through its channels: a table of histories, positions and
 * what is read from them, at once and with the connection cut after each step.
 *
 * A history is written as words: a letter publishes to that channel, and more
 * than one to all of them (event k of all has the id k-1, and is read as the
 * letters and k), =c a snapshot; c. ends the channel, and ~c erases it, too; /N
 * cuts histories to N at the end of a turn, ^cN only that of c; @K makes the
 * events up to k too old, !N allows so many channels; * loses an event of
 * nobody knows which channel, and -c one of the channel c.  With % before all,
 * event k has the id 1-k: there is no other between one and the next.
 *
 * A gap is read as [channel from-to], {channel from-to} if the source has lost
 * something, or (channel from-to) if it was erased, with a ' if it has no id;
 * <k is right before k.  An end is read as the channel, a point, and its
 * number.
 */
#include <stdarg.h>

#include "eventsource.h"

#include "allocation.h"
#include "entries.h"
#include "channel/end.h"
#include "channel/gap.h"
#include "channel/reader.h"
#include "posts.h"

#define KIND 5

static const struct row {
	const char *name;
	const char *before, *channels, *position, *after;
	const char *read; /* behind a |: with cuts */
} rows[] = {
    {"now_is_after_all_that_is_held", "a b", "ab", "now", "", ""},
    {"what_is_published_later_is_read", "a b", "ab", "now", "a c b a",
	"a3 b5 a6"},
    {"base_is_before_all", "a b a c b", "ab", "after 0", "", "a1 b2 a3 b5"},
    {"order_of_the_channels_does_not_matter", "a b a c b", "ba", "after 0", "",
	"a1 b2 a3 b5"},
    {"position_is_not_read_again", "a b a c b", "ab", "after 2", "", "a3 b5"},
    {"position_may_be_another_channel_s", "a b a c b", "ab", "after 4", "",
	"b5"},
    {"newest_position_has_nothing_after_it", "a b a c b", "ab", "after 5", "",
	""},
    {"position_may_be_dropped_if_it_was_read", "a a a /1", "a", "after 2", "",
	"a3"},
    {"dropped_events_are_a_gap", "a a a /1", "a", "after 0", "", "[a 0-2] a3"},
    {"gap_is_from_the_position", "a a a /1", "a", "after 1", "", "[a 1-2] a3"},
    {"gap_may_be_all_there_is", "a a @2", "a", "after 1", "", "[a 1-2]"},
    {"empty_channel_that_was_read_has_no_gap", "a a @2", "a", "after 2", "",
	""},
    {"gap_is_merged_where_it_ends", "b a a a /1 b", "ab", "after 0", "",
	"b1 [a 1-3] a4 b5"},
    {"gaps_come_in_the_order_of_their_ends", "a b a b a b /1", "ab", "after 0",
	"", "[a 0-3] [b 3-4] a5 b6"},
    {"gap_of_one_channel_is_none_of_another", "b a a b /1 b", "ab", "after 1",
	"", "[a 1-2] a3 b4 b5"},
    {"gap_between_held_events_of_others", "c a c a c a c /1 c c", "ac",
	"after 1", "", "[a 1-4] [c 4-5] a6 c7 c8 c9"},
    {"slow_reader_is_lapped", "a", "a", "after 0", "a a a a /2",
	"[a 0-3] a4 a5"},
    {"reader_of_what_did_not_come_yet_is_lapped", "", "a", "now", "a a a /1",
	"[a 0-2] a3"},
    {"not_lapped_before_the_turn_ends", "", "a", "now", "a a a", "a1 a2 a3"},
    {"other_channels_are_not_in_the_way", "x x x x a x x /1 a", "a", "now", "a",
	"a9"},
    /* A channel that begins with what is forgotten. */
    {"forgotten_is_a_gap", "!1 x y !2", "a", "after 0", "", "[a 0-1]"},
    {"forgotten_is_no_gap_after_it", "!1 x y !2", "a", "after 1", "", ""},
    {"two_channels_have_lost_the_same", "!1 x y !3", "ab", "after 0", "",
	"[a 0-1]' [b 0-1]"},
    {"three_channels_have_lost_the_same", "!1 x y !3", "bca", "after 0", "a",
	"[b 0-1]' [c 0-1]' [a 0-1] a3"},
    {"one_that_was_there_has_lost_nothing", "!1 x y !3", "bya", "after 0", "a",
	"[b 0-1]' [a 0-1] y2 a3"},
    {"one_of_two_has_lost_more_since", "!1 x y !3 a /1 a /1", "ab", "after 0",
	"", "[b 0-1] [a 1-3] a4"},
    {"forgotten_and_read_again_is_no_gap_to_now", "!1 x y !2", "a", "now", "a",
	"a3"},
    /* What the source has lost. */
    {"source_may_lose_events_of_all", "a b *", "ab", "after 0", "",
	"a1 b2 {a 2-3}' {b 2-3}"},
    {"losses_come_between_events", "a * a * a", "a", "after 0", "",
	"a1 {a 1-2} a3 {a 3-4} a5"},
    {"loss_is_none_to_who_is_behind_it", "a * a * a", "a", "after 2", "",
	"a3 {a 3-4} a5"},
    {"losses_without_an_event_between_are_one", "a * * a", "a", "after 0", "",
	"a1 {a 1-3} a4"},
    {"loss_below_all_that_is_held", "* a", "a", "after 0", "", "{a 0-1} a2"},
    {"what_is_dropped_before_a_loss_is_a_gap_of_its_own", "a a * a /2", "a",
	"after 0", "", "[a 0-1] a2 {a 2-3} a4"},
    {"what_is_dropped_up_to_a_loss_is_one_gap", "a a * a /1", "a", "after 0",
	"", "{a 0-3} a4"},
    {"what_is_dropped_behind_a_loss_is_one_gap", "a * a a /1", "a", "after 0",
	"", "[a 0-3] a4"},
    {"live_reader_is_told", "a", "a", "now", "* a", "{a 1-2} a3"},
    {"one_channel_s_loss_is_none_of_another", "a b -a b a", "ab", "after 0", "",
	"a1 b2 {a 2-3} b4 a5"},
    {"loss_of_a_channel_that_is_not_there", "-c a", "ca", "after 0", "",
	"{c 0-1}' {a 0-1} a2"},
    {"loss_of_a_channel_that_was_forgotten", "!1 a -a b !9", "a", "after 1", "",
	"{a 1-2}"},
    {"loss_of_a_channel_that_is_only_read", "", "c", "now", "-c", "{c 0-1}"},
    {"so_many_losses_are_kept_apart", "a * a * a * a * a * a * a * a * a *",
	"a", "after 0", "",
	"{a 0-2} a3 {a 3-4} a5 {a 5-6} a7 {a 7-8} a9 {a 9-10} a11 {a 11-12} "
	"a13 {a 13-14} a15 {a 15-16} a17 {a 17-18}"},
    /* Positions that are none. */
    {"restart_begins_at_the_base", "a b a", "ab", "restart", "",
	"[restart 0] a1 b2 a3"},
    {"unknown_begins_at_the_base", "a b a", "ab", "unknown", "",
	"[unknown 0] a1 b2 a3"},
    {"restart_with_nothing_held", "", "a", "restart", "", "[restart 0]"},
    {"restart_and_then_live", "", "ab", "restart", "b a", "[restart 0] b1 a2"},
    {"restart_has_the_channels_gaps_too", "b a a a /1 b", "ab", "restart", "",
	"[restart 0] b1 [a 1-3] a4 b5"},
    {"restart_of_what_was_forgotten", "!1 x y !3", "ab", "restart", "",
	"[restart 0] [a 0-1]' [b 0-1]"},
    {"position_before_the_base", "a", "ab", "after -", "",
	"[a <0-0]' [b <0-0] a1"},
    /* Positions of what is not there any more. */
    {"lost_goes_on_with_what_is_behind", "a b a b", "ab", "lost 2", "",
	"[source <3] a3 b4"},
    {"lost_begins_before_the_first_of_its_channels", "a b b a a", "a", "lost 1",
	"", "[source <4] a4 a5"},
    {"lost_with_nothing_behind", "a b", "a", "lost 1", "a", "[source 2] a3"},
    {"lost_above_all", "a", "a", "lost 9", "a", "[source 1] a2"},
    {"lost_behind_what_was_dropped", "a a a a /1", "a", "lost 1", "",
	"[source <4] a4"},
    /* The last so many events. */
    {"history_is_of_the_stream_s_channels", "a b a b c", "ab", "history 2", "",
	"a3 b4"},
    {"history_of_one", "a b a b c", "ab", "history 1", "", "b4"},
    {"history_is_merged", "a b b a a", "ab", "history 4", "", "b2 b3 a4 a5"},
    {"history_goes_on_where_one_is_used_up", "b b b a", "ab", "history 2", "",
	"b3 a4"},
    {"history_of_all", "a b a b c", "ab", "history 4", "", "a1 b2 a3 b4"},
    {"history_larger_than_what_is_held", "a b a b c", "ab", "history 99", "",
	"a1 b2 a3 b4"},
    {"history_of_none", "a b a b c", "ab", "history 0", "a", "a6"},
    {"history_where_nothing_is_held", "a @1", "a", "history 5", "a", "a2"},
    {"history_and_then_live", "a a", "a", "history 1", "a", "a2 a3"},
    {"history_begins_after_what_is_lost", "a a a b /1", "ab", "history 9", "",
	"a3 b4"},
    {"history_has_the_gap_within_it", "b a a a /1 b", "ab", "history 9", "",
	"b1 [a 1-3] a4 b5"},
    {"history_is_too_short_for_the_gap", "b a a a /1 b", "ab", "history 2", "",
	"a4 b5"},
    {"history_of_what_was_forgotten", "!1 x y !2", "ay", "history 3", "", "y2"},
    /* Ends. */
    {"end_is_read_behind_all", "a a a.", "a", "after 0", "", "a1 a2 a.3"},
    {"end_is_read_once", "a a.", "a", "after 2", "", ""},
    {"end_of_a_live_stream", "a", "a", "now", "a a.", "a2 a.3"},
    {"end_may_be_all_there_ever_was", "a.", "a", "after 0", "", "a.1"},
    {"ends_come_in_their_place", "a b a. b b.", "ba", "after 0", "",
	"a1 b2 a.3 b4 b.5"},
    {"end_of_one_is_none_of_another", "a b b.", "a", "after 1", "a", "a4"},
    {"gap_comes_before_the_end", "a a @2 a.", "a", "after 0", "",
	"[a 0-2] a.3"},
    {"erased_is_a_gap_and_the_end", "a a ~a", "a", "after 1", "",
	"(a 1-2) a.3"},
    {"erased_when_it_had_ended", "a a a. x ~a", "a", "after 1", "",
	"(a 1-2) a.3"},
    {"erased_after_the_end_was_read", "a a a. x ~a", "a", "after 3", "", ""},
    {"erased_and_nothing_was_there", "~a", "a", "after 0", "", "a.1"},
    {"erased_under_a_live_stream", "a", "a", "now", "a ~a", "(a 1-2) a.3"},
    {"now_of_what_has_ended_is_the_end", "a a. b", "a", "now", "", "a.2"},
    {"now_of_all_ended_is_the_last_end", "a b a. b.", "ab", "now", "", "b.4"},
    {"now_of_one_ended_is_what_comes", "a b a.", "ab", "now", "b b.", "b4 b.5"},
    {"history_has_ends", "a a a. b b b.", "ab", "history 3", "",
	"a2 a.3 b4 b5 b.6"},
    {"history_of_none_of_what_has_ended", "a a. x", "a", "history 0", "",
	"a.2"},
    {"history_where_only_an_end_is_left", "a @1 a.", "a", "history 9", "",
	"a.2"},
    {"earliest_where_only_an_end_is_left", "a @1 a. x", "a", "earliest", "",
	"a.2"},
    {"restart_has_ends", "a a. b", "ab", "restart", "",
	"[restart 0] a1 a.2 b3"},
    {"lost_goes_on_with_an_end", "a a. x", "a", "lost 1", "",
	"[source <2] a.2"},
    {"lost_goes_on_with_the_end_of_one", "a a. b", "ab", "lost 1", "",
	"[source <2] a.2 b3"},
    {"lost_behind_all_ends_has_the_last", "a a. x", "a", "lost 2", "",
	"[source <2] a.2"},
    {"source_loses_nothing_of_what_has_ended", "a a. b *", "ab", "after 0", "",
	"a1 a.2 b3 {b 3-4}"},
    {"forgotten_end_is_a_gap", "!1 a a. x !2", "a", "after 1", "", "[a 1-2]"},
    {"forgotten_end_is_no_gap_after_it", "!1 a a. x !2", "a", "after 2", "a",
	"a4"},
    /* One event of several channels. */
    {"shared_event_is_read_once", "ab c ba", "abc", "after 0", "",
	"ab1 c2 ba3"},
    {"shared_event_of_one_channel", "ab c ba", "a", "after 0", "", "ab1 ba3"},
    {"shared_event_of_three", "abc", "abcx", "now", "x abc bx", "x2 abc3 bx4"},
    {"history_counts_a_shared_event_once", "ab ab a ab", "ab", "history 3", "",
	"ab2 a3 ab4"},
    {"shared_event_dropped_by_all", "ab c /9 @1", "abc", "after 0", "",
	"[a 0-1]' [b 0-1] c2"},
    {"shared_event_dropped_by_one", "x ab a ^a1", "ab", "after 1", "",
	"[a 1-<2] ab2 a3"},
    {"gap_before_a_shared_event_is_told_once", "a ab a ^a1", "ab", "after 0",
	"", "[a 0-<2] ab2 a3"},
    {"shared_event_that_was_read_and_dropped", "a ab a ^a1", "ab", "after 2",
	"", "a3"},
    {"shared_event_dropped_by_one_is_lost_to_its_reader", "a ab a ^a1", "a",
	"after 0", "", "[a 0-2] a3"},
    {"more_dropped_than_the_shared_event", "a ab a b a ^a1", "ab", "after 0",
	"", "ab2 [a 2-3] b4 a5"},
    {"two_of_three_have_dropped_it", "abc ^a0 ^b0 a", "abc", "after 0", "",
	"[a 0-<1]' [b 0-<1] abc1 a2"},
    {"ended_and_dropped_by_one", "a ab a. ^a0 b", "ab", "after 0", "",
	"[a 0-<2] ab2 a.3 b4"},
    {"erased_in_one_channel", "a ab ~a b", "ab", "after 0", "",
	"(a 0-<2) ab2 a.3 b4"},
    {"erased_in_one_channel_and_read", "a ab ~a b", "ab", "after 2", "",
	"a.3 b4"},
    {"forgotten_is_another_s_event", "!2 x xb d !9", "bc", "after 0", "c",
	"[c 0-<2] xb2 c4"},
    /* The same, where the id before an event's is another one's. */
    {"id_before_is_where_one_stands", "% ab ab ^a1", "ab", "after 0", "",
	"ab1 ab2"},
    {"id_before_is_an_event_of_others", "% a c ab ^a0", "ab", "after 0", "",
	"[a 0-2] ab3"},
    {"id_before_is_an_event_too", "% a b ab a ^a1", "ab", "after 0", "",
	"[a 0-1] b2 ab3 a4"},
    {"id_before_is_an_event_and_one_stands_before", "% a b ab a ^a1", "ab",
	"after 1", "", "b2 ab3 a4"},
    {"id_before_is_an_event_and_one_stands_there", "% a b ab a ^a1", "ab",
	"after 2", "", "ab3 a4"},
    {"ids_before_are_of_two_channels", "% a x b c c b abc ^a0", "abc",
	"after 0", "", "[a 0-2] b3 c4 c5 b6 abc7"},
    {"ids_before_are_many", "% a x b b b b b b b b ab ab ^a0", "ba", "after 1",
	"", "[a 1-2] b3 b4 b5 b6 b7 b8 b9 b10 ab11 ab12"},
    {"ids_before_are_not_all_there", "% a b x b b ab ^a0", "ba", "after 0", "",
	"b2 [a 2-3] b4 b5 ab6"},
    {"id_before_is_an_end", "% a c. ab ^a0", "abc", "after 0", "",
	"[a 0-1] c.2 ab3"},
    {"id_before_is_an_end_behind_events", "% a c c c. ab ^a0", "cba", "after 0",
	"", "[a 0-1] c2 c3 c.4 ab5"},
    {"another_has_lost_up_to_the_id_before", "% a c ab ^a0 ^c0", "abc",
	"after 0", "", "[a 0-2]' [c 0-2] ab3"},
    {"dropped_since_from_the_other_too", "% ab ab ab b ^a0 ^b2", "ab",
	"after 0", "", "[a 0-2]' [b 0-2] ab3 b4"},
    /* Snapshots. */
    {"new_reader_begins_with_the_snapshot", "a =a a", "a", "now", "a",
	"a2 a3 a4"},
    {"new_reader_begins_with_the_newest", "=a a =a a", "a", "now", "", "a3 a4"},
    {"snapshot_that_was_dropped_is_none", "=a a a /2", "a", "now", "a", "a4"},
    {"older_snapshots_go_with_it", "=a =a a a /2", "a", "now", "", ""},
    {"history_is_none_beside_a_snapshot", "a a =a a a", "a", "history 1", "",
	"a3 a4 a5"},
    {"history_is_not_before_a_snapshot", "a a =a a", "a", "history 9", "",
	"a3 a4"},
    {"snapshots_are_events_to_who_resumes", "a =a a =a", "a", "after 0", "",
	"a1 a2 a3 a4"},
    {"snapshots_are_events_to_the_earliest", "a =a", "a", "earliest", "",
	"a1 a2"},
    {"snapshots_are_events_to_all", "a =a", "a", "all", "", "a1 a2"},
    {"snapshots_are_events_to_the_unknown", "a =a", "a", "unknown", "",
	"[unknown 0] a1 a2"},
    {"each_channel_has_its_own_beginning", "a b =b b a", "ab", "now", "a",
	"b3 b4 a6 | b3 b4 a5 a6"},
    {"snapshots_of_two_channels", "=a a b a =b a b", "ab", "now", "b",
	"a1 a2 a4 b5 a6 b7 b8 | a1 a2 b3 a4 b5 a6 b7 b8"},
    {"history_beside_another_s_snapshot", "a a b =b b a b", "ab", "history 2",
	"", "a2 b4 b5 a6 b7 | a2 b3 b4 b5 a6 b7"},
    {"what_was_lost_before_the_beginning_is_none", "a a a =b b ^a1 b", "ab",
	"now", "a", "b4 b5 b6 a7"},
    {"what_is_lost_behind_the_beginning_is_told", "a =b", "ab", "now",
	"a a a ^a1", "b2 [a 2-4] a5"},
    {"end_before_the_beginning_is_none", "=a b b. a", "ab", "now", "",
	"a1 a4 | a1 b2 b.3 a4"},
    {"all_ended_and_a_snapshot", "b b. =a a.", "ab", "now", "", "a3 a.4"},
    {"snapshot_before_the_last_end", "=a a. b b.", "ab", "now", "",
	"a1 a.2 b.4 | a1 a.2 b3 b.4"},
    {"shared_snapshot", "a b =ab a b", "ab", "now", "", "ab3 a4 b5"},
    {"shared_event_of_one_beginning", "=a ab", "ab", "now", "b", "a1 ab2 b3"},
    {"shared_event_before_another_s_beginning", "=a ab =b ^a0", "ab", "now",
	"a", "b3 a4"},
    /* From the first on. */
    {"all_is_all_that_was_published", "a a b", "a", "all", "a", "a1 a2 a4"},
    {"all_tells_what_is_lost", "a a a /1", "a", "all", "", "[a 0-2] a3"},
    {"all_that_is_lost", "a a @2", "a", "all", "", "[a 0-2]"},
    {"all_of_nothing", "x", "a", "all", "a", "a2"},
    {"all_behind_what_was_forgotten", "!1 x y !9 c", "c", "all", "", "c3"},
    {"all_of_one_that_lost_before_it_was_heard_of", "-c a", "c", "all", "c",
	"{c 0-1} c3"},
    {"all_of_one_that_may_have_lost_before", "*", "c", "all", "c",
	"{c 0-1} c2"},
    {"all_of_one_heard_of_behind_a_loss", "* c", "c", "all", "", "{c 0-1} c2"},
    {"all_of_what_is_not_there_any_more", "!1 x y !9", "x", "all", "x", "x3"},
    {"all_of_one_that_lost_its_first", "x -c c.", "c", "all", "",
	"{c 0-2} c.3"},
    {"all_of_another_than_lost_its_first", "x -c b", "b", "all", "", "b3"},
    {"all_has_ends", "a a @1 a.", "a", "all", "", "[a 0-1] a2 a.3"},
    {"all_of_two_channels", "x a !2 c !9 a c ^c1", "ac", "all", "",
	"a2 [c 2-3] a4 c5"},
    {"all_of_one_that_lost_nothing", "x a !2 c !9 ^a0", "ac", "all", "",
	"[a 0-2] c3"},
};

static struct hub hub;
static struct readers readers;
static double now;
static uint64_t published;
static bool dense; /* event k has the id 1-k */
static unsigned wakes;
static size_t reading; /* readers of what was published last */

static bool
wake(struct subscriber *sub)
{
	assert_ptr_equal(sub->feed, &readers.feed);
	wakes++;
	return true;
}

static bool
relieve(void *arg, const size_t *account)
{
	(void)account;
	(void)arg;
	return false;
}

static int
set_up(void **state)
{
	(void)state;
	hub_init(&hub, &(struct hub_setup){.history = 1});
	hub_begin(&hub, (struct eventid){0, 1});
	hub.set.history = 1000;
	hub.set.bytes_max = 1 << 20;
	hub.set.channels_max = 100;
	hub.set.relieve = relieve;
	hub.set.now = &now;
	readers_init(&readers, &hub);
	readers.feed.wake = wake;
	now = 0;
	published = 0;
	dense = false;
	wakes = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	allocation_fails(0);
	hub_free(&hub);
	return 0;
}

/* Event k's id. */
static struct eventid
id_of(uint64_t k)
{
	return dense ? (struct eventid){1, k} : (struct eventid){k, 1};
}

static struct eventid
next_id(void)
{
	now = (double)++published;
	return id_of(published);
}

/* Channels, a letter each. */
struct letters {
	char text[READER_CHANNELS_MAX][2];
	const char *name[READER_CHANNELS_MAX];
	size_t n;
};

static void
spell(struct letters *l, const char *letters)
{
	for (l->n = 0; letters[l->n] != '\0'; l->n++) {
		l->text[l->n][0] = letters[l->n];
		l->text[l->n][1] = '\0';
		l->name[l->n] = l->text[l->n];
	}
}

static void
post(const char *channels, bool snapshot, bool end, bool erase)
{
	char data[160];
	struct eventid id = next_id();
	struct sse_message m = {.data = data, .snapshot = snapshot};
	struct letters l;
	struct post p = {.messages = &m, .n = !end, .end = end, .erase = erase};

	spell(&l, channels);
	p.channels = l.name;
	p.channels_n = l.n;
	m.len = (size_t)snprintf(data, sizeof(data), "%s%lu", channels,
	    (unsigned long)published);
	assert_int_equal(hub_publish(&hub, &p, &id, &reading), HUB_DONE);
}

static void
publish(const char *channels)
{
	post(channels, false, false, false);
}

static void
end(const char *channel, bool erase)
{
	char letter[2] = {channel[0], '\0'};

	post(letter, false, true, erase);
}

/* Only this channel's history is cut; to none by its age. */
static void
trim(const char *channel, size_t history)
{
	static const struct channel_rule old = {.age = 0.25};
	char letter[2] = {channel[0], '\0'};
	struct channel *ch = hub_find(&hub, letter);

	if (history == 0) {
		ch->rule = &old;
		now = (double)published + 0.5;
		change_age(&hub, hub.set.history_age);
		hub_age(&hub);
		ch->rule = NULL;
		return;
	}
	hub.set.history = 1000;
	hub_trim(&hub);
	ch->touched = true;
	STAILQ_INSERT_TAIL(&hub.touched, ch, touched_link);
	hub.set.history = history;
	hub_trim(&hub);
	hub.set.history = 1000;
}

static void
lose(const char *channel)
{
	struct loss lost = {next_id(), LOSS_SOURCE};

	if (*channel == '\0')
		hub_lost(&hub, lost);
	else
		hub_lose(&hub, channel, lost);
}

/* The words of a history. */
static void
happen(const char *words)
{
	char text[200], *rest, *word;
	long n;

	(void)snprintf(text, sizeof(text), "%s", words);
	for (word = strtok_r(text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		n = strtol(word + 1, NULL, 10);
		if (*word == '/') {
			hub.set.history = (size_t)n;
			hub_trim(&hub);
		} else if (*word == '@') {
			now = (double)published + 0.5;
			change_age(&hub, now - (double)n);
			hub_age(&hub);
		} else if (*word == '!')
			hub.set.channels_max = (size_t)n;
		else if (*word == '*' || *word == '-')
			lose(word + 1);
		else if (*word == '%')
			dense = true;
		else if (*word == '=')
			post(word + 1, true, false, false);
		else if (*word == '^')
			trim(word + 1, strtoul(word + 2, NULL, 10));
		else if (*word == '~' || word[1] == '.')
			end(word + (*word == '~'), *word == '~');
		else
			publish(word);
	}
}

static struct position
position(const char *text)
{
	struct position p = {.kind = POSITION_NOW, .id = {0, 0}};
	unsigned long n = 0;
	char word[20];

	if (sscanf(text, "%19s %lu", word, &n) == 2)
		p.id = id_of(n);
	p.n = n;
	if (strcmp(word, "after") == 0)
		p.kind = POSITION_AFTER;
	else if (strcmp(word, "restart") == 0)
		p.kind = POSITION_RESTART;
	else if (strcmp(word, "lost") == 0)
		p.kind = POSITION_LOST;
	else if (strcmp(word, "unknown") == 0)
		p.kind = POSITION_UNKNOWN;
	else if (strcmp(word, "history") == 0)
		p.kind = POSITION_HISTORY;
	else if (strcmp(word, "earliest") == 0)
		p.kind = POSITION_EARLIEST;
	else if (strcmp(word, "all") == 0)
		p.kind = POSITION_ALL;
	return p;
}

/* channels: a letter each. */
static void
begin(struct reader *w, const char *channels, const struct position *p)
{
	struct letters l;

	spell(&l, channels);
	assert_int_equal(reader_begin(&readers, w, l.name, l.n, p), HUB_DONE);
}

static void
leave(struct reader *w)
{
	readers.feed.leave(&w->sub);
}

/* What a browser reads. */
static struct {
	struct eventsource reader;
	size_t len;
	char text[2000]; /* as in the table */
} browser;

/* An id as the number of its event. */
static const char *
number_of(const char *id, char buf[EVENTID_SIZE])
{
	size_t ms = strcspn(id, "-");

	if (dense && strncmp(id, "1-", 2) == 0)
		(void)snprintf(buf, EVENTID_SIZE, "%s", id + 2);
	else if (!dense && strcmp(id + ms, "-1") != 0)
		(void)snprintf(buf, EVENTID_SIZE, "<%.*s", (int)ms, id);
	else
		(void)snprintf(buf, EVENTID_SIZE, "%.*s", (int)ms, id);
	return buf;
}

static void
say(const char *fmt, ...)
{
	char *text = browser.text + browser.len;
	size_t size = sizeof(browser.text) - browser.len;
	va_list ap;

	va_start(ap, fmt);
	browser.len += (size_t)vsnprintf(text, size, fmt, ap);
	va_end(ap);
}

static void
show_gap(const char *data, const char *id)
{
	static const struct {
		const char *reason, *brackets;
	} shown[] = {{"overflow", "[]"}, {"source", "{}"}, {"deleted", "()"}};
	char channel[140], from[50], to[50], reason[20], whole[400];
	char a[EVENTID_SIZE], b[EVENTID_SIZE];
	size_t i = 0;

	if (sscanf(data,
		"{\"channel\":\"%139[^\"]\",\"from\":\"%49[^\"]\","
		"\"to\":\"%49[^\"]\",\"reason\":\"%19[^\"]\"}",
		channel, from, to, reason) == 4) {
		while (i < 2 && strcmp(reason, shown[i].reason) != 0)
			i++;
		(void)snprintf(whole, sizeof(whole),
		    "{\"channel\":\"%s\",\"from\":\"%s\",\"to\":\"%s\","
		    "\"reason\":\"%s\"}",
		    channel, from, to, shown[i].reason);
		say("%c%s %s-%s%c%s ", shown[i].brackets[0], channel,
		    number_of(from, a), number_of(to, b), shown[i].brackets[1],
		    strcmp(id, to) == 0 ? "" : "'");
	} else {
		assert_int_equal(
		    sscanf(data,
			"{\"channel\":null,\"from\":null,\"to\":\"%49[^\"]\","
			"\"reason\":\"%19[^\"]\"}",
			to, reason),
		    2);
		(void)snprintf(whole, sizeof(whole),
		    "{\"channel\":null,\"from\":null,\"to\":\"%s\","
		    "\"reason\":\"%s\"}",
		    to, reason);
		say("[%s %s] ", reason, number_of(to, b));
		assert_string_equal(id, to);
	}
	assert_string_equal(data, whole);
}

static void
show_end(const char *data, const char *id)
{
	char channel, whole[20], number[EVENTID_SIZE];

	assert_int_equal(sscanf(data, "{\"channel\":\"%c\"}", &channel), 1);
	(void)snprintf(whole, sizeof(whole), "{\"channel\":\"%c\"}", channel);
	assert_string_equal(data, whole);
	say("%c.%s ", channel, number_of(id, number));
}

static bool
is_type(const struct eventsource *r, const char *type)
{
	return is_name(r->event_type.s, r->event_type.len, type);
}

static void
show(struct eventsource *r)
{
	char id[EVENTID_SIZE] = "", data[400] = "", number[EVENTID_SIZE];

	assert_true(browser.len < sizeof(browser.text) - 300); /* endless? */
	assert_true(r->event_id.len < sizeof(id));
	assert_true(r->event_data.len < sizeof(data));
	memcpy(id, r->event_id.s, r->event_id.len);
	memcpy(data, r->event_data.s, r->event_data.len);
	if (is_type(r, HUB_GAP)) {
		show_gap(data, id);
		return;
	}
	if (is_type(r, HUB_END)) {
		show_end(data, id);
		return;
	}
	assert_true(is_type(r, "message"));
	say("%s ", data);
	assert_string_equal(data + strcspn(data, "0123456789"),
	    number_of(id, number));
}

/* Takes up to max pieces of what there is now; returns how many. */
static unsigned
take(struct reader *w, unsigned max)
{
	static struct batch b;
	unsigned i;

	batch_begin(&b);
	w->sub.feed->fill(&w->sub, &b, KIND);
	for (i = 0; i < b.n && i < max; i++) {
		assert_int_equal(b.piece[i].kind, KIND);
		read_stream(&browser.reader, (const char *)b.piece[i].data,
		    b.piece[i].len);
		assert_int_equal(browser.reader.rest, 0);
		w->sub.feed->took(&w->sub, &b.piece[i]);
	}
	return i;
}

static void
browser_begins(void)
{
	eventsource_reset(&browser.reader);
	browser.reader.dispatched = show;
	browser.text[0] = '\0';
	browser.len = 0;
}

static void
is_read(const char *expected)
{
	while (browser.len > 0 && browser.text[browser.len - 1] == ' ')
		browser.text[--browser.len] = '\0';
	assert_string_equal(browser.text, expected);
}

/* What is read of the row, with cuts or without. */
static void
row_is_read(const struct row *row, bool cuts)
{
	char text[400], *bar;

	(void)snprintf(text, sizeof(text), "%s", row->read);
	bar = strstr(text, " | ");
	if (bar != NULL)
		*bar = '\0';
	is_read(bar != NULL && cuts ? bar + 3 : text);
}

/* All its channels have ended, and it has come to its end. */
static bool
all_ended(const char *channels)
{
	const struct channel *ch;
	struct letters l;
	size_t i;

	spell(&l, channels);
	for (i = 0; i < l.n; i++) {
		ch = hub_find(&hub, l.name[i]);
		if (ch == NULL || !channel_has_ended(ch))
			return false;
	}
	return true;
}

/* Takes what there is; when it is over there is nothing. */
static unsigned
read_on(struct reader *w, unsigned max)
{
	bool over = readers.feed.over(&w->sub);
	unsigned n = take(w, max);

	assert_true(!over || n == 0);
	return n;
}

static void
is_read_from_there(void **state)
{
	const struct row *row = *state;
	struct position p;
	struct reader w;

	(void)set_up(NULL);
	browser_begins();
	happen(row->before);
	p = position(row->position);
	begin(&w, row->channels, &p);
	happen(row->after);
	while (read_on(&w, BATCH_PIECES) > 0)
		continue;
	row_is_read(row, false);
	assert_int_equal(readers.feed.over(&w.sub), all_ended(row->channels));
	leave(&w);
	(void)tear_down(NULL);
}

/* The browser comes back with the last id that it has had. */
static bool
last_id(struct position *p)
{
	char text[EVENTID_SIZE] = "";

	assert_true(browser.reader.id.len < sizeof(text));
	memcpy(text, browser.reader.id.s, browser.reader.id.len);
	p->kind = POSITION_AFTER;
	return eventid_parse(&p->id, text);
}

static void
is_read_with_a_cut_after_each_step(void **state)
{
	const struct row *row = *state;
	struct position p;
	struct reader w;
	char id[EVENTID_SIZE];

	(void)set_up(NULL);
	browser_begins();
	happen(row->before);
	p = position(row->position);
	begin(&w, row->channels, &p);
	if (readers.feed.position(&w.sub, id) > 0 &&
	    reader_beginnings(&w) == NULL) {
		p.kind = POSITION_AFTER; /* the first block says so */
		assert_true(eventid_parse(&p.id, id));
	}
	happen(row->after);
	while (read_on(&w, 1) > 0) {
		leave(&w);
		assert_true(last_id(&p));
		begin(&w, row->channels, &p);
	}
	row_is_read(row, true);
	assert_int_equal(readers.feed.over(&w.sub), all_ended(row->channels));
	leave(&w);
	(void)tear_down(NULL);
}

static void
position_moves_only_when_nothing_is_left_to_read(void **state)
{
	struct position p = position("after 0");
	char id[EVENTID_SIZE];
	struct reader w;

	(void)state;
	browser_begins();
	happen("a x x");
	begin(&w, "ab", &p);
	assert_int_equal(readers.feed.position(&w.sub, id), 3);
	assert_string_equal(id, "0-1");
	assert_int_equal(take(&w, 1), 1);
	(void)readers.feed.position(&w.sub, id);
	assert_string_equal(id, "3-1"); /* x's, which is not ours to read */
	happen("x b x");
	(void)readers.feed.position(&w.sub, id);
	assert_string_equal(id, "3-1");
	happen("@6"); /* a gap is something to read too */
	(void)readers.feed.position(&w.sub, id);
	assert_string_equal(id, "3-1");
	assert_int_equal(take(&w, 1), 1);
	(void)readers.feed.position(&w.sub, id);
	assert_string_equal(id, "6-1");
	is_read("a1 [b 3-5]");
	leave(&w);
}

static void
unknown_position_is_none_until_its_gap_is_taken(void **state)
{
	struct position p = position("unknown");
	char id[EVENTID_SIZE];
	struct reader w;

	(void)state;
	happen("a");
	begin(&w, "a", &p);
	assert_int_equal(readers.feed.position(&w.sub, id), 0);
	assert_int_equal(take(&w, 1), 1);
	assert_int_equal(readers.feed.position(&w.sub, id), 3);
	assert_string_equal(id, "0-1");
	assert_int_equal(take(&w, 1), 1);
	(void)readers.feed.position(&w.sub, id);
	assert_string_equal(id, "1-1");
	leave(&w);
}

/* Nothing of what is restored meanwhile is for who came before. */
static void
readers_that_wait_begin_where_the_hub_does(void **state)
{
	struct position at_once = position("now"), none = position("unknown");
	struct sse_message m = {.data = "a12", .len = 3};
	char id[EVENTID_SIZE];
	struct reader w, v;

	(void)state;
	browser_begins();
	hub_begin(&hub, (struct eventid){0, 0});
	hub_wait(&hub);
	begin(&w, "ab", &at_once);
	begin(&v, "ab", &none);
	assert_int_equal(take(&w, 9) + take(&v, 9), 0);
	assert_int_equal(readers.feed.position(&w.sub, id), 0);
	hub_begin(&hub, (struct eventid){10, 1});
	assert_int_equal(hub_restore(&hub, "a", (struct eventid){12, 1}, &m, 0),
	    HUB_DONE);
	assert_int_equal(take(&w, 9) + take(&v, 9), 0);
	assert_int_equal(readers.feed.position(&w.sub, id), 0);
	wakes = 0;
	hub_restored(&hub, (struct eventid){15, 1}, (struct eventid){10, 1});
	assert_int_equal(wakes, 4);
	published = 15;
	assert_int_equal(readers.feed.position(&v.sub, id), 0);
	assert_int_equal(readers.feed.position(&w.sub, id), 4);
	assert_string_equal(id, "15-1");
	publish("b");
	assert_int_equal(take(&w, 9), 1);
	is_read("b16");
	browser_begins();
	assert_int_equal(take(&v, 9), 3);
	is_read("[unknown 10] a12 b16");
	leave(&w);
	begin(&w, "ab", &at_once);
	assert_int_equal(readers.feed.position(&w.sub, id), 4);
	assert_string_equal(id, "16-1");
	leave(&w);
	leave(&v);
}

/* They are new then, and begin as all that are. */
static void
readers_that_wait_begin_with_snapshots(void **state)
{
	struct position at_once = position("now");
	struct sse_message m = {.data = "a11", .len = 3, .snapshot = true};
	char id[EVENTID_SIZE];
	struct reader one, two;

	(void)state;
	hub_begin(&hub, (struct eventid){0, 0});
	hub_wait(&hub);
	begin(&one, "a", &at_once);
	begin(&two, "ba", &at_once);
	assert_int_equal(readers.feed.position(&two.sub, id), 0);
	hub_begin(&hub, (struct eventid){10, 1});
	assert_int_equal(hub_restore(&hub, "a", (struct eventid){11, 1}, &m, 0),
	    HUB_DONE);
	m = (struct sse_message){.data = "b12", .len = 3};
	assert_int_equal(hub_restore(&hub, "b", (struct eventid){12, 1}, &m, 0),
	    HUB_DONE);
	hub_restored(&hub, (struct eventid){15, 1}, (struct eventid){10, 1});
	published = 15;
	publish("b");
	browser_begins();
	assert_int_equal(take(&one, 9), 1);
	is_read("a11");
	browser_begins();
	assert_int_equal(take(&two, 9), 2);
	is_read("a11 b16");
	leave(&one);
	leave(&two);
}

static void
beginnings_are_kept_until_they_say_nothing(void **state)
{
	struct position at_once = position("now");
	struct reader w;

	(void)state;
	browser_begins();
	happen("=a b a b");
	begin(&w, "ab", &at_once);
	assert_non_null(reader_beginnings(&w));
	publish("b");
	assert_int_equal(take(&w, 2), 2);
	(void)take(&w, 0);
	assert_non_null(reader_beginnings(&w)); /* of b, behind the second */
	assert_int_equal(take(&w, 1), 1);
	(void)take(&w, 0);
	assert_null(reader_beginnings(&w));
	is_read("a1 a3 b5");
	leave(&w);
	begin(&w, "bc", &at_once);
	assert_null(reader_beginnings(&w)); /* there is one for both */
	leave(&w);
}

/* The position is said only when there is something to be read. */
static void
reader_that_has_waited_need_not_say_its_position_first(void **state)
{
	struct position at_once = position("now");
	struct reader w;

	(void)state;
	browser_begins();
	hub_begin(&hub, (struct eventid){0, 0});
	hub_wait(&hub);
	begin(&w, "a", &at_once);
	hub_begin(&hub, (struct eventid){10, 1});
	hub_restored(&hub, (struct eventid){10, 1}, (struct eventid){10, 1});
	published = 10;
	happen("* a");
	assert_int_equal(take(&w, 9), 2);
	is_read("{a 10-11} a12");
	leave(&w);
}

/* More than one batch holds, some of each taken. */
static void
what_was_not_taken_is_offered_again(void **state)
{
	struct position p = position("now");
	char expected[2000] = "";
	size_t len = 0, i;
	struct reader w;

	(void)state;
	browser_begins();
	begin(&w, "ab", &p);
	for (i = 1; i <= 100; i++) {
		publish(i % 3 == 0 ? "b" : "a");
		len += (size_t)snprintf(expected + len, sizeof(expected) - len,
		    "%s%s%zu", i == 1 ? "" : " ", i % 3 == 0 ? "b" : "a", i);
	}
	assert_int_equal(take(&w, 0), 0);
	for (i = 0; take(&w, 1 + (unsigned)i % 40) > 0; i++)
		continue;
	is_read(expected);
	leave(&w);
}

static void
new_stream_is_woken_and_gaps_are_counted(void **state)
{
	struct position now_on = position("after 0"),
			none = position("restart");
	struct reader w, v;

	(void)state;
	happen("!1 x y !10 a a a /1");
	begin(&w, "abc", &now_on);
	assert_int_equal(wakes, 1);
	begin(&v, "x", &none);
	assert_int_equal(wakes, 2);
	publish("a"); /* not before the turn's end */
	assert_int_equal(wakes, 2);
	hub_wake(&hub);
	assert_int_equal(wakes, 3);
	assert_int_equal(readers.gaps[LOSS_OVERFLOW], 0);
	assert_int_equal(take(&w, 1), 1); /* of b and c, which begin now */
	assert_int_equal(readers.gaps[LOSS_OVERFLOW], 2);
	assert_int_equal(take(&w, 2), 2); /* of a, and the event behind it */
	assert_int_equal(readers.gaps[LOSS_OVERFLOW], 3);
	assert_int_equal(take(&v, 1), 1);
	assert_int_equal(readers.gaps[LOSS_RESTART], 1);
	assert_int_equal(take(&v, 1), 1); /* x's own */
	assert_int_equal(readers.gaps[LOSS_OVERFLOW], 4);
	leave(&w);
	leave(&v);
}

static void
erased_events_are_counted_as_such(void **state)
{
	struct position p = position("after 0");
	struct reader w;

	(void)state;
	browser_begins();
	happen("a b a b ~a");
	hub.set.history = 1;
	hub_trim(&hub);
	begin(&w, "ab", &p);
	assert_int_equal(take(&w, 9), 4);
	is_read("[b 0-2] (a 2-3) b4 a.5");
	assert_int_equal(readers.gaps[LOSS_OVERFLOW], 1);
	assert_int_equal(readers.gaps[LOSS_DELETED], 1);
	leave(&w);
}

/* A tail cannot hold it in one channel, but in the other. */
static void
source_may_lose_a_shared_event_for_one_channel(void **state)
{
	struct position p = position("after 0"), at_once = position("now");
	struct reader w, v;

	(void)state;
	happen("x");
	begin(&w, "ab", &p);
	begin(&v, "ab", &at_once);
	publish("b");
	hub_lose(&hub, "a", (struct loss){id_of(published), LOSS_SOURCE});
	publish("a");
	browser_begins();
	assert_int_equal(take(&w, 9), 3);
	is_read("{a 0-<2} b2 a3");
	browser_begins();
	assert_int_equal(take(&v, 9), 3);
	is_read("{a 1-<2} b2 a3");
	leave(&w);
	leave(&v);
}

/* The stream's side asks when all that was offered is on its way. */
static void
reader_is_over_when_it_has_all_ends(void **state)
{
	struct position p = position("now"), none = position("unknown");
	struct reader w, v;

	(void)state;
	browser_begins();
	happen("a.");
	begin(&w, "ab", &p);
	begin(&v, "a", &none);
	assert_false(readers.feed.over(&w.sub));
	assert_false(readers.feed.over(&v.sub));
	assert_int_equal(take(&v, 1), 1);
	assert_false(readers.feed.over(&v.sub)); /* it has had a gap */
	assert_int_equal(take(&v, 1), 1);
	assert_true(readers.feed.over(&v.sub));
	happen("b b.");
	assert_int_equal(take(&w, 1), 1);
	assert_false(readers.feed.over(&w.sub));
	assert_int_equal(take(&w, 1), 1);
	assert_true(readers.feed.over(&w.sub));
	is_read("[unknown 0] a.1 b2 b.3");
	leave(&w);
	leave(&v);
	p = position("after 3"); /* who has it need not be told */
	begin(&w, "ab", &p);
	assert_true(readers.feed.over(&w.sub));
	leave(&w);
}

static void
end_names_its_channel_as_json(void **state)
{
	static const char *const name[] = {"https://a/\"\\\xc3\xa4"};
	struct eventid id = {7, 1};
	struct post p = {.channels = name, .channels_n = 1, .end = true};
	struct position from = position("after 0");
	struct batch *b = malloc(sizeof(*b));
	struct reader w;

	(void)state;
	assert_non_null(b);
	assert_int_equal(hub_publish(&hub, &p, &id, &reading), HUB_DONE);
	assert_int_equal(reader_begin(&readers, &w, name, 1, &from), HUB_DONE);
	batch_begin(b);
	readers.feed.fill(&w.sub, b, KIND);
	assert_int_equal(b->n, 1);
	b->text[b->piece[0].len] = '\0';
	assert_string_equal(b->text,
	    "event: end\n"
	    "data: {\"channel\":\"https://a/\\\"\\\\\xc3\xa4\"}\n"
	    "id: 7-1\n\n");
	free(b);
	leave(&w);
}

static void
largest_end_fits_its_room(void **state)
{
	struct channel *ch;
	char name[CHANNEL_NAME_MAX + 1], text[END_SIZE];
	size_t len;

	(void)state;
	memset(name, '\\', CHANNEL_NAME_MAX);
	name[CHANNEL_NAME_MAX] = '\0';
	ch = channel_new(name, (struct loss){{0, 0}, LOSS_OVERFLOW});
	assert_non_null(ch);
	ch->ended = (struct eventid){UINT64_MAX, UINT64_MAX};
	len = end_write(text, ch);
	assert_in_range(len, 2 * CHANNEL_NAME_MAX, END_SIZE - 1);
	assert_memory_equal(text + len - 5, "615\n\n", 5);
	channel_free(ch);
}

/* As many channels as there may be, and what is of many of them. */
static void
all_channels_are_merged(void **state)
{
	static char text[READER_CHANNELS_MAX][8];
	const char *names[READER_CHANNELS_MAX];
	struct position p = position("after 0");
	struct eventsource *page = &browser.reader;
	uint32_t seed = 20261127;
	char data[20], id[EVENTID_SIZE];
	struct reader w;
	unsigned long k, n = 0;
	struct post post = {.n = 1};
	struct sse_message m = {.data = data};
	struct eventid at;
	size_t i;

	(void)state;
	for (i = 0; i < READER_CHANNELS_MAX; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "ch%zu", i);
		names[i] = text[i];
	}
	hub.set.bytes_max = 1 << 24;
	for (k = 1; k <= 1000; k++) {
		at = next_id();
		post.messages = &m;
		post.channels_n = 1 + chance(&seed) % POST_CHANNELS_MAX;
		post.channels =
		    names + chance(&seed) %
				(READER_CHANNELS_MAX - POST_CHANNELS_MAX + 1);
		m.len = (size_t)snprintf(data, sizeof(data), "%lu", k);
		assert_int_equal(hub_publish(&hub, &post, &at, &reading),
		    HUB_DONE);
	}
	assert_int_equal(reader_begin(&readers, &w, names, LENGTH(names), &p),
	    HUB_DONE);
	eventsource_reset(page);
	page->dispatched = NULL;
	while (take(&w, 7) > 0) {
		n += page->events;
		page->events = 0;
		assert_true(last_id(&p));
		assert_int_equal(p.id.ms, n);
		(void)readers.feed.position(&w.sub, id);
		assert_int_equal(strtoul(id, NULL, 10), n);
	}
	assert_int_equal(n, 1000);
	leave(&w);
}

#define ID "}\nid: 18446744073709551615-18446744073709551615\n\n"

/* Gaps of all channels at once, with the longest names and ids that there are.
 */
static void
largest_gap_fits_its_room(void **state)
{
	static char names[READER_CHANNELS_MAX][CHANNEL_NAME_MAX + 1];
	struct position p = {.kind = POSITION_AFTER,
	    .id = {UINT64_MAX, UINT64_MAX - 1}};
	const char *channels[READER_CHANNELS_MAX];
	struct batch *b = malloc(sizeof(*b));
	struct reader w;
	const char *id;
	size_t i;

	(void)state;
	assert_non_null(b);
	for (i = 0; i < READER_CHANNELS_MAX; i++) {
		memset(names[i], '"', CHANNEL_NAME_MAX);
		names[i][0] = (char)('0' + i);
		channels[i] = names[i];
	}
	hub.last = hub.forgotten.upto =
	    (struct eventid){UINT64_MAX, UINT64_MAX};
	assert_int_equal(reader_begin(&readers, &w, channels,
			     READER_CHANNELS_MAX, &p),
	    HUB_DONE);
	batch_begin(b);
	readers.feed.fill(&w.sub, b, KIND);
	assert_int_equal(b->n, 1);
	assert_in_range(b->piece[0].len,
	    (size_t)READER_CHANNELS_MAX * 2 * (CHANNEL_NAME_MAX - 2),
	    b->text_used - 1);
	/* The first of them has no id, and the last one has. */
	b->text[b->piece[0].len] = '\0';
	assert_ptr_equal(b->piece[0].data, b->text);
	assert_memory_equal(b->text, "event: gap\ndata: ", 17);
	id = strstr(b->text, ID);
	assert_non_null(id);
	assert_string_equal(id, ID);
	free(b);
	leave(&w);
}

static void
subscription_that_fails_has_joined_nothing(void **state)
{
	static const char *const names[] = {"a", "b", "new"};
	struct position p = position("now");
	struct subscriber other = {&readers.feed};
	struct cursor cu[2];
	struct reader w;
	unsigned long nth;
	enum hub_result result;

	(void)state;
	hub.set.channels_max = 2;
	assert_int_equal(hub_join(&hub, &cu[0], "a", &other), HUB_DONE);
	assert_int_equal(hub_join(&hub, &cu[1], "b", &other), HUB_DONE);
	assert_int_equal(reader_begin(&readers, &w, names, 3, &p),
	    HUB_NO_CHANNEL);
	assert_null(w.sub.feed);
	hub.set.channels_max = 3;
	for (nth = 1;; nth++) {
		assert_int_equal(hub_find(&hub, "a")->reading, 1);
		assert_int_equal(hub_find(&hub, "b")->reading, 1);
		allocation_fails(nth);
		result = reader_begin(&readers, &w, names, 3, &p);
		if (result == HUB_DONE)
			break;
		assert_int_equal(result, HUB_NO_MEMORY);
		assert_null(w.sub.feed);
	}
	assert_int_equal(nth, 4); /* the cursors, the channel, beginnings */
	assert_int_equal(hub_find(&hub, "new")->reading, 1);
	leave(&w);
	hub_leave(&hub, &cu[0]);
	hub_leave(&hub, &cu[1]);
}

static void
gap_reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(loss_reason_name(LOSS_OVERFLOW), "overflow");
	assert_string_equal(loss_reason_name(LOSS_RESTART), "restart");
	assert_string_equal(loss_reason_name(LOSS_UNKNOWN), "unknown");
	assert_string_equal(loss_reason_name(LOSS_SOURCE), "source");
	assert_string_equal(loss_reason_name(LOSS_DELETED), "deleted");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(position_moves_only_when_nothing_is_left_to_read),
	    TEST(unknown_position_is_none_until_its_gap_is_taken),
	    TEST(readers_that_wait_begin_where_the_hub_does),
	    TEST(readers_that_wait_begin_with_snapshots),
	    TEST(beginnings_are_kept_until_they_say_nothing),
	    TEST(reader_that_has_waited_need_not_say_its_position_first),
	    TEST(what_was_not_taken_is_offered_again),
	    TEST(new_stream_is_woken_and_gaps_are_counted),
	    TEST(erased_events_are_counted_as_such),
	    TEST(source_may_lose_a_shared_event_for_one_channel),
	    TEST(reader_is_over_when_it_has_all_ends),
	    TEST(end_names_its_channel_as_json),
	    TEST(largest_end_fits_its_room),
	    TEST(all_channels_are_merged),
	    TEST(largest_gap_fits_its_room),
	    TEST(subscription_that_fails_has_joined_nothing),
	    cmocka_unit_test(gap_reasons_have_names),
	};
	static struct CMUnitTest tests[2 * LENGTH(rows) + LENGTH(others)];
	static char names[LENGTH(rows)][80];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s_with_cuts",
		    rows[i].name);
		tests[n++] =
		    row_test(rows[i].name, is_read_from_there, &rows[i]);
		tests[n++] = row_test(names[i],
		    is_read_with_a_cut_after_each_step, &rows[i]);
	}
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("walk", tests, n, NULL, NULL);
}
