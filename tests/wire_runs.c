/* SPDX-License-Identifier: ISC */
/*
 * Many runs at once, fed by few, and many readers that come and go: whoever
 * reads a run has all of it, once and in order, to its end, or is told what it
 * lacks, and then is told not to come back.
 *
 * Runs that one may read together are a cohort, with a checker of its own, so
 * that what was checked can be forgotten.  A feeder serves its runs in turn, on
 * one connection, with what is due of each by the clock; a run that is one long
 * feed has a connection and a cohort for itself.  When all runs of a cohort
 * have ended another one takes its place, while its readers go on to the end.
 *
 * RUNS (at once), READERS, LASTS (seconds) and SEED in the environment.
 */
#include "unit.h"

#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include <math.h>
#include <stdbool.h>
#include <unistd.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "verdict.h"
#include "world.h"

#define FEEDERS	 20
#define RATE	 50   /* events a second, of each run */
#define LANES	 5    /* runs of a cohort that go on at a time */
#define TURNS	 3    /* runs of a lane, one behind the other, at most */
#define PACE	 0.2  /* seconds between two bodies for one run, at least */
#define BODY	 200  /* events in one, at most */
#define LONG	 2000 /* bytes of a long event */
#define LEAVES	 20   /* times that a reader leaves, at most */
#define MAX_BODY 65536
#define QUIET	 4 /* events of the channel that is quiet */

enum { STDIN = 5, KEEP = 1 };

struct run {
	char name[32];
	unsigned events; /* that it will have, without its end */
	unsigned made;
	unsigned first; /* the number of the first, of a feed */
};

/* Runs one behind the other. */
struct lane {
	struct run run[TURNS];
	unsigned runs, at;  /* this one goes on; runs: all have ended */
	double began, next; /* when it did, and when the next body may go */
};

/* What an epoll event is for. */
struct source {
	void (*comes)(void *of);
	void *of;
};

/* AWAY: comes at its time, for the first time or once more. */
enum mood { AWAY, READING, OVER };

struct guest {
	struct source source;
	STAILQ_ENTRY(guest) link;
	struct subscriber s;
	struct cohort *of;
	enum mood mood;
	double until; /* it does something else */
	bool steady;  /* it does not */
	unsigned leaves;
};

struct cohort {
	STAILQ_ENTRY(cohort) link;
	struct checker c;
	struct lane lane[LANES];
	unsigned lanes, ended; /* as many lanes are there, have ended */
	STAILQ_HEAD(, guest) guests;
	size_t reading; /* guests that are not over */
	double began;
	bool whole; /* nothing more comes for it */
};

/* A connection that feeds, and what an answer is awaited for. */
struct feeder {
	struct source source;
	struct front f;
	unsigned site, sites, turn; /* it serves those from the first on */
	bool busy;
	struct cohort *cohort;
	struct lane *lane;
	unsigned first, count;
	bool feed, end;
};

/* A place for runs: a feeder's cohort, and then the next one. */
struct site {
	struct cohort *now; /* NULL: none is left */
	struct feeder own;  /* if it is one long feed */
	unsigned left;	    /* cohorts */
};

static struct {
	uint32_t seed;
	int epoll;
	bool tight; /* not all can be held */
	bool big;   /* events are long */
	unsigned runs, readers, lasts, cohorts, names;
	struct feeder feeder[FEEDERS];
	size_t feeders, sites, fed; /* the last sites are fed */
	struct site *site;
	STAILQ_HEAD(, cohort) all;
	struct cohort quiet;
	double now, began;
	size_t empty; /* kilobytes of the program before anybody came */
	size_t events, ends, refused, posts, seen, gaps, left, told;
} all;

static unsigned
below(unsigned n)
{
	return chance(&all.seed) % n;
}

/* In as many seconds, at most. */
static double
within(double seconds)
{
	return all.now + seconds * below(1000) / 1e3;
}

static void
watch(int fd, struct source *source)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = source};

	assert_int_equal(epoll_ctl(all.epoll, EPOLL_CTL_ADD, fd, &ev), 0);
}

