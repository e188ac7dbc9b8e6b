/* SPDX-License-Identifier: ISC */
#ifndef REDIS_H
#define REDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * A real redis-server in a directory of its own: $REDIS, or the first of
 * redis-server and valkey-server that is there.  What it has answered is on the
 * disk.  It listens on a Unix socket, and on a port of 127.0.0.1 that was free.
 */
struct redis {
	char dir[64];
	char address[96]; /* unix:<dir>/redis.sock */
	char password[64];
	int port;
	pid_t pid;
	redisContext *client; /* to ask it something, or NULL */
};

/*
 * Starts it with these options more (NULL behind them), and waits until it
 * answers.
 */
void redis_start(struct redis *, const char *const options[]);

/* A Sentinel that watches a master under this name, and is enough for it. */
void redis_start_sentinel(struct redis *, const char *name,
    const struct redis *master);

/* The same directory and addresses, another process. */
void redis_again(struct redis *, const char *const options[]);

/* Ends by this signal, which is waited for. */
void redis_end(struct redis *, int signum);

/* Stopped, until it goes on: it is there, and answers nothing. */
void redis_hang(struct redis *);
void redis_go_on(struct redis *);

/* Ends it, if it is there, and takes everything away. */
void redis_stop(struct redis *);

/* Takes a copy of its data (it may run), or puts that back (it may not). */
void redis_keep(struct redis *);
void redis_put_back(struct redis *);

/*
 * Asks it something, as redisCommand() has it.  The text of the reply, lines of
 * an array's elements, "(nil)", or an error; it stays until the fourth call
 * from then on.
 */
__attribute__((format(printf, 2, 3))) const char *redis_ask(struct redis *,
    const char *format, ...);

/* The same, and the answer must be this one. */
#define REDIS_SAYS(redis, is, ...) \
	assert_string_equal(redis_ask(redis, __VA_ARGS__), is)

/* Asks until the answer has this in it; the test fails if it never has. */
__attribute__((format(printf, 3, 4))) void redis_until(struct redis *,
    const char *has, const char *format, ...);

/* Ports of 127.0.0.1 that nobody has. */
int free_port(void);

/*
 * Waits until its clock says another millisecond: ids that it gives out then
 * are above those of before, also in a stream that is made anew.
 */
void redis_next_ms(struct redis *);

#endif
