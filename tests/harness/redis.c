/* SPDX-License-Identifier: ISC */
/*
 * Starts and ends a redis-server, and asks it things.  It is ended by its pid.
 */
#define _GNU_SOURCE /* for pipe2 and its like in the headers below */
#include "redis.h"

#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "parser.h"
#include "responder.h"

#define OPTIONS_MAX 64

int
free_port(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	(void)close(fd);
	return ntohs(sin.sin_port);
}

/* In the child; it does not outlive the test. */
static void
become(const struct redis *r, const char *const words[],
    const char *const more[])
{
	const char *own = getenv("REDIS"), *argv[OPTIONS_MAX];
	char path[96];
	int n = 1, out;

	while (*words != NULL)
		argv[n++] = *words++;
	while (more != NULL && *more != NULL)
		argv[n++] = *more++;
	argv[n] = NULL;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(path, sizeof(path), "%s/stdout", r->dir);
	out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)dup2(out, 1);
	(void)dup2(out, 2);
	argv[0] = own == NULL ? "redis-server" : own;
	(void)execvp(argv[0], (char **)(uintptr_t)argv);
	if (own == NULL) {
		argv[0] = "valkey-server";
		(void)execvp(argv[0], (char **)(uintptr_t)argv);
	}
	_exit(127);
}

static void
forget_client(struct redis *r)
{
	if (r->client != NULL)
		redisFree(r->client);
	r->client = NULL;
}

static void
need_client(struct redis *r)
{
	struct timeval patience = {.tv_sec = PATIENCE / 1000};
	redisReply *reply;

	if (r->client != NULL)
		return;
	r->client = redisConnectUnixWithTimeout(r->address + 5, patience);
	assert_non_null(r->client);
	if (r->client->err != 0)
		return;
	(void)redisSetTimeout(r->client, patience);
	if (*r->password != '\0') {
		reply = redisCommand(r->client, "AUTH %s", r->password);
		if (reply != NULL)
			freeReplyObject(reply);
	}
}

/* Is it there, with its data? */
static bool
answers(struct redis *r)
{
	redisReply *reply = NULL;
	bool yes;

	need_client(r);
	if (r->client->err == 0)
		reply = redisCommand(r->client, "PING");
	yes = reply != NULL && reply->type == REDIS_REPLY_STATUS;
	if (reply != NULL)
		freeReplyObject(reply);
	if (!yes)
		forget_client(r);
	return yes;
}

static void
launch(struct redis *r, const char *const words[], const char *const more[])
{
	double end = front_now() + PATIENCE / 1e3;
	int status;

	r->pid = fork();
	assert_int_not_equal(r->pid, -1);
	if (r->pid == 0)
		become(r, words, more);
	while (!answers(r)) {
		if (waitpid(r->pid, &status, WNOHANG) != 0 || front_now() > end)
			fail_msg("redis-server: see %s/stdout", r->dir);
		(void)poll(NULL, 0, 5);
	}
}

void
redis_again(struct redis *r, const char *const options[])
{
	char port[16];
	const char *const words[] = {"--port", port, "--bind", "127.0.0.1",
	    "--unixsocket", r->address + 5, "--unixsocketperm", "700", "--dir",
	    r->dir, "--save", "", "--appendonly", "yes", "--appendfsync",
	    "always", "--repl-diskless-sync-delay", "0", NULL};

	(void)snprintf(port, sizeof(port), "%d", r->port);
	launch(r, words, options);
}

static void
place(struct redis *r)
{
	*r = (struct redis){.port = free_port()};
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/sse-fcgi-redis-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	(void)snprintf(r->address, sizeof(r->address), "unix:%s/redis.sock",
	    r->dir);
}

void
redis_start(struct redis *r, const char *const options[])
{
	place(r);
	redis_again(r, options);
}

