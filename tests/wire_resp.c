/* SPDX-License-Identifier: ISC */
/*
 * With --redis, while what comes from there is cut anywhere, or is no reply, or
 * none to what was asked: a connection may end by it, and is made again.  Who
 * reads goes on reading, and has all that was answered 200, or is told.
 */
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "replies.h"
#include "scripted.h"
#include "shared.h"
#include "verdict.h"

#define BATCH 3

static struct scripted scripted;

static const char *const quick[] = {"--interval", "0.2", "--drain", "0.2",
    "--heartbeat", "1", NULL};

/* Does anything go wrong that a reader can see? */
static void
check_page(const struct subscriber *s)
{
	if (s->page.error[0] != '\0')
		fail_msg("a reader: %s", s->page.error);
}

/*
 * Posts n events as one.  What is not answered 200 may be there or not: what
 * Redis is said to have refused it may have taken.
 */
static int
try_post(unsigned n)
{
	unsigned first = world.c.events, i;
	struct post p = {.query = "channel=a"};
	struct bytes text = {0};
	struct front f;
	char id[48];
	int status;

	for (i = 0; i < n; i++)
		(void)checker_event(&world.c, "a", NULL, "posted");
	checker_sent(&world.c, first, n);
	batch_text(&text, &world.c, first, n);
	p.type = "text/event-stream";
	p.body = text.at;
	p.len = text.len;
	post(&f, &world.r, &p);
	status = answer_status(&f);
	if (status == 200) {
		answer_id(&f, id);
		checker_acknowledged(&world.c, first, id);
	} else if (status != 503 && status != 504)
		fail_msg("a publisher is told: %s", f.text);
	front_close(&f);
	free(text.at);
	return status;
}

static void
post_until_200(unsigned n)
{
	double end = front_now() + PATIENCE / 1e3;

	while (try_post(n) != 200) {
		if (front_now() > end)
			fail_msg("it can not be published to any more");
		(void)poll(NULL, 0, 5);
	}
}

/* All is well again, and the reader has what was published. */
static void
heals(struct subscriber *s)
{
	const char *error;

	scripted_pass(&scripted);
	post_until_200(1);
	post_until_200(BATCH);
	post_until_200(1);
	until_last(s);
	error = verdict(&s->page, true);
	if (error != NULL)
		fail_msg("the reader: %s", error);
}

static int
resp_start(void **state)
{
	static char address[96];

	(void)state;
	redis_start(&shared.redis, NULL);
	(void)snprintf(address, sizeof(address), "unix:%s/scripted.sock",
	    shared.redis.dir);
	scripted_start(&scripted, address, shared.redis.address);
	shared_address(address);
	responder_start(&world.r, 0, quick);
	return 0;
}

static int
resp_stop(void **state)
{
	int result = world_stop(state);

	scripted_stop(&scripted);
	redis_stop(&shared.redis);
	return result;
}

static void
replies_come_a_byte_at_a_time(void **state)
{
	struct subscriber s;

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	scripted_trickle(&scripted);
	post_until_200(1);
	post_until_200(BATCH);
	until_last(&s);
	shared_restart(&world.r, quick);
	subscriber_again(&s, &world.r, NULL);
	post_until_200(1);
	check_reader(&s, 0);
	subscriber_end(&s);
}

/* Until nothing new has been cut in some rounds. */
static void
replies_are_cut_behind_every_byte(void **state)
{
	unsigned rounds = 0, still = 0, used;
	struct subscriber s;

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	post_until_200(1);
	scripted_cut(&scripted);
	while (still < 5) {
		used = scripted_used(&scripted);
		scripted_drop(&scripted);
		post_until_200(1);
		post_until_200(BATCH);
		(void)subscriber_read(&s, 0);
		check_page(&s);
		still = scripted_used(&scripted) == used ? still + 1 : 0;
		rounds++;
	}
	print_message("%u cuts in %u rounds, %u connections\n",
	    scripted_used(&scripted), rounds, scripted_connections(&scripted));
	heals(&s);
	subscriber_end(&s);
}

/* Each reply of a connection once, as far as it comes to that. */
static bool
all_used(void)
{
	static const char *const usual[] = {"ROLE", "XRANGE", "XREAD", "XADD",
	    "MULTI", "EXEC"};
	size_t i;

	for (i = 0; i < LENGTH(usual); i++)
		if (scripted_used_for(&scripted, usual[i]) == 0)
			return false;
	return true;
}

static void
this_reply_to_each_command(void **state)
{
	const struct row *row = *state;
	double end = front_now() + slow(10000);
	struct subscriber s;

	read_at(&s, &world.r, "a", NULL);
	scripted_tell(&scripted, &row->script);
	scripted_drop(&scripted);
	while (!all_used()) {
		(void)try_post(1);
		(void)try_post(BATCH);
		(void)subscriber_read(&s, 0);
		check_page(&s);
		if (front_now() > end)
			fail_msg("it came to few commands alone");
	}
	heals(&s);
	subscriber_end(&s);
}

/* At the start there are other commands, and nothing to go back to. */
static void
this_reply_at_the_start(void **state)
{
	const struct row *row = *state;
	struct subscriber s;

	read_at(&s, &world.r, "a", NULL);
	post_until_200(1);
	until_last(&s);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	scripted_tell(&scripted, &row->script);
	responder_again(&world.r, quick);
	post_until_200(1);
	subscriber_again(&s, &world.r, NULL);
	heals(&s);
	subscriber_end(&s);
}

static void
print_commands(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; scripted_command(&scripted, i) != NULL; i++)
		print_message("%s %u\n", scripted_command(&scripted, i),
		    scripted_seen(&scripted, scripted_command(&scripted, i)));
}

int
main(void)
{
	static struct CMUnitTest tests[2 * LENGTH(rows) + 3] = {
	    cmocka_unit_test(replies_come_a_byte_at_a_time),
	    cmocka_unit_test(replies_are_cut_behind_every_byte),
	};
	size_t n = 2, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name, this_reply_to_each_command,
		    &rows[i]);
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, this_reply_at_the_start, &rows[i]);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(print_commands);
	return cmocka_run_group_tests(tests, resp_start, resp_stop);
}
