/* SPDX-License-Identifier: ISC */
#ifndef SOCKET_H
#define SOCKET_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <stdbool.h>
#include <stddef.h>

#define SOCKET_BACKLOG 4096 /* the kernel takes less if somaxconn is */

/* The socket we listen on. */
struct listening {
	int fd;
	bool inherited; /* another process has it too, or will */
	/* The Unix socket that we made, to be removed by us alone. */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev;
	ino_t ino;
};

/*
 * The socket that we were started with: descriptor 0 (spawn-fcgi, lighttpd,
 * systemd's StandardInput=socket), or systemd's LISTEN_FDS.  -1 if neither is a
 * listening socket.
 */
int socket_inherit(struct listening *);

/* Is the address one that socket_listen() understands?  0, or -1 with err. */
int socket_check(const char *address, char *err, size_t size);

/*
 * Listens on unix:/path[:mode], host:port or [v6]:port; the mode of a Unix
 * socket is 0660 unless given.  Never takes a path where something other than
 * a socket is, or a socket that somebody listens on.  0, or -1 with one line in
 * err.
 */
int socket_listen(struct listening *, const char *address, char *err,
    size_t size);

/* Closes it, and removes the path if it is still our socket. */
void socket_close(struct listening *);

#endif
