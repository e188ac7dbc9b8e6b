/* SPDX-License-Identifier: ISC */
/*
 * What many readers of one stream cost Redis: so many bare clients that do what
 * a process with --redis does, again and again XREVRANGE, of the entry they
 *read last, and XREAD BLOCK in one write; and events by XADD at a rate.
 *
 *	tails [-t tails] [-r events/s] [-d seconds] [-k key]
 *	    [-p pid[,pid...]]... REDIS
 *
 * REDIS is as with hop.  It prints tails, events, had (by all tails together),
 * calls (XREADs that had entries), cpu (us of the first -p an event),
 * cpu_all, self, and delay_{p50,p99,max} (ms from XADD to a tail's having the
 * event).
 */
#include <sys/epoll.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cost.h"
#include "load.h"
#include "option.h"
#include "redis.h"

enum { TAILS_MAX = 1000, BATCH = 64 };

struct tail {
	struct redis redis;
	char at[64]; /* the id of the entry that was read last */
	int due;     /* replies */
};

struct tails {
	struct redis from;
	struct tail tail[TAILS_MAX];
	size_t n;
	const char *key;
	int ep;
	double rate;
	uint64_t duration, sent, had, calls;
	struct costs costs;
	struct sample delay;
};

static void
ask(struct tails *t, struct tail *tail)
{
	const char *probe[] = {"XREVRANGE", t->key, tail->at, "-", "COUNT",
	    "1"};
	const char *read[] = {"XREAD", "COUNT", "512", "BLOCK", "1000",
	    "STREAMS", t->key, tail->at};

	redis_put(&tail->redis, 6, probe, NULL);
	redis_put(&tail->redis, 8, read, NULL);
	redis_write(&tail->redis);
	tail->due = 2;
}

/* [id, [c, bench, d, "number stamp ...."]] */
static void
take_entry(struct tails *t, struct tail *tail, const redisReply *entry)
{
	const char *data = entry->element[1]->element[3]->str;

	snprintf(tail->at, sizeof tail->at, "%s", entry->element[0]->str);
	sample_add(&t->delay,
	    load_now() - strtoull(strchr(data, ' ') + 1, NULL, 10));
	t->had++;
}

static void
take(struct tails *t, struct tail *tail)
{
	const redisReply *entries;
	redisReply *reply;

	while (
	    tail->due > 0 && (reply = redis_reply(&tail->redis, 0)) != NULL) {
		if (--tail->due == 0 && reply->type == REDIS_REPLY_ARRAY) {
			entries = reply->element[0]->element[1];
			for (size_t i = 0; i < entries->elements; i++)
				take_entry(t, tail, entries->element[i]);
			t->calls++;
		}
		freeReplyObject(reply);
	}
	if (tail->due == 0)
		ask(t, tail);
}

static void
turn(struct tails *t)
{
	struct epoll_event events[BATCH];
	redisReply *reply;
	int n = epoll_wait(t->ep, events, BATCH, 1);

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr != NULL) {
			take(t, events[i].data.ptr);
			continue;
		}
		while ((reply = redis_reply(&t->from, 0)) != NULL)
			freeReplyObject(reply);
	}
}

static void
watch(struct tails *t, int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	if (epoll_ctl(t->ep, EPOLL_CTL_ADD, fd, &event) == -1)
		err(1, "epoll_ctl");
}

static void
begin(struct tails *t, const char *address)
{
	const char *first[] = {"XADD", t->key, "*", "c", "none", NULL};
	redisReply *reply;

	if ((t->ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	redis_open(&t->from, address);
	reply = redis_ask(&t->from, first);
	watch(t, t->from.fd, NULL);
	for (struct tail *tail = t->tail; tail < t->tail + t->n; tail++) {
		redis_open(&tail->redis, address);
		snprintf(tail->at, sizeof tail->at, "%s", reply->str);
		watch(t, tail->redis.fd, tail);
		ask(t, tail);
	}
	freeReplyObject(reply);
}

static void
go(struct tails *t)
{
	uint64_t start = load_now(), now;

	costs_open(&t->costs);
	while ((now = load_now()) < start + t->duration) {
		while ((double)t->sent <
		       (double)(now - start) * t->rate / LOAD_SECOND)
			redis_put_event(&t->from, t->key, ++t->sent, now);
		redis_write(&t->from);
		turn(t);
	}
	costs_close(&t->costs);
}

int
main(int argc, char **argv)
{
	static struct tails t = {
	    .n = 1,
	    .key = "bench",
	    .rate = 1000,
	    .duration = 3 * (uint64_t)LOAD_SECOND,
	};
	int c;

	while ((c = getopt(argc, argv, "t:r:d:k:p:")) != -1) {
		switch (c) {
		case 't':
			t.n = (size_t)option_number(optarg, 1, TAILS_MAX);
			break;
		case 'r':
			t.rate = option_number(optarg, 1, 1e6);
			break;
		case 'd':
			t.duration = option_ns(optarg);
			break;
		case 'k':
			t.key = optarg;
			break;
		case 'p':
			costs_add(&t.costs, optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc)
		errx(2, "one REDIS, please; the source says how");
	begin(&t, argv[optind]);
	go(&t);
	printf("tails=%zu events=%ju had=%ju calls=%ju", t.n, (uintmax_t)t.sent,
	    (uintmax_t)t.had, (uintmax_t)t.calls);
	costs_print_cpu(&t.costs, "", t.sent);
	printf(" self=%.2f", costs_self(&t.costs));
	sample_print("delay", &t.delay);
	putchar('\n');
	redis_close(&t.from);
	for (size_t i = 0; i < t.n; i++)
		redis_close(&t.tail[i].redis);
	return 0;
}
