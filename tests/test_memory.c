/* SPDX-License-Identifier: ISC */
/*
 * The engine within the process: its ids increase whatever the clock does, and
 * what it could not publish has reached nobody.
 */
#include "engine.h"

#include "allocation.h"
#include "entries.h"
#include "engine/memory.h"
#include "posts.h"

#define EPOCH 77

static struct hub hub;
static struct memory memory;
static struct feed feed;

/* What became of the last publication. */
static struct {
	unsigned calls;
	struct published what;
} done;

static int
set_up(void **state)
{
	(void)state;
	wall = 1795359156000;
	now = 100;
	hub_init(&hub, &(struct hub_setup){.history = 1});
	hub_begin(&hub, (struct eventid){0, 0});
	if (memory_init(&memory, EPOCH, wall_ms) == -1)
		return -1;
	ready = 0;
	memory.engine.start(&memory.engine, &hub, NULL, on_ready, &ready);
	hub.set.history = 100;
	hub.set.bytes_max = 1 << 24;
	hub.set.channels_max = 10;
	hub.set.relieve = relieve;
	hub.set.now = &now;
	done.calls = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	allocation_fails(0);
	memory.engine.stop(&memory.engine);
	hub_free(&hub);
	return 0;
}

static void
on_done(void *arg, const struct published *what)
{
	assert_ptr_equal(arg, &done);
	done.calls++;
	done.what = *what;
}

/* Publishes n messages, the first of them "0". */
static int
publish(const char *channel, size_t n)
{
	struct sse_message m[ENGINE_BATCH_MAX];
	char data[ENGINE_BATCH_MAX][4];
	unsigned calls = done.calls;
	size_t i;

	for (i = 0; i < n; i++)
		m[i] = (struct sse_message){.data = data[i],
		    .len =
			(size_t)snprintf(data[i], sizeof(data[i]), "%zu", i)};
	memory.engine.publish(&memory.engine, POST_OF(channel, m, n), on_done,
	    &done);
	memset(data, 'x', sizeof(data)); /* they need not last longer */
	assert_int_equal(done.calls, calls + 1);
	return done.what.result;
}

static enum place
place(struct eventid id)
{
	return memory.engine.place(&memory.engine, id);
}

static void
hub_begins_with_an_id_that_no_event_has(void **state)
{
	(void)state;
	assert_int_equal(hub.base.ms, wall);
	assert_null(memory.engine.away(&memory.engine));
	assert_int_equal(hub.base.n >> 20, EPOCH);
	assert_int_equal(eventid_compare(hub.base, hub.last), 0);
	assert_int_equal(eventid_compare(hub.base, hub.forgotten.upto), 0);
	assert_int_equal(publish("a", 1), PUBLISHED);
	assert_true(eventid_compare(done.what.last, hub.base) > 0);
}

static void
publication_tells_its_last_id_and_how_many_read_it(void **state)
{
	struct subscriber reader = {&feed};
	struct cursor cu[2];

	(void)state;
	assert_int_equal(publish("a", 1), PUBLISHED);
	assert_int_equal(done.what.events, 1);
	assert_int_equal(done.what.streams, 0);
	assert_int_equal(hub_join(&hub, &cu[0], "a", &reader), HUB_DONE);
	assert_int_equal(hub_join(&hub, &cu[1], "a", &reader), HUB_DONE);
	assert_int_equal(publish("a", 7), PUBLISHED);
	assert_int_equal(done.what.events, 7);
	assert_int_equal(done.what.streams, 2);
	assert_int_equal(eventid_compare(done.what.last, hub.last), 0);
	assert_int_equal(publish("b", 1), PUBLISHED);
	assert_int_equal(done.what.streams, 0);
	hub_leave(&hub, &cu[0]);
	hub_leave(&hub, &cu[1]);
}

/* The ids that are held, and what they are the ids of. */
static void
events_are_held_in_order_with_their_ids(void **state)
{
	char text[EVENTID_SIZE], expected[100];
	const struct held *e;
	size_t n;

	(void)state;
	assert_int_equal(publish("a", ENGINE_BATCH_MAX), PUBLISHED);
	assert_int_equal(hub.held, ENGINE_BATCH_MAX);
	assert_int_equal(find_entries(&hub), ENGINE_BATCH_MAX);
	for (n = 0; n < ENGINE_BATCH_MAX; n++) {
		e = entries[n].held;
		assert_int_equal(e->id.n, ((uint64_t)EPOCH << 20) + 1 + n);
		(void)eventid_format(text, e->id);
		(void)snprintf(expected, sizeof(expected),
		    "data: %zu\nid: %s\n\n", n, text);
		assert_int_equal(e->event->len, strlen(expected));
		assert_memory_equal(e->event->bytes, expected, e->event->len);
	}
	assert_int_equal(eventid_compare(done.what.last, hub.last), 0);
}

