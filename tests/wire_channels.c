/* SPDX-License-Identifier: ISC */
/*
 * Channels as a browser sees them: which it may have, what comes of them, and
 * from where on.
 */
#include "unit.h"

#include <signal.h>
#include <stdbool.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "world.h"

static void
an_event_comes_as_it_was_published(void **state)
{
	char first[48], id[48];
	struct front f;

	(void)state;
	open_raw(&f, "channel=news", NULL, NULL);
	first_position(&f, first);
	say("channel=news&event=note%20a", "one\r\n two\rthree\n", id);
	assert_comes(&f,
	    "event: position\ndata: \nid: %s\n\nevent: note a\ndata: one\n"
	    "data:  two\ndata: three\ndata: \nid: %s\n\n",
	    first, id);
	say("channel=other", "not for us", id);
	say("channel=news", "", id);
	assert_comes(&f, "\n\ndata: \nid: %s\n\n", id);
	say("event=&channel=%6Eews", ": h\xc3\xa9llo", id);
	assert_comes(&f, "\n\ndata: : h\xc3\xa9llo\nid: %s\n\n", id);
	assert_int_equal(front_count(&f, "not for us"), 0);
	front_close(&f);
}

static void
the_answer_to_a_publisher_tells_id_channel_and_streams(void **state)
{
	struct post p = {.query = "channel=count.a", .body = "x", .len = 1};
	char position[48], id[48], text[200];
	struct front f[3], answer;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		post(&answer, &world.r, &p);
		assert_int_equal(answer_status(&answer), 200);
		assert_non_null(
		    strstr(answer.text, "Content-Type: application/json\r\n"));
		answer_id(&answer, id);
		(void)snprintf(text, sizeof(text),
		    "{\"id\":\"%s\",\"channel\":\"count.a\",\"streams\":%d}\n",
		    id, i);
		assert_string_equal(answer_text(&answer), text);
		front_close(&answer);
		open_raw(&f[i], "channel=x&channel=count.a", NULL, NULL);
		first_position(&f[i], position);
		assert_string_equal(position, id); /* it is the last of all */
	}
	for (i = 0; i < 3; i++)
		front_close(&f[i]);
}

static void
streams_of_several_channels_get_them_in_the_order_of_their_ids(void **state)
{
	static const char *const name[] = {"a", "b.b", "c:c", "d-d", "E_1"};
	struct subscriber all, two;
	unsigned i, channel, both = 0;

	(void)state;
	subscriber_begin(&all, &world.c, "a b.b c:c d-d E_1");
	subscriber_connect(&all, &world.r, NULL, NULL);
	subscriber_begin(&two, &world.c, "d-d b.b");
	subscriber_connect(&two, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&all) && subscriber_joined(&two));
	for (i = 0; i < 50; i++) {
		channel = (i + i / 3) % 5;
		both += channel == 1 || channel == 3;
		publish(&world.r, &world.c,
		    checker_event(&world.c, name[channel],
			i % 3 == 0 ? "tick" : NULL, "a\nb\r\rc"));
	}
	assert_true(subscriber_until(&all, 50));
	assert_true(subscriber_until(&two, both));
	subscriber_check(&all, true);
	subscriber_check(&two, true);
	subscriber_end(&all);
	subscriber_end(&two);
}

/* How a position can be told; what does not count is told wrongly. */
static const struct row {
	const char *name, *query, *header; /* %s: the position */
} positions[] = {
    {"going_on_by_the_header", "", "%s"},
    {"going_on_by_last_event_id", "&last_event_id=%s", NULL},
    {"going_on_by_lastEventId", "&lastEventId=%s", NULL},
    {"the_header_counts_before_the_query", "&last_event_id=7", "%s"},
    {"lastEventId_counts_before_last_event_id",
	"&last_event_id=earliest&lastEventId=%s", NULL},
    {"the_newest_of_several_counts",
	"&lastEventId=7-1&lastEventID=earliest&last-event-id=%s&"
	"Last-Event-ID=9",
	"earliest"},
    {"the_query_s_counts_if_the_header_s_is_older", "&evs_last_event_id=%s",
	"1-1"},
    {"an_empty_header_does_not_count", "&last_event_id=%s", ""},
    {"last_event_id_counts_before_history", "&history=1&last_event_id=%s",
	NULL},
    {"the_header_counts_before_history", "&history=1", "%s"},
};

