/* SPDX-License-Identifier: ISC */
/*
 * Streams on socket pairs, with a scripted writev between: the test is the
 * front, owns the time, turns the clock and ends each turn itself.
 */
#include "pair.h"

#include <sys/uio.h>

#include <errno.h>
#include <signal.h>

#include "stream/drain.h"
#include "fastcgi/record.h"
#include "posts.h"

#define HEADERS                                               \
	"Status: 200 OK\r\n"                                  \
	"Content-Type: text/event-stream\r\n"                 \
	"Cache-Control: no-cache, no-store, no-transform\r\n" \
	"X-Accel-Buffering: no\r\n"                           \
	"\r\n"

#define GET	 "begin 1; params 1 A=b; params 1; stdin 1"
#define GET_KEPT "begin 1 keep; params 1 A=b; params 1; stdin 1"

/* What writev is to do next: take so many bytes, or fail.  Then it is itself.
 */
static struct {
	long take[4]; /* or -errno */
	size_t steps, step;
	unsigned calls;
	bool takes_all; /* a front that reads as fast as we write */
} script;

ssize_t __real_writev(int, const struct iovec *, int);
ssize_t __wrap_writev(int, const struct iovec *, int);

ssize_t
__wrap_writev(int fd, const struct iovec *iov, int n)
{
	struct iovec part[400];
	size_t left;
	long take;
	int i;

	script.calls++;
	if (script.takes_all) {
		for (left = 0, i = 0; i < n; i++)
			left += iov[i].iov_len;
		return (ssize_t)left;
	}
	if (script.step == script.steps)
		return __real_writev(fd, iov, n);
	take = script.take[script.step++];
	if (take < 0) {
		errno = (int)-take;
		return -1;
	}
	left = (size_t)take;
	for (i = 0; i < n && left > 0; i++) {
		part[i] = iov[i];
		if (part[i].iov_len > left)
			part[i].iov_len = left;
		left -= part[i].iov_len;
	}
	return __real_writev(fd, part, i);
}

/* The same for one run of bytes. */
ssize_t __wrap_send(int, const void *, size_t, int);

ssize_t
__wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, len};

	(void)flags;
	return __wrap_writev(fd, &iov, 1);
}

/* The same for a wave: each of its sends. */
int __real_ring_send(struct ring *, struct ring_send *, unsigned);
int __wrap_ring_send(struct ring *, struct ring_send *, unsigned);

