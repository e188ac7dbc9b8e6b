/* SPDX-License-Identifier: ISC */
#ifndef STATUS_H
#define STATUS_H

#include "fastcgi/request.h"
#include "stream/stream.h"

/*
 * GET and HEAD: this process's figures, as Prometheus text (exposition format
 * 0.0.4) or, with ?format=json, as JSON with the channels.
 */
void status(struct stream *, const struct request *);

#endif