/* How long a cohort is fed, if nothing is late. */
static double
life(void)
{
	return (double)all.lasts / all.cohorts;
}

/* Readers. */

static void
guest_connects(struct guest *g)
{
	static const char *const begin[][2] = {{"all", "history"},
	    {"earliest", NULL}, {NULL, NULL}, {"7", "history"}};
	unsigned how = below(g->steady || g->of->lanes == 0 ? 2 : 4);

	/* The earliest is what is held: an end is not, and need not come. */
	if (how == 1 && (all.tight || g->s.page.channels > 1))
		how = 0;
	if (g->s.page.connections > 0)
		subscriber_again(&g->s, &world.r,
		    below(2) == 0 ? NULL : "lastEventId");
	else
		subscriber_connect(&g->s, &world.r, begin[how][0],
		    begin[how][1]);
	watch(g->s.f.fd, &g->source);
	g->mood = READING;
	g->until = within(1.5);
}

static void guest_comes(struct cohort *);

/* The stream has ended, or it was told that none will ever be. */
static void
guest_is_told(struct guest *g)
{
	if (!g->s.page.over)
		fail_msg("a stream ended of which there is more");
	if (!g->s.page.fresh) {
		guest_connects(g);
		return;
	}
	subscriber_cut(&g->s);
	g->mood = OVER;
	g->of->reading--;
	all.told++;
	if (!g->of->whole)
		guest_comes(g->of);
}

static void
guest_reads(void *of)
{
	struct guest *g = of;

	(void)subscriber_read(&g->s, 0);
	if (g->s.page.error[0] != '\0')
		fail_msg("a reader: %s", g->s.page.error);
	if (g->s.f.ended)
		guest_is_told(g);
	else
		assert_false(g->s.f.closed);
}

static void
guest_leaves(struct guest *g)
{
	subscriber_leave(&g->s, below(UINT16_MAX));
	g->mood = AWAY;
	g->leaves++;
	all.left++;
	g->until = within(below(6) == 0 ? life() / 2 : 0.2);
}

/* Its time has come to do something else. */
static void
guest_changes(struct guest *g)
{
	if (g->mood == AWAY && (all.now >= g->until || g->of->whole))
		guest_connects(g);
	else if (g->mood == READING && !g->steady && all.now >= g->until &&
		 g->leaves < LEAVES)
		guest_leaves(g);
}

static void
add_name(char *to, const char *name)
{
	if (*to != '\0')
		(void)strcat(to, " ");
	(void)strcat(to, name);
}

/* One run, or a lane's, or those of all lanes. */
static void
choose(const struct cohort *co, char *names)
{
	unsigned only = below(co->lanes + 1), i, k, how = below(10);
	const struct lane *l;

	*names = '\0';
	if (only == co->lanes)
		only = 0;
	l = &co->lane[only];
	if (co->lanes == 0)
		add_name(names, "quiet");
	else if (how < 6)
		add_name(names, l->run[below(l->runs)].name);
	else
		for (i = 0; i < co->lanes; i++)
			for (k = 0; k < co->lane[i].runs; k++)
				if (how == 9 || i == only)
					add_name(names,
					    co->lane[i].run[k].name);
}

/* Two of ten stay from the beginning to the end, and one comes behind it. */
static void
guest_comes(struct cohort *co)
{
	struct guest *g = no_less(calloc(1, sizeof(*g)));
	char names[LANES * TURNS * sizeof(co->lane[0].run[0].name) + 8];
	unsigned how = below(10);

	g->source = (struct source){guest_reads, g};
	g->of = co;
	g->steady = how < 2 && all.now - co->began < 0.01;
	g->until = g->steady ? all.now :
		   how == 9  ? (double)INFINITY :
			       within(life());
	choose(co, names);
	subscriber_begin(&g->s, &co->c, names);
	STAILQ_INSERT_TAIL(&co->guests, g, link);
	co->reading++;
	if (g->steady)
		guest_connects(g);
}

/* Cohorts. */

