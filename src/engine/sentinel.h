/* SPDX-License-Identifier: ISC */
#ifndef SENTINEL_H
#define SENTINEL_H

#include <stdbool.h>

#include "base/resolve.h"

#define SENTINEL_PATIENCE 1.0 /* seconds for an answer */

struct link_setup;
struct sentinel;

/* What a Sentinel has said. */
struct sentinel_answer {
	const char *host, *port; /* of the master; or NULL, */
	bool unknown;		 /* and it knows no such master, */
	const char *why;	 /* or in words what is wrong with it */
};

/*
 * Asks one Sentinel, on a connection for this question alone, where the master
 * of this name is.  told(arg, ...) comes once, later; the question is gone
 * then. With a password that is given where it is asked for.  NULL with errno:
 * it cannot even be begun.
 */
struct sentinel *sentinel_ask(const struct link_setup *,
    const struct resolved *, const char *master,
    void (*told)(void *arg, const struct sentinel_answer *), void *arg);

/* told() is not called any more. */
void sentinel_abandon(struct sentinel *);

#endif
