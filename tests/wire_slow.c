/* SPDX-License-Identifier: ISC */
/*
 * Streams whose readers take nothing: each costs a cursor, however much is
 * published meanwhile, and what they were being sent stays within the budget.
 *
 * Resident memory means something only without sanitizers: with PLAIN in the
 * environment it is that program, and not PROGRAM, whose memory is looked at.
 */
#include "unit.h"

#include <sys/resource.h>

#include <stdbool.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "world.h"

#define MANY	   10000
#define RESERVE	   200		  /* descriptors that are not for streams */
#define IN_KERNEL  (300 * 1024UL) /* bytes that a full socket takes there */
#define GROWTH_MAX (64 * 1024 * 1024)
#define EVENTS	   200

static const char *program;
static char big[8000];

static int
start_plain(void **state)
{
	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	program = getenv("PROGRAM");
	if (getenv("PLAIN") != NULL)
		(void)setenv("PROGRAM", getenv("PLAIN"), 1);
	return world_start_with((const char *[]){"--stall", "3600", NULL});
}

static int
stop_plain(void **state)
{
	if (program != NULL)
		(void)setenv("PROGRAM", program, 1);
	return world_stop(state);
}

/* A figure from a file of /proc, in bytes; the file says kB. */
static unsigned long
proc_bytes(const char *path, const char *name)
{
	char line[256];
	unsigned long kb = 0;
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	while (kb == 0 && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kb = strtoul(line + strlen(name), NULL, 10);
	(void)fclose(f);
	return kb * 1024;
}

static unsigned long
resident(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%ld/status",
	    (long)world.r.pid);
	return proc_bytes(path, "VmRSS:");
}

/* As many as descriptors, memory and patience allow. */
static unsigned
how_many(void)
{
	unsigned long n = MANY, room;
	struct rlimit rl;

	if (slow(1) > 1)
		n = 200;
	else if (getenv("PLAIN") == NULL)
		n = 2000;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &rl), 0);
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur != RLIM_INFINITY && n + RESERVE > rl.rlim_cur)
		n = rl.rlim_cur > 2 * RESERVE ? rl.rlim_cur - RESERVE : 100;
	room = proc_bytes("/proc/meminfo", "MemAvailable:") / 2 / IN_KERNEL;
	return (unsigned)(n < room ? n : room);
}

/* All that is published comes to the one who reads, at once. */
static void
publish_many(struct subscriber *reader)
{
	int i;

	for (i = 0; i < EVENTS; i++) {
		publish(&world.r, &world.c,
		    checker_event(&world.c, "news", NULL, big));
		assert_true(
		    subscriber_until_number(reader, world.c.events - 1));
	}
	subscriber_check(reader, true);
	assert_int_equal(reader->page.gaps, 0);
}

static void
open_stalled(struct front *stalled, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		open_raw(&stalled[i], "channel=news", NULL, NULL);
	assert_true(status_until(&world.r, "\"streams\":", n + 2));
}

/* One that begins to read after all: it gets a gap and then the rest. */
static void
read_on(struct subscriber *s)
{
	assert_true(subscriber_until_number(s, world.c.events - 1));
	assert_int_equal(s->page.gaps, 1);
	subscriber_check(s, true);
}

static void
streams_that_take_nothing_cost_a_cursor(void **state)
{
	static struct front stalled[MANY];
	unsigned n = how_many(), i;
	struct subscriber reader, late;
	unsigned long before, after;

	(void)state;
	subscriber_begin(&reader, &world.c, "news");
	subscriber_connect(&reader, &world.r, NULL, NULL);
	subscriber_begin(&late, &world.c, "news");
	subscriber_connect(&late, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&reader) && subscriber_joined(&late));
	open_stalled(stalled, n);
	before = resident();
	publish_many(&reader);
	after = resident();
	print_message("%u streams: %lu KiB resident, and %lu KiB more\n", n,
	    before / 1024, after > before ? (after - before) / 1024 : 0);
	if (getenv("PLAIN") != NULL)
		assert_true(after < before + GROWTH_MAX);
	read_on(&late);
	for (i = 0; i < n; i++)
		front_close(&stalled[i]);
	assert_true(status_until(&world.r, "\"streams\":", 2));
	subscriber_end(&late);
	subscriber_end(&reader);
}

static int
start_with_little_memory(void **state)
{
	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	return world_start_with((const char *[]){"--history-bytes", "256K",
	    "--max-body", "64K", "--stall", "3600", NULL});
}

static void
publish_big(struct subscriber *reader, int n)
{
	int i;

	for (i = 0; i < n; i++)
		publish(&world.r, &world.c,
		    checker_event(&world.c, "news", NULL, big));
	assert_true(subscriber_until_number(reader, world.c.events - 1));
}

/*
 * A stream that begins with all that is held is cut off in the middle of an
 * event, which is kept for it alone once it has left the history.  The next
 * begins later, and so it is another event.
 */
static void
what_the_stalled_hold_is_within_the_budget(void **state)
{
	enum { SOME = 60 };
	static struct front stalled[SOME];
	struct subscriber reader;
	double bytes;
	int i;

	(void)state;
	subscriber_begin(&reader, &world.c, "news");
	subscriber_connect(&reader, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&reader));
	publish_big(&reader, 40);
	for (i = 0; i < SOME; i++) {
		open_raw(&stalled[i], "channel=news&history=100", NULL, NULL);
		publish_big(&reader, 2);
		bytes = status_figure(&world.r, ",\"bytes\":");
		assert_in_range(bytes, 1, 256 * 1024);
	}
	subscriber_check(&reader, true);
	assert_int_equal(reader.page.gaps, 0);
	assert_true(status_figure(&world.r, "\"stalled\":") > 10);
	for (i = 0; i < SOME; i++)
		front_close(&stalled[i]);
	subscriber_end(&reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		streams_that_take_nothing_cost_a_cursor, start_plain,
		stop_plain),
	    cmocka_unit_test_setup_teardown(
		what_the_stalled_hold_is_within_the_budget,
		start_with_little_memory, world_stop),
	};

	return cmocka_run_group_tests_name("slow readers", tests, NULL, NULL);
}
