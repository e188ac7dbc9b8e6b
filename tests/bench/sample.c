/* SPDX-License-Identifier: ISC */
/*
 * See sample.h.  Sorting happens when a percentile is asked for, which is
 * after the measuring.
 */
#include "sample.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

void
sample_reserve(struct sample *sample, size_t room)
{
	if (room <= sample->room)
		return;
	sample->us = realloc(sample->us, room * sizeof *sample->us);
	if (sample->us == NULL)
		err(1, "realloc");
	sample->room = room;
}

void
sample_add(struct sample *sample, uint64_t nanoseconds)
{
	uint64_t us = nanoseconds / 1000;

	if (sample->n == sample->room)
		sample_reserve(sample, sample->room * 2 + 1024);
	sample->us[sample->n++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

double
sample_ms(struct sample *sample, double p)
{
	size_t rank;

	if (sample->n == 0)
		return 0;
	qsort(sample->us, sample->n, sizeof *sample->us, compare);
	rank = (size_t)(p / 100 * (double)sample->n + 0.999999);
	if (rank > 0)
		rank--;
	if (rank >= sample->n)
		rank = sample->n - 1;
	return sample->us[rank] / 1000.0;
}

void
sample_print(const char *name, struct sample *sample)
{
	printf(" %s_p50=%.3f %s_p99=%.3f %s_max=%.3f", name,
	    sample_ms(sample, 50), name, sample_ms(sample, 99), name,
	    sample_ms(sample, 100));
}
