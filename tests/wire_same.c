/* SPDX-License-Identifier: ISC */
/*
 * With --redis: what ends, is erased, is a snapshot, goes to several channels
 * or has a key is the same at all processes, whoever published it where.
 */
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"

#define RETRIES 1000
#define RACES	60
#define FED	500
#define KEYS	60 /* over restarts */

/* The answer to a POST, or a DELETE: its status, and its text until the next.
 */
static struct {
	int status;
	char id[48], text[400];
} answer;

static void
take_answer(struct front *f)
{
	answer.status = answer_status(f);
	answer_id(f, answer.id);
	(void)snprintf(answer.text, sizeof(answer.text), "%s", answer_text(f));
	front_close(f);
}

static int
post_to(const struct responder *r, const char *query, const char *body)
{
	struct post p = {.query = query, .body = body, .len = strlen(body)};
	struct front f;

	post(&f, r, &p);
	take_answer(&f);
	return answer.status;
}

static int
delete_at(const struct responder *r, const char *query)
{
	const char *const more[] = {"REQUEST_METHOD", "DELETE", NULL};
	struct post p = {.query = query, .more = more};
	struct front f;

	post(&f, r, &p);
	take_answer(&f);
	return answer.status;
}

/* The answer, once it is that: another process may have to hear of it. */
static void
until_status(const struct responder *r, const char *query, const char *body,
    int status)
{
	double end = front_now() + PATIENCE / 1e3;

	while (post_to(r, query, body) != status) {
		assert_true(front_now() < end);
		(void)poll(NULL, 0, 5);
	}
}

static void
end_at(const struct responder *r, const char *channel)
{
	unsigned end = checker_end(&world.c, channel);

	assert_int_equal(try_publish(r, &world.c, end, 0), 200);
}

static void
an_end_is_one_everywhere(void **state)
{
	struct subscriber one, two, only;

	(void)state;
	read_at(&one, &world.r, "a b", NULL);
	read_at(&two, &shared.second, "a b", NULL);
	read_at(&only, &shared.second, "a", NULL);
	assert_int_equal(publish_to(&world.r, "a"), 200);
	assert_int_equal(publish_to(&shared.second, "a"), 200);
	end_at(&world.r, "a");
	until_last(&only);
	assert_true(subscriber_over(&only));
	assert_int_equal(post_to(&shared.second, "channel=a", "no"), 409);
	assert_int_equal(post_to(&world.r, "channel=a", "no"), 409);
	assert_int_equal(post_to(&world.r, "channel=b&channel=a", "no"), 409);
	assert_int_equal(post_to(&world.r, "channel=a&end=1", ""), 409);
	ADD("c a d behind the end");
	assert_int_equal(publish_to(&shared.second, "b"), 200);
	check_reader(&one, 0);
	check_reader(&two, 0);
	shared_restart(&shared.second, NULL);
	until_status(&shared.second, "channel=b&key=1", "ready?", 200);
	assert_int_equal(post_to(&shared.second, "channel=a", "no"), 409);
	subscriber_again(&only, &shared.second, NULL);
	assert_true(subscriber_over(&only));
	subscriber_again(&only, &world.r, NULL);
	assert_true(subscriber_over(&only));
	subscriber_end(&one);
	subscriber_end(&two);
	subscriber_end(&only);
}

/* Others may end it, too, and before anything was published to it. */
static void
others_may_end_it(void **state)
{
	struct front f;

	(void)state;
	open_raw(&f, "channel=a&channel=b", NULL, NULL);
	assert_comes(&f, "event: position");
	ADD("c a d one c b");
	ADD("c a e 1");
	ADD("c b e delete");
	assert_blocks(&f, "one");
	assert_true(front_until_end(&f, PATIENCE));
	assert_non_null(strstr(blocks_of(&f), "{\"channel\":\"a\"}\nend "));
	assert_non_null(strstr(blocks_of(&f), "{\"channel\":\"b\"}\n"));
	front_close(&f);
	assert_int_equal(post_to(&shared.second, "channel=never&end=1", ""),
	    200);
	until_status(&world.r, "channel=never", "no", 409);
}

