/* SPDX-License-Identifier: ISC */
/*
 * Watching all anew.
 */
#include "base/rewatch.h"

static void
nothing(struct ev_loop *loop, ev_async *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

/*
 * The first watcher of this kind makes libev's descriptor if there is none.
 * When that was lost libev has counted one watcher less than there are, and
 * ends where it counts none: so there is one more from now on.
 */
void
rewatch(struct ev_loop *loop)
{
	ev_async any;

	ev_async_init(&any, nothing);
	ev_async_start(loop, &any);
	ev_async_stop(loop, &any);
	ev_ref(loop);
	ev_loop_fork(loop);
}
