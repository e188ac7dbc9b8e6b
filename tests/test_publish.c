/* SPDX-License-Identifier: ISC */
/*
 * Publications to an engine that answers when the test says: late, never, out
 * of order, when its exchange is over, and with every result.  Each exchange
 * has one answer, and its own.
 */
#include "served.h"

#include <sys/uio.h>

#include <errno.h>
#include <math.h>
#include <signal.h>

#include "fastcgi/request.h"

#define OK	"Status: 200 OK\r\n"
#define AWAY	"Status: 503 Service Unavailable\r\n"
#define LARGE	"Status: 413 Content Too Large\r\n"
#define UNKNOWN "Status: 504 Gateway Timeout\r\n"

#define HEAD                                             \
	"params 1 REQUEST_METHOD=POST SSE_ROLE=publish " \
	"SSE_CHANNEL=a; params 1"
#define POST	  "begin 1; " HEAD "; stdin 1 'one; stdin 1"
#define POST_KEPT "begin 1 keep; " HEAD "; stdin 1 'one; stdin 1"
#define POST_NEXT "begin 1 keep; " HEAD "; stdin 1 'two; stdin 1"
#define UNWHOLE	  "begin 1; " HEAD "; stdin 1 'on"

/* What the next writes take; -1: nothing.  Then they are themselves. */
static struct {
	long take[4];
	size_t steps, step;
} script;

ssize_t __real_send(int, const void *, size_t, int);
ssize_t __wrap_send(int, const void *, size_t, int);

ssize_t
__wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	long take;

	if (script.step == script.steps)
		return __real_send(fd, bytes, len, flags);
	take = script.take[script.step++];
	if (take < 0) {
		errno = EAGAIN;
		return -1;
	}
	return __real_send(fd, bytes, (size_t)take < len ? (size_t)take : len,
	    flags);
}

/* The same for a wave: each of its sends. */
int __real_ring_send(struct ring *, struct ring_send *, unsigned);
int __wrap_ring_send(struct ring *, struct ring_send *, unsigned);

int
__wrap_ring_send(struct ring *r, struct ring_send *sends, unsigned n)
{
	struct ring_send *s;
	ssize_t result;

	if (script.step == script.steps)
		return __real_ring_send(r, sends, n);
	for (s = sends; s < sends + n; s++) {
		result = __wrap_send(s->fd, s->bytes, s->len, MSG_NOSIGNAL);
		s->result = result == -1 ? -errno : (int)result;
	}
	return 0;
}

static void
front_takes(long take)
{
	if (script.step == script.steps)
		script.step = script.steps = 0;
	script.take[script.steps++] = take;
}

static int
set_up(void **state)
{
	script.step = script.steps = 0;
	return served_set_up(state);
}

/* The engine says it, and the turn ends. */
static void
say(size_t i, enum publish_result result)
{
	test_engine_answer(&engine, i, result);
	end_turn();
}

/* The end of the request, without an answer. */
static void
check_aborted(struct peer *p)
{
	assert_string_equal(peer_read(p), "");
	assert_int_equal(answer.ends, 1);
	assert_int_equal(answer.status, FCGI_REQUEST_COMPLETE);
}

static const struct row {
	const char *name;
	enum publish_result result;
	const char *begin, *has;
	bool unknown, counted;
} rows[] = {
    {"published", PUBLISHED, OK, "{\"id\":\"1-101\",\"channel\":\"a\"", false,
	false},
    {"no_channel", PUBLISH_NO_CHANNEL, AWAY, "--max-channels", false, true},
    {"ended", PUBLISH_ENDED, "Status: 409 Conflict", "has ended", false, true},
    {"too_large", PUBLISH_TOO_LARGE, LARGE, "--history-bytes", false, true},
    {"no_room", PUBLISH_NO_ROOM, AWAY, "still being written", false, true},
    {"no_memory", PUBLISH_NO_MEMORY, AWAY, "no memory", false, true},
    {"away", PUBLISH_AWAY, AWAY, "not there now", false, true},
    {"unknown", PUBLISH_UNKNOWN, UNKNOWN, "not known", true, false},
};

