/* SPDX-License-Identifier: ISC */
/*
 * A channel's history against a plain list of ids, over many random steps.
 */
#include "unit.h"

#include "channel.h"

#define STEPS 200000
#define MODEL 4096

static struct entry *
new_entry(struct eventid id)
{
	struct entry *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	e->id = id;
	e->event = event_new("text", 4);
	assert_non_null(e->event);
	return e;
}

static void
append(struct channel *ch, uint64_t ms)
{
	assert_int_equal(channel_append(ch, new_entry((struct eventid){ms, 1})),
	    0);
}

static void
a_new_channel_has_lost_what_it_is_told(void **state)
{
	struct channel *ch = channel_new("news", (struct eventid){7, 1});

	(void)state;
	assert_string_equal(ch->name, "news");
	assert_int_equal(channel_held(ch), 0);
	assert_int_equal(ch->lost.ms, 7);
	assert_int_equal(channel_after(ch, (struct eventid){0, 0}), 0);
	channel_free(ch);
}

static void
what_is_dropped_is_lost_from_then_on(void **state)
{
	struct channel *ch = channel_new("news", (struct eventid){0, 0});

	(void)state;
	append(ch, 10);
	append(ch, 20);
	append(ch, 30);
	channel_drop(ch);
	assert_int_equal(channel_held(ch), 2);
	assert_int_equal(ch->lost.ms, 10);
	assert_int_equal(channel_entry(ch, ch->first)->id.ms, 20);
	channel_free(ch);
}

static void
an_entry_keeps_its_number(void **state)
{
	struct channel *ch = channel_new("news", (struct eventid){0, 0});
	uint64_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		append(ch, i + 1);
		if (i % 3 == 0)
			channel_drop(ch);
	}
	for (i = ch->first; i < ch->end; i++)
		assert_int_equal(channel_entry(ch, i)->id.ms, i + 1);
	channel_free(ch);
}

/* The event lives on with whoever has it still to write. */
static void
a_dropped_event_stays_for_those_who_hold_it(void **state)
{
	struct channel *ch = channel_new("news", (struct eventid){0, 0});
	struct event *held;

	(void)state;
	append(ch, 1);
	held = event_ref(channel_entry(ch, 0)->event);
	channel_drop(ch);
	assert_memory_equal(held->bytes, "text", 4);
	event_unref(held);
	channel_free(ch);
}

static void
the_next_one_after_any_id_is_found(void **state)
{
	static uint64_t model[STEPS];
	struct channel *ch = channel_new("news", (struct eventid){0, 0});
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
			channel_drop(ch);
			assert_int_equal(ch->lost.ms, model[first++]);
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
	channel_free(ch);
}

static void
names_are_of_few_characters(void **state)
{
	static const char *const bad[] = {"", " ", "a b", "a/b", "a%62", "\xc3",
	    "a\n", "a,b", "*", "a?"};
	char name[CHANNEL_NAME_MAX + 2];
	size_t i;

	(void)state;
	assert_true(channel_name_valid("A-z.0_9:x"));
	for (i = 0; i < LENGTH(bad); i++)
		assert_false(channel_name_valid(bad[i]));
	memset(name, 'x', sizeof(name));
	name[CHANNEL_NAME_MAX + 1] = '\0';
	assert_false(channel_name_valid(name));
	name[CHANNEL_NAME_MAX] = '\0';
	assert_true(channel_name_valid(name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_channel_has_lost_what_it_is_told),
	    cmocka_unit_test(what_is_dropped_is_lost_from_then_on),
	    cmocka_unit_test(an_entry_keeps_its_number),
	    cmocka_unit_test(a_dropped_event_stays_for_those_who_hold_it),
	    cmocka_unit_test(the_next_one_after_any_id_is_found),
	    cmocka_unit_test(names_are_of_few_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