int
__wrap_ring_send(struct ring *r, struct ring_send *sends, unsigned n)
{
	struct ring_send *s;
	ssize_t result;

	if (!script.takes_all && script.step == script.steps) {
		script.calls += n;
		return __real_ring_send(r, sends, n);
	}
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

static uint64_t published; /* so many events */

/* How the next request is served. */
static struct {
	struct request request;
	void (*serve)(struct conn *, const struct request *);
	struct stream *stream; /* the last one that was served */
} next;

static struct config cfg;
static struct hub hub;
static struct streams streams;

static void
on_request(void *arg, struct conn *c, const struct gate_event *ev)
{
	(void)arg;
	(void)ev;
	next.stream = (struct stream *)c;
	next.serve(c, &next.request);
}

static void
serve_head(struct conn *c, const struct request *r)
{
	(void)r;
	stream_head(c);
}

/* Streams of the channels "a" and "b", from here on. */
static struct position position;

/* What a ticket grants them; NULL: they have none. */
static const struct grant *granted;

static void
serve_clock(struct conn *c, const struct request *r)
{
	const char *id = r->last_event_id;

	stream_open_clock(&streams, c, r, granted,
	    id == NULL ? 0 : clock_count(id), false);
}

static void
serve_channels(struct conn *c, const struct request *r)
{
	static const char *const channels[] = {"a", "b"};

	stream_open_channels(&streams, c, r, granted, channels, 2, &position);
}

static int
set_up(void **state)
{
	(void)state;
	script.steps = script.step = 0;
	script.calls = 0;
	script.takes_all = false;
	next.request = (struct request){.method = METHOD_GET};
	next.serve = serve_clock;
	position = (struct position){.kind = POSITION_NOW};
	granted = NULL;
	published = 0;
	hub_init(&hub, &(struct hub_setup){.history = 1});
	hub_begin(&hub, (struct eventid){1000, 5 << 20});
	return pair_set_up(&streams, &cfg, &hub, on_request, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	pair_tear_down();
	return 0;
}

/* The clock once round. */
static void
interval_passes(void)
{
	unsigned i;

	for (i = 0; i < streams.clock.slots; i++) {
		streams.conns.now += cfg.interval / streams.clock.slots;
		clock_turn(&streams.clock);
		ages_turn(&streams.ages);
		end_turn();
	}
}

static void
seconds_pass(double seconds)
{
	for (; seconds > 0; seconds--) {
		streams.conns.now++;
		conns_sweep(&streams.conns);
		end_turn();
	}
}

static unsigned long
told_retry(const char *text)
{
	const char *retry = strstr(text, "retry: ");

	assert_non_null(retry);
	return strtoul(retry + 7, NULL, 10);
}

/* The numbers of the messages in the text must be first, first + 1 and so on.
 */
static unsigned
count_messages(const char *text, unsigned first)
{
	char expected[80];
	unsigned n = 0;

	while ((text = strstr(text, "data: ")) != NULL) {
		(void)snprintf(expected, sizeof(expected),
		    "data: Message: %u - the time is ", first + n);
		assert_memory_equal(text, expected, strlen(expected));
		text += strcspn(text, "\n");
		(void)snprintf(expected, sizeof(expected), "\nid: %u\n\n",
		    first + n);
		assert_memory_equal(text, expected, strlen(expected));
		n++;
	}
	return n;
}

/* As who comes later is. */
static void
who_has_waited_is_told_where_it_stands(void **state)
{
	struct peer p, answered;
	const char *text;

	(void)state;
	hub.set.now = &streams.conns.now;
	hub.last = hub.serving = (struct eventid){0, 0};
	hub_wait(&hub);
	next.serve = serve_channels;
	peer_open(&p, GET);
	end_turn();
	text = peer_read(&p);
	assert_non_null(strstr(text, "retry: "));
	assert_null(strstr(text, "id: "));
	hub_begin(&hub, (struct eventid){1000, 5 << 20});
	hub_set_clock(&hub, 2000, true);
	hub_restored(&hub, hub.base, hub.base);
	next.serve = serve_head;
	peer_open(&answered, GET);
	streams_tell(&streams);
	end_turn();
	end_turn();
	text = peer_read(&p);
	assert_non_null(strstr(text, "id: "));
	peer_close(&p);
	assert_null(strstr(peer_read(&answered), "id: "));
	peer_close(&answered);
}

static void
stream_is_small(void **state)
{
	(void)state;
	/* malloc() takes these steps, of which a word is its own. */
	assert_in_range(offsetof(struct stream, age), 1, 224 - sizeof(size_t));
	assert_int_equal(streams.conns.owner.size,
	    offsetof(struct stream, age));
	assert_in_range(sizeof(struct stream), 1, 256 - sizeof(size_t));
}

static void
headers_retry_and_message_1_leave_in_one_write(void **state)
{
	struct peer p;
	const char *text;

	(void)state;
	peer_open(&p, GET);
	assert_int_equal(streams.open, 1);
	end_turn();
	assert_int_equal(script.calls, 1);
	text = peer_read(&p);
	assert_memory_equal(text, HEADERS "retry: ", strlen(HEADERS) + 7);
	assert_int_equal(count_messages(text, 1), 1);
	assert_int_equal(answer.id, 1);
	assert_int_equal(answer.ends, 0);
	interval_passes();
	interval_passes();
	assert_int_equal(count_messages(peer_read(&p), 1), 3);
	assert_int_equal(streams.messages, 3);
	peer_close(&p);
	assert_int_equal(streams.open, 0);
	assert_int_equal(streams.conns.total, 0);
}

static void
count_goes_on_after_last_event_id(void **state)
{
	struct peer p;
	char id[] = "41";

	(void)state;
	next.request.last_event_id = id;
	peer_open(&p, GET);
	end_turn();
	interval_passes();
	assert_int_equal(count_messages(peer_read(&p), 42), 2);
	peer_close(&p);
}

/* Two cuts in the first response, and a full socket between. */
static void
short_writes_anywhere_lose_nothing(void **state)
{
	struct peer p;
	const char *text;
	long first, size = 500;
	unsigned n;

	(void)state;
	for (first = 1; first < size; first++) {
		front_takes(first);
		front_takes(-EAGAIN);
		front_takes(first % 7 + 1);
		peer_open(&p, GET);
		end_turn();
		turn();
		turn();
		turn();
		script.steps = script.step = 0;
		interval_passes();
		interval_passes();
		text = peer_read(&p);
		assert_memory_equal(text,
		    HEADERS "retry: ", strlen(HEADERS) + 7);
		assert_null(strstr(text + strlen(HEADERS) + 7, "retry: "));
		n = count_messages(text, 1);
		assert_in_range(n, 2, 3); /* the first may be skipped */
		size = (long)p.len; /* until all that was written was cut */
		peer_close(&p);
		assert_int_equal(streams.conns.total, 0);
	}
	assert_in_range(first, 200, 500);
}

static void
message_that_a_full_socket_refuses_is_not_counted(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, GET);
	end_turn();
	front_takes(-EAGAIN);
	interval_passes();
	assert_int_equal(next.stream->conn.phase, CONN_FULL);
	interval_passes(); /* nor those while it is blocked */
	interval_passes();
	assert_int_equal(count_messages(peer_read(&p), 1), 1);
	assert_int_equal(next.stream->conn.messages, 1);
	turn(); /* writable */
	assert_int_equal(next.stream->conn.phase, CONN_OPEN);
	assert_int_equal(count_messages(peer_read(&p), 1), 1);
	interval_passes();
	assert_int_equal(count_messages(peer_read(&p), 1), 2);
	peer_close(&p);
}

static void
heartbeat_comes_when_nothing_else_does(void **state)
{
	struct peer p;
	size_t len;

	(void)state;
	peer_open(&p, GET);
	end_turn();
	(void)peer_read(&p);
	len = answer.len;
	seconds_pass(14);
	(void)peer_read(&p);
	assert_int_equal(answer.len, len);
	seconds_pass(1);
	assert_string_equal(peer_read(&p) + len, ":\n\n");
	seconds_pass(14);
	assert_string_equal(peer_read(&p) + len, ":\n\n");
	interval_passes(); /* a message will do as well */
	len = strlen(peer_read(&p));
	assert_int_equal(count_messages(answer.text, 1), 2);
	seconds_pass(14);
	assert_int_equal(strlen(peer_read(&p)), len);
	seconds_pass(1);
	assert_string_equal(peer_read(&p) + len, ":\n\n");
	peer_close(&p);
}

static void
head_gets_the_headers_and_the_end(void **state)
{
	struct peer p;

	(void)state;
	next.serve = serve_head;
	peer_open(&p, GET);
	end_turn();
	assert_string_equal(peer_read(&p), HEADERS);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(answer.status, FCGI_REQUEST_COMPLETE);
	assert_true(p.eof);
	peer_close(&p);
	assert_int_equal(streams.conns.total, 0);
}

/* 200, a late retry: and the end; and no message. */
static void
check_refused(struct peer *p)
{
	const char *text = peer_read(p);
	unsigned long ms = told_retry(text);
	char expected[300];

	(void)snprintf(expected, sizeof(expected), HEADERS "retry: %lu\n\n",
	    ms);
	assert_string_equal(text, expected);
	assert_in_range(ms, 20000, 30000);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(answer.last, FCGI_END_REQUEST);
	assert_int_equal(answer.status, FCGI_REQUEST_COMPLETE);
	assert_true(p->eof);
}

static void
one_stream_too_many_is_told_to_come_back_late(void **state)
{
	struct peer p[4];
	int i;

	(void)state;
	cfg.max_streams = 2;
	for (i = 0; i < 3; i++) {
		peer_open(&p[i], GET);
		end_turn();
	}
	assert_int_equal(streams.open, 2);
	assert_int_equal(streams.refused[REFUSED_STREAMS], 1);
	check_refused(&p[2]);
	peer_close(&p[0]);
	peer_open(&p[3], GET);
	end_turn();
	assert_int_equal(count_messages(peer_read(&p[3]), 1), 1);
	for (i = 1; i < 4; i++)
		peer_close(&p[i]);
}

static void
one_address_has_its_own_limit(void **state)
{
	char here[] = "192.0.2.1", there[] = "192.0.2.2";
	char *const from[] = {here, here, here, there, NULL, NULL, NULL};
	struct peer p[8];
	size_t i;

	(void)state;
	cfg.max_per_address = 2;
	for (i = 0; i < 7; i++) {
		next.request.address = from[i];
		peer_open(&p[i], GET);
		end_turn();
	}
	assert_int_equal(streams.open, 5);
	check_refused(&p[2]);
	check_refused(&p[6]); /* those without an address are one */
	assert_int_equal(streams.refused[REFUSED_ADDRESS], 2);
	peer_close(&p[0]);
	next.request.address = here;
	peer_open(&p[7], GET);
	end_turn();
	assert_int_equal(count_messages(peer_read(&p[7]), 1), 1);
	for (i = 1; i < 8; i++)
		peer_close(&p[i]);
	assert_true(RB_EMPTY(&streams.addresses.tree));
}

static void
retry_is_spread_over_half_as_much_again(void **state)
{
	unsigned long ms, least = 100000, most = 0;
	struct peer p;
	int i;

	(void)state;
	for (i = 0; i < 300; i++) {
		peer_open(&p, GET);
		end_turn();
		ms = told_retry(peer_read(&p));
		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
		peer_close(&p);
	}
	assert_in_range(least, 2000, 2100);
	assert_in_range(most, 2900, 3000);
}

static void
abort_ends_the_stream(void **state)
{
	struct peer p;
	size_t len;

	(void)state;
	peer_open(&p, GET);
	end_turn();
	len = strlen(peer_read(&p));
	peer_send(&p, "abort 1");
	turn();
	assert_int_equal(strlen(peer_read(&p)), len);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(answer.status, FCGI_REQUEST_COMPLETE);
	assert_true(p.eof);
	assert_int_equal(streams.open, 0);
	peer_close(&p);
	assert_int_equal(streams.conns.total, 0);
}

static void
abort_at_a_full_socket_ends_the_stream_too(void **state)
{
	struct peer p;
	long taken;

	(void)state;
	for (taken = -EAGAIN; taken < 24; taken = taken < 0 ? 1 : taken + 1) {
		peer_open(&p, GET);
		end_turn();
		front_takes(taken);
		peer_send(&p, "abort 1");
		turn();
		turn();
		(void)peer_read(&p);
		assert_int_equal(answer.ends, 1);
		assert_true(p.eof);
		peer_close(&p);
		assert_int_equal(streams.conns.total, 0);
	}
}

static void
question_while_a_record_is_half_written_ends_the_connection(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, GET);
	end_turn();
	front_takes(3);
	interval_passes();
	assert_int_equal(script.step, script.steps);
	assert_int_equal(next.stream->conn.writer.sent, 3);
	peer_send(&p, "values 0");
	turn();
	(void)peer_take(&p);
	assert_true(p.eof);
	peer_close(&p);
}

