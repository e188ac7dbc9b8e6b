/* SPDX-License-Identifier: ISC */
/*
 * The listening sockets that are made here, and the end of all.  A path is
 * cleared away and taken by one at a time, who has locked the file beside it.
 */
#include "base/socket.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/endpoint.h"
#include "base/platform.h"

#define LOCK_SUFFIX ".lock"

#define TAKEN                                                       \
	"another program listens there: end it, or choose another " \
	"path"
#define TWICE "it is given twice, or the starter passes it: leave this out"

/* What can be done about an error where that is known. */
static const char *
advice(int error)
{
	static const struct {
		int error;
		const char *advice;
	} known[] = {
	    {ENOENT, "No such file or directory: make the socket's directory"},
	    {EACCES, "Permission denied: the user who starts this must be able "
		     "to write to the directory, or take this port"},
	    {EADDRINUSE, "Address already in use: end who listens there, or "
			 "choose another"},
	    {EADDRNOTAVAIL, "Cannot assign requested address: this machine "
			    "has no such address"},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].error == error)
			return known[i].advice;
	return strerror(error);
}

/* The lock's name: what is behind the path is added. */
struct lock_path {
	char text[sizeof(((struct sockaddr_un *)0)->sun_path) +
		  sizeof(LOCK_SUFFIX)];
};

static struct lock_path
lock_path(const char *path)
{
	struct lock_path p;

	(void)snprintf(p.text, sizeof(p.text), "%s" LOCK_SUFFIX, path);
	return p;
}

/* Is this file the one that has this name? */
static bool
is_at(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/*
 * For us alone, whatever the umask; not by way of a link.  One that is there is
 * not made: in a directory of everybody's not even root may do that to a file
 * of the user's.  -1 with errno.
 */
static int
open_lock(const char *path)
{
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	mode_t old = umask(0);
	int fd = open(path, flags);
	struct stat st;

	if (fd == -1 && errno == ENOENT)
		fd = open(path, flags | O_CREAT, 0600);
	(void)umask(old);
	if (fd == -1 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	(void)close(fd);
	errno = EINVAL;
	return -1;
}

/* Why open_lock() did not open it. */
static const char *
lock_fault(int error, const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return advice(error); /* it could not be made */
	if (!S_ISREG(st.st_mode))
		return "something is there under its name with .lock that is "
		       "not a file: remove it, or choose another path";
	if (error == EACCES)
		return "another user's lock is there, under its name with "
		       ".lock: end that program, or remove what it left";
	return strerror(error);
}

/*
 * Who wants the path locks the file beside it first, so that nobody clears away
 * what another has just made.  The kernel opens the lock with the end of who
 * has it, however that comes.  Its file is removed by nobody else; so who
 * finds, locked, that it has not the name any more begins anew.  flock() is in
 * no standard, but everywhere, and unlike fcntl() it keeps our own out, too.
 */
static const char *
lock(struct listening *l)
{
	struct lock_path p = lock_path(l->path);
	const char *why;

	do {
		if (l->lock != -1)
			(void)close(l->lock);
		l->lock = open_lock(p.text);
		if (l->lock == -1)
			return lock_fault(errno, p.text);
		if (flock(l->lock, LOCK_EX | LOCK_NB) == -1) {
			why = errno == EWOULDBLOCK ? TAKEN : strerror(errno);
			(void)close(l->lock);
			l->lock = -1;
			return why;
		}
	} while (!is_at(l->lock, p.text));
	return NULL;
}

static void
unlock(const struct listening *l)
{
	struct lock_path p = lock_path(l->path);

	if (is_at(l->lock, p.text))
		(void)unlink(p.text);
	(void)close(l->lock);
}

/*
 * Makes room at the path if what is there is a socket that nobody listens on.
 * Returns NULL, or what is in the way.
 */
static const char *
clear_path(const struct sockaddr_un *sun)
{
	int fd, result, error;
	struct stat st;

	if (lstat(sun->sun_path, &st) == -1)
		return errno == ENOENT ? NULL : strerror(errno);
	if (!S_ISSOCK(st.st_mode))
		return "something is there that is not a socket: remove it, or "
		       "choose another path";
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd == -1)
		return strerror(errno);
	result = platform_set_flags(fd);
	if (result == 0)
		result =
		    connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	error = errno;
	(void)close(fd);
	if (result == 0 || error == EAGAIN) /* or its backlog is full */
		return TAKEN;
	if (error != ECONNREFUSED)
		return strerror(error);
	return unlink(sun->sun_path) == 0 ? NULL : strerror(errno);
}

/*
 * Binds with the umask doing the mode: it is never wider, not for a moment.
 * Who has the directory may put another file there at once: that is not ours.
 */
static int
bind_unix(struct listening *l, const struct sockaddr_un *sun, mode_t mode)
{
	mode_t old = umask(0777 & ~mode);
	int result = bind(l->fd, (const struct sockaddr *)sun, sizeof(*sun));
	struct stat st;

	(void)umask(old);
	if (result == -1 || lstat(sun->sun_path, &st) == -1)
		return -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EBUSY;
		return -1;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

static const char *
listen_unix(struct sockets *ss, const struct endpoint *e)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct listening *l = &ss->one[ss->n];
	const char *why;

	memcpy(sun.sun_path, e->path, strlen(e->path));
	if (sockets_have(ss, (const struct sockaddr *)&sun, sizeof(sun)))
		return TWICE;
	*l = (struct listening){.fd = -1, .lock = -1};
	memcpy(l->path, sun.sun_path, sizeof(l->path));
	ss->n++;
	if ((why = lock(l)) != NULL || (why = clear_path(&sun)) != NULL)
		return why;
	l->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (l->fd == -1)
		return strerror(errno);
	if (bind_unix(l, &sun, e->mode) == -1 ||
	    listen(l->fd, SOCKET_BACKLOG) == -1 ||
	    platform_set_flags(l->fd) == -1)
		return advice(errno);
	return NULL;
}

/* One of a host's addresses.  0, or -1 with errno. */
static int
listen_address(struct sockets *ss, const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
	int on = 1, error;

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (ai->ai_family != AF_INET6 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ==
		    0) &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, SOCKET_BACKLOG) == 0 && platform_set_flags(fd) == 0) {
		ss->one[ss->n++] = (struct listening){.fd = fd, .lock = -1};
		return 0;
	}
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

