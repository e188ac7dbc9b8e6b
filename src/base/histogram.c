/* SPDX-License-Identifier: ISC */
/*
 * Times, counted in buckets from half a millisecond to five seconds: one
 * selection for all, so that figures can be laid side by side.
 */
#include "base/histogram.h"

#define LE(bound) "le=\"" #bound "\""
#define EACH(what)                                                        \
	what(0.0005), what(0.001), what(0.0025), what(0.005), what(0.01), \
	    what(0.025), what(0.05), what(0.1), what(0.25), what(0.5),    \
	    what(1), what(5)
#define SECONDS(bound) bound

static const double limit[HISTOGRAM_BUCKETS] = {EACH(SECONDS)};

const char *const histogram_labels[HISTOGRAM_BUCKETS + 1] = {EACH(LE),
    "le=\"+Inf\""};

void
histogram_add(struct histogram *h, double seconds, unsigned long long n)
{
	unsigned i;

	if (seconds < 0)
		seconds = 0;
	for (i = 0; i < HISTOGRAM_BUCKETS && seconds > limit[i]; i++)
		continue;
	h->bucket[i] += n;
	h->count += n;
	h->sum += seconds * (double)n;
}
