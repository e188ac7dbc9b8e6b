/* SPDX-License-Identifier: ISC */
#ifndef STORED_H
#define STORED_H

#include <stddef.h>

#include "world.h"

/*
 * What the tests of a store share: the world's responder has one, and another
 * process follows it.
 */

#define UP     "\"store\":{\"up\":"
#define EVENTS "\"history\":{\"events\":"

/* For a test's setup. */
int stored_start(void **state);

/* A file in the test's directory; good until the fourth call from now. */
const char *stored_file(const char *name);

/* Bytes into a file, which is made anew if they are its first. */
void stored_write(const char *path, long at, const char *text, size_t len);

/*
 * Of what is started from now on the disk is one that does as it is told, see
 * slowdisk.c; without a word it works.
 */
void disk_begin(void);
void disk_end(void);
void disk_does(const char *what);
void disk_works(void);

/* The process, which is there, ends in order, and then there is another. */
void stored_restart(const char *const options[]);

/* A reader from this position on (NULL: now), which is there. */
void stored_read(struct subscriber *, const char *channels,
    const char *position);

/* It has all, and was told of no loss. */
void stored_check(struct subscriber *);

/* So it is with all that there ever was, as one gets it who comes now. */
void stored_check_all(const char *channels);

#endif
