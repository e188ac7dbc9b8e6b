/* SPDX-License-Identifier: ISC */
/*
 * In which order it was published.  A place in a channel's order may have no
 * known id, only bounds of it: an event that nobody saw may be on this or that
 * side of a gap's end, and the checker does not claim to know which.
 */
#include <stdlib.h>

#include "checker.h"

static const struct id no_id, last_id = {UINT64_MAX, UINT64_MAX};

/* Those sent as one stand together: where the highest known id of them is. */
struct ranked {
	struct id key;
	unsigned number;
};

static int
compare_ranked(const void *one, const void *two)
{
	const struct ranked *a = one, *b = two;
	int order = id_compare(a->key, b->key);

	if (order != 0)
		return order;
	return a->number < b->number ? -1 : a->number > b->number;
}

static struct id
key_of(const struct checker *c, unsigned number)
{
	const struct published *e = &c->event[number];
	struct id key = no_id;
	unsigned i;

	for (i = e->first; e->state != MADE && i < e->first + e->count; i++)
		if (c->event[i].has_id && id_compare(c->event[i].id, key) > 0)
			key = c->event[i].id;
	return key;
}

/* Those that are not known to have been published are left out. */
static size_t
rank(const struct checker *c, struct ranked *ranked)
{
	struct id key = no_id;
	size_t count = 0;
	unsigned i;

	for (i = 0; i < c->events; i++) {
		if (c->event[i].state == MADE || c->event[i].first == i)
			key = key_of(c, i);
		if (id_compare(key, no_id) != 0)
			ranked[count++] = (struct ranked){key, i};
	}
	qsort(ranked, count, sizeof(*ranked), compare_ranked);
	return count;
}

static void
add_place(struct checker *c, struct checker_channel *ch, unsigned number)
{
	struct published *e = &c->event[number];
	struct id low = no_id;

	if (ch->count > 0) {
		low = ch->order[ch->count - 1].low;
		low.n++;
	}
	if (e->has_id && id_compare(e->id, low) < 0)
		checker_fail(c, "event %u has an id out of its channel's order",
		    number);
	if (ch->ended)
		checker_fail(c, "event %u is behind its channel's end", number);
	ch->ended = ch->ended || e->end;
	ch->order[ch->count++] =
	    (struct place){number, e->has_id ? e->id : low, last_id};
}

static void
add_places(struct checker *c, unsigned number)
{
	unsigned i;

	for (i = 0; i < c->channels; i++)
		if (checker_is_in(&c->event[number], i))
			add_place(c, &c->channel[i], number);
}

static void
set_high(const struct checker *c, struct checker_channel *ch)
{
	struct id high = last_id;
	size_t i;

	for (i = ch->count; i > 0; i--) {
		if (c->event[ch->order[i - 1].number].has_id)
			high = ch->order[i - 1].low;
		ch->order[i - 1].high = high;
	}
}

static void
forget_order(struct checker *c)
{
	struct checker_channel *ch;

	for (ch = c->channel; ch < c->channel + c->channels; ch++) {
		free(ch->order);
		ch->order =
		    no_less(malloc((ch->events + 1) * sizeof(*ch->order)));
		ch->count = 0;
		ch->ended = false;
	}
}

void
checker_order(struct checker *c)
{
	struct ranked *ranked;
	size_t count, i;

	if (c->ordered)
		return;
	forget_order(c);
	ranked = no_less(malloc((c->events + 1) * sizeof(*ranked)));
	count = rank(c, ranked);
	for (i = 0; i < count; i++) {
		if (c->event[ranked[i].number].state == REFUSED)
			checker_fail(c, "event %u was refused and yet seen",
			    ranked[i].number);
		add_places(c, ranked[i].number);
	}
	for (i = 0; i < c->channels; i++)
		set_high(c, &c->channel[i]);
	free(ranked);
	c->ordered = true;
}
