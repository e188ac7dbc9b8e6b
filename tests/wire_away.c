/* SPDX-License-Identifier: ISC */
/*
 * With --redis, while Redis is away, hangs, is full, has another password or is
 * somewhere else, and when the network does harm: nothing is lost, and each
 * publisher is told what is true.
 */
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "shared.h"

static void
assert_sent_back(const struct responder *r, const char *position)
{
	struct front f;

	assert_true(front_connect(&f, r->address));
	assert_true(front_request(&f, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", "HTTP_LAST_EVENT_ID",
		position, NULL}));
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(answer_status(&f), 200);
	assert_memory_equal(answer_text(&f), "retry: ", 7);
	assert_int_equal(front_count(&f, "\n"), front_count(&f, "\r\n") + 2);
	front_close(&f);
}

/* Without a position one is served meanwhile, and has what is there since. */
static void
redis_that_is_away_at_the_start_may_come_later(void **state)
{
	struct subscriber s;
	char position[64];
	struct front f;

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	add_some("a", 2);
	until_last(&s);
	(void)snprintf(position, sizeof(position), "%s", s.page.last_id.at);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	redis_end(&shared.redis, SIGKILL);
	responder_again(&world.r, NULL);
	open_raw(&f, "channel=a&channel=other", NULL, NULL);
	assert_comes(&f, "retry: ");
	assert_sent_back(&world.r, position);
	assert_int_equal(publish_to(&world.r, "a"), 503);
	redis_again(&shared.redis, NULL);
	(void)redis_ask(&shared.redis, "XADD sse * c other d meanwhile");
	publish_until(&world.r, "a");
	assert_comes(&f, "data: meanwhile\n");
	assert_comes(&f, "data: a ");
	subscriber_again(&s, &world.r, NULL);
	check_reader(&s, 0);
	front_close(&f);
	subscriber_end(&s);
}

/* Who has had the end is told so by a process that has read it, and no other.
 */
static void
an_end_is_known_while_redis_is_away(void **state)
{
	struct subscriber s, late;
	char first[64], end[64];

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	add_some("a", 1);
	until_last(&s);
	(void)snprintf(first, sizeof(first), "%s", s.page.last_id.at);
	add_some("a", 2);
	publish(&world.r, &world.c, checker_end(&world.c, "a"));
	assert_true(subscriber_over(&s));
	(void)snprintf(end, sizeof(end), "%s", s.page.last_id.at);
	subscriber_again(&s, &shared.second, NULL);
	assert_true(subscriber_over(&s));
	redis_end(&shared.redis, SIGKILL);
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_over(&s));
	read_at(&late, &shared.second, "a", first);
	assert_true(subscriber_over(&late));
	subscriber_check(&late, true);
	assert_int_equal(late.page.gaps, 0);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	responder_again(&world.r, NULL);
	assert_sent_back(&world.r, end);
	redis_again(&shared.redis, NULL);
	publish_until(&world.r, "b");
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_over(&s));
	subscriber_check(&s, true);
	assert_int_equal(s.page.gaps, 0);
	assert_int_equal(publish_to(&world.r, "a"), 409);
	subscriber_end(&s);
	subscriber_end(&late);
}

static void
a_kill_of_redis_loses_nothing(void **state)
{
	struct subscriber one, two;
	int i;

	(void)state;
	read_at(&one, &world.r, "a", NULL);
	read_at(&two, &shared.second, "a", NULL);
	for (i = 0; i < 3; i++) {
		add_some("a", 10);
		assert_int_equal(publish_to(&world.r, "a"), 200);
		redis_end(&shared.redis, SIGKILL);
		assert_int_not_equal(publish_to(&shared.second, "a"), 200);
		redis_again(&shared.redis, NULL);
		publish_until(&shared.second, "a");
		publish_until(&world.r, "a");
	}
	check_reader(&one, 0);
	check_reader(&two, 0);
	subscriber_end(&one);
	subscriber_end(&two);
}

