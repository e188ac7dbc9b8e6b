/* SPDX-License-Identifier: ISC */
/*
 * The checker of the wire tests is right about good logs and about each way in
 * which a log can be wrong.  A test that cannot fail is a defect, and so is a
 * checker.
 */
#include "unit.h"

#include <stdbool.h>

#include "page.h"
#include "verdict.h"

/* What was published, unless a test says otherwise: a's and b's events. */
static const struct {
	const char *channel, *id;
} usual[] = {
    {"a", "10-0"},
    {"b", "10-1"},
    {"a", "11-0"},
    {"a", "12-0"},
    {"b", "12-1"},
    {"a", "13-0"},
};

static struct checker checker;
static struct page page;

/*
 * A log's words: +ID a connection whose first position is ID, <ID one that has
 * asked for all, + one that goes on from the last id, ? one that was told no
 * position, ~ one that may be told none, since it is early; N event number N,
 * N/2 half of it and N/3 all but its empty line; =ID a heartbeat;
 * gap:C:FROM:TO, and part: the same without an id; all:TO a gap of all
 * channels; ... the end is still to come.  The reader reads a and b, the
 * program's channels.
 */
static const struct row {
	const char *name, *log;
	const char *error; /* part of what is said; NULL: it is good */
	unsigned false_gaps, short_gaps;
} rows[] = {
    {"everything_in_order", "+9-0 0 1 2 3 4 5", NULL, 0, 0},
    {"a_log_may_begin_anywhere", "+11-0 3 4 5", NULL, 0, 0},
    {"between_two_ids_too", "+11-7 3 4 5", NULL, 0, 0},
    {"a_log_may_begin_at_the_end", "+13-0", NULL, 0, 0},
    {"an_unfinished_log_may_end_anywhere", "+9-0 0 1 2 ...", NULL, 0, 0},
    {"a_reader_goes_on_after_a_cut", "+9-0 0 1 + 2 3 + 4 + + 5", NULL, 0, 0},
    {"half_an_event_is_none", "+9-0 0 1 2/2 + 2 3 4/3 + 4 5", NULL, 0, 0},
    {"heartbeats_tell_the_position", "+9-0 0 1 =10-1 =10-5 2 3 4 5 =99-0", NULL,
	0, 0},
    {"going_on_from_a_heartbeat", "+9-0 =9-9 + 0 1 =10-5 + 2 3 4 5", NULL, 0,
	0},
    {"going_on_from_later_if_nothing_is_between", "+9-0 0 1 +10-9 2 3 4 5",
	NULL, 0, 0},
    {"a_gap_for_what_was_lost", "+9-0 1 gap:a:9-0:12-0 4 5", NULL, 0, 0},
    {"a_cut_between_an_event_and_the_gap", "+9-0 1 + gap:a:10-1:12-0 4 5", NULL,
	0, 0},
    {"a_gap_after_a_cut", "+9-0 0 1 + gap:a:10-1:11-0 3 4 5", NULL, 0, 0},
    {"gaps_of_two_channels", "+9-0 gap:a:9-0:10-0 gap:b:10-0:10-1 2 3 4 5",
	NULL, 0, 0},
    {"gaps_up_to_one_id", "+9-0 part:a:9-0:11-0 gap:b:9-0:11-0 3 4 5", NULL, 0,
	0},
    {"gaps_up_to_one_id_cut_and_told_again",
	"+9-0 part:a:9-0:11-0 + part:a:9-0:11-0 gap:b:9-0:11-0 3 4 5", NULL, 0,
	0},
    {"going_on_after_a_gap", "+9-0 0 gap:b:10-0:10-1 + 2 3 4 5", NULL, 0, 0},
    {"a_gap_to_the_end", "+9-0 0 1 2 3 4 gap:a:12-1:13-0", NULL, 0, 0},
    {"a_restart", "+9-0 0 1 ? all:11-0 3 4 5", NULL, 0, 0},
    {"a_restart_and_an_overflow", "+9-0 0 1 ? all:10-1 gap:a:10-1:12-0 4 5",
	NULL, 0, 0},
    {"a_gap_from_behind_something_lost", "+9-0 1 gap:a:10-1:12-0 4 5", NULL, 0,
	1},
    {"all_from_the_earliest_on", "<9-9 0 1 2 + 3 4 5", NULL, 0, 0},
    {"a_gap_of_nothing", "+9-0 0 1 2 gap:b:11-0:11-9 3 4 5", NULL, 1, 0},
    {"an_early_reader_begins_with_an_event", "~ 2 3 4 5", NULL, 0, 0},
    {"an_early_reader_begins_with_a_gap", "~ gap:b:10-0:10-1 2 3 4 5", NULL, 0,
	0},

    {"a_hole", "+9-0 0 1 3 4 5", "event 3 came, 2 did not", 0, 0},
    {"a_hole_at_the_begin", "+9-0 1 2 3 4 5", "event 2 came, 0 did not", 0, 0},
    {"a_hole_of_a_quiet_channel", "+9-0 0 2 3 5 ...", NULL, 0, 0},
    {"that_is_one_at_the_end", "+9-0 0 2 3 5", "event 1 did not come", 0, 0},
    {"that_a_heartbeat_shows", "+9-0 0 2 3 5 =13-0 ...",
	"behind event 1, which was not seen", 0, 0},
    {"a_hole_at_a_cut", "+9-0 0 1 + 3 4 5", "event 3 came, 2 did not", 0, 0},
    {"a_duplicate", "+9-0 0 1 1 2 3 4 5", "event 1 came again", 0, 0},
    {"a_duplicate_at_a_cut", "+9-0 0 1 + 1 2 3 4 5", "event 1 came again", 0,
	0},
    {"a_swap_in_a_channel", "+9-0 0 1 3 2 4 5", "event 3 came, 2 did not", 0,
	0},
    {"a_swap_of_two_channels", "+9-0 1 0 2 3 4 5",
	"event 0 came again, or too late", 0, 0},
    {"an_unfinished_tail", "+9-0 0 1 2 3 4", "event 5 did not come", 0, 0},
    {"a_half_finished_tail", "+9-0 0 1 2 3 4 5/3", "event 5 did not come", 0,
	0},
    {"nothing_at_all", "", "did not come", 0, 0},
    {"a_gap_that_ends_too_early", "+9-0 0 gap:b:10-0:10-1 3 4 5",
	"event 3 came, 2 did not", 0, 0},
    {"a_position_before_the_gap", "+9-0 1 =10-1 ...", "behind event 0", 0, 0},
    {"a_gap_from_before_what_was_seen", "+9-0 0 1 2 gap:a:10-1:12-0 4 5",
	"a gap from before event 2, which was seen", 0, 0},
    {"a_gap_that_begins_too_late_at_a_cut", "+9-0 0 + 1 gap:a:11-0:12-0 4 5",
	"a gap from where", 0, 0},
    {"a_gap_from_the_future", "+9-0 0 1 gap:a:11-0:11-0 3 4 5",
	"a gap from where", 0, 0},
    {"a_gap_for_the_other_channel", "+9-0 0 1 gap:b:10-1:11-0 3 4 5",
	"event 3 came, 2 did not", 0, 0},
    {"an_event_behind_a_gap_for_it", "+9-0 0 1 gap:a:10-1:12-0 3 4 5",
	"event 3 came again, or too late", 0, 0},
    {"a_gap_twice", "+9-0 0 1 gap:a:10-1:12-0 gap:a:10-1:12-0 4 5",
	"a gap in what was passed already", 0, 0},
    {"a_gap_behind_its_id", "+9-0 0 1 2 3 4 gap:a:11-0:11-5 5",
	"a gap in what was passed already", 0, 0},
    {"a_gap_without_an_id", "+9-0 0 part:a:10-0:12-0 4 5",
	"a gap without an id", 0, 0},
    {"gaps_up_to_two_ids_and_one_id",
	"+9-0 part:a:9-0:11-0 gap:b:9-0:10-1 3 4 5", "a gap without an id", 0,
	0},
    {"a_gap_of_a_channel_not_read", "+9-0 0 gap:c:10-0:11-0 1 3 4 5",
	"none of this reader's", 0, 0},
    {"a_gap_of_all_without_need", "+9-0 0 1 all:11-0 3 4 5",
	"a gap of all channels out of place", 0, 0},
    {"a_restart_without_a_gap", "+9-0 0 1 ? 2 3 4 5",
	"before there was a position", 0, 0},
    {"a_restart_with_a_hole", "+9-0 0 1 ? all:10-1 3 4 5",
	"event 3 came, 2 did not", 0, 0},
    {"a_position_that_goes_back", "+9-0 0 1 2 =10-1 3 4 5",
	"a position below the last one", 0, 0},
    {"a_position_that_leaves_something", "+9-0 0 1 =12-0 4 5",
	"behind event 2, which was not seen", 0, 0},
    {"a_later_position_than_asked_for", "+9-0 0 1 +11-0 3 4 5",
	"behind event 2, which was not seen", 0, 0},
    {"an_earlier_position_than_asked_for", "+9-0 0 1 +10-0 2 3 4 5",
	"a position below the last one", 0, 0},
    {"not_all_from_the_earliest_on", "<10-0 1 2 3 4 5",
	"behind event 0, which was not seen", 0, 0},
    {"a_hole_at_the_earliest", "<9-9 1 2 3 4 5", "event 2 came, 0 did not", 0,
	0},
    {"an_early_reader_with_a_hole_behind_its_gap", "~ gap:a:10-0:11-0 3 4 5",
	"event 4 came, 1 did not", 0, 0},
    {"a_gap_where_a_reader_begins", "? gap:b:10-0:10-1 2 3 4 5",
	"no position, though", 0, 0},
    {"no_position_on_a_new_reader", "? 0 1 2 3 4 5", "no position, though", 0,
	0},
};

