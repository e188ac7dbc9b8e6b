/* SPDX-License-Identifier: ISC */
#ifndef ALLOCATION_H
#define ALLOCATION_H

/*
 * Memory that runs out at one allocation and is there again for the next.  The
 * link line wraps calloc and malloc.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static struct {
	unsigned long fails; /* the number of the one that fails; 0: none */
	unsigned long calls; /* since fails was set */
} allocation;

void *__real_calloc(size_t, size_t);
void *__real_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_malloc(size_t);

/* The n-th allocation from now on fails; 0: none does. */
static inline void
allocation_fails(unsigned long n)
{
	allocation.fails = n;
	allocation.calls = 0;
}

/* Did the one that was to fail come? */
static inline bool
allocation_failed(void)
{
	return allocation.fails > 0 && allocation.calls >= allocation.fails;
}

static inline bool
allocation_is_to_fail(void)
{
	if (allocation.fails == 0 || ++allocation.calls != allocation.fails)
		return false;
	errno = ENOMEM;
	return true;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return allocation_is_to_fail() ? NULL : __real_calloc(n, size);
}

void *
__wrap_malloc(size_t size)
{
	return allocation_is_to_fail() ? NULL : __real_malloc(size);
}

#endif
