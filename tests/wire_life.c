/* SPDX-License-Identifier: ISC */
/*
 * The life of the process: how it gets its socket, what signals do, how it
 * ends, and that another one can take over.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"
#include "front.h"
#include "post.h"
#include "responder.h"

static void
open_stream(struct front *f, const struct responder *r)
{
	assert_true(front_connect(f, r->address));
	assert_true(front_get(f));
	assert_true(front_until_text(f, "id: 1\n", PATIENCE));
}

static long
last_retry(const struct front *f)
{
	const char *p = f->text, *next;

	while ((next = strstr(p + 1, "retry: ")) != NULL)
		p = next;
	return strtol(p + 7, NULL, 10);
}

static void
each_signal_ends_the_streams_in_order(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
	struct responder r;
	struct front f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		responder_start(&r, 0,
		    (const char *[]){"--retry", "3000", NULL});
		open_stream(&f, &r);
		assert_int_equal(responder_signal(&r, signals[i]), 0);
		assert_true(front_until_end(&f, PATIENCE));
		assert_int_equal(f.status, 0);
		assert_int_equal(front_count(&f, "retry: "), 2);
		assert_in_range(last_retry(&f), 3000, 4600);
		front_close(&f);
		responder_stop(&r);
	}
}

/* Seconds from the first end of a drain to the last, as we read them. */
static double
spread_of_a_drain(void)
{
	enum { STREAMS = 200 };
	static struct front f[STREAMS];
	struct responder r;
	double begin, first = 1e9, last = 0, t;
	long longest = 0;
	int i;

	responder_start(&r, 0,
	    (const char *[]){"--drain", "0.15", "--retry", "1000", NULL});
	for (i = 0; i < STREAMS; i++)
		open_stream(&f[i], &r);
	begin = front_now();
	assert_int_equal(kill(r.pid, SIGTERM), 0);
	for (i = 0; i < STREAMS; i++) {
		assert_true(front_until_end(&f[i], PATIENCE));
		t = front_now() - begin;
		first = t < first ? t : first;
		last = t > last ? t : last;
		if (last_retry(&f[i]) > longest)
			longest = last_retry(&f[i]);
		front_close(&f[i]);
	}
	assert_in_range(longest, 1000, 1660);
	assert_int_equal(responder_wait(&r, PATIENCE), 0);
	responder_stop(&r);
	return last - first;
}

static void
a_drain_is_spread_and_tells_how_long_it_lasts(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < TRIES; i++)
		if (spread_of_a_drain() > 0.05)
			return;
	fail();
}

/* How many streams a second signal cuts: the drain takes a second. */
static int
cut_by_a_second_signal(void)
{
	enum { STREAMS = 1000 };
	static struct front f[STREAMS];
	struct responder r;
	int i, cut = 0;

	responder_start(&r, 0, NULL);
	for (i = 0; i < STREAMS; i++)
		open_stream(&f[i], &r);
	assert_int_equal(kill(r.pid, SIGTERM), 0);
	assert_true(responder_until_logged(&r, "draining", 1, PATIENCE));
	assert_int_equal(kill(r.pid, SIGINT), 0);
	assert_int_equal(responder_wait(&r, PATIENCE), 0);
	for (i = 0; i < STREAMS; i++) {
		cut += !front_until_end(&f[i], PATIENCE);
		front_close(&f[i]);
	}
	if (cut > 0)
		assert_int_equal(responder_logged(&r, "ending at once"), 1);
	responder_stop(&r);
	return cut;
}

/* A signal that is sent late may come when all is over. */
static void
a_second_signal_ends_at_once(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < TRIES; i++)
		if (cut_by_a_second_signal() > 0)
			return;
	fail();
}

