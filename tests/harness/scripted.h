/* SPDX-License-Identifier: ISC */
#ifndef SCRIPTED_H
#define SCRIPTED_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Stands between a program and a real Redis, and passes on what both say, but
 * where a script says otherwise: then a reply is other bytes, or has bytes
 * before it or behind it, or is cut.  What the script answers in place of
 * Redis, Redis is not asked.  It is a process of its own.
 */

#define SCRIPTED_COMMANDS 32 /* different ones */

enum scripted_place {
	SCRIPTED_NOWHERE, /* all is as Redis says */
	SCRIPTED_INSTEAD, /* of the reply */
	SCRIPTED_BEFORE,
	SCRIPTED_BEHIND,
	SCRIPTED_CUT,	/* see scripted_cut() */
	SCRIPTED_CHANCE /* see scripted_chance() */
};

/* What comes behind the script's bytes. */
enum scripted_then { SCRIPTED_GO_ON, SCRIPTED_CLOSE, SCRIPTED_SILENCE };

/* The bytes: head, and so many times unit, and tail. */
struct script {
	enum scripted_place place;
	enum scripted_then then;
	const char *command; /* to one reply to this; NULL: to one of each */
	const char *head, *unit, *tail; /* NULL: none */
	size_t head_len;		/* 0: up to its NUL */
	size_t times;
};

struct scripted_board;

struct scripted {
	pid_t pid;
	int control;
	struct scripted_board *board; /* what it has seen, in shared memory */
};

/* From one address to the other, each unix:/path. */
void scripted_start(struct scripted *, const char *address, const char *to);
void scripted_stop(struct scripted *);

/* From now on, until another is told. */
void scripted_tell(struct scripted *, const struct script *);

/* All is passed on; a byte at a time, each when the one before has been read.
 */
void scripted_pass(struct scripted *);
void scripted_trickle(struct scripted *);

/*
 * Replies end within, and with them the connection: those to each command
 * behind so many bytes, then behind step more, and so on.  What a connection
 * begins with is cut on every other one alone.
 */
void scripted_cut(struct scripted *, size_t first, size_t step);

/* One reply of eight ends anywhere within, and with it the connection. */
void scripted_chance(struct scripted *, unsigned seed);

/* All connections end. */
void scripted_drop(struct scripted *);

/* How many replies were not as Redis says, since it was told. */
unsigned scripted_used(const struct scripted *);

/* The same of this command; and how many of its replies passed at all. */
unsigned scripted_used_for(const struct scripted *, const char *command);
unsigned scripted_seen(const struct scripted *, const char *command);

/* The command with this number, as they came first, or NULL. */
const char *scripted_command(const struct scripted *, size_t number);

/* Connections that came, since the start. */
unsigned scripted_connections(const struct scripted *);

#endif
