/* SPDX-License-Identifier: ISC */
#ifndef RUNS_H
#define RUNS_H

/*
 * What the test of many runs is made of (wire_runs.c).
 */
#include "unit.h"

#include <sys/epoll.h>
#include <sys/queue.h>

#include <stdbool.h>

#include "post.h"
#include "subscriber.h"
#include "world.h"

#define FEEDERS	 20
#define RATE	 50   /* events a second, of each run */
#define LANES	 5    /* runs of a cohort that go on at a time */
#define TURNS	 3    /* runs of a lane, one behind the other, at most */
#define PACE	 0.2  /* seconds between two bodies for one run, at least */
#define BODY	 200  /* events in one, at most */
#define LONG	 2000 /* bytes of a long event */
#define LEAVES	 20   /* times that a reader leaves, at most */
#define MAX_BODY 65536
#define QUIET	 4 /* events of the channel that is quiet */

enum { STDIN = 5, KEEP = 1 };

struct run {
	char name[32];
	unsigned events; /* that it will have, without its end */
	unsigned made;
};

/* Runs one behind the other. */
struct lane {
	struct run run[TURNS];
	unsigned runs, at;  /* this one goes on; runs: all have ended */
	double began, next; /* when it did, and when the next body may go */
};

/* What an epoll event is for. */
struct source {
	void (*comes)(void *of);
	void *of;
};

/* AWAY: comes at its time, for the first time or once more. */
enum mood { AWAY, READING, OVER };

struct guest {
	struct source source;
	STAILQ_ENTRY(guest) link;
	struct subscriber s;
	struct cohort *of;
	enum mood mood;
	double until; /* it does something else */
	bool steady;  /* it does not */
	unsigned leaves;
};

struct cohort {
	STAILQ_ENTRY(cohort) link;
	struct checker c;
	struct lane lane[LANES];
	unsigned lanes, ended; /* as many lanes are there, have ended */
	STAILQ_HEAD(, guest) guests;
	size_t reading; /* guests that are not over */
	double began;
	bool whole; /* nothing more comes for it */
};

/* A connection that feeds, and what an answer is awaited for. */
struct feeder {
	struct source source;
	struct front f;
	unsigned site, sites, turn; /* it serves those from the first on */
	bool busy;
	struct cohort *cohort;
	struct lane *lane;
	unsigned first, count;
	bool feed, end;
};

/* A place for runs: a feeder's cohort, and then the next one. */
struct site {
	struct cohort *now; /* NULL: none is left */
	struct feeder own;  /* if it is one long feed */
	unsigned left;	    /* cohorts */
};

/* All of it. */
static struct {
	uint32_t seed;
	int epoll;
	bool tight; /* not all can be held */
	bool big;   /* events are long */
	unsigned runs, readers, lasts, cohorts, names;
	struct feeder feeder[FEEDERS];
	size_t feeders, sites, fed; /* the last sites are fed */
	struct site *site;
	STAILQ_HEAD(, cohort) all;
	struct cohort quiet;
	double now, began;
	size_t empty; /* kilobytes of the program before anybody came */
	size_t events, ends, refused, posts, seen, gaps, left, shed, told;
} all;

static inline unsigned
below(unsigned n)
{
	return chance(&all.seed) % n;
}

/* In as many seconds, at most. */
static inline double
within(double seconds)
{
	return all.now + seconds * below(1000) / 1e3;
}

static inline void
watch(int fd, struct source *source)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = source};

	assert_int_equal(epoll_ctl(all.epoll, EPOLL_CTL_ADD, fd, &ev), 0);
}

/* How long a cohort is fed, if nothing is late. */
static inline double
life(void)
{
	return (double)all.lasts / all.cohorts;
}

#endif
