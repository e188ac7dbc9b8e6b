/* SPDX-License-Identifier: ISC */
/*
 * --probe, as a container runs it: the exit status says it, a line why, and
 * whatever answers or does not, it takes no longer than it may.
 */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world.h"

#define LONG  "60" /* seconds, for what comes at once */
#define SHORT "0.2"

/* A probe that runs, and what it said. */
struct asked {
	pid_t pid;
	int out;
	char said[4096];
};

/* The alarm is not to depend on what who starts it does with signals. */
static void
begin(struct asked *a, const char *address, const char *role, const char *time)
{
	char *arguments[] = {"sse-fcgi", "--probe", (char *)(uintptr_t)address,
	    "--probe-role", (char *)(uintptr_t)role, "--probe-time",
	    (char *)(uintptr_t)time, NULL};
	sigset_t set;
	int out[2];

	assert_int_equal(pipe(out), 0);
	(void)fcntl(out[0], F_SETFD, FD_CLOEXEC);
	a->pid = fork();
	assert_int_not_equal(a->pid, -1);
	if (a->pid == 0) {
		(void)signal(SIGALRM, SIG_IGN);
		(void)sigfillset(&set);
		(void)sigprocmask(SIG_BLOCK, &set, NULL);
		(void)dup2(open("/dev/null", O_RDONLY), 0);
		(void)dup2(out[1], 1);
		(void)dup2(out[1], 2);
		(void)execv(getenv("PROGRAM"), arguments);
		_exit(127);
	}
	(void)close(out[1]);
	a->out = out[0];
}

/* Its exit status; what it said is nothing, or one line. */
static int
end(struct asked *a)
{
	size_t len = 0;
	ssize_t n;
	int status;

	while ((n = read(a->out, a->said + len, sizeof(a->said) - 1 - len)) > 0)
		len += (size_t)n;
	a->said[len] = '\0';
	(void)close(a->out);
	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 0)
		assert_string_equal(a->said, "");
	else
		assert_ptr_equal(strchr(a->said, '\n'), a->said + len - 1);
	return WEXITSTATUS(status);
}

static void
assert_probed(const char *address, const char *role, int status,
    const char *why)
{
	struct asked a;
	int got;

	begin(&a, address, role, LONG);
	got = end(&a);
	if (got != status || strstr(a.said, why) == NULL)
		fail_msg("%d, not %d, and not %s, but: %s", got, status, why,
		    a.said);
}

/* Not longer than it may, in vain. */
static void
assert_in_vain(const char *address)
{
	struct asked a;

	begin(&a, address, "ready", SHORT);
	assert_int_equal(end(&a), 1);
	if (strstr(a.said, ": no answer within 0.2 s\n") == NULL)
		fail_msg("%s", a.said);
}

static int
set_up(void **state)
{
	(void)state;
	return world_start_with((const char *[]){"--max-streams", "1", NULL});
}

static void
it_says_what_the_process_says(void **state)
{
	struct front f;

	(void)state;
	assert_probed(world.r.address, "ready", 0, "");
	assert_probed(world.r.address, "health", 0, "");
	open_raw(&f, "channel=a", NULL, NULL);
	assert_comes(&f, "retry: ");
	assert_probed(world.r.address, "ready", 1,
	    ": not ready: full: 1 streams and 0 feeds, of 1\n");
	assert_probed(world.r.address, "health", 0, "");
	front_close(&f);
	assert_true(status_until(&world.r, "\"streams\":", 0));
	assert_probed(world.r.address, "ready", 0, "");
}

/* As it is written for --listen, with its mode. */
static void
the_address_may_be_that_of_listen(void **state)
{
	char address[128];

	(void)state;
	(void)snprintf(address, sizeof(address), "%s:0600", world.r.address);
	assert_probed(address, "ready", 0, "");
}

static void
nobody_there_is_said_at_once(void **state)
{
	char address[128];

	(void)state;
	(void)snprintf(address, sizeof(address), "%s.no", world.r.address);
	assert_probed(address, "ready", 1, ": No such file or directory\n");
	assert_probed("127.83.7.1:9", "health", 1, ": Connection refused\n");
	assert_probed("nobody.invalid:9000", "ready", 1,
	    "--probe nobody.invalid:9000: ");
}

