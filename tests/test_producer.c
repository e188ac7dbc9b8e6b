/* SPDX-License-Identifier: ISC */
/*
 * Feeds to an engine that answers when the test says, and what it says: each
 * event is published once, in its order, whatever is refused on the way; and
 * when a producer dies its channel's readers are told.
 */
#include "served.h"

#include <errno.h>
#include <signal.h>

#include "fastcgi/request.h"
#include "test_ticket.h"

#define OK	"Status: 200 OK\r\n"
#define BAD	"Status: 400 Bad Request\r\n"
#define ENDED	"Status: 409 Conflict\r\n"
#define LARGE	"Status: 413 Content Too Large\r\n"
#define AWAY	"Status: 503 Service Unavailable\r\n"
#define UNKNOWN "Status: 504 Gateway Timeout\r\n"

#define TO(query, more)                                                    \
	"params 1 REQUEST_METHOD=POST SSE_ROLE=publish "                   \
	"CONTENT_TYPE=text/event-stream QUERY_STRING=" query " " more "; " \
	"params 1"
#define A	  "channel%3da%26feed%3d1"
#define FEED	  "begin 1; " TO(A, "")
#define FEED_KEPT "begin 1 keep; " TO(A, "")
#define ONE	  "; stdin 1 'data:one%0a%0a"
#define TWO	  "; stdin 1 'data:two%0a%0a"
#define END	  "; stdin 1"

#define GRACE 10

static struct producers *const producers = &server.producers;

static int
set_up(void **state)
{
	if (served_set_up(state) == -1)
		return -1;
	producers->graces.seconds = GRACE;
	return 0;
}

/* Those whom the engine has refused come by again() alone, however slow we are.
 */
static void
hold_time(void)
{
	if (!ev_is_active(&producers->again))
		return;
	producers->again.repeat = 1e6;
	ev_timer_again(loop, &producers->again);
}

/* The engine says it of its last post, and the turn ends. */
static void
say(enum publish_result result)
{
	test_engine_answer(&engine, engine.n - 1, result);
	end_turn();
	hold_time();
}

static void
opens(struct peer *p, const char *notation)
{
	peer_open(p, notation);
	end_turn();
	hold_time();
}

static void
sends(struct peer *p, const char *notation)
{
	peer_send(p, notation);
	turn();
	hold_time();
}

/* So many posts were given, and the last was this. */
static void
check_given(size_t n, const char *text)
{
	assert_int_equal(engine.n, n);
	assert_string_equal(engine.given[n - 1].text, text);
}

/* Time passes for those whom the engine has refused. */
static void
again(void)
{
	conns_set_time(conns, conns->now + 0.01);
	if (ev_is_active(&producers->again))
		ev_invoke(loop, &producers->again, EV_TIMER);
	end_turn();
	hold_time();
}

static void
what_one_read_brings_is_one_post(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED ONE "; stdin 1 'event:t%0adata:2%0a%0ada");
	check_given(1, ":one|t:2|");
	say(PUBLISHED);
	sends(&p, "stdin 1 'ta:3%0a");
	assert_int_equal(engine.n, 1);
	sends(&p, "stdin 1 '%0a");
	check_given(2, ":3|");
	check_silent(&p);
	say(PUBLISHED);
	sends(&p, "stdin 1");
	check_answer(&p, OK,
	    "{\"id\":\"1-103\",\"channel\":\"a\","
	    "\"streams\":0,\"events\":3}");
	assert_int_equal(producers->begun, 1);
	assert_int_equal(producers->events, 3);
	assert_int_equal(producers->n, 0);
	(void)close(p.fd);
}

/* And no post is ever overtaken. */
static void
one_post_is_with_the_engine_at_a_time(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED ONE);
	sends(&p, "stdin 1 'data:2%0a%0a");
	sends(&p, "stdin 1 'data:3%0a%0a" END);
	check_given(1, ":one|");
	say(PUBLISHED);
	check_given(2, ":2|:3|");
	check_silent(&p);
	say(PUBLISHED);
	check_answer(&p, OK, "\"events\":3}");
	(void)close(p.fd);
}

static void
one_read_may_be_many_posts(void **state)
{
	static struct peer p;
	char *notation = malloc(64 + 600 * 20);
	size_t at, i;

	(void)state;
	engine.at_once = true;
	engine.result = PUBLISHED;
	assert_non_null(notation);
	at = (size_t)sprintf(notation, "%s; stdin 1 '", FEED);
	for (i = 0; i < 600; i++)
		at += (size_t)sprintf(notation + at, "data:%zu%%0a%%0a", i);
	opens(&p, notation);
	free(notation);
	assert_int_equal(engine.n, 3);
	assert_int_equal(engine.given[0].messages, 256);
	assert_int_equal(engine.given[2].messages, 600 - 512);
	assert_string_equal(engine.given[2].data, "512");
	sends(&p, "stdin 1");
	check_answer(&p, OK, "\"events\":600}");
	assert_int_equal(server.publisher.bodies.bytes, 0);
	(void)close(p.fd);
}

/* What a feed is refused for, and what is published of it. */
static const struct row {
	const char *body, *given, *begin, *has;
} malformed[] = {
    {ONE "; stdin 1 'data:%ff%0a%0adata:3%0a%0a", ":one|", BAD, "UTF-8"},
    {ONE "; stdin 1 'event:gap%0adata:2%0a%0a", ":one|", BAD, "gap, position"},
    {ONE "; stdin 1 'event:abandoned%0adata:2%0a%0a", ":one|", BAD,
	"abandoned"},
    {ONE "; stdin 1 'event:%00%0a", ":one|", BAD, "NUL"},
    {ONE "; stdin 1 'data:2" END, ":one|", BAD, "not ended: end it by LF"},
    {ONE "; stdin 1 'data:2%0a" END, ":one|", BAD, "by an empty line"},
    {ONE "; stdin 1 'data:; stdin 1 .32769", ":one|", LARGE, "--max-event"},
    {ONE "; stdin 1 'event:x%0adata:; stdin 1 .32768; stdin 1 '%0a%0a", ":one|",
	LARGE, "--max-event"},
};

