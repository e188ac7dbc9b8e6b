/* SPDX-License-Identifier: ISC */
/*
 * Whom a ticket has let in, of each kind, and how they are closed by hand; and
 * what becomes of that where other processes are to hear of it.
 */
#include "served.h"

#include <signal.h>

#include "allocation.h"
#include "base/log.h"
#include "fastcgi/request.h"
#include "serve/admin.h"
#include "serve/ticket_keys.h"

char *__real_strdup(const char *);
char *__wrap_strdup(const char *);

char *
__wrap_strdup(const char *s)
{
	return allocation_is_to_fail() ? NULL : __real_strdup(s);
}

/* {"exp":253402300799,"channels":["*"],"publish":["*"],"sub":"u"} */
#define TICKET                                                                 \
	"SSE_TICKET=required "                                                 \
	"HTTP_AUTHORIZATION=Bearer%20eyJhbGciOiJIUzI1NiJ9"                     \
	".eyJleHAiOjI1MzQwMjMwMDc5OSwiY2hhbm5lbHMiOlsiKiJdLCJwdWJsaXNoIjpbIio" \
	"iXSwic3ViIjoidSJ9.e6fQUI_JKFaHbNB5WxSnUWFmQO3tIk853ufNechB0vE"

#define STREAM "Status: 200 OK\r\nContent-Type: text/event-stream\r\n"
#define OK     "Status: 200 OK\r\n"

#define READER "begin 1; params 1 SSE_CHANNEL=a REQUEST_METHOD=GET " TICKET
#define READS  READER "; params 1; stdin 1"
#define AHEAD                                                                \
	READER " REMOTE_ADDR=::1 HTTP_LAST_EVENT_ID=1-102; params 1; stdin " \
	       "1"
#define FEEDS                                                       \
	"begin 1; params 1 SSE_CHANNEL=a SSE_ROLE=publish "         \
	"REQUEST_METHOD=POST CONTENT_TYPE=text/event-stream "       \
	"QUERY_STRING=feed%3d1%26done%3d!%26event%3dt " TICKET "; " \
	"params 1"
#define CLOSE(what)                                             \
	"begin 1; params 1 SSE_ROLE=admin REQUEST_METHOD=POST " \
	"QUERY_STRING=close%3d" what "; params 1; stdin 1"

/* Who is to tell the other processes. */
static struct {
	void (*done)(void *, const struct published *);
	void *arg;
	char which[64];
} told;

static void
tell_others(struct engine *e, const char *which,
    void (*done)(void *, const struct published *), void *arg)
{
	(void)e;
	told.done = done;
	told.arg = arg;
	(void)snprintf(told.which, sizeof(told.which), "%s", which);
}

static int
set_up(void **state)
{
	static const char key[] =
	    "HS256 abababababababababababababababababababab"
	    "abababababababababababab\n";
	static struct ticket_keys *keys;
	char path[] = "/tmp/test_admin.XXXXXX", err[200];
	const char *const files[] = {path, NULL};
	int fd = mkstemp(path);

	if (served_set_up(state) == -1)
		return -1;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, key, sizeof(key) - 1), sizeof(key) - 1);
	(void)close(fd);
	keys = ticket_keys_read(files, err, sizeof(err));
	assert_int_equal(unlink(path), 0);
	assert_non_null(keys);
	server.tickets.keys = keys;
	admin_init(&server);
	memset(&told, 0, sizeof(told));
	return 0;
}

static int
tear_down(void **state)
{
	int result = served_tear_down(state);

	ticket_keys_free(server.tickets.keys);
	server.tickets.keys = NULL;
	return result;
}

static void
close_peer(struct peer *p)
{
	(void)close(p->fd);
	turn();
}

static void
check_stream(struct peer *p, unsigned ends)
{
	(void)peer_read(p);
	assert_memory_equal(answer.text, STREAM, strlen(STREAM));
	assert_int_equal(answer.ends, ends);
}

static void
all_of_a_subject_are_closed(void **state)
{
	static struct peer one, two, feed, by;

	(void)state;
	peer_open(&one, READS);
	peer_open(&two, AHEAD);
	peer_open(&feed, FEEDS);
	end_turn();
	check_silent(&two);
	check_silent(&feed);
	test_engine_place_is(&engine, 0, PLACE_AFTER);
	end_turn();
	assert_int_equal(server.streams.open, 2);
	peer_open(&by, CLOSE("sub:other"));
	end_turn();
	check_answer(&by, OK, "{\"closed\":0}");
	close_peer(&by);
	peer_open(&by, CLOSE("sub:u"));
	end_turn();
	check_answer(&by, OK, "{\"closed\":3}");
	check_stream(&one, 1);
	check_stream(&two, 1);
	check_answer(&feed, "Status: 401 ", "not good any longer");
	assert_int_equal(server.streams.open, 0);
	assert_int_equal(server.streams.permits.n, 0);
	close_peer(&by);
	close_peer(&one);
	close_peer(&two);
	close_peer(&feed);
}

static void
all_of_a_channel_are_closed(void **state)
{
	static struct peer one, by;

	(void)state;
	peer_open(&one, READS);
	end_turn();
	peer_open(&by, CLOSE("channel:a"));
	end_turn();
	check_answer(&by, OK, "{\"closed\":1}");
	check_stream(&one, 1);
	close_peer(&by);
	close_peer(&one);
}