/* Whoever wants the status alone need not read the line. */
static void
it_does_not_end_by_a_signal_if_nobody_reads_why(void **state)
{
	int out[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(out), 0);
	(void)close(out[0]);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)dup2(out[1], 2);
		(void)execl(getenv("PROGRAM"), "sse-fcgi", "--probe",
		    "127.83.7.1:9", NULL);
		_exit(127);
	}
	(void)close(out[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void
what_is_no_address_is_a_bad_option(void **state)
{
	(void)state;
	assert_probed("/run/s", "ready", 2,
	    "--probe /run/s: a Unix socket is written unix:/path");
	assert_probed("unix:/run/s", "alive", 2,
	    "--probe-role: 'alive' is none of ready|health");
}

static void
a_process_that_hangs_is_not_waited_for(void **state)
{
	(void)state;
	assert_probed(world.r.address, "ready", 0, "");
	assert_int_equal(kill(world.r.pid, SIGSTOP), 0);
	assert_in_vain(world.r.address);
	assert_int_equal(kill(world.r.pid, SIGCONT), 0);
	assert_probed(world.r.address, "ready", 0, "");
}

/* A listening socket over TCP; its address as --probe has it. */
static int
listen_somewhere(char address[32])
{
	struct sockaddr_in in = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(0x7f530702)}; /* 127.83.7.2 */
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	(void)snprintf(address, 32, "127.83.7.2:%u", ntohs(in.sin_port));
	return fd;
}

static void
who_takes_a_connection_and_is_silent_is_not_waited_for(void **state)
{
	char address[32];
	int fd = listen_somewhere(address);

	(void)state;
	assert_in_vain(address);
	(void)close(fd);
}

#define RECORD(type, len) "\1" type "\0\1\0" len "\0\0"
#define END		  RECORD("\3", "\10") "\0\0\0\0\0\0\0\0"
#define BYTES(text)	  text, sizeof(text) - 1
#define NO_SSE_FCGI	  ": what answers there is no sse-fcgi"

/* What others would answer. */
static const struct row {
	const char *name;
	const char *bytes;
	size_t len;
	size_t times; /* that they are sent */
	int status;
	const char *why;
} rows[] = {
    {"ready", BYTES(RECORD("\6", "\30") "Status: 200 OK\r\n\r\nready\n" END), 1,
	0, ""},
    {"ready_in_two_with_padding",
	BYTES("\1\6\0\1\0\4\3\0StatPPP" RECORD("\6",
	    "\24") "us: 200 OK\r\n\r\nready\n" RECORD("\6", "\0") END),
	1, 0, ""},
    {"ready_and_more_behind_a_nul",
	BYTES(RECORD("\6", "\32") "Status: 200 OK\r\n\r\nready\n\0!" END), 1, 1,
	NO_SSE_FCGI},
    {"ready_to_another_request",
	BYTES("\1\6\0\2\0\30\0\0Status: 200 OK\r\n\r\nready\n" END), 1, 1,
	NO_SSE_FCGI},
    {"another_program_that_says_200",
	BYTES(RECORD("\6", "\32") "Status: 200 OK\r\n\r\nwelcome\n" END), 1, 1,
	NO_SSE_FCGI},
    {"another_that_has_no_such_file",
	BYTES(RECORD("\6", "\35") "Status: 404 Not Found\r\n\r\nnone" END), 1,
	1, NO_SSE_FCGI},
    {"nothing_but_the_end", BYTES(END), 1, 1, NO_SSE_FCGI},
    {"a_reason_that_is_not_one_line",
	BYTES(RECORD("\6",
	    "\46") "Status: 503 No\r\n\r\na\033[2J\302\233\377b\nc\0d\re\r\n"
		   "efg" END),
	1, 1, ": not ready: a?[2J???b\n"},
    {"http", BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"), 1, 1, NO_SSE_FCGI},
    {"no_end_but_a_close", BYTES(RECORD("\6", "\2") "St"), 1, 1,
	": it closed the connection\n"},
    {"nothing_but_a_close", BYTES(""), 1, 1, ""},
    {"half_a_header", BYTES("\1\6\0"), 1, 1, ": it closed the connection\n"},
    {"more_than_there_is_room_for", BYTES(RECORD("\6", "\4") "1234"), 1000, 1,
	NO_SSE_FCGI},
    {"one_record_that_is_too_long", BYTES("\1\6\0\1\377\377\377\0"), 1, 1,
	": it closed the connection\n"},
};

static void
whoever_answers_is_understood_or_not(void **state)
{
	const struct row *row = *state;
	char address[32], request[256];
	struct asked a;
	size_t i;
	int listening = listen_somewhere(address), fd;

	begin(&a, address, "ready", LONG);
	fd = accept(listening, NULL, NULL);
	assert_int_not_equal(fd, -1);
	assert_true(read(fd, request, sizeof(request)) > 16);
	for (i = 0; i < row->times; i++)
		(void)send(fd, row->bytes, row->len, MSG_NOSIGNAL);
	(void)close(fd);
	(void)close(listening);
	if (end(&a) != row->status || strstr(a.said, row->why) == NULL)
		fail_msg("not %d %s, but: %s", row->status, row->why, a.said);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, set_up, world_stop)

int
main(void)
{
	static struct CMUnitTest answers[LENGTH(rows)];
	const struct CMUnitTest tests[] = {
	    WITH(it_says_what_the_process_says),
	    WITH(the_address_may_be_that_of_listen),
	    WITH(nobody_there_is_said_at_once),
	    cmocka_unit_test(it_does_not_end_by_a_signal_if_nobody_reads_why),
	    cmocka_unit_test(what_is_no_address_is_a_bad_option),
	    WITH(a_process_that_hangs_is_not_waited_for),
	    cmocka_unit_test(
		who_takes_a_connection_and_is_silent_is_not_waited_for),
	};
	size_t i;
	int failed;

	for (i = 0; i < LENGTH(rows); i++)
		answers[i] = row_test(rows[i].name,
		    whoever_answers_is_understood_or_not, &rows[i]);
	failed = cmocka_run_group_tests_name("probe", tests, NULL, NULL);
	return failed + _cmocka_run_group_tests("answers", answers,
			    LENGTH(rows), NULL, NULL);
}
