/* SPDX-License-Identifier: ISC */
/*
 * Feeds: bodies that are published as they come, in any pieces and of any
 * length; what their producers are answered, and what readers are told when
 * one dies.
 */
#include "unit.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "post.h"
#include "responder.h"
#include "stored.h"
#include "subscriber.h"
#include "world.h"

#define EVENTS_TYPE "text/event-stream"

enum { ABORT = 2, STDIN = 5, KEEP = 1 };
enum { GRACE = 1 }; /* seconds, as the program is started */

static int
start(void **state)
{
	(void)state;
	return world_start_with((const char *[]){"--feed-grace", "1",
	    "--history", "20000", "--max-event", "10000", NULL});
}

/* A feed that is there, without anything of its body. */
static void
feed_begin(struct front *f, const char *query, int flags)
{
	assert_true(front_connect(f, world.r.address));
	assert_true(post_head(f, flags,
	    &(struct post){.query = query, .type = EVENTS_TYPE}));
}

__attribute__((format(printf, 2, 3))) static void
feed_sends(struct front *f, const char *format, ...)
{
	char text[2000];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	assert_in_range(n, 1, sizeof(text) - 1);
	assert_true(front_record(f, STDIN, f->id, text, (size_t)n, 0));
}

/* The body's end; its answer must have this. */
static void
feed_ends(struct front *f, int status, const char *has)
{
	assert_true(front_record(f, STDIN, f->id, NULL, 0, 0));
	assert_true(front_until_end(f, PATIENCE));
	assert_int_equal(answer_status(f), status);
	if (strstr(answer_text(f), has) == NULL)
		fail_msg("%s is not in %s", has, answer_text(f));
}

/* Whoever comes now gets all that there is. */
static void
read_all(struct front *f, const char *channel)
{
	char query[200];

	(void)snprintf(query, sizeof(query), "channel=%s&history=all", channel);
	open_raw(f, query, NULL, NULL);
}

/* The responder has read all that was sent: it serves what came later. */
static void
all_is_read(void)
{
	(void)status_figure(&world.r, "\"connections\":");
}

static void
each_event_is_out_before_the_next_comes(void **state)
{
	struct front f;
	unsigned i, number;
	char id[48], text[100];

	(void)state;
	bystander_begin("a");
	feed_begin(&f, "channel=a&feed=1", 0);
	for (i = 0; i < 50; i++) {
		number = checker_event(&world.c, "a", i % 2 ? "t" : NULL, "x");
		checker_sent(&world.c, number, 1);
		if (i % 2)
			feed_sends(&f, "event: t\n");
		feed_sends(&f, "data: %s\n\n", world.c.event[number].data);
		assert_true(subscriber_until_number(&world.bystander, number));
	}
	feed_ends(&f, 200, ",\"channel\":\"a\",\"streams\":1,\"events\":50}\n");
	answer_id(&f, id);
	(void)snprintf(text, sizeof(text), "{\"id\":\"%s\",", id);
	assert_non_null(strstr(f.text, text));
	checker_acknowledged(&world.c, 49, id);
	front_close(&f);
	bystander_saw_nothing();
	subscriber_end(&world.bystander);
	memset(&world.bystander, 0, sizeof(world.bystander));
}

static void
a_feed_may_come_byte_by_byte(void **state)
{
	static const char body[] = "\xef\xbb\xbf: hello\r\n\r\nid: 7\r\nevent: "
				   "t\r\ndata: \xc3\xa4\r\ndata: b\r\n\r\n"
				   "retry: 5\rdata: c\r\rdata\n\n";
	struct front f, reader;
	size_t i;

	(void)state;
	read_all(&reader, "bytes");
	feed_begin(&f, "channel=bytes&feed=1&event=d", 0);
	for (i = 0; i < sizeof(body) - 1; i++) {
		assert_true(front_record(&f, STDIN, 1, body + i, 1,
		    i % 3 == 0 ? 255 : 0));
		if (i % 16 == 0)
			all_is_read();
	}
	feed_ends(&f, 200, "\"events\":3}");
	assert_comes(&reader, "event: t\ndata: \xc3\xa4\ndata: b\nid: ");
	assert_comes(&reader, "event: d\ndata: c\nid: ");
	assert_comes(&reader, "event: d\ndata: \nid: ");
	front_close(&reader);
	front_close(&f);
}

