/* SPDX-License-Identifier: ISC */
/*
 * The storm: all streams of a channel are closed at once and come back at once,
 * each saying that it has read everything but the newest events, while these
 * go on and other streams stay.
 *
 *	storm [-n streams] [-s staying] [-r connects/s] [-b events] [-g seconds]
 *	    [-P NAME=VALUE]... -u POST TARGET
 *
 * A second process publishes an event every -g seconds and reads the streams
 * that stay, so that their delay is not that of a client which has its hands
 * full.  This one opens the others, watches until -b events have passed, and
 * then opens them again with the Last-Event-ID of so many events before the
 * newest.  TARGET is as with client, over FastCGI, and POST as with fan.
 *
 * It prints one line of key=value: asked, came (before the storm), back (those
 * that got an event which was published after their connect), back_s (from the
 * first close to the last of these events), back_max (ms, the same from a
 * stream's own connect), replayed (events until then), refused, broken, holes
 * and repeats (in the numbers that the streams got, from the one after their
 * Last-Event-ID on), stay_{p50,p99,max} (ms from POST to a staying stream, of
 * events published in the storm), stay_events and stay_lost.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "option.h"
#include "post.h"

enum { HISTORY = 150, IDS = 4096 };

struct storm {
	struct load load;     /* first: what heard() gets is cast to this */
	size_t staying, back; /* streams; events that are missed */
	uint64_t pause;	      /* ns between two events */
	const char *post, *target;
	uint64_t newest, first, heard; /* numbers; events */
	char ids[IDS][PARSER_ID];      /* by number */
};

static void
heard(struct load *load, const struct parser *p)
{
	struct storm *storm = (struct storm *)load;

	storm->heard++;
	if (p->number <= storm->newest)
		return;
	if (storm->first == 0)
		storm->first = p->number;
	storm->newest = p->number;
	memcpy(storm->ids[p->number % IDS], p->id, PARSER_ID);
}

/* --- The other process: the publisher and the streams that stay. */

/* Publishes and reads until a byte comes. */
static void
go_on(struct storm *storm, struct post *post, int link)
{
	uint64_t due = load_now();
	char byte;

	while (recv(link, &byte, 1, MSG_DONTWAIT) == -1) {
		if (load_now() >= due && post_send(post, due))
			due += storm->pause; /* a late one is as old as it is */
		load_turn(&storm->load, 1);
		post_turn(post, 0);
	}
}

static void
stay(struct storm *storm, int link)
{
	static struct post post;
	struct load *load = &storm->load;
	char byte;

	load->n = storm->staying;
	load_init(load);
	post_init(&post, storm->post, 1); /* numbers keep their order */
	post_some(&post, HISTORY);
	load_open(load);
	send(link, "r", 1, MSG_NOSIGNAL);
	go_on(storm, &post, link);
	load->measuring = true;
	go_on(storm, &post, link);
	load_run(load, LOAD_SECOND / 4);
	while (recv(link, &byte, 1, 0) == 1)
		continue; /* the other prints first */
	sample_print("stay", &load->delay);
	printf(" stay_events=%zu stay_lost=%ju\n", load->delay.n,
	    (uintmax_t)(load->holes + load->repeats + (load->n - load->live)));
	load_free(load);
}

/* --- This one: the streams that go and come back. */

static void
watch(struct storm *storm)
{
	uint64_t start = load_now(), longest;

	longest = storm->pause * (storm->back + 10) + storm->load.patience;
	while (storm->newest < storm->first + storm->back + 1) {
		load_turn(&storm->load, 100);
		if (load_now() - start > longest)
			errx(1, "%zu events did not pass", storm->back);
	}
}

static void
come_back(struct storm *storm)
{
	static char position[PARSER_ID + 32];
	struct load *load = &storm->load;
	uint64_t start = load_now(), from = storm->newest - storm->back;

	load_close(load);
	snprintf(position, sizeof position, "HTTP_LAST_EVENT_ID=%s",
	    storm->ids[from % IDS]);
	target_param(&load->target, position);
	target_parse(&load->target, storm->target);
	load->begin = (uint32_t)from + 1;
	load->fresh = true;
	load->rate = 0;
	storm->heard = 0;
	load_open(load);
	printf(" back=%zu back_s=%.3f back_max=%.1f replayed=%ju refused=%zu",
	    load->established, (double)(load->progress - start) / LOAD_SECOND,
	    sample_ms(&load->first, 100), (uintmax_t)storm->heard,
	    load->refused);
}

static void
go(struct storm *storm, int link)
{
	struct load *load = &storm->load;
	char byte;

	if (recv(link, &byte, 1, 0) != 1)
		errx(1, "the publisher has gone");
	load_init(load);
	load_open(load);
	printf("asked=%zu came=%zu", load->n, load->established);
	watch(storm);
	send(link, "b", 1, MSG_NOSIGNAL);
	come_back(storm);
	send(link, "e", 1, MSG_NOSIGNAL);
	load_run(load, LOAD_SECOND / 2);
	printf(" broken=%zu holes=%ju repeats=%ju", load->broken,
	    (uintmax_t)load->holes, (uintmax_t)load->repeats);
	fflush(stdout);
	close(link);
	load_free(load);
}

static void
options(struct storm *storm, int argc, char **argv)
{
	struct load *load = &storm->load;
	int c;

	while ((c = getopt(argc, argv, "n:s:r:b:g:P:u:")) != -1) {
		switch (c) {
		case 'n':
			load->n = (size_t)option_number(optarg, 1, 1e6);
			break;
		case 's':
			storm->staying = (size_t)option_number(optarg, 1, 1e6);
			break;
		case 'r':
			load->rate = option_number(optarg, 0, 1e6);
			break;
		case 'b':
			storm->back = (size_t)option_number(optarg, 0, IDS / 2);
			break;
		case 'g':
			storm->pause = option_ns(optarg);
			break;
		case 'P':
			target_param(&load->target, optarg);
			break;
		case 'u':
			storm->post = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || storm->post == NULL)
		errx(2, "-u POST and one TARGET, please; the source says how");
	storm->target = argv[optind];
	target_parse(&load->target, storm->target);
}

int
main(int argc, char **argv)
{
	static struct storm storm = {
	    .load = {.n = 1,
		.rate = 2000,
		.patience = 10 * (uint64_t)LOAD_SECOND,
		.heard = heard},
	    .staying = 500,
	    .back = 100,
	    .pause = LOAD_SECOND / 10,
	};
	int link[2], status;
	pid_t child;

	options(&storm, argc, argv);
	option_descriptors(storm.load.n);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, link) == -1 ||
	    (child = fork()) == -1)
		err(1, "fork");
	close(link[child == 0]);
	if (child == 0) {
		stay(&storm, link[0]);
		return 0;
	}
	go(&storm, link[1]);
	if (waitpid(child, &status, 0) == -1 || status != 0)
		errx(1, "the publisher failed");
	return 0;
}
