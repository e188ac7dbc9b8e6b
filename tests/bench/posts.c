/* SPDX-License-Identifier: ISC */
/*
 * How fast a publisher can publish to nobody: connections that post again as
 * soon as they are answered.
 *
 *	posts [-c connections] [-d seconds] [-e events] [-s]
 *	    [-p pid[,pid...]]... TARGET
 *
 * It ends after so many seconds or, with -e, events.  With -s the responder has
 * a store, and is asked for its commits before and after.
 *
 * It prints posts, rate (a second), cpu and cpu_all (us a post), self,
 * answer_{p50,p99,max} (ms), and with -s commits, batch (events in each, on
 * average) and commit (ms that one took, on average).
 */
#include <sys/socket.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cost.h"
#include "load.h"
#include "option.h"
#include "post.h"

struct commits {
	double n, seconds;
};

static double
figure(const char *json, const char *name)
{
	const char *at = strstr(json, name);

	if (at == NULL)
		errx(1, "the status has no %s", name);
	return atof(at + strlen(name));
}

/* The answer is short enough for one record. */
static struct commits
ask(const char *url)
{
	static struct target t;
	char text[16384];
	size_t len = 0;
	ssize_t n;
	int fd;

	target_param(&t, "SSE_ROLE=status");
	target_param(&t, "QUERY_STRING=format=json");
	target_parse(&t, url);
	fd = socket(t.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&t.addr, t.addr_len) == -1 ||
	    send(fd, t.request, t.request_len, MSG_NOSIGNAL) == -1)
		err(1, "status");
	while (len < sizeof text - 1 &&
	       (n = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0)
		for (; n > 0; n--, len++)
			if (text[len] == '\0')
				text[len] = '\1'; /* of a record's header */
	text[len] = '\0';
	close(fd);
	return (struct commits){figure(text, "\"commits\":"),
	    figure(text, "\"commit_seconds\":")};
}

static void
print_commits(struct commits before, struct commits after, uint64_t posts)
{
	double n = after.n - before.n, some = n > 0 ? n : 1;

	printf(" commits=%.0f batch=%.2f commit=%.3f", n, (double)posts / some,
	    (after.seconds - before.seconds) / some * 1000);
}

/* Returns the nanoseconds that it took. */
static uint64_t
run(struct post *post, uint64_t window, uint64_t events)
{
	uint64_t start = load_now(), t;

	while ((t = load_now()) < start + window && post->answered < events) {
		while (post->sent < events && post_send(post, t))
			t = load_now();
		post_turn(post, 1000);
	}
	return t - start;
}

int
main(int argc, char **argv)
{
	static struct post post = {.timing = true};
	static struct costs costs;
	uint64_t window = 5 * (uint64_t)LOAD_SECOND, events = UINT64_MAX, took;
	struct commits commits = {0};
	bool has_store = false;
	size_t conns = 8;
	int c;

	while ((c = getopt(argc, argv, "c:d:e:sp:")) != -1) {
		switch (c) {
		case 'c':
			conns = (size_t)option_number(optarg, 1, POST_CONNS);
			break;
		case 'd':
			window = option_ns(optarg);
			break;
		case 'e':
			events = (uint64_t)option_number(optarg, 1, 1e9);
			window = option_ns("3600");
			break;
		case 's':
			has_store = true;
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
	post_init(&post, argv[optind], conns);
	if (has_store)
		commits = ask(argv[optind]);
	costs_open(&costs);
	took = run(&post, window, events);
	costs_close(&costs);
	printf("posts=%ju rate=%.0f", (uintmax_t)post.answered,
	    (double)post.answered * LOAD_SECOND / (double)took);
	costs_print_cpu(&costs, "", post.answered);
	printf(" self=%.2f", costs_self(&costs));
	sample_print("answer", &post.times);
	if (has_store)
		print_commits(commits, ask(argv[optind]), post.answered);
	printf("\n");
	return 0;
}