static void
malformed_is_answered_with_how_far_it_came(void **state)
{
	const struct row *row = *state;
	static struct peer p;
	char notation[1000];

	assert_int_equal(set_up(NULL), 0);
	(void)snprintf(notation, sizeof(notation), "%s%s", FEED, row->body);
	peer_open(&p, notation);
	turn();
	turn();
	turn();
	check_given(1, row->given);
	check_silent(&p); /* what was before it is published first */
	say(PUBLISHED);
	check_answer(&p, row->begin, row->has);
	assert_non_null(strstr(answer.text,
	    ": 1 event of this feed is published, the last is 1-101\n"));
	(void)close(p.fd);
	turn();
	seconds_pass(GRACE + 1);
	check_given(2, "abandoned:{\"channel\":\"a\"}|");
	assert_int_equal(served_tear_down(NULL), 0);
}

/* The event alone would be as large as --max-event. */
static void
type_that_the_query_names_counts_with_each_event(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, "begin 1; " TO(A "%26event%3dxy", "") ONE);
	check_given(1, "xy:one|");
	say(PUBLISHED);
	sends(&p, "stdin 1 'data:; stdin 1 .32767; stdin 1 '%0a%0a");
	turn();
	turn();
	check_answer(&p, LARGE, "--max-event");
	assert_int_equal(engine.n, 1);
	(void)close(p.fd);
}

static void
feed_of_nothing_is_refused(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED "; stdin 1 ':%0a%0a" END);
	check_answer(&p, BAD, "no event in the body");
	assert_non_null(
	    strstr(answer.text, ": no event of this feed is published\n"));
	assert_int_equal(server.publisher.refused, 1);
	(void)close(p.fd);
}

/* The query and the parameters of what is refused before its body. */
#define EVENTS "text/event-stream"

static const struct {
	const char *query, *type, *has;
} queries[] = {
    {A "%26key%3dk", EVENTS, "key="},
    {A "%26snapshot%3d1", EVENTS, "snapshot="},
    {A "%26history%3d5", EVENTS, "history="},
    {A "%26done%3d", EVENTS, "done= is empty"},
    {"channel%3da%26done%3dx", EVENTS, "feed=1"},
    {A "%26channel%3db%26end%3d1", EVENTS, "end each"},
    {A "%26channel%3db%26done%3dx", EVENTS, "end each"},
    {"feed%3d1", EVENTS, "channel=NAME"},
    {A, "text/plain", "text/event-stream"},
    {A, EVENTS " CONTENT_LENGTH=x", "CONTENT_LENGTH"},
};

static void
what_is_no_feed_is_refused_at_once(void **state)
{
	char notation[400];
	struct peer p;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(queries); i++) {
		(void)snprintf(notation, sizeof(notation),
		    "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
		    "CONTENT_TYPE=%s QUERY_STRING=%s; params 1%s",
		    queries[i].type, queries[i].query, ONE);
		opens(&p, notation);
		check_answer(&p, BAD, queries[i].has);
		peer_close(&p);
	}
	assert_int_equal(engine.n, 0);
	assert_int_equal(producers->begun, 0);
}

static void
channel_ends_with_the_feed_if_that_is_wanted(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, "begin 1; " TO(A "%26end%3d1", "") ONE);
	check_given(1, ":one|");
	say(PUBLISHED);
	sends(&p, "stdin 1 'data:2%0a%0a" END);
	check_given(2, ":2|;");
	check_silent(&p);
	say(PUBLISHED);
	check_answer(&p, OK, "\"id\":\"1-103\"");
	assert_non_null(strstr(answer.text, "\"events\":2,\"ended\":true}"));
	(void)close(p.fd);
	opens(&p, FEED ONE);
	test_engine_answer(&engine, 2, PUBLISH_ENDED);
	end_turn();
	check_answer(&p, ENDED, "ended: no event of this feed");
	peer_close(&p);
	seconds_pass(GRACE + 1);
	assert_int_equal(engine.n, 3); /* nobody is told any more */
}

static void
end_alone_is_a_post(void **state)
{
	struct peer p;

	(void)state;
	engine.at_once = true;
	opens(&p, "begin 1; " TO(A "%26end%3d1", "") ONE);
	sends(&p, "stdin 1");
	check_given(2, ";");
	check_answer(&p, OK, "\"id\":\"1-102\"");
	assert_non_null(strstr(answer.text, "\"events\":1,\"ended\":true}"));
	peer_close(&p);
}

static void
message_that_done_names_ends_the_channel(void **state)
{
	struct peer p;

	(void)state;
	engine.at_once = true;
	opens(&p, "begin 1 keep; " TO(A "%26done%3d[DONE]", "") ONE);
	sends(&p, "stdin 1 'data:[DONE]?%0a%0adata:[DONE]%0a%0adata:3%0a%0a");
	check_given(2, ":[DONE]?|;");
	check_answer(&p, OK, "\"events\":2,\"ended\":true}");
	p.len = 0;
	sends(&p, "stdin 1 'data:4%0a%0a" END); /* the rest is passed over */
	assert_int_equal(engine.n, 2);
	sends(&p, "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
		  "SSE_CHANNEL=b; params 1; stdin 1 'x" END);
	check_answer(&p, OK, "\"channel\":\"b\"");
	peer_close(&p);
}

