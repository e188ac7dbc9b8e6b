/* SPDX-License-Identifier: ISC */
/*
 * Names between the quotes of a JSON string.
 */
#include "unit.h"

#include "base/json.h"

static void
quotes_and_backslashes_are_escaped_and_nothing_else(void **state)
{
	static const struct {
		const char *text, *escaped;
	} all[] = {{"", ""}, {"a", "a"}, {"\"", "\\\""}, {"\\", "\\\\"},
	    {"\\\"\\", "\\\\\\\"\\\\"}, {"https://a.example/b?c=%20@d", NULL},
	    {"caf\xc3\xa9/\xf0\x9f\x98\x80", NULL}, {"\\u0041", "\\\\u0041"}};
	char buf[JSON_SIZE(40)];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		assert_ptr_equal(json_escape(buf, all[i].text), buf);
		assert_string_equal(buf,
		    all[i].escaped == NULL ? all[i].text : all[i].escaped);
	}
}

static void
room_is_enough_for_nothing_but_quotes(void **state)
{
	char text[256], buf[JSON_SIZE(255)];

	(void)state;
	memset(text, '"', 255);
	text[255] = '\0';
	assert_int_equal(strlen(json_escape(buf, text)), sizeof(buf) - 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		quotes_and_backslashes_are_escaped_and_nothing_else),
	    cmocka_unit_test(room_is_enough_for_nothing_but_quotes),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
