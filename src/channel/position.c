/* SPDX-License-Identifier: ISC */
/*
 * Where a reader begins.
 */
#include "channel/position.h"

#include <assert.h>

#include "channel/channel.h"

static const struct hub *
hub_of(const struct reader *r)
{
	return ((const struct readers *)r->sub.feed)->hub;
}

/* The position before the last n events of the reader's channels, merged. */
static struct eventid
before_last(const struct reader *r, unsigned long n)
{
	uint64_t end[READER_CHANNELS_MAX];
	struct eventid at = hub_of(r)->last, id;
	const struct channel *ch;
	unsigned i, newest;

	for (i = 0; i < r->n; i++)
		end[i] = reader_cursors(r)[i].channel->end;
	for (; n > 0; n--, end[newest]--) {
		newest = r->n;
		for (i = 0; i < r->n; i++) {
			ch = reader_cursors(r)[i].channel;
			if (end[i] == ch->first)
				continue;
			id = channel_entry(ch, end[i] - 1)->id;
			if (newest == r->n || eventid_compare(id, at) > 0) {
				newest = i;
				at = id;
			}
		}
		if (newest == r->n)
			return at;
		at = eventid_before(at);
	}
	return at;
}

/* The position before all that the reader's channels hold. */
static struct eventid
before_all(const struct reader *r)
{
	struct eventid at = hub_of(r)->last, first;
	const struct channel *ch;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		ch = reader_cursors(r)[i].channel;
		if (ch->first == ch->end)
			continue;
		first = eventid_before(channel_entry(ch, ch->first)->id);
		if (eventid_compare(first, at) < 0)
			at = first;
	}
	return at;
}

/* The position before the first event of the reader's channels behind the id.
 */
static struct eventid
before_next(const struct reader *r, struct eventid id)
{
	struct eventid at = hub_of(r)->last, next;
	const struct channel *ch;
	uint64_t number;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		ch = reader_cursors(r)[i].channel;
		number = channel_after(ch, id);
		if (number == ch->end)
			continue;
		next = eventid_before(channel_entry(ch, number)->id);
		if (eventid_compare(next, at) < 0)
			at = next;
	}
	return at;
}

void
position_set(struct reader *r, const struct position *p)
{
	assert(!hub_of(r)->waiting || p->kind == POSITION_NOW ||
	       p->kind == POSITION_RESTART || p->kind == POSITION_UNKNOWN);
	r->at = hub_of(r)->last;
	r->waits = hub_of(r)->waiting;
	switch (p->kind) {
	case POSITION_NOW:
		break;
	case POSITION_AFTER:
		r->at = p->id;
		break;
	case POSITION_LOST:
		r->at = before_next(r, p->id);
		r->lost = LOSS_SOURCE;
		break;
	case POSITION_RESTART:
	case POSITION_UNKNOWN:
		r->lost =
		    p->kind == POSITION_RESTART ? LOSS_RESTART : LOSS_UNKNOWN;
		break;
	case POSITION_HISTORY:
		r->at = before_last(r, p->n);
		break;
	case POSITION_EARLIEST:
		r->at = before_all(r);
		break;
	}
}