static void
body_without_what_done_names_is_of_a_dead_producer(void **state)
{
	struct peer p;

	(void)state;
	engine.at_once = true;
	opens(&p, "begin 1; " TO(A "%26done%3dx", "") ONE END);
	check_answer(&p, BAD, "done= names has not come: 1 event of");
	(void)close(p.fd);
	turn();
	seconds_pass(GRACE + 1);
	check_given(2, "abandoned:{\"channel\":\"a\"}|");
	opens(&p, "begin 1; " TO(A "%26done%3dx%26end%3d1", "") ONE END);
	check_given(3, ":one|;"); /* either is the end */
	check_answer(&p, OK, "\"ended\":true}");
	(void)close(p.fd);
}

static void
body_of_another_length_is_of_a_dead_producer(void **state)
{
	static const struct {
		const char *length;
		bool good;
	} lengths[] = {{"11", false}, {"9", false}, {"10", true}, {"-1", true},
	    {"99999999999", false}};
	char notation[400];
	struct peer p;
	size_t i;

	(void)state;
	engine.at_once = true;
	for (i = 0; i < LENGTH(lengths); i++) {
		(void)snprintf(notation, sizeof(notation),
		    "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
		    "CONTENT_TYPE=text/event-stream QUERY_STRING=%s "
		    "CONTENT_LENGTH=%s; params 1%s",
		    A, lengths[i].length, ONE END);
		opens(&p, notation);
		check_answer(&p, lengths[i].good ? OK : BAD,
		    lengths[i].good ? "\"events\":1" : "10 bytes: 1");
		peer_close(&p);
	}
}

static void
several_channels_get_all_of_it(void **state)
{
	struct peer p;

	(void)state;
	engine.at_once = true;
	opens(&p, "begin 1; " TO(A "%26channel%3db%26event%3dt", "") ONE);
	check_given(1, "t:one|");
	peer_close(&p);
	seconds_pass(GRACE + 1);
	assert_int_equal(engine.n, 3);
	assert_string_equal(engine.given[1].text,
	    "abandoned:{\"channel\":\"a\"}|");
	assert_string_equal(engine.given[2].text,
	    "abandoned:{\"channel\":\"b\"}|");
}

/* Nothing is read of it until the engine takes it. */
static void
what_is_refused_for_now_is_given_again(void **state)
{
	static const enum publish_result for_now[] = {PUBLISH_NO_ROOM,
	    PUBLISH_AWAY, PUBLISH_NO_MEMORY};
	struct peer p;
	size_t i, n;

	(void)state;
	for (i = 0; i < LENGTH(for_now); i++) {
		opens(&p, FEED ONE);
		n = engine.n;
		say(for_now[i]);
		sends(&p, TWO);
		assert_int_equal(engine.n, n);
		again();
		check_given(n + 1, ":one|");
		say(for_now[i]);
		again();
		check_given(n + 2, ":one|");
		turn(); /* still nothing is read */
		say(PUBLISHED);
		turn();
		check_given(n + 3, ":two|");
		assert_false(ev_is_active(&producers->again) &&
			     !TAILQ_EMPTY(&producers->refused));
		say(PUBLISHED);
		sends(&p, "stdin 1");
		check_answer(&p, OK, "\"events\":2}");
		peer_close(&p);
	}
}

static void
what_is_refused_too_long_ends_it(void **state)
{
	struct peer p;
	int i;

	(void)state;
	opens(&p, FEED ONE);
	say(PUBLISHED);
	sends(&p, "stdin 1 'data:2%0a%0adata:3%0a%0a");
	engine.at_once = true;
	engine.result = PUBLISH_AWAY;
	test_engine_answer(&engine, 1, PUBLISH_AWAY);
	for (i = 0; i < 29; i++) {
		seconds_pass(1);
		again();
		check_silent(&p);
	}
	seconds_pass(1);
	again();
	check_answer(&p, AWAY,
	    "not there now: try again: 1 event of this feed is published, the "
	    "last is 1-101");
	assert_non_null(strstr(answer.text, "Retry-After: "));
	engine.result = PUBLISHED;
	peer_close(&p);
	seconds_pass(GRACE + 1);
	check_given(engine.n, "abandoned:{\"channel\":\"a\"}|");
}

static void
what_never_fits_is_given_by_halves(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED "; stdin 1 'data:1%0a%0adata:2%0a%0adata:3%0a%0a");
	check_given(1, ":1|:2|:3|");
	say(PUBLISH_TOO_LARGE);
	check_given(2, ":1|");
	say(PUBLISHED);
	check_given(3, ":2|:3|");
	say(PUBLISH_TOO_LARGE);
	check_given(4, ":2|");
	say(PUBLISH_TOO_LARGE);
	check_answer(&p, LARGE, "--history-bytes: publish fewer at a time: 1");
	peer_close(&p);
}

static const struct {
	enum publish_result result;
	const char *begin, *has;
} results[] = {
    {PUBLISH_NO_CHANNEL, AWAY, "--max-channels"},
    {PUBLISH_ENDED, ENDED, "has ended"},
    {PUBLISH_TOO_LARGE, LARGE, "--history-bytes"},
    {PUBLISH_UNKNOWN, UNKNOWN, "not known"},
};

static void
other_results_end_it_with_how_far_it_came(void **state)
{
	struct peer p;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(results); i++) {
		opens(&p, FEED ONE);
		say(PUBLISHED);
		sends(&p, "stdin 1 'data:2%0a%0a");
		sends(&p, "stdin 1 'data:3%0a%0a");
		say(results[i].result);
		check_answer(&p, results[i].begin, results[i].has);
		assert_non_null(strstr(answer.text,
		    ": 1 event of this feed is published, the last is "));
		assert_int_equal(engine.n, 2 * (i + 1));
		peer_close(&p);
		assert_int_equal(producers->n, 0);
	}
	assert_int_equal(server.publisher.unknown, 1);
	assert_int_equal(server.publisher.ended, 1);
}

