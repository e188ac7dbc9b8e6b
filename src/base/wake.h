/* SPDX-License-Identifier: ISC */
#ifndef WAKE_H
#define WAKE_H

#include <ev.h>
#include <stdatomic.h>
#include <stdbool.h>

/*
 * What wakes a loop from outside: another thread, or a signal.  libev has such
 * a thing of its own, for ev_async and ev_signal; but where the kernel refuses
 * to watch the descriptor of that nobody is told, it is never heard of again,
 * and who wakes the loop just then has an assertion end the process.
 *
 * Who wakes says so by a flag first, and has the loop turn by a descriptor
 * then.  The loop looks at the flag in each of its turns, whatever it is that
 * made it turn.  So where the kernel does not take what is written to the
 * descriptor, or does not watch it, nothing is lost: it is heard of late, when
 * something else has the loop turn.
 */
struct wake {
	struct ev_loop *loop;
	ev_io io;
	ev_check turned;
	int to; /* what is written to; io's descriptor or the other end of it */
	atomic_bool sent;
	void (*woken)(void *arg);
	void *arg;
};

/*
 * From now on woken(arg) is called in the loop after wake_send(), once for all
 * that were sent before it; it may call wake_stop() and wake_close() and free
 * the wake.  Until wake_stop() the loop has something to wait for.  0, or -1
 * with errno: there is no descriptor for it.
 */
int wake_start(struct wake *, struct ev_loop *, void (*woken)(void *arg),
    void *arg);

/*
 * In any thread, or in a handler of signals.  What was written before it is
 * seen by woken().
 */
void wake_send(struct wake *);

/*
 * In the loop's thread: woken() is not called any more.  wake_send() is without
 * effect then, and no harm.
 */
void wake_stop(struct wake *);

/*
 * For who is told EV_ERROR of a descriptor that is read: the kernel does not
 * watch it, and is asked to again in the loop's next turn.
 */
void wake_watch_again(struct ev_loop *, ev_io *);

/* It is stopped, and nobody calls wake_send() any more; in any thread. */
void wake_close(struct wake *);

#endif
