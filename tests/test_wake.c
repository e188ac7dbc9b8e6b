/* SPDX-License-Identifier: ISC */
/*
 * A loop is woken: by threads, by itself, while the kernel refuses to write or
 * to watch.
 */
#include "unit.h"

#include <sys/resource.h>

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/wake.h"
#include "calls.h"
#include "watched.h"

#define WAKES 20000

CALL(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), -1)
CALL(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), -1)

static struct ev_loop *loop;
static struct wake wake;
static unsigned woken;

static void
on_wake(void *arg)
{
	assert_ptr_equal(arg, &wake);
	woken++;
}

static int
set_up(void **state)
{
	(void)state;
	loop = ev_loop_new(EVBACKEND_EPOLL);
	woken = 0;
	return loop == NULL ? -1 : wake_start(&wake, loop, on_wake, &wake);
}

static int
tear_down(void **state)
{
	(void)state;
	wake_stop(&wake);
	wake_close(&wake);
	ev_loop_destroy(loop);
	return 0;
}

static void
turn(void)
{
	(void)ev_run(loop, EVRUN_NOWAIT);
}

/* Until something comes, and no longer than that takes. */
static bool
sleeping_loop_is_woken(void)
{
	unsigned before = woken;
	ev_timer limit;

	ev_timer_init(&limit, on_tick, 30, 0);
	ev_timer_start(loop, &limit);
	while (woken == before && ev_is_active(&limit))
		(void)ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &limit);
	return woken > before;
}

static void
several_are_heard_once(void **state)
{
	struct pollfd readable = {.fd = wake.io.fd, .events = POLLIN};

	(void)state;
	turn();
	assert_int_equal(woken, 0);
	wake_send(&wake);
	wake_send(&wake);
	wake_send(&wake);
	assert_int_equal(woken, 0);
	turn();
	assert_int_equal(woken, 1);
	turn();
	assert_int_equal(woken, 1);
	assert_int_equal(poll(&readable, 1, 0), 0); /* nor is it turned again */
	wake_send(&wake);
	assert_true(sleeping_loop_is_woken());
	assert_int_equal(woken, 2);
}

/* A thread that sends, and waits now and then until that was heard. */
static struct {
	atomic_uint sent, heard;
	sem_t all;
} work;

static void
on_work(void *arg)
{
	unsigned sent = atomic_load(&work.sent);

	(void)arg;
	atomic_store(&work.heard, sent);
	if (sent < WAKES)
		return;
	(void)sem_post(&work.all);
	wake_stop(&wake);
}

static void *
send_all(void *arg)
{
	uint32_t seed = 7;
	unsigned i;

	(void)arg;
	for (i = 1; i <= WAKES; i++) {
		atomic_store(&work.sent, i);
		wake_send(&wake);
		while (chance(&seed) % 4 != 0 && atomic_load(&work.heard) < i)
			(void)sched_yield();
	}
	return NULL;
}

static void
on_limit(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(l, EVBREAK_ALL);
}

