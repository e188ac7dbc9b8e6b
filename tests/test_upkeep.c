/* SPDX-License-Identifier: ISC */
/*
 * What all processes do for the stream: when it is trimmed, and never of its
 * newest entry; what is made of whatever Redis answers; and the operator is
 * told once.
 */
#include "fake_link.h"

#include <stdarg.h>

#include "base/log.h"
#include "engine/upkeep.h"

static struct upkeep upkeep;
static size_t streams;
static const struct eventid newest = {1795359156789, 3};

static struct {
	unsigned warned;
	char line[400];
} logged;

void
log_warn(const char *what, const char *fmt, ...)
{
	va_list ap;

	(void)what;
	va_start(ap, fmt);
	(void)vsnprintf(logged.line, sizeof(logged.line), fmt, ap);
	va_end(ap);
	logged.warned++;
}

static int
set_up_with(const char *key, unsigned long history, double age)
{
	now = 100;
	streams = 7;
	memset(&logged, 0, sizeof(logged));
	fake_up();
	if (upkeep_init(&upkeep, &fake,
		&(struct upkeep_setup){.key = key,
		    .history = history,
		    .age = age,
		    .streams = &streams}) == -1)
		return -1;
	upkeep.census.beat_at = 1e9; /* here it is about trimming */
	return 0;
}

static int
set_up(void **state)
{
	(void)state;
	return set_up_with("sse", 1000, 300);
}

static int
tear_down(void **state)
{
	(void)state;
	upkeep_free(&upkeep);
	fake_end();
	return 0;
}

/* The next reply comes, whole. */
static void
reply(const char *bytes)
{
	int tag;
	struct resp_value *v = reply_of(bytes, strlen(bytes), &tag);

	assert_true(tag >= UPKEEP_TAG);
	upkeep_reply(&upkeep, tag, v);
	resp_value_free(v);
}

/* It is up, and all that it asks then is answered. */
static void
come_up(void)
{
	upkeep_up(&upkeep);
	assert_string_equal(sent(0), "INFO memory");
	reply("$19\r\nmaxmemory:0\r\n#\r\nx:1\r\n");
	assert_string_equal(oldest(), "");
}

/* Seconds pass until a trim begins; returns how many. */
static unsigned
until_trim(unsigned long long entries)
{
	unsigned n;

	for (n = 0; line.replied == line.n && n < 200; n++) {
		now += 1;
		upkeep_second(&upkeep, newest, entries);
	}
	return n;
}

/* Or all processes that begin with a stream would do it at once. */
static void
first_entry_is_no_reason_to_trim(void **state)
{
	(void)state;
	come_up();
	upkeep.trim_at = 1e9;
	assert_int_equal(until_trim(1), 200);
	assert_int_equal(until_trim(250), 200);
	assert_int_equal(until_trim(376), 1);
}

static void
it_is_trimmed_each_minute_by_age_and_by_length(void **state)
{
	unsigned i, n;

	(void)state;
	come_up();
	assert_in_range(until_trim(0), 0, 61); /* the first by chance */
	for (i = 0; i < 5; i++) {
		assert_string_equal(oldest(), "TIME");
		reply("*2\r\n$10\r\n1795359400\r\n$6\r\n123456\r\n");
		assert_string_equal(oldest(),
		    "XTRIM sse MINID ~ 1795359100000-0");
		reply(":0\r\n");
		assert_string_equal(oldest(), "XTRIM sse MAXLEN ~ 1000");
		upkeep_second(&upkeep, newest, 0); /* one at a time */
		reply(":0\r\n");
		assert_string_equal(oldest(), "");
		n = until_trim(0);
		assert_in_range(n, 44, 76);
	}
	assert_int_equal(logged.warned, 0);
}

static void
the_newest_stays_whatever_the_clock_says(void **state)
{
	(void)state;
	come_up();
	(void)until_trim(0);
	reply("*2\r\n$10\r\n1999999999\r\n$1\r\n0\r\n");
	assert_string_equal(oldest(), "XTRIM sse MINID ~ 1795359156789-3");
}

static void
it_goes_on_while_something_is_trimmed(void **state)
{
	unsigned i;

	(void)state;
	come_up();
	(void)until_trim(0);
	reply("*2\r\n$10\r\n1795359400\r\n$1\r\n0\r\n");
	for (i = 0; i < 3; i++) {
		assert_string_equal(oldest(),
		    "XTRIM sse MINID ~ 1795359100000-0");
		reply(i < 2 ? ":10000\r\n" : ":0\r\n");
	}
	for (i = 0; *oldest() != '\0'; i++) {
		assert_string_equal(oldest(), "XTRIM sse MAXLEN ~ 1000");
		reply(":10000\r\n"); /* for ever */
	}
	assert_int_equal(i, UPKEEP_CALLS);
}

