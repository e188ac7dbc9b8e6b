/* SPDX-License-Identifier: ISC */
#ifndef SENDER_H
#define SENDER_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/hub.h"
#include "channel/sse.h"
#include "engine/engine.h"
#include "engine/link.h"
#include "engine/repeats.h"

/*
 * Publications on their way to Redis: XADD, several in one MULTI, pipelined on
 * one connection, which goes where the tail's is; and with --redis-wait behind
 * those of a turn one WAIT, for all of them.
 *
 * What was not written when the connection ends was not published; of what was
 * written nobody knows.  What Redis refuses by an error was not published.
 *
 * What Redis has has its place in the sequence, and only that says what it has
 * come to: behind its channel's end it is nobody's, and with a key that was
 * there before it is that publication again.  So it is answered when the tail
 * has read it too, which is in the same moment, unless the tail is behind or
 * away: then after a while as what it is most likely, published; or with a key,
 * that may have been there before, as unknown, since it is safe to try again.
 */

#define SENDER_PATIENCE 5.0	    /* seconds for an answer */
#define SENDER_SLOW	1.0	    /* seconds, and nothing more is taken */
#define SENDER_BYTES	(1UL << 20) /* without an answer, likewise */
#define SENDER_WAIT_MS	"1000"	    /* of WAIT */
#define SENDER_COMING	1.0   /* seconds that the tail has to come there */
#define SENDER_COMING_N 65536 /* publications that wait for that */
#define SENDER_TAGS	100

struct sending;
STAILQ_HEAD(sending_list, sending);

struct sender {
	struct link *link; /* its user is the engine, which hands on */
	const struct hub *hub;
	struct repeats *repeats;
	const char *key;
	unsigned long wait;	       /* replicas; 0: none */
	struct sending_list sending;   /* without a reply, oldest first */
	struct sending_list confirmed; /* Redis has it; the WAIT is due */
	size_t events, bytes;	       /* of both */
	struct sending_list coming;    /* and these the tail has not read */
	size_t coming_n;
	bool unwaited; /* some of this turn have no WAIT behind them yet */
	char why[256]; /* of the answer that is being told */
	unsigned long long unknown;
};

/*
 * The link, the hub, the keys that the tail has read and the stream's name
 * outlive it.
 */
void sender_init(struct sender *, struct link *, const struct hub *,
    struct repeats *, const char *key, unsigned long wait);

/* Why it takes none now, as struct engine's away(). */
const char *sender_away(const struct sender *);

/* As struct engine's publish(). */
void sender_publish(struct sender *, const struct post *,
    void (*done)(void *arg, const struct published *), void *arg);

/* In each turn: the tail has read all up to there. */
void sender_came(struct sender *, struct eventid at);

/* Behind all of a turn's, before they are written. */
void sender_turn_ends(struct sender *);

/* Answers all that there is. */
void sender_stop(struct sender *);

/*
 * A reply with one of the sender's tags, which are below SENDER_TAGS; and the
 * connection's end, or ours, before what was written of it is forgotten.
 */
void sender_reply(struct sender *, int tag, const struct resp_value *);
void sender_down(struct sender *);

#endif
