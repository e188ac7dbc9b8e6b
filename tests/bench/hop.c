/* SPDX-License-Identifier: ISC */
/*
 * What Redis itself takes from a publisher to a reader: XADD on one connection
 * until an XREAD BLOCK on another has the entry, event by event.
 *
 *	hop [-e events] [-g seconds] [-k key] REDIS
 *
 * REDIS is unix:/path or HOST:PORT, and the key is not there yet; -g is the
 * pause before each.  It prints
 * events, hop_{p50,p99,max} (ms until the entry was there) and
 * answer_{p50,p99,max} (until XADD was answered).
 */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "load.h"
#include "option.h"
#include "redis.h"

struct hop {
	struct redis from, to;
	const char *key;
	char last[64];	/* the id of the newest entry */
	uint64_t pause; /* ns */
	struct sample hop, answer;
};

static void
wait_for_next(struct hop *h)
{
	const char *argv[] = {"XREAD", "BLOCK", "0", "STREAMS", h->key,
	    h->last};
	struct timespec ts = {(time_t)(h->pause / LOAD_SECOND),
	    (long)(h->pause % LOAD_SECOND)};

	redis_put(&h->to, 6, argv, NULL);
	redis_write(&h->to);
	nanosleep(&ts, NULL); /* until it waits */
}

/* Takes the reply that is here; true: it was the entry. */
static bool
take(struct hop *h, struct redis *r, uint64_t sent)
{
	bool entry = r == &h->to;
	redisReply *reply = redis_reply(r, 0);

	if (reply == NULL)
		return false;
	sample_add(entry ? &h->hop : &h->answer, load_now() - sent);
	if (!entry)
		snprintf(h->last, sizeof h->last, "%s", reply->str);
	freeReplyObject(reply);
	return true;
}

static void
one(struct hop *h, uint64_t number)
{
	struct pollfd fds[2] = {{h->from.fd, POLLIN, 0}, {h->to.fd, POLLIN, 0}};
	int left = 2;
	uint64_t sent;

	wait_for_next(h);
	sent = load_now();
	redis_put_event(&h->from, h->key, number, sent);
	redis_write(&h->from);
	while (left > 0) {
		if (poll(fds, 2, 5000) <= 0)
			errx(1, "event %ju did not come", (uintmax_t)number);
		if (fds[1].revents != 0)
			left -= take(h, &h->to, sent);
		if (fds[0].revents != 0)
			left -= take(h, &h->from, sent);
	}
}

int
main(int argc, char **argv)
{
	static struct hop h = {.key = "bench", .last = "0-0"};
	unsigned long events = 1000;
	int c;

	h.pause = LOAD_SECOND / 500;
	while ((c = getopt(argc, argv, "e:g:k:")) != -1) {
		switch (c) {
		case 'e':
			events = (unsigned long)option_number(optarg, 1, 1e6);
			break;
		case 'g':
			h.pause = option_ns(optarg);
			break;
		case 'k':
			h.key = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc)
		errx(2, "one REDIS, please; the source says how");
	redis_open(&h.from, argv[optind]);
	redis_open(&h.to, argv[optind]);
	for (unsigned long i = 1; i <= events; i++)
		one(&h, i);
	printf("events=%lu", events);
	sample_print("hop", &h.hop);
	sample_print("answer", &h.answer);
	putchar('\n');
	redis_close(&h.from);
	redis_close(&h.to);
	return 0;
}
