/* SPDX-License-Identifier: ISC */
/*
 * What a browser is told of the events that it does not get; and that it gets
 * all others, wherever its connection was cut.
 */
#include "unit.h"

#include <signal.h>
#include <stdbool.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "world.h"

/* Positions that no event of this process has. */
static const struct unknown {
	const char *name, *position, *reason;
} unknowns[] = {
    {"a_word_is_no_position", "secret", "unknown"},
    {"a_number_is_no_position", "17", "unknown"},
    {"half_an_id_is_no_position", "1795359156000-", "unknown"},
    {"a_negative_id_is_no_position", "-1795359156000-3", "unknown"},
    {"a_longer_id_is_no_position", "1795359156000-3-1", "unknown"},
    {"a_number_over_64_bits_is_no_position", "1-18446744073709551616",
	"unknown"},
    {"bytes_are_no_position", "\x01\xff\"\\<b>", "unknown"},
    {"an_id_of_another_life_is_no_position", "1795359156000-3", "restart"},
    {"zeros_are_no_position", "0-0", "restart"},
    {"two_headers_are_no_position", "twice", "unknown"},
    {"an_id_of_the_future_is_no_position", "future", "unknown"},
};

static void
open_at_unknown(struct front *f, const char *position, const char *own)
{
	const char *twice[] = {"QUERY_STRING", "channel=u&channel=v",
	    "HTTP_LAST_EVENT_ID", own, "HTTP_LAST_EVENT_ID", own, NULL};
	char future[64];

	(void)snprintf(future, sizeof(future), "9%s", own);
	if (strcmp(position, "future") == 0)
		position = future;
	if (strcmp(position, "twice") != 0) {
		open_raw(f, "channel=u&channel=v", "HTTP_LAST_EVENT_ID",
		    position);
		return;
	}
	assert_true(front_connect(f, world.r.address));
	assert_true(front_request(f, 0, "GET", twice));
}

/* One gap that names no channel and repeats nothing, then all that is held. */
static void
a_stream_is_told_that_it_is_lost(void **state)
{
	const struct unknown *u = *state;
	char id[3][48], base[48];
	struct front f;
	int i;

	for (i = 0; i < 3; i++)
		say(i == 1 ? "channel=v" : "channel=u", "held", id[i]);
	open_at_unknown(&f, u->position, id[0]);
	assert_blocks(&f,
	    "\nmessage %s held\nmessage %s held\nmessage %s held\n", id[0],
	    id[1], id[2]);
	assert_int_equal(sscanf(blocks_of(&f), "position -\ngap %47[0-9-]",
			     base),
	    1);
	assert_blocks(&f,
	    "gap %s {\"channel\":null,\"from\":null,\"to\":\"%s\","
	    "\"reason\":\"%s\"}\nmessage ",
	    base, base, u->reason);
	assert_int_equal(front_count(&f, "event: gap"), 1);
	assert_int_equal(front_count(&f, "secret"), 0);
	front_close(&f);
}

/* The next process knows nothing of the last one's events, and says so. */
static void
after_a_restart_there_is_one_gap_and_then_what_is_held(void **state)
{
	struct subscriber s;

	(void)state;
	subscriber_begin(&s, &world.c, "r1 r2");
	subscriber_connect(&s, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&s));
	publish_some("r1", 2);
	publish_some("r2", 2);
	assert_true(subscriber_until(&s, 4));
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	responder_again(&world.r, NULL);
	publish_some("r2", 1);
	publish_some("r1", 2);
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_until(&s, 7));
	publish_some("r2", 1);
	assert_true(subscriber_until(&s, 8));
	assert_int_equal(s.page.gaps, 1);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/* And where even the new process has dropped some of its own. */
static void
after_a_restart_and_an_overflow_there_are_two_gaps(void **state)
{
	struct subscriber s;

	(void)state;
	subscriber_begin(&s, &world.c, "o1 o2");
	subscriber_connect(&s, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&s));
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	responder_again(&world.r, (const char *[]){"--history", "3", NULL});
	publish_some("o1", 2);
	publish_some("o2", 5);
	subscriber_again(&s, &world.r, "last_event_id");
	assert_true(subscriber_until(&s, 5));
	assert_int_equal(s.page.gaps, 2);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/* The gap stands where the events were, and only once. */
