/* SPDX-License-Identifier: ISC */
/*
 * How many streams all processes have, by what they tell each other in a hash,
 * in which anything may stand.
 */
#include "fake_link.h"

#include <stdarg.h>

#include "base/log.h"
#include "engine/census.h"

#define OTHER "0123456789abcdef0123456789abcdef"
#define THIRD "ffffffffffffffffffffffffffffffff"

static struct census census;
static size_t streams;
static unsigned warned;

void
log_warn(const char *what, const char *fmt, ...)
{
	(void)what;
	(void)fmt;
	warned++;
}

static int
set_up(void **state)
{
	(void)state;
	now = 100;
	streams = 7;
	warned = 0;
	fake_up();
	if (census_init(&census, &fake, "sse", &streams) == -1)
		return -1;
	census_up(&census);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	census_free(&census);
	fake_end();
	return 0;
}

static void
reply(const char *bytes)
{
	int tag;
	struct resp_value *v = reply_of(bytes, strlen(bytes), &tag);

	assert_true(tag >= CENSUS_TAG);
	census_reply(&census, tag, v);
	resp_value_free(v);
}

/* Until the next beat: what others have is asked. */
static void
beat(void)
{
	unsigned n;

	for (n = 0; *oldest() == '\0'; n++) {
		assert_in_range(n, 0, 6);
		now += 1;
		census_second(&census);
	}
	assert_memory_equal(oldest(), "HSET {sse}:streams ", 19);
	reply(":0\r\n");
	assert_string_equal(oldest(), "EXPIRE {sse}:streams 3600");
	reply(":1\r\n");
	assert_string_equal(oldest(), "HGETALL {sse}:streams");
}

/* One round in which these pairs stand there, as name and value. */
static void
stands(size_t n, const char *const text[])
{
	char bytes[4000];
	size_t len, i;

	beat();
	len = (size_t)snprintf(bytes, sizeof(bytes), "*%zu\r\n", n);
	for (i = 0; i < n; i++)
		len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
		    "$%zu\r\n%s\r\n", strlen(text[i]), text[i]);
	reply(bytes);
}

static void
each_tells_its_streams_with_a_beat(void **state)
{
	char wanted[100];

	(void)state;
	assert_int_equal(census_streams(&census), 7);
	census_second(&census);
	assert_int_equal(strlen(census.name), 32);
	(void)snprintf(wanted, sizeof(wanted), "HSET {sse}:streams %s 1 7",
	    census.name);
	assert_string_equal(oldest(), wanted);
	beat();
	reply("*0\r\n");
	streams = 9;
	stands(0, NULL);
	(void)snprintf(wanted, sizeof(wanted), "HSET {sse}:streams %s 2 9",
	    census.name);
	assert_string_equal(sent(2), wanted);
	assert_int_equal(census_streams(&census), 9);
}

static void
streams_of_all_are_counted(void **state)
{
	const char *const pairs[] = {OTHER, "1 10", census.name, "5 500", THIRD,
	    "9 0000100"};

	(void)state;
	stands(6, pairs);
	assert_int_equal(census_streams(&census), 7 + 10 + 100);
	streams = 1;
	assert_int_equal(census_streams(&census), 111);
	stands(2, pairs); /* the third has said that it has gone */
	assert_int_equal(census_streams(&census), 11);
	assert_int_equal(census.n, 1);
	assert_int_equal(warned, 0);
}

static void
whose_beat_stands_still_has_gone(void **state)
{
	char value[20];
	const char *pairs[] = {OTHER, "1 10", THIRD, value};
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		(void)snprintf(value, sizeof(value), "%u 100", i);
		stands(4, pairs);
		assert_int_equal(census_streams(&census), 117);
		assert_string_equal(oldest(), "");
	}
	now += 10;
	(void)snprintf(value, sizeof(value), "%u 100", i++);
	stands(4, pairs);
	assert_int_equal(census_streams(&census), 107);
	assert_string_equal(oldest(), "HDEL {sse}:streams " OTHER);
	reply("-NOPERM hdel\r\n"); /* then it stays, and counts no more */
	now += 1;
	(void)snprintf(value, sizeof(value), "%u 100", i++);
	stands(4, pairs);
	assert_int_equal(census_streams(&census), 107);
	reply(":1\r\n");
	pairs[1] = "2 20"; /* it was only slow */
	(void)snprintf(value, sizeof(value), "%u 100", i++);
	stands(4, pairs);
	assert_int_equal(census_streams(&census), 127);
	assert_string_equal(oldest(), "");
}

