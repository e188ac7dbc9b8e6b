/* SPDX-License-Identifier: ISC */
/*
 * With --redis, while what comes from there is cut anywhere, or is no reply, or
 * none to what was asked: a connection may end by it, and is made again.  Who
 * reads goes on reading, and has all that was answered 200, or is told.
 *
 * A connection that fails is made again after a while, so there are several
 * responders at once, each with what stands between it and the one Redis; their
 * readers all read the same.
 *
 * In the environment: SEED; RECONNECTS, how many; CUTS, how many bytes from one
 * cut to the next; GROUPS, how many twelves of bad replies (all).
 */
#include "unit.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "replies.h"
#include "harness/scripted.h"
#include "shared.h"
#include "verdict.h"

#define LANES 12
#define BATCH 3 /* events in one publication, or one */

struct lane {
	struct responder r;
	struct scripted scripted;
	char address[96];
	struct subscriber s;
	const char *does; /* for what is said of it */
};

static struct lane lanes[LANES];
static char channel[16]; /* another one for each test */

static const char *const quick[] = {"--interval", "0.2", "--drain", "0.2",
    "--heartbeat", "1", NULL};

static void
read_some(struct lane *l)
{
	(void)subscriber_read(&l->s, 0);
	if (l->s.page.error[0] != '\0')
		fail_msg("%s: a reader: %s", l->does, l->s.page.error);
	if (l->s.f.closed)
		fail_msg("%s: a stream has ended", l->does);
}

/*
 * Posts n events as one.  What is not answered 200 may be there or not: what
 * Redis is said to have refused it may have taken.
 */
static int
try_post(struct lane *l, unsigned n)
{
	unsigned first = world.c.events, i;
	char query[32], id[48];
	struct post p = {.query = query, .type = "text/event-stream"};
	struct bytes text = {0};
	struct front f;
	int status;

	(void)snprintf(query, sizeof(query), "channel=%s", channel);
	for (i = 0; i < n; i++)
		(void)checker_event(&world.c, channel, NULL, "posted");
	checker_sent(&world.c, first, n);
	batch_text(&text, &world.c, first, n);
	p.body = text.at;
	p.len = text.len;
	post(&f, &l->r, &p);
	status = answer_status(&f);
	if (status == 200) {
		answer_id(&f, id);
		checker_acknowledged(&world.c, first, id);
	} else if (status != 503 && status != 504)
		fail_msg("%s: a publisher is told: %s", l->does, f.text);
	front_close(&f);
	free(text.at);
	return status;
}

static void
post_until_200(struct lane *l, unsigned n)
{
	double end = front_now() + PATIENCE / 1e3;

	while (try_post(l, n) != 200) {
		if (front_now() > end)
			fail_msg("%s: there is no publishing any more",
			    l->does);
		(void)poll(NULL, 0, 5);
	}
}

/* One round of all: each posts, and reads. */
static void
go_round(void)
{
	struct lane *l;

	for (l = lanes; l < lanes + LANES; l++) {
		(void)try_post(l, 1);
		(void)try_post(l, BATCH);
		read_some(l);
	}
	(void)poll(NULL, 0, 20);
}

/* All is well again, and all readers have what was published. */
static void
all_heal(void)
{
	const char *error;
	struct lane *l;

	for (l = lanes; l < lanes + LANES; l++)
		scripted_pass(&l->scripted);
	for (l = lanes; l < lanes + LANES; l++) {
		post_until_200(l, 1);
		post_until_200(l, BATCH);
	}
	post_until_200(lanes, 1);
	for (l = lanes; l < lanes + LANES; l++) {
		if (!subscriber_until_number(&l->s, world.c.events - 1))
			fail_msg("%s: the last event does not come: %s",
			    l->does, l->s.page.error);
		error = verdict(&l->s.page, true);
		if (error != NULL)
			fail_msg("%s: a reader: %s", l->does, error);
	}
}

static int
resp_start(void **state)
{
	struct lane *l;

	(void)state;
	redis_start(&shared.redis, NULL);
	for (l = lanes; l < lanes + LANES; l++) {
		(void)snprintf(l->address, sizeof(l->address), "unix:%s/%td",
		    shared.redis.dir, l - lanes);
		scripted_start(&l->scripted, l->address, shared.redis.address);
		shared_address(l->address);
		responder_start(&l->r, 0, quick);
	}
	return 0;
}

static int
resp_stop(void **state)
{
	struct lane *l;

	(void)state;
	for (l = lanes; l < lanes + LANES; l++)
		responder_stop(&l->r);
	for (l = lanes; l < lanes + LANES; l++)
		scripted_stop(&l->scripted);
	redis_stop(&shared.redis);
	checker_free(&world.c);
	return 0;
}

/* For each test: all have a reader who is there. */
static int
readers_come(void **state)
{
	static unsigned tests;
	struct lane *l;

	(void)state;
	(void)snprintf(channel, sizeof(channel), "a%u", ++tests);
	for (l = lanes; l < lanes + LANES; l++) {
		l->does = "at the beginning";
		post_until_200(l, 1);
	}
	for (l = lanes; l < lanes + LANES; l++)
		read_at(&l->s, &l->r, channel, NULL);
	return 0;
}

