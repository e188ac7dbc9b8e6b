/* SPDX-License-Identifier: ISC */
/*
 * Runs: channels that begin, and end, or are deleted; who reads them, and who
 * comes back to them; and what is published for several channels, as a whole
 * state, or once and no more.
 */
#include "unit.h"

#include <signal.h>
#include <stdbool.h>

#include "post.h"
#include "responder.h"
#include "stored.h"
#include "subscriber.h"
#include "verdict.h"
#include "world.h"

#define STREAM "Status: 200 OK\r\nContent-Type: text/event-stream\r\n"
#define GONE   "Status: 204 No Content\r\nCache-Control: no-store\r\n\r\n"

/* Does the engine hold more than a process's life? */
static bool
outlives(void)
{
	return getenv("STORE") != NULL || getenv("SHARED") != NULL;
}

static void
begin(struct subscriber *s, const char *channels, const char *position,
    const char *by)
{
	subscriber_begin(s, &world.c, channels);
	subscriber_connect(s, &world.r, position, by);
}

/* It reads from now on. */
static void
join(struct subscriber *s, const char *channels)
{
	begin(s, channels, NULL, NULL);
	assert_true(subscriber_joined(s));
}

/* The channel ends, behind this event more, or with none. */
static void
end_channel(const char *channel, bool with_event)
{
	unsigned number =
	    with_event ? checker_event(&world.c, channel, NULL, "last") : 0;
	unsigned end = checker_end(&world.c, channel);

	if (with_event)
		assert_int_equal(try_publish(&world.r, &world.c, number, end),
		    200);
	else
		publish(&world.r, &world.c, end);
}

/* It has all, its stream has ended, and it is told not to come back. */
static void
check_over(struct subscriber *s)
{
	assert_true(subscriber_over(s));
	subscriber_check(s, true);
	subscriber_again(s, &world.r, NULL);
	assert_true(subscriber_over(s));
	assert_int_equal(s->f.text_len, 0);
	subscriber_check(s, true);
}

/* A request, and its answer, whole. */
static void
ask(struct front *f, const char *method, const char *query, const char *name,
    const char *value)
{
	const char *more[] = {"QUERY_STRING", query, name, value, NULL};

	assert_true(front_connect(f, world.r.address));
	assert_true(front_request(f, 0, method, more));
	assert_true(front_until_end(f, PATIENCE));
	assert_int_equal(f->status, 0);
}

/* The answer to a post or another method; free() it. */
static char *
answer_to(const char *method, const char *query, const char *text, int status)
{
	const char *const more[] = {"REQUEST_METHOD", method, NULL};
	struct post p = {.query = query,
	    .body = text,
	    .len = strlen(text),
	    .more = more};
	struct front f;
	char *answer;

	post(&f, &world.r, &p);
	if (answer_status(&f) != status)
		fail_msg("%s %s: %s", method, query, f.text);
	answer = strdup(answer_text(&f));
	assert_non_null(answer);
	front_close(&f);
	return answer;
}

static void
expect(const char *method, const char *query, const char *text, int status,
    const char *has)
{
	char *answer = answer_to(method, query, text, status);

	if (strstr(answer, has) == NULL)
		fail_msg("%s %s: no %s in %s", method, query, has, answer);
	free(answer);
}

/* Erases the channel, and it is the checker's end of it; id: of that. */
static void
delete_channel(const char *channel)
{
	char query[QUERY_SIZE], id[48];
	unsigned end = checker_end(&world.c, channel);
	char *answer;

	checker_sent(&world.c, end, 1);
	(void)query_channel(query, channel, true);
	answer = answer_to("DELETE", query, "", 200);
	assert_non_null(strstr(answer, ",\"ended\":true}\n"));
	assert_int_equal(sscanf(answer, "{\"id\":\"%47[0-9-]\"", id), 1);
	checker_acknowledged(&world.c, end, id);
	free(answer);
}

