/* SPDX-License-Identifier: ISC */
#ifndef SCARCE_H
#define SCARCE_H

#include <stdatomic.h>

/*
 * What the program with scarce.c in it and a test share, in the file that
 * SCARCE names: which allocations find no memory.  Counted are those of whom it
 * is for: the program's own code, or its libraries, but for two.  libfcgi and
 * libev end the process with a line when they get none, and say so.
 */
enum scarce_for { OURS, LIBRARIES };

struct scarce {
	atomic_ulong calls; /* since it was set to 0 */
	atomic_ulong first; /* the number of the first to fail; 0: none */
	atomic_ulong many;  /* so many, from that on */
	atomic_ulong failed;
	atomic_int who;
};

#endif
