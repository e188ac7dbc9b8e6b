/* SPDX-License-Identifier: ISC */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "base/tree.h"

/* A browser's address, shared by all its streams. */
struct address {
	RB_ENTRY(address) by_text;
	unsigned long streams;
	char text[];
};

/* All addresses that have streams; NULL is none. */
struct addresses {
	RB_HEAD(address_tree, address) tree; /* empty: all zero */
};

/*
 * The address with this text (NULL: "-"), with one stream more than
 * before; address_leave() takes that off again.  NULL: no memory.
 */
struct address *address_enter(struct addresses *, const char *text);

void address_leave(struct addresses *, struct address *);

#endif