static void
engine_that_says_nothing_ends_it(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED ONE);
	seconds_pass(CONN_ENGINE_PATIENCE - 2);
	check_silent(&p);
	seconds_pass(1);
	check_answer(&p, UNKNOWN, "came last was published");
	peer_close(&p);
	seconds_pass(30);
	assert_int_equal(engine.n, 1);
	say(PUBLISHED);
	assert_int_equal(producers->n, 0);
	seconds_pass(GRACE + 1);
	check_given(2, "abandoned:{\"channel\":\"a\"}|");
}

#define WITH_TICKET "begin 1; " TO(A, TICKET_OF_U)

/* With what the engine has of it, that is not known. */
static void
feed_whose_ticket_ends_is_told_how_far_it_came(void **state)
{
	struct peer p;
	bool given;

	(void)state;
	server.tickets.keys = ticket_keys();
	for (given = false;; given = true) {
		opens(&p, WITH_TICKET ONE);
		if (!given)
			say(PUBLISHED);
		assert_int_equal(server.streams.permits.n, 1);
		assert_int_equal(streams_close_subject(&server.streams, "u"),
		    1);
		end_turn();
		check_answer(&p, given ? UNKNOWN : "Status: 401 ",
		    given ? "no event of this feed" : "1 event of this feed");
		assert_int_equal(server.streams.permits.n, 0);
		(void)close(p.fd);
		if (given)
			break;
	}
	say(PUBLISHED);
	assert_int_equal(producers->n, 0);
	assert_int_equal(producers->graces.n, 1);
	server.tickets.keys = NULL;
}

/* All of it was here when the ticket ended: nothing of it is in doubt. */
static void
feed_that_is_whole_does_not_end_with_its_ticket(void **state)
{
	struct peer p;

	(void)state;
	server.tickets.keys = ticket_keys();
	opens(&p, WITH_TICKET ONE);
	sends(&p, "stdin 1 'data:two%0a%0a" END);
	assert_int_equal(streams_close_subject(&server.streams, "u"), 0);
	end_turn();
	check_silent(&p);
	say(PUBLISHED);
	check_given(2, ":two|");
	say(PUBLISHED);
	check_answer(&p, OK, "\"events\":2}");
	assert_int_equal(server.streams.permits.n, 0);
	assert_int_equal(producers->graces.n, 0);
	server.tickets.keys = NULL;
	(void)close(p.fd);
}

static void
silence_is_no_reason_to_end(void **state)
{
	static struct peer p;

	(void)state;
	opens(&p, FEED ONE);
	say(PUBLISHED);
	seconds_pass(3600);
	check_silent(&p);
	assert_false(conns_drop_oldest(conns));
	assert_int_equal(server.publisher.bodies.bytes, 0); /* nor memory */
	sends(&p, "stdin 1 'data:; stdin 1 .16000; stdin 1 '%0a%0adata:3");
	turn();
	say(PUBLISHED);
	assert_in_range(server.publisher.bodies.bytes, 1, 2048);
	sends(&p, "stdin 1 '%0a%0a" END);
	say(PUBLISHED);
	check_answer(&p, OK, "\"events\":3}");
	(void)close(p.fd);
}

/* Bytes that wait are bounded: then the front keeps the rest. */
static void
engine_that_is_slow_slows_the_producer(void **state)
{
	static struct peer p;
	size_t i, before;

	(void)state;
	opens(&p, FEED ONE);
	before = conns->received;
	for (i = 0; i < 10; i++)
		sends(&p, "stdin 1 'data:; stdin 1 .16000; stdin 1 '%0a%0a");
	for (i = 0; i < 100; i++)
		turn();
	assert_in_range(conns->received - before, 65536, 65536 + 2 * 16384);
	assert_in_range(server.publisher.bodies.bytes, 65536, 300000);
	check_given(1, ":one|");
	engine.at_once = true;
	say(PUBLISHED);
	for (i = 0; i < 100; i++)
		turn();
	assert_true(conns->received - before > 160000);
	assert_int_equal(server.publisher.bodies.bytes, 0);
	sends(&p, "stdin 1");
	check_answer(&p, OK, "\"events\":11}");
	(void)close(p.fd);
}

/* Who needs more than there is waits for others, but not for ever. */
static void
all_feeds_together_have_a_budget(void **state)
{
	static struct peer p[3];
	size_t i;

	(void)state;
	server.publisher.bodies.max = 5000;
	opens(&p[0], FEED ONE);
	opens(&p[1], FEED "; stdin 1 'data:; stdin 1 .1500");
	opens(&p[2], FEED "; stdin 1 'data:; stdin 1 .1500");
	sends(&p[2], "stdin 1 '%0a%0a");
	assert_int_equal(engine.n, 1); /* nothing is read of it */
	seconds_pass(28);
	again();
	sends(&p[0], "stdin 1 'data:; stdin 1 .1500; stdin 1 '%0a%0a");
	sends(&p[0], TWO);
	test_engine_answer(&engine, 0, PUBLISHED);
	assert_int_equal(server.publisher.waits.count, 1);
	assert_true(server.publisher.waits.sum >= 28);
	end_turn();
	assert_int_equal(engine.n, 2);
	say(PUBLISHED);
	assert_int_equal(server.publisher.waits.count, 2);
	turn();
	check_given(3, ":two|");
	say(PUBLISHED);
	sends(&p[0], "stdin 1");
	check_answer(&p[0], OK, "\"events\":3}");
	check_silent(&p[1]);
	check_silent(&p[2]);
	seconds_pass(2);
	again();
	check_answer(&p[2], AWAY, "too many unfinished bodies");
	sends(&p[1], "stdin 1 '%0a%0a" END);
	say(PUBLISHED);
	check_answer(&p[1], OK, "\"events\":1}");
	for (i = 0; i < 3; i++)
		peer_close(&p[i]);
}

