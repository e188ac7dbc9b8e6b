/* SPDX-License-Identifier: ISC */
/*
 * Many at once: streams of many channels, some slow, some that leave and come
 * back, and several publishers, some of which die; everything that anyone saw
 * is checked.
 *
 * SEED and EVENTS in the environment set the storm's.
 */
#include "unit.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <stdbool.h>
#include <unistd.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "verdict.h"
#include "world.h"

#define READERS	   500
#define CHANNELS   50
#define PUBLISHERS 6
#define BATCH	   40 /* events sent as one, at most */

enum { STDIN = 5 };

enum mood { READING, SLOW, AWAY };

/* A reader, and what it does until so many events are published. */
struct guest {
	struct subscriber s;
	enum mood mood;
	unsigned until;
};

struct publisher {
	struct front f;
	bool busy;	/* an answer is awaited: */
	unsigned first; /* to the event with this number */
};

static struct storm {
	int epoll;
	uint32_t seed;
	unsigned events;   /* to be published, the last ones not counted */
	unsigned answered; /* or given up */
	struct guest guest[READERS];
	struct publisher publisher[PUBLISHERS];
	char name[CHANNELS][16];
	unsigned slow, away; /* how often someone was that */
} storm;

static unsigned
below(unsigned n)
{
	return chance(&storm.seed) % n;
}

/* As many as x events are published between now and then. */
static unsigned
after(unsigned x)
{
	return world.c.events + 1 + below(x);
}

static void
watch(int fd, uint32_t events, void *what)
{
	struct epoll_event ev = {.events = events, .data.ptr = what};

	assert_int_equal(epoll_ctl(storm.epoll, EPOLL_CTL_ADD, fd, &ev), 0);
}

/* Data of one line or of several, mostly short. */
static const char *
some_text(bool lines)
{
	static const char *const ends[] = {"\n", "\r", "\r\n", "\n\n", " : ",
	    "\xc3\xa9", "data: x"};
	static char text[8300];
	size_t len = below(50) == 0 ? below(8000) : below(150), i;

	for (i = 0; i < len; i++)
		text[i] = (char)('a' + (i * 7 + len) % 26);
	text[len] = '\0';
	if (lines && below(4) == 0)
		(void)strcat(text, ends[below(LENGTH(ends))]);
	return text;
}

static void
publisher_connects(struct publisher *p)
{
	assert_true(front_connect(&p->f, world.r.address));
	watch(p->f.fd, EPOLLIN, p);
}

/* n new events of the channel, and what their publication is. */
static void
make_events(struct publisher *p, const char *channel, unsigned n,
    struct bytes *text, struct post *what)
{
	static const char *const types[] = {NULL, NULL, "tick", "a b"};
	unsigned i;

	p->first = world.c.events;
	for (i = 0; i < n; i++)
		(void)checker_event(&world.c, channel,
		    n > 1 ? types[below(4)] : NULL, some_text(true));
	checker_sent(&world.c, p->first, n);
	what->body = world.c.event[p->first].data;
	what->len = world.c.event[p->first].len;
	if (n > 1) {
		batch_text(text, &world.c, p->first, n);
		what->type = "text/event-stream";
		what->body = text->at;
		what->len = text->len;
	}
}

/* It will never know whether its events are there, if they were whole. */
static void
publisher_dies(struct publisher *p)
{
	front_close(&p->f);
	publisher_connects(p);
	p->busy = false;
	storm.answered += world.c.event[p->first].count;
}

/* Some die in the middle of the body, and some when all of it is sent. */
static void
publish_next(struct publisher *p, const char *channel, unsigned n)
{
	struct bytes text = {0};
	struct post what = {.body = NULL};
	char query[64];
	unsigned fate = below(60);

	(void)snprintf(query, sizeof(query), "channel=%s", channel);
	what.query = query;
	make_events(p, channel, n, &text, &what);
	p->busy = true;
	assert_true(
	    post_head(&p->f, p - storm.publisher < PUBLISHERS / 2, &what));
	if (fate == 0) {
		checker_refused(&world.c, p->first);
		(void)front_record(&p->f, STDIN, p->f.id, what.body,
		    what.len < 60000 ? what.len : 60000, 0);
	} else
		assert_true(post_body(&p->f, &what));
	if (fate < 2)
		publisher_dies(p);
	free(text.at);
}