static void
check_row(const struct row *row, bool at_once)
{
	struct peer p;

	assert_int_equal(set_up(NULL), 0);
	engine.at_once = at_once;
	engine.result = row->result;
	peer_open(&p, POST);
	end_turn();
	if (!at_once) {
		check_silent(&p);
		assert_int_equal(conns->count[CONN_ENGINE], 1);
		say(0, row->result);
	}
	check_answer(&p, row->begin, row->has);
	assert_true(p.eof);
	assert_int_equal(strstr(answer.text, "\r\nRetry-After: ") != NULL,
	    strcmp(row->begin, AWAY) == 0);
	assert_int_equal(server.publisher.refused, row->counted);
	assert_int_equal(server.publisher.unknown, row->unknown);
	assert_int_equal(server.hub.published, row->result == PUBLISHED);
	assert_int_equal(conns->total, 0);
	(void)close(p.fd);
	assert_int_equal(served_tear_down(NULL), 0);
}

static void
is_answered_like_this(void **state)
{
	check_row(*state, true);
	check_row(*state, false);
}

/* What is given to the engine, and the answer to it. */
static const struct asked {
	const char *name, *params, *body;
	const char *given;  /* channels, key, what, messages */
	const char *answer; /* behind the id */
	unsigned ends, deletes;
} asked[] = {
    {"several_channels", "QUERY_STRING=channel%3da%26channel%3db%2526c", "'x",
	"a b&c  1 :x|",
	",\"channel\":\"a\",\"channels\":[\"a\",\"b&c\"],\"streams\":0}\n", 0,
	0},
    {"a_key", "QUERY_STRING=channel%3da%26key%3dk-1", "'x", "a k-1 1 :x|",
	",\"channel\":\"a\",\"streams\":0}\n", 0, 0},
    {"a_snapshot", "QUERY_STRING=channel%3da%26snapshot%3d1", "'x",
	"a  snapshot 1 :x|", ",\"channel\":\"a\",\"streams\":0}\n", 0, 0},
    {"an_event_and_the_end", "QUERY_STRING=channel%3da%26end%3d1", "'x",
	"a  end 1 :x|;", ",\"channel\":\"a\",\"streams\":0,\"ended\":true}\n",
	1, 0},
    {"a_type_and_the_end", "QUERY_STRING=channel%3da%26end%3d1%26event%3dt", "",
	"a  end 1 t:|;", ",\"channel\":\"a\",\"streams\":0,\"ended\":true}\n",
	1, 0},
    {"an_end_alone", "QUERY_STRING=channel%3da%26end%3d1%26event%3d", "",
	"a  end 0 ;", ",\"channel\":\"a\",\"streams\":0,\"ended\":true}\n", 1,
	0},
    {"no_events_and_the_end",
	"QUERY_STRING=channel%3da%26end%3d1 CONTENT_TYPE=text/event-stream", "",
	"a  end 0 ;",
	",\"channel\":\"a\",\"streams\":0,\"events\":0,\"ended\":true}\n", 1,
	0},
    {"several_events_and_the_end",
	"QUERY_STRING=channel%3da%26end%3d1 CONTENT_TYPE=text/event-stream",
	"'data:1%0a%0adata:2%0a%0a", "a  end 2 :1|:2|;",
	",\"channel\":\"a\",\"streams\":0,\"events\":2,\"ended\":true}\n", 1,
	0},
    {"delete", "REQUEST_METHOD=DELETE QUERY_STRING=channel%3da", "",
	"a  end erase 0 ;",
	",\"channel\":\"a\",\"streams\":0,\"ended\":true}\n", 0, 1},
    {"delete_with_a_body", "REQUEST_METHOD=DELETE SSE_CHANNEL=%2525", "'body",
	"%  end erase 0 ;",
	",\"channel\":\"%\",\"streams\":0,\"ended\":true}\n", 0, 1},
    {"a_name_that_is_escaped", "SSE_CHANNEL=%22%5c", "'x", "\"\\  1 :x|",
	",\"channel\":\"\\\"\\\\\",\"streams\":0}\n", 0, 0},
};

