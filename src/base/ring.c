/* SPDX-License-Identifier: ISC */
/*
 * io_uring by liburing, where it was there at build time (RING); otherwise
 * there is no ring.
 */
#include "base/ring.h"

#include <assert.h>
#include <errno.h>

#ifdef RING

#include <sys/socket.h>

#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ring {
	struct io_uring io;
};

/* Nobody but this thread hands anything in; Linux 6.1 makes use of that. */
#define OURS_ALONE (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)

static void
put(struct ring *r, const struct ring_send *s, unsigned at)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->io);

	assert(sqe != NULL); /* there are as many as are sent at a time */
	io_uring_prep_send(sqe, s->fd, s->bytes, s->len,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	sqe->user_data = at;
}

/* Sets the results that are there, and returns how many. */
static unsigned
take(struct ring *r, struct ring_send *sends)
{
	struct io_uring_cqe *cqe;
	unsigned head, n = 0;

	io_uring_for_each_cqe(&r->io, head, cqe)
	{
		sends[cqe->user_data].result = cqe->res;
		n++;
	}
	io_uring_cq_advance(&r->io, n);
	return n;
}

int
ring_send(struct ring *r, struct ring_send *sends, unsigned n)
{
	unsigned i, begun;
	int result;

	for (i = 0; i < n; i++) {
		sends[i].result = RING_NOT_SENT;
		put(r, &sends[i], i);
	}
	result = io_uring_submit(&r->io);
	begun = result < 0 ? 0 : (unsigned)result;
	assert(begun <= n);
	if (take(r, sends) == n)
		return 0;
	for (i = 0; i < begun; i++)
		if (sends[i].result == RING_NOT_SENT)
			sends[i].result = -EIO;
	errno = result < 0 ? -result : EIO;
	return -1;
}

/* Does it send to one end of this pair until that is full, and say so then? */
static bool
works(struct ring *r, const int pair[2])
{
	static const uint8_t bytes[4096];
	struct ring_send two[2];
	int i;

	for (i = 0; i < 2; i++)
		two[i] = (struct ring_send){.bytes = bytes,
		    .len = sizeof(bytes),
		    .fd = pair[0]};
	do
		if (ring_send(r, two, 2) == -1)
			return false;
	while (two[1].result > 0);
	errno = -two[1].result;
	return errno == EAGAIN;
}

static bool
is_good(struct ring *r)
{
	int pair[2], error;
	bool good;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return false;
	good = works(r, pair);
	error = errno;
	(void)close(pair[0]);
	(void)close(pair[1]);
	errno = error;
	return good;
}

struct ring *
ring_new(unsigned n)
{
	struct ring *r = calloc(1, sizeof(*r));
	int result;

	if (r == NULL)
		return NULL;
	result = io_uring_queue_init(n, &r->io, OURS_ALONE);
	if (result == -EINVAL) /* an older kernel, which does not know these */
		result = io_uring_queue_init(n, &r->io, 0);
	if (result < 0) {
		free(r);
		errno = -result;
		return NULL;
	}
	if (is_good(r))
		return r;
	result = errno;
	ring_free(r);
	errno = result;
	return NULL;
}

void
ring_free(struct ring *r)
{
	if (r == NULL)
		return;
	io_uring_queue_exit(&r->io);
	free(r);
}

#else

struct ring *
ring_new(unsigned n)
{
	(void)n;
	errno = ENOSYS;
	return NULL;
}

int
ring_send(struct ring *r, struct ring_send *sends, unsigned n)
{
	(void)r;
	(void)sends;
	(void)n;
	errno = ENOSYS;
	return -1;
}

void
ring_free(struct ring *r)
{
	(void)r;
}

#endif
