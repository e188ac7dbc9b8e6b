/* SPDX-License-Identifier: ISC */
/*
 * What peers send that no front would: each harms its own connection at most.
 * An honest stream is there all the time, and after each attack another one
 * is opened and served at once.
 */
#include <sys/socket.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "front.h"
#include "responder.h"

#define PEERS 1000

enum { ABORT = 2, END = 3, PARAMS = 4, STDIN = 5, DATA = 8, GET_VALUES = 9 };

struct world {
	struct responder r;
	struct front honest;
};

static int
start(void **state)
{
	static struct world w;

	responder_start(&w.r, 0,
	    (const char *[]){"--interval", "0.1", "--max-streams", "100",
		NULL});
	assert_true(front_connect(&w.honest, w.r.address));
	assert_true(front_get(&w.honest));
	assert_true(front_until_text(&w.honest, "id: 1\n", PATIENCE));
	*state = &w;
	return 0;
}

static int
finish(void **state)
{
	struct world *w = *state;

	front_close(&w->honest);
	responder_stop(&w->r);
	return 0;
}

/* The time to a new stream's first message, and the old one still runs. */
static double
serve_time(struct world *w)
{
	struct front f;
	double t = front_now();

	assert_true(front_connect(&f, w->r.address));
	assert_true(front_get(&f));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	t = front_now() - t;
	front_close(&f);
	front_next(&w->honest, 1);
	assert_true(front_until_text(&w->honest, "data: ", PATIENCE));
	return t;
}

/* The best of some, so that a busy machine does not fail us. */
static void
others_are_served_at_once(struct world *w)
{
	double best = 1, t;
	int i;

	for (i = 0; i < TRIES && best >= slow(50) / 1e3; i++) {
		t = serve_time(w);
		best = t < best ? t : best;
	}
	assert_true(best < slow(50) / 1e3);
}

static void
connect_to(struct world *w, struct front *f)
{
	assert_true(front_connect(f, w->r.address));
}

static void
what_is_not_fastcgi_is_closed(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
	    {"GET / HTTP/1.1\r\n\r\n", 18},
	    {"\x02\x01\x00\x01\x00\x08\x00\x00", 8},
	    {"\x01\x01\x00\x00\x00\x08\x00\x00", 8}, /* BEGIN with id 0 */
	    {"\x01\x01\x00\x01\x00\x07\x00\x00", 8}, /* and too short */
	    {"\x01\x03\x00\x01\x00\x08\x00\x00", 8}, /* END_REQUEST to us */
	    {"\x01\x06\x00\x01\x00\x08\x00\x00", 8}, /* STDOUT to us */
	    {"\x01\xc8\x00\x01\x00\x00\x00\x00", 8}, /* an unknown type */
	    {"\x01\x0a\x00\x00\x00\x00\x00\x00", 8},
	    {"\x01\x09\x00\x00\x00\x02\x00\x00\xff\x00", 10}, /* cut off */
	};
	struct front f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		connect_to(*state, &f);
		assert_true(front_send(&f, cases[i].bytes, cases[i].len));
		assert_true(front_until_closed(&f, PATIENCE));
		assert_int_equal(f.text_len, 0);
		front_close(&f);
	}
	others_are_served_at_once(*state);
}

static void
bad_parameters_are_closed(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
	    {"\x01\x05"
	     "A12",
		5}, /* cut off */
	    {"\xff\xff\xff\xff\xff\xff\xff\xff"
	     "AB",
		10},	      /* 4 GiB */
	    {"\x00\x01x", 3}, /* no name */
	    {"\x03\x01"
	     "A=Bx",
		6}, /* '=' in a name */
	    {"\x01\x03"
	     "Aa\0b",
		6}, /* NUL in a value */
	    {"\x03\x01"
	     "A\0Bx",
		6}, /* NUL in a name */
	    {"\x08\x06SSE_ROLEstream\x08\x07SSE_ROLEpublish", 33},
	};
	struct front f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		connect_to(*state, &f);
		assert_true(front_begin(&f, 1, 1, 0));
		assert_true(front_record(&f, PARAMS, 1, cases[i].bytes,
		    cases[i].len, 3));
		(void)front_record(&f, PARAMS, 1, NULL, 0, 0);
		assert_true(front_until_closed(&f, PATIENCE));
		assert_int_equal(f.text_len, 0);
		front_close(&f);
	}
	others_are_served_at_once(*state);
}

