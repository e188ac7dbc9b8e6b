/* SPDX-License-Identifier: ISC */
/*
 * Many streams at the end of a turn, on socket pairs, with what the kernel says
 * of each write drawn by chance: whatever becomes of one, all others have every
 * event, once and in order.
 */
#include "pair.h"

#include <sys/uio.h>

#include <errno.h>
#include <signal.h>

#include "base/log.h"
#include "posts.h"

#define GET   "begin 1; params 1 A=b; params 1; stdin 1"
#define PEERS 150 /* more than one wave */

/* What becomes of a write. */
static struct {
	uint32_t seed;	/* 0: all is well */
	unsigned dead;	/* so many fronts have gone */
	unsigned fails; /* the ring does, at the call with this number */
	unsigned rings, sends, writevs;
	bool swallows; /* it says that it has taken all, and has nothing */
} kernel;

static struct config cfg;
static struct hub hub;
static struct streams streams;
static struct peer peers[PEERS];
static unsigned long published;

ssize_t __real_send(int, const void *, size_t, int);
ssize_t __wrap_send(int, const void *, size_t, int);
ssize_t __real_writev(int, const struct iovec *, int);
ssize_t __wrap_writev(int, const struct iovec *, int);
int __real_ring_send(struct ring *, struct ring_send *, unsigned);
int __wrap_ring_send(struct ring *, struct ring_send *, unsigned);

/* So many bytes of these, or an errno. */
static size_t
outcome(size_t len)
{
	uint32_t n = kernel.seed == 0 ? 99 : chance(&kernel.seed) % 100;

	errno = 0;
	if (n == 0 && kernel.dead < PEERS / 4) {
		kernel.dead++;
		errno = EPIPE;
	} else if (n < 10)
		errno = EAGAIN;
	else if (n < 30)
		return 1 + chance(&kernel.seed) % len;
	return len;
}

ssize_t
__wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	kernel.sends++;
	len = outcome(len);
	return errno != 0 ? -1 : __real_send(fd, bytes, len, flags);
}

ssize_t
__wrap_writev(int fd, const struct iovec *iov, int n)
{
	ssize_t all = 0;

	kernel.writevs++;
	if (kernel.swallows) {
		for (; n > 0; n--)
			all += (ssize_t)iov++->iov_len;
		return all;
	}
	if (kernel.seed == 0)
		return __real_writev(fd, iov, n);
	(void)outcome(1);
	return errno != 0 ? -1 :
			    __real_writev(fd, iov,
				1 + (int)(chance(&kernel.seed) % (unsigned)n));
}

int
__wrap_ring_send(struct ring *r, struct ring_send *sends, unsigned n)
{
	unsigned i;
	ssize_t sent;

	if (++kernel.rings != kernel.fails && kernel.seed == 0)
		return __real_ring_send(r, sends, n);
	for (i = 0; i < n; i++) {
		if (kernel.rings == kernel.fails && i == n / 2) {
			errno = EBUSY;
			return -1;
		}
		sent = __wrap_send(sends[i].fd, sends[i].bytes, sends[i].len,
		    MSG_NOSIGNAL);
		kernel.sends--;
		sends[i].result = sent == -1 ? -errno : (int)sent;
	}
	return 0;
}

static void
on_request(void *arg, struct conn *c, const struct gate_event *ev)
{
	static const char *const channels[] = {"a"};
	static const struct position now = {.kind = POSITION_NOW};
	struct request r = {.method = METHOD_GET};

	(void)arg;
	(void)ev;
	stream_open_channels(&streams, c, &r, NULL, channels, 1, &now);
}

static int
set_up(void **state)
{
	size_t i;

	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	published = 0;
	hub_init(&hub, &(struct hub_setup){.history = 1});
	hub_begin(&hub, (struct eventid){1000, 5 << 20});
	if (pair_set_up(&streams, &cfg, &hub, on_request, NULL) == -1)
		return -1;
	for (i = 0; i < PEERS; i++)
		peer_open(&peers[i], GET);
	end_turn();
	return 0;
}

