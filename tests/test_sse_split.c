/* SPDX-License-Identifier: ISC */
/*
 * An event stream in pieces: wherever it is cut, it is the same events, which
 * are those that a browser's reader makes of it.
 */
#include "eventsource.h"

#include "base/utf8.h"
#include "channel/sse_split.h"

/* What came out: "type:data|" of each, and how it ended. */
struct outcome {
	enum split_result end;
	const char *why;  /* SPLIT_BAD */
	const char *rest; /* SPLIT_MORE */
	size_t events;
	struct field shown;
};

static void
show(struct outcome *o, const struct sse_message *m)
{
	if (m->type != NULL)
		field_add(&o->shown, m->type, strlen(m->type));
	field_add(&o->shown, ":", 1);
	field_add(&o->shown, m->data, m->len);
	field_add(&o->shown, "|", 1);
	o->events++;
}

/* Events are kept, and now and then taken; a piece is just so large. */
static enum split_result
read_piece(struct sse_split *s, const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	enum split_result result = SPLIT_MORE;
	size_t at, used = 0;

	assert_non_null(copy);
	memcpy(copy, text, len);
	for (at = 0; at < len; at += used) {
		result = sse_split_read(s, copy + at, len - at, &used);
		assert_true(used > 0 && used <= len - at);
		if (result == SPLIT_EVENT) {
			struct sse_message m = sse_split_event(s);
			size_t in = sse_split_kept(s);
			struct sse_message again;

			sse_split_keep(s);
			assert_true(sse_split_next(s, &in, &again));
			assert_ptr_equal(m.data, again.data);
			assert_int_equal(in, sse_split_kept(s));
		} else if (result != SPLIT_MORE)
			break;
	}
	free(copy);
	return result;
}

static void
take_kept(struct sse_split *s, struct outcome *o)
{
	struct sse_message m;
	size_t at = 0;

	while (sse_split_next(s, &at, &m))
		show(o, &m);
	assert_int_equal(at, sse_split_kept(s));
	sse_split_give_up(s);
	assert_int_equal(sse_split_kept(s), 0);
}

/* In pieces of so many bytes, the first of another size. */
static void
split(struct outcome *o, const char *text, size_t len, size_t max, size_t first,
    size_t piece)
{
	struct sse_split s;
	size_t at, n = first;

	o->end = SPLIT_MORE;
	o->events = o->shown.len = 0;
	sse_split_init(&s, max, false);
	for (at = 0; at < len && o->end != SPLIT_BAD && o->end != SPLIT_LARGE;
	     at += n, n = piece) {
		if (n > len - at)
			n = len - at;
		o->end = read_piece(&s, text + at, n);
		take_kept(&s, o);
		/* The head and the LF, and twice what is there, or 1024. */
		assert_true(max > 8192 ||
			    sse_split_size(&s) <= 2 * (2 * max + 20) + 2048);
	}
	if (o->end == SPLIT_EVENT)
		o->end = SPLIT_MORE;
	o->why = s.why;
	o->rest = sse_split_rest(&s);
	sse_split_free(&s);
}

static void
assert_same(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(a->end, b->end);
	assert_ptr_equal(a->why, b->why);
	if (a->end == SPLIT_MORE)
		assert_ptr_equal(a->rest, b->rest);
	assert_int_equal(a->events, b->events);
	assert_field(&a->shown, b->shown.s, b->shown.len);
}

/* Cut once, at every byte; and everywhere. */
static void
split_everywhere(struct outcome *whole, const char *text, size_t len,
    size_t max)
{
	static struct outcome cut;
	size_t at;

	split(whole, text, len, max, len, len);
	for (at = 1; at < len; at++) {
		split(&cut, text, len, max, at, len);
		assert_same(whole, &cut);
	}
	for (at = 1; at < 4; at++) {
		split(&cut, text, len, max, at, at);
		assert_same(whole, &cut);
	}
}