/* What it was given may be there later; who comes behind that is refused. */
static void
redis_that_hangs_is_not_waited_for(void **state)
{
	struct post p = {.query = "channel=b", .body = "x", .len = 1};
	struct subscriber s;
	struct front first;
	double began;

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	publish_until(&world.r, "a");
	redis_hang(&shared.redis);
	began = front_now();
	assert_true(front_connect(&first, world.r.address));
	assert_true(post_head(&first, 0, &p) && post_body(&first, &p));
	while (front_now() - began < slow(1500) / 1e3)
		assert_true(subscriber_read(&s, PATIENCE)); /* heartbeats */
	assert_int_equal(publish_to(&world.r, "a"), 503);
	assert_true(front_until_end(&first, PATIENCE));
	assert_int_equal(answer_status(&first), 504);
	assert_true(front_now() - began < slow(9000) / 1e3);
	front_close(&first);
	redis_go_on(&shared.redis);
	publish_until(&world.r, "a");
	check_reader(&s, 0);
	subscriber_end(&s);
}

/* Publishes until it is refused with these words in the answer. */
static void
until_refused(const char *says)
{
	struct post p = {.query = "channel=b", .body = "x", .len = 1};
	double end = front_now() + PATIENCE / 1e3;
	bool said;
	struct front f;

	do {
		post(&f, &world.r, &p);
		said = answer_status(&f) == 503 &&
		       strstr(answer_text(&f), says) != NULL;
		front_close(&f);
		if (front_now() > end)
			fail_msg("it is never refused with %s", says);
		(void)poll(NULL, 0, 10);
	} while (!said);
}

static void
the_password_is_the_files(void **state)
{
	struct redis *redis = &shared.redis;
	char path[128];
	const char *options[] = {"--redis-password-file", path, NULL};
	struct subscriber s;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/password", redis->dir);
	write_password(path, "one");
	(void)redis_ask(redis, "CONFIG SET requirepass one");
	shared_restart(&world.r, options);
	publish_until(&world.r, "a");
	read_at(&s, &world.r, "a", NULL);
	(void)redis_ask(redis, "CONFIG SET requirepass two");
	(void)redis_ask(redis, "CLIENT KILL TYPE normal SKIPME yes");
	(void)redis_ask(redis, "XADD sse * c b d x"); /* it cannot know */
	until_refused("WRONGPASS");
	add_some("a", 1);
	write_password(path, "two");
	publish_until(&world.r, "a");
	check_reader(&s, 0);
	assert_int_equal(responder_logged(&world.r, "two"), 0);
	(void)redis_ask(redis, "CONFIG SET requirepass %s", "");
	subscriber_end(&s);
}

/* POST is refused with these words; then it is mended, and all is well. */
static const struct refusing {
	const char *name, *before, *says, *after;
	bool lost;
} refusing[] = {
    {"redis_is_full", "CONFIG SET maxmemory 1", "OOM", "CONFIG SET maxmemory 0",
	false},
    {"the_key_is_no_stream", "SET sse x", "WRONGTYPE", "DEL sse", true},
    {"redis_takes_no_writes", "CONFIG SET min-replicas-to-write 1",
	"NOREPLICAS", "CONFIG SET min-replicas-to-write 0", false},
};

static void
what_redis_refuses_was_not_published(void **state)
{
	const struct refusing *row = *state;
	struct post p = {.query = "channel=a", .body = "x", .len = 1};
	struct subscriber s;
	struct front f;

	read_at(&s, &world.r, "a", NULL);
	add_some("a", 1);
	until_last(&s);
	(void)redis_ask(&shared.redis, row->before, "");
	assert_int_equal(publish_to(&world.r, "a"), 503);
	post(&f, &world.r, &p);
	assert_refusal(&f, 503);
	if (strstr(answer_text(&f), row->says) == NULL)
		fail_msg("not %s: %s", row->says, answer_text(&f));
	front_close(&f);
	(void)redis_ask(&shared.redis, row->after, "");
	publish_until(&world.r, "a");
	check_told(&s);
	assert_true(row->lost || s.page.gaps == 0);
	subscriber_end(&s);
}

