/* SPDX-License-Identifier: ISC */
/*
 * What a request's parameters must be before anyone reads them as C strings:
 * libfcgi would cut a value at NUL, move a name's '=' into the value, and let
 * the first of two count.
 */
#include "fastcgi/params.h"

#include <stdbool.h>
#include <string.h>

#include "fastcgi/record.h"

#define SSE_NAMES_MAX 16 /* different SSE_* parameters in one request */

/* Names that we go by must be there once: which one counts is anyone's guess.
 */
static bool
sse_name_twice(const struct record_pair *pair, struct record_pair *seen,
    size_t *nseen)
{
	size_t i;

	if (pair->name_len < 4 || memcmp(pair->name, "SSE_", 4) != 0)
		return false;
	for (i = 0; i < *nseen; i++)
		if (seen[i].name_len == pair->name_len &&
		    memcmp(seen[i].name, pair->name, pair->name_len) == 0)
			return true;
	if (*nseen == SSE_NAMES_MAX)
		return true;
	seen[(*nseen)++] = *pair;
	return false;
}

const char *
params_fault(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;
	struct record_pair pair, seen[SSE_NAMES_MAX];
	size_t n = 0, nseen = 0;
	int more;

	while ((more = record_pair(&p, end, &pair)) == 1) {
		if (++n > PARAMS_PAIRS_MAX)
			return "too many parameters";
		if (pair.name_len == 0)
			return "a parameter without a name";
		if (memchr(pair.name, '=', pair.name_len) != NULL)
			return "a parameter's name with '='";
		if (memchr(pair.name, '\0', pair.name_len + pair.value_len) !=
		    NULL)
			return "a parameter with NUL";
		if (sse_name_twice(&pair, seen, &nseen))
			return "an SSE_ parameter twice";
	}
	return more == -1 ? "a parameter that is cut off" : NULL;
}
