/* SPDX-License-Identifier: ISC */
/*
 * The hub: channels by name, and what bounds them.  Its entries stand in their
 * channel's ring and in one list over all channels, oldest first, so that the
 * budget of bytes and the age take the oldest wherever it is.
 *
 * A channel that nobody reads and that holds nothing is kept for the one thing
 * it knows, what it has lost, until its place is needed; then hub->forgotten
 * knows it for all such channels.  A new channel begins with that: it may tell
 * of a gap that was none, but never miss one.
 */
#include "channel/hub.h"

#include <assert.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_COST (sizeof(struct held) + sizeof(struct held *) + 16)

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Where the hub keeps a channel that has no readers. */
static struct channel_list *
shelf(struct hub *h, const struct channel *ch)
{
	return channel_held(ch) > 0 ? &h->unread : &h->unused;
}

static void
free_entry(struct held *e)
{
	event_unref(e->event);
	free(e);
}

/* Takes the oldest entry of the channel out of its history, for ever. */
static void
drop(struct hub *h, struct channel *ch)
{
	struct channel_list *before = shelf(h, ch);
	struct held *e = channel_drop(ch);

	TAILQ_REMOVE(&h->entries, e, link);
	h->held--;
	h->held_bytes -= ENTRY_COST;
	event_move(e->event, &h->slow_bytes);
	free_entry(e);
	if (ch->reading == 0 && before != shelf(h, ch)) {
		TAILQ_REMOVE(before, ch, link);
		TAILQ_INSERT_TAIL(shelf(h, ch), ch, link);
	}
}

/* Forgets a channel without readers; its events are lost. */
static void
forget(struct hub *h, struct channel *ch)
{
	while (channel_held(ch) > 0)
		drop(h, ch);
	if (eventid_compare(ch->lost, h->forgotten) > 0)
		h->forgotten = ch->lost;
	TAILQ_REMOVE(&h->unused, ch, link);
	TAILQ_REMOVE(&h->all, ch, all_link);
	if (ch->touched)
		STAILQ_REMOVE(&h->touched, ch, channel, touched_link);
	(void)tdelete(ch, &h->names, by_name);
	channel_free(ch);
	h->channels--;
}

/* Makes room for one channel more.  Returns false if all are read. */
static bool
make_room(struct hub *h)
{
	struct channel *ch;

	if (h->channels < h->channels_max)
		return true;
	ch = TAILQ_FIRST(&h->unused);
	if (ch == NULL)
		ch = TAILQ_FIRST(&h->unread);
	if (ch == NULL)
		return false;
	forget(h, ch);
	return true;
}

struct channel *
hub_find(const struct hub *h, const char *name)
{
	struct channel **found = tfind(&name, &h->names, by_name);

	return found == NULL ? NULL : *found;
}

static struct channel *
find_or_make(struct hub *h, const char *name)
{
	struct channel *ch = hub_find(h, name);

	if (ch != NULL)
		return ch;
	if (!make_room(h)) {
		errno = ENOSPC;
		return NULL;
	}
	ch = channel_new(name, h->forgotten);
	if (ch == NULL || tsearch(ch, &h->names, by_name) == NULL) {
		free(ch);
		errno = ENOMEM;
		return NULL;
	}
	TAILQ_INSERT_TAIL(&h->unused, ch, link);
	TAILQ_INSERT_TAIL(&h->all, ch, all_link);
	h->channels++;
	return ch;
}

/* The message encoded with its id, or NULL. */
static struct held *
encode(struct hub *h, struct eventid id, const struct sse_message *message)
{
	struct held *e = calloc(1, sizeof(*e));
	struct sse_message m = *message;
	char text[EVENTID_SIZE];
	size_t size;

	if (e == NULL)
		return NULL;
	(void)eventid_format(text, id);
	m.id = text;
	size = sse_size(&m);
	e->id = id;
	e->time = *h->now;
	e->event = event_room(size, &h->held_bytes);
	if (e->event == NULL) {
		free(e);
		return NULL;
	}
	size = sse_encode((char *)e->event->bytes, size, &m);
	assert(size == e->event->len);
	return e;
}

static void
append(struct hub *h, struct channel *ch, struct held *e)
{
	assert(eventid_compare(e->id, h->last) > 0);
	h->last = e->id;
	h->held++;
	h->held_bytes += ENTRY_COST;
	h->published++;
	channel_append(ch, e);
	TAILQ_INSERT_TAIL(&h->entries, e, link);
}

/*
 * What slow streams keep of events that are not held any more goes first: it is
 * of use to nobody but them.
 */