static void
a_stream_goes_on_from(void **state)
{
	const struct row *row = *state;
	char id[4][48], query[200], header[100];
	struct front f;
	int i;

	for (i = 0; i < 4; i++)
		say("channel=go-on", i == 3 ? "last" : "text", id[i]);
	(void)snprintf(query, sizeof(query), "channel=go-on");
	(void)snprintf(query + 13, sizeof(query) - 13, row->query, id[1]);
	if (row->header != NULL)
		(void)snprintf(header, sizeof(header), row->header, id[1]);
	open_raw(&f, query, row->header == NULL ? NULL : "HTTP_LAST_EVENT_ID",
	    header);
	assert_comes(&f, "data: last\nid: %s\n\n", id[3]);
	assert_comes(&f,
	    "event: position\ndata: \nid: %s\n\n"
	    "data: text\nid: %s\n\ndata: last\n",
	    id[1], id[2]);
	assert_int_equal(front_count(&f, "data:"), 3);
	front_close(&f);
}

static void
earliest_is_all_that_is_held(void **state)
{
	static const char *const by[] = {"HTTP_LAST_EVENT_ID", NULL};
	char id[3][48];
	struct front f;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		say(i == 1 ? "channel=e2" : "channel=e1", "held", id[i]);
	for (i = 0; i < LENGTH(by); i++) {
		open_raw(&f,
		    by[i] == NULL ?
			"channel=e1&channel=e2&last_event_id=earliest" :
			"channel=e1&channel=e2",
		    by[i], by[i] == NULL ? NULL : "earliest");
		assert_blocks(&f,
		    "\nmessage %s held\nmessage %s held\nmessage %s held\n",
		    id[0], id[1], id[2]);
		assert_int_equal(front_count(&f, "event: gap"), 0);
		front_close(&f);
	}
}

/* As a client that adds its own does it, which cannot set a header. */
static void
the_clock_counts_on_from_what_the_query_says(void **state)
{
	static const struct {
		const char *query, *header;
	} cases[] = {{"lastEventId=41", NULL}, {"last_event_id=41", NULL},
	    {"lastEventId=41&last_event_id=90", NULL},
	    {"lastEventId=40&lastEventId=41", "7"},
	    {"lastEventId=x&last_event_id=5", "41"}};
	struct front f;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		open_raw(&f, cases[i].query,
		    cases[i].header == NULL ? NULL : "HTTP_LAST_EVENT_ID",
		    cases[i].header);
		assert_comes(&f, "data: Message: 42 ");
		front_close(&f);
	}
}

static void
history_begins_with_the_last_ones_of_all_channels(void **state)
{
	static const struct {
		const char *how_many;
		unsigned comes;
	} cases[] = {{"1", 1}, {"3", 3}, {"6", 6}, {"1000", 9}};
	struct subscriber s;
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++) {
		publish_some(i % 3 == 0 ? "h1" : "h2", 1);
		publish_some("h3", 1);
	}
	for (i = 0; i < LENGTH(cases); i++) {
		subscriber_begin(&s, &world.c, "h1 h2");
		subscriber_connect(&s, &world.r, cases[i].how_many, "history");
		assert_true(subscriber_until(&s, cases[i].comes));
		publish_some(i % 2 ? "h1" : "h2", 1);
		assert_true(subscriber_until(&s, cases[i].comes + 1));
		assert_int_equal(s.page.events, cases[i].comes + 1);
		subscriber_check(&s, true);
		subscriber_end(&s);
	}
}

#define TEN(p)                                                      \
	"channel=" p "0&channel=" p "1&channel=" p "2&channel=" p   \
	"3&channel=" p "4&channel=" p "5&channel=" p "6&channel=" p \
	"7&channel=" p "8&channel=" p "9&"
#define SIXTY	  TEN("a") TEN("b") TEN("c") TEN("d") TEN("e") TEN("f")
#define FIXED8(p) p "1 " p "2 " p "3 " p "4 " p "5 " p "6 " p "7 " p "8 "
#define FIXED64     \
	FIXED8("a") \
	FIXED8("b") \
	FIXED8("c") \
	FIXED8("d") FIXED8("e") FIXED8("f") FIXED8("g") FIXED8("h")

