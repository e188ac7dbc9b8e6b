/* SPDX-License-Identifier: ISC */
#ifndef RESPONDER_H
#define RESPONDER_H

#include <stdbool.h>
#include <sys/types.h>

#include "front.h"

/* The program under test, in a directory of its own. */
struct responder {
	char dir[64];
	char address[96]; /* unix:<dir>/sse.sock */
	int listening;	  /* our own copy of the inherited socket, or -1 */
	pid_t pid;
};

/*
 * Starts $PROGRAM with these options (NULL behind them) on an inherited socket
 * that is bound before it is started, so that connecting never has to wait.
 * Its log is <dir>/log, at --verbose.  files > 0: its limit of open files.
 */
void responder_start(struct responder *, unsigned files,
    const char *const options[]);

/* A directory, and an address in it, for a program that others start. */
void responder_place(struct responder *);

/* The same directory, socket and log, another process. */
void responder_again(struct responder *, const char *const options[]);

/* The same with --listen ADDRESS in place of an inherited socket; waits for it.
 */
void responder_listen(struct responder *, const char *address,
    const char *const options[]);

/* Sends the signal, waits for the end, returns the exit status. */
int responder_signal(struct responder *, int signum);

/* Waits for the end; the exit status, or -1 if it takes more than ms. */
int responder_wait(struct responder *, int ms);

/*
 * Ends it with SIGTERM, unless it has ended, and takes everything away.  The
 * exit status must have been 0 and standard error empty.
 */
void responder_stop(struct responder *);

/* How many of the log's lines hold the text. */
unsigned responder_logged(const struct responder *, const char *text);

/* Waits until the log holds it n times; false: not within ms. */
bool responder_until_logged(const struct responder *, const char *text,
    unsigned n, int ms);

/* The number of descriptors it has open. */
int responder_files(const struct responder *);

/* What a slow tool (valgrind) makes of milliseconds: SLOW is set for it. */
int slow(int ms);

/*
 * How long to wait for what must come, in milliseconds: a busy machine is not
 * a failure.  How soon it must come is a matter of the best of several tries.
 */
#define PATIENCE slow(60000)
#define TRIES	 5

#endif
