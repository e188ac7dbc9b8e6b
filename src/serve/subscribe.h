/* SPDX-License-Identifier: ISC */
#ifndef SUBSCRIBE_H
#define SUBSCRIBE_H

#include "fastcgi/request.h"
#include "serve/server.h"

/* GET and HEAD of a stream: the clock's, or one of channels. */
void subscribe(struct server *, struct conn *, const struct request *);

#endif