static void
with_an_inherited_socket_the_next_process_serves_who_waited(void **state)
{
	struct responder r;
	struct front f, waiting;

	(void)state;
	responder_start(&r, 0, NULL);
	open_stream(&f, &r);
	assert_int_equal(responder_signal(&r, SIGTERM), 0);
	assert_true(front_until_end(&f, PATIENCE));
	assert_true(front_connect(&waiting, r.address));
	assert_true(front_request(&waiting, 0, "GET",
	    (const char *[]){"HTTP_LAST_EVENT_ID", "1", NULL}));
	assert_false(front_read(&waiting, 50));
	responder_again(&r, NULL);
	assert_true(front_until_text(&waiting, "id: 2\n", PATIENCE));
	front_close(&f);
	front_close(&waiting);
	responder_stop(&r);
}

/* False: whoever came was too late for the drain, which takes half a second. */
static bool
newcomers_are_told_to_come_back(void)
{
	enum { STREAMS = 500 };
	static struct front f[STREAMS];
	struct responder r;
	struct front newcomer;
	bool came;
	int i;

	responder_listen(&r, NULL,
	    (const char *[]){"--drain", "0.5", "--retry", "1000", NULL});
	for (i = 0; i < STREAMS; i++)
		open_stream(&f[i], &r);
	assert_int_equal(kill(r.pid, SIGTERM), 0);
	assert_true(front_until_end(&f[0], PATIENCE));
	came = front_connect(&newcomer, r.address);
	if (came && front_get(&newcomer) &&
	    front_until_end(&newcomer, PATIENCE)) {
		assert_ptr_equal(
		    strstr(newcomer.text,
			"Status: 200 OK\r\nContent-Type: text/event-"),
		    newcomer.text);
		assert_in_range(last_retry(&newcomer), 1000, 2000);
	} else
		came = false;
	front_close(&newcomer);
	for (i = 0; i < STREAMS; i++)
		front_close(&f[i]);
	assert_int_equal(responder_wait(&r, PATIENCE), 0);
	assert_int_equal(access(r.address + 5, F_OK), -1);
	responder_stop(&r);
	return came;
}

static void
with_its_own_socket_newcomers_are_told_to_come_back(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < TRIES; i++)
		if (newcomers_are_told_to_come_back())
			return;
	fail();
}

/* Time that the process was stopped counts against nobody. */
static void
a_stop_of_the_process_harms_nobody(void **state)
{
	struct responder r;
	struct front f;
	struct timespec longer = {.tv_sec = 4,
	    .tv_nsec = 500000000}; /* than a request may take to come */

	(void)state;
	responder_start(&r, 0, NULL);
	assert_true(front_connect(&f, r.address));
	assert_true(front_begin(&f, 1, 1, 0));
	assert_true(front_record(&f, 77, 0, NULL, 0, 0));
	assert_true(front_until_record(&f, 11, PATIENCE));
	assert_int_equal(kill(r.pid, SIGSTOP), 0);
	assert_true(front_record(&f, 4, 1, "\x0e\x03REQUEST_METHODGET", 19, 0));
	assert_true(front_record(&f, 4, 1, NULL, 0, 0));
	assert_true(front_record(&f, 5, 1, NULL, 0, 0));
	(void)nanosleep(&longer, NULL);
	assert_int_equal(kill(r.pid, SIGCONT), 0);
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	front_close(&f);
	responder_stop(&r);
}

static void
a_request_that_is_half_here_at_the_end_is_answered(void **state)
{
	struct responder r;
	struct front f;

	(void)state;
	responder_start(&r, 0, NULL);
	assert_true(front_connect(&f, r.address));
	assert_true(front_begin(&f, 1, 1, 0));
	assert_true(front_record(&f, 77, 0, NULL, 0, 0));
	assert_true(front_until_record(&f, 11, PATIENCE)); /* it was read */
	assert_int_equal(kill(r.pid, SIGTERM), 0);
	assert_true(responder_until_logged(&r, "draining", 1, PATIENCE));
	assert_true(front_record(&f, 4, 1, "\x0e\x03REQUEST_METHODGET", 19, 0));
	assert_true(front_record(&f, 4, 1, NULL, 0, 0));
	assert_true(front_record(&f, 5, 1, NULL, 0, 0));
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(front_count(&f, "retry: "), 1);
	assert_int_equal(responder_wait(&r, PATIENCE), 0);
	front_close(&f);
	responder_stop(&r);
}