static void
lane_begins(struct lane *l, double seconds)
{
	unsigned events = (unsigned)(seconds * RATE), i;

	l->runs = 1 + below(TURNS);
	for (i = 0; i < l->runs; i++) {
		struct run *r = &l->run[i];

		(void)snprintf(r->name, sizeof(r->name), "run-%u/%c",
		    all.names++, 'a' + (char)i);
		r->events = i + 1 < l->runs ? below(events) : events;
		events -= r->events;
	}
	l->began = all.now;
	l->next = within(PACE);
}

static void
cohort_begins(struct cohort *co, unsigned lanes, unsigned guests)
{
	STAILQ_INIT(&co->guests);
	STAILQ_INSERT_TAIL(&all.all, co, link);
	co->lanes = lanes;
	co->began = all.now;
	for (lanes = 0; lanes < co->lanes; lanes++)
		lane_begins(&co->lane[lanes], life());
	while (guests-- > 0)
		guest_comes(co);
}

/* Another cohort, or none, if there were as many as there are to be. */
static void
site_begins(struct site *p)
{
	bool fed = p >= all.site + all.sites - all.fed;

	p->now = NULL;
	if (p->left == 0)
		return;
	p->left--;
	p->now = no_less(calloc(1, sizeof(*p->now)));
	cohort_begins(p->now, fed ? 1 : LANES,
	    fed ? 4 :
		  (all.readers - 4 * (unsigned)all.fed) /
		      (unsigned)(all.sites - all.fed));
}

/* What has ended takes no more, and what was erased is not there. */
static void
run_is_erased(struct cohort *co, const struct run *r)
{
	char query[QUERY_SIZE], method[] = "REQUEST_METHOD";
	const char *more[] = {method, "DELETE", NULL};
	struct front f;

	if (below(8) == 0)
		assert_int_equal(try_publish(&world.r, &co->c,
				     checker_event(&co->c, r->name, NULL, "x"),
				     0),
		    409);
	(void)query_channel(query, r->name, true);
	post(&f, &world.r, &(struct post){.query = query, .more = more});
	assert_int_equal(answer_status(&f), 200);
	front_close(&f);
}

static void
check_guest(struct guest *g)
{
	const char *error = verdict(&g->s.page, true);
	bool spared = !all.tight || g->steady || g->of->lanes == 0;
	size_t i;

	if (error != NULL)
		fail_msg("a reader of %s%s: %s",
		    g->of->c.channel[g->s.page.channel[0]].name,
		    g->steady ? ", who did not leave" : "", error);
	assert_int_equal(g->s.page.false_gaps, 0);
	if (spared && g->s.page.gaps > 0)
		fail_msg("a gap for a reader of %s, %s",
		    g->of->c.channel[g->s.page.channel[0]].name,
		    g->steady ? "who did not leave" : "of which all is held");
	for (i = 0; i < g->s.page.gaps; i++)
		assert_true(g->s.page.gap[i].has_channel); /* overflow */
	all.seen += g->s.page.events;
	all.gaps += g->s.page.gaps;
}

/* All its readers were told that nothing more comes. */
static void
cohort_ends(struct cohort *co)
{
	struct guest *g;
	unsigned i, k;

	STAILQ_REMOVE(&all.all, co, cohort, link);
	while ((g = STAILQ_FIRST(&co->guests)) != NULL) {
		check_guest(g);
		STAILQ_REMOVE_HEAD(&co->guests, link);
		subscriber_end(&g->s);
		free(g);
	}
	for (i = 0; i < co->lanes && !all.tight; i++)
		for (k = 0; k < co->lane[i].runs; k++)
			run_is_erased(co, &co->lane[i].run[k]);
	checker_free(&co->c);
	if (co != &all.quiet)
		free(co);
}

static void
cohorts_go_on(void)
{
	struct cohort *co, *next;
	struct guest *g;

	for (co = STAILQ_FIRST(&all.all); co != NULL; co = next) {
		next = STAILQ_NEXT(co, link);
		STAILQ_FOREACH (g, &co->guests, link)
			guest_changes(g);
		if (co->whole && co->reading == 0)
			cohort_ends(co);
	}
}

/* Feeders. */