static void
kept_connection_serves_the_next_request(void **state)
{
	struct peer p;
	size_t len;

	(void)state;
	peer_open(&p, GET_KEPT);
	end_turn();
	peer_send(&p, "abort 1");
	turn();
	(void)peer_read(&p);
	assert_false(p.eof);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(streams.conns.count[CONN_KEPT], 1);
	len = answer.len;
	peer_send(&p, "stdin 1; values 0"); /* late, and no request */
	turn();
	assert_int_equal(streams.conns.count[CONN_KEPT], 1);
	seconds_pass(80);
	peer_send(&p, "raw #0109000000100000 #00"); /* half of a record */
	turn();
	assert_int_equal(streams.conns.count[CONN_WAITING], 1);
	peer_send(&p, "raw #0000000000000000000000000000 #00");
	turn();
	assert_int_equal(streams.conns.count[CONN_KEPT], 1);
	peer_send(&p, "begin 3 keep; params 3; stdin 3");
	turn();
	assert_memory_equal(peer_read(&p) + len,
	    HEADERS "retry: ", strlen(HEADERS) + 7);
	assert_int_equal(count_messages(answer.text + len, 1), 1);
	assert_int_equal(answer.id, 3);
	interval_passes();
	assert_int_equal(count_messages(peer_read(&p) + len, 1), 2);
	assert_int_equal(answer.ends, 1);
	peer_close(&p);
	assert_int_equal(streams.conns.total, 0);
}

static void
kept_connection_is_closed_after_its_idle_time(void **state)
{
	struct peer p;

	(void)state;
	next.serve = serve_head;
	peer_open(&p, GET_KEPT);
	end_turn();
	seconds_pass(CONN_IDLE - 1);
	(void)peer_read(&p);
	assert_false(p.eof);
	seconds_pass(2);
	(void)peer_read(&p);
	assert_true(p.eof);
	peer_close(&p);
}

/* The request ends while the front is in the middle of beginning another. */
static void
pipelined_begin_that_is_cut_does_no_harm(void **state)
{
	struct peer p;

	(void)state;
	next.serve = serve_head;
	peer_open(&p, GET_KEPT "; raw #0101000300080000 #0001");
	end_turn();
	assert_int_equal(streams.conns.count[CONN_KEPT] +
			     streams.conns.count[CONN_WAITING],
	    1);
	peer_send(&p, "raw #010000000000");
	turn();
	peer_send(&p, "begin 5 keep; params 5; stdin 5");
	turn();
	(void)peer_read(&p);
	assert_false(p.eof);
	assert_int_equal(streams.conns.count[CONN_KEPT], 1);
	peer_close(&p);
	assert_int_equal(streams.conns.total, 0);
}

static void
second_request_is_refused_and_the_stream_goes_on(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, GET);
	end_turn();
	peer_send(&p, "begin 2; params 2; stdin 2; values 0; type99 0");
	turn();
	(void)peer_read(&p);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(answer.status, FCGI_CANT_MPX_CONN);
	assert_int_equal(answer.last, FCGI_UNKNOWN_TYPE);
	interval_passes();
	assert_int_equal(count_messages(peer_read(&p), 1), 2);
	assert_false(p.eof);
	peer_close(&p);
}

