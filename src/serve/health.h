/* SPDX-License-Identifier: ISC */
#ifndef HEALTH_H
#define HEALTH_H

#include "fastcgi/request.h"
#include "serve/server.h"

/*
 * GET and HEAD, for whoever watches the process: 200 and a word.  health is
 * always so, for to answer is to be alive; ready is 503 with a line that says
 * why as long as new streams or publications are better sent elsewhere.
 */
void health(struct server *, struct conn *, const struct request *);
void ready(struct server *, struct conn *, const struct request *);

#endif