/* Who is behind is told, and who had read all of it is told its end alone. */
static void
what_is_deleted_is_gone_everywhere(void **state)
{
	struct front f, late;
	char first[48];

	(void)state;
	open_raw(&f, "channel=a", NULL, NULL);
	assert_comes(&f, "event: position");
	assert_int_equal(post_to(&shared.second, "channel=a", "one"), 200);
	(void)strcpy(first, answer.id);
	assert_int_equal(post_to(&shared.second, "channel=a", "two"), 200);
	assert_blocks(&f, "two");
	assert_int_equal(delete_at(&shared.second, "channel=a"), 200);
	assert_true(front_until_end(&f, PATIENCE));
	assert_non_null(strstr(blocks_of(&f), "end "));
	assert_null(strstr(blocks_of(&f), "deleted"));
	front_close(&f);
	open_raw(&late, "channel=a", "HTTP_LAST_EVENT_ID", first);
	assert_true(front_until_end(&late, PATIENCE));
	assert_non_null(strstr(blocks_of(&late), "\"reason\":\"deleted\""));
	assert_non_null(strstr(blocks_of(&late), "end "));
	assert_null(strstr(blocks_of(&late), "two"));
	front_close(&late);
	assert_int_equal(post_to(&world.r, "channel=a", "no"), 409);
	shared_restart(&world.r, NULL);
	until_status(&world.r, "channel=b&key=1", "ready?", 200);
	open_raw(&late, "channel=a&history=all", NULL, NULL);
	assert_true(front_until_end(&late, PATIENCE));
	assert_non_null(strstr(blocks_of(&late), "end "));
	assert_null(strstr(blocks_of(&late), "two"));
	front_close(&late);
	assert_int_equal(delete_at(&world.r, "channel=a"), 200); /* again */
}

/*
 * One process is away while a channel ends, and then Redis has the end no more.
 * It tells its streams that they have lost something, and knows of no end,
 * until somebody deletes the channel, wherever.
 */
static void
an_end_that_redis_has_lost_is_a_loss(void **state)
{
	const char *const more[] = {"QUERY_STRING", "channel=a", NULL};
	struct front f;

	(void)state;
	assert_true(front_connect(&f, shared.second.address));
	assert_true(front_request(&f, 0, "GET", more));
	assert_comes(&f, "event: position");
	proxy_does("hold");
	proxy_does("kill");
	assert_int_equal(post_to(&world.r, "channel=a&end=1", ""), 200);
	assert_int_equal(post_to(&world.r, "channel=b", "last"), 200);
	(void)redis_ask(&shared.redis, "XTRIM sse MAXLEN 1");
	proxy_does("pass");
	proxy_does("kill");
	assert_comes(&f, "\"reason\":\"source\"");
	until_status(&shared.second, "channel=a", "goes on here", 200);
	assert_comes(&f, "goes on here");
	assert_int_equal(post_to(&world.r, "channel=a", "no"), 409);
	assert_int_equal(delete_at(&world.r, "channel=a"), 200);
	assert_true(front_until_end(&f, PATIENCE));
	assert_non_null(strstr(blocks_of(&f), "end "));
	until_status(&shared.second, "channel=a", "no", 409);
	front_close(&f);
}

static void
a_snapshot_is_where_a_new_reader_begins(void **state)
{
	struct front f;

	(void)state;
	assert_int_equal(post_to(&shared.second, "channel=a", "old"), 200);
	assert_int_equal(post_to(&shared.second, "channel=a&snapshot=1", "all"),
	    200);
	assert_int_equal(post_to(&shared.second, "channel=a", "more"), 200);
	until_status(&world.r, "channel=a", "last", 200);
	open_raw(&f, "channel=a", NULL, NULL);
	assert_blocks(&f, "last");
	assert_non_null(strstr(blocks_of(&f), "all"));
	assert_non_null(strstr(blocks_of(&f), "more"));
	assert_null(strstr(blocks_of(&f), "old"));
	front_close(&f);
	shared_restart(&world.r, NULL);
	until_status(&world.r, "channel=a", "newest", 200);
	open_raw(&f, "channel=a", NULL, NULL);
	assert_blocks(&f, "newest");
	assert_non_null(strstr(blocks_of(&f), "all"));
	assert_null(strstr(blocks_of(&f), "old"));
	front_close(&f);
}