/* As many events are due by now. */
static unsigned
due(const struct lane *l)
{
	const struct run *r = &l->run[l->at];
	unsigned n = (unsigned)((all.now - l->began) * RATE), most;

	n = n < r->events ? n : r->events;
	n = n > r->made ? n - r->made : 0;
	most = all.big ? MAX_BODY / 2 / LONG : BODY;
	return n < most ? n : most;
}

/* Is that all that the run will have? */
static bool
is_all(const struct lane *l, unsigned n)
{
	return l->run[l->at].made + n == l->run[l->at].events;
}

static void
make_events(struct cohort *co, struct run *r, unsigned n, bool mute)
{
	static const char token[] = "the quick brown fox jumps over the lazy";
	static const char *const types[] = {NULL, NULL, NULL, "token", "a b"};
	char rest[LONG];

	memset(rest, '.', sizeof(rest));
	for (; n > 0; n--, r->made++) {
		(void)snprintf(rest, sizeof(rest), "%s",
		    token + below(sizeof(token) - 1));
		if (all.big) {
			rest[strlen(rest)] = ' ';
			rest[sizeof(rest) - 1] = '\0';
		}
		(void)checker_event(&co->c, r->name,
		    mute ? NULL : types[below(LENGTH(types))], rest);
	}
}

/* The next of what the lane has. */
static void
make_body(struct feeder *f, unsigned n)
{
	struct run *r = &f->lane->run[f->lane->at];

	f->first = f->cohort->c.events;
	make_events(f->cohort, r, n, n == 1);
	f->end = r->made == r->events && (n == 0 || below(3) > 0);
	if (f->end)
		(void)checker_end(&f->cohort->c, r->name);
	f->count = n + f->end;
	checker_sent(&f->cohort->c, f->first, f->count);
}

/* Every fourth body is a feed's, and some are one event without a format. */
static void
feeder_sends(struct feeder *f, unsigned n)
{
	char query[QUERY_SIZE + 32];
	struct bytes text = {0};
	struct post what = {.query = query, .type = "text/event-stream"};
	size_t len;

	make_body(f, n);
	f->feed = n > 0 && below(4) == 0;
	if (n > 0)
		batch_text(&text, &f->cohort->c, f->first, n);
	what.body = text.at;
	what.len = text.len;
	what.piece = f->feed ? 1 + below(2000) : 0;
	if (n == 0 || (n == 1 && !f->feed)) {
		what.type = NULL;
		what.body = f->cohort->c.event[f->first].data;
		what.len = f->cohort->c.event[f->first].len;
	}
	len = query_channel(query, f->lane->run[f->lane->at].name, true);
	(void)snprintf(query + len, sizeof(query) - len, "%s%s",
	    f->feed ? "&feed=1" : "", f->end ? "&end=1" : "");
	assert_true(post_head(&f->f, KEEP, &what) && post_body(&f->f, &what));
	free(text.at);
	f->busy = true;
	all.posts++;
}

static struct site *
site_of(const struct cohort *co)
{
	struct site *p = all.site;

	while (p->now != co)
		p++;
	return p;
}

/* The lane goes on with its next run, or else the site, with a cohort. */
static void
run_ended(struct cohort *co, struct lane *l)
{
	all.ends++;
	l->began = l->next = all.now;
	if (++l->at < l->runs || ++co->ended < co->lanes)
		return;
	co->whole = true;
	site_begins(site_of(co));
}

/* The engine had no room: once more, as other events. */
static void
is_refused(struct feeder *f)
{
	checker_refused(&f->cohort->c, f->first);
	f->lane->run[f->lane->at].made -= f->count - f->end;
	all.refused++;
}

static void
feeder_reads(void *of)
{
	struct feeder *f = of;
	char id[48];

	(void)front_read(&f->f, 0);
	assert_false(f->f.closed);
	if (!f->f.ended)
		return;
	answer_id(&f->f, id);
	f->busy = false;
	if (answer_status(&f->f) == 200) {
		checker_acknowledged(&f->cohort->c, f->first, id);
		all.events += f->count - f->end;
		if (f->end)
			run_ended(f->cohort, f->lane);
	} else if (answer_status(&f->f) == 503 && !f->feed)
		is_refused(f);
	else
		fail_msg("a feeder is told: %s", f->f.text);
	front_next(&f->f, (uint16_t)(f->f.id % 30000 + 2));
}

