/* SPDX-License-Identifier: ISC */
/*
 * The store: what is kept and what is latest, through all that is done to it.
 */
#include "unit.h"

#include "base/buffer.h"

static void
add(struct buffer **s, const char *text)
{
	assert_int_equal(buffer_add(s, (const uint8_t *)text, strlen(text)), 0);
}

static void
assert_latest(const struct buffer *s, const char *text)
{
	size_t len;
	const uint8_t *latest = buffer_latest(s, &len);

	assert_int_equal(len, strlen(text));
	assert_memory_equal(latest, text, len);
}

static void
pieces_become_one_run(void **state)
{
	struct buffer *s = NULL;

	(void)state;
	assert_latest(s, "");
	add(&s, "one ");
	add(&s, "two");
	assert_latest(s, "one two");
	buffer_free(&s);
	assert_null(s);
}

static void
what_is_kept_is_not_latest(void **state)
{
	struct buffer *s = NULL;

	(void)state;
	add(&s, "kept");
	buffer_keep(s);
	assert_latest(s, "");
	add(&s, "latest");
	assert_latest(s, "latest");
	assert_int_equal(s->kept, 4);
	assert_memory_equal(s->bytes, "keptlatest", 10);
	buffer_free(&s);
}

static void
forgetting_leaves_what_is_kept(void **state)
{
	struct buffer *s = NULL;

	(void)state;
	add(&s, "kept");
	buffer_keep(s);
	add(&s, "latest");
	buffer_forget(&s);
	assert_int_equal(s->len, 4);
	assert_latest(s, "");
	buffer_give_up(&s);
	assert_null(s);
	buffer_forget(&s);
	buffer_give_up(&s);
}

static void
giving_up_leaves_what_is_latest(void **state)
{
	struct buffer *s = NULL;

	(void)state;
	add(&s, "kept");
	buffer_keep(s);
	add(&s, "latest");
	buffer_give_up(&s);
	assert_int_equal(s->kept, 0);
	assert_latest(s, "latest");
	buffer_forget(&s);
	assert_null(s);
}

static void
room_that_is_not_used_is_given_back(void **state)
{
	static const uint8_t much[100000];
	struct buffer *s = NULL;

	(void)state;
	buffer_shrink(&s);
	assert_null(s);
	assert_int_equal(buffer_add(&s, much, sizeof(much)), 0);
	buffer_shrink(&s);
	assert_true(s->cap >= sizeof(much));
	buffer_keep(s);
	add(&s, "latest");
	buffer_give_up(&s);
	assert_true(s->cap >= sizeof(much));
	buffer_shrink(&s);
	assert_in_range(s->cap, 6, 2048);
	assert_latest(s, "latest");
	add(&s, " and more");
	assert_latest(s, "latest and more");
	buffer_free(&s);
}

static void
a_million_single_bytes_stay_in_order(void **state)
{
	struct buffer *s = NULL;
	uint8_t byte;
	int i;

	(void)state;
	for (i = 0; i < 1000000; i++) {
		byte = (uint8_t)(i % 251);
		assert_int_equal(buffer_add(&s, &byte, 1), 0);
	}
	assert_true(s->cap <= 2 * s->len);
	for (i = 0; i < 1000000; i++)
		assert_int_equal(s->bytes[i], i % 251);
	buffer_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pieces_become_one_run),
	    cmocka_unit_test(what_is_kept_is_not_latest),
	    cmocka_unit_test(forgetting_leaves_what_is_kept),
	    cmocka_unit_test(giving_up_leaves_what_is_latest),
	    cmocka_unit_test(room_that_is_not_used_is_given_back),
	    cmocka_unit_test(a_million_single_bytes_stay_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
