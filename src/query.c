/* SPDX-License-Identifier: ISC */
/*
 * Query strings (application/x-www-form-urlencoded, WHATWG URL, section 5.1):
 * pairs between '&', a space written as '+', any byte as %XX.
 */
#include "query.h"

#include <string.h>

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes len bytes to *to, which is moved behind the NUL there.  -1: bad. */
static int
decode(char **to, const char *from, size_t len)
{
	const char *end = from + len;
	char *p = *to;
	int high, low;

	for (; from < end; from++) {
		if (*from != '%') {
			*p = *from;
			if (*p == '+')
				*p = ' ';
			p++;
			continue;
		}
		if (end - from < 3 || (high = hex(from[1])) == -1 ||
		    (low = hex(from[2])) == -1 || high + low == 0)
			return -1;
		*p++ = (char)(high << 4 | low);
		from += 2;
	}
	*p++ = '\0';
	*to = p;
	return 0;
}

void
query_begin(struct query *q, const char *text, char *room)
{
	q->next = text == NULL ? "" : text;
	q->room = room;
	q->name = q->value = NULL;
}

int
query_next(struct query *q)
{
	size_t len, name;

	while (*q->next == '&')
		q->next++;
	if (*q->next == '\0')
		return 0;
	len = strcspn(q->next, "&");
	name = strcspn(q->next, "=&");
	q->name = q->room;
	if (decode(&q->room, q->next, name) == -1)
		return -1;
	q->value = q->room;
	if (name < len)
		name++; /* the '=' */
	if (decode(&q->room, q->next + name, len - name) == -1)
		return -1;
	q->next += len;
	return 1;
}
