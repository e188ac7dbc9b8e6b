/* SPDX-License-Identifier: ISC */
/*
 * Killed again and again while it is published to: what was answered 200 is
 * there, in its order and once, and what was answered otherwise is not.  Of
 * what was not answered either all is there or nothing; what has a key is sent
 * until it is answered, and is there once.  A channel whose end was answered
 * has ended.
 *
 * A life lasts some hundredths of a second, its start included.  In some of
 * them a reader asks for all that there ever was before it is published to.
 *
 * SEED and KILLS in the environment.
 */
#include "unit.h"

#include <sys/epoll.h>
#include <sys/wait.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <unistd.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "verdict.h"
#include "world.h"

#define CHANNELS   5
#define PUBLISHERS 6
#define READERS	   10
#define BATCH	   40  /* events sent as one, at most */
#define LIFE	   120 /* milliseconds, at most */
#define RUNS	   30  /* channels that end with their only event */

static const char all_channels[] = "k0 k1 k2 k3 k4";
static const char *const options[] = {"--history", "1000000", "--history-age",
    "0", "--history-bytes", "1G", "--drain", "0.1", NULL};

struct publisher {
	struct front f;
	bool busy;	/* an answer is awaited: */
	unsigned first; /* to the event with this number */
	unsigned n;	/* and those behind it */
	char query[80];
	bool keyed; /* it is sent until there is an answer */
	bool again; /* as has been done */
};

static struct {
	uint32_t seed;
	int epoll;
	struct publisher publisher[PUBLISHERS];
	struct subscriber reader[READERS]; /* the last reads all channels */
	unsigned runs, run[RUNS];	   /* the number of each one's event */
	unsigned answered, unanswered, refused, retried;
	unsigned ended, checked; /* lives, in order, and looked at */
} kill9;

static unsigned
below(unsigned n)
{
	return chance(&kill9.seed) % n;
}

static void
watch(int fd, void *what)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = what};

	assert_int_equal(epoll_ctl(kill9.epoll, EPOLL_CTL_ADD, fd, &ev), 0);
}

/* The socket is held, so this never fails. */
static void
publisher_connects(struct publisher *p)
{
	front_close(&p->f);
	p->busy = false;
	assert_true(front_connect(&p->f, world.r.address));
	watch(p->f.fd, p);
}

/* A text that is mostly short. */
static const char *
draw_text(void)
{
	static char rest[3000];

	memset(rest, 'r', sizeof(rest));
	rest[below(20) == 0 ? below(sizeof(rest)) : below(100)] = '\0';
	return rest;
}

/* Some events for a channel, or for two. */
static void
make_events(struct publisher *p)
{
	unsigned one = below(CHANNELS),
		 other = below(4) == 0 ? below(CHANNELS) : one, i, number;
	char channel[4] = {'k', (char)('0' + one), '\0'},
	     also[4] = {'k', (char)('0' + other), '\0'};

	p->n = below(3) == 0 ? 2 + below(BATCH - 1) : 1;
	for (i = 0; i < p->n; i++) {
		number = checker_event(&world.c, channel,
		    p->n > 1 && i % 2 == 0 ? "t" : NULL, draw_text());
		if (other != one)
			checker_also(&world.c, number, also);
	}
	(void)sprintf(p->query, "channel=%s", channel);
	if (other != one)
		(void)sprintf(p->query + strlen(p->query), "&channel=%s", also);
}

/* One, behind which its channel ends. */
static void
make_run(struct publisher *p)
{
	char channel[8];

	(void)sprintf(channel, "e%u", kill9.runs);
	(void)sprintf(p->query, "channel=%s&end=1", channel);
	kill9.run[kill9.runs++] = p->first;
	(void)checker_event(&world.c, channel, NULL, draw_text());
	(void)checker_end(&world.c, channel);
	p->n = 1;
}

/* One event, or a text/event-stream of several. */
static void
publisher_posts(struct publisher *p)
{
	struct post what = {.query = p->query,
	    .body = world.c.event[p->first].data,
	    .len = world.c.event[p->first].len};
	struct bytes text = {0};

	if (p->n > 1) {
		batch_text(&text, &world.c, p->first, p->n);
		what.type = "text/event-stream";
		what.body = text.at;
		what.len = text.len;
	}
	p->busy = true;
	/* Whether it was taken, the answer says, or that there is none. */
	(void)(post_head(&p->f, p - kill9.publisher < PUBLISHERS / 2, &what) &&
	       post_body(&p->f, &what));
	free(text.at);
}

