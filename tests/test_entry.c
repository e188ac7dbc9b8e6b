/* SPDX-License-Identifier: ISC */
/*
 * Entries of the stream: which are events, and what is said of the others.  A
 * row has the values of an entry's list in turn, with spaces between and %XX
 * for any byte.
 */
#include "unit.h"

#include "engine/entry.h"

#define MAX 16

static struct resp r;
static struct resp_value *whole;
static struct entry e;
static const char *why;

/* A text as RESP; %XX is one byte.  Returns what was written. */
static size_t
write_text(char *to, const char *text, size_t len)
{
	char bytes[1024];
	size_t n = 0, i, head;

	for (i = 0; i < len; i++) {
		if (text[i] == '%') {
			bytes[n++] = (char)wire_hex(text + i + 1);
			i += 2;
		} else
			bytes[n++] = text[i];
	}
	head = (size_t)sprintf(to, "$%zu\r\n", n);
	memcpy(to + head, bytes, n);
	memcpy(to + head + n, "\r\n", 2);
	return head + n + 2;
}

/* [id, [field, ...]]; an empty field is written as "-". */
static size_t
write_entry(char *to, const char *id, const char *fields)
{
	size_t len = (size_t)sprintf(to, "*2\r\n"), n = 0, i;
	const char *at;

	len += write_text(to + len, id, strlen(id));
	for (at = fields; *at != '\0'; at += strspn(at, " "), n++)
		at += strcspn(at, " ");
	len += (size_t)sprintf(to + len, "*%zu\r\n", n);
	for (at = fields; *at != '\0'; at += i + strspn(at + i, " ")) {
		i = strcspn(at, " ");
		len += write_text(to + len, at, *at == '-' ? 0 : i);
	}
	return len;
}

static void
parse(const char *bytes, size_t len)
{
	assert_int_equal(resp_init(&r, 65536), 0);
	assert_int_equal(resp_feed(&r, bytes, len), RESP_MORE);
	assert_int_equal(resp_next(&r, &whole), RESP_WHOLE);
}

static void
drop(void)
{
	resp_value_free(whole);
	resp_free(&r);
}

static enum entry_kind
read_bytes(const char *bytes, size_t len)
{
	parse(bytes, len);
	return entry_read(&e, whole, MAX, &why);
}

#define NO_KEY "its key, k, is not 1 to 64 ASCII characters without space"

