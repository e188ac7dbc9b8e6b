/* SPDX-License-Identifier: ISC */
/*
 * Who we are to Redis, and to Sentinel.
 */
#include "engine/account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/link.h"

/* Its bytes, up to size; a file that would make us wait has none. */
static ssize_t
read_file(const char *path, char *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t len = 0;
	ssize_t n = 0;
	int error;

	if (fd == -1)
		return -1;
	while (len < size) {
		n = read(fd, bytes + len, size - len);
		if (n == 0 || (n == -1 && errno != EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	error = errno;
	(void)close(fd);
	errno = error;
	return n == -1 ? -1 : (ssize_t)len;
}

static int
refuse(const struct link_setup *set, const char *fault, char *why, size_t size)
{
	(void)snprintf(why, size, "the password cannot be read: %.120s: %s",
	    set->password_file, fault);
	return -1;
}

static void
add(struct account *a, const char *word, size_t len)
{
	a->argv[a->n] = word;
	a->len[a->n++] = len;
}

int
account_read(struct account *a, const struct link_setup *set, char *why,
    size_t size)
{
	ssize_t n;
	size_t len;
	const char *end;

	a->n = 0;
	if (set->password_file == NULL)
		return 0;
	n = read_file(set->password_file, a->password, sizeof(a->password));
	if (n == -1)
		return refuse(set, strerror(errno), why, size);
	end = memchr(a->password, '\n', (size_t)n);
	len = end == NULL ? (size_t)n : (size_t)(end - a->password);
	if (len == 0)
		return refuse(set, "its first line is empty", why, size);
	if (len > ACCOUNT_PASSWORD)
		return refuse(set, "its first line is too long", why, size);
	add(a, "AUTH", 4);
	if (set->user != NULL)
		add(a, set->user, strlen(set->user));
	add(a, a->password, len);
	return 0;
}

void
account_forget(struct account *a)
{
	volatile char *p = a->password; /* else it is optimised away */
	size_t i;

	for (i = 0; i < sizeof(a->password); i++)
		p[i] = '\0';
	a->n = 0;
}
