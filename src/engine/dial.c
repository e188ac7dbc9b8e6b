/* SPDX-License-Identifier: ISC */
/*
 * Sockets that connect without anybody waiting for them.
 */
#include "engine/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/platform.h"

#define IDLE   60 /* seconds until a silent peer is asked whether it is there */
#define PERIOD 10 /* between two such questions */
#define PROBES 3  /* without an answer, and it is not */

static void
set(int fd, int level, int option, int value)
{
	/* Where it has not got the option it is the socket it was. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static void
set_options(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, PERIOD);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
#endif
}

int
dial(const struct resolved *to)
{
	int fd = socket(to->address.ss_family, SOCK_STREAM, 0), error;

	if (fd == -1)
		return -1;
	if (platform_set_flags(fd) == -1)
		goto fail;
	if (to->address.ss_family != AF_UNIX)
		set_options(fd);
	/* Interrupted it goes on by itself, as if it were in progress. */
	if (connect(fd, (const struct sockaddr *)&to->address, to->len) == 0 ||
	    errno == EINPROGRESS || errno == EINTR)
		return fd;
fail:
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

int
dial_result(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), size;
	int error = 0;

	size = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		return errno;
	if (error == 0 && getpeername(fd, (struct sockaddr *)&peer, &len) == -1)
		return errno == ENOTCONN ? EINPROGRESS : errno;
	return error;
}