static void
post_is_what_was_asked_for(void **state)
{
	const struct asked *row = *state;
	const struct given *g = &engine.given[0];
	char notation[400], given[2300];
	struct peer p;

	(void)snprintf(notation, sizeof(notation),
	    "begin 1; params 1 %sSSE_ROLE=publish %s; params 1; "
	    "%s%s%sstdin 1",
	    strstr(row->params, "METHOD") == NULL ? "REQUEST_METHOD=POST " : "",
	    row->params, *row->body == '\0' ? "" : "stdin 1 ", row->body,
	    *row->body == '\0' ? "" : "; ");
	peer_open(&p, notation);
	end_turn();
	check_silent(&p);
	assert_int_equal(engine.n, 1);
	(void)snprintf(given, sizeof(given), "%s%s %s%s%s%zu %s", g->channels,
	    g->key, g->end ? "end " : "", g->erase ? "erase " : "",
	    g->snapshot ? "snapshot " : "", g->messages, g->text);
	assert_string_equal(given, row->given);
	say(0, PUBLISHED);
	check_answer(&p, OK, row->answer);
	assert_int_equal(server.publisher.ends, row->ends);
	assert_int_equal(server.publisher.deletes, row->deletes);
	peer_close(&p);
}

/* Its front says what it wants before its body has come. */
static void
delete_does_not_wait_for_a_body(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p,
	    "begin 1 keep; params 1 REQUEST_METHOD=DELETE SSE_ROLE=publish "
	    "SSE_CHANNEL=a; params 1; stdin 1 'bo");
	end_turn();
	assert_int_equal(engine.n, 1);
	peer_send(&p, "stdin 1 'dy; stdin 1");
	turn();
	say(0, PUBLISHED);
	check_answer(&p, OK, "\"ended\":true}\n");
	assert_int_equal(conns->count[CONN_KEPT], 1);
	peer_close(&p);
}

/* It counts as what it was, and that is said. */
static void
what_had_been_published_is_repeated(void **state)
{
	struct peer p;

	(void)state;
	engine.repeats = true;
	peer_open(&p,
	    "begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish "
	    "QUERY_STRING=channel%3da%26key%3dk%26end%3d1; params 1; stdin 1");
	end_turn();
	say(0, PUBLISHED);
	check_answer(&p, OK, ",\"ended\":true,\"repeated\":true}\n");
	assert_int_equal(server.publisher.repeated, 1);
	assert_int_equal(server.publisher.ends, 0);
	assert_int_equal(server.publisher.waits.count, 0);
	peer_close(&p);
}

/* From the engine's call to its word, be there somebody to hear it or not. */
static void
what_is_published_has_waited(void **state)
{
	static const enum publish_result results[] = {PUBLISHED, PUBLISHED,
	    PUBLISH_AWAY};
	struct peer p;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(results); i++) {
		peer_open(&p, POST);
		end_turn();
		if (i == 1)
			peer_close(&p);
		conns_set_time(conns, conns->now + 0.3);
		say(i, results[i]);
		if (i != 1)
			peer_close(&p);
	}
	assert_int_equal(server.publisher.waits.count, 2);
	assert_int_equal(server.publisher.waits.bucket[9], 2); /* to 0.5 */
	assert_true(fabs(server.publisher.waits.sum - 0.6) < 1e-6);
}

static void
channels_that_have_ended_are_counted(void **state)
{
	struct peer p;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		peer_open(&p,
		    i == 0 ? "begin 1; params 1 REQUEST_METHOD=POST "
			     "SSE_ROLE=publish SSE_CHANNEL=a%20b; params 1; "
			     "stdin 1" :
			     POST);
		end_turn();
		if (i == 1) /* nobody hears that it has */
			peer_close(&p);
		say((size_t)i, PUBLISH_ENDED);
		if (i == 0) {
			check_answer(&p, "Status: 409 Conflict\r\n",
			    "one of the channels has ended");
			peer_close(&p);
		}
	}
	assert_int_equal(server.publisher.ended, 2);
	assert_int_equal(server.publisher.refused, 1);
}

/* A publication that waits is no silent stream. */
static void
it_gets_no_heartbeat(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST);
	end_turn();
	seconds_pass(20); /* the heartbeat's 15, and some */
	check_silent(&p);
	say(0, PUBLISHED);
	check_answer(&p, OK, "1-101");
	peer_close(&p);
}

static void
it_is_answered_504_after_its_limit_of_time(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST);
	end_turn();
	seconds_pass(CONN_ENGINE_PATIENCE - 2);
	check_silent(&p);
	seconds_pass(1);
	check_answer(&p, UNKNOWN, "not known");
	assert_true(p.eof);
	assert_int_equal(server.publisher.unknown, 1);
	assert_int_equal(server.publisher.refused, 0);
	assert_int_equal(conns->stalled + conns->timed_out, 0);
	say(0, PUBLISHED); /* and nobody hears it */
	assert_int_equal(server.hub.published, 1);
	check_answer(&p, UNKNOWN, "not known");
	peer_close(&p);
}

