/* SPDX-License-Identifier: ISC */
#ifndef CONN_INNER_H
#define CONN_INNER_H

/*
 * What conn.c, intake.c, flush.c and conns.c know of each other: together they
 * are one module, and this is for no other.
 */
#include "fastcgi/conn.h"

/* Puts the new connection into its first phase, and its list. */
void conn_enter(struct conn *, enum conn_phase);

/* Takes it from its phase to another. */
void conn_change(struct conn *, enum conn_phase);

/* Bytes were written: its place in the order of last writes. */
void conn_touch(struct conn *);

/* The socket is full: it is woken when it takes more. */
void conn_block(struct conn *);

/* The socket takes more. */
void conn_unblock(struct conn *);

/* The front gives the exchange up: END_REQUEST, and no more than is begun. */
void conn_abort(struct conn *);

/* END_REQUEST is written: it is kept, or closed when the front is done. */
void conn_ended(struct conn *);

/* Says that we have said all, and waits for the front to close. */
void conn_hang_up(struct conn *);

#endif
