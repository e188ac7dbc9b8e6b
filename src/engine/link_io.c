/* SPDX-License-Identifier: ISC */
/*
 * The bytes of a connection: commands out, once a turn; replies in, to the user
 * one by one, and of the one that is under way what is here of it.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"
#include "engine/dial.h"
#include "engine/link_inner.h"

#define IN_BYTES    (64UL * 1024) /* of one read */
#define PIECE_BYTES (4UL * 1024)  /* small beside what resp may hold */
#define OUT_KEPT    (64UL * 1024) /* of a buffer that is empty */

void
link_watch(struct link *l)
{
	int events = 0;

	if (l->fd == -1)
		return;
	if (l->state == LINK_CONNECTING)
		events = EV_WRITE;
	else {
		if (l->out_len > 0 && !l->shut)
			events |= EV_WRITE;
		if (!l->paused)
			events |= EV_READ;
	}
	if (ev_is_active(&l->io) ? l->io.events == events : events == 0)
		return;
	ev_io_stop(l->set->loop, &l->io);
	ev_io_modify(&l->io, events); /* no system call if it is as it was */
	if (events != 0)
		ev_io_start(l->set->loop, &l->io);
}

/* What is sent in this turn goes in one write. */
static void
write_out(struct link *l)
{
	ssize_t n;

	if (l->out_len == 0 || l->full || l->shut)
		return;
	n = send(l->fd, l->out, l->out_len, MSG_NOSIGNAL);
	if (n >= 0) {
		l->written += (uint64_t)n;
		l->out_len -= (size_t)n;
		memmove(l->out, l->out + n, l->out_len);
		l->full = l->out_len > 0;
	} else if (errno == EAGAIN || errno == EWOULDBLOCK)
		l->full = true;
	else if (errno == EPIPE)
		l->shut = true; /* what it has said before comes first */
	else if (errno != EINTR)
		link_fails(l, "has gone: %s", strerror(errno));
	if (l->out_len == 0 && l->out_cap > OUT_KEPT) {
		free(l->out);
		l->out = NULL;
		l->out_cap = 0;
	}
}

/*
 * Is something owed to us?  Who answers before it was asked is no Redis; but it
 * may refuse us before it hears anything.
 */
static bool
owes(struct link *l)
{
	const struct link_command *c = STAILQ_FIRST(&l->commands);

	if (c != NULL && (c->begins < l->written || l->state == LINK_GREETING))
		return true;
	link_fails(l, "sends what nobody has asked for");
	return false;
}

static void
spoilt(struct link *l, enum resp_result result)
{
	if (result == RESP_LARGE) {
		link_fails(l, "sends a reply of more than %zu bytes",
		    l->set->reply_max);
		l->large = true;
	} else if (result == RESP_NO_MEMORY)
		link_fails(l, "sends a reply for which there is no memory");
	else
		link_fails(l, "sends what is no RESP 2: is it Redis?");
}

/* The next of the bytes that are here; false: there are none. */
static bool
feed(struct link *l)
{
	size_t n = l->in_len - l->in_at;
	enum resp_result result;

	if (n == 0 || !owes(l))
		return false;
	if (n > PIECE_BYTES)
		n = PIECE_BYTES;
	result = resp_feed(&l->resp, l->in + l->in_at, n);
	l->in_at += n;
	if (result != RESP_MORE)
		spoilt(l, result);
	return result == RESP_MORE;
}

/* What is here of the reply that is under way. */
static void
give_part(struct link *l)
{
	size_t before = l->resp.bytes;

	if (l->resp.root == NULL || l->state != LINK_UP ||
	    l->user.part == NULL || !owes(l))
		return;
	l->user.part(l->user.arg, STAILQ_FIRST(&l->commands)->tag,
	    l->resp.root);
	if (l->resp.bytes < before)
		l->answered = *l->set->now;
}

/* Tells of the reply that is whole; when it is paused meanwhile, once more. */
static void
give_reply(struct link *l)
{
	struct link_command *c = STAILQ_FIRST(&l->commands);

	if (!owes(l))
		return;
	if (l->state == LINK_GREETING)
		link_greeted(l, c->tag, l->held);
	else {
		l->user.reply(l->user.arg, c->tag, l->held);
		if (l->paused)
			return;
		link_judge(l, l->held);
	}
	STAILQ_REMOVE_HEAD(&l->commands, link);
	l->pending--;
	free(c);
	resp_value_free(l->held);
	l->held = NULL;
	l->answered = *l->set->now;
}

