/* SPDX-License-Identifier: ISC */
/*
 * Events to Redis as fast as they go, or at a rate: XADD on one connection,
 * without waiting for its replies, and streams at several responders that read
 * them.
 *
 *	flood [-n streams] [-r events/s] [-w window] [-d seconds] [-k key]
 *	    [-P NAME=VALUE]... [-p pid[,pid...]]... -a REDIS [TARGET]...
 *
 * At each TARGET are -n streams.  Never are more than -w events on their way,
 * that is sent and not had by all streams; without a TARGET, not answered.
 * REDIS is as with hop, TARGET, -p and -P are as with client.
 *
 * It prints asked, established and broken (as client does), lost (holes and
 * repeats in the numbers that streams got), events (that all streams had within
 * the -d seconds), rate (of these, a second), sent (events, in all), missing
 * (deliveries that had not come 10 s after the last event), cpu, cpu_all and
 * cpuN (us a delivery), self, and delay_{p50,p99,max} (ms from when an event
 * was or should have been sent until a stream had it).
 */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cost.h"
#include "load.h"
#include "option.h"
#include "post.h"
#include "redis.h"

enum { TARGETS_MAX = 8, WINDOW_MAX = 1 << 16, AT_ONCE = 256 };

struct flood;

struct side {
	struct load load; /* first: what heard() gets is cast to this */
	struct flood *flood;
};

struct flood {
	struct side side[TARGETS_MAX];
	size_t sides;
	struct redis redis;
	const char *address, *key;
	struct costs costs;
	double rate;
	uint64_t window, duration; /* events, ns */
	uint64_t sent, answered;
	uint64_t had; /* events that all streams have, up to this number */
	uint32_t left[WINDOW_MAX]; /* streams without the event; by number */
	uint64_t heard;		   /* deliveries */
	size_t live;
};

/* All streams have it: so many more events are not on their way. */
static void
landed(struct flood *f)
{
	while (f->had < f->sent && f->left[(f->had + 1) % WINDOW_MAX] == 0)
		f->had++;
}

static void
heard(struct load *load, const struct parser *p)
{
	struct flood *f = ((struct side *)load)->flood;
	uint32_t *left = &f->left[p->number % WINDOW_MAX];

	if (p->number <= f->had || p->number > f->sent || *left == 0)
		return;
	f->heard++;
	if (--*left == 0)
		landed(f);
}

static void
answers(struct flood *f)
{
	redisReply *reply;

	while ((reply = redis_reply(&f->redis, 0)) != NULL) {
		freeReplyObject(reply);
		f->answered++;
		if (f->sides == 0)
			f->had = f->answered;
	}
}

/* What is due and may be on its way. */
static void
send_some(struct flood *f, uint64_t start, uint64_t base)
{
	uint64_t now = load_now(), due = f->sent + AT_ONCE, stamp = now;

	if (f->rate > 0)
		due = base +
		      (uint64_t)((double)(now - start) * f->rate / LOAD_SECOND);
	for (int i = 0; i < AT_ONCE; i++) {
		if (f->sent >= due || f->sent - f->had >= f->window)
			break;
		f->sent++;
		if (f->rate > 0)
			stamp = start + (uint64_t)((double)(f->sent - base) *
						   LOAD_SECOND / f->rate);
		f->left[f->sent % WINDOW_MAX] = (uint32_t)f->live;
		redis_put_event(&f->redis, f->key, f->sent, stamp);
	}
	redis_write(&f->redis);
}

static void
turn(struct flood *f, int timeout_ms)
{
	struct pollfd fds[TARGETS_MAX + 1];
	size_t i;

	for (i = 0; i < f->sides; i++)
		fds[i] = (struct pollfd){f->side[i].load.ep, POLLIN, 0};
	fds[i] = (struct pollfd){f->redis.fd,
	    (short)(POLLIN | (f->redis.len > 0 ? POLLOUT : 0)), 0};
	if (poll(fds, f->sides + 1, timeout_ms) == -1)
		err(1, "poll");
	for (i = 0; i < f->sides; i++)
		if (fds[i].revents != 0)
			load_turn(&f->side[i].load, 0);
	if (fds[i].revents & POLLIN)
		answers(f);
	redis_write(&f->redis);
}

