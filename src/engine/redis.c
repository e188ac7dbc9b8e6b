/* SPDX-License-Identifier: ISC */
/*
 * Events that many processes share.  Two connections: what is published goes
 * out on the one, and whatever anybody publishes comes in on the other, with
 * the ids that Redis has given.  So an event reaches the streams here the way
 * it does everywhere; and a publisher is answered when Redis has it, and this
 * process knows by what came before it what it is.
 */
#include "engine/redis_inner.h"

#include <string.h>

#include "base/log.h"
#include "channel/name.h"
#include "engine/entry.h"

#define REPLY_MIN                                                   \
	(1UL << 20)  /* bytes of a reply that may be here at a time \
		      */
#define REPLY_PART 4 /* or so many of the greatest event's */

/* The hub is filled, and what is published now is taken. */
static void
be_ready(struct redis *r)
{
	void (*ready)(void *) = r->ready;

	if (ready == NULL || !r->loaded || r->publisher.state != LINK_UP)
		return;
	r->ready = NULL;
	ready(r->arg);
}

static void
on_loaded(void *arg)
{
	struct redis *r = arg;

	r->loaded = true;
	be_ready(r);
}

static void
on_up(void *arg)
{
	struct redis *r = arg;

	upkeep_up(&r->upkeep);
	be_ready(r);
}

static void
on_part(void *arg, int tag, struct resp_value *reply)
{
	struct redis *r = arg;

	if (tag >= UPKEEP_TAG)
		upkeep_part(&r->upkeep, tag, reply);
}

static void
on_reply(void *arg, int tag, struct resp_value *reply)
{
	struct redis *r = arg;

	if (tag >= UPKEEP_TAG)
		upkeep_reply(&r->upkeep, tag, reply);
	else
		sender_reply(&r->sender, tag, reply);
}

static void
on_down(void *arg, const char *why, bool large, const struct resp_value *part)
{
	struct redis *r = arg;

	(void)why; /* the link has logged it */
	(void)part;
	sender_down(&r->sender);
	upkeep_down(&r->upkeep, large);
}

/* Before the link writes what was sent in this turn. */
static void
on_turn_ends(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct redis *r = w->data;

	(void)loop;
	(void)revents;
	if (r->followed != r->tail.link.connects) {
		r->followed = r->tail.link.connects;
		link_leader_is_up(&r->publisher);
	}
	sender_came(&r->sender, r->tail.at); /* who hears may publish again */
	sender_turn_ends(&r->sender);
}

static void
on_second(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct redis *r = w->data;

	(void)loop;
	(void)revents;
	upkeep_second(&r->upkeep, r->tail.at, r->tail.entries);
}

/* The connections, with their users; nothing is sent yet. */
static void
make_parts(struct redis *r)
{
	const struct link_user user = {.up = on_up,
	    .part = on_part,
	    .reply = on_reply,
	    .down = on_down,
	    .arg = r};
	const struct tail_setup tail = {.key = r->set.key,
	    .age = r->set.age,
	    .entries = r->set.history,
	    .max_event = r->set.max_event,
	    .wall_ms = r->wall_ms,
	    .close = r->set.close,
	    .arg = r->set.arg};
	const struct upkeep_setup upkeep = {.key = r->set.key,
	    .history = r->set.history,
	    .age = r->set.age,
	    .streams = r->set.streams};

	if (tail_init(&r->tail, &tail, &r->links, r->finder, r->hub, on_loaded,
		r) == -1)
		fatal("no_memory", "no memory");
	link_init(&r->publisher, &r->links, "publisher", NULL, &r->tail.link,
	    &user);
	sender_init(&r->sender, &r->publisher, r->hub, &r->tail.repeats,
	    r->set.key, r->set.wait);
	if (upkeep_init(&r->upkeep, &r->publisher, &upkeep) == -1)
		fatal("no_random_number", "no random number");
}

static void
redis_start(struct engine *engine, struct hub *h, struct ev_loop *loop,
    void (*ready)(void *), void *arg)
{
	struct redis *r = (struct redis *)engine;

	r->hub = h;
	r->loop = loop;
	r->links.loop = loop;
	r->links.now = h->set.now;
	hub_wait(h);
	r->ready = ready;
	r->arg = arg;
	make_parts(r);
	ev_prepare_init(&r->turn_ends, on_turn_ends);
	ev_set_priority(&r->turn_ends, EV_MAXPRI);
	ev_timer_init(&r->second, on_second, 1, 1);
	r->turn_ends.data = r->second.data = r;
	ev_prepare_start(loop, &r->turn_ends);
	ev_timer_start(loop, &r->second);
	tail_start(&r->tail);
	link_start(&r->publisher);
}

static void
redis_publish(struct engine *engine, const struct post *post,
    void (*done)(void *, const struct published *), void *arg)
{
	struct redis *r = (struct redis *)engine;

	sender_publish(&r->sender, post, done, arg);
}

static void
redis_close(struct engine *engine, const char *which,
    void (*done)(void *, const struct published *), void *arg)
{
	struct redis *r = (struct redis *)engine;
	static const char *const clock[] = {CHANNEL_CLOCK};
	const struct sse_message m = {.type = ENTRY_CLOSE_TYPE,
	    .data = which,
	    .len = strlen(which)};
	const struct post post = {.channels = clock,
	    .channels_n = 1,
	    .messages = &m,
	    .n = 1};

	sender_publish(&r->sender, &post, done, arg);
}

static enum place
redis_place(const struct engine *engine, struct eventid id)
{
	const struct redis *r = (const struct redis *)engine;

	return tail_place(&r->tail, id);
}

static void
redis_await(struct engine *engine, struct eventid id,
    void (*done)(void *, enum place), void *arg)
{
	struct redis *r = (struct redis *)engine;

	tail_await(&r->tail, id, done, arg);
}

static const char *
redis_away(const struct engine *engine)
{
	const struct redis *r = (const struct redis *)engine;
	const char *why = sender_away(&r->sender);

	if (why == NULL && r->tail.link.state != LINK_UP)
		return r->tail.link.why;
	return why;
}

static void
redis_stop(struct engine *engine)
{
	struct redis *r = (struct redis *)engine;

	if (r->hub != NULL) {
		ev_prepare_stop(r->loop, &r->turn_ends);
		ev_timer_stop(r->loop, &r->second);
		sender_stop(&r->sender); /* while what was written is known */
		tail_stop(&r->tail);
		link_stop(&r->publisher);
		upkeep_free(&r->upkeep);
	}
	finder_free(r->finder);
}

int
redis_init(struct redis *r, const struct redis_setup *set,
    uint64_t (*wall_ms)(void), char *err, size_t size)
{
	size_t reply = REPLY_PART * set->max_event;

	*r = (struct redis){
	    .engine = {.start = redis_start,
		.publish = redis_publish,
		.place = redis_place,
		.await = redis_await,
		.close = redis_close,
		.away = redis_away,
		.figures = redis_figures,
		.stop = redis_stop},
	    .set = *set,
	    .links = {.user = set->user,
		.password_file = set->password_file,
		.db = set->db,
		.reply_max = reply > REPLY_MIN ? reply : REPLY_MIN},
	    .wall_ms = wall_ms,
	};
	r->finder =
	    finder_new(&r->links, set->addresses, set->sentinel, err, size);
	return r->finder == NULL ? -1 : 0;
}
