/* SPDX-License-Identifier: ISC */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/event.h"

/*
 * Pieces in one write: a stream that comes back has missed no more than
 * --history holds, which is 100 events unless it is told otherwise.
 */
#define BATCH_PIECES 128
#define BATCH_BYTES  (1 << 19)	/* it takes no piece more behind so many */
#define BATCH_TEXT   (48 << 10) /* bytes of text made for one write */

/*
 * A piece of a response: bytes that go out as STDOUT records of their own or,
 * if raw, as they are.
 */
struct piece {
	const uint8_t *data;
	uint32_t len;
	uint8_t kind; /* the maker's mark */
	bool raw;
	struct event *event; /* whose bytes they are; NULL: see batch_add() */
	const void *origin;  /* the maker's own, to know it by again */
};

/*
 * What one write will hold.  text is room for bytes that are made for this
 * write alone.
 */
struct batch {
	unsigned n;
	bool full; /* something did not fit */
	size_t bytes;
	size_t text_used;
	struct piece piece[BATCH_PIECES];
	char text[BATCH_TEXT];
};

/*
 * Adds len bytes to the batch; they must stay until it has been written.
 * Returns the piece, or NULL if the batch is full.
 */
struct piece *batch_add(struct batch *, uint8_t kind, const void *data,
    size_t len);

/* Adds an event, of which the caller keeps a reference until the write. */
struct piece *batch_add_event(struct batch *, uint8_t kind, struct event *);

/* Room of size bytes for text, to be given to batch_add() next; or NULL. */
char *batch_text(struct batch *, size_t size);

/* Empties it. */
void batch_begin(struct batch *);

#endif
