/* SPDX-License-Identifier: ISC */
/*
 * Alive, and ready or why not: one reason, and of several the one that lasts
 * longest.
 */
#include "pair.h"

#include <signal.h>

#include "fastcgi/request.h"
#include "serve/route.h"
#include "serve/server.h"
#include "test_engine.h"

#define TWELVE_DOZENS                                                        \
	"144 characters, 144 characters, 144 characters, 144 characters, 14" \
	"4 characters, 144 characters, 144 characters, 144 characters, 144 ch"

static const struct row {
	const char *name;
	bool draining;
	const char *away;
	bool not_yet;
	unsigned long streams; /* that there may be */
	const char *says;      /* what begins so; NULL: it is ready */
} rows[] = {
    {"ready_when_nothing_is_wrong", false, NULL, false, 1, NULL},
    {"draining_whatever_else_there_is", true, "it is far", true, 0,
	"draining: the process is about to end\n"},
    {"away_with_the_reason", false, "it is far", true, 0,
	"the engine is away: it is far\n"},
    {"away_with_a_reason_that_is_too_long", false, TWELVE_DOZENS TWELVE_DOZENS,
	false, 1, "the engine is away: 144 characters"},
    {"not_filled_yet", false, NULL, true, 0, "the engine is not ready yet\n"},
    {"full", false, NULL, false, 0, "full: 0 streams and 0 feeds, of 0\n"},
};

static struct server server;
static struct test_engine engine;

static void
on_ready(void *arg)
{
	(void)arg;
}

static void
set_up(const struct row *row)
{
	memset(&server, 0, sizeof(server));
	test_engine_init(&engine);
	engine.why = row->away;
	engine.not_yet = row->not_yet;
	server.engine = &engine.engine;
	hub_init(&server.hub, &(struct hub_setup){.history = 1});
	server.engine->start(server.engine, &server.hub, NULL, on_ready, NULL);
	assert_int_equal(pair_set_up(&server.streams, &server.cfg, &server.hub,
			     route_request, &server),
	    0);
	server.cfg.max_streams = row->streams;
	server.streams.draining = row->draining;
}

/* The answer's body; it must have this status. */
static const char *
asked(const char *role, const char *status)
{
	char notation[100], begin[60];
	struct peer p;
	const char *body;

	(void)snprintf(notation, sizeof(notation),
	    "begin 1; params 1 REQUEST_METHOD=GET SSE_ROLE=%s; params 1; "
	    "stdin 1",
	    role);
	(void)snprintf(begin, sizeof(begin), "Status: %s\r\n", status);
	peer_open(&p, notation);
	end_turn();
	body = strstr(peer_read(&p), "\r\n\r\n");
	assert_non_null(body);
	assert_memory_equal(answer.text, begin, strlen(begin));
	assert_int_equal(answer.ends, 1);
	peer_close(&p);
	return body + 4;
}

static void
is_answered_like_this(void **state)
{
	const struct row *row = *state;
	const char *body;

	set_up(row);
	assert_string_equal(asked("health", "200 OK"), "alive\n");
	if (row->says == NULL) {
		assert_string_equal(asked("ready", "200 OK"), "ready\n");
	} else {
		body = asked("ready", "503 Service Unavailable");
		assert_memory_equal(body, row->says, strlen(row->says));
		assert_ptr_equal(strchr(body, '\n'), body + strlen(body) - 1);
	}
	assert_int_equal(engine.n, 0);
	server.streams.draining = false;
	pair_tear_down();
}

int
main(void)
{
	static struct CMUnitTest tests[LENGTH(rows)];
	size_t i;
	int failed;

	if (request_init() != 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < LENGTH(rows); i++)
		tests[i] =
		    row_test(rows[i].name, is_answered_like_this, &rows[i]);
	failed =
	    _cmocka_run_group_tests("health", tests, LENGTH(rows), NULL, NULL);
	request_exit();
	return failed;
}
