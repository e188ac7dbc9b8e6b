/* SPDX-License-Identifier: ISC */
/*
 * Samples: durations in microseconds, kept whole, asked for percentiles at
 * the end.  No buckets: what is printed is a value that was measured.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct sample {
	uint32_t *us;
	size_t n, room;
};

/* Room for this many at once, so that none is made while measuring. */
void sample_reserve(struct sample *, size_t);
void sample_add(struct sample *, uint64_t nanoseconds);
/* Nearest rank, in milliseconds; p is 0 to 100.  0 if there is none. */
double sample_ms(struct sample *, double p);
/* " NAME_p50=", " NAME_p99=" and " NAME_max=", in milliseconds. */
void sample_print(const char *name, struct sample *);

#endif
