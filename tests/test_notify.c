/* SPDX-License-Identifier: ISC */
/*
 * What a supervisor hears, through a real datagram socket: where it listens,
 * what is said, and that nothing of it can stop us.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/notify.h"

/* A supervisor in a directory of its own. */
struct place {
	char dir[40], path[60];
	int fd;
	struct notify n;
};

static int
supervisor(const struct sockaddr_un *sun, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)sun, len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	assert_non_null(p);
	(void)strcpy(p->dir, "/tmp/test_notify.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->path, sizeof(p->path), "%s/notify", p->dir);
	(void)strcpy(sun.sun_path, p->path);
	p->fd = supervisor(&sun, sizeof(sun));
	(void)setenv("NOTIFY_SOCKET", p->path, 1);
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	p->n.fd = -1;
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	notify_close(&p->n);
	(void)close(p->fd);
	(void)unlink(p->path);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static void
assert_heard(int fd, const char *what)
{
	char buf[64];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	assert_true(n > 0);
	buf[n] = '\0';
	assert_string_equal(buf, what);
}

static void
assert_silence(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
each_thing_is_one_datagram(void **state)
{
	struct place *p = *state;

	notify_open(&p->n);
	assert_true(fcntl(p->n.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(p->n.fd, F_GETFD) & FD_CLOEXEC);
	notify_say(&p->n, NOTIFY_READY);
	notify_again(&p->n); /* it was said */
	notify_ping(&p->n);
	notify_say(&p->n, NOTIFY_STOPPING);
	assert_heard(p->fd, "READY=1");
	assert_heard(p->fd, "WATCHDOG=1");
	assert_heard(p->fd, "STOPPING=1");
	assert_silence(p->fd);
	notify_close(&p->n);
	notify_ping(&p->n); /* nothing */
	notify_close(&p->n);
	assert_silence(p->fd);
}

#ifdef __linux__
static void
the_name_may_be_abstract(void **state)
{
	struct place *p = *state;
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char name[64];
	int fd, len = snprintf(name, sizeof(name), "@%s", p->dir);

	memcpy(sun.sun_path, name, (size_t)len);
	sun.sun_path[0] = '\0';
	fd = supervisor(&sun,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len));
	(void)setenv("NOTIFY_SOCKET", name, 1);
	notify_open(&p->n);
	notify_say(&p->n, NOTIFY_READY);
	assert_heard(fd, "READY=1");
	(void)close(fd);
}
#endif

static void
nobody_or_nonsense_is_silence(void **state)
{
	struct place *p = *state;
	char path[200];
	const char *const bad[] = {"", "/", "@", "relative", "vsock:2:1", path};
	size_t i;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	for (i = 0; i <= LENGTH(bad); i++) {
		if (i < LENGTH(bad))
			(void)setenv("NOTIFY_SOCKET", bad[i], 1);
		else
			(void)unsetenv("NOTIFY_SOCKET");
		(void)setenv("WATCHDOG_USEC", "1000000", 1);
		notify_open(&p->n);
		assert_int_equal(p->n.fd, -1);
		assert_true(p->n.watchdog == 0);
		notify_say(&p->n, NOTIFY_READY);
		notify_again(&p->n);
		notify_ping(&p->n);
	}
	assert_silence(p->fd);
}

static void
a_supervisor_that_has_gone_is_no_error_and_may_come_back(void **state)
{
	struct place *p = *state;
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	notify_open(&p->n);
	(void)close(p->fd);
	notify_ping(&p->n);
	(void)unlink(p->path);
	notify_ping(&p->n);
	notify_say(&p->n, NOTIFY_STOPPING);
	(void)strcpy(sun.sun_path, p->path);
	p->fd = supervisor(&sun, sizeof(sun));
	notify_ping(&p->n);
	assert_heard(p->fd, "WATCHDOG=1");
	assert_silence(p->fd);
}

static void
what_finds_no_room_is_said_again_but_for_pings(void **state)
{
	struct place *p = *state;
	int room = 0, i;

	notify_open(&p->n);
	while (p->n.unsaid == NULL) {
		notify_say(&p->n, "X=1");
		assert_true(room++ < 100000);
	}
	notify_say(&p->n, NOTIFY_READY);
	notify_ping(&p->n);
	notify_again(&p->n);
	for (i = 1; i < room; i++)
		assert_heard(p->fd, "X=1");
	assert_silence(p->fd);
	notify_again(&p->n);
	notify_again(&p->n);
	notify_ping(&p->n);
	assert_heard(p->fd, "READY=1");
	assert_heard(p->fd, "WATCHDOG=1");
	assert_silence(p->fd);
}

static const struct row {
	const char *usec, *pid;
	double interval;
} rows[] = {
    {NULL, NULL, 0},
    {"30000000", NULL, 15},
    {"30000000", "own", 15},
    {"30000000", "1", 0},
    {"30000000", "", 0},
    {"100000", NULL, 0.05},
    {"0", NULL, 0},
    {":1", NULL, 0},
    {"1:", NULL, 0},
    {"", NULL, 0},
    {"-1", NULL, 0},
    {" 1", NULL, 0},
    {"30s", NULL, 0},
};

static void
watchdog_is_answered_twice_as_often_as_it_asks(void **state)
{
	struct place *p = *state;
	const struct row *row;
	char own[32];

	(void)snprintf(own, sizeof(own), "%ld", (long)getpid());
	for (row = rows; row < rows + LENGTH(rows); row++) {
		(void)unsetenv("WATCHDOG_USEC");
		(void)unsetenv("WATCHDOG_PID");
		if (row->usec != NULL)
			(void)setenv("WATCHDOG_USEC", row->usec, 1);
		if (row->pid != NULL)
			(void)setenv("WATCHDOG_PID",
			    strcmp(row->pid, "own") == 0 ? own : row->pid, 1);
		notify_open(&p->n);
		if (p->n.watchdog < row->interval - 1e-9 ||
		    p->n.watchdog > row->interval + 1e-9)
			fail_msg("row %d: %g", (int)(row - rows),
			    p->n.watchdog);
		notify_close(&p->n);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_thing_is_one_datagram),
#ifdef __linux__
	    TEST(the_name_may_be_abstract),
#endif
	    TEST(nobody_or_nonsense_is_silence),
	    TEST(a_supervisor_that_has_gone_is_no_error_and_may_come_back),
	    TEST(what_finds_no_room_is_said_again_but_for_pings),
	    TEST(watchdog_is_answered_twice_as_often_as_it_asks),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
