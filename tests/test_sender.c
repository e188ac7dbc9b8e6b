/* SPDX-License-Identifier: ISC */
/*
 * Publications to Redis: what is sent, and what is told for whatever comes
 * back, or does not.  All or none, 200 only for what Redis has, and unknown
 * where nobody can know.
 */
#include "fake_link.h"

#include "channel/hub.h"
#include "engine/sender.h"
#include "posts.h"

#define MANY 32 /* publications */

static struct sender sender;
static struct hub hub;
static struct repeats keys;    /* that the tail has read */
static struct eventid tail_at; /* up to where */

/* What was told, in that order. */
static struct {
	unsigned n;
	struct told {
		int number;
		struct published what;
		char why[300];
	} told[MANY];
	int number[MANY]; /* of the publications */
} log_;

static int
set_up(void **state)
{
	int i;

	(void)state;
	now = 100;
	memset(&log_, 0, sizeof(log_));
	for (i = 0; i < MANY; i++)
		log_.number[i] = i;
	hub_init(&hub, &(struct hub_setup){.history = 10,
			   .bytes_max = 1 << 22,
			   .channels_max = 10,
			   .now = &now});
	hub_begin(&hub, (struct eventid){0, 0});
	fake_up();
	repeats_init(&keys);
	repeats_time(&keys, (struct eventid){5, 0}, now);
	tail_at = (struct eventid){UINT64_MAX, 0};
	sender_init(&sender, &fake, &hub, &keys, "sse", 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sender_stop(&sender);
	assert_int_equal(sender.events, 0);
	assert_int_equal(sender.bytes, 0);
	assert_int_equal(sender.coming_n, 0);
	repeats_free(&keys);
	hub_free(&hub);
	fake_end();
	return 0;
}

static void
on_done(void *arg, const struct published *what)
{
	struct told *t = &log_.told[log_.n++];

	assert_true(log_.n <= MANY);
	t->number = *(const int *)arg;
	t->what = *what;
	if (what->why != NULL)
		(void)snprintf(t->why, sizeof(t->why), "%s", what->why);
}

/* Publishes n events of channel c: "0", "1" and so on, of this type. */
static void
publish(int number, size_t n, const char *type)
{
	struct sse_message m[ENGINE_BATCH_MAX];
	char data[ENGINE_BATCH_MAX][8];
	size_t i;

	for (i = 0; i < n; i++) {
		m[i] = (struct sse_message){.type = type, .data = data[i]};
		m[i].len = (size_t)snprintf(data[i], sizeof(data[i]), "%zu", i);
	}
	sender_publish(&sender, POST_OF("c", m, n), on_done,
	    &log_.number[number]);
	memset(data, 'x', sizeof(data)); /* they need not last longer */
}

/* The next reply comes. */
static void
reply(const char *bytes)
{
	int tag;
	struct resp_value *v = reply_of(bytes, strlen(bytes), &tag);

	sender_reply(&sender, tag, v);
	resp_value_free(v);
	sender_came(&sender, tail_at);
}

/* The last that was told: of this one, this, and why, or part of that. */
static void
check(int number, enum publish_result result, const char *why)
{
	const struct told *t = &log_.told[log_.n - 1];

	assert_true(log_.n > 0);
	assert_int_equal(t->number, number);
	assert_int_equal(t->what.result, result);
	if (why == NULL)
		assert_null(t->what.why);
	else
		assert_non_null(strstr(t->why, why));
}

static void
check_nothing(void)
{
	assert_int_equal(log_.n, 0);
}

static void
one_event_is_one_command(void **state)
{
	(void)state;
	publish(0, 1, NULL);
	assert_string_equal(sent(0), "XADD sse * c c d 0");
	publish(1, 1, "");
	assert_string_equal(sent(0), "XADD sse * c c d 0");
	publish(2, 1, "price");
	assert_string_equal(sent(0), "XADD sse * c c d 0 t price");
	check_nothing();
	assert_int_equal(sender.events, 3);
	reply("$3\r\n5-7\r\n");
	check(0, PUBLISHED, NULL);
	assert_int_equal(log_.told[0].what.last.ms, 5);
	assert_int_equal(log_.told[0].what.last.n, 7);
	assert_int_equal(log_.told[0].what.events, 1);
	reply("$3\r\n5-8\r\n");
	reply("$3\r\n5-9\r\n");
	check(2, PUBLISHED, NULL);
	assert_int_equal(sender.events, 0);
}

static void
data_may_be_any_bytes(void **state)
{
	struct sse_message m = {.data = "a\0b c", .len = 5};

	(void)state;
	sender_publish(&sender, POST_OF("c", &m, 1), on_done, &log_.number[0]);
	assert_int_equal(line.bytes,
	    sizeof("XADD") + sizeof("sse") + sizeof("*") + 2 + 2 + 2 + 6);
	m.data = "";
	m.len = 0;
	sender_publish(&sender, POST_OF("c", &m, 1), on_done, &log_.number[1]);
	assert_string_equal(sent(0), "XADD sse * c c d ");
}

static void
several_events_are_one_transaction(void **state)
{
	(void)state;
	publish(0, 3, "t");
	assert_int_equal(line.n, 5);
	assert_string_equal(sent(4), "MULTI");
	assert_string_equal(sent(3), "XADD sse * c c d 0 t t");
	assert_string_equal(sent(1), "XADD sse * c c d 2 t t");
	assert_string_equal(sent(0), "EXEC");
	reply("+OK\r\n");
	reply("+QUEUED\r\n");
	reply("+QUEUED\r\n");
	reply("+QUEUED\r\n");
	check_nothing();
	reply("*3\r\n$3\r\n5-7\r\n$3\r\n5-8\r\n$3\r\n5-9\r\n");
	check(0, PUBLISHED, NULL);
	assert_int_equal(log_.told[0].what.last.n, 9);
	assert_int_equal(log_.told[0].what.events, 3);
}

/* "0" to these channels. */
static const struct sse_message zero = {.data = "0", .len = 1};
static const char *const names[] = {"c", "d"};

static void
publish_post(int number, struct post post)
{
	if (post.channels == NULL) {
		post.channels = names;
		post.channels_n = 1;
	}
	if (post.n > 0)
		post.messages = &zero;
	sender_publish(&sender, &post, on_done, &log_.number[number]);
}

static void
event_of_several_channels_is_one_entry(void **state)
{
	(void)state;
	publish_post(0,
	    (struct post){.channels = names, .channels_n = 2, .n = 1});
	assert_int_equal(line.n, 1);
	assert_string_equal(sent(0), "XADD sse * c c c d d 0");
	reply("$3\r\n5-7\r\n");
	check(0, PUBLISHED, NULL);
	assert_int_equal(log_.told[0].what.events, 1);
}

static void
snapshot_says_so(void **state)
{
	const struct sse_message m = {.type = "t",
	    .data = "0",
	    .len = 1,
	    .snapshot = true};

	(void)state;
	sender_publish(&sender, POST_OF("c", &m, 1), on_done, &log_.number[0]);
	assert_string_equal(sent(0), "XADD sse * c c d 0 t t s 1");
}

static void
end_is_an_entry_behind_the_others(void **state)
{
	(void)state;
	publish_post(0, (struct post){.n = 1, .end = true});
	assert_int_equal(line.n, 4);
	assert_string_equal(sent(3), "MULTI");
	assert_string_equal(sent(2), "XADD sse * c c d 0");
	assert_string_equal(sent(1), "XADD sse * c c e 1");
	assert_string_equal(sent(0), "EXEC");
	reply("+OK\r\n");
	reply("+QUEUED\r\n");
	reply("+QUEUED\r\n");
	reply("*2\r\n$3\r\n5-7\r\n$3\r\n5-8\r\n");
	check(0, PUBLISHED, NULL);
	assert_int_equal(log_.told[0].what.events, 1);
	assert_int_equal(log_.told[0].what.last.n, 8);
	publish_post(1, (struct post){.end = true});
	assert_string_equal(sent(0), "XADD sse * c c e 1");
	reply("$3\r\n5-9\r\n");
	check(1, PUBLISHED, NULL);
	assert_int_equal(log_.told[1].what.events, 0);
	publish_post(2, (struct post){.end = true, .erase = true});
	assert_string_equal(sent(0), "XADD sse * c c e delete");
}

/* No two entries have the same, and only the first has what a user may say. */
static void
key_is_in_each_entry(void **state)
{
	(void)state;
	publish_post(0, (struct post){.n = 1, .key = "K"});
	assert_string_equal(sent(0), "XADD sse * c c d 0 k K");
	publish_post(1, (struct post){.n = 1, .end = true, .key = "L"});
	assert_string_equal(sent(2), "XADD sse * c c d 0 k L");
	assert_string_equal(sent(1), "XADD sse * c c e 1 k L 2");
}

static void
it_is_told_when_the_tail_has_come_there(void **state)
{
	(void)state;
	tail_at = (struct eventid){5, 6};
	publish(0, 1, NULL);
	publish(1, 1, NULL);
	reply("$3\r\n5-7\r\n");
	reply("$3\r\n5-8\r\n");
	check_nothing();
	assert_int_equal(sender.events, 0); /* they are not on their way */
	assert_null(sender_away(&sender));
	sender_came(&sender, (struct eventid){5, 7});
	assert_int_equal(log_.n, 1);
	check(0, PUBLISHED, NULL);
	sender_came(&sender, (struct eventid){6, 0});
	assert_int_equal(log_.n, 2);
	check(1, PUBLISHED, NULL);
}

static void
tail_that_is_away_is_not_waited_for(void **state)
{
	(void)state;
	tail_at = (struct eventid){5, 6};
	publish(0, 1, NULL);
	now += 0.9;
	reply("$3\r\n5-7\r\n");
	now += SENDER_COMING;
	sender_came(&sender, tail_at);
	check_nothing();
	fake_down("it went");
	sender_down(&sender); /* Redis has it all the same */
	check_nothing();
	now += 0.01;
	sender_came(&sender, tail_at);
	check(0, PUBLISHED, NULL);
	assert_int_equal(log_.told[0].what.last.n, 7);
}

/* It may have been there before, as another id. */
static void
key_is_unknown_while_the_tail_is_away(void **state)
{
	(void)state;
	tail_at = (struct eventid){5, 6};
	publish_post(0, (struct post){.n = 1, .key = "K"});
	publish_post(1, (struct post){.n = 1, .key = "L"});
	publish_post(2, (struct post){.n = 1, .key = "M"});
	reply("$3\r\n5-7\r\n");
	reply("$3\r\n5-8\r\n");
	reply("$3\r\n5-9\r\n");
	repeats_note(&keys, "c", "K", 1, 1, (struct eventid){5, 4}, false);
	now += SENDER_COMING + 0.01;
	repeats_note(&keys, "c", "M", 1, 1, (struct eventid){5, 9}, false);
	check_nothing();
	sender_came(&sender, tail_at);
	assert_int_equal(log_.n, 3);
	assert_int_equal(log_.told[0].what.result, PUBLISHED);
	assert_true(log_.told[0].what.repeated);
	assert_int_equal(log_.told[0].what.last.n, 4);
	assert_int_equal(log_.told[1].what.result, PUBLISH_UNKNOWN);
	assert_non_null(strstr(log_.told[1].why, "is not read yet"));
	check(2, PUBLISHED, NULL);
	assert_int_equal(sender.unknown, 1);
}

static void
stop_tells_those_that_are_there(void **state)
{
	(void)state;
	tail_at = (struct eventid){5, 6};
	publish(0, 1, NULL);
	publish(1, 1, NULL);
	reply("$3\r\n5-7\r\n");
	fake.written = line.bytes;
	sender_stop(&sender);
	assert_int_equal(log_.n, 2);
	check(0, PUBLISHED, NULL);
	assert_int_equal(log_.told[0].what.result, PUBLISH_UNKNOWN);
}

/* The channel has an event with the id 4-0, and has ended, with that id. */
static void
end(const char *channel, struct eventid id)
{
	static uint64_t ms = 1;
	const struct eventid before = {ms++, 0};
	size_t readers;

	assert_int_equal(hub_publish(&hub, POST_OF(channel, &zero, 1), &before,
			     &readers),
	    HUB_DONE);
	hub_find(&hub, channel)->ended = id;
}

static void
behind_an_end_nothing_is_sent(void **state)
{
	(void)state;
	end("d", (struct eventid){5, 6});
	publish_post(0,
	    (struct post){.channels = names, .channels_n = 2, .n = 1});
	check(0, PUBLISH_ENDED, NULL);
	publish_post(1,
	    (struct post){.channels = names + 1, .channels_n = 1, .end = true});
	check(1, PUBLISH_ENDED, NULL);
	assert_int_equal(line.n, 0);
	publish_post(2, (struct post){.channels = names + 1,
			    .channels_n = 1,
			    .end = true,
			    .erase = true});
	assert_string_equal(sent(0), "XADD sse * c d e delete");
	reply("$3\r\n5-7\r\n");
	check(2, PUBLISHED, NULL);
}

/* Somebody else's end was there first. */
static void
what_came_behind_an_end_was_not_published(void **state)
{
	(void)state;
	publish(0, 1, NULL);
	publish_post(1, (struct post){.n = 1, .end = true});
	end("c", (struct eventid){5, 6});
	reply("$3\r\n5-7\r\n");
	check(0, PUBLISH_ENDED, NULL);
	reply("+OK\r\n");
	reply("+QUEUED\r\n");
	reply("+QUEUED\r\n");
	reply("*2\r\n$3\r\n5-8\r\n$3\r\n5-9\r\n");
	check(1, PUBLISH_ENDED, NULL);
}

static void
what_came_before_an_end_or_with_it_was(void **state)
{
	(void)state;
	publish(0, 1, NULL);
	publish_post(1, (struct post){.n = 1, .end = true});
	end("c", (struct eventid){5, 9});
	reply("$3\r\n5-7\r\n");
	check(0, PUBLISHED, NULL);
	reply("+OK\r\n");
	reply("+QUEUED\r\n");
	reply("+QUEUED\r\n");
	reply("*2\r\n$3\r\n5-8\r\n$3\r\n5-9\r\n");
	check(1, PUBLISHED, NULL);
}

static void
end_is_not_behind_itself(void **state)
{
	(void)state;
	publish_post(0, (struct post){.end = true});
	end("c", (struct eventid){5, 7});
	reply("$3\r\n5-7\r\n");
	check(0, PUBLISHED, NULL);
}

static void
key_that_is_known_has_its_answer(void **state)
{
	(void)state;
	repeats_note(&keys, "c", "K", 1, 1, (struct eventid){5, 3}, false);
	repeats_note(&keys, "c", "K", 1, 2, (struct eventid){5, 4}, true);
	end("c", (struct eventid){5, 4});
	publish_post(0, (struct post){.n = 1, .end = true, .key = "K"});
	check(0, PUBLISHED, NULL);
	assert_true(log_.told[0].what.repeated);
	assert_int_equal(log_.told[0].what.last.n, 4);
	assert_int_equal(log_.told[0].what.events, 1);
	assert_int_equal(line.n, 0);
	publish_post(1, (struct post){.channels = names + 1, /* not its own */
			    .channels_n = 1,
			    .n = 1,
			    .key = "K"});
	assert_string_equal(sent(0), "XADD sse * c d d 0 k K");
}

/* By the time that has passed here since then. */
static void
key_is_known_for_a_while(void **state)
{
	(void)state;
	repeats_note(&keys, "c", "K", 1, 1, (struct eventid){5, 3}, false);
	now += 99.9;
	publish_post(0, (struct post){.n = 1, .key = "K"});
	assert_int_equal(log_.n, 1);
	now += 0.2;
	publish_post(1, (struct post){.n = 1, .key = "K"});
	assert_string_equal(sent(0), "XADD sse * c c d 0 k K");
}

static void
key_that_came_first_elsewhere_has_that_answer(void **state)
{
	(void)state;
	publish_post(0, (struct post){.n = 1, .key = "K"});
	publish_post(1, (struct post){.n = 1, .key = "L"});
	repeats_note(&keys, "c", "K", 1, 1, (struct eventid){5, 6}, false);
	repeats_note(&keys, "c", "L", 1, 1, (struct eventid){5, 8}, false);
	reply("$3\r\n5-7\r\n");
	check(0, PUBLISHED, NULL);
	assert_true(log_.told[0].what.repeated);
	assert_int_equal(log_.told[0].what.last.n, 6);
	reply("$3\r\n5-8\r\n");
	check(1, PUBLISHED, NULL);
	assert_false(log_.told[1].what.repeated);
	assert_int_equal(log_.told[1].what.last.n, 8);
}

static void
keys_of_posts_are_bounded(void **state)
{
	char key[24];
	unsigned i;

	(void)state;
	for (i = 0; i < REPEATS_OF_POSTS; i++)
		repeats_note(&keys, "c", key,
		    (size_t)snprintf(key, sizeof(key), "%u", i), 1,
		    (struct eventid){5, i}, false);
	publish_post(0, (struct post){.n = 1, .key = "K"});
	check(0, PUBLISH_NO_ROOM, "there are too many keys");
	publish_post(1, (struct post){.n = 1, .key = "17"});
	assert_true(log_.told[1].what.repeated);
	now += 101;
	publish_post(2, (struct post){.n = 1, .key = "K"});
	assert_string_equal(sent(0), "XADD sse * c c d 0 k K");
}

/* A single event, and what Redis says. */
static const struct row {
	const char *name, *replies[5];
	enum publish_result result;
	const char *why;
	size_t n;
} rows[] = {
    {"out_of_memory", {"-OOM not allowed > 'maxmemory'.\r\n"}, PUBLISH_AWAY,
	"Redis refuses it: OOM not allowed > 'maxmemory'", 1},
    {"read_only", {"-READONLY You can't write\r\n"}, PUBLISH_AWAY,
	"Redis refuses it: READONLY You can't write", 1},
    {"wrong_type", {"-WRONGTYPE Operation\r\n"}, PUBLISH_AWAY, "WRONGTYPE", 1},
    {"no_permission", {"-NOPERM this user\r\n"}, PUBLISH_AWAY, "NOPERM", 1},
    {"error_with_strange_bytes", {"-ERR \x1b[31m\xc3\xa4\tx\r\n"}, PUBLISH_AWAY,
	"Redis refuses it: ERR ?[31m???x", 1},
    {"no_id", {"$5\r\nhello\r\n"}, PUBLISH_UNKNOWN, "should not", 1},
    {"nil", {"$-1\r\n"}, PUBLISH_UNKNOWN, "should not", 1},
    {"status", {"+OK\r\n"}, PUBLISH_UNKNOWN, "should not", 1},
    {"queued", {"+QUEUED\r\n"}, PUBLISH_UNKNOWN, "should not", 1},
    {"integer", {":5\r\n"}, PUBLISH_UNKNOWN, "should not", 1},
    {"array", {"*1\r\n$3\r\n5-7\r\n"}, PUBLISH_UNKNOWN, "should not", 1},
    {"empty_array", {"*0\r\n"}, PUBLISH_UNKNOWN, "should not", 1},
    {"exec_nil", {"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "*-1\r\n"},
	PUBLISH_AWAY, "dropped", 2},
    {"exec_aborts",
	{"+OK\r\n", "+QUEUED\r\n", "-OOM command\r\n",
	    "-EXECABORT Transaction discarded\r\n"},
	PUBLISH_AWAY, "refuses it: OOM command", 2},
    {"exec_of_errors",
	{"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n",
	    "*2\r\n-WRONGTYPE x\r\n-WRONGTYPE y\r\n"},
	PUBLISH_AWAY, "WRONGTYPE x", 2},
    {"exec_mixed",
	{"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n",
	    "*2\r\n$3\r\n5-7\r\n-OOM x\r\n"},
	PUBLISH_UNKNOWN, "should not", 2},
    {"exec_short",
	{"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "*1\r\n$3\r\n5-7\r\n"},
	PUBLISH_UNKNOWN, "should not", 2},
    {"exec_long",
	{"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n",
	    "*3\r\n$3\r\n5-7\r\n$3\r\n5-8\r\n$3\r\n5-9\r\n"},
	PUBLISH_UNKNOWN, "should not", 2},
    {"exec_nested",
	{"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n",
	    "*2\r\n*1\r\n$3\r\n5-7\r\n$3\r\n5-8\r\n"},
	PUBLISH_UNKNOWN, "should not", 2},
    {"exec_status", {"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "+OK\r\n"},
	PUBLISH_UNKNOWN, "should not", 2},
    {"multi_refused",
	{"-NOPERM multi\r\n", "-NOPERM xadd\r\n", "-NOPERM xadd\r\n",
	    "-ERR EXEC without MULTI\r\n"},
	PUBLISH_AWAY, "NOPERM multi", 2},
    {"multi_refused_and_half_of_it_not",
	{"-NOPERM multi\r\n", "$3\r\n5-7\r\n", "-OOM x\r\n",
	    "-ERR EXEC without MULTI\r\n"},
	PUBLISH_UNKNOWN, "should not", 2},
    {"multi_refused_and_the_rest_not",
	{"-NOPERM multi\r\n", "$3\r\n5-7\r\n", "$3\r\n5-8\r\n",
	    "-ERR EXEC without MULTI\r\n"},
	PUBLISHED, NULL, 2},
    {"queued_is_none",
	{"+OK\r\n", "+FOO\r\n", "+QUEUED\r\n",
	    "*2\r\n$3\r\n5-7\r\n$3\r\n5-8\r\n"},
	PUBLISH_UNKNOWN, "should not", 2},
};

static void
is_told_like_this(void **state)
{
	const struct row *row = *state;
	size_t i;

	assert_int_equal(set_up(NULL), 0);
	publish(0, row->n, NULL);
	publish(1, 1, NULL); /* the next one's replies are its own */
	for (i = 0; i < 5 && row->replies[i] != NULL; i++) {
		check_nothing();
		reply(row->replies[i]);
	}
	assert_int_equal(log_.n, 1);
	check(0, row->result, row->why);
	assert_int_equal(sender.unknown, row->result == PUBLISH_UNKNOWN);
	assert_null(strstr(log_.told[0].why, "'."));
	reply("$4\r\n5-10\r\n");
	check(1, PUBLISHED, NULL);
	assert_int_equal(tear_down(NULL), 0);
}

static void
long_error_is_cut(void **state)
{
	char bytes[2000];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "-ERR ", 5);
	memcpy(bytes + sizeof(bytes) - 3, "\r\n", 3);
	publish(0, 1, NULL);
	reply(bytes);
	check(0, PUBLISH_AWAY, "Redis refuses it: ERR xxx");
	assert_in_range(strlen(log_.told[0].why), 150, 220);
}

static void
while_it_is_away_nothing_is_taken(void **state)
{
	(void)state;
	assert_null(sender_away(&sender));
	fake_down("Redis is loading");
	assert_string_equal(sender_away(&sender), "Redis is loading");
	publish(0, 1, NULL);
	check(0, PUBLISH_AWAY, "Redis is away: Redis is loading");
	assert_int_equal(line.n, 0);
}

/* Of what was written nobody knows, and what was not never was. */
static void
what_was_written_is_unknown_when_it_goes(void **state)
{
	(void)state;
	publish(0, 1, NULL);
	publish(1, 1, NULL);
	fake.written = line.sent[1].begins;
	fake_down("it went");
	sender_down(&sender);
	assert_int_equal(log_.n, 2);
	check(1, PUBLISH_AWAY, "Redis is away: it went");
	log_.n = 1;
	check(0, PUBLISH_UNKNOWN, "before it had answered");
	log_.n = 2;
	assert_int_equal(sender.unknown, 1);
}

/* Without EXEC nothing of it is executed. */
static void
transaction_is_known_not_to_be_while_exec_is_not_written(void **state)
{
	(void)state;
	publish(0, 2, NULL);
	assert_string_equal(sent(0), "EXEC");
	fake.written = line.sent[3].begins;
	sender_down(&sender);
	check(0, PUBLISH_AWAY, "Redis is away");
	fake_up();
	publish(1, 2, NULL);
	fake.written = line.sent[3].begins + 1;
	sender_down(&sender);
	check(1, PUBLISH_UNKNOWN, "before it had answered");
}

static void
what_cannot_be_sent_is_not_published(void **state)
{
	(void)state;
	line.refuses = true;
	publish(0, 3, NULL);
	check_nothing();
	fake_down("no memory");
	sender_down(&sender);
	check(0, PUBLISH_AWAY, "no memory");
}

static void
a_second_without_an_answer_and_nothing_more_is_taken(void **state)
{
	(void)state;
	publish(0, 1, NULL);
	now += SENDER_SLOW;
	publish(1, 1, NULL);
	check_nothing();
	now += 0.01;
	publish(2, 1, NULL);
	check(2, PUBLISH_NO_ROOM, "Redis has not answered for a second");
	assert_non_null(sender_away(&sender));
	reply("$3\r\n5-7\r\n");
	check(0, PUBLISHED, NULL);
	publish(3, 1, NULL); /* the oldest is younger now */
	assert_int_equal(log_.n, 2);
	assert_null(sender_away(&sender));
}

static void
publish_large(int number, size_t len)
{
	char *data = malloc(len);
	struct sse_message m = {.data = data, .len = len};

	assert_non_null(data);
	memset(data, 'x', len);
	sender_publish(&sender, POST_OF("c", &m, 1), on_done,
	    &log_.number[number]);
	free(data);
}

static void
bytes_on_their_way_are_bounded(void **state)
{
	(void)state;
	publish_large(0, SENDER_BYTES + 1); /* alone it may be */
	check_nothing();
	publish(1, 1, NULL);
	check(1, PUBLISH_NO_ROOM, "more is published than Redis takes");
	reply("$3\r\n5-7\r\n");
	publish(2, 1, NULL);
	reply("$3\r\n5-8\r\n");
	check(2, PUBLISHED, NULL);
}

static void
what_the_hub_could_never_hold_is_not_sent(void **state)
{
	static char data[(1 << 21) + 1];
	const struct sse_message m = {.data = data, .len = sizeof(data)};
	struct post both = {.channels = names,
	    .channels_n = 2,
	    .messages = &m,
	    .n = 1};

	(void)state;
	publish_large(0, (1 << 22) + 1);
	check(0, PUBLISH_TOO_LARGE, NULL);
	sender_publish(&sender, &both, on_done, &log_.number[1]);
	check(1, PUBLISH_TOO_LARGE, NULL); /* each holds it */
	assert_int_equal(line.n, 0);
}

static bool
wake(struct subscriber *s)
{
	(void)s;
	return true;
}

static void
streams_are_those_that_read_it_here(void **state)
{
	struct feed feed = {.wake = wake};
	struct subscriber s = {.feed = &feed};
	struct cursor cursor, other;

	(void)state;
	publish(0, 1, NULL);
	assert_int_equal(hub_join(&hub, &cursor, "c", &s), HUB_DONE);
	reply("$3\r\n5-7\r\n");
	assert_int_equal(log_.told[0].what.streams, 1);
	publish_post(1,
	    (struct post){.channels = names, .channels_n = 2, .n = 1});
	assert_int_equal(hub_join(&hub, &other, "d", &s), HUB_DONE);
	reply("$3\r\n5-8\r\n");
	assert_int_equal(log_.told[1].what.streams, 2);
	hub_leave(&hub, &other);
	hub_leave(&hub, &cursor);
}

static void
set_up_wait(unsigned long wait)
{
	sender_init(&sender, &fake, &hub, &keys, "sse", wait);
}

static void
one_wait_stands_behind_all_of_a_turn(void **state)
{
	(void)state;
	set_up_wait(2);
	sender_turn_ends(&sender);
	assert_int_equal(line.n, 0);
	publish(0, 1, NULL);
	publish(1, 2, NULL);
	sender_turn_ends(&sender);
	assert_string_equal(sent(0), "WAIT 2 1000");
	assert_true(line.sent[line.n - 1].patience > 1);
	sender_turn_ends(&sender);
	assert_int_equal(line.n, 6);
	publish(2, 1, NULL); /* the next turn's */
	sender_turn_ends(&sender);
	reply("$3\r\n5-7\r\n");
	reply("+OK\r\n");
	reply("+QUEUED\r\n");
	reply("+QUEUED\r\n");
	reply("*2\r\n$3\r\n5-8\r\n$3\r\n5-9\r\n");
	check_nothing();
	assert_int_equal(sender.events, 4);
	reply(":2\r\n");
	assert_int_equal(log_.n, 2);
	check(1, PUBLISHED, NULL);
	reply("$4\r\n5-10\r\n");
	assert_int_equal(log_.n, 2);
	reply(":3\r\n");
	check(2, PUBLISHED, NULL);
}

static const struct wait_row {
	const char *name, *reply, *why;
} wait_rows[] = {
    {"wait_too_few", ":1\r\n",
	"of the 2 replicas of --redis-wait only 1 have it"},
    {"wait_none", ":0\r\n", "only 0 have it"},
    {"wait_less_than_none", ":-1\r\n", "does not say"},
    {"wait_refused", "-NOPERM wait\r\n", "does not say: NOPERM wait"},
    {"wait_of_no_shape", "$1\r\n2\r\n", "does not say"},
    {"wait_nil", "*-1\r\n", "does not say"},
};

static void
wait_is_unknown(void **state)
{
	const struct wait_row *row = *state;

	assert_int_equal(set_up(NULL), 0);
	set_up_wait(2);
	publish(0, 1, NULL);
	publish(1, 1, NULL);
	sender_turn_ends(&sender);
	reply("$3\r\n5-7\r\n");
	reply("-OOM x\r\n"); /* what is refused does not wait */
	assert_int_equal(log_.n, 1);
	check(1, PUBLISH_AWAY, "OOM");
	reply(row->reply);
	assert_int_equal(log_.n, 2);
	check(0, PUBLISH_UNKNOWN, row->why);
	assert_int_equal(tear_down(NULL), 0);
}

static void
what_replicas_may_not_have_is_unknown_when_it_goes(void **state)
{
	(void)state;
	set_up_wait(1);
	publish(0, 1, NULL);
	sender_turn_ends(&sender);
	reply("$3\r\n5-7\r\n");
	fake_down("it went");
	sender_down(&sender);
	check(0, PUBLISH_UNKNOWN, "before its replicas did");
	fake_up();
	sender_turn_ends(&sender); /* nothing of the former connection */
	assert_int_equal(line.n, 0);
}

static void
slow_replicas_count_as_no_answer(void **state)
{
	(void)state;
	set_up_wait(1);
	publish(0, 1, NULL);
	sender_turn_ends(&sender);
	reply("$3\r\n5-7\r\n");
	now += 1.1;
	publish(1, 1, NULL);
	check(1, PUBLISH_NO_ROOM, "for a second");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(one_event_is_one_command),
	    TEST(data_may_be_any_bytes),
	    TEST(several_events_are_one_transaction),
	    TEST(event_of_several_channels_is_one_entry),
	    TEST(snapshot_says_so),
	    TEST(end_is_an_entry_behind_the_others),
	    TEST(key_is_in_each_entry),
	    TEST(it_is_told_when_the_tail_has_come_there),
	    TEST(tail_that_is_away_is_not_waited_for),
	    TEST(key_is_unknown_while_the_tail_is_away),
	    TEST(stop_tells_those_that_are_there),
	    TEST(behind_an_end_nothing_is_sent),
	    TEST(what_came_behind_an_end_was_not_published),
	    TEST(what_came_before_an_end_or_with_it_was),
	    TEST(end_is_not_behind_itself),
	    TEST(key_that_is_known_has_its_answer),
	    TEST(key_is_known_for_a_while),
	    TEST(key_that_came_first_elsewhere_has_that_answer),
	    TEST(keys_of_posts_are_bounded),
	    TEST(long_error_is_cut),
	    TEST(while_it_is_away_nothing_is_taken),
	    TEST(what_was_written_is_unknown_when_it_goes),
	    TEST(transaction_is_known_not_to_be_while_exec_is_not_written),
	    TEST(what_cannot_be_sent_is_not_published),
	    TEST(a_second_without_an_answer_and_nothing_more_is_taken),
	    TEST(bytes_on_their_way_are_bounded),
	    TEST(what_the_hub_could_never_hold_is_not_sent),
	    TEST(streams_are_those_that_read_it_here),
	    TEST(one_wait_stands_behind_all_of_a_turn),
	    TEST(what_replicas_may_not_have_is_unknown_when_it_goes),
	    TEST(slow_replicas_count_as_no_answer),
	};
	static struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(wait_rows) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, is_told_like_this, &rows[i]);
	for (i = 0; i < LENGTH(wait_rows); i++)
		tests[n++] =
		    row_test(wait_rows[i].name, wait_is_unknown, &wait_rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("sender", tests, n, NULL, NULL);
}
