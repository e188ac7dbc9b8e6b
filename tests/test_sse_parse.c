/* SPDX-License-Identifier: ISC */
/*
 * A publisher's event stream: what we take of it is what a browser's reader
 * would make of it, and what that would pass over is refused.
 */
#include "eventsource.h"

#include "channel/sse_parse.h"
#include "channel/sse.h"

#define MAX 300 /* messages */

static const struct row {
	const char *text;
	const char *shown; /* "type:data|" of each, "" for the default type */
	const char *wrong; /* or a part of what is wrong */
} rows[] = {
    {"data: a\n\n", ":a|", NULL},
    {"data:a\n\n", ":a|", NULL},
    {"data:  a\n\n", ": a|", NULL},
    {"data\n\n", ":|", NULL},
    {"data:\n\n", ":|", NULL},
    {"data: \n\n", ":|", NULL},
    {"data\ndata\n\n", ":\n|", NULL},
    {"data: a\ndata: b\n\n", ":a\nb|", NULL},
    {"data: a\n\ndata: b\n\n", ":a|:b|", NULL},
    {"data: a\r\n\r\ndata: b\r\rdata: c\n\r", ":a|:b|:c|", NULL},
    {"data: a\r\ndata: b\rdata: c\n\n", ":a\nb\nc|", NULL},
    {"event: t\ndata: a\n\n", "t:a|", NULL},
    {"data: a\nevent: t\n\n", "t:a|", NULL},
    {"event: t\ndata: a\n\ndata: b\n\n", "t:a|:b|", NULL},
    {"event: t\nevent: u\ndata: a\n\n", "u:a|", NULL},
    {"event: t\nevent\ndata: a\n\n", ":a|", NULL},
    {"event:\ndata: a\n\n", ":a|", NULL},
    {"event:  t \ndata: a\n\n", " t :a|", NULL},
    {"event: a:b\ndata: c:d\n\n", "a:b:c:d|", NULL},
    {": comment\ndata: a\n:\n\n", ":a|", NULL},
    {":\n\n\n\ndata: a\n\n\n\n", ":a|", NULL},
    {"data: a\n\n: the end\n", ":a|", NULL},
    {"other: x\nData: b\n data: c\ndatas: d\ndat: e\nevents: f\ndata: a\n\n",
	NULL, "neither data nor event"},
    {"Data: a\n\n", NULL, "neither data nor event"},
    {" data: a\n\n", NULL, "neither data nor event"},
    {"data : a\n\n", NULL, "neither data nor event"},
    {"data: a\n\nhello\n\n", NULL, "neither data nor event"},
    {"idx: 1\ndata: a\n\n", NULL, "neither data nor event"},
    {"retr: 1\ndata: a\n\n", NULL, "neither data nor event"},
    {"\xef\xbb\xbf"
     "data: a\n\n",
	":a|", NULL},
    {"\xef\xbb\xbf\xef\xbb\xbf"
     "data: b\ndata: a\n\n",
	NULL, "neither data nor event"}, /* the second is part of a name */
    {"data: \xef\xbb\xbf\xff\n\n", ":\xef\xbb\xbf\xff|", NULL},
    {"data: id: 1\n\n", ":id: 1|", NULL},
    {"", NULL, "no event"},
    {"\n", NULL, "no event"},
    {"\xef\xbb\xbf", NULL, "no event"},
    {"\xef\xbb", NULL, "not ended"},
    {": comment\n\n", NULL, "no event"},
    {"other: x\n\n", NULL, "neither data nor event"},
    {"data: a", NULL, "not ended"},
    {"data: a\n", NULL, "empty line"},
    {"data: a\r\n", NULL, "empty line"},
    {"data: a\n\ndata: b\n", NULL, "empty line"},
    {"data: a\n\nevent: t\n", NULL, "empty line"},
    {"data: a\n\ndata: b", NULL, "not ended"},
    {"data: a\n\nx", NULL, "not ended"},
    {"event: t\n\ndata: a\n\n", NULL, "no data"},
    {"event:\n\ndata: a\n\n", NULL, "no data"},
    {"data: a\n\nevent: t\n\n", NULL, "no data"},
    {"id: 1\ndata: a\n\n", NULL, "id"},
    {"id\ndata: a\n\n", NULL, "id"},
    {"data: a\nid:1\n\n", NULL, "id"},
    {"data: a\n\nid: 1\n\n", NULL, "id"},
    {"retry: 5\ndata: a\n\n", NULL, "retry"},
    {"retry\n\ndata: a\n\n", NULL, "retry"},
    {"retry: x\ndata: a\n\n", NULL, "retry"},
};

