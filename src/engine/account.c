/* SPDX-License-Identifier: ISC */
/*
 * Who we are to Redis, and to Sentinel.
 */
#include "engine/account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "engine/link.h"

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
	n = file_read(set->password_file, a->password, sizeof(a->password),
	    NULL);
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