static void
more_than_64_kib_of_parameters_are_closed(void **state)
{
	static char big[65535];
	struct front f;
	int i;

	memset(big, 'x', sizeof(big));
	memcpy(big, "\x01\x80\x00\xff\xf9", 5); /* one value fills the record */
	connect_to(*state, &f);
	assert_true(front_begin(&f, 1, 1, 0));
	for (i = 0; i < 3; i++)
		(void)front_record(&f, PARAMS, 1, big, sizeof(big), 255);
	assert_true(front_until_closed(&f, PATIENCE));
	front_close(&f);
	others_are_served_at_once(*state);
}

static void
another_role_is_refused(void **state)
{
	static const int roles[] = {0, 2, 3, 65535};
	struct front f;
	size_t i;

	connect_to(*state, &f);
	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		front_next(&f, (uint16_t)(i + 1));
		assert_true(front_begin(&f, (int)i + 1, roles[i], 1));
		assert_true(front_until_end(&f, PATIENCE));
		assert_int_equal(f.status, 3);
	}
	front_next(&f, 9);
	assert_true(front_get(&f));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	front_close(&f);
}

static void
another_role_without_keeping_is_refused_and_closed(void **state)
{
	struct front f;

	connect_to(*state, &f);
	assert_true(front_begin(&f, 1, 2, 0));
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(f.status, 3);
	assert_true(front_until_closed(&f, PATIENCE));
	assert_false(f.reset);
	front_close(&f);
}

static void
a_second_request_is_refused_and_the_first_goes_on(void **state)
{
	struct front f;

	connect_to(*state, &f);
	assert_true(front_get(&f));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	assert_true(front_begin(&f, 2, 1, 1));
	assert_true(front_until_record(&f, END, PATIENCE));
	assert_int_equal(f.last_id, 2);
	assert_int_equal(f.last[4], 1); /* CANT_MPX_CONN */
	assert_true(front_until_text(&f, "id: 3\n", PATIENCE));
	assert_false(f.ended);
	front_close(&f);
}

static void
get_values_is_answered_alone_and_before_a_request(void **state)
{
	static char names[20000];
	uint8_t *end = (uint8_t *)names;
	struct front f;
	int i;

	for (i = 0; i < 400; i++) {
		end = front_pair(end, "FCGI_MPXS_CONNS", "");
		end = front_pair(end, "FCGI_NO_SUCH_NAME", "");
	}
	connect_to(*state, &f);
	assert_true(front_record(&f, GET_VALUES, 0, names,
	    (size_t)(end - (uint8_t *)names), 7));
	assert_true(front_until_record(&f, 10, PATIENCE));
	assert_int_equal(f.last_len, 18);
	assert_memory_equal(f.last,
	    "\x0f\x01"
	    "FCGI_MPXS_CONNS0",
	    18);
	assert_true(front_record(&f, 77, 0, names, 500, 0));
	assert_true(front_until_record(&f, 11, PATIENCE));
	assert_int_equal(f.last[0], 77); /* UNKNOWN_TYPE names it */
	assert_true(front_get(&f));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	end = front_pair((uint8_t *)names, "FCGI_MAX_CONNS", "");
	assert_true(front_record(&f, GET_VALUES, 0, names,
	    (size_t)(end - (uint8_t *)names), 0));
	assert_true(front_until_record(&f, 10, PATIENCE));
	assert_memory_equal(f.last,
	    "\x0e\x03"
	    "FCGI_MAX_CONNS100",
	    19);
	assert_true(front_until_text(&f, "id: 3\n", PATIENCE));
	front_close(&f);
}

/* It asks and asks, and reads the answers or not: it is closed. */
static void
a_flood_of_get_values_ends_itself(void **state)
{
	static uint8_t flood[4096 * 8];
	struct front f;
	int i, reads;

	for (i = 0; i < (int)sizeof(flood); i += 8)
		memcpy(flood + i, "\x01\x09\0\0\0\0\0", 8);
	for (reads = 0; reads < 2; reads++) {
		connect_to(*state, &f);
		for (i = 0; i < 1000; i++) {
			if (!front_send(&f, flood, sizeof(flood)))
				break;
			while (reads && front_read(&f, 0))
				continue;
		}
		assert_true(i < 1000);
		front_close(&f);
	}
	others_are_served_at_once(*state);
}

/* They are refused, and leave nothing to do but to close, which they do not. */
static void
a_thousand_who_do_not_hang_up_delay_nobody(void **state)
{
	static struct front peers[PEERS];
	int i;

	for (i = 0; i < PEERS; i++) {
		connect_to(*state, &peers[i]);
		assert_true(front_begin(&peers[i], 1, 2, 0));
	}
	others_are_served_at_once(*state);
	for (i = 0; i < PEERS; i++)
		front_close(&peers[i]);
}

