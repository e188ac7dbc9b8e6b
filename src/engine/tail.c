/* SPDX-License-Identifier: ISC */
/*
 * The tail's life, and where an id is.  What a connection brings is handed on
 * by what is being done: the hub is filled, or the stream followed.
 */
#include "engine/tail.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/tail_inner.h"

/* Ids of our other engines have an epoch from this bit of n on. */
#define EPOCH_BIT 20

/* An id that somebody has, and that is still to come here. */
struct awaiting {
	TAILQ_ENTRY(awaiting) link;
	struct eventid id;
	unsigned long cycle; /* in which it was asked for */
	void (*done)(void *arg, enum place);
	void *arg;
};

bool
tail_is_zero(struct eventid id)
{
	return id.ms == 0 && id.n == 0;
}

void
tail_say(struct tail *t, enum tail_tag tag, double patience,
    const char *const argv[])
{
	t->inner->waits = tag;
	(void)link_say(&t->link, (int)tag, patience, argv);
}

void
tail_refused(struct tail *t, const struct resp_value *reply)
{
	char why[200] = "Redis answers what it was not asked", text[160];

	if (reply->type == RESP_ERROR)
		(void)snprintf(why, sizeof(why), "Redis refuses to be read: %s",
		    resp_quote(text, sizeof(text), reply));
	link_again(&t->link, why);
}

static void
on_up(void *arg)
{
	struct tail *t = arg;

	if (t->inner->phase == TAIL_LOADING)
		tail_load(t);
	else if (t->inner->phase == TAIL_FOLLOWING)
		tail_follow(t);
}

static void
on_part(void *arg, int tag, struct resp_value *reply)
{
	struct tail *t = arg;

	if (tag == TAIL_PAGE && reply->type == RESP_ARRAY)
		tail_load_part(t, link_resp(&t->link), reply);
	else if (tag == TAIL_READ)
		tail_cycle_part(t, link_resp(&t->link), reply);
}

static void
on_reply(void *arg, int tag, struct resp_value *reply)
{
	struct tail *t = arg;

	if (t->inner->phase == TAIL_LOADING)
		tail_load_reply(t, (enum tail_tag)tag, reply);
	else
		tail_cycle_reply(t, (enum tail_tag)tag, reply);
}

static void
drop_stuck(struct tail *t)
{
	if (t->inner->stuck == NULL)
		return;
	ev_timer_stop(t->loop, &t->inner->timer);
	resp_value_free(t->inner->stuck);
	t->inner->stuck = NULL;
}

static void
on_down(void *arg, const char *why, bool large, const struct resp_value *part)
{
	struct tail *t = arg;

	(void)why; /* the link has logged it */
	drop_stuck(t);
	if (!large || part == NULL)
		return;
	if (t->inner->phase == TAIL_LOADING)
		tail_load_large(t, part);
	else if (t->inner->phase == TAIL_FOLLOWING)
		tail_cycle_large(t, part);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct tail *t = w->data;

	(void)loop;
	(void)revents;
	if (t->inner->phase == TAIL_RESTORING)
		tail_restore(t);
	else if (t->inner->stuck != NULL)
		tail_room(t);
}

int
tail_init(struct tail *t, const struct tail_setup *setup,
    const struct link_setup *links, struct finder *finder, struct hub *h,
    void (*ready)(void *), void *arg)
{
	const struct link_user user = {.up = on_up,
	    .part = on_part,
	    .reply = on_reply,
	    .down = on_down,
	    .arg = t};
	struct tail_inner *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return -1;
	*t = (struct tail){.set = *setup,
	    .hub = h,
	    .loop = links->loop,
	    .ready = ready,
	    .arg = arg,
	    .inner = in};
	TAILQ_INIT(&t->awaiting);
	STAILQ_INIT(&in->loaded);
	repeats_init(&t->repeats);
	ev_timer_init(&in->timer, on_timer, 0, 0);
	in->timer.data = t;
	in->told_skip = in->told_loss = -1;
	in->told_all = -1e9;
	link_init(&t->link, links, "tail", finder, NULL, &user);
	return 0;
}

void
tail_start(struct tail *t)
{
	t->at_end = *t->hub->set.now;
	link_start(&t->link);
}

/* Says it to the first of those that wait. */
static void
say_place(struct tail *t, struct awaiting *a, enum place place)
{
	struct awaiting said = *a;

	TAILQ_REMOVE(&t->awaiting, a, link);
	free(a);
	said.done(said.arg, place);
}

