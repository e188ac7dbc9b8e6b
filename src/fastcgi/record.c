/* SPDX-License-Identifier: ISC */
/*
 * FastCGI records, byte by byte: no struct is laid over them, so neither
 * byte order nor alignment matters.
 */
#include "fastcgi/record.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void
record_header(uint8_t *p, uint8_t type, uint16_t id, uint16_t len)
{
	p[0] = RECORD_VERSION;
	p[1] = type;
	p[2] = (uint8_t)(id >> 8);
	p[3] = (uint8_t)id;
	p[4] = (uint8_t)(len >> 8);
	p[5] = (uint8_t)len;
	p[6] = 0; /* padding */
	p[7] = 0; /* reserved */
}

void
record_begin(uint8_t *p, uint16_t id, uint8_t flags)
{
	record_header(p, FCGI_BEGIN_REQUEST, id, 8);
	memset(p + RECORD_HEADER, 0, 8);
	p[RECORD_HEADER + 1] = FCGI_RESPONDER;
	p[RECORD_HEADER + 2] = flags;
}

size_t
record_end(uint8_t *p, uint16_t id, enum record_status status)
{
	size_t len = 0;

	if (status == FCGI_REQUEST_COMPLETE) {
		record_header(p, FCGI_STDOUT, id, 0);
		len = RECORD_HEADER;
	}
	p += len;
	record_header(p, FCGI_END_REQUEST, id, 8);
	memset(p + RECORD_HEADER, 0, 8);
	p[RECORD_HEADER + 4] = (uint8_t)status;
	return len + RECORD_HEADER + 8;
}

void
record_unknown(uint8_t *p, uint8_t type)
{
	record_header(p, FCGI_UNKNOWN_TYPE, 0, 8);
	memset(p + RECORD_HEADER, 0, 8);
	p[RECORD_HEADER] = type;
}

size_t
record_put_pair(uint8_t *p, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	p[0] = (uint8_t)n;
	p[1] = (uint8_t)v;
	memcpy(p + 2, name, n);
	memcpy(p + 2 + n, value, v);
	return 2 + n + v;
}

size_t
record_values(uint8_t *p, unsigned asked, unsigned long max)
{
	char number[24];
	size_t len = RECORD_HEADER;

	(void)snprintf(number, sizeof(number), "%lu", max);
	if (asked & RECORD_MAX_CONNS)
		len += record_put_pair(p + len, "FCGI_MAX_CONNS", number);
	if (asked & RECORD_MAX_REQS)
		len += record_put_pair(p + len, "FCGI_MAX_REQS", number);
	if (asked & RECORD_MPXS_CONNS)
		len += record_put_pair(p + len, "FCGI_MPXS_CONNS", "0");
	record_header(p, FCGI_GET_VALUES_RESULT, 0,
	    (uint16_t)(len - RECORD_HEADER));
	return len;
}

/* One length: a byte, or four with the first one's high bit set. */
static bool
get_length(const uint8_t **p, const uint8_t *end, size_t *len)
{
	const uint8_t *q = *p;

	if (q == end)
		return false;
	if (q[0] < 0x80) {
		*len = q[0];
		*p += 1;
		return true;
	}
	if (end - q < 4)
		return false;
	*len = (size_t)(q[0] & 0x7f) << 24 | (size_t)q[1] << 16 |
	       (size_t)q[2] << 8 | q[3];
	*p += 4;
	return true;
}

int
record_pair(const uint8_t **p, const uint8_t *end, struct record_pair *pair)
{
	if (*p == end)
		return 0;
	if (!get_length(p, end, &pair->name_len) ||
	    !get_length(p, end, &pair->value_len))
		return -1;
	if (pair->name_len > (size_t)(end - *p) ||
	    pair->value_len > (size_t)(end - *p) - pair->name_len)
		return -1;
	pair->name = *p;
	pair->value = pair->name + pair->name_len;
	*p = pair->value + pair->value_len;
	return 1;
}

int
record_asked(const uint8_t *content, size_t len)
{
	static const struct {
		const char *name;
		int bit;
	} known[] = {
	    {"FCGI_MAX_CONNS", RECORD_MAX_CONNS},
	    {"FCGI_MAX_REQS", RECORD_MAX_REQS},
	    {"FCGI_MPXS_CONNS", RECORD_MPXS_CONNS},
	};
	const uint8_t *p = content, *end = content + len;
	struct record_pair pair;
	int asked = 0, more;
	size_t i;

	while ((more = record_pair(&p, end, &pair)) == 1)
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (pair.name_len == strlen(known[i].name) &&
			    memcmp(pair.name, known[i].name, pair.name_len) ==
				0)
				asked |= known[i].bit;
	return more == -1 ? -1 : asked;
}
