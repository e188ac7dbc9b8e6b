/* SPDX-License-Identifier: ISC */
/*
 * The channels that feeds go to, by name, and those whose producers have died.
 */
#include "serve/grace.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "channel/channel.h"
#include "channel/type.h"

#define AGAIN 1.0 /* seconds, when the engine cannot take it now */
#define TRIES 30

struct grace {
	RB_ENTRY(grace) by_name;
	TAILQ_ENTRY(grace) link; /* while it waits */
	struct graces *all;
	size_t feeds; /* that are open */
	bool waits;
	bool given;	     /* to the engine, which has not said yet */
	double due;	     /* when it is over */
	unsigned tries;	     /* that the engine has refused */
	struct eventid at;   /* of the channel's newest event when it began */
	const char *channel; /* in text */
	char text[];
};

static int
compare(const struct grace *a, const struct grace *b)
{
	return strcmp(a->channel, b->channel);
}

RB_PROTOTYPE(grace_names, grace, by_name, compare)
RB_GENERATE(grace_names, grace, by_name, compare)

static struct grace *
find(struct graces *all, const char *channel)
{
	return RB_FIND(grace_names, &all->names,
	    &(struct grace){.channel = channel});
}

static struct grace *
make(struct graces *all, const char *channel)
{
	size_t size = strlen(channel) + 1;
	struct grace *g = calloc(1, sizeof(*g) + size);

	if (g == NULL)
		return NULL;
	g->channel = memcpy(g->text, channel, size);
	g->all = all;
	RB_INSERT(grace_names, &all->names, g);
	return g;
}

/* Its channel has neither a feed nor a grace any more. */
static void
leave(struct grace *g)
{
	if (g->feeds > 0 || g->waits || g->given)
		return;
	RB_REMOVE(grace_names, &g->all->names, g);
	free(g);
}

static void
stop_waiting(struct grace *g)
{
	if (!g->waits)
		return;
	g->waits = false;
	g->all->n--;
	TAILQ_REMOVE(&g->all->waiting, g, link);
}

static void
begin_waiting(struct grace *g, double seconds)
{
	struct graces *all = g->all;
	struct grace *before = TAILQ_LAST(&all->waiting, grace_list);

	g->due = *all->now + seconds;
	g->waits = true;
	all->n++;
	while (before != NULL && before->due > g->due)
		before = TAILQ_PREV(before, grace_list, link);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&all->waiting, g, link);
	else
		TAILQ_INSERT_AFTER(&all->waiting, before, g, link);
}

/* The channel's newest event, or 0-0; NULL: there is no such channel. */
static struct eventid
newest(const struct channel *c)
{
	if (c == NULL || !c->published)
		return (struct eventid){0, 0};
	return channel_loss(c).upto;
}

static void
on_published(void *arg, const struct published *what)
{
	struct grace *g = arg;

	g->given = false;
	if (what->result == PUBLISHED)
		g->all->abandoned++;
	/* Unless another feed is there, or has died since. */
	else if (engine_may_yet(what->result) && ++g->tries < TRIES &&
		 g->feeds == 0 && !g->waits && !g->all->none &&
		 g->all->n < GRACE_MAX)
		begin_waiting(g, AGAIN);
	leave(g);
}

static void
tell(struct grace *g)
{
	char data[JSON_SIZE(CHANNEL_NAME_MAX) + 16];
	char name[JSON_SIZE(CHANNEL_NAME_MAX)];
	const char *channel = g->channel;
	const struct sse_message m = {.type = TYPE_ABANDONED,
	    .data = data,
	    .len = (size_t)snprintf(data, sizeof(data), "{\"channel\":\"%s\"}",
		json_escape(name, channel))};
	const struct post post = {.channels = &channel,
	    .channels_n = 1,
	    .messages = &m,
	    .n = 1};
	struct engine *engine = g->all->engine;

	g->given = true;
	engine->publish(engine, &post, on_published, g);
}

/* It is over: has anything come meanwhile? */
static void
end(struct grace *g)
{
	const struct channel *c = hub_find(g->all->hub, g->channel);

	assert(g->waits && g->feeds == 0); /* none waits while there is one */
	stop_waiting(g);
	if (!g->given && !(c != NULL && channel_has_ended(c)) &&
	    eventid_compare(newest(c), g->at) <= 0)
		tell(g);
	else
		leave(g);
}

int
grace_feed_begins(struct graces *all, const char *channel)
{
	struct grace *g = find(all, channel);

	if (g == NULL)
		g = make(all, channel);
	if (g == NULL)
		return -1;
	g->feeds++;
	stop_waiting(g);
	return 0;
}

void
grace_feed_ends(struct graces *all, const char *channel)
{
	struct grace *g = find(all, channel);

	assert(g != NULL && g->feeds > 0);
	g->feeds--;
	leave(g);
}

void
grace_feed_dies(struct graces *all, const char *channel, struct eventid last)
{
	struct grace *g = find(all, channel);
	struct eventid at = newest(hub_find(all->hub, channel));

	assert(g != NULL && g->feeds > 0);
	g->feeds--;
	if (g->feeds > 0)
		return; /* it is theirs */
	g->at = eventid_compare(at, last) > 0 ? at : last;
	g->tries = 0;
	stop_waiting(g);
	begin_waiting(g, all->none ? 0 : all->seconds);
	if (all->none || all->seconds <= 0)
		end(g);
	else if (all->n > GRACE_MAX)
		end(TAILQ_FIRST(&all->waiting));
}

void
graces_sweep(struct graces *all)
{
	struct grace *g, *next;

	for (g = TAILQ_FIRST(&all->waiting);
	     g != NULL && (all->none || g->due <= *all->now); g = next) {
		next = TAILQ_NEXT(g, link);
		end(g);
	}
}

void
graces_end(struct graces *all)
{
	all->none = true;
	graces_sweep(all);
}

void
graces_init(struct graces *all, struct engine *engine, const struct hub *h,
    const double *now, double seconds)
{
	*all = (struct graces){.engine = engine,
	    .hub = h,
	    .now = now,
	    .seconds = seconds};
	RB_INIT(&all->names);
	TAILQ_INIT(&all->waiting);
}

void
graces_free(struct graces *all)
{
	struct grace *g, *next;

	for (g = TAILQ_FIRST(&all->waiting); g != NULL; g = next) {
		next = TAILQ_NEXT(g, link);
		stop_waiting(g);
		leave(g);
	}
	assert(RB_EMPTY(&all->names));
}
