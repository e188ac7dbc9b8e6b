/* SPDX-License-Identifier: ISC */
/*
 * How the bodies of publications come: many events in one, in any pieces, not
 * whole, too many at a time.  All the time someone reads the channels a and b.
 */
#include "unit.h"

#include <stdbool.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "world.h"

#define EVENTS "text/event-stream"

enum { ABORT = 2, PARAMS = 4, STDIN = 5 };

static char many[70000];

static int
start(void **state)
{
	(void)state;
	memset(many, 'x', sizeof(many));
	(void)world_start_with((const char *[]){"--max-event", "1000",
	    "--max-body", "20000", NULL});
	bystander_begin("a b");
	return 0;
}

/* n events of the checker's as one; the answer is left in f. */
static unsigned
post_events(struct front *f, unsigned n, const char *rest, const char *more)
{
	struct bytes text = {0};
	unsigned first = world.c.events, i;
	struct post p = {.query = "channel=a&event=all", .type = EVENTS};

	for (i = 0; i < n; i++)
		(void)checker_event(&world.c, "a", i % 2 ? "one" : "all", rest);
	checker_sent(&world.c, first, n);
	batch_text(&text, &world.c, first, n);
	bytes_add(&text, more, strlen(more));
	p.body = text.at;
	p.len = text.len;
	post(f, &world.r, &p);
	free(text.at);
	return first;
}

static void
events_sent_as_one_come_in_their_order(void **state)
{
	static const unsigned counts[] = {1, 2, 100, 256};
	char id[48], text[200];
	struct front f;
	unsigned first;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(counts); i++) {
		first = post_events(&f, counts[i], "a\n\nb", ":end");
		assert_int_equal(answer_status(&f), 400); /* not ended */
		checker_refused(&world.c, first);
		front_close(&f);
		first = post_events(&f, counts[i], "a\n\nb", ":end\n");
		assert_int_equal(answer_status(&f), 200);
		answer_id(&f, id);
		(void)snprintf(text, sizeof(text),
		    "{\"id\":\"%s\",\"channel\":\"a\",\"streams\":1,"
		    "\"events\":%u}\n",
		    id, counts[i]);
		assert_string_equal(answer_text(&f), text);
		checker_acknowledged(&world.c, first, id);
		front_close(&f);
		bystander_saw_nothing();
	}
}

static void
too_many_events_reach_nobody(void **state)
{
	struct front f;

	(void)state;
	checker_refused(&world.c, post_events(&f, 257, "x", ""));
	assert_refusal(&f, 400);
	front_close(&f);
	bystander_saw_nothing();
}

static void
events_of_which_one_is_too_long_reach_nobody(void **state)
{
	char more[1100] = "data: ";
	struct front f;

	(void)state;
	memset(more + 6, 'x', 1001);
	memcpy(more + 6 + 1001, "\n\n", 3);
	checker_refused(&world.c, post_events(&f, 3, "x", more));
	assert_refusal(&f, 413);
	front_close(&f);
	bystander_saw_nothing();
}

/* Who publishes: one event of the checker's, with a body of 300 bytes. */
static unsigned
an_event_of_300_bytes(struct post *p)
{
	static char rest[301];
	unsigned number;

	memset(rest, '.', 300);
	number = checker_event(&world.c, "a", NULL, rest);
	checker_sent(&world.c, number, 1);
	*p = (struct post){.query = "channel=a",
	    .body = world.c.event[number].data,
	    .len = world.c.event[number].len};
	return number;
}

static void
a_body_may_come_in_any_records(void **state)
{
	static const struct {
		size_t piece;
		int padding;
	} cases[] = {{1, 0}, {1, 255}, {2, 1}, {7, 7}, {299, 0}, {1000, 255}};
	struct post p;
	struct front f;
	unsigned number;
	char id[48];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		number = an_event_of_300_bytes(&p);
		p.piece = cases[i].piece;
		p.padding = cases[i].padding;
		post(&f, &world.r, &p);
		assert_int_equal(answer_status(&f), 200);
		answer_id(&f, id);
		checker_acknowledged(&world.c, number, id);
		front_close(&f);
	}
	bystander_saw_nothing();
}

