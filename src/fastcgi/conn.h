/* SPDX-License-Identifier: ISC */
#ifndef CONN_H
#define CONN_H

#include <sys/queue.h>

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/event.h"
#include "fastcgi/gate.h"
#include "fastcgi/wave.h"
#include "fastcgi/writer.h"

/* Seconds for a request to come whole, and for a closing peer's rest. */
#define CONN_PATIENCE 5.0

/* Seconds for a body that is wanted to come whole. */
#define CONN_BODY_PATIENCE 30.0

/* Seconds that an engine may take over what one request has given to it. */
#define CONN_ENGINE_PATIENCE 30.0

/* Seconds that a kept connection may wait for its next request. */
#define CONN_IDLE 90.0

/*
 * A connection is in one phase, and in one list, at a time.  The lists are in
 * the order of the time from which that phase's limit counts.
 *
 *     from      to       when
 *     -         WAITING  it was accepted
 *     WAITING   OPEN     a request is whole
 *               KEPT     what began on a kept one was no request
 *     KEPT      WAITING  something begins
 *     OPEN      FULL     the socket takes no more
 *               BODY     conn_want_body()
 *               ENGINE   conn_await()
 *               FEED     conn_want_feed()
 *               KEPT     END_REQUEST is written, and the front keeps it
 *               LINGER   the same, but it ends and the body is not here yet
 *               CLOSED   the same, and the body is here
 *     FULL      OPEN     the socket takes more
 *     BODY      OPEN     it is answered, or ABORT_REQUEST
 *               ENGINE   the body is here, and conn_await()
 *     ENGINE    OPEN     it is answered, conn_resume(), or ABORT_REQUEST
 *     FEED      OPEN     it is answered, or ABORT_REQUEST
 *     LINGER    CLOSED   the front has gone, or its time is up
 *     any       LINGER   a request is refused that the front does not keep
 *     any       CLOSED   the front has gone, is wrong, or its time is up
 *
 * From OPEN to FEED an exchange has the connection; only OPEN is written to.
 * A connection in BODY, ENGINE or FEED has written nothing of its response, and
 * so holds no half of a record: what comes then, an answer or the end alone,
 * comes first.
 *
 * FEED has no limit of time, for a body that is acted on as it comes may be
 * silent as long as a stream may; nor is its descriptor taken for others.  So
 * whoever has it is counted with the streams.
 */
enum conn_phase {
	CONN_WAITING, /* a request is not whole yet; since: it began */
	CONN_KEPT,    /* kept, between two requests; since: the last ended */
	CONN_OPEN,    /* a request is being served; since: the last write */
	CONN_FULL,    /* the same, but the socket takes no more now */
	CONN_BODY,    /* a request waits for its body; since: it began to */
	CONN_ENGINE,  /* it waits for the engine; since: it began to */
	CONN_FEED,    /* its body is acted on as it comes; since: it began */
	CONN_LINGER,  /* all is said; the front's unread rest is discarded */
	CONN_CLOSED   /* nothing more; freed at the end of the turn */
};

struct conn;

/*
 * An exchange is a request that is being served, from conn_serve() to
 * END_REQUEST.  Its role is a table of what to do.
 *
 * There is no queue of output.  Whoever has something to write says so
 * (conn_wake()), and at the end of the turn, or when the socket takes bytes
 * again, fill() is asked for all that is to be written now, in order, as pieces
 * of one batch.  None of them counts as written yet, for the socket may take
 * nothing.  Of those of which bytes were written took() is told, one by one:
 * they are on their way, the last perhaps with a rest that the connection holds
 * and writes first of all the next time.  What took() was not told of was not
 * touched, and fill() is asked again: so what a slow front has not taken may be
 * left out then, or be something newer.  When the exchange was
 * ended (conn_end()), END_REQUEST comes behind what fill() still gives; after
 * it fill() is asked no more, and over() ends the exchange.
 *
 * None may free the connection.
 */
struct role {
	void *all; /* what the exchanges of this role have together */
	void (*fill)(struct conn *, struct batch *);
	void (*took)(struct conn *, const struct piece *);
	/* Nothing was written for the heartbeat's time. */
	void (*idle)(struct conn *);
	/*
	 * Bytes of the body that was wanted (conn_want_body(),
	 * conn_want_feed()), or NULL: it is whole.
	 */
	void (*body)(struct conn *, const uint8_t *, size_t len);
	/* In FEED: all that one read brought of it has been handed on. */
	void (*brought)(struct conn *);
	/*
	 * It is to end now, in order: see conn_retire().  What waits for its
	 * body or the engine answers.
	 */
	void (*retire)(struct conn *);
	/*
	 * It is over: answered, given up by the front, or cut off.  Called once
	 * for each conn_serve(); what it has had is to be given up.
	 */
	void (*over)(struct conn *);
};

/*
 * A role that writes nothing itself before its exchange is answered, or in
 * another: sets fill(), took() and idle().
 */
void role_only_waits(struct role *);

struct conns;

/*
 * One connection of the front, with at most one exchange on it.  It is the
 * first member of whatever the owner makes of it (struct stream).
 */
