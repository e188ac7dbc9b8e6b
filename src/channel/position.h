/* SPDX-License-Identifier: ISC */
#ifndef POSITION_H
#define POSITION_H

#include "channel/reader.h"

/*
 * The reader, which has joined its channels, begins there.  -1: no memory for
 * where it begins in each of them.
 */
int position_set(struct reader *, const struct position *);

/* It has waited for the hub's beginning, and here it is. */
void position_wait_ends(struct reader *);

/* Where it has begun says nothing any more. */
void position_forget(struct reader *);

#endif