/* All of it in one read: the front has given up what had its end, or none. */
static void
abort_right_behind_the_end_leaves_nothing_behind(void **state)
{
	struct peer p;

	(void)state;
	engine.at_once = true;
	opens(&p, FEED_KEPT ONE END "; abort 1");
	assert_string_equal(peer_read(&p), "");
	assert_int_equal(answer.ends, 1);
	check_given(1, ":one|");
	assert_int_equal(producers->n, 0);
	peer_close(&p);
	opens(&p, FEED_KEPT TWO "; stdin 1 'half" END "; abort 1");
	peer_close(&p);
	check_given(2, ":two|");
	assert_int_equal(producers->n, 0);
}

/* What came of them waits for the engine, as long as there is room for it. */
static void
dead_producers_leave_no_more_than_there_is_room_for(void **state)
{
	struct peer p;
	size_t i;

	(void)state;
	engine.at_once = true;
	engine.result = PUBLISH_NO_ROOM;
	server.publisher.bodies.max = 4000;
	for (i = 0; i < 50; i++) {
		opens(&p, FEED ONE "; abort 1");
		peer_close(&p);
	}
	assert_int_equal(conns->count[CONN_FEED], 0);
	assert_in_range(producers->n, 3, 5);
	assert_in_range(server.publisher.bodies.bytes, 3000, 6000);
	engine.result = PUBLISHED;
	again();
	assert_int_equal(producers->n, 0);
}

/* Nor what came behind that, while the engine has it and says nothing. */
static void
dead_producers_leave_no_more_behind_what_is_given(void **state)
{
	struct peer p;
	size_t i;

	(void)state;
	server.publisher.bodies.max = 4000;
	for (i = 0; i < 50; i++) {
		opens(&p, FEED ONE "; stdin 1 'data:; stdin 1 .1500; abort 1");
		peer_close(&p);
	}
	assert_int_equal(engine.n, 50);
	assert_int_equal(producers->n, 50);
	assert_in_range(server.publisher.bodies.bytes, 0, 8000);
	for (i = 0; i < 50; i++)
		test_engine_answer(&engine, i, PUBLISHED);
	end_turn();
	assert_int_equal(producers->n, 0);
	assert_int_equal(producers->events, 50);
}

/* Who is answered that nobody knows leaves nothing, either. */
static void
what_is_not_waited_for_any_longer_takes_no_room(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED ONE "; stdin 1 'data:; stdin 1 .1500");
	assert_in_range(server.publisher.bodies.bytes, 1500, 9000);
	seconds_pass(30);
	check_answer(&p, UNKNOWN, "");
	assert_int_equal(server.publisher.bodies.bytes, 0);
	say(PUBLISHED);
	assert_int_equal(producers->n, 0);
	peer_close(&p);
}

/* What each brings is read before it is known that there is no room. */
static void
none_begins_without_room(void **state)
{
	static struct peer p[50];
	size_t i;

	(void)state;
	server.publisher.bodies.max = 4000;
	for (i = 0; i < 50; i++)
		opens(&p[i], FEED "; stdin 1 'data:; stdin 1 .1500");
	assert_in_range(conns->count[CONN_FEED], 1, 3);
	assert_in_range(server.publisher.bodies.bytes, 4000, 9000);
	check_silent(&p[0]);
	check_answer(&p[49], AWAY, "too many unfinished bodies");
	for (i = 0; i < 50; i++)
		peer_close(&p[i]);
	opens(&p[0], FEED ONE);
	check_given(1, ":one|");
	peer_close(&p[0]);
}

static void
room_that_others_leave_is_taken(void **state)
{
	static struct peer p[2];

	(void)state;
	engine.at_once = true;
	server.publisher.bodies.max = 4000;
	opens(&p[0], FEED "; stdin 1 'data:; stdin 1 .1500");
	opens(&p[1], FEED "; stdin 1 'data:; stdin 1 .1500");
	sends(&p[1], "stdin 1 '%0a%0a" END);
	assert_int_equal(engine.n, 0);
	sends(&p[0], "stdin 1 '%0a%0a");
	assert_int_equal(engine.n, 1);
	again();
	turn();
	assert_int_equal(engine.n, 2);
	check_answer(&p[1], OK, "\"events\":1}");
	peer_close(&p[0]);
	peer_close(&p[1]);
}

static void
feeds_are_counted_with_the_streams(void **state)
{
	struct peer p, q, stream;

	(void)state;
	server.cfg.max_streams = 2;
	opens(&stream, "begin 1; params 1 REQUEST_METHOD=GET; params 1; "
		       "stdin 1");
	opens(&p, FEED);
	opens(&q, FEED);
	check_answer(&q, AWAY, "streams and feeds as the 2 of --max-streams");
	peer_close(&q);
	opens(&q, "begin 1; params 1 REQUEST_METHOD=GET; params 1; stdin 1");
	(void)peer_read(&q);
	assert_int_equal(answer.ends, 1); /* told to come back */
	peer_close(&q);
	peer_close(&p);
	peer_close(&stream);
}

/* A reader's stream is on while its producer dies; what it is told. */
static void
producer_that_dies_is_told_of_after_its_grace(void **state)
{
	struct peer p, stream;

	(void)state;
	engine.at_once = true;
	opens(&stream, "begin 1; params 1 REQUEST_METHOD=GET "
		       "QUERY_STRING=channel%3da; params 1; stdin 1");
	opens(&p, FEED ONE);
	peer_close(&p);
	assert_int_equal(conns->count[CONN_FEED], 0);
	seconds_pass(GRACE - 1);
	check_given(1, ":one|");
	seconds_pass(1);
	check_given(2, "abandoned:{\"channel\":\"a\"}|");
	assert_int_equal(producers->graces.abandoned, 1);
	(void)peer_read(&stream);
	assert_non_null(strstr(answer.text, "data: {\"channel\":\"a\"}\n"));
	seconds_pass(100);
	assert_int_equal(engine.n, 2); /* once */
	peer_close(&stream);
}

