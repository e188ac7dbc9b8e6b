/* SPDX-License-Identifier: ISC */
/*
 * What happens at the limits: of streams, of descriptors, of time.  A browser
 * that is refused for now gets 200 and retry:, never an error, which would end
 * its EventSource for good.
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
#include "post.h"
#include "responder.h"

static void
open_stream(struct front *f, const struct responder *r, const char *address)
{
	assert_true(front_connect(f, r->address));
	assert_true(front_request(f, 0, "GET",
	    (const char *[]){"REMOTE_ADDR", address, NULL}));
}

static bool
is_served(struct front *f)
{
	return front_until_text(f, "id: 1\n", PATIENCE);
}

/* The front sends REMOTE_ADDR once; here a stream must be refused in order. */
static void
assert_refused(struct front *f, long retry)
{
	long ms;

	assert_true(front_until_end(f, PATIENCE));
	assert_int_equal(f->status, 0);
	assert_ptr_equal(
	    strstr(f->text,
		"Status: 200 OK\r\nContent-Type: text/event-stream\r\n"),
	    f->text);
	assert_null(strstr(f->text, "data:"));
	ms = strtol(strstr(f->text, "retry: ") + 7, NULL, 10);
	assert_in_range(ms, retry * 10, retry * 15);
}

static void
streams_over_the_limit_are_told_to_come_back(void **state)
{
	struct responder r;
	struct front f[3], refused;
	int i;

	(void)state;
	responder_start(&r, 0,
	    (const char *[]){"--max-streams", "3", "--retry", "1000", NULL});
	for (i = 0; i < 3; i++) {
		open_stream(&f[i], &r, "127.0.0.1");
		assert_true(is_served(&f[i]));
	}
	open_stream(&refused, &r, "127.0.0.1");
	assert_refused(&refused, 1000);
	front_close(&refused);
	front_close(&f[0]);
	assert_true(responder_until_logged(&r, "stream closed", 1, PATIENCE));
	open_stream(&f[0], &r, "127.0.0.1");
	assert_true(is_served(&f[0]));
	for (i = 0; i < 3; i++)
		front_close(&f[i]);
	responder_stop(&r);
}

static void
one_address_has_its_own_limit(void **state)
{
	struct responder r;
	struct front f[2], other, refused;

	(void)state;
	responder_start(&r, 0,
	    (const char *[]){"--max-per-address", "2", "--retry", "100", NULL});
	open_stream(&f[0], &r, "192.0.2.1");
	open_stream(&f[1], &r, "192.0.2.1");
	open_stream(&other, &r, "2001:db8::1");
	assert_true(is_served(&f[0]) && is_served(&f[1]) && is_served(&other));
	open_stream(&refused, &r, "192.0.2.1");
	assert_refused(&refused, 100);
	front_close(&refused);
	front_close(&f[1]);
	assert_true(responder_until_logged(&r, "stream closed", 1, PATIENCE));
	open_stream(&f[1], &r, "192.0.2.1");
	assert_true(is_served(&f[1]));
	front_close(&f[0]);
	front_close(&f[1]);
	front_close(&other);
	responder_stop(&r);
}

/* Whose browser it is says the network, which is the first 64 bits. */
static void
one_network_of_ipv6_is_one_address(void **state)
{
	struct responder r;
	struct front f[4], refused;
	size_t i;

	(void)state;
	responder_start(&r, 0,
	    (const char *[]){"--max-per-address", "2", "--retry", "100", NULL});
	open_stream(&f[0], &r, "2001:db8:0:1::1");
	open_stream(&f[1], &r, "2001:db8:0:1:ffff::2");
	open_stream(&f[2], &r, "2001:db8:0:2::1");
	open_stream(&f[3], &r, "::ffff:192.0.2.1");
	for (i = 0; i < 4; i++)
		assert_true(is_served(&f[i]));
	open_stream(&refused, &r, "2001:0DB8:0:1:a:b:c:d");
	assert_refused(&refused, 100);
	front_close(&refused);
	for (i = 0; i < 4; i++)
		front_close(&f[i]);
	responder_stop(&r);
}