static void
limit_of_time_counts_from_the_whole_body(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, UNWHOLE);
	end_turn();
	seconds_pass(20);
	peer_send(&p, "stdin 1 'e; stdin 1");
	turn();
	seconds_pass(20);
	check_silent(&p);
	assert_string_equal(engine.given[0].data, "one");
	say(0, PUBLISHED);
	check_answer(&p, OK, "1-101");
	peer_close(&p);
}

static void
abort_ends_it_at_once_and_its_answer_is_dropped(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST);
	end_turn();
	peer_send(&p, "abort 1");
	turn();
	check_aborted(&p);
	assert_true(p.eof);
	assert_int_equal(conns->total, 0);
	say(0, PUBLISHED);
	check_aborted(&p);
	(void)close(p.fd);
}

/* In one turn the abort, and then the answer, or the other way round. */
static void
abort_and_answer_in_one_turn_are_one_end(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST_KEPT);
	end_turn();
	peer_send(&p, "abort 1");
	(void)ev_run(loop, EVRUN_NOWAIT);
	say(0, PUBLISHED);
	check_aborted(&p);
	peer_close(&p);
	peer_open(&p, POST_KEPT);
	end_turn();
	test_engine_answer(&engine, 1, PUBLISHED);
	peer_send(&p, "abort 1");
	turn();
	check_answer(&p, OK, "1-102");
	peer_close(&p);
	assert_int_equal(conns->total, 0);
}

static void
abort_keeps_the_connection_for_the_next_request(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST_KEPT);
	end_turn();
	peer_send(&p, "abort 1");
	turn();
	check_aborted(&p);
	assert_false(p.eof);
	assert_int_equal(conns->count[CONN_KEPT], 1);
	p.len = 0;
	peer_send(&p, POST_NEXT);
	turn();
	check_silent(&p);
	say(0, PUBLISHED); /* the first one's, which is not the second's */
	check_silent(&p);
	say(1, PUBLISHED);
	check_answer(&p, OK, "\"1-102\"");
	assert_int_equal(conns->count[CONN_KEPT], 1);
	p.len = 0;
	peer_send(&p, "begin 1 keep; params 1 REQUEST_METHOD=GET; params 1; "
		      "stdin 1");
	turn();
	assert_non_null(strstr(peer_read(&p), "data: Message: 1 "));
	peer_close(&p);
}

static void
late_answer_of_a_504_is_not_the_next_requests(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST_KEPT);
	end_turn();
	seconds_pass(CONN_ENGINE_PATIENCE);
	check_answer(&p, UNKNOWN, "not known");
	assert_false(p.eof);
	p.len = 0;
	peer_send(&p, POST_NEXT);
	turn();
	say(0, PUBLISH_AWAY);
	check_silent(&p);
	say(1, PUBLISHED);
	check_answer(&p, OK, "\"1-101\"");
	peer_close(&p);
}

/* END_REQUEST is cut anywhere, and the late answer comes meanwhile. */
static void
answer_is_never_mixed_with_a_record_half_written(void **state)
{
	struct peer p;
	long taken;

	(void)state;
	for (taken = -1; taken < RECORD_END_SIZE; taken++) {
		peer_open(&p, POST_KEPT);
		end_turn();
		front_takes(taken);
		peer_send(&p, "abort 1");
		turn();
		assert_int_equal(conns->count[CONN_FULL], 1);
		test_engine_answer(&engine, engine.n - 1, PUBLISHED);
		turn();
		turn();
		check_aborted(&p);
		assert_int_equal(conns->count[CONN_KEPT], 1);
		peer_close(&p);
		assert_int_equal(conns->total, 0);
	}
}

/* The answer itself is cut, and the front gives up or goes meanwhile. */
static void
answer_that_is_cut_is_written_whole(void **state)
{
	struct peer p;
	long taken;

	(void)state;
	for (taken = -1; taken < 160; taken += 7) {
		peer_open(&p, POST_KEPT);
		end_turn();
		front_takes(taken);
		say(engine.n - 1, PUBLISHED);
		peer_send(&p, "abort 1");
		turn();
		turn();
		check_answer(&p, OK, "\"channel\":\"a\",\"streams\":0}\n");
		assert_int_equal(conns->count[CONN_KEPT], 1);
		peer_close(&p);
	}
}