static void
an_end_is_an_event_and_the_end_of_the_stream(void **state)
{
	char *answer, id[48], want[200];
	struct front f, other;
	int streams;

	(void)state;
	open_raw(&f, "channel=e1", NULL, NULL);
	first_position(&f, id);
	answer = answer_to("POST", "channel=e1&end=1", "", 200);
	assert_int_equal(sscanf(answer,
			     "{\"id\":\"%47[0-9-]\",\"channel\":\"e1\","
			     "\"streams\":%d",
			     id, &streams),
	    2);
	/* By Redis it may be over before that has answered. */
	assert_true(streams == 1 || (streams == 0 && getenv("SHARED") != NULL));
	(void)snprintf(want, sizeof(want),
	    "{\"id\":\"%s\",\"channel\":\"e1\",\"streams\":%d,"
	    "\"ended\":true}\n",
	    id, streams);
	assert_string_equal(answer, want);
	free(answer);
	assert_true(front_until_end(&f, PATIENCE));
	(void)snprintf(want, sizeof(want),
	    "\n\nevent: end\ndata: {\"channel\":\"e1\"}\nid: %s\n\n", id);
	assert_string_equal(f.text + f.text_len - strlen(want), want);
	assert_int_equal(front_count(&f, "retry:"), 1);
	front_close(&f);
	ask(&other, "GET", "channel=e1", "HTTP_LAST_EVENT_ID", id);
	assert_string_equal(other.text, GONE);
	front_close(&other);
}

static void
a_run_is_read_to_its_end(void **state)
{
	struct subscriber live, late;

	(void)state;
	join(&live, "run-1");
	publish_some("run-1", 5);
	begin(&late, "run-1", "3", "history");
	assert_true(subscriber_joined(&late));
	end_channel("run-1", true);
	check_over(&live);
	assert_int_equal(live.page.events, 7);
	check_over(&late);
	assert_int_equal(late.page.events, 5);
	subscriber_end(&live);
	subscriber_end(&late);
}

static void
a_stream_of_several_ends_with_the_last_of_them(void **state)
{
	struct subscriber s;

	(void)state;
	join(&s, "s1 s2 s3");
	publish_some("s1", 2);
	end_channel("s1", false);
	publish_some("s2", 1);
	end_channel("s3", true);
	publish_some("s2", 1);
	assert_true(subscriber_until(&s, 7));
	subscriber_check(&s, true);
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_joined(&s));
	publish_some("s2", 1);
	end_channel("s2", false);
	check_over(&s);
	assert_int_equal(s.page.events, 9);
	subscriber_end(&s);
}

/* From each of its events on: what it lacks, then the end, then 204. */
static void
who_comes_back_gets_what_it_lacks_and_the_end(void **state)
{
	struct subscriber s;
	char position[64];
	unsigned i, first;

	(void)state;
	first = world.c.events;
	publish_some("back", 6);
	end_channel("back", true);
	for (i = first; i < first + 6; i++) {
		(void)snprintf(position, sizeof(position), "%llu-%llu",
		    (unsigned long long)world.c.event[i].id.ms,
		    (unsigned long long)world.c.event[i].id.n);
		begin(&s, "back", position, i % 2 ? NULL : "last_event_id");
		check_over(&s);
		assert_int_equal(s.page.events, 7 - (i - first));
		subscriber_end(&s);
	}
	begin(&s, "back", "earliest", NULL);
	check_over(&s);
	assert_int_equal(s.page.events, 8);
	subscriber_end(&s);
	begin(&s, "back", "all", "history");
	check_over(&s);
	assert_int_equal(s.page.events, 8);
	subscriber_end(&s);
	begin(&s, "back", NULL, NULL); /* the end is all that is to come */
	check_over(&s);
	assert_int_equal(s.page.events, 1);
	subscriber_end(&s);
}

