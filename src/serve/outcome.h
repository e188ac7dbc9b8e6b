/* SPDX-License-Identifier: ISC */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>

#include "base/config.h"
#include "channel/post.h"
#include "engine/engine.h"
#include "fastcgi/conn.h"
#include "serve/reply.h"

/* The status that tells a publisher what became of a post. */
int outcome_status(enum publish_result);

/* The same in words, if it is not PUBLISHED. */
void outcome_words(char words[REPLY_TEXT_MAX + 1], const struct config *,
    const struct post *, const struct published *);

/*
 * Answers with a status that is not 200 and these words; a 503 says when to
 * come again.
 */
void outcome_refuse(struct conn *, int status, const char *words);

/* Answers 200 and what is published; counted: with the number of events. */
void outcome_answer(struct conn *, const struct post *,
    const struct published *, bool counted);

#endif
