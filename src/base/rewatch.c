/* SPDX-License-Identifier: ISC */
/*
 * Watching all anew.
 */
#include "base/rewatch.h"

#include <unistd.h>

static void
nothing(struct ev_loop *loop, ev_async *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

/*
 * libev ends the process where it gets none of the two descriptors that this
 * takes.
 */
static bool
may_open_two(void)
{
	int fd[2];

	if (pipe(fd) == -1)
		return false;
	(void)close(fd[0]);
	(void)close(fd[1]);
	return true;
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

	if (!may_open_two())
		return false;
	ev_async_init(&any, nothing);
	ev_async_start(loop, &any);
	ev_async_stop(loop, &any);
	ev_ref(loop);
	ev_loop_fork(loop);
	return true;
}