static const struct row {
	const char *text;
	const char *shown;
	const char *wrong; /* or a part of what is wrong */
	const char *rest;  /* or of what is wrong if that is all */
} rows[] = {
    {"data: a\n\n", ":a|", NULL, NULL},
    {"data\n\n", ":|", NULL, NULL},
    {"data: a\r\n\r\ndata: b\r\rdata: c\n\r", ":a|:b|:c|", NULL, NULL},
    {"data: a\r\ndata: b\rdata: c\n\n", ":a\nb\nc|", NULL, NULL},
    {"event: t\ndata: a\n\ndata: b\n\n", "t:a|:b|", NULL, NULL},
    {"data: a\nevent: t\ndata: b\n\n", "t:a\nb|", NULL, NULL},
    {"event: t\nevent: u\ndata: a\n\n", "u:a|", NULL, NULL},
    {"event: t\nevent\ndata: a\n\n", ":a|", NULL, NULL},
    {": a comment\n\n:\n\ndata: a\n: b\n\n", ":a|", NULL, NULL},
    {"id: 7\nretry: 5\nother: x\nhello\ndata: a\nid\n\n", ":a|", NULL, NULL},
    {"id: 7\n\nretry: 5\n\nevent: t\n\ndata: a\n\n", ":a|", NULL, NULL},
    {"event:\n\n\n\n", "", NULL, NULL},
    {"\xef\xbb\xbf"
     "data: a\n\n",
	":a|", NULL, NULL},
    {"\xef\xbb\xbf\xef\xbb\xbf"
     "data: b\ndata: a\n\n",
	":a|", NULL, NULL},
    {"data: a\n\n\xef\xbb\xbf"
     "data: b\n\n",
	":a|", NULL, NULL},
    {"\xef\xbb"
     "data: b\n\n",
	"", NULL, NULL},
    {"\xef\xbb\xbf", "", NULL, NULL},
    {"data: \xc3\xa4\xf0\x9f\x98\x80\n\n", ":\xc3\xa4\xf0\x9f\x98\x80|", NULL,
	NULL},
    {": \xff\nid: \xff\n\xff: \xff\ndata: a\n\n", ":a|", NULL, NULL},
    {"data: a\n\ndata: \xff\n\ndata: b\n\n", ":a|", "UTF-8", NULL},
    {"data: \xc3\ndata: \xa4\n\n", "", "UTF-8", NULL},
    {"event: \xff\ndata: a\n\n", "", "UTF-8", NULL},
    {"", "", NULL, NULL},
    {"data: a\n\ndata: b", ":a|", NULL, "not ended"},
    {"data: a\n\n: b", ":a|", NULL, "not ended"},
    {"data: a\n\ndata: b\n", ":a|", NULL, "empty line"},
    {"data: a\n\nevent: b\n", ":a|", NULL, "empty line"},
    {"data: a\n\nid: b\n", ":a|", NULL, NULL},
};

static void
is_the_same_wherever_it_is_cut(void **state)
{
	const struct row *row = *state;
	static struct outcome o;

	split_everywhere(&o, row->text, strlen(row->text), 1000);
	assert_field(&o.shown, row->shown, strlen(row->shown));
	assert_int_equal(o.end, row->wrong == NULL ? SPLIT_MORE : SPLIT_BAD);
	if (row->wrong != NULL)
		assert_non_null(strstr(o.why, row->wrong));
	else if (row->rest != NULL)
		assert_non_null(strstr(o.rest, row->rest));
	else
		assert_null(o.rest);
}

static void
nul_is_data_but_not_in_a_type(void **state)
{
	static const char good[] = "data: a\0b\n\n",
			  bad[] = "data: a\n\nevent: a\0b\n",
			  name[] = "event\0: a\ndata: a\n\n";
	static struct outcome o;

	(void)state;
	split_everywhere(&o, good, sizeof(good) - 1, 100);
	assert_field(&o.shown, ":a\0b|", 5);
	split_everywhere(&o, bad, sizeof(bad) - 1, 100);
	assert_field(&o.shown, ":a|", 3);
	assert_int_equal(o.end, SPLIT_BAD);
	assert_non_null(strstr(o.why, "NUL"));
	split_everywhere(&o, name, sizeof(name) - 1, 100);
	assert_field(&o.shown, ":a|", 3); /* the field has another name */
}

