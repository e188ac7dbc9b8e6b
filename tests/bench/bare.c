/* SPDX-License-Identifier: ISC */
/*
 * What a bare system call costs here: getppid(2), which does next to nothing
 * else, in loops of many calls.  What a wave gains is this much for each send
 * that it saves, so the bench's figures are read beside it.
 *
 *	bare
 *
 * It prints nanoseconds of CPU time a call, the median of the loops.
 */
#include <sys/syscall.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LOOPS = 101, CALLS = 10000 };

static double
cpu_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == -1)
		err(1, "clock_gettime");
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double
loop(void)
{
	double start = cpu_ns();

	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return (cpu_ns() - start) / CALLS;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(void)
{
	double ns[LOOPS];

	for (int i = 0; i < LOOPS; i++)
		ns[i] = loop();
	qsort(ns, LOOPS, sizeof *ns, compare);
	printf("%.0f\n", ns[LOOPS / 2]);
	return 0;
}
