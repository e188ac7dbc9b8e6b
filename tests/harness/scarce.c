/* SPDX-License-Identifier: ISC */
/*
 * Memory that runs out: these functions stand before those of the sanitizer,
 * for the program and for its libraries, and fail as the test has it that
 * shares a file with us.
 */
#define _GNU_SOURCE /* for dladdr */
#include "scarce.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mapped.h"

extern const char __executable_start, etext; /* the linker's */

void *__interceptor_malloc(size_t);
void *__interceptor_calloc(size_t, size_t);
void *__interceptor_realloc(void *, size_t);
char *__interceptor_strdup(const char *);
void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
char *strdup(const char *);

static struct scarce *scarce;

__attribute__((constructor)) static void
scarce_begins(void)
{
	scarce = mapped_open(getenv("SCARCE"), 0, sizeof(*scarce));
}

static bool
is_meant(const char *caller)
{
	bool ours = caller >= &__executable_start && caller < &etext;
	Dl_info of;

	if (ours || atomic_load(&scarce->who) == OURS)
		return ours && atomic_load(&scarce->who) == OURS;
	return dladdr(caller, &of) != 0 &&
	       strstr(of.dli_fname, "libfcgi") == NULL &&
	       strstr(of.dli_fname, "libev") == NULL;
}

static bool
is_to_fail(const void *caller)
{
	unsigned long n, first;

	if (scarce == NULL || (first = atomic_load(&scarce->first)) == 0 ||
	    !is_meant(caller))
		return false;
	n = atomic_fetch_add(&scarce->calls, 1) + 1;
	if (n < first || n - first >= atomic_load(&scarce->many))
		return false;
	(void)atomic_fetch_add(&scarce->failed, 1);
	errno = ENOMEM;
	return true;
}

#define FAILS is_to_fail(__builtin_return_address(0))

void *
malloc(size_t size)
{
	return FAILS ? NULL : __interceptor_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return FAILS ? NULL : __interceptor_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return FAILS ? NULL : __interceptor_realloc(p, size);
}

char *
strdup(const char *text)
{
	return FAILS ? NULL : __interceptor_strdup(text);
}
