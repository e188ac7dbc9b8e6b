/* SPDX-License-Identifier: ISC */
/*
 * One channel's history.  It is the output queue of all its streams at once:
 * a stream is a cursor in it, so a slow one costs nothing, and what drops out
 * of the ring is lost to those who had not read it and are told so.
 */
#include "channel/channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "channel/feed.h"

#define SIZE_MIN 4

struct channel *
channel_new(const char *name, struct loss lost)
{
	size_t len = strlen(name);
	struct channel *ch = calloc(1, sizeof(*ch) + len + 1);

	if (ch == NULL)
		return NULL;
	ch->name = memcpy(ch->text, name, len);
	ch->lost = lost;
	TAILQ_INIT(&ch->readers);
	return ch;
}

void
channel_free(struct channel *ch)
{
	assert(ch->reading == 0 && channel_held(ch) == 0 && ch->promises == 0);
	free(ch->later);
	free(ch->ring);
	free(ch);
}

static struct held **
place(const struct channel *ch, uint64_t number)
{
	return &ch->ring[number & (ch->size - 1)];
}

size_t
channel_held(const struct channel *ch)
{
	return (size_t)(ch->end - ch->first);
}

struct held *
channel_entry(const struct channel *ch, uint64_t number)
{
	assert(number >= ch->first && number < ch->end);
	return *place(ch, number);
}

/* Each entry keeps its number and gets a new place. */
static int
resize(struct channel *ch, size_t size)
{
	struct channel other = {.size = size};
	uint64_t i;

	other.ring = calloc(size, sizeof(struct held *));
	if (other.ring == NULL)
		return -1;
	for (i = ch->first; i < ch->end; i++)
		*place(&other, i) = *place(ch, i);
	free(ch->ring);
	ch->ring = other.ring;
	ch->size = size;
	return 0;
}

int
channel_reserve(struct channel *ch, size_t n)
{
	size_t size = ch->size == 0 ? SIZE_MIN : ch->size;

	while (size - channel_held(ch) - ch->reserved < n)
		size *= 2;
	if (size != ch->size && resize(ch, size) == -1)
		return -1;
	ch->reserved += n;
	return 0;
}

/* No larger a ring than is needed. */
static void
shrink(struct channel *ch)
{
	size_t needed = channel_held(ch) + ch->reserved, size = ch->size;

	if (needed == 0) {
		free(ch->ring);
		ch->ring = NULL;
		ch->size = 0;
		return;
	}
	while (size > SIZE_MIN && needed <= size / 4)
		size /= 2;
	if (size != ch->size)
		(void)resize(ch, size); /* or it stays as it is */
}

void
channel_give_up(struct channel *ch, size_t n)
{
	assert(ch->reserved >= n);
	ch->reserved -= n;
	shrink(ch);
}

void
channel_append(struct channel *ch, struct held *e)
{
	assert(ch->reserved > 0);
	ch->reserved--;
	*place(ch, ch->end++) = e;
	if (e->snapshot)
		ch->snapshot = ch->end;
	ch->bytes += e->cost;
	ch->unread += e->cost;
}

size_t
channel_spare(const struct channel *ch)
{
	return ch->bytes - ch->unread;
}

void
channel_served(struct channel *ch, struct eventid upto)
{
	const struct held *e;
	uint64_t number;

	ch->unread = 0;
	for (number = ch->end; number > ch->first; number--) {
		e = channel_entry(ch, number - 1);
		if (eventid_compare(e->id, upto) <= 0)
			return;
		ch->unread += e->cost;
	}
}

/* Is there an event in the ring that is not above this id? */
static bool
holds_below(const struct channel *ch, struct eventid id)
{
	return channel_held(ch) > 0 &&
	       eventid_compare(channel_entry(ch, ch->first)->id, id) <= 0;
}

/*
 * One above what is held.  If there is no event between this one and the last
 * of those, they are one.
 */
static int
lose_later(struct channel *ch, struct loss lost)
{
	struct later *l = ch->later;

	if (l == NULL)
		l = ch->later = calloc(1, sizeof(*l));
	if (l == NULL)
		return -1;
	if (l->n > 0 && eventid_compare(l->loss[l->n - 1].upto,
			    channel_entry(ch, ch->end - 1)->id) > 0)
		l->n--;
	if (l->n == CHANNEL_LATER)
		return -1;
	l->loss[l->n++] = lost;
	return 0;
}

