/* SPDX-License-Identifier: ISC */
/*
 * Under supervisors: they hold the socket, hear how it goes, and start the
 * program again, while nobody who connects is refused.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "front.h"
#include "responder.h"

#define WORDS 24

/* Starts the words of a supervisor, then the program's with its log. */
static void
supervise(struct responder *r, const char *const supervisor[])
{
	const char *argv[WORDS], *program = getenv("PROGRAM");
	char log[96], said[96];
	int n = 0;

	for (; supervisor[n] != NULL; n++)
		argv[n] = supervisor[n];
	(void)snprintf(log, sizeof(log), "%s/log", r->dir);
	(void)snprintf(said, sizeof(said), "%s/said", r->dir);
	argv[n++] = program;
	argv[n++] = "--verbose";
	argv[n++] = "--log";
	argv[n++] = log;
	argv[n] = NULL;
	r->pid = fork();
	assert_int_not_equal(r->pid, -1);
	if (r->pid != 0)
		return;
	(void)dup2(open("/dev/null", O_RDONLY), 0);
	(void)dup2(open(said, O_WRONLY | O_CREAT, 0600), 1);
	(void)dup2(1, 2);
	(void)execvp(argv[0], (char **)(uintptr_t)argv);
	_exit(127);
}

/* The pid in the log's last line. */
static pid_t
last_pid(const struct responder *r)
{
	char path[96], line[1024];
	long pid = 0;
	FILE *log;

	(void)snprintf(path, sizeof(path), "%s/log", r->dir);
	assert_non_null(log = fopen(path, "re"));
	while (fgets(line, sizeof(line), log) != NULL)
		(void)sscanf(line, "%*s [%ld]", &pid);
	(void)fclose(log);
	assert_true(pid > 0);
	return (pid_t)pid;
}

/* Connects as soon as somebody listens, and comes back after message last. */
static void
come_back(struct front *f, const struct responder *r, const char *last)
{
	double end = front_now() + PATIENCE / 1e3;

	while (!front_connect(f, r->address)) {
		assert_true(front_now() < end);
		(void)poll(NULL, 0, 5);
	}
	assert_true(front_request(f, 0, "GET",
	    (const char *[]){"HTTP_LAST_EVENT_ID", last, NULL}));
}

static void
systemd_passes(const char *option, const char *descriptor)
{
	struct responder r;
	struct front f;

	responder_place(&r);
	supervise(&r, (const char *[]){"systemd-socket-activate", "-l",
			  r.address + 5, option, NULL});
	come_back(&f, &r, "6");
	assert_true(front_until_text(&f, "id: 7\n", PATIENCE));
	assert_int_equal(responder_logged(&r, descriptor), 1);
	assert_int_equal(responder_signal(&r, SIGTERM), 0);
	assert_true(front_until_end(&f, PATIENCE));
	front_close(&f);
	responder_stop(&r);
}

static void
systemd_passes_the_socket_as_standard_input(void **state)
{
	(void)state;
	systemd_passes("--inetd", "listening on descriptor 0");
}

static void
systemd_passes_the_socket_as_the_first_of_its_own(void **state)
{
	(void)state;
	systemd_passes("--fdname=sse", "listening on descriptor 3");
}

/* Those who come while the program is not there are served by the next one. */
static void
comes_again(struct responder *r, int signum, unsigned life)
{
	enum { COMING = 100 };
	static struct front f[COMING];
	struct front stream;
	pid_t pid = last_pid(r);
	int i;

	come_back(&stream, r, "0");
	assert_true(front_until_text(&stream, "id: 1\n", PATIENCE));
	assert_int_equal(kill(pid, signum), 0);
	assert_true(front_until_closed(&stream, PATIENCE));
	assert_int_equal(stream.ended, signum != SIGKILL);
	front_close(&stream);
	for (i = 0; i < COMING; i++) {
		assert_true(front_connect(&f[i], r->address));
		assert_true(front_request(&f[i], 0, "GET",
		    (const char *[]){"HTTP_LAST_EVENT_ID", "1", NULL}));
	}
	for (i = 0; i < COMING; i++) {
		assert_true(front_until_text(&f[i], "id: 2\n", PATIENCE));
		front_close(&f[i]);
	}
	assert_int_equal(responder_logged(r, "open files allow"), life);
	assert_int_not_equal(last_pid(r), pid);
}

static void
multiwatch_starts_it_again_and_refuses_nobody(void **state)
{
	struct responder r;

	(void)state;
	responder_place(&r);
	supervise(&r,
	    (const char *[]){"spawn-fcgi", "-n", "-s", r.address + 5, "-b",
		"4096", "--", "/usr/bin/multiwatch", "--", NULL});
	assert_true(
	    responder_until_logged(&r, "open files allow", 1, PATIENCE));
	comes_again(&r, SIGUSR1, 2);
	comes_again(&r, SIGTERM, 3);
	comes_again(&r, SIGKILL, 4);
	assert_int_equal(responder_signal(&r, SIGTERM), 0);
	assert_int_equal(responder_logged(&r, "draining"), 3);
	responder_stop(&r);
}

