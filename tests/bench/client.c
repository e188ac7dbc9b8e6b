/* SPDX-License-Identifier: ISC */
/*
 * A load client for event streams, one thread over epoll.  It opens N streams
 * at a given rate, lets one interval and a half go by, and then watches for a
 * while: events, intervals, and the CPU time and memory of given processes.
 *
 *	client [-Rv] [-n streams] [-r connects/s] [-d seconds] [-i interval]
 *	    [-w seconds] [-P NAME=VALUE]... [-p pid[,pid...]]... TARGET
 *
 * TARGET is http://127.0.0.1:PORT/path, fcgi:unix:/path or fcgi:host:port.
 * The first -p is the responder, each further one another part of the chain;
 * a pid stands for itself and its descendants.  -R: at the end all streams
 * are closed and opened again at once.  -w: how long to wait for streams that
 * do not come, counted from the last one that did.  -P: a FastCGI parameter.
 *
 * It prints one line of key=value: asked, established (a 200 and an event),
 * refused (connects that found a full backlog; tried again after 1 ms),
 * badstatus (responses other than 200), broken (streams ended by the peer,
 * badstatus included), open_s (from the first connect to the last stream's
 * first event), window_s, events (in that window), silent (streams without any
 * in it), first_{p50,p99,max} (ms from connect() to the first event),
 * gap1_{p50,p99,max} (ms that the first interval of a stream is off) and
 * jitter_{p50,p99,max} (the same for all later ones that end in the window),
 * cpu (us of CPU per event of the first -p), cpu_all (of all), mem and mem_all
 * (bytes of RssAnon per stream: at the window's start minus before the first
 * connect), per -p cpuN and memN, self (CPUs that the client itself used, 1 is
 * one whole).  With -R: again_s (from the first close until every stream has an
 * event again), again_established, again_refused, again_broken and again_max.
 */
#include <sys/resource.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "load.h"
#include "proc.h"

enum { GROUPS_MAX = 8 };

/* What the processes had used when the window opened, then what within it. */
struct cost {
	struct proc_group group;
	int64_t memory;
	uint64_t cpu;
};

struct run {
	struct load load;
	bool again, verbose;
	uint64_t window; /* ns */
	struct cost costs[GROUPS_MAX];
	size_t n_costs;
	double open_s, again_s, self;
};

static double
number(const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= min && value <= max))
		errx(2, "not a number from %g to %g: %s", min, max, text);
	return value;
}

static uint64_t
nanoseconds(const char *text)
{
	return (uint64_t)(number(text, 0, 3600) * LOAD_SECOND);
}

static void
options(struct run *run, int argc, char **argv)
{
	struct load *load = &run->load;
	int c;

	while ((c = getopt(argc, argv, "Rvn:r:d:i:w:P:p:")) != -1) {
		switch (c) {
		case 'R':
			run->again = true;
			break;
		case 'v':
			run->verbose = true;
			break;
		case 'n':
			load->n = (size_t)number(optarg, 1, 1e6);
			break;
		case 'r':
			load->rate = number(optarg, 0, 1e6);
			break;
		case 'd':
			run->window = nanoseconds(optarg);
			break;
		case 'i':
			load->interval = nanoseconds(optarg);
			break;
		case 'w':
			load->patience = nanoseconds(optarg);
			break;
		case 'P':
			target_param(&load->target, optarg);
			break;
		case 'p':
			if (run->n_costs == GROUPS_MAX)
				errx(2, "more than %d -p", GROUPS_MAX);
			proc_group_add(&run->costs[run->n_costs++].group,
			    optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc)
		errx(2, "one TARGET, please; the source says how");
	target_parse(&load->target, argv[optind]);
}

static void
raise_descriptors(size_t needed)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "setrlimit");
	if (needed + 8 > limit.rlim_max)
		errx(1, "%zu streams need more than the %ju open files allowed",
		    needed, (uintmax_t)limit.rlim_max);
}

static uint64_t
self_cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * LOAD_SECOND + (uint64_t)ts.tv_nsec;
}

/* Open, settle, watch, and open again if asked to. */
static void
measure(struct run *run)
{
	struct load *load = &run->load;
	struct cost *cost, *end = run->costs + run->n_costs;
	uint64_t self;

	for (cost = run->costs; cost < end; cost++)
		cost->memory = -proc_group_memory(&cost->group);
	run->open_s = (double)load_open(load) / LOAD_SECOND;
	if (load->established == 0)
		errx(1,
		    "not one stream came (%zu refused, %zu not 200, "
		    "%zu broken)",
		    load->refused, load->badstatus, load->broken);
	/* First gaps are over by then; none belongs to the window. */
	if (run->window > 0)
		load_run(load, load->interval + load->interval / 2);

	for (cost = run->costs; cost < end; cost++) {
		cost->memory += proc_group_memory(&cost->group);
		cost->cpu = proc_group_cpu(&cost->group);
	}
	self = self_cpu();
	load->measuring = true;
	load_run(load, run->window);
	load->measuring = false;
	run->self = (double)(self_cpu() - self) / (double)(run->window + 1);
	for (cost = run->costs; cost < end; cost++)
		cost->cpu = proc_group_cpu(&cost->group) - cost->cpu;
}