static void
other_roles_are_refused(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, "begin 1 role=2; params 1; stdin 1");
	end_turn();
	assert_string_equal(peer_read(&p), "");
	assert_int_equal(answer.status, FCGI_UNKNOWN_ROLE);
	assert_true(p.eof);
	peer_close(&p);
	assert_int_equal(streams.conns.total, 0);
}

static void
bad_bytes_close_their_own_connection_alone(void **state)
{
	struct peer good, bad;

	(void)state;
	peer_open(&good, GET);
	peer_open(&bad, "begin 1; params 1 =x; params 1");
	end_turn();
	(void)peer_read(&bad);
	assert_true(bad.eof);
	peer_open(&bad, "");
	(void)peer_read(&bad);
	assert_false(bad.eof);
	peer_send(&bad, "begin 1 !2");
	turn();
	(void)peer_read(&bad);
	assert_true(bad.eof);
	assert_int_equal(streams.conns.bad, 2);
	assert_int_equal(count_messages(peer_read(&good), 1), 1);
	peer_close(&good);
	peer_close(&bad);
}

#define ASKED_16_TIMES                                                 \
	"values 0; values 0; values 0; values 0; values 0; values 0; " \
	"values 0; values 0; values 0; values 0; values 0; values 0; " \
	"values 0; values 0; values 0; values 0"

static void
who_asks_and_asks_at_once_is_closed(void **state)
{
	struct peer p;
	int i;

	(void)state;
	peer_open(&p, "");
	for (i = 1; i <= 2; i++) {
		peer_send(&p, ASKED_16_TIMES);
		turn();
		(void)peer_read(&p);
		assert_false(p.eof);
		assert_int_equal(p.len, i * 16 * 8);
	}
	peer_send(&p, ASKED_16_TIMES "; values 0");
	turn();
	(void)peer_read(&p);
	assert_true(p.eof);
	peer_close(&p);
}

static void
unfinished_requests_are_few_and_short_lived(void **state)
{
	struct peer p[4];
	int i;

	(void)state;
	streams.conns.waiting_max = 2;
	for (i = 0; i < 3; i++) {
		peer_open(&p[i], "begin 1; params 1 A=b");
		end_turn();
	}
	(void)peer_read(&p[0]);
	assert_false(p[0].eof); /* it is young */
	peer_close(&p[2]);
	turn();
	streams.conns.now += 0.5;
	peer_open(&p[2], "begin 1; params 1 A=b");
	end_turn();
	(void)peer_read(&p[0]); /* the oldest goes */
	assert_true(p[0].eof);
	peer_open(&p[3], GET);
	seconds_pass(5);
	for (i = 1; i < 3; i++) {
		(void)peer_read(&p[i]);
		assert_true(p[i].eof);
	}
	assert_int_equal(count_messages(peer_read(&p[3]), 1), 1);
	for (i = 0; i < 4; i++)
		peer_close(&p[i]);
}

static void
front_that_takes_nothing_is_closed(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, GET);
	end_turn();
	front_takes(-EAGAIN);
	interval_passes();
	seconds_pass(59);
	assert_int_equal(streams.open, 1);
	seconds_pass(2);
	assert_int_equal(streams.open, 0);
	assert_int_equal(streams.conns.stalled, 1);
	(void)peer_read(&p);
	assert_true(p.eof);
	peer_close(&p);
}

static void
front_that_has_gone_frees_its_stream(void **state)
{
	static const int errors[] = {EPIPE, ECONNRESET};
	struct peer p;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(errors); i++) {
		peer_open(&p, GET);
		end_turn();
		front_takes(-errors[i]);
		interval_passes();
		assert_int_equal(streams.open, 0);
		assert_int_equal(streams.conns.total, 0);
		(void)close(p.fd);
	}
	for (i = 0; i < 400; i++) { /* and with a piece held */
		peer_open(&p, GET);
		front_takes((long)i + 1);
		end_turn();
		peer_close(&p);
		script.steps = script.step = 0;
		assert_int_equal(streams.conns.total, 0);
	}
}

/* As --max-age. */
static void
age_limit(double seconds)
{
	streams.conns.owner.size = sizeof(struct stream);
	ages_init(&streams.ages, loop, &streams.conns.now, seconds,
	    streams.ages.over);
}

static void
stream_ends_at_its_age_and_comes_back(void **state)
{
	struct peer p;
	double begun;
	const char *text;

	(void)state;
	age_limit(100);
	peer_open(&p, GET);
	end_turn();
	begun = streams.conns.now;
	while (streams.open > 0 && streams.conns.now < begun + 200)
		interval_passes();
	assert_in_range(streams.conns.now - begun, 74, 103);
	text = peer_read(&p);
	assert_int_equal(answer.ends, 1);
	assert_true(p.eof);
	text = strstr(text, "data: "); /* there is one retry: at each end */
	assert_non_null(text);
	assert_in_range(told_retry(text), 2000, 3000);
	peer_close(&p);
}

/* The front has sent no end of STDIN: it reads the end, then closes. */
static void
closing_waits_for_the_rest_of_the_body(void **state)
{
	struct peer p;

	(void)state;
	next.serve = serve_head;
	peer_open(&p, "begin 1; params 1; stdin 1 'some");
	end_turn();
	assert_string_equal(peer_read(&p), HEADERS);
	assert_true(p.eof);
	assert_int_equal(streams.conns.count[CONN_LINGER], 1);
	peer_send(&p, "stdin 1 'more; stdin 1; raw 'junk");
	turn();
	assert_int_equal(streams.conns.count[CONN_LINGER], 1);
	peer_close(&p);
	assert_int_equal(streams.conns.total, 0);
	peer_open(&p, "begin 1; params 1; stdin 1 'some");
	end_turn();
	seconds_pass(6);
	assert_int_equal(streams.conns.total, 0);
	(void)close(p.fd);
}

static void
drain_step(double at)
{
	streams.conns.now = at;
	ev_invoke(loop, &streams.drain_timer, EV_TIMER);
	end_turn();
}

/* Streams that were told to end, or have. */
static size_t
told_to_end(size_t all)
{
	size_t n = all - streams.open;
	struct conn *c;

	TAILQ_FOREACH (c, &streams.conns.list[CONN_OPEN], link)
		n += c->ending;
	TAILQ_FOREACH (c, &streams.conns.list[CONN_FULL], link)
		n += c->ending;
	return n;
}

