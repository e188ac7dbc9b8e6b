/* SPDX-License-Identifier: ISC */
#ifndef SERVED_H
#define SERVED_H

/*
 * A server without a process: requests come in by pairs of sockets, and its
 * engine says what the test has it say.
 */
#include "pair.h"

#include "fastcgi/record.h"
#include "serve/publish.h"
#include "serve/route.h"
#include "serve/server.h"
#include "test_engine.h"

static struct server server;
static struct test_engine engine;
static struct conns *const conns = &server.streams.conns;

static inline int
served_set_up(void **state)
{
	(void)state;
	test_engine_init(&engine);
	server.engine = &engine.engine;
	hub_init(&server.hub, &(struct hub_setup){.history = 1});
	hub_begin(&server.hub, (struct eventid){0, 0});
	engine.engine.start(&engine.engine, &server.hub, NULL, NULL, NULL);
	if (pair_set_up(&server.streams, &server.cfg, &server.hub,
		route_request, &server) == -1)
		return -1;
	aheads_init(&server.aheads, &server.streams, server.engine);
	publisher_init(&server.publisher, &server.cfg, server.engine, 16 << 20,
	    publish_body);
	tickets_init(&server.tickets, &server.cfg);
	server.publisher.tickets = &server.tickets;
	producers_init(&server.producers, &server.publisher, &server.streams,
	    &server.hub);
	return 0;
}

/* As the process ends: then nothing is pending. */
static inline int
served_tear_down(void **state)
{
	(void)state;
	producers_stop(&server.producers);
	engine.engine.stop(&engine.engine);
	(void)conns_flush(conns);
	assert_int_equal(server.aheads.n, 0);
	assert_true(TAILQ_EMPTY(&server.aheads.list));
	pair_tear_down();
	assert_int_equal(server.publisher.bodies.bytes, 0);
	producers_free(&server.producers);
	return 0;
}

static inline void
seconds_pass(double seconds)
{
	for (; seconds > 0; seconds--) {
		conns_set_time(conns, conns->now + 1);
		aheads_sweep(&server.aheads);
		conns_sweep(conns);
		producers_sweep(&server.producers);
		end_turn();
	}
}

/* What the drain's timer does, and the end of that turn. */
static inline void
drain_step(double at)
{
	conns_set_time(conns, at);
	ev_invoke(loop, &server.streams.drain_timer, EV_TIMER);
	end_turn();
}

/* One answer, that begins like this and has this, and the end. */
static inline void
check_answer(struct peer *p, const char *begin, const char *has)
{
	(void)peer_read(p);
	assert_memory_equal(answer.text, begin, strlen(begin));
	if (strstr(answer.text, has) == NULL)
		fail_msg("%s is not in %s", has, answer.text);
	assert_int_equal(answer.ends, 1);
	assert_int_equal(answer.last, FCGI_END_REQUEST);
	assert_int_equal(answer.status, FCGI_REQUEST_COMPLETE);
	assert_null(strstr(answer.text + 1, "Status: "));
}

/* No answer, and no end. */
static inline void
check_silent(struct peer *p)
{
	assert_string_equal(peer_read(p), "");
	assert_int_equal(answer.ends, 0);
	assert_false(p->eof);
}

#endif
