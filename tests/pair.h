/* SPDX-License-Identifier: ISC */
#ifndef PAIR_H
#define PAIR_H

/*
 * Streams on socket pairs: the test is the front, owns the time and ends each
 * turn itself.
 */
#include "unit.h"

#include <sys/socket.h>

#include <stdbool.h>
#include <unistd.h>

#include "stream/drain.h"
#include "fastcgi/flush.h"
#include "stream/stream.h"

static struct ev_loop *loop;
static struct answer answer; /* what was read last */
static struct wire wire;

/* What the test set up: all streams, and their hub. */
static struct {
	struct streams *streams;
	struct hub *hub;
} pair;

static inline bool
pair_relieve(void *conns, const size_t *account)
{
	return conns_relieve(conns, account);
}

/*
 * The hub has its base, and gets its limits here.  With WAVES=off in the
 * environment there is no ring.
 */
static inline int
pair_set_up(struct streams *ss, struct config *cfg, struct hub *h,
    void (*request)(void *, struct conn *, const struct gate_event *),
    void *arg)
{
	const char *waves = getenv("WAVES");

	*cfg = (struct config){.interval = 2,
	    .heartbeat = 15,
	    .retry = 2000,
	    .max_streams = 1000,
	    .stall = 60,
	    .drain = 5,
	    .max_event = 32768,
	    .max_body = 1 << 20};
	h->set.history = 100;
	h->set.bytes_max = 1 << 26;
	h->set.channels_max = 100;
	h->set.relieve = pair_relieve;
	h->set.arg = &ss->conns;
	h->set.now = &ss->conns.now;
	pair.streams = ss;
	pair.hub = h;
	loop = ev_loop_new(EVFLAG_AUTO);
	if (loop == NULL || streams_init(ss, loop, cfg, h, request, arg) != 0)
		return -1;
	if (waves == NULL || strcmp(waves, "off") != 0)
		(void)wave_try_ring(&ss->conns.wave, 1);
	conns_set_time(&ss->conns, 5000);
	conns_limit(&ss->conns, 100, cfg->max_streams);
	return 0;
}

static inline void
pair_tear_down(void)
{
	drain_stop(pair.streams);
	streams_free(pair.streams);
	hub_free(pair.hub);
	ev_loop_destroy(loop);
}

/* A connection of the front, and what came on it. */
struct peer {
	int fd;
	bool eof;
	size_t len;
	uint8_t bytes[65536];
};

/* The end of a turn: what a loop does before it sleeps. */
static inline void
end_turn(void)
{
	bool more = true;
	int i;

	/* The test turns the clock. */
	ev_timer_stop(loop, &pair.streams->clock.timer);
	for (i = 0; i < 10 && more; i++) {
		hub_wake(pair.hub);
		hub_serving(pair.hub);
		more = conns_flush(&pair.streams->conns);
		if (conns_round_over(&pair.streams->conns))
			hub_served(pair.hub);
		if (!pair.streams->conns.behind)
			hub_trim(pair.hub);
	}
	assert_false(more);
}

/* A turn with what the sockets have to say. */
static inline void
turn(void)
{
	ev_timer_stop(loop, &pair.streams->clock.timer);
	(void)ev_run(loop, EVRUN_NOWAIT);
	end_turn();
}

static inline void
peer_send(struct peer *p, const char *notation)
{
	wire.len = 0;
	wire_add(&wire, notation);
	assert_int_equal(write(p->fd, wire.bytes, wire.len), wire.len);
}

/* Connects, and what is sent is there when it is accepted. */
static inline void
peer_open(struct peer *p, const char *notation)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     fd),
	    0);
	p->fd = fd[1];
	p->eof = false;
	p->len = 0;
	peer_send(p, notation);
	assert_int_equal(conn_new(&pair.streams->conns, fd[0]), 0);
	conns_bound_waiting(&pair.streams->conns);
}

/* Everything that came so far, read as FastCGI; its end may be half a record.
 */
static inline const char *
peer_take(struct peer *p)
{
	ssize_t n;

	while (
	    (n = read(p->fd, p->bytes + p->len, sizeof(p->bytes) - p->len)) > 0)
		p->len += (size_t)n;
	p->eof = n == 0;
	answer_read(&answer, p->bytes, p->len);
	return answer.text;
}

/* The same where all records are whole. */
static inline const char *
peer_read(struct peer *p)
{
	const char *text = peer_take(p);

	assert_true(answer.valid);
	return text;
}

static inline void
peer_close(struct peer *p)
{
	(void)close(p->fd);
	turn();
	turn();
}

#endif
