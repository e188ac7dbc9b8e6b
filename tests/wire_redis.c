/* SPDX-License-Identifier: ISC */
/*
 * With --redis: all processes have the same events, and a reader may be at any
 * of them.
 */
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "shared.h"

/* The smallest set of rights of a process; conf/README.md has it, too. */
#define RIGHTS                                                                \
	"-@all +auth +ping +select +role +xadd +xread +xrevrange "            \
	"+xinfo|stream +xtrim +time +multi +exec +wait +hset +hgetall +hdel " \
	"+expire +info resetkeys ~sse ~{sse}:streams resetchannels"

static void
all_processes_have_the_same_events(void **state)
{
	struct subscriber one, two, late;

	(void)state;
	read_at(&one, &world.r, "a b", NULL);
	read_at(&two, &shared.second, "a b", NULL);
	assert_int_equal(publish_to(&world.r, "a"), 200);
	assert_int_equal(publish_to(&shared.second, "b"), 200);
	add_some("a", 3);
	assert_int_equal(publish_to(&shared.second, "a"), 200);
	check_reader(&one, 0);
	check_reader(&two, 0);
	read_at(&late, &shared.second, "b a", "earliest");
	check_reader(&late, 0);
	assert_int_equal(late.page.events, 6);
	subscriber_end(&one);
	subscriber_end(&two);
	subscriber_end(&late);
}

/* From one process to the other behind each event, and sometimes before it. */
static void
a_reader_that_moves_notices_nothing(void **state)
{
	struct responder *const at[] = {&world.r, &shared.second};
	struct subscriber s;
	int i;

	(void)state;
	read_at(&s, &world.r, "a b", NULL);
	for (i = 0; i < 100; i++) {
		if (i % 3 == 0)
			add_some("a", 1);
		else
			assert_int_equal(publish_to(at[i % 2], "b"), 200);
		if (i % 5 != 0)
			until_last(&s);
		subscriber_again(&s, at[(i + 1) % 2], NULL);
	}
	check_reader(&s, 0);
	subscriber_end(&s);
}

static void
the_next_processes_have_the_history(void **state)
{
	struct subscriber s, all;

	(void)state;
	read_at(&s, &world.r, "a b", NULL);
	add_some("a", 20);
	assert_int_equal(publish_to(&world.r, "b"), 200);
	shared_restart(&world.r, NULL);
	shared_restart(&shared.second, NULL);
	add_some("b", 1);
	subscriber_again(&s, &shared.second, NULL);
	check_reader(&s, 0);
	read_at(&all, &world.r, "a b", "earliest");
	check_reader(&all, 0);
	assert_int_equal(all.page.events, 22);
	subscriber_end(&s);
	subscriber_end(&all);
}

static void
post_batch(struct front *f, const struct responder *r, unsigned n)
{
	unsigned first = world.c.events, i;
	struct bytes text = {0};
	struct post p = {.query = "channel=a", .type = "text/event-stream"};

	for (i = 0; i < n; i++)
		(void)checker_event(&world.c, "a", i % 2 ? "t" : NULL, "batch");
	checker_sent(&world.c, first, n);
	batch_text(&text, &world.c, first, n);
	p.body = text.at;
	p.len = text.len;
	assert_true(front_connect(f, r->address));
	assert_true(post_head(f, 0, &p) && post_body(f, &p));
	free(text.at);
}

