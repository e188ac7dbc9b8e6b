/* SPDX-License-Identifier: ISC */
/*
 * Query strings (application/x-www-form-urlencoded, WHATWG URL, section 5.1):
 * pairs between '&', a space written as '+', any byte as %XX.
 */
#include "base/query.h"

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

/*
 * Decodes text in its place, which what comes out fits in; plus is what '+'
 * stands for.  -1: bad.
 */
static int
decode(char *text, char plus)
{
	const char *from;
	char *to = text;
	int high, low;

	for (from = text; *from != '\0'; from++) {
		if (*from != '%') {
			*to = *from;
			if (*to == '+')
				*to = plus;
			to++;
			continue;
		}
		if ((high = hex(from[1])) == -1 || (low = hex(from[2])) == -1 ||
		    high + low == 0)
			return -1;
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return 0;
}

/* Ends the text before the first such character; what is behind that. */
static char *
cut(char *text, char c)
{
	char *p = strchr(text, c);

	if (p == NULL)
		return text + strlen(text);
	*p = '\0';
	return p + 1;
}

void
query_begin(struct query *q, char *text)
{
	*q = (struct query){.next = text};
}

bool
query_next(struct query *q)
{
	do {
		while (q->next != NULL && *q->next == '&')
			q->next++;
		if (q->next == NULL || *q->next == '\0')
			return false;
		q->name = q->next;
		q->next = cut(q->name, '&');
		q->value = cut(q->name, '=');
	} while (decode(q->name, ' ') == -1);
	return true;
}

const char *
query_value(struct query *q)
{
	return decode(q->value, ' ') == 0 ? q->value : NULL;
}

int
query_percent(char *text)
{
	return decode(text, '+');
}
