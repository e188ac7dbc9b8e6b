/* SPDX-License-Identifier: ISC */
#ifndef SCRIPTED_INNER_H
#define SCRIPTED_INNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parser.h"
#include "scripted.h"

/*
 * What the test, in scripted.c, and the process that stands between, in
 * between.c, share.
 */

#define SCRIPTED_TEXT (1 << 20)
#define PAIRS	      32
#define DUE_MAX	      4096 /* commands without a reply on a connection */

/* Of one command. */
struct tally {
	char name[24];
	bool done; /* the script has had its reply to it */
	size_t cut;
	atomic_uint seen, used;
};

struct scripted_board {
	/* The script, written before it is told. */
	enum scripted_place place;
	enum scripted_then then;
	bool trickle;
	size_t first, step; /* of CUT; and first of CHANCE, the seed */
	char command[24];
	size_t times, head, unit, tail; /* lengths, one behind the other: */
	char text[SCRIPTED_TEXT];
	/* What was seen. */
	struct tally tally[SCRIPTED_COMMANDS];
	atomic_uint commands, used, connections;
};

/* One connection and the one to Redis. */
struct pair {
	int near, far; /* -1: none */
	struct bytes asked, said, out;
	struct tally *due[DUE_MAX]; /* whose replies are, oldest first */
	size_t first, dues;
	bool ends, silent, clean;
};

struct between {
	struct scripted_board *board;
	struct pair pair[PAIRS];
	int control, listening;
	const char *to;
	bool was_cut; /* the last connection was, as it began */
	uint32_t seed;
};

/* How long the command or reply is; 0: it is not whole yet. */
size_t resp_len(const char *text, size_t len);

/* A command of this length came: its reply is due. */
void script_takes(struct between *, struct pair *, size_t len);

/* Gives the replies whose turn it is. */
void script_gives(struct between *, struct pair *);

/* Takes bytes away that have been dealt with. */
void drop_front(struct bytes *, size_t len);

/*
 * Passes on what comes, in the child: control is where it is told that there is
 * another script ('s') or that all connections are to end ('d'), and answers
 * with the same; or that there is an end ('e').
 */
_Noreturn void between(struct scripted_board *, int control, int listening,
    const char *to);

#endif
