/* SPDX-License-Identifier: ISC */
#ifndef SENDER_INNER_H
#define SENDER_INNER_H

#include "engine/sender.h"

/*
 * What sender.c, which has the replies, sender_post.c, which has what is sent,
 * and sender_place.c know of each other; this is for no other.
 */

enum sender_tag { TAG_XADD, TAG_MULTI, TAG_QUEUED, TAG_EXEC, TAG_WAIT };

struct sending {
	STAILQ_ENTRY(sending) link;
	void (*done)(void *, const struct published *);
	void *arg;
	double since;	 /* it was sent; and then, Redis has it */
	uint64_t begins; /* the command that publishes all of it */
	size_t events;	 /* messages */
	size_t entries;	 /* of these, and of its end */
	size_t bytes;
	size_t ids;		    /* entries of which an id has come */
	struct eventid first, last; /* of these */
	bool erase;
	bool refused;	 /* an error came; its text is in why */
	bool strange;	 /* or what is no reply to XADD */
	const char *key; /* or NULL */
	size_t channels_n;
	const char *channels[]; /* and behind them their texts */
};

/* sender_place.c: what can be said at once; false: it is to be sent. */
bool sender_knows(struct sender *, const struct post *, struct published *);

/*
 * It is in no list any more: Redis has it, and whether the tail has read it, or
 * this is told of it.
 */
void sender_finish(struct sender *, struct sending *, bool read);
void sender_tell(struct sender *, struct sending *, struct published *);

/* sender_post.c: NULL: there is no memory. */
struct sending *sender_make(const struct post *);

/* Why it cannot be sent, or PUBLISHED: it can. */
enum publish_result sender_obstacle(struct sender *, const struct post *,
    const char **why);

/* All of it goes to the link. */
void sender_send(struct sender *, const struct post *, struct sending *);

#endif
