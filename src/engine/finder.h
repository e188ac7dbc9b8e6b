/* SPDX-License-Identifier: ISC */
#ifndef FINDER_H
#define FINDER_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/resolve.h"

#define FINDER_ADDRESSES 16 /* in one --redis */

struct link_setup;

/*
 * Where the master is.  Of a list of addresses it is tried at one after the
 * other, the one that was good last first; with Sentinel these are Sentinels,
 * one after the other is asked who the master is (SENTINEL
 * GET-MASTER-ADDR-BY-NAME), and that is asked anew for each connection.
 * A server may say that it is elsewhere (MOVED): that is tried once, next.
 */
struct finder;

/*
 * addresses: unix:/path, host:port or [v6]:port, with commas between.  NULL
 * with one line in err: they are none.  sentinel: the master's name, or NULL.
 */
struct finder *finder_new(const struct link_setup *, const char *addresses,
    const char *sentinel, char *err, size_t size);
void finder_free(struct finder *);

/*
 * Looks for it: found(arg, ...) comes once, later or at once, with an address
 * to connect to and its name for the log; or with NULL and why, in words.
 */
void finder_find(struct finder *,
    void (*found)(void *arg, const struct resolved *, const char *name_or_why),
    void *arg);

/* found() is not called any more. */
void finder_cancel(struct finder *);

/* What it found last was good: it is the first next time. */
void finder_good(struct finder *);

/*
 * It was not, or nothing was found: the next is another.  True: all that there
 * are have been tried since one was good.
 */
bool finder_bad(struct finder *);

/* What it is looking at now, for people. */
const char *finder_looks_at(const struct finder *);

/* It is there: host:port, as in MOVED; what cannot be read is passed over. */
void finder_moved(struct finder *, const char *where);

#endif