/* There is a stream beside it, which ends meanwhile. */
static void
a_publication_that_is_not_whole_at_the_end_is_answered(void **state)
{
	struct post p = {.query = "channel=a", .body = "rest", .len = 4};
	struct front f, stream;
	struct responder r;

	(void)state;
	responder_start(&r, 0, NULL);
	open_stream(&stream, &r);
	assert_true(front_connect(&f, r.address));
	assert_true(post_head(&f, 1, &p));
	assert_true(front_record(&f, 5, 1, "some", 4, 0));
	assert_true(front_record(&f, 77, 0, NULL, 0, 0));
	assert_true(front_until_record(&f, 11, PATIENCE)); /* it was read */
	assert_int_equal(kill(r.pid, SIGTERM), 0);
	assert_true(front_until_end(&stream, PATIENCE));
	front_close(&stream);
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(answer_status(&f), 503);
	assert_non_null(strstr(answer_text(&f), "about to end"));
	assert_int_equal(responder_wait(&r, PATIENCE), 0);
	front_close(&f);
	responder_stop(&r);
}

static void
sighup_opens_the_log_again(void **state)
{
	struct responder r;
	struct front f;
	char log[80], old[96];

	(void)state;
	responder_start(&r, 0, NULL);
	assert_true(
	    responder_until_logged(&r, "open files allow", 1, PATIENCE));
	(void)snprintf(log, sizeof(log), "%s/log", r.dir);
	(void)snprintf(old, sizeof(old), "%s.1", log);
	assert_int_equal(rename(log, old), 0);
	assert_int_equal(kill(r.pid, SIGHUP), 0);
	do
		open_stream(&f, &r), front_close(&f);
	while (access(log, F_OK) == -1);
	assert_true(responder_until_logged(&r, "stream closed", 1, PATIENCE));
	responder_stop(&r);
}

/* Until it can be opened again it goes on where it was. */
static void
log_that_cannot_be_opened_yet_is_tried_again(void **state)
{
	struct responder r, old;
	char log[80], place[96];
	int i;

	(void)state;
	responder_start(&r, 0, NULL);
	assert_true(
	    responder_until_logged(&r, "open files allow", 1, PATIENCE));
	old = r;
	(void)strcat(old.dir, ".old");
	(void)snprintf(log, sizeof(log), "%s/log", r.dir);
	(void)snprintf(place, sizeof(place), "%s/log", old.dir);
	assert_int_equal(mkdir(old.dir, 0700), 0);
	assert_int_equal(rename(log, place), 0);
	assert_int_equal(mkdir(log, 0700), 0);
	assert_int_equal(kill(r.pid, SIGHUP), 0);
	assert_true(responder_until_logged(&old, "cannot be opened again yet",
	    1, PATIENCE));
	assert_int_equal(rmdir(log), 0);
	for (i = 0; access(log, F_OK) == -1; i++) {
		assert_true(i < PATIENCE / 20);
		(void)poll(NULL, 0, 20);
	}
	assert_int_equal(responder_signal(&r, SIGTERM), 0);
	assert_int_equal(responder_logged(&r, "ended"), 1);
	assert_int_equal(responder_logged(&old, "ended"), 0);
	assert_int_equal(responder_logged(&old, "cannot be opened"), 1);
	assert_int_equal(unlink(place) + rmdir(old.dir), 0);
	responder_stop(&r);
}

/* Runs the program with one option (or NULL) and descriptor 0 as given. */
static int
run(int descriptor, const char *option, char *said, size_t size)
{
	const char *program = getenv("PROGRAM");
	int out[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)dup2(descriptor, 0);
		(void)dup2(out[1], 1);
		(void)dup2(out[1], 2);
		(void)execl(program, program, option, (char *)NULL);
		_exit(127);
	}
	(void)close(out[1]);
	said[0] = '\0';
	while ((n = read(out[0], said, size - 1)) > 0) {
		said[n] = '\0';
		said += n;
		size -= (size_t)n;
	}
	(void)close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
