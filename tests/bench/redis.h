/* SPDX-License-Identifier: ISC */
/*
 * A client of Redis that sends as many commands as one likes before it reads
 * their replies.  All of these exit if something fails, also if a reply is an
 * error.
 */
#ifndef REDIS_H
#define REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

struct redis {
	int fd;
	redisReader *reader;
	char *out;	  /* what is not written yet */
	size_t len, room; /* of it */
};

/* unix:/path or HOST:PORT, HOST in digits. */
void redis_open(struct redis *, const char *address);
void redis_close(struct redis *);
/* One more command; it is not written yet. */
void redis_put(struct redis *, int n, const char *argv[], const size_t len[]);
/* XADD key * c bench d <number stamp ....>, as post.h has it; likewise. */
void redis_put_event(struct redis *, const char *key, uint64_t number,
    uint64_t stamp);
/* Writes what the socket takes; true: all is written. */
bool redis_write(struct redis *);
/* The next reply, to be freed; NULL: it did not come within so long. */
redisReply *redis_reply(struct redis *, int timeout_ms);
/* Sends one command of texts, NULL behind them, and returns its reply. */
redisReply *redis_ask(struct redis *, const char *argv[]);

#endif
