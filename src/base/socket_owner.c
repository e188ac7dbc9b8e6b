/* SPDX-License-Identifier: ISC */
/*
 * Whose the paths of listening sockets are, where root made them for another.
 */
#include "base/socket.h"

#include <sys/stat.h>

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"

/*
 * Who has the directory may have given this name to a file of root's, which has
 * another name besides, or says something.
 */
static int
give_lock(const struct listening *l, uid_t uid, gid_t gid)
{
	struct stat st;

	if (fstat(l->lock, &st) == -1)
		return -1;
	if (st.st_nlink == 1 && st.st_size == 0)
		return fchown(l->lock, uid, gid);
	errno = EBUSY;
	return -1;
}

int
sockets_give(const struct sockets *ss, uid_t uid, gid_t gid, char *err,
    size_t size)
{
	const struct listening *l;

	for (l = ss->one; l < ss->one + ss->n; l++) {
		if (l->path[0] == '\0' ||
		    (platform_give(l->path, l->dev, l->ino, uid, gid) == 0 &&
			give_lock(l, uid, gid) == 0))
			continue;
		(void)snprintf(err, size,
		    "--listen unix:%s: it cannot be given to the user: %s",
		    l->path, strerror(errno));
		return -1;
	}
	return 0;
}

const char *
sockets_staying(const struct sockets *ss)
{
	char copy[sizeof(ss->one[0].path)];
	const struct listening *l;

	for (l = ss->one; l < ss->one + ss->n; l++) {
		if (l->path[0] == '\0')
			continue;
		memcpy(copy, l->path, sizeof(copy));
		if (access(dirname(copy), W_OK | X_OK) == -1)
			return l->path;
	}
	return NULL;
}
