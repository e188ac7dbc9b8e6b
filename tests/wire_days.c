/* SPDX-License-Identifier: ISC */
/*
 * Bad days: the process stands still, its clocks are set, signals come by the
 * thousand, there are no descriptors.
 *
 * Of a log that nobody reads, that is full or at its limit, and of what stands
 * in it, test_log.c and wire_life.c; of a disk that is full wire_disk.c; of
 * streams when there are no descriptors wire_limits.c.
 *
 * STOPPED= seconds of standing still, STORM= seconds of signals.
 */
#include "unit.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "clocks.h"
#include "mapped.h"
#include "rounds.h"
#include "stored.h"

#define YEAR 31556952.0

/* --- Standing still. */

static void
open_clock(struct front *f)
{
	assert_true(front_connect(f, world.r.address));
	assert_true(front_get(f));
	assert_true(front_until_text(f, "id: 1\n", PATIENCE));
}

static void
read_for(struct front *f, double seconds)
{
	double end = front_now() + seconds, left;

	while ((left = end - front_now()) > 0)
		(void)front_read(f, (int)(left * 1e3) + 1);
}

/* One tick is for all that was missed, and nobody is taken to be gone. */
static void
what_stood_still_catches_up_in_one_tick(void **state)
{
	double stopped = number_from("STOPPED", 3), t;
	struct front clock, channel;
	unsigned ticks, beats;

	(void)state;
	(void)world_start_with((const char *[]){"--interval", "0.1",
	    "--heartbeat", "1", "--stall", "1", NULL});
	open_clock(&clock);
	open_raw(&channel, "channel=a", NULL, NULL);
	assert_comes(&channel, "event: position\n");
	assert_int_equal(kill(world.r.pid, SIGSTOP), 0);
	(void)poll(NULL, 0, (int)(stopped * 1e3));
	while (front_read(&clock, 0) || front_read(&channel, 0))
		continue;
	ticks = front_count(&clock, "data: ");
	beats = front_count(&channel, "event: position\n");
	t = front_now();
	assert_int_equal(kill(world.r.pid, SIGCONT), 0);
	read_for(&clock, 0.5);
	(void)front_read(&channel, 0);
	t = front_now() - t;
	ticks = front_count(&clock, "data: ") - ticks;
	beats = front_count(&channel, "event: position\n") - beats;
	assert_in_range(ticks, 1, (unsigned)(t / 0.1) + 2);
	assert_in_range(beats, 0, (unsigned)t + 2);
	assert_false(clock.closed || channel.closed);
	publish_some("a", 1);
	assert_comes(&channel, "data: a ");
	front_close(&clock);
	front_close(&channel);
	(void)world_stop(NULL);
}

/* --- Clocks. */

static struct clocks *clocks;
static char path[64];

