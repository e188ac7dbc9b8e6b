/* SPDX-License-Identifier: ISC */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#define HISTOGRAM_BUCKETS 12 /* and one more for all that is above */

/* How long something took, and how often; all zero is the empty one. */
struct histogram {
	unsigned long long bucket[HISTOGRAM_BUCKETS + 1]; /* each alone */
	unsigned long long count;
	double sum; /* seconds */
};

/* The bounds of the buckets as labels of Prometheus, in their order. */
extern const char *const histogram_labels[HISTOGRAM_BUCKETS + 1];

/* It took so long n times; less than nothing is nothing. */
void histogram_add(struct histogram *, double seconds, unsigned long long n);

#endif