/* The next of its lanes of which something is due. */
static void
feeder_goes_on(struct feeder *f)
{
	unsigned lanes = f->sites * LANES, tried, n;
	bool is_last;

	for (tried = 0; tried < lanes && !f->busy; tried++) {
		unsigned i = f->turn++ % lanes;

		f->cohort = all.site[f->site + i / LANES].now;
		if (f->cohort == NULL)
			continue;
		f->lane = &f->cohort->lane[i % LANES];
		if (f->lane->at == f->lane->runs || all.now < f->lane->next)
			continue;
		n = due(f->lane);
		is_last = is_all(f->lane, n);
		f->lane->next = is_last ? all.now : all.now + PACE;
		if (n > 0 || is_last)
			feeder_sends(f, n);
	}
}

/* One long feed: its answer is here, and tells the last one's id, the end's. */
static void
feed_is_answered(void *of)
{
	struct feeder *f = of;
	char id[48];

	(void)front_read(&f->f, 0);
	if (!f->f.ended) {
		assert_false(f->f.closed);
		return;
	}
	if (answer_status(&f->f) != 200)
		fail_msg("a feed is told: %s", f->f.text);
	answer_id(&f->f, id);
	front_close(&f->f);
	checker_joined(&f->cohort->c, f->first, f->count);
	checker_acknowledged(&f->cohort->c, f->first, id);
	all.events += f->count - 1;
	f->busy = false;
	run_ended(f->cohort, f->lane);
}

static void
feed_begins(struct feeder *f)
{
	char query[QUERY_SIZE + 32];
	size_t len = query_channel(query, f->lane->run[f->lane->at].name, true);

	(void)snprintf(query + len, sizeof(query) - len, "&feed=1&end=1");
	f->source = (struct source){feed_is_answered, f};
	assert_true(front_connect(&f->f, world.r.address));
	assert_true(post_head(&f->f, 0,
	    &(struct post){.query = query, .type = "text/event-stream"}));
	watch(f->f.fd, &f->source);
	f->busy = true;
	f->end = false;
	f->first = f->cohort->c.events;
	f->count = 0;
}

/* What is due, and the body's end once all of it was. */
static void
feed_sends(struct feeder *f)
{
	struct run *r = &f->lane->run[f->lane->at];
	struct checker *c = &f->cohort->c;
	unsigned n = due(f->lane), number = c->events;
	struct post what = {.piece = 1 + below(200)};
	struct bytes text = {0};
	size_t at, len;

	bytes_add(&text, NULL, 0);
	make_events(f->cohort, r, n, false);
	batch_text(&text, c, number, n);
	f->end = r->made == r->events;
	if (f->end)
		(void)checker_end(c, r->name);
	f->count += n + f->end;
	for (; number < c->events; number++)
		checker_sent(c, number, 1);
	for (at = 0; at < text.len; at += len) {
		len = text.len - at < what.piece ? text.len - at : what.piece;
		assert_true(
		    front_record(&f->f, STDIN, f->f.id, text.at + at, len, 0));
	}
	if (f->end)
		assert_true(front_record(&f->f, STDIN, f->f.id, NULL, 0, 0));
	free(text.at);
	all.posts += f->end;
}

static void
feed_goes_on(struct site *p)
{
	struct feeder *f = &p->own;

	if (p->now == NULL)
		return;
	if (!f->busy) {
		f->cohort = p->now;
		f->lane = p->now->lane;
		feed_begins(f);
	}
	if (!f->end && all.now >= f->lane->next) {
		f->lane->next = all.now + PACE / 10;
		feed_sends(f);
	}
}

/* All of it. */

static void
turn(void)
{
	static double came;
	struct epoll_event ev[256];
	int n = epoll_wait(all.epoll, ev, LENGTH(ev), 5), i;
	struct source *s;

	all.now = front_now();
	if (n > 0 || came < all.began)
		came = all.now;
	if (all.now - came > PATIENCE / 1e3)
		fail_msg("nothing comes any more");
	for (i = 0; i < n; i++) {
		s = ev[i].data.ptr;
		s->comes(s->of);
	}
}