/* Where a supervisor listens; our environment says so. */
struct ear {
	char path[64];
	int fd;
};

static int
open_ear(void **state)
{
	static struct ear ear;
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	(void)snprintf(ear.path, sizeof(ear.path), "/tmp/sse-fcgi-ear-%ld",
	    (long)getpid());
	(void)strcpy(sun.sun_path, ear.path);
	ear.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(ear.fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		return -1;
	(void)setenv("NOTIFY_SOCKET", ear.path, 1);
	(void)setenv("WATCHDOG_USEC", "40000", 1);
	*state = &ear;
	return 0;
}

static int
close_ear(void **state)
{
	struct ear *ear = *state;

	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)close(ear->fd);
	return unlink(ear->path);
}

/* The next datagram. */
static const char *
hear(const struct ear *ear)
{
	static char heard[64];
	struct pollfd p = {.fd = ear->fd, .events = POLLIN};
	ssize_t n;

	assert_int_equal(poll(&p, 1, PATIENCE), 1);
	n = recv(ear->fd, heard, sizeof(heard) - 1, 0);
	assert_true(n > 0);
	heard[n] = '\0';
	return heard;
}

static void
a_supervisor_hears_that_it_is_ready_alive_and_ending(void **state)
{
	const struct ear *ear = *state;
	struct responder r;
	struct front f;
	const char *heard;
	double begin = front_now();
	int i;

	responder_start(&r, 0, NULL);
	assert_string_equal(hear(ear), "READY=1");
	assert_int_equal(responder_logged(&r, "open files allow"), 1);
	for (i = 0; i < 11; i++)
		assert_string_equal(hear(ear), "WATCHDOG=1");
	assert_true(front_now() - begin > 0.19); /* not as fast as it can */
	come_back(&f, &r, "0");
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	assert_int_equal(kill(r.pid, SIGTERM), 0);
	do
		heard = hear(ear);
	while (strcmp(heard, "WATCHDOG=1") == 0);
	assert_string_equal(heard, "STOPPING=1");
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(responder_wait(&r, PATIENCE), 0);
	front_close(&f);
	responder_stop(&r);
}

/* Its socket is soon full. */
static void
a_supervisor_that_does_not_listen_is_no_obstacle(void **state)
{
	struct responder r;
	struct front f;

	(void)state;
	(void)setenv("WATCHDOG_USEC", "2000", 1);
	responder_start(&r, 0, (const char *[]){"--interval", "0.05", NULL});
	come_back(&f, &r, "0");
	assert_true(front_until_text(&f, "id: 20\n", PATIENCE));
	assert_int_equal(responder_signal(&r, SIGTERM), 0);
	assert_true(front_until_end(&f, PATIENCE));
	front_close(&f);
	responder_stop(&r);
}

/* As they are the first process's of a container, when their own has ended. */
static void
children_of_others_leave_nothing_behind(void **state)
{
	double end = front_now() + PATIENCE / 1e3;
	char script[400], path[96];
	struct responder r;
	struct front f;
	FILE *file;
	int child;

	(void)state;
	responder_place(&r);
	(void)snprintf(path, sizeof(path), "%s/child", r.dir);
	(void)snprintf(script, sizeof(script),
	    "sleep 300 & echo $! >%s; exec \"$@\" --listen %s", path,
	    r.address);
	supervise(&r, (const char *[]){"sh", "-c", script, "sh", NULL});
	come_back(&f, &r, "0");
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	assert_non_null(file = fopen(path, "re"));
	assert_int_equal(fscanf(file, "%d", &child), 1);
	(void)fclose(file);
	assert_int_equal(kill(child, SIGKILL), 0);
	while (kill(child, 0) == 0) {
		assert_true(front_now() < end);
		(void)poll(NULL, 0, 2);
	}
	assert_int_equal(responder_signal(&r, SIGTERM), 0);
	front_close(&f);
	responder_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(systemd_passes_the_socket_as_standard_input),
	    cmocka_unit_test(systemd_passes_the_socket_as_the_first_of_its_own),
	    cmocka_unit_test(multiwatch_starts_it_again_and_refuses_nobody),
	    cmocka_unit_test_setup_teardown(
		a_supervisor_hears_that_it_is_ready_alive_and_ending, open_ear,
		close_ear),
	    cmocka_unit_test_setup_teardown(
		a_supervisor_that_does_not_listen_is_no_obstacle, open_ear,
		close_ear),
	    cmocka_unit_test(children_of_others_leave_nothing_behind),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("supervise", tests, NULL, NULL);
}
