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

#include <sys/resource.h>

#include <stdbool.h>
#include <unistd.h>

#include "runs.h"
#include "runs_feeders.h"

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

/*
 * Under a sanitizer or a tool it is theirs.  A sanitizer has addresses of its
 * own: an eighth of all where those have 32 bits, and never less than 1 TB
 * where 64.
 */
static bool
memory_counts(void)
{
	return slow(1) == 1 && kilobytes("VmPeak:") <
				   (size_t)1 << (sizeof(void *) > 4 ? 30 : 19);
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
 * theirs; each stream has its part, and each channel; and SQLite its pages.
 */
static void
check_memory(void)
{
	size_t most = all.empty + budget() * 9 / 8 + 16 * MAX_BODY / 1024 +
		      4 * (size_t)all.readers + all.names +
		      (getenv("STORE") != NULL ? 4096 : 0);

	if (kilobytes("VmHWM:") > most)
		fail_msg("%zu KB, not up to %zu", kilobytes("VmHWM:"), most);
}

static void
check_figures(double fed)
{
	double lost = status_figure(&world.r, "\"gaps\":{\"overflow\":");

	assert_true(status_until(&world.r, "\"streams\":", 0));
	FIGURE("\"events_published\":", (double)(all.events + QUIET));
	assert_true(status_figure(&world.r, "\"stalled\":") >=
		    (double)all.shed); /* and for nothing else */
	if (all.tight) {
		assert_true(all.gaps > 0 && lost >= (double)all.gaps);
		FIGURE("\"deleted\":", 0);
	} else
		assert_true(lost == 0);
	if (all.tight && memory_counts())
		check_memory();
	print_message("%zu events in %.1f s, %.0f/s, by %zu posts (%zu "
		      "refused), %zu runs; %zu seen, %.0f/s, %zu gaps; left "
		      "%zu times; %zu shed; %zu told to stay away; %.1f s of "
		      "the processor, peak %zu KB\n",
	    all.events, fed, (double)all.events / fed, all.posts, all.refused,
	    all.ends, all.seen, (double)all.seen / fed, all.gaps, all.left,
	    all.shed, all.told, busy(), kilobytes("VmHWM:"));
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