static void
drain_spreads_the_ends(void **state)
{
	enum { N = 200, FULL = 20 };
	static struct peer p[N + 1];
	double begin = streams.conns.now, at;
	size_t i, ended;

	(void)state;
	for (i = 0; i < N; i++) {
		peer_open(&p[i], i % 2 == 0 ? GET : GET_KEPT);
		if (i < FULL)
			front_takes(-EAGAIN); /* these take nothing yet */
		end_turn();
		(void)peer_read(&p[i]);
	}
	drain_start(&streams); /* a millisecond each: 0.2 s */
	assert_false(drain_over(&streams));
	for (at = 0; at < 0.19; at += 0.05) {
		drain_step(begin + at);
		ended = (size_t)((at + 0.05) * N / 0.2);
		assert_in_range(told_to_end(N), ended - 4, ended + 25);
	}
	drain_step(begin + 0.2);
	assert_int_equal(told_to_end(N), N);
	assert_false(drain_over(&streams));
	turn();
	assert_int_equal(streams.open, 0);
	assert_true(drain_over(&streams));
	for (i = 0; i < N; i++) {
		(void)peer_read(&p[i]);
		assert_int_equal(answer.ends, 1);
		assert_true(p[i].eof);
		(void)close(p[i].fd);
	}
}

static void
drain_tells_when_to_come_back(void **state)
{
	struct peer p, late;
	double begin = streams.conns.now;
	size_t len;

	(void)state;
	cfg.retry = 100;
	peer_open(&p, GET);
	end_turn();
	drain_start(&streams);
	streams.drain_end = begin + 3; /* as if there were 3,000 */
	len = strlen(peer_read(&p));
	drain_step(begin + 2);
	peer_open(&late, GET_KEPT); /* one that comes now */
	end_turn();
	assert_in_range(told_retry(peer_read(&late)), 1100, 1150);
	assert_int_equal(count_messages(answer.text, 1), 0);
	assert_int_equal(answer.ends, 1);
	assert_true(late.eof);
	assert_int_equal(streams.refused[REFUSED_DRAINING], 1);
	drain_step(begin + 2.9);
	assert_in_range(told_retry(peer_read(&p) + len), 100, 1150);
	assert_int_equal(answer.ends, 1);
	(void)close(p.fd);
	(void)close(late.fd);
	turn();
}

static void
drain_does_not_wait_for_a_front_that_takes_nothing(void **state)
{
	double begin = streams.conns.now;
	struct peer p;

	(void)state;
	peer_open(&p, GET);
	end_turn();
	front_takes(-EAGAIN);
	interval_passes();
	begin = streams.conns.now;
	drain_start(&streams);
	drain_step(begin);
	assert_false(drain_over(&streams));
	drain_step(begin + 2);
	assert_true(drain_over(&streams));
	(void)close(p.fd);
}

static void
drain_of_nothing_is_done_at_once(void **state)
{
	(void)state;
	drain_start(&streams);
	assert_true(drain_over(&streams));
}

/* n events, the data of each its number in len digits. */
static void
publish(const char *channel, size_t n, int len)
{
	char data[65536];
	struct eventid id;
	struct sse_message m = {.data = data, .len = (size_t)len};
	size_t reading;

	for (; n > 0; n--) {
		id = (struct eventid){1000, (5 << 20) + ++published};
		(void)snprintf(data, sizeof(data), "%0*lu", len,
		    (unsigned long)published);
		assert_int_equal(hub_publish(&hub, POST_OF(channel, &m, 1), &id,
				     &reading),
		    HUB_DONE);
	}
}

/* The block that says where a stream is, as it is now. */
static const char *
id_line(void)
{
	static char line[100];
	char id[EVENTID_SIZE];

	(void)eventid_format(id, hub.last);
	(void)snprintf(line, sizeof(line),
	    "event: position\ndata: \nid: %s\n\n", id);
	return line;
}

static void
channels_stream_begins_with_its_position(void **state)
{
	char expected[400];
	struct peer p;

	(void)state;
	next.serve = serve_channels;
	publish("a", 3, 10);
	peer_open(&p, GET);
	end_turn();
	(void)peer_read(&p);
	assert_int_equal(script.calls, 1); /* all in one write */
	(void)snprintf(expected, sizeof(expected), HEADERS "retry: %lu\n%s",
	    told_retry(answer.text), id_line());
	assert_string_equal(answer.text, expected);
	assert_int_equal(streams.messages, 0);
	peer_close(&p);
	position.kind = POSITION_UNKNOWN; /* of which there is no id */
	peer_open(&p, GET);
	end_turn();
	(void)snprintf(expected, sizeof(expected),
	    HEADERS "retry: %lu\nevent: position\n\nevent: gap\n",
	    told_retry(peer_read(&p)));
	assert_memory_equal(answer.text, expected, strlen(expected));
	assert_int_equal(streams.messages, 4);
	peer_close(&p);
}

static void
what_is_published_reaches_its_streams_at_the_end_of_the_turn(void **state)
{
	char expected[100];
	struct peer p[3];
	size_t len[3], i;

	(void)state;
	for (i = 0; i < 3; i++) {
		next.serve = i < 2 ? serve_channels : serve_clock;
		peer_open(&p[i], GET);
		end_turn();
		len[i] = strlen(peer_read(&p[i]));
	}
	publish("b", 1, 3);
	publish("c", 1, 3);
	assert_int_equal(strlen(peer_read(&p[0])), len[0]);
	end_turn();
	(void)snprintf(expected, sizeof(expected), "data: 001\nid: 1000-%d\n\n",
	    (5 << 20) + 1);
	for (i = 0; i < 2; i++)
		assert_string_equal(peer_read(&p[i]) + len[i], expected);
	assert_int_equal(strlen(peer_read(&p[2])), len[2]);
	for (i = 0; i < 3; i++)
		peer_close(&p[i]);
	assert_null(hub_find(&hub, "a")); /* which nobody published to */
	assert_int_equal(hub_find(&hub, "b")->reading, 0);
}

