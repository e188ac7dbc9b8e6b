/* SPDX-License-Identifier: ISC */
#ifndef ROUNDS_INNER_H
#define ROUNDS_INNER_H

#include "rounds.h"
#include "token.h"

#define ROUNDS_ACTS   10
#define ROUNDS_BEARER (TOKEN_SIZE + 10)

/* rounds.c: the ticket at present, as Authorization has it. */
extern char rounds_bearer[ROUNDS_BEARER];

/* What is there for those who read all the time. */
void rounds_read(void);

/* rounds_acts.c: what is done in a round. */
extern void (*const rounds_acts[ROUNDS_ACTS])(void);

/*
 * Publishes an event of the checker's, with these parameters more (or NULL);
 * the status of the answer, or 0 if there is none.
 */
int rounds_post(const char *query, unsigned number, const char *const more[]);

#endif
