/* SPDX-License-Identifier: ISC */
/*
 * A feed's posts, one after the other, and what is read meanwhile: as much as
 * may wait.
 */
#include "serve/producer_inner.h"

#include <assert.h>

#include "serve/outcome.h"

#define PATIENCE   30.0 /* seconds that the engine may refuse a feed's events */
#define WAIT_MAX   65536 /* bytes of events, but for those of one read */
#define AGAIN	   0.01	 /* seconds between two rounds of those refused */
#define ROUND_FAIL 16	 /* that may be refused in one */

static void
set_state(struct producer *p, enum post_state state)
{
	struct producers *all = p->all;

	if (p->state == POST_GIVEN)
		TAILQ_REMOVE(&all->given, p, link);
	else if (p->state == POST_REFUSED)
		TAILQ_REMOVE(&all->refused, p, link);
	p->state = (uint8_t)state;
	if (state == POST_GIVEN)
		TAILQ_INSERT_TAIL(&all->given, p, link);
	else if (state == POST_REFUSED)
		TAILQ_INSERT_TAIL(&all->refused, p, link);
}

static double
now(const struct producer *p)
{
	return p->all->streams->conns.now;
}

/* The next messages are a post, and the channel's end if they are the last. */
static void
make_post(struct producer *p, struct sse_message messages[ENGINE_BATCH_MAX])
{
	struct post *post = &p->post;
	struct sse_message *m;

	p->post_end = p->at;
	for (post->n = 0; post->n < p->most; post->n++) {
		m = &messages[post->n];
		if (!sse_split_next(&p->split, &p->post_end, m))
			break;
		if (m->type == NULL)
			m->type = p->type;
	}
	post->messages = messages;
	post->end = p->course == ENDS && p->ends &&
		    p->post_end == sse_split_kept(&p->split);
}

static void
took(struct producer *p, const struct published *what)
{
	p->at = p->post_end;
	p->most = ENGINE_BATCH_MAX;
	p->refused = 0;
	p->closed = p->post.end;
	p->published.last = what->last;
	p->published.streams = what->streams;
	p->published.events += what->events;
	p->all->events += what->events;
	p->all->by->ends += p->closed;
}

/*
 * It cannot be taken now.  Returns whether it is tried again: of those whose
 * exchanges are over, which bound nothing any more, as many as have room.
 */
static bool
postpone(struct producer *p)
{
	struct producers *all = p->all;
	const struct bodies *bodies = &all->by->bodies;

	if (p->refused == 0)
		p->refused = now(p);
	if (all->stopped || now(p) - p->refused >= PATIENCE ||
	    (p->conn == NULL && bodies->bytes > bodies->max))
		return false;
	set_state(p, POST_REFUSED);
	all->postponed++;
	if (!ev_is_active(&all->again)) {
		all->again.repeat = AGAIN;
		ev_timer_again(all->streams->conns.loop, &all->again);
	}
	return true;
}

/* What the engine says of the post. */
static void
on_published(void *arg, const struct published *what)
{
	struct producer *p = arg;
	struct publisher *by = p->all->by;
	char why[REPLY_TEXT_MAX + 1];

	set_state(p, POST_NONE);
	by->ended += what->result == PUBLISH_ENDED;
	publisher_waited(by, what, now(p) - p->given);
	if (what->result == PUBLISHED)
		took(p, what);
	else if (what->result == PUBLISH_TOO_LARGE && p->post.n > 1)
		p->most = p->post.n / 2; /* fewer may fit */
	else if (!engine_may_yet(what->result) || p->dropped || !postpone(p)) {
		outcome_words(why, by->cfg, &p->post, what);
		producer_break_off(p, outcome_status(what->result), why, DIED);
	}
	if (!p->giving)
		producer_push(p);
}

static void
give(struct producer *p)
{
	struct sse_message messages[ENGINE_BATCH_MAX];
	struct engine *engine = p->all->by->engine;

	make_post(p, messages);
	p->given = now(p);
	set_state(p, POST_GIVEN);
	p->giving = true;
	engine->publish(engine, &p->post, on_published, p);
	p->giving = false;
}

