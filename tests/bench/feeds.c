/* SPDX-License-Identifier: ISC */
/*
 * Feeds: what one POST after the other would be is one body, without end, of
 * events of 100 bytes (-s), each in a record of its own.
 *
 *	feeds [-c feeds] [-e events] [-s bytes] [-r rate [-d seconds]]
 *	    [-b | -S] [-P NAME=VALUE]... [-p pid[,pid...]]... TARGET
 *
 * Without -r all together send so many events as fast as they are taken, and
 * it is over when all have their answers.  With -r so many a second come, each
 * in a write of its own, and one stream reads them.  With -b a stream comes
 * afterwards to all that there is; with -S likewise, but a snapshot is
 *published before.  -P is a parameter of the stream.
 *
 * It prints events, rate (a second), cpu and cpu_all (us an event), self, with
 * -r heard and delay_{p50,p99,max} (ms), with -b and -S back (ms until the last
 * event was there), back_events and holes.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cost.h"
#include "load.h"
#include "option.h"

enum { FEEDS = 4096, BLOCK = 65536, STDIN_TYPE = 5 };

struct feed {
	int fd;
	size_t left;	/* events to be sent */
	size_t len, at; /* of the block */
	bool ended, answered;
	uint8_t *block;
};

static struct feed feeds[FEEDS];
static struct pollfd fds[FEEDS];
static size_t n = 20, bytes = 100;
static uint64_t number, answered_events;

static void
head(uint8_t *to, size_t len)
{
	const uint8_t header[8] = {1, STDIN_TYPE, 0, 1, (uint8_t)(len >> 8),
	    (uint8_t)len, 0, 0};

	memcpy(to, header, sizeof header);
}

/* One event in its record; returns its bytes. */
static size_t
put_event(uint8_t *to, uint64_t its_number, uint64_t stamp)
{
	char *data = (char *)to + 8;
	size_t len;

	memcpy(data, "data: ", 6);
	len = 6 + (size_t)sprintf(data + 6, "%ju %ju ", (uintmax_t)its_number,
		      (uintmax_t)stamp);
	memset(data + len, '.', 6 + bytes - len);
	memcpy(data + 6 + bytes, "\n\n", 2);
	head(to, 6 + bytes + 2);
	return 8 + 6 + bytes + 2;
}

/* Its request's head, without the body's end. */
static void
feed_open(struct feed *f, struct target *t)
{
	size_t len = t->request_len - 8;

	f->fd = socket(t->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->fd == -1 || connect(f->fd, (const struct sockaddr *)&t->addr,
			       t->addr_len) == -1)
		err(1, "connect");
	if (send(f->fd, t->request, len, MSG_NOSIGNAL) != (ssize_t)len)
		err(1, "send");
	if ((f->block = malloc(BLOCK)) == NULL)
		err(1, "malloc");
}

static void
fill(struct feed *f)
{
	size_t one = 8 + 6 + bytes + 2;

	f->at = f->len = 0;
	for (; f->left > 0 && BLOCK - f->len >= one; f->left--)
		f->len += put_event(f->block + f->len, ++number, load_now());
	if (f->left == 0 && !f->ended && BLOCK - f->len >= 8) {
		head(f->block + f->len, 0);
		f->len += 8;
		f->ended = true;
	}
}

static void
feed_write(struct feed *f)
{
	ssize_t sent;

	if (f->at == f->len)
		fill(f);
	if (f->at == f->len)
		return;
	sent = send(f->fd, f->block + f->at, f->len - f->at,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent == -1 && errno != EAGAIN)
		err(1, "feed: send");
	f->at += sent > 0 ? (size_t)sent : 0;
}

static void
feed_read(struct feed *f)
{
	char text[4096];
	ssize_t got = recv(f->fd, text, sizeof text - 1, MSG_DONTWAIT), i;
	const char *events;

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			errx(1, "a feed was not answered");
		return;
	}
	for (i = 0; i < got; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[got] = '\0';
	events = strstr(text, "\"events\":");
	if (strstr(text, "Status: 200") == NULL || events == NULL)
		errx(1, "a feed was refused: %s", text);
	answered_events += strtoull(events + 9, NULL, 10);
	f->answered = true;
	close(f->fd);
}

/* As fast as they are taken; returns the nanoseconds. */
static uint64_t
flat_out(void)
{
	uint64_t start = load_now();
	size_t open = n, i;

	while (open > 0) {
		for (i = 0; i < n; i++) {
			fds[i].fd = feeds[i].answered ? -1 : feeds[i].fd;
			fds[i].events =
			    (short)(feeds[i].ended &&
					    feeds[i].at == feeds[i].len ?
					POLLIN :
					POLLIN | POLLOUT);
		}
		if (poll(fds, n, 1000) == -1 && errno != EINTR)
			err(1, "poll");
		for (i = 0; i < n; i++) {
			if (fds[i].fd == -1)
				continue;
			if (fds[i].revents & POLLOUT)
				feed_write(&feeds[i]);
			if (fds[i].revents & (POLLIN | POLLHUP)) {
				feed_read(&feeds[i]);
				open -= feeds[i].answered;
			}
		}
	}
	return load_now() - start;
}

