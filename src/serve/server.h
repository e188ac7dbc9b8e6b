/* SPDX-License-Identifier: ISC */
#ifndef SERVER_H
#define SERVER_H

#include <ev.h>
#include <stdbool.h>

#include "base/config.h"
#include "engine/engine.h"
#include "channel/hub.h"
#include "fastcgi/listener.h"
#include "engine/memory.h"
#include "engine/redis.h"
#include "engine/sqlite.h"
#include "base/notify.h"
#include "base/signals.h"
#include "base/socket.h"
#include "serve/ahead.h"
#include "serve/delivery.h"
#include "serve/producer.h"
#include "serve/publication.h"
#include "serve/ticket_keys.h"
#include "serve/tickets.h"
#include "stream/stream.h"

#ifndef VERSION
#define VERSION "0"
#endif

/* All that one process has. */
struct server {
	struct streams streams;
	struct config cfg;
	struct ev_loop *loop;
	struct sockets sockets;
	struct listener listener;
	struct notify notify;
	struct hub hub;
	struct memory memory;
	struct sqlite sqlite;
	struct redis redis;
	struct engine *engine;
	struct tickets tickets;
	struct publisher publisher;
	struct producers producers;
	struct aheads aheads;
	struct delivery delivery;
	struct role closing;	   /* what an admin closes, for admin.c */
	unsigned long long closed; /* streams and feeds, by that */
	size_t unread;		   /* bytes of status, not written yet */
	double started;		   /* monotonic seconds */
	double started_wall;	   /* since 1970, as it was told then */
	double swept;		   /* when the sweep last came */
	double lag[2]; /* the longest turn of the last while, and before it */
	double lag_since;
	double told; /* when the log last had a front's fault; 0: never */
	ev_check turn_begins;
	ev_prepare turn_ends;
	ev_idle more; /* keeps the loop from sleeping while there is work */
	ev_timer sweep;
	ev_timer watchdog;
	ev_timer engine_late; /* runs until the engine is ready */
	struct signals signals;
	bool aging; /* the hub may hold what is too old */
	bool listening;
	bool end_now;	   /* a second signal came */
	bool log_is_stale; /* it could not be opened again yet */
};

/*
 * Whether the addresses, the user and the files of keys in the options are
 * such: 0, or -1 with one line in err.
 */
int server_check(const struct config *, char *err, size_t size);

/*
 * Opens what comes before all else: the log, the files of keys and the sockets;
 * then whoever --user names has this process, and root no more.  What fails
 * ends it with one line.
 */
void server_open(struct server *);

/* By the descriptors that there may be: streams and unfinished requests. */
void server_set_limits(struct server *);

/*
 * The keys of tickets, by their files as they are now.  If one of those is bad
 * it is -1 with one line in err, and the keys are as before.
 */
int server_read_keys(struct server *, char *err, size_t size);

/* Unless the options say otherwise: many writes in one call, if that works. */
void server_try_waves(struct server *);

/*
 * By the options: the hub, its engine, which is still to start, and who
 * publishes to it.
 */
void server_make_hub(struct server *);

/*
 * Starts the engine, and listens and is ready when it is, for what was there
 * before comes first; but it is not waited for too long.
 */
void server_begin(struct server *);

#endif