static void
feeders_go_on(void)
{
	size_t i;

	for (i = 0; i < all.feeders; i++)
		feeder_goes_on(&all.feeder[i]);
	for (i = all.sites - all.fed; i < all.sites; i++)
		feed_goes_on(&all.site[i]);
}

static unsigned
number_from(const char *variable, unsigned standard)
{
	const char *value = getenv(variable);

	return value == NULL ? standard : (unsigned)strtoul(value, NULL, 10);
}

static void
numbers_are_set(bool tight, bool big)
{
	memset(&all, 0, sizeof(all));
	STAILQ_INIT(&all.all);
	all.tight = tight;
	all.big = big;
	all.runs = number_from("RUNS", slow(1) > 1 ? 20 : 100);
	all.readers = number_from("READERS", 2 * all.runs);
	all.lasts = number_from("LASTS", 2);
	all.seed = number_from("SEED", 20261127);
	all.cohorts = all.lasts < 20 ? 2 : all.lasts / 10;
}

static void
feeders_begin(void)
{
	unsigned groups = all.runs / LANES, i;
	struct feeder *f;

	all.feeders = groups < FEEDERS ? groups : FEEDERS;
	all.fed = groups / 4;
	all.sites = groups + all.fed;
	all.site = no_less(calloc(all.sites, sizeof(*all.site)));
	for (i = 0; i < all.sites; i++) {
		all.site[i].left = all.cohorts;
		all.site[i].own.f.fd = -1;
		site_begins(&all.site[i]);
	}
	for (i = 0; i < all.feeders; i++) {
		f = &all.feeder[i];
		f->site = (unsigned)(groups * i / all.feeders);
		f->sites = (unsigned)(groups * (i + 1) / all.feeders) - f->site;
		f->source = (struct source){feeder_reads, f};
		assert_true(front_connect(&f->f, world.r.address));
		watch(f->f.fd, &f->source);
	}
}

/* Kilobytes of the program, from the kernel. */
static size_t
kilobytes(const char *of)
{
	char path[64], line[128];
	size_t kb = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status",
	    (long)world.r.pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, of, strlen(of)) == 0)
			kb = strtoul(line + strlen(of), NULL, 10);
	(void)fclose(file);
	return kb;
}

/* It has a few events, and readers who must find them. */
static void
quiet_begins(void)
{
	unsigned i;

	STAILQ_INIT(&all.quiet.guests);
	for (i = 0; i < QUIET; i++)
		publish(&world.r, &all.quiet.c,
		    checker_event(&all.quiet.c, "quiet", NULL, "still here"));
	all.empty = kilobytes("VmHWM:");
	cohort_begins(&all.quiet, 0, 10);
}

static void
everyone_begins(void)
{
	struct rlimit files;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	print_message("SEED=%u RUNS=%u READERS=%u LASTS=%u\n", all.seed,
	    all.runs, all.readers, all.lasts);
	all.epoll = epoll_create1(EPOLL_CLOEXEC);
	all.now = all.began = front_now();
	quiet_begins();
	feeders_begin();
}

static bool
is_fed(void)
{
	size_t i;

	for (i = 0; i < all.sites; i++)
		if (all.site[i].now != NULL)
			return true;
	return false;
}

/* Seconds of the processor that it had. */
static double
busy(void)
{
	char path[64], line[512] = "", *p;
	unsigned long user = 0, kernel = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)world.r.pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	(void)fclose(file);
	p = strrchr(line, ')');
	assert_non_null(p);
	(void)sscanf(p + 2,
	    "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
	    &kernel);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* Under a sanitizer or a tool it is theirs. */
static bool
memory_counts(void)
{
	return slow(1) == 1 && kilobytes("VmPeak:") < (size_t)1 << 30;
}

/*
 * Kilobytes, of which all events would take some four times as many: a short
 * one costs 200 bytes.
 */
static unsigned
budget(void)
{
	return all.runs * RATE * all.lasts * (all.big ? LONG + 200 : 200) / 4 /
	       1024;
}