/* What is here already: the first message, or nothing. */
static bool
has_come(struct front *f)
{
	while (front_read(f, 0) && !f->closed)
		continue;
	return front_count(f, "id: 1\n") > 0;
}

/* Seconds from when ten go until eight of those who wait are served. */
static double
exchange(struct front go[10], struct front come[8])
{
	double t;
	int i;

	for (i = 0; i < 10; i++)
		front_close(&go[i]);
	t = front_now();
	for (i = 0; i < 8; i++)
		assert_true(is_served(&come[i]));
	return front_now() - t;
}

/*
 * 64 descriptors and a limit of streams that is too high for them: the streams
 * that are there go on, the others wait, and are served when there is room.
 */
static void
without_descriptors_accepting_pauses_and_streams_go_on(void **state)
{
	enum { MANY = 100 };
	static struct front f[MANY];
	struct responder r;
	unsigned served = 0, messages, i;
	double t = 100, began = front_now();

	(void)state;
	if (slow(1) > 1)
		skip(); /* valgrind has descriptors of its own */
	responder_start(&r, 64,
	    (const char *[]){"--max-streams", "1000", "--interval", "0.1",
		NULL});
	for (i = 0; i < MANY; i++)
		open_stream(&f[i], &r, "127.0.0.1");
	assert_true(
	    responder_until_logged(&r, "accepting pauses", 1, PATIENCE));
	/* What it has accepted it has served long before two more messages. */
	assert_true(is_served(&f[0]));
	messages = front_count(&f[0], "data: ");
	while (front_count(&f[0], "data: ") < messages + 2)
		assert_true(front_read(&f[0], PATIENCE));
	while (served < MANY && has_come(&f[served]))
		served++;
	assert_in_range(served, 40, 64);
	for (i = served; i < MANY; i++)
		assert_false(has_come(&f[i]));
	/* Four times, some of them go, and others come in at once. */
	for (i = 0; i < 40 && t >= 1; i += 10)
		t = exchange(&f[i], &f[served + i]);
	assert_true(t < 1);
	for (i = 0; i < MANY; i++)
		front_close(&f[i]);
	assert_true(responder_logged(&r, "accepting pauses") < 5);
	/* It has not tried without end meanwhile. */
	assert_true(status_figure(&r, "\"accept_pauses\":") <=
		    10 * (front_now() - began));
	responder_stop(&r);
}

/*
 * However many sockets there are: with all the streams that there may be
 * somebody more is told so, and who watches us gets an answer.
 */
static void
with_many_sockets_there_are_descriptors_left(void **state)
{
	enum { SOCKETS = 12 };
	static struct front f[64];
	char paths[SOCKETS][64];
	const char *options[2 * SOCKETS + 1] = {NULL};
	struct responder r;
	struct front other;
	long n, i;

	(void)state;
	if (slow(1) > 1)
		skip(); /* valgrind has descriptors of its own */
	for (i = 0; i < SOCKETS; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]),
		    "unix:/tmp/wire_limits.%ld.%ld", (long)getpid(), i);
		options[2 * i] = "--listen";
		options[2 * i + 1] = paths[i];
	}
	responder_start(&r, 64, options);
	n = (long)status_figure(&r, "\"streams_max\":");
	assert_in_range(n, 10, 63);
	for (i = 0; i < n; i++) {
		open_stream(&f[i], &r, "127.0.0.1");
		assert_true(is_served(&f[i]));
	}
	open_stream(&other, &r, "127.0.0.1");
	assert_refused(&other, 2000);
	front_close(&other);
	assert_true(front_connect(&other, r.address));
	assert_true(front_request(&other, 0, "GET",
	    (const char *[]){"SSE_ROLE", "health", NULL}));
	assert_true(front_until_end(&other, PATIENCE));
	assert_int_equal(answer_status(&other), 200);
	front_close(&other);
	assert_int_equal(responder_logged(&r, "accepting pauses"), 0);
	for (i = 0; i < n; i++)
		front_close(&f[i]);
	responder_stop(&r);
}

