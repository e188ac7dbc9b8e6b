/* SPDX-License-Identifier: ISC */
/*
 * How soon publishing goes on when a replica of Redis is promoted: the master
 * is killed, the replica told that it is the master, and events are posted
 * until one is answered with success and is at a stream.
 *
 *	back [-k seconds] [-P NAME=VALUE]... -m PID -a REDIS -u POST TARGET
 *
 * PID is the master, REDIS the replica, as with hop, -k the time between the
 * one and the other; TARGET, -P and POST are as with fan.
 *
 * It prints, in ms from the replica's promotion on, answer (until the first
 * POST was answered with success), event (until a stream had that one); and
 * refused, posts before that were answered otherwise.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"
#include "option.h"
#include "post.h"
#include "redis.h"

enum { EVENTS_MAX = 10000 };
#define EVERY (LOAD_SECOND / 100) /* a POST */
#define LIMIT (30 * (uint64_t)LOAD_SECOND)

struct back {
	struct load load; /* first: what heard() gets is cast to this */
	struct post post;
	struct redis redis;
	const char *address;
	pid_t master;
	uint64_t pause;		    /* ns */
	uint64_t heard[EVENTS_MAX]; /* when, by number */
};

static void
heard(struct load *load, const struct parser *p)
{
	struct back *back = (struct back *)load;

	if (p->number < EVENTS_MAX)
		back->heard[p->number] = load->at;
}

/* Until the replica has all that the master has. */
static void
await_copy(struct back *back)
{
	const char *argv[] = {"ROLE", NULL};
	uint64_t end = load_now() + LIMIT;
	redisReply *role;
	bool copied;

	do {
		if (load_now() > end)
			errx(1, "no replica: %s", back->address);
		load_turn(&back->load, 10);
		role = redis_ask(&back->redis, argv);
		copied = role->elements == 5 && role->element[3]->str &&
			 strcmp(role->element[3]->str, "connected") == 0;
		freeReplyObject(role);
	} while (!copied);
}

/* One event for the stream to begin with. */
static void
begin(struct back *back)
{
	load_init(&back->load);
	post_some(&back->post, 1);
	load_open(&back->load);
	if (back->load.established == 0)
		errx(1, "no stream came");
	back->post.tolerant = true;
	back->post.answered = 0;
	redis_open(&back->redis, back->address);
	await_copy(back);
}

/* Returns when. */
static uint64_t
promote(struct back *back)
{
	const char *argv[] = {"REPLICAOF", "NO", "ONE", NULL};
	struct timespec ts = {(time_t)(back->pause / LOAD_SECOND),
	    (long)(back->pause % LOAD_SECOND)};

	if (kill(back->master, SIGKILL) == -1)
		err(1, "kill");
	nanosleep(&ts, NULL);
	freeReplyObject(redis_ask(&back->redis, argv));
	return load_now();
}

static void
go(struct back *back)
{
	uint64_t start = promote(back), next = start, now, answer = 0;
	struct post *post = &back->post;
	uint64_t number = 0;

	while (number == 0 || back->heard[number] == 0) {
		now = load_now();
		if (now > start + LIMIT || post->sent + 1 == EVENTS_MAX)
			errx(1, "not back after %.1f s; %ju posts refused",
			    (double)(now - start) / LOAD_SECOND,
			    (uintmax_t)post->refused);
		if (number == 0 && now >= next) {
			post_send(post, now);
			next += EVERY;
		}
		load_turn(&back->load, 1);
		post_turn(post, 1);
		if (number == 0 && post->answered > 0) {
			answer = load_now();
			number = post->latest;
		}
	}
	printf("answer=%.1f event=%.1f refused=%ju\n",
	    (double)(answer - start) / 1e6,
	    (double)back->heard[number] / 1e6 - (double)start / 1e6,
	    (uintmax_t)post->refused);
}

int
main(int argc, char **argv)
{
	static struct back back = {
	    .load = {.n = 1,
		.rate = 2000,
		.patience = 10 * (uint64_t)LOAD_SECOND,
		.heard = heard},
	};
	const char *url = NULL;
	int c;

	while ((c = getopt(argc, argv, "k:P:m:a:u:")) != -1) {
		switch (c) {
		case 'k':
			back.pause = option_ns(optarg);
			break;
		case 'P':
			target_param(&back.load.target, optarg);
			break;
		case 'm':
			back.master = (pid_t)option_number(optarg, 2, 1e9);
			break;
		case 'a':
			back.address = optarg;
			break;
		case 'u':
			url = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || back.master == 0 || back.address == NULL ||
	    url == NULL)
		errx(2, "-m, -a, -u and one TARGET; the source says how");
	target_parse(&back.load.target, argv[optind]);
	post_init(&back.post, url, POST_CONNS);
	begin(&back);
	go(&back);
	redis_close(&back.redis);
	load_free(&back.load);
	return 0;
}
