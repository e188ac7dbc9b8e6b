/* SPDX-License-Identifier: ISC */
#ifndef STREAM_INNER_H
#define STREAM_INNER_H

/*
 * What stream.c and admission.c know of each other, and nobody else.
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

/* Milliseconds for retry:, spread so that not all come back at once. */
unsigned long stream_retry_ms(const struct streams *);

/* Answers that nothing will ever come any more for who asks for this. */
void stream_gone(struct streams *, struct conn *);

/* May it be?  Otherwise it was refused. */
bool stream_admit(struct streams *, struct stream *, const struct request *);

#endif
