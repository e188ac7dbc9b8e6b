/* SPDX-License-Identifier: ISC */
/*
 * See redis.h.
 */
#include "redis.h"

#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target.h"

enum { PATIENCE = 10000, TRIES = 100 }; /* ms, and of 10 ms */

void
redis_open(struct redis *r, const char *address)
{
	static struct target t;
	char url[256];
	int tries = 0;

	snprintf(url, sizeof url, "fcgi:%s", address); /* for the address */
	target_parse(&t, url);
	if ((r->fd = socket(t.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) ==
	    -1)
		err(1, "redis: socket");
	/* It may have made its socket, and not listen yet. */
	while (connect(r->fd, (struct sockaddr *)&t.addr, t.addr_len) == -1)
		if (errno != ECONNREFUSED || ++tries == TRIES ||
		    poll(NULL, 0, 10) == -1)
			err(1, "redis: %s", address);
	if ((r->reader = redisReaderCreate()) == NULL)
		errx(1, "redis: no memory");
}

void
redis_close(struct redis *r)
{
	close(r->fd);
	redisReaderFree(r->reader);
	free(r->out);
	memset(r, 0, sizeof *r);
}

static void
add(struct redis *r, const char *bytes, size_t len)
{
	if (len > r->room - r->len) {
		r->room = 2 * (r->len + len);
		if ((r->out = realloc(r->out, r->room)) == NULL)
			err(1, "realloc");
	}
	memcpy(r->out + r->len, bytes, len);
	r->len += len;
}

void
redis_put(struct redis *r, int n, const char *argv[], const size_t len[])
{
	char *bytes;
	int size = redisFormatCommandArgv(&bytes, n, argv, len);

	if (size == -1)
		errx(1, "redis: no memory");
	add(r, bytes, (size_t)size);
	redisFreeCommand(bytes);
}

void
redis_put_event(struct redis *r, const char *key, uint64_t number,
    uint64_t stamp)
{
	const char *argv[] = {"XADD", key, "*", "c", "bench", "d", NULL};
	size_t len[] = {4, strlen(key), 1, 1, 5, 1, TARGET_BODY};
	char text[TARGET_BODY + 1];
	int n;

	n = snprintf(text, sizeof text, "%ju %ju ", (uintmax_t)number,
	    (uintmax_t)stamp);
	memset(text + n, '.', sizeof text - (size_t)n);
	argv[6] = text;
	redis_put(r, 7, argv, len);
}

bool
redis_write(struct redis *r)
{
	ssize_t n;

	if (r->len == 0)
		return true;
	n = send(r->fd, r->out, r->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			err(1, "redis: send");
		return false;
	}
	r->len -= (size_t)n;
	memmove(r->out, r->out + n, r->len);
	return r->len == 0;
}

/* One that is here. */
static redisReply *
next(struct redis *r)
{
	redisReply *reply;
	void *any;

	if (redisReaderGetReply(r->reader, &any) != REDIS_OK)
		errx(1, "redis: %s", r->reader->errstr);
	if ((reply = any) != NULL && reply->type == REDIS_REPLY_ERROR)
		errx(1, "redis: %s", reply->str);
	return reply;
}

redisReply *
redis_reply(struct redis *r, int timeout_ms)
{
	struct pollfd fd = {.fd = r->fd, .events = POLLIN};
	char buf[65536];
	redisReply *reply;
	ssize_t n;

	while ((reply = next(r)) == NULL) {
		if (poll(&fd, 1, timeout_ms) <= 0)
			return NULL;
		if ((n = recv(r->fd, buf, sizeof buf, 0)) <= 0)
			err(1, "redis: recv");
		if (redisReaderFeed(r->reader, buf, (size_t)n) != REDIS_OK)
			errx(1, "redis: %s", r->reader->errstr);
	}
	return reply;
}

redisReply *
redis_ask(struct redis *r, const char *argv[])
{
	redisReply *reply;
	int n = 0;

	while (argv[n] != NULL)
		n++;
	redis_put(r, n, argv, NULL);
	while (!redis_write(r))
		continue;
	if ((reply = redis_reply(r, PATIENCE)) == NULL)
		errx(1, "redis: no reply to %s", argv[0]);
	return reply;
}
