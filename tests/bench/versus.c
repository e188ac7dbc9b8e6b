/* SPDX-License-Identifier: ISC */
/*
 * Two responders in turns: as many streams of a channel at each, and events to
 * those of the one and of the other by turns, so that what disturbs the machine
 * disturbs both.  In a turn come -e events, each when all streams have the one
 * before; what is compared is the CPU time of turns that are neighbours.
 *
 *	versus [-n streams] [-r connects/s] [-e events] [-t turns]
 *	    [-P NAME=VALUE]... -p pid -u POST -s TARGET -p pid -u POST -s TARGET
 *
 * TARGET, -p and -P are as with client, POST is as with fan.
 *
 * It prints one line of key=value: asked, established and broken (of both),
 * lost (as fan does), events (deliveries to each), times (the first's CPU as
 * multiple of the second's, the median over all neighbours), times_p25 and
 * times_p75, cpu and cpu2 (us of CPU a delivery, the median of the turns), and
 * bytes of memory, with what is mapped to share: whole (the first's, before the
 * first connect), empty (by how much it is more than the second's, likewise)
 * and used (the same after all events).
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"
#include "option.h"
#include "post.h"
#include "proc.h"

enum { HISTORY = 150, TURNS_MAX = 10000 };

struct side {
	struct load load; /* first: what heard() gets is cast to this */
	struct post post;
	struct proc_group group;
	const char *url;
	size_t left;   /* streams that do not have the newest event */
	double *turns; /* us of CPU a delivery */
};

struct versus {
	struct side side[2];
	size_t events, turns;
};

static void
heard(struct load *load, const struct parser *p)
{
	struct side *side = (struct side *)load;

	if (p->number == side->post.sent && side->left > 0)
		side->left--;
}

static void
event(struct side *side)
{
	uint64_t start = load_now();

	while (!post_send(&side->post, load_now()))
		post_turn(&side->post, 1);
	side->left = side->load.live;
	while (side->left > 0) {
		load_turn(&side->load, 1);
		post_turn(&side->post, 0);
		if (load_now() > start + side->load.patience)
			errx(1, "an event did not reach %zu of %zu streams",
			    side->left, side->load.established);
	}
}

static void
turn(struct side *side, size_t events, double *us)
{
	uint64_t cpu = proc_group_cpu(&side->group);

	for (size_t i = 0; i < events; i++)
		event(side);
	cpu = proc_group_cpu(&side->group) - cpu;
	*us = (double)cpu / 1000 / (double)(events * side->load.live);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of what is sorted. */
static double
part(const double *of, size_t n, double p)
{
	double at = p * (double)(n - 1);
	size_t i = (size_t)at;

	return i + 1 < n ? of[i] + (at - (double)i) * (of[i + 1] - of[i]) :
			   of[i];
}

/* A turn of one has two neighbours of the other's, before and after it. */
static void
print_times(const struct versus *v)
{
	const double *a = v->side[0].turns, *b = v->side[1].turns;
	static double times[2 * TURNS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < v->turns; i++) {
		times[n++] = a[i] / b[i];
		if (i + 1 < v->turns)
			times[n++] = a[i + 1] / b[i];
	}
	qsort(times, n, sizeof *times, compare);
	printf(" times=%.4f times_p25=%.4f times_p75=%.4f", part(times, n, 0.5),
	    part(times, n, 0.25), part(times, n, 0.75));
	for (size_t i = 0; i < 2; i++)
		qsort(v->side[i].turns, v->turns, sizeof(double), compare);
	printf(" cpu=%.3f cpu2=%.3f", part(a, v->turns, 0.5),
	    part(b, v->turns, 0.5));
}

static int64_t
memory(const struct side *side)
{
	return proc_group_memory(&side->group) +
	       proc_group_shared(&side->group);
}

static void
begin(struct side *side)
{
	struct load *load = &side->load;

	load_init(load);
	post_some(&side->post, HISTORY);
	load_open(load);
	if (load->established == 0)
		errx(1, "not one stream came");
}

static void
go(struct versus *v)
{
	struct side *a = &v->side[0], *b = &v->side[1];
	int64_t whole = memory(a), empty = whole - memory(b);
	size_t all = 0, broken = 0;
	uint64_t lost = 0;

	begin(a);
	begin(b);
	turn(a, v->events, a->turns); /* warms up; measured anew below */
	turn(b, v->events, b->turns);
	for (size_t i = 0; i < v->turns; i++) {
		turn(a, v->events, &a->turns[i]);
		turn(b, v->events, &b->turns[i]);
	}
	for (struct side *s = a; s <= b; s++) {
		all += s->load.established;
		broken += s->load.broken;
		lost += s->load.holes + s->load.repeats;
	}
	printf("asked=%zu established=%zu broken=%zu lost=%ju events=%zu",
	    a->load.n + b->load.n, all, broken, (uintmax_t)lost,
	    a->load.live * v->events * v->turns);
	print_times(v);
	printf(" whole=%jd empty=%jd used=%jd\n", (intmax_t)whole,
	    (intmax_t)empty, (intmax_t)(memory(a) - memory(b)));
}

/* Each -p, -u and -s is the next side's. */
static void
options(struct versus *v, int argc, char **argv)
{
	size_t pids = 0, posts = 0, targets = 0;
	struct load *load = &v->side[0].load;
	int c;

	while ((c = getopt(argc, argv, "n:r:e:t:P:p:u:s:")) != -1) {
		switch (c) {
		case 'n':
			load->n = (size_t)option_number(optarg, 1, 1e6);
			break;
		case 'r':
			load->rate = option_number(optarg, 0, 1e6);
			break;
		case 'e':
			v->events = (size_t)option_number(optarg, 1, 1e6);
			break;
		case 't':
			v->turns = (size_t)option_number(optarg, 1, TURNS_MAX);
			break;
		case 'P':
			target_param(&load->target, optarg);
			break;
		case 'p':
			proc_group_add(&v->side[pids++ % 2].group, optarg);
			break;
		case 'u':
			post_init(&v->side[posts++ % 2].post, optarg, 2);
			break;
		case 's':
			v->side[targets++ % 2].url = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind != argc || pids != 2 || posts != 2 || targets != 2)
		errx(2, "two -p, -u and -s, please; the source says how");
	v->side[1].load = *load;
}

int
main(int argc, char **argv)
{
	static struct versus v = {
	    .side[0].load = {.n = 1,
		.rate = 2000,
		.patience = 10 * (uint64_t)LOAD_SECOND,
		.heard = heard},
	    .events = 20,
	    .turns = 20,
	};

	options(&v, argc, argv);
	option_descriptors(2 * v.side[0].load.n);
	for (struct side *s = v.side; s < v.side + 2; s++) {
		target_parse(&s->load.target, s->url);
		if ((s->turns = calloc(v.turns, sizeof *s->turns)) == NULL)
			err(1, "calloc");
	}
	go(&v);
	for (struct side *s = v.side; s < v.side + 2; s++) {
		load_free(&s->load);
		free(s->turns);
	}
	return 0;
}
