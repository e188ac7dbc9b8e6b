/* SPDX-License-Identifier: ISC */
/*
 * The engine whose events all processes share, against a server that says what
 * the test has it say: what is published goes out on one connection and comes
 * in on the other, and whatever ends is answered.
 */
#include "engine.h"

#include "base/log.h"
#include "engine/redis.h"
#include "scripted.h"
#include "posts.h"

/* A master with one event of channel a, 5-7, and nothing behind it. */
#define ENTRY \
	"*2\r\n$3\r\n5-7\r\n*4\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nd\r\n$1\r\nx\r\n"
#define GREETED                                                         \
	{"PING", "+PONG\r\n"}, {"ROLE", MASTER},                        \
	    {"TIME", "*2\r\n$10\r\n1795359156\r\n$1\r\n0\r\n"},         \
	    {"INFO", "$13\r\nmaxmemory:0\r\n\r\n"}, {"HSET", ":1\r\n"}, \
	    {"EXPIRE", ":1\r\n"},                                       \
	{                                                               \
		"XTRIM", ":0\r\n"                                       \
	}
#define HELD                                          \
	{"XREVRANGE sse + ", "*1\r\n" ENTRY},         \
	    {"XREVRANGE sse (5-7 ", "*0\r\n"},        \
	    {"XREVRANGE sse 5-7 - ", "*1\r\n" ENTRY}, \
	{                                             \
		"XREAD", NOTHING                      \
	}

static const struct line usual[] = {GREETED, HELD,
    {"XADD sse * c a d ", "$3\r\n5-8\r\n"}, {"HGETALL", "*0\r\n"},
    {NULL, NULL}};

/* It takes what is published, and says nothing to that. */
static const struct line silent[] = {GREETED, HELD, {"XADD", NOTHING},
    {"HGETALL", "*0\r\n"}, {NULL, NULL}};

static struct hub hub;
static struct redis redis;
static struct engine *const engine = &redis.engine;
static struct ev_loop *loop;
static struct scripted server;
static ev_check clock_;
static char dir[64];
static size_t streams;

/* What became of the publications, and of ids that were waited for. */
static struct {
	unsigned told, placed;
	struct published last;
	char why[300];
	enum place place;
} done;

static void
on_done(void *arg, const struct published *what)
{
	(void)arg;
	done.told++;
	done.last = *what;
	(void)snprintf(done.why, sizeof(done.why), "%s",
	    what->why == NULL ? "" : what->why);
}

static void
on_placed(void *arg, enum place place)
{
	(void)arg;
	done.placed++;
	done.place = place;
}

static void
publish(const char *data)
{
	struct sse_message m = {.data = data, .len = strlen(data)};

	engine->publish(engine, POST_OF("a", &m, 1), on_done, NULL);
}

static void
on_clock(struct ev_loop *l, ev_check *w, int revents)
{
	(void)l;
	(void)w;
	(void)revents;
	now = platform_clock();
}

static struct redis_setup set;

static int
set_up(void **state)
{
	(void)state;
	wall = 1795359156000;
	now = platform_clock();
	ready = 0;
	streams = 3;
	memset(&done, 0, sizeof(done));
	(void)snprintf(dir, sizeof(dir), "/tmp/sse-fcgi-redis-XXXXXX");
	assert_non_null(mkdtemp(dir));
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	ev_check_init(&clock_, on_clock);
	ev_set_priority(&clock_, EV_MAXPRI);
	ev_check_start(loop, &clock_);
	hub_init(&hub, &(struct hub_setup){.history = 100,
			   .bytes_max = 1 << 24,
			   .channels_max = 10,
			   .relieve = relieve,
			   .now = &now});
	scripted_unix(&server, loop, dir, "redis", usual);
	set = (struct redis_setup){.addresses = server.address,
	    .key = "sse",
	    .history = 100,
	    .max_event = 1024,
	    .streams = &streams};
	return 0;
}

/* The engine is made, started and up. */
static void
begin(const struct line *script)
{
	char err[200];

	server.script = script;
	assert_int_equal(redis_init(&redis, &set, wall_ms, err, sizeof(err)),
	    0);
	engine->start(engine, &hub, loop, on_ready, &ready);
	assert_int_equal(ready, 0);
	UNTIL(loop, ready == 1);
	assert_int_equal(redis.publisher.state, LINK_UP); /* it has waited */
	assert_null(engine->away(engine));
}