/* What comes of a position at the end, by how it is told; %s: the end's id. */
static void
only_who_has_had_the_end_is_told_not_to_come_back(void **state)
{
	static const struct {
		const char *method, *query, *header;
		bool gone;
		unsigned ends;
	} cases[] = {
	    {"GET", "", "%s", true, 0},
	    {"HEAD", "", "%s", true, 0},
	    {"GET", "&lastEventId=%s", NULL, true, 0},
	    {"GET", "&evs_last_event_id=%s", "1-1", true, 0},
	    {"GET", "&lastEventId=7&lastEventId=%s&lastEventId=x", "2-2", true,
		0},
	    {"GET", "&last_event_id=earliest", "%s", true, 0},
	    {"GET", "&last_event_id=%s", NULL, false, 1},
	    {"HEAD", "&last_event_id=%s", NULL, false, 0},
	    {"GET", "", "earliest", false, 1},
	    {"GET", "&last_event_id=%s", "earliest", false, 1},
	    {"GET", "", "x", false, 1},
	    {"GET", "", "1-1", false, 1},
	    {"GET", "", NULL, false, 1},
	    {"HEAD", "", NULL, false, 0},
	    {"GET", "&history=2", NULL, false, 1},
	};
	char id[48], query[300], header[100];
	struct front f;
	size_t i;

	(void)state;
	say("channel=only", "x", id);
	say("channel=only&end=1", "y", id);
	for (i = 0; i < LENGTH(cases); i++) {
		(void)strcpy(query, "channel=only");
		(void)snprintf(query + 12, sizeof(query) - 12, cases[i].query,
		    id);
		if (cases[i].header != NULL)
			(void)snprintf(header, sizeof(header), cases[i].header,
			    id);
		ask(&f, cases[i].method, query,
		    cases[i].header == NULL ? NULL : "HTTP_LAST_EVENT_ID",
		    header);
		if (cases[i].gone)
			assert_string_equal(f.text, GONE);
		else
			assert_memory_equal(f.text, STREAM, strlen(STREAM));
		if (front_count(&f, "event: end\n") != cases[i].ends)
			fail_msg("%zu: %s", i, f.text);
		front_close(&f);
	}
	/* Of two channels one goes on. */
	open_raw(&f, "channel=only&channel=only2", "HTTP_LAST_EVENT_ID", id);
	say("channel=only2", "z", id);
	assert_comes(&f, "data: z\n");
	assert_int_equal(front_count(&f, "event: end\n"), 0);
	front_close(&f);
}

