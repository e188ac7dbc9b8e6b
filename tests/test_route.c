/* SPDX-License-Identifier: ISC */
/*
 * Who serves what: role and method, as the front's parameters say them, and
 * the answer that the front gets.
 */
#include "pair.h"

#include <sys/resource.h>

#include <signal.h>

#include "allocation.h"
#include "fastcgi/request.h"
#include "serve/publish.h"
#include "serve/route.h"
#include "serve/server.h"
#include "test_ticket.h"

#define OK	    "Status: 200 OK\r\n"
#define STREAM	    OK "Content-Type: text/event-stream\r\n"
#define BAD	    "Status: 400 Bad Request\r\n"
#define NOT_ALLOWED "Status: 405 Method Not Allowed\r\n"
#define FAULT	    "Status: 500 Internal Server Error\r\n"
#define READ	    "\r\nAllow: GET, HEAD, OPTIONS\r\n"
#define WRITE	    "\r\nAllow: POST, PUT, DELETE, OPTIONS\r\n"

static const struct row {
	const char *name, *params;
	const char *begin; /* the response begins like this */
	const char *has;   /* and has this in it; NULL: not looked at */
	bool stays;	   /* and it is not over */
	bool body;	   /* there is something behind the headers */
} rows[] = {
    {"get_without_role_is_a_stream", "REQUEST_METHOD=GET", STREAM, NULL, true,
	true},
    {"get_of_a_stream", "REQUEST_METHOD=GET SSE_ROLE=stream", STREAM, NULL,
	true, true},
    {"get_of_a_channel", "REQUEST_METHOD=GET QUERY_STRING=channel%3dnews",
	STREAM, "\nid: ", true, true},
    {"history_of_more_than_is_counted",
	"REQUEST_METHOD=GET QUERY_STRING=channel%3da%26history%3d5000", STREAM,
	"\nid: ", true, true},
    {"history_of_nothing",
	"REQUEST_METHOD=GET QUERY_STRING=channel%3da%26history%3d", STREAM,
	"\nid: ", true, true},
    {"history_of_the_clock", "REQUEST_METHOD=GET QUERY_STRING=history%3d5", BAD,
	"no channel is named", false, true},
    {"event_of_the_clock", "REQUEST_METHOD=GET QUERY_STRING=event%3dx", BAD,
	"no channel is named", false, true},
    {"heartbeat_of_another_kind",
	"REQUEST_METHOD=GET QUERY_STRING=heartbeat%3dx", STREAM, NULL, true,
	true},
    {"ids_of_which_none_is_known",
	"REQUEST_METHOD=GET "
	"QUERY_STRING=channel%3da%26lastEventId%3dx%26lastEventId%3dy",
	STREAM, "\"reason\":\"unknown\"", true, true},
    {"head_of_a_stream", "REQUEST_METHOD=HEAD SSE_ROLE=stream", STREAM, NULL,
	false, false},
    {"head_without_role", "REQUEST_METHOD=HEAD", STREAM, NULL, false, false},
    {"head_of_what_is_no_channel",
	"REQUEST_METHOD=HEAD QUERY_STRING=channel%3da%2b", BAD, NULL, false,
	false},
    {"post_is_not_allowed", "REQUEST_METHOD=POST", NOT_ALLOWED, READ, false,
	true},
    {"post_of_a_stream_is_not_allowed", "REQUEST_METHOD=POST SSE_ROLE=stream",
	NOT_ALLOWED, READ, false, true},
    {"other_methods_are_not_allowed", "REQUEST_METHOD=PUT", NOT_ALLOWED, READ,
	false, true},
    {"delete_of_a_stream_is_not_allowed", "REQUEST_METHOD=DELETE", NOT_ALLOWED,
	READ, false, true},
    {"delete_of_the_status_is_not_allowed",
	"REQUEST_METHOD=DELETE SSE_ROLE=status", NOT_ALLOWED, READ, false,
	true},
    {"delete_of_no_channel", "REQUEST_METHOD=DELETE SSE_ROLE=publish", BAD,
	NULL, false, true},
    {"delete_of_two_channels",
	"REQUEST_METHOD=DELETE SSE_ROLE=publish SSE_CHANNEL=a%20b", BAD, NULL,
	false, true},
    {"delete_of_the_clock",
	"REQUEST_METHOD=DELETE SSE_ROLE=publish SSE_CHANNEL=clock", BAD, NULL,
	false, true},
    {"delete_by_another_site",
	"REQUEST_METHOD=DELETE SSE_ROLE=publish SSE_CHANNEL=a "
	"HTTP_SEC_FETCH_SITE=cross-site",
	"Status: 403 Forbidden\r\n", NULL, false, true},
    {"no_method_is_not_allowed", "A=b", NOT_ALLOWED, READ, false, true},
    {"no_parameters_are_not_allowed", "", NOT_ALLOWED, READ, false, true},
    {"options_has_no_body", "REQUEST_METHOD=OPTIONS",
	"Status: 204 No Content\r\n", READ, false, false},
    {"options_of_a_stream", "REQUEST_METHOD=OPTIONS SSE_ROLE=stream",
	"Status: 204 No Content\r\n", READ, false, false},
    {"post_to_publish", "REQUEST_METHOD=POST SSE_ROLE=publish SSE_CHANNEL=a",
	OK, "\"channel\":\"a\"", false, true},
    {"post_to_no_channel", "REQUEST_METHOD=POST SSE_ROLE=publish", BAD, NULL,
	false, true},
    {"get_of_publish_is_not_allowed", "REQUEST_METHOD=GET SSE_ROLE=publish",
	NOT_ALLOWED, WRITE, false, true},
    {"head_of_publish_is_not_allowed", "REQUEST_METHOD=HEAD SSE_ROLE=publish",
	NOT_ALLOWED, WRITE, false, false},
    {"options_of_publish", "REQUEST_METHOD=OPTIONS SSE_ROLE=publish",
	"Status: 204 No Content\r\n", WRITE, false, false},
    {"get_of_status", "REQUEST_METHOD=GET SSE_ROLE=status", OK,
	"\nssefcgi_streams{", false, true},
    {"head_of_status", "REQUEST_METHOD=HEAD SSE_ROLE=status", OK,
	"\nContent-Type: ", false, false},
    {"head_of_status_in_no_format",
	"REQUEST_METHOD=HEAD SSE_ROLE=status "
	"QUERY_STRING=format%3dxml",
	BAD, "\nContent-Type: ", false, false},
    {"get_of_health", "REQUEST_METHOD=GET SSE_ROLE=health", OK, "\nalive\n",
	false, true},
    {"head_of_health", "REQUEST_METHOD=HEAD SSE_ROLE=health", OK,
	"\nContent-Type: text/plain\r\n", false, false},
    {"post_to_health_is_not_allowed", "REQUEST_METHOD=POST SSE_ROLE=health",
	NOT_ALLOWED, READ, false, true},
    {"get_of_ready", "REQUEST_METHOD=GET SSE_ROLE=ready", OK, "\nready\n",
	false, true},
    {"head_of_ready", "REQUEST_METHOD=HEAD SSE_ROLE=ready", OK,
	"\nContent-Type: text/plain\r\n", false, false},
    {"delete_of_ready_is_not_allowed", "REQUEST_METHOD=DELETE SSE_ROLE=ready",
	NOT_ALLOWED, READ, false, true},
    {"ready_with_a_ticket",
	"REQUEST_METHOD=GET SSE_ROLE=ready SSE_TICKET=required", FAULT, NULL,
	false, true},
    {"post_to_status_is_not_allowed", "REQUEST_METHOD=POST SSE_ROLE=status",
	NOT_ALLOWED, READ, false, true},
    {"unknown_role", "REQUEST_METHOD=GET SSE_ROLE=nonsense", FAULT, NULL, false,
	true},
    {"unknown_role_with_head", "REQUEST_METHOD=HEAD SSE_ROLE=nonsense", FAULT,
	NULL, false, false},
    {"unknown_role_with_options", "REQUEST_METHOD=OPTIONS SSE_ROLE=nonsense",
	FAULT, NULL, false, true},
    {"role_in_large_letters", "REQUEST_METHOD=GET SSE_ROLE=STREAM", FAULT, NULL,
	false, true},
    {"role_that_begins_like_ours", "REQUEST_METHOD=GET SSE_ROLE=streams", FAULT,
	NULL, false, true},
    {"empty_role", "REQUEST_METHOD=GET SSE_ROLE=", FAULT, NULL, false, true},
    {"ticket_without_keys", "REQUEST_METHOD=GET SSE_TICKET=required", FAULT,
	"--ticket-key", false, true},
    {"publication_with_a_ticket_without_keys",
	"REQUEST_METHOD=POST SSE_ROLE=publish SSE_TICKET=required", FAULT,
	"--ticket-key", false, true},
    {"ticket_that_is_optional", "REQUEST_METHOD=GET SSE_TICKET=optional", FAULT,
	NULL, false, true},
    {"ticket_that_is_empty", "REQUEST_METHOD=GET SSE_TICKET=", FAULT, NULL,
	false, true},
    {"ticket_that_the_browser_wants",
	"REQUEST_METHOD=GET HTTP_SSE_TICKET=required", STREAM, NULL, true,
	true},
    {"status_with_a_ticket",
	"REQUEST_METHOD=GET SSE_ROLE=status SSE_TICKET=required", FAULT, NULL,
	false, true},
    {"admin_with_a_ticket",
	"REQUEST_METHOD=POST SSE_ROLE=admin SSE_TICKET=required "
	"QUERY_STRING=close%3dsub:a",
	FAULT, NULL, false, true},
    {"options_want_no_ticket", "REQUEST_METHOD=OPTIONS SSE_TICKET=required",
	"Status: 204 No Content\r\n", READ, false, false},
    {"ticket_nobody_asked_for",
	"REQUEST_METHOD=GET QUERY_STRING=ticket%3d%25 "
	"HTTP_AUTHORIZATION=Bearer%20x HTTP_COOKIE=sse_ticket%3dx",
	STREAM, NULL, true, true},
    {"admin_closes_a_subject",
	"REQUEST_METHOD=POST SSE_ROLE=admin QUERY_STRING=close%3dsub:a", OK,
	"{\"closed\":0}", false, true},
    {"admin_closes_a_channel",
	"REQUEST_METHOD=POST SSE_ROLE=admin QUERY_STRING=close%3dchannel%3aa",
	OK, "{\"closed\":0}", false, true},
    {"admin_closes_nothing", "REQUEST_METHOD=POST SSE_ROLE=admin", BAD, NULL,
	false, true},
    {"admin_closes_nobody",
	"REQUEST_METHOD=POST SSE_ROLE=admin QUERY_STRING=close%3dsub:", BAD,
	NULL, false, true},
    {"admin_closes_something",
	"REQUEST_METHOD=POST SSE_ROLE=admin QUERY_STRING=close%3dall", BAD,
	NULL, false, true},
    {"admin_closes_the_clock",
	"REQUEST_METHOD=POST SSE_ROLE=admin QUERY_STRING=close%3dchannel:clock",
	BAD, NULL, false, true},
    {"admin_closes_two",
	"REQUEST_METHOD=POST SSE_ROLE=admin "
	"QUERY_STRING=close%3dsub:a&close%3dsub:b",
	BAD, NULL, false, true},
    {"admin_of_another_site",
	"REQUEST_METHOD=POST SSE_ROLE=admin QUERY_STRING=close%3dsub:a "
	"HTTP_SEC_FETCH_SITE=cross-site",
	"Status: 403 Forbidden\r\n", NULL, false, true},
    {"get_of_admin_is_not_allowed",
	"REQUEST_METHOD=GET SSE_ROLE=admin QUERY_STRING=close%3dsub:a",
	NOT_ALLOWED, "\r\nAllow: POST, OPTIONS\r\n", false, true},
    {"role_that_the_browser_sends", "REQUEST_METHOD=GET HTTP_SSE_ROLE=nonsense",
	STREAM, NULL, true, true},
};

