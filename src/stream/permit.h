/* SPDX-License-Identifier: ISC */
#ifndef PERMIT_H
#define PERMIT_H

#include <sys/queue.h>

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/tree.h"

struct conn;

/* What a ticket says of an exchange that it allows. */
struct grant {
	double until;	     /* wall seconds */
	const char *subject; /* whose ticket it is; NULL: nobody's */
};

/*
 * An exchange that may last only as long as its ticket allows, or as nobody
 * ends it.  Exchanges without tickets have none: what it takes is here alone.
 */
struct permit {
	ev_periodic timer; /* data: its struct permits */
	LIST_ENTRY(permit) link;
	struct subject *subject; /* NULL: nobody's */
	struct conn *conn;
	bool (*over)(struct conn *);
};

LIST_HEAD(permit_list, permit);

/* Whose exchanges there are. */
struct subject {
	RB_ENTRY(subject) by_text;
	struct permit_list permits;
	size_t exchanges;
	const char *text; /* in room */
	char room[];
};

struct permits {
	struct ev_loop *loop;
	RB_HEAD(subject_tree, subject) tree;
	size_t n;		    /* permits */
	unsigned long long expired; /* whose time was up */
};

/* loop must outlive it. */
void permits_init(struct permits *, struct ev_loop *);

/*
 * The exchange has what was granted from now on, and over(conn) is called when
 * that ends: up to a second before its time, by chance (0 to 1), and perhaps
 * more often, by permits_end().  It says whether the exchange went on until
 * then, and may end any permits.  NULL: no memory.
 */
struct permit *permit_begin(struct permits *, const struct grant *,
    struct conn *, bool (*over)(struct conn *), double chance);

/* The exchange is over; NULL is no permit. */
void permit_end(struct permits *, struct permit *);

/* Was this granted until a time that has come? */
bool permits_late(const struct permits *, const struct grant *);

/* Are there as many of its subject as there may be?  0 is no limit. */
bool permits_full(const struct permits *, const struct grant *,
    unsigned long max);

/* Calls over() for all of this subject; returns how many went on until then. */
size_t permits_end(struct permits *, const char *subject);

#endif
