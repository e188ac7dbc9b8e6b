/* SPDX-License-Identifier: ISC */
/*
 * The file before SQLite has it.  SQLite would make one where none is wanted,
 * roll back or check-point another program's, and say of half the rest no more
 * than "unable to open database file": so its first bytes are read here, and
 * it is made here, for its owner alone.
 *
 * https://www.sqlite.org/fileformat2.html: "The Database Header", "The Rollback
 * Journal".
 */
#include "engine/store_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define HEADER_SIZE	   100
#define HEADER_FORM	   60 /* user_version */
#define HEADER_APPLICATION 68

/* Where all of SQLite's locks are (os.h). */
#define LOCKS	   0x40000000
#define LOCKS_SIZE 512

static uint32_t
number_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/*
 * Was the power cut while the database was made?  Then beside it is the
 * journal of one that had no pages, and SQLite takes back what is written.
 */
static bool
is_half_made(const char *path)
{
	static const uint8_t magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1,
	    0x63, 0xd7};
	uint8_t head[28] = {0};
	char journal[PATH_MAX];

	(void)snprintf(journal, sizeof(journal), "%s-journal", path);
	return file_read(journal, head, sizeof(head), NULL) ==
		   (ssize_t)sizeof(head) &&
	       memcmp(head, magic, sizeof(magic)) == 0 &&
	       number_at(head + 16) == 0;
}

/* What is wrong with the first n bytes, or NULL. */
static const char *
header_fault(const uint8_t *head, size_t n)
{
	uint32_t form;

	if (n < HEADER_SIZE || memcmp(head, "SQLite format 3", 16) != 0)
		return "it is no SQLite database: name another file";
	if (number_at(head + HEADER_APPLICATION) != STORE_APPLICATION)
		return "it is another program's database: name another file";
	form = number_at(head + HEADER_FORM);
	if (form > STORE_FORM)
		return STORE_NEWER;
	return NULL;
}

/* Opens the file, or makes it. */
static int
open_or_make(const char *path, bool *made)
{
	int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags);

	*made = false;
	if (fd == -1 && errno == ENOENT) {
		fd = open(path, flags | O_CREAT | O_EXCL, 0600);
		*made = fd != -1;
	}
	return fd;
}

/* SQLite has two files more beside it. */
static int
check_directory(const char *path, char *err, size_t size)
{
	char copy[PATH_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", path);
	if (access(dirname(copy), W_OK | X_OK) == 0)
		return 0;
	(void)snprintf(err, size,
	    "--store %s: its directory cannot be written to: %s", path,
	    strerror(errno));
	return -1;
}

/* Where there is none yet, the directory may be at fault. */
static int
no_file(const char *path, char *err, size_t size)
{
	int why = errno;

	if (why == ENOENT || why == ENOTDIR)
		(void)snprintf(err, size,
		    "--store %s: its directory is not there: make it first",
		    path);
	else if (access(path, F_OK) == 0 || errno != ENOENT ||
		 check_directory(path, err, size) == 0)
		(void)snprintf(err, size,
		    "--store %s: it cannot be opened for writing: %s", path,
		    strerror(why));
	return -1;
}

static int
check_content(const char *path, int fd, char *err, size_t size)
{
	uint8_t head[HEADER_SIZE];
	const char *fault = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		fault = "it is no file: name another";
	else if ((n = pread(fd, head, sizeof(head), 0)) == -1)
		fault = strerror(errno);
	else if (n > 0 && !is_half_made(path))
		fault = header_fault(head, (size_t)n);
	if (fault == NULL)
		return 0;
	(void)snprintf(err, size, "--store %s: %s", path, fault);
	return -1;
}

int
store_examine(const char *path, bool *made, char *err, size_t size)
{
	int fd = open_or_make(path, made), ret;

	if (fd == -1)
		return no_file(path, err, size);
	ret = check_content(path, fd, err, size);
	(void)close(fd); /* before SQLite locks it: this drops all locks */
	if (ret == 0)
		ret = check_directory(path, err, size);
	return ret;
}

long
store_holder(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = LOCKS,
	    .l_len = LOCKS_SIZE};
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	long pid = 0;

	if (fd == -1)
		return 0;
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		pid = (long)lock.l_pid;
	(void)close(fd);
	return pid;
}
