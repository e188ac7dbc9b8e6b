/* SPDX-License-Identifier: ISC */
/*
 * The system's quick ways and the plain ones, which this is built with once
 * more, must do the same.
 */
#include "unit.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/platform.h"

static void
assert_flags(int fd)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void
accepted_connections_do_not_block_and_are_closed_on_exec(void **state)
{
	struct sockaddr_storage ss = {.ss_family = AF_INET};
	socklen_t len = sizeof(ss);
	int listening = socket(AF_INET, SOCK_STREAM, 0), from, fd;

	(void)state;
	assert_int_equal(listen(listening, 1), 0); /* on a port by chance */
	assert_int_equal(platform_set_flags(listening), 0);
	assert_flags(listening);
	assert_int_equal(platform_accept(listening), -1);
	assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&ss, &len),
	    0);
	from = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(from, (struct sockaddr *)&ss, len), 0);
	fd = platform_accept(listening);
	assert_true(fd >= 0);
	assert_flags(fd);
	(void)close(fd);
	(void)close(from);
	(void)close(listening);
}

static void
a_pair_takes_the_longest_request_before_it_is_read(void **state)
{
	static char request[65535 + 3 * 8 + 8], more[1 << 20];
	int pair[2];

	(void)state;
	assert_int_equal(platform_pair(pair), 0);
	assert_flags(pair[0]);
	assert_flags(pair[1]);
	assert_int_equal(send(pair[0], request, sizeof(request), MSG_NOSIGNAL),
	    sizeof(request));
	/* And what it does not take it does not wait for. */
	assert_in_range(send(pair[0], more, sizeof(more), MSG_NOSIGNAL) + 1, 0,
	    sizeof(more));
	(void)close(pair[1]);
	assert_int_equal(send(pair[0], more, 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	(void)close(pair[0]);
}

static void
random_bytes_differ(void **state)
{
	uint8_t a[256] = {0}, b[256] = {0};
	int fd;

	(void)state;
	assert_int_equal(platform_random(a, sizeof(a)), 0);
	assert_int_equal(platform_random(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	fd = dup(0); /* none was left open */
	assert_in_range(fd, 3, 9);
	(void)close(fd);
}

/* Where there is one. */
static void
a_timer_is_over_once_and_only_if_it_was_set(void **state)
{
	int fd = platform_timer();
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	(void)state;
	if (fd == -1)
		return;
	assert_flags(fd);
	assert_false(platform_timer_over(fd));
	assert_int_equal(platform_timer_set(fd, 3600.5), 0);
	assert_false(platform_timer_over(fd));
	assert_int_equal(platform_timer_set(fd, 0.0001), 0);
	assert_int_equal(poll(&ready, 1, -1), 1);
	assert_true(platform_timer_over(fd));
	assert_false(platform_timer_over(fd));
	assert_int_equal(platform_timer_set(fd, 1e-10), 0);
	assert_int_equal(poll(&ready, 1, 1000), 1); /* soon, and not never */
	assert_true(platform_timer_over(fd));
	assert_int_equal(platform_timer_set(fd, 0.0001), 0);
	assert_int_equal(platform_timer_set(fd, 0), 0);
	assert_int_equal(poll(&ready, 1, 10), 0);
	assert_int_equal(close(fd), 0);
}

static void
what_is_written_to_a_waker_makes_it_readable(void **state)
{
	struct pollfd readable = {.events = POLLIN};
	uint64_t one = 1, n;
	int fd[2];

	(void)state;
	assert_int_equal(platform_waker(fd), 0);
	assert_flags(fd[0]);
	assert_flags(fd[1]);
	readable.fd = fd[0];
	assert_int_equal(poll(&readable, 1, 0), 0);
	assert_int_equal(write(fd[1], &one, sizeof(one)), sizeof(one));
	assert_int_equal(poll(&readable, 1, 0), 1);
	assert_int_equal(read(fd[0], &n, sizeof(n)), sizeof(n));
	assert_int_equal(poll(&readable, 1, 0), 0);
	assert_int_equal(read(fd[0], &n, sizeof(n)), -1);
	assert_int_equal(errno, EAGAIN);
	if (fd[0] != fd[1])
		(void)close(fd[1]);
	(void)close(fd[0]);
}

/* One file, by its name and what it is; who else has its name is not given. */
static void
what_is_given_is_that_file(void **state)
{
	char path[] = "/tmp/test_platform.XXXXXX", link_path[64];
	int fd = mkstemp(path);
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	(void)snprintf(link_path, sizeof(link_path), "%s.link", path);
	assert_int_equal(platform_give(path, st.st_dev, st.st_ino, getuid(),
			     getgid()),
	    0);
	assert_int_equal(platform_give(path, st.st_dev, st.st_ino + 1, getuid(),
			     getgid()),
	    -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(platform_give(link_path, st.st_dev, st.st_ino,
			     getuid(), getgid()),
	    -1);
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(link(path, link_path), 0);
	assert_int_equal(platform_give(path, st.st_dev, st.st_ino, getuid(),
			     getgid()),
	    -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(platform_give(path, st.st_dev, st.st_ino, getuid(),
			     getgid()),
	    -1);
	assert_int_equal(errno, ENOENT);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		accepted_connections_do_not_block_and_are_closed_on_exec),
	    cmocka_unit_test(
		a_pair_takes_the_longest_request_before_it_is_read),
	    cmocka_unit_test(random_bytes_differ),
	    cmocka_unit_test(what_is_written_to_a_waker_makes_it_readable),
	    cmocka_unit_test(what_is_given_is_that_file),
	    cmocka_unit_test(a_timer_is_over_once_and_only_if_it_was_set),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}