/* Half of the publishers keep their connection. */
static void
publisher_reads(struct publisher *p)
{
	char id[48];

	(void)front_read(&p->f, 0);
	if (!p->f.ended) {
		assert_false(p->f.closed);
		return;
	}
	if (answer_status(&p->f) != 200)
		fail_msg("a publisher is told: %s", p->f.text);
	answer_id(&p->f, id);
	checker_acknowledged(&world.c, p->first, id);
	storm.answered += world.c.event[p->first].count;
	p->busy = false;
	if (p - storm.publisher < PUBLISHERS / 2) {
		front_next(&p->f, (uint16_t)(p->f.id + 2));
		return;
	}
	front_close(&p->f);
	publisher_connects(p);
}

static void
guest_connects(struct guest *g)
{
	static const char *const by[] = {NULL, "last_event_id", "lastEventId"};

	if (g->s.page.connections == 0)
		subscriber_connect(&g->s, &world.r, NULL, NULL);
	else
		subscriber_again(&g->s, &world.r, by[below(3)]);
	watch(g->s.f.fd, EPOLLIN, g);
	g->mood = READING;
}

/* Anything may have been read of the last event, or of several. */
static void
guest_leaves(struct guest *g)
{
	subscriber_cut(&g->s);
	g->mood = AWAY;
	storm.away++;
}

static void
guest_stops_reading(struct guest *g)
{
	assert_int_equal(epoll_ctl(storm.epoll, EPOLL_CTL_DEL, g->s.f.fd, NULL),
	    0);
	g->mood = SLOW;
	storm.slow++;
}

/* Its time has come to do something else. */
static void
guest_changes(struct guest *g)
{
	if (g->mood == AWAY || (g->mood == SLOW && below(3) == 0)) {
		guest_connects(g);
		g->until = after(storm.events / 10);
	} else if (g->mood == SLOW) {
		watch(g->s.f.fd, EPOLLIN, g);
		g->mood = READING;
		g->until = after(storm.events / 10);
	} else if (below(4) == 0) {
		guest_stops_reading(g);
		g->until = after(storm.events / 3);
	} else {
		guest_leaves(g);
		g->until = after(
		    below(3) == 0 ? storm.events / 5 : storm.events / 100);
	}
}

/* Two of five stay and read all the time. */
static bool
is_steady(const struct guest *g)
{
	return (g - storm.guest) % 5 < 2;
}

static void
guest_reads(struct guest *g)
{
	(void)subscriber_read(&g->s, 0);
	if (g->s.page.error[0] != '\0')
		fail_msg("a reader: %s", g->s.page.error);
	assert_false(g->s.f.closed);
}

/* One turn: whoever has something to read reads. */
static void
turn(void)
{
	struct epoll_event ev[64];
	char *first = (char *)storm.publisher, *what;
	int n = epoll_wait(storm.epoll, ev, LENGTH(ev), PATIENCE), i;

	assert_in_range(n, 1, LENGTH(ev));
	for (i = 0; i < n; i++) {
		what = ev[i].data.ptr;
		if (what >= first && what < first + sizeof(storm.publisher))
			publisher_reads(ev[i].data.ptr);
		else
			guest_reads(ev[i].data.ptr);
	}
}

static void
publishers_go_on(void)
{
	struct publisher *p;
	unsigned left, n;

	for (p = storm.publisher; p < storm.publisher + PUBLISHERS; p++) {
		left = storm.events - world.c.events;
		if (p->busy || left == 0)
			continue;
		n = below(4) == 0 ? 1 + below(BATCH) : 1;
		publish_next(p, storm.name[below(CHANNELS)],
		    n < left ? n : left);
	}
}

static void
guests_change(void)
{
	struct guest *g;

	for (g = storm.guest; g < storm.guest + READERS; g++)
		if (!is_steady(g) && world.c.events >= g->until)
			guest_changes(g);
}

/* One to all channels, more often few. */
static void
guest_begins(struct guest *g)
{
	char names[CHANNELS * 16] = "";
	unsigned n = 1 + below(1 + below(CHANNELS)), from = below(CHANNELS), i;

	for (i = 0; i < n; i++) {
		(void)strcat(names, i == 0 ? "" : " ");
		(void)strcat(names, storm.name[(from + i * 3) % CHANNELS]);
	}
	subscriber_begin(&g->s, &world.c, names);
	guest_connects(g);
	g->until = after(storm.events / 10);
}