static void
what_was_dropped_is_told_at_its_place(void **state)
{
	char id[9][48], query[200];
	struct front f;
	int i;

	(void)state;
	for (i = 0; i < 9; i++) /* busy loses all but 6, 7 and 8 */
		say(i == 1 || i == 5 ? "channel=quiet" : "channel=busy",
		    i == 8 ? "last" : "text", id[i]);
	(void)snprintf(query, sizeof(query),
	    "channel=busy&channel=quiet&lastEventId=%s", id[0]);
	open_raw(&f, query, NULL, NULL);
	assert_blocks(&f,
	    "position %s\nmessage %s text\n"
	    "gap %s {\"channel\":\"busy\",\"from\":\"%s\",\"to\":\"%s\","
	    "\"reason\":\"overflow\"}\nmessage %s text\nmessage %s text\n"
	    "message %s text\nmessage %s last\n",
	    id[0], id[1], id[4], id[1], id[4], id[5], id[6], id[7], id[8]);
	assert_int_equal(front_count(&f, "event: gap"), 1);
	front_close(&f);
}

/* All of a stream from a position on, as bytes, up to the event of this number.
 */
static void
read_raw(struct bytes *to, const char *channels, const char *position,
    unsigned last)
{
	struct front f;

	open_raw(&f, channels, "HTTP_LAST_EVENT_ID", position);
	assert_comes(&f, "data: %s\nid: ", world.c.event[last].data);
	assert_comes(&f, "\n\n");
	bytes_add(to, answer_text(&f), strlen(answer_text(&f)));
	front_close(&f);
}

/* What comes of a reader that gets len bytes of text, is cut and comes back. */
static void
cut_and_come_back(const char *text, size_t len, const char *position,
    unsigned last)
{
	struct subscriber s;

	subscriber_begin(&s, &world.c, "c1 c2 c3");
	page_connected(&s.page, position);
	page_read(&s.page, text, len);
	if (s.page.last_id.len > 0)
		subscriber_again(&s, &world.r, NULL);
	else
		subscriber_connect(&s, &world.r, position, NULL);
	assert_true(subscriber_until_number(&s, last));
	assert_int_equal(s.page.events, 3 + 3 + 1);
	assert_in_range(s.page.gaps, 2, 2);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

static void
a_reader_that_is_cut_behind_any_byte_lacks_nothing(void **state)
{
	struct bytes text = {0};
	char position[48];
	unsigned last = 0, i;
	size_t cut;

	(void)state;
	say("channel=none", "x", position);
	for (i = 0; i < 10; i++) {
		publish_some("c1", 2);
		publish_some(i == 8 ? "c3" : "c2", 1);
	}
	last = world.c.events - 1;
	read_raw(&text, "channel=c1&channel=c2&channel=c3", position, last);
	for (cut = 0; cut <= text.len; cut += slow(1) > 1 ? 61 : 1)
		cut_and_come_back(text.at, cut, position, last);
	free(text.at);
}

static const char *store;

/* Whatever the others have: these are of a process that forgets. */
static int
start_without_a_store(void **state)
{
	store = getenv("STORE");
	(void)unsetenv("STORE");
	return world_start(state);
}

static int
stop_without_a_store(void **state)
{
	if (store != NULL)
		(void)setenv("STORE", store, 1);
	return world_stop(state);
}

static int
start_with_a_short_history(void **state)
{
	(void)state;
	return world_start_with((const char *[]){"--history", "3", NULL});
}

static char big[8000];

/* More than the sockets hold between a reader and us, to one channel. */
static void
publish_too_much(const char *channel)
{
	int i;

	memset(big, 'x', sizeof(big) - 1);
	for (i = 0; i < 60; i++)
		publish(&world.r, &world.c,
		    checker_event(&world.c, channel, NULL, big));
}

static void
a_reader_that_is_lapped_is_told_and_goes_on(void **state)
{
	struct subscriber s;

	(void)state;
	subscriber_begin(&s, &world.c, "l1 l2");
	subscriber_connect(&s, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&s));
	publish_some("l2", 1);
	publish_too_much("l1");
	publish_some("l2", 1);
	assert_true(subscriber_until_number(&s, world.c.events - 1));
	assert_int_equal(s.page.gaps, 1);
	publish_too_much("l2");
	publish_some("l1", 1);
	assert_true(subscriber_until_number(&s, world.c.events - 1));
	assert_int_equal(s.page.gaps, 2);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/* More at once than the history holds and than is written in one turn. */
static void
a_reader_that_keeps_up_loses_nothing_of_many_at_once(void **state)
{
	enum { MANY = 256 };
	struct post p = {.query = "channel=m", .type = "text/event-stream"};
	struct bytes text = {0};
	struct subscriber s;
	struct front f;
	char rest[500] = "", id[48];
	unsigned i;

	(void)state;
	memset(rest, 'x', sizeof(rest) - 1);
	subscriber_begin(&s, &world.c, "m");
	subscriber_connect(&s, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&s));
	for (i = 0; i < MANY; i++)
		(void)checker_event(&world.c, "m", NULL, rest);
	checker_sent(&world.c, 0, MANY);
	batch_text(&text, &world.c, 0, MANY);
	p.body = text.at;
	p.len = text.len;
	post(&f, &world.r, &p);
	answer_id(&f, id);
	checker_acknowledged(&world.c, 0, id);
	front_close(&f);
	assert_true(subscriber_until_number(&s, MANY - 1));
	assert_int_equal(s.page.gaps, 0);
	subscriber_check(&s, true);
	assert_true(status_until(&world.r, "\"held\":", 3));
	subscriber_end(&s);
	free(text.at);
}

