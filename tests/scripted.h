/* SPDX-License-Identifier: ISC */
#ifndef SCRIPTED_H
#define SCRIPTED_H

/*
 * A server in the test's own loop that says what its script says: commands, of
 * which the first words are compared, and the bytes to answer.  It reads
 * commands by a parser of its own, keeps what it has heard, and writes its
 * answers whole or cut.
 */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/platform.h"

#define MASTER "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define REPLICA \
	"*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:9\r\n"
#define CLOSE	"close" /* instead of an answer */
#define NOTHING ""	/* no answer at all */

/* One line: "ROLE", MASTER.  A NULL ends the script; else the answer is +OK. */
struct line {
	const char *command, *answer;
};

struct scripted_peer {
	struct scripted *server;
	int fd; /* -1: there is none */
	ev_io io;
	ev_idle writing;
	char in[65536], out[262144];
	size_t in_len, out_len;
	size_t told; /* bytes, on this connection */
};

struct scripted {
	struct ev_loop *loop;
	int fd;
	ev_io accepting;
	char address[160]; /* as in --redis */
	char path[108];
	const struct line *script;
	size_t cut;  /* bytes of the first write, which then waits; 0: no cut */
	bool single; /* every byte alone */
	bool deaf;   /* it reads nothing */
	size_t accepted, commands, reads;
	char heard[8192]; /* commands, each a line */
	struct scripted_peer peer[4];
};

static inline void
scripted_hang_up(struct scripted_peer *p)
{
	if (p->fd == -1)
		return;
	ev_io_stop(p->server->loop, &p->io);
	ev_idle_stop(p->server->loop, &p->writing);
	(void)close(p->fd);
	p->fd = -1;
}

/* Writes some, when nobody else has anything to do. */
static inline void
scripted_on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
	struct scripted_peer *p = w->data;
	const struct scripted *s = p->server;
	size_t most = p->out_len;
	ssize_t n;

	(void)revents;
	if (s->single)
		most = 1;
	else if (p->told < s->cut && s->cut - p->told < most)
		most = s->cut - p->told;
	n = send(p->fd, p->out, most, MSG_NOSIGNAL);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n == -1) {
		scripted_hang_up(p);
		return;
	}
	p->told += (size_t)n;
	p->out_len -= (size_t)n;
	memmove(p->out, p->out + n, p->out_len);
	if (p->out_len == 0)
		ev_idle_stop(loop, w);
}

static inline void
scripted_tell(struct scripted_peer *p, const char *bytes, size_t len)
{
	assert_true(len <= sizeof(p->out) - p->out_len);
	memcpy(p->out + p->out_len, bytes, len);
	p->out_len += len;
	if (len > 0)
		ev_idle_start(p->server->loop, &p->writing);
}

/* Says this to everybody, asked or not. */
static inline void
scripted_say(struct scripted *s, const char *bytes)
{
	size_t i;

	for (i = 0; i < LENGTH(s->peer); i++)
		if (s->peer[i].fd != -1)
			scripted_tell(&s->peer[i], bytes, strlen(bytes));
}

static inline void
scripted_hang_up_all(struct scripted *s)
{
	size_t i;

	for (i = 0; i < LENGTH(s->peer); i++)
		scripted_hang_up(&s->peer[i]);
}

/* Answers one command, its words with spaces between. */
static inline void
scripted_answer(struct scripted_peer *p, const char *command)
{
	struct scripted *s = p->server;
	const struct line *l;
	const char *answer = "+OK\r\n";
	size_t len = strlen(s->heard);

	s->commands++;
	if (len + strlen(command) + 2 < sizeof(s->heard))
		(void)snprintf(s->heard + len, sizeof(s->heard) - len, "%s\n",
		    command);
	for (l = s->script; l->command != NULL; l++)
		if (strncmp(command, l->command, strlen(l->command)) == 0) {
			answer = l->answer;
			break;
		}
	if (strcmp(answer, CLOSE) == 0)
		scripted_hang_up(p);
	else
		scripted_tell(p, answer, strlen(answer));
}

/* One whole command of what is here; its bytes, or 0. */
static inline size_t
scripted_command(const struct scripted_peer *p, char *words, size_t size)
{
	const char *at = p->in, *end = p->in + p->in_len;
	size_t len, out = 0;
	long n, i;
	char *next;

	if (p->in_len < 4 || memchr(at, '\n', p->in_len) == NULL)
		return 0;
	n = strtol(at + 1, &next, 10);
	at = next + 2;
	for (i = 0; i < n; i++) {
		if (at >= end || memchr(at, '\n', (size_t)(end - at)) == NULL)
			return 0;
		len = (size_t)strtol(at + 1, &next, 10);
		at = next + 2;
		if ((size_t)(end - at) < len + 2)
			return 0;
		if (out + len + 2 < size) {
			memcpy(words + out, at, len);
			out += len;
			words[out++] = ' ';
		}
		at += len + 2;
	}
	words[out > 0 ? out - 1 : 0] = '\0';
	return (size_t)(at - p->in);
}

