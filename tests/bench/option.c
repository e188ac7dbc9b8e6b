/* SPDX-License-Identifier: ISC */
/*
 * See option.h.
 */
#include "option.h"

#include <sys/resource.h>

#include <err.h>
#include <stdlib.h>

double
option_number(const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= min && value <= max))
		errx(2, "not a number from %g to %g: %s", min, max, text);
	return value;
}

uint64_t
option_ns(const char *text)
{
	return (uint64_t)(option_number(text, 0, 3600) * 1e9);
}

void
option_descriptors(size_t needed)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "setrlimit");
	if (needed + 8 > limit.rlim_max)
		errx(1, "%zu streams need more than the %ju open files allowed",
		    needed, (uintmax_t)limit.rlim_max);
}
