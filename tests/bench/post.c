/* SPDX-License-Identifier: ISC */
/*
 * See post.h.
 */
#include "post.h"

#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

static void
ignore(struct parser *p)
{
	(void)p;
}

static void
conn_open(struct post *post, struct post_conn *conn)
{
	const struct target *t = &post->target;

	conn->fd = socket(t->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (conn->fd == -1 ||
	    connect(conn->fd, (const struct sockaddr *)&t->addr, t->addr_len) ==
		-1)
		err(1, "publisher: connect");
}

static void
conn_close(struct post_conn *conn)
{
	close(conn->fd);
	conn->fd = -1;
}

void
post_init(struct post *post, const char *target, size_t conns)
{
	post->target.post = true;
	target_param(&post->target, "SSE_ROLE=publish");
	target_param(&post->target, "QUERY_STRING=channel=bench");
	target_parse(&post->target, target);
	post->n = conns;
	for (size_t i = 0; i < conns; i++)
		post->conn[i].fd = -1;
}

bool
post_send(struct post *post, uint64_t stamp)
{
	struct post_conn *conn = post->conn, *end = conn + post->n;
	struct target *t = &post->target;
	char text[TARGET_BODY];

	while (conn < end && conn->waiting)
		conn++;
	if (conn == end)
		return false;
	if (conn->fd == -1)
		conn_open(post, conn);
	memcpy(t->request + t->body, text,
	    (size_t)snprintf(text, sizeof text, "%ju %ju ",
		(uintmax_t)++post->sent, (uintmax_t)stamp));
	if (send(conn->fd, t->request, t->request_len, MSG_NOSIGNAL) !=
	    (ssize_t)t->request_len)
		err(1, "publisher: send");
	parser_init(&conn->parser, t->kind, ignore, NULL);
	conn->number = post->sent;
	conn->sent = stamp;
	conn->waiting = true;
	return true;
}

static bool
is_success(const struct parser *p)
{
	return p->head_done ||
	       (p->head != NULL && strncmp(p->head, "HTTP/1.1 20", 11) == 0);
}

static void
take_refusal(struct post *post, struct post_conn *conn)
{
	if (!post->tolerant)
		errx(1, "publisher: refused: %s",
		    conn->parser.head == NULL ? "no answer" :
						conn->parser.head);
	parser_free(&conn->parser);
	conn_close(conn);
	conn->waiting = false;
	post->refused++;
}

static void
take_answer(struct post *post, struct post_conn *conn)
{
	uint8_t buf[4096];
	ssize_t n = recv(conn->fd, buf, sizeof buf, MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && parser_feed(&conn->parser, buf, (size_t)n) == PARSER_OPEN)
		return;
	if (!is_success(&conn->parser)) {
		take_refusal(post, conn);
		return;
	}
	parser_free(&conn->parser);
	if (n <= 0 || post->target.kind == PARSER_HTTP)
		conn_close(conn);
	conn->waiting = false;
	post->answered++;
	post->latest = conn->number;
	if (post->timing)
		sample_add(&post->times, load_now() - conn->sent);
}

void
post_turn(struct post *post, int timeout_ms)
{
	struct pollfd fds[POST_CONNS];

	for (size_t i = 0; i < post->n; i++) {
		fds[i].fd = post->conn[i].waiting ? post->conn[i].fd : -1;
		fds[i].events = POLLIN;
	}
	if (poll(fds, post->n, timeout_ms) == -1 && errno != EINTR)
		err(1, "poll");
	for (size_t i = 0; i < post->n; i++)
		if (fds[i].fd != -1 && fds[i].revents != 0)
			take_answer(post, &post->conn[i]);
}

void
post_some(struct post *post, size_t n)
{
	for (; n > 0; n--) {
		post_send(post, load_now());
		while (post->answered < post->sent)
			post_turn(post, 1000);
	}
}
