/* SPDX-License-Identifier: ISC */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event.h"

#define OUT_RECORD_MAX 16384 /* content bytes in one record that we send */
#define OUT_PIECES     32    /* pieces in one write */
#define OUT_TEXT       8192  /* bytes of text made for one write */

/*
 * A piece of a response: bytes that go out as STDOUT records of their own or,
 * if raw, as they are.
 */
struct piece {
	const uint8_t *data;
	uint32_t len;
	uint8_t kind; /* the maker's mark */
	bool raw;
	struct event *event; /* whose bytes they are; NULL: see out_add() */
};

/*
 * What one write will hold.  text is room for bytes that are made for this
 * write alone.
 */
struct batch {
	unsigned n;
	bool full; /* something did not fit */
	size_t text_used;
	struct piece piece[OUT_PIECES];
	char text[OUT_TEXT];
};

/*
 * Adds len bytes to the batch; they must stay until it has been written.
 * Returns the piece, or NULL if the batch is full.
 */
struct piece *out_add(struct batch *, uint8_t kind, const void *data,
    size_t len);

/* Adds an event, of which the caller keeps a reference until the write. */
struct piece *out_add_event(struct batch *, uint8_t kind, struct event *);

/* Room of size bytes for text, to be given to out_add() next; or NULL. */
char *out_text(struct batch *, size_t size);

/* What a write left of one piece: all that is ever kept back of a response. */
struct out {
	struct event *held;
	uint32_t sent; /* wire bytes of it that are gone */
	bool raw;
};

/* The event is what goes out next.  Nothing may be held; takes a reference. */
void out_hold(struct out *, struct event *, bool raw);

/* Gives up what is held. */
void out_free(struct out *);

/* Begins a batch: with what is held, or empty. */
void out_begin(const struct out *, struct batch *);

enum out_result {
	OUT_ALL,  /* all that was offered is written */
	OUT_FULL, /* the socket takes no more now */
	OUT_DEAD  /* the peer has gone, or no memory to hold a cut piece */
};

/*
 * Writes the batch to the non-blocking fd in one call, as records of request
 * id.  *begun is then the number of its pieces of which bytes were written,
 * *written that of bytes.  All of them are gone but, perhaps, the end of the
 * last, which is now held; the others were not touched.  OUT_ALL does not
 * mean that the batch was written whole: begin the next one.
 */
enum out_result out_write(struct out *, int fd, uint16_t id,
    const struct batch *, unsigned *begun, size_t *written);

#endif