static void
ids_increase_while_the_clock_steps_back(void **state)
{
	struct eventid last = hub.base;
	const struct channel *a;
	struct eventid id;
	uint64_t n;
	int i;

	(void)state;
	srandom(4);
	for (i = 0; i < 20000; i++) {
		if (random() % 10 == 0)
			wall += (uint64_t)(random() % 1000);
		if (random() % 50 == 0)
			wall -= (uint64_t)(random() % 1000000000);
		assert_int_equal(publish("a", 1 + (size_t)(random() % 4)),
		    PUBLISHED);
		a = hub_find(&hub, "a");
		for (n = channel_after(a, last); n < a->end; n++) {
			id = channel_entry(a, n)->id;
			assert_int_equal(place(id), PLACE_AFTER);
			assert_true(eventid_compare(id, last) > 0);
			last = id;
		}
		assert_int_equal(eventid_compare(done.what.last, last), 0);
		hub.set.history = 3;
		hub_trim(&hub);
	}
}

static void
place_of_an_id_is_known_by_its_epoch_and_the_last(void **state)
{
	struct eventid id;

	(void)state;
	assert_int_equal(place(hub.base), PLACE_AFTER);
	assert_int_equal(publish("a", 1), PUBLISHED);
	id = done.what.last;
	assert_int_equal(place(id), PLACE_AFTER);
	id.n++; /* which was never given out */
	assert_int_equal(place(id), PLACE_UNKNOWN);
	id.n += 1 << 20;
	assert_int_equal(place(id), PLACE_ANOTHER_LIFE);
}

static void
it_is_ready_at_once_and_has_one_figure(void **state)
{
	struct engine_figure row[ENGINE_FIGURES_MAX];

	(void)state;
	assert_int_equal(ready, 1);
	assert_int_equal(memory.engine.figures(&memory.engine, row), 1);
	assert_string_equal(row[0].json, "keys");
	assert_true(row[0].value == 0);
	memory.engine.stop(&memory.engine);
	assert_int_equal(done.calls, 0);
}

static void
two_lives_have_two_epochs(void **state)
{
	struct memory one, other;

	(void)state;
	assert_int_equal(memory_init(&one, 0, wall_ms), 0);
	assert_int_equal(memory_init(&other, 0, wall_ms), 0);
	assert_true(one.source.epoch != other.source.epoch);
}

/* All that a publication changes. */
struct state {
	struct eventid last, lost;
	size_t bytes, held, held_bytes, held_a;
	unsigned long long published;
};

static struct state
now_is(void)
{
	const struct channel *a = hub_find(&hub, "a");

	return (struct state){.last = hub.last,
	    .lost = a->lost.upto,
	    .bytes = hub_bytes(&hub),
	    .held = hub.held,
	    .held_bytes = hub.held_bytes,
	    .held_a = channel_held(a),
	    .published = hub.published};
}

static void
without_a_channel_nothing_is_published(void **state)
{
	struct subscriber reader = {&feed};
	struct cursor cu;
	struct state before, after;

	(void)state;
	hub.set.channels_max = 1;
	assert_int_equal(hub_join(&hub, &cu, "a", &reader), HUB_DONE);
	assert_int_equal(publish("a", 3), PUBLISHED);
	before = now_is();
	assert_int_equal(publish("b", 3), PUBLISH_NO_CHANNEL);
	after = now_is();
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(publish("a", 1), PUBLISHED);
	assert_true(eventid_compare(hub.last, before.last) > 0);
	hub_leave(&hub, &cu);
}

