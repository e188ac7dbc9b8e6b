/* SPDX-License-Identifier: ISC */
/*
 * The listening sockets that are inherited: they outlive us, and so a restart
 * refuses nobody.  And which there are already.
 */
#include "base/socket.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"

#define SYSTEMD_FD 3 /* the first descriptor that systemd passes */

static bool
says(int fd, int option, int wanted)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 &&
	       value == wanted;
}

/* Have we this socket already?  systemd may pass one on 0 and on 3. */
static bool
is_known(const struct sockets *ss, const struct stat *st)
{
	size_t i;

	for (i = 0; i < ss->n; i++)
		if (ss->one[i].dev == st->st_dev &&
		    ss->one[i].ino == st->st_ino)
			return true;
	return false;
}

bool
sockets_have(const struct sockets *ss, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_storage own;
	socklen_t size;
	size_t i;

	for (i = 0; i < ss->n; i++) {
		memset(&own, 0, sizeof(own));
		size = sizeof(own);
		if (getsockname(ss->one[i].fd, (struct sockaddr *)&own,
			&size) == 0 &&
		    memcmp(&own, sa, len) == 0)
			return true;
	}
	return false;
}

/* Adds a descriptor that listens, if it is a new one; NULL, or what is wrong.
 */
static const char *
inherit(struct sockets *ss, int fd)
{
	struct stat st;

	if (!says(fd, SO_ACCEPTCONN, 1) || !says(fd, SO_TYPE, SOCK_STREAM))
		return "it is not a listening stream socket";
	if (fstat(fd, &st) == -1 || platform_set_flags(fd) == -1)
		return strerror(errno);
	if (is_known(ss, &st))
		return NULL;
	if (ss->n == SOCKETS_MAX)
		return "these are more than 16 sockets";
	ss->one[ss->n++] = (struct listening){.fd = fd,
	    .inherited = true,
	    .lock = -1,
	    .dev = st.st_dev,
	    .ino = st.st_ino};
	return NULL;
}

/* LISTEN_FDS counts only if LISTEN_PID says that it was meant for us. */
static long
systemd_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (pid == NULL || fds == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	return strtol(fds, NULL, 10);
}

int
sockets_inherit(struct sockets *ss, char *err, size_t size)
{
	long n = systemd_passed(), i;
	const char *why;

	if (says(STDIN_FILENO, SO_ACCEPTCONN, 1) &&
	    (why = inherit(ss, STDIN_FILENO)) != NULL) {
		(void)snprintf(err, size, "descriptor 0: %s", why);
		return -1;
	}
	for (i = 0; i < n; i++)
		if ((why = inherit(ss, SYSTEMD_FD + (int)i)) != NULL) {
			(void)snprintf(err, size,
			    "descriptor %ld of LISTEN_FDS=%ld: %s",
			    SYSTEMD_FD + i, n, why);
			return -1;
		}
	return 0;
}
