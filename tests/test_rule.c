/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <math.h>

#include "channel/rule.h"

/* As the options have sorted them. */
static const struct channel_rule rules[] = {{.prefix = "run-big:", .age = 30},
    {.prefix = "run-", .age = 90, .bytes = 65536},
    {.prefix = "\303\244/", .history = 3}, {.prefix = "r", .age = 9}};

static const struct row {
	const char *name, *prefix; /* NULL: none */
} rows[] = {
    {"run-1", "run-"},
    {"run-", "run-"},
    {"run-big", "run-"},
    {"run-big:7", "run-big:"},
    {"run", "r"},
    {"r", "r"},
    {"Run-1", NULL},
    {"a", NULL},
    {"xrun-1", NULL},
    {"\303\244/b", "\303\244/"},
    {"\303\244", NULL},
};

static void
longest_beginning_of_the_name_counts(void **state)
{
	const struct row *row = *state;
	const struct channel_rule *rule =
	    rule_for(rules, LENGTH(rules), row->name);

	if (row->prefix == NULL)
		assert_null(rule);
	else
		assert_string_equal(rule->prefix, row->prefix);
}

static void
without_rules_there_is_none(void **state)
{
	(void)state;
	assert_null(rule_for(NULL, 0, "run-1"));
}

static void
longest_age_is_that_of_any_channel(void **state)
{
	const struct channel_rule without = {.prefix = "x", .age = INFINITY};

	(void)state;
	assert_true(rule_longest_age(rules, LENGTH(rules), 300) == 300);
	assert_true(rule_longest_age(rules, LENGTH(rules), 60) == 90);
	assert_true(rule_longest_age(rules, LENGTH(rules), 0) == 0);
	assert_true(rule_longest_age(NULL, 0, 300) == 300);
	assert_true(rule_longest_age(&without, 1, 300) == 0);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(without_rules_there_is_none),
	    cmocka_unit_test(longest_age_is_that_of_any_channel),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] = row_test(rows[i].name,
		    longest_beginning_of_the_name_counts, &rows[i]);
	memcpy(tests + i, others, sizeof(others));
	return _cmocka_run_group_tests("rule", tests, LENGTH(tests), NULL,
	    NULL);
}
