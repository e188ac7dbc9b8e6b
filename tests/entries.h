/* SPDX-License-Identifier: ISC */
#ifndef ENTRIES_H
#define ENTRIES_H

/*
 * All that a hub holds for anybody, oldest first, for its tests.
 */
#include "unit.h"

#include "channel/hub.h"
#include "channel/retention.h"

#define ENTRIES_MAX 4096

static struct entry {
	const struct channel *channel;
	const struct held *held;
} entries[ENTRIES_MAX];

static inline int
compare_entries(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	int order = eventid_compare(one->held->id, other->held->id);

	return order != 0 ? order :
			    strcmp(one->channel->name, other->channel->name);
}

/* Fills entries, and returns how many there are. */
static inline size_t
find_entries(const struct hub *h)
{
	const struct channel *ch;
	uint64_t i;
	size_t n = 0;

	TAILQ_FOREACH (ch, &h->all, all_link)
		for (i = ch->first; i < ch->end; i++) {
			assert_true(n < ENTRIES_MAX);
			entries[n++] = (struct entry){ch, channel_entry(ch, i)};
		}
	qsort(entries, n, sizeof(entries[0]), compare_entries);
	return n;
}

static inline struct event *
newest_event(const struct hub *h)
{
	size_t n = find_entries(h);

	assert_true(n > 0);
	return entries[n - 1].held->event;
}

/* The hub is told of another age: it expects that only of a new one. */
static inline void
change_age(struct hub *h, double age)
{
	struct channel *ch;

	h->set.history_age = age;
	TAILQ_FOREACH (ch, &h->all, all_link)
		retention_place(h, ch);
}

#endif