static void
what_other_processes_have_closed_is_closed_here(void **state)
{
	static struct peer one;

	(void)state;
	peer_open(&one, READS);
	end_turn();
	admin_hears(&server, "nonsense");
	admin_hears(&server, "channel:%");
	admin_hears(&server, "sub:");
	end_turn();
	check_stream(&one, 0);
	admin_hears(&server, "sub:u");
	end_turn();
	(void)peer_read(&one);
	assert_int_equal(answer.ends, 1);
	close_peer(&one);
}

static const struct wrong {
	const char *name, *request, *has;
} wrongs[] = {
    {"nothing_is_said", CLOSE(""), "one close="},
    {"two_are_said", CLOSE("sub:a%26close%3dsub:b"), "one close="},
    {"neither", CLOSE("a"), "takes sub:NAME"},
    {"no_subject", CLOSE("sub:"), "1 to 255 bytes"},
    {"the_clock", CLOSE("channel:clock"), "the clock"},
    {"no_channel", CLOSE("channel:"), "name is 1 to 255"},
    {"a_channel_with_a_space", CLOSE("channel:a+b"), "name is 1 to 255"},
};

static void
what_is_no_subject_and_no_channel_is_refused(void **state)
{
	const struct wrong *row = *state;
	static struct peer by;

	(void)set_up(NULL);
	peer_open(&by, row->request);
	end_turn();
	check_answer(&by, "Status: 400 ", row->has);
	close_peer(&by);
	(void)tear_down(NULL);
}

static void
others_answer(enum publish_result result, const char *why)
{
	told.done(told.arg, &(struct published){.result = result, .why = why});
	end_turn();
}

/* It is answered when they are told; or not in time, or not at all. */
static void
who_closes_waits_until_others_are_told(void **state)
{
	static const struct {
		enum publish_result result;
		const char *why, *begin, *has;
	} rows[] = {{PUBLISHED, NULL, OK, "{\"closed\":1}"},
	    {PUBLISH_AWAY, "no server", "Status: 503 ", "no server"},
	    {PUBLISH_NO_ROOM, NULL, "Status: 503 ", "there is no room"}};
	static struct peer one, by;
	size_t i;

	(void)state;
	engine.engine.close = tell_others;
	for (i = 0; i < LENGTH(rows); i++) {
		peer_open(&one, READS);
		end_turn();
		peer_open(&by, CLOSE("sub:u"));
		end_turn();
		assert_string_equal(told.which, "sub:u");
		check_stream(&one, 1);
		check_silent(&by);
		others_answer(rows[i].result, rows[i].why);
		check_answer(&by, rows[i].begin, rows[i].has);
		close_peer(&by);
		close_peer(&one);
	}
}

static void
who_closes_is_told_that_it_is_not_known(void **state)
{
	static struct peer by;

	(void)state;
	engine.engine.close = tell_others;
	peer_open(&by, CLOSE("sub:u"));
	end_turn();
	seconds_pass(CONN_ENGINE_PATIENCE + 1);
	check_answer(&by, "Status: 504 ", "not known");
	others_answer(PUBLISHED, NULL); /* nobody is there for it */
	close_peer(&by);
}

/* Each allocation on the way fails once; it is this request's loss alone. */
static void
without_memory_it_ends_itself_alone(void **state)
{
	static const char *const requests[] = {READS, AHEAD, FEEDS,
	    CLOSE("sub:u")};
	static struct peer p;
	unsigned long nth;
	bool failed = true;
	size_t i;

	(void)state;
	engine.engine.close = tell_others;
	engine.at_once = true;
	engine.place = PLACE_AFTER;
	for (i = 0; i < LENGTH(requests); i++, failed = true)
		for (nth = 1; failed; nth++) {
			peer_open(&p, "");
			peer_send(&p, requests[i]);
			allocation_fails(nth);
			turn();
			failed = allocation_failed();
			allocation_fails(0);
			if (told.done != NULL)
				others_answer(PUBLISHED, NULL);
			told.done = NULL;
			end_turn();
			(void)peer_read(&p);
			if (failed && !p.eof && answer.ends == 1)
				assert_true(strstr(answer.text, "memory") ||
					    strstr(answer.text, "retry: ") ||
					    strstr(answer.text, "Status: 401"));
			close_peer(&p);
			assert_int_equal(conns->total, 0);
			assert_int_equal(server.streams.permits.n, 0);
		}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest single[] = {
	    TEST(all_of_a_subject_are_closed),
	    TEST(all_of_a_channel_are_closed),
	    TEST(what_other_processes_have_closed_is_closed_here),
	    TEST(who_closes_waits_until_others_are_told),
	    TEST(who_closes_is_told_that_it_is_not_known),
	    TEST(without_memory_it_ends_itself_alone),
	};
	static struct CMUnitTest tests[LENGTH(single) + LENGTH(wrongs)];
	size_t n = LENGTH(single), i;
	int failed;

	if (request_init() != 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)log_open("/dev/null", false);
	memcpy(tests, single, sizeof(single));
	for (i = 0; i < LENGTH(wrongs); i++)
		tests[n++] = row_test(wrongs[i].name,
		    what_is_no_subject_and_no_channel_is_refused, &wrongs[i]);
	failed = _cmocka_run_group_tests("admin", tests, n, NULL, NULL);
	request_exit();
	return failed;
}