static struct server server;

static uint64_t
wall_ms(void)
{
	return 1795359156000;
}

static void
on_ready(void *arg)
{
	(void)arg;
}

static int
set_up(void **state)
{
	(void)state;
	if (memory_init(&server.memory, 7, wall_ms) == -1)
		return -1;
	server.engine = &server.memory.engine;
	hub_init(&server.hub, &(struct hub_setup){.history = 1});
	hub_begin(&server.hub, (struct eventid){0, 0});
	server.engine->start(server.engine, &server.hub, NULL, on_ready, NULL);
	if (pair_set_up(&server.streams, &server.cfg, &server.hub,
		route_request, &server) == -1)
		return -1;
	aheads_init(&server.aheads, &server.streams, server.engine);
	publisher_init(&server.publisher, &server.cfg, server.engine, 16 << 20,
	    publish_body);
	tickets_init(&server.tickets, &server.cfg);
	server.publisher.tickets = &server.tickets;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pair_tear_down();
	return 0;
}

/* Sends the request. */
static void
ask(struct peer *p, const char *params)
{
	char notation[300];

	(void)snprintf(notation, sizeof(notation),
	    "begin 1; %s%s; params 1; stdin 1",
	    *params == '\0' ? "" : "params 1 ", params);
	peer_open(p, notation);
}