static void
put(const char *format, ...)
{
	char text[1024];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	assert_in_range(len, 1, sizeof(text) - 1);
	page_read(&page, text, (size_t)len);
}

static void
publish(const char *channel, const char *id)
{
	unsigned number = checker_event(&checker, channel, NULL, "text");

	checker_sent(&checker, number, 1);
	checker_acknowledged(&checker, number, id);
}

static int
set_up(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(usual); i++)
		publish(usual[i].channel, usual[i].id);
	(void)checker_channel(&checker, "c");
	page_begin(&page, &checker, "a b");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	page_free(&page);
	checker_free(&checker);
	return 0;
}

static void
put_gap(const char *word, bool has_id)
{
	char channel[8], from[16], to[16];

	assert_int_equal(sscanf(word, "%7[^:]:%15[^:]:%15s", channel, from, to),
	    3);
	put("event: gap\ndata: {\"channel\":\"%s\",\"from\":\"%s\","
	    "\"to\":\"%s\",\"reason\":\"overflow\"}\n",
	    channel, from, to);
	if (has_id)
		put("id: %s\n", to);
	put("\n");
}

/* How much of it: 1 all, 2 half a line, 3 all but the empty line. */
static void
put_event(const char *word)
{
	const struct published *e = &checker.event[atoi(word)];
	const char *much = strchr(word, '/');

	if (much != NULL && much[1] == '2') {
		put("data: %.3s", e->data);
		return;
	}
	put("data: %s\nid: %s\n", e->data, usual[atoi(word)].id);
	if (much == NULL)
		put("\n");
}

