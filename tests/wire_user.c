/* SPDX-License-Identifier: ISC */
/*
 * Started by root: what is left of that with --user, and what goes on working.
 * The user is nobody, whom every system has; all of it is for root.
 */
#define _GNU_SOURCE /* fexecve */
#include "unit.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "world.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static uid_t nobody;
static gid_t nogroup;

/* The last four paths in the test's directory. */
static const char *
path_of(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, 128, "%s/%s", world.r.dir, name);
	return path;
}

/* A directory whose owner this is, where the program listens by itself. */
static void
place(uid_t owner)
{
	responder_place(&world.r);
	assert_int_equal(chmod(world.r.dir, 0755), 0);
	assert_int_equal(chown(world.r.dir, owner, (gid_t)-1), 0);
}

/* Starts it there, for the so manieth time. */
static void
launch(unsigned life, const char *const more[])
{
	const char *options[16] = {"--listen", world.r.address};
	size_t i;

	for (i = 0; more != NULL && more[i] != NULL; i++)
		options[i + 2] = more[i];
	responder_again(&world.r, options);
	assert_true(responder_until_logged(&world.r, "open files allow", life,
	    PATIENCE));
}

#define AS_NOBODY                        \
	(const char *[])                 \
	{                                \
		"--user", "nobody", NULL \
	}

static void
write_file(const char *path, const char *text, uid_t owner)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t len = strlen(text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchown(fd, owner, (gid_t)-1), 0);
	assert_int_equal(close(fd), 0);
}

/* The words of one line of /proc/PID/status, with a space before each. */
static const char *
status_line(const char *name)
{
	static char line[256], words[256];
	char path[64], *word, *rest;
	size_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status",
	    (long)world.r.pid);
	assert_non_null(f = fopen(path, "re"));
	do
		assert_non_null(fgets(line, sizeof(line), f));
	while (strncmp(line, name, strlen(name)) != 0);
	(void)fclose(f);
	words[0] = '\0';
	(void)strtok_r(line, " \t\n", &rest);
	while ((word = strtok_r(NULL, " \t\n", &rest)) != NULL)
		n +=
		    (size_t)snprintf(words + n, sizeof(words) - n, " %s", word);
	return words;
}

static void
assert_status(const char *name, unsigned id, unsigned times)
{
	char words[256] = "";
	size_t n = 0;

	while (times-- > 0)
		n += (size_t)snprintf(words + n, sizeof(words) - n, " %u", id);
	assert_string_equal(status_line(name), words);
}

static void
is_owned(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		fail_msg("%s is not there", path);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
	assert_int_equal(st.st_mode & 0777, mode);
}

static void
serves(void)
{
	struct front f;

	assert_true(front_connect(&f, world.r.address));
	assert_true(front_get(&f));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	front_close(&f);
}

/* As nobody it listens, serves, and leaves nothing behind. */
static void
root_is_given_up(void **state)
{
	(void)state;
	place(nobody);
	launch(1, AS_NOBODY);
	assert_status("Uid:", nobody, 4);
	assert_status("Gid:", nogroup, 4);
	assert_status("Groups:", nogroup, 1);
	assert_status("NoNewPrivs:", 1, 1);
	assert_string_equal(status_line("CapPrm:"), " 0000000000000000");
	assert_string_equal(status_line("CapEff:"), " 0000000000000000");
	is_owned(world.r.address + 5, nobody, nogroup, 0660);
	is_owned(path_of("sse.sock.lock"), nobody, nogroup, 0600);
	is_owned(path_of("log"), nobody, nogroup, 0640);
	assert_int_equal(responder_logged(&world.r, "no rights but theirs"), 1);
	assert_int_equal(responder_logged(&world.r, "warning"), 0);
	assert_int_equal(responder_logged(&world.r, "stays at the end"), 0);
	serves();
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	assert_int_equal(access(path_of("sse.sock"), F_OK), -1);
	assert_int_equal(access(path_of("sse.sock.lock"), F_OK), -1);
	responder_stop(&world.r);
}

static void
a_group_is_in_place_of_the_users(void **state)
{
	const struct group *group = getgrnam("www-data");

	(void)state;
	if (group == NULL)
		skip();
	place(nobody);
	launch(1,
	    (const char *[]){"--group", "www-data", "--user", "nobody", NULL});
	assert_status("Uid:", nobody, 4);
	assert_status("Gid:", group->gr_gid, 4);
	is_owned(world.r.address + 5, nobody, group->gr_gid, 0660);
	serves();
	responder_stop(&world.r);
}

