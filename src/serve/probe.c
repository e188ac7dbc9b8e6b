/* SPDX-License-Identifier: ISC */
/*
 * --probe: for containers and supervisors, which have a command to run and no
 * front to ask.  It is a process of its own and has nothing else to do, so it
 * waits in each call; one alarm ends whatever takes too long, be it a name that
 * is looked up, a connection or the answer.
 */
#include "serve/probe.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/endpoint.h"
#include "base/platform.h"
#include "fastcgi/record.h"
#include "serve/probe_answer.h"

#define REQUEST_MAX 128

/* What is asked and what is said of one that is as it should be. */
static const struct question {
	const char *role, *answer;
} questions[] = {[CONFIG_PROBE_READY] = {"ready", "ready\n"},
    [CONFIG_PROBE_HEALTH] = {"health", "alive\n"}};

static char late[400]; /* the line, for the alarm to write */

static int
fail(const struct config *cfg, const char *why)
{
	(void)fprintf(stderr, "sse-fcgi: --probe %s: %s\n", cfg->probe, why);
	return 1;
}

static void
on_alarm(int signum)
{
	ssize_t ignored = write(STDERR_FILENO, late, strlen(late));

	(void)signum;
	(void)ignored;
	_exit(1);
}

/* The alarm may have come to us blocked or ignored. */
static void
set_alarm(const struct config *cfg)
{
	struct sigaction sa = {.sa_handler = on_alarm};
	struct itimerval in = {0};
	sigset_t set;

	(void)snprintf(late, sizeof(late),
	    "sse-fcgi: --probe %.300s: no answer within %g s\n", cfg->probe,
	    cfg->probe_time);
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGALRM, &sa, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	in.it_value.tv_sec = (time_t)cfg->probe_time;
	in.it_value.tv_usec =
	    (suseconds_t)((cfg->probe_time - (double)in.it_value.tv_sec) * 1e6);
	(void)setitimer(ITIMER_REAL, &in, NULL);
}

/* A connected socket, or -1 with errno. */
static int
connect_to(int family, const struct sockaddr *to, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM, 0), error;

	if (fd == -1 || connect(fd, to, len) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static int
connect_unix(const struct endpoint *e)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	memcpy(sun.sun_path, e->path, sizeof(e->path));
	return connect_to(AF_UNIX, (struct sockaddr *)&sun, sizeof(sun));
}

/* The first of the host's addresses where somebody listens; -1 with why. */
static int
connect_inet(const struct endpoint *e, const char **why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all, *one;
	int fd = -1, error = getaddrinfo(e->host, e->port, &hints, &all);

	if (error != 0) {
		*why = gai_strerror(error);
		return -1;
	}
	for (one = all; fd == -1 && one != NULL; one = one->ai_next)
		fd = connect_to(one->ai_family, one->ai_addr, one->ai_addrlen);
	*why = strerror(errno);
	freeaddrinfo(all);
	return fd;
}

static int
ask(int fd, const struct question *q)
{
	uint8_t request[REQUEST_MAX], *p = request, *pairs;

	record_begin(p, PROBE_ID, 0);
	p += RECORD_BEGIN_SIZE;
	pairs = p + RECORD_HEADER;
	p = pairs;
	p += record_put_pair(p, "REQUEST_METHOD", "GET");
	p += record_put_pair(p, "SSE_ROLE", q->role);
	record_header(pairs - RECORD_HEADER, FCGI_PARAMS, PROBE_ID,
	    (uint16_t)(p - pairs));
	record_header(p, FCGI_PARAMS, PROBE_ID, 0);
	p += RECORD_HEADER;
	record_header(p, FCGI_STDIN, PROBE_ID, 0);
	p += RECORD_HEADER;
	return send(fd, request, (size_t)(p - request), MSG_NOSIGNAL) ==
		       p - request ?
		   0 :
		   -1;
}

/* Is it the answer?  If not, why says what is wrong instead. */
static bool
hear(int fd, const char *answer, char why[PROBE_WHY_MAX])
{
	enum probe_verdict verdict;
	uint8_t in[PROBE_ANSWER_MAX];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, in + len, sizeof(in) - len)) > 0) {
		len += (size_t)n;
		verdict = probe_answer(in, len, answer, why);
		if (verdict != PROBE_MORE)
			return verdict == PROBE_YES;
	}
	(void)snprintf(why, PROBE_WHY_MAX, "%s",
	    n == 0 ? "it closed the connection" : strerror(errno));
	return false;
}

int
probe(const struct config *cfg)
{
	const struct question *q = &questions[cfg->probe_role];
	char err[512], what[PROBE_WHY_MAX];
	const char *why = NULL;
	struct endpoint e;
	bool good;
	int fd;

	(void)signal(SIGPIPE, SIG_IGN); /* who asks may not read why */
	if (endpoint_parse(&e, "--probe", cfg->probe, err, sizeof(err)) == -1)
		return fail(cfg, err);
	set_alarm(cfg);
	fd = e.is_unix ? connect_unix(&e) : connect_inet(&e, &why);
	if (fd == -1)
		return fail(cfg, why != NULL ? why : strerror(errno));
	if (ask(fd, q) == -1)
		return fail(cfg, strerror(errno));
	good = hear(fd, q->answer, what);
	(void)close(fd);
	return good ? 0 : fail(cfg, what);
}
