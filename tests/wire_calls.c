/* SPDX-License-Identifier: ISC */
/*
 * Every system call fails, once and again for a while, as the kernel may have
 * it: strace is put on the running program for a round of all that is done, and
 * then it is looked whether there is service again and nobody lacks anything.
 *
 * A call that does less than it was asked for strace cannot make: it would have
 * to swallow what it says was written.  See pieces.c.
 *
 * CALL= is one of them alone.  WHENS=all: with all errors, and alone too, at
 * many places, and not only in a row.
 */
#include "unit.h"

#include <sys/wait.h>

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "redis.h"
#include "rounds.h"

/* By whom it is made: by all, or with a store or a Redis alone. */
enum maker { ALL, STORE, REDIS };

static const struct row {
	const char *call;
	const char *errors[9];
	enum maker by;
	enum before {
		NOTHING,
		CONNECTS, /* its connections to Redis are ended before */
		ANEW,	  /* it makes no more after it has failed */
	} before;
	int most; /* in a row; 0: 30 */
} rows[] = {
    {"accept4",
	{"EINTR", "EAGAIN", "ECONNABORTED", "EMFILE", "ENFILE", "ENOBUFS",
	    "ENOMEM", "EPROTO"},
	ALL, NOTHING, 8},
    {"recvfrom", {"EINTR", "EAGAIN", "ENOMEM", "ECONNRESET"}, ALL, NOTHING, 0},
    {"read", {"EINTR", "EAGAIN", "ENOMEM", "ECONNRESET"}, ALL, NOTHING, 0},
    {"io_uring_enter", {"EINTR", "EAGAIN", "EBUSY", "ENOMEM"}, ALL, ANEW, 0},
    {"sendto", {"EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "EPIPE", "ECONNRESET"},
	ALL, NOTHING, 4},
    {"writev", {"EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "EPIPE", "ECONNRESET"},
	ALL, NOTHING, 0},
    {"sendmsg", {"EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "EPIPE"}, ALL, NOTHING,
	0},
    {"write", {"EINTR", "EAGAIN", "ENOSPC", "EIO", "EPIPE"}, ALL, NOTHING, 0},
    {"epoll_wait", {"EINTR"}, ALL, NOTHING, 0},
    {"epoll_ctl", {"ENOMEM", "ENOSPC"}, ALL, NOTHING, 8},
    {"poll", {"EINTR", "ENOMEM"}, ALL, NOTHING, 0},
    {"openat", {"EINTR", "EMFILE", "ENFILE", "ENOMEM"}, ALL, NOTHING, 0},
    {"getrusage", {"EINVAL"}, ALL, NOTHING, 0},
    {"pwrite64", {"EINTR", "ENOSPC", "EIO", "EDQUOT"}, STORE, NOTHING, 3},
    {"fdatasync", {"EINTR", "EIO", "ENOSPC"}, STORE, NOTHING, 3},
    {"socket", {"EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"}, REDIS, CONNECTS, 2},
    {"connect", {"EAGAIN", "EINTR", "ECONNREFUSED", "ENOENT"}, REDIS, CONNECTS,
	2},
    {"getsockopt", {"ENOBUFS"}, REDIS, CONNECTS, 2},
};

static struct {
	pid_t pid;
	char said[96];
} strace;

/* Are all threads of the program traced? */
static bool
is_traced(void)
{
	char path[400], line[200];
	struct dirent *task;
	unsigned found = 0, n = 0;
	FILE *f;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task", (long)world.r.pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((task = readdir(dir)) != NULL) {
		(void)snprintf(path, sizeof(path), "/proc/%ld/task/%s/status",
		    (long)world.r.pid, task->d_name);
		if (task->d_name[0] == '.' || (f = fopen(path, "re")) == NULL)
			continue;
		n++;
		while (fgets(line, sizeof(line), f) != NULL)
			if (strncmp(line, "TracerPid:", 10) == 0)
				found += atoi(line + 10) == strace.pid;
		(void)fclose(f);
	}
	(void)closedir(dir);
	return n > 0 && found == n;
}

static void
become_strace(const char *call, const char *inject)
{
	char trace[60], pid[20];

	(void)snprintf(trace, sizeof(trace), "trace=%s", call);
	(void)snprintf(pid, sizeof(pid), "%ld", (long)world.r.pid);
	(void)execlp("strace", "strace", "-f", "-qq", "-o", strace.said, "-e",
	    "signal=none", "-e", trace, "-e", inject, "-p", pid, (char *)NULL);
	_exit(127);
}

/* false: strace may not do that here. */
static bool
strace_begins(const char *call, const char *error, const char *when)
{
	char inject[100];
	double end = front_now() + PATIENCE / 1e3;
	int status;

	(void)snprintf(strace.said, sizeof(strace.said), "%s/strace",
	    world.r.dir);
	(void)snprintf(inject, sizeof(inject), "inject=%s:error=%s:when=%s",
	    call, error, when);
	strace.pid = fork();
	assert_int_not_equal(strace.pid, -1);
	if (strace.pid == 0)
		become_strace(call, inject);
	while (!is_traced()) {
		if (waitpid(strace.pid, &status, WNOHANG) == strace.pid)
			return false;
		assert_true(front_now() < end);
		(void)poll(NULL, 0, 2);
	}
	return true;
}

/* How many calls failed by it. */
static unsigned
strace_ends(void)
{
	char line[400];
	unsigned n = 0;
	int status;
	FILE *f;

	assert_int_equal(kill(strace.pid, SIGTERM), 0);
	assert_int_equal(waitpid(strace.pid, &status, 0), strace.pid);
	f = fopen(strace.said, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "(INJECTED)") != NULL;
	(void)fclose(f);
	return n;
}

/* Is it made here?  And if not all is tried: is it made here alone? */
static bool
is_made(const struct row *row, bool all)
{
	const char *waves = getenv("WAVES");
	bool off = waves != NULL && strcmp(waves, "off") == 0,
	     stored = getenv("STORE") != NULL,
	     shared = getenv("SHARED") != NULL;
	const char *one = getenv("CALL");

	if (one != NULL && strcmp(one, row->call) != 0)
		return false;
	if (row->by != ALL)
		return row->by == STORE ? stored : shared;
	/* Redis is written to by it, and without waves streams are. */
	if (strcmp(row->call, "sendto") == 0)
		return off || shared;
	if (strcmp(row->call, "io_uring_enter") == 0 && off)
		return false;
	return all || !(stored || shared);
}

static unsigned
fail_some(const struct row *row, const char *error, const char *when)
{
	double t = front_now();
	unsigned failed;

	if (row->before == ANEW) {
		rounds_end();
		rounds_begin(NULL);
	}
	if (!strace_begins(row->call, error, when)) {
		rounds_end();
		print_message("strace may not look at another process here\n");
		skip();
	}
	if (row->before == CONNECTS)
		world_redis_drops();
	rounds_go();
	failed = strace_ends();
	if (getenv("TELL") != NULL)
		print_message("%s %s %s: %u, %.2f s\n", row->call, error, when,
		    failed, front_now() - t);
	rounds_settle();
	return failed;
}

/* With this error: in a row, and if all is tried alone, at many places. */
static unsigned
fail_by(const struct row *row, const char *error, bool all)
{
	static const char *const whens[] = {"1", "2", "3", "5", "8", "13", "21",
	    "1+3"};
	unsigned failed;
	char many[20];
	size_t i;

	(void)snprintf(many, sizeof(many), "1..%d",
	    row->most == 0 ? 30 : row->most);
	failed = fail_some(row, error, many);
	for (i = 0; all && i < LENGTH(whens); i++)
		failed += fail_some(row, error, whens[i]);
	if (failed == 0)
		print_message("%s was not made to fail\n", row->call);
	return failed;
}

static void
each_call_fails(void **state)
{
	bool all = getenv("WHENS") != NULL;
	unsigned failed = 0, ways = 0;
	const struct row *row;
	size_t i;

	(void)state;
	rounds_begin(NULL);
	rounds_go();
	for (row = rows; row < rows + LENGTH(rows); row++)
		for (i = 0; is_made(row, all) && row->errors[i] != NULL; i++) {
			if (!all && i > 0 && row->errors[i + 1] != NULL)
				continue; /* the first and the last one */
			failed += fail_by(row, row->errors[i], all);
			ways++;
		}
	print_message("%u calls failed in %u ways\n", failed, ways);
	rounds_end();
}

/* All in one byte, every so many calls. */
static void
calls_that_do_a_byte_harm_nobody(void **state)
{
	static const char *const of[] = {"2", "3", "7"};
	size_t i;
	int j;

	(void)state;
	(void)setenv("LD_PRELOAD", "build/tests/pieces.so", 1);
	(void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	for (i = 0; i < LENGTH(of); i++) {
		(void)setenv("PIECES", of[i], 1);
		rounds_begin(NULL);
		for (j = 0; j < 5; j++) {
			rounds_go();
			rounds_settle();
		}
		rounds_end();
		assert_int_equal(rounds_tally.gaps, 0);
	}
	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("ASAN_OPTIONS");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_call_fails),
	    cmocka_unit_test(calls_that_do_a_byte_harm_nobody),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