/* 100 MB, in events of 8 KB; what is held stays what the history may. */
static void
a_feed_may_be_of_any_length(void **state)
{
	static char event[8000];
	struct front f;
	unsigned i, n = 12500;

	(void)state;
	memset(event, 'x', sizeof(event));
	memcpy(event, "data: ", 6);
	memcpy(event + sizeof(event) - 2, "\n\n", 2);
	feed_begin(&f, "channel=long&feed=1", 0);
	for (i = 0; i < n; i++)
		assert_true(
		    front_record(&f, STDIN, 1, event, sizeof(event), 0));
	feed_ends(&f, 200, "\"events\":12500}");
	assert_true(status_figure(&world.r, "\"bytes\":") <= 64 << 20);
	front_close(&f);
	say("channel=long", "x", (char[48]){0});
}

static const struct row {
	const char *name, *body, *has;
	int status;
} rows[] = {
    {"bytes that are no UTF-8", "data: \xff\n\n", "UTF-8", 400},
    {"a type of ours", "event: gap\ndata: x\n\n", "publisher's types", 400},
    {"a line that is not ended", "data: x", "end it by LF", 400},
    {"an event that is not ended", "data: x\n", "empty line", 400},
};

static void
malformed_is_told_how_far_it_came(void **state)
{
	const struct row *row = *state;
	struct front f, reader;
	char text[200];
	static unsigned number;

	read_all(&reader, "bad");
	feed_begin(&f, "channel=bad&feed=1", 0);
	feed_sends(&f, "data: %u\n\ndata: good\n\n", ++number);
	feed_sends(&f, "%s", row->body);
	feed_ends(&f, row->status, row->has);
	assert_non_null(strstr(f.text, ": 2 events of this feed are "
				       "published, the last is "));
	(void)snprintf(text, sizeof(text), "data: %u\n", number);
	assert_comes(&reader, "%s", text);
	assert_comes(&reader, "data: good\n");
	front_close(&f);
	front_close(&reader);
}

static void
an_event_that_is_too_long_is_told_at_once(void **state)
{
	static char much[10001];
	struct front f;

	(void)state;
	memset(much, 'x', sizeof(much));
	feed_begin(&f, "channel=bad&feed=1", 0);
	feed_sends(&f, "data: a\n\ndata: ");
	assert_true(front_record(&f, STDIN, 1, much, sizeof(much), 0));
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(answer_status(&f), 413);
	assert_non_null(strstr(f.text, "--max-event, its type included: 1 "
				       "event of this feed is published"));
	front_close(&f);
}

static void
a_body_of_another_length_is_of_a_dead_producer(void **state)
{
	struct front f;
	struct post p = {.query = "channel=short&feed=1",
	    .type = EVENTS_TYPE,
	    .length = "20",
	    .body = "data: a\n\n",
	    .len = 9};

	(void)state;
	post(&f, &world.r, &p);
	assert_int_equal(answer_status(&f), 400);
	assert_non_null(strstr(f.text, "CONTENT_LENGTH is 20, and the body has "
				       "9 bytes: 1 event"));
	front_close(&f);
	read_all(&f, "short");
	assert_comes(&f, "event: abandoned\ndata: {\"channel\":\"short\"}\n");
	front_close(&f);
}

