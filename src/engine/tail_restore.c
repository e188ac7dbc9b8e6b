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

/* An event, or a note that something was lost, until the hub is filled. */
struct loaded {
	STAILQ_ENTRY(loaded) link;
	struct eventid id;
	const char *channel; /* NULL: a note */
	const char *type;    /* or NULL */
	const char *data;
	size_t len;
	char text[];
};

/* Its age in seconds, by the clock that the ids are from. */
double
tail_age(const struct tail *t, struct eventid id)
{
	const struct tail_inner *in = t->inner;

	return id.ms < in->ms ? (double)(in->ms - id.ms) / 1000 : 0;
}

static char *
append(char **p, const char *text, size_t len)
{
	char *start = memcpy(*p, text, len);

	start[len] = '\0';
	*p += len + 1;
	return start;
}

/* Keeps what will be needed of it; -1: there is no memory. */
int
tail_keep(struct tail *t, const struct entry *e)
{
	const struct sse_message *m = &e->message;
	size_t channel = e->channel == NULL ? 0 : strlen(e->channel),
	       type = m->type == NULL ? 0 : strlen(m->type);
	struct loaded *l = calloc(1, sizeof(*l) + channel + type + m->len + 3);
	char *p;

	if (l == NULL)
		return -1;
	p = l->text;
	l->id = e->id;
	l->len = m->len;
	if (e->channel != NULL) {
		l->channel = append(&p, e->channel, channel);
		l->data = append(&p, m->data, m->len);
	}
	if (m->type != NULL)
		l->type = append(&p, m->type, type);
	STAILQ_INSERT_HEAD(&t->inner->loaded, l, link);
	return 0;
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

static void
restore(struct tail *t, const struct loaded *l)
{
	const struct sse_message m = {.type = l->type,
	    .data = l->data,
	    .len = l->len};
	struct loss lost = {l->id, LOSS_SOURCE};

	if (l->channel == NULL)
		hub_lost(t->hub, lost);
	else if (hub_restore(t->hub, l->channel, l->id, &m,
		     t->inner->now - tail_age(t, l->id)) != HUB_DONE)
		hub_lose(t->hub, l->channel, lost);
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
	hub_restored(t->hub, t->at, t->hub->base);
	t->ready(t->arg);
	if (t->link.state == LINK_UP)
		tail_follow(t);
}