static void
connect_at(const char *word)
{
	const char *asked = page.connections > 0 ? page.last_id.at :
			    *word == '<'	 ? "earliest" :
						   NULL;

	page_connected(&page, asked);
	page.early = *word == '~';
	if (*word == '?' || *word == '~')
		put("retry: 2000\nevent: position\n\n");
	else
		put("retry: 2000\nevent: position\ndata: \nid: %s\n\n",
		    word[1] != '\0' ? word + 1 : asked);
}

static bool
begins(const char **word, const char *with)
{
	if (strncmp(*word, with, strlen(with)) != 0)
		return false;
	*word += strlen(with);
	return true;
}

static void
put_word(const char *word)
{
	if (*word == '+' || *word == '<' || *word == '?' || *word == '~')
		connect_at(word);
	else if (begins(&word, "="))
		put("event: position\ndata: \nid: %s\n\n", word);
	else if (begins(&word, "gap:"))
		put_gap(word, true);
	else if (begins(&word, "part:"))
		put_gap(word, false);
	else if (begins(&word, "all:"))
		put("event: gap\ndata: {\"channel\":null,\"from\":null,"
		    "\"to\":\"%s\",\"reason\":\"restart\"}\nid: %s\n\n",
		    word, word);
	else
		put_event(word);
}

static void
assert_error(const char *error, const char *part)
{
	if (part == NULL ? error == NULL :
			   error != NULL && strstr(error, part) != NULL)
		return;
	fail_msg("it says: %s", error == NULL ? "good" : error);
}