static void
without_an_age_the_clock_is_not_asked(void **state)
{
	(void)state;
	upkeep_free(&upkeep);
	assert_int_equal(set_up_with("k", 1, 0), 0);
	come_up();
	(void)until_trim(0);
	assert_string_equal(oldest(), "XTRIM k MAXLEN ~ 1");
	reply(":0\r\n");
	assert_string_equal(oldest(), "");
}

static void
before_anything_was_read_nothing_is_trimmed_by_age(void **state)
{
	(void)state;
	come_up();
	while (line.replied == line.n) {
		now += 1;
		upkeep_second(&upkeep, (struct eventid){0, 0}, 0);
	}
	assert_string_equal(oldest(), "XTRIM sse MAXLEN ~ 1000");
}

static void
many_entries_are_trimmed_before_the_minute_is_over(void **state)
{
	(void)state;
	come_up();
	(void)until_trim(50);
	reply("*2\r\n$10\r\n1795359400\r\n$1\r\n0\r\n");
	reply(":0\r\n");
	reply(":0\r\n");
	now += 1;
	upkeep_second(&upkeep, newest, 50 + 250); /* a quarter of the history */
	assert_string_equal(oldest(), "");
	upkeep_second(&upkeep, newest, 50 + 376);
	assert_string_equal(oldest(), "TIME");
}

static void
nothing_is_sent_while_it_is_not_up(void **state)
{
	size_t n;

	(void)state;
	come_up();
	upkeep.census.beat_at = 0;
	fake_down("away");
	upkeep_down(&upkeep, false);
	n = line.n;
	now += 1000;
	upkeep_second(&upkeep, newest, 0);
	assert_int_equal(line.n, n);
}

static void
a_trim_that_was_cut_off_begins_anew(void **state)
{
	(void)state;
	come_up();
	(void)until_trim(0);
	assert_string_equal(oldest(), "TIME");
	upkeep_down(&upkeep, false);
	fake_up();
	upkeep_up(&upkeep);
	assert_string_equal(oldest(), ""); /* the policy is known */
	assert_in_range(until_trim(0), 0, 61);
	assert_string_equal(oldest(), "TIME");
}

/* Whatever TIME says, the trim by length comes, and by age if it is a time. */
static const struct time_row {
	const char *name, *reply;
	bool by_age;
	unsigned warned;
} time_rows[] = {
    {"time_good", "*2\r\n$10\r\n1795359400\r\n$1\r\n0\r\n", true, 0},
    {"time_short", "*1\r\n$10\r\n1795359400\r\n", true, 0},
    {"time_early", "*2\r\n$3\r\n299\r\n$1\r\n0\r\n", false, 0},
    {"time_negative", "*2\r\n$2\r\n-1\r\n$1\r\n0\r\n", false, 0},
    {"time_huge", "*1\r\n$20\r\n99999999999999999999\r\n", false, 0},
    {"time_large", "*1\r\n$15\r\n999999999999999\r\n", true, 0},
    {"time_letters", "*2\r\n$2\r\n1x\r\n$1\r\n0\r\n", false, 0},
    {"time_empty", "*0\r\n", false, 0},
    {"time_nested", "*1\r\n*1\r\n$3\r\n400\r\n", false, 0},
    {"time_integers", "*2\r\n:1795359400\r\n:0\r\n", false, 0},
    {"time_nil", "*-1\r\n", false, 0},
    {"time_status", "+OK\r\n", false, 0},
    {"time_text", "$3\r\n400\r\n", false, 0},
    {"time_refused", "-NOPERM time\r\n", false, 1},
};

static void
time_is_read(void **state)
{
	const struct time_row *row = *state;

	assert_int_equal(set_up(NULL), 0);
	come_up();
	(void)until_trim(0);
	reply(row->reply);
	if (row->by_age) {
		assert_memory_equal(oldest(), "XTRIM sse MINID ~ ", 18);
		reply(":0\r\n");
	}
	assert_string_equal(oldest(), "XTRIM sse MAXLEN ~ 1000");
	assert_int_equal(logged.warned, row->warned);
	(void)tear_down(NULL);
}