static void
what_done_names_ends_it_and_the_connection_goes_on(void **state)
{
	struct front f, reader;

	(void)state;
	read_all(&reader, "done");
	feed_begin(&f, "channel=done&feed=1&done=%5BDONE%5D", KEEP);
	feed_sends(&f, "data: a\n\ndata: [DONE]\n\ndata: never\n\n");
	assert_true(front_until_end(&f, PATIENCE));
	assert_non_null(strstr(f.text, "\"events\":1,\"ended\":true}"));
	feed_sends(&f, "data: never\n\n");
	assert_true(front_record(&f, STDIN, 1, NULL, 0, 0));
	front_next(&f, 2);
	assert_true(post_head(&f, KEEP,
	    &(struct post){.query = "channel=done&feed=1",
		.type = EVENTS_TYPE}));
	feed_sends(&f, "data: late\n\n");
	feed_ends(&f, 409, "has ended: no event of this feed is published");
	front_next(&f, 3);
	assert_true(post_head(&f, 0,
	    &(struct post){.query = "channel=done2&feed=1",
		.type = EVENTS_TYPE}));
	feed_sends(&f, "data: another\n\n");
	feed_ends(&f, 200, "\"events\":1}");
	front_close(&f);
	assert_comes(&reader, "event: end\ndata: {\"channel\":\"done\"}\n");
	assert_true(front_until_end(&reader, PATIENCE));
	assert_null(strstr(reader.text, "never"));
	front_close(&reader);
}

static void
end_of_the_body_may_be_the_channels(void **state)
{
	struct front f, reader;

	(void)state;
	read_all(&reader, "ends");
	feed_begin(&f, "channel=ends&feed=1&end=1", 0);
	feed_sends(&f, "data: a\n\n");
	assert_comes(&reader, "data: a\n");
	feed_sends(&f, "data: b\n\n");
	feed_ends(&f, 200, "\"events\":2,\"ended\":true}");
	front_close(&f);
	assert_true(front_until_end(&reader, PATIENCE));
	assert_non_null(strstr(reader.text, "event: end\n"));
	front_close(&reader);
}

/* Each is cut where chance wants: what was whole is there, and then that. */
static void
a_producer_that_dies_is_told_of(void **state)
{
	enum { FEEDS = 20, LINE = 10 }; /* "data: NN\n\n" */
	struct front f, reader;
	uint32_t seed = 20261127;
	char body[30 * LINE + 1], name[40], text[100];
	size_t i, k, cut[FEEDS];

	(void)state;
	for (k = 0; k < 30; k++)
		(void)snprintf(body + k * LINE, LINE + 1, "data: %02zu\n\n", k);
	for (i = 0; i < FEEDS; i++) {
		cut[i] = chance(&seed) % sizeof(body);
		(void)snprintf(name, sizeof(name), "channel=kill%zu&feed=1", i);
		feed_begin(&f, name, 0);
		if (cut[i] > 0)
			assert_true(
			    front_record(&f, STDIN, 1, body, cut[i], 0));
		if (i % 3 == 0)
			all_is_read();
		if (i % 5 == 0)
			assert_true(front_record(&f, ABORT, 1, NULL, 0, 0));
		front_close(&f);
	}
	for (i = 0; i < FEEDS; i++) {
		(void)snprintf(name, sizeof(name), "kill%zu", i);
		read_all(&reader, name);
		assert_comes(&reader, "data: {\"channel\":\"%s\"}\n", name);
		for (k = 0; k < 30; k++) {
			(void)snprintf(text, sizeof(text),
			    "data: %02zu\nid: ", k);
			assert_int_equal(front_count(&reader, text),
			    k < cut[i] / LINE);
		}
		assert_int_equal(front_count(&reader, "event: abandoned\n"), 1);
		front_close(&reader);
	}
}

/*
 * Of four producers that die the last one has nobody come after it.  Returns
 * whether the others had somebody before their grace was over.
 */
