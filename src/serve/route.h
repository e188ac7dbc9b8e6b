/* SPDX-License-Identifier: ISC */
#ifndef ROUTE_H
#define ROUTE_H

#include "fastcgi/conn.h"

/*
 * Decodes the whole request and gives it to what serves it, by the role that
 * the front sets (SSE_ROLE, by default "stream") and the method.  arg is the
 * struct server.
 */
void route_request(void *arg, struct conn *, const struct gate_event *);

#endif
