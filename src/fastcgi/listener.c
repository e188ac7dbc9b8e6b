/* SPDX-License-Identifier: ISC */
/*
 * Accepting, and what to do when there is no descriptor left: the oldest
 * connection without a whole request goes, and if there is none the listener
 * pauses.  Fronts wait in the backlog then; the streams go on.
 */
#include "fastcgi/listener.h"

#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/log.h"
#include "base/platform.h"

#define ACCEPT_TURN 64	/* connections in one turn of the loop */
#define PAUSE	    0.2 /* seconds */
#define TELL_AGAIN  60	/* seconds from one line in the log to the next */

static void
watch(struct listener *l, bool on)
{
	size_t i;

	for (i = 0; i < l->sockets; i++)
		if (on)
			ev_io_start(l->loop, &l->socket[i].io);
		else
			ev_io_stop(l->loop, &l->socket[i].io);
}

static void
pause_listening(struct listener *l)
{
	l->pauses++;
	if (l->told == 0 || l->conns->now - l->told >= TELL_AGAIN) {
		log_warn("accept_paused why", "accepting pauses: %s",
		    strerror(errno));
		l->told = l->conns->now;
	}
	watch(l, false);
	ev_timer_set(&l->pause, PAUSE, 0);
	ev_timer_start(l->loop, &l->pause);
}

static void
on_pause_over(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct listener *l = w->data;

	(void)loop;
	(void)revents;
	watch(l, true);
}

/* Has it addresses of IP? */
static bool
is_inet(int listening)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(ss);

	(void)getsockname(listening, (struct sockaddr *)&ss, &len);
	return ss.ss_family == AF_INET || ss.ss_family == AF_INET6;
}

static int
accept_one(const struct listener_socket *s)
{
	int fd = platform_accept(s->io.fd), on = 1;

	/* Events are small and written whole. */
	if (fd != -1 && s->inet)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void
on_connections(struct ev_loop *loop, ev_io *w, int revents)
{
	struct listener *l = w->data;
	int i, fd;

	(void)loop;
	if (revents & EV_ERROR) {
		errno = ENOMEM;
		pause_listening(l);
		return;
	}
	for (i = 0; i < ACCEPT_TURN; i++) {
		fd = accept_one((struct listener_socket *)w);
		if (fd != -1) {
			if (conn_new(l->conns, fd) == -1)
				log_warn("connection_no_memory",
				    "a connection: no memory");
			conns_bound_waiting(l->conns);
			continue;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if ((errno == EMFILE || errno == ENFILE) &&
		    conns_drop_oldest(l->conns))
			continue;
		pause_listening(l);
		return;
	}
}

void
listener_start(struct listener *l, struct conns *conns,
    const struct sockets *sockets)
{
	size_t i;

	*l = (struct listener){.loop = conns->loop,
	    .conns = conns,
	    .sockets = sockets->n};
	for (i = 0; i < l->sockets; i++) {
		ev_io_init(&l->socket[i].io, on_connections, sockets->one[i].fd,
		    EV_READ);
		l->socket[i].io.data = l;
		l->socket[i].inherited = sockets->one[i].inherited;
		l->socket[i].inet = is_inet(sockets->one[i].fd);
	}
	ev_init(&l->pause, on_pause_over);
	l->pause.data = l;
	watch(l, true);
}

void
listener_leave(struct listener *l)
{
	size_t i, n = 0;

	watch(l, false);
	for (i = 0; i < l->sockets; i++)
		if (!l->socket[i].inherited)
			l->socket[n++] = l->socket[i];
	l->sockets = n;
	if (!ev_is_active(&l->pause))
		watch(l, true);
}

void
listener_stop(struct listener *l)
{
	watch(l, false);
	ev_timer_stop(l->loop, &l->pause);
}