static bool
come_in_their_place(unsigned attempt)
{
	struct front f[4], again, reader[4];
	char query[60], names[4][20], id[48];
	double died;
	bool in_time;
	size_t i;

	for (i = 0; i < LENGTH(f); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "place%u-%zu",
		    attempt, i);
		read_all(&reader[i], names[i]);
		(void)snprintf(query, sizeof(query),
		    "channel=place%u-%zu&feed=1", attempt, i);
		feed_begin(&f[i], query, 0);
		feed_sends(&f[i], "data: a\n\n");
		assert_comes(&reader[i], "data: a\n");
	}
	died = front_now();
	for (i = 0; i < LENGTH(f); i++)
		front_close(&f[i]);
	while (status_figure(&world.r, "\"feeds\":") > 0) /* it has seen that */
		assert_true(front_now() - died < PATIENCE / 1e3);
	(void)snprintf(query, sizeof(query), "channel=%s&feed=1", names[1]);
	feed_begin(&again, query, 0);
	(void)snprintf(query, sizeof(query), "channel=%s", names[0]);
	say(query, "meanwhile", id);
	(void)snprintf(query, sizeof(query), "channel=%s&end=1", names[2]);
	say(query, "the end", id);
	in_time = front_now() - died < GRACE;
	assert_comes(&reader[3], "event: abandoned\n");
	feed_sends(&again, "data: b\n\n");
	feed_ends(&again, 200, "\"events\":1}");
	front_close(&again);
	(void)snprintf(query, sizeof(query), "channel=%s", names[0]);
	say(query, "last", id);
	assert_comes(&reader[0], "data: last\n");
	assert_comes(&reader[1], "data: b\n");
	assert_true(front_until_end(&reader[2], PATIENCE));
	for (i = 0; i < LENGTH(f); i++) {
		if (in_time)
			assert_int_equal(front_count(&reader[i],
					     "event: abandoned"),
			    i == 3);
		front_close(&reader[i]);
	}
	return in_time;
}

/* A busy machine may need more than one attempt to be in time. */
static void
who_comes_in_its_place_is_in_time(void **state)
{
	unsigned attempt = 0;

	(void)state;
	while (!come_in_their_place(attempt))
		assert_true(++attempt < 30);
}

static void
two_feeds_of_a_channel_are_both_there(void **state)
{
	struct front f[2], alone, reader, other;
	unsigned i;

	(void)state;
	read_all(&reader, "two");
	read_all(&other, "alone");
	feed_begin(&alone, "channel=alone&feed=1", 0);
	for (i = 0; i < 2; i++)
		feed_begin(&f[i], "channel=two&feed=1", 0);
	for (i = 0; i < 20; i++) {
		feed_sends(&f[i % 2], "data: <%u>\n\n", i);
		assert_comes(&reader, "data: <%u>\n", i);
	}
	front_close(&f[0]);
	front_close(&alone); /* dies later, and its grace is over later, too */
	assert_comes(&other, "event: abandoned\n");
	front_close(&other);
	feed_sends(&f[1], "data: more\n\n");
	feed_ends(&f[1], 200, "\"events\":11}");
	front_close(&f[1]);
	assert_comes(&reader, "data: more\n");
	assert_null(strstr(reader.text, "abandoned"));
	front_close(&reader);
}

static void
a_feed_of_several_channels_is_in_all(void **state)
{
	struct front f, reader;

	(void)state;
	open_raw(&reader, "channel=m1&channel=m2", NULL, NULL);
	assert_comes(&reader, "event: position\n");
	feed_begin(&f, "channel=m1&channel=m2&feed=1", 0);
	feed_sends(&f, "data: both\n\n");
	feed_ends(&f, 200, "\"channels\":[\"m1\",\"m2\"]");
	assert_comes(&reader, "data: both\n");
	front_close(&f);
	front_close(&reader);
	read_all(&reader, "m2");
	assert_comes(&reader, "data: both\n");
	front_close(&reader);
}

static void
a_thousand_feeds_are_there_at_once(void **state)
{
	enum { FEEDS = 1000 };
	static struct front f[FEEDS];
	struct rlimit limit;
	char query[60];
	unsigned i, turn;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	for (i = 0; i < FEEDS; i++) {
		(void)snprintf(query, sizeof(query), "channel=k%u&feed=1",
		    i % 100);
		feed_begin(&f[i], query, 0);
	}
	assert_true(status_until(&world.r, "\"feeds\":", FEEDS));
	for (turn = 0; turn < 5; turn++)
		for (i = 0; i < FEEDS; i++)
			feed_sends(&f[i], "%s: %u\n\nda",
			    turn == 0 ? "data" : "ta", i);
	for (i = 0; i < FEEDS; i++) {
		feed_sends(&f[i], "ta: last\n\n");
		feed_ends(&f[i], 200, "\"events\":6}");
		front_close(&f[i]);
	}
	FIGURE("\"feeds\":", 0);
}

/* Another process, which has its engine. */
static void
launch(const char *const options[])
{
	responder_start(&world.r, 0, options);
	assert_true(status_until(&world.r, "\"ready\":", 1));
}

