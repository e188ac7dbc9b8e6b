/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/spelling.h"

static const struct row {
	const char *written, *meant;
	bool near;
} rows[] = {
    {"channel", "channel", true},
    {"channels", "channel", true},
    {"channel[]", "channel", true},
    {"channel[12]", "channel", true},
    {"Channel", "channel", true},
    {"CHANNEL", "channel", true},
    {"chan-nel", "channel", true},
    {"hannel", "channel", true},
    {"channe", "channel", true},
    {"chanel", "channel", true},
    {"channnel", "channel", true},
    {"chamnel", "channel", true},
    {"chnanel", "channel", true},
    {"hcannel", "channel", true},
    {"channle", "channel", true},
    {"xchannel", "channel", true},
    {"chanle", "channel", false}, /* two slips */
    {"change", "channel", false},
    {"chan", "channel", false},
    {"channelid", "channel", false},
    {"", "channel", false},
    {"_", "channel", false},
    {"c", "channel", false},
    {"\xc3\xa4.channel", "channel", true},
    {"last-event-id", "last_event_id", true},
    {"lastEventID", "last_event_id", true},
    {"lastEvenId", "last_event_id", true},
    {"this.is.a.name.that.is.much.longer.than.any.of.ours", "channel", false},
    {"x", "y", true},
    {"xy", "yx", true},
    {"", "", true},
    {"", "x", true},
    {"ab", "ba", true},
    {"abc", "cba", false},
};

static void
is_near_or_not(void **state)
{
	const struct row *row = *state;

	assert_int_equal(spelling_near(row->written, row->meant), row->near);
	assert_int_equal(spelling_near(row->meant, row->written), row->near);
}

static void
squeezed_names_are_small_letters_and_bounded(void **state)
{
	char to[SPELLING_SIZE], longest[200];

	(void)state;
	assert_string_equal(spelling_squeeze(to, "A-b_C[0]{}z"), "abcz");
	memset(longest, 'X', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(strlen(spelling_squeeze(to, longest)),
	    SPELLING_SIZE - 1);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(squeezed_names_are_small_letters_and_bounded),
	};
	struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] = row_test(rows[i].written, is_near_or_not, &rows[i]);
	memcpy(tests + i, others, sizeof(others));
	return _cmocka_run_group_tests("spelling", tests, LENGTH(tests), NULL,
	    NULL);
}
