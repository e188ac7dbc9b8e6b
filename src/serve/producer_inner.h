/* SPDX-License-Identifier: ISC */
#ifndef PRODUCER_INNER_H
#define PRODUCER_INNER_H

/*
 * What producer.c, producer_post.c and producer_end.c know of each other:
 * together they are one module, and this is for no other.
 */
#include <stdint.h>

#include "channel/sse_split.h"
#include "serve/producer.h"

#define PRODUCER_UNKNOWN                                                        \
	"it is not known whether what came last was published: the engine has " \
	"not said so in time"

/* How a feed goes. */
enum course {
	GOES_ON,
	ENDS,  /* it has ended as it should */
	FAILS, /* it is malformed */
	DIED,  /* the exchange is over, or answered, before its end */
	LEFT   /* likewise, and its producer knows why: no death */
};

/* Where its next post is. */
enum post_state { POST_NONE, POST_GIVEN, POST_REFUSED };

struct producer {
	TAILQ_ENTRY(producer) link; /* unless there is no post */
	struct producers *all;
	struct conn *conn;     /* NULL: the exchange is over, or answered */
	struct permit *permit; /* while it is not; NULL: it needs none */
	struct sse_split split;
	size_t at;	 /* in what that has kept: the next post */
	size_t post_end; /* and behind it */
	size_t most;	 /* messages for one post */
	size_t bytes;	 /* that are counted with those of bodies */
	uint8_t course;
	uint8_t state; /* of the post */
	bool giving;   /* the engine is being called */
	bool dropped;  /* what came, and was not given, is nobody's */
	bool ends;     /* the channel ends with the feed */
	bool closed;   /* and has */
	bool any;      /* an event came whole */
	bool measured; /* its length was announced: */
	uint64_t length;
	uint64_t received;
	double given;	/* when the post was */
	double refused; /* when it was for the first time; 0: it was not */
	int status;	/* FAILS: the answer, and why; NULL: its length */
	const char *why;
	struct published published; /* how far it came */
	struct post post;
	const char *channel[POST_CHANNELS_MAX]; /* the post's, in words */
	const char *type;			/* in words; NULL: none */
	char *words;
	char *done; /* NULL: none */
};

/*
 * Gives what there is to the engine, as far as that takes it now.  The producer
 * is not to be used any more: it may be all, and forgotten.
 */
void producer_push(struct producer *);

/* What it has allocated is counted with the bodies of publications. */
void producer_count(struct producer *);

/*
 * It is answered now, or its exchange is over: returns that, which is not the
 * producer's any more.
 */
struct conn *producer_leave(struct producer *);

/* The first n of its channels hear how it ended. */
void producer_leave_channels(struct producer *, size_t n);

/*
 * It ends here, whatever came: answers with an error and how far it came.
 * producer_push() is the caller's.
 */
void producer_break_off(struct producer *, int status, const char *why,
    enum course);

/* All that came of it is published, or will not be: answers, and forgets it. */
void producer_finish(struct producer *);

/* The engine's timer. */
void producers_again(struct ev_loop *, ev_timer *, int revents);

#endif
