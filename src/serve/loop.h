/* SPDX-License-Identifier: ISC */
#ifndef LOOP_H
#define LOOP_H

#include "serve/server.h"

/* The loop serves from now on; nothing of the server moves any more. */
void loop_watch(struct server *);

/*
 * Signals wait until the loop can take them: libfcgi's own handlers would
 * swallow them, and without any the socket would be left behind.  What the log
 * meets is no reason to end or to stop: a reader that has gone, a file that may
 * not grow, a terminal that is another's.  And what others leave to the first
 * process of a container is nobody's.  how: SIG_BLOCK, SIG_UNBLOCK.
 */
void loop_hold_signals(int how);

#endif
