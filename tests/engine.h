/* SPDX-License-Identifier: ISC */
#ifndef TESTS_ENGINE_H
#define TESTS_ENGINE_H

/*
 * What the units of engines share: the test owns both clocks, no stream is
 * slow, and it is counted how often an engine says that it is ready.
 */
#include "unit.h"

#include <stdbool.h>

static uint64_t wall; /* milliseconds */
static double now;    /* monotonic seconds */
static unsigned ready;

static inline uint64_t
wall_ms(void)
{
	return wall;
}

static inline bool
relieve(void *arg, const size_t *account)
{
	(void)account;
	(void)arg;
	return false;
}

static inline void
on_ready(void *arg)
{
	++*(unsigned *)arg;
}

#endif
