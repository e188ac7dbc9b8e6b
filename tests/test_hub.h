/* SPDX-License-Identifier: ISC */
#ifndef TEST_HUB_H
#define TEST_HUB_H

/*
 * A hub alone, for its tests.  Event k that is published has the id k-1.
 */
#include "unit.h"

#include "allocation.h"
#include "entries.h"
#include "channel/hub.h"
#include "posts.h"

#define READERS 8

static struct hub hub;
static double now;
static uint64_t published; /* so many */

/* A stream that reads, as far as the hub knows one. */
static struct eventsource {
	struct subscriber sub;
	struct cursor cursor;
	unsigned wakes;
} readers[READERS];

/* Slow streams: the events that they have still to write, oldest first. */
static struct {
	struct event *event[8];
	size_t n;
	unsigned asked;
	size_t held_when_asked;
} slow;

static inline bool
wake(struct subscriber *sub)
{
	((struct eventsource *)sub)->wakes++;
	return true;
}

static struct feed feed = {.wake = wake};

static inline bool
relieve(void *arg, const size_t *account)
{
	assert_ptr_equal(arg, &slow);
	assert_ptr_equal(account, &hub.slow_bytes);
	slow.asked++;
	slow.held_when_asked = hub.held;
	if (slow.n == 0)
		return false;
	event_unref(slow.event[0]);
	memmove(slow.event, slow.event + 1, --slow.n * sizeof(slow.event[0]));
	return true;
}

static inline int
set_up(void **state)
{
	(void)state;
	hub_init(&hub, &(struct hub_setup){.history = 1});
	hub_begin(&hub, (struct eventid){0, 1});
	hub.set.history = 1000;
	hub.set.bytes_max = 1 << 20;
	hub.set.channels_max = 100;
	hub.set.relieve = relieve;
	hub.set.arg = &slow;
	hub.set.now = &now;
	now = 1000;
	published = 0;
	memset(&slow, 0, sizeof(slow));
	memset(readers, 0, sizeof(readers));
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	allocation_fails(0);
	while (slow.n > 0)
		event_unref(slow.event[--slow.n]);
	while (!TAILQ_EMPTY(&hub.promises)) /* of a test that has failed */
		hub_break(&hub, TAILQ_FIRST(&hub.promises));
	hub_free(&hub);
	assert_int_equal(hub_bytes(&hub), 0);
	assert_int_equal(hub.held_bytes, 0);
	return 0;
}

/* n messages of len bytes each, with the next ids. */
static inline void
make_batch(struct eventid ids[64], struct sse_message m[64], size_t n,
    size_t len)
{
	static char data[4096];
	size_t i;

	memset(data, 'x', sizeof(data));
	for (i = 0; i < n; i++) {
		ids[i] = (struct eventid){++published, 1};
		m[i] = (struct sse_message){.data = data, .len = len};
	}
}

static inline enum hub_result
try_to_prepare(const char *channel, size_t n, size_t len, struct promise **p)
{
	struct sse_message m[64];
	struct eventid ids[64];
	enum hub_result result;

	make_batch(ids, m, n, len);
	result = hub_prepare(&hub, POST_OF(channel, m, n), ids, p);
	if (result != HUB_DONE)
		published -= n;
	return result;
}

/* The number of readers, or less than 0. */
static inline long
publish_batch(const char *channel, size_t n, size_t len)
{
	struct sse_message m[64];
	struct eventid ids[64];
	enum hub_result result;
	size_t reading;

	make_batch(ids, m, n, len);
	result = hub_publish(&hub, POST_OF(channel, m, n), ids, &reading);
	if (result != HUB_DONE)
		published -= n;
	return result == HUB_DONE ? (long)reading : -(long)result;
}

static inline long
publish(const char *channel)
{
	return publish_batch(channel, 1, 100);
}

/* All readers have had their share of what was published. */
static inline void
served(void)
{
	hub_serving(&hub);
	hub_served(&hub);
}

static inline void
join(size_t reader, const char *channel)
{
	readers[reader].sub.feed = &feed;
	assert_int_equal(hub_join(&hub, &readers[reader].cursor, channel,
			     &readers[reader].sub),
	    HUB_DONE);
}

static inline void
leave(size_t reader)
{
	hub_leave(&hub, &readers[reader].cursor);
}

/* The newest event of all is still to be written to a slow stream. */
static inline void
newest_is_slow(void)
{
	slow.event[slow.n++] = event_ref(newest_event(&hub));
}

static inline void
turn_ends(void)
{
	hub_wake(&hub);
	served();
	(void)hub_trim(&hub);
}

/* What is held for anybody, oldest first: "a1 b2 ". */
static inline const char *
shown(void)
{
	static char text[1000];
	size_t all = find_entries(&hub), n = 0, i;

	text[0] = '\0';
	for (i = 0; i < all; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%lu ",
		    entries[i].channel->name,
		    (unsigned long)entries[i].held->id.ms);
	return text;
}

/* What the channel has lost, or -1 if there is no such channel. */
static inline long
lost(const char *channel)
{
	struct channel *ch = hub_find(&hub, channel);

	return ch == NULL ? -1 : (long)ch->lost.upto.ms;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
