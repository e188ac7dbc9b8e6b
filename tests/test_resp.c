/* SPDX-License-Identifier: ISC */
/*
 * Replies of Redis, whole, cut, plucked, too large, and none at all.
 */
#include "unit.h"

#include "allocation.h"
#include "engine/resp.h"

#define MAX (64UL * 1024)

static struct resp r;

/* A value as text: [..] array, _ nil, and else as Redis writes it. */
static char shown[4096];

static void
show_value(const struct resp_value *v)
{
	static const char marks[] =
	    {[RESP_STRING] = '$', [RESP_STATUS] = '+', [RESP_ERROR] = '-'};
	size_t at = strlen(shown);
	char *to = shown + at;
	const struct resp_value *element;

	assert_int_equal(v->text[v->len], '\0');
	switch (v->type) {
	case RESP_ARRAY:
		(void)strcat(shown, "[");
		for (element = v->first; element != NULL;
		     element = element->next)
			show_value(element);
		(void)strcat(shown, "]");
		return;
	case RESP_NIL:
		(void)strcat(shown, "_");
		return;
	case RESP_INTEGER:
		(void)snprintf(to, sizeof(shown) - at, ":%lld", v->number);
		return;
	case RESP_STRING:
	case RESP_STATUS:
	case RESP_ERROR:
		break;
	}
	(void)snprintf(to, sizeof(shown) - at, "%c%zu(%s)", marks[v->type],
	    v->len, v->text);
}

static const char *
show(const struct resp_value *v)
{
	shown[0] = '\0';
	show_value(v);
	return shown;
}

static enum resp_result
feed(const char *bytes, size_t len)
{
	/* What is read past its end is seen. */
	char *copy = malloc(len > 0 ? len : 1);
	enum resp_result result;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	result = resp_feed(&r, copy, len);
	free(copy);
	return result;
}

static enum resp_result
feed_text(const char *text)
{
	return feed(text, strlen(text));
}

static enum resp_result
next(void)
{
	struct resp_value *v;
	enum resp_result result = resp_next(&r, &v);

	assert_true((v != NULL) == (result == RESP_WHOLE));
	resp_value_free(v);
	return result;
}

static void
assert_next(const char *expected)
{
	struct resp_value *v;

	assert_int_equal(resp_next(&r, &v), RESP_WHOLE);
	assert_true(resp_whole(v));
	assert_string_equal(show(v), expected);
	resp_value_free(v);
	assert_null(r.root);
	assert_int_equal(r.bytes, 0);
}

static void
begin(size_t max)
{
	assert_int_equal(resp_init(&r, max), 0);
}

static const struct reply {
	const char *name, *bytes, *shown;
} replies[] = {
    {"status", "+OK\r\n", "+2(OK)"},
    {"empty_status", "+\r\n", "+0()"},
    {"error", "-ERR no such thing\r\n", "-17(ERR no such thing)"},
    {"integer", ":42\r\n", ":42"},
    {"greatest_integer", ":9223372036854775807\r\n", ":9223372036854775807"},
    {"least_integer", ":-9223372036854775808\r\n", ":-9223372036854775808"},
    {"string", "$5\r\nhello\r\n", "$5(hello)"},
    {"empty_string", "$0\r\n\r\n", "$0()"},
    {"string_with_line_ends", "$6\r\na\r\nb\r\n\r\n", "$6(a\r\nb\r\n)"},
    {"nil_string", "$-1\r\n", "_"},
    {"nil_array", "*-1\r\n", "_"},
    {"empty_array", "*0\r\n", "[]"},
    {"array", "*3\r\n:1\r\n$1\r\nb\r\n+c\r\n", "[:1$1(b)+1(c)]"},
    {"array_of_nils", "*3\r\n$-1\r\n*-1\r\n*0\r\n", "[__[]]"},
    {"nested", "*2\r\n*1\r\n*2\r\n:1\r\n*0\r\n*1\r\n*1\r\n-E\r\n",
	"[[[:1[]]][[-1(E)]]]"},
    {"deep", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n",
	"[[[[[[[:7]]]]]]]"},
    {"xread",
	"*1\r\n*2\r\n$3\r\nsse\r\n*2\r\n"
	"*2\r\n$3\r\n1-1\r\n*4\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nd\r\n$2\r\nhi\r\n"
	"*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\nn\r\n$0\r\n\r\n",
	"[[$3(sse)[[$3(1-1)[$1(c)$1(a)$1(d)$2(hi)]][$3(1-2)[$1(n)$0()]]]]]"},
};

