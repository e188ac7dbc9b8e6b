/* SPDX-License-Identifier: ISC */
/*
 * A channel's history against a plain list of ids, over many random steps.
 */
#include "unit.h"

#include "channel/channel.h"

#define STEPS 200000
#define MODEL 4096

static struct held *
new_entry(struct eventid id)
{
	struct held *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	e->id = id;
	e->event = event_new("text", 4);
	assert_non_null(e->event);
	return e;
}

static void
append(struct channel *ch, uint64_t ms)
{
	struct held *e = new_entry((struct eventid){ms, 1});

	assert_int_equal(channel_reserve(ch, 1), 0);
	channel_append(ch, e);
}

/* The oldest entry's id; the entry is gone. */
static uint64_t
drop(struct channel *ch)
{
	struct held *e = channel_drop(ch);
	uint64_t ms = e->id.ms;

	event_unref(e->event);
	free(e);
	return ms;
}

static void
free_all(struct channel *ch)
{
	while (channel_held(ch) > 0)
		(void)drop(ch);
	channel_free(ch);
}

static void
a_new_channel_has_lost_what_it_is_told(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{7, 1}, LOSS_OVERFLOW});

	(void)state;
	assert_string_equal(ch->name, "news");
	assert_int_equal(channel_held(ch), 0);
	assert_int_equal(ch->lost.upto.ms, 7);
	assert_int_equal(channel_after(ch, (struct eventid){0, 0}), 0);
	free_all(ch);
}

static void
what_is_dropped_is_lost_from_then_on(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});

	(void)state;
	append(ch, 10);
	append(ch, 20);
	append(ch, 30);
	assert_int_equal(drop(ch), 10);
	assert_int_equal(channel_held(ch), 2);
	assert_int_equal(ch->lost.upto.ms, 10);
	assert_int_equal(channel_entry(ch, ch->first)->id.ms, 20);
	free_all(ch);
}

static void
an_entry_keeps_its_number(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	uint64_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		append(ch, i + 1);
		if (i % 3 == 0)
			(void)drop(ch);
	}
	for (i = ch->first; i < ch->end; i++)
		assert_int_equal(channel_entry(ch, i)->id.ms, i + 1);
	free_all(ch);
}

/* The event lives on with whoever has it still to write. */
static void
a_dropped_event_stays_for_those_who_hold_it(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	struct event *held;

	(void)state;
	append(ch, 1);
	held = event_ref(channel_entry(ch, 0)->event);
	(void)drop(ch);
	assert_memory_equal(held->bytes, "text", 4);
	event_unref(held);
	free_all(ch);
}

/* Room may be made for many at once, wherever the ring begins. */
static void
reserved_room_is_there_for_so_many(void **state)
{
	struct channel *ch;
	uint64_t ms, n, i;

	(void)state;
	for (n = 1; n < 40; n++) {
		ch = channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
		for (ms = 1; ms <= 10; ms++)
			append(ch, ms);
		for (i = 0; i < n % 11; i++)
			(void)drop(ch);
		assert_int_equal(channel_reserve(ch, n), 0);
		for (i = 0; i < n; i++, ms++)
			channel_append(ch, new_entry((struct eventid){ms, 1}));
		assert_int_equal(channel_held(ch), 10 - n % 11 + n);
		for (i = ch->first; i < ch->end; i++)
			assert_int_equal(channel_entry(ch, i)->id.ms, i + 1);
		free_all(ch);
	}
}

static void
reserved_room_stays_until_it_is_given_up(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	uint64_t ms = 0;

	(void)state;
	append(ch, ++ms);
	assert_int_equal(channel_reserve(ch, 30), 0);
	assert_int_equal(channel_reserve(ch, 30), 0);
	assert_int_equal(ch->size, 64);
	(void)drop(ch);
	assert_int_equal(ch->size, 64);
	while (ms < 31)
		channel_append(ch, new_entry((struct eventid){++ms, 1}));
	while (channel_held(ch) > 0)
		(void)drop(ch);
	assert_int_equal(ch->reserved, 30);
	channel_append(ch, new_entry((struct eventid){++ms, 1}));
	channel_give_up(ch, 28);
	assert_int_equal(ch->size, 4);
	assert_int_equal(channel_entry(ch, 31)->id.ms, 32);
	(void)drop(ch);
	assert_int_equal(ch->size, 4);
	channel_give_up(ch, 1);
	assert_null(ch->ring);
	free_all(ch);
}

