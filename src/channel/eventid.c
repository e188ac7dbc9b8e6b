/* SPDX-License-Identifier: ISC */
/*
 * Event ids: made, compared, written and read.
 */
#include "channel/eventid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT_BITS 20
#define COUNT_MAX  ((UINT64_C(1) << COUNT_BITS) - 1)

struct eventid
eventid_before(struct eventid id)
{
	if ((id.n & COUNT_MAX) > 0)
		id.n--;
	else if (id.ms == 0)
		id.n -= id.n > 0;
	else {
		id.ms--; /* the epoch stays: it is to be recognised */
		id.n |= COUNT_MAX;
	}
	return id;
}

size_t
eventid_format(char buf[static EVENTID_SIZE], struct eventid id)
{
	return (size_t)snprintf(buf, EVENTID_SIZE, "%" PRIu64 "-%" PRIu64,
	    id.ms, id.n);
}

/* The number at *p, which is moved behind it. */
static bool
parse_number(const char **p, uint64_t *n)
{
	const char *s = *p;
	unsigned digit;

	if (*s < '0' || *s > '9' || (*s == '0' && s[1] >= '0' && s[1] <= '9'))
		return false;
	for (*n = 0; *s >= '0' && *s <= '9'; s++) {
		digit = (unsigned)(*s - '0');
		if (*n > (UINT64_MAX - digit) / 10)
			return false;
		*n = *n * 10 + digit;
	}
	*p = s;
	return true;
}

bool
eventid_parse(struct eventid *id, const char *text)
{
	return parse_number(&text, &id->ms) && *text++ == '-' &&
	       parse_number(&text, &id->n) && *text == '\0';
}

void
eventid_begin(struct eventid_source *s, uint32_t epoch, uint64_t ms)
{
	s->epoch = epoch;
	s->last.ms = ms;
	s->last.n = (uint64_t)epoch << COUNT_BITS;
}

struct eventid
eventid_next(struct eventid_source *s, uint64_t ms)
{
	uint64_t count = s->last.n & COUNT_MAX;

	if (ms > s->last.ms || count == COUNT_MAX) {
		s->last.ms = ms > s->last.ms ? ms : s->last.ms + 1;
		s->last.n = (uint64_t)s->epoch << COUNT_BITS;
	} else
		s->last.n++;
	return s->last;
}

bool
eventid_is_ours(const struct eventid_source *s, struct eventid id)
{
	return id.n >> COUNT_BITS == s->epoch;
}
