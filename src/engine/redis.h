/* SPDX-License-Identifier: ISC */
#ifndef REDIS_H
#define REDIS_H

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/hub.h"
#include "engine/engine.h"
#include "engine/finder.h"
#include "engine/link.h"
#include "engine/sender.h"
#include "engine/tail.h"
#include "engine/upkeep.h"

/* What the options say. */
struct redis_setup {
	const char *addresses;	   /* --redis */
	const char *key;	   /* --redis-key */
	const char *user;	   /* --redis-user; NULL: none */
	const char *password_file; /* --redis-password-file; NULL: none */
	const char *sentinel;	   /* --redis-sentinel; NULL: none */
	unsigned long db;	   /* --redis-db */
	unsigned long wait;	   /* --redis-wait: replicas */
	unsigned long history;	   /* --redis-history: entries */
	double age;		   /* --history-age */
	size_t max_event;	   /* --max-event */
	const size_t *streams;	   /* open in this process */
	/* Some process has said what all are to close; or NULL. */
	void (*close)(void *arg, const char *which);
	void *arg;
};

/*
 * The engine whose events all processes share: the order is Redis', and every
 * event comes to the hub from there, also those that were published here.
 */
struct redis {
	struct engine engine;
	struct redis_setup set;
	struct link_setup links;
	struct hub *hub; /* from start() on, as all that follows */
	struct ev_loop *loop;
	struct finder *finder;
	struct tail tail;
	struct link publisher;
	struct sender sender;
	struct upkeep upkeep;
	unsigned long long followed; /* connects of the tail's link */
	bool loaded; /* the hub is filled; ready() waits for the publisher */
	void (*ready)(void *arg); /* NULL: it was called */
	void *arg;
	ev_prepare turn_ends;
	ev_timer second;
	uint64_t (*wall_ms)(void);
};

_Static_assert(offsetof(struct redis, engine) == 0,
    "what its calls get is cast to struct redis");

/*
 * All texts outlive it.  -1 with one line in err: the addresses are none.
 */
int redis_init(struct redis *, const struct redis_setup *,
    uint64_t (*wall_ms)(void), char *err, size_t size);

#endif