static void
front_that_goes_frees_its_exchange(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST);
	end_turn();
	peer_close(&p);
	assert_int_equal(conns->total, 0);
	say(0, PUBLISHED);
	peer_open(&p, POST);
	end_turn();
	peer_close(&p); /* and this one is never answered before stop() */
	assert_int_equal(conns->total, 0);
	assert_int_equal(server.hub.published, 1);
}

/* A front that writes what it may not is closed, as anywhere. */
static void
bad_bytes_while_it_waits_close_the_connection(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST);
	end_turn();
	peer_send(&p, "params 1 A=b");
	turn();
	assert_string_equal(peer_read(&p), "");
	assert_true(p.eof);
	assert_int_equal(conns->total, 0);
	say(0, PUBLISHED);
	(void)close(p.fd);
}

static void
protocol_is_answered_while_it_waits(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST);
	end_turn();
	peer_send(&p, "begin 2; params 2; stdin 2; values 0; stdin 1 'x");
	turn();
	(void)peer_read(&p);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(answer.status, FCGI_CANT_MPX_CONN);
	assert_int_equal(conns->count[CONN_ENGINE], 1);
	p.len = 0;
	say(0, PUBLISHED);
	check_answer(&p, OK, "1-101");
	(void)close(p.fd);
}

static void
descriptors_are_not_taken_from_it(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, POST);
	end_turn();
	assert_false(conns_drop_oldest(conns));
	say(0, PUBLISHED);
	check_answer(&p, OK, "1-101");
	peer_close(&p);
}

static void
drain_lets_it_be_published(void **state)
{
	struct peer p, stream;
	double begin = conns->now;

	(void)state;
	peer_open(&p, POST_KEPT);
	peer_open(&stream, "begin 1; params 1 REQUEST_METHOD=GET; params 1; "
			   "stdin 1");
	end_turn();
	drain_start(&server.streams);
	drain_step(begin);
	drain_step(begin + 0.5);
	(void)peer_read(&stream);
	assert_int_equal(answer.ends, 1);
	check_silent(&p);
	assert_false(drain_over(&server.streams));
	say(0, PUBLISHED);
	check_answer(&p, OK, "1-101");
	assert_true(p.eof);
	assert_true(drain_over(&server.streams));
	(void)close(p.fd);
	(void)close(stream.fd);
}

static void
drain_waits_for_a_body_and_then_for_the_engine(void **state)
{
	double begin = conns->now;
	struct peer p;

	(void)state;
	peer_open(&p, UNWHOLE);
	end_turn();
	drain_start(&server.streams);
	drain_step(begin + 0.3);
	peer_send(&p, "stdin 1 'e; stdin 1");
	turn();
	drain_step(begin + 0.6);
	check_silent(&p);
	say(0, PUBLISHED);
	check_answer(&p, OK, "1-101");
	assert_true(drain_over(&server.streams));
	(void)close(p.fd);
}

/* An engine that takes twice the drain's time. */
static void
drain_ends_with_504_for_what_may_be_published(void **state)
{
	struct peer p, stream;
	double begin = conns->now;

	(void)state;
	peer_open(&stream, "begin 1; params 1 REQUEST_METHOD=GET; params 1");
	peer_open(&p, POST);
	end_turn();
	drain_start(&server.streams);
	drain_step(begin);
	drain_step(begin + 0.9);
	(void)peer_read(&stream);
	assert_int_equal(answer.ends, 1);
	check_silent(&p);
	assert_false(drain_over(&server.streams));
	drain_step(begin + 1.1);
	check_answer(&p, UNKNOWN, "not known");
	assert_int_equal(server.publisher.unknown, 1);
	conns_set_time(conns, begin + 2);
	test_engine_answer(&engine, 0, PUBLISHED);
	check_answer(&p, UNKNOWN, "not known");
	(void)close(p.fd);
	(void)close(stream.fd);
}

static void
drain_ends_with_503_for_what_was_never_given(void **state)
{
	double begin = conns->now;
	struct peer p;

	(void)state;
	peer_open(&p, UNWHOLE);
	end_turn();
	drain_start(&server.streams);
	drain_step(begin + 0.9);
	check_silent(&p);
	drain_step(begin + 1.1);
	check_answer(&p, AWAY, "about to end");
	assert_int_equal(server.publisher.refused, 1);
	assert_int_equal(engine.n, 0);
	/* The front may be writing the body still: it has a while to close. */
	assert_false(drain_over(&server.streams));
	(void)close(p.fd);
	turn();
	assert_true(drain_over(&server.streams));
}

