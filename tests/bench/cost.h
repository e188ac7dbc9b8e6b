/* SPDX-License-Identifier: ISC */
/*
 * What the measured programs cost while the load runs: each group of processes
 * is watched from before the first connect, and over a window.
 */
#ifndef COST_H
#define COST_H

#include <stddef.h>
#include <stdint.h>

#include "proc.h"

enum { COSTS_MAX = 8 };

struct cost {
	struct proc_group group;
	int64_t memory; /* bytes more than at costs_begin() */
	uint64_t cpu;	/* ns, in the window */
};

struct costs {
	struct cost of[COSTS_MAX]; /* the first is the responder */
	size_t n;
	uint64_t self;	 /* ns of CPU in the window, this process's own */
	uint64_t window; /* ns */
};

/* One more group: "pid[,pid...]" and all descendants. */
void costs_add(struct costs *, const char *list);
/* Before the first connect. */
void costs_begin(struct costs *);
/* The streams are there: the memory that they take. */
void costs_weigh(struct costs *);
/* A window, of CPU time, opens and closes. */
void costs_open(struct costs *);
void costs_close(struct costs *);
/*
 * " cpu=" (us per event of the first group), " cpu_all=", and per group "
 * cpuN="; the names begin with the prefix.
 */
void costs_print_cpu(const struct costs *, const char *prefix, uint64_t events);
/* " mem=" (bytes per stream of the first group), " mem_all=", " memN=". */
void costs_print_memory(const struct costs *, size_t streams);
/* How many CPUs this process used in the window; 1 is one whole. */
double costs_self(const struct costs *);

#endif
