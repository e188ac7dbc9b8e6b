/* SPDX-License-Identifier: ISC */
/*
 * One channel's fan-out: N streams and their publisher, in one thread, so that
 * it is known when an event has reached all.
 *
 *	fan [-n streams] [-r connects/s] [-e events] [-g seconds] [-d seconds]
 *	    [-w window] [-P NAME=VALUE]... [-p pid[,pid...]]... -u POST TARGET
 *
 * First events are published to nobody, to fill the history.  Then the streams
 * are opened and "each" begins: -e events one by one, with the pause -g between
 * the last stream's having one and the next.  Then "flat" begins: for -d
 * seconds there are always -w events on their way, never more.  TARGET and -p
 * are as with client, POST is where to publish (post.h).
 *
 * It prints one line of key=value: asked, established, broken (all as client
 * does), lost (holes and repeats in the numbers that streams got; with a window
 * over 1 the publisher's own connections may change places), each_events
 * (deliveries), each_cpu and each_cpu_all (us of CPU a delivery),
 * last_{p50,p99,max} (ms from sending the POST to the last stream's having the
 * event), any_{p50,p99,max} (the same of all streams), mem and mem_all (bytes
 * of RssAnon per stream, the history not counted), flat_events, flat_rate
 * (deliveries a second), flat_cpu, flat_cpu_all and flat_self.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cost.h"
#include "load.h"
#include "option.h"
#include "post.h"

enum { HISTORY = 150, WINDOW_MAX = POST_CONNS / 2 };

/* An event on its way. */
struct flight {
	uint64_t sent;
	size_t left; /* streams that do not have it */
};

struct fan {
	struct load load; /* first: what heard() gets is cast to this */
	struct post post;
	struct costs costs;
	struct flight flights[WINDOW_MAX]; /* by number */
	uint64_t first;	 /* the oldest on its way, or else the next */
	uint64_t landed; /* when the newest did that is not any more */
	size_t window, events;
	uint64_t heard;		  /* deliveries */
	uint64_t pause, duration; /* ns */
	struct sample last;
	bool each;
};

static struct flight *
flight(struct fan *fan, uint64_t number)
{
	return &fan->flights[number % WINDOW_MAX];
}

static uint64_t
flying(const struct fan *fan)
{
	return fan->post.sent + 1 - fan->first;
}

static void
heard(struct load *load, const struct parser *p)
{
	struct fan *fan = (struct fan *)load;
	struct flight *f = flight(fan, p->number);

	if (p->number < fan->first || p->number > fan->post.sent)
		return;
	fan->heard++;
	if (f->left == 0 || --f->left > 0)
		return;
	if (fan->each)
		sample_add(&fan->last, load->at - f->sent);
	fan->landed = load->at;
	while (flying(fan) > 0 && flight(fan, fan->first)->left == 0)
		fan->first++;
}

static bool
publish(struct fan *fan)
{
	struct flight *f = flight(fan, fan->post.sent + 1);
	uint64_t now = load_now();

	if (!post_send(&fan->post, now))
		return false;
	*f = (struct flight){.sent = now, .left = fan->load.live};
	return true;
}

static void
turn(struct fan *fan)
{
	load_turn(&fan->load, 1);
	post_turn(&fan->post, 0);
	if (flying(fan) > 0 && load_now() > fan->landed + fan->load.patience)
		errx(1,
		    "an event did not reach %zu of %zu streams (%zu broken)",
		    flight(fan, fan->first)->left, fan->load.established,
		    fan->load.broken);
}

static void
each(struct fan *fan)
{
	fan->each = fan->load.measuring = true;
	fan->heard = 0;
	costs_open(&fan->costs);
	for (size_t i = 0; i < fan->events; i++) {
		load_run(&fan->load, fan->pause);
		fan->landed = load_now();
		publish(fan);
		while (flying(fan) > 0)
			turn(fan);
	}
	load_run(&fan->load, fan->pause);
	costs_close(&fan->costs);
	fan->each = fan->load.measuring = false;
	costs_weigh(&fan->costs);
	printf(" each_events=%ju", (uintmax_t)fan->heard);
	costs_print_cpu(&fan->costs, "each_", fan->heard);
	sample_print("last", &fan->last);
	sample_print("any", &fan->load.delay);
	costs_print_memory(&fan->costs, fan->load.established);
}

static void
flat(struct fan *fan)
{
	uint64_t start = load_now(), end = start + fan->duration;

	fan->heard = 0;
	fan->landed = start;
	costs_open(&fan->costs);
	while (load_now() < end) {
		while (flying(fan) < fan->window && publish(fan))
			continue;
		turn(fan);
	}
	costs_close(&fan->costs);
	printf(" flat_events=%ju flat_rate=%.0f", (uintmax_t)fan->heard,
	    (double)fan->heard * LOAD_SECOND / (double)fan->costs.window);
	costs_print_cpu(&fan->costs, "flat_", fan->heard);
	printf(" flat_self=%.2f", costs_self(&fan->costs));
}

static void
options(struct fan *fan, int argc, char **argv)
{
	const char *post = NULL;
	int c;

	while ((c = getopt(argc, argv, "n:r:e:g:d:w:P:p:u:")) != -1) {
		switch (c) {
		case 'n':
			fan->load.n = (size_t)option_number(optarg, 1, 1e6);
			break;
		case 'r':
			fan->load.rate = option_number(optarg, 0, 1e6);
			break;
		case 'e':
			fan->events = (size_t)option_number(optarg, 0, 1e6);
			break;
		case 'g':
			fan->pause = option_ns(optarg);
			break;
		case 'd':
			fan->duration = option_ns(optarg);
			break;
		case 'w':
			fan->window =
			    (size_t)option_number(optarg, 1, WINDOW_MAX);
			break;
		case 'P':
			target_param(&fan->load.target, optarg);
			break;
		case 'p':
			costs_add(&fan->costs, optarg);
			break;
		case 'u':
			post = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || post == NULL)
		errx(2, "-u POST and one TARGET, please; the source says how");
	target_parse(&fan->load.target, argv[optind]);
	post_init(&fan->post, post, 2 * fan->window);
}

int
main(int argc, char **argv)
{
	static struct fan fan = {
	    .load = {.n = 1,
		.rate = 2000,
		.patience = 10 * (uint64_t)LOAD_SECOND,
		.heard = heard},
	    .window = 1,
	    .events = 20,
	    .pause = LOAD_SECOND / 4,
	    .duration = 10 * (uint64_t)LOAD_SECOND,
	};
	struct load *load = &fan.load;

	options(&fan, argc, argv);
	option_descriptors(load->n);
	load_init(load);
	sample_reserve(&load->delay, load->n * fan.events);
	post_some(&fan.post, HISTORY);
	fan.first = fan.post.sent + 1;
	costs_begin(&fan.costs);
	load_open(load);
	if (load->established == 0)
		errx(1, "not one stream came");
	printf("asked=%zu established=%zu", load->n, load->established);
	each(&fan);
	flat(&fan);
	printf(" broken=%zu lost=%ju\n", load->broken,
	    (uintmax_t)(load->holes + load->repeats));
	load_free(load);
	return 0;
}
