/* SPDX-License-Identifier: ISC */
/*
 * One channel's history.  It is the output queue of all its streams at once:
 * a stream is a cursor in it, so a slow one costs nothing, and what drops out
 * of the ring is lost to those who had not read it and are told so.
 */
#include "channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 4

struct channel *
channel_new(const char *name, struct eventid lost)
{
	size_t len = strlen(name);
	struct channel *ch = calloc(1, sizeof(*ch) + len + 1);

	if (ch == NULL)
		return NULL;
	memcpy(ch->name, name, len);
	ch->lost = lost;
	TAILQ_INIT(&ch->readers);
	return ch;
}

void
channel_free(struct channel *ch)
{
	assert(ch->reading == 0);
	while (channel_held(ch) > 0)
		channel_drop(ch);
	free(ch->ring);
	free(ch);
}

static struct entry **
place(const struct channel *ch, uint64_t number)
{
	return &ch->ring[number & (ch->size - 1)];
}

size_t
channel_held(const struct channel *ch)
{
	return (size_t)(ch->end - ch->first);
}

struct entry *
channel_entry(const struct channel *ch, uint64_t number)
{
	assert(number >= ch->first && number < ch->end);
	return *place(ch, number);
}

/* Doubles the ring; each entry keeps its number and so gets a new place. */
static int
grow(struct channel *ch)
{
	struct channel bigger = {
	    .size = ch->size == 0 ? SIZE_MIN : ch->size * 2};
	uint64_t i;

	bigger.ring = calloc(bigger.size, sizeof(*bigger.ring));
	if (bigger.ring == NULL)
		return -1;
	for (i = ch->first; i < ch->end; i++)
		*place(&bigger, i) = *place(ch, i);
	free(ch->ring);
	ch->ring = bigger.ring;
	ch->size = bigger.size;
	return 0;
}

int
channel_append(struct channel *ch, struct entry *e)
{
	if (channel_held(ch) == ch->size && grow(ch) == -1)
		return -1;
	*place(ch, ch->end++) = e;
	return 0;
}

void
channel_drop(struct channel *ch)
{
	struct entry *e = channel_entry(ch, ch->first);

	ch->first++;
	ch->lost = e->id;
	event_unref(e->event);
	free(e);
}

uint64_t
channel_after(const struct channel *ch, struct eventid id)
{
	uint64_t low = ch->first, high = ch->end, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (eventid_compare(channel_entry(ch, middle)->id, id) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool
channel_name_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._:-";
	size_t len = strspn(name, allowed);

	return len > 0 && len <= CHANNEL_NAME_MAX && name[len] == '\0';
}