/* The body's record and its end, as bytes. */
static size_t
body_bytes(uint8_t bytes[1024], const struct post *p)
{
	assert_true(p->len < 1000);
	memset(bytes, 0, 1024);
	bytes[0] = bytes[8 + p->len] = 1;
	bytes[1] = bytes[8 + p->len + 1] = STDIN;
	bytes[3] = bytes[8 + p->len + 3] = 1;
	bytes[4] = (uint8_t)(p->len >> 8);
	bytes[5] = (uint8_t)p->len;
	memcpy(bytes + 8, p->body, p->len);
	return 8 + p->len + 8;
}

static void
a_body_may_come_byte_by_byte(void **state)
{
	uint8_t bytes[1024];
	struct post p;
	struct front f;
	unsigned number = an_event_of_300_bytes(&p);
	size_t len = body_bytes(bytes, &p), i;
	char id[48];

	(void)state;
	assert_true(front_connect(&f, world.r.address));
	assert_true(post_head(&f, 0, &p));
	for (i = 0; i < len; i++) {
		/* Its answer to another request: it has read what is sent. */
		if (i % 16 == 0)
			(void)status_figure(&world.r, "\"connections\":");
		assert_true(front_send(&f, bytes + i, 1));
	}
	assert_true(front_until_end(&f, PATIENCE));
	answer_id(&f, id);
	checker_acknowledged(&world.c, number, id);
	front_close(&f);
	bystander_saw_nothing();
}

/* All but the last byte of the end may be here: it is not all. */
static void
a_publisher_that_dies_in_the_middle_reaches_nobody(void **state)
{
	uint8_t bytes[1024];
	struct post p;
	struct front f;
	size_t len, cut;
	unsigned number;

	(void)state;
	number = an_event_of_300_bytes(&p);
	len = body_bytes(bytes, &p);
	checker_refused(&world.c, number);
	for (cut = 0; cut<len; cut += cut> 8 && cut < 300 ? 40 : 1) {
		assert_true(front_connect(&f, world.r.address));
		assert_true(post_head(&f, 0, &p));
		assert_true(front_send(&f, bytes, cut));
		if (cut % 2 == 0) /* it has been read, before we go */
			(void)status_figure(&world.r, "\"connections\":");
		front_close(&f);
	}
	assert_true(status_until(&world.r, "\"connections\":", 2));
	bystander_saw_nothing();
}

static void
a_publisher_that_aborts_reaches_nobody(void **state)
{
	static const struct {
		size_t len, piece;
	} cases[] = {{0, 1}, {1, 1}, {299, 299}, {0, 0}};
	struct post p;
	struct front f;
	size_t i;

	(void)state;
	checker_refused(&world.c, an_event_of_300_bytes(&p));
	for (i = 0; i < LENGTH(cases); i++) {
		assert_true(front_connect(&f, world.r.address));
		assert_true(post_head(&f, 1, &p));
		if (cases[i].len > 0)
			assert_true(front_record(&f, STDIN, 1, p.body,
			    cases[i].len, 0));
		assert_true(front_record(&f, ABORT, 1, NULL, 0, 0));
		assert_true(front_until_end(&f, PATIENCE));
		assert_null(strstr(f.text, "\"id\""));
		front_close(&f);
	}
	bystander_saw_nothing();
}

/* A connection that is kept: after good ones and bad ones, and their bodies. */
static void
one_connection_publishes_again_and_again(void **state)
{
	struct post good, bad = {.query = "channel=a&channel=b",
			      .length = "1000000",
			      .body = many,
			      .len = 70000,
			      .piece = 5000};
	struct front f;
	unsigned number;
	uint16_t id = 1;
	char text[48];

	(void)state;
	assert_true(front_connect(&f, world.r.address));
	for (; id < 20; id = (uint16_t)(id + 2), front_next(&f, id)) {
		if (id % 3 == 0) {
			assert_true(post_head(&f, 1, &bad));
			assert_true(post_body(&f, &bad));
			assert_true(front_until_end(&f, PATIENCE));
			assert_in_range(answer_status(&f), 400, 413);
			continue;
		}
		number = an_event_of_300_bytes(&good);
		assert_true(post_head(&f, 1, &good));
		assert_true(post_body(&f, &good));
		assert_true(front_until_end(&f, PATIENCE));
		assert_int_equal(answer_status(&f), 200);
		answer_id(&f, text);
		checker_acknowledged(&world.c, number, text);
	}
	front_close(&f);
	bystander_saw_nothing();
}