static void
nothing_is_published_behind_an_end(void **state)
{
	double refused = status_figure(&world.r, "\"publish_ended\":"), events;
	struct subscriber s;
	char id[48];

	(void)state;
	say("channel=shut&end=1", "x", id);
	join(&s, "shut2");
	events = status_figure(&world.r, "\"events_published\":");
	expect("POST", "channel=shut", "x", 409, "the channel has ended\n");
	expect("POST", "channel=shut&event=y", "", 409, "has ended\n");
	expect("POST", "channel=shut&end=1", "", 409, "has ended\n");
	expect("POST", "channel=shut&end=1", "x", 409, "has ended\n");
	expect("POST", "channel=shut2&channel=shut", "x", 409, "to the others");
	FIGURE("\"publish_ended\":", refused + 5);
	FIGURE("\"events_published\":", events);
	publish_some("shut2", 1);
	assert_true(subscriber_until(&s, 1));
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/* Readers that have all, some, nothing, and all but what they do not take. */
static void
delete_ends_the_streams_of_all_readers(void **state)
{
	static char large[20000];
	struct subscriber all, behind, slow, two, new;
	unsigned i;

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	join(&slow, "del");
	join(&all, "del");
	join(&two, "del other");
	begin(&behind, "del", NULL, NULL);
	assert_true(subscriber_joined(&behind));
	for (i = 0; i < 40; i++) { /* more than a socket takes */
		publish(&world.r, &world.c,
		    checker_event(&world.c, "del", NULL, large));
		if (i == 0)
			assert_true(subscriber_until(&behind, 1));
		if (i == 0)
			subscriber_cut(&behind);
		assert_true(subscriber_until(&all, i + 1));
		assert_true(subscriber_until(&two, i + 1));
	}
	delete_channel("del");
	check_over(&all);
	assert_int_equal(all.page.events, 41);
	assert_int_equal(all.page.gaps, 0);
	check_over(&slow);
	assert_true(slow.page.events >= 2);
	subscriber_again(&behind, &world.r, NULL);
	check_over(&behind);
	assert_int_equal(behind.page.events, 2);
	assert_int_equal(behind.page.gaps, 1);
	begin(&new, "del", NULL, NULL);
	check_over(&new);
	assert_int_equal(new.page.events, 1);
	publish_some("other", 1);
	assert_true(subscriber_until(&two, 42));
	subscriber_check(&two, true);
	FIGURE("\"name\":\"del\",\"streams\":1,\"held\":", 0);
	subscriber_end(&all);
	subscriber_end(&slow);
	subscriber_end(&behind);
	subscriber_end(&two);
	subscriber_end(&new);
}

static void
what_has_ended_may_be_erased_and_keeps_its_end(void **state)
{
	char first[48], end[48];
	struct front f;

	(void)state;
	say("channel=erased", "x", first);
	say("channel=erased", "y", end);
	say("channel=erased&end=1", "z", end);
	expect("DELETE", "channel=erased", "", 200, "\"ended\":true}\n");
	expect("DELETE", "channel=erased", "a body", 200, "\"ended\":true}\n");
	expect("POST", "channel=erased", "x", 409, "has ended\n");
	ask(&f, "GET", "channel=erased", "HTTP_LAST_EVENT_ID", first);
	assert_non_null(strstr(f.text, "\"reason\":\"deleted\"}\n"));
	assert_int_equal(front_count(&f, "event: gap\n"), 1);
	assert_int_equal(front_count(&f, "data: y\n"), 0);
	assert_comes(&f, "event: end\ndata: {\"channel\":\"erased\"}\nid: %s\n",
	    end);
	front_close(&f);
	ask(&f, "GET", "channel=erased", "HTTP_LAST_EVENT_ID", end);
	assert_string_equal(f.text, GONE);
	front_close(&f);
}

static void
who_may_not_publish_may_not_delete(void **state)
{
	static const char *const foreign[] = {"REQUEST_METHOD", "DELETE",
	    "HTTP_ORIGIN", "http://evil.example", NULL};
	struct post p = {.query = "channel=kept", .body = "", .more = foreign};
	struct front f;
	char id[48];

	(void)state;
	say("channel=kept", "x", id);
	post(&f, &world.r, &p);
	assert_refusal(&f, 403);
	front_close(&f);
	expect("DELETE", "", "", 400, "no channel");
	expect("DELETE", "channel=clock", "", 400, "clock");
	expect("DELETE", "channel=kept&channel=kept2", "", 400, "several");
	expect("PATCH", "channel=kept", "", 405, "not served");
	say("channel=kept", "y", id);
}

static void
a_channel_that_never_was_may_end(void **state)
{
	struct subscriber s, t;

	(void)state;
	join(&s, "never1 never2");
	end_channel("never1", false);
	delete_channel("never2");
	check_over(&s);
	begin(&t, "never2 never1", NULL, NULL);
	check_over(&t);
	subscriber_end(&s);
	subscriber_end(&t);
}

static void
a_new_reader_begins_with_the_newest_snapshot(void **state)
{
	static const char *const queries[] = {"channel=snap",
	    "channel=snap&history=1", "channel=snap&history=2"};
	char id[6][48];
	struct front f;
	size_t i;

	(void)state;
	say("channel=snap", "a", id[0]);
	say("channel=snap&snapshot=1", "ab", id[1]);
	say("channel=snap&snapshot=1", "abc", id[2]);
	say("channel=snap", "d", id[3]);
	for (i = 0; i < LENGTH(queries); i++) {
		open_raw(&f, queries[i], NULL, NULL);
		assert_blocks(&f, "\nmessage %s abc\nmessage %s d\n", id[2],
		    id[3]);
		assert_int_equal(front_count(&f, "data: ab\n"), 0);
		front_close(&f);
	}
	open_raw(&f, "channel=snap", "HTTP_LAST_EVENT_ID", id[0]);
	assert_blocks(&f, "\nmessage %s ab\nmessage %s abc\nmessage %s d\n",
	    id[1], id[2], id[3]);
	front_close(&f);
	open_raw(&f, "channel=snap&history=all", NULL, NULL);
	assert_blocks(&f,
	    "\nmessage %s a\nmessage %s ab\nmessage %s abc\n"
	    "message %s d\n",
	    id[0], id[1], id[2], id[3]);
	front_close(&f);
	say("channel=snap&end=1", "", id[4]);
	ask(&f, "GET", "channel=snap", NULL, NULL);
	assert_blocks(&f, "\nmessage %s abc\nmessage %s d\nend %s ", id[2],
	    id[3], id[4]);
	front_close(&f);
}

static void
all_of_the_history_begins_with_a_gap_if_some_is_gone(void **state)
{
	struct subscriber s;
	char id[4][48];
	struct front f;
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		say("channel=all", "x", id[i]);
	open_raw(&f, "channel=all&history=all", NULL, NULL);
	assert_blocks(&f, "\nmessage %s x\nmessage %s x\n", id[2], id[3]);
	assert_int_equal(front_count(&f, "\"reason\":\"overflow\""), 1);
	assert_int_equal(front_count(&f, "data: x\n"), 2);
	front_close(&f);
	publish_some("all2", 2);
	begin(&s, "all2", "all", "history");
	assert_true(subscriber_until(&s, 2));
	assert_int_equal(s.page.gaps, 0);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

static int
start_with_two(void **state)
{
	(void)state;
	return world_start_with((const char *[]){"--history", "2", NULL});
}

/* One id, and who reads several of them gets it once. */
static void
an_event_of_several_channels_comes_once(void **state)
{
	static const char *const channels[] = {"m1", "m2", "m3", "m1 m2",
	    "m3 m2 m1", "m4 m3"};
	struct subscriber s[LENGTH(channels)];
	char *answer;
	unsigned number;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(s); i++)
		join(&s[i], channels[i]);
	publish_some("m2", 1);
	number = checker_event(&world.c, "m1", NULL, "for three");
	checker_also(&world.c, number, "m2");
	checker_also(&world.c, number, "m3");
	publish(&world.r, &world.c, number);
	publish_some("m1", 1);
	publish_some("m3", 1);
	for (i = 0; i < LENGTH(s); i++) {
		assert_true(subscriber_until_number(&s[i],
		    i == 0 || i == 3 ? world.c.events - 2 :
		    i == 1	     ? number :
				       world.c.events - 1));
		subscriber_check(&s[i], true);
		subscriber_end(&s[i]);
	}
	for (i = 0; i < LENGTH(s); i++) { /* and who comes for all of it */
		begin(&s[i], channels[i], "earliest", NULL);
		assert_true(subscriber_until(&s[i],
		    (const unsigned[]){2, 2, 2, 3, 4, 2}[i]));
		subscriber_check(&s[i], true);
		subscriber_end(&s[i]);
	}
	answer = answer_to("POST", "channel=m%22&channel=m1", "x", 200);
	assert_non_null(
	    strstr(answer, "\",\"channel\":\"m\\\"\","
			   "\"channels\":[\"m\\\"\",\"m1\"],\"streams\":0}\n"));
	free(answer);
}

static void
a_key_publishes_once(void **state)
{
	double repeated = status_figure(&world.r, "\"publish_repeated\":");
	char id[4][48], want[100];
	struct front f;
	size_t i;

	(void)state;
	open_raw(&f, "channel=keyed&channel=keyed2", NULL, NULL);
	first_position(&f, id[0]);
	for (i = 0; i < 3; i++)
		say("channel=keyed&key=k-1", "once", id[i]);
	assert_string_equal(id[0], id[1]);
	assert_string_equal(id[0], id[2]);
	FIGURE("\"publish_repeated\":", repeated + 2);
	expect("POST", "channel=keyed&key=k-1", "other", 200,
	    "\"repeated\":true}\n");
	say("channel=keyed2&key=k-1", "once", id[1]); /* it is another's */
	assert_string_not_equal(id[0], id[1]);
	say("channel=keyed&key=k-2", "once", id[1]);
	assert_string_not_equal(id[0], id[1]);
	say("channel=keyed&key=end&end=1", "", id[2]);
	(void)snprintf(want, sizeof(want),
	    "{\"id\":\"%s\",\"channel\":", id[2]);
	expect("POST", "channel=keyed&key=end&end=1", "", 200, want);
	(void)snprintf(want, sizeof(want),
	    "{\"id\":\"%s\",\"channel\":", id[0]);
	expect("POST", "channel=keyed&key=k-1", "once", 200, want);
	expect("POST", "channel=keyed&key=k-3", "once", 409, "ended");
	say("channel=keyed2&end=1", "", id[3]);
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(front_count(&f, "data: once\n"), 3);
	assert_int_equal(front_count(&f, "event: end\n"), 2);
	front_close(&f);
}

/* Many at once with one key: one is published, and all have its id. */
static void
of_many_with_a_key_one_is_published(void **state)
{
	static struct front f[20];
	struct post p = {.query = "channel=rush&key=1", .body = "x", .len = 1};
	char first[48] = "", id[48];
	struct front reader;
	size_t i;

	(void)state;
	open_raw(&reader, "channel=rush", NULL, NULL);
	first_position(&reader, id);
	for (i = 0; i < LENGTH(f); i++)
		assert_true(front_connect(&f[i], world.r.address));
	for (i = 0; i < LENGTH(f); i++)
		assert_true(post_head(&f[i], 0, &p) && post_body(&f[i], &p));
	for (i = 0; i < LENGTH(f); i++) {
		assert_true(front_until_end(&f[i], PATIENCE));
		while (answer_status(&f[i]) == 503) { /* one is under way */
			front_close(&f[i]);
			post(&f[i], &world.r, &p);
		}
		assert_int_equal(answer_status(&f[i]), 200);
		answer_id(&f[i], id);
		if (i > 0)
			assert_string_equal(id, first);
		(void)strcpy(first, id);
		front_close(&f[i]);
	}
	say("channel=rush&end=1", "", id);
	assert_true(front_until_end(&reader, PATIENCE));
	assert_int_equal(front_count(&reader, "data: x\n"), 1);
	front_close(&reader);
}

/* Names as others have them, and the worst. */
static void
a_name_may_be_anything_of_one_word(void **state)
{
	static char worst[256];
	static const char *const names[] = {"/", "a/b/c", "user@example.com",
	    "%", "100%25", "https://example.com/books/1?a=b&c=d#e;f", "a+b",
	    "h\xc3\xa9llo", "\xf0\x9f\x98\x80", "private-App.User.42", "\"",
	    "\\", "{\"channel\":\"x\"}", "'", "%s%n", worst};
	char *text, query[QUERY_SIZE], want[600];
	struct subscriber s;
	struct front f;
	size_t i, n;

	(void)state;
	memset(worst, '"', 255);
	memset(worst, '\\', 128);
	for (i = 0; i < LENGTH(names); i++) {
		join(&s, names[i]);
		publish_some(names[i], 2);
		(void)query_channel(query, names[i], true);
		text = status_text(&world.r, "format=json");
		n = 0;
		for (const char *c = names[i]; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				want[n++] = '\\';
			want[n++] = *c;
		}
		(void)snprintf(want + n, sizeof(want) - n,
		    "\",\"streams\":1,\"held\":2,");
		assert_non_null(strstr(text, want));
		free(text);
		/* The front names it, encoded. */
		open_raw(&f, "channel=x", "SSE_CHANNEL", query + 8);
		first_position(&f, want);
		if (i % 2)
			delete_channel(names[i]);
		else
			end_channel(names[i], true);
		check_over(&s);
		assert_true(front_until_end(&f, PATIENCE));
		assert_int_equal(front_count(&f, "event: end\n"), 1);
		front_close(&f);
		subscriber_again(&s, &world.r, NULL);
		assert_true(subscriber_over(&s));
		subscriber_end(&s);
		begin(&s, names[i], "1-1", NULL);
		assert_true(subscriber_over(&s));
		subscriber_end(&s);
	}
}

static void
a_stream_of_64_channels_ends_with_the_last(void **state)
{
	char names[64 * 16] = "", name[16];
	struct subscriber s;
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i < 64; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "x%d ", i);
	join(&s, names);
	for (i = 0; i < 64; i++) {
		(void)snprintf(name, sizeof(name), "x%d", i);
		publish_some(name, 1);
		end_channel(name, i % 2);
		if (i % 16 != 7)
			continue;
		subscriber_again(&s, &world.r, NULL);
		assert_true(subscriber_joined(&s));
	}
	check_over(&s);
	assert_int_equal(s.page.events, 64 * 2 + 32);
	subscriber_end(&s);
}

