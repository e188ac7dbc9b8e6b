/* SPDX-License-Identifier: ISC */
/*
 * What is done in a round, each thing by an act of its own.
 */
#include "rounds_inner.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "post.h"

enum { STDIN = 5 };

/* --- Publishers. */

/* Who is ended is told at once, and not when nobody answers any more. */
static void
it_is_alive(void)
{
	int status = responder_wait(&world.r, 0);
	char command[100];

	if (status == -1)
		return;
	(void)snprintf(command, sizeof(command), "head -c 4000 %s/stderr >&2",
	    world.r.dir);
	(void)system(command); /* what it has said */
	fail_msg("round %u: the program has ended: %d", rounds_tally.rounds,
	    status);
}

/* false: the connection has ended, and nobody knows what became of it. */
static bool
is_answered(struct front *f)
{
	double end = front_now() + PATIENCE / 1e3;

	while (!front_until_end(f, 200) && !f->closed && front_now() < end)
		it_is_alive();
	if (f->ended)
		return true;
	if (!f->closed)
		fail_msg("round %u: no answer to a request, but: %s",
		    rounds_tally.rounds, f->text);
	rounds_tally.unanswered++;
	return false;
}

/*
 * The status of a whole answer, which must be one of these (0 behind them), or
 * 0: there is none.
 */
static int
status_of(struct front *f, const int good[])
{
	int status;

	if (!is_answered(f))
		return 0;
	status = answer_status(f);
	while (*good != 0 && *good != status)
		good++;
	if (*good == 0)
		fail_msg("round %u: %s", rounds_tally.rounds, f->text);
	return status;
}

static int
outcome_of(struct front *f)
{
	int status = status_of(f, (const int[]){200, 503, 504, 0});

	rounds_tally.answered += status == 200;
	rounds_tally.refused += status == 503;
	return status;
}

static bool
send_post(struct front *f, const struct post *p)
{
	return front_connect(f, world.r.address) && post_head(f, 0, p) &&
	       post_body(f, p);
}

/* What the answer says of the events from the first on. */
static int
publication_ends(struct front *f, unsigned first)
{
	int status = outcome_of(f);
	char id[48];

	if (status == 200) {
		answer_id(f, id);
		checker_acknowledged(&world.c, first, id);
	} else if (status == 503)
		checker_refused(&world.c, first);
	front_close(f);
	return status;
}

int
rounds_post(const char *query, unsigned number, const char *const more[])
{
	struct post p = {.query = query,
	    .more = more,
	    .body = world.c.event[number].data,
	    .len = world.c.event[number].len};
	struct front f;

	checker_sent(&world.c, number, 1);
	(void)send_post(&f, &p);
	return publication_ends(&f, number);
}

static void
one_event(void)
{
	char text[2000];

	memset(text, 't', sizeof(text) - 1);
	text[rounds_tally.rounds % 7 == 0 ? sizeof(text) - 1 : 20] = '\0';
	(void)rounds_post("channel=a", checker_event(&world.c, "a", NULL, text),
	    NULL);
}

static void
to_two_channels(void)
{
	unsigned number = checker_event(&world.c, "b", "t", "both");

	checker_also(&world.c, number, "c");
	(void)rounds_post("channel=b&channel=c&event=t", number, NULL);
}

static void
a_batch(void)
{
	struct bytes text = {0};
	struct post p = {.query = "channel=b", .type = "text/event-stream"};
	struct front f;
	unsigned first = world.c.events, i;

	for (i = 0; i < 5; i++)
		(void)checker_event(&world.c, "b", NULL, "batch");
	checker_sent(&world.c, first, 5);
	batch_text(&text, &world.c, first, 5);
	p.body = text.at;
	p.len = text.len;
	(void)send_post(&f, &p);
	(void)publication_ends(&f, first);
	free(text.at);
}

/* Sent again with its key if there is no answer, or none that says it all. */
static void
an_event_with_a_key(void)
{
	unsigned number = checker_event(&world.c, "a", NULL, "key");
	struct post p = {.body = world.c.event[number].data,
	    .len = world.c.event[number].len};
	char query[64], id[48];
	struct front f;
	int status = 0, i;

	(void)snprintf(query, sizeof(query), "channel=a&key=%u", number);
	p.query = query;
	checker_sent(&world.c, number, 1);
	for (i = 0; i < 3 && status != 200; i++) {
		(void)send_post(&f, &p);
		status = outcome_of(&f);
		if (status == 200) {
			answer_id(&f, id);
			checker_acknowledged(&world.c, number, id);
		}
		front_close(&f);
	}
}

/* Each event is published as it comes; who reads it is there. */
static void
a_feed(void)
{
	struct post p = {.query = "channel=c&feed=1",
	    .type = "text/event-stream"};
	struct front f;
	char text[200], id[48];
	unsigned number = 0, i;
	bool sent;

	sent = front_connect(&f, world.r.address) && post_head(&f, 0, &p);
	for (i = 0; i < 3 && sent; i++) {
		number = checker_event(&world.c, "c", NULL, "feed");
		checker_sent(&world.c, number, 1);
		(void)snprintf(text, sizeof(text), "data: %s\n\n",
		    world.c.event[number].data);
		sent = front_record(&f, STDIN, f.id, text, strlen(text), i);
		rounds_read();
	}
	if (sent)
		(void)front_record(&f, STDIN, f.id, NULL, 0, 0);
	if (outcome_of(&f) == 200) {
		if (strstr(f.text, "\"events\":3}") == NULL)
			fail_msg("a feed of 3: %s", f.text);
		answer_id(&f, id);
		checker_acknowledged(&world.c, number, id);
	}
	front_close(&f);
}