/* The answer, as far as it is there; returns what is behind the headers. */
static const char *
read_answer(struct peer *p)
{
	const char *body;

	end_turn();
	body = strstr(peer_read(p), "\r\n\r\n");
	assert_non_null(body);
	return body + 4;
}

static void
is_served_like_this(void **state)
{
	const struct row *row = *state;
	struct peer p;
	const char *body;

	assert_int_equal(set_up(NULL), 0);
	ask(&p, row->params);
	body = read_answer(&p);
	assert_memory_equal(answer.text, row->begin, strlen(row->begin));
	if (row->has != NULL)
		assert_non_null(strstr(answer.text, row->has));
	assert_int_equal(*body != '\0', row->body);
	assert_int_equal(answer.ends, !row->stays);
	assert_int_equal(server.streams.open, row->stays);
	if (strstr(answer.text, "Status: 204 ") != NULL)
		assert_null(strstr(answer.text, "Content-Type"));
	if (row->body && !row->stays) {
		assert_non_null(strstr(answer.text, "\r\nContent-Type: "));
		assert_int_equal(body[strlen(body) - 1], '\n');
	}
	peer_close(&p);
	(void)tear_down(NULL);
}

static void
only_methods_that_are_not_served_say_which_are(void **state)
{
	struct peer p;

	(void)state;
	ask(&p, "REQUEST_METHOD=GET SSE_ROLE=nonsense");
	(void)read_answer(&p);
	assert_null(strstr(answer.text, "Allow"));
	peer_close(&p);
	ask(&p, "REQUEST_METHOD=POST SSE_ROLE=publish");
	(void)read_answer(&p);
	assert_null(strstr(answer.text, "Allow"));
	peer_close(&p);
}

