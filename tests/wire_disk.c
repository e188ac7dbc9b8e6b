/* SPDX-License-Identifier: ISC */
/*
 * With --store on a disk that is slow, hangs, is full or fails, and a file that
 * goes away: publications wait or are refused, all else goes on, and when it is
 * over it is over by itself.
 */
#define _GNU_SOURCE /* for prlimit */
#include "unit.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <signal.h>
#include <stdbool.h>

#include "post.h"
#include "responder.h"
#include "stored.h"
#include "subscriber.h"

/* Nothing of it is there, or nobody knows, and the reason is said. */
static void
refused_publication(int status, const char *why)
{
	struct front f;
	unsigned number = checker_event(&world.c, "a", NULL, "refused");
	struct post p = {.query = "channel=a",
	    .body = world.c.event[number].data,
	    .len = world.c.event[number].len};

	checker_sent(&world.c, number, 1);
	post(&f, &world.r, &p);
	assert_refusal(&f, status);
	if (strstr(answer_text(&f), why) == NULL)
		fail_msg("not %s, but: %s", why, answer_text(&f));
	assert_int_equal(strstr(f.text, "\r\nRetry-After: ") != NULL,
	    status == 503);
	checker_refused(&world.c, number); /* as soon as it is up again */
	front_close(&f);
}

/*
 * While it is down there is all that does not need it, and when it is up again
 * nothing is missing.
 */
static void
goes_down_and_up(void (*down)(void), void (*up)(void), int status,
    const char *why)
{
	struct subscriber s;
	struct front clock, f;
	int i;

	stored_read(&s, "a", NULL);
	publish_some("a", 3);
	assert_true(subscriber_until(&s, 3));
	assert_true(front_connect(&clock, world.r.address));
	assert_true(front_get(&clock));
	assert_comes(&clock, "data: Message: 1 ");
	down();
	refused_publication(status, status == 503 ? why : "");
	for (i = 0; i < 2; i++)
		refused_publication(503, why);
	FIGURE(UP, 0);
	FIGURE("\"queue\":", 0);
	assert_true(status_figure(&world.r, "\"failures\":") >= 1);
	assert_int_equal(responder_logged(&world.r,
			     "publications are refused until that is over"),
	    1);
	open_raw(&f, "channel=a&history=3", NULL, NULL);
	assert_comes(&f, "data: a 2 some\n");
	front_close(&f);
	assert_comes(&clock, "data: Message: 4 ");
	front_close(&clock);
	assert_false(s.f.closed);
	FIGURE(UP, 0);
	up();
	assert_true(status_until(&world.r, UP, 1));
	assert_int_equal(responder_logged(&world.r, "it can be written again"),
	    1);
	publish_some("a", 1);
	stored_check(&s);
	stored_restart(NULL);
	subscriber_again(&s, &world.r, NULL);
	publish_some("a", 1);
	stored_check(&s);
	stored_check_all("a");
	subscriber_end(&s);
}

static void
move_away(void)
{
	assert_int_equal(rename(stored_file("events.db"), stored_file("away")),
	    0);
}

static void
move_back(void)
{
	assert_int_equal(rename(stored_file("away"), stored_file("events.db")),
	    0);
}

static void
a_file_that_is_moved_away_and_back(void **state)
{
	(void)state;
	goes_down_and_up(move_away, move_back, 503,
	    "the file was moved or deleted");
}

static void
move_log_away(void)
{
	assert_int_equal(rename(stored_file("events.db-wal"),
			     stored_file("away")),
	    0);
}

static void
move_log_back(void)
{
	assert_int_equal(rename(stored_file("away"),
			     stored_file("events.db-wal")),
	    0);
}

static void
a_write_ahead_log_that_is_moved_away_and_back(void **state)
{
	(void)state;
	goes_down_and_up(move_log_away, move_log_back, 503,
	    "the file was moved or deleted");
}

/* How large the process's files may become: no larger, or what it may be. */
static void
limit_files(bool full)
{
	struct rlimit rl;
	struct stat st;

	assert_int_equal(prlimit(world.r.pid, RLIMIT_FSIZE, NULL, &rl), 0);
	assert_int_equal(stat(stored_file("events.db-wal"), &st), 0);
	rl.rlim_cur = full ? (rlim_t)st.st_size : rl.rlim_max;
	assert_int_equal(prlimit(world.r.pid, RLIMIT_FSIZE, &rl, NULL), 0);
}

