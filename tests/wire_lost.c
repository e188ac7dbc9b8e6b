/* SPDX-License-Identifier: ISC */
/*
 * With --redis: what is lost there, all who read are told of; what is no event
 * is passed over.
 */
#include "unit.h"

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "shared.h"

#define SOURCE "\"reason\":\"source\""

/* How Redis loses events, and which readers must be told of that. */
struct loss {
	const char *name;
	void (*lose)(void);
	bool ahead; /* only what is not read yet is lost */
};

static void
delete_key(void)
{
	REDIS_SAYS(&shared.redis, "1", "DEL sse");
}

static void
flush_all(void)
{
	REDIS_SAYS(&shared.redis, "OK", "FLUSHALL");
}

static void
trim_all(void)
{
	(void)redis_ask(&shared.redis, "XTRIM sse MAXLEN 0");
}

static void
trim_to_one(void)
{
	(void)redis_ask(&shared.redis, "XTRIM sse MAXLEN 1");
}

/* Its directory is of a while ago: the copy was taken by prepare(). */
static void
put_back_a_copy(void)
{
	redis_end(&shared.redis, SIGKILL);
	redis_put_back(&shared.redis);
	redis_again(&shared.redis, NULL);
}

static void
responders(int signum)
{
	assert_int_equal(kill(world.r.pid, signum), 0);
	assert_int_equal(kill(shared.second.pid, signum), 0);
}

/* Readers of each sort. */
static struct {
	struct subscriber one, two, away, none;
	struct front raw;
} readers;

static void
readers_begin(void)
{
	read_at(&readers.one, &world.r, "a b", NULL);
	read_at(&readers.two, &shared.second, "b a", NULL);
	read_at(&readers.away, &world.r, "a", NULL);
	read_at(&readers.none, &world.r, "a", NULL);
	open_raw(&readers.raw, "channel=a", NULL, NULL);
	assert_comes(&readers.raw, "event: position");
	subscriber_cut(&readers.none);
	add_some("a", 3);
	until_last(&readers.away);
	subscriber_cut(&readers.away);
	redis_keep(&shared.redis);
	add_some("b", 1);
	add_some("a", 3);
	until_last(&readers.one);
	until_last(&readers.two);
}

static void
come_back(struct subscriber *s)
{
	subscriber_again(s, &shared.second, NULL);
	check_told(s);
}

/* Those that were away come back to the other process. */
static void
readers_end(bool all_are_told)
{
	publish_until(&world.r, "a");
	check_told(&readers.one);
	check_told(&readers.two);
	if (all_are_told) {
		come_back(&readers.away);
		come_back(&readers.none);
	}
	front_close(&readers.raw);
	subscriber_end(&readers.one);
	subscriber_end(&readers.two);
	subscriber_end(&readers.away);
	subscriber_end(&readers.none);
}

/* It is noticed though nothing comes behind it. */
static void
a_loss_is_told(void **state)
{
	const struct loss *row = *state;

	readers_begin();
	row->lose();
	if (!row->ahead)
		assert_comes(&readers.raw, SOURCE);
	readers_end(true);
}

/* It is lost between two looks, and something comes behind it. */
static void
a_loss_is_told_before_what_comes_then(void **state)
{
	const struct loss *row = *state;
	char last[32];

	readers_begin();
	responders(SIGSTOP);
	add_some("a", 3);
	add_some("b", 3);
	row->lose();
	redis_next_ms(&shared.redis);
	add_some("b", 1);
	add_some("a", 1);
	responders(SIGCONT);
	(void)snprintf(last, sizeof(last), "data: a %u ", world.c.events - 1);
	assert_comes(&readers.raw, "%s", last);
	assert_true(front_count(&readers.raw, SOURCE) > 0);
	until_last(&readers.one);
	readers_end(true);
}

