/* SPDX-License-Identifier: ISC */
#ifndef LISTENER_H
#define LISTENER_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "fastcgi/conn.h"
#include "base/socket.h"

/* Takes connections off the listening sockets. */
struct listener {
	struct listener_socket {
		ev_io io;	/* first */
		bool inherited; /* the next process has it too */
		bool inet;	/* TCP, not a Unix socket */
	} socket[SOCKETS_MAX];
	size_t sockets;
	ev_timer pause; /* runs while no descriptor is left for a connection */
	struct ev_loop *loop;
	struct conns *conns;
	unsigned long long pauses;
	double told; /* when the log was told of one */
};

/* The sockets stay the caller's. */
void listener_start(struct listener *, struct conns *, const struct sockets *);

/* Leaves inherited sockets to the next process. */
void listener_leave(struct listener *);

/* Takes no more connections. */
void listener_stop(struct listener *);

#endif
