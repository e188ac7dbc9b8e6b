/* SPDX-License-Identifier: ISC */
/*
 * What the start has read is kept until there is nothing more to read, and then
 * brought into the hub, oldest first and some in each turn.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/entry.h"
#include "engine/tail_inner.h"

#define SLICE 4096 /* events restored in one turn */

/* An entry, or a note that something was lost, until the hub is filled. */
struct loaded {
	STAILQ_ENTRY(loaded) link;
	enum entry_kind kind;
	struct eventid id;
	size_t channels_n, len;	       /* len: of data */
	const char *type, *data, *key; /* each may be NULL */
	bool snapshot, erase;
	unsigned part;
	char text[]; /* the channels, with a NUL behind each, and the rest */
};

/* Its age in seconds, by the clock that the ids are from. */
double
tail_age(const struct tail *t, struct eventid id)
{
	const struct tail_inner *in = t->inner;

	return id.ms < in->ms ? (double)(in->ms - id.ms) / 1000 : 0;
}

static const char *
append(char **p, const char *text, size_t len)
{
	char *start = *p;

	if (text == NULL)
		return NULL;
	memcpy(start, text, len);
	start[len] = '\0';
	*p += len + 1;
	return start;
}

static size_t
length(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

/* Keeps what will be needed of it; -1: there is no memory. */
int
tail_keep(struct tail *t, const struct entry *e, enum entry_kind kind)
{
	const struct sse_message *m = &e->message;
	size_t size = length(m->type) + m->len + e->key_len + 3, i;
	struct loaded *l;
	char *p;

	for (i = 0; i < e->channels_n; i++)
		size += strlen(e->channels[i]) + 1;
	l = calloc(1, sizeof(*l) + size);
	if (l == NULL)
		return -1;
	p = l->text;
	l->kind = kind;
	l->id = e->id;
	l->channels_n = e->channels_n;
	for (i = 0; i < e->channels_n; i++)
		(void)append(&p, e->channels[i], strlen(e->channels[i]));
	l->len = m->len;
	l->type = append(&p, m->type, length(m->type));
	l->data = append(&p, m->data, m->len);
	l->key = append(&p, e->key, e->key_len);
	l->snapshot = m->snapshot;
	l->erase = e->erase;
	l->part = e->part;
	STAILQ_INSERT_HEAD(&t->inner->loaded, l, link);
	return 0;
}

/* As it was when it was read. */
static struct entry
entry_of(const struct loaded *l)
{
	struct entry e = {.id = l->id,
	    .message = {.type = l->type,
		.data = l->data,
		.len = l->len,
		.snapshot = l->snapshot},
	    .erase = l->erase,
	    .key = l->key,
	    .key_len = length(l->key),
	    .part = l->part};
	const char *channel = l->text;

	for (; e.channels_n < l->channels_n; channel += strlen(channel) + 1)
		e.channels[e.channels_n++] = channel;
	return e;
}

void
tail_unload(struct tail *t)
{
	struct loaded *l;

	while ((l = STAILQ_FIRST(&t->inner->loaded)) != NULL) {
		STAILQ_REMOVE_HEAD(&t->inner->loaded, link);
		free(l);
	}
}

/*
 * Whether there was something of the channel before what is here nobody knows,
 * unless all is: so who wants all of it is told that something is lost.
 */
static void
open_channel(struct tail *t, const char *name)
{
	const struct channel *ch = hub_find(t->hub, name);
	const struct channel_facts facts = {.name = name, .lost = t->hub->base};

	if (!t->inner->whole && (ch == NULL || !ch->published))
		(void)hub_restore_channel(t->hub, &facts);
}

/* Into each of its channels; in one that has no memory for it it is lost. */
static void
hold(struct tail *t, const struct entry *e, enum entry_kind kind)
{
	double time = t->inner->now - tail_age(t, e->id);
	enum hub_result result;
	const char *channel;
	size_t i;

	for (i = 0; i < e->channels_n; i++) {
		channel = e->channels[i];
		open_channel(t, channel);
		result = kind == ENTRY_END ? hub_restore_end(t->hub, channel,
						 e->id, time, e->erase) :
					     hub_restore(t->hub, channel, e->id,
						 &e->message, time);
		if (result != HUB_DONE)
			hub_lose(t->hub, channel,
			    (struct loss){e->id, LOSS_SOURCE});
	}
}

/* The same as if it had come live: see tail_entry.c. */
static void
restore(struct tail *t, const struct loaded *l)
{
	struct entry e = entry_of(l);

	if (l->kind == ENTRY_NOTE)
		hub_lost(t->hub, (struct loss){l->id, LOSS_SOURCE});
	else if (tail_repeats(t, &e))
		return;
	else if (!e.erase &&
		 hub_has_ended(t->hub, e.channels, e.channels_n, e.id))
		tail_skip(t, e.id, TAIL_ENDED_WHY);
	else {
		hold(t, &e, l->kind);
		tail_notes_key(t, &e, l->kind);
	}
}

void
tail_restore(struct tail *t)
{
	struct tail_inner *in = t->inner;
	struct loaded *l;
	unsigned n;

	for (n = 0; n < SLICE && (l = STAILQ_FIRST(&in->loaded)) != NULL; n++) {
		STAILQ_REMOVE_HEAD(&in->loaded, link);
		restore(t, l);
		free(l);
	}
	if (n == SLICE) {
		ev_timer_set(&in->timer, 0, 0);
		ev_timer_start(t->loop, &in->timer);
		return;
	}
	in->phase = TAIL_FOLLOWING;
	t->at_end = *t->hub->set.now;
	repeats_time(&t->repeats, t->at, in->now - tail_age(t, t->at));
	hub_restored(t->hub, t->at, t->hub->base);
	t->ready(t->arg);
	if (t->link.state == LINK_UP)
		tail_follow(t);
}