/* Channels that a stream may not have; %s: a name of 255 letters. */
static const struct names {
	const char *name, *query, *fixed; /* fixed: SSE_CHANNEL */
	int status;
} names[] = {
    {"an_empty_name_is_refused", "channel=", NULL, 400},
    {"a_space_in_a_name_is_refused", "channel=a%%20b", NULL, 400},
    {"a_plus_in_a_name_is_refused", "channel=a+b", NULL, 400},
    {"a_slash_in_a_name_is_taken", "channel=a/b@c", NULL, 200},
    {"what_is_not_utf8_in_a_name_is_refused", "channel=%%E9", NULL, 400},
    {"a_url_is_a_name", "channel=https://a.example/b?c=d%%26e", NULL, 200},
    {"a_bad_percent_of_the_front_is_refused", "channel=a", "a b%", 400},
    {"a_letter_beyond_ascii_is_taken", "channel=%%C3%%A9", NULL, 200},
    {"a_nul_in_a_name_is_refused", "channel=a%%00b", NULL, 400},
    {"a_newline_in_a_name_is_refused", "channel=a%%0Ab", NULL, 400},
    {"what_is_encoded_twice_is_decoded_once", "channel=a%%2541", NULL, 200},
    {"a_percent_without_digits_is_refused", "channel=a%%4", NULL, 400},
    {"a_percent_with_other_letters_is_refused", "channel=%%zz", NULL, 400},
    {"a_second_name_that_is_bad_is_refused", "channel=a&channel=b%%20", NULL,
	400},
    {"a_name_of_255_letters_is_taken", "channel=%s", NULL, 200},
    {"a_name_of_256_letters_is_refused", "channel=%sx", NULL, 400},
    {"an_encoded_name_is_taken", "channel=%%61%%3a%%2D", NULL, 200},
    {"the_clock_stands_alone", "channel=a&channel=clock", NULL, 400},
    {"the_clock_first_stands_alone", "channel=clock&channel=a", NULL, 400},
    {"sixty_four_channels_are_taken",
	SIXTY "channel=1&channel=2&channel=3&channel=4&channel=1&channel=a0",
	NULL, 200},
    {"sixty_five_channels_are_refused",
	SIXTY "channel=1&channel=2&channel=3&channel=4&channel=5", NULL, 400},
    {"the_front_may_name_sixty_four", "", FIXED64, 200},
    {"the_front_may_not_name_sixty_five", "", FIXED64 "i1", 400},
    {"an_empty_choice_of_the_front_is_refused", "channel=a", "", 400},
    {"a_blank_choice_of_the_front_is_refused", "channel=a", "  ", 400},
    {"a_bad_name_of_the_front_is_refused", "channel=a", "a b%20c", 400},
    {"the_front_s_choice_replaces_a_bad_one", "channel=a+b&channel=clock",
	"fixed", 200},
    {"a_topic_is_refused", "topic=a", NULL, 400},
    {"channels_are_refused", "channels=a", NULL, 400},
    {"a_channel_with_brackets_is_refused", "channel[]=a", NULL, 400},
    {"a_slip_of_the_pen_is_refused", "chanel=a", NULL, 400},
    {"history_of_no_channel_is_refused", "history=3", NULL, 400},
    {"what_is_not_ours_need_not_be_well_formed", "channel=a&q=100%%&%%zz=%%00",
	NULL, 200},
    {"what_is_not_ours_is_the_clock", "q=100%%&_=17&theme=dark", NULL, 200},
    {"a_history_that_is_no_number_is_refused", "channel=a&history=x", NULL,
	400},
};

static void
channels_are_looked_at(void **state)
{
	const struct names *n = *state;
	char letters[256], query[2000];
	struct front f;

	memset(letters, 'n', 255);
	letters[255] = '\0';
	(void)snprintf(query, sizeof(query), n->query, letters);
	open_raw(&f, query, n->fixed == NULL ? NULL : "SSE_CHANNEL", n->fixed);
	if (n->status == 200) {
		assert_comes(&f, "\r\n\r\nretry: ");
		assert_int_equal(answer_status(&f), 200);
	} else {
		assert_true(front_until_end(&f, PATIENCE));
		assert_refusal(&f, n->status);
	}
	front_close(&f);
}

static void
a_channel_that_is_named_twice_counts_once(void **state)
{
	struct front f;
	char id[48];

	(void)state;
	open_raw(&f, "channel=twin&channel=x&channel=tw%69n", NULL, NULL);
	first_position(&f, id);
	say("channel=twin", "first", id);
	say("channel=twin", "second", id);
	assert_comes(&f, "data: second\nid: %s\n\n", id);
	assert_int_equal(front_count(&f, "data: first\n"), 1);
	front_close(&f);
}