/*
 * Of the budget an eighth is the allocator's; bodies that are not whole have
 * theirs; each stream has its part, and each channel.
 */
static void
check_memory(void)
{
	size_t most = all.empty + budget() * 9 / 8 + 16 * MAX_BODY / 1024 +
		      4 * (size_t)all.readers + all.names;

	if (kilobytes("VmHWM:") > most)
		fail_msg("%zu KB, not up to %zu", kilobytes("VmHWM:"), most);
}

static void
check_figures(double fed)
{
	double lost = status_figure(&world.r, "\"gaps\":{\"overflow\":");

	assert_true(status_until(&world.r, "\"streams\":", 0));
	FIGURE("\"events_published\":", (double)(all.events + QUIET));
	if (all.tight) {
		assert_true(all.gaps > 0 && lost >= (double)all.gaps);
		FIGURE("\"deleted\":", 0);
	} else
		assert_true(lost == 0);
	if (all.tight && memory_counts())
		check_memory();
	print_message("%zu events in %.1f s, %.0f/s, by %zu posts (%zu "
		      "refused), %zu runs; %zu seen, %.0f/s, %zu gaps; left "
		      "%zu times; %zu told to stay away; %.1f s of the "
		      "processor, peak %zu KB\n",
	    all.events, fed, (double)all.events / fed, all.posts, all.refused,
	    all.ends, all.seen, (double)all.seen / fed, all.gaps, all.left,
	    all.told, busy(), kilobytes("VmHWM:"));
}

static void
runs_go_on(void)
{
	double fed;
	size_t i;

	while (is_fed()) {
		feeders_go_on();
		turn();
		cohorts_go_on();
	}
	fed = all.now - all.began;
	publish(&world.r, &all.quiet.c, checker_end(&all.quiet.c, "quiet"));
	all.quiet.whole = true;
	while (!STAILQ_EMPTY(&all.all)) {
		turn();
		cohorts_go_on();
	}
	check_figures(fed);
	for (i = 0; i < all.feeders; i++)
		front_close(&all.feeder[i].f);
	free(all.site);
	(void)close(all.epoll);
}

static void
no_reader_of_a_run_lacks_anything(void **state)
{
	(void)state;
	everyone_begins();
	runs_go_on();
}

static void
what_a_reader_lacks_it_is_told(void **state)
{
	(void)state;
	everyone_begins();
	runs_go_on();
}

static void
memory_stays_within_its_budget(void **state)
{
	if (getenv("PLAIN") == NULL) {
		(void)status_figure(&world.r, "\"streams\":"); /* it is there */
		skip();
	}
	what_a_reader_lacks_it_is_told(state);
}

static int
start_roomy(void **state)
{
	(void)state;
	numbers_are_set(false, false);
	return world_start_with((const char *[]){"--channel",
	    "run-:history=1000000,age=3600,bytes=1G", "--history-bytes", "1G",
	    "--max-channels", "100000", "--heartbeat", "3600", NULL});
}

static int
start_with_budget(bool big)
{
	char bytes[32];

	numbers_are_set(true, big);
	(void)snprintf(bytes, sizeof(bytes), "%uK", budget());
	return world_start_with((const char *[]){"--channel",
	    "run-:history=300,age=60,bytes=64K", "--history-bytes", bytes,
	    "--max-event", "4096", "--max-body", "64K", "--max-channels",
	    "100000", "--heartbeat", "3600", NULL});
}

static int
start_tight(void **state)
{
	(void)state;
	return start_with_budget(false);
}

/* The same with the plain program, and events that are what it holds. */
static int
start_plain(void **state)
{
	(void)state;
	if (getenv("PLAIN") != NULL)
		(void)setenv("PROGRAM", getenv("PLAIN"), 1);
	return start_with_budget(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(no_reader_of_a_run_lacks_anything,
		start_roomy, world_stop),
	    cmocka_unit_test_setup_teardown(what_a_reader_lacks_it_is_told,
		start_tight, world_stop),
	    cmocka_unit_test_setup_teardown(memory_stays_within_its_budget,
		start_plain, world_stop),
	};

	return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