static void
drain_is_over_when_the_last_grace_is(void **state)
{
	double begin = conns->now;
	struct peer p;

	(void)state;
	peer_open(&p, POST);
	end_turn();
	drain_start(&server.streams);
	front_takes(-1);
	drain_step(begin + 1.1);
	assert_int_equal(conns->count[CONN_FULL], 1);
	assert_false(drain_over(&server.streams));
	drain_step(begin + 2);
	assert_false(drain_over(&server.streams));
	drain_step(begin + 2.2);
	assert_true(drain_over(&server.streams));
	(void)close(p.fd);
}

static void
answers_out_of_order_go_where_they_belong(void **state)
{
	static struct peer p[3];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		peer_open(&p[i], i == 1 ? POST_NEXT : POST_KEPT);
	end_turn();
	say(2, PUBLISHED);
	say(0, PUBLISH_UNKNOWN);
	say(1, PUBLISHED);
	check_answer(&p[0], UNKNOWN, "not known");
	check_answer(&p[1], OK, "\"1-102\"");
	check_answer(&p[2], OK, "\"1-101\"");
	for (i = 0; i < 3; i++)
		peer_close(&p[i]);
}

/* Pending when the process ends at once, at a second signal. */
static void
stop_answers_all_that_is_pending(void **state)
{
	static struct peer p[3];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		peer_open(&p[i], POST);
	end_turn();
	engine.engine.stop(&engine.engine);
	end_turn();
	for (i = 0; i < 3; i++) {
		check_answer(&p[i], UNKNOWN, "not known");
		assert_true(p[i].eof);
		(void)close(p[i].fd);
	}
}

static void
status_has_the_rows_of_the_engine(void **state)
{
	static const char *const wanted[] =
	    {"\"engine\":{\"given\":1,\"last\":100}",
		"ssefcgi_engine_given{pid="};
	struct peer p, of;
	size_t i;

	(void)state;
	peer_open(&p, POST);
	for (i = 0; i < 2; i++) {
		peer_open(&of,
		    i == 0 ? "begin 1; params 1 REQUEST_METHOD=GET "
			     "SSE_ROLE=status QUERY_STRING=format%3djson; "
			     "params 1; stdin 1" :
			     "begin 1; params 1 REQUEST_METHOD=GET "
			     "SSE_ROLE=status; params 1; stdin 1");
		end_turn();
		assert_non_null(strstr(peer_read(&of), wanted[i]));
		if (i == 0) {
			assert_non_null(strstr(answer.text, "},\"rules\":["));
			assert_null(strstr(answer.text, ",,"));
		}
		peer_close(&of);
	}
	peer_close(&p);
}

/* Where a stream begins that says this id. */
static void
position_follows_what_the_engine_says(void **state)
{
	static const struct {
		const char *params, *has;
	} ids[] = {
	    {"HTTP_LAST_EVENT_ID=1-100", "id: 1-100\n"},
	    {"HTTP_LAST_EVENT_ID=1-105", "\"reason\":\"unknown\"}"},
	    {"HTTP_LAST_EVENT_ID=0-7", "\"reason\":\"restart\"}"},
	    {"HTTP_LAST_EVENT_ID=9-9", "\"reason\":\"unknown\"}"},
	};
	char notation[200];
	struct peer p;
	size_t i;

	(void)state;
	engine.engine.await = NULL; /* here nobody waits */
	for (i = 0; i < LENGTH(ids); i++) {
		(void)snprintf(notation, sizeof(notation),
		    "begin 1; params 1 REQUEST_METHOD=GET SSE_CHANNEL=a %s; "
		    "params 1; stdin 1",
		    ids[i].params);
		peer_open(&p, notation);
		end_turn();
		(void)peer_read(&p);
		assert_non_null(strstr(answer.text, ids[i].has));
		peer_close(&p);
	}
}

/* One publication of chance's. */
struct exchange {
	struct peer peer;
	size_t number; /* that it has with the engine */
	bool open, waits;
};

static struct exchange posts[8];

static void
chance_opens(struct exchange *post)
{
	size_t given = engine.n;

	peer_open(&post->peer, POST_KEPT);
	end_turn();
	assert_int_equal(engine.n, given + 1);
	post->number = given;
	post->open = post->waits = true;
}

