/* SPDX-License-Identifier: ISC */
/*
 * Starts and ends the program under test.  The socket is bound and listening
 * before the program exists, its log and standard error go to files, and it is
 * ended by its pid.
 */
#define _GNU_SOURCE /* for pipe2 and its like in the headers below */
#include "responder.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"

#define OPTIONS_MAX 32

int
slow(int ms)
{
	return getenv("SLOW") == NULL ? ms : ms * 10;
}

static void
path_of(const struct responder *r, char buf[128], const char *name)
{
	(void)snprintf(buf, 128, "%s/%s", r->dir, name);
}

static char *
file_text(const struct responder *r, const char *name)
{
	char path[128];
	char *text = NULL;
	size_t len = 0;
	ssize_t n;
	int fd;

	path_of(r, path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	do {
		text = realloc(text, len + 65536 + 1);
		assert_non_null(text);
		n = fd == -1 ? 0 : read(fd, text + len, 65536);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	text[len] = '\0';
	if (fd != -1)
		(void)close(fd);
	return text;
}

/*
 * In the child, which does not outlive the test: descriptor 0 is the socket or
 * /dev/null, then the program.
 */
static void
become(const struct responder *r, unsigned files, const char *const options[])
{
	const char *argv[OPTIONS_MAX + 12], *program = getenv("PROGRAM");
	char log[128], errors[128], store[128];
	int i, n = 0, null = open("/dev/null", O_RDWR);
	struct rlimit rl = {.rlim_cur = files, .rlim_max = files};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	path_of(r, log, "log");
	path_of(r, errors, "stderr");
	argv[n++] = program == NULL ? "build/sse-fcgi" : program;
	argv[n++] = "--verbose";
	argv[n++] = "--log";
	argv[n++] = log;
	if (getenv("STORE") != NULL) { /* in this place, and the first */
		path_of(r, store, "events.db");
		argv[n++] = "--store";
		argv[n++] = store;
	}
	if (getenv("REDIS_ADDRESS") != NULL) {
		argv[n++] = "--redis";
		argv[n++] = getenv("REDIS_ADDRESS");
	}
	if (getenv("WAVES") != NULL) {
		argv[n++] = "--waves";
		argv[n++] = getenv("WAVES");
	}
	for (i = 0; options != NULL && options[i] != NULL; i++)
		argv[n++] = options[i];
	argv[n] = NULL;
	(void)dup2(r->listening == -1 ? null : r->listening, 0);
	(void)dup2(null, 1);
	(void)dup2(open(errors, O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
	(void)close(null);
	(void)signal(SIGPIPE, SIG_DFL); /* as a supervisor has it */
	if (files > 0)
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	(void)execv(argv[0], (char **)(uintptr_t)argv);
	_exit(127);
}

static void
launch(struct responder *r, unsigned files, const char *const options[])
{
	r->pid = fork();
	assert_int_not_equal(r->pid, -1);
	if (r->pid == 0)
		become(r, files, options);
}

void
responder_place(struct responder *r)
{
	*r = (struct responder){.listening = -1};
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/sse-fcgi-wire-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	(void)snprintf(r->address, sizeof(r->address), "unix:%s/sse.sock",
	    r->dir);
}

void
responder_start(struct responder *r, unsigned files,
    const char *const options[])
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	responder_place(r);
	r->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)strncpy(sun.sun_path, r->address + 5, sizeof(sun.sun_path) - 1);
	assert_int_equal(bind(r->listening, (struct sockaddr *)&sun,
			     sizeof(sun)),
	    0);
	assert_int_equal(listen(r->listening, 4096), 0);
	launch(r, files, options);
}

void
responder_again(struct responder *r, const char *const options[])
{
	launch(r, 0, options);
}

void
responder_listen(struct responder *r, const char *address,
    const char *const options[])
{
	const char *with[OPTIONS_MAX] = {"--listen"};
	int i;

	responder_place(r);
	if (address != NULL)
		(void)snprintf(r->address, sizeof(r->address), "%s", address);
	with[1] = r->address;
	for (i = 0; options != NULL && options[i] != NULL; i++)
		with[i + 2] = options[i];
	launch(r, 0, with);
	assert_true(responder_until_logged(r, "open files allow", 1, PATIENCE));
}

int
responder_wait(struct responder *r, int ms)
{
	double end = front_now() + ms / 1e3;
	int status;

	while (waitpid(r->pid, &status, WNOHANG) == 0) {
		if (front_now() > end)
			return -1;
		(void)poll(NULL, 0, 5);
	}
	r->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
responder_signal(struct responder *r, int signum)
{
	assert_int_equal(kill(r->pid, signum), 0);
	return responder_wait(r, PATIENCE);
}

static void
remove_all(const struct responder *r)
{
	char path[128 + 256];
	struct dirent *entry;
	DIR *dir = opendir(r->dir);

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", r->dir,
		    entry->d_name);
		if (entry->d_name[0] != '.')
			(void)unlink(path);
	}
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(r->dir);
}

void
responder_stop(struct responder *r)
{
	int status = 0;
	char *errors;

	if (r->pid != 0)
		status = responder_signal(r, SIGTERM);
	if (status == -1) {
		(void)kill(r->pid, SIGKILL);
		(void)waitpid(r->pid, NULL, 0);
	}
	if (r->listening != -1)
		(void)close(r->listening);
	errors = file_text(r, "stderr");
	remove_all(r);
	assert_string_equal(errors, "");
	free(errors);
	assert_int_equal(status, 0);
}

unsigned
responder_logged(const struct responder *r, const char *text)
{
	char *log = file_text(r, "log"), *p = log;
	unsigned n = 0;

	while ((p = strstr(p, text)) != NULL) {
		n++;
		p += strlen(text);
	}
	free(log);
	return n;
}

bool
responder_until_logged(const struct responder *r, const char *text, unsigned n,
    int ms)
{
	double end = front_now() + ms / 1e3;

	while (responder_logged(r, text) < n) {
		if (front_now() > end)
			return false;
		(void)poll(NULL, 0, 5);
	}
	return true;
}

int
responder_files(const struct responder *r)
{
	char path[64];
	DIR *dir;
	int n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", (long)r->pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n - 2;
}
