/* SPDX-License-Identifier: ISC */
/*
 * Streams as a front sees them: what comes, when, and how it ends.
 */
#include <sys/socket.h>

#include <math.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "front.h"
#include "responder.h"

#define FAST "--interval", "0.1"

static int
start(void **state)
{
	static struct responder r;

	responder_start(&r, 0, (const char *[]){FAST, NULL});
	*state = &r;
	return 0;
}

static int
finish(void **state)
{
	responder_stop(*state);
	return 0;
}

static void
open_stream(struct front *f, const struct responder *r, int flags,
    const char *last_event_id)
{
	const char *more[] = {"HTTP_LAST_EVENT_ID", last_event_id, NULL};

	assert_true(front_connect(f, r->address));
	assert_true(front_request(f, flags, "GET",
	    last_event_id == NULL ? NULL : more));
}

static void
headers_retry_and_the_first_message_come_at_once(void **state)
{
	struct front f;
	double best = 1, t;
	int i;

	for (i = 0; i < 5 || (i < 50 && best >= slow(50) / 1e3); i++) {
		t = front_now();
		open_stream(&f, *state, 0, NULL);
		assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
		t = front_now() - t;
		best = t < best ? t : best;
		assert_ptr_equal(strstr(f.text,
				     "Status: 200 OK\r\n"
				     "Content-Type: text/event-stream\r\n"),
		    f.text);
		assert_non_null(strstr(f.text, "\r\nCache-Control: no-cache, "
					       "no-store, no-transform\r\n"));
		assert_non_null(
		    strstr(f.text, "\r\nX-Accel-Buffering: no\r\n"));
		assert_non_null(strstr(f.text, "\r\n\r\nretry: "));
		assert_null(strstr(f.text, "Connection"));
		front_close(&f);
	}
	assert_true(best < slow(50) / 1e3);
}

#define INTERVAL 0.1

/*
 * The mean interval, over twenty messages.  A machine that is busy skips one
 * now and then: then it was two intervals, or more.
 */
static double
mean_interval(struct responder *r)
{
	struct front f;
	double first, last, now;
	long n, intervals = 0;
	char id[24];
	int i;

	open_stream(&f, r, 0, NULL);
	assert_true(front_until_text(&f, "id: 2\n", PATIENCE));
	first = last = front_now();
	for (i = 3; i <= 22; i++) {
		(void)snprintf(id, sizeof(id), "id: %d\n", i);
		assert_true(front_until_text(&f, id, PATIENCE));
		now = front_now();
		n = (long)((now - last) / INTERVAL + 0.5);
		intervals += n < 1 ? 1 : n;
		last = now;
	}
	front_close(&f);
	return (last - first) / (double)intervals;
}

static void
messages_come_with_the_interval(void **state)
{
	double off = 1, mean, end = front_now() + PATIENCE / 1e3;

	while (off >= slow(10) / 1e3 && front_now() < end) {
		mean = fabs(mean_interval(*state) - INTERVAL);
		off = mean < off ? mean : off;
	}
	assert_true(off < slow(10) / 1e3);
}

static void
a_stream_goes_on_after_last_event_id(void **state)
{
	static const struct {
		const char *given, *first;
	} cases[] = {
	    {"41", "id: 42\n"},
	    {"999999999999999999", "id: 1000000000000000000\n"},
	    {"1234567890123456789", "id: 1\n"}, /* 19 digits */
	    {"", "id: 1\n"},
	    {"-5", "id: 1\n"},
	    {"4x", "id: 1\n"},
	    {" 7", "id: 1\n"},
	    {"\x01\xff", "id: 1\n"},
	};
	struct front f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_stream(&f, *state, 0, cases[i].given);
		assert_true(front_until_text(&f, "data: ", PATIENCE));
		assert_non_null(strstr(f.text, cases[i].first));
		front_close(&f);
	}
}

static void
last_event_id_twice_counts_as_none(void **state)
{
	const struct responder *r = *state;
	const char *more[] = {"HTTP_LAST_EVENT_ID", "7", "HTTP_LAST_EVENT_ID",
	    "9", NULL};
	struct front f;

	assert_true(front_connect(&f, r->address));
	assert_true(front_request(&f, 0, "GET", more));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	front_close(&f);
}

static void
abort_is_answered_with_the_end(void **state)
{
	struct front f;

	open_stream(&f, *state, 0, NULL);
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	assert_true(front_record(&f, 2, 1, NULL, 0, 0));
	assert_true(front_until_end(&f, PATIENCE));
	assert_true(f.empty_stdout);
	assert_int_equal(f.status, 0);
	assert_true(front_until_closed(&f, PATIENCE));
	front_close(&f);
}

