/* SPDX-License-Identifier: ISC */
#ifndef WATCHED_H
#define WATCHED_H

/*
 * What the kernel is asked to watch, as a test has it: it may refuse.  A timer
 * has the loop turn meanwhile.
 */
#include <errno.h>
#include <ev.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool refused; /* nothing is watched */
static unsigned asked;

/* In place of the C library's, for libev too. */
int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	asked++;
	if (refused) {
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
}

static void
on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
}

#endif
