/* SPDX-License-Identifier: ISC */
/*
 * What the disk takes at least to have something for good: 4 KiB written over
 * what is there, and fdatasync, again and again, in a file of the given
 * directory.
 *
 *	sync [-d seconds] DIRECTORY
 *
 * It prints answer_p50, answer_p99 and answer_max (ms), as posts does.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"
#include "option.h"
#include "sample.h"

enum { BLOCK = 4096, BLOCKS = 1024 };

/* The file has no name, so nothing is left of it. */
static int
file_in(const char *directory)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof path, "%s/sync.XXXXXX", directory) >=
	    (int)sizeof path)
		errx(2, "path too long");
	if ((fd = mkstemp(path)) == -1)
		err(1, "%s", path);
	unlink(path);
	return fd;
}

static void
put(int fd, size_t i)
{
	static char block[BLOCK];

	block[0]++;
	if (pwrite(fd, block, BLOCK, (off_t)(i % BLOCKS) * BLOCK) != BLOCK)
		err(1, "pwrite");
}

int
main(int argc, char **argv)
{
	uint64_t window = LOAD_SECOND, start, t, end;
	struct sample times = {0};
	size_t i;
	int c, fd;

	while ((c = getopt(argc, argv, "d:")) != -1) {
		if (c != 'd')
			exit(2);
		window = option_ns(optarg);
	}
	if (optind + 1 != argc)
		errx(2, "one DIRECTORY, please; the source says how");
	fd = file_in(argv[optind]);
	for (i = 0; i < BLOCKS; i++)
		put(fd, i);
	if (fsync(fd) == -1)
		err(1, "fsync");
	start = load_now();
	for (t = start; t < start + window; t = end) {
		put(fd, i++);
		if (fdatasync(fd) == -1)
			err(1, "fdatasync");
		end = load_now();
		sample_add(&times, end - t);
	}
	sample_print("answer", &times);
	printf("\n");
	free(times.us);
	return 0;
}
