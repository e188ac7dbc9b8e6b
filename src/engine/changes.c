/* SPDX-License-Identifier: ISC */
/*
 * What happened to the events since the last transaction: collected by the
 * loop's thread, done to the file by the writer's.
 */
#include "engine/changes.h"

#include <stdlib.h>
#include <string.h>

#define DROPS_MIN 64

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
	c->publications = c->events = c->bytes = 0;
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
	int64_t *drop;

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

void
changes_drop(struct changes *c, int64_t key)
{
	if (reserve(c, 1) == 0)
		c->drop[c->drops++] = key;
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

/* The bytes of a text with its NUL; 0: there is none. */
static size_t
size_of(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

/* Puts a copy at *room, which moves on, and returns it. */
static char *
put(char **room, const char *bytes, size_t len)
{
	char *copy = *room;

	if (bytes == NULL)
		return NULL;
	memcpy(copy, bytes, len);
	*room += len;
	return copy;
}

struct addition *
changes_add(struct changes *c, const char *channel,
    const struct sse_message messages[], size_t n, const int64_t key[])
{
	size_t fixed = sizeof(struct addition) +
		       n * (sizeof(*messages) + sizeof(*key)),
	       bytes = fixed + size_of(channel), i;
	struct sse_message *m;
	struct addition *a;
	char *room;

	for (i = 0; i < n; i++)
		bytes += messages[i].len + size_of(messages[i].type);
	a = malloc(bytes);
	if (a == NULL)
		return NULL;
	*a = (struct addition){.n = n, .bytes = bytes};
	m = (struct sse_message *)(a + 1);
	a->message = m;
	a->key = memcpy(m + n, key, n * sizeof(*key));
	room = (char *)a + fixed;
	a->channel = put(&room, channel, size_of(channel));
	for (i = 0; i < n; i++, m++) {
		*m = messages[i];
		m->type =
		    put(&room, messages[i].type, size_of(messages[i].type));
		m->data = put(&room, messages[i].data, messages[i].len);
	}
	STAILQ_INSERT_TAIL(&c->additions, a, link);
	c->last = key[n - 1];
	c->publications++;
	c->events += n;
	c->bytes += bytes;
	return a;
}

void
changes_move(struct changes *c, struct changes *other)
{
	STAILQ_CONCAT(&c->forgettings, &other->forgettings);
	if (other->drops > 0 && reserve(c, other->drops) == 0) {
		memcpy(c->drop + c->drops, other->drop,
		    other->drops * sizeof(*c->drop));
		c->drops += other->drops;
	}
	changes_free(other);
}

void
changes_hand_over(struct changes *c, struct changes *other, bool all)
{
	size_t n;

	STAILQ_CONCAT(&other->additions, &c->additions);
	other->last = c->last;
	other->publications = c->publications;
	other->events = c->events;
	other->bytes = c->bytes;
	c->last = 0;
	c->publications = c->events = c->bytes = 0;
	if (!all)
		return;
	STAILQ_CONCAT(&other->forgettings, &c->forgettings);
	n = c->drops < CHANGES_DROPS_MAX ? c->drops : CHANGES_DROPS_MAX;
	if (n == 0 || reserve(other, n) == -1)
		return;
	c->drops -= n; /* their order is of no account */
	memcpy(other->drop, c->drop + c->drops, n * sizeof(*c->drop));
	other->drops = n;
}

static int
add(const struct addition *a, struct store *s)
{
	size_t i;

	if (a->new &&store_add_channel(s, a->channel, a->lost) == -1)
		return -1;
	for (i = 0; i < a->n; i++)
		if (store_add(s, a->key[i], a->time, a->channel,
			&a->message[i]) == -1)
			return -1;
	return 0;
}

static int
do_all(const struct changes *c, struct store *s)
{
	const struct forgetting *f;
	const struct addition *a;
	size_t i;

	for (i = 0; i < c->drops; i++)
		if (store_drop(s, c->drop[i]) == -1)
			return -1;
	STAILQ_FOREACH (f, &c->forgettings, link)
		if (store_forget(s, f->channel, f->upto) == -1)
			return -1;
	STAILQ_FOREACH (a, &c->additions, link)
		if (add(a, s) == -1)
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