/* The number of the event after which nothing comes for it. */
static unsigned
last_for(const struct guest *g, unsigned first)
{
	unsigned last = 0;
	size_t i;

	for (i = 0; i < g->s.page.channels; i++)
		if (g->s.page.channel[i] > last)
			last = g->s.page.channel[i];
	return first + last;
}

/* An event more for each channel, and everyone reads until it is here. */
static void
the_storm_ends(void)
{
	double end = front_now() + 3 * PATIENCE / 1e3;
	unsigned first = world.c.events, i, missing;
	struct guest *g;

	/* With an answer, what the dead have sent is behind us too. */
	(void)status_figure(&world.r, "\"streams\":");
	for (i = 0; i < CHANNELS; i++)
		publish(&world.r, &world.c,
		    checker_event(&world.c, storm.name[i], NULL, "last"));
	for (g = storm.guest; g < storm.guest + READERS; g++)
		if (g->mood == AWAY)
			guest_connects(g);
		else if (g->mood == SLOW)
			watch(g->s.f.fd, EPOLLIN, g);
	do {
		turn();
		missing = 0;
		for (g = storm.guest; g < storm.guest + READERS; g++)
			missing += g->s.page.latest != last_for(g, first);
		if (front_now() > end)
			fail_msg("%u readers lack the last events", missing);
	} while (missing > 0);
}

static void
check_guest(struct guest *g)
{
	const char *error = verdict(&g->s.page, true);

	if (error != NULL)
		fail_msg("reader %d: %s", (int)(g - storm.guest), error);
	assert_int_equal(g->s.page.false_gaps, 0);
	if (is_steady(g))
		assert_int_equal(g->s.page.gaps, 0);
}

/* As many were acknowledged. */
static unsigned
published(void)
{
	unsigned i, n = 0;

	for (i = 0; i < world.c.events; i++)
		n += world.c.event[i].state == ACKNOWLEDGED;
	return n;
}

static void
check_all(void)
{
	size_t seen = 0, gaps = 0, late = 0;
	struct guest *g;

	for (g = storm.guest; g < storm.guest + READERS; g++) {
		check_guest(g);
		seen += g->s.page.events;
		gaps += g->s.page.gaps;
		late += g->s.page.short_gaps;
	}
	assert_in_range(status_figure(&world.r, "\"events_published\":"),
	    published(), world.c.events);
	assert_true(status_figure(&world.r, "\"streams\":") == READERS);
	assert_true(status_figure(&world.r, "\"events_sent\":") >=
		    (double)(seen + gaps));
	assert_true(
	    status_figure(&world.r, "\"gaps\":{\"overflow\":") >= (double)gaps);
	print_message("%zu events seen, %zu gaps (%zu short); %u times slow, "
		      "%u away\n",
	    seen, gaps, late, storm.slow, storm.away);
	/* A storm in which nobody lost anything has tested less. */
	assert_true(gaps > 0 || storm.events < 10000);
}

static void
the_storm_begins(void)
{
	struct guest *g;
	struct publisher *p;
	unsigned i;

	storm.seed = number_from("SEED", 20261123);
	storm.events = number_from("EVENTS", slow(1) > 1 ? 2000 : 30000);
	print_message("SEED=%u EVENTS=%u\n", storm.seed, storm.events);
	storm.epoll = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < CHANNELS; i++) {
		(void)snprintf(storm.name[i], sizeof(storm.name[i]), "ch-%u",
		    i);
		assert_int_equal(checker_channel(&world.c, storm.name[i]), i);
	}
	for (g = storm.guest; g < storm.guest + READERS; g++)
		guest_begins(g);
	for (p = storm.publisher; p < storm.publisher + PUBLISHERS; p++)
		publisher_connects(p);
}

static void
everyone_gets_all_or_is_told(void **state)
{
	struct guest *g;
	struct publisher *p;

	(void)state;
	the_storm_begins();
	while (storm.answered < storm.events) {
		publishers_go_on();
		turn();
		guests_change();
	}
	for (p = storm.publisher; p < storm.publisher + PUBLISHERS; p++)
		front_close(&p->f);
	the_storm_ends();
	check_all();
	for (g = storm.guest; g < storm.guest + READERS; g++)
		subscriber_end(&g->s);
	(void)close(storm.epoll);
}

static int
start(void **state)
{
	(void)state;
	return world_start_with(
	    (const char *[]){"--history", "40", "--stall", "3600", NULL});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(everyone_gets_all_or_is_told, start,
		world_stop),
	};

	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