/* When Redis was away no beat could change. */
static void
while_it_is_away_nobody_goes(void **state)
{
	const char *const pairs[] = {OTHER, "1 10"};

	(void)state;
	stands(2, pairs);
	fake_down("away");
	census_down(&census, false);
	now += CENSUS_GONE;
	assert_int_equal(census_streams(&census), 17);
	now += 20;
	assert_int_equal(census_streams(&census), 7); /* nothing is known */
	fake_up();
	census_up(&census);
	stands(2, pairs);
	assert_int_equal(census_streams(&census), 17);
	assert_string_equal(oldest(), "");
}

static const struct row {
	const char *name, *field, *value;
} rows[] = {
    {"no_number", OTHER, ""},
    {"one_number", OTHER, "1"},
    {"one_number_and_a_space", OTHER, "1 "},
    {"three_numbers", OTHER, "1 2 3"},
    {"two_spaces", OTHER, "1  2"},
    {"negative", OTHER, "1 -2"},
    {"signed", OTHER, "+1 2"},
    {"too_large", OTHER, "1 10000001"},
    {"far_too_large", OTHER, "1 99999999999999999999999"},
    {"beat_too_large", OTHER, "9999999999999999 1"},
    {"hexadecimal", OTHER, "0x1 1"},
    {"fraction", OTHER, "1 1.5"},
    {"behind_it", OTHER, "1 1\n"},
    {"name_too_short", "0123", "1 1"},
    {"name_too_long", OTHER "0", "1 1"},
    {"name_in_capitals", "0123456789ABCDEF0123456789ABCDEF", "1 1"},
    {"name_with_spaces", "0123456789abcdef 123456789abcdef", "1 1"},
    {"name_empty", "", "1 1"},
};

static void
counts_nothing(void **state)
{
	const struct row *row = *state;
	const char *const pairs[] = {row->field, row->value, THIRD, "1 100"};

	assert_int_equal(set_up(NULL), 0);
	stands(4, pairs);
	assert_int_equal(census_streams(&census), 107);
	assert_int_equal(census.n, 1);
	(void)tear_down(NULL);
}

static void
any_shape_does_no_harm(void **state)
{
	static const char *const shapes[] = {"*1\r\n$1\r\na\r\n",
	    "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n", "*-1\r\n", "$-1\r\n",
	    "+OK\r\n", ":5\r\n", "$3\r\nabc\r\n", "*2\r\n*0\r\n*0\r\n",
	    "*2\r\n:1\r\n:2\r\n", "*2\r\n$32\r\n" OTHER "\r\n:7\r\n",
	    "*2\r\n$-1\r\n$-1\r\n", "*1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"};
	const char *const pairs[] = {THIRD, "1 100"};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(shapes); i++) {
		beat();
		reply(shapes[i]);
		assert_int_equal(census.n, 0);
		stands(2, pairs); /* nothing of it is left */
		assert_int_equal(census_streams(&census), 107);
		stands(0, NULL);
	}
}

static void
what_is_refused_is_told_once(void **state)
{
	const char *const pairs[] = {THIRD, "1 100"};
	unsigned i;

	(void)state;
	census_second(&census);
	for (i = 0; i < 3; i++) {
		while (*oldest() == '\0') {
			now += 1;
			census_second(&census);
		}
		while (*oldest() != '\0')
			reply("-WRONGTYPE x\r\n");
		assert_int_equal(warned, 1);
	}
	stands(2, pairs);
	assert_int_equal(census_streams(&census), 107);
}

/* A reply of this many pairs comes piece by piece, and never is here whole. */
static void
feed_pairs(unsigned n)
{
	struct resp_value *v = NULL;
	char bytes[200];
	size_t len, most = 0;
	unsigned i;

	len = (size_t)snprintf(bytes, sizeof(bytes), "*%u\r\n", 2 * n);
	assert_int_equal(resp_feed(&fake.resp, bytes, len), RESP_MORE);
	for (i = 0; i < n; i++) {
		len = (size_t)snprintf(bytes, sizeof(bytes),
		    "$32\r\n%032x\r\n$3\r\n1 1\r\n", i);
		assert_int_equal(resp_feed(&fake.resp, bytes, len), RESP_MORE);
		if (resp_next(&fake.resp, &v) == RESP_WHOLE)
			break;
		assert_non_null(fake.resp.root);
		census_part(&census, line.sent[line.replied].tag,
		    fake.resp.root);
		if (fake.resp.bytes > most)
			most = fake.resp.bytes;
	}
	assert_non_null(v);
	assert_in_range(most, 0, 1000);
	census_reply(&census, line.sent[line.replied++].tag, v);
	resp_value_free(v);
}