/* All are killed, and the next ones know nothing of before. */
static void
a_loss_is_told_by_the_next_processes(void **state)
{
	const struct loss *row = *state;

	readers_begin();
	subscriber_cut(&readers.one);
	subscriber_cut(&readers.two);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	assert_int_equal(responder_signal(&shared.second, SIGTERM), 0);
	add_some("a", 2);
	row->lose();
	responder_again(&world.r, NULL);
	responder_again(&shared.second, NULL);
	add_some("a", 1);
	publish_until(&world.r, "a");
	subscriber_again(&readers.one, &shared.second, NULL);
	subscriber_again(&readers.two, &world.r, NULL);
	/* That an older copy lacks something only they know who have had it. */
	readers_end(row->lose != put_back_a_copy);
}

static const struct loss losses[] = {
    {"the_key_is_deleted", delete_key, false},
    {"all_is_flushed", flush_all, false},
    {"all_is_trimmed", trim_all, true},
    {"all_but_one_is_trimmed", trim_to_one, true},
    {"an_older_copy_is_put_back", put_back_a_copy, false},
};

/* A replica that lacks the last ones is promoted, and both processes see it. */
static void
a_replica_without_the_last_is_promoted(void **state)
{
	struct redis replica, old;
	char both[200];

	(void)state;
	start_replica(&replica, &shared.redis);
	(void)snprintf(both, sizeof(both), "127.0.0.1:%d,127.0.0.1:%d",
	    shared.redis.port, replica.port);
	shared_address(both);
	shared_restart(&world.r, NULL);
	shared_restart(&shared.second, NULL);
	publish_until(&world.r, "a");
	publish_until(&shared.second, "a");
	readers_begin();
	REDIS_SAYS(&shared.redis, "1", "WAIT 1 10000");
	REDIS_SAYS(&replica, "OK", "REPLICAOF NO ONE");
	add_some("a", 2);
	add_some("b", 2);
	until_last(&readers.one);
	until_last(&readers.two);
	redis_end(&shared.redis, SIGKILL);
	old = shared.redis;
	shared.redis = replica;
	publish_until(&shared.second, "b");
	assert_comes(&readers.raw, SOURCE);
	readers_end(true);
	redis_stop(&old);
}

/* What comes into the stream by any hand. */
static const char *const no_events[][8] = {
    {"d", "no channel"},
    {"c", "a b", "d", "a space"},
    {"c", "", "d", "no name"},
    {"c", "clock", "d", "reserved"},
    {"c", "a"},
    {"c", "a", "e", "yes"},
    {"c", "a", "e", "1", "d", "more than an end"},
    {"c", "a", "c", "b", "e", "1"},
    {"c", "a", "c", "a", "d", "twice"},
    {"c", "a", "s", "yes", "d", "x"},
    {"c", "a", "k", "two words", "d", "x"},
    {"c", "a", "d", "\xff"},
    {"c", "a", "t", "gap", "d", "ours"},
    {"c", "a", "t", "two\nlines", "d", "x"},
    {"c", "a", "t", "\xc3", "d", "x"},
    {"", "", "", "", "", ""},
    {"x", "y"},
};

static void
add_words(size_t n, const char *const words[], const size_t len[])
{
	const char **argv = calloc(n + 3, sizeof(*argv));
	size_t *lens = calloc(n + 3, sizeof(*lens)), i;
	redisReply *reply;

	assert_true(argv != NULL && lens != NULL);
	argv[0] = "XADD";
	argv[1] = "sse";
	argv[2] = "*";
	for (i = 0; i < n + 3; i++) {
		if (i >= 3)
			argv[i] = words[i - 3];
		lens[i] = i < 3 || len == NULL ? strlen(argv[i]) : len[i - 3];
	}
	reply = redisCommandArgv(shared.redis.client, (int)n + 3, argv, lens);
	assert_true(reply != NULL && reply->type == REDIS_REPLY_STRING);
	freeReplyObject(reply);
	free(argv);
	free(lens);
}

