/* SPDX-License-Identifier: ISC */
/*
 * Who serves what: role and method, as the front's parameters say them, and
 * the answer that the front gets.
 */
#include "unit.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "flush.h"
#include "record.h"
#include "request.h"
#include "route.h"
#include "stream.h"

#define STREAM "Content-Type: text/event-stream\r\n"
#define ALLOW  "Allow: GET, HEAD, OPTIONS\r\n"

static const struct row {
	const char *name, *params;
	const char *begin; /* the response begins like this */
	bool allow;	   /* it has the header */
	bool stays;	   /* and it is not over */
	bool body;	   /* there is something behind the headers */
} rows[] = {
    {"get_without_role_is_a_stream", "REQUEST_METHOD=GET", STREAM, false, true,
	true},
    {"get_of_a_stream", "REQUEST_METHOD=GET SSE_ROLE=stream", STREAM, false,
	true, true},
    {"head_of_a_stream", "REQUEST_METHOD=HEAD SSE_ROLE=stream", STREAM, false,
	false, false},
    {"head_without_role", "REQUEST_METHOD=HEAD", STREAM, false, false, false},
    {"post_is_not_allowed", "REQUEST_METHOD=POST",
	"Status: 405 Method Not Allowed\r\n", true, false, true},
    {"post_of_a_stream_is_not_allowed", "REQUEST_METHOD=POST SSE_ROLE=stream",
	"Status: 405 Method Not Allowed\r\n", true, false, true},
    {"other_methods_are_not_allowed", "REQUEST_METHOD=DELETE",
	"Status: 405 Method Not Allowed\r\n", true, false, true},
    {"no_method_is_not_allowed", "A=b", "Status: 405 Method Not Allowed\r\n",
	true, false, true},
    {"no_parameters_are_not_allowed", "", "Status: 405 Method Not Allowed\r\n",
	true, false, true},
    {"options_has_no_body", "REQUEST_METHOD=OPTIONS",
	"Status: 204 No Content\r\n", true, false, false},
    {"options_of_a_stream", "REQUEST_METHOD=OPTIONS SSE_ROLE=stream",
	"Status: 204 No Content\r\n", true, false, false},
    {"unknown_role", "REQUEST_METHOD=GET SSE_ROLE=nonsense",
	"Status: 500 Internal Server Error\r\n", false, false, true},
    {"unknown_role_with_options", "REQUEST_METHOD=OPTIONS SSE_ROLE=nonsense",
	"Status: 500 Internal Server Error\r\n", false, false, true},
    {"role_in_large_letters", "REQUEST_METHOD=GET SSE_ROLE=STREAM",
	"Status: 500 Internal Server Error\r\n", false, false, true},
    {"role_that_begins_like_ours", "REQUEST_METHOD=GET SSE_ROLE=streams",
	"Status: 500 Internal Server Error\r\n", false, false, true},
    {"empty_role", "REQUEST_METHOD=GET SSE_ROLE=",
	"Status: 500 Internal Server Error\r\n", false, false, true},
    {"role_that_the_browser_sends", "REQUEST_METHOD=GET HTTP_SSE_ROLE=nonsense",
	STREAM, false, true, true},
};

static struct config cfg;
static struct ev_loop *loop;
static struct streams streams;
static struct answer answer;
static struct wire wire;

static int
set_up(void **state)
{
	(void)state;
	cfg = (struct config){.interval = 2,
	    .heartbeat = 15,
	    .retry = 2000,
	    .max_streams = 1000,
	    .stall = 60};
	loop = ev_loop_new(EVFLAG_AUTO);
	if (loop == NULL ||
	    streams_init(&streams, loop, &cfg, route_request) != 0)
		return -1;
	streams.conns.now = 5000;
	streams.conns.waiting_max = 100;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	streams_free(&streams);
	ev_loop_destroy(loop);
	return 0;
}

/* Sends the request; returns the front's end. */
static int
ask(const char *params)
{
	char notation[300];
	int pair[2];

	(void)snprintf(notation, sizeof(notation),
	    "begin 1; %s%s; params 1; stdin 1",
	    *params == '\0' ? "" : "params 1 ", params);
	wire.len = 0;
	wire_add(&wire, notation);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     pair),
	    0);
	assert_int_equal(write(pair[1], wire.bytes, wire.len), wire.len);
	assert_int_equal(conn_new(&streams.conns, pair[0]), 0);
	return pair[1];
}

