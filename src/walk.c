/* SPDX-License-Identifier: ISC */
/*
 * The channels as a stream's feed.  A gap is a step of the walk like an event:
 * a channel that has dropped events above the position is due a gap at the id
 * of the newest of them, and so it comes before all that the channel still
 * holds and in its place among the other channels' events.  Every cut of the
 * connection leaves an id from which the walk goes on the same way.
 */
#include "walk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "channel.h"
#include "sse.h"

#define GAP_SIZE 384 /* more than any gap's text */

static struct walks *
walks_of(const struct walk *w)
{
	return (struct walks *)w->sub.feed;
}

static struct cursor *
cursors(const struct walk *w)
{
	return w->n == 1 ? (struct cursor *)(uintptr_t)&w->cursors.one :
			   w->cursors.several;
}

const char *
gap_reason_name(enum gap_reason reason)
{
	static const char *const names[] = {[GAP_OVERFLOW] = "overflow",
	    [GAP_RESTART] = "restart",
	    [GAP_UNKNOWN] = "unknown",
	    [GAP_SOURCE] = "source"};

	return names[reason];
}

/* What this channel alone would give to a reader at this position. */
static struct walk_step
next_of(const struct channel *ch, struct eventid at)
{
	uint64_t number;
	struct held *e;

	if (eventid_compare(ch->lost, at) > 0)
		return (struct walk_step){.kind = WALK_GAP, .id = ch->lost};
	number = channel_after(ch, at);
	if (number == ch->end)
		return (struct walk_step){.kind = WALK_NOTHING};
	e = channel_entry(ch, number);
	return (struct walk_step){.kind = WALK_EVENT,
	    .id = e->id,
	    .event = e->event};
}

/* The lowest step of all channels. */
struct walk_step
walk_next(const struct walk *w)
{
	struct walk_step best = {.kind = WALK_NOTHING}, step;
	unsigned i;

	if (w->lost != 0)
		return (struct walk_step){.kind = WALK_GAP,
		    .id = walks_of(w)->hub->base};
	for (i = 0; i < w->n; i++) {
		step = next_of(cursors(w)[i].channel, w->at);
		if (step.kind != WALK_NOTHING &&
		    (best.kind == WALK_NOTHING ||
			eventid_compare(step.id, best.id) < 0))
			best = step;
	}
	return best;
}

/* Is a gap at this id one of this channel's, for a reader of the walk? */
static bool
lost_to(const struct walk *w, const struct channel *ch, struct eventid id)
{
	return eventid_compare(ch->lost, w->at) > 0 &&
	       eventid_compare(ch->lost, id) == 0;
}

static void
go_behind(struct walk *w, const struct walk_step *step)
{
	w->lost = 0;
	w->at = step->id;
}

void
walk_take(struct walk *w, const struct walk_step *step)
{
	unsigned long long *gaps = walks_of(w)->gaps;
	unsigned i;

	assert(step->kind != WALK_NOTHING);
	if (w->lost != 0)
		gaps[w->lost]++;
	else if (step->kind == WALK_GAP)
		for (i = 0; i < w->n; i++)
			gaps[GAP_OVERFLOW] +=
			    lost_to(w, cursors(w)[i].channel, step->id);
	go_behind(w, step);
}

/* One gap; it has the id only if it is the last of those with the same. */
static size_t
gap_text(char *buf, const char *channel, const char *from, const char *to,
    enum gap_reason reason, bool last)
{
	const char *c = channel == NULL ? "" : "\"";
	const char *f = from == NULL ? "" : "\"";

	return (size_t)snprintf(buf, GAP_SIZE,
	    "event: " HUB_GAP "\n"
	    "data: {\"channel\":%s%s%s,\"from\":%s%s%s,"
	    "\"to\":\"%s\",\"reason\":\"%s\"}\n%s%s%s\n",
	    c, channel == NULL ? "null" : channel, c, f,
	    from == NULL ? "null" : from, f, to, gap_reason_name(reason),
	    last ? "id: " : "", last ? to : "", last ? "\n" : "");
}

/*
 * The gap of this step, on the walk as it will be then.  Channels that begin
 * with what the hub has forgotten have lost up to the same id: their gaps go
 * together, and only the last has the id, so that none is passed over.
 */
static size_t
gap(const struct walk *w, const struct walk_step *step, char *buf)
{
	char from[EVENTID_SIZE], to[EVENTID_SIZE];
	const struct channel *ch, *next = NULL;
	size_t len = 0;
	unsigned i;

	(void)eventid_format(from, w->at);
	(void)eventid_format(to, step->id);
	if (w->lost != 0)
		return gap_text(buf, NULL, NULL, to, w->lost, true);
	for (i = 0; i < w->n; i++) {
		ch = cursors(w)[i].channel;
		if (!lost_to(w, ch, step->id))
			continue;
		if (next != NULL)
			len += gap_text(buf + len, next->name, from, to,
			    GAP_OVERFLOW, false);
		next = ch;
	}
	assert(next != NULL);
	return len +
	       gap_text(buf + len, next->name, from, to, GAP_OVERFLOW, true);
}