/* It writes its file anew. */
void
redis_start_sentinel(struct redis *r, const char *name,
    const struct redis *master)
{
	char path[96];
	FILE *file;

	place(r);
	(void)snprintf(path, sizeof(path), "%s/sentinel.conf", r->dir);
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fprintf(file,
	    "port %d\nbind 127.0.0.1\nunixsocket %s\ndir %s\n"
	    "sentinel monitor %s 127.0.0.1 %d 1\n"
	    "sentinel down-after-milliseconds %s 300\n"
	    "sentinel failover-timeout %s 2000\n",
	    r->port, r->address + 5, r->dir, name, master->port, name, name);
	assert_int_equal(fclose(file), 0);
	launch(r, (const char *[]){path, "--sentinel", NULL}, NULL);
}

void
redis_end(struct redis *r, int signum)
{
	forget_client(r);
	assert_int_equal(kill(r->pid, signum), 0);
	assert_int_equal(waitpid(r->pid, NULL, 0), r->pid);
	r->pid = 0;
}

void
redis_hang(struct redis *r)
{
	int status;

	assert_int_equal(kill(r->pid, SIGSTOP), 0);
	assert_int_equal(waitpid(r->pid, &status, WUNTRACED), r->pid);
	assert_true(WIFSTOPPED(status));
}

void
redis_go_on(struct redis *r)
{
	assert_int_equal(kill(r->pid, SIGCONT), 0);
}

/* The paths are ours, without anything that a shell knows. */
static void
shell(const char *format, const char *dir)
{
	char command[256];

	(void)snprintf(command, sizeof(command), format, dir);
	assert_int_equal(system(command), 0);
}

void
redis_stop(struct redis *r)
{
	if (*r->dir == '\0')
		return;
	if (r->pid != 0)
		redis_end(r, SIGKILL);
	shell("exec rm -rf %s", r->dir);
	*r->dir = '\0';
}

void
redis_keep(struct redis *r)
{
	shell("cd %s && rm -rf kept && mkdir kept && cp -R append* kept",
	    r->dir);
}

void
redis_put_back(struct redis *r)
{
	shell("cd %s && rm -rf append* && cp -R kept/* .", r->dir);
}

static void
add_text(struct bytes *to, const redisReply *reply)
{
	char number[32];
	size_t i;

	if (reply->type == REDIS_REPLY_NIL)
		bytes_add(to, "(nil)", 5);
	else if (reply->type == REDIS_REPLY_INTEGER) {
		(void)snprintf(number, sizeof(number), "%lld", reply->integer);
		bytes_add(to, number, strlen(number));
	} else if (reply->type != REDIS_REPLY_ARRAY)
		bytes_add(to, reply->str, reply->len);
	else
		for (i = 0; i < reply->elements; i++) {
			bytes_add(to, "\n", i > 0);
			add_text(to, reply->element[i]);
		}
}

/* NULL: it has closed the connection. */
static const char *
ask(struct redis *r, const char *format, va_list ap)
{
	static struct bytes text[4];
	static unsigned last;
	redisReply *reply;

	last = (last + 1) % 4;
	text[last].len = 0;
	bytes_add(&text[last], "", 0);
	need_client(r);
	reply = redisvCommand(r->client, format, ap);
	if (reply == NULL) {
		forget_client(r);
		return NULL;
	}
	add_text(&text[last], reply);
	freeReplyObject(reply);
	return text[last].at;
}

const char *
redis_ask(struct redis *r, const char *format, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, format);
	text = ask(r, format, ap);
	va_end(ap);
	if (text == NULL)
		fail_msg("%s: there is no answer", format);
	return text;
}

void
redis_until(struct redis *r, const char *has, const char *format, ...)
{
	double end = front_now() + PATIENCE / 1e3;
	const char *text;
	va_list ap;

	for (;;) {
		va_start(ap, format);
		text = ask(r, format, ap);
		va_end(ap);
		if (text != NULL && strstr(text, has) != NULL)
			return;
		if (front_now() > end)
			fail_msg("%s says %s, not %s", format,
			    text == NULL ? "nothing" : text, has);
		(void)poll(NULL, 0, 5);
	}
}

static long long
milliseconds(struct redis *r)
{
	char *rest;
	long long s = strtoll(redis_ask(r, "TIME"), &rest, 10);

	return s * 1000 + strtoll(rest, NULL, 10) / 1000;
}

void
redis_next_ms(struct redis *r)
{
	long long now = milliseconds(r);

	while (milliseconds(r) == now)
		continue;
}
