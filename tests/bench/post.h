/* SPDX-License-Identifier: ISC */
/*
 * The publisher: posts numbered, stamped events of 100 bytes, each on one of
 * its connections that waits for no answer.  Over FastCGI these are kept, over
 * HTTP each POST has a connection of its own.
 *
 * An event's data begins with its number, which counts from 1, and its stamp,
 * the time on the monotonic clock, in nanoseconds, when it was or should have
 * been sent; dots follow.  The numbers' order is sure only if no event is sent
 * before the one before has been answered or seen.
 */
#ifndef POST_H
#define POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parser.h"
#include "sample.h"
#include "target.h"

enum { POST_CONNS = 64 };

struct post_conn {
	int fd;
	bool waiting;	 /* for the answer */
	uint64_t number; /* of its event */
	uint64_t sent;	 /* when */
	struct parser parser;
};

struct post {
	struct target target;
	struct post_conn conn[POST_CONNS];
	size_t n;	   /* connections */
	uint64_t sent;	   /* of the newest: its number */
	uint64_t answered; /* with success */
	uint64_t latest;   /* the number of that one */
	bool tolerant;	   /* anything else does not end the program: */
	uint64_t refused;
	bool timing; /* each answer is: */
	struct sample times;
};

/*
 * To http://HOST:PORT/path, fcgi:unix:PATH or fcgi:HOST:PORT; over FastCGI to
 * the channel "bench".
 */
void post_init(struct post *, const char *target, size_t conns);
/* Sends the next event with this stamp; false if all connections wait. */
bool post_send(struct post *, uint64_t stamp);
/* Takes the answers that are here, or that come within so long. */
void post_turn(struct post *, int timeout_ms);
/* Sends n events, one after the other. */
void post_some(struct post *, size_t n);

#endif
