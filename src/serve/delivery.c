/* SPDX-License-Identifier: ISC */
/*
 * From publication to the last write, once a turn: see hub_serving() for what a
 * round is.
 */
#include "serve/delivery.h"

#include <string.h>

void
delivery_published(struct delivery *d, double at, unsigned long long all)
{
	unsigned long long n = all - d->seen;

	if (n == 0)
		return;
	d->seen = all;
	/* A round may take longer than that: then these count as older. */
	if (d->turns == DELIVERY_TURNS) {
		d->turn[DELIVERY_TURNS - 1].n += n;
		return;
	}
	d->turn[d->turns].at = at;
	d->turn[d->turns++].n = n;
}

void
delivery_serving(struct delivery *d)
{
	if (d->turns == DELIVERY_TURNS) { /* the last is the next round's */
		d->turns--;
		d->turn[d->turns - 1].n += d->turn[d->turns].n;
	}
	d->serving = d->turns;
}

void
delivery_served(struct delivery *d, double now, bool all)
{
	size_t i;

	if (all)
		d->serving = d->turns;
	if (d->serving == 0)
		return;
	for (i = 0; i < d->serving; i++)
		histogram_add(&d->took, now - d->turn[i].at, d->turn[i].n);
	d->turns -= d->serving;
	memmove(d->turn, d->turn + d->serving, d->turns * sizeof(d->turn[0]));
	d->serving = 0;
}