/* It can be removed by nobody but root, who does when it starts again. */
static void
in_a_directory_of_roots_the_socket_stays(void **state)
{
	(void)state;
	place(0);
	write_file(path_of("log"), "", nobody);
	launch(1, AS_NOBODY);
	assert_int_equal(responder_logged(&world.r,
			     "it stays at the end, as nobody may not"),
	    1);
	serves();
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	is_owned(path_of("sse.sock"), nobody, nogroup, 0660);
	launch(2, AS_NOBODY);
	serves();
	responder_stop(&world.r);
}

/* It ends at once, with one line for who started it, and without a socket. */
static void
gives_up(const char *const options[], int status, const char *fault)
{
	char text[400] = "";
	FILE *f;

	(void)setenv("LEAKS", "no", 1); /* see harness/valgrind */
	responder_again(&world.r, options);
	(void)unsetenv("LEAKS");
	assert_int_equal(responder_wait(&world.r, PATIENCE), status);
	assert_non_null(f = fopen(path_of("stderr"), "re"));
	assert_non_null(fgets(text, sizeof(text), f));
	assert_null(fgets(text + 200, 200, f));
	(void)fclose(f);
	assert_non_null(strstr(text, fault));
	assert_int_equal(access(path_of("sse.sock"), F_OK), -1);
	assert_int_equal(truncate(path_of("stderr"), 0), 0);
	responder_stop(&world.r);
}

/* One that only root could open could not be opened again. */
static void
the_log_is_the_users(void **state)
{
	(void)state;
	place(0);
	write_file(path_of("log"), "", 0);
	gives_up((const char *[]){"--listen", world.r.address, "--user",
		     "nobody", NULL},
	    1, "/log: it cannot be opened by nobody: Permission denied");
}

/* Its file is its own then, too. */
static void
the_log_is_opened_again(void **state)
{
	(void)state;
	place(nobody);
	launch(1, AS_NOBODY);
	assert_int_equal(rename(path_of("log"), path_of("log.1")), 0);
	assert_int_equal(kill(world.r.pid, SIGHUP), 0);
	while (access(path_of("log"), F_OK) == -1)
		serves();
	is_owned(path_of("log"), nobody, nogroup, 0640);
	responder_stop(&world.r);
}

/* Root reads a file of root's at the start, and nobody cannot again. */
static void
keys_are_read_again_if_the_user_may(void **state)
{
	(void)state;
	place(nobody);
	write_file(path_of("key"), "HS256 " KEY_A "\n", 0);
	launch(1, (const char *[]){"--user", "nobody", "--ticket-key",
		      path_of("key"), NULL});
	assert_int_equal(kill(world.r.pid, SIGHUP), 0);
	assert_true(responder_until_logged(&world.r,
	    "Permission denied; the keys stay as they were", 1, PATIENCE));
	serves();
	write_file(path_of("key"), "HS256 " KEY_A "\n", nobody);
	assert_int_equal(kill(world.r.pid, SIGHUP), 0);
	assert_true(responder_until_logged(&world.r, "the keys of tickets: 1",
	    1, PATIENCE));
	assert_int_equal(responder_logged(&world.r, "stay as they were"), 1);
	responder_stop(&world.r);
}

static void
the_store_is_the_users(void **state)
{
	const char *options[] = {"--user", "nobody", "--store", NULL, NULL};
	char id[48];

	(void)state;
	place(nobody);
	options[3] = path_of("nobodys.db");
	launch(1, options);
	say("channel=a", "It rains.", id);
	is_owned(path_of("nobodys.db"), nobody, nogroup, 0600);
	is_owned(path_of("nobodys.db-wal"), nobody, nogroup, 0600);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	options[3] = path_of("nobodys.db");
	launch(2, options);
	assert_true(responder_until_logged(&world.r, ": 1 events of 1 channels",
	    1, PATIENCE));
	responder_stop(&world.r);
}

/* Who has no file yet is to make the directory the user's. */
static void
the_stores_directory_is_the_users(void **state)
{
	(void)state;
	place(nobody);
	assert_int_equal(mkdir(path_of("roots"), 0755), 0);
	gives_up((const char *[]){"--listen", world.r.address, "--user",
		     "nobody", "--store", path_of("roots/events.db"), NULL},
	    1,
	    "/roots/events.db: its directory cannot be written to: "
	    "Permission denied");
	assert_int_equal(rmdir(path_of("roots")), 0);
	assert_int_equal(rmdir(world.r.dir), 0);
}

static void
who_stays_root_is_warned_once(void **state)
{
	(void)state;
	place(0);
	launch(1, NULL);
	serves();
	assert_status("Uid:", 0, 4);
	assert_int_equal(responder_logged(&world.r, "warning: this runs as "
						    "root"),
	    1);
	responder_stop(&world.r);
}

