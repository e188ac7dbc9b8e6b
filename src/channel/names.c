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

/* Takes the channel, which nobody uses, from where it can be found. */
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
	struct loss lost = channel_loss(ch);

	if (eventid_compare(lost.upto, h->forgotten.upto) > 0)
		h->forgotten = lost;
	if (h->set.forgot != NULL)
		h->set.forgot(h->set.keeper, ch->name, h->forgotten.upto);
	retention_take(h, ch);
	h->opened--;
	remove_name(h, ch);
	retention_bury(h, ch);
}

/* The channel that goes when its place is needed; NULL: all are in use. */
static struct channel *
victim(const struct hub *h)
{
	struct channel *ch = TAILQ_FIRST(&h->unused);

	return ch == NULL ? TAILQ_FIRST(&h->unread) : ch;
}

/* Has it a place among those that are published to? */
static bool
is_open(const struct channel *ch)
{
	return ch->published || ch->reserved > 0;
}

/* The same of one that is to get n events; its place is there, or made. */
static enum hub_result
open_channel(struct hub *h, struct channel *ch, size_t n)
{
	bool idle = retention_is_idle(ch), is_new = !is_open(ch),
	     full = h->opened >= h->set.channels_max;

	if (is_new && full && victim(h) == NULL)
		return HUB_NO_CHANNEL;
	if (channel_reserve(ch, n) == -1)
		return HUB_NO_MEMORY;
	if (idle)
		retention_take(h, ch);
	while (is_new && h->opened >= h->set.channels_max && victim(h) != NULL)
		names_forget(h, victim(h));
	h->opened += is_new;
	return HUB_DONE;
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
	return ch;
}

void
names_unmake(struct hub *h, struct channel *ch)
{
	remove_name(h, ch);
	channel_free(ch);
}

enum hub_result
names_open(struct hub *h, const char *name, size_t n, struct channel **ch)
{
	enum hub_result result;
	bool is_new = false;

	*ch = hub_find(h, name);
	if (*ch == NULL) {
		*ch = names_make(h, name);
		is_new = true;
	}
	if (*ch == NULL)
		return HUB_NO_MEMORY;
	result = open_channel(h, *ch, n);
	if (result != HUB_DONE && is_new)
		names_unmake(h, *ch);
	return result;
}

void
names_close(struct hub *h, struct channel *ch)
{
	if (ch->reserved > 0)
		return;
	if (retention_is_idle(ch))
		retention_shelve(h, ch);
	if (ch->published)
		return;
	h->opened--;
	if (ch->reading == 0)
		names_unmake(h, ch);
}

enum hub_result
names_restore(struct hub *h, const char *name, struct channel **ch)
{
	*ch = hub_find(h, name);
	if (*ch == NULL)
		*ch = names_make(h, name);
	if (*ch == NULL)
		return HUB_NO_MEMORY;
	if ((*ch)->published)
		return HUB_DONE;
	if ((*ch)->reading > 0)
		h->named--;
	(*ch)->published = true;
	h->opened++;
	if (retention_is_idle(*ch))
		retention_shelve(h, *ch);
	return HUB_DONE;
}

void
names_restored(struct hub *h)
{
	while (h->opened > h->set.channels_max && victim(h) != NULL)
		names_forget(h, victim(h));
}
