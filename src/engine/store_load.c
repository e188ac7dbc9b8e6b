/* SPDX-License-Identifier: ISC */
/*
 * Reading the file back.  It may have been edited by hand, or its disk may have
 * made something up: all is looked at before anybody is told of it, and before
 * anything is deleted.
 */
#include "engine/store_inner.h"

#include <assert.h>
#include <string.h>

#define FREE_PAGES 16384 /* that the file may have: 16 MiB */

/* Who needs a channel's place takes that of the one that came first. */
#define BY_USE " ORDER BY max(lost, ended), name"

/* Calls for each row that the SQL finds, if it finds any, until that is not 0.
 */
static int
each(struct store *st, const char *sql, int64_t bound,
    int (*row)(struct store *, sqlite3_stmt *, void *arg), void *arg)
{
	sqlite3_stmt *q;
	int rc, ret = 0;

	if (sqlite3_prepare_v2(st->db, sql, -1, &q, NULL) != SQLITE_OK)
		return store_failed(st);
	(void)sqlite3_bind_int64(q, 1, bound); /* if it has one */
	while (ret == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		assert(row != NULL);
		ret = row(st, q, arg);
	}
	if (ret == 0 && rc != SQLITE_DONE)
		ret = store_failed(st);
	(void)sqlite3_finalize(q);
	return ret;
}

static int
number(struct store *st, sqlite3_stmt *q, void *arg)
{
	(void)st;
	*(int64_t *)arg = sqlite3_column_int64(q, 0);
	return 0;
}

struct room {
	size_t bytes;
	int64_t from; /* the oldest key that has room; INT64_MAX: none */
	bool careful; /* what no channel holds takes none */
};

/* Does one of its channels hold it?  1, 0, or -1. */
static int
is_held(struct store *st, const struct store_row *r)
{
	int found = 0;
	size_t i;

	for (i = 0; i < r->event.channels_n && found == 0; i++)
		found = store_holds(st, r->name[i], r->event.key);
	return found;
}

/* From the newest on: 1 when the first has no room. */
static int
measure(struct store *st, sqlite3_stmt *q, void *arg)
{
	struct room *room = arg;
	struct store_row r;
	int held = 1;

	if (store_row(st, q, INT64_MIN, room->from, &r) == -1)
		return -1;
	if (room->careful && (held = is_held(st, &r)) == -1)
		return -1;
	if (held == 1 && r.bytes > room->bytes)
		return 1;
	room->bytes -= held == 1 ? r.bytes : 0;
	room->from = r.event.key;
	return 0;
}

static int
check_channel(struct store *st, sqlite3_stmt *q, void *arg)
{
	struct store_channel c;
	size_t *n = arg;

	if (store_channel_row(st, q, &c) == -1)
		return -1;
	if (++*n > st->channels_max)
		return store_wrong(st, SQLITE_CORRUPT,
		    "more than %zu channels cannot be", st->channels_max);
	return 0;
}

static int
check_keyed(struct store *st, sqlite3_stmt *q, void *arg)
{
	struct store_keyed k;

	(void)arg;
	return store_keyed_row(st, q, &k);
}

/* Of all channels that have or had the event. */
static int
lose_event(struct store *st, sqlite3_stmt *q, void *arg)
{
	struct store_row *r = arg;
	size_t i;

	if (!store_names(r, q, 0))
		return store_wrong(st, SQLITE_CORRUPT,
		    "the channel of an event cannot be");
	for (i = 0; i < r->event.channels_n; i++)
		if (store_lose(st, r->name[i], sqlite3_column_int64(q, 1)) ==
		    -1)
			return -1;
	return 0;
}

static int
delete_before(struct store *st, int64_t key)
{
	struct store_row r;

	if (store_begin(st) == -1)
		return -1;
	if (each(st,
		"SELECT channel, key FROM event WHERE key < ?1"
		" ORDER BY key DESC",
		key, lose_event, &r) == 0 &&
	    each(st, "DELETE FROM event WHERE key < ?1", key, NULL, NULL) ==
		0 &&
	    store_commit(st) == STORE_COMMITTED)
		return 0;
	store_rollback(st);
	return -1;
}