/* The program, opened by root, whose tree nobody need be able to see. */
static void
launch_as_nobody(const char *const options[])
{
	const char *program = getenv("PROGRAM"), *argv[12];
	size_t i;
	int fd = open(program == NULL ? "build/sse-fcgi" : program, O_RDONLY);

	assert_true(fd >= 0);
	argv[0] = "sse-fcgi";
	argv[1] = "--log";
	argv[2] = path_of("log");
	argv[3] = "--listen";
	argv[4] = world.r.address;
	for (i = 0; options[i] != NULL; i++)
		argv[5 + i] = options[i];
	argv[5 + i] = NULL;
	world.r.pid = fork();
	assert_int_not_equal(world.r.pid, -1);
	if (world.r.pid == 0) {
		(void)dup2(open("/dev/null", O_RDWR), 0);
		(void)dup2(0, 1);
		(void)dup2(open(path_of("stderr"), O_WRONLY | O_CREAT, 0666),
		    2);
		if (setgroups(0, NULL) == 0 && setgid(nogroup) == 0 &&
		    setuid(nobody) == 0)
			(void)fexecve(fd, (char **)(uintptr_t)argv, environ);
		_exit(127);
	}
	(void)close(fd);
}

static void
who_is_no_root_is_not_warned(void **state)
{
	(void)state;
	if (getenv("SLOW") != NULL)
		skip(); /* valgrind is a script, which has no descriptor */
	place(nobody);
	launch_as_nobody((const char *[]){NULL});
	assert_true(
	    responder_until_logged(&world.r, "open files allow", 1, PATIENCE));
	serves();
	assert_int_equal(responder_logged(&world.r, "warning"), 0);
	responder_stop(&world.r);
}

static void
who_is_the_user_may_say_so(void **state)
{
	(void)state;
	if (getenv("SLOW") != NULL)
		skip();
	place(nobody);
	launch_as_nobody(AS_NOBODY);
	assert_true(
	    responder_until_logged(&world.r, "open files allow", 1, PATIENCE));
	assert_status("NoNewPrivs:", 1, 1);
	serves();
	responder_stop(&world.r);
}

/* From the first line on the log is as it is wanted. */
static void
what_ends_it_first_is_json_too(void **state)
{
	char text[400] = "";
	FILE *f;

	(void)state;
	if (getenv("SLOW") != NULL)
		skip();
	place(nobody);
	launch_as_nobody(
	    (const char *[]){"--user", "daemon", "--log-format", "json", NULL});
	assert_int_equal(responder_wait(&world.r, PATIENCE), 1);
	assert_non_null(f = fopen(path_of("stderr"), "re"));
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	assert_memory_equal(text, "{\"time\":", 8);
	assert_non_null(strstr(text, "only root becomes another"));
	assert_int_equal(truncate(path_of("stderr"), 0), 0);
	responder_stop(&world.r);
}

static const struct row {
	const char *name, *user, *group, *fault;
} rows[] = {
    {"a_user_who_is_not_there", "no-such-user", "nogroup",
	"--user no-such-user: there is no such user"},
    {"a_group_that_is_not_there", "nobody", "no-such-group",
	"--group no-such-group: there is no such group"},
    {"root_for_a_user", "root", "nogroup", "--user root: this is root's"},
};

static void
no_start_is_made_with(void **state)
{
	const struct row *row = *state;

	place(nobody);
	gives_up((const char *[]){"--listen", world.r.address, "--user",
		     row->user, "--group", row->group, NULL},
	    2, row->fault);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(root_is_given_up),
	    cmocka_unit_test(a_group_is_in_place_of_the_users),
	    cmocka_unit_test(in_a_directory_of_roots_the_socket_stays),
	    cmocka_unit_test(the_log_is_the_users),
	    cmocka_unit_test(the_log_is_opened_again),
	    cmocka_unit_test(keys_are_read_again_if_the_user_may),
	    cmocka_unit_test(the_store_is_the_users),
	    cmocka_unit_test(the_stores_directory_is_the_users),
	    cmocka_unit_test(who_stays_root_is_warned_once),
	    cmocka_unit_test(who_is_no_root_is_not_warned),
	    cmocka_unit_test(who_is_the_user_may_say_so),
	    cmocka_unit_test(what_ends_it_first_is_json_too),
	};
	static struct CMUnitTest tests[LENGTH(others) + LENGTH(rows)];
	const struct passwd *pw = getpwnam("nobody");
	size_t n = LENGTH(others), i;

	(void)signal(SIGPIPE, SIG_IGN);
	if (getuid() != 0 || pw == NULL) {
		(void)printf("wire_user: skipped: this is for root\n");
		return 0;
	}
	nobody = pw->pw_uid;
	nogroup = pw->pw_gid;
	memcpy(tests, others, sizeof(others));
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, no_start_is_made_with, &rows[i]);
	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
