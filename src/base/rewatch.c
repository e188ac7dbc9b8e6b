/* SPDX-License-Identifier: ISC */
/*
 * Watching all anew.
 */
#include "base/rewatch.h"

#include <unistd.h>

#include "base/platform.h"

#ifdef PLATFORM_LINUX
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif

static void
nothing(struct ev_loop *loop, ev_async *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

/*
 * Would it be done now?  libev ends the process where it gets none of the two
 * descriptors that this takes, and a connection that is not watched anew is
 * lost: so what is watched stays so until the kernel watches again.
 */
static bool
is_possible(void)
{
#ifdef PLATFORM_LINUX
	struct epoll_event any = {.events = EPOLLIN};
	int fd[2] = {epoll_create1(EPOLL_CLOEXEC), eventfd(0, EFD_CLOEXEC)};
	bool is = fd[0] != -1 && fd[1] != -1 &&
		  epoll_ctl(fd[0], EPOLL_CTL_ADD, fd[1], &any) == 0;
#else
	int fd[2] = {-1, -1};
	bool is = pipe(fd) == 0;
#endif

	if (fd[0] != -1)
		(void)close(fd[0]);
	if (fd[1] != -1)
		(void)close(fd[1]);
	return is;
}

/*
 * The first watcher of this kind makes libev's descriptor if there is none.
 * When that was lost libev has counted one watcher less than there are, and
 * ends where it counts none: so there is one more from now on.
 */
bool
rewatch(struct ev_loop *loop)
{
	ev_async any;

	if (!is_possible())
		return false;
	ev_async_init(&any, nothing);
	ev_async_start(loop, &any);
	ev_async_stop(loop, &any);
	ev_ref(loop);
	ev_loop_fork(loop);
	return true;
}