static const struct row {
	const char *name, *fields;
	enum entry_kind kind;
	const char *why;
} rows[] = {
    {"event", "c a d hi", ENTRY_EVENT, NULL},
    {"event_with_a_type", "c a t x d hi", ENTRY_EVENT, NULL},
    {"fields_in_any_order", "d hi t x c a", ENTRY_EVENT, NULL},
    {"empty_type_is_none", "c a t - d hi", ENTRY_EVENT, NULL},
    {"empty_data", "c a d -", ENTRY_EVENT, NULL},
    {"data_of_any_text", "c a d %00%0d%0a%c3%a4", ENTRY_EVENT, NULL},
    {"other_fields_are_passed_over", "z 1 c a - x d hi %00 y C b cc / dd %ff",
	ENTRY_EVENT, NULL},
    {"of_two_the_last_counts", "d no t y c a t x d hi", ENTRY_EVENT, NULL},
    {"several_channels", "c b d hi c a", ENTRY_EVENT, NULL},
    {"sixteen_channels",
	"c a c b c d c e c f c g c h c i c j c k c l c m c n c o c p c q d hi",
	ENTRY_EVENT, NULL},
    {"seventeen_channels",
	"c a c b c d c e c f c g c h c i c j c k c l c m c n c o c p c q c r "
	"d hi",
	ENTRY_SKIPPED, "it has more than 16 channels"},
    {"same_channel_twice", "c a c b c a d hi", ENTRY_SKIPPED,
	"it has the same channel twice"},
    {"one_of_several_is_no_name", "c a c b%01 d hi", ENTRY_SKIPPED,
	"its channel's name is none"},
    {"one_of_several_is_the_clock", "c a c clock d hi", ENTRY_SKIPPED,
	"the clock's events are its own"},
    {"snapshot", "c a d hi s 1", ENTRY_EVENT, NULL},
    {"no_snapshot", "c a d hi s 0", ENTRY_EVENT, NULL},
    {"empty_snapshot", "c a d hi s -", ENTRY_EVENT, NULL},
    {"other_snapshot", "c a d hi s yes", ENTRY_SKIPPED, "a snapshot, s, is 1"},
    {"end", "c a e 1", ENTRY_END, NULL},
    {"end_with_empty_fields", "e 1 d - t - s 0 c a k -", ENTRY_END, NULL},
    {"deletion", "c a e delete", ENTRY_END, NULL},
    {"no_end", "c a d hi e 0", ENTRY_EVENT, NULL},
    {"empty_end", "c a d hi e -", ENTRY_EVENT, NULL},
    {"no_end_and_no_data", "c a e 0", ENTRY_SKIPPED, "it has no data, d"},
    {"other_end", "c a e yes", ENTRY_SKIPPED, "an end, e, is 1 or delete"},
    {"end_in_other_letters", "c a e DELETE", ENTRY_SKIPPED,
	"an end, e, is 1 or delete"},
    {"end_with_nul", "c a e 1%00", ENTRY_SKIPPED, "an end, e, is 1 or delete"},
    {"end_with_data", "c a d hi e 1", ENTRY_SKIPPED,
	"an end is an entry of its own, without d, t and s"},
    {"end_with_a_type", "c a t x e 1", ENTRY_SKIPPED,
	"an end is an entry of its own, without d, t and s"},
    {"end_with_a_snapshot", "c a s 1 e 1", ENTRY_SKIPPED,
	"an end is an entry of its own, without d, t and s"},
    {"end_of_two", "c a c b e delete", ENTRY_SKIPPED,
	"an end is one channel's"},
    {"end_without_a_channel", "e 1", ENTRY_SKIPPED, "it has no channel, c"},
    {"key", "c a d hi k K-1", ENTRY_EVENT, NULL},
    {"ends_key", "c a e 1 k K-1", ENTRY_END, NULL},
    {"empty_key", "c a d hi k -", ENTRY_EVENT, NULL},
    {"greatest_key",
	"c a d hi k "
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	ENTRY_EVENT, NULL},
    {"key_too_long",
	"c a d hi k "
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefg",
	ENTRY_SKIPPED, NO_KEY},
    {"key_with_a_control_character", "c a d hi k a%01", ENTRY_SKIPPED, NO_KEY},
    {"key_with_nul", "c a d hi k a%00", ENTRY_SKIPPED, NO_KEY},
    {"key_of_other_letters", "c a d hi k %c3%a4", ENTRY_SKIPPED, NO_KEY},
    {"keys_part", "c a d hi k K%2017", ENTRY_EVENT, NULL},
    {"keys_first_part", "c a d hi k K%201", ENTRY_SKIPPED, NO_KEY},
    {"keys_part_with_zeros", "c a d hi k K%2002", ENTRY_SKIPPED, NO_KEY},
    {"keys_part_no_number", "c a d hi k K%202x", ENTRY_SKIPPED, NO_KEY},
    {"keys_part_missing", "c a d hi k K%20", ENTRY_SKIPPED, NO_KEY},
    {"keys_part_with_tab", "c a d hi k K%092", ENTRY_SKIPPED, NO_KEY},
    {"keys_part_too_great", "c a d hi k K%2099999999999", ENTRY_SKIPPED,
	NO_KEY},
    {"part_of_no_key", "c a d hi k %202", ENTRY_SKIPPED, NO_KEY},
    {"as_much_as_there_may_be", "c a t 1234 d 123456789012", ENTRY_EVENT, NULL},
    {"note", "n x", ENTRY_NOTE, NULL},
    {"empty_note", "n -", ENTRY_NOTE, NULL},
    {"event_is_no_note", "c a d hi n 1", ENTRY_EVENT, NULL},
    {"note_without_a_channel", "d hi n 1", ENTRY_NOTE, NULL},
    {"no_channel", "d hi", ENTRY_SKIPPED, "it has no channel, c"},
    {"no_data", "c a", ENTRY_SKIPPED, "it has no data, d"},
    {"no_field_of_ours", "a b", ENTRY_SKIPPED, "it has no channel, c"},
    {"no_field", "", ENTRY_SKIPPED, "it has no channel, c"},
    {"half_a_field", "c a d", ENTRY_SKIPPED, "a field has no value"},
    {"empty_channel", "c - d hi", ENTRY_SKIPPED, "its channel's name is none"},
    {"channel_with_control_characters", "c a%01b d hi", ENTRY_SKIPPED,
	"its channel's name is none"},
    {"channel_of_any_language", "c https://a/%c3%a4@b d hi", ENTRY_EVENT, NULL},
    {"channel_not_utf8", "c a%ff d hi", ENTRY_SKIPPED,
	"its channel's name is none"},
    {"channel_with_nul", "c a%00 d hi", ENTRY_SKIPPED,
	"its channel's name is none"},
    {"clocks_channel", "c clock d hi", ENTRY_SKIPPED,
	"the clock's events are its own"},
    {"clock_that_closes", "c clock t close d sub:a", ENTRY_CLOSE, NULL},
    {"channel_that_closes_nothing", "c a t close d sub:a", ENTRY_EVENT, NULL},
    {"clock_and_another_that_close", "c clock c a t close d sub:a",
	ENTRY_SKIPPED, "the clock's events are its own"},
    {"clock_that_closes_nul", "c clock t close d a%00b", ENTRY_SKIPPED,
	"the clock's events are its own"},
    {"clock_that_closes_nothing", "c clock t close", ENTRY_SKIPPED,
	"the clock's events are its own"},
    {"channel_that_is_nul", "c %00 d hi", ENTRY_SKIPPED,
	"its channel's name is none"},
    {"too_much_data", "c a d 12345678901234567", ENTRY_SKIPPED,
	"it has more bytes than --max-event, its type included"},
    {"too_much_with_its_type", "c a t 12345 d 123456789012", ENTRY_SKIPPED,
	"it has more bytes than --max-event, its type included"},
    {"too_much_type", "c a t 12345678901234567 d -", ENTRY_SKIPPED,
	"it has more bytes than --max-event, its type included"},
    {"data_not_utf8", "c a d %c3%28", ENTRY_SKIPPED, "its data is not UTF-8"},
    {"type_not_utf8", "c a t %ff d hi", ENTRY_SKIPPED,
	"an event's type is not UTF-8"},
    {"type_with_nul", "c a t x%00 d hi", ENTRY_SKIPPED,
	"an event's type is text, without NUL"},
    {"type_that_is_nul", "c a t %00 d hi", ENTRY_SKIPPED,
	"an event's type is text, without NUL"},
    {"type_with_lf", "c a t x%0ay d hi", ENTRY_SKIPPED,
	"an event's type is one line, without CR and LF"},
    {"type_with_cr", "c a t x%0d d hi", ENTRY_SKIPPED,
	"an event's type is one line, without CR and LF"},
    {"type_gap", "c a t gap d hi", ENTRY_SKIPPED,
	"gap, position, end, abandoned, open and error are not a publisher's types: "
	"choose another"},
    {"type_end", "c a t end d hi", ENTRY_SKIPPED,
	"gap, position, end, abandoned, open and error are not a publisher's types: "
	"choose another"},
};

