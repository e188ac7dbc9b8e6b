/* SPDX-License-Identifier: ISC */
#ifndef SOCKET_H
#define SOCKET_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <stdbool.h>
#include <stddef.h>

#define SOCKET_BACKLOG 4096 /* the kernel takes less if somaxconn is */
#define SOCKETS_MAX    16

/* A socket that we listen on; non-blocking, and closed on exec. */
struct listening {
	int fd;
	bool inherited; /* another process has it too, or will */
	/* The Unix socket that we made, to be removed by us alone. */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev;
	ino_t ino;
	int lock; /* the file beside it that keeps others away, or -1 */
};

/* All of them. */
struct sockets {
	size_t n;
	struct listening one[SOCKETS_MAX];
};

/*
 * Adds those that we were started with: descriptor 0 (spawn-fcgi, lighttpd,
 * systemd's StandardInput=socket) if it listens, and all of systemd's
 * LISTEN_FDS, each once.  0, also if there are none; or -1 with one line in err
 * if one cannot be served: its fronts would wait for ever.
 */
int sockets_inherit(struct sockets *, char *err, size_t size);

/*
 * Listens on unix:/path[:mode], host:port or [v6]:port (see endpoint.h); on all
 * addresses that the host has.  Never takes a path where something other than a
 * socket is, or a socket that somebody listens on.  0, or -1 with one line in
 * err and nothing added.
 */
int sockets_listen(struct sockets *, const char *address, char *err,
    size_t size);

/*
 * Listens one of them at this address?  What is behind a path in a sockaddr_un
 * must be zero.
 */
bool sockets_have(const struct sockets *, const struct sockaddr *, socklen_t);

/*
 * The paths that we made, and their locks, are this user's from now on.  0, or
 * -1 with one line in err.
 */
int sockets_give(const struct sockets *, uid_t, gid_t, char *err, size_t size);

/* A path of ours that stays at the end, since we may not remove it, or NULL. */
const char *sockets_staying(const struct sockets *);

/*
 * Closes all, and removes those of our paths that are still our sockets, with
 * their locks.
 */
void sockets_close(struct sockets *);

#endif
