/* SPDX-License-Identifier: ISC */
#ifndef ZONE_H
#define ZONE_H

#include <stdbool.h>

/*
 * Is TZ's value one that the C library can know (POSIX.1-2008, 8.3 "Other
 * Environment Variables", or a file of the zone database)?  NULL and "" are.
 * What it does not know it takes for UTC without a word.
 */
bool zone_is_known(const char *tz);

#endif
