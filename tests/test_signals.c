/* SPDX-License-Identifier: ISC */
/*
 * Signals come to a loop: one by one, held, by the thousand.
 */
#include "unit.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/signals.h"

#define STORM 5000

static const int numbers[] = {SIGUSR1, SIGUSR2, SIGHUP};

static struct ev_loop *loop;
static struct signals signals;
static unsigned came[65];

static void
on_signal(void *arg, int number)
{
	assert_ptr_equal(arg, &signals);
	came[number]++;
	if (number == SIGUSR2)
		ev_break(loop, EVBREAK_ALL);
}

static int
begin(void)
{
	memset(came, 0, sizeof(came));
	return signals_start(&signals, loop, numbers, LENGTH(numbers),
	    on_signal, &signals);
}

static int
set_up(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	return loop == NULL ? -1 : begin();
}

static int
tear_down(void **state)
{
	(void)state;
	signals_stop(&signals);
	ev_loop_destroy(loop);
	return 0;
}

static void
turn(void)
{
	(void)ev_run(loop, EVRUN_NOWAIT);
}

static void
each_is_told_by_its_number_and_once(void **state)
{
	(void)state;
	turn();
	(void)raise(SIGHUP);
	(void)raise(SIGUSR1);
	(void)raise(SIGHUP);
	assert_int_equal(came[SIGHUP], 0);
	turn();
	assert_int_equal(came[SIGHUP], 1);
	assert_int_equal(came[SIGUSR1], 1);
	assert_int_equal(came[SIGUSR2], 0);
	(void)raise(SIGHUP);
	turn();
	turn();
	assert_int_equal(came[SIGHUP], 2);
	assert_int_equal(came[SIGUSR1], 1);
}

static void
what_is_held_comes_afterwards(void **state)
{
	sigset_t set;

	(void)state;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)raise(SIGHUP);
	turn();
	assert_int_equal(came[SIGHUP], 0);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	turn();
	assert_int_equal(came[SIGHUP], 1);
}

/* The loop sleeps, is about to, wakes up, is amid another signal. */
static void
of_many_the_last_is_heard(void **state)
{
	pid_t test = getpid(), pid = fork();
	int i, status;

	(void)state;
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		for (i = 0; i < STORM; i++)
			(void)kill(test, i % 2 == 0 ? SIGUSR1 : SIGHUP);
		_exit(kill(test, SIGUSR2));
	}
	(void)ev_run(loop, 0); /* until that one */
	assert_int_equal(came[SIGUSR2], 1);
	assert_in_range(came[SIGUSR1], 1, STORM / 2);
	assert_in_range(came[SIGHUP], 1, STORM / 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
after_the_end_they_are_ignored(void **state)
{
	(void)state;
	signals_stop(&signals);
	(void)raise(SIGUSR1);
	assert_int_equal(ev_run(loop, 0), 0); /* and not waited for */
	assert_int_equal(came[SIGUSR1], 0);
	assert_int_equal(begin(), 0);
	(void)raise(SIGUSR1);
	turn();
	assert_int_equal(came[SIGUSR1], 1);
}

static void
without_a_descriptor_they_are_not_heard(void **state)
{
	struct rlimit all, few;
	int last;

	(void)state;
	signals_stop(&signals);
	last = dup(STDERR_FILENO);
	assert_true(last >= 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = (rlim_t)last + 1; /* below it all are taken */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(begin(), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	(void)raise(SIGUSR1); /* ignored as before */
	(void)close(last);
	assert_int_equal(begin(), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_is_told_by_its_number_and_once),
	    TEST(what_is_held_comes_afterwards),
	    TEST(of_many_the_last_is_heard),
	    TEST(after_the_end_they_are_ignored),
	    TEST(without_a_descriptor_they_are_not_heard),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