static void
assert_cut(const struct reply *row, size_t cut)
{
	begin(MAX);
	if (cut > 0) {
		assert_int_equal(feed(row->bytes, cut), RESP_MORE);
		assert_int_equal(next(), RESP_MORE);
	}
	assert_int_equal(feed_text(row->bytes + cut), RESP_MORE);
	assert_next(row->shown);
	assert_int_equal(next(), RESP_MORE);
	resp_free(&r);
}

static void
reply_is_the_same_however_it_is_cut(void **state)
{
	const struct reply *row = *state;
	size_t len = strlen(row->bytes), i;

	for (i = 0; i < len; i++)
		assert_cut(row, i);
	begin(MAX);
	for (i = 0; i + 1 < len; i++) {
		assert_int_equal(feed(row->bytes + i, 1), RESP_MORE);
		assert_int_equal(next(), RESP_MORE);
	}
	assert_int_equal(feed(row->bytes + i, 1), RESP_MORE);
	assert_next(row->shown);
	resp_free(&r);
}

/* Whatever was there when it goes is freed with it. */
static void
half_a_reply_is_freed(void **state)
{
	const struct reply *row = *state;
	size_t len = strlen(row->bytes), i;

	for (i = 0; i < len; i++) {
		begin(MAX);
		assert_int_equal(feed(row->bytes, i), RESP_MORE);
		assert_int_equal(next(), RESP_MORE);
		resp_free(&r);
	}
}

static void
many_replies_at_once_come_one_by_one(void **state)
{
	static char all[16384];
	size_t i, turn;

	(void)state;
	begin(MAX);
	all[0] = '\0';
	for (i = 0; i < LENGTH(replies); i++)
		(void)strcat(all, replies[i].bytes);
	(void)strcat(all, "*2\r\n:1\r\n"); /* and the half of one */
	for (turn = 0; turn < 10; turn++) {
		assert_int_equal(feed_text(all), RESP_MORE);
		for (i = 0; i < LENGTH(replies); i++)
			assert_next(replies[i].shown);
		assert_int_equal(next(), RESP_MORE);
		assert_string_equal(show(r.root), "[:1]");
		assert_int_equal(feed_text(":2\r\n"), RESP_MORE);
		assert_next("[:1:2]");
	}
	resp_free(&r);
}

static void
bytes_may_be_any(void **state)
{
	struct resp_value *v;

	(void)state;
	begin(MAX);
	assert_int_equal(feed("$4\r\n\0\xff\r\n\r\n", 10), RESP_MORE);
	assert_int_equal(resp_next(&r, &v), RESP_WHOLE);
	assert_int_equal(v->len, 4);
	assert_memory_equal(v->text, "\0\xff\r\n", 5);
	resp_value_free(v);
	resp_free(&r);
}

/*
 * No RESP 2.  hiredis 1.2 knows RESP 3, and 0.14 does not: neither is to give
 * us any of it.
 */
