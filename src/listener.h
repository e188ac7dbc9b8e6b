/* SPDX-License-Identifier: ISC */
#ifndef LISTENER_H
#define LISTENER_H

#include <ev.h>

#include "conn.h"

/* Takes connections off the listening socket. */
struct listener {
	ev_io io;
	ev_timer pause; /* runs while no descriptor is left for a connection */
	struct ev_loop *loop;
	struct conns *conns;
	unsigned long long pauses;
	double told; /* when the log was told of one */
};

/* fd listens and is non-blocking; it stays the caller's. */
void listener_start(struct listener *, struct conns *, int fd);

/* Takes no more connections. */
void listener_stop(struct listener *);

#endif
