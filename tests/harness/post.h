/* SPDX-License-Identifier: ISC */
#ifndef POST_H
#define POST_H

#include <stdbool.h>
#include <stddef.h>

#include "checker.h"
#include "front.h"
#include "parser.h"
#include "responder.h"

/* A POST to a location of the role publish, unless more says otherwise. */
struct post {
	const char *query;
	const char *type;	 /* CONTENT_TYPE; NULL: empty */
	const char *length;	 /* CONTENT_LENGTH; NULL: empty */
	const char *const *more; /* names and values, NULL behind them */
	const char *body;
	size_t len;
	size_t piece; /* bytes of the body in a record; 0: as many as fit */
	int padding;  /* behind each */
};

/*
 * Writes channel=NAME, encoded, and unless it is the first an ampersand before
 * it: at most QUERY_SIZE bytes.  Returns its length.
 */
size_t query_channel(char *to, const char *name, bool first);

/* Sends what comes before the body, on a connection that is there. */
bool post_head(struct front *, int flags, const struct post *);

/* Sends the body and its end. */
bool post_body(struct front *, const struct post *);

/* Connects, sends it all, and waits for the answer's end. */
void post(struct front *, const struct responder *, const struct post *);

/* The answer: its status (200 if it says none), its text behind the headers. */
int answer_status(const struct front *);
const char *answer_text(const struct front *);

/* The answer's event id, "" if it has none. */
void answer_id(const struct front *, char id[48]);

/*
 * Publishes one event of the checker's, to all channels that it is in, or an
 * end; it must be acknowledged.
 */
void publish(const struct responder *, struct checker *, unsigned number);

/*
 * The same, and it need not be: the answer's status.  And then its channel
 * ends, behind it, if end is that, and not 0.
 */
int try_publish(const struct responder *, struct checker *, unsigned number,
    unsigned end);

/* From number on, count events as a text/event-stream. */
void batch_text(struct bytes *to, const struct checker *, unsigned number,
    unsigned count);

/*
 * The answer of the location of the role status; free() it.  The figure is the
 * number behind the key: what comes first in the text counts.
 */
char *status_text(const struct responder *, const char *query);
double status_figure(const struct responder *, const char *key);
bool status_until(const struct responder *, const char *key, double is);

#endif