/* Bytes of data, the LF between its lines, and of the type. */
static void
an_event_has_so_many_bytes_and_no_more(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} events[] = {
	    {"data: 12345\n\n", 5},
	    {"data: 12\ndata: 45\n\n", 5},
	    {"data: 1\ndata: 34\ndata\n\n", 5},
	    {"data\ndata\ndata\ndata\ndata\ndata\n\n", 5},
	    {"event: ab\ndata: cde\n\n", 5},
	    {"data: cde\nevent: ab\n\n", 5},
	    {"data: c\nevent: ab\ndata: e\n\n", 5},
	    {"event: ignored\nevent: ab\ndata: cde\n\n", 7},
	    {": much more than that, and passed over\nid: 1234567\ndata: "
	     "12345\n\n",
		5},
	};
	static struct outcome o;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(events); i++) {
		split_everywhere(&o, events[i].text, strlen(events[i].text),
		    events[i].bytes);
		assert_int_equal(o.end, SPLIT_MORE);
		assert_int_equal(o.events, 1);
		split_everywhere(&o, events[i].text, strlen(events[i].text),
		    events[i].bytes - 1);
		assert_int_equal(o.end, SPLIT_LARGE);
		assert_int_equal(o.events, 0);
	}
}

/* A line that never ends, of each kind: there is an end to what is held. */
static void
an_endless_line_holds_no_more_than_an_event(void **state)
{
	static const char *const begins[] = {"data: ", "event: ", ": ",
	    "id: ", "x"};
	static char much[65536];
	struct sse_split s;
	enum split_result result;
	size_t i, n, used;

	(void)state;
	memset(much, 'x', sizeof(much));
	for (i = 0; i < LENGTH(begins); i++) {
		sse_split_init(&s, 1000, false);
		result =
		    sse_split_read(&s, begins[i], strlen(begins[i]), &used);
		for (n = 0; n < 100 && result == SPLIT_MORE; n++) {
			result = sse_split_read(&s, much, sizeof(much), &used);
			assert_in_range(sse_split_size(&s), 0, 4096);
		}
		assert_int_equal(result, i < 2 ? SPLIT_LARGE : SPLIT_MORE);
		sse_split_free(&s);
	}
}

/* Who is silent between two events has no memory. */
static void
what_is_given_up_is_free(void **state)
{
	static const char text[] = "event: t\ndata: a\n\ndata: b\n\n";
	static struct outcome o;
	struct sse_split s;

	(void)state;
	sse_split_init(&s, 1000, false);
	(void)read_piece(&s, text, sizeof(text) - 1);
	assert_true(sse_split_size(&s) > 0);
	o.shown.len = 0;
	take_kept(&s, &o);
	assert_field(&o.shown, "t:a|:b|", 7);
	assert_int_equal(sse_split_size(&s), 0);
	sse_split_free(&s);
}

/* And so is what is dropped, without harm to the others. */
static void
what_is_dropped_is_none(void **state)
{
	static const char text[] =
	    "data: a\n\nevent: t\ndata: b\n\ndata: c\n\n";
	static struct outcome o;
	const char *at = text;
	struct sse_split s;
	size_t used;
	int i;

	(void)state;
	sse_split_init(&s, 1000, false);
	for (i = 0; i < 3; i++, at += used) {
		assert_int_equal(sse_split_read(&s, at,
				     sizeof(text) - 1 - (size_t)(at - text),
				     &used),
		    SPLIT_EVENT);
		if (i == 1)
			sse_split_drop(&s);
		else
			sse_split_keep(&s);
	}
	o.shown.len = 0;
	take_kept(&s, &o);
	assert_field(&o.shown, ":a|:c|", 6);
	sse_split_free(&s);
}