static int
tear_down(void **state)
{
	(void)state;
	engine->stop(engine);
	scripted_end(&server);
	some_turns(loop, 3);
	ev_check_stop(loop, &clock_);
	ev_loop_destroy(loop);
	hub_free(&hub);
	(void)rmdir(dir);
	return 0;
}

/* The connection on which entries are read: it has heard XREAD last. */
static struct scripted_peer *
tailing(void)
{
	return &server.peer[0];
}

static double
figure(const char *json)
{
	struct engine_figure row[ENGINE_FIGURES_MAX];
	size_t n = engine->figures(engine, row), i;

	for (i = 0; i < n; i++)
		if (strcmp(row[i].json, json) == 0)
			return row[i].value;
	fail_msg("there is no %s", json);
	return 0;
}

static void
it_is_ready_with_what_redis_holds(void **state)
{
	(void)state;
	begin(usual);
	assert_int_equal(hub.held, 1);
	assert_int_equal(hub.last.ms, 5);
	assert_int_equal(hub.last.n, 7);
	assert_int_equal(server.accepted, 2);
	assert_null(engine->away(engine));
	assert_true(figure("redis.up") == 1);
	assert_true(figure("redis.reconnects") == 0);
	assert_true(figure("redis.lag") == 0);
}

static void
before_that_nobody_can_say_where_anything_is(void **state)
{
	char err[200];

	(void)state;
	assert_int_equal(redis_init(&redis, &set, wall_ms, err, sizeof(err)),
	    0);
	engine->start(engine, &hub, loop, on_ready, &ready);
	assert_int_equal(engine->place(engine, (struct eventid){5, 7}),
	    PLACE_NOT_YET);
	assert_int_equal(engine->place(engine, (struct eventid){0, 0}),
	    PLACE_NOT_YET);
	assert_non_null(engine->away(engine));
	publish("early");
	assert_int_equal(done.told, 1);
	assert_int_equal(done.last.result, PUBLISH_AWAY);
	assert_non_null(strstr(done.why, "Redis is away: "));
	assert_true(figure("redis.up") == 0);
	assert_true(figure("streams_all") == 3);
	UNTIL(loop, ready == 1);
	assert_int_equal(engine->place(engine, (struct eventid){5, 7}),
	    PLACE_AFTER);
}

/* What the XREAD that is waiting hears: one entry. */
#define READ(id, fields) "*1\r\n*2\r\n$3\r\nsse\r\n*1\r\n*2\r\n" id fields
#define EVENT_Y		 "*4\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nd\r\n$1\r\ny\r\n"
#define END_OF_A	 "*4\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\ne\r\n$1\r\n1\r\n"

static void
tail_hears(const char *bytes)
{
	UNTIL(loop, strstr(server.heard, "XREAD") != NULL);
	server.heard[0] = '\0';
	scripted_tell(tailing(), bytes, strlen(bytes));
}

/* And is answered then. */
static void
what_is_published_comes_back_as_an_entry(void **state)
{
	(void)state;
	begin(usual);
	publish("y");
	assert_true(figure("redis.queue") == 1);
	UNTIL(loop, figure("redis.queue") == 0);
	some_turns(loop, 3);
	assert_int_equal(done.told, 0);
	assert_int_equal(hub.held, 1); /* it is not here yet */
	tail_hears(READ("$3\r\n5-8\r\n", EVENT_Y));
	UNTIL(loop, done.told == 1);
	assert_int_equal(hub.held, 2);
	assert_int_equal(done.last.result, PUBLISHED);
	assert_int_equal(done.last.last.n, 8);
	assert_int_equal(hub.last.n, 8);
}