/* What is answered 200 is as true later, and in the next process, if it may. */
static void
ends_and_keys_outlive_the_process(void **state)
{
	struct subscriber s, gone, new;
	char id[3][48], want[100];
	struct front f;

	(void)state;
	join(&s, "old1 old2");
	join(&gone, "old1");
	publish_some("old1", 3);
	publish_some("old2", 2);
	end_channel("old1", true);
	assert_true(subscriber_over(&gone));
	subscriber_check(&gone, true);
	assert_true(subscriber_until(&s, 7));
	say("channel=old3&snapshot=1", "state", id[0]);
	say("channel=old3&key=k", "more", id[1]);
	say("channel=old4&channel=old5", "both", id[2]);
	expect("DELETE", "channel=old5", "", 200, "ended");
	if (outlives())
		stored_restart(NULL);
	subscriber_again(&gone, &world.r, NULL);
	assert_true(subscriber_over(&gone));
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_joined(&s));
	end_channel("old2", true);
	check_over(&s);
	begin(&new, "old1 old2", "earliest", NULL);
	check_over(&new);
	assert_int_equal(new.page.events, 9);
	expect("POST", "channel=old1", "x", 409, "ended");
	expect("POST", "channel=old5", "x", 409, "ended");
	(void)snprintf(want, sizeof(want), "{\"id\":\"%s\",", id[1]);
	expect("POST", "channel=old3&key=k", "more", 200, want);
	open_raw(&f, "channel=old3", NULL, NULL);
	assert_blocks(&f, "\nmessage %s state\nmessage %s more\n", id[0],
	    id[1]);
	front_close(&f);
	open_raw(&f, "channel=old4&history=9", NULL, NULL);
	assert_blocks(&f, "\nmessage %s both\n", id[2]);
	front_close(&f);
	ask(&f, "GET", "channel=old5", NULL, NULL);
	assert_int_equal(front_count(&f, "data: both\n"), 0);
	assert_int_equal(front_count(&f, "event: end\n"), 1);
	front_close(&f);
	subscriber_end(&s);
	subscriber_end(&gone);
	subscriber_end(&new);
}

