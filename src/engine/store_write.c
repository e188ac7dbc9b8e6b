/* SPDX-License-Identifier: ISC */
/*
 * What a transaction does to the tables.
 *
 * An event that was published to several channels is one row, which names them.
 * Which of them hold it is not written down anew with each drop: a channel's
 * events are dropped oldest first, so those that have lost less than its key
 * hold it, and it goes with the last of them.  Most events are of one channel,
 * and go at once.
 */
#include "engine/store_inner.h"

#include <stdio.h>
#include <string.h>

/*
 * A row with so many bytes of data is written anew without a channel, so that
 * names of those that have lost it do not make the file large; but no more than
 * so many bytes in a transaction, for which publications wait.
 */
#define SHORT	      4096
#define REWRITTEN_MAX ((size_t)1 << 20)

static const char *const sql[STORE_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_CHANNEL] = "INSERT INTO channel (name, lost, origin)"
		    " VALUES (?1, ?2, ?2) ON CONFLICT (name) DO"
		    " UPDATE SET lost = max(lost, excluded.lost),"
		    " origin = max(origin, excluded.origin),"
		    " ended = 0, time = 0, erased = 0",
    [SQL_EVENT] = "INSERT INTO event (key, time, channel, type, data, snapshot)"
		  " VALUES (?, ?, ?, ?, ?, ?)",
    [SQL_LOSE] = "UPDATE channel SET lost = ?2 WHERE name = ?1 AND lost < ?2"
		 " AND (ended = 0 OR ended > ?2)",
    [SQL_DELETE] = "DELETE FROM event WHERE key = ?1 AND channel = ?2",
    [SQL_HOLDERS] = "SELECT channel, length(CAST(data AS BLOB)) FROM event"
		    " WHERE key = ?",
    [SQL_HOLDS] = "SELECT 1 FROM channel WHERE name = ?1 AND lost < ?2"
		  " AND (ended = 0 OR ended > ?2)",
    [SQL_DELETE_ALL] = "DELETE FROM event WHERE key = ?",
    [SQL_RENAME] = "UPDATE event SET channel = ?2 WHERE key = ?1",
    [SQL_END] = "UPDATE channel SET ended = ?2, time = ?3"
		" WHERE name = ?1 AND ended = 0",
    [SQL_ERASE] = "UPDATE channel SET lost = ?2, erased = 1"
		  " WHERE name = ?1 AND lost < ?2",
    [SQL_UNLIST] = "DELETE FROM channel WHERE name = ?",
    [SQL_FORGET] = "UPDATE fact SET value = max(value, ?)"
		   " WHERE name = 'forgotten'",
    [SQL_KEYED] = "INSERT INTO keyed (last, events, time, channel, key)"
		  " VALUES (?, ?, ?, ?, ?)",
    [SQL_UNKEY] = "DELETE FROM keyed WHERE last <= ?",
    [SQL_LAST] = "UPDATE fact SET value = ? WHERE name = 'last'",
    [SQL_PROOF] = "UPDATE fact SET value = value + 1 WHERE name = 'faults'",
};

int
store_prepare(struct store *st)
{
	int i;

	for (i = 0; i < STORE_STATEMENTS; i++)
		if (sqlite3_prepare_v3(st->db, sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &st->statement[i],
			NULL) != SQLITE_OK)
			return store_failed(st);
	return 0;
}

int
store_run(struct store *st, enum store_statement which)
{
	sqlite3_stmt *s = st->statement[which];
	int ret = 0;

	if (sqlite3_step(s) != SQLITE_DONE)
		ret = store_failed(st);
	(void)sqlite3_reset(s);
	return ret;
}

/* What fails within a transaction is the end of it. */
static int
lose(struct store *st)
{
	(void)store_failed(st);
	st->lost = true;
	return -1;
}

/* Runs a statement in a transaction. */
static int
change(struct store *st, enum store_statement which, bool bound)
{
	if (st->lost)
		return -1;
	if (!bound)
		return lose(st);
	if (store_run(st, which) == 0)
		return 0;
	st->lost = true;
	return -1;
}

