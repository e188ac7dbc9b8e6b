/* SPDX-License-Identifier: ISC */
/*
 * Sockets that take and give a byte, once in so many calls (PIECES), to be
 * loaded by LD_PRELOAD before the program.  What goes to libfcgi, by sendmsg()
 * into an empty socket, is whole or refused.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_ulong calls;

static bool
is_one(void)
{
	static unsigned long of;

	if (of == 0) {
		const char *text = getenv("PIECES");

		of = text == NULL ? 1 : strtoul(text, NULL, 10);
	}
	return atomic_fetch_add(&calls, 1) % of == 0;
}

static size_t
cut(size_t len)
{
	return len > 1 && is_one() ? 1 : len;
}

ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
	return syscall(SYS_sendto, fd, bytes, cut(len), flags, NULL, 0);
}

ssize_t
recv(int fd, void *bytes, size_t len, int flags)
{
	return syscall(SYS_recvfrom, fd, bytes, cut(len), flags, NULL, NULL);
}

/* Of what is no socket, as a counter, there are no pieces. */
ssize_t
read(int fd, void *bytes, size_t len)
{
	struct stat st;
	bool whole = fstat(fd, &st) == -1 || !S_ISSOCK(st.st_mode);

	return syscall(SYS_read, fd, bytes, whole ? len : cut(len));
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	struct iovec one = iov[0];

	if (one.iov_len == 0 || !is_one())
		return syscall(SYS_writev, fd, iov, n);
	one.iov_len = 1;
	return syscall(SYS_writev, fd, &one, 1);
}
