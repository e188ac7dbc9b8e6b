/* SPDX-License-Identifier: ISC */
/*
 * Root's rights, and how they are given up.  Root takes the user's groups
 * first, then whatever needs root, and at last becomes the user.  A path that
 * is neither a socket's nor a key's is followed with the user's rights alone,
 * since a directory of the user's may hold a link to anything.
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* initgroups: in no standard, but everywhere */
#endif
#include "base/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"

#define IS_ROOT "this is root's, who is to be given up: name another"

static int
failed(const struct user *u, const char *what, char *err, size_t size)
{
	(void)snprintf(err, size, "--user %s: %s: %s", u->name, what,
	    strerror(errno));
	return -1;
}

/* "--user NAME: what is wrong", or the same of --group. */
static int
refuse(const char *option, const char *name, const char *fault, char *err,
    size_t size)
{
	(void)snprintf(err, size, "--%s %s: %s", option, name, fault);
	return -1;
}

int
user_find(struct user *u, const char *name, const char *group, char *err,
    size_t size)
{
	const struct passwd *pw;
	const struct group *gr;

	*u = (struct user){.name = name};
	if (name == NULL)
		return 0;
	if ((pw = getpwnam(name)) == NULL)
		return refuse("user", name, "there is no such user", err, size);
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	if (u->uid == 0)
		return refuse("user", name, IS_ROOT, err, size);
	if (group != NULL && (gr = getgrnam(group)) == NULL)
		return refuse("group", group, "there is no such group", err,
		    size);
	if (group != NULL)
		u->gid = gr->gr_gid;
	if (u->gid == 0)
		return refuse("group", group == NULL ? "of that user" : group,
		    IS_ROOT, err, size);
	return 0;
}

/* Has it been the user from the start? */
static bool
is_user(const struct user *u)
{
	return getuid() == u->uid && geteuid() == u->uid &&
	       getgid() == u->gid && getegid() == u->gid;
}

int
user_join(const struct user *u, char *err, size_t size)
{
	if (u->name == NULL || is_user(u))
		return 0;
	if (geteuid() != 0) {
		(void)snprintf(err, size,
		    "--user %s: only root becomes another user or group: start "
		    "it as root, or leave this out",
		    u->name);
		return -1;
	}
	if (initgroups(u->name, u->gid) == -1 || setgid(u->gid) == -1)
		return failed(u, "its groups", err, size);
	return 0;
}

int
user_borrow(const struct user *u, char *err, size_t size)
{
	if (u->name == NULL || seteuid(u->uid) == 0)
		return 0;
	return failed(u, "seteuid", err, size);
}

int
user_return(const struct user *u, char *err, size_t size)
{
	if (u->name == NULL || seteuid(getuid()) == 0)
		return 0;
	return failed(u, "seteuid", err, size);
}

int
user_become(const struct user *u, char *err, size_t size)
{
	if (u->name == NULL)
		return 0;
	if (setuid(u->uid) == -1)
		return failed(u, "setuid", err, size);
	if (!is_user(u) || setuid(0) == 0 || seteuid(0) == 0 ||
	    setgid(0) == 0) {
		(void)snprintf(err, size,
		    "--user %s: root's rights cannot be given up here",
		    u->name);
		return -1;
	}
	if (platform_confine() == -1)
		return failed(u, "prctl", err, size);
	return 0;
}