/* It is answered once, or was given up; then the connection serves another. */
static void
chance_closes(struct exchange *post, uint32_t *seed)
{
	if (chance(seed) % 2 == 0)
		peer_send(&post->peer, "abort 1");
	turn();
	turn();
	(void)peer_read(&post->peer);
	assert_in_range(answer.ends, 0, 1);
	if (!post->waits)
		assert_int_equal(answer.ends, 1);
	peer_close(&post->peer);
	post->open = false;
}

static void
chance_answers(struct exchange *post, uint32_t *seed)
{
	enum publish_result result =
	    (enum publish_result)(chance(seed) % (PUBLISH_UNKNOWN + 1));

	if (script.step == script.steps && chance(seed) % 4 == 0)
		front_takes((long)(chance(seed) % 200) - 1);
	test_engine_answer(&engine, post->number, result);
	post->waits = false;
}

static void
any_order_of_all_that_happens_does_no_harm(void **state)
{
	uint32_t seed = 20261127, act;
	struct exchange *post;

	(void)state;
	memset(posts, 0, sizeof(posts));
	while (engine.n < TEST_ENGINE_MAX) {
		post = &posts[chance(&seed) % LENGTH(posts)];
		act = chance(&seed) % 4;
		if (!post->open && !post->waits)
			chance_opens(post);
		else if (act == 0 && post->open)
			chance_closes(post, &seed);
		else if (act == 1 && post->waits)
			chance_answers(post, &seed);
		else if (act == 2)
			end_turn();
		else
			seconds_pass(chance(&seed) % 3);
	}
	for (post = posts; post < posts + LENGTH(posts); post++)
		if (post->open)
			peer_close(&post->peer);
	assert_int_equal(conns->total, 0);
}

/* What the parameters and the body are wrong for, before anybody has it. */
#define POSTS(more, body)                                                            \
	"begin 1; params 1 REQUEST_METHOD=POST SSE_ROLE=publish SSE_CHANNEL=a " more \
	"; params 1; stdin 1 '" body "; stdin 1"

#define BAD "Status: 400 Bad Request\r\n"
#define SSE "CONTENT_TYPE=text/event-stream"

static const struct wrong {
	const char *name, *request, *begin, *has; /* OK: it is not wrong */
} wrongs[] = {
    {"length: 4x", POSTS("CONTENT_LENGTH=4x", "four"), BAD, "not a number"},
    {"length: +4", POSTS("CONTENT_LENGTH=%2b4", "four"), BAD, "not a number"},
    {"length: space", POSTS("CONTENT_LENGTH=%204", "four"), BAD,
	"not a number"},
    {"length: 0x4", POSTS("CONTENT_LENGTH=0x4", "four"), BAD, "not a number"},
    {"length: beyond all", POSTS("CONTENT_LENGTH=99999999999999999999", "four"),
	BAD, "not a number"},
    {"length: more", POSTS("CONTENT_LENGTH=5", "four"), BAD, "has 4 bytes"},
    {"length: less", POSTS("CONTENT_LENGTH=3", "four"), BAD, "has 4 bytes"},
    {"length: -1", POSTS("CONTENT_LENGTH=-1", "four"), BAD, "Content-Length"},
    {"length: large", POSTS("CONTENT_LENGTH=1048577", "four"), LARGE, ""},
    {"length: right", POSTS("CONTENT_LENGTH=4", "four"), OK, "\"id\""},
    {"length: empty", POSTS("CONTENT_LENGTH=", "four"), OK, "\"id\""},
    {"body: no UTF-8", POSTS("", "fo%ff%ff"), BAD, "UTF-8"},
    {"body: half a character", POSTS("", "fou%c3"), BAD, "UTF-8"},
    {"body: gap", POSTS(SSE, "event:gap%0adata:1%0a%0a"), BAD, "gap"},
    {"body: gap among others",
	POSTS(SSE, "data:1%0a%0aevent:gap%0adata:1%0a%0adata:2%0a%0a"), BAD,
	"gap"},
    {"body: many snapshots",
	POSTS(SSE " QUERY_STRING=snapshot%3d1", "data:1%0a%0adata:2%0a%0a"),
	BAD, "snapshot"},
    {"body: a wrong snapshot",
	POSTS(SSE " QUERY_STRING=snapshot%3d1",
	    "event:gap%0adata:1%0a%0adata:2%0a%0a"),
	BAD, "gap"},
    {"type: with a parameter", POSTS(SSE "%3bcharset%3dutf-8", "data:1%0a%0a"),
	OK, "\"events\":1"},
    {"type: with a space", POSTS(SSE "%20%3bx", "data:1%0a%0a"), OK,
	"\"events\":1"},
    {"type: another", POSTS(SSE "s", "data:1%0a%0a"), OK, "\"streams\":0}"},
    {"feed: of text",
	POSTS("CONTENT_TYPE=text/plain QUERY_STRING=feed%3d1", "data:1%0a%0a"),
	BAD, "text/event-stream"},
    {"feed: of a form",
	POSTS("CONTENT_TYPE=application/x-www-form-urlencoded "
	      "QUERY_STRING=feed%3d1",
	    "data:1%0a%0a"),
	OK, "\"events\":1"},
    {"feed: of nothing",
	POSTS("CONTENT_TYPE= QUERY_STRING=feed%3d1", "data:1%0a%0a"), OK,
	"\"events\":1"},
};

