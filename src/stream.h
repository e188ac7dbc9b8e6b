/* SPDX-License-Identifier: ISC */
#ifndef STREAM_H
#define STREAM_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "clock.h"
#include "config.h"
#include "conn.h"
#include "feed.h"
#include "request.h"

/* One browser's EventSource: a connection whose request stays. */
struct stream {
	struct conn conn;
	struct subscriber sub; /* feed NULL: not a stream, or not any more */
	struct address *address;
	double opened;
	float lifetime; /* seconds; 0: no limit */
	uint32_t messages;
	uint8_t todo; /* what fill() adds beside the feed's events */
};

/* All streams, and what they share. */
struct streams {
	struct conns conns;
	struct conn_owner owner;
	struct clock clock;
	struct addresses addresses;
	const struct config *cfg;
	size_t open;
	unsigned long long opened, messages, refused;
	bool draining;
	double drain_end;
	ev_timer drain_timer;
};

/*
 * request gets every whole request; cfg and loop must outlive the streams.
 * -1: no memory.
 */
int streams_init(struct streams *, struct ev_loop *, const struct config *,
    void (*request)(struct conn *, const struct gate_event *));

/* Closes and frees all. */
void streams_free(struct streams *);

/*
 * Tells every stream to come back later and ends it, spread over the drain
 * time; new ones are answered the same.  To be called once.
 */
void streams_drain(struct streams *);

/* True when a drain has nothing more to wait for. */
bool streams_drained(const struct streams *);

/* GET: opens the clock's stream, or refuses it if a limit is reached. */
void stream_open(struct stream *, const struct request *);

/* HEAD: a stream's headers, and the end. */
void stream_head(struct stream *, const struct request *);

#endif
