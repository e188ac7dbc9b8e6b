/* SPDX-License-Identifier: ISC */
#ifndef POSITION_H
#define POSITION_H

#include "channel/reader.h"

/* The reader, which has joined its channels, begins there. */
void position_set(struct reader *, const struct position *);

#endif