static struct sse_split split; /* of what was parsed last */

/* The same with a buffer of just its size; -1 where it is refused. */
static ssize_t
parse(const char *text, size_t len, struct sse_message messages[], size_t max,
    const char **wrong)
{
	char *copy = malloc(len);
	ssize_t n;

	assert_true(len == 0 || copy != NULL);
	if (len > 0)
		memcpy(copy, text, len);
	*wrong = "not set";
	n = sse_parse(&split, copy, len, messages, max, wrong);
	free(copy);
	return n;
}

static void
is_taken_or_refused(void **state)
{
	const struct row *row = *state;
	struct sse_message m[MAX];
	char shown[200] = "";
	const char *wrong;
	ssize_t n, i;
	size_t at = 0;

	n = parse(row->text, strlen(row->text), m, MAX, &wrong);
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(shown + at, sizeof(shown) - at,
		    "%s:%.*s|", m[i].type == NULL ? "" : m[i].type,
		    (int)m[i].len, m[i].data);
	sse_split_free(&split);
	if (row->wrong == NULL) {
		assert_null(wrong);
		assert_string_equal(shown, row->shown);
		return;
	}
	assert_int_equal(n, -1);
	assert_non_null(strstr(wrong, row->wrong));
}

static void
nul_is_data_but_not_in_a_type(void **state)
{
	static const char good[] = "data: a\0b\n\n",
			  bad[] = "event: a\0b\n"
				  "data: a\n\n",
			  name[] = "event\0: a\ndata: a\n\n";
	struct sse_message m[MAX];
	const char *wrong;

	(void)state;
	assert_int_equal(parse(good, sizeof(good) - 1, m, 1, &wrong), 1);
	assert_int_equal(m[0].len, 3);
	assert_memory_equal(m[0].data, "a\0b", 3);
	sse_split_free(&split);
	assert_int_equal(parse(bad, sizeof(bad) - 1, m, 1, &wrong), -1);
	assert_non_null(strstr(wrong, "NUL"));
	sse_split_free(&split);
	assert_int_equal(parse(name, sizeof(name) - 1, m, 1, &wrong),
	    -1); /* the field has another name */
	sse_split_free(&split);
}

static void
so_many_events_and_no_more(void **state)
{
	char text[MAX * 3 * 2];
	struct sse_message m[MAX];
	const char *wrong;
	size_t i;

	(void)state;
	for (i = 0; i < MAX; i++)
		memcpy(text + 6 * i, "data\n\n", 6);
	assert_int_equal(parse(text, sizeof(text), m, MAX, &wrong), MAX);
	sse_split_free(&split);
	assert_int_equal(parse(text, sizeof(text), m, MAX - 1, &wrong), -1);
	assert_non_null(strstr(wrong, "too many"));
	sse_split_free(&split);
}

/* What the reader was dispatched, against what we made of it. */
struct comparison {
	const struct sse_message *messages;
	ssize_t n;
};

static void
compare(struct eventsource *r)
{
	const struct comparison *c = r->arg;
	const struct sse_message *m = &c->messages[r->events - 1];
	const char *type = m->type == NULL ? "message" : m->type;

	if (c->n == -1)
		return;
	assert_in_range(r->events, 1, c->n);
	assert_field(&r->event_type, type, strlen(type));
	assert_field(&r->event_data, m->data, m->len);
}

