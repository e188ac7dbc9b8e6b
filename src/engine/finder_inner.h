/* SPDX-License-Identifier: ISC */
#ifndef FINDER_INNER_H
#define FINDER_INNER_H

#include "base/endpoint.h"
#include "engine/finder.h"
#include "engine/link.h"
#include "engine/sentinel.h"

/*
 * What the files of a finder know of each other:
 *
 *     a list     place --look-up--> its addresses, one after the other
 *     Sentinel   place --look-up--> its addresses --question--> host and port
 *                --look-up--> the master's addresses, one after the other
 *
 * finder.c has whose turn it is, and the addresses; finder_list.c reads the
 * list; finder_sentinels.c asks.
 */

/* An address as it is written. */
struct finder_place {
	struct endpoint at;
	char name[280];
};

struct finder {
	const struct link_setup *set;
	const char *sentinel; /* the master's name; NULL: places are Redis' */
	size_t n, next;	      /* places, and whose turn it is */
	size_t bad;	      /* of them in a row */
	bool has_moved;	      /* what is in master is next */
	struct finder_place master; /* as Sentinel or MOVED have it */
	/* What was found last: one of the addresses of a place. */
	const struct finder_place *of;
	struct resolved address[RESOLVE_MAX];
	size_t addresses, at;
	/* The look for it that is under way. */
	void (*found)(void *, const struct resolved *, const char *);
	void *arg;
	struct resolve *resolve;
	struct sentinel *question;
	struct resolved asks[RESOLVE_MAX]; /* addresses of a Sentinel */
	size_t asks_n, asks_at;
	size_t asked; /* Sentinels */
	bool unknown; /* one has said that it knows no such master */
	char looks_at[320];
	char why[320];
	struct finder_place place[FINDER_ADDRESSES];
};

/* Reads the list into the places.  0, or -1 with one line in err. */
int finder_list(struct finder *, const char *addresses, char *err, size_t size);

/* Asks from the Sentinel on whose turn it is. */
void finder_ask(struct finder *);

/* The end of a look: this is what is found, or why nothing is. */
void finder_tell(struct finder *, const struct resolved *,
    const char *name_or_why);

/* Tells of the addresses of this place. */
void finder_look_up(struct finder *, const struct finder_place *);

/* The address of a path, which needs no look-up. */
void finder_use_path(struct resolved *, const char *path);

/* Of host and port. */
void finder_name(struct finder_place *);

/* What it is looking at, for people. */
void finder_looks(struct finder *, const char *fmt, const char *name);

#endif