/* They come to Redis at a time, and stand there one behind the other. */
static void
batches_are_whole(void **state)
{
	struct front one, two;
	struct subscriber s;
	unsigned first, i;
	char id[48];

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	for (i = 0; i < 10; i++) {
		first = world.c.events;
		post_batch(&one, &world.r, 100);
		post_batch(&two, &shared.second, 100);
		assert_true(front_until_end(&one, PATIENCE));
		assert_true(front_until_end(&two, PATIENCE));
		assert_int_equal(answer_status(&one), 200);
		assert_int_equal(answer_status(&two), 200);
		answer_id(&one, id);
		checker_acknowledged(&world.c, first, id);
		answer_id(&two, id);
		checker_acknowledged(&world.c, first + 100, id);
		front_close(&one);
		front_close(&two);
	}
	assert_true(subscriber_until(&s, 2000));
	for (i = 0; i + 1 < s.page.len; i++) /* none is in another's midst */
		if (s.page.log[i].kind == EVENT &&
		    s.page.log[i + 1].kind == EVENT &&
		    (s.page.log[i].index + 1) % 100 != 0)
			assert_int_equal(s.page.log[i + 1].index,
			    s.page.log[i].index + 1);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/* Whatever it does, Redis has not refused any of it. */
static void
the_smallest_set_of_rights_is_enough(void **state)
{
	struct redis *redis = &shared.redis;
	char path[128];
	const char *options[] = {"--redis-user", "sse", "--redis-password-file",
	    path, "--redis-wait", "0", NULL};
	struct subscriber s;
	struct front f;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/password", redis->dir);
	write_password(path, "secret");
	REDIS_SAYS(redis, "OK", "ACL SETUSER sse on >secret " RIGHTS);
	add_some("a", 3);
	shared_restart(&world.r, options);
	publish_until(&world.r, "a");
	read_at(&s, &world.r, "a", "earliest");
	post_batch(&f, &world.r, 3);
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(answer_status(&f), 200);
	front_close(&f);
	(void)redis_ask(redis, "CLIENT KILL USER sse");
	publish_until(&world.r, "a");
	(void)redis_ask(redis, "DEL sse");
	redis_until(redis, "1", "EXISTS sse");
	redis_until(redis, " 1", "HVALS {sse}:streams");
	publish_until(&world.r, "a");
	check_told(&s);
	REDIS_SAYS(redis, "", "ACL LOG");
	assert_int_equal(responder_logged(&world.r, "NOPERM"), 0);
	subscriber_end(&s);
}

static void
the_status_says_how_redis_is(void **state)
{
	static const char *const has[] = {"ssefcgi_redis_up",
	    "ssefcgi_redis_lag_seconds", "ssefcgi_redis_reconnects_total",
	    "ssefcgi_redis_queue_events", "ssefcgi_redis_unknown_total",
	    "ssefcgi_redis_skipped_total", "ssefcgi_redis_losses_total",
	    "ssefcgi_streams_all", "ssefcgi_ready"};
	struct subscriber one, two, three;
	char *text;
	size_t i;

	(void)state;
	read_at(&one, &world.r, "a", NULL);
	read_at(&two, &shared.second, "a", NULL);
	read_at(&three, &shared.second, "b", NULL);
	publish_until(&world.r, "a");
	text = status_text(&world.r, "");
	for (i = 0; i < LENGTH(has); i++)
		if (strstr(text, has[i]) == NULL)
			fail_msg("no %s", has[i]);
	free(text);
	FIGURE("\"redis\":{\"up\":", 1);
	FIGURE("\"unknown\":", 0);
	FIGURE("\"losses\":", 0);
	FIGURE("\"ready\":", 1);
	assert_true(status_until(&world.r, "\"streams_all\":", 3));
	assert_true(status_until(&shared.second, "\"streams_all\":", 3));
	redis_end(&shared.redis, SIGKILL);
	assert_true(status_until(&world.r, "\"redis\":{\"up\":", 0));
	FIGURE("\"ready\":", 0);
	redis_again(&shared.redis, NULL);
	assert_true(status_until(&world.r, "\"redis\":{\"up\":", 1));
	FIGURE("\"ready\":", 1);
	subscriber_end(&one);
	subscriber_end(&two);
	subscriber_end(&three);
}

/* Whoever publishes, it is we who see to the length. */
static void
the_stream_is_trimmed(void **state)
{
	struct redis *redis = &shared.redis;
	double end = front_now() + PATIENCE / 1e3;
	struct subscriber s;

	(void)state;
	shared_restart(&world.r, (const char *[]){"--redis-history", "100",
				     "--history", "5000", NULL});
	publish_until(&world.r, "a");
	read_at(&s, &world.r, "a", NULL);
	add_some("a", 2000);
	while (strtol(redis_ask(redis, "XLEN sse"), NULL, 10) > 300) {
		assert_true(front_now() < end);
		(void)poll(NULL, 0, 20);
	}
	add_some("a", 1);
	check_reader(&s, 0);
	subscriber_end(&s);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, shared_start, shared_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(all_processes_have_the_same_events),
	    WITH(a_reader_that_moves_notices_nothing),
	    WITH(the_next_processes_have_the_history),
	    WITH(batches_are_whole),
	    WITH(the_smallest_set_of_rights_is_enough),
	    WITH(the_status_says_how_redis_is),
	    WITH(the_stream_is_trimmed),
	};

	return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
