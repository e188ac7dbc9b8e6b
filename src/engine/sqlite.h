/* SPDX-License-Identifier: ISC */
#ifndef SQLITE_H
#define SQLITE_H

#include <sys/queue.h>

#include <ev.h>
#include <stdbool.h>

#include "base/wake.h"
#include "channel/eventid.h"
#include "channel/hub.h"
#include "channel/keys.h"
#include "engine/changes.h"
#include "engine/committer.h"
#include "engine/engine.h"
#include "engine/gathering.h"
#include "engine/store.h"

#define SQLITE_END_MAX 9.0 /* seconds that stop() may take */

/* Seconds that a publication's key is in the file: longer than it is known. */
#define SQLITE_KEYED 110
_Static_assert(SQLITE_KEYED > (int)KEYS_AGE, "who is known is in the file");

struct waiting;
STAILQ_HEAD(waiting_list, waiting);

/*
 * The engine that outlives the process: what is answered is on the disk, and
 * what is delivered, too.
 *
 * A publication is taken on by the hub first (hub_prepare()), so that what is
 * durable can be delivered for certain.  At the end of the turn all that came
 * in it are given to the committer's thread as one transaction, together with
 * what the hub has dropped meanwhile; while that is under way, those of further
 * turns gather for the next.  When it is done the hub keeps them, and they are
 * answered.
 *
 * When a transaction fails the store is down: nothing is taken on, and what was
 * is answered.  Streams go on with what the hub holds.  Once a second the
 * thread tries to make the store usable again.
 */
struct sqlite {
	struct engine engine;
	const char *path;
	double patience; /* seconds for another process to let go of the file */
	uint64_t (*wall_ms)(void);
	struct hub *hub; /* from start() on, as all that follows */
	struct ev_loop *loop;
	struct store store;
	struct committer committer;
	struct eventid_source source;
	struct eventid resumed; /* the last id of the life before */
	struct eventid first;	/* of this life's first event; or the same */
	uint64_t began;		/* when this life did, by the wall clock */
	struct changes next, going; /* to be committed; being so */
	struct waiting_list waiting, going_waiting; /* for the one, the other */
	struct gathering gathering;
	struct keys keys;	    /* of publications */
	int64_t last[SQLITE_KEYED]; /* keys that were the last, each second */
	unsigned seconds;	    /* that there were */
	int64_t old_keys; /* those up to here are to go from the file; or 0 */
	double restored;  /* the time of the event that was restored last */
	ev_prepare turn_ends;
	struct wake committed;
	ev_timer second;
	bool late; /* what is to be dropped has waited for a second */
	bool down;
	char why[256]; /* it is down, in words */
	struct histogram commits;
	unsigned long long failures;
	unsigned long long failed_at; /* so many commits before the failure */
	uint64_t bytes;		      /* of the store's files, lately */
};

_Static_assert(offsetof(struct sqlite, engine) == 0,
    "what its calls get is cast to struct sqlite");

/*
 * The file at this path, which must outlive it.  patience in seconds; wall_ms
 * tells the wall clock's milliseconds.
 */
void sqlite_init(struct sqlite *, const char *path, double patience,
    uint64_t (*wall_ms)(void));

#endif