/* Those who hold descriptors without a request have to give them back. */
static void
peers_without_a_request_give_way_to_one_with(void **state)
{
	enum { MANY = 200 };
	static struct front silent[MANY], lingering[MANY];
	struct responder r;
	struct front f;
	int i;

	(void)state;
	if (slow(1) > 1)
		skip();
	responder_start(&r, 64, NULL);
	for (i = 0; i < MANY; i++) {
		assert_true(front_connect(&silent[i], r.address));
		assert_true(front_connect(&lingering[i], r.address));
		(void)front_begin(&lingering[i], 1, 2, 0);
	}
	open_stream(&f, &r, "127.0.0.1");
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	assert_int_equal(responder_logged(&r, "accepting pauses"), 0);
	for (i = 0; i < MANY; i++) {
		front_close(&silent[i]);
		front_close(&lingering[i]);
	}
	front_close(&f);
	responder_stop(&r);
}

static void
all_descriptors_come_back(void **state)
{
	struct responder r;
	struct front f;
	double end;
	int before, i;

	(void)state;
	responder_start(&r, 0, NULL);
	open_stream(&f, &r, "127.0.0.1");
	assert_true(is_served(&f));
	front_close(&f);
	assert_true(responder_until_logged(&r, "stream closed", 1, PATIENCE));
	before = responder_files(&r);
	for (i = 0; i < 300; i++) {
		open_stream(&f, &r, "127.0.0.1");
		if (i % 3 > 0)
			assert_true(is_served(&f));
		front_close(&f);
	}
	open_stream(&f, &r, "127.0.0.1");
	assert_true(is_served(&f));
	front_close(&f);
	assert_true(responder_until_logged(&r, "stream closed",
	    responder_logged(&r, "stream opened"), PATIENCE));
	end = front_now() + PATIENCE / 1e3;
	while (responder_files(&r) > before) /* logged is not yet closed */
		assert_true(front_now() < end);
	responder_stop(&r);
}

static void
a_front_that_takes_nothing_is_closed(void **state)
{
	struct responder r;
	struct front f;
	double t;

	(void)state;
	responder_start(&r, 0,
	    (const char *[]){"--interval", "0.01", "--stall", "1", NULL});
	t = front_now();
	open_stream(&f, &r, "127.0.0.1");
	assert_true(is_served(&f));
	assert_true(
	    responder_until_logged(&r, "it takes nothing", 1, PATIENCE));
	assert_true(front_now() - t > 1);
	front_close(&f);
	responder_stop(&r);
}

/* Seconds that a stream lasted under --max-age 1, at the least. */
static double
age_at_the_end(struct responder *r)
{
	struct front f;
	double asked = front_now(), t;

	open_stream(&f, r, "127.0.0.1");
	assert_true(is_served(&f));
	t = front_now();
	assert_true(front_until_end(&f, PATIENCE));
	assert_true(front_now() - asked > 0.7);
	t = front_now() - t;
	assert_int_equal(front_count(&f, "retry: "), 2);
	assert_int_equal(f.status, 0);
	front_close(&f);
	return t;
}

static void
an_old_stream_is_ended_in_order(void **state)
{
	struct responder r;
	double least = 100, age;
	int i;

	(void)state;
	responder_start(&r, 0,
	    (const char *[]){"--interval", "0.1", "--max-age", "1", NULL});
	for (i = 0; i < TRIES && least >= slow(1300) / 1e3; i++) {
		age = age_at_the_end(&r);
		least = age < least ? age : least;
	}
	assert_true(least < slow(1300) / 1e3);
	responder_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(streams_over_the_limit_are_told_to_come_back),
	    cmocka_unit_test(one_address_has_its_own_limit),
	    cmocka_unit_test(one_network_of_ipv6_is_one_address),
	    cmocka_unit_test(
		without_descriptors_accepting_pauses_and_streams_go_on),
	    cmocka_unit_test(with_many_sockets_there_are_descriptors_left),
	    cmocka_unit_test(peers_without_a_request_give_way_to_one_with),
	    cmocka_unit_test(all_descriptors_come_back),
	    cmocka_unit_test(a_front_that_takes_nothing_is_closed),
	    cmocka_unit_test(an_old_stream_is_ended_in_order),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
