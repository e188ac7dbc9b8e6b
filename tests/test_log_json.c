/* SPDX-License-Identifier: ISC */
/*
 * The log as JSON, read by a parser that is not ours: the members are what the
 * line says, and whatever bytes are in it and however long they are, it is one
 * object in one line.
 */
#include "unit.h"

#include <math.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/log_json.h"
#include "jsonline.h"

static const struct timespec now = {1795795681, 7000001};

static char line[LOG_JSON_MAX + 1];

/* The line, parsed; nothing is behind its newline. */
__attribute__((format(printf, 2, 3))) static json_t *
parsed(const char *what, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	memset(line, 'x', sizeof(line));
	va_start(ap, fmt);
	n = log_json(line, &now, "warning", what, fmt, ap);
	va_end(ap);
	assert_in_range(n, 2, LOG_JSON_MAX);
	line[n] = '\0';
	assert_ptr_equal(strchr(line, '\n'), line + n - 1);
	return object_in(line, n);
}

static void
each_line_has_what_all_have(void **state)
{
	json_t *all = parsed("a_thing", "it is 100%% so");

	(void)state;
	assert_string_equal(string_in(all, "time"), "2026-11-27T16:08:01.007Z");
	assert_string_equal(string_in(all, "level"), "warning");
	assert_number(all, "pid", (double)getpid());
	assert_string_equal(string_in(all, "event"), "a_thing");
	assert_string_equal(string_in(all, "message"), "it is 100% so");
	assert_int_equal(json_object_size(all), 5);
	json_decref(all);
}

static void
each_conversion_is_a_member_of_its_type(void **state)
{
	json_t *all = parsed("thing text int unsigned long ulong ullong size "
			     "seconds ratio some - last",
	    "%s %d %u %ld %lu %llu %zu %.3f s %g %% %.*s %s %d", "a", -1, 2U,
	    -3L, 4UL, 5ULL, (size_t)6, 7.1239, 1e300, 2, "abc", "left out", 8);

	(void)state;
	assert_string_equal(string_in(all, "text"), "a");
	assert_number(all, "int", -1);
	assert_number(all, "unsigned", 2);
	assert_number(all, "long", -3);
	assert_number(all, "ulong", 4);
	assert_number(all, "ullong", 5);
	assert_number(all, "size", 6);
	assert_number(all, "seconds", 7.124);
	assert_number(all, "ratio", 1e300);
	assert_string_equal(string_in(all, "some"), "ab");
	assert_number(all, "last", 8);
	assert_string_equal(string_in(all, "message"),
	    "a -1 2 -3 4 5 6 7.124 s 1e+300 % ab left out 8");
	assert_int_equal(json_object_size(all), 5 + 11);
	json_decref(all);
}

static void
largest_numbers_are_exact(void **state)
{
	json_t *all = parsed("thing least most", "%lld %llu",
	    (long long)INT64_MIN, (unsigned long long)INT64_MAX);

	(void)state;
	assert_true(
	    json_integer_value(json_object_get(all, "least")) == INT64_MIN);
	assert_true(
	    json_integer_value(json_object_get(all, "most")) == INT64_MAX);
	json_decref(all);
}

static void
what_is_no_number_is_null(void **state)
{
	json_t *all = parsed("thing a b c", "%f %g %f", (double)NAN,
	    (double)-INFINITY, 1e40);

	(void)state;
	assert_true(json_is_null(json_object_get(all, "a")));
	assert_true(json_is_null(json_object_get(all, "b")));
	assert_true(json_is_null(json_object_get(all, "c"))); /* too long */
	json_decref(all);
}

/* What bytes are in JSON: themselves, or U+FFFD. */
static const struct row {
	const char *name, *bytes, *is;
} rows[] = {
    {"quotes_and_backslashes", "a\"b\\c\"", "a\"b\\c\""},
    {"control_characters",
	"\1\2\3\4\5\6\7\b\t\n\v\f\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33"
	"\34\35\36\37\177",
	"\1\2\3\4\5\6\7\b\t\n\v\f\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33"
	"\34\35\36\37\177"},
    {"utf8", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
	"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"a_byte_that_begins_nothing", "a\x80z\xffy",
	"a\xef\xbf\xbdz\xef\xbf\xbdy"},
    {"a_character_that_is_cut_off", "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"a_character_that_is_cut_by_a_quote", "\xe2\"", "\xef\xbf\xbd\""},
    {"a_longer_form_of_a_slash", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"a_surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"what_looks_like_another_member", "x\",\"level\":\"info",
	"x\",\"level\":\"info"},
    {"nothing", "", ""},
};

