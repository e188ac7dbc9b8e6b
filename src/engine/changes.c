/* SPDX-License-Identifier: ISC */
/*
 * What happened to the events since the last transaction: collected by the
 * loop's thread, done to the file by the writer's.
 */
#include "engine/changes.h"

#include <stdlib.h>
#include <string.h>

#define DROPS_MIN 64
#define NAMES_MIN 1024

void
changes_init(struct changes *c)
{
	*c = (struct changes){.drops = 0};
	STAILQ_INIT(&c->forgettings);
	STAILQ_INIT(&c->additions);
}

void
changes_take_back(struct changes *c)
{
	struct addition *a;

	while ((a = STAILQ_FIRST(&c->additions)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->additions, link);
		free(a);
	}
	c->last = 0;
	c->publications = c->events = c->bytes = c->held = 0;
}

void
changes_free(struct changes *c)
{
	struct forgetting *f;

	changes_take_back(c);
	while ((f = STAILQ_FIRST(&c->forgettings)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->forgettings, link);
		free(f);
	}
	free(c->drop);
	free(c->names);
	changes_init(c);
}

bool
changes_empty(const struct changes *c)
{
	return c->drops == 0 && STAILQ_EMPTY(&c->forgettings) &&
	       STAILQ_EMPTY(&c->additions);
}

/* Room for n drops more.  -1: no memory. */
static int
reserve(struct changes *c, size_t n)
{
	size_t size = c->drops_size == 0 ? DROPS_MIN : c->drops_size;
	struct drop *drop;

	while (size - c->drops < n)
		size *= 2;
	if (size == c->drops_size)
		return 0;
	drop = realloc(c->drop, size * sizeof(*drop));
	if (drop == NULL)
		return -1;
	c->drop = drop;
	c->drops_size = size;
	return 0;
}

/* Likewise for a name. */
static int
reserve_name(struct changes *c, size_t len)
{
	size_t size = c->names_size == 0 ? NAMES_MIN : c->names_size;
	char *names;

	while (size - c->names_len < len)
		size *= 2;
	if (size == c->names_size)
		return 0;
	names = realloc(c->names, size);
	if (names == NULL)
		return -1;
	c->names = names;
	c->names_size = size;
	return 0;
}

static size_t *
recent(struct changes *c, const char *name)
{
	uint32_t hash = 2166136261; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619;
	return &c->recent[hash % CHANGES_RECENT];
}

/*
 * Where the name stands among the names, from 1 on; 0: no memory.  It is there
 * once as long as few channels drop at a time, and else some more times.
 */
static size_t
find_name(struct changes *c, const char *name)
{
	size_t *at = recent(c, name), len = strlen(name) + 1;

	if (*at > 0 && strcmp(c->names + *at - 1, name) == 0)
		return *at;
	if (reserve_name(c, len) == -1)
		return 0;
	memcpy(c->names + c->names_len, name, len);
	*at = c->names_len + 1;
	c->names_len += len;
	return *at;
}

void
changes_drop(struct changes *c, const char *channel, int64_t key)
{
	size_t name = reserve(c, 1) == 0 ? find_name(c, channel) : 0;

	if (name > 0)
		c->drop[c->drops++] = (struct drop){key, name - 1};
}

void
changes_forget(struct changes *c, const char *channel, int64_t upto)
{
	size_t len = strlen(channel) + 1;
	struct forgetting *f = malloc(sizeof(*f) + len);

	if (f == NULL)
		return;
	f->upto = upto;
	memcpy(f->channel, channel, len);
	STAILQ_INSERT_TAIL(&c->forgettings, f, link);
}

struct addition *
changes_add(struct changes *c, const struct post *post, const int64_t key[])
{
	struct addition *a = addition_new(post, key);

	if (a == NULL)
		return NULL;
	STAILQ_INSERT_TAIL(&c->additions, a, link);
	c->last = addition_last(a);
	c->publications++;
	c->events += a->n;
	c->bytes += a->bytes;
	c->held += a->n * a->channels_n;
	return a;
}

/* The last n drops of the other come to this one; their order is of no account.
 */
static void
take_drops(struct changes *c, struct changes *other, size_t n)
{
	const struct drop *d;

	if (reserve(c, n) == -1)
		return;
	for (; n > 0; n--) {
		d = &other->drop[--other->drops];
		changes_drop(c, other->names + d->channel, d->key);
	}
	if (other->drops > 0)
		return;
	other->names_len = 0;
	memset(other->recent, 0, sizeof(other->recent));
}

void
changes_move(struct changes *c, struct changes *other)
{
	STAILQ_CONCAT(&c->forgettings, &other->forgettings);
	take_drops(c, other, other->drops);
	changes_free(other);
}

void
changes_hand_over(struct changes *c, struct changes *other, bool all)
{
	size_t most = CHANGES_DROPS_MAX + c->held;

	STAILQ_CONCAT(&other->additions, &c->additions);
	other->last = c->last;
	other->publications = c->publications;
	other->events = c->events;
	other->bytes = c->bytes;
	other->held = c->held;
	c->last = 0;
	c->publications = c->events = c->bytes = c->held = 0;
	if (!all)
		return;
	STAILQ_CONCAT(&other->forgettings, &c->forgettings);
	take_drops(other, c, c->drops < most ? c->drops : most);
}

/*
 * First all that is lost, the newest of each channel: then an event of several
 * channels goes with the first of them, and is not written anew for each.
 */
static int
drop_all(const struct changes *c, struct store *s)
{
	const struct drop *d, *newer = NULL;

	for (d = c->drop; d < c->drop + c->drops; newer = d++)
		if ((newer == NULL || newer->channel != d->channel ||
			newer->key < d->key) &&
		    store_lose(s, c->names + d->channel, d->key) == -1)
			return -1;
	for (d = c->drop; d < c->drop + c->drops; d++)
		if (store_drop(s, c->names + d->channel, d->key) == -1)
			return -1;
	return 0;
}

static int
do_all(const struct changes *c, struct store *s)
{
	const struct forgetting *f;
	const struct addition *a;

	if (drop_all(c, s) == -1)
		return -1;
	STAILQ_FOREACH (f, &c->forgettings, link)
		if (store_forget(s, f->channel, f->upto) == -1)
			return -1;
	STAILQ_FOREACH (a, &c->additions, link)
		if (addition_write(a, s) == -1)
			return -1;
	if (c->unkeyed != 0 && store_drop_keyed(s, c->unkeyed) == -1)
		return -1;
	return c->last == 0 ? 0 : store_set_last(s, c->last);
}

enum store_result
changes_commit(const struct changes *c, struct store *s)
{
	if (store_begin(s) == 0)
		(void)do_all(c, s); /* what fails is known to the store */
	return store_commit(s);
}