/* Text may hold any bytes, NUL too; what it is lasts longer than the run. */
static bool
bind_text(struct store *st, enum store_statement which, int i, const char *s,
    size_t len)
{
	return sqlite3_bind_text64(st->statement[which], i, s, len,
		   SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
}

static bool
bind_word(struct store *st, enum store_statement which, int i, const char *s)
{
	return bind_text(st, which, i, s, s == NULL ? 0 : strlen(s));
}

static bool
bind_number(struct store *st, enum store_statement which, int i, int64_t n)
{
	return sqlite3_bind_int64(st->statement[which], i, n) == SQLITE_OK;
}

/* The usual statement: of a name, and up to there. */
static int
change_channel(struct store *st, enum store_statement which, const char *name,
    int64_t key)
{
	return change(st, which,
	    bind_word(st, which, 1, name) && bind_number(st, which, 2, key));
}

int
store_add_channel(struct store *st, const char *name, int64_t lost)
{
	return change_channel(st, SQL_CHANNEL, name, lost);
}

int
store_add(struct store *st, int64_t key, int64_t time, const char *channels,
    const struct sse_message *m)
{
	return change(st, SQL_EVENT,
	    bind_number(st, SQL_EVENT, 1, key) &&
		bind_number(st, SQL_EVENT, 2, time) &&
		bind_word(st, SQL_EVENT, 3, channels) &&
		bind_word(st, SQL_EVENT, 4, m->type) &&
		bind_text(st, SQL_EVENT, 5, m->data == NULL ? "" : m->data,
		    m->len) &&
		bind_number(st, SQL_EVENT, 6, m->snapshot));
}

/* 1 if the statement, whose values are bound, finds a row, 0, or -1. */
static int
finds(struct store *st, enum store_statement which, bool bound)
{
	int rc = bound ? sqlite3_step(st->statement[which]) : SQLITE_NOMEM;

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return lose(st);
	return rc == SQLITE_ROW;
}

int
store_holds(struct store *st, const char *channel, int64_t key)
{
	int found = finds(st, SQL_HOLDS,
	    bind_word(st, SQL_HOLDS, 1, channel) &&
		bind_number(st, SQL_HOLDS, 2, key));

	(void)sqlite3_reset(st->statement[SQL_HOLDS]);
	return found;
}

/* The channels that hold an event, as the row is to name them. */
struct holders {
	char text[STORE_NAMES_SIZE];
	size_t len;	/* of it; 0: none */
	size_t before;	/* as it was; 0: there is no such event */
	int64_t octets; /* of its data */
};

/* One of the channels that are named. */
static int
add_holder(struct store *st, struct holders *h, const char *name, int64_t key)
{
	int found = store_holds(st, name, key);

	if (found != 1)
		return found;
	h->len += (size_t)snprintf(h->text + h->len, sizeof(h->text) - h->len,
	    "%s%s", h->len == 0 ? "" : " ", name);
	return 0;
}

/* Of these, which it takes to pieces, those that hold it. */
static int
add_holders(struct store *st, struct holders *h, char *names, int64_t key)
{
	const char *name;
	char *rest;

	for (name = strtok_r(names, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest))
		if (add_holder(st, h, name, key) == -1)
			return -1;
	return 0;
}

static int
find_holders(struct store *st, int64_t key, struct holders *h)
{
	sqlite3_stmt *s = st->statement[SQL_HOLDERS];
	char names[STORE_NAMES_SIZE];
	const char *text;
	int found;

	h->len = h->before = 0;
	found = finds(st, SQL_HOLDERS, bind_number(st, SQL_HOLDERS, 1, key));
	if (found == 1) {
		text = (const char *)sqlite3_column_text(s, 0);
		(void)snprintf(names, sizeof(names), "%s",
		    text == NULL ? "" : text);
		h->before = strlen(names);
		h->octets = sqlite3_column_int64(s, 1);
	}
	(void)sqlite3_reset(s);
	return h->before == 0 ? found : add_holders(st, h, names, key);
}

/* An event that several channels have or had: one of them has lost it. */
static int
drop_shared(struct store *st, int64_t key)
{
	struct holders h;

	if (find_holders(st, key, &h) == -1)
		return -1;
	if (h.before == 0)
		return 0;
	if (h.len == 0)
		return change(st, SQL_DELETE_ALL,
		    bind_number(st, SQL_DELETE_ALL, 1, key));
	if (h.len == h.before || h.octets > SHORT ||
	    st->rewritten > REWRITTEN_MAX)
		return 0;
	st->rewritten += h.before + (size_t)h.octets;
	return change(st, SQL_RENAME,
	    bind_number(st, SQL_RENAME, 1, key) &&
		bind_text(st, SQL_RENAME, 2, h.text, h.len));
}

int
store_lose(struct store *st, const char *channel, int64_t upto)
{
	return change_channel(st, SQL_LOSE, channel, upto);
}

int
store_drop(struct store *st, const char *channel, int64_t key)
{
	if (store_lose(st, channel, key) == -1 ||
	    change(st, SQL_DELETE,
		bind_number(st, SQL_DELETE, 1, key) &&
		    bind_word(st, SQL_DELETE, 2, channel)) == -1)
		return -1;
	return sqlite3_changes(st->db) > 0 ? 0 : drop_shared(st, key);
}

int
store_end(struct store *st, const char *channel, int64_t key, int64_t time)
{
	return change(st, SQL_END,
	    bind_word(st, SQL_END, 1, channel) &&
		bind_number(st, SQL_END, 2, key) &&
		bind_number(st, SQL_END, 3, time));
}

int
store_erase(struct store *st, const char *channel, int64_t upto)
{
	return change_channel(st, SQL_ERASE, channel, upto);
}

int
store_forget(struct store *st, const char *channel, int64_t upto)
{
	if (change(st, SQL_UNLIST, bind_word(st, SQL_UNLIST, 1, channel)) == -1)
		return -1;
	return change(st, SQL_FORGET, bind_number(st, SQL_FORGET, 1, upto));
}

int
store_add_keyed(struct store *st, const struct store_keyed *k)
{
	return change(st, SQL_KEYED,
	    bind_number(st, SQL_KEYED, 1, k->last) &&
		bind_number(st, SQL_KEYED, 2, (int64_t)k->events) &&
		bind_number(st, SQL_KEYED, 3, k->time) &&
		bind_word(st, SQL_KEYED, 4, k->channel) &&
		bind_word(st, SQL_KEYED, 5, k->key));
}

int
store_drop_keyed(struct store *st, int64_t upto)
{
	return change(st, SQL_UNKEY, bind_number(st, SQL_UNKEY, 1, upto));
}

int
store_set_last(struct store *st, int64_t key)
{
	return change(st, SQL_LAST, bind_number(st, SQL_LAST, 1, key));
}
