/* SPDX-License-Identifier: ISC */
/*
 * The channels as a stream's feed: who asks for steps, and is told that they
 * are on their way.  Every cut of the connection leaves an id from which the
 * reader goes on the same way.
 */
#include "channel/reader.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/unset.h"
#include "channel/channel.h"
#include "channel/end.h"
#include "channel/gap.h"
#include "channel/position.h"
#include "channel/sse.h"
#include "channel/step.h"

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

/*
 * Does it still wait for the hub's beginning?  If not any more, it is there.
 * And when it has come to the last of its own beginnings, they say nothing.
 */
static bool
waits(struct reader *r)
{
	const struct hub *h = reader_hub(r);
	const struct beginnings *b;

	if (r->waits) {
		if (h->waiting)
			return true;
		r->waits = false;
		position_wait_ends(r);
	}
	b = reader_beginnings(r);
	if (b != NULL && eventid_compare(b->upto, r->at) <= 0)
		position_forget(r);
	return false;
}

/*
 * The gaps of the walk's next step.  Those that have the same id go together,
 * and only the last has it, so that none is passed over.
 */
static size_t
write_gaps(const struct walk *w, char *buf)
{
	char from[EVENTID_SIZE], to[EVENTID_SIZE];
	const struct place *p;
	size_t len = 0;
	unsigned i, left = w->gaps;

	(void)eventid_format(to, w->step.id);
	if (w->r.lost != 0)
		return gap_write(buf, NULL, NULL, to, w->r.lost, true);
	for (i = 0, p = w->place; left > 0; i++, p++) {
		if (!p->due)
			continue;
		(void)eventid_format(from, walk_from(w, i));
		len +=
		    gap_write(buf + len, reader_cursors(&w->r)[i].channel->name,
			from, to, p->lost->reason, --left == 0);
	}
	return len;
}

static struct piece *
offer_text(const struct walk *w, struct batch *b, uint8_t kind)
{
	bool is_end = w->step.kind == STEP_END;
	char *room =
	    batch_text(b, is_end ? END_SIZE : (size_t)w->gaps * GAP_SIZE);

	if (room == NULL)
		return NULL;
	return batch_add(b, kind, room,
	    is_end ? end_write(room, reader_cursors(&w->r)[w->which].channel) :
		     write_gaps(w, room));
}

static struct piece *
offer(const struct walk *w, struct batch *b, uint8_t kind)
{
	struct piece *p;

	if (w->step.kind != STEP_EVENT)
		return offer_text(w, b, kind);
	p = batch_add_event(b, kind, w->step.held->event);
	if (p != NULL)
		p->origin = w->step.held;
	return p;
}

/* Offers as many steps as the batch takes, on a copy of the reader. */
static void
reader_fill(struct subscriber *sub, struct batch *b, uint8_t kind)
{
	UNSET struct walk w;

	if (waits((struct reader *)sub))
		return;
	walk_begin(&w, (struct reader *)sub);
	while (w.step.kind != STEP_NONE && offer(&w, b, kind) != NULL)
		walk_on(&w);
}

static void
go_behind(struct reader *r, struct eventid id)
{
	r->lost = 0;
	r->at = id;
}

/* The gap or the end that comes next is on its way. */
static void
take_text(struct reader *r)
{
	unsigned long long *gaps = readers_of(r)->gaps;
	UNSET struct walk w;
	unsigned i;

	walk_begin(&w, r);
	assert(w.step.kind == STEP_GAP || w.step.kind == STEP_END);
	if (r->lost != 0)
		gaps[r->lost]++;
	else if (w.step.kind == STEP_GAP)
		for (i = 0; i < r->n; i++)
			if (w.place[i].due)
				gaps[w.place[i].lost->reason]++;
	go_behind(r, w.step.id);
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
		take_text(r);
}

static void
leave(struct reader *r, unsigned joined)
{
	unsigned i;

	for (i = 0; i < joined; i++)
		hub_leave(reader_hub(r), &reader_cursors(r)[i]);
	position_forget(r);
	if (r->n > 1)
		free(r->reads.several.cursors);
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
	UNSET struct walk w;

	if (waits(r) || r->lost != 0)
		return 0;
	walk_begin(&w, r);
	if (w.step.kind == STEP_NONE)
		r->at = reader_hub(r)->last;
	return eventid_format(buf, r->at);
}

/* Have all its channels ended, and it has the ends, or need not have them? */
static bool
reader_over(const struct subscriber *sub)
{
	const struct reader *r = (const struct reader *)sub;
	const struct channel *ch;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		ch = reader_cursors(r)[i].channel;
		if (!channel_has_ended(ch) ||
		    eventid_compare(ch->ended, r->at) > 0)
			return false;
	}
	return r->lost == 0;
}

enum hub_result
reader_begin(struct readers *rs, struct reader *r, const char *const channels[],
    size_t n, const struct position *p)
{
	enum hub_result result = HUB_NO_MEMORY;
	unsigned i = 0;

	assert(n >= 1 && n <= READER_CHANNELS_MAX);
	*r = (struct reader){.sub.feed = &rs->feed, .n = (uint8_t)n};
	if (n > 1 && (r->reads.several.cursors =
			     calloc(n, sizeof(struct cursor))) == NULL)
		goto fail;
	for (; i < n; i++) {
		result = hub_join(rs->hub, &reader_cursors(r)[i], channels[i],
		    &r->sub);
		if (result != HUB_DONE)
			goto fail;
	}
	if (position_set(r, p) == -1) {
		result = HUB_NO_MEMORY;
		goto fail;
	}
	(void)rs->feed.wake(&r->sub);
	return HUB_DONE;
fail:
	leave(r, i);
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
		.position = reader_position,
		.over = reader_over},
	    .hub = h,
	};
}
