/* SPDX-License-Identifier: ISC */
/*
 * How fast a publisher can publish to nobody: connections that post again as
 * soon as they are answered.
 *
 *	posts [-c connections] [-d seconds] [-p pid[,pid...]]... TARGET
 *
 * It prints posts, rate (a second), cpu and cpu_all (us a post) and self.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cost.h"
#include "load.h"
#include "option.h"
#include "post.h"

int
main(int argc, char **argv)
{
	static struct post post;
	static struct costs costs;
	uint64_t window = 5 * (uint64_t)LOAD_SECOND, start, t;
	size_t conns = 8;
	int c;

	while ((c = getopt(argc, argv, "c:d:p:")) != -1) {
		switch (c) {
		case 'c':
			conns = (size_t)option_number(optarg, 1, POST_CONNS);
			break;
		case 'd':
			window = option_ns(optarg);
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
	costs_open(&costs);
	start = load_now();
	while ((t = load_now()) < start + window) {
		while (post_send(&post, t))
			continue;
		post_turn(&post, 1000);
	}
	costs_close(&costs);
	printf("posts=%ju rate=%.0f", (uintmax_t)post.answered,
	    (double)post.answered * LOAD_SECOND / (double)(t - start));
	costs_print_cpu(&costs, "", post.answered);
	printf(" self=%.2f\n", costs_self(&costs));
	return 0;
}
