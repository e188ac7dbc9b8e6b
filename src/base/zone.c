/* SPDX-License-Identifier: ISC */
/*
 * TZ, as far as it decides whether the clock's time is what was meant.
 */
#include "base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* "UTC", or a name and an offset: "CET-1CEST", "<-03>3". */
static bool
is_rule(const char *tz)
{
	size_t len;

	if (*tz == '<')
		len = strcspn(tz, ">") + 1;
	else
		len = strspn(tz, LETTERS);
	if (len < 3 || len > strlen(tz))
		return false;
	tz += len;
	tz += strspn(tz, "+-");
	return *tz >= '0' && *tz <= '9';
}

bool
zone_is_known(const char *tz)
{
	const char *dir = getenv("TZDIR");
	char path[512];

	if (tz == NULL || *tz == '\0' || strcmp(tz, "UTC") == 0 ||
	    strcmp(tz, "GMT") == 0)
		return true;
	tz += *tz == ':';
	if (is_rule(tz))
		return true;
	(void)snprintf(path, sizeof(path), "%s/%s",
	    *tz == '/'	? "" :
	    dir == NULL ? "/usr/share/zoneinfo" :
			  dir,
	    tz);
	return access(path, R_OK) == 0;
}
