/* SPDX-License-Identifier: ISC */
/*
 * One question to one Sentinel: one connection, one limit of time for all of
 * it.
 */
#include "engine/sentinel.h"

#include <sys/socket.h>

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"
#include "engine/account.h"
#include "engine/dial.h"
#include "engine/link.h"
#include "engine/resp.h"

#define REPLY_MAX (16UL * 1024) /* bytes; a host and a port are some */
#define PIECE	  1024		/* of them at a time */

struct sentinel {
	const struct link_setup *set;
	const char *master;
	void (*told)(void *, const struct sentinel_answer *);
	void *arg;
	int fd;
	ev_io io;
	ev_timer timer;
	double deadline;
	bool connected;
	bool authenticated; /* AUTH was sent */
	unsigned skipped;   /* replies before the one to the question */
	struct resp resp;
	char *out; /* bytes to write, of which so many are written */
	size_t out_len, out_at;
};

void
sentinel_abandon(struct sentinel *s)
{
	ev_io_stop(s->set->loop, &s->io);
	ev_timer_stop(s->set->loop, &s->timer);
	if (s->fd != -1)
		(void)close(s->fd);
	if (s->resp.reader != NULL)
		resp_free(&s->resp);
	free(s->out);
	free(s);
}

/* The one end: what is told of may be in a reply that is the caller's. */
static void
tell(struct sentinel *s, const struct sentinel_answer *answer)
{
	void (*told)(void *, const struct sentinel_answer *) = s->told;
	void *arg = s->arg;

	sentinel_abandon(s);
	told(arg, answer);
}

static void
fail(struct sentinel *s, const char *why)
{
	const struct sentinel_answer answer = {.why = why};

	tell(s, &answer);
}

static int
append(struct sentinel *s, size_t n, const char *const argv[],
    const size_t len[])
{
	char *bytes, *all;
	size_t size = resp_command(&bytes, n, argv, len);

	if (size == 0)
		return -1;
	all = realloc(s->out, s->out_len + size);
	if (all != NULL) {
		memcpy(all + s->out_len, bytes, size);
		s->out = all;
		s->out_len += size;
	}
	resp_command_free(bytes);
	return all == NULL ? -1 : 0;
}

static int
append_question(struct sentinel *s)
{
	const char *argv[] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", s->master};
	const size_t len[] = {8, 23, strlen(s->master)};

	return append(s, 3, argv, len);
}

/* It wants to know who we are: says so, and asks again. */
static int
authenticate(struct sentinel *s, char *why, size_t size)
{
	struct account a;
	int result;

	if (account_read(&a, s->set, why, size) == -1)
		return -1;
	if (a.n == 0) {
		(void)snprintf(why, size,
		    "it wants a password (--redis-password-file)");
		return -1;
	}
	result = append(s, a.n, a.argv, a.len);
	account_forget(&a);
	if (result == 0)
		result = append_question(s);
	if (result == -1)
		(void)snprintf(why, size, "%s", strerror(ENOMEM));
	s->authenticated = true;
	s->skipped = 1;
	return result;
}

static bool
is_host(const struct resp_value *v)
{
	size_t i;

	if (v == NULL || v->type != RESP_STRING || v->len == 0 || v->len > 255)
		return false;
	for (i = 0; i < v->len; i++)
		if (v->text[i] <= ' ' || v->text[i] > '~')
			return false;
	return true;
}

static bool
is_port(const struct resp_value *v)
{
	char *end;
	unsigned long n;

	if (v == NULL || v->type != RESP_STRING || v->len > 5 ||
	    *v->text < '0' || *v->text > '9')
		return false;
	n = strtoul(v->text, &end, 10);
	return *end == '\0' && strlen(v->text) == v->len && n > 0 && n <= 65535;
}

/* The answer to the question. */
static void
conclude(struct sentinel *s, const struct resp_value *v)
{
	const struct resp_value *host = NULL, *port = NULL;
	struct sentinel_answer answer = {.why = NULL};
	char why[160], text[140];

	if (v->type == RESP_ARRAY && v->came == 2) {
		host = resp_element(v, 0);
		port = resp_element(v, 1);
	}
	answer.unknown = v->type == RESP_NIL;
	if (is_host(host) && is_port(port)) {
		answer.host = host->text;
		answer.port = port->text;
	} else if (v->type == RESP_ERROR) {
		(void)snprintf(why, sizeof(why), "it says: %s",
		    resp_quote(text, sizeof(text), v));
		answer.why = why;
	} else if (!answer.unknown)
		answer.why = "its answer is no address: is it a Sentinel?";
	tell(s, &answer);
}

