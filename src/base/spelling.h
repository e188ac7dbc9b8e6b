/* SPDX-License-Identifier: ISC */
#ifndef SPELLING_H
#define SPELLING_H

#include <stdbool.h>
#include <stddef.h>

#define SPELLING_SIZE 32 /* bytes of a squeezed name, NUL included */

/*
 * The name without anything but its letters, and these as small ones: what is
 * left of channel[], Channel or last-event-id when nobody looks closely.
 * Longer names are cut.  Returns to.
 */
char *spelling_squeeze(char to[static SPELLING_SIZE], const char *name);

/*
 * Could somebody who wrote this have meant that?  Squeezed, they are the same,
 * or one slip of the pen apart (a letter too much, too few, another one, or two
 * that changed places).
 */
bool spelling_near(const char *written, const char *meant);

#endif