static void
fill(void)
{
	limit_files(true);
}

static void
make_room(void)
{
	limit_files(false);
}

static void
a_file_that_may_not_grow(void **state)
{
	(void)state;
	goes_down_and_up(fill, make_room, 503, "the store cannot be written: ");
}

static void
disk_is_full(void)
{
	disk_does("write ENOSPC");
}

static void
disk_takes_no_write(void)
{
	disk_does("write EIO");
}

static void
disk_takes_no_sync(void)
{
	disk_does("sync EIO");
}

static int
start_on_a_slow_disk(void **state)
{
	disk_begin();
	return stored_start(state);
}

/* A process that does not end its thread; see harness/valgrind. */
static int
start_to_be_left(void **state)
{
	(void)setenv("LEAKS", "no", 1);
	(void)start_on_a_slow_disk(state);
	return unsetenv("LEAKS");
}

static int
stop_on_a_slow_disk(void **state)
{
	disk_works();
	disk_end();
	return world_stop(state);
}

static void
a_disk_that_is_full_gets_room(void **state)
{
	(void)state;
	goes_down_and_up(disk_is_full, disk_works, 503,
	    "database or disk is full");
}

static void
a_disk_that_fails_works_again(void **state)
{
	(void)state;
	goes_down_and_up(disk_takes_no_write, disk_works, 503,
	    "disk I/O error");
}

/* All of it was written, and may be there after a crash: nobody knows. */
static void
a_disk_that_does_not_sync_works_again(void **state)
{
	(void)state;
	goes_down_and_up(disk_takes_no_sync, disk_works, 504, "disk I/O error");
}

/* Sends a publication, whose answer somebody else awaits. */
static void
begin_publication(struct front *f, unsigned number)
{
	struct post p = {.query = "channel=a",
	    .body = world.c.event[number].data,
	    .len = world.c.event[number].len};

	checker_sent(&world.c, number, 1);
	assert_true(front_connect(f, world.r.address));
	assert_true(post_head(f, 0, &p) && post_body(f, &p));
}

static void
end_publication(struct front *f, unsigned number)
{
	char id[48];

	assert_true(front_until_end(f, PATIENCE));
	assert_int_equal(answer_status(f), 200);
	answer_id(f, id);
	checker_acknowledged(&world.c, number, id);
	front_close(f);
}

/* Those who publish wait, and nobody else does. */
static void
a_disk_that_hangs_keeps_publishers_alone(const char *how)
{
	enum { PUBLISHERS = 40 };
	static struct front f[PUBLISHERS];
	unsigned first = world.c.events, i;
	struct front clock, reader;
	struct subscriber s;

	stored_read(&s, "a", NULL);
	assert_true(front_connect(&clock, world.r.address));
	assert_true(front_get(&clock));
	assert_comes(&clock, "data: Message: 1 ");
	disk_does(how);
	for (i = 0; i < PUBLISHERS; i++) {
		(void)checker_event(&world.c, "a", NULL, "waits");
		begin_publication(&f[i], first + i);
	}
	assert_true(status_until(&world.r, "\"queue\":", PUBLISHERS));
	assert_comes(&clock, "data: Message: 5 ");
	open_raw(&reader, "channel=a&history=5", NULL, NULL);
	assert_comes(&reader, "event: position\n");
	assert_int_equal(front_count(&reader, "waits"), 0);
	front_close(&reader);
	while (subscriber_read(&s, 0))
		continue;
	assert_int_equal(s.page.events, 0);
	for (i = 0; i < PUBLISHERS; i++)
		assert_false(front_read(&f[i], 0));
	disk_works();
	for (i = 0; i < PUBLISHERS; i++)
		end_publication(&f[i], first + i);
	assert_true(subscriber_until(&s, PUBLISHERS)); /* in any order */
	assert_int_equal(s.page.gaps, 0);
	subscriber_check(&s, true);
	FIGURE(UP, 1);
	FIGURE("\"failures\":", 0);
	assert_true(status_figure(&world.r, "\"commits\":") < PUBLISHERS);
	subscriber_end(&s);
	front_close(&clock);
}

static void
a_sync_that_hangs_keeps_publishers_alone(void **state)
{
	(void)state;
	a_disk_that_hangs_keeps_publishers_alone("sync hang");
}

static void
a_write_that_hangs_keeps_publishers_alone(void **state)
{
	(void)state;
	a_disk_that_hangs_keeps_publishers_alone("write hang");
}

