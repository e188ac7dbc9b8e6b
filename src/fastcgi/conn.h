/* SPDX-License-Identifier: ISC */
#ifndef CONN_H
#define CONN_H

#include <sys/queue.h>

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fastcgi/body.h"
#include "channel/event.h"
#include "fastcgi/gate.h"
#include "fastcgi/writer.h"

/* Seconds for a request to come whole, and for a closing peer's rest. */
#define CONN_PATIENCE 5.0

/* Seconds for a body that is wanted to come whole. */
#define CONN_BODY_PATIENCE 30.0

/* Seconds that a kept connection may wait for its next request. */
#define CONN_IDLE 90.0

/*
 * A connection is in one phase, and in one list, at a time.  The lists are in
 * the order of the time from which that phase's limit counts.
 */
enum conn_phase {
	CONN_WAITING, /* a request is not whole yet; since: it began */
	CONN_KEPT,    /* kept, between two requests; since: the last ended */
	CONN_OPEN,    /* a request is being served; since: the last write */
	CONN_FULL,    /* the same, but the socket takes no more now */
	CONN_BODY,    /* a request waits for its body; since: it began to */
	CONN_LINGER,  /* all is said; the front's unread rest is discarded */
	CONN_CLOSED   /* nothing more; freed at the end of the turn */
};

struct conns;

/*
 * One connection of the front, with at most one request on it.  It is the
 * first member of whatever the owner makes of it (struct stream).
 */
struct conn {
	ev_io io; /* data: its struct conns */
	TAILQ_ENTRY(conn) link;
	STAILQ_ENTRY(conn) dirty_link;
	double since;
	struct gate gate;
	struct writer writer;
	struct body *body; /* that is wanted, or NULL */
	uint8_t phase;
	bool dirty : 1;
	bool ending : 1; /* END_REQUEST comes after what is there to write */
	bool ended : 1;	 /* END_REQUEST is written, or its rest is held */
	bool kept : 1;	 /* it has had a request, and is kept for others */
	/* The owner's; they stand here because there is room. */
	uint8_t todo;
	uint32_t messages;
};

TAILQ_HEAD(conn_list, conn);
STAILQ_HEAD(conn_queue, conn);

/* What the owner does.  None may free the connection. */
struct conn_owner {
	size_t size; /* bytes of its object, which begins with struct conn */
	/* A whole request; all good but for what its parameters mean. */
	void (*request)(struct conn *, const struct gate_event *);
	/* What is to be written now, in order, into the batch. */
	void (*fill)(struct conn *, struct batch *);
	/* The first bytes of this piece, which fill() added, are written. */
	void (*took)(struct conn *, const struct piece *);
	/* Nothing was written for the heartbeat's time. */
	void (*idle)(struct conn *);
	/* The request is over; called once for each request(). */
	void (*over)(struct conn *);
};

struct conns {
	struct ev_loop *loop;
	const struct conn_owner *owner;
	double now;	  /* monotonic seconds, read once per turn */
	double heartbeat; /* seconds; for idle() */
	double stall;	  /* seconds that a front may take nothing */
	size_t waiting_max;
	unsigned long values_max; /* what GET_VALUES is told */
	unsigned said;		  /* answers to the protocol for this read */
	bool closing;		  /* no connection is kept after its request */
	bool behind; /* one had more to write than its share of the last turn */
	struct bodies bodies;
	struct conn_list list[CONN_CLOSED];
	size_t count[CONN_CLOSED];
	size_t total; /* all that are not freed yet */
	struct conn_queue dirty;
	size_t dirty_count;
	size_t round; /* of these, who were woken when the round began */
	unsigned long long accepted, bad, stalled, timed_out, dropped;
	unsigned long long received, sent; /* bytes */
	struct batch batch;
	uint8_t in[65536];
};

/* loop and owner must outlive it; the limits are set by the caller. */
void conns_init(struct conns *, struct ev_loop *, const struct conn_owner *);

/*
 * Takes the connected, non-blocking socket and reads it at once: nearly always
 * the whole request is there.  -1 with fd closed if there is no memory.
 */
int conn_new(struct conns *, int fd);

struct conns *conn_all(const struct conn *);

/* Something is to be written: it will be, at the end of this turn. */
void conn_wake(struct conn *);

/*
 * The answer to the open request, written before anything that fill() gives.
 * Takes the caller's reference; NULL (no memory) closes the connection.
 */
void conn_answer(struct conn *, struct event *);

/* The open request's body is to be put together. */
void conn_want_body(struct conn *, struct body *);

/* Ends the open request after what fill() still has for it. */
void conn_end(struct conn *);

/* Bytes were written: its place in the order of last writes. */
void conn_touch(struct conn *);

/* The socket is full: it is woken when it takes more. */
void conn_block(struct conn *);

/* END_REQUEST is written: it is kept, or closed when the front is done. */
void conn_ended(struct conn *);

/* The socket is closed now; the object goes at the end of the turn. */
void conn_close(struct conn *);

/*
 * Makes a descriptor free: closes the oldest of those that linger, or else
 * whose request is not whole, or else of the idle ones.  Returns false if there
 * was none.
 */
bool conns_drop_oldest(struct conns *);

/*
 * Of the connections that are slow to take an event which is counted in this
 * account, closes the one that has taken nothing for the longest time.  Returns
 * false if there is none.
 */
bool conns_relieve(struct conns *, const size_t *account);

/*
 * If more than waiting_max requests are not whole, closes the oldest, unless
 * it is young: over TCP the bytes of a crowd of honest fronts come a moment
 * after their connections.
 */
void conns_bound_waiting(struct conns *);

/* Once a second: limits of time, and idle(). */
void conns_sweep(struct conns *);

/* Closes and frees all. */
void conns_free(struct conns *);

#endif
