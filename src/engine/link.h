/* SPDX-License-Identifier: ISC */
#ifndef LINK_H
#define LINK_H

#include <sys/queue.h>

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/resolve.h"
#include "engine/finder.h"
#include "engine/resp.h"

/*
 * One connection to Redis, kept up: it is found (finder.h), made, greeted
 * (AUTH, SELECT, ROLE: it must be a master's), and when it ends for whatever
 * reason made again after a back-off.
 *
 *     from       to         when
 *     OFF        WAITING    link_start(), for no time at all
 *     WAITING    FINDING    the back-off is over
 *     FINDING    CONNECTING there is an address
 *     CONNECTING GREETING   the socket is connected
 *     GREETING   UP         a master has taken the account and the database
 *     any        WAITING    anything failed, or took too long
 *     any        OFF        link_stop()
 *
 * Every wait has a limit of time.  No call here blocks, and no call of the
 * user's ends the connection in a callback: that is a wish, which is granted
 * when the handler is back at its top, or else in the same turn of the loop.
 *
 * A link that follows another (its leader) does not look for the master: it
 * connects to where the leader is up, waits while that is not, and goes with it
 * when it comes up elsewhere.  What shows that the server is the wrong one it
 * tells its leader.
 */

#define LINK_PATIENCE 3.0 /* seconds to be found, connected, greeted, each */
#define LINK_BACKOFF                                            \
	0.05 /* seconds before the second try; doubled for each \
	      */
#define LINK_BACKOFF_MAX \
	1.0		 /* more, the last; up to half of it less by chance */
#define LINK_SETTLED 1.0 /* seconds that it must be up to begin so again */

/* Commands without a reply; a command's tag is its user's. */
struct link_command;
STAILQ_HEAD(link_commands, link_command);

/* Whose the connection is.  What they call may not free the link. */
struct link_user {
	/* It is up; nothing of an earlier connection holds any more. */
	void (*up)(void *arg);
	/*
	 * A part of the reply to the oldest command is here: whole elements may
	 * be taken out of it (resp_shift(), with link_resp()).  NULL: nobody
	 * takes parts.
	 */
	void (*part)(void *arg, int tag, struct resp_value *reply);
	/*
	 * The reply to the oldest command.  It is freed afterwards.  If it is
	 * an error that says that the server is not the right one, or not
	 * ready (MOVED, READONLY, LOADING, ...), the connection ends then.
	 */
	void (*reply)(void *arg, int tag, struct resp_value *reply);
	/*
	 * It was up, and is not any more; why in words.  Commands without a
	 * reply get none.  large: something in the reply to the oldest command
	 * was over the greatest size; what is here of it is in part (or NULL).
	 */
	void (*down)(void *arg, const char *why, bool large,
	    const struct resp_value *part);
	void *arg;
};

enum link_state {
	LINK_OFF,
	LINK_WAITING,
	LINK_FINDING,
	LINK_CONNECTING,
	LINK_GREETING,
	LINK_UP
};

/* What all connections of one engine are told once. */
struct link_setup {
	struct ev_loop *loop;
	const double *now;	   /* monotonic seconds, kept by the caller */
	const char *user;	   /* NULL: none */
	const char *password_file; /* NULL: none; read at each greeting */
	unsigned long db;
	size_t reply_max; /* bytes that one reply may have here at a time */
};

/* What a handler of the link does when it is back at its top. */
enum link_wish { LINK_STAYS, LINK_GOES_AGAIN, LINK_STOPS };

struct link {
	const struct link_setup *set;
	const char *name;      /* "tail", "publisher": for the log */
	struct finder *finder; /* or NULL: it follows another */
	struct link *leader;
	struct link_user user;
	enum link_state state;
	double deadline; /* of the state, unless it is up */
	double up_since;
	int fd;
	ev_io io;
	ev_timer timer;	  /* of the state's limit, or the oldest command's */
	double fires;	  /* when it does */
	ev_prepare flush; /* what was sent is written at the end of the turn */
	struct resp resp;
	struct resp_value *held; /* the reply that is being told of */
	char *in;		 /* bytes that resp has not seen yet */
	size_t in_at, in_len;
	struct link_commands commands; /* without a reply, oldest first */
	size_t pending;		       /* of these */
	double answered; /* when something of a reply was last taken */
	char *out;	 /* bytes that are not written yet */
	size_t out_len, out_cap;
	bool full; /* the socket takes no more now */
	bool shut; /* nor ever: what it has said is read, and that is all */
	uint64_t sent, written; /* bytes, on this connection */
	struct resolved peer;	/* that it is connected to */
	char where[96];		/* the same for people */
	bool paused, in_handler;
	enum link_wish wish;
	bool unfit;	   /* it goes because the server is the wrong one */
	bool large;	   /* or because a reply was over the greatest size */
	unsigned failures; /* since it was last up for a while */
	char why[256];	   /* it is not up, in words; or empty */
	bool told;	   /* of that in the log */
	double told_at;	   /* when last; 0: never */
	char told_why[256];
	unsigned long long connects; /* times that it came up */
};

/* The setup, the finder, the leader and the name outlive it. */
void link_init(struct link *, const struct link_setup *, const char *name,
    struct finder *, struct link *leader, const struct link_user *);

void link_start(struct link *);

/* The leader has come up, as its user hears: it connects there, if it must. */
void link_leader_is_up(struct link *);

/* Gives it up, without down(); it may be started again. */
void link_stop(struct link *);

/*
 * While it is up: sends a command; its reply comes to reply() with the tag.  It
 * is written at the end of the turn, together with others.  The connection ends
 * if the reply is not here after so many seconds, counted from now, from when
 * the command before it was answered, or from when something was last taken out
 * of the reply, whichever is latest.  Returns where the command begins among
 * the bytes of this connection: what has been written of it may have been
 * executed, see link_written(), which counts on until the next one is
 * connected.  Where it is not up, or there is no memory and the connection
 * ends, nothing is sent, and it returns UINT64_MAX.
 */
uint64_t link_send(struct link *, int tag, double patience, size_t n,
    const char *const argv[], const size_t len[]);

/* The same of texts, NULL behind them. */
uint64_t link_say(struct link *, int tag, double patience,
    const char *const argv[]);

/* May a command that begins there have been executed? */
bool link_written(const struct link *, uint64_t begins);

/*
 * Nothing is read, and no time runs, until it goes on: then part() or reply()
 * comes again with what was here.
 */
void link_pause(struct link *);
void link_go_on(struct link *);

/*
 * The connection is to end, and be made again: why in words.  Nothing is told
 * of it any more but down().
 */
void link_again(struct link *, const char *why);

/* For resp_shift() in part(). */
struct resp *link_resp(struct link *);

#endif