/* Its channel is silent: nothing is written that could tell the time. */
static void
idle_stream_ends_in_time(void **state)
{
	struct peer p;
	double begun;

	(void)state;
	next.serve = serve_channels;
	age_limit(3);
	for (int i = 0; i < 50; i++) {
		peer_open(&p, GET);
		end_turn();
		begun = streams.conns.now;
		while (streams.open > 0 && streams.conns.now < begun + 10) {
			streams.conns.now += 0.01;
			ages_turn(&streams.ages);
			end_turn();
		}
		assert_true(streams.conns.now - begun >= 2.2);
		assert_true(streams.conns.now - begun <= 3.02);
		(void)peer_read(&p);
		assert_int_equal(answer.ends, 1);
		assert_non_null(
		    strstr(answer.text + sizeof(HEADERS), "\n\nretry: "));
		peer_close(&p);
	}
}

/* Its time is up in the turn in which something is published. */
static void
end_of_a_stream_comes_behind_its_events(void **state)
{
	char expected[200];
	struct peer p;
	size_t len;

	(void)state;
	next.serve = serve_channels;
	age_limit(100);
	peer_open(&p, GET);
	end_turn();
	len = strlen(peer_read(&p));
	streams.conns.now += 101;
	publish("a", 1, 3);
	ages_turn(&streams.ages);
	end_turn();
	(void)peer_read(&p);
	(void)snprintf(expected, sizeof(expected),
	    "data: 001\nid: 1000-%d\n\nretry: %lu\nevent: position\n\n",
	    (5 << 20) + 1, told_retry(answer.text + len));
	assert_string_equal(answer.text + len, expected);
	assert_int_equal(answer.ends, 1);
	peer_close(&p);
}

/* However many they are, if the front takes them. */
static void
end_of_a_stream_comes_behind_all_of_its_events(void **state)
{
	struct peer p;

	(void)state;
	next.serve = serve_channels;
	age_limit(100);
	peer_open(&p, GET);
	end_turn();
	streams.conns.now += 101;
	publish("a", 2 * BATCH_PIECES + 10, 3);
	ages_turn(&streams.ages);
	end_turn();
	(void)peer_read(&p);
	assert_int_equal(streams.messages, 2 * BATCH_PIECES + 10);
	assert_int_equal(answer.ends, 1);
	peer_close(&p);
}

/* What it does not take then is not waited for: it knows where it stands. */
static void
end_of_a_slow_stream_does_not_wait_for_its_events(void **state)
{
	struct peer p;
	const char *end;
	size_t len;

	(void)state;
	next.serve = serve_channels;
	peer_open(&p, GET);
	end_turn();
	len = strlen(peer_read(&p));
	publish("a", 60, 1000);
	front_takes(-EAGAIN);
	end_turn();
	conn_retire(TAILQ_FIRST(&streams.conns.list[CONN_FULL]));
	front_takes(3000);
	front_takes(-EAGAIN);
	turn();
	script.steps = script.step = 0;
	turn();
	(void)peer_read(&p);
	assert_int_equal(answer.ends, 1);
	assert_in_range(streams.messages, 1, 4);
	end = strstr(answer.text + len, "retry: ");
	assert_non_null(end);
	assert_non_null(strstr(end, "\nevent: position\ndata: \nid: "));
	peer_close(&p);
}

/* The time that a connection has room for begins anew after two years. */
static void
heartbeat_comes_after_two_years_too(void **state)
{
	struct peer p;
	size_t len;

	(void)state;
	streams.conns.now = 0x1p32 / 64 - 5;
	peer_open(&p, GET);
	end_turn();
	len = strlen(peer_read(&p));
	seconds_pass(14);
	assert_int_equal(strlen(peer_read(&p)), len);
	seconds_pass(1);
	assert_string_equal(peer_read(&p) + len, ":\n\n");
	peer_close(&p);
}

static void
heartbeat_of_channels_says_where_the_hub_is(void **state)
{
	struct peer p;
	size_t len;

	(void)state;
	next.serve = serve_channels;
	peer_open(&p, GET);
	end_turn();
	len = strlen(peer_read(&p));
	publish("c", 2, 10); /* not this stream's */
	seconds_pass(15);
	assert_string_equal(peer_read(&p) + len, id_line());
	peer_close(&p);
}

static void
end_of_a_channels_stream_says_where_it_was(void **state)
{
	char expected[100];
	struct peer p;
	size_t len;

	(void)state;
	next.serve = serve_channels;
	peer_open(&p, GET);
	end_turn();
	publish("a", 1, 10);
	end_turn();
	len = strlen(peer_read(&p));
	publish("c", 1, 10);
	drain_start(&streams);
	drain_step(streams.conns.now + 1);
	(void)snprintf(expected, sizeof(expected), "retry: %lu\n%s",
	    told_retry(peer_read(&p) + len), id_line());
	assert_string_equal(answer.text + len, expected);
	assert_int_equal(answer.ends, 1);
	peer_close(&p);
}

static void
one_channel_too_many_is_told_to_come_back_late(void **state)
{
	struct peer p, late;
	struct cursor cu;
	struct subscriber other = {&streams.readers.feed};

	(void)state;
	next.serve = serve_channels;
	hub.set.channels_max = 2; /* and as many that only streams have named */
	assert_int_equal(hub_join(&hub, &cu, "c", &other), HUB_DONE);
	peer_open(&late, GET);
	end_turn();
	check_refused(&late);
	assert_int_equal(streams.refused[REFUSED_CHANNELS], 1);
	assert_int_equal(streams.open, 0);
	hub_leave(&hub, &cu);
	peer_open(&p, GET);
	end_turn();
	assert_int_equal(streams.open, 1);
	peer_close(&p);
	peer_close(&late);
}

/* An event is cut anywhere, and dropped from its history meanwhile. */
static void
event_that_is_being_written_is_written_whole(void **state)
{
	struct peer p;
	long taken;
	size_t len;

	(void)state;
	next.serve = serve_channels;
	hub.set.history = 1;
	for (taken = 1; taken < 160; taken += 3) {
		peer_open(&p, GET);
		end_turn();
		len = strlen(peer_read(&p));
		publish("a", 1, 100);
		front_takes(taken);
		front_takes(-EAGAIN);
		end_turn();
		publish("a", 1, 10);
		end_turn();
		turn();
		turn();
		script.steps = script.step = 0;
		assert_non_null(strstr(peer_read(&p) + len, "\n\ndata: "));
		assert_null(strstr(answer.text, "gap"));
		assert_memory_equal(answer.text + answer.len - 2, "\n\n", 2);
		assert_int_equal(streams.messages, 2);
		streams.messages = 0;
		peer_close(&p);
		assert_int_equal(hub_bytes(&hub), hub.held_bytes);
	}
}

