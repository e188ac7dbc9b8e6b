/* SPDX-License-Identifier: ISC */
/*
 * The listening socket: inherited, so that it outlives us and a restart refuses
 * nobody, or made here.
 */
#include "socket.h"

#include <sys/stat.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"

#define SYSTEMD_FD 3 /* the first descriptor that systemd passes */

/* An address in its parts. */
struct parts {
	bool is_unix;
	char host[256]; /* or the path */
	char port[16];
	mode_t mode;
};

static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

/* LISTEN_FDS counts only if LISTEN_PID says that it was meant for us. */
static bool
systemd_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	return pid != NULL && fds != NULL &&
	       strtol(pid, NULL, 10) == (long)getpid() &&
	       strtol(fds, NULL, 10) >= 1;
}

int
socket_inherit(struct listening *l)
{
	*l = (struct listening){.fd = -1, .inherited = true};
	if (is_listening(STDIN_FILENO))
		l->fd = STDIN_FILENO;
	else if (systemd_passed() && is_listening(SYSTEMD_FD))
		l->fd = SYSTEMD_FD;
	return l->fd == -1 ? -1 : system_set_flags(l->fd);
}

/* "/path" or "/path:mode" behind "unix:". */
static int
parse_unix(struct parts *p, const char *text, char *err, size_t size)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);
	unsigned long mode;
	char *end;

	p->is_unix = true;
	p->mode = 0660;
	if (colon != NULL) {
		mode = strtoul(colon + 1, &end, 8);
		if (colon[1] < '0' || colon[1] > '7' || *end != '\0' ||
		    mode > 0777) {
			(void)snprintf(err, size,
			    "'%s' is not an octal mode up to 0777", colon + 1);
			return -1;
		}
		p->mode = (mode_t)mode;
	}
	if (len == 0 || len >= sizeof(((struct listening *)0)->path)) {
		(void)snprintf(err, size,
		    len == 0 ? "no path" :
			       "a socket's path has at most 107 bytes");
		return -1;
	}
	memcpy(p->host, text, len);
	p->host[len] = '\0';
	return 0;
}

/* "host:port" or "[v6]:port". */
static int
parse_inet(struct parts *p, const char *text, char *err, size_t size)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	unsigned long port;
	char *end;

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len) != NULL)
		len = 0; /* an IPv6 address without its brackets */
	if (len == 0 || len >= sizeof(p->host)) {
		(void)snprintf(err, size,
		    "'%s' is not unix:/path[:mode], host:port or [v6]:port",
		    text);
		return -1;
	}
	port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port == 0 ||
	    port > 65535) {
		(void)snprintf(err, size, "'%s' is not a port from 1 to 65535",
		    colon + 1);
		return -1;
	}
	memcpy(p->host, host, len);
	p->host[len] = '\0';
	(void)snprintf(p->port, sizeof(p->port), "%lu", port);
	return 0;
}

static int
parse(struct parts *p, const char *address, char *err, size_t size)
{
	memset(p, 0, sizeof(*p));
	if (strncmp(address, "unix:", 5) == 0)
		return parse_unix(p, address + 5, err, size);
	return parse_inet(p, address, err, size);
}

int
socket_check(const char *address, char *err, size_t size)
{
	struct parts p;

	return parse(&p, address, err, size);
}

/*
 * Makes room at the path if what is there is a socket that nobody listens on.
 * Returns NULL, or what is in the way.
 */
static const char *
clear_path(const struct sockaddr_un *sun)
{
	struct stat st;
	int fd, result;

	if (lstat(sun->sun_path, &st) == -1)
		return errno == ENOENT ? NULL : strerror(errno);
	if (!S_ISSOCK(st.st_mode))
		return "something is there that is not a socket";
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd == -1 || system_set_flags(fd) == -1)
		return strerror(errno);
	result = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	(void)close(fd);
	if (result == 0 || errno == EAGAIN) /* or its backlog is full */
		return "another program listens there";
	if (errno != ECONNREFUSED)
		return strerror(errno);
	return unlink(sun->sun_path) == 0 ? NULL : strerror(errno);
}

/* Binds with the umask doing the mode: it is never wider, not for a moment. */
static int
bind_unix(struct listening *l, const struct sockaddr_un *sun, mode_t mode)
{
	mode_t old = umask(0777 & ~mode);
	int result = bind(l->fd, (const struct sockaddr *)sun, sizeof(*sun));
	struct stat st;

	(void)umask(old);
	if (result == -1 || stat(sun->sun_path, &st) == -1)
		return -1;
	memcpy(l->path, sun->sun_path, sizeof(l->path));
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

static const char *
listen_unix(struct listening *l, const struct parts *p)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	const char *why;

	memcpy(sun.sun_path, p->host, strlen(p->host));
	if ((why = clear_path(&sun)) != NULL)
		return why;
	l->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (l->fd == -1 || bind_unix(l, &sun, p->mode) == -1 ||
	    listen(l->fd, SOCKET_BACKLOG) == -1)
		return strerror(errno);
	return NULL;
}

static const char *
listen_inet(struct listening *l, const struct parts *p)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE,
			    .ai_socktype = SOCK_STREAM},
			*ai;
	int error = getaddrinfo(p->host, p->port, &hints, &ai), on = 1;
	const char *why = NULL;

	if (error != 0)
		return gai_strerror(error);
	l->fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
	if (l->fd == -1 ||
	    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
		-1 ||
	    bind(l->fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    listen(l->fd, SOCKET_BACKLOG) == -1)
		why = strerror(errno);
	freeaddrinfo(ai);
	return why;
}

int
socket_listen(struct listening *l, const char *address, char *err, size_t size)
{
	struct parts p;
	const char *why;

	*l = (struct listening){.fd = -1};
	if (parse(&p, address, err, size) == -1)
		return -1;
	why = p.is_unix ? listen_unix(l, &p) : listen_inet(l, &p);
	if (why == NULL && system_set_flags(l->fd) == -1)
		why = strerror(errno);
	if (why == NULL)
		return 0;
	(void)snprintf(err, size, "cannot listen on %s: %s", address, why);
	socket_close(l);
	return -1;
}

void
socket_close(struct listening *l)
{
	struct stat st;

	if (l->fd == -1)
		return;
	(void)close(l->fd);
	l->fd = -1;
	if (l->path[0] != '\0' && lstat(l->path, &st) == 0 &&
	    st.st_dev == l->dev && st.st_ino == l->ino)
		(void)unlink(l->path);
}
