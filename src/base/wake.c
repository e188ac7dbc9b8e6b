/* SPDX-License-Identifier: ISC */
/*
 * A flag, and a descriptor that has the loop look at it.
 */
#include "base/wake.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "base/platform.h"

_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a handler of signals may have it");

void
wake_watch_again(struct ev_loop *loop, ev_io *io)
{
	ev_io_set(io, io->fd, EV_READ); /* or libev knows it does */
	ev_io_start(loop, io);
}

/* woken() may have freed it afterwards. */
static void
look(struct wake *w)
{
	if (atomic_exchange(&w->sent, false))
		w->woken(w->arg);
}

static void
on_turned(struct ev_loop *loop, ev_check *check, int revents)
{
	(void)loop;
	(void)revents;
	look(check->data);
}

/*
 * The flag is looked at behind the reading: what is read now may be of who has
 * set it after the turn's other look.
 */
static void
on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	uint64_t n;

	if (revents & EV_ERROR)
		wake_watch_again(loop, io);
	while (read(io->fd, &n, sizeof(n)) == -1 && errno == EINTR)
		continue;
	look(io->data);
}

int
wake_start(struct wake *w, struct ev_loop *loop, void (*woken)(void *),
    void *arg)
{
	int fd[2];

	if (platform_waker(fd) == -1)
		return -1;
	w->loop = loop;
	w->to = fd[1];
	w->woken = woken;
	w->arg = arg;
	atomic_init(&w->sent, false);
	ev_io_init(&w->io, on_io, fd[0], EV_READ);
	ev_check_init(&w->turned, on_turned);
	w->io.data = w->turned.data = w;
	ev_io_start(loop, &w->io);
	ev_check_start(loop, &w->turned);
	return 0;
}

void
wake_send(struct wake *w)
{
	static const uint64_t one = 1;
	int error = errno;

	if (atomic_exchange(&w->sent, true))
		return; /* the loop has still to look */
	while (write(w->to, &one, sizeof(one)) == -1 && errno == EINTR)
		continue;
	errno = error;
}

void
wake_stop(struct wake *w)
{
	ev_io_stop(w->loop, &w->io);
	ev_check_stop(w->loop, &w->turned);
}

void
wake_close(struct wake *w)
{
	if (w->to != w->io.fd)
		(void)close(w->to);
	(void)close(w->io.fd);
}
