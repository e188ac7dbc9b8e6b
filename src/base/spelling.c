/* SPDX-License-Identifier: ISC */
/*
 * Names that are nearly one of ours.  To pass over them would give their writer
 * something else than was asked for.
 */
#include "base/spelling.h"

#include <string.h>

char *
spelling_squeeze(char to[static SPELLING_SIZE], const char *name)
{
	size_t n = 0;

	for (; *name != '\0' && n < SPELLING_SIZE - 1; name++)
		if (*name >= 'A' && *name <= 'Z')
			to[n++] = (char)(*name - 'A' + 'a');
		else if (*name >= 'a' && *name <= 'z')
			to[n++] = *name;
	to[n] = '\0';
	return to;
}

/* Is b what is left of a if one letter is taken out? */
static bool
lacks_one(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a != '\0' && strcmp(a + 1, b) == 0;
}

/* One letter is another, or two have changed places. */
static bool
differ_by_one(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	if (*a == '\0' || *b == '\0')
		return false;
	if (strcmp(a + 1, b + 1) == 0)
		return true;
	return a[0] == b[1] && a[1] == b[0] && strcmp(a + 2, b + 2) == 0;
}

bool
spelling_near(const char *written, const char *meant)
{
	char a[SPELLING_SIZE], b[SPELLING_SIZE];

	(void)spelling_squeeze(a, written);
	(void)spelling_squeeze(b, meant);
	return strcmp(a, b) == 0 || lacks_one(a, b) || lacks_one(b, a) ||
	       differ_by_one(a, b);
}