static struct piece *
offer(const struct walk *w, const struct walk_step *step, struct batch *b,
    uint8_t kind)
{
	char *room;

	if (step->kind == WALK_EVENT)
		return out_add_event(b, kind, step->event);
	room = out_text(b, (size_t)w->n * GAP_SIZE);
	return room == NULL ? NULL : out_add(b, kind, room, gap(w, step, room));
}

/* Offers as many steps as the batch takes, on a copy of the walk. */
static void
walk_fill(struct subscriber *sub, struct batch *b, uint8_t kind)
{
	struct walk w = *(struct walk *)sub;
	struct walk_step step;

	for (step = walk_next(&w); step.kind != WALK_NOTHING;
	     step = walk_next(&w)) {
		if (offer(&w, &step, b, kind) == NULL)
			break;
		go_behind(&w, &step);
	}
}

/* The same steps again, on the walk itself, for those that are on their way. */
static void
walk_took(struct subscriber *sub, const struct piece *p)
{
	struct walk *w = (struct walk *)sub;
	struct walk_step step = walk_next(w);

	(void)p;
	walk_take(w, &step);
}

static void
leave(struct walk *w, unsigned joined)
{
	unsigned i;

	for (i = 0; i < joined; i++)
		hub_leave(walks_of(w)->hub, &cursors(w)[i]);
	if (w->n > 1)
		free(w->cursors.several);
}

static void
walk_leave(struct subscriber *sub)
{
	struct walk *w = (struct walk *)sub;

	leave(w, w->n);
}

/*
 * Where nothing is left to read, the position moves on to the newest event of
 * the whole hub: it says the same, and does not grow old.
 */
static size_t
walk_position(struct subscriber *sub, char *buf)
{
	struct walk *w = (struct walk *)sub;

	if (w->lost != 0)
		return 0;
	if (walk_next(w).kind == WALK_NOTHING)
		w->at = walks_of(w)->hub->last;
	return eventid_format(buf, w->at);
}

/* The position before the last n events of the walk's channels, merged. */
static struct eventid
before_last(const struct walk *w, unsigned long n)
{
	uint64_t end[WALK_CHANNELS_MAX];
	struct eventid at = walks_of(w)->hub->last, id;
	const struct channel *ch;
	unsigned i, newest;

	for (i = 0; i < w->n; i++)
		end[i] = cursors(w)[i].channel->end;
	for (; n > 0; n--, end[newest]--) {
		newest = w->n;
		for (i = 0; i < w->n; i++) {
			ch = cursors(w)[i].channel;
			if (end[i] == ch->first)
				continue;
			id = channel_entry(ch, end[i] - 1)->id;
			if (newest == w->n || eventid_compare(id, at) > 0) {
				newest = i;
				at = id;
			}
		}
		if (newest == w->n)
			return at;
		at = eventid_before(at);
	}
	return at;
}

/* The position before all that the walk's channels hold. */
static struct eventid
before_all(const struct walk *w)
{
	struct eventid at = walks_of(w)->hub->last, first;
	const struct channel *ch;
	unsigned i;

	for (i = 0; i < w->n; i++) {
		ch = cursors(w)[i].channel;
		if (ch->first == ch->end)
			continue;
		first = eventid_before(channel_entry(ch, ch->first)->id);
		if (eventid_compare(first, at) < 0)
			at = first;
	}
	return at;
}

static void
set_position(struct walk *w, const struct position *p)
{
	w->at = walks_of(w)->hub->last;
	switch (p->kind) {
	case POSITION_NOW:
		break;
	case POSITION_AFTER:
		w->at = p->id;
		break;
	case POSITION_RESTART:
	case POSITION_UNKNOWN:
		w->lost =
		    p->kind == POSITION_RESTART ? GAP_RESTART : GAP_UNKNOWN;
		break;
	case POSITION_HISTORY:
		w->at = before_last(w, p->n);
		break;
	case POSITION_EARLIEST:
		w->at = before_all(w);
		break;
	}
}

int
walk_begin(struct walks *ws, struct walk *w, const char *const channels[],
    size_t n, const struct position *p)
{
	unsigned i;

	assert(n >= 1 && n <= WALK_CHANNELS_MAX);
	*w = (struct walk){.sub.feed = &ws->feed, .n = (uint8_t)n};
	if (n > 1 &&
	    (w->cursors.several = calloc(n, sizeof(struct cursor))) == NULL)
		goto fail;
	for (i = 0; i < n; i++)
		if (hub_join(ws->hub, &cursors(w)[i], channels[i], &w->sub) ==
		    -1) {
			leave(w, i);
			goto fail;
		}
	set_position(w, p);
	(void)ws->feed.wake(&w->sub);
	return 0;
fail:
	w->sub.feed = NULL;
	return -1;
}

void
walks_init(struct walks *ws, struct hub *h)
{
	*ws = (struct walks){
	    .feed = {.fill = walk_fill,
		.took = walk_took,
		.leave = walk_leave,
		.position = walk_position},
	    .hub = h,
	};
}
