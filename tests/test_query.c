/* SPDX-License-Identifier: ISC */
/*
 * Query strings: a table of what goes in and the pairs that come out.
 */
#include "unit.h"

#include "base/query.h"

static const struct row {
	const char *text;
	const char *pairs; /* "name=value;" each; "!": the value is malformed */
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
    {"a=%", "a!"},
    {"a=%4", "a!"},
    {"a=%4&b=c", "a!b=c;"},
    {"a=%g1", "a!"},
    {"a=%1g", "a!"},
    {"%=b", ""},
    {"%00=b&c=d&%zz", "c=d;"},
    {"a=%00", "a!"},
    {"x=1&a=%00&y=2", "x=1;a!y=2;"},
};

static void
pairs_are_decoded_once(void **state)
{
	const struct row *row = *state;
	char *text = strdup(row->text), pairs[256] = "";
	struct query q;
	size_t n = 0;
	const char *value;

	assert_non_null(text);
	query_begin(&q, text);
	while (query_next(&q)) {
		value = query_value(&q);
		n += (size_t)snprintf(pairs + n, sizeof(pairs) - n,
		    value == NULL ? "%s!" : "%s=%s;", q.name, value);
	}
	assert_string_equal(pairs, row->pairs);
	free(text);
}

static void
no_query_is_an_empty_one(void **state)
{
	struct query q;

	(void)state;
	query_begin(&q, NULL);
	assert_false(query_next(&q));
}

static void
percent_alone_is_decoded_where_plus_is_one(void **state)
{
	static const struct {
		const char *text, *decoded; /* NULL: it is malformed */
	} all[] = {{"", ""}, {"a+b", "a+b"}, {"a%2Fb%2f%25", "a/b/%"},
	    {"%41=&;", "A=&;"}, {"%2541", "%41"}, {"%", NULL}, {"a%4", NULL},
	    {"%zz", NULL}, {"a%00", NULL}};
	char text[20];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		(void)strcpy(text, all[i].text);
		assert_int_equal(query_percent(text),
		    all[i].decoded == NULL ? -1 : 0);
		if (all[i].decoded != NULL)
			assert_string_equal(text, all[i].decoded);
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(no_query_is_an_empty_one),
	    cmocka_unit_test(percent_alone_is_decoded_where_plus_is_one),
	};
	struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] =
		    row_test(rows[i].text, pairs_are_decoded_once, &rows[i]);
	memcpy(tests + i, others, sizeof(others));
	return _cmocka_run_group_tests("query", tests, LENGTH(tests), NULL,
	    NULL);
}