static void
what_is_refused_is_told_once(void **state)
{
	unsigned i;

	(void)state;
	upkeep_up(&upkeep);
	reply("-NOPERM info\r\n");
	assert_non_null(strstr(logged.line, "NOPERM info"));
	assert_int_equal(logged.warned, 1);
	for (i = 0; i < 3; i++) {
		(void)until_trim(0);
		reply("*2\r\n$10\r\n1795359400\r\n$1\r\n0\r\n");
		reply("-NOPERM xtrim\r\n");
		assert_non_null(strstr(logged.line, "NOPERM xtrim"));
		reply("-WRONGTYPE xtrim\r\n");
		assert_string_equal(oldest(), "");
	}
	assert_int_equal(logged.warned, 2);
	fake_up();
	upkeep_up(&upkeep); /* it is asked again, and not told */
	reply("-NOPERM info\r\n");
	assert_int_equal(logged.warned, 2);
}

static const struct policy_row {
	const char *name;
	const char *text;
	bool warned;
} policy_rows[] = {
    {"policy_allkeys",
	"# Memory\r\nused_memory:1\r\nmaxmemory:1000000\r\n"
	"maxmemory_human:1M\r\nmaxmemory_policy:allkeys-lru\r\nx:1\r\n",
	true},
    {"policy_allkeys_at_the_end",
	"maxmemory_policy:allkeys-random\r\nmaxmemory:1", true},
    {"policy_without_a_limit",
	"maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", false},
    {"policy_noeviction",
	"maxmemory:1000000\r\nmaxmemory_policy:noeviction\r\n", false},
    {"policy_volatile",
	"maxmemory:1000000\r\nmaxmemory_policy:volatile-lru\r\n", false},
    {"policy_missing", "maxmemory:1000000\r\n", false},
    {"policy_limit_missing", "maxmemory_policy:allkeys-lru\r\n", false},
    {"policy_in_a_line", "maxmemory:1\r\nx:maxmemory_policy:allkeys-lru\r\n",
	false},
    {"policy_empty", "", false},
};

static void
policy_is_warned_of_once(void **state)
{
	const struct policy_row *row = *state;
	char bytes[400];

	assert_int_equal(set_up(NULL), 0);
	upkeep_up(&upkeep);
	(void)snprintf(bytes, sizeof(bytes), "$%zu\r\n%s\r\n",
	    strlen(row->text), row->text);
	reply(bytes);
	assert_int_equal(logged.warned, row->warned);
	if (row->warned)
		assert_non_null(strstr(logged.line, "is allkeys-"));
	upkeep_up(&upkeep);
	assert_string_equal(oldest(), "");
	(void)tear_down(NULL);
}

/* Nothing that comes back does harm, in any order. */
static void
any_reply_to_anything_does_no_harm(void **state)
{
	static const char *const replies[] = {":1\r\n", ":-1\r\n", ":0\r\n",
	    "-ERR x\r\n", "+OK\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n",
	    "$3\r\nabc\r\n", "*1\r\n*1\r\n:1\r\n", "*2\r\n$1\r\na\r\n:1\r\n",
	    "*2\r\n$10\r\n1795359400\r\n$1\r\n0\r\n"};
	uint32_t seed = 20261127;
	unsigned long long entries = 0;
	int i;

	(void)state;
	upkeep.census.beat_at = 0;
	upkeep_up(&upkeep);
	for (i = 0; i < 20000; i++) {
		if (line.n > FAKE_COMMANDS - 100) {
			upkeep_down(&upkeep, chance(&seed) % 8 == 0);
			fake_up();
			upkeep_up(&upkeep);
		}
		if (*oldest() == '\0' || chance(&seed) % 8 == 0) {
			now += chance(&seed) % 20;
			entries += chance(&seed) % 200;
			upkeep_second(&upkeep, newest, entries);
		} else
			reply(replies[chance(&seed) % LENGTH(replies)]);
	}
	assert_in_range(logged.warned, 1, 500);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(first_entry_is_no_reason_to_trim),
	    TEST(it_is_trimmed_each_minute_by_age_and_by_length),
	    TEST(the_newest_stays_whatever_the_clock_says),
	    TEST(it_goes_on_while_something_is_trimmed),
	    TEST(without_an_age_the_clock_is_not_asked),
	    TEST(before_anything_was_read_nothing_is_trimmed_by_age),
	    TEST(many_entries_are_trimmed_before_the_minute_is_over),
	    TEST(nothing_is_sent_while_it_is_not_up),
	    TEST(a_trim_that_was_cut_off_begins_anew),
	    TEST(what_is_refused_is_told_once),
	    TEST(any_reply_to_anything_does_no_harm),
	};
	static struct CMUnitTest
	    tests[LENGTH(time_rows) + LENGTH(policy_rows) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(time_rows); i++)
		tests[n++] =
		    row_test(time_rows[i].name, time_is_read, &time_rows[i]);
	for (i = 0; i < LENGTH(policy_rows); i++)
		tests[n++] = row_test(policy_rows[i].name,
		    policy_is_warned_of_once, &policy_rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("upkeep", tests, n, NULL, NULL);
}