void
tail_stop(struct tail *t)
{
	struct awaiting *a, *next;

	for (a = TAILQ_FIRST(&t->awaiting); a != NULL; a = next) {
		next = TAILQ_NEXT(a, link);
		say_place(t, a, PLACE_AHEAD);
	}
	link_stop(&t->link);
	drop_stuck(t);
	ev_timer_stop(t->loop, &t->inner->timer);
	tail_unload(t);
	ids_free(&t->inner->known);
	repeats_free(&t->repeats);
	free(t->inner);
	t->inner = NULL;
}

/*
 * Is it of an entry that somebody has had, and that was not there when we came,
 * nor came then?  Then Redis has an older copy, and who knows what that lacks.
 */
static bool
is_missing(const struct tail_inner *in, struct eventid id)
{
	const struct ids *known = &in->known;

	if (eventid_compare(id, in->begun) > 0)
		return eventid_compare(id, in->first) < 0;
	return known->n > 0 &&
	       eventid_compare(id, known->id[known->n - 1]) > 0 &&
	       !ids_have(known, id) && eventid_compare(id, in->begun) < 0;
}

enum place
tail_place(const struct tail *t, struct eventid id)
{
	if (t->inner->phase != TAIL_FOLLOWING)
		return PLACE_NOT_YET;
	if (eventid_compare(id, t->at) > 0)
		return PLACE_AHEAD;
	if (id.n >> EPOCH_BIT > 0 && id.n > t->inner->greatest)
		return PLACE_ANOTHER_LIFE;
	if (is_missing(t->inner, id))
		return PLACE_LOST;
	return PLACE_AFTER;
}

/* They are in the order of their ids. */
static void
enlist(struct tail *t, struct awaiting *a)
{
	struct awaiting *other = TAILQ_LAST(&t->awaiting, awaiting_list);

	while (other != NULL && eventid_compare(other->id, a->id) > 0)
		other = TAILQ_PREV(other, awaiting_list, link);
	if (other == NULL)
		TAILQ_INSERT_HEAD(&t->awaiting, a, link);
	else
		TAILQ_INSERT_AFTER(&t->awaiting, other, a, link);
}

void
tail_await(struct tail *t, struct eventid id, void (*done)(void *, enum place),
    void *arg)
{
	struct awaiting *a;

	assert(t->inner->phase == TAIL_FOLLOWING);
	if (eventid_compare(id, t->at) <= 0) {
		done(arg, PLACE_AFTER);
		return;
	}
	a = malloc(sizeof(*a));
	if (a == NULL) {
		done(arg, PLACE_AHEAD);
		return;
	}
	*a = (struct awaiting){.id = id,
	    .cycle = t->inner->cycle,
	    .done = done,
	    .arg = arg};
	enlist(t, a);
}

void
tail_passes(struct tail *t, struct eventid id)
{
	struct awaiting *a, *next;
	int order;

	assert(eventid_compare(id, t->at) >= 0);
	t->at = id;
	t->inner->print = 0;
	if (tail_is_zero(t->inner->first))
		t->inner->first = id;
	if (id.n > t->inner->greatest)
		t->inner->greatest = id.n;
	for (a = TAILQ_FIRST(&t->awaiting);
	     a != NULL && (order = eventid_compare(a->id, id)) <= 0; a = next) {
		next = TAILQ_NEXT(a, link);
		say_place(t, a, order == 0 ? PLACE_AFTER : PLACE_LOST);
	}
}

/*
 * Who had such an id had it from Redis, before he came here: so an XREAD that
 * was sent after that would have brought it.  One that was sent before may have
 * been answered sooner than that, however late the answer is read.
 */
void
tail_has_all(struct tail *t)
{
	struct awaiting *a, *next;

	t->at_end = *t->hub->set.now;
	t->inner->behind = false;
	hub_resumed(t->hub);
	for (a = TAILQ_FIRST(&t->awaiting); a != NULL; a = next) {
		next = TAILQ_NEXT(a, link);
		if (a->cycle < t->inner->cycle)
			say_place(t, a, PLACE_LOST);
	}
}

double
tail_lag(const struct tail *t)
{
	double now = *t->hub->set.now;

	if (t->inner->phase == TAIL_FOLLOWING && t->link.state == LINK_UP &&
	    !t->inner->behind && now - t->inner->asked <= TAIL_BLOCK + 1)
		return 0;
	return now - t->at_end;
}