static const struct reply faults[] = {
    {"http", "HTTP/1.1 400 Bad Request\r\n", NULL},
    {"nul", "?\r\n", NULL},
    {"line_end", "\r\n", NULL},
    {"integer_with_more", ":12a\r\n", NULL},
    {"empty_integer", ":\r\n", NULL},
    {"integer_too_great", ":9223372036854775808\r\n", NULL},
    {"string_of_less_than_none", "$-2\r\n", NULL},
    {"string_of_no_length", "$abc\r\n", NULL},
    {"string_over_its_length", "$3\r\nabcd\r\n", NULL},
    {"string_short_of_its_length", "$3\r\nab\r\n+\r\n", NULL},
    {"array_of_less_than_none", "*-2\r\n", NULL},
    {"array_over_an_int", "*2147483648\r\n", NULL},
    {"array_over_all", "*9223372036854775808\r\n", NULL},
    {"too_deep", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n",
	NULL},
    {"deep_by_one", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n", NULL},
    {"push", ">2\r\n+a\r\n+b\r\n", NULL},
    {"empty_push", ">0\r\n", NULL},
    {"map", "%1\r\n+a\r\n+b\r\n", NULL},
    {"nil_map", "%-1\r\n", NULL},
    {"set", "~1\r\n+a\r\n", NULL},
    {"double", ",1.5\r\n", NULL},
    {"bool", "#t\r\n", NULL},
    {"big_number", "(123\r\n", NULL},
    {"verbatim", "=7\r\ntxt:abc\r\n", NULL},
    {"nil_verbatim", "=-1\r\n", NULL},
    {"attribute", "|1\r\n+a\r\n+b\r\n:1\r\n", NULL},
    {"nil_of_its_own", "_\r\n", NULL},
};

static void
assert_bad(const char *before, const struct reply *row, size_t cut)
{
	begin(MAX);
	assert_int_equal(feed_text(before), RESP_MORE);
	assert_int_equal(next(), RESP_MORE);
	assert_int_equal(feed(row->bytes, cut), RESP_MORE);
	if (next() == RESP_MORE) {
		assert_int_equal(feed_text(row->bytes + cut), RESP_MORE);
		assert_int_equal(next(), RESP_BAD);
	}
	assert_int_equal(next(), RESP_BAD); /* for ever */
	assert_int_equal(feed_text("+OK\r\n"), RESP_BAD);
	assert_int_equal(next(), RESP_BAD);
	if (*before != '\0') {
		assert_non_null(r.root); /* and what was here still is */
		assert_string_equal(show(resp_element(r.root, 0)), ":1");
	}
	resp_free(&r);
}

static void
no_reply_is_bad_however_it_is_cut(void **state)
{
	const struct reply *row = *state;
	size_t len = strlen(row->bytes), i;

	for (i = 0; i <= len; i++) {
		assert_bad("", row, i);
		assert_bad("*3\r\n:1\r\n", row, i);
	}
}

/* The sanitizer's, for which gcc has no header: tells of each allocation. */
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *,
						  size_t),
    void (*)(const volatile void *)) __attribute__((weak));

/* The largest allocation, the libraries' included, if there is a sanitizer. */
static size_t largest;
static bool watched;

static void
on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	if (size > largest)
		largest = size;
}

static void
on_free(const volatile void *p)
{
	(void)p;
}

static void
assert_took(size_t min, size_t max)
{
	if (watched)
		assert_in_range(largest, min, max);
}

static void
assert_announced(const char *text)
{
	static const char piece[1024] = "more";
	size_t here = 0;

	begin(MAX);
	largest = 0;
	assert_int_equal(feed_text(text), RESP_MORE);
	assert_int_equal(next(), RESP_MORE);
	assert_took(1, 1024);
	if (strchr(text, '$') != NULL) {
		do {
			assert_int_equal(feed(piece, sizeof(piece)), RESP_MORE);
			here += sizeof(piece);
		} while (next() == RESP_MORE);
		assert_int_equal(next(), RESP_LARGE);
		assert_in_range(here, MAX - 64, MAX + sizeof(piece));
		assert_took(MAX, 3 * MAX);
	}
	resp_free(&r);
}

static void
what_is_announced_takes_no_memory(void **state)
{
	(void)state;
	assert_announced("$1000000000\r\n");
	assert_announced("*1000000000\r\n");
	assert_announced("*2147483647\r\n*2147483647\r\n*2147483647\r\n");
}

/* hiredis adds to it; where that is over a size_t it is as if all were here. */
static void
length_over_what_there_may_be_takes_no_memory(void **state)
{
	static const char *const texts[] = {"$9223372036854775807\r\n",
	    "$4294967294\r\nhere", "*2\r\n:1\r\n$4294967280\r\nhere"};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(texts); i++) {
		begin(MAX);
		largest = 0;
		assert_int_equal(feed_text(texts[i]), RESP_MORE);
		assert_int_equal(next(),
		    SIZE_MAX > UINT32_MAX ? RESP_MORE : RESP_BAD);
		assert_took(1, 1024);
		resp_free(&r);
	}
}

static void
line_without_an_end_is_too_large(void **state)
{
	static const char piece[1024] = "-and so on";
	size_t here = 0;

	(void)state;
	begin(16UL << 20);
	do {
		assert_int_equal(feed(piece, sizeof(piece)), RESP_MORE);
		here += sizeof(piece);
	} while (next() == RESP_MORE);
	assert_int_equal(next(), RESP_LARGE);
	assert_in_range(here, 65536, 65536 + sizeof(piece));
	resp_free(&r);
}