static void
abort_is_a_death(void **state)
{
	struct peer p;

	(void)state;
	engine.at_once = true;
	opens(&p, FEED_KEPT ONE);
	sends(&p, "abort 1");
	assert_string_equal(peer_read(&p), "");
	assert_int_equal(answer.ends, 1);
	assert_int_equal(conns->count[CONN_KEPT], 1);
	p.len = 0;
	sends(&p, FEED_KEPT TWO END);
	check_answer(&p, OK, "\"events\":1");
	peer_close(&p);
	seconds_pass(GRACE + 1);
	check_given(2, ":two|"); /* the second was there in time */
}

/* Also of what the engine had refused, or had yet to answer. */
static void
what_came_before_a_death_is_published(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED ONE);
	sends(&p, "stdin 1 'data:2%0a%0a");
	peer_close(&p);
	say(PUBLISHED);
	check_given(2, ":2|");
	say(PUBLISH_NO_ROOM);
	again();
	check_given(3, ":2|");
	assert_int_equal(producers->n, 1);
	say(PUBLISHED);
	assert_int_equal(producers->n, 0);
	seconds_pass(GRACE + 1);
	check_given(4, "abandoned:{\"channel\":\"a\"}|");
}

static void
nobody_is_told_if_anything_came_meanwhile(void **state)
{
	struct peer p, q;

	(void)state;
	engine.at_once = true;
	opens(&p, FEED ONE);
	peer_close(&p);
	opens(&q, "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
		  "SSE_CHANNEL=a; params 1; stdin 1 'x" END);
	peer_close(&q);
	seconds_pass(GRACE + 1);
	assert_int_equal(engine.n, 2);
	opens(&p, FEED ONE); /* and what came before the death is no matter */
	opens(&q, "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
		  "SSE_CHANNEL=a; params 1; stdin 1 'x" END);
	peer_close(&q);
	peer_close(&p);
	seconds_pass(GRACE + 1);
	check_given(5, "abandoned:{\"channel\":\"a\"}|");
}

static void
nobody_is_told_if_the_channel_has_ended(void **state)
{
	struct peer p, q;

	(void)state;
	engine.at_once = true;
	opens(&p, FEED ONE);
	peer_close(&p);
	opens(&q, "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
		  "QUERY_STRING=channel%3da%26end%3d1; params 1" END);
	peer_close(&q);
	seconds_pass(GRACE + 1);
	assert_int_equal(engine.n, 2);
}

static void
nobody_is_told_while_another_feed_is_there(void **state)
{
	struct peer p, q;

	(void)state;
	engine.at_once = true;
	opens(&p, FEED ONE);
	opens(&q, FEED);
	peer_close(&p);
	seconds_pass(GRACE + 1);
	assert_int_equal(engine.n, 1);
	peer_close(&q); /* and when that dies, too */
	seconds_pass(GRACE - 1);
	opens(&q, FEED); /* another comes just in time */
	seconds_pass(GRACE + 1);
	assert_int_equal(engine.n, 1);
	peer_close(&q);
	seconds_pass(GRACE + 1);
	check_given(2, "abandoned:{\"channel\":\"a\"}|");
}

static void
without_a_grace_it_is_told_at_once(void **state)
{
	struct peer p;

	(void)state;
	producers->graces.seconds = 0;
	engine.at_once = true;
	opens(&p, FEED ONE);
	peer_close(&p);
	check_given(2, "abandoned:{\"channel\":\"a\"}|");
}

static void
what_the_engine_refuses_to_tell_it_is_told_later(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED);
	peer_close(&p);
	seconds_pass(GRACE + 1);
	say(PUBLISH_AWAY);
	seconds_pass(2);
	check_given(2, "abandoned:{\"channel\":\"a\"}|");
	say(PUBLISHED);
	assert_int_equal(producers->graces.abandoned, 1);
	seconds_pass(10);
	assert_int_equal(engine.n, 2);
}

/* Another feed has come and died while the engine had not said that. */
static void
who_dies_while_a_death_is_being_told_is_told_of_once(void **state)
{
	struct peer p;

	(void)state;
	opens(&p, FEED);
	peer_close(&p);
	seconds_pass(GRACE + 1);
	opens(&p, FEED);
	peer_close(&p);
	assert_int_equal(producers->graces.n, 1);
	say(PUBLISH_AWAY);
	assert_int_equal(producers->graces.n, 1);
	seconds_pass(GRACE + 1);
	check_given(2, "abandoned:{\"channel\":\"a\"}|");
	say(PUBLISHED);
	assert_int_equal(producers->graces.abandoned, 1);
	seconds_pass(GRACE + 1);
	assert_int_equal(engine.n, 2);
}

static void
drain_lets_a_feed_end_by_itself(void **state)
{
	double begin = conns->now;
	struct peer p;

	(void)state;
	engine.at_once = true;
	opens(&p, FEED ONE);
	drain_start(&server.streams);
	drain_step(begin + 4.5); /* --drain is 5 */
	check_silent(&p);
	assert_false(drain_over(&server.streams));
	sends(&p, "stdin 1 'data:2%0a%0a" END);
	check_answer(&p, OK, "\"events\":2}");
	turn();
	assert_true(drain_over(&server.streams));
	(void)close(p.fd);
}