/* What SQLite finds to be damaged: the last line of it. */
static int
check_pages(struct store *st, sqlite3_stmt *q, void *arg)
{
	size_t len;
	const char *s = store_text(q, 0, &len), *line;

	(void)arg;
	if (s != NULL && strcmp(s, "ok") == 0)
		return 0;
	if (s == NULL)
		return store_wrong(st, SQLITE_NOMEM, "no memory");
	line = strrchr(s, '\n');
	return store_wrong(st, SQLITE_CORRUPT, "%s",
	    line != NULL ? line + 1 : s);
}

struct told {
	const struct store_reader *reader;
	int64_t key; /* of the last event */
};

/* What the reader says of it. */
static int
said(struct store *st, int ret)
{
	return ret == 0 ? 0 : store_wrong(st, SQLITE_NOMEM, "no memory");
}

static int
tell_channel(struct store *st, sqlite3_stmt *q, void *arg)
{
	const struct store_reader *to = ((const struct told *)arg)->reader;
	struct store_channel c;

	if (store_channel_row(st, q, &c) == -1)
		return -1;
	return said(st, to->channel(to->arg, &c));
}

static int
tell_event(struct store *st, sqlite3_stmt *q, void *arg)
{
	struct told *t = arg;
	struct store_row r;

	if (store_row(st, q, t->key, INT64_MAX, &r) == -1)
		return -1;
	t->key = r.event.key;
	return said(st, t->reader->event(t->reader->arg, &r.event));
}

static int
tell_keyed(struct store *st, sqlite3_stmt *q, void *arg)
{
	const struct store_reader *to = ((const struct told *)arg)->reader;
	struct store_keyed k;

	if (store_keyed_row(st, q, &k) == -1)
		return -1;
	return said(st, to->keyed(to->arg, &k));
}

/*
 * The file shrinks, if it is worth it; and nothing is left in the WAL, which
 * may be from a life whose last sync has failed.
 */
static int
tidy(struct store *st)
{
	int64_t unused = 0;

	if (each(st, "PRAGMA freelist_count", 0, number, &unused) == -1 ||
	    (unused > FREE_PAGES &&
		store_exec(st, "PRAGMA incremental_vacuum") == -1))
		return -1;
	if (sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
		NULL, NULL) != SQLITE_OK)
		return store_failed(st);
	st->pages = 0;
	return 0;
}

/*
 * How much has room: 1 if that is not all.  Where it is not, what is still to
 * be dropped is looked for: of a channel that was erased there may be much.
 */
static int
measure_all(struct store *st, size_t bytes_max, struct room *room)
{
	int rc;

	*room = (struct room){bytes_max, INT64_MAX, false};
	rc = each(st, STORE_EVENTS "ORDER BY key DESC", 0, measure, room);
	if (rc != 1)
		return rc;
	*room = (struct room){bytes_max, INT64_MAX, true};
	return each(st, STORE_EVENTS "ORDER BY key DESC", 0, measure, room);
}

/* All of it is as we write it, and how much of it has room. */
static int
look_at_all(struct store *st, size_t bytes_max, struct room *room, bool *full)
{
	size_t channels = 0;
	int rc;

	if (each(st, "PRAGMA quick_check(1)", 0, check_pages, NULL) == -1)
		return -1;
	rc = measure_all(st, bytes_max, room);
	*full = rc == 1;
	if (rc == -1 ||
	    each(st, STORE_CHANNELS, 0, check_channel, &channels) == -1)
		return -1;
	return each(st, STORE_KEYED " ORDER BY last", 0, check_keyed, NULL);
}

int
store_load(struct store *st, size_t bytes_max, const struct store_reader *to)
{
	struct told told = {to, INT64_MIN};
	struct room room;
	bool full;

	if (look_at_all(st, bytes_max, &room, &full) == -1 ||
	    (st->older && store_exec(st, "COMMIT") == -1))
		return -1;
	st->older = false;
	st->sound = true;
	if ((full && delete_before(st, room.from) == -1) || tidy(st) == -1 ||
	    each(st, STORE_CHANNELS BY_USE, 0, tell_channel, &told) == -1 ||
	    each(st, STORE_EVENTS "ORDER BY key", 0, tell_event, &told) == -1)
		return -1;
	return each(st, STORE_KEYED " ORDER BY last", 0, tell_keyed, &told);
}
