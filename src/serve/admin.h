/* SPDX-License-Identifier: ISC */
#ifndef ADMIN_H
#define ADMIN_H

#include "fastcgi/request.h"
#include "serve/server.h"

/*
 * POST of the role admin: close=sub:NAME ends what tickets of this subject
 * allow, close=channel:NAME who reads this channel; the answer says how many of
 * this process that were.
 */
void admin(struct server *, struct conn *, const struct request *);

#endif
