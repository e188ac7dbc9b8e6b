/* SPDX-License-Identifier: ISC */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "base/tree.h"

/* What counts as one browser's address, shared by all its streams. */
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
 * The address of this REMOTE_ADDR (NULL: "-"), with one stream more than
 * before; address_leave() takes that off again.  IPv6 addresses are one for
 * each /64, but for those that stand for an IPv4 address, which they are then,
 * and those of a link; anything else is itself.  NULL: no memory.
 */
struct address *address_enter(struct addresses *, const char *text);

void address_leave(struct addresses *, struct address *);

#endif
