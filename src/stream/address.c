/* SPDX-License-Identifier: ISC */
/*
 * How many streams each address has, in a balanced tree.  The text is what the
 * front says in REMOTE_ADDR; it is compared, not understood.
 */
#include "stream/address.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX                                                    \
	63 /* characters; any IPv6 address with its zone is shorter \
	    */

static int
compare(const struct address *a, const struct address *b)
{
	return strcmp(a->text, b->text);
}

RB_PROTOTYPE(address_tree, address, by_text, compare)
RB_GENERATE(address_tree, address, by_text, compare)

struct address *
address_enter(struct addresses *all, const char *text)
{
	struct address *a, *found;
	size_t len;

	if (text == NULL)
		text = "-";
	len = strnlen(text, TEXT_MAX);
	a = calloc(1, sizeof(*a) + len + 1);
	if (a == NULL)
		return NULL;
	memcpy(a->text, text, len);
	found = RB_INSERT(address_tree, &all->tree, a);
	if (found != NULL) /* it was there */
		free(a);
	else
		found = a;
	found->streams++;
	return found;
}

void
address_leave(struct addresses *all, struct address *a)
{
	if (a == NULL)
		return;
	assert(a->streams > 0);
	if (--a->streams > 0)
		return;
	(void)RB_REMOVE(address_tree, &all->tree, a);
	free(a);
}