/* Did the list have this address before?  /etc/hosts may name one twice. */
static bool
came_before(const struct addrinfo *list, const struct addrinfo *ai)
{
	for (; list != ai; list = list->ai_next)
		if (list->ai_addrlen == ai->ai_addrlen &&
		    memcmp(list->ai_addr, ai->ai_addr, ai->ai_addrlen) == 0)
			return true;
	return false;
}

/*
 * All of the host's addresses, but for those of a kind that this machine does
 * not have, if there are others.
 */
static const char *
listen_inet(struct sockets *ss, const struct endpoint *e)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE,
			    .ai_socktype = SOCK_STREAM},
			*list;
	const struct addrinfo *ai;
	int error = getaddrinfo(e->host, e->port, &hints, &list);
	size_t before = ss->n;
	const char *why = NULL, *absent = NULL;

	if (error != 0)
		return error == EAI_SYSTEM ? strerror(errno) :
					     gai_strerror(error);
	for (ai = list; ai != NULL && why == NULL; ai = ai->ai_next) {
		if (came_before(list, ai))
			continue;
		if (ss->n == SOCKETS_MAX)
			why = "there are more than 16 sockets";
		else if (sockets_have(ss, ai->ai_addr, ai->ai_addrlen))
			why = TWICE;
		else if (listen_address(ss, ai) == 0)
			continue;
		else if (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)
			absent = advice(errno);
		else
			why = advice(errno);
	}
	freeaddrinfo(list);
	return why == NULL && ss->n == before ? absent : why;
}

static void
close_from(struct sockets *ss, size_t first)
{
	const struct listening *l;
	struct stat st;

	while (ss->n > first) {
		l = &ss->one[--ss->n];
		if (l->fd != -1)
			(void)close(l->fd);
		if (l->path[0] != '\0' && lstat(l->path, &st) == 0 &&
		    st.st_dev == l->dev && st.st_ino == l->ino)
			(void)unlink(l->path);
		if (l->lock != -1)
			unlock(l);
	}
}

int
sockets_listen(struct sockets *ss, const char *address, char *err, size_t size)
{
	struct endpoint e;
	size_t before = ss->n;
	const char *why;

	if (endpoint_parse(&e, "--listen", address, err, size) == -1)
		return -1;
	if (ss->n == SOCKETS_MAX)
		why = "there are more than 16 sockets";
	else
		why = e.is_unix ? listen_unix(ss, &e) : listen_inet(ss, &e);
	if (why == NULL)
		return 0;
	(void)snprintf(err, size, "--listen %s: %s", address, why);
	close_from(ss, before);
	return -1;
}

void
sockets_close(struct sockets *ss)
{
	close_from(ss, 0);
}
