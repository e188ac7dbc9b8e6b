/* SPDX-License-Identifier: ISC */
#ifndef TICKET_INNER_H
#define TICKET_INNER_H

/*
 * What ticket.c and ticket_claims.c know of each other: together they are one
 * module, and this is for no other.
 */
#include "serve/ticket.h"

#include <jansson.h>

/* What the claims, which are an object, permit: see ticket_read(). */
enum ticket_fault ticket_claims(struct ticket **, const json_t *claims,
    int64_t now, int64_t skew);

#endif
