/* SPDX-License-Identifier: ISC */
#ifndef USER_H
#define USER_H

#include <sys/types.h>

#include <stddef.h>

/* Who root becomes when it has what only root gets: --user. */
struct user {
	const char *name; /* NULL: nobody is named, and all stays as it is */
	uid_t uid;
	gid_t gid;
};

/*
 * By its name (NULL: nobody's) and that of a group (NULL: the user's own).  0,
 * or -1 with one line in err: there is no such user or group, or it is root.
 * The name must outlive the result.
 */
int user_find(struct user *, const char *name, const char *group, char *err,
    size_t size);

/*
 * The user's groups, for good, while the rights stay root's: what is made from
 * now on is the group's.  Who is not root must be that user already.  0, or -1
 * with one line in err.
 */
int user_join(const struct user *, char *err, size_t size);

/*
 * Between the two, files are opened with the user's rights and not root's.  0,
 * or -1 with one line in err.
 */
int user_borrow(const struct user *, char *err, size_t size);
int user_return(const struct user *, char *err, size_t size);

/*
 * The user for good: that there is no way back has been tried when it returns
 * 0.  No program that is started from here has more rights, and nobody but root
 * reads this one's memory, not even the user's other processes, where the
 * system can do that.  -1 with one line in err.
 */
int user_become(const struct user *, char *err, size_t size);

#endif
