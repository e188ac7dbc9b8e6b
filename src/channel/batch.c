/* SPDX-License-Identifier: ISC */
/*
 * What one write will hold, whoever has it: references to events, and texts
 * that are made for this write alone.
 */
#include "channel/batch.h"

#include <assert.h>

void
batch_begin(struct batch *b)
{
	b->n = 0;
	b->full = false;
	b->bytes = 0;
	b->text_used = 0;
}

static bool
has_room(const struct batch *b)
{
	return b->n < BATCH_PIECES && b->bytes < BATCH_BYTES;
}

struct piece *
batch_add(struct batch *b, uint8_t kind, const void *data, size_t len)
{
	struct piece *p;

	if (!has_room(b)) {
		b->full = true;
		return NULL;
	}
	assert(len > 0 && len <= UINT32_MAX);
	b->bytes += len;
	p = &b->piece[b->n++];
	*p = (struct piece){.data = data, .len = (uint32_t)len, .kind = kind};
	return p;
}

struct piece *
batch_add_event(struct batch *b, uint8_t kind, struct event *ev)
{
	struct piece *p = batch_add(b, kind, ev->bytes, ev->len);

	if (p != NULL)
		p->event = ev;
	return p;
}

char *
batch_text(struct batch *b, size_t size)
{
	char *room;

	if (!has_room(b) || size > BATCH_TEXT - b->text_used) {
		b->full = true;
		return NULL;
	}
	room = b->text + b->text_used;
	b->text_used += size;
	return room;
}