static void
print_spread(const char *name, struct sample *sample)
{
	printf(" %s_p50=%.2f %s_p99=%.2f %s_max=%.2f", name,
	    sample_ms(sample, 50), name, sample_ms(sample, 99), name,
	    sample_ms(sample, 100));
}

static void
print_costs(const struct run *run)
{
	const struct load *load = &run->load;
	double events = load->events > 0 ? (double)load->events : 1;
	double cpu = 0, cpu_all = 0, mem = 0, mem_all = 0;

	for (size_t i = run->n_costs; i-- > 0; cpu_all += cpu, mem_all += mem) {
		cpu = (double)run->costs[i].cpu / 1000 / events;
		mem = (double)run->costs[i].memory / (double)load->established;
		printf(" cpu%zu=%.3f mem%zu=%.0f", i + 1, cpu, i + 1, mem);
	}
	printf(" cpu=%.3f cpu_all=%.3f mem=%.0f mem_all=%.0f self=%.2f", cpu,
	    cpu_all, mem, mem_all, run->self);
}

static void
print_result(struct run *run)
{
	struct load *load = &run->load;
	size_t silent = 0;

	for (size_t i = 0; i < load->n; i++)
		silent += load->streams[i].state == LIVE &&
			  load->streams[i].in_window == 0;
	printf("asked=%zu established=%zu refused=%zu badstatus=%zu broken=%zu"
	       " open_s=%.2f window_s=%.0f events=%ju silent=%zu",
	    load->n, load->established, load->refused, load->badstatus,
	    load->broken, run->open_s, (double)run->window / LOAD_SECOND,
	    (uintmax_t)load->events, silent);
	print_spread("first", &load->first);
	print_spread("gap1", &load->gap1);
	print_spread("jitter", &load->jitter);
	print_costs(run);
}

static void
open_again(struct run *run)
{
	struct load *load = &run->load;
	uint64_t start = load_now();

	load_close(load);
	load->rate = 0;
	load_open(load);
	run->again_s = (double)(load->progress - start) / LOAD_SECOND;
	printf(" again_s=%.3f again_established=%zu again_refused=%zu"
	       " again_broken=%zu again_max=%.2f",
	    run->again_s, load->established, load->refused, load->broken,
	    sample_ms(&load->first, 100));
}

static void
explain(const struct run *run)
{
	const struct load *load = &run->load;

	fprintf(stderr,
	    "%zu of %zu streams came, the last after %.2f s; "
	    "then %ju events in %.0f s.\n",
	    load->established, load->n, run->open_s, (uintmax_t)load->events,
	    (double)run->window / LOAD_SECOND);
	for (size_t i = 0; i < run->n_costs; i++)
		fprintf(stderr,
		    "-p number %zu, %zu processes: %.3f s of CPU, "
		    "%.0f KiB more memory.\n",
		    i + 1, run->costs[i].group.n,
		    (double)run->costs[i].cpu / LOAD_SECOND,
		    (double)run->costs[i].memory / 1024);
	if (run->again)
		fprintf(stderr, "All again after %.3f s.\n", run->again_s);
	if (run->self > 0.8)
		fprintf(stderr,
		    "The client itself was busy for %.0f %% of the "
		    "window: its times are late.\n",
		    run->self * 100);
}

int
main(int argc, char **argv)
{
	static struct run run = {
	    .load = {.n = 1,
		.rate = 2000,
		.interval = 2 * LOAD_SECOND,
		.patience = 10 * (uint64_t)LOAD_SECOND},
	    .window = 10 * (uint64_t)LOAD_SECOND,
	};
	struct load *load = &run.load;

	options(&run, argc, argv);
	raise_descriptors(load->n);
	load_init(load);
	sample_reserve(&load->first, load->n);
	sample_reserve(&load->gap1, load->n);
	sample_reserve(&load->jitter,
	    load->n * (size_t)(run.window / (load->interval + 1) + 2));
	measure(&run);
	print_result(&run);
	if (run.again)
		open_again(&run);
	putchar('\n');
	if (run.verbose)
		explain(&run);
	load_free(load);
	return 0;
}
