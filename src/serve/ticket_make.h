/* SPDX-License-Identifier: ISC */
#ifndef TICKET_MAKE_H
#define TICKET_MAKE_H

#include <stddef.h>
#include <stdint.h>

struct ticket_keys;

#define TICKET_LIFE	300	 /* seconds, of one that says nothing else */
#define TICKET_LIFE_MAX 31536000 /* a year */

/*
 * Makes a ticket, signed by the first key, of claims that are written as a
 * query is: channel=NAME and publish=NAME, each as often as wanted, sub=NAME,
 * and exp=SECONDS from now, which is in wall seconds.  The caller frees it.
 * NULL: they are none, with one line in err.
 */
char *ticket_make(const struct ticket_keys *, const char *claims, int64_t now,
    char *err, size_t size);

#endif
