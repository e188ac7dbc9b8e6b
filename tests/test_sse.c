/* SPDX-License-Identifier: ISC */
/*
 * What is written must be read back as exactly one event with the same fields.
 * The reader knows nothing of sse.c.
 */
#include "eventsource.h"

#include <errno.h>

#include "channel/sse.h"

#define DATA_MAX 512

/* CRLF and CR as LF, which is what a reader makes of them. */
static size_t
normalise(char *to, const char *s, size_t len)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++)
		if (s[i] == '\r') {
			to[n++] = '\n';
			if (i + 1 < len && s[i + 1] == '\n')
				i++;
		} else
			to[n++] = s[i];
	return n;
}

static void
check_round_trip(const struct sse_message *m)
{
	static struct eventsource r;
	static char buf[16 * DATA_MAX], data[DATA_MAX];
	const char *type =
	    m->type == NULL || *m->type == '\0' ? "message" : m->type;
	const char *id = m->id == NULL ? "" : m->id;
	size_t len = sse_encode(buf, sizeof(buf), m);

	assert_in_range(len, 8, sizeof(buf));
	assert_int_equal(sse_size(m), len);
	eventsource_reset(&r);
	read_stream(&r, buf, len);
	assert_int_equal(r.events, 1);
	assert_field(&r.event_id, id, strlen(id));
	assert_field(&r.event_type, type, strlen(type));
	assert_field(&r.event_data, data, normalise(data, m->data, m->len));
	/* Nothing is left over, and there was nothing else. */
	assert_int_equal(r.data.len + r.rest, 0);
	assert_int_equal(r.retries + r.others, 0);
}

static const struct row {
	const char *name, *id, *type, *data, *text;
} rows[] = {
    {"data_alone", NULL, NULL, "hello", "data: hello\n\n"},
    {"id_and_data", "1", NULL, "x", "data: x\nid: 1\n\n"},
    {"type_id_and_data", "1-2", "gap", "x", "event: gap\ndata: x\nid: 1-2\n\n"},
    {"empty_data", NULL, NULL, "", "data: \n\n"},
    {"leading_space", NULL, NULL, " x", "data:  x\n\n"},
    {"colon", NULL, NULL, ":x", "data: :x\n\n"},
    {"two_lines", NULL, NULL, "a\nb", "data: a\ndata: b\n\n"},
    {"crlf", NULL, NULL, "a\r\nb", "data: a\ndata: b\n\n"},
    {"cr", NULL, NULL, "a\rb", "data: a\ndata: b\n\n"},
    {"lf_cr", NULL, NULL, "a\n\rb", "data: a\ndata: \ndata: b\n\n"},
    {"last_line_end", NULL, NULL, "a\n", "data: a\ndata: \n\n"},
    {"last_crlf", NULL, NULL, "a\r\n", "data: a\ndata: \n\n"},
    {"last_cr", NULL, NULL, "a\r", "data: a\ndata: \n\n"},
    {"line_ends_alone", NULL, NULL, "\n\n", "data: \ndata: \ndata: \n\n"},
    {"field_in_data", NULL, NULL, "x\nid: 9\n\nretry: 1",
	"data: x\ndata: id: 9\ndata: \ndata: retry: 1\n\n"},
    {"byte_order_mark", NULL, NULL, "\xef\xbb\xbfx", "data: \xef\xbb\xbfx\n\n"},
    {"empty_id_and_type", "", "", "x", "event: \ndata: x\nid: \n\n"},
    {"spaces_in_id_and_type", " 1 ", " t", "x",
	"event:  t\ndata: x\nid:  1 \n\n"},
};

static void
is_written_and_read_back(void **state)
{
	const struct row *row = *state;
	struct sse_message m = {.id = row->id,
	    .type = row->type,
	    .data = row->data,
	    .len = strlen(row->data)};
	char buf[200];
	size_t len = sse_encode(buf, sizeof(buf), &m);

	assert_int_equal(len, strlen(row->text));
	assert_memory_equal(buf, row->text, len);
	check_round_trip(&m);
}

/* Bytes of which many are those that mean something. */
static size_t
random_bytes(char *s, size_t max, uint32_t *seed)
{
	static const char special[] = "\r\n\r\n\r\n :\0dataid\xef\xbb\xbf";
	size_t len = chance(seed) % 4 == 0 ? chance(seed) % (max + 1) :
					     chance(seed) % 12,
	       i;

	for (i = 0; i < len; i++)
		s[i] = chance(seed) % 2 == 0 ?
			   special[chance(seed) % (sizeof(special) - 1)] :
			   (char)chance(seed);
	return len;
}

/* The same without what a line of its own cannot hold. */
static void
random_line(char *s, size_t max, uint32_t *seed)
{
	size_t len = random_bytes(s, max - 1, seed), i;

	for (i = 0; i < len; i++)
		if (s[i] == '\r' || s[i] == '\n' || s[i] == '\0')
			s[i] = ' ';
	s[len] = '\0';
}

