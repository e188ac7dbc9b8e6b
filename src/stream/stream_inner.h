/* SPDX-License-Identifier: ISC */
#ifndef STREAM_INNER_H
#define STREAM_INNER_H

/*
 * What stream.c, opening.c and admission.c know of each other, and nobody else.
 */
#include "stream/stream.h"

/*
 * Without the status Apache would look at the request's If-None-Match and
 * others of the kind, answer 304, and keep the stream to itself for ever.
 */
#define STREAM_HEADERS                                        \
	"Status: 200 OK\r\n"                                  \
	"Content-Type: text/event-stream\r\n"                 \
	"Cache-Control: no-cache, no-store, no-transform\r\n" \
	"X-Accel-Buffering: no\r\n"                           \
	"\r\n"

/*
 * A stream's todo, and the kinds of its pieces.  LAST: what its feed has for it
 * now comes before its end.  REST: so does more of that than one write holds,
 * unless it is slow to take it; CUT: nothing of it does.  HEARD stays: its page
 * wants to see heartbeats.
 */
enum {
	HEAD = 1,
	RETRY = 2,
	BEAT = 4,
	EVENT = 8,
	LAST = 16,
	REST = 32,
	HEARD = 64,
	CUT = 128
};

/* Milliseconds for retry:, spread so that not all come back at once. */
unsigned long stream_retry_ms(const struct streams *);

/* Answers that nothing will ever come any more for who asks for this. */
void stream_gone(struct streams *, struct conn *);

/*
 * May it be?  Then it has its permit, if anything is granted to it.  Otherwise
 * it was refused.
 */
bool stream_admit(struct streams *, struct stream *, const struct request *,
    const struct grant *, struct permit **);

/*
 * It is to end now, and have nothing more of its channels: nobody allows that
 * any longer.  Its browser may come back from where it is.  Returns whether it
 * was not ending yet.
 */
bool stream_cut(struct conn *);

/* Uniform in [0, 1). */
double stream_chance(void);

#endif