static void
a_kept_connection_serves_one_request_after_the_other(void **state)
{
	struct front f;
	uint16_t id;

	open_stream(&f, *state, 1, NULL);
	for (id = 1; id <= 9; id += 2) {
		assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
		assert_true(front_record(&f, 2, id, NULL, 0, 0));
		assert_true(front_until_end(&f, PATIENCE));
		front_next(&f, (uint16_t)(id + 2));
		assert_true(front_request(&f, 1, "HEAD", NULL));
		assert_true(front_until_end(&f, PATIENCE));
		front_next(&f, (uint16_t)(id + 2));
		assert_true(front_request(&f, 1, "GET", NULL));
	}
	assert_false(f.closed);
	front_close(&f);
}

static void
a_front_that_closes_its_side_has_gone(void **state)
{
	const struct responder *r = *state;
	unsigned before = responder_logged(r, "stream closed");
	struct front f;

	open_stream(&f, r, 0, NULL);
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	assert_int_equal(shutdown(f.fd, SHUT_WR), 0);
	assert_true(front_until_closed(&f, PATIENCE));
	assert_false(f.ended);
	assert_true(
	    responder_until_logged(r, "stream closed", before + 1, PATIENCE));
	front_close(&f);
}

static void
short_answers_by_method(void **state)
{
	static const struct {
		const char *method, *starts, *has;
	} cases[] = {
	    {"HEAD", "Status: 200 OK\r\nContent-Type: text/event-stream\r\n",
		"no-store"},
	    {"OPTIONS", "Status: 204 No Content\r\n",
		"\r\nAllow: GET, HEAD, OPTIONS\r\n"},
	    {"POST", "Status: 405 Method Not Allowed\r\n",
		"\r\nAllow: GET, HEAD, OPTIONS\r\n"},
	    {"DELETE", "Status: 405 Method Not Allowed\r\n", "\r\nAllow: "},
	    {"get", "Status: 405 Method Not Allowed\r\n", "\r\nAllow: "},
	};
	const struct responder *r = *state;
	struct front f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(front_connect(&f, r->address));
		assert_true(front_request(&f, 0, cases[i].method, NULL));
		assert_true(front_until_end(&f, PATIENCE));
		assert_ptr_equal(strstr(f.text, cases[i].starts), f.text);
		assert_non_null(strstr(f.text, cases[i].has));
		assert_non_null(strstr(f.text, "\r\n\r\n"));
		assert_true(front_until_closed(&f, PATIENCE));
		front_close(&f);
	}
}

static void
a_body_that_nobody_wants_does_not_lose_the_answer(void **state)
{
	const struct responder *r = *state;
	static uint8_t body[65535];
	struct front f;
	int i;

	assert_true(front_connect(&f, r->address));
	assert_true(front_begin(&f, 1, 1, 0));
	assert_true(
	    front_record(&f, 4, 1, "\x0e\x04REQUEST_METHODPOST", 20, 0));
	assert_true(front_record(&f, 4, 1, NULL, 0, 0));
	for (i = 0; i < 16; i++)
		assert_true(front_record(&f, 5, 1, body, sizeof(body), 255));
	assert_true(front_until_end(&f, PATIENCE));
	assert_non_null(strstr(f.text, "Status: 405"));
	assert_false(f.reset);
	front_close(&f);
}

static void
an_unknown_role_of_the_location_is_an_error(void **state)
{
	const struct responder *r = *state;
	struct front f;

	assert_true(front_connect(&f, r->address));
	assert_true(front_request(&f, 0, "GET",
	    (const char *[]){"SSE_ROLE", "emperor", NULL}));
	assert_true(front_until_end(&f, PATIENCE));
	assert_ptr_equal(strstr(f.text, "Status: 500 "), f.text);
	front_close(&f);
}

/* Some fronts keep it from everybody: the log has it, and is not filled. */
static void
a_fault_of_the_front_is_logged_once_a_minute(void **state)
{
	struct responder r;
	struct front f;
	int i;

	(void)state;
	responder_start(&r, 0, NULL);
	for (i = 0; i < 5; i++) {
		assert_true(front_connect(&f, r.address));
		assert_true(front_request(&f, 0, "GET",
		    (const char *[]){"SSE_TICKET", "required", NULL}));
		assert_true(front_until_end(&f, PATIENCE));
		assert_ptr_equal(strstr(f.text, "Status: 500 "), f.text);
		front_close(&f);
	}
	assert_int_equal(responder_logged(&r,
			     "warning: answered 500: SSE_TICKET is "
			     "required"),
	    1);
	responder_stop(&r);
}