/* On time, one by one; lateness does not add up. */
static uint64_t
paced(struct load *load, double rate, uint64_t window)
{
	uint64_t start = load_now(), t = start, due;
	uint8_t event[2048];
	size_t len;

	while ((t = load_now()) < start + window) {
		due = start + (uint64_t)((double)number * LOAD_SECOND / rate);
		if (due > t) { /* at most 50 us, so that others may run */
			load_turn(load, 0);
			nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
			continue;
		}
		len = put_event(event, 0, due);
		if (send(feeds[number++ % n].fd, event, len, MSG_NOSIGNAL) !=
		    (ssize_t)len)
			err(1, "feed: send");
		if (number % 16 == 0)
			load_turn(load, 0);
	}
	load_run(load, LOAD_SECOND / 5); /* the last on their way */
	return t - start;
}

static void
come_back(struct load *load, size_t events)
{
	struct stream *s = load->streams;
	uint64_t deadline = load_now() + 20 * (uint64_t)LOAD_SECOND;

	load->begin = 1;
	(void)load_open(load);
	while (s->events < events && s->state == LIVE && load_now() < deadline)
		load_turn(load, 100);
	printf(" back=%.2f back_events=%u holes=%ju",
	    (double)(load->at - s->opened) / 1e6, s->events,
	    (uintmax_t)(load->holes + load->repeats));
}

/* The whole state, as one event. */
static void
publish_snapshot(const char *url)
{
	static struct target t = {.post = true};
	char answer[1024];
	ssize_t got;
	int fd;

	target_param(&t, "SSE_ROLE=publish");
	target_param(&t, "QUERY_STRING=channel=bench&snapshot=1");
	target_parse(&t, url);
	fd = socket(t.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&t.addr, t.addr_len) == -1 ||
	    send(fd, t.request, t.request_len, MSG_NOSIGNAL) == -1 ||
	    (got = recv(fd, answer, sizeof answer, 0)) < 20)
		err(1, "snapshot");
	if (memcmp(answer + 8, "Status: 200", 11) != 0)
		errx(1, "snapshot: %.*s", (int)got - 8, answer + 8);
	close(fd);
}

int
main(int argc, char **argv)
{
	static struct target target;
	static struct load load = {.n = 1};
	static struct costs costs;
	uint64_t window = 5 * (uint64_t)LOAD_SECOND, took;
	size_t events = 1000000, i;
	bool back = false, snapshot = false;
	double rate = 0;
	int c;

	while ((c = getopt(argc, argv, "c:e:s:r:d:bSP:p:")) != -1) {
		switch (c) {
		case 'c':
			n = (size_t)option_number(optarg, 1, FEEDS);
			break;
		case 'e':
			events = (size_t)option_number(optarg, 1, 1e9);
			break;
		case 's':
			bytes = (size_t)option_number(optarg, 50, 1500);
			break;
		case 'r':
			rate = option_number(optarg, 1, 1e7);
			break;
		case 'd':
			window = option_ns(optarg);
			break;
		case 'b':
			back = true;
			break;
		case 'S':
			back = snapshot = true;
			break;
		case 'P':
			target_param(&load.target, optarg);
			break;
		case 'p':
			costs_add(&costs, optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc)
		errx(2, "one TARGET, please; the source says how");
	target_param(&target, "SSE_ROLE=publish");
	target_param(&target, "REQUEST_METHOD=POST");
	target_param(&target, "CONTENT_TYPE=text/event-stream");
	target_param(&target, "QUERY_STRING=channel=bench&feed=1");
	target_parse(&target, argv[optind]);
	target_parse(&load.target, argv[optind]);
	load.patience = 2 * (uint64_t)LOAD_SECOND;
	load_init(&load);
	for (i = 0; i < n; i++) {
		feed_open(&feeds[i], &target);
		feeds[i].left = events / n;
	}
	if (rate > 0) { /* the first event opens the stream */
		load.measuring = true;
		sample_reserve(&load.delay, (size_t)(rate * 60));
		fill(&(struct feed){.block = feeds[0].block, .ended = true});
		i = put_event(feeds[0].block, 0, load_now());
		if (send(feeds[0].fd, feeds[0].block, i, 0) != (ssize_t)i)
			err(1, "send");
		(void)load_open(&load);
		load.delay.n = 0;
		load.events = 0;
	}
	costs_open(&costs);
	took = rate > 0 ? paced(&load, rate, window) : flat_out();
	costs_close(&costs);
	if (rate == 0 && answered_events != events / n * n)
		errx(1, "%ju events were published, not %zu",
		    (uintmax_t)answered_events, events / n * n);
	printf("events=%ju rate=%.0f", (uintmax_t)number,
	    (double)number * LOAD_SECOND / (double)took);
	costs_print_cpu(&costs, "", number);
	printf(" self=%.2f", costs_self(&costs));
	if (rate > 0) {
		printf(" heard=%ju", (uintmax_t)load.events);
		sample_print("delay", &load.delay);
	}
	if (snapshot)
		publish_snapshot(argv[optind]);
	if (back)
		come_back(&load, snapshot ? 1 : events);
	printf("\n");
	return 0;
}
