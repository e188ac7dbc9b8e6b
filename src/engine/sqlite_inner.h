/* SPDX-License-Identifier: ISC */
#ifndef SQLITE_INNER_H
#define SQLITE_INNER_H

/*
 * What sqlite.c, sqlite_posts.c, sqlite_load.c and sqlite_figures.c know of
 * each other: together they are one module, and this is for no other.
 */
#include "engine/sqlite.h"

/*
 * Opens the store and fills the hub; from then on the hub tells what is to be
 * dropped.  Fatal if that cannot be.
 */
void sqlite_load(struct sqlite *);

/* See struct engine. */
void sqlite_publish(struct engine *, const struct post *,
    void (*done)(void *, const struct published *), void *arg);

/* What became of a transaction, to all who wait for that. */
void sqlite_tell(struct sqlite *, struct waiting_list *, enum store_result);

/* See struct engine. */
size_t sqlite_figures(const struct engine *,
    struct engine_figure row[ENGINE_FIGURES_MAX]);

#endif