without_a_socket_it_says_what_works(void **state)
{
	char said[4096];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(run(null, NULL, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "there is no socket to listen on"));
	assert_non_null(strstr(said, "sse-fcgi --listen unix:"));
	assert_non_null(strstr(said, "spawn-fcgi -s "));
	/* As a CGI program it is the same. */
	assert_int_equal(setenv("GATEWAY_INTERFACE", "CGI/1.1", 1), 0);
	assert_int_equal(run(null, NULL, said, sizeof(said)), 2);
	assert_int_equal(unsetenv("GATEWAY_INTERFACE"), 0);
	(void)close(null);
}

static void
options_are_checked(void **state)
{
	static const struct {
		const char *option;
		int status;
		const char *says;
	} cases[] = {
	    {"--help", 0, "--interval SEC"},
	    {"--version", 0, "sse-fcgi 0."},
	    {"--check", 0, "good"},
	    {"--interval=0", 2, "--interval: '0' is not a number from 0.01"},
	    {"--interval=2s", 2, "'2s'"},
	    {"--interval=nan", 2, "'nan'"},
	    {"--retry=1.5", 2, "whole number"},
	    {"--max-streams=-1", 2, "'-1'"},
	    {"--listen=nowhere", 2, "--listen nowhere: "},
	    {"--listen=/tmp/x.sock", 2, "a Unix socket is written unix:/"},
	    {"--listen=fd://3", 2, "LISTEN_FDS"},
	    {"--log=-", 2, "--log -: "},
	    {"--no-such", 2, "--no-such"},
	    {"word", 2, "'word'"},
	    {"--listen=unix:/no/such/directory/s", 1,
		"--listen unix:/no/such/directory/s: No such file"},
	    {"--log=/no/such/directory/log", 1,
		"--log /no/such/directory/log: its directory"},
	};
	char said[8192];
	size_t i;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(run(null, cases[i].option, said, sizeof(said)),
		    cases[i].status);
		assert_non_null(strstr(said, cases[i].says));
		if (cases[i].status != 0)
			assert_ptr_equal(strchr(said, '\n') + 1,
			    said + strlen(said));
	}
	(void)close(null);
}

