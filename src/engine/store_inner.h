/* SPDX-License-Identifier: ISC */
#ifndef STORE_INNER_H
#define STORE_INNER_H

/*
 * What the files of the store know of each other: together they are one
 * module, and this is for no other.
 */
#include <sqlite3.h>

#include "channel/channel.h"
#include "channel/post.h"
#include "engine/store.h"

#define STORE_APPLICATION 0x53534566 /* "SSEf" */
#define STORE_FORM	  2	     /* of the tables; newer ones are refused */

/* Of a file whose form is a newer one. */
#define STORE_NEWER                                                         \
	"a newer sse-fcgi has written it: start that one, or name another " \
	"file"

/* The names of an event's channels, with a space between any two, and NUL. */
#define STORE_NAMES_SIZE (POST_CHANNELS_MAX * ((size_t)CHANNEL_NAME_MAX + 1))

/* The statements that are prepared once; their texts are in store_write.c. */
enum store_statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_CHANNEL,
	SQL_EVENT,
	SQL_LOSE,
	SQL_DELETE,
	SQL_HOLDERS,
	SQL_HOLDS,
	SQL_DELETE_ALL,
	SQL_RENAME,
	SQL_END,
	SQL_ERASE,
	SQL_UNLIST,
	SQL_FORGET,
	SQL_KEYED,
	SQL_UNKEY,
	SQL_LAST,
	SQL_PROOF
};
_Static_assert(SQL_PROOF + 1 == STORE_STATEMENTS, "there is room for all");

/*
 * What is wrong with the file at path, before SQLite sees it: 0 and whether it
 * was made just now, or -1 and a line in err.
 */
int store_examine(const char *path, bool *made, char *err, size_t size);

/* The process that has locked the file, or 0. */
long store_holder(const char *path);

/* Remembers SQLite's last failure; returns -1. */
int store_failed(struct store *);

/* Likewise one that is not SQLite's, but might have this code of its. */
int store_wrong(struct store *, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Likewise a file that stat() does not find, by its errno. */
int store_missed(struct store *);

/* Prepares the statements, and 0, or -1. */
int store_prepare(struct store *);

/* Runs SQL that has no results, and 0, or -1. */
int store_exec(struct store *, const char *sql);

/*
 * The first value of what the SQL finds, and 0, or -1; *n is as it was if there
 * is none.
 */
int store_number(struct store *, const char *sql, int64_t *n);

/* Runs a prepared one whose values are bound, and 0, or -1. */
int store_run(struct store *, enum store_statement);

/* The rows, with the columns as they are read. */
#define STORE_EVENTS \
	"SELECT key, time, channel, type, data, snapshot FROM event "
#define STORE_CHANNELS \
	"SELECT name, lost, origin, ended, time, erased FROM channel"
#define STORE_KEYED "SELECT last, events, time, channel, key FROM keyed"

/* An event's row; its channels' names stand in text. */
struct store_row {
	struct store_event event;
	size_t bytes;
	const char *name[POST_CHANNELS_MAX];
	char text[STORE_NAMES_SIZE];
};

/*
 * The row that the statement is at, and 0, or -1: it cannot be, or there is no
 * memory.  An event's key is to be between these: a damaged page may have keys
 * in any order.
 */
int store_row(struct store *, sqlite3_stmt *, int64_t above, int64_t below,
    struct store_row *);
int store_channel_row(struct store *, sqlite3_stmt *, struct store_channel *);
int store_keyed_row(struct store *, sqlite3_stmt *, struct store_keyed *);

/* The channels' names that a column has, into name and text. */
bool store_names(struct store_row *, sqlite3_stmt *, int column);

/* A column's text, or NULL: it has another type, or there is no memory. */
const char *store_text(sqlite3_stmt *, int column, size_t *len);

/* 1: the channel is there, and has not lost an event with this key; 0, or -1.
 */
int store_holds(struct store *, const char *channel, int64_t key);

/* All that is in a new database, and 0, or -1. */
int store_make(struct store *, const struct store_facts *fresh);

/*
 * Are the tables those that were made?  An older form's are changed to ours in
 * a transaction, which stays open: see store->older.  0 or -1.
 */
int store_check_tables(struct store *);

/* Ends the transaction that is open, if one is. */
void store_rollback(struct store *);

#endif