static void
a_log(void **state)
{
	const struct row *row = *state;
	char *log = strdup(row->log), *rest, *word;
	bool to_the_end = true;

	assert_non_null(log);
	for (word = strtok_r(log, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		if (strcmp(word, "...") == 0)
			to_the_end = false;
		else
			put_word(word);
	free(log);
	assert_error(verdict(&page, to_the_end), row->error);
	if (row->error != NULL)
		return;
	assert_int_equal(page.false_gaps, row->false_gaps);
	assert_int_equal(page.short_gaps, row->short_gaps);
}

/* One event as text, and what is said of it. */
static const struct one {
	const char *name, *text, *error;
} ones[] = {
    {"as_published", "data: a 0 text\nid: 10-0\n\n", NULL},
    {"with_cr", "data: a 0 text\rid: 10-0\r\r", NULL},
    {"with_crlf", "data: a 0 text\r\nid: 10-0\r\n\r\n", NULL},
    {"with_a_comment_and_no_space", ":x\ndata:a 0 text\nid:10-0\nx\nz: 1\n\n",
	NULL},
    {"altered_data", "data: a 0 tExt\nid: 10-0\n\n", "not published"},
    {"longer_data", "data: a 0 text \nid: 10-0\n\n", "not published"},
    {"shorter_data", "data: a 0 tex\nid: 10-0\n\n", "not published"},
    {"another_line_of_data", "data: a 0 text\ndata\nid: 10-0\n\n",
	"not published"},
    {"data_of_another_number", "data: a 2 text\nid: 10-0\n\n", "another id"},
    {"data_of_another_channel", "data: b 0 text\nid: 10-0\n\n",
	"not published"},
    {"a_number_never_published", "data: a 6 text\nid: 10-0\n\n",
	"not published"},
    {"text_never_published", "data: hello\nid: 10-0\n\n", "not published"},
    {"a_type_it_had_not", "event: x\ndata: a 0 text\nid: 10-0\n\n",
	"not published"},
    {"another_id", "data: a 0 text\nid: 10-1\n\n", "another id"},
    {"no_id", "data: a 0 text\n\n", "without a good id"},
    {"a_bad_id", "data: a 0 text\nid: 10-0x\n\n", "without a good id"},
    {"a_bad_position", "event: position\ndata: \nid: 10\n\n", "no id"},
    {"a_position_that_some_clients_do_not_see", "id: 10-0\n\n",
	"an id without data"},
    {"an_id_before_its_data", "id: 10-0\ndata: a 0 text\n\n",
	"an id before its data"},
    {"an_id_amid_its_data", "data: a 0 text\nid: 10-0\ndata\n\n",
	"an id before its data"},
    {"a_gap_that_is_no_gap", "event: gap\ndata: {}\nid: 10-0\n\n",
	"none of this"},
    {"a_gap_with_another_id",
	"event: gap\ndata: {\"channel\":\"a\",\"from\":\"9-0\","
	"\"to\":\"10-0\",\"reason\":\"overflow\"}\nid: 11-0\n\n",
	"a gap with the id"},
    {"a_gap_without_a_good_reason",
	"event: gap\ndata: {\"channel\":\"a\",\"from\":\"9-0\","
	"\"to\":\"10-0\",\"reason\":\"restart\"}\nid: 10-0\n\n",
	"none of this"},
};

static void
one_event(void **state)
{
	const struct one *one = *state;
	const char *p;

	put_word("+9-0");
	for (p = one->text; *p != '\0'; p++)
		put("%c", *p);
	assert_error(verdict(&page, false), one->error);
	assert_int_equal(page.events, one->error == NULL);
}

static void
the_first_block_has_retry_and_position(void **state)
{
	(void)state;
	page_connected(&page, NULL);
	put("event: position\ndata: \nid: 9-0\n\n");
	assert_error(verdict(&page, false), "the first block");
}

static void
the_first_block_is_a_position(void **state)
{
	(void)state;
	page_connected(&page, NULL);
	put("retry: 2000\n\n");
	assert_error(verdict(&page, false), "the first block");
}

static void
an_event_of_another_channel_is_found(void **state)
{
	(void)state;
	publish("c", "14-0");
	put_word("+13-0");
	put("data: c 6 text\nid: 14-0\n\n");
	assert_error(verdict(&page, false), "another channel");
}

static void
an_event_that_was_refused_is_found(void **state)
{
	unsigned number = checker_event(&checker, "a", NULL, "text");

	(void)state;
	put_word("+13-0");
	checker_sent(&checker, number, 1);
	put("data: a 6 text\nid: 14-0\n\n");
	assert_error(verdict(&page, true), NULL);
	checker_refused(&checker, number);
	assert_error(verdict(&page, true), "refused and yet seen");
}

static void
an_event_that_was_not_sent_yet_is_found(void **state)
{
	(void)state;
	(void)checker_event(&checker, "a", NULL, "text");
	put_word("+13-0");
	put("data: a 6 text\nid: 14-0\n\n");
	assert_error(verdict(&page, false), "not published");
}

/* Four events as one: the answer tells only the last one's id. */
static unsigned
send_four(void)
{
	unsigned number = checker_event(&checker, "a", "x", "text"), i;

	for (i = 1; i < 4; i++)
		(void)checker_event(&checker, "a", "x", "text");
	checker_sent(&checker, number, 4);
	return number;
}

static void
put_x(unsigned number, const char *id)
{
	put("event: x\ndata: a %u text\nid: %s\n\n", number, id);
}

static void
events_sent_as_one_are_all_there(void **state)
{
	unsigned i, number = send_four();
	char id[8];

	(void)state;
	put_word("+13-0");
	for (i = 0; i < 4; i++) {
		(void)snprintf(id, sizeof(id), "14-%u", i);
		put_x(number + i, id);
	}
	checker_acknowledged(&checker, number, "14-3");
	assert_error(verdict(&page, true), NULL);
}

static void
of_events_sent_as_one_none_may_be_missing(void **state)
{
	unsigned number = send_four();

	(void)state;
	put_word("+13-0");
	put_x(number, "14-0");
	put_x(number + 1, "14-1");
	/* No answer came: they may be there, but then all of them. */
	assert_error(verdict(&page, true), "event 8 did not come");
	put_x(number + 3, "14-3");
	assert_error(verdict(&page, false), "8 did not");
}

static void
events_without_an_answer_need_not_be_there(void **state)
{
	(void)state;
	(void)send_four();
	put_word("+13-0");
	assert_error(verdict(&page, true), NULL);
}

static void
a_gap_may_end_between_events_that_nobody_saw(void **state)
{
	unsigned number = send_four();

	(void)state;
	checker_acknowledged(&checker, number, "14-3");
	put_word("+13-0");
	put_word("gap:a:13-0:14-1");
	put_x(number + 2, "14-2");
	put_x(number + 3, "14-3");
	assert_error(verdict(&page, true), NULL);
	assert_int_equal(page.false_gaps, 0);
}

static void
a_gap_before_events_that_nobody_saw_does_not_cover_a_known_one(void **state)
{
	unsigned number = send_four();

	(void)state;
	checker_acknowledged(&checker, number, "14-3");
	publish("a", "15-0");
	publish("a", "16-0");
	put_word("+13-0");
	put_word("gap:a:13-0:14-1");
	put("data: a 11 text\nid: 16-0\n\n");
	assert_error(verdict(&page, true), "event 11 came, ");
}

static void
answers_have_increasing_ids(void **state)
{
	(void)state;
	publish("b", "12-9");
	assert_error(verdict(&page, false), "below that of an earlier one");
}

static void
two_readers_see_an_event_with_one_id(void **state)
{
	unsigned number = checker_event(&checker, "a", NULL, "text");

	(void)state;
	checker_sent(&checker, number, 1);
	put_word("+13-0");
	put("data: a 6 text\nid: 14-0\n\n");
	checker_acknowledged(&checker, number, "14-1");
	assert_error(verdict(&page, false), "another id than was seen");
}

static void
a_reader_comes_back_from_its_own_position(void **state)
{
	(void)state;
	put_word("+9-0");
	put_word("0");
	page_connected(&page, "9-0");
	assert_error(verdict(&page, false), "not its own");
}

static void
lines_of_data_are_seen_with_lf(void **state)
{
	unsigned number =
	    checker_event(&checker, "a", NULL, "1\r2\n3\r\n\r4\n");

	(void)state;
	checker_sent(&checker, number, 1);
	checker_acknowledged(&checker, number, "14-0");
	put_word("+13-0");
	put("data: a 6 1\rdata: 2\ndata: 3\r\ndata:\rdata: 4\n"
	    "data: \nid: 14-0\r\n\n");
	assert_error(verdict(&page, true), NULL);
	assert_int_equal(page.events, 1);
}

/* The channel has ended, as somebody was answered. */
static void
end_channel(const char *channel, const char *id)
{
	unsigned number = checker_end(&checker, channel);

	checker_sent(&checker, number, 1);
	checker_acknowledged(&checker, number, id);
}

static void
put_end(const char *channel, const char *id)
{
	put("event: end\ndata: {\"channel\":\"%s\"}\nid: %s\n\n", channel, id);
}

static void
ends_of_all_channels_are_the_end(void **state)
{
	(void)state;
	end_channel("a", "14-0");
	end_channel("b", "15-0");
	put_word("+12-1");
	put_word("5");
	put_end("a", "14-0");
	assert_false(page.over);
	assert_error(verdict(&page, true), "event 7 did not come");
	page.error[0] = '\0';
	put_end("b", "15-0");
	assert_true(page.over);
	assert_error(verdict(&page, true), NULL);
	put("event: position\ndata: \nid: 15-0\n\n");
	assert_error(verdict(&page, true), "behind the end of all");
}

/* Who comes when all have ended is told of the last end alone. */
static void
the_last_end_may_be_all_that_there_is(void **state)
{
	(void)state;
	end_channel("a", "14-0");
	end_channel("b", "15-0");
	put_word("+14-0");
	put_end("b", "15-0");
	assert_true(page.over);
	assert_error(verdict(&page, true), NULL);
}

static void
an_end_that_is_none_is_found(void **state)
{
	static const char *const what[] = {"a", "b", "c", "a\"", "\\a"};
	size_t i;

	(void)state;
	end_channel("b", "14-0");
	for (i = 0; i < LENGTH(what); i++) {
		put_word(i == 0 ? "+13-0" : "+");
		put_end(what[i], i == 1 ? "15-0" : "14-0");
		assert_error(verdict(&page, false),
		    i == 1 ? "with another id" : "not published");
		page.error[0] = '\0';
	}
}

static void
an_end_twice_is_found(void **state)
{
	(void)state;
	end_channel("b", "14-0");
	put_word("+13-0");
	put_end("b", "14-0");
	put_end("b", "14-0");
	assert_error(verdict(&page, false), "came again");
}

static void
what_is_published_behind_an_end_is_found(void **state)
{
	(void)state;
	end_channel("a", "14-0");
	publish("b", "15-0");
	assert_error(verdict(&page, false), NULL);
	publish("a", "16-0");
	assert_error(verdict(&page, false), "behind its channel's end");
}

static void
an_end_that_was_refused_is_none(void **state)
{
	unsigned number;

	(void)state;
	end_channel("a", "14-0");
	number = checker_end(&checker, "a");
	checker_sent(&checker, number, 1);
	checker_refused(&checker, number);
	put_word("+13-0");
	put_end("a", "14-0");
	assert_error(verdict(&page, true), NULL);
}

/* What is said to who comes back, with only one ended, and with both. */
static const char *
answered(const char *position, bool over)
{
	page.error[0] = page.last_id.len = 0;
	page_connected(&page, position);
	page_answered(&page, over);
	return page.error[0] == '\0' ? NULL : page.error;
}

static void
nobody_is_to_come_back_exactly_when_all_is_over(void **state)
{
	unsigned number;

	(void)state;
	end_channel("a", "14-0");
	assert_error(answered("14-0", false), NULL);
	assert_error(answered("14-0", true), "may not come back");
	number = checker_end(&checker, "b");
	assert_error(answered("14-0", true), "may not come back");
	checker_sent(&checker, number, 1);
	assert_error(answered("14-0", true), NULL);
	assert_error(answered("14-0", false), NULL);
	checker_acknowledged(&checker, number, "15-0");
	assert_error(answered("14-0", true), "may not come back");
	assert_error(answered("15-0", true), NULL);
	assert_error(answered("15-0", false), "all channels have ended");
	assert_error(answered("16-7", true), NULL);
	assert_error(answered("earliest", true), "may not come back");
	assert_error(answered(NULL, true), "may not come back");
	assert_error(answered("x", true), "may not come back");
}

/* Number 6, of a and b. */
static void
publish_to_both(void)
{
	unsigned number = checker_event(&checker, "b", NULL, "text");

	checker_also(&checker, number, "a");
	checker_sent(&checker, number, 1);
	checker_acknowledged(&checker, number, "14-0");
}

static void
an_event_of_two_channels_comes_once(void **state)
{
	(void)state;
	publish_to_both();
	publish("a", "15-0");
	put_word("+13-0");
	put("data: b 6 text\nid: 14-0\n\ndata: a 7 text\nid: 15-0\n\n");
	assert_error(verdict(&page, true), NULL);
	put("data: b 6 text\nid: 14-0\n\n");
	assert_error(verdict(&page, true), "came again");
}

static void
an_event_of_two_channels_is_missed_in_either(void **state)
{
	(void)state;
	publish_to_both();
	publish("a", "15-0");
	put_word("+13-0");
	put("data: a 7 text\nid: 15-0\n\n");
	assert_error(verdict(&page, true), "event 7 came, 6 did not");
}

/* It is held in b, and dropped in a with what was before it. */
static void
a_gap_ends_before_an_event_that_another_channel_has(void **state)
{
	(void)state;
	publish_to_both();
	put_word("+12-1");
	put_word("gap:a:12-1:13-99");
	put("data: b 6 text\nid: 14-0\n\n");
	assert_error(verdict(&page, true), NULL);
	assert_int_equal(page.false_gaps, 0);
}

static void
names_are_escaped(void **state)
{
	struct page other;

	(void)state;
	end_channel("\"\\/", "14-0");
	page_begin(&other, &checker, "\"\\/");
	page_connected(&other, NULL);
#define PUT(text) page_read(&other, text, sizeof(text) - 1)
	PUT("retry: 2000\nevent: position\ndata: \nid: 9-0\n\n");
	PUT("event: gap\ndata: {\"channel\":\"\\\"\\\\/\",\"from\":\"9-0\","
	    "\"to\":\"13-0\",\"reason\":\"deleted\"}\nid: 13-0\n\n");
	PUT("event: end\ndata: {\"channel\":\"\\\"\\\\/\"}\nid: 14-0\n\n");
	assert_error(verdict(&other, true), NULL);
	assert_true(other.over);
	page_free(&other);
}

#define WITH_READER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest single[] = {
    WITH_READER(the_first_block_has_retry_and_position),
    WITH_READER(the_first_block_is_a_position),
    WITH_READER(an_event_of_another_channel_is_found),
    WITH_READER(an_event_that_was_refused_is_found),
    WITH_READER(an_event_that_was_not_sent_yet_is_found),
    WITH_READER(events_sent_as_one_are_all_there),
    WITH_READER(of_events_sent_as_one_none_may_be_missing),
    WITH_READER(events_without_an_answer_need_not_be_there),
    WITH_READER(a_gap_may_end_between_events_that_nobody_saw),
    WITH_READER(a_gap_before_events_that_nobody_saw_does_not_cover_a_known_one),
    WITH_READER(answers_have_increasing_ids),
    WITH_READER(two_readers_see_an_event_with_one_id),
    WITH_READER(a_reader_comes_back_from_its_own_position),
    WITH_READER(lines_of_data_are_seen_with_lf),
    WITH_READER(ends_of_all_channels_are_the_end),
    WITH_READER(the_last_end_may_be_all_that_there_is),
    WITH_READER(an_end_that_is_none_is_found),
    WITH_READER(an_end_twice_is_found),
    WITH_READER(what_is_published_behind_an_end_is_found),
    WITH_READER(an_end_that_was_refused_is_none),
    WITH_READER(nobody_is_to_come_back_exactly_when_all_is_over),
    WITH_READER(an_event_of_two_channels_comes_once),
    WITH_READER(an_event_of_two_channels_is_missed_in_either),
    WITH_READER(a_gap_ends_before_an_event_that_another_channel_has),
    WITH_READER(names_are_escaped),
};

int
main(void)
{
	struct CMUnitTest tests[LENGTH(rows) + LENGTH(ones) + LENGTH(single)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name, a_log, &rows[i]);
	for (i = 0; i < LENGTH(ones); i++)
		tests[n++] = row_test(ones[i].name, one_event, &ones[i]);
	for (i = 0; i < n; i++) {
		tests[i].setup_func = set_up;
		tests[i].teardown_func = tear_down;
	}
	memcpy(tests + n, single, sizeof(single));
	return cmocka_run_group_tests_name("checker", tests, NULL, NULL);
}
