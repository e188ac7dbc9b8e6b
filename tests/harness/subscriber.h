/* SPDX-License-Identifier: ISC */
#ifndef SUBSCRIBER_H
#define SUBSCRIBER_H

#include <stdbool.h>

#include "front.h"
#include "page.h"
#include "responder.h"

/* A browser's EventSource: one connection after the other, and one reader. */
struct subscriber {
	struct front f;
	struct page page;
	bool headers; /* they were here, and were those of an event stream */
};

/* channels: names with a space between. */
void subscriber_begin(struct subscriber *, struct checker *,
    const char *channels);

/*
 * Connects, and goes on from a position (NULL: now).  by: the name in the query
 * that tells it ("history" tells how many of the last ones); NULL: the header.
 */
void subscriber_connect(struct subscriber *, const struct responder *,
    const char *position, const char *by);

/* The next connection: from where the last one was cut. */
void subscriber_again(struct subscriber *, const struct responder *,
    const char *by);

/* Reads what is there within ms milliseconds; false: nothing came. */
bool subscriber_read(struct subscriber *, int ms);

/* Reads until that many events were seen, on all connections together. */
bool subscriber_until(struct subscriber *, size_t events);

/* Reads until the event with this number was seen last. */
bool subscriber_until_number(struct subscriber *, unsigned number);

/* Reads until the first block is here. */
bool subscriber_joined(struct subscriber *);

/*
 * Reads until the response ends; was that because nothing will ever come any
 * more?
 */
bool subscriber_over(struct subscriber *);

/*
 * Reads what is there, of which the page gets a part alone, and cuts: anywhere,
 * by chance.
 */
void subscriber_leave(struct subscriber *, unsigned chance);

/* Ends the connection, and takes everything away. */
void subscriber_cut(struct subscriber *);
void subscriber_end(struct subscriber *);

/*
 * What it saw must be right, and (if to_the_end) all of it here; and if all its
 * channels have ended, its stream has.
 */
void subscriber_check(struct subscriber *, bool to_the_end);

#endif
