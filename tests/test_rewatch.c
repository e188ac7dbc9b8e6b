/* SPDX-License-Identifier: ISC */
/*
 * The kernel refuses to watch anything, and then watches again.
 */
#include "unit.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/rewatch.h"

static bool refused;
static unsigned heard;

/* In place of the C library's, for libev too. */
int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (refused) {
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
	heard++;
}

/* It comes while the loop sleeps. */
static void
a_signal_comes(struct ev_loop *loop)
{
	pid_t test = getpid(), pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)usleep(50000);
		_exit(kill(test, SIGUSR1));
	}
	while (waitpid(pid, NULL, WNOHANG) == 0) /* libev waits for it, too */
		(void)ev_run(loop, EVRUN_ONCE);
	(void)ev_run(loop, EVRUN_NOWAIT);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

static void
signals_are_heard_again(void **state)
{
	struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
	ev_signal usr1;
	ev_timer timer;

	(void)state;
	assert_non_null(loop);
	ev_signal_init(&usr1, on_signal, SIGUSR1);
	ev_signal_start(loop, &usr1);
	ev_timer_init(&timer, on_timer, 0.02, 0.02);
	ev_timer_start(loop, &timer);
	(void)ev_run(loop, EVRUN_NOWAIT);
	a_signal_comes(loop);
	assert_int_equal(heard, 1);
	refused = true;
	ev_loop_fork(loop);
	(void)ev_run(loop, EVRUN_NOWAIT);
	assert_false(rewatch(loop)); /* nor would it have effect */
	refused = false;
	a_signal_comes(loop);
	assert_int_equal(heard, 1); /* it is lost */
	assert_true(rewatch(loop));
	(void)ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(heard, 2); /* and found */
	a_signal_comes(loop);
	assert_int_equal(heard, 3);
	ev_timer_stop(loop, &timer);
	ev_signal_stop(loop, &usr1);
	ev_loop_destroy(loop);
}

/* libev would end the process. */
static void
without_a_descriptor_it_waits(void **state)
{
	struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
	int last;
	struct rlimit all, few;
	ev_signal usr1;

	(void)state;
	assert_non_null(loop);
	ev_signal_init(&usr1, on_signal, SIGUSR1);
	ev_signal_start(loop, &usr1);
	(void)ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	last = dup(STDERR_FILENO);
	assert_true(last >= 0);
	few.rlim_cur = (rlim_t)last + 1; /* below it all are taken */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_false(rewatch(loop));
	(void)ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_true(rewatch(loop));
	(void)ev_run(loop, EVRUN_NOWAIT);
	heard = 0;
	assert_int_equal(raise(SIGUSR1), 0);
	(void)ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(heard, 1);
	(void)close(last);
	ev_signal_stop(loop, &usr1);
	ev_loop_destroy(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signals_are_heard_again),
	    cmocka_unit_test(without_a_descriptor_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
