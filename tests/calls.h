/* SPDX-License-Identifier: ISC */
#ifndef CALLS_H
#define CALLS_H

/*
 * Calls that fail: of all that the link line wraps (--wrap=NAME) and the test
 * names, the n-th, once or with all behind it.
 *
 *	CALL(int, listen, (int fd, int n), (fd, n), -1)
 *	CALL_DONE(...)  the same, which does what it says that it has not done
 */
#include <errno.h>
#include <stdbool.h>

static struct {
	unsigned long fails; /* the number of the one that fails; 0: none */
	unsigned long calls; /* since fails was set */
	bool for_good;	     /* all behind it fail, too */
	int error;
} calls;

static inline void
calls_fail(unsigned long n, bool for_good, int error)
{
	calls.fails = n;
	calls.calls = 0;
	calls.for_good = for_good;
	calls.error = error;
}

/* All is well again.  Did the one that was to fail come? */
static inline bool
calls_failed(void)
{
	bool came = calls.calls >= calls.fails;

	calls.fails = 0;
	return came;
}

static inline bool
call_is_to_fail(void)
{
	if (calls.fails == 0)
		return false;
	calls.calls++;
	if (calls.calls < calls.fails ||
	    (calls.calls > calls.fails && !calls.for_good))
		return false;
	errno = calls.error;
	return true;
}

#define CALL(type, name, parameters, arguments, failure)            \
	type __real_##name parameters;                              \
	type __wrap_##name parameters;                              \
	type __wrap_##name parameters                               \
	{                                                           \
		return call_is_to_fail() ? (failure) :              \
					   __real_##name arguments; \
	}

#define CALL_DONE(type, name, parameters, arguments, failure)  \
	type __real_##name parameters;                         \
	type __wrap_##name parameters;                         \
	type __wrap_##name parameters                          \
	{                                                      \
		type result = __real_##name arguments;         \
                                                               \
		return call_is_to_fail() ? (failure) : result; \
	}

#endif
