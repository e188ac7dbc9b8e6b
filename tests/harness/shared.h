/* SPDX-License-Identifier: ISC */
#ifndef SHARED_H
#define SHARED_H

#include <stdio.h>

#include "redis.h"
#include "world.h"

/*
 * What the tests of a shared engine share: two responders, world.r and second,
 * on one Redis; and, where a test wants it, a network between that does harm.
 */
struct shared {
	struct redis redis;
	struct responder second;
	struct {
		char address[96]; /* unix:<of redis>/proxy.sock */
		pid_t pid;
		int in;
		FILE *out;
	} proxy;
};

extern struct shared shared;

/* For a test's setup and teardown.  All responders have --redis. */
int shared_start(void **state);
int shared_start_behind_proxy(void **state);
int shared_stop(void **state);

/* From now on responders that are started are told this address. */
void shared_address(const char *address);

/* The responder, which is there, ends in order, and then there is another. */
void shared_restart(struct responder *, const char *const options[]);

/* What the proxy does from now on: a word of proxy.c. */
void proxy_does(const char *word);

/* Publishes events of the checker's as others do, one by one. */
void add_some(const char *channel, unsigned n);

/* An entry of anybody's; it must be taken. */
#define ADD(...) \
	(void)add_id(redis_ask(&shared.redis, "XADD sse * " __VA_ARGS__))
const char *add_id(const char *answer);

/* Publishes to this one an event of the checker's; the answer's status. */
int publish_to(const struct responder *, const char *channel);

/* Tries until it is published; what was refused on the way is not there. */
void publish_until(const struct responder *, const char *channel);

/* A reader at this one, from this position on, which is there. */
void read_at(struct subscriber *, const struct responder *,
    const char *channels, const char *position);

/* It has all to the last event made, and was told of so many gaps. */
void check_reader(struct subscriber *, size_t gaps);

/* The same, but for gaps, of which there may be any number. */
void check_told(struct subscriber *);

/* A file with a password, for its owner. */
void write_password(const char *path, const char *password);

/* A replica, which has all that there is. */
void start_replica(struct redis *, const struct redis *master);

/* It has the last event that was made. */
void until_last(struct subscriber *);

#endif
