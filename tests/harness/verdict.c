/* SPDX-License-Identifier: ISC */
/*
 * Goes through what a reader saw, entry by entry, and knows for each channel
 * which event must come next.
 */
#include "verdict.h"

/* How far a reader's log is known to be good. */
struct walk {
	struct page *page;
	struct {
		size_t low, high; /* the next event's rank is one of these */
	} at[PAGE_CHANNELS];
	struct id last;	  /* the stream's last id, once it is placed */
	struct id asked;  /* on this connection; 0-0: nothing, 0-1: all */
	struct id joined; /* the last id when this connection began */
	bool placed;	  /* it is known where the stream begins */
	bool fresh;	  /* nothing came on this connection yet */
	bool lost;	  /* it was told no position: a gap must say why */
	size_t held_gaps; /* that leave the id to the one behind them */
};

static const struct checker_channel *
channel_of(const struct walk *w, size_t i)
{
	return &w->page->checker->channel[w->page->channel[i]];
}

/* How many of the channel's events may have an id up to this one. */
static size_t
most_until(const struct checker_channel *ch, struct id id)
{
	size_t low = 0, high = ch->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (id_compare(ch->order[middle].low, id) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* And how many have one for sure. */
static size_t
least_until(const struct checker_channel *ch, struct id id)
{
	size_t n = most_until(ch, id);

	while (n > 0 && id_compare(ch->order[n - 1].high, id) > 0)
		n--;
	return n;
}

/* From here on events up to this id are not awaited any more. */
static void
pass(struct walk *w, size_t i, struct id id)
{
	size_t low = least_until(channel_of(w, i), id);
	size_t high = most_until(channel_of(w, i), id);

	if (low > w->at[i].low)
		w->at[i].low = low;
	if (high > w->at[i].high)
		w->at[i].high = high;
}

static void
walk_connected(struct walk *w, struct id asked)
{
	w->asked = asked;
	w->joined = w->last;
	w->fresh = true;
	w->lost = false;
	w->held_gaps = 0; /* the id was not here, so they will be told again */
}

/* A position must leave nothing behind, of what has an id above this one. */
static void
walk_position(struct walk *w, struct id id, struct id above)
{
	const struct checker_channel *ch;
	size_t i, next;

	if (id_compare(id, w->last) < 0)
		page_fail(w->page, "a position below the last one");
	for (i = 0; i < w->page->channels; i++) {
		ch = channel_of(w, i);
		next = most_until(ch, above);
		if (next < w->at[i].high)
			next = w->at[i].high;
		if (least_until(ch, id) > next)
			page_fail(w->page,
			    "a position behind event %u, which was not seen",
			    ch->order[next].number);
	}
	w->last = id;
}

/*
 * Where a reader begins: at what it asked for, or else at what it is told.  It
 * may be told a later position if there is nothing for it between.
 */
static void
walk_first_position(struct walk *w, struct id id)
{
	bool asked = w->asked.ms != 0 || w->asked.n != 0;
	size_t i;

	if (asked && w->asked.ms == UINT64_MAX)
		page_fail(w->page, "a position, though there was none");
	if (!w->placed) {
		w->last = asked ? w->asked : id;
		for (i = 0; i < w->page->channels; i++)
			pass(w, i, w->last);
	}
	w->placed = true;
	walk_position(w, id, w->last);
}

/*
 * The process knew of no position as the reader came.  It begins there, where
 * an event is next, or a gap is from.
 */
static void
begin_at(struct walk *w, struct id id)
{
	size_t i;

	for (i = 0; i < w->page->channels; i++)
		pass(w, i, id);
	w->last = id;
	w->placed = true;
}

static struct id
before(struct id id)
{
	if (id.n-- == 0)
		id.ms--;
	return id;
}

/* The event, which has an id, in one of its channels. */
static void
walk_event_of(struct walk *w, size_t i, const struct published *e)
{
	const struct checker_channel *ch = channel_of(w, i);
	size_t rank = most_until(ch, e->id) - 1;
	unsigned number = (unsigned)(e - w->page->checker->event);

	if (rank < w->at[i].low)
		page_fail(w->page, "event %u came again, or too late", number);
	else if (rank > w->at[i].high)
		page_fail(w->page,
		    "event %u came, %u did not, and no gap says so", number,
		    ch->order[w->at[i].high].number);
	w->at[i].low = w->at[i].high = rank + 1;
}

static void
walk_event(struct walk *w, unsigned number)
{
	const struct published *e = &w->page->checker->event[number];
	size_t i;

	if (w->page->early && !w->placed)
		begin_at(w, before(e->id));
	else if (!w->placed || w->lost)
		page_fail(w->page, "event %u before there was a position",
		    number);
	else if (id_compare(e->id, w->last) <= 0)
		page_fail(w->page, "event %u came again, or too late", number);
	for (i = 0; i < w->page->channels; i++)
		if (checker_is_in(e, w->page->channel[i]))
			walk_event_of(w, i, e);
	w->last = e->id;
}

/*
 * A gap begins between the last event of its channel and the position.  That
 * may be behind some of what is missing, if an event of another channel came
 * between, and is counted; but not for what was lost before this connection
 * began: a reader that was cut off before the gap came back with that other
 * event's id, and no one could know.
 */
static void
check_from(struct walk *w, size_t i, const struct seen_gap *g)
{
	const struct checker_channel *ch = channel_of(w, i);
	size_t seen = w->at[i].low, first = most_until(ch, w->joined);

	if (first < w->at[i].high)
		first = w->at[i].high;
	if (!g->has_from || id_compare(g->from, w->last) > 0)
		page_fail(w->page, "a gap from where the reader has not been");
	else if (seen > 0 && id_compare(ch->order[seen - 1].low, g->from) > 0)
		page_fail(w->page, "a gap from before event %u, which was seen",
		    ch->order[seen - 1].number);
	else if (first < ch->count &&
		 id_compare(ch->order[first].high, g->from) <= 0)
		w->page->short_gaps++;
}

static void
walk_channel_gap(struct walk *w, const struct seen_gap *g)
{
	size_t i = page_channel(w->page, g->channel);

	if (w->page->early && !w->placed && g->has_from)
		begin_at(w, g->from);
	else if (!w->placed || w->lost)
		page_fail(w->page, "a gap before there was a position");
	if (id_compare(g->to, w->last) <= 0)
		page_fail(w->page, "a gap in what was passed already");
	check_from(w, i, g);
	if (most_until(channel_of(w, i), g->to) <= w->at[i].low)
		w->page->false_gaps++;
	pass(w, i, g->to);
}

/* For all channels: to the base, from which everything begins anew. */
static void
walk_whole_gap(struct walk *w, const struct seen_gap *g)
{
	size_t i;

	if (!w->lost || g->has_from || !g->has_id)
		page_fail(w->page, "a gap of all channels out of place");
	for (i = 0; i < w->page->channels; i++)
		pass(w, i, g->to);
	w->placed = true;
	w->lost = false;
}

/* Gaps up to one id come together, and count once the last one's id is here. */
static void
walk_gap(struct walk *w, size_t index)
{
	const struct seen_gap *g = &w->page->gap[index];
	size_t i;

	if (w->held_gaps > 0 && id_compare(g[-1].to, g->to) != 0)
		page_fail(w->page, "a gap without an id");
	w->held_gaps++;
	if (!g->has_id)
		return;
	for (i = w->held_gaps; i > 0; i--)
		if (g[1 - (ptrdiff_t)i].has_channel)
			walk_channel_gap(w, &g[1 - (ptrdiff_t)i]);
		else
			walk_whole_gap(w, &g[1 - (ptrdiff_t)i]);
	w->held_gaps = 0;
	w->last = g->to;
}

static void
walk_entry(struct walk *w, struct log_entry e)
{
	bool first = w->fresh;

	if (e.kind == CONNECTED) {
		walk_connected(w, w->page->id[e.index]);
		return;
	}
	w->fresh = false;
	if (w->held_gaps > 0 && e.kind != GAP)
		page_fail(w->page, "a gap without an id");
	if (e.kind == EVENT)
		walk_event(w, e.index);
	else if (e.kind == GAP)
		walk_gap(w, e.index);
	else if (e.kind == POSITION && first)
		walk_first_position(w, w->page->id[e.index]);
	else if (e.kind == POSITION)
		walk_position(w, w->page->id[e.index], (struct id){0, 0});
	else if (w->asked.ms == 0 && w->page->early)
		w->fresh = first; /* it begins when there is one */
	else if (w->asked.ms == 0)
		page_fail(w->page, "no position, though none was asked for");
	else
		w->lost = true;
}

static void
walk_end(struct walk *w)
{
	const struct checker_channel *ch;
	size_t i;

	for (i = 0; i < w->page->channels; i++) {
		ch = channel_of(w, i);
		if (!w->placed || w->at[i].high < ch->count)
			page_fail(w->page, "event %u did not come",
			    ch->count == 0 ? 0 :
					     ch->order[w->at[i].high].number);
	}
}

const char *
verdict(struct page *page, bool to_the_end)
{
	struct walk w = {.page = page};
	size_t i;

	checker_order(page->checker);
	page->false_gaps = page->short_gaps = 0;
	for (i = 0; i < page->len && page->error[0] == '\0'; i++)
		walk_entry(&w, page->log[i]);
	if (to_the_end && page->error[0] == '\0')
		walk_end(&w);
	if (page->error[0] == '\0' && page->checker->error[0] == '\0')
		return NULL;
	return page->error[0] != '\0' ? page->error : page->checker->error;
}
