/* SPDX-License-Identifier: ISC */
/*
 * A tail whose Redis answers one of its commands with what is no answer to it,
 * or that has no memory once: it goes on, and has all that comes behind.
 */
#include <errno.h>

#include "calls.h"
#include "base/log.h"
#include "tailtest.h"

CALL(void *, calloc, (size_t n, size_t size), (n, size), NULL)

static const char *const strange[] = {
    "-ERR no\r\n",
    "-\r\n",
    "+OK\r\n",
    ":5\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    "$3\r\nabc\r\n",
    "*1\r\n*0\r\n",
    "*1\r\n*-1\r\n",
    "*1\r\n:1\r\n",
    "*1\r\n$3\r\nabc\r\n",
    "*2\r\n*0\r\n*0\r\n",
    "*2\r\n:1\r\n$1\r\n1\r\n",
    "*2\r\n$1\r\n1\r\n:1\r\n",
    "*2\r\n$0\r\n\r\n$0\r\n\r\n",
    "*2\r\n$16\r\n1234567890123456\r\n$1\r\n1\r\n",
    "*1\r\n$1\r\n1\r\n",
    /* Of XREAD: no entries, one without an id, one without fields. */
    "*1\r\n*1\r\n$1\r\nk\r\n",
    "*1\r\n*2\r\n$1\r\nk\r\n$1\r\nx\r\n",
    "*1\r\n*2\r\n$1\r\nk\r\n*0\r\n",
    "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*0\r\n",
    "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\nx\r\n*0\r\n",
    "*1\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$3\r\n0-1\r\n*0\r\n",
    /* The same of XREVRANGE. */
    "*1\r\n*2\r\n$1\r\nx\r\n*0\r\n",
    "*1\r\n*2\r\n$3\r\n0-1\r\n*0\r\n",
    "*1\r\n*2\r\n$3\r\n0-0\r\n*0\r\n",
    "*1\r\n*1\r\n$3\r\n0-1\r\n",
    "*1\r\n*2\r\n$3\r\n0-1\r\n*-1\r\n",
    "*2\r\n*2\r\n$3\r\n0-1\r\n*0\r\n*2\r\n$3\r\n0-2\r\n*0\r\n",
    /* Of XINFO. */
    "*1\r\n$17\r\nlast-generated-id\r\n",
    "*2\r\n$17\r\nlast-generated-id\r\n:5\r\n",
    "*2\r\n$17\r\nlast-generated-id\r\n$1\r\nx\r\n",
    "*2\r\n$6\r\nlength\r\n:5\r\n",
};

/* Commands that the server has done; to the nth it says this instead. */
static unsigned long done, nth;
static const char *instead;

static bool
is_otherwise(void)
{
	done++;
	return instead != NULL && done == nth;
}

static bool
serve_one(struct fake *f)
{
	struct text_bytes said = {0};

	if (!key_command(f->key, f->command[f->done].n,
		f->command[f->done].word, &said))
		return false; /* it waits */
	if (is_otherwise())
		put(&f->in, instead, strlen(instead));
	else
		put(&f->in, said.p, said.len);
	free(said.p);
	f->done++;
	return true;
}

/* The connection is made if need be; some turns. */
static void
run(unsigned turns)
{
	struct fake *f = one->fake;

	for (; turns > 0; turns--) {
		if (one->tail.link.state == LINK_WAITING)
			fake_up(f);
		while (f->done < f->n && serve_one(f))
			continue;
		(void)fake_feed(f, SIZE_MAX, 4096);
		(void)ev_run(loop, EVRUN_NOWAIT);
		turn_ends(one);
	}
}

/* XREAD has waited for nothing, so often. */
static void
wait_for_nothing(unsigned times)
{
	for (; times > 0; times--) {
		now += 1;
		if (one->fake->done < one->fake->n) {
			if (is_otherwise())
				put(&one->fake->in, instead, strlen(instead));
			else
				put(&one->fake->in, "*-1\r\n", 5);
			one->fake->done++;
		}
		run(4);
	}
}

/*
 * A start, events, the newest of them gone, a stream that is deleted and begun
 * anew: all commands that there are.
 */
static void
live(void)
{
	run(8);
	happen("ab");
	run(4);
	view("ab");
	key_cut(&key, key.n - 1, 1);
	wait_for_nothing(4);
	happen("a");
	run(4);
	key_delete(&key);
	wait_for_nothing(4);
	happen("b");
	run(8);
}

/* Behind it all is as ever, but for what may be told to be lost. */
static void
check(void)
{
	const char *shown;
	char last[8];

	instead = NULL;
	(void)calls_failed();
	process_runs(one);
	(void)viewer_shows(&viewer);
	now += 100;
	happen("a");
	process_runs(one);
	(void)snprintf(last, sizeof(last), "a%lu", (unsigned long)key.ms);
	shown = viewer_shows(&viewer);
	if (strstr(shown, last) == NULL)
		fail_msg("%s is not in %s", last, shown);
	viewer_closes(&viewer);
	key_free(&key);
	key = (struct streamkey){.ms = 0};
	done = 0;
}

static void
no_answer_is_an_end(void **state)
{
	unsigned long commands;
	size_t row;

	(void)state;
	happen("aba");
	begin_again();
	live();
	commands = done;
	check();
	assert_in_range(commands, 20, 200);
	for (nth = 1; nth <= commands; nth++)
		for (row = 0; row < LENGTH(strange); row++) {
			happen("aba");
			begin_again();
			instead = strange[row];
			live();
			check();
		}
}

static void
no_allocation_that_fails_is_an_end(void **state)
{
	unsigned long n;
	bool came = true;

	(void)state;
	for (n = 1; came; n++) {
		happen("aba");
		begin_again();
		calls_fail(n, false, ENOMEM);
		run(8);
		happen("ab");
		run(4);
		came = calls_failed();
		view("ab");
		check();
	}
	assert_true(n > 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(no_answer_is_an_end),
	    TEST(no_allocation_that_fails_is_an_end),
	};

	(void)log_open("/dev/null", false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
