/* SPDX-License-Identifier: ISC */
/*
 * Query strings: a table of what goes in and the pairs that come out.
 */
#include "unit.h"

#include "query.h"

static const struct row {
	const char *text;
	const char *pairs; /* "name=value;" each; "!" where it is malformed */
} rows[] = {
    {"", ""},
    {"a=b", "a=b;"},
    {"a=b&c=d", "a=b;c=d;"},
    {"a=1&a=2&a=1", "a=1;a=2;a=1;"},
    {"a", "a=;"},
    {"a=", "a=;"},
    {"=b", "=b;"},
    {"=", "=;"},
    {"&&a=b&&c=d&", "a=b;c=d;"},
    {"a&b&c&d&e", "a=;b=;c=;d=;e=;"},
    {"=&=&=&=", "=;=;=;=;"},
    {"a=b=c", "a=b=c;"},
    {"a+b=c+d", "a b=c d;"},
    {"a%20b=%41%2b%2B", "a b=A++;"},
    {"%61=%3d%26", "a==&;"},
    {"a=%2541", "a=%41;"}, /* once, not twice */
    {"a=%c3%a4", "a=\xc3\xa4;"},
    {"a=\xff", "a=\xff;"},
    {"a=%0a%0d", "a=\n\r;"},
    {"a=%", "!"},
    {"a=%4", "!"},
    {"a=%4&b=c", "!"},
    {"a=%g1", "!"},
    {"a=%1g", "!"},
    {"%=b", "!"},
    {"a=%00", "!"},
    {"x=1&a=%00", "x=1;!"},
};

static void
pairs_are_decoded_once(void **state)
{
	const struct row *row = *state;
	char *text = strdup(row->text), pairs[256] = "";
	struct query q;
	size_t n = 0;
	int more;

	assert_non_null(text);
	query_begin(&q, text);
	while ((more = query_next(&q)) == 1)
		n += (size_t)snprintf(pairs + n, sizeof(pairs) - n, "%s=%s;",
		    q.name, q.value);
	if (more == -1)
		(void)snprintf(pairs + n, sizeof(pairs) - n, "!");
	assert_string_equal(pairs, row->pairs);
	free(text);
}

static void
no_query_is_an_empty_one(void **state)
{
	struct query q;

	(void)state;
	query_begin(&q, NULL);
	assert_int_equal(query_next(&q), 0);
}

int
main(void)
{
	struct CMUnitTest tests[LENGTH(rows) + 1];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] = (struct CMUnitTest){.name = rows[i].text,
		    .test_func = pairs_are_decoded_once,
		    .initial_state = (void *)(uintptr_t)&rows[i]};
	tests[i] =
	    (struct CMUnitTest)cmocka_unit_test(no_query_is_an_empty_one);
	return _cmocka_run_group_tests("query", tests, LENGTH(tests), NULL,
	    NULL);
}