static void
entry_is_what_its_fields_say(void **state)
{
	const struct row *row = *state;
	char bytes[2048];

	assert_int_equal(read_bytes(bytes,
			     write_entry(bytes, "17-4", row->fields)),
	    row->kind);
	assert_int_equal(e.id.ms, 17);
	assert_int_equal(e.id.n, 4);
	assert_true((why == NULL) == (row->why == NULL));
	if (why != NULL)
		assert_string_equal(why, row->why);
	drop();
}

static void
event_has_channel_type_and_data(void **state)
{
	char bytes[2048];

	(void)state;
	assert_int_equal(read_bytes(bytes,
			     write_entry(bytes, "1-2", "d no c a t x d a%00b")),
	    ENTRY_EVENT);
	assert_int_equal(e.channels_n, 1);
	assert_string_equal(e.channels[0], "a");
	assert_false(e.message.snapshot);
	assert_null(e.key);
	assert_string_equal(e.message.type, "x");
	assert_null(e.message.id);
	assert_int_equal(e.message.len, 3);
	assert_memory_equal(e.message.data, "a\0b", 4);
	drop();
	assert_int_equal(read_bytes(bytes,
			     write_entry(bytes, "1-2", "c a t - d -")),
	    ENTRY_EVENT);
	assert_null(e.message.type);
	assert_int_equal(e.message.len, 0);
	drop();
}

static void
entry_is_a_post(void **state)
{
	char bytes[2048];
	struct post p;

	(void)state;
	assert_int_equal(read_bytes(bytes,
			     write_entry(bytes, "1-2", "c a c b d hi s 1")),
	    ENTRY_EVENT);
	p = entry_post(&e, ENTRY_EVENT);
	assert_int_equal(p.channels_n, 2);
	assert_string_equal(p.channels[0], "a");
	assert_string_equal(p.channels[1], "b");
	assert_int_equal(p.n, 1);
	assert_true(p.messages->snapshot);
	assert_false(p.end || p.erase);
	drop();
	assert_int_equal(read_bytes(bytes,
			     write_entry(bytes, "1-2", "c a e 1")),
	    ENTRY_END);
	p = entry_post(&e, ENTRY_END);
	assert_int_equal(p.n, 0);
	assert_true(p.end && !p.erase);
	drop();
	assert_int_equal(read_bytes(bytes,
			     write_entry(bytes, "1-2", "c a e delete")),
	    ENTRY_END);
	p = entry_post(&e, ENTRY_END);
	assert_true(p.end && p.erase);
	drop();
}

