/* SPDX-License-Identifier: ISC */
/*
 * Streams whose browsers are ahead of the engine, which says where their events
 * are when the test does: late, never, out of order, when the exchange is over.
 * Each is a stream then, from there on and without a hole, or comes again.
 */
#include "served.h"

#include <signal.h>

#include "allocation.h"
#include "fastcgi/request.h"
#include "posts.h"
#include "test_ticket.h"

#define STREAM "Status: 200 OK\r\nContent-Type: text/event-stream\r\n"

#define GET   "params 1 REQUEST_METHOD=GET SSE_CHANNEL=a "
#define REST  "; params 1; stdin 1"
#define AHEAD "begin 1; " GET "HTTP_LAST_EVENT_ID=1-102" REST
#define KEPT  "begin 1 keep; " GET "HTTP_LAST_EVENT_ID=1-102" REST

/* An event of the channel a: its id is 1-101, and so on. */
static void
event_comes(const char *data)
{
	struct sse_message m = {.data = data, .len = strlen(data)};
	struct eventid id = {1, ++engine.last};
	size_t readers;

	assert_int_equal(hub_publish(&server.hub, POST_OF("a", &m, 1), &id,
			     &readers),
	    HUB_DONE);
}

/* The engine says it, and the turn ends. */
static void
say(size_t i, enum place place)
{
	test_engine_place_is(&engine, i, place);
	end_turn();
}

/* Headers, retry: with so many milliseconds at most, and the end. */
static void
check_refused(struct peer *p, enum refusal why, unsigned long most)
{
	const char *body;

	(void)peer_read(p);
	assert_memory_equal(answer.text, STREAM, strlen(STREAM));
	body = strstr(answer.text, "\r\n\r\n") + 4;
	assert_memory_equal(body, "retry: ", 7);
	assert_in_range(strtoul(body + 7, NULL, 10), 1, most);
	assert_null(strstr(body, "id:"));
	assert_int_equal(answer.ends, 1);
	assert_int_equal(server.streams.refused[why], 1);
	assert_int_equal(server.streams.open, 0);
}

/* A stream, which says that it stands there, or what. */
static void
check_stream(struct peer *p, const char *has)
{
	(void)peer_read(p);
	assert_memory_equal(answer.text, STREAM, strlen(STREAM));
	assert_non_null(strstr(answer.text, has));
	assert_int_equal(answer.ends, 0);
}

static void
it_waits_and_goes_on_behind_its_event(void **state)
{
	struct peer p;

	(void)state;
	event_comes("one");
	peer_open(&p, AHEAD);
	end_turn();
	check_silent(&p);
	assert_int_equal(conns->count[CONN_ENGINE], 1);
	assert_int_equal(server.streams.open, 0);
	assert_int_equal(engine.early[0].id.n, 102);
	event_comes("two");
	event_comes("three"); /* before it is said */
	say(0, PLACE_AFTER);
	check_stream(&p, "id: 1-102\n");
	assert_null(strstr(answer.text, "data: two"));
	assert_non_null(strstr(answer.text, "data: three\nid: 1-103\n"));
	assert_null(strstr(answer.text, "gap"));
	assert_int_equal(server.streams.open, 1);
	event_comes("four");
	end_turn();
	check_stream(&p, "data: four\nid: 1-104\n");
	peer_close(&p);
	assert_int_equal(server.streams.open, 0);
}

/* Its channel has ended meanwhile, with the id that it says that it had. */
static void
end_comes(void)
{
	struct eventid id = {1, ++engine.last};
	size_t readers;

	assert_int_equal(hub_publish(&server.hub, END_OF("a"), &id, &readers),
	    HUB_DONE);
}

static void
whose_channel_has_ended_there_is_not_to_come_back(void **state)
{
	struct peer p;

	(void)state;
	event_comes("one");
	peer_open(&p, KEPT);
	end_turn();
	check_silent(&p);
	end_comes();
	say(0, PLACE_AFTER);
	assert_string_equal(peer_read(&p),
	    "Status: 204 No Content\r\nCache-Control: no-store\r\n\r\n");
	assert_int_equal(answer.ends, 1);
	assert_int_equal(server.streams.gone, 1);
	assert_int_equal(server.streams.open, 0);
	assert_int_equal(conns->count[CONN_KEPT], 1);
	peer_close(&p);
}