static unsigned
add_what_is_none(void)
{
	static const char *fields[200000], nul[] = "a\0b";
	char *large = malloc(20 << 20);
	size_t i, n;

	assert_non_null(large);
	memset(large, 'x', 20 << 20);
	for (i = 0; i < LENGTH(no_events); i++) {
		for (n = 0; n < 8 && no_events[i][n] != NULL; n++)
			;
		add_words(n, no_events[i], NULL);
	}
	add_words(4, (const char *[]){"c", nul, "d", "x"},
	    (size_t[]){1, 3, 1, 1});
	add_words(4, (const char *[]){"c", "a", "d", large},
	    (size_t[]){1, 1, 1, 100 << 10});
	add_words(4, (const char *[]){"c", "a", "d", large},
	    (size_t[]){1, 1, 1, 20 << 20});
	add_words(4, (const char *[]){large, "a", "d", "x"},
	    (size_t[]){20 << 20, 1, 1, 1});
	for (i = 0; i < LENGTH(fields); i++)
		fields[i] = i % 2 ? "a" : "c";
	add_words(LENGTH(fields), fields, NULL);
	free(large);
	return LENGTH(no_events) + 5;
}

static void
what_is_no_event_is_passed_over(void **state)
{
	static const char *const options[] = {"--max-event", "64K", NULL};
	struct subscriber s, two;
	unsigned skipped;

	(void)state;
	shared_restart(&world.r, options);
	publish_until(&world.r, "a");
	read_at(&s, &world.r, "a", NULL);
	read_at(&two, &shared.second, "a", NULL);
	add_some("a", 1);
	skipped = add_what_is_none();
	add_some("a", 1);
	check_reader(&s, 0);
	FIGURE("\"skipped\":", skipped);
	FIGURE("\"losses\":", 0);
	assert_true(responder_logged(&world.r, "is skipped: ") > 0);
	shared_restart(&world.r, options); /* also when it reads backwards */
	add_some("a", 1);
	subscriber_again(&s, &world.r, NULL);
	check_reader(&s, 0);
	check_reader(&two, 0);
	subscriber_end(&s);
	subscriber_end(&two);
}

/* Fields in any order, and others between. */
static void
what_others_may_write(void **state)
{
	struct front f;

	(void)state;
	open_raw(&f, "channel=a", NULL, NULL);
	assert_comes(&f, "event: position");
	ADD("d one c a");
	ADD("x y t kind d two c a z z");
	ADD("c b d other c a d %s", "three\nlines\n");
	ADD("c a t %s d %s", "", "");
	ADD("c a d last");
	assert_comes(&f, "data: last\n");
	assert_blocks(&f, " one\n");
	assert_blocks(&f, "kind ");
	assert_blocks(&f, " three|lines|\n");
	assert_int_equal(front_count(&f, "\nid: "), 6);
	front_close(&f);
}

static int
start_row(void **state)
{
	(void)state;
	return shared_start(NULL);
}

static int
run_rows(const char *name, CMUnitTestFunction f)
{
	struct CMUnitTest rows[LENGTH(losses)];
	size_t i;

	for (i = 0; i < LENGTH(losses); i++) {
		rows[i] = row_test(losses[i].name, f, &losses[i]);
		rows[i].setup_func = start_row;
		rows[i].teardown_func = shared_stop;
	}
	return cmocka_run_group_tests_name(name, rows, NULL, NULL);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, shared_start, shared_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(a_replica_without_the_last_is_promoted),
	    WITH(what_is_no_event_is_passed_over),
	    WITH(what_others_may_write),
	};
	int failed = cmocka_run_group_tests_name("lost", tests, NULL, NULL);

	failed += run_rows("alone", a_loss_is_told);
	failed += run_rows("before", a_loss_is_told_before_what_comes_then);
	return failed + run_rows("next", a_loss_is_told_by_the_next_processes);
}