static void
replicas_are_waited_for(void **state)
{
	struct redis replica;
	struct subscriber s;

	(void)state;
	start_replica(&replica, &shared.redis);
	shared_restart(&world.r, (const char *[]){"--redis-wait", "1", NULL});
	publish_until(&world.r, "a");
	read_at(&s, &world.r, "a", NULL);
	assert_int_equal(publish_to(&world.r, "a"), 200);
	redis_hang(&replica);
	assert_int_equal(publish_to(&world.r, "a"), 504);
	redis_go_on(&replica);
	publish_until(&world.r, "a");
	check_reader(&s, 0);
	subscriber_end(&s);
	redis_stop(&replica);
}

/* Of two addresses, or by Sentinel, it is the master's. */
static void
promote_and_go_on(struct redis *replica, void (*promote)(struct redis *))
{
	struct subscriber s, two;

	publish_until(&world.r, "a");
	read_at(&s, &world.r, "a", NULL);
	read_at(&two, &shared.second, "a", NULL);
	add_some("a", 5);
	until_last(&s);
	until_last(&two);
	REDIS_SAYS(&shared.redis, "1", "WAIT 1 10000");
	redis_end(&shared.redis, SIGKILL);
	promote(replica);
	publish_until(&world.r, "a");
	publish_until(&shared.second, "a");
	check_reader(&s, 0);
	check_reader(&two, 0);
	subscriber_end(&s);
	subscriber_end(&two);
}

static void
promote(struct redis *replica)
{
	REDIS_SAYS(replica, "OK", "REPLICAOF NO ONE");
}

static void
a_promotion_is_followed(void **state)
{
	struct redis replica;
	char both[200];

	(void)state;
	start_replica(&replica, &shared.redis);
	(void)snprintf(both, sizeof(both), "127.0.0.1:%d,127.0.0.1:%d",
	    replica.port, shared.redis.port);
	shared_address(both);
	shared_restart(&world.r, NULL);
	shared_restart(&shared.second, NULL);
	promote_and_go_on(&replica, promote);
	redis_stop(&replica);
}

static void
await_promotion(struct redis *replica)
{
	redis_until(replica, "role:master", "INFO replication");
}

static void
sentinel_says_where_the_master_is(void **state)
{
	struct redis replica, sentinel;
	char address[64];

	(void)state;
	start_replica(&replica, &shared.redis);
	redis_start_sentinel(&sentinel, "main", &shared.redis);
	redis_until(&sentinel, "num-slaves\n1",
	    "SENTINEL MASTER main"); /* it knows of it */
	(void)snprintf(address, sizeof(address), "127.0.0.1:%d", sentinel.port);
	shared_address(address);
	shared_restart(&world.r,
	    (const char *[]){"--redis-sentinel", "main", NULL});
	shared_restart(&shared.second,
	    (const char *[]){"--redis-sentinel", "main", NULL});
	promote_and_go_on(&replica, await_promotion);
	redis_stop(&sentinel);
	redis_stop(&replica);
}

static int
start_row(void **state)
{
	(void)state;
	return shared_start(NULL);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, shared_start, shared_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(redis_that_is_away_at_the_start_may_come_later),
	    WITH(an_end_is_known_while_redis_is_away),
	    WITH(a_kill_of_redis_loses_nothing),
	    WITH(redis_that_hangs_is_not_waited_for),
	    WITH(the_password_is_the_files),
	    WITH(replicas_are_waited_for),
	    WITH(a_promotion_is_followed),
	    WITH(sentinel_says_where_the_master_is),
	};
	struct CMUnitTest rows[LENGTH(refusing)];
	size_t i;
	int failed;

	for (i = 0; i < LENGTH(refusing); i++) {
		rows[i] = row_test(refusing[i].name,
		    what_redis_refuses_was_not_published, &refusing[i]);
		rows[i].setup_func = start_row;
		rows[i].teardown_func = shared_stop;
	}
	failed = cmocka_run_group_tests_name("away", tests, NULL, NULL);
	return failed +
	       cmocka_run_group_tests_name("refusing", rows, NULL, NULL);
}
