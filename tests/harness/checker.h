/* SPDX-License-Identifier: ISC */
#ifndef CHECKER_H
#define CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What was published, against which readers are checked (page.h).  What is
 * wrong is told as text; nothing here ends the test.
 */

#define CHECKER_CHANNELS 64

struct id {
	uint64_t ms, n;
};

/* false: it is not of the form <digits>-<digits>. */
bool id_parse(struct id *, const char *text, size_t len);
int id_compare(struct id a, struct id b);

enum published_state { MADE, SENT, ACKNOWLEDGED, REFUSED };

/* Bytes of a channel's name, NUL included, and of it in a query. */
#define NAME_SIZE  256
#define QUERY_SIZE (3 * (NAME_SIZE - 1) + sizeof("&channel="))

/*
 * One event, or a channel's end, which is one to its readers; its number is its
 * place in struct checker's list of all.
 */
struct published {
	unsigned channel;
	uint64_t also; /* bits of the other channels that it is in */
	bool end;
	enum published_state state;
	unsigned first, count; /* of those that are sent as one with it */
	const char *type;      /* "": none */
	char *data;	       /* "<channel> <number> <rest>" */
	char *seen_as;	       /* its data as a page gets it */
	size_t len, seen_len;
	bool has_id;
	struct id id;	 /* from the answer, or as the first reader saw it */
	struct id since; /* the highest id acknowledged when it was sent */
};

/* A place in a channel's order. */
struct place {
	unsigned number;
	struct id low, high; /* its id is not below, not above these */
};

struct checker_channel {
	char name[NAME_SIZE];
	size_t events;	     /* made for it */
	struct place *order; /* the published ones */
	size_t count;
	bool has_end, ended; /* its end is made; and is in the order */
	unsigned end;	     /* its number */
};

struct checker {
	struct checker_channel channel[CHECKER_CHANNELS];
	unsigned channels;
	struct published *event;
	unsigned events, size;
	struct id acknowledged; /* the highest id */
	bool ordered;		/* the channels' order is of now */
	char error[400];	/* the first one; empty: none */
};

void checker_free(struct checker *);

/* The number of a channel. */
unsigned checker_channel(struct checker *, const char *name);

/* A new event; returns its number.  type is not copied; NULL: none. */
unsigned checker_event(struct checker *, const char *channel, const char *type,
    const char *rest);

/* The event is in this channel, too. */
void checker_also(struct checker *, unsigned number, const char *channel);

/* The channel's end, as a number; if there was one, this is another try. */
unsigned checker_end(struct checker *, const char *channel);

/* Is the event in the channel with this number? */
bool checker_is_in(const struct published *, unsigned channel);

/* count events from number first on are about to be sent as one. */
void checker_sent(struct checker *, unsigned first, unsigned count);

/* They were sent as one after all. */
void checker_joined(struct checker *, unsigned first, unsigned count);

/* They were acknowledged, with the id of their last, or refused. */
void checker_acknowledged(struct checker *, unsigned first, const char *id);
void checker_refused(struct checker *, unsigned first);

/*
 * In order.c: the channels' order as it is known by now.  Also looks whether it
 * can be: whether ids increase in it, and none was seen of those that were
 * refused.
 */
void checker_order(struct checker *);

/* The first thing that is wrong stays. */
__attribute__((format(printf, 2, 3))) void checker_fail(struct checker *,
    const char *format, ...);

/* Ends the test if p is NULL. */
void *no_less(void *p);

#endif