static void
drain_tells_at_its_end_how_far_it_came(void **state)
{
	double begin = conns->now;
	struct peer p, q, r;

	(void)state;
	opens(&p, FEED ONE);
	opens(&q, FEED ONE);
	test_engine_answer(&engine, 0, PUBLISHED);
	opens(&r, FEED ONE);
	test_engine_answer(&engine, 2, PUBLISH_NO_ROOM);
	graces_end(&producers->graces);
	drain_start(&server.streams);
	drain_step(begin + 5.5);
	check_silent(&p);
	drain_step(begin + 6.1);
	check_answer(&p, AWAY, "about to end: try again: 1 event of this");
	check_answer(&q, UNKNOWN, "came last was published");
	check_answer(&r, AWAY, "try again: no event of this feed");
	test_engine_answer(&engine, 1, PUBLISHED);
	assert_int_equal(producers->n, 0);
	assert_int_equal(engine.n, 3); /* they know it, and it is no death */
	(void)close(p.fd);
	(void)close(q.fd);
	(void)close(r.fd);
	turn();
	assert_true(drain_over(&server.streams));
}

static void
drain_is_no_death_where_there_is_no_room_either(void **state)
{
	static struct peer p[3];
	size_t i;

	(void)state;
	server.publisher.bodies.max = 4000;
	opens(&p[0], "begin 1; " TO("channel%3db%26feed%3d1", "") ONE);
	opens(&p[1], FEED ONE);
	opens(&p[2], FEED ONE "; stdin 1 'data:; stdin 1 .5000");
	assert_true(server.publisher.bodies.bytes > 2 * 4000);
	graces_end(&producers->graces);
	drain_start(&server.streams);
	drain_step(conns->now + 6.1);
	for (i = 0; i < 3; i++) {
		test_engine_answer(&engine, i, PUBLISHED);
		check_answer(&p[i], UNKNOWN, "came last was published");
		(void)close(p[i].fd);
	}
	assert_int_equal(engine.n, 3);
	assert_int_equal(producers->n, 0);
}

static void
none_begins_while_the_process_ends(void **state)
{
	struct peer p;

	(void)state;
	drain_start(&server.streams);
	opens(&p, FEED ONE);
	check_answer(&p, AWAY, "about to end");
	(void)close(p.fd);
	turn();
}

static void
graces_are_over_when_the_process_ends(void **state)
{
	struct peer p, q;

	(void)state;
	engine.at_once = true;
	opens(&p, FEED ONE);
	opens(&q, "begin 1; " TO("channel%3db%26feed%3d1", "") ONE);
	peer_close(&p);
	graces_end(&producers->graces);
	check_given(3, "abandoned:{\"channel\":\"a\"}|");
	peer_close(&q); /* and who dies then is told of at once */
	check_given(4, "abandoned:{\"channel\":\"b\"}|");
}

/* At once, by a second signal: with the engine, refused, and idle. */
static void
stop_ends_all(void **state)
{
	static struct peer p[4];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		opens(&p[i], i == 3 ? FEED : FEED ONE);
	test_engine_answer(&engine, 1, PUBLISH_NO_ROOM);
	hold_time();
	peer_close(&p[2]);
	graces_end(&producers->graces); /* who dies now is told of by nobody */
	producers_stop(producers);
	engine.engine.stop(&engine.engine);
	end_turn();
	check_answer(&p[0], UNKNOWN, "not known");
	check_answer(&p[1], AWAY, "about to end");
	check_silent(&p[3]);
	assert_int_equal(engine.n, 3);
	for (i = 0; i < 4; i++)
		if (i != 2)
			(void)close(p[i].fd);
}

static void
graces_have_a_number(void **state)
{
	struct graces *graces = &producers->graces;
	char name[16];
	int i;

	(void)state;
	engine.at_once = true;
	for (i = 0; i < GRACE_MAX + 5; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(grace_feed_begins(graces, name), 0);
		grace_feed_dies(graces, name, (struct eventid){0, 0});
		assert_true(graces->n <= GRACE_MAX);
	}
	assert_int_equal(engine.n, 5); /* the oldest */
	assert_string_equal(engine.given[4].text,
	    "abandoned:{\"channel\":\"c4\"}|");
	for (i = 5; i < GRACE_MAX + 5; i++) { /* and all come back */
		(void)snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(grace_feed_begins(graces, name), 0);
		grace_feed_ends(graces, name);
	}
	assert_int_equal(graces->n, 0);
}

/* Nor do more wait because the engine refuses. */
static void
graces_have_a_number_while_the_engine_is_away(void **state)
{
	struct graces *graces = &producers->graces;
	char name[16];
	int i;

	(void)state;
	engine.at_once = true;
	engine.result = PUBLISH_AWAY;
	for (i = 0; i < GRACE_MAX + 50; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(grace_feed_begins(graces, name), 0);
		grace_feed_dies(graces, name, (struct eventid){0, 0});
		assert_true(graces->n <= GRACE_MAX);
	}
}

/* One feed of chance's, and what of it was published. */
struct chance {
	struct peer peer;
	unsigned sent, published;
	bool open;
};

static struct chance chances[6];

static void
chance_sends(struct chance *c, uint32_t *seed)
{
	char notation[900] = "", text[200];
	size_t at = 0, n, cut;

	for (n = chance(seed) % 5; n > 0; n--) {
		(void)snprintf(text, sizeof(text), "data:%u%%0a%%0a",
		    c->sent++);
		cut = 1 + chance(seed) % 5; /* of "data:" */
		if (cut < 5)
			at += (size_t)snprintf(notation + at,
			    sizeof(notation) - at,
			    "stdin 1 '%.*s; stdin 1 '%s;", (int)cut, text,
			    text + cut);
		else
			at += (size_t)snprintf(notation + at,
			    sizeof(notation) - at, "stdin 1 '%s;", text);
	}
	if (at > 0)
		peer_send(&c->peer, notation);
}

