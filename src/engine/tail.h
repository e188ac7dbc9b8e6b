/* SPDX-License-Identifier: ISC */
#ifndef TAIL_H
#define TAIL_H

#include <sys/queue.h>

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/eventid.h"
#include "channel/hub.h"
#include "engine/engine.h"
#include "engine/link.h"
#include "engine/repeats.h"
#include "engine/resp.h"

/*
 * The stream of Redis on its way into the hub, on a connection of its own.
 *
 * First the newest entries are read, page by page backwards (XREVRANGE), until
 * the hub's budgets are full, and restored; then the hub is ready.  From then
 * on it is one cycle: a probe whether the entry that was read last is still
 * there (XREVRANGE id -), and with it, in one write, what is behind it (XREAD
 * BLOCK).  What exactly is probed tail_probe.c tells.
 *
 * XREAD tells of no loss.  But whoever trims takes the oldest first, and a copy
 * that lacks entries lacks the newest; so where the entry that we read last is
 * still there, nothing behind it is missing.  Where it is not:
 *
 * - something came behind it: what was between is lost, up to before that;
 * - nothing did: the last id of the stream (XINFO STREAM) is ours: nothing is
 *   lost, or above it: all up to there is, or below it, or there is no stream:
 *   an older copy, or none.  What it will give out next might be ids that we
 *   have passed, so an entry with the next id behind ours, a note, is added to
 *   it; whoever comes first does that, and for the others it is an entry.
 *
 * Losses go to the hub (LOSS_SOURCE), so every stream is told.  A false one may
 * be; none is silent.
 */

#define TAIL_BLOCK    1.0 /* seconds that XREAD waits */
#define TAIL_PATIENCE 3.0 /* seconds more until the connection is given up */
#define TAIL_COUNT    512 /* entries of one XREAD or page */

struct awaiting;
TAILQ_HEAD(awaiting_list, awaiting);

struct tail_setup {
	const char *key;
	double age;	/* seconds; 0: no limit: older entries are not loaded */
	size_t entries; /* nor more than so many */
	size_t max_event; /* bytes of type and data */
	uint64_t (*wall_ms)(void);
	/* What is said of streams that all are to close; or NULL. */
	void (*close)(void *arg, const char *which);
	void *arg;
};

struct tail {
	struct link link;
	struct tail_setup set;
	struct hub *hub;
	struct ev_loop *loop;
	/* The hub has been filled, and this was called. */
	void (*ready)(void *arg);
	void *arg;
	struct eventid at; /* of the entry that was read last; at first 0-0 */
	struct awaiting_list awaiting; /* ids ahead of that */
	double at_end; /* when all that there was had been read, monotonic */
	struct repeats repeats; /* the keys of entries that it has read */
	unsigned long long entries, skipped, repeated, losses;
	/* What else is the tail's own. */
	struct tail_inner *inner;
};

/* loop, hub and finder outlive it.  0, or -1: no memory. */
int tail_init(struct tail *, const struct tail_setup *,
    const struct link_setup *, struct finder *, struct hub *,
    void (*ready)(void *arg), void *arg);

void tail_start(struct tail *);

/* Tells all that wait PLACE_AHEAD, and gives up what it has. */
void tail_stop(struct tail *);

/* As struct engine has them. */
enum place tail_place(const struct tail *, struct eventid);
void tail_await(struct tail *, struct eventid, /* not PLACE_NOT_YET */
    void (*done)(void *arg, enum place), void *arg);

/* Seconds that it is behind; 0: it waits for the next entry. */
double tail_lag(const struct tail *);

#endif