/* --- Runs, whose channels only the round knows. */

static void
look_at_the_run(const char *query, bool is_there)
{
	const char *more[] = {"QUERY_STRING", query, NULL};
	struct front f;
	char *end, *data;

	if (!front_connect(&f, world.r.address))
		fail();
	(void)front_request(&f, 0, "GET", more);
	/* Of what failed nobody knows whether it ever ends. */
	if ((is_there ? front_until_end(&f, PATIENCE) :
			front_until_text(&f, "\n\n", PATIENCE)) &&
	    is_there) {
		assert_int_equal(answer_status(&f), 200);
		end = strstr(f.text, "event: end\n");
		data = strstr(f.text, "data: run\n");
		if (end != NULL && (data == NULL || data > end) &&
		    strstr(f.text, "event: gap\n") == NULL)
			fail_msg("a hole in a run: %s", f.text);
	} else if (!f.closed && !f.ended && is_there)
		fail_msg("a run that does not end: %s", f.text);
	front_close(&f);
}

static void
a_run(void)
{
	char query[64];
	struct post p = {.query = query, .body = "run", .len = 3},
		    gone = {.query = query,
			.more = (const char *const[]){"REQUEST_METHOD",
			    "DELETE", NULL}};
	struct front f;
	bool is_there;

	(void)snprintf(query, sizeof(query), "channel=run-%u&end=1",
	    rounds_tally.rounds);
	(void)send_post(&f, &p);
	is_there = outcome_of(&f) == 200;
	front_close(&f);
	(void)snprintf(query, sizeof(query), "channel=run-%u&history=all",
	    rounds_tally.rounds);
	look_at_the_run(query, is_there);
	(void)snprintf(query, sizeof(query), "channel=run-%u",
	    rounds_tally.rounds);
	(void)send_post(&f, &gone);
	(void)status_of(&f, (const int[]){200, 204, 404, 409, 503, 504, 0});
	front_close(&f);
}

/* --- Tickets and admins. */

static void
with_a_ticket(void)
{
	const char *more[] = {"SSE_TICKET", "required", "HTTP_AUTHORIZATION",
	    rounds_bearer, NULL};
	const char *get[] = {"QUERY_STRING", "channel=a&history=1", more[0],
	    more[1], more[2], more[3], NULL};
	const char *close_it[] = {"SSE_ROLE", "admin", NULL};
	struct front f, admin;

	(void)rounds_post("channel=a", checker_event(&world.c, "a", NULL, "by"),
	    more);
	assert_true(front_connect(&f, world.r.address));
	(void)front_request(&f, 0, "GET", get);
	(void)front_until_text(&f, "\n\n", PATIENCE);
	if (f.text_len > 0)
		assert_int_equal(answer_status(&f), 200);
	else if (!f.closed)
		fail_msg("a stream with a ticket is not answered");
	(void)send_post(&admin,
	    &(struct post){.query = "close=sub:ann", .more = close_it});
	if (status_of(&admin, (const int[]){200, 503, 504, 0}) == 200 &&
	    !is_answered(&f))
		rounds_tally.unanswered--; /* as it may */
	front_close(&admin);
	front_close(&f);
}

/* --- The rest. */

static void
ask(const char *method, const char *const more[], const int good[])
{
	struct front f;

	assert_true(front_connect(&f, world.r.address));
	(void)front_request(&f, 0, method, more);
	(void)status_of(&f, good);
	front_close(&f);
}

static void
what_is_said_of_it(void)
{
	static const int good[] = {200, 503, 0};
	static const char *const queries[] = {"", "format=json",
	    "format=prometheus", "format=json&channel=a"};
	size_t i;

	for (i = 0; i < 4; i++)
		ask("GET",
		    (const char *[]){"SSE_ROLE", "status", "QUERY_STRING",
			queries[i], NULL},
		    good);
}

static void
what_is_refused(void)
{
	ask("PUT", NULL, (const int[]){405, 503, 0});
	ask("GET",
	    (const char *[]){"QUERY_STRING", "channel=a&history=many", NULL},
	    (const int[]){200, 400, 503, 0});
}

static void
the_clock(void)
{
	struct front f;

	assert_true(front_connect(&f, world.r.address));
	(void)front_get(&f);
	if (!front_until_text(&f, "id: 1\n", PATIENCE) && !f.closed)
		fail_msg("round %u: the clock says nothing, but: %s",
		    rounds_tally.rounds, f.text);
	front_close(&f);
}

void (*const rounds_acts[ROUNDS_ACTS])(void) = {one_event, to_two_channels,
    a_batch, a_feed, a_run, an_event_with_a_key, with_a_ticket,
    what_is_said_of_it, what_is_refused, the_clock};