static void
publisher_sends(struct publisher *p)
{
	p->first = world.c.events;
	if (below(8) == 0 && kill9.runs < RUNS)
		make_run(p);
	else
		make_events(p);
	p->keyed = below(2) == 0;
	p->again = false;
	if (p->keyed)
		(void)sprintf(p->query + strlen(p->query), "&key=%u", p->first);
	checker_sent(&world.c, p->first, world.c.events - p->first);
	publisher_posts(p);
}

/* The same once more: it may be there already. */
static void
publisher_tries_again(struct publisher *p)
{
	kill9.retried++;
	p->again = true;
	publisher_posts(p);
}

/* Half of the publishers keep their connection. */
static void
publisher_is_answered(struct publisher *p)
{
	int status = answer_status(&p->f);
	char id[48];

	if (status == 200) {
		answer_id(&p->f, id);
		checker_acknowledged(&world.c, p->first, id);
		kill9.answered++;
	} else if (status == 503 && !p->again) {
		checker_refused(&world.c, p->first);
		kill9.refused++;
	} else if (status != 504 && status != 503)
		fail_msg("a publisher is told: %s", p->f.text);
	p->busy = false;
	if (p - kill9.publisher < PUBLISHERS / 2)
		front_next(&p->f, (uint16_t)(p->f.id + 2));
	else
		publisher_connects(p);
	if (p->keyed && status != 200 && (status == 504 || p->again))
		publisher_tries_again(p);
}

static void
publisher_reads(struct publisher *p)
{
	bool busy;

	(void)front_read(&p->f, 0);
	if (p->busy && p->f.ended)
		publisher_is_answered(p);
	if (!p->f.closed)
		return;
	busy = p->busy;
	publisher_connects(p);
	if (busy && p->keyed)
		publisher_tries_again(p);
	else
		kill9.unanswered += busy;
}

static void
reader_reads(struct subscriber *s)
{
	(void)subscriber_read(s, 0);
	if (s->page.error[0] != '\0')
		fail_msg("a reader: %s", s->page.error);
	if (!s->f.closed)
		return;
	subscriber_again(s, &world.r, NULL);
	watch(s->f.fd, s);
}

/* What comes within ms, and no more than once round. */
static void
turn(int ms)
{
	struct epoll_event ev[32];
	int n = epoll_wait(kill9.epoll, ev, LENGTH(ev), ms), i;
	char *what, *first = (char *)kill9.publisher;

	for (i = 0; i < n; i++) {
		what = ev[i].data.ptr;
		if (what >= first && what < first + sizeof(kill9.publisher))
			publisher_reads(ev[i].data.ptr);
		else
			reader_reads(ev[i].data.ptr);
	}
}

static void
publish_on(bool more)
{
	struct publisher *p;

	for (p = kill9.publisher; more && p < kill9.publisher + PUBLISHERS; p++)
		if (!p->busy)
			publisher_sends(p);
	turn(2);
}

/* Until nobody waits for an answer. */
static void
all_are_answered(void)
{
	double end = front_now() + PATIENCE / 1e3;
	unsigned i, busy;

	do {
		turn(2);
		assert_true(front_now() < end);
		for (i = 0, busy = 0; i < PUBLISHERS; i++)
			busy += kill9.publisher[i].busy;
	} while (busy > 0);
}

/* What is not there now, and was not answered, may not come later. */
static void
forget_the_rest(void)
{
	unsigned i;

	checker_order(&world.c);
	for (i = 0; i < world.c.events; i += world.c.event[i].count)
		if (world.c.event[i].state == SENT) {
			unsigned j, n = world.c.event[i].count;
			bool seen = false;

			for (j = i; j < i + n; j++)
				seen |= world.c.event[j].has_id;
			if (!seen)
				checker_refused(&world.c, i);
		}
}

/* What ended, and was answered, has ended, with all that there was. */
static void
look_at_runs(void)
{
	struct subscriber s;
	char query[24];
	struct post more = {.query = query, .body = "more", .len = 4};
	struct front f;
	unsigned i;

	for (i = 0; i < kill9.runs; i++) {
		if (world.c.event[kill9.run[i]].state != ACKNOWLEDGED)
			continue;
		(void)sprintf(query, "channel=e%u", i);
		post(&f, &world.r, &more);
		assert_int_equal(answer_status(&f), 409);
		front_close(&f);
		subscriber_begin(&s, &world.c, strchr(query, '=') + 1);
		subscriber_connect(&s, &world.r, "earliest", NULL);
		if (!subscriber_over(&s))
			fail_msg("e%u has not ended: %s", i, s.page.error);
		assert_int_equal(s.page.gaps, 0);
		subscriber_check(&s, true);
		subscriber_end(&s);
	}
}

