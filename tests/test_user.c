/* SPDX-License-Identifier: ISC */
/*
 * Who may be named, and what is left of root's rights: in a process of its own
 * for each, as there is no way back.
 */
#include "unit.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/user.h"

/* What goes wrong with a call, and how often it goes well before. */
static struct {
	const char *call;
	int error; /* 0: it returns 0, and does nothing */
} fault;

static bool
fails(const char *call)
{
	if (fault.call == NULL || strcmp(fault.call, call) != 0)
		return false;
	errno = fault.error;
	return true;
}

#define WRAP(name, type)                                  \
	int __real_##name(type);                          \
	int __wrap_##name(type);                          \
	int __wrap_##name(type id)                        \
	{                                                 \
		if (fails(#name))                         \
			return fault.error == 0 ? 0 : -1; \
		return __real_##name(id);                 \
	}
WRAP(setuid, uid_t)
WRAP(seteuid, uid_t)
WRAP(setgid, gid_t)

int __real_initgroups(const char *, gid_t);
int __wrap_initgroups(const char *, gid_t);

int
__wrap_initgroups(const char *name, gid_t gid)
{
	return fails("initgroups") ? -1 : __real_initgroups(name, gid);
}

static const struct row {
	const char *name, *user, *group, *fault;
} rows[] = {
    {"nobody_is_named", NULL, NULL, NULL},
    {"a_user_has_a_group", "nobody", NULL, NULL},
    {"a_user_gets_a_group", "nobody", "www-data", NULL},
    {"who_is_not_there", "no-such-user", NULL,
	"--user no-such-user: there is no such user"},
    {"what_is_not_there", "nobody", "no-such-group",
	"--group no-such-group: there is no such group"},
    {"root", "root", NULL, "--user root: this is root's"},
    {"root_of_another_group", "root", "www-data", "--user root: this is"},
    {"the_group_of_root", "nobody", "root", "--group root: this is root's"},
    {"a_number", "65534", NULL, "--user 65534: there is no such user"},
};

static void
users_are_found_by_name(void **state)
{
	const struct row *row = *state;
	struct user u = {.name = "x"};
	char err[300] = "";

	assert_int_equal(user_find(&u, row->user, row->group, err, sizeof(err)),
	    row->fault == NULL ? 0 : -1);
	if (row->fault != NULL) {
		assert_non_null(strstr(err, row->fault));
		return;
	}
	assert_ptr_equal(u.name, row->user);
	if (row->user == NULL)
		return;
	assert_int_equal(u.uid, getpwnam(row->user)->pw_uid);
	assert_int_equal(u.gid, row->group == NULL ?
				    getpwnam(row->user)->pw_gid :
				    getgrnam(row->group)->gr_gid);
}

/* Runs it in a process of its own, which must come to its end. */
static void
apart(void (*run)(const struct user *, char *err, size_t size))
{
	char err[300] = "";
	struct user u;
	pid_t pid;
	int status;

	if (getuid() != 0)
		skip(); /* this is for root */
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		if (user_find(&u, "nobody", NULL, err, sizeof(err)) == -1)
			_exit(99);
		run(&u, err, sizeof(err));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("line %d",
		    WIFEXITED(status) ? WEXITSTATUS(status) + 100 : 0);
}

/* In the child: which line it was, from 100 on. */
#define MUST(what) ((what) ? (void)0 : _exit(__LINE__ - 100))

static void
give_all_up(const struct user *u, char *err, size_t size)
{
	gid_t groups[8];

	MUST(user_join(u, err, size) == 0);
	MUST(getuid() == 0 && geteuid() == 0 && getegid() == u->gid);
	MUST(user_borrow(u, err, size) == 0);
	MUST(geteuid() == u->uid && open("/etc/shadow", O_RDONLY) == -1);
	MUST(user_return(u, err, size) == 0);
	MUST(geteuid() == 0 && open("/etc/shadow", O_RDONLY) != -1);
	MUST(user_become(u, err, size) == 0);
	MUST(getuid() == u->uid && geteuid() == u->uid);
	MUST(getgid() == u->gid && getegid() == u->gid);
	MUST(setuid(0) == -1 && setgid(0) == -1 && seteuid(0) == -1);
	MUST(setgroups(0, NULL) == -1);
	MUST(getgroups(8, groups) == 1 && groups[0] == u->gid);
	MUST(open("/etc/shadow", O_RDONLY) == -1);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
}

static void
root_is_given_up_for_good(void **state)
{
	(void)state;
	apart(give_all_up);
}

static void
begin_as_the_user(const struct user *u, char *err, size_t size)
{
	MUST(setgid(u->gid) == 0 && setuid(u->uid) == 0);
	MUST(user_join(u, err, size) == 0);
	MUST(user_borrow(u, err, size) == 0);
	MUST(user_return(u, err, size) == 0);
	MUST(user_become(u, err, size) == 0);
	MUST(getuid() == u->uid && getgid() == u->gid);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void
who_is_the_user_stays_so(void **state)
{
	(void)state;
	apart(begin_as_the_user);
}

static void
begin_as_another(const struct user *u, char *err, size_t size)
{
	MUST(setgid(u->gid) == 0 && setuid(12345) == 0);
	MUST(user_join(u, err, size) == -1);
	MUST(strstr(err, "--user nobody: only root becomes another") != NULL);
}

static void
who_is_another_does_not_become_it(void **state)
{
	(void)state;
	apart(begin_as_another);
}

static void
begin_in_another_group(const struct user *u, char *err, size_t size)
{
	MUST(setgid(12345) == 0 && setuid(u->uid) == 0);
	MUST(user_join(u, err, size) == -1);
}

static void
who_is_in_another_group_does_not_become_it(void **state)
{
	(void)state;
	apart(begin_in_another_group);
}

static void
name_nobody(const struct user *u, char *err, size_t size)
{
	struct user none = {0};

	(void)u;
	MUST(user_join(&none, err, size) == 0);
	MUST(user_borrow(&none, err, size) == 0);
	MUST(user_return(&none, err, size) == 0);
	MUST(user_become(&none, err, size) == 0);
	MUST(geteuid() == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

static void
where_nobody_is_named_all_stays(void **state)
{
	(void)state;
	apart(name_nobody);
}

static const struct row calls[] = {
    {"groups_that_are_not_taken", "initgroups", NULL, "its groups: Oper"},
    {"a_group_that_is_not_taken", "setgid", NULL, "its groups: Oper"},
    {"a_user_that_is_not_borrowed", "seteuid", NULL, "seteuid: Oper"},
    {"a_user_that_is_not_taken", "setuid", NULL, "setuid: Operation not"},
};

static const char *wrong, *says;

static void
meet_a_fault(const struct user *u, char *err, size_t size)
{
	fault.call = wrong;
	fault.error = EPERM;
	MUST(user_join(u, err, size) == -1 || user_borrow(u, err, size) == -1 ||
	     user_become(u, err, size) == -1);
	MUST(strstr(err, says) != NULL);
}

static void
what_fails_is_said(void **state)
{
	const struct row *row = *state;

	wrong = row->user;
	says = row->fault;
	apart(meet_a_fault);
}

/* The call says that it was done, and it was not. */
static void
meet_a_lie(const struct user *u, char *err, size_t size)
{
	MUST(user_join(u, err, size) == 0);
	fault.call = wrong;
	MUST(user_become(u, err, size) == -1);
	MUST(strstr(err, "root's rights cannot be given up here") != NULL);
}

static void
a_way_back_is_found(void **state)
{
	static const char *const names[] = {"setuid", "seteuid", "setgid"};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(names); i++) {
		wrong = names[i];
		apart(meet_a_lie);
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(root_is_given_up_for_good),
	    cmocka_unit_test(who_is_the_user_stays_so),
	    cmocka_unit_test(who_is_another_does_not_become_it),
	    cmocka_unit_test(who_is_in_another_group_does_not_become_it),
	    cmocka_unit_test(where_nobody_is_named_all_stays),
	    cmocka_unit_test(a_way_back_is_found),
	};
	struct CMUnitTest tests[LENGTH(others) + LENGTH(rows) + LENGTH(calls)];
	size_t n = LENGTH(others), i;

	memcpy(tests, others, sizeof(others));
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, users_are_found_by_name, &rows[i]);
	for (i = 0; i < LENGTH(calls); i++)
		tests[n++] =
		    row_test(calls[i].name, what_fails_is_said, &calls[i]);
	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
