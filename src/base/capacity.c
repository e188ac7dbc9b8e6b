/* SPDX-License-Identifier: ISC */
/*
 * One rule for whatever a limit of open files says.  Containers say 2^30, and
 * some systems nothing at all, so that the memory must bound the streams.
 */
#include "base/capacity.h"

/*
 * Descriptors that are not for streams: the sockets' and at least so many, or
 * this part.  Who watches us is to be answered when all the streams are there.
 */
#define RESERVE_MIN  19
#define RESERVE_PART 200

#define WAITING_MAX  1024 /* connections without a whole request, ... */
#define WAITING_PART 32	  /* ... or this part of the descriptors */

/*
 * A stream has some 250 bytes of ours; the kernel has its socket, and 3 KB and
 * more in it when its front is slow.  Half of the memory is for others.
 */
#define STREAM_BYTES 4096
#define MEMORY_PART  2

static unsigned long
at_least(unsigned long n, unsigned long least)
{
	return n > least ? n : least;
}

struct capacity
capacity_of(uint64_t files, unsigned long sockets, uint64_t memory)
{
	uint64_t fit = memory / MEMORY_PART / STREAM_BYTES;
	struct capacity l = {.files = CAPACITY_FILES_MAX};
	unsigned long reserve;

	if (files < CAPACITY_FILES_MAX)
		l.files = (unsigned long)files;
	reserve = at_least(l.files / RESERVE_PART, RESERVE_MIN + sockets);
	l.streams = l.files > reserve ? l.files - reserve : 1;
	l.by_memory = memory > 0 && fit < l.streams;
	if (l.by_memory)
		l.streams = at_least((unsigned long)fit, 1);
	l.waiting = at_least(l.files / WAITING_PART, 1);
	if (l.waiting > WAITING_MAX)
		l.waiting = WAITING_MAX;
	return l;
}