/*
 * The budget holds hardly one such batch: what does not fit is refused, and who
 * keeps up loses nothing of what does.
 */
static void
a_budget_takes_nothing_from_those_who_keep_up(void **state)
{
	struct post p = {.query = "channel=full", .type = "text/event-stream"};
	struct subscriber s;
	struct front answer;
	struct bytes text = {0};
	unsigned first, i, round;

	(void)state;
	memset(big, 'x', 4000);
	big[4000] = '\0';
	subscriber_begin(&s, &world.c, "full");
	subscriber_connect(&s, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&s));
	for (round = 0; round < 5; round++) {
		text.len = 0;
		first = world.c.events;
		for (i = 0; i < 200; i++)
			(void)checker_event(&world.c, "full", NULL, big);
		batch_text(&text, &world.c, first, 200);
		p.body = text.at;
		p.len = text.len;
		checker_sent(&world.c, first, 200);
		post(&answer, &world.r, &p);
		assert_int_equal(answer_status(&answer), 200);
		front_close(&answer);
		assert_true(subscriber_until_number(&s, first + 199));
	}
	assert_int_equal(s.page.events, 5 * 200);
	assert_int_equal(s.page.gaps, 0);
	text.len = 0; /* an empty line takes seven bytes in memory */
	for (i = 1; i <= 180000; i++)
		bytes_add(&text, "data\n\n", i % 20000 == 0 ? 6 : 5);
	p.body = text.at;
	p.len = text.len;
	post(&answer, &world.r, &p);
	assert_refusal(&answer, 413);
	assert_non_null(strstr(answer.text, "--history-bytes"));
	front_close(&answer);
	assert_true(status_figure(&world.r, "\"held\":") >= 200);
	free(text.at);
	subscriber_end(&s);
}

static int
start_with_a_small_budget(void **state)
{
	(void)state;
	return world_start_with((const char *[]){"--history-bytes", "1048576",
	    "--history", "100000", "--max-event", "131072", NULL});
}

static void
a_reader_that_takes_nothing_is_closed_and_counted(void **state)
{
	struct subscriber s;

	(void)state;
	subscriber_begin(&s, &world.c, "s1");
	subscriber_connect(&s, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&s));
	assert_true(status_figure(&world.r, "\"stalled\":") == 0);
	publish_too_much("s1");
	assert_true(status_until(&world.r, "\"stalled\":", 1));
	assert_true(status_until(&world.r, "\"streams\":", 0));
	while (!s.f.closed)
		assert_true(subscriber_read(&s, PATIENCE));
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_until_number(&s, world.c.events - 1));
	assert_int_equal(s.page.gaps, 1);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

static int
start_with_little_patience(void **state)
{
	(void)state;
	return world_start_with(
	    (const char *[]){"--history", "3", "--stall", "1", NULL});
}

#define WITH(options, f) cmocka_unit_test_setup_teardown(f, options, world_stop)

int
main(void)
{
	const struct CMUnitTest single[] = {
	    cmocka_unit_test_setup_teardown(
		after_a_restart_there_is_one_gap_and_then_what_is_held,
		start_without_a_store, stop_without_a_store),
	    cmocka_unit_test_setup_teardown(
		after_a_restart_and_an_overflow_there_are_two_gaps,
		start_without_a_store, stop_without_a_store),
	    WITH(start_with_a_short_history,
		what_was_dropped_is_told_at_its_place),
	    WITH(start_with_a_short_history,
		a_reader_that_is_cut_behind_any_byte_lacks_nothing),
	    WITH(start_with_a_short_history,
		a_reader_that_is_lapped_is_told_and_goes_on),
	    WITH(start_with_a_short_history,
		a_reader_that_keeps_up_loses_nothing_of_many_at_once),
	    WITH(start_with_a_small_budget,
		a_budget_takes_nothing_from_those_who_keep_up),
	    WITH(start_with_little_patience,
		a_reader_that_takes_nothing_is_closed_and_counted),
	};
	struct CMUnitTest tests[LENGTH(unknowns)];
	size_t i;
	int failed;

	for (i = 0; i < LENGTH(unknowns); i++)
		tests[i] = row_test(unknowns[i].name,
		    a_stream_is_told_that_it_is_lost, &unknowns[i]);
	failed = cmocka_run_group_tests_name("positions", tests, world_start,
	    world_stop);
	return failed + cmocka_run_group_tests_name("gaps", single, NULL, NULL);
}
