/* SPDX-License-Identifier: ISC */
/*
 * The channels as a stream's feed.  A gap is a step like an event:
 * a channel that has dropped events above the position is due a gap at the id
 * of the newest of them, and so it comes before all that the channel still
 * holds and in its place among the other channels' events.  Every cut of the
 * connection leaves an id from which the reader goes on the same way.
 */
#include "channel/reader.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "channel/channel.h"
#include "channel/gap.h"
#include "channel/sse.h"

/*
 * All gaps that one step can have, and where the stream stands before them,
 * must fit into what one write has room for, or they would never be sent.
 */
_Static_assert(READER_CHANNELS_MAX *GAP_SIZE + SSE_BLOCK_SIZE <= BATCH_TEXT,
    "the gaps of all channels fit one write");
_Static_assert(offsetof(struct reader, sub) == 0,
    "a reader is found by its subscriber");
_Static_assert(offsetof(struct readers, feed) == 0,
    "the readers are found by their feed");

static struct readers *
readers_of(const struct reader *r)
{
	return (struct readers *)r->sub.feed;
}

static struct cursor *
cursors(const struct reader *r)
{
	return r->n == 1 ? (struct cursor *)(uintptr_t)&r->cursors.one :
			   r->cursors.several;
}

/*
 * What this channel alone would give to a reader at this position: its next
 * event, or before that what it has lost.
 */
static struct reader_step
next_of(const struct channel *ch, struct eventid at)
{
	uint64_t number = channel_after(ch, at);
	bool lost = eventid_compare(ch->lost.upto, at) > 0;
	struct held *e;

	if (number == ch->end)
		return (struct reader_step){.kind = lost ? READER_GAP :
							   READER_NOTHING,
		    .id = ch->lost.upto};
	e = channel_entry(ch, number);
	if (lost && eventid_compare(ch->lost.upto, e->id) < 0)
		return (struct reader_step){.kind = READER_GAP,
		    .id = ch->lost.upto};
	return (struct reader_step){.kind = READER_EVENT,
	    .id = e->id,
	    .event = e->event};
}

/* The lowest step of all channels. */
struct reader_step
reader_next(const struct reader *r)
{
	struct reader_step best = {.kind = READER_NOTHING}, step;
	unsigned i;

	if (r->lost != 0)
		return (struct reader_step){.kind = READER_GAP,
		    .id = readers_of(r)->hub->base};
	for (i = 0; i < r->n; i++) {
		step = next_of(cursors(r)[i].channel, r->at);
		if (step.kind != READER_NOTHING &&
		    (best.kind == READER_NOTHING ||
			eventid_compare(step.id, best.id) < 0))
			best = step;
	}
	return best;
}

/* Is a gap at this id one of this channel's, for this reader? */
static bool
lost_to(const struct reader *r, const struct channel *ch, struct eventid id)
{
	return eventid_compare(ch->lost.upto, r->at) > 0 &&
	       eventid_compare(ch->lost.upto, id) == 0;
}

static void
go_behind(struct reader *r, const struct reader_step *step)
{
	r->lost = 0;
	r->at = step->id;
}

void
reader_take(struct reader *r, const struct reader_step *step)
{
	unsigned long long *gaps = readers_of(r)->gaps;
	const struct channel *ch;
	unsigned i;

	assert(step->kind != READER_NOTHING);
	if (r->lost != 0)
		gaps[r->lost]++;
	else if (step->kind == READER_GAP)
		for (i = 0; i < r->n; i++) {
			ch = cursors(r)[i].channel;
			gaps[ch->lost.reason] += lost_to(r, ch, step->id);
		}
	go_behind(r, step);
}

/*
 * The gap of this step, on the reader as it will be then.  Channels that begin
 * with what the hub has forgotten have lost up to the same id: their gaps go
 * together, and only the last has the id, so that none is passed over.
 */
static size_t
gap(const struct reader *r, const struct reader_step *step, char *buf)
{
	char from[EVENTID_SIZE], to[EVENTID_SIZE];
	const struct channel *ch, *next = NULL;
	size_t len = 0;
	unsigned i;

	(void)eventid_format(from, r->at);
	(void)eventid_format(to, step->id);
	if (r->lost != 0)
		return gap_write(buf, NULL, NULL, to, r->lost, true);
	for (i = 0; i < r->n; i++) {
		ch = cursors(r)[i].channel;
		if (!lost_to(r, ch, step->id))
			continue;
		if (next != NULL)
			len += gap_write(buf + len, next->name, from, to,
			    next->lost.reason, false);
		next = ch;
	}
	assert(next != NULL);
	return len + gap_write(buf + len, next->name, from, to,
			 next->lost.reason, true);
}