static int
readers_go(void **state)
{
	struct lane *l;

	(void)state;
	for (l = lanes; l < lanes + LANES; l++)
		subscriber_end(&l->s);
	checker_free(&world.c);
	world.c = (struct checker){0};
	return 0;
}

static void
replies_come_a_byte_at_a_time(void **state)
{
	struct lane *l = lanes;

	(void)state;
	scripted_trickle(&l->scripted);
	l->does = "a byte at a time";
	post_until_200(l, 1);
	post_until_200(l, BATCH);
	assert_true(subscriber_until_number(&l->s, world.c.events - 1));
	shared_address(l->address);
	shared_restart(&l->r, quick);
	post_until_200(l, 1);
	subscriber_again(&l->s, &l->r, NULL);
	all_heal();
	for (l = lanes; l < lanes + LANES; l++)
		assert_int_equal(l->s.page.gaps, 0);
}

/* Until nothing new has been cut in some rounds. */
static void
replies_are_cut_behind_every_byte(void **state)
{
	unsigned still = 0, used = 0, before, far = number_from("CUTS", 8);
	unsigned first = number_from("SEED", 1) % far;
	struct lane *l;

	(void)state;
	for (l = lanes; l < lanes + LANES; l++) {
		scripted_cut(&l->scripted, first + far * (unsigned)(l - lanes),
		    far * LANES);
		l->does = "cut";
	}
	while (still < 100) {
		before = used;
		used = 0;
		go_round();
		for (l = lanes; l < lanes + LANES; l++)
			used += scripted_used(&l->scripted);
		still = used == before ? still + 1 : 0;
	}
	print_message("%u cuts\n", used);
	all_heal();
}

static unsigned
connections(void)
{
	unsigned n = 0;
	struct lane *l;

	for (l = lanes; l < lanes + LANES; l++)
		n += scripted_connections(&l->scripted);
	return n;
}

static void
connections_end_by_chance_again_and_again(void **state)
{
	unsigned n = connections() + number_from("RECONNECTS", 200);
	struct lane *l;

	(void)state;
	for (l = lanes; l < lanes + LANES; l++) {
		scripted_chance(&l->scripted,
		    number_from("SEED", 1) * LANES + (unsigned)(l - lanes));
		l->does = "cut by chance";
	}
	while (connections() < n)
		go_round();
	all_heal();
}

/* The script has had its way with each of these. */
static bool
all_used(const struct lane *l)
{
	static const char *const usual[] = {"PING", "ROLE", "XREVRANGE",
	    "XREAD", "XADD", "MULTI", "EXEC"};
	size_t i;

	for (i = 0; i < LENGTH(usual); i++)
		if (scripted_used_for(&l->scripted, usual[i]) == 0)
			return false;
	return true;
}

static void
print_left(const struct lane *l)
{
	const char *name;
	size_t i;

	for (i = 0; (name = scripted_command(&l->scripted, i)) != NULL; i++)
		print_error("%s: %s: %u of %u\n", l->does, name,
		    scripted_used_for(&l->scripted, name),
		    scripted_seen(&l->scripted, name));
}

/* From the start on, so that there is nothing to go back to. */
static void
start_with(struct lane *l, const struct row *row)
{
	l->does = row->name;
	subscriber_end(&l->s);
	assert_int_equal(responder_signal(&l->r, SIGTERM), 0);
	scripted_tell(&l->scripted, &row->script);
	shared_address(l->address);
	responder_again(&l->r, quick);
	subscriber_begin(&l->s, &world.c, channel);
	l->s.page.early = true;
	subscriber_connect(&l->s, &l->r, NULL, NULL);
}

static void
some_replies_to_each_command(void **state)
{
	const struct row *row = *state, *end = rows + LENGTH(rows);
	double limit = front_now() + PATIENCE / 1e3;
	struct lane *l, *last = lanes;
	bool all;

	for (; last < lanes + LANES && row < end; last++, row++)
		start_with(last, row);
	do {
		go_round();
		all = true;
		for (l = lanes; l < last; l++) {
			all = all && all_used(l);
			if (front_now() > limit && !all_used(l))
				print_left(l);
		}
		if (front_now() > limit)
			fail_msg("it came to few commands alone");
	} while (!all);
	all_heal();
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(replies_come_a_byte_at_a_time),
	    cmocka_unit_test(replies_are_cut_behind_every_byte),
	    cmocka_unit_test(connections_end_by_chance_again_and_again),
	};
	enum { ALL = (LENGTH(rows) + LANES - 1) / LANES };
	static struct CMUnitTest tests[LENGTH(others) + ALL];
	size_t groups = ALL, n = LENGTH(others), i;
	size_t some = number_from("GROUPS", (unsigned)groups);
	const struct row *row;

	memcpy(tests, others, sizeof(others));
	for (i = 0; i < groups && i < some; i++) {
		row = &rows[(number_from("SEED", 1) + i) % groups * LANES];
		tests[n++] =
		    row_test(row->name, some_replies_to_each_command, row);
	}
	for (i = 0; i < n; i++) {
		tests[i].setup_func = readers_come;
		tests[i].teardown_func = readers_go;
	}
	return cmocka_run_group_tests(tests, resp_start, resp_stop);
}