#define RUNS	30
#define READERS 60

static uint32_t seed = 20261127;

static unsigned
below(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

/* A reader of some runs that comes and goes. */
static void
come_or_go(struct subscriber *s)
{
	(void)subscriber_read(s, 0);
	if (s->f.ended || below(20) == 0)
		subscriber_again(s, &world.r, NULL);
}

static void
what_happens(const char *name, unsigned at)
{
	char other[16];
	unsigned number = checker_event(&world.c, name, NULL, "token");

	if (below(10) == 0) {
		(void)snprintf(other, sizeof(other), "r%u", below(RUNS));
		if (strcmp(other, name) != 0)
			checker_also(&world.c, number, other);
	}
	(void)try_publish(&world.r, &world.c, number,
	    at > 10 && below(20) == 0 && world.c.event[number].also == 0 ?
		checker_end(&world.c, name) :
		0);
	if (at > 30 && below(60) == 0 &&
	    !world.c.channel[checker_channel(&world.c, name)].has_end)
		delete_channel(name);
}

static void
runs_end_while_readers_come_and_go(void **state)
{
	static struct subscriber s[READERS];
	char name[16], names[100];
	unsigned i, j;

	(void)state;
	seed = (uint32_t)number_from("SEED", seed);
	for (i = 0; i < READERS; i++) {
		*names = '\0';
		for (j = 0; j <= i % 4; j++)
			(void)snprintf(names + strlen(names), 20, "r%u ",
			    (i * 7 + j * 5) % RUNS);
		join(&s[i], names);
	}
	for (i = 0; i < 40 * RUNS; i++) {
		(void)snprintf(name, sizeof(name), "r%u", below(RUNS));
		what_happens(name, i / RUNS);
		come_or_go(&s[below(READERS)]);
		come_or_go(&s[below(READERS)]);
	}
	for (i = 0; i < RUNS; i++) {
		(void)snprintf(name, sizeof(name), "r%u", i);
		if (try_publish(&world.r, &world.c, checker_end(&world.c, name),
			0) != 200)
			assert_true(
			    world.c.channel[checker_channel(&world.c, name)]
				.has_end);
	}
	for (i = 0; i < READERS; i++) {
		while (!s[i].page.over)
			if (s[i].f.ended)
				subscriber_again(&s[i], &world.r, NULL);
			else
				assert_true(subscriber_read(&s[i], PATIENCE));
		check_over(&s[i]);
		subscriber_end(&s[i]);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_start, world_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_end_is_an_event_and_the_end_of_the_stream),
	    TEST(a_run_is_read_to_its_end),
	    TEST(a_stream_of_several_ends_with_the_last_of_them),
	    TEST(who_comes_back_gets_what_it_lacks_and_the_end),
	    TEST(only_who_has_had_the_end_is_told_not_to_come_back),
	    TEST(nothing_is_published_behind_an_end),
	    TEST(delete_ends_the_streams_of_all_readers),
	    TEST(what_has_ended_may_be_erased_and_keeps_its_end),
	    TEST(who_may_not_publish_may_not_delete),
	    TEST(a_channel_that_never_was_may_end),
	    cmocka_unit_test_setup_teardown(
		all_of_the_history_begins_with_a_gap_if_some_is_gone,
		start_with_two, world_stop),
	    TEST(a_new_reader_begins_with_the_newest_snapshot),
	    TEST(an_event_of_several_channels_comes_once),
	    TEST(a_key_publishes_once),
	    TEST(of_many_with_a_key_one_is_published),
	    TEST(a_name_may_be_anything_of_one_word),
	    TEST(a_stream_of_64_channels_ends_with_the_last),
	    TEST(ends_and_keys_outlive_the_process),
	    TEST(runs_end_while_readers_come_and_go),
	};
	return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
