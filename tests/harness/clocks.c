/* SPDX-License-Identifier: ISC */
/*
 * Clocks that a test sets, to be loaded by LD_PRELOAD before the program.
 */
#define _GNU_SOURCE
#include "clocks.h"

#include <sys/syscall.h>
#include <sys/time.h>

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "mapped.h"

static struct clocks *clocks;

__attribute__((constructor)) static void
clocks_begin(void)
{
	clocks = mapped_open(getenv("CLOCKS"), 0, sizeof(*clocks));
}

static void
add(struct timespec *ts, double ahead)
{
	double whole = floor(ahead);
	long ns = ts->tv_nsec + (long)((ahead - whole) * 1e9);

	ts->tv_sec += (time_t)whole + (ns >= 1000000000);
	ts->tv_nsec = ns >= 1000000000 ? ns - 1000000000 : ns;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int result = (int)syscall(SYS_clock_gettime, id, ts);

	if (result == -1 || clocks == NULL)
		return result;
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		add(ts, clocks->wall);
	else if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE)
		add(ts, clocks->monotonic);
	return result;
}

time_t
time(time_t *t)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	*tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
	return 0;
}