static void
last_event_id_and_address_are_handed_on(void **state)
{
	struct peer p, other;

	(void)state;
	ask(&p, "REQUEST_METHOD=GET HTTP_LAST_EVENT_ID=41 REMOTE_ADDR=x");
	assert_non_null(strstr(read_answer(&p), "id: 42\n"));
	peer_close(&p);
	server.cfg.max_per_address = 1;
	ask(&p, "REQUEST_METHOD=GET REMOTE_ADDR=192.0.2.1");
	ask(&other, "REQUEST_METHOD=GET REMOTE_ADDR=192.0.2.1");
	assert_non_null(strstr(read_answer(&p), "id: 1\n"));
	assert_null(strstr(read_answer(&other), "id: 1\n"));
	assert_int_equal(answer.ends, 1);
	peer_close(&p);
	peer_close(&other);
}

/* Nothing of a request may come back in the answer. */
static void
answers_are_our_own_words(void **state)
{
	static const char *const params[] = {
	    "REQUEST_METHOD=Needle SSE_ROLE=stream",
	    "REQUEST_METHOD=GET SSE_ROLE=Needle",
	    "REQUEST_METHOD=GET HTTP_LAST_EVENT_ID=Needle REMOTE_ADDR=Needle",
	    "REQUEST_METHOD=GET HTTP_LAST_EVENT_ID=Needle SSE_CHANNEL=a",
	    "REQUEST_METHOD=GET QUERY_STRING=channel%3dNeedle%2b",
	    "REQUEST_METHOD=GET QUERY_STRING=history%3dNeedle SSE_CHANNEL=a",
	    "REQUEST_METHOD=POST SSE_ROLE=publish QUERY_STRING=event%3dNeedle",
	    "REQUEST_METHOD=OPTIONS HTTP_ORIGIN=Needle"};
	struct peer p;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(params); i++) {
		ask(&p, params[i]);
		(void)read_answer(&p);
		assert_null(strstr(answer.text, "Needle"));
		assert_null(strstr(answer.text, "Connection"));
		assert_null(strstr(answer.text, "Transfer-Encoding"));
		peer_close(&p);
	}
}