static bool
has_more(const struct producer *p)
{
	bool end = p->course == ENDS && p->ends && !p->closed;

	return !p->dropped && (p->at < sse_split_kept(&p->split) || end);
}

/* Reads on, or not: the front keeps the rest back. */
static void
pace(struct producer *p)
{
	const struct bodies *bodies = &p->all->by->bodies;

	if (p->conn == NULL || p->course != GOES_ON)
		return;
	if (p->state == POST_REFUSED ||
	    (p->state == POST_GIVEN && (sse_split_kept(&p->split) > WAIT_MAX ||
					   bodies->bytes > bodies->max)))
		conn_pause(p->conn);
	else
		conn_go_on(p->conn);
}

/*
 * Half an event is here, and all bodies together have too much for the other
 * half: it waits like one that the engine refuses.
 */
static void
wait_for_room(struct producer *p)
{
	const struct bodies *bodies = &p->all->by->bodies;

	if (p->bytes == 0 || bodies->bytes <= bodies->max)
		p->refused = 0;
	else if (!postpone(p))
		producer_break_off(p, 503, PUBLICATION_NO_ROOM, DIED);
}

/*
 * Its exchange is over, which bounds nothing any more: what comes behind the
 * post that the engine has stays only if there is room.
 */
static void
leave_room(struct producer *p)
{
	const struct bodies *bodies = &p->all->by->bodies;
	bool all = p->course == ENDS && p->ends == p->post.end &&
		   p->post_end == sse_split_kept(&p->split);

	if (p->state == POST_GIVEN && p->conn == NULL && !p->dropped && !all &&
	    bodies->bytes > bodies->max)
		producer_break_off(p, 503, PUBLICATION_NO_ROOM, DIED);
}

void
producer_push(struct producer *p)
{
	if (p->dropped && p->state == POST_REFUSED)
		set_state(p, POST_NONE);
	while (p->state == POST_NONE && has_more(p) && !p->all->stopped)
		give(p);
	if (p->state == POST_NONE) {
		sse_split_give_up(&p->split);
		p->at = 0;
		producer_count(p);
		if (p->course == GOES_ON)
			wait_for_room(p);
		if (p->course != GOES_ON) {
			producer_finish(p);
			return;
		}
	}
	leave_room(p);
	pace(p);
}

void
producers_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct producers *all = w->data;
	const struct producer *first = NULL; /* that was refused again */
	struct producer *p;
	unsigned long long had = all->postponed, before;

	(void)revents;
	while ((p = TAILQ_FIRST(&all->refused)) != NULL && p != first &&
	       all->postponed - had < ROUND_FAIL) {
		before = all->postponed;
		set_state(p, POST_NONE);
		producer_push(p);
		/* cppcheck-suppress knownConditionTrueFalse ; by the push */
		if (first == NULL && all->postponed > before)
			first = TAILQ_LAST(&all->refused, producer_list);
	}
	if (TAILQ_EMPTY(&all->refused))
		ev_timer_stop(loop, w);
}

void
producers_sweep(struct producers *all)
{
	struct producer *p;

	TAILQ_FOREACH (p, &all->given, link) {
		if (now(p) - p->given < CONN_ENGINE_PATIENCE - 1)
			break;
		if (!p->dropped)
			producer_break_off(p, 504, PRODUCER_UNKNOWN, DIED);
	}
	graces_sweep(&all->graces);
}

void
producers_stop(struct producers *all)
{
	struct producer *p;

	all->stopped = true;
	if (ev_is_active(&all->again))
		ev_timer_stop(all->streams->conns.loop, &all->again);
	while ((p = TAILQ_FIRST(&all->refused)) != NULL) {
		producer_break_off(p, 503, PUBLICATION_ENDING, LEFT);
		producer_push(p);
	}
}
