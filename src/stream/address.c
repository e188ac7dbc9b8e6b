/* SPDX-License-Identifier: ISC */
/*
 * How many streams each address has, in a tree of the C library's.  The text
 * is what the front says in REMOTE_ADDR; it is compared, not understood.
 */
#include "stream/address.h"

#include <assert.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX                                                    \
	63 /* characters; any IPv6 address with its zone is shorter \
	    */

static int
compare(const void *a, const void *b)
{
	const struct address *x = a, *y = b;

	return strcmp(x->text, y->text);
}

struct address *
address_enter(struct addresses *all, const char *text)
{
	struct address *a, **found;
	size_t len;

	if (text == NULL)
		text = "-";
	len = strnlen(text, TEXT_MAX);
	a = calloc(1, sizeof(*a) + len + 1);
	if (a == NULL)
		return NULL;
	memcpy(a->text, text, len);
	found = tsearch(a, &all->tree, compare);
	if (found == NULL || *found != a)
		free(a);
	if (found == NULL)
		return NULL;
	(*found)->streams++;
	return *found;
}

void
address_leave(struct addresses *all, struct address *a)
{
	if (a == NULL)
		return;
	assert(a->streams > 0);
	if (--a->streams > 0)
		return;
	(void)tdelete(a, &all->tree, compare);
	free(a);
}