/* Somebody else's end stands between. */
static void
what_is_published_behind_an_end_is_not(void **state)
{
	static const struct line later[] = {GREETED, HELD,
	    {"XREVRANGE sse 5-8 - ", "*1\r\n*2\r\n$3\r\n5-8\r\n" END_OF_A},
	    {"XADD sse * c a d ", "$3\r\n5-9\r\n"}, {"HGETALL", "*0\r\n"},
	    {NULL, NULL}};

	(void)state;
	begin(later);
	publish("y");
	UNTIL(loop, figure("redis.queue") == 0);
	tail_hears(READ("$3\r\n5-8\r\n", END_OF_A));
	UNTIL(loop, hub.last.n == 8);
	assert_int_equal(done.told, 0);
	tail_hears(READ("$3\r\n5-9\r\n", EVENT_Y));
	UNTIL(loop, done.told == 1);
	assert_int_equal(done.last.result, PUBLISH_ENDED);
	assert_int_equal(hub.held, 1);
	assert_true(figure("redis.skipped") == 1);
	publish("z");
	assert_int_equal(done.told, 2);
	assert_int_equal(done.last.result, PUBLISH_ENDED);
}

/* A tail that says nothing is not waited for. */
static void
what_redis_has_is_published_in_the_end(void **state)
{
	double since = platform_clock();

	(void)state;
	begin(usual);
	publish("y");
	UNTIL(loop, done.told == 1);
	assert_int_equal(done.last.result, PUBLISHED);
	assert_true(platform_clock() - since > SENDER_COMING);
	assert_int_equal(hub.held, 1);
}

static void
who_is_ahead_waits_for_the_entry(void **state)
{
	static const char entry[] =
	    "*1\r\n*2\r\n$3\r\nsse\r\n*1\r\n*2\r\n$3\r\n5-9\r\n"
	    "*4\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nd\r\n$1\r\ny\r\n";

	(void)state;
	begin(usual);
	assert_int_equal(engine->place(engine, (struct eventid){5, 9}),
	    PLACE_AHEAD);
	engine->await(engine, (struct eventid){5, 9}, on_placed, NULL);
	UNTIL(loop, strstr(server.heard, "XREAD") != NULL);
	assert_int_equal(done.placed, 0);
	scripted_tell(tailing(), entry, sizeof(entry) - 1);
	UNTIL(loop, done.placed == 1);
	assert_int_equal(done.place, PLACE_AFTER);
}

/* The other one still takes what is published, but nothing comes back. */
static void
it_is_away_while_nothing_can_come(void **state)
{
	(void)state;
	begin(usual);
	scripted_hang_up(tailing());
	UNTIL(loop, redis.tail.link.state != LINK_UP);
	assert_int_equal(redis.publisher.state, LINK_UP);
	assert_non_null(engine->away(engine));
	assert_string_equal(engine->away(engine), redis.tail.link.why);
	UNTIL(loop, engine->away(engine) == NULL);
	assert_int_equal(redis.tail.link.state, LINK_UP);
}

static void
connection_that_is_lost_leaves_it_unknown(void **state)
{
	(void)state;
	begin(silent);
	publish("y");
	UNTIL(loop, strstr(server.heard, "XADD") != NULL);
	assert_int_equal(done.told, 0);
	server.script = usual;
	scripted_hang_up_all(&server);
	UNTIL(loop, done.told == 1);
	assert_int_equal(done.last.result, PUBLISH_UNKNOWN);
	assert_true(figure("redis.unknown") == 1);
	assert_true(figure("redis.up") == 0);
	assert_non_null(engine->away(engine));
	UNTIL(loop, engine->away(engine) == NULL);
	assert_true(figure("redis.reconnects") > 0);
	publish("z");
	UNTIL(loop, done.told == 2);
	assert_int_equal(done.last.result, PUBLISHED);
}

static void
publisher_goes_where_the_tail_goes(void **state)
{
	struct scripted other;
	char both[400];

	(void)state;
	scripted_unix(&other, loop, dir, "other", usual);
	(void)snprintf(both, sizeof(both), "%s,%s", server.address,
	    other.address);
	set.addresses = both;
	begin(usual);
	assert_int_equal(other.accepted, 0);
	scripted_end(&server);
	UNTIL(loop, redis.tail.link.state == LINK_UP &&
			redis.publisher.state == LINK_UP &&
			other.accepted >= 2);
	publish("y");
	UNTIL(loop, done.told == 1);
	assert_int_equal(done.last.result, PUBLISHED);
	assert_non_null(strstr(other.heard, "XADD sse * c a d y"));
	scripted_end(&other);
}

