/* SPDX-License-Identifier: ISC */
#ifndef REPLIES_H
#define REPLIES_H

#include "harness/scripted.h"

/*
 * What may come in place of a reply, before it or behind it: replies that are
 * none, or none to what was asked.
 */
#define INSTEAD(...)                                   \
	{                                              \
		.place = SCRIPTED_INSTEAD, __VA_ARGS__ \
	}
#define BEFORE(...)                                   \
	{                                             \
		.place = SCRIPTED_BEFORE, __VA_ARGS__ \
	}
#define BEHIND(...)                                   \
	{                                             \
		.place = SCRIPTED_BEHIND, __VA_ARGS__ \
	}
#define THEN_CLOSE .then = SCRIPTED_CLOSE

static const struct row {
	const char *name;
	struct script script;
} rows[] = {
    {"nothing_and_the_end", INSTEAD(THEN_CLOSE)},
    {"an_error", INSTEAD(.head = "-ERR no\r\n")},
    {"an_empty_error", INSTEAD(.head = "-\r\n")},
    {"a_long_error",
	INSTEAD(.head = "-ERR ", .unit = "x", .times = 100000, .tail = "\r\n")},
    {"an_error_of_controls", INSTEAD(.head = "-\x1b[2J\x01\xff%s%n\r\n")},
    {"loading", INSTEAD(.head = "-LOADING Redis is loading the dataset\r\n")},
    {"noauth", INSTEAD(.head = "-NOAUTH Authentication required.\r\n")},
    {"noperm", INSTEAD(.head = "-NOPERM this user has no permissions\r\n")},
    {"readonly", INSTEAD(.head = "-READONLY You can't write against\r\n")},
    {"wrongtype", INSTEAD(.head = "-WRONGTYPE Operation against a key\r\n")},
    {"oom", INSTEAD(.head = "-OOM command not allowed\r\n")},
    {"moved", INSTEAD(.head = "-MOVED 1 127.0.0.1:1\r\n")},
    {"moved_to_nowhere", INSTEAD(.head = "-MOVED\r\n")},
    {"moved_without_a_port", INSTEAD(.head = "-MOVED 1 :\r\n")},
    {"moved_far", INSTEAD(.head = "-MOVED 1 127.0.0.1:99999999999\r\n")},
    {"moved_to_a_long_name", INSTEAD(.head = "-MOVED 1 ", .unit = "name.",
				 .times = 2000, .tail = ":1\r\n")},
    {"a_status", INSTEAD(.head = "+OK\r\n")},
    {"an_empty_status", INSTEAD(.head = "+\r\n")},
    {"another_status", INSTEAD(.head = "+QUEUED\r\n")},
    {"zero", INSTEAD(.head = ":0\r\n")},
    {"minus_one", INSTEAD(.head = ":-1\r\n")},
    {"the_greatest_number", INSTEAD(.head = ":9223372036854775807\r\n")},
    {"the_least_number", INSTEAD(.head = ":-9223372036854775808\r\n")},
    {"too_great_a_number", INSTEAD(.head = ":99999999999999999999\r\n")},
    {"no_number", INSTEAD(.head = ":abc\r\n")},
    {"a_nil", INSTEAD(.head = "$-1\r\n")},
    {"a_nil_array", INSTEAD(.head = "*-1\r\n")},
    {"an_empty_string", INSTEAD(.head = "$0\r\n\r\n")},
    {"an_empty_array", INSTEAD(.head = "*0\r\n")},
    {"a_string", INSTEAD(.head = "$3\r\nabc\r\n")},
    {"a_string_of_zeros",
	INSTEAD(.head = "$4\r\n\0\0\0\0\r\n", .head_len = 10)},
    {"a_string_that_goes_on", INSTEAD(.head = "$3\r\nabcdef\r\n")},
    {"a_long_string", INSTEAD(.head = "$3000000\r\n", .unit = "x",
			  .times = 3000000, .tail = "\r\n")},
    {"a_huge_string", INSTEAD(.head = "$64000000\r\n", .unit = "xxxxxxxxxx",
			  .times = 6400000, .tail = "\r\n")},
    {"a_string_of_2_GiB", INSTEAD(.head = "$2147483647\r\n", .unit = "x",
			      .times = 1000, THEN_CLOSE)},
    {"a_string_of_minus_5", INSTEAD(.head = "$-5\r\n")},
    {"a_string_of_2_to_the_64", INSTEAD(.head = "$18446744073709551616\r\n")},
    {"a_status_without_an_end",
	INSTEAD(.head = "+", .unit = "x", .times = 3000000, THEN_CLOSE)},
    {"a_length_without_an_end",
	INSTEAD(.head = "*", .unit = "1", .times = 3000000, THEN_CLOSE)},
    {"a_long_array",
	INSTEAD(.head = "*300000\r\n", .unit = "$-1\r\n", .times = 300000)},
    {"a_long_array_of_arrays",
	INSTEAD(.head = "*300000\r\n", .unit = "*0\r\n", .times = 300000)},
    {"an_array_of_2_GiB", INSTEAD(.head = "*2147483647\r\n", .unit = "$-1\r\n",
			      .times = 1000, THEN_CLOSE)},
    {"an_array_of_2_to_the_32",
	INSTEAD(.head = "*4294967296\r\n", .unit = ":1\r\n", .times = 1000,
	    THEN_CLOSE)},
    {"an_array_of_2_to_the_60",
	INSTEAD(.head = "*1152921504606846976\r\n", .unit = ":1\r\n",
	    .times = 1000, THEN_CLOSE)},
    {"an_array_of_minus_2", INSTEAD(.head = "*-2\r\n")},
    {"an_array_of_errors", INSTEAD(.head = "*2\r\n-ERR a\r\n-ERR b\r\n")},
    {"an_array_of_numbers", INSTEAD(.head = "*3\r\n:1\r\n:2\r\n:3\r\n")},
    {"an_array_of_texts", INSTEAD(.head = "*2\r\n$1\r\na\r\n$1\r\nb\r\n")},
    {"seven_deep", INSTEAD(.unit = "*1\r\n", .times = 6, .tail = ":1\r\n")},
    {"eight_deep", INSTEAD(.unit = "*1\r\n", .times = 7, .tail = ":1\r\n")},
    {"nine_deep", INSTEAD(.unit = "*1\r\n", .times = 8, .tail = ":1\r\n")},
    {"100000_deep",
	INSTEAD(.unit = "*1\r\n", .times = 100000, .tail = ":1\r\n")},
    {"a_push", BEFORE(.head = ">2\r\n$10\r\ninvalidate\r\n*0\r\n")},
    {"a_push_behind", BEHIND(.head = ">2\r\n$10\r\ninvalidate\r\n*0\r\n")},
    {"a_message", BEFORE(.head = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb"
				 "\r\n")},
    {"a_message_behind", BEHIND(.head = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n"
					"$1\r\nb\r\n")},
    {"two_replies", BEHIND(.head = "+OK\r\n")},
    {"a_thousand_replies", BEHIND(.unit = "+OK\r\n", .times = 1000)},
    {"a_reply_before", BEFORE(.head = "+OK\r\n")},
    {"an_error_before", BEFORE(.head = "-ERR no\r\n")},
    {"an_error_behind", BEHIND(.head = "-ERR no\r\n")},
    {"an_empty_array_before", BEFORE(.head = "*0\r\n")},
    {"a_null", INSTEAD(.head = "_\r\n")},
    {"a_boolean", INSTEAD(.head = "#t\r\n")},
    {"a_double", INSTEAD(.head = ",1.5\r\n")},
    {"a_double_that_is_none", INSTEAD(.head = ",nan,\r\n")},
    {"a_big_number", INSTEAD(.head = "(1234567890123456789012345678\r\n")},
    {"a_map", INSTEAD(.head = "%1\r\n+a\r\n+b\r\n")},
    {"a_set", INSTEAD(.head = "~1\r\n+a\r\n")},
    {"a_verbatim_string", INSTEAD(.head = "=7\r\ntxt:abc\r\n")},
    {"an_attribute", BEFORE(.head = "|1\r\n+a\r\n+b\r\n")},
    {"a_map_of_2_to_the_31",
	INSTEAD(.head = "%2147483648\r\n+a\r\n", THEN_CLOSE)},
    {"empty_lines", INSTEAD(.head = "\r\n\r\n\r\n")},
    {"a_line_feed", INSTEAD(.head = "+OK\n+OK\n", THEN_CLOSE)},
    {"a_zero", INSTEAD(.head = "\0", .head_len = 1, THEN_CLOSE)},
    {"http", INSTEAD(.head = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0"
			     "\r\n\r\n",
		 THEN_CLOSE)},
    {"bytes_of_no_kind", INSTEAD(.unit = "\xff\xfe\x01\x80*$", .times = 1000)},
    {"a_stream_without_entries", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n"
						 "*0\r\n")},
    {"a_stream_of_no_array", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n"
					     ":1\r\n")},
    {"a_stream_of_nils", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n"
					 "*2\r\n*-1\r\n$-1\r\n")},
    {"another_stream", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nxxx\r\n*1\r\n*2\r\n"
				       "$3\r\n1-1\r\n*2\r\n$1\r\nc\r\n$1\r\n"
				       "a\r\n")},
    {"two_streams", INSTEAD(.head = "*2\r\n*2\r\n$3\r\nsse\r\n*0\r\n*2\r\n"
				    "$3\r\nsse\r\n*0\r\n")},
    {"a_stream_of_three", INSTEAD(.head = "*1\r\n*3\r\n$3\r\nsse\r\n*0\r\n"
					  "*0\r\n")},
    {"an_entry_of_one", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n*1\r\n"
					"*1\r\n$3\r\n1-1\r\n")},
    {"an_entry_of_three", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n*1\r\n"
					  "*3\r\n$3\r\n1-1\r\n*0\r\n*0\r\n")},
    {"an_entry_without_fields", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n"
						"*1\r\n*2\r\n$3\r\n1-1\r\n"
						"*-1\r\n")},
    {"an_id_that_is_a_number", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n"
					       "*1\r\n*2\r\n:1\r\n*0\r\n")},
    {"an_id_that_is_none", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n*1\r\n"
					   "*2\r\n$5\r\nhello\r\n*0\r\n")},
    {"an_id_that_is_long",
	INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n*1\r\n"
			"*2\r\n$100000\r\n",
	    .unit = "1", .times = 100000, .tail = "\r\n*0\r\n")},
    {"the_id_0_0", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n*1\r\n*2\r\n"
				   "$3\r\n0-0\r\n*2\r\n$1\r\nc\r\n$1\r\nz"
				   "\r\n")},
    {"an_old_id", INSTEAD(.head = "*1\r\n*2\r\n$3\r\nsse\r\n*2\r\n*2\r\n"
				  "$3\r\n5-5\r\n*2\r\n$1\r\nc\r\n$1\r\nz\r\n"
				  "*2\r\n$3\r\n4-4\r\n*2\r\n$1\r\nc\r\n$1\r\n"
				  "z\r\n")},
    {"a_page_of_old_ids", INSTEAD(.head = "*2\r\n*2\r\n$3\r\n4-4\r\n*4\r\n"
					  "$1\r\nc\r\n$1\r\nz\r\n$1\r\nd\r\n"
					  "$1\r\nx\r\n*2\r\n$3\r\n5-5\r\n*4"
					  "\r\n$1\r\nc\r\n$1\r\nz\r\n$1\r\nd"
					  "\r\n$1\r\ny\r\n")},
    {"odd_fields", INSTEAD(.head = "*1\r\n*2\r\n$3\r\n1-1\r\n*3\r\n$1\r\nc"
				   "\r\n$1\r\nz\r\n$1\r\nd\r\n")},
    {"fields_that_are_numbers", INSTEAD(.head = "*1\r\n*2\r\n$3\r\n1-1\r\n*4"
						"\r\n:1\r\n:2\r\n*0\r\n-ERR"
						"\r\n")},
};

#endif