/* The one that keeps an event alive that is not held any more. */
static void
stream_that_pins_memory_is_closed_for_new_events(void **state)
{
	struct peer slow, good;

	(void)state;
	next.serve = serve_channels;
	hub.set.history = 1;
	peer_open(&slow, GET);
	peer_open(&good, GET);
	end_turn();
	publish("a", 1, 2000);
	front_takes(100);
	end_turn();
	assert_int_equal(streams.conns.count[CONN_FULL], 1);
	publish("a", 1, 2000);
	end_turn();
	assert_true(hub_bytes(&hub) > hub.held_bytes + 2000);
	hub.set.bytes_max = hub_bytes(&hub);
	publish("b", 1, 1000);
	assert_int_equal(streams.conns.stalled, 1);
	assert_int_equal(hub_bytes(&hub), hub.held_bytes);
	assert_int_equal(hub.held, 2);
	end_turn();
	assert_int_equal(streams.open, 1);
	(void)peer_read(&good);
	assert_non_null(strstr(answer.text, "0003\nid: "));
	assert_null(strstr(answer.text, "gap"));
	peer_close(&good);
	(void)close(slow.fd);
}

static void
stream_that_keeps_up_loses_nothing_of_a_large_batch(void **state)
{
	struct peer p;

	(void)state;
	next.serve = serve_channels;
	peer_open(&p, GET);
	end_turn();
	script.takes_all = true;
	publish("a", 256, 2000);
	end_turn();
	assert_int_equal(streams.readers.gaps[LOSS_OVERFLOW], 0);
	assert_int_equal(streams.messages, 256);
	peer_close(&p);
}

static void
end_channel(const char *channel)
{
	struct eventid id = {1000, (5 << 20) + ++published};
	size_t reading;

	assert_int_equal(hub_publish(&hub, END_OF(channel), &id, &reading),
	    HUB_DONE);
}

#define END_OF_B "event: end\ndata: {\"channel\":\"b\"}\nid: 1000-"

/* Behind the end nothing comes: no retry:, no position, no heartbeat. */
static void
stream_ends_behind_the_last_end(void **state)
{
	const char *end;
	struct peer p;

	(void)state;
	next.serve = serve_channels;
	peer_open(&p, GET_KEPT);
	end_turn();
	publish("a", 1, 3);
	end_channel("a");
	end_turn();
	(void)peer_read(&p);
	assert_non_null(strstr(answer.text, "{\"channel\":\"a\"}"));
	assert_int_equal(answer.ends, 0);
	end_channel("b");
	end_turn();
	end_turn();
	end = strstr(peer_read(&p), END_OF_B);
	assert_non_null(end);
	assert_string_equal(strchr(end + strlen(END_OF_B), '\n'), "\n\n");
	assert_int_equal(answer.ends, 1);
	assert_int_equal(streams.over, 1);
	assert_int_equal(streams.open, 0);
	assert_int_equal(streams.conns.count[CONN_KEPT], 1);
	peer_close(&p);
}

/* Wherever its last write is cut. */
static void
slow_stream_ends_behind_the_last_end(void **state)
{
	size_t cut;
	struct peer p;

	(void)state;
	for (cut = 1; cut < 260; cut += 7) {
		assert_int_equal(tear_down(NULL), 0);
		assert_int_equal(set_up(NULL), 0);
		next.serve = serve_channels;
		peer_open(&p, GET);
		end_turn();
		end_channel("a");
		publish("b", 1, 30);
		front_takes((long)cut);
		end_channel("b");
		end_turn();
		turn();
		turn();
		(void)peer_read(&p);
		assert_non_null(strstr(answer.text, END_OF_B));
		assert_int_equal(answer.ends, 1);
		assert_int_equal(streams.over, 1);
		peer_close(&p);
	}
}

static void
drain_and_the_last_end_are_one_end(void **state)
{
	double begin = streams.conns.now;
	struct peer p;

	(void)state;
	next.serve = serve_channels;
	peer_open(&p, GET);
	end_turn();
	end_channel("a");
	end_channel("b");
	drain_start(&streams);
	drain_step(begin + 2);
	(void)peer_read(&p);
	assert_non_null(strstr(answer.text, END_OF_B));
	assert_int_equal(answer.ends, 1);
	peer_close(&p);
}

static void
who_has_had_the_last_end_is_not_to_come_back(void **state)
{
	struct peer p;
	size_t i;

	(void)state;
	next.serve = serve_channels;
	end_channel("a");
	end_channel("b");
	position.kind = POSITION_AFTER;
	position.id = (struct eventid){1000, (5 << 20) + 2};
	for (i = 0; i < 3; i++) {
		cfg.max_streams = i == 2 ? 0 : 100; /* full or not */
		if (i == 1)
			position.id.n += 100;
		peer_open(&p, GET);
		end_turn();
		assert_string_equal(peer_read(&p),
		    "Status: 204 No Content\r\nCache-Control: no-store\r\n"
		    "\r\n");
		assert_int_equal(answer.ends, 1);
		peer_close(&p);
	}
	assert_int_equal(streams.gone, 3);
	assert_int_equal(streams.opened, 0);
	cfg.max_streams = 100;
	position.id = (struct eventid){1000, (5 << 20) + 1};
	peer_open(&p, GET);
	end_turn();
	assert_non_null(strstr(peer_read(&p), END_OF_B));
	assert_int_equal(answer.ends, 1);
	peer_close(&p);
	assert_int_equal(streams.over, 1);
}

static void
all_is_freed_whatever_is_open(void **state)
{
	static struct peer p[5];
	size_t i;

	(void)state;
	peer_open(&p[0], "");
	peer_open(&p[1], GET);
	peer_open(&p[2], GET_KEPT);
	front_takes(100);
	peer_open(&p[3], GET);
	peer_open(&p[4], "begin 1; params 1 A=b");
	end_turn();
	for (i = 0; i < LENGTH(p); i++)
		(void)close(p[i].fd);
	/* The rest is tear_down()'s, and the sanitizer's. */
}

