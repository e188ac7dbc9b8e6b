/* SPDX-License-Identifier: ISC */
#ifndef SERVED_H
#define SERVED_H

/*
 * A server without a process: requests come in by pairs of sockets, and its
 * engine says what the test has it say.
 */
#include "pair.h"

#include "serve/publish.h"
#include "serve/route.h"
#include "serve/server.h"
#include "test_engine.h"

static struct server server;
static struct test_engine engine;
static struct conns *const conns = &server.streams.conns;

static inline int
served_set_up(void)
{
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
	tickets_init(&server.tickets, &server.cfg, &server.ticket_keys);
	server.publisher.tickets = &server.tickets;
	producers_init(&server.producers, &server.publisher, &server.streams,
	    &server.hub);
	return 0;
}

/* As the process ends: then nothing is pending. */
static inline void
served_tear_down(void)
{
	producers_stop(&server.producers);
	engine.engine.stop(&engine.engine);
	(void)conns_flush(conns);
	assert_int_equal(server.aheads.n, 0);
	assert_true(TAILQ_EMPTY(&server.aheads.list));
	pair_tear_down();
	assert_int_equal(server.publisher.bodies.bytes, 0);
	producers_free(&server.producers);
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

#endif