/* The connection that took the last descriptor is served all the same. */
static void
last_descriptor_is_enough(void **state)
{
	struct rlimit old, few;
	struct peer p;
	int lowest;

	(void)state;
	ask(&p, "REQUEST_METHOD=GET");
	peer_close(&p);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	lowest = dup(STDERR_FILENO);
	(void)close(lowest);
	few = old;
	few.rlim_cur = (rlim_t)lowest + 2; /* for the socket pair alone */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	ask(&p, "REQUEST_METHOD=GET");
	(void)setrlimit(RLIMIT_NOFILE, &old);
	assert_non_null(strstr(read_answer(&p), "id: 1\n"));
	peer_close(&p);
}

void *__real_realloc(void *, size_t);
void *__wrap_realloc(void *, size_t);
char *__real_strdup(const char *);
char *__wrap_strdup(const char *);

void *
__wrap_realloc(void *p, size_t size)
{
	return allocation_is_to_fail() ? NULL : __real_realloc(p, size);
}

char *
__wrap_strdup(const char *s)
{
	return allocation_is_to_fail() ? NULL : __real_strdup(s);
}

static const struct hungry {
	const char *name, *request;
	const char *whole;	 /* the answer when there is memory, */
	const char *short_of_it; /* and when there is none */
	const char *says;
	unsigned least; /* allocations that it takes */
} hungry[] = {
    {"publication_without_memory_is_503",
	"begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
	"QUERY_STRING=channel%3da&event%3db CONTENT_LENGTH=4; params 1; "
	"stdin 1 'data; stdin 1",
	OK, "Status: 503 ", "memory", 10},
    {"publications_without_memory_are_503",
	"begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
	"SSE_CHANNEL=a CONTENT_TYPE=text/event-stream; params 1; "
	"stdin 1 'data:%0a%0adata:%0a%0a; stdin 1",
	OK, "Status: 503 ", "memory", 10},
    {"stream_without_memory_is_told_to_come_back",
	"begin 1; params 1 REQUEST_METHOD=GET REMOTE_ADDR=::1 "
	"QUERY_STRING=channel%3da; params 1; stdin 1",
	STREAM, STREAM, "\r\n\r\nretry: ", 5},
    {"stream_of_two_without_memory_is_told_to_come_back",
	"begin 1; params 1 REQUEST_METHOD=GET HTTP_LAST_EVENT_ID=1-1 "
	"QUERY_STRING=channel%3da&channel%3db; params 1; stdin 1",
	STREAM, STREAM, "\r\n\r\nretry: ", 7},
    {"stream_with_a_ticket_without_memory_is_told_to_come_back",
	"begin 1; params 1 REQUEST_METHOD=GET " TICKET_OF_U
	"QUERY_STRING=channel%3da; params 1; stdin 1",
	STREAM, STREAM, "\r\n\r\nretry: ", 25},
    {"head_with_a_ticket_without_memory_is_503",
	"begin 1; params 1 REQUEST_METHOD=HEAD " TICKET_OF_U
	"QUERY_STRING=channel%3da; params 1; stdin 1",
	STREAM, "Status: 503 ", "", 20},
    {"publication_with_a_ticket_without_memory_is_503",
	"begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish " TICKET_OF_U
	"QUERY_STRING=channel%3da CONTENT_LENGTH=4; params 1; "
	"stdin 1 'data; stdin 1",
	OK, "Status: 503 ", "memory", 30},
    {"status_without_memory_is_503",
	"begin 1; params 1 REQUEST_METHOD=GET SSE_ROLE=status "
	"QUERY_STRING=format%3djson; params 1; stdin 1",
	OK, "Status: 503 ", "memory", 5},
};

