/* SPDX-License-Identifier: ISC */
#ifndef MAPPED_H
#define MAPPED_H

/*
 * Memory that a test and a program of it share, by a file that the test makes
 * and whose path it leaves in the environment.
 */
#include <sys/mman.h>

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

/* With O_CREAT the file is made.  NULL: there is no such one, or path is. */
static inline void *
mapped_open(const char *path, int flags, size_t size)
{
	int fd =
	    path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC | flags, 0600);
	void *at = MAP_FAILED;

	if (fd == -1)
		return NULL;
	if (ftruncate(fd, (off_t)size) == 0)
		at =
		    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	return at == MAP_FAILED ? NULL : at;
}

#endif
