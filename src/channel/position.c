/* SPDX-License-Identifier: ISC */
/*
 * Where a reader begins.  Who has a position goes on from there, in all its
 * channels.  Who is new has a beginning in each of them: the newest snapshot
 * that it holds, if there is one, which is all that one needs to know.
 */
#include "channel/position.h"

#include <assert.h>
#include <stdlib.h>

#include "channel/channel.h"
#include "channel/names.h"

static const struct channel *
channel_of(const struct reader *r, unsigned i)
{
	return reader_cursors(r)[i].channel;
}

static struct eventid
lower(struct eventid a, struct eventid b)
{
	return eventid_compare(a, b) < 0 ? a : b;
}

/*
 * A position at which something is still to come: nowhere behind the last end,
 * if all of the reader's channels have one.
 */
static struct eventid
before_the_end(const struct reader *r, struct eventid at)
{
	struct eventid last = {0, 0};
	const struct channel *ch;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		ch = channel_of(r, i);
		if (!channel_has_ended(ch))
			return at;
		if (eventid_compare(ch->ended, last) > 0)
			last = ch->ended;
	}
	return lower(at, eventid_before(last));
}

/*
 * The position before all that the reader's channels hold, or those of them
 * that do not begin with a snapshot.
 */
static struct eventid
before_all(const struct reader *r, bool without_snapshots)
{
	struct eventid at = reader_hub(r)->last;
	const struct channel *ch;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		ch = channel_of(r, i);
		if (ch->first < ch->end &&
		    !(without_snapshots && ch->snapshot != 0))
			at = lower(at,
			    eventid_before(channel_entry(ch, ch->first)->id));
	}
	return at;
}

/*
 * What of the channels is still to be counted: all up to these numbers, of
 * which the newest have these ids.
 */
struct count {
	const struct channel *channel[READER_CHANNELS_MAX];
	uint64_t end[READER_CHANNELS_MAX];
	struct eventid newest[READER_CHANNELS_MAX];
	unsigned n; /* channels that have any left */
	uint64_t events;
};

static void
count_begin(struct count *c, const struct reader *r)
{
	const struct channel *ch;
	unsigned i;

	c->n = 0;
	c->events = 0;
	for (i = 0; i < r->n; i++) {
		ch = channel_of(r, i);
		if (ch->snapshot != 0 || ch->first == ch->end)
			continue;
		c->channel[c->n] = ch;
		c->end[c->n] = ch->end;
		c->newest[c->n++] = channel_entry(ch, ch->end - 1)->id;
		c->events += channel_held(ch);
	}
}

/* The channel's newest is counted; without any more it is left out. */
static void
count_down(struct count *c, unsigned i)
{
	if (--c->end[i] == c->channel[i]->first) {
		c->n--;
		c->channel[i] = c->channel[c->n];
		c->end[i] = c->end[c->n];
		c->newest[i] = c->newest[c->n];
	} else
		c->newest[i] = channel_entry(c->channel[i], c->end[i] - 1)->id;
}

/* The newest event that is left, which may be in several; there is one. */
static struct eventid
count_one(struct count *c)
{
	struct eventid newest = c->newest[0];
	unsigned i;

	for (i = 1; i < c->n; i++)
		if (eventid_compare(c->newest[i], newest) > 0)
			newest = c->newest[i];
	for (i = c->n; i > 0; i--)
		if (eventid_compare(c->newest[i - 1], newest) == 0)
			count_down(c, i - 1);
	return newest;
}

/*
 * The position before the last n events of the reader's channels, merged, but
 * for those that begin with a snapshot.
 */
static struct eventid
before_last(const struct reader *r, unsigned long n)
{
	struct eventid at = reader_hub(r)->last;
	struct count c;

	if (n == 0)
		return at;
	count_begin(&c, r);
	if (n >= c.events)
		return before_all(r, true);
	for (; n > 0 && c.n > 0; n--)
		at = count_one(&c);
	return eventid_before(at);
}

/*
 * The position before the first of the reader's channels' events and ends
 * behind the id.
 */
static struct eventid
before_next(const struct reader *r, struct eventid id)
{
	struct eventid at = reader_hub(r)->last;
	const struct channel *ch;
	uint64_t number;
	unsigned i;

	for (i = 0; i < r->n; i++) {
		ch = channel_of(r, i);
		number = channel_after(ch, id);
		if (number < ch->end)
			at = lower(at,
			    eventid_before(channel_entry(ch, number)->id));
		else if (eventid_compare(ch->ended, id) > 0)
			at = lower(at, eventid_before(ch->ended));
	}
	return at;
}