static void
a_body_that_is_too_long_is_refused_before_it_comes(void **state)
{
	struct post p = {.query = "channel=a", .length = "20001"};
	struct front f;

	(void)state;
	assert_true(front_connect(&f, world.r.address));
	assert_true(post_head(&f, 0, &p));
	assert_true(front_until_end(&f, PATIENCE));
	assert_refusal(&f, 413);
	front_close(&f);
	bystander_saw_nothing();
}

/* How many of them are told to come back later, by now. */
static unsigned
put_off(struct front f[], unsigned n)
{
	unsigned refused = 0, i;

	for (i = 0; i < n; i++) {
		(void)front_read(&f[i], 0);
		if (f[i].text_len == 0)
			continue;
		assert_true(front_until_end(&f[i], PATIENCE));
		assert_refusal(&f[i], 503);
		assert_non_null(strstr(f[i].text, "\r\nRetry-After: "));
		refused++;
	}
	return refused;
}

/* Unfinished bodies have room for sixteen; the others come back later. */
static void
unfinished_bodies_are_refused_when_they_are_too_many(void **state)
{
	enum { MANY = 60, LONG = 15000, LEAST = MANY - 16 * 20000 / LONG };
	struct post p = {.query = "channel=a", .body = many, .len = LONG};
	static struct front f[MANY];
	double end = front_now() + PATIENCE / 1e3;
	unsigned refused, i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		assert_true(front_connect(&f[i], world.r.address));
		assert_true(post_head(&f[i], 0, &p));
		(void)front_record(&f[i], STDIN, 1, many, LONG, 0);
	}
	/* The last has come too late for certain. */
	assert_true(front_until_end(&f[MANY - 1], PATIENCE));
	do
		refused = put_off(f, MANY);
	while (refused < LEAST && front_now() < end);
	assert_in_range(refused, LEAST, MANY - 8);
	for (i = 0; i < MANY; i++)
		front_close(&f[i]);
	assert_true(status_until(&world.r, "\"connections\":", 2));
	bystander_saw_nothing();
}

/* Neither CONTENT_LENGTH nor CONTENT_TYPE, which other fronts leave empty. */
static void
parameters_that_are_not_there_are_as_good_as_empty_ones(void **state)
{
	uint8_t pairs[256], *p = pairs;
	struct front f;

	(void)state;
	p = front_pair(p, "REQUEST_METHOD", "POST");
	p = front_pair(p, "SSE_ROLE", "publish");
	p = front_pair(p, "QUERY_STRING", "channel=ok");
	assert_true(front_connect(&f, world.r.address));
	assert_true(front_begin(&f, 1, 1, 0));
	assert_true(front_record(&f, PARAMS, 1, pairs, (size_t)(p - pairs), 0));
	assert_true(front_record(&f, PARAMS, 1, NULL, 0, 0));
	assert_true(front_record(&f, STDIN, 1, "x", 1, 0));
	assert_true(front_record(&f, STDIN, 1, NULL, 0, 0));
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(answer_status(&f), 200);
	front_close(&f);
}

static void
options_tells_what_is_allowed(void **state)
{
	struct post p = {
	    .more = (const char *[]){"REQUEST_METHOD", "OPTIONS", NULL}};
	struct front f;

	(void)state;
	post(&f, &world.r, &p);
	assert_int_equal(answer_status(&f), 204);
	assert_non_null(strstr(f.text, "\r\nAllow: POST"));
	assert_string_equal(answer_text(&f), "");
	front_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_sent_as_one_come_in_their_order),
	    cmocka_unit_test(too_many_events_reach_nobody),
	    cmocka_unit_test(events_of_which_one_is_too_long_reach_nobody),
	    cmocka_unit_test(a_body_may_come_in_any_records),
	    cmocka_unit_test(a_body_may_come_byte_by_byte),
	    cmocka_unit_test(
		a_publisher_that_dies_in_the_middle_reaches_nobody),
	    cmocka_unit_test(a_publisher_that_aborts_reaches_nobody),
	    cmocka_unit_test(one_connection_publishes_again_and_again),
	    cmocka_unit_test(
		a_body_that_is_too_long_is_refused_before_it_comes),
	    cmocka_unit_test(
		unfinished_bodies_are_refused_when_they_are_too_many),
	    cmocka_unit_test(
		parameters_that_are_not_there_are_as_good_as_empty_ones),
	    cmocka_unit_test(options_tells_what_is_allowed),
	};

	return cmocka_run_group_tests_name("bodies", tests, start, world_stop);
}