/* The program that is started next has them. */
static void
clocks_begin(double wall, double monotonic)
{
	(void)snprintf(path, sizeof(path), "/tmp/sse-fcgi-clocks-%ld",
	    (long)getpid());
	clocks = mapped_open(path, O_CREAT, sizeof(*clocks));
	assert_non_null(clocks);
	clocks->wall = wall;
	clocks->monotonic = monotonic;
	(void)setenv("CLOCKS", path, 1);
	(void)setenv("LD_PRELOAD", "build/tests/clocks.so", 1);
	(void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
}

static void
clocks_end(void)
{
	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("ASAN_OPTIONS");
	(void)unsetenv("CLOCKS");
	(void)munmap(clocks, sizeof(*clocks));
	(void)unlink(path);
}

/* A sweep is a second at most: one has been since. */
static void
some_sweeps(void)
{
	(void)poll(NULL, 0, 1500);
}

static double
until_2038(void)
{
	return 2147483647.0 - (double)time(NULL);
}

/*
 * Ids go on, nobody lacks anything, and the tickets of the rounds, which are
 * good for a day, are so where the wall's clock says it.
 */
static void
the_wall_s_clock_may_be_set(void **state)
{
	const double set[] = {YEAR, -YEAR, until_2038() - 1, until_2038() + 2,
	    40 * YEAR, 0};
	/* Where time_t ends in 2038 nothing goes on behind that. */
	size_t n = sizeof(time_t) > 4 ? LENGTH(set) : 2, i;
	double was = 0;

	(void)state;
	clocks_begin(0, 0);
	rounds_begin((const char *[]){"--history-age", "60", NULL});
	for (i = 0; i < n; i++) {
		rounds_go();
		rounds_settle();
		clocks->wall = set[i];
		assert_int_equal(rounds_ask(),
		    set[i] > was + 86400 ? 401 : 200);
		was = set[i];
		rounds_ticket(was);
		rounds_go();
		some_sweeps();
		rounds_go();
		rounds_settle();
	}
	rounds_end();
	assert_int_equal(rounds_tally.gaps, 0);
	clocks_end();
}

/* With a store it is another process that has another time. */
static void
a_process_may_come_in_another_time(void **state)
{
	const double set[] = {YEAR, -YEAR, until_2038() + 2, 0};
	bool had = getenv("STORE") != NULL;
	size_t n = sizeof(time_t) > 4 ? LENGTH(set) : 2, i;

	(void)state;
	if (getenv("SHARED") != NULL)
		skip();
	(void)setenv("STORE", "1", 1);
	clocks_begin(0, 0);
	rounds_begin((const char *[]){"--history-age", "0", NULL});
	for (i = 0; i < n; i++) {
		rounds_go();
		rounds_settle();
		clocks->wall = set[i];
		rounds_ticket(set[i]);
		rounds_again(SIGTERM);
		rounds_settle();
	}
	rounds_end();
	assert_int_equal(rounds_tally.gaps, 0);
	clocks_end();
	if (!had)
		(void)unsetenv("STORE");
}

/* 49.7 days after the machine's start; and after 2^31 seconds. */
static void
the_monotonic_clock_may_pass_2_to_the_32_ms(void **state)
{
	static const double passes[] = {4294967.296, 2147483648.0};
	size_t i;
	double end;

	(void)state;
	for (i = 0; i < LENGTH(passes); i++) {
		clocks_begin(0, passes[i] - front_now() - 2);
		rounds_begin(NULL);
		for (end = front_now() + 4; front_now() < end;) {
			rounds_go();
			rounds_settle();
		}
		rounds_end();
		assert_int_equal(rounds_tally.gaps, 0);
		assert_int_equal(rounds_tally.connections,
		    0); /* nobody was thrown out */
		clocks_end();
	}
}

/* --- Signals. */

/*
 * A thousand a second of those that end nothing, and at last SIGTERM.  Whoever
 * looks for leaks at the end is stopped by each of them, and comes to no end.
 */
static void
signals_by_the_thousand_harm_nobody(void **state)
{
	static const int some[] = {SIGHUP, SIGPIPE, SIGCHLD, SIGWINCH, SIGURG,
	    SIGCONT, SIGXFSZ, SIGTTOU};
	double begun, end;
	unsigned long n = 0;
	pid_t storm, program;

	(void)state;
	(void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	rounds_begin(NULL);
	(void)unsetenv("ASAN_OPTIONS");
	program = world.r.pid;
	end = front_now() + number_from("STORM", 2);
	begun = front_now();
	storm = fork();
	assert_int_not_equal(storm, -1);
	for (; storm == 0 && kill(program, 0) == 0; n++) {
		(void)kill(program, some[n % LENGTH(some)]);
		while ((double)n > (front_now() - begun) * 1000)
			(void)poll(NULL, 0, 1);
	}
	if (storm == 0)
		_exit(0);
	while (front_now() < end) {
		rounds_go();
		rounds_settle();
	}
	assert_true(status_figure(&world.r, "\"waves_failed\":") == 0);
	rounds_end(); /* by SIGTERM in the midst of it */
	(void)kill(storm, SIGKILL);
	assert_int_equal(waitpid(storm, NULL, 0), storm);
	assert_int_equal(rounds_tally.unanswered, 0);
	assert_int_equal(rounds_tally.connections, 0);
}

/* --- Descriptors. */

static double
cpu_of(pid_t pid)
{
	unsigned long user, system;
	char name[40], text[600], *p;
	FILE *f;

	(void)snprintf(name, sizeof(name), "/proc/%ld/stat", (long)pid);
	f = fopen(name, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	p = strrchr(text, ')');
	assert_non_null(p);
	assert_int_equal(sscanf(p + 2,
			     "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			     "%lu %lu",
			     &user, &system),
	    2);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Those who wait cost nothing: it is not tried again and again. */
static void
without_descriptors_it_rests(void **state)
{
	enum { MANY = 264, HELD = 64 };
	static struct front f[MANY];
	double t, begun, cpu, share = 1;
	unsigned i;

	(void)state;
	if (slow(1) > 1 || getenv("STORE") != NULL || getenv("SHARED") != NULL)
		skip();
	responder_start(&world.r, HELD,
	    (const char *[]){"--max-streams", "1000", "--interval", "3600",
		NULL});
	begun = front_now();
	for (i = 0; i < MANY; i++) {
		assert_true(front_connect(&f[i], world.r.address));
		assert_true(front_get(&f[i]));
	}
	assert_true(
	    responder_until_logged(&world.r, "accepting pauses", 1, PATIENCE));
	for (i = 0; i < TRIES && share > 0.02; i++) {
		t = front_now();
		cpu = cpu_of(world.r.pid);
		(void)poll(NULL, 0, 3000);
		share = (cpu_of(world.r.pid) - cpu) / (front_now() - t);
	}
	print_message("%.1f %% of a CPU\n", share * 100);
	assert_true(share <= 0.02);
	for (i = 0; i < MANY; i++)
		front_close(&f[i]);
	assert_true(status_figure(&world.r, "\"accept_pauses\":") <=
		    (front_now() - begun) * 10 + 1);
	(void)world_stop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_stood_still_catches_up_in_one_tick),
	    cmocka_unit_test(the_wall_s_clock_may_be_set),
	    cmocka_unit_test(a_process_may_come_in_another_time),
	    cmocka_unit_test(the_monotonic_clock_may_pass_2_to_the_32_ms),
	    cmocka_unit_test(signals_by_the_thousand_harm_nobody),
	    cmocka_unit_test(without_descriptors_it_rests),
	};

	return cmocka_run_group_tests_name("days", tests, NULL, NULL);
}
