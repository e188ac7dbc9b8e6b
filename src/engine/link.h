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
 *     from      to         when
 *     OFF       FINDING    link_start()
 *     FINDING   CONNECTING there is an address
 *     CONNECTING GREETING  the socket is connected
 *     GREETING  UP         a master has taken the account and the database
 *     any       WAITING    anything failed, or took too long
 *     WAITING   FINDING    the back-off is over
 *     any       OFF        link_stop()
 *
 * Every wait has a limit of time.  No call here blocks, and no call of the
 * user's from within a callback ends the connection in that callback: closing
 * is a wish, which is granted when the handler is back at its top.
 */

#define LINK_PATIENCE 3.0  /* seconds to be found, connected, greeted, each */
#define LINK_BACKOFF  0.05 /* seconds before the second try; doubled for each */
#define LINK_BACKOFF_MAX 1.0 /* more, the last; up to half of it less by chance */

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
	/* The reply to the oldest command.  It is freed afterwards. */
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
	const double *now; /* monotonic seconds, kept by the caller */
	const char *user;  /* NULL: none */
	const char *password_file; /* NULL: none; read at each greeting */
	unsigned long db;
	size_t reply_max; /* bytes that one reply may have here at a time */
};

struct link {
	const struct link_setup *set;
	const char *name; /* "tail", "publisher": for the log */
	struct finder *finder; /* or NULL: it follows another */
	const struct link *leader;
	struct link_user user;
	enum link_state state;
	int fd;
	ev_io io;
	ev_timer timer; /* of the state's limit, or the oldest command's */
	ev_prepare flush; /* what was sent is written at the end of the turn */
	struct resp resp;
	struct link_commands commands; /* without a reply, oldest first */
	size_t pending;		       /* of these */
	char *out;		       /* bytes that are not written yet */
	size_t out_len, out_cap;
	uint64_t sent, written; /* bytes, on this connection */
	struct resolved peer;	/* that it is connected to */
	bool paused, in_handler, again;
	unsigned failures; /* since it was last up */
	char why[256];	   /* it is not up, in words; or empty */
	bool told;	   /* of that in the log */
	unsigned long long connects; /* times that it came up */
};

/* The setup, the finder and the name outlive it.  leader: see above. */
void link_init(struct link *, const struct link_setup *, const char *name,
    struct finder *, const struct link *leader, const struct link_user *);

void link_start(struct link *);

/* Gives it up, without down(); it may be started again. */
void link_stop(struct link *);

/*
 * While it is up: sends a command; its reply comes to reply() with the tag.  It
 * is written at the end of the turn, together with others.  The connection ends
 * if the reply is not here after so many seconds, counted from now or from when
 * the command before it was answered, whichever is later.  Returns where the
 * command begins among the bytes of this connection: what has been written of
 * it may have been executed, see link_written().  Where there is no memory the
 * connection ends.
 */
uint64_t link_send(struct link *, int tag, double patience, size_t n,
    const char *const argv[], const size_t len[]);

/* The same of texts, NULL behind them. */
uint64_t link_say(struct link *, int tag, double patience,
    const char *const argv[]);

/* May a command that begins there have been executed? */
bool link_written(const struct link *, uint64_t begins);

/* Bytes that are sent and not written. */
size_t link_unwritten(const struct link *);

/*
 * Nothing is read, and no time runs, until it goes on: then part() or reply()
 * comes again with what was here.
 */
void link_pause(struct link *);
void link_go_on(struct link *);

/* The connection is to end, and be made again: why in words. */
void link_again(struct link *, const char *why);

/* For resp_shift() in part(). */
struct resp *link_resp(struct link *);

#endif
