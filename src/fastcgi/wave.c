/* SPDX-License-Identifier: ISC */
/*
 * The writes of a turn, laid out side by side and handed over together.
 */
#include "fastcgi/wave.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"

void
wave_init(struct wave *w)
{
	memset(w, 0, sizeof(*w));
}

int
wave_try_ring(struct wave *w, unsigned worth)
{
	w->worth = worth;
	w->ring = ring_new(WAVE_WRITES);
	w->has_ring = w->ring != NULL;
	return w->ring == NULL ? -1 : 0;
}

static void
lose_ring(struct wave *w)
{
	ring_free(w->ring);
	w->ring = NULL;
	w->has_ring = 0;
}

void
wave_free(struct wave *w)
{
	assert(w->n == 0);
	lose_ring(w);
}

bool
wave_is_full(const struct wave *w)
{
	return w->n == WAVE_WRITES || (w->n > 0 && w->ring == NULL) ||
	       w->pieces > WAVE_PIECES - BATCH_PIECES ||
	       w->bytes > WAVE_BYTES - WAVE_WRITE_MAX;
}

bool
wave_add(struct wave *w, const struct write *write, const struct writer *from,
    int fd, uint16_t id, struct batch *b)
{
	uint8_t *wire = w->wire + w->bytes;
	size_t len;

	assert(!wave_is_full(w));
	len = writer_lay(from, id, b, wire, WAVE_WRITE_MAX);
	if (len == 0)
		return false;
	memcpy(w->piece + w->pieces, b->piece, b->n * sizeof(*b->piece));
	w->write[w->n] = *write;
	w->write[w->n].piece = w->piece + w->pieces;
	w->write[w->n].n = b->n;
	w->write[w->n].len = len;
	w->send[w->n] = (struct ring_send){.bytes = wire, .len = len, .fd = fd};
	w->pieces += b->n;
	w->bytes += len;
	w->n++;
	return true;
}

static void
send_one(struct ring_send *s)
{
	ssize_t n;

	do
		n = send(s->fd, s->bytes, s->len, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	s->result = n == -1 ? -errno : (int)n;
}

/* By the ring, or one by one what is not worth it or it has not done. */
static void
send_all(struct wave *w)
{
	unsigned i;

	for (i = 0; i < w->n; i++)
		w->send[i].result = RING_NOT_SENT;
	if (w->ring != NULL && w->n >= w->worth && w->n > 0 &&
	    ring_send(w->ring, w->send, w->n) == -1) {
		log_warn("waves_failed why",
		    "waves: the ring has failed: %s; from now on each "
		    "event is a call of its own",
		    strerror(errno));
		w->failed++;
		lose_ring(w);
	}
	for (i = 0; i < w->n; i++)
		if (w->send[i].result == RING_NOT_SENT ||
		    w->send[i].result == -EINTR)
			send_one(&w->send[i]);
}

void
wave_go(struct wave *w, void (*settle)(const struct write *, int result))
{
	unsigned i;

	send_all(w);
	for (i = 0; i < w->n; i++)
		settle(&w->write[i], w->send[i].result);
	w->n = 0;
	w->pieces = 0;
	w->bytes = 0;
}