static struct piece *
offer(const struct reader *r, const struct reader_step *step, struct batch *b,
    uint8_t kind)
{
	char *room;

	if (step->kind == READER_EVENT)
		return batch_add_event(b, kind, step->event);
	room = batch_text(b, (size_t)r->n * GAP_SIZE);
	return room == NULL ? NULL :
			      batch_add(b, kind, room, gap(r, step, room));
}

/* Offers as many steps as the batch takes, on a copy of the reader. */
static void
reader_fill(struct subscriber *sub, struct batch *b, uint8_t kind)
{
	struct reader r = *(struct reader *)sub;
	struct reader_step step;

	for (step = reader_next(&r); step.kind != READER_NOTHING;
	     step = reader_next(&r)) {
		if (offer(&r, &step, b, kind) == NULL)
			break;
		go_behind(&r, &step);
	}
}

/* The same steps again, on the reader itself, for those that are on their way.
 */
static void
reader_took(struct subscriber *sub, const struct piece *p)
{
	struct reader *r = (struct reader *)sub;
	struct reader_step step = reader_next(r);

	(void)p;
	reader_take(r, &step);
}

static void
leave(struct reader *r, unsigned joined)
{
	unsigned i;

	for (i = 0; i < joined; i++)
		hub_leave(readers_of(r)->hub, &cursors(r)[i]);
	if (r->n > 1)
		free(r->cursors.several);
}

static void
reader_leave(struct subscriber *sub)
{
	struct reader *r = (struct reader *)sub;

	leave(r, r->n);
}

/*
 * Where nothing is left to read, the position moves on to the newest event of
 * the whole hub: it says the same, and does not grow old.
 */
static size_t
reader_position(struct subscriber *sub, char *buf)
{
	struct reader *r = (struct reader *)sub;

	if (r->lost != 0)
		return 0;
	if (reader_next(r).kind == READER_NOTHING)
		r->at = readers_of(r)->hub->last;
	return eventid_format(buf, r->at);
}

/* The position before the last n events of the reader's channels, merged. */
static struct eventid
before_last(const struct reader *r, unsigned long n)
{
	uint64_t end[READER_CHANNELS_MAX];
	struct eventid at = readers_of(r)->hub->last, id;
	const struct channel *ch;
	unsigned i, newest;

	for (i = 0; i < r->n; i++)
		end[i] = cursors(r)[i].channel->end;
	for (; n > 0; n--, end[newest]--) {
		newest = r->n;
		for (i = 0; i < r->n; i++) {
			ch = cursors(r)[i].channel;
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
	struct eventid at = readers_of(r)->hub->last, first;
	const struct channel *ch;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		ch = cursors(r)[i].channel;
		if (ch->first == ch->end)
			continue;
		first = eventid_before(channel_entry(ch, ch->first)->id);
		if (eventid_compare(first, at) < 0)
			at = first;
	}
	return at;
}

static void
set_position(struct reader *r, const struct position *p)
{
	r->at = readers_of(r)->hub->last;
	switch (p->kind) {
	case POSITION_NOW:
		break;
	case POSITION_AFTER:
		r->at = p->id;
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

enum hub_result
reader_begin(struct readers *rs, struct reader *r, const char *const channels[],
    size_t n, const struct position *p)
{
	enum hub_result result = HUB_NO_MEMORY;
	unsigned i;

	assert(n >= 1 && n <= READER_CHANNELS_MAX);
	*r = (struct reader){.sub.feed = &rs->feed, .n = (uint8_t)n};
	if (n > 1 &&
	    (r->cursors.several = calloc(n, sizeof(struct cursor))) == NULL)
		goto fail;
	for (i = 0; i < n; i++) {
		result =
		    hub_join(rs->hub, &cursors(r)[i], channels[i], &r->sub);
		if (result != HUB_DONE) {
			leave(r, i);
			goto fail;
		}
	}
	set_position(r, p);
	(void)rs->feed.wake(&r->sub);
	return HUB_DONE;
fail:
	r->sub.feed = NULL;
	return result;
}

void
readers_init(struct readers *rs, struct hub *h)
{
	*rs = (struct readers){
	    .feed = {.fill = reader_fill,
		.took = reader_took,
		.leave = reader_leave,
		.position = reader_position},
	    .hub = h,
	};
}