/* Every allocation fails once, and the batch is whole or not there at all. */
static void
without_memory_nothing_is_published(void **state)
{
	static const size_t sizes[] = {1, 2, 5, 40};
	struct state before, after;
	unsigned long nth;
	size_t i;

	(void)state;
	assert_int_equal(publish("a", 3), PUBLISHED);
	for (i = 0; i < LENGTH(sizes); i++)
		for (nth = 1;; nth++) {
			hub_trim(&hub);
			before = now_is();
			allocation_fails(nth);
			(void)publish("a", sizes[i]);
			after = now_is();
			if (!allocation_failed())
				break;
			assert_int_equal(done.what.result, PUBLISH_NO_MEMORY);
			assert_memory_equal(&before, &after, sizeof(before));
			assert_true(STAILQ_EMPTY(&hub.touched));
		}
	assert_int_equal(done.what.result, PUBLISHED);
	assert_int_equal(after.held, 3 + 1 + 2 + 5 + 40);
}

/* One message, which may end the channel, with this key. */
static int
publish_keyed(const char *channel, const char *key, bool end)
{
	const struct sse_message m = {.data = "x", .len = 1};
	const char *const channels[] = {channel, "other"};
	const struct post post = {.channels = channels,
	    .channels_n = end ? 1 : 2,
	    .messages = &m,
	    .n = 1,
	    .end = end,
	    .key = key};

	memory.engine.publish(&memory.engine, &post, on_done, &done);
	return done.what.result;
}

static void
who_publishes_again_with_a_key_has_the_first_s_answer(void **state)
{
	struct eventid first;

	(void)state;
	assert_int_equal(publish_keyed("a", "k", false), PUBLISHED);
	assert_false(done.what.repeated);
	first = done.what.last;
	assert_int_equal(publish("a", 3), PUBLISHED);
	assert_int_equal(publish_keyed("a", "k", false), PUBLISHED);
	assert_true(done.what.repeated);
	assert_int_equal(eventid_compare(done.what.last, first), 0);
	assert_int_equal(done.what.events, 1);
	assert_int_equal(hub.held, 2 + 3);
	/* It belongs to the first channel. */
	assert_int_equal(publish_keyed("other-one", "k", false), PUBLISHED);
	assert_false(done.what.repeated);
	now += KEYS_AGE;
	assert_int_equal(publish_keyed("a", "k", false), PUBLISHED);
	assert_false(done.what.repeated);
	assert_true(eventid_compare(done.what.last, first) > 0);
}

/* And not 409. */
static void
end_may_be_said_again(void **state)
{
	struct eventid end;

	(void)state;
	assert_int_equal(publish_keyed("a", "k", true), PUBLISHED);
	end = done.what.last;
	assert_int_equal(publish_keyed("a", "k", true), PUBLISHED);
	assert_true(done.what.repeated);
	assert_int_equal(eventid_compare(done.what.last, end), 0);
	assert_int_equal(publish_keyed("a", "l", true), PUBLISH_ENDED);
}

static void
what_was_refused_has_used_up_no_key(void **state)
{
	unsigned long nth;

	(void)state;
	hub.set.channels_max = 0;
	assert_int_equal(publish_keyed("a", "k", false), PUBLISH_NO_CHANNEL);
	hub.set.channels_max = 10;
	assert_int_equal(memory.keys.n, 0);
	for (nth = 1;; nth++) {
		allocation_fails(nth);
		if (publish_keyed("a", "k", false) == PUBLISHED)
			break;
		assert_int_equal(done.what.result, PUBLISH_NO_MEMORY);
		assert_int_equal(memory.keys.n, 0);
	}
	assert_false(done.what.repeated);
	assert_in_range(nth, 5, 20);
	memory.keys.max = 1;
	assert_int_equal(publish_keyed("a", "l", false), PUBLISH_NO_ROOM);
	assert_string_equal(done.what.why, "there are too many keys");
	assert_int_equal(publish_keyed("a", "k", false), PUBLISHED);
	assert_true(done.what.repeated);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(hub_begins_with_an_id_that_no_event_has),
	    TEST(publication_tells_its_last_id_and_how_many_read_it),
	    TEST(events_are_held_in_order_with_their_ids),
	    TEST(ids_increase_while_the_clock_steps_back),
	    TEST(place_of_an_id_is_known_by_its_epoch_and_the_last),
	    TEST(it_is_ready_at_once_and_has_one_figure),
	    TEST(two_lives_have_two_epochs),
	    TEST(without_a_channel_nothing_is_published),
	    TEST(without_memory_nothing_is_published),
	    TEST(who_publishes_again_with_a_key_has_the_first_s_answer),
	    TEST(end_may_be_said_again),
	    TEST(what_was_refused_has_used_up_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
