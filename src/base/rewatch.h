/* SPDX-License-Identifier: ISC */
#ifndef REWATCH_H
#define REWATCH_H

#include <ev.h>
#include <stdbool.h>

/*
 * The kernel has refused to watch a descriptor, as it may for want of memory.
 * libev tells whose it is, by EV_ERROR; but of its own, by which signals and
 * threads wake it, it says nothing, and is never woken by them again.  This has
 * it watch all anew in its next turn, and look for what came meanwhile.  After
 * it the loop does not end for want of watchers.  false: nothing is done, since
 * the kernel refuses that still, or there is no descriptor for it.
 */
bool rewatch(struct ev_loop *);

#endif
