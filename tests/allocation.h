/* SPDX-License-Identifier: ISC */
#ifndef ALLOCATION_H
#define ALLOCATION_H

/*
 * Memory that runs out at one allocation and is there again for the next.  The
 * link line wraps calloc, malloc and tsearch.
 */
#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>

static struct {
	unsigned long fails; /* the number of the one that fails; 0: none */
	unsigned long calls; /* since fails was set */
} allocation;

void *__real_calloc(size_t, size_t);
void *__real_malloc(size_t);
void *__real_tsearch(const void *, void **, __compar_fn_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_malloc(size_t);
void *__wrap_tsearch(const void *, void **, __compar_fn_t);

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

/* It adds a node to its tree only where the key is new, as it is with us. */
void *
__wrap_tsearch(const void *key, void **root, __compar_fn_t compare)
{
	return allocation_is_to_fail() ? NULL :
					 __real_tsearch(key, root, compare);
}

#endif