/* One event is there for all streams to begin with. */
static void
begin(struct flood *f)
{
	struct load *load;

	for (size_t i = 0; i < f->sides; i++)
		load_init(&f->side[i].load);
	f->sent = 1;
	redis_put_event(&f->redis, f->key, 1, load_now());
	while (f->answered == 0)
		turn(f, 100);
	for (size_t i = 0; i < f->sides; i++) {
		load = &f->side[i].load;
		load->heard = heard;
		load_open(load);
		if (load->established == 0)
			errx(1, "not one stream came");
		sample_reserve(&load->delay, 1 << 22);
		load->measuring = true;
		f->live += load->live;
	}
	f->had = 1;
}

static void
go(struct flood *f)
{
	uint64_t start, end, base = f->sent, had;

	costs_open(&f->costs);
	start = load_now();
	while (load_now() < start + f->duration) {
		send_some(f, start, base);
		turn(f, f->rate > 0 || f->sent - f->had >= f->window ? 1 : 0);
	}
	costs_close(&f->costs);
	had = f->had;
	printf(" events=%ju rate=%.0f", (uintmax_t)(had - base),
	    (double)(had - base) * LOAD_SECOND / (double)f->costs.window);
	costs_print_cpu(&f->costs, "", f->sides > 0 ? f->heard : had - base);
	printf(" self=%.2f", costs_self(&f->costs));
	end = load_now() + 10 * (uint64_t)LOAD_SECOND;
	while (f->had < f->sent && load_now() < end)
		turn(f, 10);
}

static void
print_result(struct flood *f)
{
	uint64_t lost = 0, missing = 0;
	struct sample all = {0};
	size_t broken = 0;

	for (size_t i = 0; i < f->sides; i++) {
		struct load *load = &f->side[i].load;

		broken += load->broken;
		lost += load->holes + load->repeats;
		for (size_t k = 0; k < load->delay.n; k++)
			sample_add(&all, (uint64_t)load->delay.us[k] * 1000);
		load_free(load);
	}
	for (uint64_t n = f->had + 1; n <= f->sent; n++)
		missing += f->left[n % WINDOW_MAX];
	printf(" sent=%ju broken=%zu lost=%ju missing=%ju", (uintmax_t)f->sent,
	    broken, (uintmax_t)lost, (uintmax_t)missing);
	sample_print("delay", &all);
	putchar('\n');
	free(all.us);
}

static void
options(struct flood *f, int argc, char **argv)
{
	struct load *load = &f->side[0].load;
	int c;

	while ((c = getopt(argc, argv, "n:r:w:d:k:P:p:a:")) != -1) {
		switch (c) {
		case 'n':
			load->n = (size_t)option_number(optarg, 1, 1e5);
			break;
		case 'r':
			f->rate = option_number(optarg, 0, 1e7);
			break;
		case 'w':
			f->window =
			    (uint64_t)option_number(optarg, 1, WINDOW_MAX - 1);
			break;
		case 'd':
			f->duration = option_ns(optarg);
			break;
		case 'k':
			f->key = optarg;
			break;
		case 'P':
			target_param(&load->target, optarg);
			break;
		case 'p':
			costs_add(&f->costs, optarg);
			break;
		case 'a':
			f->address = optarg;
			break;
		default:
			exit(2);
		}
	}
	f->sides = (size_t)(argc - optind);
	if (f->address == NULL || f->sides > TARGETS_MAX)
		errx(2, "-a REDIS, and up to %d TARGET; the source says how",
		    TARGETS_MAX);
	for (size_t i = f->sides; i-- > 0;) {
		f->side[i].load = *load;
		f->side[i].flood = f;
		target_parse(&f->side[i].load.target, argv[optind + (int)i]);
	}
}

int
main(int argc, char **argv)
{
	static struct flood f = {
	    .side[0].load = {.n = 10,
		.rate = 2000,
		.patience = 10 * (uint64_t)LOAD_SECOND},
	    .key = "sse",
	    .window = 1000,
	    .duration = 5 * (uint64_t)LOAD_SECOND,
	};
	size_t all = 0;

	options(&f, argc, argv);
	redis_open(&f.redis, f.address);
	begin(&f);
	for (size_t i = 0; i < f.sides; i++)
		all += f.side[i].load.established;
	printf("asked=%zu established=%zu", f.sides * f.side[0].load.n, all);
	go(&f);
	print_result(&f);
	redis_close(&f.redis);
	return 0;
}
