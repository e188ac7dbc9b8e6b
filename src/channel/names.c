/* SPDX-License-Identifier: ISC */
/*
 * Channels by their names.
 */
#include "channel/names.h"

#include <stdlib.h>
#include <string.h>

#include "channel/retention.h"
#include "channel/rule.h"

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
	h->ended -= channel_has_ended(ch);
	h->channels--;
}

void
names_forget(struct hub *h, struct channel *ch)
{
	struct loss lost = channel_loss(ch);

	if (eventid_compare(ch->ended, lost.upto) > 0)
		lost = (struct loss){ch->ended, LOSS_OVERFLOW};
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

struct channel *
names_make(struct hub *h, const char *name)
{
	struct channel *ch;

	if (heap_reserve(&h->largest, h->channels + 1) == -1 ||
	    heap_reserve(&h->due, h->channels + 1) == -1)
		return NULL;
	ch = channel_new(name, h->forgotten);
	if (ch == NULL)
		return NULL;
	ch->rule = rule_for(h->set.rules, h->set.rules_n, ch->name);
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

/* It is neither published to nor read, and goes if it is promised nothing. */
static void
release(struct hub *h, struct channel *ch)
{
	if (!ch->published && ch->reading == 0 && ch->promises == 0)
		names_unmake(h, ch);
}

/* The channel is there, with room for n events.  NULL: no memory. */
static struct channel *
reserve(struct hub *h, const char *name, size_t n)
{
	struct channel *ch = hub_find(h, name);

	if (ch == NULL)
		ch = names_make(h, name);
	if (ch == NULL)
		return NULL;
	if (n > 0 && channel_reserve(ch, n) == -1) {
		release(h, ch);
		return NULL;
	}
	ch->promises++;
	return ch;
}

static void
give_up(struct hub *h, struct channel *const ch[], size_t channels, size_t n)
{
	size_t i;

	for (i = 0; i < channels; i++) {
		channel_give_up(ch[i], n);
		ch[i]->promises--;
		release(h, ch[i]);
	}
}

/* Has it no place yet among those that are published to, or promised that? */
static bool
needs_place(const struct channel *ch)
{
	return !ch->published && ch->promises == 1;
}

/* How many places must be made where so many are needed. */
static size_t
missing(const struct hub *h, size_t needed)
{
	size_t free = h->opened < h->set.channels_max ?
			  h->set.channels_max - h->opened :
			  0;

	return needed > free ? needed - free : 0;
}

/*
 * Are there so many channels that may go?  Of those on the shelves, the ones
 * that are promised something are what the places are for.
 */
static bool
may_go(const struct hub *h, size_t n)
{
	const struct channel *ch;

	TAILQ_FOREACH (ch, &h->unused, link) {
		if (n == 0)
			return true;
		n -= ch->promises == 0;
	}
	TAILQ_FOREACH (ch, &h->unread, link) {
		if (n == 0)
			return true;
		n -= ch->promises == 0;
	}
	return n == 0;
}

/* They leave their shelves, and have their places. */
static void
take_places(struct hub *h, struct channel *const ch[], size_t n, size_t needed)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ch[i]->published && ch[i]->reading == 0 &&
		    ch[i]->promises == 1)
			retention_take(h, ch[i]);
	while (missing(h, needed) > 0 && victim(h) != NULL)
		names_forget(h, victim(h));
	h->opened += needed;
}

enum hub_result
names_open(struct hub *h, const struct post *post, struct channel *ch[])
{
	size_t needed = 0, i;

	for (i = 0; i < post->channels_n; i++) {
		ch[i] = reserve(h, post->channels[i], post->n);
		if (ch[i] == NULL) {
			give_up(h, ch, i, post->n);
			return HUB_NO_MEMORY;
		}
		needed += needs_place(ch[i]);
	}
	if (!may_go(h, missing(h, needed))) {
		give_up(h, ch, i, post->n);
		return HUB_NO_CHANNEL;
	}
	take_places(h, ch, i, needed);
	return HUB_DONE;
}

void
names_close(struct hub *h, struct channel *ch)
{
	if (--ch->promises > 0)
		return;
	if (retention_is_idle(ch))
		retention_shelve(h, ch);
	h->opened -= !ch->published;
	release(h, ch);
}

/* FNV-1a. */
static uint32_t
bit_of(const char *name)
{
	uint32_t hash = 2166136261;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return hash % HUB_UNHEARD;
}

void
names_unheard(struct hub *h, const char *name)
{
	uint32_t bit = bit_of(name);

	h->unheard[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* May it have lost something when it was not there? */
static bool
is_unheard(const struct hub *h, const char *name)
{
	uint32_t bit = bit_of(name);

	return h->resuming || h->unheard[bit / 64] >> bit % 64 & 1;
}

struct eventid
names_origin(const struct hub *h, const struct channel *ch)
{
	if (ch->published)
		return ch->origin;
	return is_unheard(h, ch->name) ? h->base : ch->lost.upto;
}

void
names_publish(struct hub *h, struct channel *ch)
{
	if (ch->published)
		return;
	if (ch->reading > 0)
		h->named--;
	ch->origin = names_origin(h, ch);
	ch->published = true;
}

void
names_end(struct hub *h, struct channel *ch, struct eventid id, double time)
{
	h->ended += !channel_has_ended(ch);
	channel_end(ch, id, time);
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
	names_publish(h, *ch);
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
