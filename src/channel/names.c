/* SPDX-License-Identifier: ISC */
/*
 * Channels by their names.
 */
#include "channel/names.h"

#include <stdlib.h>
#include <string.h>

#include "channel/retention.h"

static int
compare_names(const struct channel *a, const struct channel *b)
{
	return strcmp(a->name, b->name);
}

RB_PROTOTYPE(channel_names, channel, by_name, compare_names)
RB_GENERATE(channel_names, channel, by_name, compare_names)

struct channel *
hub_find(const struct hub *h, const char *name)
{
	struct channel wanted = {.name = name};

	return RB_FIND(channel_names,
	    (struct channel_names *)(uintptr_t)&h->names, &wanted);
}

/* Channels that were published to. */
static size_t
kept(const struct hub *h)
{
	return h->channels - h->named;
}

/* Takes the channel, which has no readers, from where it can be found. */
static void
remove_name(struct hub *h, struct channel *ch)
{
	(void)RB_REMOVE(channel_names, &h->names, ch);
	TAILQ_REMOVE(&h->all, ch, all_link);
	if (ch->touched)
		STAILQ_REMOVE(&h->touched, ch, channel, touched_link);
	if (ch->unserved)
		STAILQ_REMOVE(&h->unserved, ch, channel, unserved_link);
	ch->touched = ch->unserved = false;
	h->channels--;
}

void
names_forget(struct hub *h, struct channel *ch)
{
	struct loss lost = ch->lost;

	if (channel_held(ch) > 0)
		lost = (struct loss){channel_entry(ch, ch->end - 1)->id,
		    LOSS_OVERFLOW};
	if (eventid_compare(lost.upto, h->forgotten.upto) > 0)
		h->forgotten = lost;
	TAILQ_REMOVE(retention_shelf(h, ch), ch, link);
	remove_name(h, ch);
	retention_bury(h, ch);
}

/*
 * Makes room for one channel more that is published to.  Returns false if all
 * are read.
 */
static bool
make_room(struct hub *h)
{
	struct channel *ch;

	if (kept(h) < h->set.channels_max)
		return true;
	ch = TAILQ_FIRST(&h->unused);
	if (ch == NULL)
		ch = TAILQ_FIRST(&h->unread);
	if (ch == NULL)
		return false;
	names_forget(h, ch);
	return true;
}

struct channel *
names_make(struct hub *h, const char *name)
{
	struct channel *ch;

	if (heap_reserve(&h->largest, h->channels + 1) == -1)
		return NULL;
	ch = channel_new(name, h->forgotten);
	if (ch == NULL)
		return NULL;
	(void)RB_INSERT(channel_names, &h->names, ch);
	TAILQ_INSERT_TAIL(&h->all, ch, all_link);
	h->channels++;
	h->named++;
	return ch;
}

void
names_unmake(struct hub *h, struct channel *ch)
{
	remove_name(h, ch);
	h->named--;
	channel_free(ch);
}

enum hub_result
names_open(struct hub *h, const char *name, size_t n, struct channel **ch)
{
	enum hub_result result = HUB_NO_MEMORY;
	bool is_new = false;

	*ch = hub_find(h, name);
	if (*ch == NULL) {
		*ch = names_make(h, name);
		is_new = true;
	}
	if (*ch == NULL)
		return result;
	if (channel_reserve(*ch, n) == 0)
		result = (*ch)->published || make_room(h) ? HUB_DONE :
							    HUB_NO_CHANNEL;
	if (result != HUB_DONE && is_new)
		names_unmake(h, *ch);
	return result;
}
