/* SPDX-License-Identifier: ISC */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>

#define CHANNEL_NAME_MAX 255	 /* bytes */
#define CHANNEL_CLOCK	 "clock" /* the name that is no channel's */

/*
 * Is the name one: UTF-8, not more than CHANNEL_NAME_MAX bytes, and neither
 * empty nor with a control character or a space?  Whoever writes it anywhere
 * escapes it for there.
 */
bool channel_name_valid(const char *name);

#endif
