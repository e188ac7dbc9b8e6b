/* SPDX-License-Identifier: ISC */
/*
 * The load: N streams towards one target, opened at a rate, read as they
 * become ready, every event counted and timed.  One thread, one epoll set.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parser.h"
#include "sample.h"
#include "target.h"

#define LOAD_SECOND 1000000000u /* ns */

enum stream_state { IDLE, CONNECTING, WAITING, LIVE, BROKEN };

struct stream {
	int fd;
	enum stream_state state;
	struct parser parser;
	uint64_t opened, last; /* connect(), newest event */
	uint32_t events;
	uint32_t next; /* the number that the next event must have; 0: any */
};

struct load {
	struct target target;
	struct stream *streams;
	size_t n;		     /* streams asked for */
	double rate;		     /* connects/s, 0: no limit */
	uint64_t interval, patience; /* ns */
	int ep;
	bool measuring; /* in the window */
	bool fresh;	/* established: by an event stamped after connect() */
	uint32_t begin; /* the number of each stream's first event; 0: any */
	/* Called for each event, the stream's state already knows of it. */
	void (*heard)(struct load *, const struct parser *);

	size_t tried;	/* connects that are made */
	size_t settled; /* of these: an event or a failure */
	size_t established, refused, badstatus, broken;
	size_t live;	   /* established and not broken */
	uint64_t at;	   /* when the bytes at hand were read */
	uint64_t progress; /* when one was established last */
	uint64_t events;   /* in the window */
	uint64_t holes;	   /* numbers that were left out */
	uint64_t repeats;  /* events whose number had been passed already */
	/* Of stamped events the delays, of others what the intervals are off.
	 */
	struct sample first, gap1, jitter, delay;
};

/* target, n, rate, interval and patience are set; exits if that fails. */
void load_init(struct load *);
/*
 * Opens all streams and reads until each has its first event or has failed,
 * or none has come for as long as the patience lasts: those are given up.
 * Returns the nanoseconds until the last one came.
 */
uint64_t load_open(struct load *);
void load_run(struct load *, uint64_t nanoseconds);
/*
 * The stream with this number leaves, and another comes in its place; false:
 * the backlog is full, try again.  After load_open().
 */
bool load_again(struct load *, size_t);
/* Waits for something to read, up to so long, and reads. */
void load_turn(struct load *, int timeout_ms);
/* Closes all streams and sets the counters of opening to nothing. */
void load_close(struct load *);
void load_free(struct load *);
uint64_t load_now(void);

#endif