static void
key_says_which_part_it_is_of(void **state)
{
	char bytes[2048], text[ENTRY_KEY_SIZE], fields[200];
	unsigned part;
	char *space;

	(void)state;
	for (part = 1; part < 300; part += 37) {
		entry_key(text, "K:1", part);
		(void)sprintf(fields, "c a d hi k %s", text);
		space = strchr(fields + 11, ' ');
		if (space != NULL) { /* it is in the value */
			memmove(space + 3, space + 1, strlen(space));
			memcpy(space, "%20", 3);
		}
		assert_int_equal(read_bytes(bytes,
				     write_entry(bytes, "1-2", fields)),
		    ENTRY_EVENT);
		assert_int_equal(e.part, part);
		assert_int_equal(e.key_len, 3);
		assert_memory_equal(e.key, "K:1", 3);
		drop();
	}
}

static void
id_is_one_or_it_is_no_entry(void **state)
{
	static const char *const ids[] = {"", "0-0", "1", "1-", "-1", "1-2-3",
	    "01-2", "1-2%00", "1-18446744073709551616", "a-b", "+1-2"};
	char bytes[2048];
	struct eventid id;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(ids); i++) {
		assert_int_equal(read_bytes(bytes,
				     write_entry(bytes, ids[i], "c a d hi")),
		    ENTRY_BAD);
		assert_false(entry_id(&id, whole));
		drop();
	}
	assert_int_equal(read_bytes(bytes,
			     write_entry(bytes,
				 "18446744073709551615-18446744073709551615",
				 "c a d hi")),
	    ENTRY_EVENT);
	assert_true(entry_id(&id, whole));
	assert_true(id.ms == UINT64_MAX && id.n == UINT64_MAX);
	drop();
}

/* Other shapes than [id, [text, ...]]. */
static const struct shape {
	const char *bytes;
	enum entry_kind kind;
	const char *why;
} shapes[] = {
    {"+OK\r\n", ENTRY_BAD, NULL},
    {"$3\r\n1-1\r\n", ENTRY_BAD, NULL},
    {"$-1\r\n", ENTRY_BAD, NULL},
    {"*0\r\n", ENTRY_BAD, NULL},
    {"*2\r\n*0\r\n*0\r\n", ENTRY_BAD, NULL},
    {"*2\r\n:1\r\n*0\r\n", ENTRY_BAD, NULL},
    {"*2\r\n+1-1\r\n*0\r\n", ENTRY_BAD, NULL},
    {"*1\r\n$3\r\n1-1\r\n", ENTRY_SKIPPED, "it has no fields"},
    {"*2\r\n$3\r\n1-1\r\n*-1\r\n", ENTRY_SKIPPED, "it has no fields"},
    {"*2\r\n$3\r\n1-1\r\n$1\r\nc\r\n", ENTRY_SKIPPED, "it has no fields"},
    {"*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nc\r\n:1\r\n", ENTRY_SKIPPED,
	"a field is no string"},
    {"*2\r\n$3\r\n1-1\r\n*2\r\n*0\r\n$1\r\nc\r\n", ENTRY_SKIPPED,
	"a field is no string"},
    {"*2\r\n$3\r\n1-1\r\n*2\r\n$-1\r\n$-1\r\n", ENTRY_SKIPPED,
	"a field is no string"},
};

static void
other_shapes_are_no_events(void **state)
{
	const struct shape *s;

	(void)state;
	for (s = shapes; s < shapes + LENGTH(shapes); s++) {
		assert_int_equal(read_bytes(s->bytes, strlen(s->bytes)),
		    s->kind);
		assert_true((why == NULL) == (s->why == NULL));
		if (why != NULL)
			assert_string_equal(why, s->why);
		drop();
	}
}

/* It is the first that comes. */
static void
id_of_half_an_entry_is_there_as_soon_as_it_came(void **state)
{
	char bytes[2048];
	size_t len = write_entry(bytes, "7-8", "c a d hi"), cut;
	struct eventid id = {0};

	(void)state;
	for (cut = 4; cut < len; cut++) {
		assert_int_equal(resp_init(&r, 65536), 0);
		assert_int_equal(resp_feed(&r, bytes, cut), RESP_MORE);
		assert_int_equal(resp_next(&r, &whole), RESP_MORE);
		assert_int_equal(entry_id(&id, r.root), cut >= 13);
		if (cut >= 13)
			assert_int_equal(id.n, 8);
		drop();
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(event_has_channel_type_and_data),
	    cmocka_unit_test(entry_is_a_post),
	    cmocka_unit_test(key_says_which_part_it_is_of),
	    cmocka_unit_test(id_is_one_or_it_is_no_entry),
	    cmocka_unit_test(other_shapes_are_no_events),
	    cmocka_unit_test(id_of_half_an_entry_is_there_as_soon_as_it_came),
	};
	static struct CMUnitTest tests[LENGTH(others) + LENGTH(rows)];
	size_t n = LENGTH(others), i;

	memcpy(tests, others, sizeof(others));
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name,
		    entry_is_what_its_fields_say, &rows[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