/* One reply.  True: there are more to come, and the question is still there. */
static bool
take(struct sentinel *s, const struct resp_value *v)
{
	char why[200];

	if (s->skipped > 0) { /* to AUTH */
		s->skipped--;
		if (v->type != RESP_ERROR)
			return true;
		if (!resp_error_is(v, "WRONGPASS")) {
			fail(s, "it refuses AUTH"); /* and may quote it */
			return false;
		}
	} else if (resp_error_is(v, "NOAUTH") && !s->authenticated) {
		if (authenticate(s, why, sizeof(why)) == 0)
			return true;
		fail(s, why);
		return false;
	}
	conclude(s, v);
	return false;
}

/* As take(), of bytes. */
static bool
consume(struct sentinel *s, const char *bytes, size_t len)
{
	enum resp_result result = resp_feed(&s->resp, bytes, len);
	struct resp_value *v;
	bool more;

	while (result == RESP_MORE) {
		result = resp_next(&s->resp, &v);
		if (result == RESP_MORE)
			return true;
		if (result == RESP_WHOLE) {
			more = take(s, v);
			resp_value_free(v);
			if (!more)
				return false;
			result = RESP_MORE;
		}
	}
	fail(s, "what it sends is no answer: is it a Sentinel?");
	return false;
}

static bool
read_in(struct sentinel *s)
{
	char bytes[PIECE];
	ssize_t n = recv(s->fd, bytes, sizeof(bytes), 0);

	if (n > 0)
		return consume(s, bytes, (size_t)n);
	if (n == -1 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return true;
	fail(s, n == 0 ? "it has closed the connection" : strerror(errno));
	return false;
}

/* It fails here only where reading does, which says more. */
static void
write_out(struct sentinel *s)
{
	ssize_t n = send(s->fd, s->out + s->out_at, s->out_len - s->out_at,
	    MSG_NOSIGNAL);

	if (n > 0)
		s->out_at += (size_t)n;
	else if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK &&
		 errno != EINTR)
		s->out_at = s->out_len;
}

static void
on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct sentinel *s = w->data;
	int error, events = EV_READ;

	if (revents & EV_ERROR) {
		fail(s, "the kernel does not watch it");
		return;
	}
	if (!s->connected) {
		error = dial_result(s->fd);
		if (error == EINPROGRESS)
			return;
		if (error != 0) {
			fail(s, strerror(error));
			return;
		}
		s->connected = true;
	} else if ((revents & EV_READ) && !read_in(s))
		return;
	if (s->out_at < s->out_len)
		write_out(s);
	if (s->out_at < s->out_len)
		events |= EV_WRITE;
	ev_io_stop(loop, w);
	ev_io_modify(w, events);
	ev_io_start(loop, w);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct sentinel *s = w->data;
	double left = s->deadline - *s->set->now;

	(void)revents;
	if (left <= 0) {
		fail(s, "it has not answered in time");
		return;
	}
	ev_timer_set(w, left, 0);
	ev_timer_start(loop, w);
}

struct sentinel *
sentinel_ask(const struct link_setup *set, const struct resolved *at,
    const char *master, void (*told)(void *arg, const struct sentinel_answer *),
    void *arg)
{
	struct sentinel *s = calloc(1, sizeof(*s));
	int error;

	if (s == NULL)
		return NULL;
	*s = (struct sentinel){.set = set,
	    .master = master,
	    .told = told,
	    .arg = arg,
	    .deadline = *set->now + SENTINEL_PATIENCE};
	ev_timer_init(&s->timer, on_timer, SENTINEL_PATIENCE, 0);
	s->fd = dial(at);
	ev_io_init(&s->io, on_io, s->fd, EV_WRITE);
	s->io.data = s->timer.data = s;
	if (s->fd == -1 || resp_init(&s->resp, REPLY_MAX) == -1 ||
	    append_question(s) == -1)
		goto fail;
	ev_io_start(set->loop, &s->io);
	ev_timer_start(set->loop, &s->timer);
	return s;
fail:
	error = s->fd == -1 ? errno : ENOMEM;
	sentinel_abandon(s);
	errno = error;
	return NULL;
}