/* Small values are large beside their text. */
static void
tree_may_be_too_large(void **state)
{
	unsigned n = 0;

	(void)state;
	begin(MAX);
	assert_int_equal(feed_text("*1000000\r\n"), RESP_MORE);
	while (next() == RESP_MORE) {
		assert_true(r.bytes <= MAX);
		assert_int_equal(feed_text(":1\r\n"), RESP_MORE);
		n++;
	}
	assert_int_equal(next(), RESP_LARGE);
	assert_true(r.bytes <= MAX);
	assert_in_range(n, MAX / 200, MAX / sizeof(struct resp_value));
	assert_int_equal(r.root->came, n - 1);
	assert_int_equal(resp_feed(&r, "", 0), RESP_LARGE);
	resp_free(&r);
}

#define ENTRIES 100000

/* An entry of XREAD. */
static size_t
write_entry(char *to, size_t size, unsigned i)
{
	char id[24];

	(void)snprintf(id, sizeof(id), "%u-1", i + 1);
	return (size_t)snprintf(to, size,
	    "*2\r\n$%zu\r\n%s\r\n*4\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nd\r\n"
	    "$5\r\nhello\r\n",
	    strlen(id), id);
}

/* Takes out what is whole; their ids go on from there. */
static unsigned
pluck(unsigned from)
{
	struct resp_value *key = resp_element(r.root, 0), *list, *entry;
	char id[24];

	list = key == NULL ? NULL : resp_element(key, 1);
	if (list == NULL)
		return from;
	while ((entry = resp_shift(&r, list)) != NULL) {
		(void)snprintf(id, sizeof(id), "%u-1", ++from);
		assert_true(resp_whole(entry));
		assert_true(resp_is(resp_element(entry, 0), RESP_STRING, id));
		resp_value_free(entry);
	}
	return from;
}

static void
long_reply_that_is_plucked_is_never_here_as_one(void **state)
{
	static char all[ENTRIES * 80];
	struct resp_value *v;
	size_t len, at, n, most = 0;
	unsigned i, taken = 0;

	(void)state;
	len = (size_t)sprintf(all, "*1\r\n*2\r\n$3\r\nsse\r\n*%d\r\n", ENTRIES);
	for (i = 0; i < ENTRIES; i++)
		len += write_entry(all + len, sizeof(all) - len, i);
	begin(MAX);
	for (at = 0; at + 4096 < len; at += n) {
		n = 4096;
		assert_int_equal(resp_feed(&r, all + at, n), RESP_MORE);
		assert_int_equal(next(), RESP_MORE);
		most = r.bytes > most ? r.bytes : most;
		taken = pluck(taken);
		assert_in_range(r.bytes, 1, 2048);
	}
	assert_in_range(most, 4096, 12UL * 4096);
	assert_int_equal(resp_feed(&r, all + at, len - at), RESP_MORE);
	assert_int_equal(resp_next(&r, &v), RESP_WHOLE);
	assert_int_equal(r.bytes, 0);
	assert_int_equal(resp_element(v->first, 1)->came, ENTRIES);
	r.root = v; /* so that the same takes the rest */
	r.bytes = SIZE_MAX / 2;
	assert_int_equal(pluck(taken), ENTRIES);
	r.root = NULL;
	assert_true(resp_whole(v));
	assert_string_equal(show(v), "[[$3(sse)[]]]");
	resp_value_free(v);
	resp_free(&r);
}

static void
only_what_is_whole_is_taken_out(void **state)
{
	struct resp_value *v;

	(void)state;
	begin(MAX);
	assert_int_equal(feed_text("*3\r\n"), RESP_MORE);
	assert_int_equal(next(), RESP_MORE);
	assert_null(resp_shift(&r, r.root));
	assert_int_equal(feed_text("*2\r\n:1\r\n"), RESP_MORE);
	assert_int_equal(next(), RESP_MORE);
	assert_false(resp_whole(r.root->first));
	assert_null(resp_shift(&r, r.root));
	assert_int_equal(feed_text(":2\r\n*1\r\n*0\r\n"), RESP_MORE);
	assert_int_equal(next(), RESP_MORE);
	assert_int_equal(r.root->came, 2);
	assert_false(resp_whole(r.root));
	v = resp_shift(&r, r.root);
	assert_string_equal(show(v), "[:1:2]");
	assert_null(v->next);
	resp_value_free(v);
	v = resp_shift(&r, r.root);
	assert_string_equal(show(v), "[[]]");
	resp_value_free(v);
	assert_null(r.root->last);
	assert_int_equal(r.bytes, sizeof(struct resp_value) + 1);
	assert_int_equal(feed_text("+last\r\n"), RESP_MORE);
	assert_next("[+4(last)]");
	resp_free(&r);
}

