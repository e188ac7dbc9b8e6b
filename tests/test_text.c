/* SPDX-License-Identifier: ISC */
/*
 * Text that grows: it is whole, or it says that it is not.
 */
#include "unit.h"

#include <errno.h>

#include "base/text.h"

/* How many more times realloc() works; -1: always. */
static int reallocs = -1;

void *__real_realloc(void *, size_t);
void *__wrap_realloc(void *, size_t);

void *
__wrap_realloc(void *p, size_t size)
{
	if (reallocs == 0) {
		errno = ENOMEM;
		return NULL;
	}
	if (reallocs > 0)
		reallocs--;
	return __real_realloc(p, size);
}

static void
nothing_added_is_nothing_to_free(void **state)
{
	struct text t = {0};

	(void)state;
	text_free(&t);
	assert_int_equal(t.len, 0);
	assert_false(t.failed);
}

static void
what_is_added_stands_behind_what_was(void **state)
{
	struct text t = {0};

	(void)state;
	text_add(&t, "%s=%d", "a", 1);
	text_add(&t, "%s", "");
	text_add(&t, "&%s", "b");
	assert_string_equal(t.bytes, "a=1&b");
	assert_int_equal(t.len, 5);
	text_free(&t);
	assert_null(t.bytes);
	assert_int_equal(t.len, 0);
}

/* About the sizes at which it grows, each to the byte. */
static void
any_length_is_whole(void **state)
{
	char piece[9000];
	struct text t;
	int first, second;

	(void)state;
	memset(piece, 'x', sizeof(piece));
	for (first = 4080; first < 8200; first += first == 4100 ? 4085 : 1)
		for (second = 0; second < 20; second++) {
			t = (struct text){0};
			text_add(&t, "%.*s", first, piece);
			text_add(&t, "%.*s", second, piece);
			assert_int_equal(t.len, first + second);
			assert_int_equal(strlen(t.bytes), first + second);
			assert_true(t.len < t.cap);
			text_free(&t);
		}
}

static void
many_pieces_are_whole(void **state)
{
	struct text t = {0};
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		text_add(&t, "%05d;", i);
	assert_false(t.failed);
	assert_int_equal(t.len, 600000);
	for (i = 0; i < 100000; i++)
		assert_int_equal(strtol(t.bytes + 6L * i, NULL, 10), i);
	text_free(&t);
}

static void
without_memory_it_says_so_and_stays_as_it_was(void **state)
{
	struct text t = {0};

	(void)state;
	reallocs = 0;
	text_add(&t, "a");
	assert_true(t.failed);
	assert_int_equal(t.len, 0);
	text_free(&t);
	reallocs = 1;
	text_add(&t, "abc");
	text_add(&t, "%*s", 5000, "");
	reallocs = -1;
	assert_true(t.failed);
	assert_string_equal(t.bytes, "abc");
	text_add(&t, "d"); /* a hole in it would be worse */
	assert_true(t.failed);
	assert_string_equal(t.bytes, "abc");
	text_free(&t);
	assert_false(t.failed);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_added_is_nothing_to_free),
	    cmocka_unit_test(what_is_added_stands_behind_what_was),
	    cmocka_unit_test(any_length_is_whole),
	    cmocka_unit_test(many_pieces_are_whole),
	    cmocka_unit_test(without_memory_it_says_so_and_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