/* Longer than a heartbeat comes, or a reader or a stream may take. */
static void
a_feed_may_be_silent(void **state)
{
	struct responder had = world.r;
	struct front f;

	(void)state;
	launch((const char *[]){"--heartbeat", "1", "--stall", "1", "--max-age",
	    "1", NULL});
	feed_begin(&f, "channel=silent&feed=1", 0);
	feed_sends(&f, "data: a\n\nda");
	assert_false(front_until_end(&f, 3000));
	assert_false(f.closed);
	feed_sends(&f, "ta: b\n\n");
	feed_ends(&f, 200, "\"events\":2}");
	front_close(&f);
	responder_stop(&world.r);
	world.r = had;
}

/* Nor is a body too much that is one of one byte. */
static void
an_event_may_be_longer_than_a_body(void **state)
{
	static char half[10000];
	struct responder had = world.r;
	struct front f;
	char id[48];

	(void)state;
	memset(half, 'x', sizeof(half));
	launch((const char *[]){"--max-body", "1", NULL});
	feed_begin(&f, "channel=long&feed=1", 0);
	feed_sends(&f, "data: ");
	assert_true(front_record(&f, STDIN, f.id, half, sizeof(half), 0));
	all_is_read();
	say("channel=short", "x", id);
	assert_true(front_record(&f, STDIN, f.id, half, sizeof(half), 0));
	feed_sends(&f, "\n\n");
	feed_ends(&f, 200, "\"events\":1}");
	front_close(&f);
	responder_stop(&world.r);
	world.r = had;
}

static void
feeds_are_counted_with_streams(void **state)
{
	struct responder had = world.r;
	struct front f[3];

	(void)state;
	launch((const char *[]){"--max-streams", "2", NULL});
	feed_begin(&f[0], "channel=a&feed=1", 0);
	feed_begin(&f[1], "channel=a&feed=1", 0);
	feed_begin(&f[2], "channel=a&feed=1", 0);
	assert_true(front_until_end(&f[2], PATIENCE));
	assert_int_equal(answer_status(&f[2]), 503);
	assert_non_null(strstr(f[2].text, "--max-streams"));
	front_close(&f[0]);
	front_close(&f[1]);
	front_close(&f[2]);
	responder_stop(&world.r);
	world.r = had;
}

/* Does anything but the process keep the events? */
static bool
is_kept(void)
{
	return getenv("STORE") != NULL || getenv("SHARED") != NULL;
}

/* One ends by itself, one is told how far it came, one comes too late. */
static void
the_drain_lets_a_feed_end(void **state)
{
	struct responder had = world.r;
	struct front f[2], reader;

	(void)state;
	launch((const char *[]){"--drain", "1", "--feed-grace", "60", NULL});
	read_all(&reader, "left");
	feed_begin(&f[0], "channel=left&feed=1", 0);
	feed_sends(&f[0], "data: a\n\n");
	assert_comes(&reader, "data: a\n");
	front_close(&f[0]); /* it died, and has a grace */
	feed_begin(&f[0], "channel=a&feed=1&end=1", 0);
	feed_begin(&f[1], "channel=b&feed=1", 0);
	feed_sends(&f[0], "data: a\n\n");
	feed_sends(&f[1], "data: b\n\ndata: c\n\nda");
	assert_true(status_until(&world.r, "\"feed_events\":", 4));
	assert_int_equal(kill(world.r.pid, SIGTERM), 0);
	if (!is_kept()) /* else it is there for who comes back */
		assert_comes(&reader, "event: abandoned\n");
	feed_sends(&f[0], "data: more\n\n");
	feed_ends(&f[0], 200, "\"events\":2,\"ended\":true}");
	assert_true(front_until_end(&f[1], PATIENCE));
	assert_int_equal(answer_status(&f[1]), 503);
	assert_non_null(strstr(f[1].text,
	    "about to end: try again: 2 events of this feed are published"));
	front_close(&f[0]);
	front_close(&f[1]);
	front_close(&reader);
	assert_int_equal(responder_wait(&world.r, PATIENCE), 0);
	responder_stop(&world.r);
	world.r = had;
}