static void
an_empty_channel_has_no_ring(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});

	(void)state;
	append(ch, 1);
	assert_non_null(ch->ring);
	(void)drop(ch);
	assert_null(ch->ring);
	append(ch, 2);
	assert_int_equal(channel_after(ch, (struct eventid){1, 1}), 1);
	assert_int_equal(channel_after(ch, (struct eventid){2, 1}), 2);
	free_all(ch);
}

static void
readers_join_and_leave_in_any_order(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	struct subscriber *reader = (struct subscriber *)(void *)ch;
	struct cursor cu[3];

	(void)state;
	channel_join(ch, &cu[0], reader);
	channel_join(ch, &cu[1], NULL);
	channel_join(ch, &cu[2], NULL);
	assert_int_equal(ch->reading, 3);
	assert_ptr_equal(cu[0].channel, ch);
	assert_ptr_equal(cu[0].reader, reader);
	channel_leave(&cu[1]);
	assert_ptr_equal(TAILQ_FIRST(&ch->readers), &cu[0]);
	assert_ptr_equal(TAILQ_NEXT(&cu[0], link), &cu[2]);
	channel_leave(&cu[0]);
	channel_leave(&cu[2]);
	assert_int_equal(ch->reading, 0);
	assert_true(TAILQ_EMPTY(&ch->readers));
	free_all(ch);
}

static void
the_next_one_after_any_id_is_found(void **state)
{
	static uint64_t model[STEPS];
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	size_t first = 0, end = 0, want;
	uint64_t ms = 0, at;
	int i;

	(void)state;
	srandom(3);
	for (i = 0; i < STEPS; i++) {
		if (end - first < MODEL && random() % 5 < 3) {
			ms += 1 + (uint64_t)(random() % 3);
			append(ch, ms);
			model[end++] = ms;
		} else if (end > first && random() % 2 == 0) {
			assert_int_equal(drop(ch), model[first]);
			assert_int_equal(ch->lost.upto.ms, model[first++]);
		}
		at = (uint64_t)random() % (ms + 3);
		for (want = end; want > first && model[want - 1] > at; want--)
			if (end - want > 40)
				break; /* far enough to look by hand */
		if (want == first || model[want - 1] <= at)
			assert_int_equal(channel_after(ch,
					     (struct eventid){at, 1}),
			    want);
		assert_int_equal(channel_held(ch), end - first);
	}
	free_all(ch);
}

static void
a_ring_is_no_larger_than_its_history_for_long(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	uint64_t i;

	(void)state;
	for (i = 1; i <= 1000; i++)
		append(ch, i);
	assert_int_equal(ch->size, 1024);
	for (i = 1; i <= 999; i++) {
		assert_int_equal(drop(ch), i);
		assert_int_equal(channel_entry(ch, ch->first)->id.ms, i + 1);
		assert_int_equal(channel_entry(ch, ch->end - 1)->id.ms, 1000);
	}
	assert_in_range(ch->size, 1, 8);
	free_all(ch);
}

static void
a_channel_ends_once(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});

	(void)state;
	append(ch, 1);
	assert_false(channel_has_ended(ch));
	channel_end(ch, (struct eventid){2, 0}, -3);
	channel_end(ch, (struct eventid){4, 0}, 5);
	assert_true(channel_has_ended(ch));
	assert_int_equal(ch->ended.ms, 2);
	assert_true(ch->ended_time == -3);
	free_all(ch);
	ch = channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	channel_end(ch, (struct eventid){0, 5}, 0); /* anybody's id */
	assert_true(channel_has_ended(ch));
	free_all(ch);
}

/* Nothing else is counted as what may be dropped. */
static void
what_came_behind_what_was_served_is_unread(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	static const size_t spare[] = {0, 1, 3, 6, 10, 15, 15};
	struct held *e;
	uint64_t upto, ms;

	(void)state;
	for (ms = 1; ms <= 5; ms++) {
		e = new_entry((struct eventid){ms, 1});
		e->cost = ms;
		assert_int_equal(channel_reserve(ch, 1), 0);
		channel_append(ch, e);
	}
	assert_int_equal(channel_spare(ch), 0);
	for (upto = 0; upto < LENGTH(spare); upto++) {
		channel_served(ch, (struct eventid){upto, 1});
		assert_int_equal(channel_spare(ch), spare[upto]);
	}
	free_all(ch);
}