static void
any_bytes_are_one_event(void **state)
{
	char data[DATA_MAX], id[40], type[40];
	struct sse_message m;
	uint32_t seed = 20261122;
	int round;

	(void)state;
	for (round = 0; round < 100000; round++) {
		m.len = random_bytes(data, sizeof(data), &seed);
		m.data = data;
		random_line(id, sizeof(id), &seed);
		random_line(type, sizeof(type), &seed);
		m.id = chance(&seed) % 3 == 0 ? NULL : id;
		m.type = chance(&seed) % 3 == 0 ? NULL : type;
		check_round_trip(&m);
	}
}

static void
line_end_in_id_or_type_is_refused(void **state)
{
	static const char *const bad[] = {"\n", "\r", "a\nb", "a\rb", "a\r\n",
	    "1\n\ndata: x"};
	struct sse_message m = {.data = "x", .len = 1};
	char buf[100];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(bad); i++) {
		m.id = bad[i];
		m.type = "t";
		errno = 0;
		assert_int_equal(sse_encode(buf, sizeof(buf), &m), 0);
		assert_int_equal(errno, EINVAL);
		m.id = "1";
		m.type = bad[i];
		errno = 0;
		assert_int_equal(sse_encode(buf, sizeof(buf), &m), 0);
		assert_int_equal(errno, EINVAL);
	}
}

/* Every size that is too small is refused, and nothing is written beyond. */
static void
size_must_hold_all(void **state)
{
	static const struct sse_message m = {.id = "12",
	    .type = "t",
	    .data = "a\nbc\r\n",
	    .len = 6};
	static const char text[] =
	    "event: t\ndata: a\ndata: bc\ndata: \nid: 12\n\n";
	size_t need = sizeof(text) - 1, size;
	char *buf;

	(void)state;
	for (size = 0; size < need + 3; size++) {
		buf = malloc(size + 1);
		assert_non_null(buf);
		buf[size] = '!';
		errno = 0;
		if (size < need) {
			assert_int_equal(sse_encode(buf, size, &m), 0);
			assert_int_equal(errno, ENOSPC);
		} else {
			assert_int_equal(sse_encode(buf, size, &m), need);
			assert_memory_equal(buf, text, need);
		}
		assert_int_equal(buf[size], '!');
		free(buf);
	}
}

static void
retry_is_a_block_without_an_event(void **state)
{
	static const unsigned long all[] = {0, 1, 2000, 3600000, ~0UL};
	static struct eventsource r;
	char buf[SSE_BLOCK_SIZE];
	size_t len, i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		len = sse_retry(buf, all[i]);
		assert_in_range(len, 1, SSE_BLOCK_SIZE - 1);
		read_stream(&r, buf, len);
		assert_true(r.retry == all[i]);
		assert_memory_equal(buf + len - 2, "\n\n", 2);
	}
	assert_int_equal(r.events, 0);
}

/* The longest id that there is, and the largest number. */
static const char longest_id[] = "18446744073709551615-18446744073709551615";

static const struct position_row {
	const char *name, *id;
	unsigned long ms;
	const char *text; /* NULL: not looked at */
} positions[] = {
    {"position_alone", "7-1", 0, "event: position\ndata: \nid: 7-1\n\n"},
    {"position_with_retry", "7-1", 2000,
	"retry: 2000\nevent: position\ndata: \nid: 7-1\n\n"},
    {"no_position_with_retry", NULL, 2000, "retry: 2000\nevent: position\n\n"},
    {"the_longest_position", longest_id, ~0UL, NULL},
};

/* It is an event without data; without a position it is none. */
static void
position_is_an_event(void **state)
{
	const struct position_row *row = *state;
	static struct eventsource r;
	char buf[SSE_BLOCK_SIZE];
	size_t len = sse_position(buf, row->ms, row->id);
	unsigned before = r.events;

	assert_in_range(len, 1, SSE_BLOCK_SIZE - 1);
	if (row->text != NULL) {
		assert_int_equal(len, strlen(row->text));
		assert_memory_equal(buf, row->text, len);
	}
	read_stream(&r, buf, len);
	assert_true(row->ms == 0 || r.retry == row->ms);
	assert_int_equal(r.events - before, row->id != NULL);
	if (row->id != NULL) {
		assert_field(&r.event_id, row->id, strlen(row->id));
		assert_field(&r.event_type, SSE_POSITION,
		    sizeof(SSE_POSITION) - 1);
		assert_int_equal(r.event_data.len, 0);
	}
}

static void
heartbeat_is_nothing_to_a_page(void **state)
{
	static struct eventsource r;

	(void)state;
	field_set(&r.id, "7", 1);
	read_stream(&r, SSE_HEARTBEAT, strlen(SSE_HEARTBEAT));
	assert_int_equal(r.events, 0);
	assert_field(&r.event_id, "7", 1);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(any_bytes_are_one_event),
	    cmocka_unit_test(line_end_in_id_or_type_is_refused),
	    cmocka_unit_test(size_must_hold_all),
	    cmocka_unit_test(retry_is_a_block_without_an_event),
	    cmocka_unit_test(heartbeat_is_nothing_to_a_page),
	};
	static struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(positions) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, is_written_and_read_back, &rows[i]);
	for (i = 0; i < LENGTH(positions); i++)
		tests[n++] = row_test(positions[i].name, position_is_an_event,
		    &positions[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("sse", tests, n, NULL, NULL);
}