static void
one_post_goes_to_several_channels(void **state)
{
	struct responder *const at[] = {&world.r, &shared.second};
	struct subscriber both, other;
	unsigned number, i;

	(void)state;
	read_at(&both, &world.r, "a b", NULL);
	read_at(&other, &shared.second, "b c", NULL);
	for (i = 0; i < 50; i++) {
		number = checker_event(&world.c, "a", NULL, "to several");
		checker_also(&world.c, number, "b");
		if (i % 2 == 0)
			checker_also(&world.c, number, "c");
		publish(at[i % 2], &world.c, number);
		assert_int_equal(publish_to(at[i / 2 % 2], "b"), 200);
	}
	check_reader(&both, 0);
	check_reader(&other, 0);
	shared_restart(&world.r, NULL);
	number = checker_event(&world.c, "a", NULL, "last");
	checker_also(&world.c, number, "b");
	publish(&shared.second, &world.c, number);
	subscriber_again(&both, &world.r, NULL);
	check_reader(&both, 0);
	check_reader(&other, 0);
	subscriber_end(&both);
	subscriber_end(&other);
}

/* Both get the one id, and one of them hears that it was there. */
static void
post_both(unsigned number)
{
	const struct responder *const at[] = {&world.r, &shared.second};
	char query[64], id[48] = "";
	struct post p = {.query = query};
	struct front f[2];
	unsigned i, repeated = 0;

	p.body = world.c.event[number].data;
	p.len = world.c.event[number].len;
	(void)snprintf(query, sizeof(query), "channel=a&key=K%u", number);
	checker_sent(&world.c, number, 1);
	for (i = 0; i < 2; i++) {
		assert_true(front_connect(&f[i], at[i]->address));
		assert_true(post_head(&f[i], 0, &p));
	}
	for (i = 0; i < 2; i++)
		assert_true(post_body(&f[(i + number) % 2], &p));
	for (i = 0; i < 2; i++) {
		assert_true(front_until_end(&f[i], PATIENCE));
		take_answer(&f[i]);
		assert_int_equal(answer.status, 200);
		repeated += strstr(answer.text, "\"repeated\":true") != NULL;
		if (i == 0)
			(void)strcpy(id, answer.id);
	}
	assert_string_equal(answer.id, id);
	assert_int_equal(repeated, 1);
	checker_acknowledged(&world.c, number, id);
}

static void
one_key_at_two_processes_is_one_event(void **state)
{
	struct subscriber one, two;
	unsigned i;

	(void)state;
	read_at(&one, &world.r, "a", NULL);
	read_at(&two, &shared.second, "a", NULL);
	for (i = 0; i < RETRIES; i++) {
		post_both(checker_event(&world.c, "a", NULL, "twice"));
		if (i % 100 == 99) {
			until_last(&one);
			until_last(&two);
		}
	}
	check_reader(&one, 0);
	check_reader(&two, 0);
	subscriber_end(&one);
	subscriber_end(&two);
}

static long
entries(void)
{
	return strtol(redis_ask(&shared.redis, "XLEN sse"), NULL, 10);
}

/* A key of several events is that of all, and their end. */
static void
a_batch_is_not_there_twice(void **state)
{
	static const char body[] = "data: 1\n\ndata: 2\n\ndata: 3\n\n";
	struct post p = {.query = "channel=a&end=1&key=K",
	    .type = "text/event-stream",
	    .body = body,
	    .len = sizeof(body) - 1};
	char id[48];
	struct front f;
	long before;

	(void)state;
	before = entries();
	post(&f, &world.r, &p);
	take_answer(&f);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.text, "\"events\":3"));
	(void)strcpy(id, answer.id);
	assert_int_equal(entries(), before + 4);
	until_status(&shared.second, "channel=a", "no", 409);
	before = entries(); /* what came behind the end is there, too */
	post(&f, &shared.second, &p);
	take_answer(&f);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.id, id);
	assert_non_null(strstr(answer.text, "\"events\":3"));
	assert_non_null(strstr(answer.text, "\"repeated\":true"));
	assert_int_equal(entries(), before);
}