static void
whole_reply_is_taken_apart_without_its_reader(void **state)
{
	struct resp_value *v, *one;

	(void)state;
	begin(MAX);
	assert_int_equal(feed_text("*2\r\n:1\r\n:2\r\n"), RESP_MORE);
	assert_int_equal(resp_next(&r, &v), RESP_WHOLE);
	resp_free(&r);
	one = resp_shift(NULL, v);
	assert_string_equal(show(one), ":1");
	assert_string_equal(show(v), "[:2]");
	assert_true(resp_whole(v));
	resp_value_free(one);
	resp_value_free(v);
	resp_value_free(NULL);
}

/* Who looks at what is left knows where to go on. */
static void
entry_that_is_too_large_shows_its_id_and_those_before(void **state)
{
	static const char piece[1000] = "x";

	(void)state;
	begin(MAX);
	assert_int_equal(feed_text(
			     "*1\r\n*2\r\n$3\r\nsse\r\n*3\r\n"
			     "*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nn\r\n$0\r\n\r\n"
			     "*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nc\r\n$1\r\na\r\n"
			     "$1\r\nd\r\n$100000000\r\n"),
	    RESP_MORE);
	while (next() == RESP_MORE)
		assert_int_equal(feed(piece, sizeof(piece)), RESP_MORE);
	assert_int_equal(next(), RESP_LARGE);
	assert_string_equal(show(r.root), "[[$3(sse)[[$3(1-1)[$1(n)$0()]]"
					  "[$3(1-2)[$1(c)$1(a)$1(d)]]]]]");
	assert_false(resp_whole(r.root));
	resp_free(&r);
}

/* It is whole, but with what is here already it is too much. */
static void
value_that_does_not_fit_beside_the_others_is_too_large(void **state)
{
	static char text[40000];
	char head[16];
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text));
	len = (size_t)snprintf(head, sizeof(head), "$%zu\r\n", sizeof(text));
	begin(MAX);
	assert_int_equal(feed_text("*2\r\n"), RESP_MORE);
	assert_int_equal(feed(head, len), RESP_MORE);
	assert_int_equal(feed(text, sizeof(text)), RESP_MORE);
	assert_int_equal(feed_text("\r\n"), RESP_MORE);
	assert_int_equal(next(), RESP_MORE);
	assert_int_equal(feed(head, len), RESP_MORE);
	assert_int_equal(feed(text, sizeof(text)), RESP_MORE);
	assert_int_equal(next(), RESP_MORE);
	assert_int_equal(feed_text("\r\n"), RESP_MORE);
	assert_int_equal(next(), RESP_LARGE);
	assert_int_equal(r.root->came, 1);
	assert_int_equal(r.root->first->len, sizeof(text));
	resp_free(&r);
}

static void
no_memory_ends_it_wherever_it_happens(void **state)
{
	const char *bytes = replies[LENGTH(replies) - 1].bytes;
	enum resp_result result;
	unsigned long n = 0;
	bool failed;

	(void)state;
	do {
		begin(MAX);
		assert_int_equal(resp_feed(&r, bytes, strlen(bytes)),
		    RESP_MORE);
		allocation_fails(++n);
		result = next();
		failed = allocation_failed();
		assert_int_equal(result, failed ? RESP_NO_MEMORY : RESP_WHOLE);
		if (failed) { /* for ever */
			assert_int_equal(next(), RESP_NO_MEMORY);
			assert_int_equal(resp_feed(&r, "", 0), RESP_NO_MEMORY);
		}
		allocation_fails(0);
		resp_free(&r);
	} while (failed);
	assert_int_equal(n, 17); /* of 16 values one after the other */
}