/*
 * The longest turn while publications take long, one behind the other; it began
 * on such a disk, too.
 */
static double
lag_of_the_loop(void)
{
	double lag, began;
	struct subscriber s;
	int i;

	stored_read(&s, "a", NULL);
	began = front_now();
	for (i = 0; i < 4; i++)
		publish_some("a", 1);
	assert_true(front_now() - began > 0.4);
	disk_works();
	stored_check(&s);
	lag = status_figure(&world.r, "\"loop_lag\":");
	subscriber_end(&s);
	return lag;
}

/* In a plain process, a new one each time. */
static void
the_loop_does_not_wait_for_the_disk(void **state)
{
	const char *program = getenv("PROGRAM"), *plain = getenv("PLAIN");
	double lag = 1, one;
	int i;

	if (slow(1) > 1)
		skip(); /* that tells how slow the tool is */
	if (plain != NULL)
		(void)setenv("PROGRAM", plain, 1);
	for (i = 0; i < TRIES && lag > 0.005; i++) {
		disk_does("sync 100");
		assert_int_equal(start_on_a_slow_disk(state), 0);
		one = lag_of_the_loop();
		lag = one < lag ? one : lag;
		assert_int_equal(stop_on_a_slow_disk(state), 0);
	}
	if (plain != NULL)
		(void)setenv("PROGRAM", program, 1);
	print_message("the longest turn: %g ms\n", lag * 1e3);
	if (lag > 0.005)
		fail_msg("a turn of the loop took %g s", lag);
}

/* Nobody waits for ever: who publishes is told that nobody knows. */
static void
a_disk_that_hangs_does_not_keep_the_process(void **state)
{
	unsigned first = checker_event(&world.c, "a", NULL, "hangs"),
		 second = checker_event(&world.c, "a", NULL, "waits");
	struct front one, two;

	(void)state;
	publish_some("a", 1);
	disk_does("sync hang");
	begin_publication(&one, first);
	assert_true(status_until(&world.r, "\"queue\":", 1));
	begin_publication(&two, second);
	assert_true(status_until(&world.r, "\"queue\":", 2));
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	assert_true(front_until_end(&one, PATIENCE));
	assert_true(front_until_end(&two, PATIENCE));
	assert_int_equal(answer_status(&one), 504);
	assert_int_equal(answer_status(&two), 504);
	front_close(&one);
	front_close(&two);
	disk_works();
	responder_again(&world.r, NULL);
	publish_some("a", 1);
	stored_check_all("a");
}

/* Who has deleted it gets it back from a copy, or begins anew. */
static void
a_file_that_is_deleted(void **state)
{
	struct subscriber s;

	(void)state;
	stored_read(&s, "a", NULL);
	publish_some("a", 3);
	assert_int_equal(unlink(stored_file("events.db")), 0);
	refused_publication(503, "the file was moved or deleted");
	assert_true(subscriber_until(&s, 3));
	FIGURE(UP, 0);
	FIGURE(EVENTS, 3);
	stored_restart(NULL);
	subscriber_again(&s, &world.r, NULL);
	publish_some("a", 1);
	assert_true(subscriber_until(&s, 4));
	FIGURE(UP, 1);
	FIGURE("\"restart\":", 1);
	assert_int_equal(s.page.gaps, 1);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, stored_start, world_stop)
#define ON_A_SLOW_DISK(f)                                        \
	cmocka_unit_test_setup_teardown(f, start_on_a_slow_disk, \
	    stop_on_a_slow_disk)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(a_file_that_is_moved_away_and_back),
	    WITH(a_write_ahead_log_that_is_moved_away_and_back),
	    WITH(a_file_that_may_not_grow),
	    WITH(a_file_that_is_deleted),
	    ON_A_SLOW_DISK(a_disk_that_is_full_gets_room),
	    ON_A_SLOW_DISK(a_disk_that_fails_works_again),
	    ON_A_SLOW_DISK(a_disk_that_does_not_sync_works_again),
	    ON_A_SLOW_DISK(a_sync_that_hangs_keeps_publishers_alone),
	    ON_A_SLOW_DISK(a_write_that_hangs_keeps_publishers_alone),
	    cmocka_unit_test(the_loop_does_not_wait_for_the_disk),
	    cmocka_unit_test_setup_teardown(
		a_disk_that_hangs_does_not_keep_the_process, start_to_be_left,
		stop_on_a_slow_disk),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