struct conn {
	ev_io io; /* data: its struct conns */
	TAILQ_ENTRY(conn) link;
	STAILQ_ENTRY(conn) dirty_link;
	struct gate gate;
	struct writer writer;
	const struct role *role; /* of its exchange; NULL: there is none */
	void *own;		 /* the exchange's, if it is not the object */
	uint32_t since;		 /* see conns_seconds() */
	uint8_t phase;
	bool dirty : 1;
	bool ending : 1; /* END_REQUEST comes after what is there to write */
	bool ended : 1;	 /* END_REQUEST is written, or its rest is held */
	bool kept : 1;	 /* it has had a request, and is kept for others */
	bool paused : 1; /* in FEED: nothing is read */
	/* The exchange's; they stand here because there is room. */
	uint8_t todo;
	uint32_t messages;
	uint32_t begun; /* as since */
};

_Static_assert(offsetof(struct conn, io) == 0, "a watcher is its connection");

TAILQ_HEAD(conn_list, conn);
STAILQ_HEAD(conn_queue, conn);

/* What connections are made for. */
struct conn_owner {
	size_t size; /* bytes of its object, which begins with struct conn */
	/*
	 * A whole request; all good but for what its parameters mean.  It is
	 * served by conn_serve(), answered by conn_answer(), or closed.
	 */
	void (*request)(void *arg, struct conn *, const struct gate_event *);
	void *arg;
};

struct conns {
	struct ev_loop *loop;
	struct conn_owner owner;
	double now;	  /* monotonic seconds, read once per turn */
	double heartbeat; /* seconds; for idle() */
	double stall;	  /* seconds that a front may take nothing */
	size_t waiting_max;
	unsigned long values_max; /* what GET_VALUES is told */
	unsigned said;		  /* answers to the protocol for this read */
	bool closing;		  /* no connection is kept after its request */
	bool behind; /* one had more to write than its share of the last turn */
	struct conn_list list[CONN_CLOSED];
	size_t count[CONN_CLOSED];
	size_t total; /* all that are not freed yet */
	struct conn_queue dirty;
	size_t dirty_count;
	size_t round; /* of these, who were woken when the round began */
	unsigned long long accepted, bad, stalled, timed_out, dropped, starved;
	unsigned long long received, sent; /* bytes */
	struct batch batch;
	struct wave wave; /* empty between two turns */
	uint8_t in[65536];
};

/*
 * heartbeat and stall in seconds.  loop and what the owner has must outlive
 * the connections.
 */
void conns_init(struct conns *, struct ev_loop *, const struct conn_owner *,
    double heartbeat, double stall);

/* At most so many without a whole request; and what GET_VALUES is told. */
void conns_limit(struct conns *, size_t waiting, unsigned long values);

/* It is this late, in monotonic seconds: once a turn. */
void conns_set_time(struct conns *, double now);

/*
 * Now, and the seconds since then, as a connection has room for it: right to a
 * sixtieth, and it begins anew after two years.
 */
uint32_t conns_moment(const struct conns *);
double conns_seconds(const struct conns *, uint32_t since);

/* From now on no connection is kept after its request. */
void conns_keep_none(struct conns *);

/*
 * Takes the connected, non-blocking socket and reads it at once: nearly always
 * the whole request is there.  -1 with fd closed if there is no memory.
 */
int conn_new(struct conns *, int fd);

struct conns *conn_all(const struct conn *);

/*
 * The open request is served in this role from now on; own is the exchange's.
 * If it was in another role, that is over first.
 */
void conn_serve(struct conn *, const struct role *, void *own);

/* Something is to be written: it will be, at the end of this turn. */
void conn_wake(struct conn *);

/*
 * Answers the open request, of which nothing is written yet, and ends it.  The
 * role that it was served in is over.  Takes the caller's reference; NULL (no
 * memory) closes the connection.
 */
void conn_answer(struct conn *, struct event *);

/* The open request's body goes to its role. */
void conn_want_body(struct conn *);

/*
 * The open request's body goes to its role as it comes, until the request is
 * answered.
 */
void conn_want_feed(struct conn *);

/*
 * Nothing is read of it until it goes on, and what is not read the front keeps
 * back: its peer's body waits.  Nor is it noticed meanwhile that the front
 * gives it up, or goes.
 */
void conn_pause(struct conn *);
void conn_go_on(struct conn *);

/*
 * The open request waits for the engine: until it is answered, goes on, or is
 * retired after CONN_ENGINE_PATIENCE.
 */
void conn_await(struct conn *);

/* It has waited for the engine, and goes on: it may be written to. */
void conn_resume(struct conn *);

/* Ends the exchange after what fill() still has for it. */
void conn_end(struct conn *);

/*
 * Has the exchange end in order, by its role's retire(), if it is not ending
 * yet.
 */
void conn_retire(struct conn *);

/* The socket is closed now; the object goes at the end of the turn. */
void conn_close(struct conn *);

/*
 * There is nothing to serve it with, be it as good as it may: closes it, and
 * its front says what it says when we are not there.
 */
void conn_starved(struct conn *, const char *why);

/*
 * Makes a descriptor free: closes the oldest of those that linger, or else
 * whose request is not whole, or else of the idle ones, or else whose body is
 * not whole.  Returns false if there was none.
 */
bool conns_drop_oldest(struct conns *);

/*
 * Closes all connections that are slow to take one event, the first found of
 * those that are counted in this account: then its bytes are free.  Returns
 * false if there is none.
 */
bool conns_relieve(struct conns *, const size_t *account);

/*
 * If more than the limit of requests are not whole, closes the oldest, unless
 * it is young: over TCP the bytes of a crowd of honest fronts come a moment
 * after their connections.
 */
void conns_bound_waiting(struct conns *);

/* Once a second: limits of time, and idle(). */
void conns_sweep(struct conns *);

/* Closes and frees all. */
void conns_free(struct conns *);

#endif