static void
what_is_wrong_is_refused_and_nobody_has_it(void **state)
{
	const struct wrong *row = *state;
	struct peer p;

	assert_int_equal(set_up(NULL), 0);
	engine.at_once = true;
	engine.result = PUBLISHED;
	peer_open(&p, row->request);
	end_turn();
	turn();
	check_answer(&p, row->begin, row->has);
	assert_int_equal(engine.n, strcmp(row->begin, OK) == 0);
	peer_close(&p);
	assert_int_equal(served_tear_down(NULL), 0);
}

/* Of which nobody has said how long it will be. */
static void
body_that_grows_too_large_is_refused(void **state)
{
	struct peer p;

	(void)state;
	server.cfg.max_body = 3;
	peer_open(&p, POSTS("", "four"));
	end_turn();
	check_answer(&p, LARGE, "--max-body");
	assert_int_equal(engine.n, 0);
	peer_close(&p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, served_tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(delete_does_not_wait_for_a_body),
	    TEST(what_had_been_published_is_repeated),
	    TEST(what_is_published_has_waited),
	    TEST(channels_that_have_ended_are_counted),
	    TEST(body_that_grows_too_large_is_refused),
	    TEST(it_gets_no_heartbeat),
	    TEST(it_is_answered_504_after_its_limit_of_time),
	    TEST(limit_of_time_counts_from_the_whole_body),
	    TEST(abort_ends_it_at_once_and_its_answer_is_dropped),
	    TEST(abort_and_answer_in_one_turn_are_one_end),
	    TEST(abort_keeps_the_connection_for_the_next_request),
	    TEST(late_answer_of_a_504_is_not_the_next_requests),
	    TEST(answer_is_never_mixed_with_a_record_half_written),
	    TEST(answer_that_is_cut_is_written_whole),
	    TEST(front_that_goes_frees_its_exchange),
	    TEST(bad_bytes_while_it_waits_close_the_connection),
	    TEST(protocol_is_answered_while_it_waits),
	    TEST(descriptors_are_not_taken_from_it),
	    TEST(drain_lets_it_be_published),
	    TEST(drain_waits_for_a_body_and_then_for_the_engine),
	    TEST(drain_ends_with_504_for_what_may_be_published),
	    TEST(drain_ends_with_503_for_what_was_never_given),
	    TEST(drain_is_over_when_the_last_grace_is),
	    TEST(answers_out_of_order_go_where_they_belong),
	    TEST(stop_answers_all_that_is_pending),
	    TEST(status_has_the_rows_of_the_engine),
	    TEST(position_follows_what_the_engine_says),
	    TEST(any_order_of_all_that_happens_does_no_harm),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(asked) +
				       LENGTH(wrongs) + LENGTH(others)];
	size_t n = 0, i;
	int failed;

	if (request_init() != 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, is_answered_like_this, &rows[i]);
	for (i = 0; i < LENGTH(asked); i++) {
		tests[n] = row_test(asked[i].name, post_is_what_was_asked_for,
		    &asked[i]);
		tests[n].setup_func = set_up;
		tests[n++].teardown_func = served_tear_down;
	}
	for (i = 0; i < LENGTH(wrongs); i++)
		tests[n++] = row_test(wrongs[i].name,
		    what_is_wrong_is_refused_and_nobody_has_it, &wrongs[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	failed = _cmocka_run_group_tests("publish", tests, n, NULL, NULL);
	request_exit();
	return failed;
}
