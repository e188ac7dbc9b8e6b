/* SPDX-License-Identifier: ISC */
/*
 * Where Linux has a quicker way than POSIX.1-2008: both ways.
 */
#ifndef PLAIN_POSIX
#define _GNU_SOURCE /* accept4 */
#endif
#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef PLATFORM_LINUX
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#endif

#define ROOM (128 * 1024) /* a request and its frame; BSD's default is 8192 */

int
platform_set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Or none are left of them. */
static int
set_both(const int fd[2])
{
	int error;

	if (platform_set_flags(fd[0]) == 0 && platform_set_flags(fd[1]) == 0)
		return 0;
	error = errno;
	(void)close(fd[0]);
	(void)close(fd[1]);
	errno = error;
	return -1;
}

int
platform_pair(int pair[2])
{
	int room = ROOM;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return -1;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	(void)setsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return set_both(pair);
}

double
platform_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

uint64_t
platform_wall_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int
read_random(void *buf, size_t len)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return -1;
	n = read(fd, buf, len);
	(void)close(fd);
	return n == (ssize_t)len ? 0 : -1;
}

/* With two names one may be a file of root's. */
static int
is_this(const struct stat *st, dev_t dev, ino_t ino)
{
	if (st->st_dev == dev && st->st_ino == ino && st->st_nlink == 1)
		return 0;
	errno = EBUSY;
	return -1;
}

#ifdef PLATFORM_LINUX

/* It is held meanwhile, so that its name cannot become another file's. */
int
platform_give(const char *path, dev_t dev, ino_t ino, uid_t uid, gid_t gid)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), ret, error;
	struct stat st;

	if (fd == -1)
		return -1;
	ret = fstat(fd, &st);
	if (ret == 0)
		ret = is_this(&st, dev, ino);
	if (ret == 0)
		ret = fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
	error = errno;
	(void)close(fd);
	errno = error;
	return ret;
}

int
platform_confine(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int
platform_accept(int listening)
{
	return accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* The number that a file has; none, "max" and the like are no limit. */
static uint64_t
read_limit(const char *path)
{
	uint64_t limit = UINT64_MAX;
	char line[32];
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return limit;
	if (fgets(line, sizeof(line), f) != NULL && *line >= '0' &&
	    *line <= '9')
		limit = strtoull(line, NULL, 10);
	(void)fclose(f);
	return limit;
}

/* The machine's, or the container's, by control groups of both kinds. */
uint64_t
platform_memory(void)
{
	static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
	    "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
	uint64_t memory, limit;
	size_t i;

	memory =
	    (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if ((limit = read_limit(limits[i])) < memory)
			memory = limit;
	return memory;
}

int
platform_random(void *buf, size_t len)
{
	/* The kernel may be older than the C library. */
	return getentropy(buf, len) == 0 ? 0 : read_random(buf, len);
}

int
platform_waker(int fd[2])
{
	fd[0] = fd[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return fd[0] == -1 ? -1 : 0;
}

int
platform_timer(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

int
platform_timer_set(int fd, double seconds)
{
	struct itimerspec in = {.it_value = {.tv_sec = (time_t)seconds}};

	in.it_value.tv_nsec =
	    (long)((seconds - (double)in.it_value.tv_sec) * 1e9);
	if (seconds > 0 && seconds < 1e-9)
		in.it_value.tv_nsec = 1; /* 0 would be never */
	return timerfd_settime(fd, 0, &in, NULL);
}

bool
platform_timer_over(int fd)
{
	uint64_t times;

	return read(fd, &times, sizeof(times)) == (ssize_t)sizeof(times);
}

#else

int
platform_give(const char *path, dev_t dev, ino_t ino, uid_t uid, gid_t gid)
{
	struct stat st;

	if (lstat(path, &st) == -1 || is_this(&st, dev, ino) == -1)
		return -1;
	return lchown(path, uid, gid);
}

int
platform_confine(void)
{
	return 0;
}

uint64_t
platform_memory(void)
{
	return 0;
}

int
platform_waker(int fd[2])
{
	return pipe(fd) == -1 ? -1 : set_both(fd);
}

int
platform_timer(void)
{
	return -1;
}

int
platform_timer_set(int fd, double seconds)
{
	(void)fd;
	(void)seconds;
	return -1;
}

bool
platform_timer_over(int fd)
{
	(void)fd;
	return false;
}

int
platform_accept(int listening)
{
	int fd = accept(listening, NULL, NULL), error;

	if (fd == -1 || platform_set_flags(fd) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

int
platform_random(void *buf, size_t len)
{
	return read_random(buf, len);
}

#endif