static void
keep_to_budget(struct hub *h)
{
	while (hub_bytes(h) > h->bytes_max) {
		if (h->slow_bytes > 0 && h->relieve(h->arg, &h->slow_bytes))
			continue;
		if (TAILQ_EMPTY(&h->entries))
			break;
		drop(h, TAILQ_FIRST(&h->entries)->channel);
	}
}

static void
touch(struct hub *h, struct channel *ch)
{
	ch->fresh = true;
	if (!ch->touched) {
		ch->touched = true;
		STAILQ_INSERT_TAIL(&h->touched, ch, touched_link);
	}
}

long
hub_publish(struct hub *h, const char *channel, const struct eventid ids[],
    const struct sse_message messages[], size_t n)
{
	struct held_list batch = TAILQ_HEAD_INITIALIZER(batch);
	struct channel *ch = NULL;
	struct held *e;
	size_t i;

	for (i = 0; i < n; i++) {
		e = encode(h, ids[i], &messages[i]);
		if (e == NULL)
			goto fail;
		TAILQ_INSERT_TAIL(&batch, e, link);
	}
	ch = find_or_make(h, channel);
	if (ch == NULL || channel_reserve(ch, n) == -1)
		goto fail;
	if (ch->reading == 0)
		TAILQ_REMOVE(shelf(h, ch), ch, link);
	while ((e = TAILQ_FIRST(&batch)) != NULL) {
		TAILQ_REMOVE(&batch, e, link);
		append(h, ch, e);
	}
	if (ch->reading == 0)
		TAILQ_INSERT_TAIL(shelf(h, ch), ch, link);
	touch(h, ch);
	keep_to_budget(h);
	return (long)ch->reading;
fail:
	if (errno != ENOSPC)
		errno = ENOMEM;
	while ((e = TAILQ_FIRST(&batch)) != NULL) {
		TAILQ_REMOVE(&batch, e, link);
		free_entry(e);
	}
	return -1;
}

int
hub_join(struct hub *h, struct cursor *cu, const char *channel,
    struct subscriber *reader)
{
	struct channel *ch = find_or_make(h, channel);

	if (ch == NULL)
		return -1;
	if (ch->reading == 0)
		TAILQ_REMOVE(shelf(h, ch), ch, link);
	channel_join(ch, cu, reader);
	return 0;
}

void
hub_leave(struct hub *h, struct cursor *cu)
{
	struct channel *ch = cu->channel;

	channel_leave(cu);
	if (ch->reading == 0)
		TAILQ_INSERT_TAIL(shelf(h, ch), ch, link);
}

size_t
hub_bytes(const struct hub *h)
{
	return h->held_bytes + h->slow_bytes;
}

static void
wake_readers(const struct channel *ch)
{
	struct cursor *cu;

	TAILQ_FOREACH (cu, &ch->readers, link)
		(void)cu->reader->feed->wake(cu->reader);
}

void
hub_wake(struct hub *h)
{
	struct channel *ch;

	for (ch = STAILQ_FIRST(&h->touched); ch != NULL;
	     ch = STAILQ_NEXT(ch, touched_link))
		if (ch->fresh) {
			ch->fresh = false;
			wake_readers(ch);
		}
}

void
hub_trim(struct hub *h)
{
	struct channel *ch;

	while ((ch = STAILQ_FIRST(&h->touched)) != NULL) {
		STAILQ_REMOVE_HEAD(&h->touched, touched_link);
		ch->touched = false;
		while (channel_held(ch) > h->history)
			drop(h, ch);
	}
}

void
hub_age(struct hub *h)
{
	struct held *e;

	while (h->history_age > 0 && (e = TAILQ_FIRST(&h->entries)) != NULL &&
	       *h->now - e->time >= h->history_age)
		drop(h, e->channel);
}

void
hub_init(struct hub *h, struct eventid base)
{
	memset(h, 0, sizeof(*h));
	TAILQ_INIT(&h->all);
	TAILQ_INIT(&h->entries);
	TAILQ_INIT(&h->unread);
	TAILQ_INIT(&h->unused);
	STAILQ_INIT(&h->touched);
	h->base = h->last = h->forgotten = base;
}

void
hub_free(struct hub *h)
{
	struct channel *ch;

	while ((ch = TAILQ_FIRST(&h->unread)) != NULL ||
	       (ch = TAILQ_FIRST(&h->unused)) != NULL)
		forget(h, ch);
	assert(h->channels == 0 && h->held == 0);
}
