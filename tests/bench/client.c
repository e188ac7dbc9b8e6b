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
 * in the last two intervals of it), first_{p50,p99,max} (ms from connect() to
 * the first event), gap1_{p50,p99,max} (ms that the first interval of a stream
 * is off) and jitter_{p50,p99,max} (the same for all later ones that end in the
 * window), cpu (us of CPU per event of the first -p), cpu_all (of all), mem and
 * mem_all (bytes of RssAnon per stream: at the window's start minus before the
 * first connect), per -p cpuN and memN, self (CPUs that the client itself used,
 * 1 is one whole).  With -R: again_s (from the first close until every stream
 * has an event again), again_established, again_refused, again_broken and
 * again_max.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cost.h"
#include "load.h"
#include "option.h"

struct run {
	struct load load;
	bool again, verbose;
	uint64_t window; /* ns */
	struct costs costs;
	double open_s, again_s;
	size_t silent;
};

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
			load->n = (size_t)option_number(optarg, 1, 1e6);
			break;
		case 'r':
			load->rate = option_number(optarg, 0, 1e6);
			break;
		case 'd':
			run->window = option_ns(optarg);
			break;
		case 'i':
			load->interval = option_ns(optarg);
			break;
		case 'w':
			load->patience = option_ns(optarg);
			break;
		case 'P':
			target_param(&load->target, optarg);
			break;
		case 'p':
			costs_add(&run->costs, optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc)
		errx(2, "one TARGET, please; the source says how");
	target_parse(&load->target, argv[optind]);
}

static size_t
count_silent(const struct load *load)
{
	uint64_t late = load_now() - 2 * load->interval;
	size_t n = 0;

	for (size_t i = 0; i < load->n; i++)
		n += load->streams[i].state == LIVE &&
		     load->streams[i].last < late;
	return n;
}

/* Open, settle, watch, and open again if asked to. */
static void
measure(struct run *run)
{
	struct load *load = &run->load;

	costs_begin(&run->costs);
	run->open_s = (double)load_open(load) / LOAD_SECOND;
	if (load->established == 0)
		errx(1,
		    "not one stream came (%zu refused, %zu not 200, "
		    "%zu broken)",
		    load->refused, load->badstatus, load->broken);
	/* First gaps are over by then; none belongs to the window. */
	if (run->window > 0)
		load_run(load, load->interval + load->interval / 2);

	costs_weigh(&run->costs);
	costs_open(&run->costs);
	load->measuring = true;
	load_run(load, run->window);
	load->measuring = false;
	costs_close(&run->costs);
	run->silent = count_silent(load);
}

static void
print_result(struct run *run)
{
	struct load *load = &run->load;

	printf("asked=%zu established=%zu refused=%zu badstatus=%zu broken=%zu"
	       " open_s=%.2f window_s=%.0f events=%ju silent=%zu",
	    load->n, load->established, load->refused, load->badstatus,
	    load->broken, run->open_s, (double)run->window / LOAD_SECOND,
	    (uintmax_t)load->events, run->silent);
	sample_print("first", &load->first);
	sample_print("gap1", &load->gap1);
	sample_print("jitter", &load->jitter);
	costs_print_cpu(&run->costs, "", load->events);
	costs_print_memory(&run->costs, load->established);
	printf(" self=%.2f", costs_self(&run->costs));
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
	for (size_t i = 0; i < run->costs.n; i++)
		fprintf(stderr,
		    "-p number %zu, %zu processes: %.3f s of CPU, "
		    "%.0f KiB more memory.\n",
		    i + 1, run->costs.of[i].group.n,
		    (double)run->costs.of[i].cpu / LOAD_SECOND,
		    (double)run->costs.of[i].memory / 1024);
	if (run->again)
		fprintf(stderr, "All again after %.3f s.\n", run->again_s);
	if (costs_self(&run->costs) > 0.8)
		fprintf(stderr,
		    "The client itself was busy for %.0f %% of the "
		    "window: its times are late.\n",
		    costs_self(&run->costs) * 100);
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
	option_descriptors(load->n);
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
