/* SPDX-License-Identifier: ISC */
/*
 * See cost.h.
 */
#include "cost.h"

#include <err.h>
#include <stdio.h>
#include <time.h>

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
costs_add(struct costs *costs, const char *list)
{
	if (costs->n == COSTS_MAX)
		errx(2, "more than %d -p", COSTS_MAX);
	proc_group_add(&costs->of[costs->n++].group, list);
}

void
costs_begin(struct costs *costs)
{
	for (size_t i = 0; i < costs->n; i++)
		costs->of[i].memory = -proc_group_memory(&costs->of[i].group);
}

void
costs_weigh(struct costs *costs)
{
	for (size_t i = 0; i < costs->n; i++)
		costs->of[i].memory += proc_group_memory(&costs->of[i].group);
}

void
costs_open(struct costs *costs)
{
	for (size_t i = 0; i < costs->n; i++)
		costs->of[i].cpu = proc_group_cpu(&costs->of[i].group);
	costs->self = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	costs->window = clock_ns(CLOCK_MONOTONIC);
}

void
costs_close(struct costs *costs)
{
	struct cost *cost = costs->of;

	for (; cost < costs->of + costs->n; cost++)
		cost->cpu = proc_group_cpu(&cost->group) - cost->cpu;
	costs->self = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - costs->self;
	costs->window = clock_ns(CLOCK_MONOTONIC) - costs->window;
}

void
costs_print_cpu(const struct costs *costs, const char *prefix, uint64_t events)
{
	double n = events > 0 ? (double)events : 1, cpu = 0, all = 0;

	for (size_t i = costs->n; i-- > 0; all += cpu) {
		cpu = (double)costs->of[i].cpu / 1000 / n;
		printf(" %scpu%zu=%.3f", prefix, i + 1, cpu);
	}
	printf(" %scpu=%.3f %scpu_all=%.3f", prefix, cpu, prefix, all);
}

void
costs_print_memory(const struct costs *costs, size_t streams)
{
	double mem = 0, all = 0;

	for (size_t i = costs->n; i-- > 0; all += mem) {
		mem = (double)costs->of[i].memory / (double)streams;
		printf(" mem%zu=%.0f", i + 1, mem);
	}
	printf(" mem=%.0f mem_all=%.0f", mem, all);
}

double
costs_self(const struct costs *costs)
{
	return (double)costs->self / (double)(costs->window + 1);
}
