/* SPDX-License-Identifier: ISC */
#ifndef RING_H
#define RING_H

#include <stddef.h>
#include <stdint.h>

/*
 * Many sends in one system call.
 *
 * A ring is Linux's io_uring, used for this alone.  Every send carries
 * MSG_DONTWAIT, so the kernel does each of them within the call or says at once
 * that the socket is full: when ring_send() returns all is known, and nothing
 * of it goes on behind our back.  The bytes need to stay no longer than that.
 *
 * There may be none: this program was built without liburing, the kernel is
 * older than 5.6 or is no Linux, or it does not let us (seccomp, as in Docker;
 * kernel.io_uring_disabled; no memory to lock).  Then send() does the same, one
 * call each.
 */
struct ring;

/* One send, and what became of it. */
struct ring_send {
	const uint8_t *bytes;
	size_t len;
	int fd;	    /* a connected socket */
	int result; /* as of send(2): bytes, maybe fewer than len; or -errno */
};

#define RING_NOT_SENT INT32_MIN /* a result: nothing has come of it */

/*
 * A ring for up to n sends, n a power of 2, tried on a socket pair: that it
 * sends, and that it does not wait for a socket that is full.  NULL with errno:
 * there is none.  Freed by ring_free().
 */
struct ring *ring_new(unsigned n);

/*
 * Does these sends in their order, in one call, and sets each one's result.
 * Never waits.  -1 with errno: the ring has failed and is of no further use;
 * those with the result RING_NOT_SENT were not begun, and of one with -EIO
 * nobody knows.
 */
int ring_send(struct ring *, struct ring_send *, unsigned n);

/* NULL is nothing. */
void ring_free(struct ring *);

#endif
