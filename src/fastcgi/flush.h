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

#endif