/* The answer, as far as it is there; returns what is behind the headers. */
static const char *
read_answer(int fd)
{
	static uint8_t bytes[65536];
	const char *body;
	ssize_t n;

	(void)conns_flush(&streams.conns);
	n = read(fd, bytes, sizeof(bytes));
	assert_true(n > 0);
	answer_read(&answer, bytes, (size_t)n);
	assert_true(answer.valid);
	body = strstr(answer.text, "\r\n\r\n");
	assert_non_null(body);
	return body + 4;
}

static void
is_served_like_this(void **state)
{
	const struct row *row = *state;
	const char *body;
	int fd;

	assert_int_equal(set_up(NULL), 0);
	fd = ask(row->params);
	body = read_answer(fd);
	assert_memory_equal(answer.text, row->begin, strlen(row->begin));
	assert_int_equal(strstr(answer.text, ALLOW) != NULL, row->allow);
	assert_int_equal(*body != '\0', row->body);
	assert_int_equal(answer.ends, !row->stays);
	assert_int_equal(streams.open, row->stays);
	if (!row->body && row->allow)
		assert_null(strstr(answer.text, "Content-Type"));
	if (row->body && !row->stays) {
		assert_non_null(
		    strstr(answer.text, "\r\nContent-Type: text/plain\r\n"));
		assert_int_equal(body[strlen(body) - 1], '\n');
	}
	(void)close(fd);
	(void)tear_down(NULL);
}

static void
last_event_id_and_address_are_handed_on(void **state)
{
	int fd = ask("REQUEST_METHOD=GET HTTP_LAST_EVENT_ID=41 REMOTE_ADDR=x");
	int other;

	(void)state;
	assert_non_null(strstr(read_answer(fd), "id: 42\n"));
	(void)close(fd);
	cfg.max_per_address = 1;
	fd = ask("REQUEST_METHOD=GET REMOTE_ADDR=192.0.2.1");
	other = ask("REQUEST_METHOD=GET REMOTE_ADDR=192.0.2.1");
	assert_non_null(strstr(read_answer(fd), "id: 1\n"));
	assert_null(strstr(read_answer(other), "id: 1\n"));
	assert_int_equal(answer.ends, 1);
	(void)close(fd);
	(void)close(other);
}

/* Nothing of a request may come back in the answer. */
static void
answers_are_our_own_words(void **state)
{
	static const char *const params[] = {
	    "REQUEST_METHOD=Needle SSE_ROLE=stream",
	    "REQUEST_METHOD=GET SSE_ROLE=Needle",
	    "REQUEST_METHOD=GET HTTP_LAST_EVENT_ID=Needle REMOTE_ADDR=Needle",
	    "REQUEST_METHOD=OPTIONS HTTP_ORIGIN=Needle"};
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < LENGTH(params); i++) {
		fd = ask(params[i]);
		(void)read_answer(fd);
		assert_null(strstr(answer.text, "Needle"));
		assert_null(strstr(answer.text, "Connection"));
		assert_null(strstr(answer.text, "Transfer-Encoding"));
		(void)close(fd);
	}
}

/* The connection that took the last descriptor is served all the same. */
static void
last_descriptor_is_enough(void **state)
{
	struct rlimit old, few;
	const char *body;
	int fd, lowest;

	(void)state;
	fd = ask("REQUEST_METHOD=GET");
	(void)close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	lowest = dup(STDERR_FILENO);
	(void)close(lowest);
	few = old;
	few.rlim_cur = (rlim_t)lowest + 2; /* for the socket pair alone */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	fd = ask("REQUEST_METHOD=GET");
	(void)setrlimit(RLIMIT_NOFILE, &old);
	body = read_answer(fd);
	assert_non_null(strstr(body, "id: 1\n"));
	(void)close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(last_event_id_and_address_are_handed_on),
	    TEST(answers_are_our_own_words),
	    TEST(last_descriptor_is_enough),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t n = 0, i;
	int failed;

	if (request_init() != 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, is_served_like_this, &rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	failed = _cmocka_run_group_tests("route", tests, n, NULL, NULL);
	request_exit();
	return failed;
}
