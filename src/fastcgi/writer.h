/* SPDX-License-Identifier: ISC */
#ifndef WRITER_H
#define WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel/batch.h"

#define WRITER_RECORD_MAX 16384 /* content bytes in one record that we send */

/* What a write left of one piece: all that is ever kept back of a response. */
struct writer {
	struct event *held;
	uint32_t sent; /* wire bytes of it that are gone */
	bool raw;
};

/*
 * The event is what goes out next.  Nothing may be held; takes the caller's
 * reference.
 */
void writer_hold(struct writer *, struct event *, bool raw);

/* Gives up what is held. */
void writer_free(struct writer *);

/* Begins a batch: with what is held, or empty. */
void writer_begin(const struct writer *, struct batch *);

enum writer_result {
	WRITER_ALL,  /* all that was offered is written */
	WRITER_FULL, /* the socket takes no more now */
	WRITER_DEAD  /* the peer has gone, or no memory to hold a cut piece */
};

/*
 * Writes the batch to the non-blocking fd in one call, as records of request
 * id.  *begun is then the number of its pieces of which bytes were written,
 * *written that of bytes.  All of them are gone but, perhaps, the end of the
 * last, which is now held; the others were not touched.  WRITER_ALL does not
 * mean that the batch was written whole: begin the next one.
 */
enum writer_result writer_write(struct writer *, int fd, uint16_t id,
    const struct batch *, unsigned *begun, size_t *written);

/*
 * The same in two steps, for who has a call of his own.  First: lays the batch
 * out as it goes over the wire, in one run of at most room bytes.  Returns
 * their number, or 0 if there are more.  The texts among the batch's pieces are
 * in that run then.
 */
size_t writer_lay(const struct writer *, uint16_t id, struct batch *,
    uint8_t *to, size_t room);

/*
 * Then, when the call has returned: what became of these n pieces, of which
 * len bytes were offered; result is that of send(), or -errno.
 */
enum writer_result writer_settle(struct writer *, const struct piece *,
    unsigned n, size_t len, ssize_t result, unsigned *begun);

#endif
