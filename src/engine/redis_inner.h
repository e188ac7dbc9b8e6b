/* SPDX-License-Identifier: ISC */
#ifndef REDIS_INNER_H
#define REDIS_INNER_H

/*
 * What redis.c and redis_figures.c know of each other: together they are one
 * module, and this is for no other.
 */
#include "engine/redis.h"

/* See struct engine. */
size_t redis_figures(const struct engine *,
    struct engine_figure row[ENGINE_FIGURES_MAX]);

#endif
