/* SPDX-License-Identifier: ISC */
#ifndef FILE_H
#define FILE_H

#include <sys/types.h>

#include <stddef.h>

/*
 * Reads the file's bytes, up to size, and returns how many; of one that would
 * make us wait, none.  mode: its mode; NULL: it is not asked for.  -1 with
 * errno.
 */
ssize_t file_read(const char *path, void *bytes, size_t size, mode_t *mode);

#endif