static void
keys_are_known_over_a_restart(void **state)
{
	struct responder *const at[] = {&world.r, &shared.second};
	char query[64], ids[KEYS][48];
	struct subscriber s;
	unsigned i, number;

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	for (i = 0; i < KEYS; i++) {
		number = checker_event(&world.c, "a", NULL, "once");
		checker_sent(&world.c, number, 1);
		(void)snprintf(query, sizeof(query), "channel=a&key=%u", i);
		assert_int_equal(post_to(at[i % 2], query,
				     world.c.event[number].data),
		    200);
		checker_acknowledged(&world.c, number, answer.id);
		(void)strcpy(ids[i], answer.id);
	}
	shared_restart(&world.r, NULL);
	until_status(&world.r, "channel=b&key=1", "ready?", 200);
	for (i = 0; i < KEYS; i++) {
		(void)snprintf(query, sizeof(query), "channel=a&key=%u", i);
		assert_int_equal(post_to(at[i / 2 % 2], query, "again"), 200);
		assert_string_equal(answer.id, ids[i]);
	}
	ADD("c a k 17 d again"); /* whoever says it */
	assert_int_equal(publish_to(&shared.second, "a"), 200);
	subscriber_again(&s, &world.r, NULL);
	check_reader(&s, 0);
	subscriber_end(&s);
}

/* What is fed to one process is read at the other, and its end, too. */
static void
a_feed_comes_to_all(void **state)
{
	struct post p = {.query = "channel=a&feed=1&end=1",
	    .type = "text/event-stream"};
	unsigned first = world.c.events, i;
	struct bytes text = {0};
	struct subscriber s;
	struct front f;

	(void)state;
	read_at(&s, &shared.second, "a", NULL);
	for (i = 0; i < FED; i++)
		checker_sent(&world.c,
		    checker_event(&world.c, "a", NULL, "fed"), 1);
	batch_text(&text, &world.c, first, FED);
	p.body = text.at;
	p.len = text.len;
	p.piece = 1000;
	checker_sent(&world.c, checker_end(&world.c, "a"), 1);
	post(&f, &world.r, &p);
	take_answer(&f);
	assert_int_equal(answer.status, 200);
	checker_acknowledged(&world.c, first + FED, answer.id);
	check_reader(&s, 0);
	assert_true(subscriber_over(&s));
	until_status(&shared.second, "channel=a", "no", 409);
	post(&f, &shared.second, &p);
	take_answer(&f);
	assert_int_equal(answer.status, 409);
	free(text.at);
	subscriber_end(&s);
}

/*
 * One publishes, the other one ends, and nobody knows who is the first: but
 * what was answered 200 is there, and what was answered 409 is not.
 */
static void
race(unsigned i)
{
	char channel[16], query[2][64];
	struct post p[2] = {{.query = query[0]}, {.query = query[1]}};
	struct front f[2];
	unsigned number, end;

	(void)snprintf(channel, sizeof(channel), "x%u", i);
	number = checker_event(&world.c, channel, NULL, "just before");
	p[0].body = world.c.event[number].data;
	p[0].len = world.c.event[number].len;
	(void)snprintf(query[0], sizeof(query[0]), "channel=%s", channel);
	checker_sent(&world.c, number, 1);
	end = checker_end(&world.c, channel);
	(void)snprintf(query[1], sizeof(query[1]), "channel=%s&end=1", channel);
	checker_sent(&world.c, end, 1);
	assert_true(front_connect(&f[0], shared.second.address));
	assert_true(front_connect(&f[1], world.r.address));
	assert_true(post_head(&f[i % 2], 0, &p[i % 2]));
	assert_true(post_head(&f[1 - i % 2], 0, &p[1 - i % 2]));
	assert_true(post_body(&f[i / 2 % 2], &p[i / 2 % 2]));
	assert_true(post_body(&f[1 - i / 2 % 2], &p[1 - i / 2 % 2]));
	assert_true(front_until_end(&f[0], PATIENCE));
	take_answer(&f[0]);
	if (answer.status == 200)
		checker_acknowledged(&world.c, number, answer.id);
	else {
		assert_int_equal(answer.status, 409);
		checker_refused(&world.c, number);
	}
	assert_true(front_until_end(&f[1], PATIENCE));
	take_answer(&f[1]);
	assert_int_equal(answer.status, 200);
	checker_acknowledged(&world.c, end, answer.id);
}