static void
a_large_answer_is_never_here_as_a_whole(void **state)
{
	(void)state;
	beat();
	feed_pairs(20000);
	assert_int_equal(census_streams(&census), 7 + CENSUS_OTHERS);
	assert_int_equal(census.n, CENSUS_OTHERS);
	stands(0, NULL);
	assert_int_equal(census.n, 0);
	beat();
	feed_pairs(300);
	now += CENSUS_GONE + 1;
	beat();
	feed_pairs(300); /* so many are not deleted at a time */
	assert_int_equal(census_streams(&census), 7);
	assert_memory_equal(oldest(), "HDEL {sse}:streams ", 19);
	reply(":64\r\n");
	assert_string_equal(oldest(), "");
}

static void
what_is_too_large_is_left_alone_for_an_hour(void **state)
{
	size_t n;

	(void)state;
	beat();
	census_down(&census, true);
	assert_int_equal(warned, 1);
	fake_up();
	census_up(&census);
	n = line.n;
	now += CENSUS_REST - 1;
	census_second(&census);
	assert_int_equal(line.n, n);
	now += 2;
	beat();
	census_down(&census, false);
	census_down(&census, true); /* that was another's */
	assert_int_equal(warned, 1);
}

static void
half_an_answer_is_none(void **state)
{
	static const char half[] = "*4\r\n$32\r\n" OTHER "\r\n";
	const char *const pairs[] = {THIRD, "1 100"};
	struct resp_value *v;

	(void)state;
	beat();
	assert_int_equal(resp_feed(&fake.resp, half, sizeof(half) - 1),
	    RESP_MORE);
	assert_int_equal(resp_next(&fake.resp, &v), RESP_MORE);
	census_part(&census, line.sent[line.replied].tag, fake.resp.root);
	census_down(&census, false);
	fake_up();
	census_up(&census);
	stands(2, pairs);
	assert_int_equal(census_streams(&census), 107);
}

/* Where in a cluster the key is, its hash is too. */
static const struct key_row {
	const char *name, *key, *hash;
} key_rows[] = {
    {"key_plain", "sse", "{sse}:streams"},
    {"key_with_a_tag", "{app}:sse", "{app}:sse:streams"},
    {"key_with_a_tag_inside", "a{b}c", "a{b}c:streams"},
    {"key_with_an_open_brace", "a{b", "{a{b}:streams"},
    {"key_with_a_closed_brace", "a}b", ""},
    {"key_with_nothing_in_braces", "{}a", ""},
    {"key_with_two_tags", "{a}{b}", "{a}{b}:streams"},
};

static void
hash_is_beside_the_key(void **state)
{
	const struct key_row *row = *state;
	size_t n;

	assert_int_equal(set_up(NULL), 0);
	assert_int_equal(census_init(&census, &fake, row->key, &streams), 0);
	assert_string_equal(census.hash, row->hash);
	n = line.n;
	census_second(&census);
	assert_int_equal(line.n - n, *row->hash == '\0' ? 0 : 3);
	assert_int_equal(census_streams(&census), 7);
	(void)tear_down(NULL);
}

static void
longest_key_fits(void **state)
{
	char key[513];

	(void)state;
	memset(key, 'k', sizeof(key));
	key[512] = '\0';
	assert_int_equal(census_init(&census, &fake, key, &streams), 0);
	assert_int_equal(strlen(census.hash), 512 + 10);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(each_tells_its_streams_with_a_beat),
	    TEST(streams_of_all_are_counted),
	    TEST(whose_beat_stands_still_has_gone),
	    TEST(while_it_is_away_nobody_goes),
	    TEST(any_shape_does_no_harm),
	    TEST(what_is_refused_is_told_once),
	    TEST(a_large_answer_is_never_here_as_a_whole),
	    TEST(what_is_too_large_is_left_alone_for_an_hour),
	    TEST(half_an_answer_is_none),
	    TEST(longest_key_fits),
	};
	static struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(key_rows) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name, counts_nothing, &rows[i]);
	for (i = 0; i < LENGTH(key_rows); i++)
		tests[n++] = row_test(key_rows[i].name, hash_is_beside_the_key,
		    &key_rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("census", tests, n, NULL, NULL);
}