/* Its page said where it begins: its client has not had the end. */
static void
who_begins_at_an_end_is_told_of_it(void **state)
{
	struct peer p;

	(void)state;
	event_comes("one");
	peer_open(&p,
	    "begin 1; " GET "QUERY_STRING=last_event_id%3d1-102" REST);
	end_turn();
	check_silent(&p);
	end_comes();
	say(0, PLACE_AFTER);
	(void)peer_read(&p);
	assert_non_null(strstr(answer.text, "\n\nevent: end\n"));
	assert_non_null(strstr(answer.text, "\nid: 1-102\n\n"));
	assert_null(strstr(answer.text, "data: one"));
	assert_int_equal(answer.ends, 1);
	assert_int_equal(server.streams.over, 1);
	peer_close(&p);
}

/* Where it was is not known, so nor is whether it has had the end. */
static void
who_was_nowhere_gets_a_gap_and_the_end(void **state)
{
	static const enum place places[] = {PLACE_UNKNOWN, PLACE_LOST};
	struct peer p;
	size_t i;

	(void)state;
	end_comes();
	for (i = 0; i < LENGTH(places); i++) {
		peer_open(&p, AHEAD);
		end_turn();
		say(i, places[i]);
		(void)peer_read(&p);
		assert_non_null(strstr(answer.text, "event: gap\n"));
		assert_non_null(strstr(answer.text, "event: end\n"));
		assert_int_equal(answer.ends, 1);
		peer_close(&p);
	}
}

static void
what_is_not_there_is_a_gap(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, AHEAD);
	end_turn();
	say(0, PLACE_UNKNOWN);
	check_stream(&p, "\"reason\":\"unknown\"}");
	peer_close(&p);
}

static void
what_is_said_at_once_is_a_stream_at_once(void **state)
{
	struct peer p;

	(void)state;
	engine.at_once = true;
	engine.place = PLACE_UNKNOWN;
	peer_open(&p, AHEAD);
	end_turn();
	check_stream(&p, "\"reason\":\"unknown\"}");
	assert_int_equal(server.aheads.n, 0);
	peer_close(&p);
}

/* All of several channels, and the address, are kept while it waits. */
static void
its_channels_and_its_address_are_kept(void **state)
{
	struct peer p, q;

	(void)state;
	server.cfg.max_per_address = 1;
	peer_open(&p,
	    "begin 1; params 1 REQUEST_METHOD=GET REMOTE_ADDR=::1 "
	    "HTTP_LAST_EVENT_ID=1-102 "
	    "QUERY_STRING=channel%3da&channel%3db; params 1; stdin 1");
	peer_open(&q, "begin 1; " GET "REMOTE_ADDR=::1 "
		      "HTTP_LAST_EVENT_ID=1-102" REST);
	end_turn();
	event_comes("one");
	event_comes("two");
	say(0, PLACE_AFTER);
	check_stream(&p, "id: 1-102\n");
	event_comes("three");
	end_turn();
	check_stream(&p, "data: three\n");
	assert_int_equal(hub_find(&server.hub, "b")->reading, 1);
	say(1, PLACE_AFTER); /* limits count when a stream is opened */
	(void)peer_read(&q);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(server.streams.refused[REFUSED_ADDRESS], 1);
	peer_close(&p);
	peer_close(&q);
}

static void
after_five_seconds_it_is_to_come_again(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, KEPT);
	end_turn();
	seconds_pass(AHEAD_PATIENCE - 2);
	check_silent(&p);
	seconds_pass(1);
	check_refused(&p, REFUSED_ENGINE, 3000);
	assert_int_equal(conns->stalled + conns->timed_out, 0);
	assert_int_equal(server.aheads.n, 1);
	p.len = 0;
	peer_send(&p, KEPT); /* the same connection */
	turn();
	say(0, PLACE_AFTER); /* the first one's, which nobody hears */
	check_silent(&p);
	say(1, PLACE_UNKNOWN);
	check_stream(&p, "\"reason\":\"unknown\"}");
	peer_close(&p);
}

static void
engine_that_does_not_know_lets_it_come_again(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, AHEAD);
	end_turn();
	say(0, PLACE_AHEAD);
	check_refused(&p, REFUSED_ENGINE, 3000);
	peer_close(&p);
}

static void
browser_that_goes_is_not_waited_for(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, AHEAD);
	end_turn();
	peer_close(&p);
	assert_int_equal(conns->total, 0);
	assert_int_equal(server.aheads.n, 1);
	say(0, PLACE_AFTER);
	assert_int_equal(server.aheads.n, 0);
	peer_open(&p, AHEAD);
	end_turn();
	peer_close(&p); /* and this one's is never said before stop() */
	assert_int_equal(server.streams.opened, 0);
}

