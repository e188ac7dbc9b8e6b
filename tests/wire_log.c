/* SPDX-License-Identifier: ISC */
/*
 * The log of a process from its start to its end, as JSON: each line is an
 * object that a program can read, and neither form has what a query, a header
 * or a body says.
 */
#include "unit.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jsonline.h"
#include "world.h"

#define SECRET "s3cr3t"
#define KEY \
	"HS256 00112233445566778899aabbccddeeff00112233445566778899aabbccddee77\n"

static char key[64];
static pid_t pid; /* of who has ended */

/* One of each kind of request that says a secret, and what it is told. */
static const struct {
	const char *role, *method, *query, *name, *value;
	int status;
} requests[] = {
    {"stream", "GET", "channel=a&ticket=" SECRET, "SSE_TICKET", "required",
	401},
    {"stream", "GET", "channel=" SECRET "%", NULL, NULL, 400},
    {"stream", "GET", "channel=a&history=" SECRET, "HTTP_COOKIE",
	"sse_ticket=" SECRET, 400},
    {"publish", "POST", "channel=a&event=" SECRET, "HTTP_AUTHORIZATION",
	"Bearer " SECRET, 200},
    {"publish", "POST", "channel=" SECRET, "HTTP_REFERER", SECRET, 200},
    {"publish", "POST", "chanel=" SECRET, "HTTP_ORIGIN", SECRET, 403},
    {"status", "GET", "format=" SECRET, NULL, NULL, 400},
    {"admin", "POST", "close=channel:" SECRET, NULL, NULL, 200},
    {"admin", "POST", "close=sub:" SECRET, NULL, NULL, 200},
    {SECRET, "GET", "", NULL, NULL, 500},
};

static void
ask(size_t i)
{
	const char *more[] = {"SSE_ROLE", requests[i].role, "QUERY_STRING",
	    requests[i].query, "REMOTE_ADDR", "192.0.2.7", requests[i].name,
	    requests[i].value, NULL};
	struct post p = {.body = SECRET, .len = sizeof(SECRET) - 1};
	struct front f;

	assert_true(front_connect(&f, world.r.address));
	assert_true(front_request_head(&f, 0, requests[i].method, more));
	assert_true(post_body(&f, &p));
	assert_true(front_until_end(&f, PATIENCE));
	if (answer_status(&f) != requests[i].status)
		fail_msg("%zu: %d: %s", i, answer_status(&f), f.text);
	front_close(&f);
}

/* All that there is to log; then it ends. */
static void
live(const char *format)
{
	const char *options[] = {"--ticket-key", key, "--log-format", format,
	    NULL};
	struct front f;
	size_t i;

	assert_int_equal(world_start_with(options), 0);
	pid = world.r.pid;
	open_raw(&f, "channel=" SECRET, "HTTP_LAST_EVENT_ID", SECRET);
	assert_comes(&f, "retry: ");
	for (i = 0; i < LENGTH(requests); i++)
		ask(i);
	front_close(&f);
	assert_true(status_until(&world.r, "\"streams\":", 0));
	assert_int_equal(kill(world.r.pid, SIGHUP), 0);
	assert_true(responder_until_logged(&world.r, "the keys of tickets", 1,
	    PATIENCE));
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
}

static FILE *
open_log(void)
{
	char path[96];
	FILE *log;

	(void)snprintf(path, sizeof(path), "%s/log", world.r.dir);
	log = fopen(path, "r");
	assert_non_null(log);
	return log;
}

/* What each line has. */
static void
check_line(const json_t *all)
{
	const char *time = string_in(all, "time");
	int end = 0, n[7];

	assert_int_equal(sscanf(time, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &n[0],
			     &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &end),
	    7);
	assert_int_equal(strlen(time), end);
	assert_number(all, "pid", pid);
	(void)string_in(all, "level");
	(void)string_in(all, "message");
}

/* These come, in this order, perhaps with others between. */
static const struct {
	const char *event, *level, *name, *string; /* NULL: a number */
} events[] = {
    {"capacity", "info", "streams_max", NULL},
    {"stream_opened", "debug", "fd", NULL},
    {"ticket_refused", "debug", "why", "malformed"},
    {"closed_by_admin", "info", "of", "channel"},
    {"stream_closed", "debug", "seconds", NULL},
    {"ticket_keys_read", "info", "keys", NULL},
    {"draining", "info", "signal", NULL},
    {"ended", "info", "streams", NULL},
};

static void
each_line_is_an_object(void **state)
{
	size_t lines = 0, next = 0;
	char line[8192];
	const json_t *member;
	json_t *all;
	FILE *log;

	(void)state;
	live("json");
	log = open_log();
	while (fgets(line, sizeof(line), log) != NULL) {
		all = object_in(line, strlen(line));
		check_line(all);
		lines++;
		if (next < LENGTH(events) &&
		    strcmp(string_in(all, "event"), events[next].event) == 0) {
			assert_string_equal(string_in(all, "level"),
			    events[next].level);
			member = json_object_get(all, events[next].name);
			if (events[next].string == NULL)
				assert_true(json_is_number(member));
			else
				assert_string_equal(json_string_value(member),
				    events[next].string);
			next++;
		}
		json_decref(all);
	}
	(void)fclose(log);
	if (next < LENGTH(events))
		fail_msg("no %s in %zu lines", events[next].event, lines);
}

static void
no_line_has_what_requests_say(void **state)
{
	static const char *const formats[] = {"text", "json"};
	char line[8192];
	size_t i, lines = 0;
	FILE *log;

	(void)state;
	for (i = 0; i < LENGTH(formats); i++) {
		live(formats[i]);
		log = open_log();
		for (; fgets(line, sizeof(line), log) != NULL; lines++)
			if (strstr(line, SECRET) != NULL)
				fail_msg("%s", line);
		(void)fclose(log);
		if (i + 1 < LENGTH(formats))
			assert_int_equal(world_stop(state), 0);
	}
	assert_in_range(lines, 14, 100);
}

static int
write_key(void **state)
{
	FILE *file;

	(void)state;
	(void)snprintf(key, sizeof(key), "/tmp/wire_log.%ld.key",
	    (long)getpid());
	file = fopen(key, "w");
	if (file == NULL)
		return -1;
	(void)fputs(KEY, file);
	(void)chmod(key, 0600);
	return fclose(file);
}

static int
remove_key(void **state)
{
	(void)state;
	return unlink(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(each_line_is_an_object, world_stop),
	    cmocka_unit_test_teardown(no_line_has_what_requests_say,
		world_stop),
	};

	return cmocka_run_group_tests_name("log", tests, write_key, remove_key);
}
