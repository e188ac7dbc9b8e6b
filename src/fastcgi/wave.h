/* SPDX-License-Identifier: ISC */
#ifndef WAVE_H
#define WAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ring.h"
#include "channel/batch.h"
#include "fastcgi/writer.h"

/*
 * A wave is the writes of many connections that go to the kernel in one call.
 *
 * What a system call costs before it does anything is more than half of what a
 * small event costs.  So the connections that were woken in a turn are asked
 * one after the other, and what each has to write is laid out here, as it goes
 * over the wire; when there is no room for another, or no other, the wave goes:
 * one call, in which the kernel does one send after the other.  Then each write
 * is settled, in the same order, exactly as if send() had returned what the
 * kernel says of it.  Between these two nothing else happens: no operation
 * outlives its wave, and so none outlives the turn.
 *
 * In between, a write that was added has not happened.  Its pieces' events have
 * their owner's reference still, and their texts are in the wave; neither the
 * settling nor even the closing of one connection changes what another's pieces
 * are.
 *
 * Without a ring a wave is one write and its call is send(): all else is the
 * same.  A ring that fails takes nothing with it: what it had not begun is
 * sent, and from then on there is none.
 */

#define WAVE_WRITES 128	      /* in one wave */
#define WAVE_BYTES  (1 << 17) /* of all of them */
#define WAVE_PIECES 512	      /* likewise */

/*
 * A larger write is not for a wave: the kernel's own work is what it costs, and
 * it is not worth a copy.
 */
#define WAVE_WRITE_MAX 4096

/*
 * Fewer writes than this are sent one by one.  A ring's call takes longer than
 * a send's, and each send in it less: where a bare system call takes 170 ns one
 * send cost 850, a ring's only one 1260, and of four, sixteen and more each
 * 820, 670 and 650.  Where calls cost more, four are worth more.
 */
#define WAVE_WORTH 4

/* One connection's write, while it is not settled. */
struct write {
	void *owner;
	const struct piece *piece;
	unsigned n;
	unsigned known; /* of its pieces, that the owner had begun before */
	bool last;	/* its last piece is the owner's END_REQUEST */
	bool full;	/* there is more than it could hold */
	size_t len;	/* bytes that are offered */
};

struct wave {
	struct ring *ring; /* NULL: there is none */
	unsigned worth;
	unsigned long has_ring, failed; /* 0 or 1 each, for the status */
	unsigned n, pieces;
	size_t bytes;
	struct write write[WAVE_WRITES];
	struct ring_send send[WAVE_WRITES];
	struct piece piece[WAVE_PIECES];
	uint8_t wire[WAVE_BYTES];
};

/* Begins without a ring. */
void wave_init(struct wave *);

/*
 * Tries for one, to be used for so many writes or more.  -1 with errno: there
 * is none, and none is needed.
 */
int wave_try_ring(struct wave *, unsigned worth);

void wave_free(struct wave *);

/*
 * Adds what the batch has for this writer's socket, to be settled for the
 * write's owner; of the write, owner, known, last and full are the caller's to
 * say.  The batch is then free for another.  False if it is too large for any
 * wave, or for what is left of this one, which wave_is_full() tells apart.
 */
bool wave_add(struct wave *, const struct write *, const struct writer *,
    int fd, uint16_t id, struct batch *);

/* There is no room for another write of any size: it is to go. */
bool wave_is_full(const struct wave *);

/*
 * Sends all that was added, and has each settled by this function, in order:
 * result is what send() returned, or -errno.  The wave is empty then.
 */
void wave_go(struct wave *, void (*settle)(const struct write *, int result));

#endif
