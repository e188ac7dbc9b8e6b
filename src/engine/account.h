/* SPDX-License-Identifier: ISC */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stddef.h>

#define ACCOUNT_PASSWORD 4096 /* bytes */

struct link_setup;

/* AUTH as a command's words; none without a password. */
struct account {
	size_t n;
	const char *argv[3];
	size_t len[3];
	char password[ACCOUNT_PASSWORD + 1];
};

/*
 * Reads the password from its file, which may be another one each time: the
 * first line.  0, or -1 with why there is none, in words.
 */
int account_read(struct account *, const struct link_setup *, char *why,
    size_t size);

/* Nobody needs the password any more. */
void account_forget(struct account *);

#endif
