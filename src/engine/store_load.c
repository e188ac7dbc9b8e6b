/* SPDX-License-Identifier: ISC */
/*
 * Reading the file back.  It may have been edited by hand, or its disk may have
 * made something up: all is looked at before anybody is told of it, and before
 * anything is deleted.
 */
#include "engine/store_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/channel.h"

#define FREE_PAGES 16384 /* that the file may have: 16 MiB */

/* The events, with the columns as they are read. */
#define EVENTS "SELECT key, time, channel, type, data FROM event "

struct row {
	int64_t key, time;
	const char *channel;
	struct sse_message message;
	size_t bytes;
};

/* The column's text, or NULL: it has another type, or there is no memory. */
static const char *
text(sqlite3_stmt *q, int column, size_t *len)
{
	const char *s = NULL;

	if (sqlite3_column_type(q, column) == SQLITE_TEXT)
		s = (const char *)sqlite3_column_text(q, column);
	*len = s == NULL ? 0 : (size_t)sqlite3_column_bytes(q, column);
	return s;
}

/* Likewise, without NUL. */
static const char *
word(sqlite3_stmt *q, int column, size_t *len)
{
	const char *s = text(q, column, len);

	return s == NULL || strlen(s) != *len ? NULL : s;
}

static bool
is_type(const char *s)
{
	return s != NULL && s[strcspn(s, "\r\n")] == '\0' &&
	       utf8_valid((const uint8_t *)s, strlen(s));
}

/* Is it one that we have written? */
static bool
is_row(sqlite3_stmt *q, const struct row *r, const struct store *st)
{
	return sqlite3_column_type(q, 0) == SQLITE_INTEGER &&
	       r->key > st->base && r->key <= st->last &&
	       sqlite3_column_type(q, 1) == SQLITE_INTEGER &&
	       r->channel != NULL && channel_name_valid(r->channel) &&
	       (sqlite3_column_type(q, 3) == SQLITE_NULL ||
		   is_type(r->message.type)) &&
	       r->message.data != NULL &&
	       utf8_valid((const uint8_t *)r->message.data, r->message.len);
}

/* The row, between these keys: a damaged page may have keys in any order. */
static int
read_row(struct store *st, sqlite3_stmt *q, int64_t above, int64_t below,
    struct row *r)
{
	size_t channel, type, data;

	r->key = sqlite3_column_int64(q, 0);
	r->time = sqlite3_column_int64(q, 1);
	r->channel = word(q, 2, &channel);
	r->message = (struct sse_message){.type = word(q, 3, &type),
	    .data = text(q, 4, &data)};
	r->message.len = data;
	r->bytes = channel + type + data + STORE_EVENT_SIZE;
	if (r->key > above && r->key < below && is_row(q, r, st))
		return 0;
	if (sqlite3_errcode(st->db) == SQLITE_NOMEM)
		return store_failed(st);
	return store_wrong(st, SQLITE_CORRUPT,
	    "the event with key %" PRId64 " cannot be", r->key);
}

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
};

/* From the newest on: 1 when the first has no room. */
static int
measure(struct store *st, sqlite3_stmt *q, void *arg)
{
	struct room *room = arg;
	struct row r;

	if (read_row(st, q, INT64_MIN, room->from, &r) == -1)
		return -1;
	if (r.bytes > room->bytes)
		return 1;
	room->bytes -= r.bytes;
	room->from = r.key;
	return 0;
}

static int
check_channel(struct store *st, sqlite3_stmt *q, void *arg)
{
	size_t len;
	const char *name = word(q, 0, &len);
	int64_t lost = sqlite3_column_int64(q, 1);
	size_t *n = arg;

	if (name == NULL || !channel_name_valid(name) || lost < 0 ||
	    lost > st->last)
		return store_wrong(st, SQLITE_CORRUPT,
		    "a channel's row cannot be");
	if (++*n > st->channels_max)
		return store_wrong(st, SQLITE_CORRUPT,
		    "more than %zu channels cannot be", st->channels_max);
	return 0;
}

static int
delete_before(struct store *st, int64_t key)
{
	static const char lose[] =
	    "UPDATE channel SET lost = max(lost, gone.upto) FROM"
	    " (SELECT channel AS name, max(key) AS upto FROM event"
	    " WHERE key < ?1 GROUP BY channel) AS gone"
	    " WHERE gone.name = channel.name";

	if (store_begin(st) == -1)
		return -1;
	if (each(st, lose, key, NULL, NULL) == 0 &&
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
	const char *s = text(q, 0, &len), *line;

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
	int (*channel)(void *arg, const char *name, int64_t lost);
	int (*event)(void *arg, int64_t key, int64_t time, const char *channel,
	    const struct sse_message *);
	void *arg;
	int64_t key; /* of the last event */
};

static int
tell_channel(struct store *st, sqlite3_stmt *q, void *arg)
{
	const struct told *t = arg;
	size_t len;
	const char *name = word(q, 0, &len);

	if (name != NULL &&
	    t->channel(t->arg, name, sqlite3_column_int64(q, 1)) == 0)
		return 0;
	return store_wrong(st, SQLITE_NOMEM, "no memory");
}

static int
tell_event(struct store *st, sqlite3_stmt *q, void *arg)
{
	struct told *t = arg;
	struct row r;

	if (read_row(st, q, t->key, INT64_MAX, &r) == -1)
		return -1;
	t->key = r.key;
	if (t->event(t->arg, r.key, r.time, r.channel, &r.message) == 0)
		return 0;
	return store_wrong(st, SQLITE_NOMEM, "no memory");
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

int
store_load(struct store *st, size_t bytes_max,
    int (*channel)(void *arg, const char *name, int64_t lost),
    int (*event)(void *arg, int64_t key, int64_t time, const char *channel,
	const struct sse_message *),
    void *arg)
{
	struct told told = {channel, event, arg, INT64_MIN};
	struct room room = {bytes_max, INT64_MAX};
	size_t channels = 0;
	int full;

	if (each(st, "PRAGMA quick_check(1)", 0, check_pages, NULL) == -1)
		return -1;
	full = each(st, EVENTS "ORDER BY key DESC", 0, measure, &room);
	if (full == -1 || each(st, "SELECT name, lost FROM channel", 0,
			      check_channel, &channels) == -1)
		return -1;
	st->sound = true;
	if ((full == 1 && delete_before(st, room.from) == -1) ||
	    tidy(st) == -1 ||
	    each(st, "SELECT name, lost FROM channel", 0, tell_channel,
		&told) == -1)
		return -1;
	return each(st, EVENTS "ORDER BY key", 0, tell_event, &told);
}
