/* SPDX-License-Identifier: ISC */
#ifndef FLUSH_H
#define FLUSH_H

#include "fastcgi/conn.h"

/*
 * Before the loop sleeps: writes once, within a budget of bytes, to each
 * connection that was woken, and frees the closed ones.  Returns true if more
 * is to be done.
 */
bool conns_flush(struct conns *);

/*
 * Have all that were woken before it began had their share?  So many may be
 * woken that a round of writing takes several turns.
 */
bool conns_round_over(const struct conns *);

#endif