static void
abort_ends_it_at_once(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, KEPT);
	end_turn();
	peer_send(&p, "abort 1");
	turn();
	assert_string_equal(peer_read(&p), "");
	assert_int_equal(answer.ends, 1);
	assert_int_equal(conns->count[CONN_KEPT], 1);
	say(0, PLACE_AFTER);
	assert_string_equal(peer_read(&p), "");
	peer_close(&p);
}

/* An admin closes this; the answer's number. */
static unsigned long
close_as_admin(const char *which)
{
	char notation[200];
	struct peer p;

	(void)snprintf(notation, sizeof(notation),
	    "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=admin "
	    "QUERY_STRING=close%%3d%s; params 1; stdin 1",
	    which);
	peer_open(&p, notation);
	end_turn();
	check_answer(&p, "Status: 200 ", "{\"closed\":");
	peer_close(&p);
	return strtoul(strstr(answer.text, "{\"closed\":") + 10, NULL, 10);
}

/* Else it would be open behind that, and nobody would close it any more. */
static void
admin_closes_who_waits(void **state)
{
	static const char *const which[] = {"channel:a", "sub:u"};
	struct peer p;
	size_t i;

	(void)state;
	server.tickets.keys = ticket_keys();
	for (i = 0; i < LENGTH(which); i++) {
		peer_open(&p, "begin 1; " GET TICKET_OF_U
			      "HTTP_LAST_EVENT_ID=1-102" REST);
		end_turn();
		assert_int_equal(close_as_admin("channel:b"), 0);
		assert_int_equal(close_as_admin("sub:v"), 0);
		check_silent(&p);
		assert_int_equal(close_as_admin(which[i]), 1);
		check_refused(&p, REFUSED_ENGINE, 3000);
		assert_int_equal(close_as_admin(which[i]), 0);
		say(i, PLACE_AFTER);
		peer_close(&p);
		server.streams.refused[REFUSED_ENGINE] = 0;
	}
	peer_open(&p, AHEAD);
	end_turn();
	assert_int_equal(close_as_admin("sub:u"), 0); /* it is nobody's */
	check_silent(&p);
	peer_close(&p);
	server.tickets.keys = NULL;
}

/* An engine that takes twice the drain's time. */
static void
drain_does_not_wait_for_the_engine(void **state)
{
	double begin = conns->now;
	struct peer p, late;

	(void)state;
	peer_open(&p, AHEAD);
	peer_open(&late, AHEAD);
	end_turn();
	drain_start(&server.streams);
	drain_step(begin + 0.5);
	check_silent(&p);
	say(1, PLACE_AFTER); /* no stream is opened any more */
	check_refused(&late, REFUSED_DRAINING, 8000);
	server.streams.refused[REFUSED_DRAINING] = 0;
	aheads_sweep(&server.aheads);
	end_turn();
	check_refused(&p, REFUSED_DRAINING, 8000);
	assert_true(drain_over(&server.streams));
	say(0, PLACE_AFTER);
	(void)close(p.fd);
	(void)close(late.fd);
}

static void
drain_ends_it_even_without_the_sweep(void **state)
{
	double begin = conns->now;
	struct peer p;

	(void)state;
	peer_open(&p, AHEAD);
	end_turn();
	drain_start(&server.streams);
	drain_step(begin + 1.1);
	check_refused(&p, REFUSED_DRAINING, 8000);
	(void)close(p.fd);
}

static void
stop_has_it_come_again(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, AHEAD);
	end_turn();
	engine.engine.stop(&engine.engine);
	end_turn();
	check_refused(&p, REFUSED_ENGINE, 3000);
	(void)close(p.fd);
}

static void
no_more_wait_than_may_be_streams(void **state)
{
	struct peer p[3];
	size_t i;

	(void)state;
	server.cfg.max_streams = 2;
	for (i = 0; i < 3; i++)
		peer_open(&p[i], AHEAD);
	end_turn();
	check_silent(&p[0]);
	check_silent(&p[1]);
	check_refused(&p[2], REFUSED_ENGINE, 3000);
	for (i = 0; i < 3; i++)
		peer_close(&p[i]);
	peer_open(&p[0], AHEAD); /* two that have gone wait with the engine */
	end_turn();
	(void)peer_read(&p[0]);
	assert_int_equal(answer.ends, 1);
	peer_close(&p[0]);
	say(0, PLACE_AFTER);
	peer_open(&p[0], AHEAD);
	end_turn();
	check_silent(&p[0]);
	peer_close(&p[0]);
}

