/* SPDX-License-Identifier: ISC */
#ifndef FIGURES_H
#define FIGURES_H

#include "serve/server.h"
#include "base/text.h"

/*
 * All figures of this process at one time, in a table from which both forms
 * are made.
 */
void figures_prometheus(const struct server *, struct text *);

/* As members of a JSON object, without its braces. */
void figures_json(const struct server *, struct text *);

#endif
