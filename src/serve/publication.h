/* SPDX-License-Identifier: ISC */
#ifndef PUBLICATION_H
#define PUBLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "channel/post.h"
#include "channel/sse.h"
#include "engine/engine.h"
#include "fastcgi/body.h"
#include "fastcgi/conn.h"

/*
 * A publication: an exchange from its parameters to its answer.  Its body comes
 * first, then read() gives its messages to the engine, then it waits for what
 * the engine says.  The exchange may be over sooner: then the publication stays
 * until the engine has said it, which nobody hears any more.
 */
struct publication {
	struct publisher *by;
	struct conn *conn; /* NULL: the exchange is over */
	bool given;	   /* to the engine, which has not said yet */
	double since;	   /* then */
	const double *now;
	bool several;  /* the body is an event stream */
	bool snapshot; /* its event is one */
	bool measured; /* its length was announced: */
	uint64_t length;
	struct body body;
	struct post post; /* its messages come last, and do not stay */
	const char *channel[POST_CHANNELS_MAX]; /* the post's, in words */
	const char *type;			/* in words; NULL: none */
	char *words;
};

struct producers;
struct tickets;

/* All publications, and what they share. */
struct publisher {
	struct role role;
	const struct config *cfg;
	struct engine *engine;
	struct tickets *tickets; /* what the front wants of some */
	struct bodies bodies;
	/*
	 * Reads the body, which is whole, and gives it to publication_give(),
	 * or refuses it.
	 */
	void (*read)(struct publication *, char *text, size_t len);
	struct producers *producers; /* who make feeds of some; see producer.h
				      */
	struct histogram waits;	     /* for the engine, of what it published */
	unsigned long long refused;  /* nothing of it is published */
	unsigned long long ended;    /* of these: because its channel has */
	unsigned long long unknown;  /* it may be published */
	unsigned long long ends, deletes, repeated; /* of those published */
};

/* bodies: bytes that all unfinished ones may have.  cfg and engine outlive it.
 */
void publisher_init(struct publisher *, const struct config *, struct engine *,
    size_t bodies, void (*read)(struct publication *, char *, size_t));

/* So long the engine took to say that of what it was given. */
void publisher_waited(struct publisher *, const struct published *,
    double seconds);

/*
 * The open request is a publication now.  NULL: there is no memory, and it is
 * answered.
 */
struct publication *publication_begin(struct publisher *, struct conn *);

/*
 * Its channels (1 to POST_CHANNELS_MAX), and its type and its key or NULL, are
 * these from now on.  Returns false if there is no memory, and it is answered.
 */
bool publication_name(struct publication *, const char *const channels[],
    size_t n, const char *type, const char *key);

/* What comes next is its body. */
void publication_want_body(struct publication *);

/* Publishes its post with these messages.  The publication is not to be used
 * any more. */
void publication_give(struct publication *, const struct sse_message[],
    size_t n);

/* Hands over its words, in which its channels and its type stand. */
char *publication_words(struct publication *);

/* The texts of two 413, with a number of bytes, and of two 503. */
#define PUBLICATION_LONG "the body has more bytes than the %lu of --max-body"
#define PUBLICATION_LARGE \
	"an event has more bytes than the %lu of --max-event, its type included"
#define PUBLICATION_ENDING "this process is about to end: try again"
#define PUBLICATION_NO_ROOM \
	"there are too many unfinished bodies at a time: try again"

/* Is the event as small as --max-event, its type included? */
bool publication_fits(const struct config *, const struct sse_message *);

/*
 * Answers with an error of which this is the text.  The publication is not to
 * be used any more.
 */
__attribute__((format(printf, 3, 4))) void
publication_refuse(struct publication *, int status, const char *format, ...);

/* The same where there is no memory for anything. */
void publication_no_memory(struct publication *);

#endif
