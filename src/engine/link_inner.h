/* SPDX-License-Identifier: ISC */
#ifndef LINK_INNER_H
#define LINK_INNER_H

#include <sys/queue.h>

#include "engine/link.h"

/*
 * What the files of a link know of each other: link.c has the states, their
 * limits and the handlers' top; link_io.c the bytes; link_greeting.c what is
 * said before it is up, and which errors end it; link_tell.c what the log says.
 */

struct link_command {
	STAILQ_ENTRY(link_command) link;
	int tag;
	double patience, since;
	uint64_t begins; /* among the bytes sent */
};

/*
 * The frame of a handler: between the two nothing is closed or freed.  The
 * outer one's end does what was wished meanwhile.
 */
bool link_enter(struct link *);
void link_leave(struct link *, bool outer);

/* As link_again(), of the server at this end: "Redis at <where> " before it. */
void link_fails(struct link *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Nothing was wished, and it is not paused. */
bool link_goes_on(const struct link *);

/* It has been greeted. */
void link_is_up(struct link *);

/* There is an address: connects to it. */
void link_connect(struct link *);

/* Ends all that belongs to the connection but what down() may see; then that.
 */
void link_disconnect(struct link *);
void link_release(struct link *);

/* Whatever the state is: adds a command; false: there is no memory, it ends. */
bool link_put(struct link *, int tag, double patience, size_t n,
    const char *const argv[], const size_t len[]);

/* The io watcher waits for what is of use. */
void link_watch(struct link *);

/* It is connected: says who we are, and asks who it is. */
void link_greet(struct link *);
void link_greeted(struct link *, int tag, const struct resp_value *);

/* Does this reply show that the server is of no use now?  Then it goes. */
void link_judge(struct link *, const struct resp_value *);

/*
 * Why it is away: each reason once, and not too often if there are several; and
 * that it is not away any more.
 */
void link_tell_away(struct link *);
void link_tell_up(struct link *);

#endif
