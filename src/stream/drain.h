/* SPDX-License-Identifier: ISC */
#ifndef DRAIN_H
#define DRAIN_H

#include "stream/stream.h"

/*
 * Tells every stream to come back later and ends it, spread over the drain
 * time; new ones are answered the same.  Publications may finish; those that
 * have not a while later are answered that they were not, or may have been.  To
 * be called once.
 */
void drain_start(struct streams *);

/* True when a drain has nothing more to wait for. */
bool drain_over(const struct streams *);

/* Before the streams are freed. */
void drain_stop(struct streams *);

#endif
