/* SPDX-License-Identifier: ISC */
#ifndef STATUS_H
#define STATUS_H

#include "fastcgi/request.h"
#include "serve/server.h"

/*
 * GET and HEAD: this process's figures, as Prometheus text (exposition format
 * 0.0.4) or, with ?format=json, as JSON with the channels.
 */
void status(struct server *, struct conn *, const struct request *);

#endif