static void
one_wait_is_behind_a_turns_publications(void **state)
{
	static const struct line waits[] = {GREETED, HELD,
	    {"XADD", "$3\r\n5-8\r\n"}, {"WAIT 1 1000", ":1\r\n"},
	    {"HGETALL", "*0\r\n"}, {NULL, NULL}};
	const char *at;

	(void)state;
	set.wait = 1;
	begin(waits);
	publish("y");
	publish("z");
	UNTIL(loop, done.told == 2);
	assert_int_equal(done.last.result, PUBLISHED);
	at = strstr(server.heard, "XADD sse * c a d y\nXADD sse * c a d z\n"
				  "WAIT 1 1000\n");
	assert_non_null(at);
	assert_null(strstr(at + 45, "WAIT"));
}

static void
streams_of_all_processes_are_counted(void **state)
{
	static const struct line others[] = {GREETED, HELD,
	    {"HGETALL", "*2\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n"
			"$4\r\n1 40\r\n"},
	    {NULL, NULL}};

	(void)state;
	begin(others);
	UNTIL(loop, figure("streams_all") != 3);
	assert_true(figure("streams_all") == 43);
	assert_non_null(strstr(server.heard, "HSET {sse}:streams "));
}

static void
stop_answers_all_that_waits(void **state)
{
	(void)state;
	begin(silent);
	publish("y");
	UNTIL(loop, strstr(server.heard, "XADD") != NULL);
	publish("never written");
	engine->await(engine, (struct eventid){9, 9}, on_placed, NULL);
	engine->stop(engine);
	assert_int_equal(done.told, 2);
	assert_int_equal(done.last.result, PUBLISH_AWAY);
	assert_int_equal(redis.sender.unknown, 1);
	assert_int_equal(done.placed, 1);
	assert_int_equal(done.place, PLACE_AHEAD);
	redis.hub = NULL; /* for the end of the test */
	redis.finder = NULL;
}

static void
what_was_never_started_can_be_stopped(void **state)
{
	char err[200];

	(void)state;
	assert_int_equal(redis_init(&redis, &set, wall_ms, err, sizeof(err)),
	    0);
	engine->stop(engine);
	assert_int_equal(server.accepted, 0);
	set.addresses = "here,there";
	assert_int_equal(redis_init(&redis, &set, wall_ms, err, sizeof(err)),
	    -1);
	assert_non_null(strstr(err, "here"));
}

/* Connections end wherever it comes: nothing is told twice, or never. */
static void
any_end_of_connections_leaves_one_answer_each(void **state)
{
	uint32_t seed = 20261127;
	unsigned given = 0, i;

	(void)state;
	begin(usual);
	for (i = 0; i < 200; i++) {
		server.script = chance(&seed) % 2 == 0 ? usual : silent;
		server.cut = chance(&seed) % 40;
		UNTIL(loop, redis.publisher.state == LINK_UP);
		for (; given - done.told < chance(&seed) % 5; given++)
			publish("y");
		some_turns(loop, (int)(chance(&seed) % 6));
		scripted_hang_up_all(&server);
		redis.tail.link.failures = 0; /* without the back-off */
		redis.publisher.failures = 0;
	}
	engine->stop(engine);
	assert_int_equal(done.told, given);
	redis.hub = NULL;
	redis.finder = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(it_is_ready_with_what_redis_holds),
	    TEST(before_that_nobody_can_say_where_anything_is),
	    TEST(what_is_published_comes_back_as_an_entry),
	    TEST(what_is_published_behind_an_end_is_not),
	    TEST(what_redis_has_is_published_in_the_end),
	    TEST(who_is_ahead_waits_for_the_entry),
	    TEST(it_is_away_while_nothing_can_come),
	    TEST(connection_that_is_lost_leaves_it_unknown),
	    TEST(publisher_goes_where_the_tail_goes),
	    TEST(one_wait_is_behind_a_turns_publications),
	    TEST(streams_of_all_processes_are_counted),
	    TEST(stop_answers_all_that_waits),
	    TEST(what_was_never_started_can_be_stopped),
	    TEST(any_end_of_connections_leaves_one_answer_each),
	};

	(void)log_open("/dev/null", false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