/* One who asks for all gets all, and each steady reader lacks nothing. */
static void
look_at_all(void)
{
	static const char *const names[] = {"k0", "k1", "k2", "k3", "k4"};
	struct subscriber s;
	size_t i;

	all_are_answered();
	for (i = 0; i < LENGTH(names); i++)
		publish_some(names[i], 1);
	subscriber_begin(&s, &world.c, all_channels);
	subscriber_connect(&s, &world.r, "earliest", NULL);
	if (!subscriber_until_number(&s, world.c.events - 1))
		fail_msg("not all came: %s", s.page.error);
	assert_int_equal(s.page.gaps, 0);
	subscriber_check(&s, true);
	subscriber_end(&s);
	look_at_runs();
	forget_the_rest();
	kill9.checked++;
}

/* Its end: mostly by kill -9, whatever it does just now. */
static void
end_this_life(void)
{
	int status;

	if (below(8) != 0) {
		assert_int_equal(kill(world.r.pid, SIGKILL), 0);
		assert_int_equal(waitpid(world.r.pid, &status, 0), world.r.pid);
		assert_true(WIFSIGNALED(status));
		return;
	}
	(void)status_figure(&world.r, "{\"pid\":"); /* it is there */
	assert_int_equal(kill(world.r.pid, SIGTERM), 0);
	while (waitpid(world.r.pid, &status, WNOHANG) == 0)
		publish_on(true);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	kill9.ended++;
}

static void
live(void)
{
	double end;

	if (below(3) == 0)
		look_at_all();
	end = front_now() + slow((int)below(LIFE)) / 1e3;
	while (front_now() < end)
		publish_on(true);
	end_this_life();
	responder_again(&world.r, options);
}

static void
all_begin(void)
{
	unsigned i;

	kill9.epoll = epoll_create1(EPOLL_CLOEXEC);
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < READERS; i++) {
		struct subscriber *s = &kill9.reader[i];
		char one[4] = {'k', (char)('0' + i % CHANNELS), '\0'};

		subscriber_begin(s, &world.c,
		    i > CHANNELS ? all_channels : one);
		subscriber_connect(s, &world.r, NULL, NULL);
		assert_true(subscriber_joined(s));
		watch(s->f.fd, s);
	}
	for (i = 0; i < PUBLISHERS; i++) {
		kill9.publisher[i].f.fd = -1;
		publisher_connects(&kill9.publisher[i]);
	}
}

/* Each reader has the last event of its last channel. */
static void
all_end(void)
{
	double end = front_now() + PATIENCE / 1e3;
	unsigned i, missing, first = world.c.events - CHANNELS;
	struct subscriber *s;

	do {
		turn(5);
		assert_true(front_now() < end);
		for (i = 0, missing = 0; i < READERS; i++) {
			s = &kill9.reader[i];
			missing +=
			    s->page.latest !=
			    first + s->page.channel[s->page.channels - 1];
		}
	} while (missing > 0);
	for (i = 0; i < READERS; i++) {
		s = &kill9.reader[i];
		subscriber_check(s, true);
		assert_int_equal(s->page.gaps, 0);
		subscriber_end(s);
	}
	for (i = 0; i < PUBLISHERS; i++)
		front_close(&kill9.publisher[i].f);
	(void)close(kill9.epoll);
}

static int
first_word(void *to, int columns, char *values[], char *names[])
{
	(void)columns;
	(void)names;
	(void)snprintf(to, 100, "%s", values[0]);
	return 0;
}

static void
the_file_is_whole(void)
{
	char path[128], said[100] = "";
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/events.db", world.r.dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA integrity_check", first_word,
			     said, NULL),
	    SQLITE_OK);
	assert_string_equal(said, "ok");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
what_was_answered_outlives_every_kill(void **state)
{
	unsigned kills = number_from("KILLS", slow(1) > 1 ? 2 : 3), i;

	(void)state;
	kill9.seed = number_from("SEED", 20261127);
	print_message("SEED=%u KILLS=%u\n", kill9.seed, kills);
	for (i = 0; i < CHANNELS; i++) {
		char name[4] = {'k', (char)('0' + i), '\0'};

		assert_int_equal(checker_channel(&world.c, name), i);
	}
	all_begin();
	for (i = 0; i < kills; i++)
		live();
	look_at_all();
	all_end();
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	the_file_is_whole();
	print_message("%u events; %u publications answered, %u not, %u "
		      "refused, %u sent again; %u channels ended; %u lives "
		      "ended in order, %u were looked at\n",
	    world.c.events, kill9.answered, kill9.unanswered, kill9.refused,
	    kill9.retried, kill9.runs, kill9.ended, kill9.checked);
	assert_true(kill9.answered > 0);
}

static int
start(void **state)
{
	(void)state;
	(void)setenv("STORE", "1", 1);
	return world_start_with(options);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_was_answered_outlives_every_kill, start, world_stop),
	};

	return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