/* Returns whether the stream is a good one. */
static bool
check_against_the_reader(struct eventsource *r, const char *text, size_t len,
    size_t max)
{
	static struct sse_message m[MAX];
	struct comparison c = {.messages = m};
	const char *wrong;
	bool good;

	c.n = parse(text, len, m, max, &wrong);
	eventsource_reset(r);
	r->dispatched = compare;
	r->arg = &c;
	read_stream(r, text, len);
	good =
	    r->ids + r->retries + r->others + r->nul_types + r->without_data ==
		0 &&
	    r->rest == 0 && r->data.len == 0 && !r->typed && r->events > 0 &&
	    r->events <= max;
	assert_int_equal(c.n, good ? (ssize_t)r->events : -1);
	assert_int_equal(wrong == NULL, good);
	sse_split_free(&split);
	return good;
}

/* Words of the notation, mostly good ones, and any bytes between. */
static size_t
random_stream(char *text, size_t max, uint32_t *seed, unsigned bad)
{
	static const char *const good[] = {"data: ", "data:", "data",
	    "event: ", "event:", ": ", " ", ":"},
				 *const ends[] = {"\n", "\r", "\r\n"},
				 *const ill[] = {"id: 1", "retry: 1", "id",
				     "other: ", "x", "event", "\n\n",
				     "\xef\xbb\xbf"};
	size_t len = 0, i, words = chance(seed) % 40;
	const char *word;

	for (i = 0; i < words && len + 16 < max; i++) {
		if (chance(seed) % 100 < bad)
			word = ill[chance(seed) % LENGTH(ill)];
		else if (chance(seed) % 2 == 0)
			word = ends[chance(seed) % LENGTH(ends)];
		else
			word = good[chance(seed) % LENGTH(good)];
		memcpy(text + len, word, strlen(word));
		len += strlen(word);
		if (chance(seed) % 16 == 0)
			text[len++] = (char)chance(seed);
	}
	return len;
}

static void
any_bytes_are_what_a_browser_would_make_of_them(void **state)
{
	static struct eventsource r;
	unsigned round, taken = 0;
	uint32_t seed = 20261123;
	char text[1024];
	size_t len, max;

	(void)state;
	for (round = 0; round < 150000; round++) {
		len = random_stream(text, sizeof(text), &seed, round % 3);
		if (round % 2 == 0) { /* most are closed */
			memcpy(text + len, "\ndata: z\n\n", 10);
			len += 10;
		}
		max = round % 5 == 0 ? 1 + chance(&seed) % 4 : MAX;
		taken += check_against_the_reader(&r, text, len, max);
	}
	assert_in_range(taken, round / 10, round / 2);
}

/* What we write ourselves, but for its id, is read back. */
static void
what_is_written_is_read_back(void **state)
{
	struct sse_message m = {.type = "t"}, got[MAX];
	uint32_t seed = 7;
	char text[4096], data[64];
	const char *wrong;
	size_t len, i;
	int round;

	(void)state;
	m.data = data;
	for (round = 0; round < 20000; round++) {
		m.len = chance(&seed) % sizeof(data);
		for (i = 0; i < m.len; i++) /* no CR, which becomes LF */
			data[i] = "a\n :\xff"[chance(&seed) % 5];
		len = sse_encode(text, sizeof(text), &m);
		assert_int_equal(parse(text, len, got, MAX, &wrong), 1);
		assert_string_equal(got[0].type, "t");
		assert_int_equal(got[0].len, m.len);
		assert_memory_equal(got[0].data, data, m.len);
		sse_split_free(&split);
	}
}

/* A row's text as its name, without control characters. */
static void
name_row(char *to, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 3 < size; text++) {
		if (*text == '\n' || *text == '\r')
			to[n++] = '\\';
		to[n++] = *text == '\n' ? 'n' : *text == '\r' ? 'r' : *text;
	}
	to[n] = '\0';
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(nul_is_data_but_not_in_a_type),
	    cmocka_unit_test(so_many_events_and_no_more),
	    cmocka_unit_test(any_bytes_are_what_a_browser_would_make_of_them),
	    cmocka_unit_test(what_is_written_is_read_back),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	static char names[LENGTH(rows)][80];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++) {
		name_row(names[i], sizeof(names[i]), rows[i].text);
		tests[n++] = row_test(names[i], is_taken_or_refused, &rows[i]);
	}
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("parse", tests, n, NULL, NULL);
}
