/* SPDX-License-Identifier: ISC */
#include "base/file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static ssize_t
read_all(int fd, char *bytes, size_t size)
{
	size_t len = 0;
	ssize_t n = 0;

	while (len < size) {
		n = read(fd, bytes + len, size - len);
		if (n == 0 || (n == -1 && errno != EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	return n == -1 ? -1 : (ssize_t)len;
}

ssize_t
file_read(const char *path, void *bytes, size_t size, mode_t *mode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st = {.st_mode = 0};
	ssize_t n;
	int error;

	if (fd == -1)
		return -1;
	n = mode != NULL && fstat(fd, &st) == -1 ? -1 :
						   read_all(fd, bytes, size);
	error = errno;
	(void)close(fd);
	errno = error;
	if (mode != NULL)
		*mode = st.st_mode;
	return n;
}
