/* SPDX-License-Identifier: ISC */
/*
 * Whoever watches the process is told that it is alive, and apart from that
 * whether it is ready: not from the first signal on, nor while it is full or
 * what keeps the events is away.
 */
#include "unit.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"
#include "stored.h"

#define ALIVE "alive\n"
#define READY "ready\n"

/* Asks on a connection that is there; the answer stays in f. */
static int
ask_on(struct front *f, int flags, const char *method, const char *role)
{
	assert_true(front_request(f, flags, method,
	    (const char *[]){"SSE_ROLE", role, NULL}));
	assert_true(front_until_end(f, PATIENCE));
	assert_non_null(strstr(f->text, "\r\nCache-Control: no-store\r\n"));
	return answer_status(f);
}

/* Is this what is said, in one line that begins so? */
static bool
says(const struct responder *r, const char *role, int status, const char *line)
{
	struct front f;
	const char *text;
	bool so;

	assert_true(front_connect(&f, r->address));
	so = ask_on(&f, 0, "GET", role) == status;
	text = answer_text(&f);
	so = so && strncmp(text, line, strlen(line)) == 0;
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	front_close(&f);
	return so;
}

/* Alive it is all the while. */
static void
assert_ready(const struct responder *r)
{
	assert_true(says(r, "health", 200, ALIVE));
	assert_true(says(r, "ready", 200, READY));
}

static void
assert_hindered(const struct responder *r, const char *line)
{
	assert_true(says(r, "health", 200, ALIVE));
	assert_true(says(r, "ready", 503, line));
}

/* What it waits for came to be, as it does by itself. */
static void
until_says(const struct responder *r, int status, const char *line)
{
	double until = front_now() + PATIENCE / 1e3;

	while (!says(r, "ready", status, line))
		assert_true(front_now() < until);
}

/* A publication whose body is as long as it likes: drains wait for it. */
static void
open_feed(struct front *f, const struct responder *r)
{
	struct post p = {.query = "channel=a&feed=1",
	    .type = "text/event-stream"};

	assert_true(front_connect(f, r->address));
	assert_true(post_head(f, 0, &p));
}

static void
end_feed(struct front *f)
{
	struct post p = {.body = "data: x\n\n", .len = 9};

	assert_true(post_body(f, &p));
	assert_true(front_until_end(f, PATIENCE));
	assert_int_equal(answer_status(f), 200);
	front_close(f);
}

static int
set_up(void **state)
{
	(void)state;
	return world_start_with((const char *[]){"--max-streams", "2", NULL});
}

static void
both_say_a_word_and_head_says_none(void **state)
{
	static const char *const roles[] = {"health", "ready"};
	struct front f;
	size_t i;

	(void)state;
	assert_ready(&world.r);
	for (i = 0; i < LENGTH(roles); i++) {
		assert_true(front_connect(&f, world.r.address));
		assert_int_equal(ask_on(&f, 0, "HEAD", roles[i]), 200);
		assert_string_equal(answer_text(&f), "");
		front_close(&f);
	}
}

/* The quickest of many: others use this machine, too. */
static void
they_are_answered_in_a_millisecond(void **state)
{
	static const char *const roles[] = {"health", "ready"};
	struct front f;
	double asked, best;
	size_t i;
	int n;

	(void)state;
	assert_true(front_connect(&f, world.r.address));
	for (i = 0; i < LENGTH(roles); i++) {
		best = 1;
		for (n = 0; n < 1000 && best > slow(1) / 1e3; n++) {
			asked = front_now();
			assert_int_equal(ask_on(&f, 1, "GET", roles[i]), 200);
			if (front_now() - asked < best)
				best = front_now() - asked;
			front_next(&f, 1);
		}
		if (best > slow(1) / 1e3)
			fail_msg("%s: %g s", roles[i], best);
	}
	front_close(&f);
}