/* What a browser's reader was dispatched. */
static void
show_dispatched(struct eventsource *r)
{
	struct outcome *o = r->arg;
	bool named = r->event_type.len != 7 ||
		     memcmp(r->event_type.s, "message", 7) != 0;

	if (o->end == SPLIT_BAD)
		return;
	if (!utf8_valid((const uint8_t *)r->event_data.s, r->event_data.len) ||
	    !utf8_valid((const uint8_t *)r->event_type.s, r->event_type.len)) {
		o->end = SPLIT_BAD;
		return;
	}
	if (named)
		field_add(&o->shown, r->event_type.s, r->event_type.len);
	field_add(&o->shown, ":", 1);
	field_add(&o->shown, r->event_data.s, r->event_data.len);
	field_add(&o->shown, "|", 1);
	o->events++;
}

static size_t
random_stream(char *text, size_t max, uint32_t *seed)
{
	static const char *const words[] = {"data: ", "data:", "data",
	    "event: ", "event:", "event", ": ", " ", ":", "\n", "\r", "\r\n",
	    "\n", "\r\n\r\n", "\n\n", "\ndata: ", "id: 1", "retry: 1", "other",
	    "x", "\xef\xbb\xbf", "\xc3\xa4"};
	size_t len = 0, i, n = chance(seed) % 40;
	const char *word;

	for (i = 0; i < n && len + 16 < max; i++) {
		word = words[chance(seed) % LENGTH(words)];
		memcpy(text + len, word, strlen(word));
		len += strlen(word);
		if (chance(seed) % 64 == 0)
			text[len++] = (char)chance(seed);
	}
	return len;
}

static void
any_bytes_are_what_a_browser_makes_of_them(void **state)
{
	static struct eventsource r;
	static struct outcome ours, theirs;
	uint32_t seed = 20261127;
	unsigned round, events = 0;
	char text[1024];
	size_t len;

	(void)state;
	for (round = 0; round < 3000; round++) {
		len = random_stream(text, sizeof(text), &seed);
		split_everywhere(&ours, text, len, 1000);
		theirs.end = SPLIT_MORE;
		theirs.events = theirs.shown.len = 0;
		eventsource_reset(&r);
		r.dispatched = show_dispatched;
		r.arg = &theirs;
		read_stream(&r, text, len);
		events += (unsigned)ours.events;
		if (r.nul_types > 0) {
			assert_true(ours.events <= theirs.events);
			continue;
		}
		assert_int_equal(ours.end, theirs.end);
		assert_int_equal(ours.events, theirs.events);
		assert_field(&ours.shown, theirs.shown.s, theirs.shown.len);
		if (ours.end == SPLIT_MORE)
			assert_int_equal(ours.rest != NULL,
			    r.rest > 0 || r.data.len > 0 || r.typed);
	}
	assert_in_range(events, round / 4, 10 * round);
}

/* A row's text as its name, without what is no plain character. */
static void
name_row(char *to, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 3 < size; text++)
		if (*text == '\n' || *text == '\r') {
			to[n++] = '\\';
			to[n++] = *text == '\n' ? 'n' : 'r';
		} else
			to[n++] = *text & '\x80' ? '?' : *text;
	to[n] = '\0';
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(nul_is_data_but_not_in_a_type),
	    cmocka_unit_test(an_event_has_so_many_bytes_and_no_more),
	    cmocka_unit_test(an_endless_line_holds_no_more_than_an_event),
	    cmocka_unit_test(what_is_given_up_is_free),
	    cmocka_unit_test(what_is_dropped_is_none),
	    cmocka_unit_test(any_bytes_are_what_a_browser_makes_of_them),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	static char names[LENGTH(rows)][80];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++) {
		name_row(names[i], sizeof(names[i]), rows[i].text);
		tests[n++] = row_test(names[i], is_the_same_wherever_it_is_cut,
		    &rows[i]);
	}
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("split", tests, n, NULL, NULL);
}