/* Of a storm it is many who do. */
static void
stream_that_comes_back_is_written_to_once(void **state)
{
	static const int sizes[] = {10, 100, 600}; /* copied, and not */
	struct peer p;
	size_t i;

	(void)state;
	next.serve = serve_channels;
	hub.set.history = 100; /* as it is, unless it is told otherwise */
	position.kind = POSITION_EARLIEST;
	for (i = 0; i < LENGTH(sizes); i++) {
		publish("a", 100, sizes[i]);
		end_turn();
		peer_open(&p, GET);
		script.calls = 0;
		streams.messages = 0;
		end_turn();
		assert_int_equal(script.calls, 1);
		assert_int_equal(streams.messages, 100);
		peer_close(&p);
	}
}

static void
stream_without_a_ticket_has_nothing_of_one(void **state)
{
	struct peer p;

	(void)state;
	peer_open(&p, GET);
	end_turn();
	assert_int_equal(streams.open, 1);
	assert_null(next.stream->conn.own);
	assert_int_equal(streams.permits.n, 0);
	peer_close(&p);
}

/* It waited for the engine, and meanwhile its ticket's time has come. */
static void
stream_whose_ticket_is_over_is_told_to_come_back_soon(void **state)
{
	const struct grant over = {.until = 1, .subject = "ann"};
	struct peer p;

	(void)state;
	granted = &over;
	next.serve = serve_channels;
	peer_open(&p, GET);
	end_turn();
	assert_in_range(told_retry(peer_read(&p)), cfg.retry,
	    cfg.retry * 3 / 2);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(streams.refused[REFUSED_LATE], 1);
	assert_int_equal(streams.permits.n, 0);
	assert_int_equal(streams.open, 0);
	peer_close(&p);
}

/* By either of them; and who is ending is not counted by the other. */
static void
ended_by_its_ticket_it_says_where_it_was_and_no_more(void **state)
{
	static const struct grant ann = {.until = 1e12, .subject = "ann"};
	struct peer p;
	const char *text;
	size_t by_channel;

	(void)state;
	granted = &ann;
	for (by_channel = 0; by_channel < 2; by_channel++) {
		next.serve = serve_channels;
		peer_open(&p, GET);
		end_turn();
		(void)peer_read(&p);
		assert_int_equal(streams.permits.n, 1);
		assert_int_equal(streams_close_subject(&streams, "bob"), 0);
		assert_int_equal(streams_close_channel(&streams, "c"), 0);
		publish("a", 1, 10); /* it is still to be sent */
		if (by_channel)
			assert_int_equal(streams_close_channel(&streams, "b"),
			    1);
		assert_int_equal(streams_close_subject(&streams, "ann"),
		    !by_channel);
		assert_int_equal(streams_close_channel(&streams, "b"), 0);
		end_turn();
		text = peer_read(&p);
		assert_true(told_retry(text) >= cfg.retry);
		assert_non_null(strstr(text, "id: "));
		assert_null(strstr(text, "data: 0"));
		assert_int_equal(answer.ends, 1);
		assert_int_equal(streams.permits.n, 0);
		peer_close(&p);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(stream_is_small),
	    TEST(who_has_waited_is_told_where_it_stands),
	    TEST(headers_retry_and_message_1_leave_in_one_write),
	    TEST(count_goes_on_after_last_event_id),
	    TEST(short_writes_anywhere_lose_nothing),
	    TEST(message_that_a_full_socket_refuses_is_not_counted),
	    TEST(heartbeat_comes_when_nothing_else_does),
	    TEST(heartbeat_comes_after_two_years_too),
	    TEST(head_gets_the_headers_and_the_end),
	    TEST(one_stream_too_many_is_told_to_come_back_late),
	    TEST(one_address_has_its_own_limit),
	    TEST(retry_is_spread_over_half_as_much_again),
	    TEST(abort_ends_the_stream),
	    TEST(abort_at_a_full_socket_ends_the_stream_too),
	    TEST(question_while_a_record_is_half_written_ends_the_connection),
	    TEST(kept_connection_serves_the_next_request),
	    TEST(kept_connection_is_closed_after_its_idle_time),
	    TEST(second_request_is_refused_and_the_stream_goes_on),
	    TEST(other_roles_are_refused),
	    TEST(bad_bytes_close_their_own_connection_alone),
	    TEST(who_asks_and_asks_at_once_is_closed),
	    TEST(unfinished_requests_are_few_and_short_lived),
	    TEST(front_that_takes_nothing_is_closed),
	    TEST(front_that_has_gone_frees_its_stream),
	    TEST(stream_ends_at_its_age_and_comes_back),
	    TEST(idle_stream_ends_in_time),
	    TEST(end_of_a_stream_comes_behind_its_events),
	    TEST(end_of_a_stream_comes_behind_all_of_its_events),
	    TEST(end_of_a_slow_stream_does_not_wait_for_its_events),
	    TEST(closing_waits_for_the_rest_of_the_body),
	    TEST(drain_spreads_the_ends),
	    TEST(drain_tells_when_to_come_back),
	    TEST(drain_does_not_wait_for_a_front_that_takes_nothing),
	    TEST(drain_of_nothing_is_done_at_once),
	    TEST(stream_ends_behind_the_last_end),
	    TEST(slow_stream_ends_behind_the_last_end),
	    TEST(drain_and_the_last_end_are_one_end),
	    TEST(who_has_had_the_last_end_is_not_to_come_back),
	    TEST(all_is_freed_whatever_is_open),
	    TEST(pipelined_begin_that_is_cut_does_no_harm),
	    TEST(channels_stream_begins_with_its_position),
	    TEST(what_is_published_reaches_its_streams_at_the_end_of_the_turn),
	    TEST(heartbeat_of_channels_says_where_the_hub_is),
	    TEST(end_of_a_channels_stream_says_where_it_was),
	    TEST(one_channel_too_many_is_told_to_come_back_late),
	    TEST(event_that_is_being_written_is_written_whole),
	    TEST(stream_that_pins_memory_is_closed_for_new_events),
	    TEST(stream_that_keeps_up_loses_nothing_of_a_large_batch),
	    TEST(stream_that_comes_back_is_written_to_once),
	    TEST(stream_without_a_ticket_has_nothing_of_one),
	    TEST(stream_whose_ticket_is_over_is_told_to_come_back_soon),
	    TEST(ended_by_its_ticket_it_says_where_it_was_and_no_more),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