/* With these arguments, and both outputs there. */
static int
run_to(const char *path, char *const arguments[], char *said, size_t size)
{
	int out = open(path, O_WRONLY | O_CREAT, 0600), err[2], status;
	ssize_t n = 1;
	size_t len = 0;
	pid_t pid;

	assert_int_not_equal(out, -1);
	assert_int_equal(pipe(err), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)dup2(open("/dev/null", O_RDONLY), 0);
		(void)dup2(out, 1);
		(void)dup2(err[1], 2);
		(void)execv(getenv("PROGRAM"), arguments);
		_exit(127);
	}
	(void)close(out);
	(void)close(err[1]);
	for (; n > 0; len += (size_t)n)
		n = read(err[0], said + len, size - 1 - len);
	said[len] = '\0';
	(void)close(err[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
output_that_is_lost_is_an_error(void **state)
{
	static const char *const options[] = {"--version", "--help", "--check"};
	char *arguments[] = {"sse-fcgi", NULL, NULL}, said[1024];
	size_t i;

	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip();
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		arguments[1] = (char *)(uintptr_t)options[i];
		assert_int_equal(run_to("/dev/full", arguments, said,
				     sizeof(said)),
		    1);
		assert_non_null(strstr(said, "standard output: "));
	}
}

/* For shells: it begins with a header in base64url; or a line says why not. */
static void
a_ticket_is_printed_or_it_is_said_why_not(void **state)
{
	static const char key[] =
	    "HS256 abababababababababababababababababababab"
	    "abababababababababababab\n";
	char path[96], out[96], said[1024] = "", ticket[8] = "";
	char *arguments[] = {"sse-fcgi", "--ticket-key", path, "--make-ticket",
	    "channel=a", NULL};
	struct responder r;
	FILE *f;

	(void)state;
	responder_place(&r);
	(void)snprintf(path, sizeof(path), "%s/key", r.dir);
	(void)snprintf(out, sizeof(out), "%s/out", r.dir);
	assert_int_equal(run_to(out, arguments, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "--ticket-key"));
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(key, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(run_to(out, arguments, said, sizeof(said)), 0);
	f = fopen(out, "r");
	assert_non_null(f);
	assert_non_null(fgets(ticket, 4, f));
	(void)fclose(f);
	assert_string_equal(ticket, "eyJ");
	arguments[4] = "channel=a&exp=never";
	assert_int_equal(run_to(out, arguments, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "exp"));
	(void)unlink(out);
	(void)unlink(path);
	responder_stop(&r);
}

/* A start that fails is told to who started it, whatever the log is. */
static void
a_failed_start_is_said_to_standard_error(void **state)
{
	char *arguments[] = {"sse-fcgi", "--log", NULL, "--listen",
	    "unix:/no/such/directory/s", NULL};
	char said[1024], log[96], fifo[96];
	struct responder r;

	(void)state;
	responder_place(&r);
	(void)snprintf(log, sizeof(log), "%s/log", r.dir);
	arguments[2] = log;
	assert_int_equal(run_to("/dev/null", arguments, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "fatal: --listen unix:/no/such/"));
	assert_int_equal(responder_logged(&r, "fatal: --listen unix:/no/"), 1);
	(void)snprintf(fifo, sizeof(fifo), "%s/fifo", r.dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	arguments[2] = fifo;
	assert_int_equal(run_to("/dev/null", arguments, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "nobody reads this FIFO"));
	(void)unlink(fifo);
	responder_stop(&r);
}

static void
a_zone_that_is_not_known_is_said(void **state)
{
	struct responder r;

	(void)state;
	assert_int_equal(setenv("TZ", "Mars/Phobos", 1), 0);
	responder_start(&r, 0, NULL);
	assert_true(responder_until_logged(&r, "TZ=Mars/Phobos", 1, PATIENCE));
	assert_int_equal(unsetenv("TZ"), 0);
	responder_stop(&r);
}

/* Its log may not grow any more: it serves on, and ends as it should. */
static void
a_log_at_its_limit_is_no_end(void **state)
{
	struct rlimit before, rl;
	struct responder r;
	struct front f;
	int i;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	rl = before;
	rl.rlim_cur = 400;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &rl), 0);
	responder_start(&r, 0, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (i = 0; i < 10; i++) {
		open_stream(&f, &r);
		front_close(&f);
	}
	responder_stop(&r);
}

static void
each_address_is_served(void **state)
{
	struct responder r;
	struct front f;
	char second[112], port[32];
	int i;

	(void)state;
	responder_start(&r, 0, NULL); /* for its directory and socket */
	open_stream(&f, &r);
	front_close(&f);
	assert_int_equal(responder_signal(&r, SIGTERM), 0);
	(void)snprintf(second, sizeof(second), "%s.2", r.address);
	(void)snprintf(port, sizeof(port), "127.%ld.%ld.8:9377",
	    (long)getpid() / 250 % 250 + 1, (long)getpid() % 250 + 1);
	responder_again(&r,
	    (const char *[]){"--listen", second, "--listen", port, NULL});
	assert_true(
	    responder_until_logged(&r, "open files allow", 2, PATIENCE));
	for (i = 0; i < 3; i++) {
		assert_true(front_connect(&f, i == 0 ? r.address :
					      i == 1 ? second :
						       port));
		assert_true(front_get(&f));
		assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
		front_close(&f);
	}
	assert_int_equal(access(second + 5, F_OK), 0);
	responder_stop(&r);
	assert_int_equal(access(second + 5, F_OK), -1);
}

static void
a_socket_in_use_is_not_taken_and_a_stale_one_is(void **state)
{
	struct responder r;
	char said[1024], option[128];
	struct stat st;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	responder_listen(&r, NULL, NULL);
	assert_int_equal(stat(r.address + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	(void)snprintf(option, sizeof(option), "--listen=%s", r.address);
	assert_int_equal(run(null, option, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "another program listens there"));
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	assert_int_equal(responder_wait(&r, PATIENCE), 128 + SIGKILL);
	assert_int_equal(access(r.address + 5, F_OK), 0);
	responder_again(&r, (const char *[]){"--listen", r.address, NULL});
	assert_true(
	    responder_until_logged(&r, "open files allow", 2, PATIENCE));
	responder_stop(&r);
	(void)close(null);
}

enum { STARTS = 8 };

static void
start_many(pid_t pid[STARTS], const struct responder *r)
{
	char log[128], c;
	int i, gate[2];

	(void)snprintf(log, sizeof(log), "--log=%s/log", r->dir);
	assert_int_equal(pipe(gate), 0);
	for (i = 0; i < STARTS; i++) {
		pid[i] = fork();
		assert_int_not_equal(pid[i], -1);
		if (pid[i] != 0)
			continue;
		(void)dup2(open("/dev/null", O_RDWR), 0);
		(void)dup2(0, 1);
		(void)dup2(0, 2);
		(void)close(gate[1]);
		(void)!read(gate[0], &c, 1); /* until all are there */
		(void)execl(getenv("PROGRAM"), "sse-fcgi", log, "--listen",
		    r->address, (char *)NULL);
		_exit(127);
	}
	(void)close(gate[0]);
	(void)close(gate[1]);
}

/* Waits for the ends with status 1 of all but one: its pid. */
static pid_t
who_is_left(pid_t pid[STARTS])
{
	int left = STARTS, i, status;

	for (i = 0; left > 1; i = (i + 1) % STARTS) {
		if (pid[i] == 0 || waitpid(pid[i], &status, WNOHANG) == 0)
			continue;
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
		pid[i] = 0;
		left--;
	}
	for (i = 0; pid[i] == 0; i++)
		continue;
	return pid[i];
}

/* Who was killed leaves its path: the one that takes it goes on alone. */
static void
of_many_starts_at_once_one_takes_a_stale_path(void **state)
{
	static const char fails[] = "sse.sock: ",
			  taken[] = "sse.sock: another program listens there",
			  serves[] = "open files allow";
	struct responder r;
	struct front f;
	pid_t pid[STARTS];
	unsigned round, rounds = slow(1) > 1 ? 2 : 20;
	double end;

	(void)state;
	responder_listen(&r, NULL, NULL);
	for (round = 1; round <= rounds; round++) {
		assert_int_equal(kill(r.pid, SIGKILL), 0);
		assert_int_equal(responder_wait(&r, PATIENCE), 128 + SIGKILL);
		start_many(pid, &r);
		end = front_now() + PATIENCE / 1e3;
		while (
		    responder_logged(&r, taken) + responder_logged(&r, serves) <
		    round * STARTS + 1)
			assert_true(front_now() < end);
		assert_int_equal(responder_logged(&r, serves), round + 1);
		assert_int_equal(responder_logged(&r, taken),
		    responder_logged(&r, fails));
		r.pid = who_is_left(pid);
		open_stream(&f, &r);
		front_close(&f);
	}
	responder_stop(&r);
}

/*
 * Both serve: each does alone what comes while the other one is stopped.
 * spawn-fcgi leaves its children to init and their pids in a file.
 */
static void
two_processes_of_spawn_fcgi_share_the_load(void **state)
{
	struct responder r = {.listening = -1};
	struct front f[2];
	char command[512], pidfile[96];
	int pid[2], i;
	FILE *pids;

	(void)state;
	(void)strcpy(r.dir, "/tmp/sse-fcgi-wire-XXXXXX");
	assert_non_null(mkdtemp(r.dir));
	(void)snprintf(r.address, sizeof(r.address), "unix:%s/sse.sock", r.dir);
	(void)snprintf(pidfile, sizeof(pidfile), "%s/pids", r.dir);
	(void)snprintf(command, sizeof(command),
	    "spawn-fcgi -s %s -F 2 -P %s -- %s --verbose --log %s/log"
	    " >/dev/null",
	    r.address + 5, pidfile, getenv("PROGRAM"), r.dir);
	assert_int_equal(system(command), 0);
	assert_non_null(pids = fopen(pidfile, "r"));
	assert_int_equal(fscanf(pids, "%d\n%d", &pid[0], &pid[1]), 2);
	(void)fclose(pids);
	assert_true(
	    responder_until_logged(&r, "open files allow", 2, PATIENCE));
	for (i = 0; i < 2; i++) {
		assert_int_equal(kill(pid[i], SIGSTOP), 0);
		open_stream(&f[i], &r);
		assert_int_equal(kill(pid[i], SIGCONT), 0);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(kill(pid[i], SIGTERM), 0);
		front_close(&f[i]);
	}
	assert_true(
	    responder_until_logged(&r, "ended: 1 streams", 2, PATIENCE));
	responder_stop(&r);
}

static void
systemd_passes_the_socket_as_descriptor_3(void **state)
{
	struct responder r;
	struct front f;
	char pid[32];

	(void)state;
	responder_start(&r, 0, NULL); /* for its directory and socket */
	assert_true(
	    responder_until_logged(&r, "open files allow", 1, PATIENCE));
	assert_int_equal(responder_signal(&r, SIGTERM), 0);
	r.pid = fork();
	assert_int_not_equal(r.pid, -1);
	if (r.pid == 0) {
		(void)dup2(r.listening, 3);
		(void)fcntl(3, F_SETFD, 0);
		(void)dup2(open("/dev/null", O_RDWR), 0);
		(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
		(void)setenv("LISTEN_FDS", "1", 1);
		(void)setenv("LISTEN_PID", pid, 1);
		(void)execl(getenv("PROGRAM"), "sse-fcgi", "--log", "/dev/null",
		    (char *)NULL);
		_exit(127);
	}
	open_stream(&f, &r);
	front_close(&f);
	responder_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_signal_ends_the_streams_in_order),
	    cmocka_unit_test(a_drain_is_spread_and_tells_how_long_it_lasts),
	    cmocka_unit_test(a_second_signal_ends_at_once),
	    cmocka_unit_test(
		with_an_inherited_socket_the_next_process_serves_who_waited),
	    cmocka_unit_test(
		with_its_own_socket_newcomers_are_told_to_come_back),
	    cmocka_unit_test(a_stop_of_the_process_harms_nobody),
	    cmocka_unit_test(
		a_request_that_is_half_here_at_the_end_is_answered),
	    cmocka_unit_test(
		a_publication_that_is_not_whole_at_the_end_is_answered),
	    cmocka_unit_test(sighup_opens_the_log_again),
	    cmocka_unit_test(log_that_cannot_be_opened_yet_is_tried_again),
	    cmocka_unit_test(without_a_socket_it_says_what_works),
	    cmocka_unit_test(options_are_checked),
	    cmocka_unit_test(output_that_is_lost_is_an_error),
	    cmocka_unit_test(a_ticket_is_printed_or_it_is_said_why_not),
	    cmocka_unit_test(a_failed_start_is_said_to_standard_error),
	    cmocka_unit_test(a_zone_that_is_not_known_is_said),
	    cmocka_unit_test(a_log_at_its_limit_is_no_end),
	    cmocka_unit_test(each_address_is_served),
	    cmocka_unit_test(a_socket_in_use_is_not_taken_and_a_stale_one_is),
	    cmocka_unit_test(of_many_starts_at_once_one_takes_a_stale_path),
	    cmocka_unit_test(two_processes_of_spawn_fcgi_share_the_load),
	    cmocka_unit_test(systemd_passes_the_socket_as_descriptor_3),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
