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
#include "channel/position.h"
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

struct cursor *
reader_cursors(const struct reader *r)
{
	return r->n == 1 ? (struct cursor *)(uintptr_t)&r->cursors.one :
			   r->cursors.several;
}

/* Does it still wait for the hub's beginning?  If not any more, it is there. */
static bool
waits(struct reader *r)
{
	const struct hub *h = readers_of(r)->hub;

	if (!r->waits || h->waiting)
		return r->waits;
	r->waits = false;
	r->at = h->start;
	return false;
}

/* What comes next. */
struct step {
	enum { NOTHING, EVENT, GAP } kind;
	struct eventid id; /* the position behind it */
	const struct held *held;
};

/*
 * A reader's way from step to step: the number of the first held event above
 * its position, in each of its channels.  They are looked for once, and go on
 * from event to event.
 */
struct walk {
	struct reader r;
	uint64_t number[READER_CHANNELS_MAX];
};

static void
find_place(struct walk *w)
{
	unsigned i;

	for (i = 0; i < w->r.n; i++)
		w->number[i] =
		    channel_after(reader_cursors(&w->r)[i].channel, w->r.at);
}

static void
begin(struct walk *w, const struct reader *r)
{
	w->r = *r;
	find_place(w);
}

/*
 * What this channel alone would give: its next event, or before that what it
 * has lost.
 */
static struct step
next_of(const struct channel *ch, struct eventid at, uint64_t number)
{
	const struct loss *lost = channel_lost(ch, at);
	const struct held *e =
	    number == ch->end ? NULL : channel_entry(ch, number);

	if (lost != NULL &&
	    (e == NULL || eventid_compare(lost->upto, e->id) < 0))
		return (struct step){.kind = GAP, .id = lost->upto};
	if (e == NULL)
		return (struct step){.kind = NOTHING};
	return (struct step){.kind = EVENT, .id = e->id, .held = e};
}

/* Whose position was none begins with all that is held. */
static struct step
gap_of_all(const struct walk *w)
{
	return (struct step){.kind = GAP,
	    .id = w->r.lost == LOSS_SOURCE ? w->r.at :
					     readers_of(&w->r)->hub->base};
}

/* The lowest step of all channels. */
static struct step
next(const struct walk *w)
{
	struct step best = {.kind = NOTHING}, step;
	unsigned i;

	if (w->r.lost != 0)
		return gap_of_all(w);
	for (i = 0; i < w->r.n; i++) {
		step = next_of(reader_cursors(&w->r)[i].channel, w->r.at,
		    w->number[i]);
		if (step.kind != NOTHING &&
		    (best.kind == NOTHING ||
			eventid_compare(step.id, best.id) < 0))
			best = step;
	}
	return best;
}

/* What this channel has lost to the reader up to that id, which is a gap's. */
static const struct loss *
lost_to(const struct reader *r, const struct channel *ch, struct eventid id)
{
	const struct loss *lost = channel_lost(ch, r->at);

	return lost != NULL && eventid_compare(lost->upto, id) == 0 ? lost :
								      NULL;
}

static void
go_behind(struct reader *r, struct eventid id)
{
	r->lost = 0;
	r->at = id;
}

/* Goes on behind the step, which is the next. */
static void
go_on(struct walk *w, const struct step *step)
{
	const struct channel *ch;
	uint64_t *number = w->number;
	unsigned i;

	go_behind(&w->r, step->id);
	if (step->kind == GAP) {
		find_place(w);
		return;
	}
	for (i = 0; i < w->r.n; i++, number++) {
		ch = reader_cursors(&w->r)[i].channel;
		if (*number < ch->end &&
		    eventid_compare(channel_entry(ch, *number)->id, step->id) <=
			0)
			++*number;
	}
}

/*
 * The gap of this step, on the reader as it will be then.  Channels that begin
 * with what the hub has forgotten have lost up to the same id: their gaps go
 * together, and only the last has the id, so that none is passed over.
 */
static size_t
gap(const struct reader *r, const struct step *step, char *buf)
{
	char from[EVENTID_SIZE], to[EVENTID_SIZE];
	const struct channel *ch, *next = NULL;
	enum loss_reason reason = 0;
	const struct loss *lost;
	size_t len = 0;
	unsigned i;

	(void)eventid_format(from, r->at);
	(void)eventid_format(to, step->id);
	if (r->lost != 0)
		return gap_write(buf, NULL, NULL, to, r->lost, true);
	for (i = 0; i < r->n; i++) {
		ch = reader_cursors(r)[i].channel;
		lost = lost_to(r, ch, step->id);
		if (lost == NULL)
			continue;
		if (next != NULL)
			len += gap_write(buf + len, next->name, from, to,
			    reason, false);
		next = ch;
		reason = lost->reason;
	}
	assert(next != NULL);
	return len + gap_write(buf + len, next->name, from, to, reason, true);
}

static struct piece *
offer(const struct reader *r, const struct step *step, struct batch *b,
    uint8_t kind)
{
	struct piece *p;
	char *room;

	if (step->kind == EVENT) {
		p = batch_add_event(b, kind, step->held->event);
		if (p != NULL)
			p->origin = step->held;
		return p;
	}
	room = batch_text(b, (size_t)r->n * GAP_SIZE);
	return room == NULL ? NULL :
			      batch_add(b, kind, room, gap(r, step, room));
}

/* Offers as many steps as the batch takes, on a copy of the reader. */
static void
reader_fill(struct subscriber *sub, struct batch *b, uint8_t kind)
{
	struct walk w;
	struct step step;

	if (waits((struct reader *)sub))
		return;
	begin(&w, (struct reader *)sub);
	for (step = next(&w); step.kind != NOTHING; step = next(&w)) {
		if (offer(&w.r, &step, b, kind) == NULL)
			break;
		go_on(&w, &step);
	}
}

/* The gap that comes next is on its way. */
static void
take_gap(struct reader *r)
{
	unsigned long long *gaps = readers_of(r)->gaps;
	const struct loss *lost;
	struct walk w;
	struct step step;
	unsigned i;

	begin(&w, r);
	step = next(&w);
	assert(step.kind == GAP);
	if (r->lost != 0)
		gaps[r->lost]++;
	else
		for (i = 0; i < r->n; i++) {
			lost =
			    lost_to(r, reader_cursors(r)[i].channel, step.id);
			if (lost != NULL)
				gaps[lost->reason]++;
		}
	go_behind(r, step.id);
}

/* The same steps again, on the reader itself, for those that are on their way.
 */
static void
reader_took(struct subscriber *sub, const struct piece *p)
{
	struct reader *r = (struct reader *)sub;
	const struct held *e = p->origin;

	if (e != NULL)
		go_behind(r, e->id);
	else
		take_gap(r);
}

static void
leave(struct reader *r, unsigned joined)
{
	unsigned i;

	for (i = 0; i < joined; i++)
		hub_leave(readers_of(r)->hub, &reader_cursors(r)[i]);
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
	struct walk w;

	if (waits(r) || r->lost != 0)
		return 0;
	begin(&w, r);
	if (next(&w).kind == NOTHING)
		r->at = readers_of(r)->hub->last;
	return eventid_format(buf, r->at);
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
		result = hub_join(rs->hub, &reader_cursors(r)[i], channels[i],
		    &r->sub);
		if (result != HUB_DONE) {
			leave(r, i);
			goto fail;
		}
	}
	position_set(r, p);
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
