/* SPDX-License-Identifier: ISC */
#ifndef END_H
#define END_H

#include <stddef.h>

#include "channel/channel.h"

#define END_SIZE 640 /* more than any end's text */

/*
 * The event that says that the channel, which has ended, has no more for a
 * stream.  buf holds END_SIZE bytes; returns the bytes written.
 */
size_t end_write(char *buf, const struct channel *);

#endif