static void
whoever_is_first_both_are_told_the_truth(void **state)
{
	char channels[RACES * 5] = "", *at = channels;
	struct subscriber one, two;
	unsigned i;

	(void)state;
	for (i = 0; i < RACES; i++)
		at += sprintf(at, "%sx%u", i == 0 ? "" : " ", i);
	read_at(&one, &world.r, channels, NULL);
	read_at(&two, &shared.second, channels, NULL);
	for (i = 0; i < RACES; i++)
		race(i);
	check_reader(&one, 0);
	check_reader(&two, 0);
	assert_true(subscriber_over(&one));
	assert_true(subscriber_over(&two));
	subscriber_end(&one);
	subscriber_end(&two);
}

static void
open_reader(struct front *f, const struct responder *r, const char *query)
{
	assert_true(front_connect(f, r->address));
	assert_true(front_request(f, 0, "GET",
	    (const char *[]){"QUERY_STRING", query, NULL}));
	assert_true(front_until_text(f, "retry: ", PATIENCE));
}

static int
close_at(const struct responder *r, const char *query)
{
	const char *const more[] = {"SSE_ROLE", "admin", NULL};
	struct post p = {.query = query, .more = more};
	struct front f;

	post(&f, r, &p);
	take_answer(&f);
	return answer.status;
}

static void
an_admin_closes_at_all(void **state)
{
	const struct responder *both[] = {&world.r, &shared.second};
	struct front a[2], b[2];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		open_reader(&a[i], both[i], "channel=a");
		open_reader(&b[i], both[i], "channel=b");
	}
	assert_int_equal(close_at(&world.r, "close=channel:a"), 200);
	assert_string_equal(answer.text, "{\"closed\":1}\n");
	for (i = 0; i < 2; i++) {
		assert_true(front_until_end(&a[i], PATIENCE));
		front_close(&a[i]);
		open_reader(&a[i], both[i], "channel=a&history=1");
		assert_false(b[i].ended);
	}
	ADD("c clock t close d channel:b");
	for (i = 0; i < 2; i++) {
		assert_true(front_until_end(&b[i], PATIENCE));
		front_close(&b[i]);
	}
	/* It is nothing that comes again, and no loss. */
	shared_restart(&shared.second, NULL);
	open_reader(&b[1], &shared.second, "channel=b&history=9");
	assert_int_equal(post_to(&world.r, "channel=a&channel=b", "on"), 200);
	assert_true(front_until_text(&a[0], "data: on\n", PATIENCE));
	assert_true(front_until_text(&b[1], "data: on\n", PATIENCE));
	assert_null(strstr(b[1].text, "gap"));
	for (i = 0; i < 2; i++)
		front_close(&a[i]);
	front_close(&b[1]);
	/* Without Redis it is said that it is half done. */
	open_reader(&a[0], &world.r, "channel=a");
	redis_end(&shared.redis, SIGKILL);
	assert_true(status_until(&world.r, "\"up\":", 0));
	assert_int_equal(close_at(&world.r, "close=channel:a"), 503);
	assert_non_null(strstr(answer.text, "closed here"));
	assert_true(front_until_end(&a[0], PATIENCE));
	front_close(&a[0]);
}

/* What has come to Redis before this process did is read by it, too. */
static void
an_admin_closes_who_came_while_redis_was_away(void **state)
{
	struct front f;

	(void)state;
	ADD("c clock t close d channel:a");
	redis_hang(&shared.redis);
	shared_restart(&shared.second, NULL);
	open_reader(&f, &shared.second, "channel=a");
	redis_go_on(&shared.redis);
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(f.status, 0);
	front_close(&f);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, shared_start, shared_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(an_end_is_one_everywhere),
	    WITH(others_may_end_it),
	    WITH(what_is_deleted_is_gone_everywhere),
	    cmocka_unit_test_setup_teardown(
		an_end_that_redis_has_lost_is_a_loss, shared_start_behind_proxy,
		shared_stop),
	    WITH(a_snapshot_is_where_a_new_reader_begins),
	    WITH(one_post_goes_to_several_channels),
	    WITH(one_key_at_two_processes_is_one_event),
	    WITH(a_batch_is_not_there_twice),
	    WITH(keys_are_known_over_a_restart),
	    WITH(a_feed_comes_to_all),
	    WITH(an_admin_closes_at_all),
	    WITH(an_admin_closes_who_came_while_redis_was_away),
	    WITH(whoever_is_first_both_are_told_the_truth),
	};

	return cmocka_run_group_tests_name("same", tests, NULL, NULL);
}