/*
 * Where the nth allocation fails: the answer, or where there is no memory even
 * for that none; it is no fault of the request.  Returns whether it came to it.
 */
static bool
asked_without_memory(const struct hungry *row, unsigned long nth)
{
	struct peer p;
	bool failed;

	assert_int_equal(set_up(NULL), 0);
	server.tickets.keys = ticket_keys();
	server.cfg.max_per_address = 1;
	peer_open(&p, "");
	peer_send(&p, row->request);
	allocation_fails(nth);
	turn();
	failed = allocation_failed();
	allocation_fails(0);
	end_turn();
	(void)peer_read(&p);
	if (!failed) {
		assert_memory_equal(answer.text, row->whole,
		    strlen(row->whole));
	} else if (*answer.text == '\0') {
		assert_true(p.eof);
		assert_int_equal(server.streams.conns.starved, 1);
	} else {
		assert_memory_equal(answer.text, row->short_of_it,
		    strlen(row->short_of_it));
		assert_non_null(strstr(answer.text, row->says));
		assert_int_equal(answer.ends, 1);
	}
	assert_int_equal(server.streams.conns.bad, 0);
	peer_close(&p);
	assert_int_equal(server.streams.conns.total, 0);
	assert_int_equal(server.publisher.bodies.bytes, 0);
	server.tickets.keys = NULL;
	(void)tear_down(NULL);
	return failed;
}

/* It costs this request at most. */
static void
without_memory_it_ends_itself_alone(void **state)
{
	const struct hungry *row = *state;
	unsigned long nth;

	for (nth = 1; asked_without_memory(row, nth); nth++)
		continue;
	assert_in_range(nth, row->least, 60);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(only_methods_that_are_not_served_say_which_are),
	    TEST(last_event_id_and_address_are_handed_on),
	    TEST(answers_are_our_own_words),
	    TEST(last_descriptor_is_enough),
	};
	static struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(hungry) + LENGTH(others)];
	size_t n = 0, i;
	int failed;

	if (request_init() != 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, is_served_like_this, &rows[i]);
	for (i = 0; i < LENGTH(hungry); i++)
		tests[n++] = row_test(hungry[i].name,
		    without_memory_it_ends_itself_alone, &hungry[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	failed = _cmocka_run_group_tests("route", tests, n, NULL, NULL);
	request_exit();
	return failed;
}