static void
an_idle_stream_gets_heartbeats(void **state)
{
	struct responder r;
	struct front f;

	(void)state;
	responder_start(&r, 0,
	    (const char *[]){"--interval", "600", "--heartbeat", "1", NULL});
	open_stream(&f, &r, 0, NULL);
	assert_true(front_until_text(&f, "\n\n:\n\n:\n\n", PATIENCE));
	assert_int_equal(front_count(&f, "data: "), 1);
	front_close(&f);
	responder_stop(&r);
}

static void
a_page_that_asks_for_it_sees_the_clocks_heartbeats(void **state)
{
	struct responder r;
	struct front f;

	(void)state;
	responder_start(&r, 0,
	    (const char *[]){"--interval", "600", "--heartbeat", "1", NULL});
	assert_true(front_connect(&f, r.address));
	assert_true(front_request(&f, 0, "GET",
	    (const char *[]){"QUERY_STRING", "heartbeat=event", NULL}));
	assert_true(front_until_text(&f,
	    "\n\nevent: position\ndata: \n\nevent: position\ndata: \n\n",
	    PATIENCE));
	assert_null(strstr(f.text, "\n:\n"));
	assert_int_equal(front_count(&f, "id: "), 1);
	front_close(&f);
	responder_stop(&r);
}

/* Messages that a slow reader missed are skipped, and the count has no hole. */
static void
a_slow_reader_misses_messages_and_no_number(void **state)
{
	struct responder r;
	struct front f, other;
	char id[24];
	int small = 1, i;

	(void)state;
	responder_start(&r, 0, (const char *[]){"--interval", "0.01", NULL});
	open_stream(&other, &r, 0, NULL);
	open_stream(&f, &r, 0, NULL);
	(void)setsockopt(f.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	/* While it does not read, more comes than the sockets hold. */
	assert_true(front_until_text(&other, "id: 600\n", PATIENCE));
	for (i = 0; i < 100; i++)
		assert_true(front_read(&f, PATIENCE));
	for (i = 1; i <= (int)front_count(&f, "data: "); i++) {
		(void)snprintf(id, sizeof(id), "id: %d\n", i);
		assert_int_equal(front_count(&f, id), 1);
	}
	assert_true(i > 100);
	while (front_read(&other, 0)) /* what came meanwhile */
		continue;
	assert_true(front_count(&other, "data: ") > (unsigned)i);
	front_close(&f);
	front_close(&other);
	responder_stop(&r);
}

static void
tcp_serves_as_well(void **state)
{
	struct responder r;
	struct front f;
	char address[64];

	(void)state;
	(void)snprintf(address, sizeof(address), "127.%ld.%ld.7:9377",
	    (long)getpid() / 250 % 250 + 1, (long)getpid() % 250 + 1);
	responder_listen(&r, address, (const char *[]){FAST, NULL});
	open_stream(&f, &r, 0, NULL);
	assert_true(front_until_text(&f, "id: 3\n", PATIENCE));
	front_close(&f);
	responder_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(headers_retry_and_the_first_message_come_at_once),
	    cmocka_unit_test(messages_come_with_the_interval),
	    cmocka_unit_test(a_stream_goes_on_after_last_event_id),
	    cmocka_unit_test(last_event_id_twice_counts_as_none),
	    cmocka_unit_test(abort_is_answered_with_the_end),
	    cmocka_unit_test(
		a_kept_connection_serves_one_request_after_the_other),
	    cmocka_unit_test(a_front_that_closes_its_side_has_gone),
	    cmocka_unit_test(short_answers_by_method),
	    cmocka_unit_test(a_body_that_nobody_wants_does_not_lose_the_answer),
	    cmocka_unit_test(an_unknown_role_of_the_location_is_an_error),
	    cmocka_unit_test(a_fault_of_the_front_is_logged_once_a_minute),
	    cmocka_unit_test(an_idle_stream_gets_heartbeats),
	    cmocka_unit_test(
		a_page_that_asks_for_it_sees_the_clocks_heartbeats),
	    cmocka_unit_test(a_slow_reader_misses_messages_and_no_number),
	    cmocka_unit_test(tcp_serves_as_well),
	};

	return cmocka_run_group_tests_name("streams", tests, start, finish);
}