static int
tear_down(void **state)
{
	size_t i;

	(void)state;
	kernel.seed = 0;
	for (i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
	assert_int_equal(streams.open, 0);
	pair_tear_down();
	return 0;
}

/* Its data is its number in len digits. */
static void
publish(int len)
{
	char data[70000];
	struct eventid id = {1000, (5 << 20) + ++published};
	struct sse_message m = {.data = data, .len = (size_t)len};
	size_t reading;

	(void)snprintf(data, sizeof(data), "%0*lu", len, published);
	assert_int_equal(hub_publish(&hub, POST_OF("a", &m, 1), &id, &reading),
	    HUB_DONE);
}

/* It has all events from the first on, and all there are if it is here. */
static void
check_peer(struct peer *p)
{
	const char *text = peer_take(p);
	unsigned long n = 0;

	assert_true(answer.valid || p->eof);
	assert_null(strstr(text, "event: gap"));
	while ((text = strstr(text, "data: 0")) != NULL) {
		assert_int_equal(strtoul(text + 6, NULL, 10), n + 1);
		n++;
		text++;
	}
	if (!p->eof)
		assert_int_equal(n, published);
}

static void
check_all(void)
{
	size_t i, gone = 0;

	for (i = 0; i < PEERS; i++) {
		check_peer(&peers[i]);
		gone += peers[i].eof;
	}
	assert_int_equal(gone, kernel.dead);
	assert_int_equal(streams.open, PEERS - gone);
}

static bool
has_ring(void)
{
	return streams.conns.wave.ring != NULL;
}

static void
an_event_to_all_is_a_call_for_each_wave(void **state)
{
	unsigned rings, sends;

	(void)state;
	rings = kernel.rings;
	sends = kernel.sends;
	publish(20);
	end_turn();
	if (has_ring()) {
		assert_int_equal(kernel.rings - rings, 2);
		assert_int_equal(kernel.sends, sends);
	} else {
		assert_int_equal(kernel.rings, 0);
		assert_int_equal(kernel.sends - sends, PEERS);
	}
	check_all();
}

static void
large_events_go_the_other_way(void **state)
{
	unsigned rings = kernel.rings, sends = kernel.sends;

	(void)state;
	publish(WAVE_WRITE_MAX);
	end_turn();
	assert_int_equal(kernel.rings, rings);
	assert_int_equal(kernel.sends, sends);
	assert_int_equal(kernel.writevs, PEERS);
	check_all();
}

static void
ring_that_fails_loses_nothing(void **state)
{
	(void)state;
	if (!has_ring())
		skip();
	publish(20);
	end_turn();
	kernel.fails = kernel.rings + 2;
	publish(20);
	end_turn();
	assert_false(has_ring());
	assert_int_equal(streams.conns.wave.failed, 1);
	publish(20);
	end_turn();
	check_all();
}

/* So many of all have had n events or more. */
static unsigned
have_had(uint64_t n)
{
	struct conn *c;
	unsigned have = 0;

	TAILQ_FOREACH (c, &streams.conns.list[CONN_OPEN], link)
		have += c->messages >= n;
	return have;
}

/* Each takes half a MiB at a time: whoever has had none of it is first. */
static void
turn_ends_when_enough_is_written(void **state)
{
	struct conns *cs = &streams.conns;
	unsigned long long had;
	unsigned i;

	(void)state;
	kernel.swallows = true;
	for (i = 0; i < 20; i++)
		publish(60000);
	hub_wake(&hub);
	for (i = 0; have_had(1) < PEERS; i++) {
		assert_int_equal(have_had(11), 0);
		had = cs->sent;
		assert_true(conns_flush(cs));
		assert_true(cs->behind);
		assert_in_range(cs->sent - had, 16 << 20, 17 << 20);
	}
	assert_in_range(i, 4, 6);
	for (i = 0; conns_flush(cs); i++)
		assert_true(i < 20);
	assert_int_equal(have_had(20), PEERS);
	assert_false(cs->behind);
}

/* Small, large and many events, a front that has gone, a ring that fails. */
static void
whatever_becomes_of_one_write_no_other_stream_loses(void **state)
{
	unsigned i, n;
	uint32_t seed = 7;

	(void)state;
	kernel.seed = 20261127;
	kernel.fails = kernel.rings + 70;
	for (i = 0; i < 60 || published < 80; i++) {
		for (n = chance(&seed) % 4; n > 0; n--)
			publish(2 + (int)(chance(&seed) % 300));
		if (i % 20 == 19)
			publish(WAVE_WRITE_MAX + 50);
		turn();
		for (n = 0; n < PEERS; n++)
			(void)peer_take(&peers[n]);
	}
	kernel.seed = 0;
	for (i = 0; i < 5; i++)
		turn();
	assert_true(kernel.dead > 0);
	check_all();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define FLUSH_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	    FLUSH_TEST(an_event_to_all_is_a_call_for_each_wave),
	    FLUSH_TEST(large_events_go_the_other_way),
	    FLUSH_TEST(ring_that_fails_loses_nothing),
	    FLUSH_TEST(turn_ends_when_enough_is_written),
	    FLUSH_TEST(whatever_becomes_of_one_write_no_other_stream_loses),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	(void)log_open("/dev/null", false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