static void
the_front_s_channels_replace_those_of_the_query(void **state)
{
	struct post p = {.query = "channel=a+b&channel=wish&event=type",
	    .more = (const char *[]){"SSE_CHANNEL", "given.1", NULL},
	    .body = "to given.1",
	    .len = 10};
	struct front f, wish, answer;
	char id[48];

	(void)state;
	open_raw(&f, "channel=wish&channel=none", "SSE_CHANNEL",
	    "given.1 given.2");
	open_raw(&wish, "channel=wish", NULL, NULL);
	first_position(&f, id);
	first_position(&wish, id);
	post(&answer, &world.r, &p);
	assert_int_equal(answer_status(&answer), 200);
	assert_non_null(strstr(answer.text, "\"channel\":\"given.1\""));
	front_close(&answer);
	say("channel=wish", "to wish", id);
	say("channel=given.2", "to given.2", id);
	assert_comes(&wish, "data: to wish\n");
	assert_comes(&f, "data: to given.2\n");
	assert_comes(&f, "event: type\n");
	assert_int_equal(front_count(&f, "data: to given.1\n"), 1);
	assert_int_equal(front_count(&f, "data: to wish\n"), 0);
	assert_int_equal(front_count(&wish, "data: to "), 1);
	front_close(&f);
	front_close(&wish);
}

static void
no_channel_and_the_channel_clock_are_the_clock(void **state)
{
	static const char *const fixed[] = {NULL, NULL, "clock", "clock clock"};
	static const char *const query[] = {"", "channel=clock", "channel=a",
	    "channel=a/b"};
	struct front f;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(fixed); i++) {
		open_raw(&f, query[i], fixed[i] == NULL ? NULL : "SSE_CHANNEL",
		    fixed[i]);
		assert_comes(&f, "\n\ndata: Message: 1 ");
		front_close(&f);
	}
}

/* A heartbeat tells the last id of all channels, and no page is told of it. */
static void
a_heartbeat_tells_the_last_id(void **state)
{
	char id[48];
	struct front f;

	(void)state;
	open_raw(&f, "channel=idle", NULL, NULL);
	say("channel=elsewhere", "x", id);
	assert_comes(&f, "\n\nevent: position\ndata: \nid: %s\n\n", id);
	assert_int_equal(front_count(&f, "data:"),
	    front_count(&f, "event: position\ndata: \n"));
	front_close(&f);
}

static int
start_with_heartbeats(void **state)
{
	(void)state;
	return world_start_with((const char *[]){"--heartbeat", "1", NULL});
}

int
main(void)
{
	const struct CMUnitTest single[] = {
	    cmocka_unit_test(an_event_comes_as_it_was_published),
	    cmocka_unit_test(
		the_answer_to_a_publisher_tells_id_channel_and_streams),
	    cmocka_unit_test(
		streams_of_several_channels_get_them_in_the_order_of_their_ids),
	    cmocka_unit_test(history_begins_with_the_last_ones_of_all_channels),
	    cmocka_unit_test(earliest_is_all_that_is_held),
	    cmocka_unit_test(the_clock_counts_on_from_what_the_query_says),
	    cmocka_unit_test(a_channel_that_is_named_twice_counts_once),
	    cmocka_unit_test(the_front_s_channels_replace_those_of_the_query),
	    cmocka_unit_test(no_channel_and_the_channel_clock_are_the_clock),
	};
	const struct CMUnitTest idle[] = {
	    cmocka_unit_test(a_heartbeat_tells_the_last_id),
	};
	struct CMUnitTest tests[LENGTH(positions) + LENGTH(names)];
	size_t n = 0, i;
	int failed;

	for (i = 0; i < LENGTH(positions); i++)
		tests[n++] = row_test(positions[i].name, a_stream_goes_on_from,
		    &positions[i]);
	for (i = 0; i < LENGTH(names); i++)
		tests[n++] =
		    row_test(names[i].name, channels_are_looked_at, &names[i]);
	failed = cmocka_run_group_tests_name("channels", single, world_start,
	    world_stop);
	failed += cmocka_run_group_tests_name("heartbeats", idle,
	    start_with_heartbeats, world_stop);
	return failed + cmocka_run_group_tests_name("names and positions",
			    tests, world_start, world_stop);
}