static void
records_of_other_requests_are_passed_over(void **state)
{
	struct front f;

	connect_to(*state, &f);
	assert_true(front_record(&f, PARAMS, 5, "abc", 3, 0));
	assert_true(front_record(&f, STDIN, 5, "abc", 3, 0));
	assert_true(front_record(&f, DATA, 5, "abc", 3, 0));
	assert_true(front_record(&f, ABORT, 5, NULL, 0, 0));
	assert_true(front_get(&f));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	front_close(&f);
}

static void
abort_in_the_middle_of_parameters_ends_the_request(void **state)
{
	struct front f;

	connect_to(*state, &f);
	assert_true(front_begin(&f, 1, 1, 1));
	assert_true(front_record(&f, PARAMS, 1,
	    "\x01\x01"
	    "AB",
	    4, 0));
	assert_true(front_record(&f, ABORT, 1, NULL, 0, 0));
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(f.status, 0);
	front_next(&f, 1);
	assert_true(front_get(&f));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	front_close(&f);
}

static void
hanging_up_anywhere_harms_nobody(void **state)
{
	static const uint8_t get[] = {1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0,
	    0, 0, 1, 4, 0, 1, 0, 19, 5, 0, 14, 3, 'R', 'E', 'Q', 'U', 'E', 'S',
	    'T', '_', 'M', 'E', 'T', 'H', 'O', 'D', 'G', 'E', 'T', 0, 0, 0, 0,
	    0, 1, 4, 0, 1, 0, 0, 0, 0};
	struct front f;
	size_t i;

	for (i = 0; i <= sizeof(get); i++) {
		connect_to(*state, &f);
		assert_true(front_send(&f, get, i));
		front_close(&f);
	}
	/* In pieces it is a request all the same. */
	connect_to(*state, &f);
	for (i = 0; i < sizeof(get); i++)
		assert_true(front_send(&f, get + i, 1));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	front_close(&f);
	others_are_served_at_once(*state);
}

/* Seconds until the last of a thousand such peers was closed, since it came. */
static double
silent_or_trickling(struct world *w)
{
	static struct front peers[PEERS];
	static const uint8_t begin[] = {1, 1, 0, 1, 0, 8, 0, 0, 0, 1};
	double begun;
	int i, open = 0;

	for (i = 0; i < PEERS; i++) {
		connect_to(w, &peers[i]);
		if (i % 2 == 1)
			assert_true(front_send(&peers[i], begin, 1));
	}
	begun = front_now();
	others_are_served_at_once(w);
	for (i = 0; i < PEERS; i++)
		(void)front_send(&peers[i], begin + i % 2, 1);
	others_are_served_at_once(w);
	for (i = 0; i < PEERS; i++) {
		open += !front_until_closed(&peers[i], PATIENCE);
		front_close(&peers[i]);
	}
	assert_int_equal(open, 0);
	return front_now() - begun;
}

/* Each is closed before it is five seconds old. */
static void
a_thousand_silent_or_trickling_peers_delay_nobody(void **state)
{
	double least = 100, lasted;
	int i;

	for (i = 0; i < TRIES && least >= slow(5500) / 1e3; i++) {
		lasted = silent_or_trickling(*state);
		least = lasted < least ? lasted : least;
	}
	assert_true(least < slow(5500) / 1e3);
	others_are_served_at_once(*state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_fastcgi_is_closed),
	    cmocka_unit_test(bad_parameters_are_closed),
	    cmocka_unit_test(more_than_64_kib_of_parameters_are_closed),
	    cmocka_unit_test(another_role_is_refused),
	    cmocka_unit_test(
		another_role_without_keeping_is_refused_and_closed),
	    cmocka_unit_test(a_second_request_is_refused_and_the_first_goes_on),
	    cmocka_unit_test(get_values_is_answered_alone_and_before_a_request),
	    cmocka_unit_test(a_flood_of_get_values_ends_itself),
	    cmocka_unit_test(records_of_other_requests_are_passed_over),
	    cmocka_unit_test(
		abort_in_the_middle_of_parameters_ends_the_request),
	    cmocka_unit_test(hanging_up_anywhere_harms_nobody),
	    cmocka_unit_test(a_thousand_who_do_not_hang_up_delay_nobody),
	    cmocka_unit_test(a_thousand_silent_or_trickling_peers_delay_nobody),
	};

	return cmocka_run_group_tests_name("peers", tests, start, finish);
}