/* Feeds take a stream's place. */
static void
it_is_not_ready_while_it_is_full(void **state)
{
	struct front stream, feed;

	(void)state;
	open_raw(&stream, "channel=a", NULL, NULL);
	assert_comes(&stream, "retry: ");
	assert_ready(&world.r);
	open_feed(&feed, &world.r);
	until_says(&world.r, 503, "full: 1 streams and 1 feeds, of 2\n");
	assert_hindered(&world.r, "full: ");
	end_feed(&feed);
	assert_ready(&world.r);
	open_feed(&feed, &world.r);
	until_says(&world.r, 503, "full: ");
	front_close(&stream);
	until_says(&world.r, 200, READY);
	end_feed(&feed);
}

/* On sockets of its own it answers until its end. */
static void
it_is_not_ready_from_the_first_signal_on(void **state)
{
	struct responder r;
	struct front feed;

	(void)state;
	responder_listen(&r, NULL, (const char *[]){"--drain", "300", NULL});
	assert_ready(&r);
	open_feed(&feed, &r);
	assert_true(status_until(&r, "\"feeds\":", 1));
	assert_int_equal(kill(r.pid, SIGTERM), 0);
	until_says(&r, 503, "draining: ");
	assert_hindered(&r, "draining: ");
	end_feed(&feed);
	assert_int_equal(responder_wait(&r, PATIENCE), 0);
	responder_stop(&r);
}

/* And on inherited ones where the front keeps its connection. */
static void
kept_connections_are_told_so_and_closed(void **state)
{
	struct front kept, feed;

	(void)state;
	assert_true(front_connect(&kept, world.r.address));
	assert_int_equal(ask_on(&kept, 1, "GET", "ready"), 200);
	front_next(&kept, 1);
	open_feed(&feed, &world.r);
	assert_true(status_until(&world.r, "\"feeds\":", 1));
	assert_int_equal(kill(world.r.pid, SIGTERM), 0);
	assert_true(responder_until_logged(&world.r, "draining", 1, PATIENCE));
	assert_int_equal(ask_on(&kept, 1, "GET", "ready"), 503);
	assert_memory_equal(answer_text(&kept), "draining: ", 10);
	assert_true(front_until_closed(&kept, PATIENCE));
	front_close(&kept);
	end_feed(&feed);
	assert_int_equal(responder_wait(&world.r, PATIENCE), 0);
}

static void
it_is_not_ready_while_the_store_fails(void **state)
{
	struct post p = {.query = "channel=a", .body = "x", .len = 1};
	struct front f;

	(void)state;
	assert_ready(&world.r);
	disk_does("write ENOSPC");
	post(&f, &world.r, &p);
	assert_int_equal(answer_status(&f), 503);
	front_close(&f);
	assert_hindered(&world.r, "the engine is away: ");
	disk_works();
	until_says(&world.r, 200, READY);
}

static int
start_on_a_disk(void **state)
{
	disk_begin();
	return stored_start(state);
}

static int
stop_on_a_disk(void **state)
{
	disk_works();
	disk_end();
	(void)unsetenv("STORE");
	return world_stop(state);
}

/* Also one that was never there. */
static void
it_is_not_ready_while_redis_is_away(void **state)
{
	(void)state;
	assert_ready(&world.r);
	redis_end(&shared.redis, SIGKILL);
	until_says(&world.r, 503, "the engine is away: ");
	assert_hindered(&world.r, "the engine is away: ");
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	responder_again(&world.r, NULL);
	assert_hindered(&world.r, "the engine is away: ");
	redis_again(&shared.redis, NULL);
	until_says(&world.r, 200, READY);
	assert_ready(&world.r);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, set_up, world_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(both_say_a_word_and_head_says_none),
	    WITH(they_are_answered_in_a_millisecond),
	    WITH(it_is_not_ready_while_it_is_full),
	    cmocka_unit_test(it_is_not_ready_from_the_first_signal_on),
	    WITH(kept_connections_are_told_so_and_closed),
	    cmocka_unit_test_setup_teardown(
		it_is_not_ready_while_the_store_fails, start_on_a_disk,
		stop_on_a_disk),
	    cmocka_unit_test_setup_teardown(it_is_not_ready_while_redis_is_away,
		shared_start, shared_stop),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