static void
head_is_answered_at_once(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, "begin 1; params 1 REQUEST_METHOD=HEAD SSE_CHANNEL=a "
		      "HTTP_LAST_EVENT_ID=1-102; params 1; stdin 1");
	end_turn();
	(void)peer_read(&p);
	assert_memory_equal(answer.text, STREAM, strlen(STREAM));
	assert_int_equal(answer.ends, 1);
	assert_int_equal(engine.awaited, 0);
	peer_close(&p);
}

/* Of several ids one that is ahead is the newest; of several, the last. */
static const struct newest {
	const char *name, *ids;
	uint64_t awaited; /* 0: none */
} newest[] = {
    {"one_ahead", "lastEventId%3d1-100&lastEventId%3d1-105", 105},
    {"two_ahead", "lastEventId%3d1-107&lastEventId%3d1-105", 107},
    {"the_second_further", "lastEventId%3d1-105&lastEventId%3d1-107", 107},
    {"one_of_no_life", "lastEventId%3dx&lastEventId%3d1-105", 105},
    {"earliest_beside_it", "lastEventId%3d1-105&lastEventId%3dearliest", 105},
    {"none_ahead", "lastEventId%3d1-99&lastEventId%3d1-100", 0},
    {"the_pages", "last_event_id%3d1-105", 105},
    {"the_pages_but_the_client_says_it",
	"last_event_id%3d1-105&lastEventId%3d1-100", 0},
};

static void
the_newest_is_waited_for(void **state)
{
	const struct newest *row = *state;
	char notation[300];
	struct peer p;

	assert_int_equal(served_set_up(NULL), 0);
	(void)snprintf(notation, sizeof(notation),
	    "begin 1; params 1 REQUEST_METHOD=GET "
	    "QUERY_STRING=channel%%3da&%s; params 1; stdin 1",
	    row->ids);
	peer_open(&p, notation);
	end_turn();
	assert_int_equal(engine.awaited, row->awaited > 0);
	if (row->awaited > 0)
		assert_int_equal(engine.early[0].id.n, row->awaited);
	else
		check_stream(&p, "id: 1-100\n");
	peer_close(&p);
	assert_int_equal(served_tear_down(NULL), 0);
}

/* While the engine is not ready: only who asks for nothing is served. */
static const struct early_row {
	const char *name, *params;
	bool served;
} early_rows[] = {
    {"not_ready_now", "", true},
    {"not_ready_clock", "QUERY_STRING=channel%3dclock", true},
    {"not_ready_after", "HTTP_LAST_EVENT_ID=1-100", false},
    {"not_ready_ahead", "HTTP_LAST_EVENT_ID=1-102", false},
    {"not_ready_nonsense", "HTTP_LAST_EVENT_ID=x", false},
    {"not_ready_history", "QUERY_STRING=history%3d3", false},
    {"not_ready_earliest", "QUERY_STRING=last_event_id%3dearliest", false},
};

static void
not_ready(void **state)
{
	const struct early_row *row = *state;
	char notation[300];
	struct peer p;

	assert_int_equal(served_set_up(NULL), 0);
	engine.not_yet = true;
	(void)snprintf(notation, sizeof(notation),
	    "begin 1; params 1 REQUEST_METHOD=GET %s%s; params 1; stdin 1",
	    strstr(row->params, "clock") != NULL ? "" : "SSE_CHANNEL=a ",
	    row->params);
	peer_open(&p, notation);
	end_turn();
	if (row->served)
		check_stream(&p, "retry: ");
	else
		check_refused(&p, REFUSED_ENGINE, 3000);
	assert_int_equal(engine.awaited, 0);
	peer_close(&p);
	assert_int_equal(served_tear_down(NULL), 0);
}

/* It costs this request at most: wherever an allocation fails. */
static void
without_memory_it_comes_again(void **state)
{
	unsigned long nth;
	struct peer p;
	bool failed = true;

	(void)state;
	for (nth = 1; failed; nth++) {
		peer_open(&p, "");
		peer_send(&p, AHEAD);
		allocation_fails(nth);
		turn();
		failed = allocation_failed();
		allocation_fails(0);
		end_turn();
		(void)peer_read(&p);
		if (failed && *answer.text != '\0') {
			assert_memory_equal(answer.text, STREAM,
			    strlen(STREAM));
			assert_int_equal(answer.ends, 1);
		}
		peer_close(&p);
	}
	assert_true(server.streams.refused[REFUSED_MEMORY] > 0);
	assert_int_equal(conns->total, 0);
	assert_int_equal(server.aheads.n, 1);
}

