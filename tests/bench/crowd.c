/* SPDX-License-Identifier: ISC */
/*
 * More streams than one process may open: a child for each of several
 * responders reads the streams there, and all get each event.
 *
 *	crowd [-n streams] [-r connects/s] [-d seconds] [-i interval]
 *	    [-P NAME=VALUE]... -u POST TARGET...
 *
 * At each TARGET are -n streams.  When all have come, an event is posted every
 * interval, for -d seconds.  TARGET, -P and POST are as with fan.
 *
 * It prints asked, established, badstatus and broken (as client does), posted
 * (events), events (deliveries), lost (holes and repeats in the numbers that
 * streams got), short (streams that do not have the last one at the end),
 * delay_p50 and delay_p99 (ms from the POST until a stream had it, that of the
 * slowest responder), delay_max, and self (CPUs that the clients used).
 */
#include <sys/wait.h>

#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "load.h"
#include "option.h"
#include "post.h"

enum { TARGETS_MAX = 8, HISTORY = 2 };

struct result {
	size_t established, badstatus, broken, lacking;
	uint64_t events, lost;
	double p50, p99, max; /* ms */
	double cpu;	      /* seconds */
};

/* A child, as its parent sees it. */
struct side {
	pid_t pid;
	int says;  /* what it says is read here: it is ready, its result */
	int hears; /* when the number of the last event is written, it ends */
};

struct crowd {
	struct load load;
	struct post post;
	struct side side[TARGETS_MAX];
	size_t sides;
	uint64_t duration, interval; /* ns */
	const char *url;
};

static void
say(int fd, const void *what, size_t len)
{
	if (write(fd, what, len) != (ssize_t)len)
		err(1, "write");
}

static void
hear(int fd, void *what, size_t len)
{
	if (read(fd, what, len) != (ssize_t)len)
		errx(1, "a client has ended");
}

/* --- The child. */

static bool
is_said(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static size_t
lacking(const struct load *load, uint64_t last)
{
	size_t n = 0;

	for (size_t i = 0; i < load->n; i++)
		n += load->streams[i].state == LIVE &&
		     load->streams[i].next != last + 1;
	return n;
}

static void
read_all(struct load *load, int says, int hears)
{
	struct result r = {0};
	struct timespec cpu;
	uint64_t last;

	option_descriptors(load->n);
	load_init(load);
	load_open(load);
	r.established = load->established;
	load->measuring = true;
	say(says, &r.established, sizeof r.established);
	while (!is_said(hears))
		load_turn(load, 100);
	hear(hears, &last, sizeof last);
	r.badstatus = load->badstatus;
	r.broken = load->broken;
	r.lacking = lacking(load, last);
	r.events = load->events;
	r.lost = load->holes + load->repeats;
	r.p50 = sample_ms(&load->delay, 50);
	r.p99 = sample_ms(&load->delay, 99);
	r.max = sample_ms(&load->delay, 100);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	r.cpu = (double)cpu.tv_sec + (double)cpu.tv_nsec / LOAD_SECOND;
	say(says, &r, sizeof r);
	load_free(load);
}

/* --- The parent. */

static void
begin(struct crowd *crowd, struct side *side, const char *url)
{
	int says[2], hears[2];

	if (pipe(says) == -1 || pipe(hears) == -1 || (side->pid = fork()) == -1)
		err(1, "fork");
	if (side->pid == 0) {
		close(says[0]);
		close(hears[1]);
		target_parse(&crowd->load.target, url);
		read_all(&crowd->load, says[1], hears[0]);
		exit(0);
	}
	close(says[1]);
	close(hears[0]);
	side->says = says[0];
	side->hears = hears[1];
}

static void
wait_until(uint64_t when)
{
	struct timespec ts = {(time_t)(when / LOAD_SECOND),
	    (long)(when % LOAD_SECOND)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0)
		continue;
}

static void
publish(struct crowd *crowd)
{
	uint64_t next = load_now(), end = next + crowd->duration;

	for (; next < end; next += crowd->interval) {
		wait_until(next);
		post_some(&crowd->post, 1);
	}
	/* What is still on its way by then is short. */
	wait_until(load_now() + 3 * (uint64_t)LOAD_SECOND);
}

static void
add(struct result *sum, const struct result *r)
{
	sum->established += r->established;
	sum->badstatus += r->badstatus;
	sum->broken += r->broken;
	sum->lacking += r->lacking;
	sum->events += r->events;
	sum->lost += r->lost;
	sum->p50 = r->p50 > sum->p50 ? r->p50 : sum->p50;
	sum->p99 = r->p99 > sum->p99 ? r->p99 : sum->p99;
	sum->max = r->max > sum->max ? r->max : sum->max;
	sum->cpu += r->cpu;
}

static void
finish(struct crowd *crowd, double seconds)
{
	uint64_t last = crowd->post.sent;
	struct result sum = {0}, r;

	for (size_t i = 0; i < crowd->sides; i++)
		say(crowd->side[i].hears, &last, sizeof last);
	for (size_t i = 0; i < crowd->sides; i++) {
		hear(crowd->side[i].says, &r, sizeof r);
		add(&sum, &r);
		waitpid(crowd->side[i].pid, NULL, 0);
	}
	printf("asked=%zu established=%zu badstatus=%zu broken=%zu posted=%ju"
	       " events=%ju lost=%ju short=%zu delay_p50=%.3f delay_p99=%.3f"
	       " delay_max=%.3f self=%.2f\n",
	    crowd->sides * crowd->load.n, sum.established, sum.badstatus,
	    sum.broken, (uintmax_t)last - HISTORY, (uintmax_t)sum.events,
	    (uintmax_t)sum.lost, sum.lacking, sum.p50, sum.p99, sum.max,
	    sum.cpu / seconds);
}

static void
options(struct crowd *crowd, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "n:r:d:i:P:u:")) != -1) {
		switch (c) {
		case 'n':
			crowd->load.n = (size_t)option_number(optarg, 1, 1e5);
			break;
		case 'r':
			crowd->load.rate = option_number(optarg, 0, 1e6);
			break;
		case 'd':
			crowd->duration = option_ns(optarg);
			break;
		case 'i':
			crowd->interval = option_ns(optarg);
			break;
		case 'P':
			target_param(&crowd->load.target, optarg);
			break;
		case 'u':
			crowd->url = optarg;
			break;
		default:
			exit(2);
		}
	}
	crowd->sides = (size_t)(argc - optind);
	if (crowd->url == NULL || crowd->sides < 1 ||
	    crowd->sides > TARGETS_MAX)
		errx(2, "-u POST and up to %d TARGET; the source says how",
		    TARGETS_MAX);
}

int
main(int argc, char **argv)
{
	static struct crowd crowd = {
	    .load = {.n = 1,
		.rate = 2000,
		.patience = 10 * (uint64_t)LOAD_SECOND},
	    .duration = 20 * (uint64_t)LOAD_SECOND,
	    .interval = LOAD_SECOND,
	};
	uint64_t start = load_now();
	size_t came;

	options(&crowd, argc, argv);
	post_init(&crowd.post, crowd.url, 1);
	post_some(&crowd.post, HISTORY); /* for all streams to begin with */
	for (size_t i = 0; i < crowd.sides; i++)
		begin(&crowd, &crowd.side[i], argv[optind + (int)i]);
	for (size_t i = 0; i < crowd.sides; i++)
		hear(crowd.side[i].says, &came, sizeof came);
	publish(&crowd);
	finish(&crowd, (double)(load_now() - start) / LOAD_SECOND);
	return 0;
}
