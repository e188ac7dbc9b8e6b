/* SPDX-License-Identifier: ISC */
#ifndef DIAL_H
#define DIAL_H

#include "base/resolve.h"

/*
 * A socket that is on its way to this address, and does not block; or -1 with
 * errno.  When it is writable it has arrived or failed: dial_result().
 */
int dial(const struct resolved *);

/* 0: it is connected; EINPROGRESS: not yet; or errno of why it is not. */
int dial_result(int fd);

#endif