static void
is_escaped_like_this(void **state)
{
	const struct row *row = *state;
	json_t *all = parsed("thing value", "%s", row->bytes);

	assert_string_equal(string_in(all, "value"), row->is);
	assert_string_equal(string_in(all, "message"), row->is);
	json_decref(all);
}

/* Whoever has the file on a terminal has it obey nothing. */
static void
no_control_character_is_in_a_line(void **state)
{
	(void)state;
	json_decref(
	    parsed("thing value", "%s", "\x1b\x7f\xc2\x80\xc2\x9b\xc2\xa0"));
	assert_non_null(
	    strstr(line, "\"\\u001b\\u007f\\u0080\\u009b\xc2\xa0\""));
}

/* A member is cut, so that others have room, and the message at the end. */
static void
what_is_too_long_is_cut(void **state)
{
	static const char *const fills[] = {"x", "\n", "\"", "\xf0\x9f\x98\x80",
	    "\xff"};
	char long_one[20001];
	size_t i, n;
	json_t *all;

	(void)state;
	for (i = 0; i < LENGTH(fills); i++) {
		for (n = 0; n + strlen(fills[i]) < sizeof(long_one);)
			n += (size_t)sprintf(long_one + n, "%s", fills[i]);
		all = parsed("thing a b c d number", "%s %s %s %s %d", long_one,
		    long_one, long_one, long_one, 17);
		assert_in_range(strlen(string_in(all, "a")), 80, 511);
		assert_memory_equal(string_in(all, "d"), fills[i] + 0,
		    (unsigned char)*fills[i] == 0xff ? 0 : strlen(fills[i]));
		assert_number(all, "number", 17);
		assert_in_range(strlen(string_in(all, "message")), 100, 2000);
		json_decref(all);
	}
}

/* More than a line has room for: some members, and whole. */
static void
too_many_members_are_left_out(void **state)
{
	char s[1001];
	json_t *all;

	(void)state;
	memset(s, 'a', 1000);
	s[1000] = '\0';
	all = parsed("thing a b c d e f g h i", "%s%s%s%s%s%s%s%s%d", s, s, s,
	    s, s, s, s, s, 1);
	assert_non_null(json_object_get(all, "g"));
	assert_in_range(strlen(line), LOG_JSON_MAX - 100, LOG_JSON_MAX + 1);
	json_decref(all);
}

/* Any bytes at all, of any length. */
static void
whatever_is_in_it_it_is_one_object(void **state)
{
	uint64_t seed = 20261127;
	char bytes[3][1200];
	size_t i, k, n;

	(void)state;
	for (i = 0; i < 20000; i++) {
		for (k = 0; k < 3; k++) {
			seed = seed * UINT64_C(6364136223846793005) +
			       UINT64_C(1442695040888963407);
			n = (seed >> 33) % sizeof(bytes[k]);
			bytes[k][n] = '\0';
			while (n-- > 0) {
				seed = seed * UINT64_C(6364136223846793005) +
				       UINT64_C(1442695040888963407);
				bytes[k][n] = (char)(1 + (seed >> 40) % 255);
			}
		}
		json_decref(parsed("thing a b c", "%s|%s|%s", bytes[0],
		    bytes[1], bytes[2]));
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(each_line_has_what_all_have),
	    cmocka_unit_test(each_conversion_is_a_member_of_its_type),
	    cmocka_unit_test(largest_numbers_are_exact),
	    cmocka_unit_test(what_is_no_number_is_null),
	    cmocka_unit_test(no_control_character_is_in_a_line),
	    cmocka_unit_test(what_is_too_long_is_cut),
	    cmocka_unit_test(too_many_members_are_left_out),
	    cmocka_unit_test(whatever_is_in_it_it_is_one_object),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] =
		    row_test(rows[i].name, is_escaped_like_this, &rows[i]);
	memcpy(tests + LENGTH(rows), others, sizeof(others));
	return _cmocka_run_group_tests("log_json", tests, LENGTH(tests), NULL,
	    NULL);
}