/* Sends events with these numbers; less if so many ms none is taken. */
static unsigned
sends_until_full(struct front *f, unsigned from, unsigned most, int ms)
{
	struct pollfd room = {.fd = f->fd, .events = POLLOUT};
	static char record[1008];
	uint8_t *head = (uint8_t *)record;
	unsigned n = from;
	ssize_t sent;

	memset(record, '.', sizeof(record));
	memcpy(record, "\1\5\0\1\3\350\0\0", 8); /* 1000 bytes */
	assert_int_equal(head[4] << 8 | head[5], sizeof(record) - 8);
	memcpy(record + sizeof(record) - 2, "\n\n", 2);
	while (n < most && poll(&room, 1, ms) == 1) {
		record[8 + (size_t)snprintf(record + 8, 40, "data: <%u>", n)] =
		    '.';
		sent = send(f->fd, record, sizeof(record),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == -1) {
			assert_int_equal(errno, EAGAIN);
			continue;
		}
		if (sent < (ssize_t)sizeof(record))
			assert_true(front_send(f, record + sent,
			    sizeof(record) - (size_t)sent));
		n++;
	}
	return n;
}

/* The engine takes nothing, and so the producer's bytes are not read. */
static void
a_disk_that_hangs_slows_the_producer(void **state)
{
	struct responder had = world.r;
	struct front f, reader;
	unsigned n, i;
	char text[40];

	(void)state;
	if (getenv("SHARED") != NULL)
		return; /* it has no disk */
	(void)setenv("STORE", "1", 1);
	disk_begin();
	launch((const char *[]){"--history", "20000", NULL});
	disk_end();
	read_all(&reader, "slow");
	feed_begin(&f, "channel=slow&feed=1", 0);
	feed_sends(&f, "data: first\n\n");
	assert_comes(&reader, "data: first\n");
	disk_does("sync hang");
	n = sends_until_full(&f, 0, 5000, 1000);
	assert_in_range(n, 64, 1500); /* what sockets and we hold */
	FIGURE("\"feed_events\":", 1);
	disk_works();
	assert_int_equal(sends_until_full(&f, n, n + 500, PATIENCE), n + 500);
	(void)snprintf(text, sizeof(text), "\"events\":%u}", n + 501);
	feed_ends(&f, 200, text);
	assert_comes(&reader, "data: <%u>", n + 499);
	for (i = 0; i < n + 500; i++) {
		(void)snprintf(text, sizeof(text), "data: <%u>", i);
		assert_int_equal(front_count(&reader, text), 1);
	}
	front_close(&f);
	front_close(&reader);
	responder_stop(&world.r);
	(void)unsetenv("STORE");
	world.r = had;
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(each_event_is_out_before_the_next_comes),
	    cmocka_unit_test(a_feed_may_come_byte_by_byte),
	    cmocka_unit_test(a_feed_may_be_of_any_length),
	    cmocka_unit_test(an_event_that_is_too_long_is_told_at_once),
	    cmocka_unit_test(a_body_of_another_length_is_of_a_dead_producer),
	    cmocka_unit_test(
		what_done_names_ends_it_and_the_connection_goes_on),
	    cmocka_unit_test(end_of_the_body_may_be_the_channels),
	    cmocka_unit_test(a_producer_that_dies_is_told_of),
	    cmocka_unit_test(who_comes_in_its_place_is_in_time),
	    cmocka_unit_test(two_feeds_of_a_channel_are_both_there),
	    cmocka_unit_test(a_feed_of_several_channels_is_in_all),
	    cmocka_unit_test(a_thousand_feeds_are_there_at_once),
	    cmocka_unit_test(a_feed_may_be_silent),
	    cmocka_unit_test(an_event_may_be_longer_than_a_body),
	    cmocka_unit_test(feeds_are_counted_with_streams),
	    cmocka_unit_test(the_drain_lets_a_feed_end),
	    cmocka_unit_test(a_disk_that_hangs_slows_the_producer),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name,
		    malformed_is_told_how_far_it_came, &rows[i]);
	return _cmocka_run_group_tests("feed", tests, n, start, world_stop);
}