static void
status_says_whether_it_is_ready(void **state)
{
	static const char *const wanted[] = {"\"ready\":1,", "\"ready\":0,",
	    "\"ready\":0,"};
	struct peer p;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		engine.why = i == 1 ? "it is away" : NULL;
		engine.not_yet = i == 2;
		peer_open(&p,
		    "begin 1; params 1 REQUEST_METHOD=GET SSE_ROLE=status "
		    "QUERY_STRING=format%3djson; params 1; stdin 1");
		end_turn();
		assert_non_null(strstr(peer_read(&p), wanted[i]));
		peer_close(&p);
	}
}

/* One stream of chance's. */
struct visit {
	struct peer peer;
	size_t number; /* that it has with the engine */
	bool open, waits;
};

static void
any_order_of_all_that_happens_does_no_harm(void **state)
{
	static struct visit visits[8];
	uint32_t seed = 20261127, act;
	struct visit *v;

	(void)state;
	memset(visits, 0, sizeof(visits));
	while (engine.awaited < TEST_ENGINE_MAX - 1) {
		v = &visits[chance(&seed) % LENGTH(visits)];
		act = chance(&seed) % 5;
		if (!v->open && !v->waits) {
			v->number = engine.awaited;
			v->open = v->waits = true;
			peer_open(&v->peer,
			    "begin 1; " GET "HTTP_LAST_EVENT_ID=1-999" REST);
		} else if (act == 0 && v->open) {
			(void)peer_read(&v->peer);
			if (!v->peer.eof && chance(&seed) % 2 == 0)
				peer_send(&v->peer, "abort 1");
			peer_close(&v->peer);
			v->open = false;
		} else if (act == 1 && v->waits) {
			test_engine_place_is(&engine, v->number,
			    chance(&seed) % 3 == 0 ? PLACE_AHEAD :
			    chance(&seed) % 2 == 0 ? PLACE_AFTER :
						     PLACE_UNKNOWN);
			v->waits = false;
		} else if (act == 2)
			end_turn();
		else if (act == 3)
			seconds_pass(chance(&seed) % 3);
	}
	for (v = visits; v < visits + LENGTH(visits); v++)
		if (v->open)
			peer_close(&v->peer);
	assert_int_equal(conns->total, 0);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, served_set_up, served_tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(it_waits_and_goes_on_behind_its_event),
	    TEST(whose_channel_has_ended_there_is_not_to_come_back),
	    TEST(who_begins_at_an_end_is_told_of_it),
	    TEST(who_was_nowhere_gets_a_gap_and_the_end),
	    TEST(what_is_not_there_is_a_gap),
	    TEST(what_is_said_at_once_is_a_stream_at_once),
	    TEST(its_channels_and_its_address_are_kept),
	    TEST(after_five_seconds_it_is_to_come_again),
	    TEST(engine_that_does_not_know_lets_it_come_again),
	    TEST(browser_that_goes_is_not_waited_for),
	    TEST(abort_ends_it_at_once),
	    TEST(drain_does_not_wait_for_the_engine),
	    TEST(drain_ends_it_even_without_the_sweep),
	    TEST(admin_closes_who_waits),
	    TEST(stop_has_it_come_again),
	    TEST(no_more_wait_than_may_be_streams),
	    TEST(head_is_answered_at_once),
	    TEST(without_memory_it_comes_again),
	    TEST(status_says_whether_it_is_ready),
	    TEST(any_order_of_all_that_happens_does_no_harm),
	};
	static struct CMUnitTest
	    tests[LENGTH(newest) + LENGTH(early_rows) + LENGTH(others)];
	size_t n = 0, i;
	int failed;

	if (request_init() != 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < LENGTH(newest); i++)
		tests[n++] = row_test(newest[i].name, the_newest_is_waited_for,
		    &newest[i]);
	for (i = 0; i < LENGTH(early_rows); i++)
		tests[n++] =
		    row_test(early_rows[i].name, not_ready, &early_rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	failed = _cmocka_run_group_tests("ahead", tests, n, NULL, NULL);
	request_exit();
	return failed;
}