static void
text_is_compared_whole(void **state)
{
	struct resp_value *v;

	(void)state;
	begin(MAX);
	assert_int_equal(feed_text("*4\r\n+OK\r\n-MOVED 1 x:1\r\n-LOADING\r\n"),
	    RESP_MORE);
	assert_int_equal(feed("$3\r\na\0b\r\n", 9), RESP_MORE);
	assert_int_equal(resp_next(&r, &v), RESP_WHOLE);
	assert_true(resp_is(resp_element(v, 0), RESP_STATUS, "OK"));
	assert_false(resp_is(resp_element(v, 0), RESP_STATUS, "O"));
	assert_false(resp_is(resp_element(v, 0), RESP_STATUS, "OKAY"));
	assert_false(resp_is(resp_element(v, 0), RESP_STRING, "OK"));
	assert_false(resp_is(resp_element(v, 3), RESP_STRING, "a"));
	assert_false(resp_is(v, RESP_STRING, ""));
	assert_true(resp_error_is(resp_element(v, 1), "MOVED"));
	assert_false(resp_error_is(resp_element(v, 1), "MOVE"));
	assert_false(resp_error_is(resp_element(v, 1), "MOVED 1 x:1 "));
	assert_true(resp_error_is(resp_element(v, 2), "LOADING"));
	assert_false(resp_error_is(resp_element(v, 0), "OK"));
	assert_null(resp_element(v, 4));
	assert_null(resp_element(v->first, 0));
	resp_value_free(v);
	resp_free(&r);
}

static void
command_is_what_redis_reads(void **state)
{
	static const char *const argv[] = {"XADD", "", "a\0b\r\n"};
	static const size_t len[] = {4, 0, 5};
	static const char expected[] =
	    "*3\r\n$4\r\nXADD\r\n$0\r\n\r\n$5\r\na\0b\r\n\r\n";
	char *bytes;

	(void)state;
	assert_int_equal(resp_command(&bytes, 3, argv, len),
	    sizeof(expected) - 1);
	assert_memory_equal(bytes, expected, sizeof(expected) - 1);
	resp_command_free(bytes);
	assert_int_equal(resp_command(&bytes, 1, argv, NULL), 14);
	assert_memory_equal(bytes, "*1\r\n$4\r\nXADD\r\n", 14);
	resp_command_free(bytes);
}

static void
what_was_freed_takes_nothing(void **state)
{
	struct resp_value *v;

	(void)state;
	begin(MAX);
	resp_free(&r);
	assert_int_equal(resp_feed(&r, "+OK\r\n", 5), RESP_BAD);
	assert_int_equal(resp_next(&r, &v), RESP_BAD);
	resp_free(&r);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(many_replies_at_once_come_one_by_one),
	    cmocka_unit_test(bytes_may_be_any),
	    cmocka_unit_test(what_is_announced_takes_no_memory),
	    cmocka_unit_test(length_over_what_there_may_be_takes_no_memory),
	    cmocka_unit_test(line_without_an_end_is_too_large),
	    cmocka_unit_test(tree_may_be_too_large),
	    cmocka_unit_test(long_reply_that_is_plucked_is_never_here_as_one),
	    cmocka_unit_test(only_what_is_whole_is_taken_out),
	    cmocka_unit_test(whole_reply_is_taken_apart_without_its_reader),
	    cmocka_unit_test(
		entry_that_is_too_large_shows_its_id_and_those_before),
	    cmocka_unit_test(
		value_that_does_not_fit_beside_the_others_is_too_large),
	    cmocka_unit_test(no_memory_ends_it_wherever_it_happens),
	    cmocka_unit_test(text_is_compared_whole),
	    cmocka_unit_test(command_is_what_redis_reads),
	    cmocka_unit_test(what_was_freed_takes_nothing),
	};
	static struct CMUnitTest
	    tests[LENGTH(others) + 2 * LENGTH(replies) + LENGTH(faults)];
	struct CMUnitTest *t = tests + LENGTH(others);
	size_t i;

	watched = __sanitizer_install_malloc_and_free_hooks != NULL;
	if (watched &&
	    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) == 0)
		return 1;
	memcpy(tests, others, sizeof(others));
	for (i = 0; i < LENGTH(replies); i++) {
		*t++ = row_test(replies[i].name,
		    reply_is_the_same_however_it_is_cut, &replies[i]);
		*t++ = row_test(replies[i].name, half_a_reply_is_freed,
		    &replies[i]);
	}
	for (i = 0; i < LENGTH(faults); i++)
		*t++ = row_test(faults[i].name,
		    no_reply_is_bad_however_it_is_cut, &faults[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