/* What was published to each channel is 0, 1, 2, and so on. */
static void
chance_checks(size_t i)
{
	const struct given *g = &engine.given[i];
	struct chance *c = &chances[g->channel[0] - 'a'];
	const char *s = g->text;
	char *end;

	while (*s == ':') {
		assert_int_equal(strtoul(s + 1, &end, 10), c->published++);
		s = end + 1;
	}
	assert_int_equal(*s, '\0');
}

static void
any_order_of_all_that_happens_keeps_theirs(void **state)
{
	static const enum publish_result often[] = {PUBLISHED, PUBLISHED,
	    PUBLISHED, PUBLISH_NO_ROOM, PUBLISH_AWAY, PUBLISH_TOO_LARGE};
	enum publish_result result;
	uint32_t seed = 20261127, act;
	char notation[300];
	struct chance *c;
	size_t i, k, answered = 0;

	(void)state;
	memset(chances, 0, sizeof(chances));
	producers->graces.seconds = 1e6;
	for (k = 0; k < LENGTH(chances); k++) {
		(void)snprintf(notation, sizeof(notation),
		    "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
		    "CONTENT_TYPE=text/event-stream QUERY_STRING=feed%%3d1 "
		    "SSE_CHANNEL=%c; params 1",
		    (char)('a' + k));
		opens(&chances[k].peer, notation);
		chances[k].open = true;
	}
	while (engine.n < TEST_ENGINE_MAX - LENGTH(chances)) {
		c = &chances[chance(&seed) % LENGTH(chances)];
		check_silent(&c->peer);
		act = chance(&seed) % 4;
		if (act == 0 && c->open && c->sent - c->published < 200)
			chance_sends(c, &seed);
		else if (act == 1)
			turn();
		else if (act == 2)
			again();
		else if (engine.n > 0)
			for (i = 0; i < engine.n; i++) {
				if (!engine.given[i].pending ||
				    chance(&seed) % 2 == 0)
					continue;
				result = often[chance(&seed) % LENGTH(often)];
				if (result == PUBLISH_TOO_LARGE &&
				    engine.given[i].messages == 1)
					result = PUBLISHED;
				if (result == PUBLISHED)
					chance_checks(i);
				test_engine_answer(&engine, i, result);
				answered++;
			}
	}
	assert_true(answered > TEST_ENGINE_MAX / 2);
	for (k = 0; k < LENGTH(chances); k++) {
		assert_true(chances[k].published > 20);
		(void)close(chances[k].peer.fd);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, served_tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(what_one_read_brings_is_one_post),
	    TEST(one_post_is_with_the_engine_at_a_time),
	    TEST(one_read_may_be_many_posts),
	    TEST(type_that_the_query_names_counts_with_each_event),
	    TEST(feed_of_nothing_is_refused),
	    TEST(what_is_no_feed_is_refused_at_once),
	    TEST(channel_ends_with_the_feed_if_that_is_wanted),
	    TEST(end_alone_is_a_post),
	    TEST(message_that_done_names_ends_the_channel),
	    TEST(body_without_what_done_names_is_of_a_dead_producer),
	    TEST(body_of_another_length_is_of_a_dead_producer),
	    TEST(several_channels_get_all_of_it),
	    TEST(what_is_refused_for_now_is_given_again),
	    TEST(what_is_refused_too_long_ends_it),
	    TEST(what_never_fits_is_given_by_halves),
	    TEST(other_results_end_it_with_how_far_it_came),
	    TEST(engine_that_says_nothing_ends_it),
	    TEST(feed_whose_ticket_ends_is_told_how_far_it_came),
	    TEST(feed_that_is_whole_does_not_end_with_its_ticket),
	    TEST(silence_is_no_reason_to_end),
	    TEST(engine_that_is_slow_slows_the_producer),
	    TEST(all_feeds_together_have_a_budget),
	    TEST(dead_producers_leave_no_more_than_there_is_room_for),
	    TEST(dead_producers_leave_no_more_behind_what_is_given),
	    TEST(what_is_not_waited_for_any_longer_takes_no_room),
	    TEST(abort_right_behind_the_end_leaves_nothing_behind),
	    TEST(none_begins_without_room),
	    TEST(room_that_others_leave_is_taken),
	    TEST(feeds_are_counted_with_the_streams),
	    TEST(producer_that_dies_is_told_of_after_its_grace),
	    TEST(abort_is_a_death),
	    TEST(what_came_before_a_death_is_published),
	    TEST(nobody_is_told_if_anything_came_meanwhile),
	    TEST(nobody_is_told_if_the_channel_has_ended),
	    TEST(nobody_is_told_while_another_feed_is_there),
	    TEST(without_a_grace_it_is_told_at_once),
	    TEST(what_the_engine_refuses_to_tell_it_is_told_later),
	    TEST(who_dies_while_a_death_is_being_told_is_told_of_once),
	    TEST(drain_lets_a_feed_end_by_itself),
	    TEST(drain_tells_at_its_end_how_far_it_came),
	    TEST(drain_is_no_death_where_there_is_no_room_either),
	    TEST(none_begins_while_the_process_ends),
	    TEST(graces_are_over_when_the_process_ends),
	    TEST(stop_ends_all),
	    TEST(graces_have_a_number),
	    TEST(graces_have_a_number_while_the_engine_is_away),
	    TEST(any_order_of_all_that_happens_keeps_theirs),
	};
	static struct CMUnitTest tests[LENGTH(malformed) + LENGTH(others)];
	size_t n = 0, i;
	int failed;

	if (request_init() != 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < LENGTH(malformed); i++)
		tests[n++] = row_test(malformed[i].has,
		    malformed_is_answered_with_how_far_it_came, &malformed[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	failed = _cmocka_run_group_tests("producer", tests, n, NULL, NULL);
	request_exit();
	return failed;
}