static inline void
scripted_on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct scripted_peer *p = w->data;
	ssize_t n =
	    recv(p->fd, p->in + p->in_len, sizeof(p->in) - 1 - p->in_len, 0);
	char words[2048];
	size_t used;

	(void)loop;
	(void)revents;
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			scripted_hang_up(p);
		return;
	}
	p->server->reads++;
	p->in_len += (size_t)n;
	p->in[p->in_len] = '\0';
	while (p->fd != -1 &&
	       (used = scripted_command(p, words, sizeof(words))) > 0) {
		p->in_len -= used;
		memmove(p->in, p->in + used, p->in_len + 1);
		scripted_answer(p, words);
	}
}

static inline void
scripted_on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
	struct scripted *s = w->data;
	int fd = platform_accept(s->fd);
	size_t i;

	(void)revents;
	if (fd == -1)
		return;
	s->accepted++;
	for (i = 0; i < LENGTH(s->peer) && s->peer[i].fd != -1; i++)
		;
	if (i == LENGTH(s->peer)) {
		(void)close(fd);
		return;
	}
	s->peer[i].in_len = s->peer[i].out_len = s->peer[i].told = 0;
	s->peer[i].fd = fd;
	s->peer[i].server = s;
	ev_io_init(&s->peer[i].io, scripted_on_io, fd, EV_READ);
	ev_idle_init(&s->peer[i].writing, scripted_on_idle);
	s->peer[i].io.data = s->peer[i].writing.data = &s->peer[i];
	if (!s->deaf)
		ev_io_start(loop, &s->peer[i].io);
}

static inline void
scripted_listen(struct scripted *s, int fd, const struct sockaddr *sa,
    socklen_t len)
{
	size_t i;

	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, sa, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(platform_set_flags(fd), 0);
	s->fd = fd;
	for (i = 0; i < LENGTH(s->peer); i++)
		s->peer[i].fd = -1;
	ev_io_init(&s->accepting, scripted_on_accept, fd, EV_READ);
	s->accepting.data = s;
	ev_io_start(s->loop, &s->accepting);
}

static inline void
scripted_reset(struct scripted *s, struct ev_loop *loop,
    const struct line *script)
{
	memset(s, 0, offsetof(struct scripted, peer));
	s->loop = loop;
	s->script = script;
}

/* On directory/name. */
static inline void
scripted_unix(struct scripted *s, struct ev_loop *loop, const char *directory,
    const char *name, const struct line *script)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	scripted_reset(s, loop, script);
	(void)snprintf(s->path, sizeof(s->path), "%s/%s", directory, name);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", s->path);
	(void)snprintf(s->address, sizeof(s->address), "unix:%s", s->path);
	scripted_listen(s, socket(AF_UNIX, SOCK_STREAM, 0),
	    (struct sockaddr *)&un, sizeof(un));
}

/* On a port of 127.0.0.1 that is free. */
static inline void
scripted_tcp(struct scripted *s, struct ev_loop *loop,
    const struct line *script)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);

	scripted_reset(s, loop, script);
	scripted_listen(s, socket(AF_INET, SOCK_STREAM, 0),
	    (struct sockaddr *)&in, sizeof(in));
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&in, &len), 0);
	(void)snprintf(s->address, sizeof(s->address), "127.0.0.1:%u",
	    ntohs(in.sin_port));
}

/* Nobody listens there any more. */
static inline void
scripted_end(struct scripted *s)
{
	scripted_hang_up_all(s);
	if (s->fd == -1)
		return;
	ev_io_stop(s->loop, &s->accepting);
	(void)close(s->fd);
	s->fd = -1;
	if (*s->path != '\0')
		(void)unlink(s->path);
}

/*
 * Turns of the loop until this holds, which is given up after so many seconds
 * of the real clock.  The name of a condition that a test waits for.
 */
#define UNTIL(loop, condition)                                     \
	do {                                                       \
		double until_ = platform_clock() + 20;             \
		while (!(condition)) {                             \
			if (platform_clock() > until_)             \
				fail_msg("never: %s", #condition); \
			(void)ev_run((loop), EVRUN_ONCE);          \
		}                                                  \
	} while (0)

/* What is to be seen now, and a turn more. */
static inline void
some_turns(struct ev_loop *loop, int n)
{
	while (n-- > 0)
		(void)ev_run(loop, EVRUN_NOWAIT);
}

#endif