int
channel_lose(struct channel *ch, struct loss lost)
{
	if (eventid_compare(lost.upto, ch->lost.upto) <= 0)
		return 0;
	if (holds_below(ch, lost.upto))
		return lose_later(ch, lost);
	ch->lost = lost;
	return 0;
}

/* Those that are above dropped events only are not later any more. */
static void
advance(struct channel *ch)
{
	struct later *l = ch->later;

	while (l->n > 0 && !holds_below(ch, l->loss[0].upto)) {
		ch->lost = l->loss[0];
		memmove(l->loss, l->loss + 1, --l->n * sizeof(l->loss[0]));
	}
	if (l->n == 0) {
		free(l);
		ch->later = NULL;
	}
}

const struct loss *
channel_lost(const struct channel *ch, struct eventid id)
{
	unsigned i;

	if (eventid_compare(ch->lost.upto, id) > 0)
		return &ch->lost;
	for (i = 0; ch->later != NULL && i < ch->later->n; i++)
		if (eventid_compare(ch->later->loss[i].upto, id) > 0)
			return &ch->later->loss[i];
	return NULL;
}

struct loss
channel_loss(const struct channel *ch)
{
	const struct later *l = ch->later;
	struct eventid newest;

	if (channel_held(ch) == 0)
		return ch->lost;
	newest = channel_entry(ch, ch->end - 1)->id;
	if (l != NULL && eventid_compare(l->loss[l->n - 1].upto, newest) > 0)
		return l->loss[l->n - 1];
	return (struct loss){newest, LOSS_OVERFLOW};
}

void
channel_hand_over(struct channel *ch, struct channel *other)
{
	assert(ch->reserved == 0 && other->ring == NULL);
	if (channel_held(ch) == 0)
		return;
	ch->lost = (struct loss){channel_loss(ch).upto, LOSS_DELETED};
	other->ring = ch->ring;
	other->size = ch->size;
	other->first = ch->first;
	other->end = ch->end;
	other->bytes = ch->bytes;
	other->unread = ch->unread;
	free(ch->later);
	ch->later = NULL;
	ch->ring = NULL;
	ch->size = ch->bytes = ch->unread = 0;
	ch->snapshot = 0;
	ch->first = ch->end;
}

struct held *
channel_drop(struct channel *ch)
{
	struct held *e = channel_entry(ch, ch->first);

	if (channel_spare(ch) < e->cost) /* the oldest, and it is unread */
		ch->unread -= e->cost;
	ch->bytes -= e->cost;
	ch->first++;
	if (ch->snapshot == ch->first)
		ch->snapshot = 0;
	ch->lost = (struct loss){e->id, LOSS_OVERFLOW};
	if (ch->later != NULL)
		advance(ch);
	shrink(ch);
	return e;
}

const struct held *
channel_snapshot(const struct channel *ch)
{
	return ch->snapshot == 0 ? NULL : channel_entry(ch, ch->snapshot - 1);
}

uint64_t
channel_after(const struct channel *ch, struct eventid id)
{
	uint64_t low = ch->first, high = ch->end, middle;
	int i;

	/* Nearly every reader has read all, or all but the newest. */
	for (i = 0; i < 2; i++, high--)
		if (low == high ||
		    eventid_compare(channel_entry(ch, high - 1)->id, id) <= 0)
			return high;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (eventid_compare(channel_entry(ch, middle)->id, id) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void
channel_join(struct channel *ch, struct cursor *cu, struct subscriber *reader)
{
	cu->channel = ch;
	cu->reader = reader;
	TAILQ_INSERT_TAIL(&ch->readers, cu, link);
	ch->reading++;
}

void
channel_leave(struct cursor *cu)
{
	TAILQ_REMOVE(&cu->channel->readers, cu, link);
	cu->channel->reading--;
}

void
channel_wake(const struct channel *ch)
{
	struct cursor *cu;

	TAILQ_FOREACH (cu, &ch->readers, link)
		(void)cu->reader->feed->wake(cu->reader);
}

void
channel_end(struct channel *ch, struct eventid id, double time)
{
	if (channel_has_ended(ch))
		return;
	ch->ended = id;
	ch->ended_time = time;
}

bool
channel_has_ended(const struct channel *ch)
{
	return ch->ended.ms != 0 || ch->ended.n != 0;
}