/* The numbers go on: nobody takes one of them for another. */
static void
what_is_handed_over_is_lost_as_deleted(void **state)
{
	struct channel *ch =
	    channel_new("news", (struct loss){{0, 0}, LOSS_OVERFLOW});
	struct channel *other = channel_new("news", (struct loss){{0, 0}, 0});
	uint64_t ms;

	(void)state;
	channel_hand_over(ch, other);
	assert_int_equal(ch->lost.reason, LOSS_OVERFLOW);
	for (ms = 1; ms <= 10; ms++)
		append(ch, ms);
	(void)drop(ch);
	assert_int_equal(channel_lose(ch, (struct loss){{20, 0}, LOSS_SOURCE}),
	    0);
	ch->bytes = 9;
	ch->unread = 3;
	ch->snapshot = 5;
	channel_hand_over(ch, other);
	assert_int_equal(channel_held(ch), 0);
	assert_int_equal(ch->bytes + ch->unread + ch->size, 0);
	assert_null(channel_snapshot(ch));
	assert_int_equal(ch->lost.upto.ms, 20);
	assert_int_equal(ch->lost.reason, LOSS_DELETED);
	assert_null(channel_lost(ch, (struct eventid){20, 0}));
	assert_int_equal(channel_held(other), 9);
	assert_int_equal(channel_entry(other, 1)->id.ms, 2);
	assert_int_equal(other->unread, 3);
	assert_int_equal(channel_spare(other), 6);
	append(ch, 21);
	assert_int_equal(channel_entry(ch, 10)->id.ms, 21);
	free_all(ch);
	free_all(other);
}

static void
names_are_what_people_have(void **state)
{
	static const char *const good[] = {"x", "A-z.0_9:x", "a/b", "a%62",
	    "a,b", "*", "a?", "https://example.org/news/{id}?q=\"x\\y\"",
	    "private-App.User.1",
	    ("Gr\xc3\xbc\xc3\x9f"
	     "e"),
	    "\xe2\x82\xac", "\xf0\x9f\x8e\x89", "\xc2\xa0", "\xc3\x80"};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(good); i++)
		assert_true(channel_name_valid(good[i]));
}

static void
names_are_neither_control_characters_nor_spaces(void **state)
{
	static const char *const bad[] = {"", " ", "a b", "a ", " a", "a\n",
	    "\x01", "a\x1f", "a\x7f", "a\xc2\x80", "\xc2\x9f-b", "\xc3", "\xff",
	    "\xc0\xaf", "\xed\xa0\x80", "a\xe2\x82"};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++)
		assert_false(channel_name_valid(bad[i]));
}

static void
names_are_of_so_many_bytes(void **state)
{
	char name[CHANNEL_NAME_MAX + 2];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[CHANNEL_NAME_MAX + 1] = '\0';
	assert_false(channel_name_valid(name));
	name[CHANNEL_NAME_MAX] = '\0';
	assert_true(channel_name_valid(name));
	memcpy(name + CHANNEL_NAME_MAX - 2, "\xc3\xbc", 2);
	assert_true(channel_name_valid(name));
	memcpy(name + CHANNEL_NAME_MAX - 2, "x\xc3", 2);
	assert_false(channel_name_valid(name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_channel_has_lost_what_it_is_told),
	    cmocka_unit_test(what_is_dropped_is_lost_from_then_on),
	    cmocka_unit_test(an_entry_keeps_its_number),
	    cmocka_unit_test(a_dropped_event_stays_for_those_who_hold_it),
	    cmocka_unit_test(reserved_room_is_there_for_so_many),
	    cmocka_unit_test(reserved_room_stays_until_it_is_given_up),
	    cmocka_unit_test(an_empty_channel_has_no_ring),
	    cmocka_unit_test(readers_join_and_leave_in_any_order),
	    cmocka_unit_test(the_next_one_after_any_id_is_found),
	    cmocka_unit_test(a_ring_is_no_larger_than_its_history_for_long),
	    cmocka_unit_test(a_channel_ends_once),
	    cmocka_unit_test(what_came_behind_what_was_served_is_unread),
	    cmocka_unit_test(what_is_handed_over_is_lost_as_deleted),
	    cmocka_unit_test(names_are_what_people_have),
	    cmocka_unit_test(names_are_neither_control_characters_nor_spaces),
	    cmocka_unit_test(names_are_of_so_many_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
