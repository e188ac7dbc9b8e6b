/* SPDX-License-Identifier: ISC */
#ifndef ADMIN_H
#define ADMIN_H

#include "fastcgi/request.h"
#include "serve/server.h"

/* Before all others. */
void admin_init(struct server *);

/*
 * POST of the role admin: close=sub:NAME ends what tickets of this subject
 * allow, close=channel:NAME who reads this channel; the answer says how many
 * these were here.  With --redis all processes do that; if it is not known
 * whether they will have heard of it the answer says so.
 */
void admin(struct server *, struct conn *, const struct request *);

/* Another process, or ours, was told to close this; arg: struct server. */
void admin_hears(void *arg, const char *which);

#endif
