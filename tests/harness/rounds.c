/* SPDX-License-Identifier: ISC */
/*
 * Rounds of all that is done over the wire: who reads all the time, and what
 * holds at the end.
 */
#include "rounds_inner.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"
#include "post.h"
#include "token.h"
#include "verdict.h"

#define KEY   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HS256 "{\"alg\":\"HS256\"}"

enum { READERS = 4, CHANNELS = 3, OPTIONS = 40 };

struct rounds_tally rounds_tally;
char rounds_bearer[ROUNDS_BEARER];

static const char *const channels[CHANNELS] = {"a", "b", "c"};
static const char *const reads[READERS] = {"a", "b", "c b a", "a c"};

/*
 * Each reader's last channel is the one with its number, or the last of all.
 * The last of them is away for a while in each round.
 */
static struct {
	struct subscriber reader[READERS];
	const char *options[OPTIONS];
	char key[96];
} all;

/* --- Readers. */

/* What is there for it; one whose stream has ended comes back. */
static void
reader_goes_on(struct subscriber *s, int ms)
{
	while (subscriber_read(s, ms) && !s->f.closed)
		ms = 0;
	if (s->page.error[0] != '\0')
		fail_msg("round %u, a reader of %s: %s", rounds_tally.rounds,
		    reads[s - all.reader], s->page.error);
	if (s->f.closed || s->f.ended) {
		subscriber_again(s, &world.r, NULL);
		rounds_tally.connections++;
	}
}

void
rounds_read(void)
{
	size_t i;

	for (i = 0; i < READERS; i++)
		if (all.reader[i].f.fd != -1)
			reader_goes_on(&all.reader[i], 0);
}

static void
readers_begin(void)
{
	struct subscriber *s;
	size_t i;

	for (i = 0; i < READERS; i++) {
		s = &all.reader[i];
		subscriber_begin(s, &world.c, reads[i]);
		s->page.may_be_refused = true;
		subscriber_connect(s, &world.r, NULL, NULL);
		assert_true(subscriber_joined(s));
	}
}

/* --- All of them. */

void
rounds_go(void)
{
	struct subscriber *away = &all.reader[READERS - 1];
	size_t i;

	rounds_tally.rounds++;
	subscriber_leave(away, rounds_tally.rounds);
	for (i = 0; i < ROUNDS_ACTS; i++) {
		rounds_acts[i]();
		rounds_read();
	}
	subscriber_again(away, &world.r,
	    rounds_tally.rounds % 2 == 0 ? NULL : "last_event_id");
	reader_goes_on(away, 20);
}

static unsigned
until_published(const char *channel, double end)
{
	char query[32];
	unsigned number;

	(void)snprintf(query, sizeof(query), "channel=%s", channel);
	for (;;) {
		number = checker_event(&world.c, channel, NULL, "settled");
		if (rounds_post(query, number, NULL) == 200)
			return number;
		if (front_now() > end)
			fail_msg("round %u: nothing can be published to %s",
			    rounds_tally.rounds, channel);
		rounds_read();
		(void)poll(NULL, 0, 10);
	}
}

void
rounds_settle(void)
{
	double end = front_now() + PATIENCE / 1e3;
	struct subscriber *s;
	unsigned last[CHANNELS], of;
	size_t i;

	for (i = 0; i < CHANNELS; i++)
		last[i] = until_published(channels[i], end);
	for (i = 0; i < READERS; i++) {
		s = &all.reader[i];
		of = last[i < CHANNELS ? i : CHANNELS - 1];
		while (s->page.events == 0 || s->page.latest < of) {
			reader_goes_on(s, 20);
			if (front_now() > end)
				fail_msg("round %u: event %u does not come to "
					 "a reader of %s, the last was %u",
				    rounds_tally.rounds, of, reads[i],
				    s->page.latest);
		}
	}
}

void
rounds_ticket(double ahead)
{
	char claims[200], token[TOKEN_SIZE];

	(void)snprintf(claims, sizeof(claims),
	    "{\"exp\":%.0f,\"sub\":\"ann\",\"channels\":[\"a\",\"b*\"],"
	    "\"publish\":[\"a\"]}",
	    (double)time(NULL) + ahead + 86400);
	token_make(token, KEY, HS256, claims);
	(void)snprintf(rounds_bearer, sizeof(rounds_bearer), "Bearer %s",
	    token);
}

int
rounds_ask(void)
{
	const char *get[] = {"QUERY_STRING", "channel=a&history=1",
	    "SSE_TICKET", "required", "HTTP_AUTHORIZATION", rounds_bearer,
	    NULL};
	struct front f;
	int status;

	assert_true(front_connect(&f, world.r.address));
	assert_true(front_request(&f, 0, "GET", get));
	assert_true(front_until_text(&f, "\r\n\r\n", PATIENCE));
	status = answer_status(&f);
	front_close(&f);
	return status;
}

static void
make_key(void)
{
	FILE *f;

	(void)snprintf(all.key, sizeof(all.key), "/tmp/sse-fcgi-rounds-%ld.key",
	    (long)getpid());
	(void)unlink(all.key);
	f = fopen(all.key, "we");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(fprintf(f, "HS256 %s\n", KEY) > 0);
	assert_int_equal(fclose(f), 0);
}

void
rounds_begin(const char *const options[])
{
	static const char *const usual[] = {"--interval", "0.05", "--heartbeat",
	    "1", "--feed-grace", "3600", "--drain", "0.1", "--retry", "1",
	    "--ticket-key"};
	size_t n = sizeof(usual) / sizeof(usual[0]), i;

	make_key();
	rounds_ticket(0);
	memcpy(all.options, usual, sizeof(usual));
	all.options[n++] = all.key;
	for (i = 0; options != NULL && options[i] != NULL; i++)
		all.options[n++] = options[i];
	all.options[n] = NULL;
	rounds_tally = (struct rounds_tally){0};
	world.c = (struct checker){0}; /* also after a test that failed */
	(void)world_start_with(all.options);
	assert_true(
	    responder_until_logged(&world.r, "open files allow", 1, PATIENCE));
	(void)status_figure(&world.r, "{\"pid\":");
	readers_begin();
}

void
rounds_again(int signum)
{
	int status;

	assert_int_equal(kill(world.r.pid, signum), 0);
	if (signum == SIGKILL)
		assert_int_equal(waitpid(world.r.pid, &status, 0), world.r.pid);
	else
		assert_int_equal(responder_wait(&world.r, PATIENCE), 0);
	responder_again(&world.r, all.options);
}

void
rounds_end(void)
{
	const char *error;
	size_t i;

	for (i = 0; i < READERS; i++) {
		error = verdict(&all.reader[i].page, true);
		if (error != NULL)
			fail_msg("a reader of %s: %s", reads[i], error);
		rounds_tally.gaps += (unsigned)all.reader[i].page.gaps;
		subscriber_end(&all.reader[i]);
	}
	(void)unlink(all.key);
	print_message("%u rounds, %u events, %u publications answered 200, %u "
		      "503, %u requests cut; %u connections again, %u gaps\n",
	    rounds_tally.rounds, world.c.events, rounds_tally.answered,
	    rounds_tally.refused, rounds_tally.unanswered,
	    rounds_tally.connections, rounds_tally.gaps);
	(void)world_stop(NULL);
}