static void
no_thread_wakes_it_in_vain(void **state)
{
	pthread_t thread;
	ev_timer limit;

	(void)state;
	assert_int_equal(sem_init(&work.all, 0, 0), 0);
	wake.woken = on_work;
	ev_timer_init(&limit, on_limit, 300, 0);
	ev_timer_start(loop, &limit);
	ev_unref(loop);
	assert_int_equal(thread_start(&thread, 1UL << 18, send_all, NULL), 0);
	(void)ev_run(loop, 0);
	assert_true(ev_is_active(&limit));
	assert_int_equal(sem_trywait(&work.all), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ev_ref(loop);
	ev_timer_stop(loop, &limit);
	(void)sem_destroy(&work.all);
}

/* In the same turn, when its flag was looked at but its bytes were not read. */
static void
on_between(struct ev_loop *l, ev_check *w, int revents)
{
	(void)revents;
	assert_int_equal(woken, 1);
	wake_send(&wake);
	ev_check_stop(l, w);
}

static void
what_comes_while_it_reads_is_heard(void **state)
{
	ev_check between;

	(void)state;
	/* libev has those that began last go first. */
	ev_check_stop(loop, &wake.turned);
	ev_check_init(&between, on_between);
	ev_check_start(loop, &between);
	ev_check_start(loop, &wake.turned);
	wake_send(&wake);
	turn();
	assert_false(ev_is_active(&between));
	assert_int_equal(woken, 2);
	turn();
	assert_int_equal(woken, 2);
}

static void
what_is_not_written_is_heard_in_the_next_turn(void **state)
{
	(void)state;
	calls_fail(1, false, ENOSPC);
	errno = EDOM;
	wake_send(&wake);
	assert_int_equal(errno, EDOM); /* a handler may have come in between */
	assert_true(calls_failed());
	turn();
	assert_int_equal(woken, 1);
	wake_send(&wake);
	assert_true(sleeping_loop_is_woken());
}

static void
a_write_that_is_interrupted_is_done(void **state)
{
	(void)state;
	calls_fail(1, false, EINTR);
	wake_send(&wake);
	assert_true(calls_failed());
	assert_true(sleeping_loop_is_woken());
}

static void
a_read_that_is_interrupted_is_done(void **state)
{
	struct pollfd readable = {.fd = wake.io.fd, .events = POLLIN};

	(void)state;
	calls_fail(2, false, EINTR);
	wake_send(&wake);
	turn();
	assert_true(calls_failed());
	assert_int_equal(woken, 1);
	assert_int_equal(poll(&readable, 1, 0), 0);
}

/* It is watched again as soon as it can be, and not tried all the time. */
static void
what_is_not_watched_is_heard_late(void **state)
{
	ev_timer timer;
	unsigned i;

	(void)state;
	turn();
	refused = true;
	ev_loop_fork(loop);
	asked = 0;
	turn();
	ev_timer_init(&timer, on_tick, 0.01, 0.01);
	ev_timer_start(loop, &timer);
	for (i = 0; i < 10; i++) {
		wake_send(&wake);
		assert_true(sleeping_loop_is_woken());
		assert_int_equal(woken, i + 1);
	}
	assert_in_range(asked, 2, 12);
	refused = false;
	(void)ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &timer);
	wake_send(&wake);
	assert_true(sleeping_loop_is_woken());
}

static void
on_last(void *arg)
{
	struct wake *w = arg;

	wake_stop(w);
	wake_close(w);
	free(w);
}

static void
who_is_woken_may_free_it(void **state)
{
	struct wake *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	assert_int_equal(wake_start(w, loop, on_last, w), 0);
	wake_send(w);
	turn();
	wake_send(&wake);
	turn();
	assert_int_equal(woken, 1);
}

static void
what_is_stopped_is_not_waited_for(void **state)
{
	(void)state;
	wake_send(&wake);
	wake_stop(&wake);
	assert_int_equal(ev_run(loop, 0), 0);
	wake_send(&wake);
	assert_int_equal(ev_run(loop, 0), 0);
	assert_int_equal(woken, 0);
}

static void
without_a_descriptor_there_is_none(void **state)
{
	struct rlimit all, few;
	struct wake none;
	int last = dup(STDERR_FILENO);

	(void)state;
	assert_true(last >= 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = (rlim_t)last + 1; /* below it all are taken */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(wake_start(&none, loop, on_wake, &none), -1);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	(void)close(last);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(several_are_heard_once),
	    TEST(no_thread_wakes_it_in_vain),
	    TEST(what_comes_while_it_reads_is_heard),
	    TEST(what_is_not_written_is_heard_in_the_next_turn),
	    TEST(a_write_that_is_interrupted_is_done),
	    TEST(a_read_that_is_interrupted_is_done),
	    TEST(what_is_not_watched_is_heard_late),
	    TEST(who_is_woken_may_free_it),
	    TEST(what_is_stopped_is_not_waited_for),
	    TEST(without_a_descriptor_there_is_none),
	};

	return cmocka_run_group_tests_name("wake", tests, NULL, NULL);
}
