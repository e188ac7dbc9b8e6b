/* SPDX-License-Identifier: ISC */
/*
 * A disk that is slow, hangs, or fails, to be loaded by LD_PRELOAD before the
 * program: for the files whose name has ".db" in it, and while the file that
 * $SLOWDISK names says so in two words:
 *
 *     sync 300       each sync takes so many milliseconds more
 *     sync hang      it takes until the file says something else
 *     sync EIO       it fails (or ENOSPC)
 *     write ...      the same of each write
 *
 * How long things take is all that it changes, and what they return.
 */
#define _GNU_SOURCE
#include <sys/types.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the file says to do with this call, or nothing. */
static bool
is_told(const char *call, char what[16])
{
	const char *path = getenv("SLOWDISK");
	char text[64], word[16];
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%15s %15s", word, what) == 2 &&
	       strcmp(word, call) == 0;
}

static bool
is_store(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strstr(path, ".db") != NULL;
}

static void
take(long ms)
{
	struct timespec ts = {.tv_sec = ms / 1000,
	    .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&ts, &ts) == -1 && errno == EINTR)
		continue;
}

/* -1 with errno: the call fails. */
static int
disk(const char *call, int fd)
{
	char what[16];

	if (!is_store(fd) || !is_told(call, what))
		return 0;
	if (strcmp(what, "EIO") == 0 || strcmp(what, "ENOSPC") == 0) {
		errno = strcmp(what, "EIO") == 0 ? EIO : ENOSPC;
		return -1;
	}
	if (strcmp(what, "hang") != 0)
		take(strtol(what, NULL, 10));
	else
		while (is_told(call, what) && strcmp(what, "hang") == 0)
			take(1);
	return 0;
}

typedef int sync_call(int);
typedef ssize_t write_call(int, const void *, size_t, off_t);

/* The function of this name that we stand before. */
static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

int
fsync(int fd)
{
	sync_call *call;

	*(void **)&call = next("fsync");
	return disk("sync", fd) == -1 ? -1 : call(fd);
}

int
fdatasync(int fd)
{
	sync_call *call;

	*(void **)&call = next("fdatasync");
	return disk("sync", fd) == -1 ? -1 : call(fd);
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	write_call *call;

	*(void **)&call = next("pwrite");
	return disk("write", fd) == -1 ? -1 : call(fd, bytes, n, at);
}

#ifdef __GLIBC__
typedef ssize_t write_call_64(int, const void *, size_t, off64_t);

ssize_t
pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	write_call_64 *call;

	*(void **)&call = next("pwrite64");
	return disk("write", fd) == -1 ? -1 : call(fd, bytes, n, at);
}
#endif