/* Where the reader begins in this channel, if it has no snapshot there. */
static struct eventid
beginning_in(const struct reader *r, unsigned i, struct eventid otherwise)
{
	const struct held *snapshot = channel_snapshot(channel_of(r, i));

	return snapshot == NULL ? otherwise : eventid_before(snapshot->id);
}

/*
 * The reader begins in each channel where in[] says, of which the lowest is its
 * position.  If they are not the same, there must be room for them.
 */
static void
begin_in(struct reader *r, const struct eventid in[])
{
	struct beginnings *b = reader_beginnings(r);
	struct eventid first, last;
	unsigned i;

	assert(r->n > 0);
	first = last = in[0];
	for (i = 1; i < r->n; i++) {
		first = lower(first, in[i]);
		if (eventid_compare(in[i], last) > 0)
			last = in[i];
	}
	r->at = before_the_end(r, first);
	if (b == NULL)
		return;
	b->upto = last;
	for (i = 0; i < r->n; i++)
		b->in[i] = before_the_end(r, in[i]);
	if (eventid_compare(first, last) == 0)
		position_forget(r);
}

/* A new reader begins with snapshots, or there. */
static void
begin_anew(struct reader *r, struct eventid otherwise)
{
	struct eventid in[READER_CHANNELS_MAX];
	unsigned i;

	for (i = 0; i < r->n; i++)
		in[i] = beginning_in(r, i, otherwise);
	begin_in(r, in);
}

static void
begin_with_origins(struct reader *r)
{
	struct eventid in[READER_CHANNELS_MAX];
	unsigned i;

	for (i = 0; i < r->n; i++)
		in[i] = names_origin(reader_hub(r), channel_of(r, i));
	begin_in(r, in);
}

/* Milliseconds by which two clocks may be apart that ought to say the same. */
#define CLOCKS_APART 1000

/* While a reader waits its position is when it came, in milliseconds. */
static struct eventid
time_of(const struct hub *h)
{
	return (struct eventid){(uint64_t)(*h->set.now * 1000), 0};
}

/* Before all that was published since that, and some of what was before. */
static struct eventid
before_time(const struct hub *h, struct eventid time)
{
	double ms = (double)time.ms - h->epoch * 1000 - CLOCKS_APART;
	struct eventid at = {0, 0};

	if (h->epoch == 0)
		return h->begun;
	if (ms >= 1)
		at = eventid_before((struct eventid){(uint64_t)ms, 0});
	if (eventid_compare(at, h->start) < 0)
		return h->start;
	return lower(at, h->begun);
}

void
position_wait_ends(struct reader *r)
{
	const struct hub *h = reader_hub(r);

	if (r->lost == 0)
		begin_anew(r, before_time(h, r->at));
}

void
position_forget(struct reader *r)
{
	if (r->n == 1)
		return;
	free(r->reads.several.beginnings);
	r->reads.several.beginnings = NULL;
}

static int
make_room(struct reader *r)
{
	struct beginnings *b;

	if (r->n == 1)
		return 0;
	b = malloc(sizeof(*b) + r->n * sizeof(b->in[0]));
	r->reads.several.beginnings = b;
	return b == NULL ? -1 : 0;
}

static int
begin_new(struct reader *r, const struct position *p)
{
	if (make_room(r) == -1)
		return -1;
	if (r->waits)
		return 0;
	if (p->kind == POSITION_ALL)
		begin_with_origins(r);
	else
		begin_anew(r,
		    p->kind == POSITION_HISTORY ? before_last(r, p->n) : r->at);
	return 0;
}

int
position_set(struct reader *r, const struct position *p)
{
	const struct hub *h = reader_hub(r);

	assert(!h->waiting || p->kind == POSITION_NOW ||
	       p->kind == POSITION_RESTART || p->kind == POSITION_UNKNOWN);
	r->at = h->waiting ? time_of(h) : h->last;
	r->waits = h->waiting;
	switch (p->kind) {
	case POSITION_AFTER:
		r->at = p->by_page ? before_the_end(r, p->id) : p->id;
		break;
	case POSITION_LOST:
		r->at = before_the_end(r, before_next(r, p->id));
		r->lost = LOSS_SOURCE;
		break;
	case POSITION_RESTART:
	case POSITION_UNKNOWN:
		r->lost =
		    p->kind == POSITION_RESTART ? LOSS_RESTART : LOSS_UNKNOWN;
		break;
	case POSITION_EARLIEST:
		r->at = before_the_end(r, before_all(r, false));
		break;
	case POSITION_NOW:
	case POSITION_HISTORY:
	case POSITION_ALL:
		return begin_new(r, p);
	}
	return 0;
}
