/* SPDX-License-Identifier: ISC */
#ifndef PROBE_H
#define PROBE_H

#include "base/config.h"

/*
 * Asks the process at --probe, an address that is good, what --probe-role says,
 * and waits for --probe-time at most.  Returns 0 if it is so; 1 with a line on
 * standard error if not.  Late, it ends the program in that way.
 */
int probe(const struct config *);

#endif