/* Gives the user all that is here, as long as it likes. */
static void
consume(struct link *l)
{
	enum resp_result result;

	while (link_goes_on(l)) {
		if (l->held != NULL) {
			give_reply(l);
			continue;
		}
		result = resp_next(&l->resp, &l->held);
		if (result == RESP_MORE) {
			give_part(l);
			if (!link_goes_on(l) || !feed(l))
				return;
		} else if (result != RESP_WHOLE) {
			l->held = NULL;
			spoilt(l, result);
		}
	}
}

/* One read a turn: others are to have theirs. */
static void
read_in(struct link *l)
{
	ssize_t n = recv(l->fd, l->in, IN_BYTES, 0);

	if (n > 0) {
		l->in_at = 0;
		l->in_len = (size_t)n;
		if (feed(l))
			consume(l);
	} else if (n == 0)
		link_fails(l, "has closed the connection");
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		link_fails(l, "has gone: %s", strerror(errno));
}

/* The socket has arrived, or not. */
static void
arrive(struct link *l)
{
	int error = dial_result(l->fd);

	if (error == EINPROGRESS)
		return;
	if (error != 0) {
		link_fails(l, "cannot be reached: %s", strerror(error));
		return;
	}
	l->state = LINK_GREETING;
	l->deadline = *l->set->now + LINK_PATIENCE;
	link_greet(l);
}

static void
on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct link *l = w->data;
	bool outer = link_enter(l);

	(void)loop;
	if (revents & EV_ERROR)
		link_fails(l, "is not heard: the kernel does not watch it");
	else if (l->wish == LINK_STAYS && l->state == LINK_CONNECTING)
		arrive(l);
	else if (l->wish == LINK_STAYS) {
		if (revents & EV_WRITE) {
			l->full = false;
			write_out(l);
		}
		if (revents & EV_CUSTOM)
			consume(l); /* what was left when it was paused */
		if ((revents & EV_READ) && link_goes_on(l))
			read_in(l);
	}
	link_leave(l, outer);
}

static void
on_flush(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct link *l = w->data;
	bool outer = link_enter(l);

	(void)loop;
	(void)revents;
	if (l->wish == LINK_STAYS && l->state != LINK_CONNECTING)
		write_out(l);
	link_leave(l, outer);
}

static int
make_buffers(struct link *l)
{
	l->in = malloc(IN_BYTES);
	if (l->in == NULL)
		return -1;
	return resp_init(&l->resp, l->set->reply_max);
}

void
link_connect(struct link *l)
{
	l->state = LINK_CONNECTING;
	l->deadline = *l->set->now + LINK_PATIENCE;
	l->sent = l->written = 0;
	l->full = l->shut = false;
	l->in_at = l->in_len = 0;
	l->fd = dial(&l->peer);
	if (l->fd == -1) {
		link_fails(l, "cannot be reached: %s", strerror(errno));
		return;
	}
	ev_io_init(&l->io, on_io, l->fd, EV_WRITE);
	ev_prepare_init(&l->flush, on_flush);
	/* Behind what others send as their turn ends. */
	ev_set_priority(&l->flush, EV_MINPRI);
	l->io.data = l->flush.data = l;
	ev_io_start(l->set->loop, &l->io);
	ev_prepare_start(l->set->loop, &l->flush);
	if (make_buffers(l) == -1)
		link_fails(l, "is not connected to: there is no memory");
}

void
link_disconnect(struct link *l)
{
	ev_timer_stop(l->set->loop, &l->timer);
	if (l->finder != NULL)
		finder_cancel(l->finder);
	if (l->fd == -1)
		return;
	ev_io_stop(l->set->loop, &l->io);
	ev_prepare_stop(l->set->loop, &l->flush);
	(void)close(l->fd);
	l->fd = -1;
}

void
link_release(struct link *l)
{
	struct link_command *c;

	while ((c = STAILQ_FIRST(&l->commands)) != NULL) {
		STAILQ_REMOVE_HEAD(&l->commands, link);
		free(c);
	}
	l->pending = 0;
	resp_value_free(l->held);
	l->held = NULL;
	if (l->resp.reader != NULL)
		resp_free(&l->resp);
	l->resp = (struct resp){.reader = NULL};
	free(l->in);
	l->in = NULL;
	free(l->out);
	l->out = NULL;
	l->out_len = l->out_cap = 0;
}
