/* SPDX-License-Identifier: ISC */
/*
 * The tables.  A new database gets them with a rollback journal, in one
 * transaction, and is turned to WAL behind that: so its header says from the
 * first moment on whose it is.  An older form gets what they have more in a
 * transaction that is committed when all of the file could be read.
 */
#include "engine/store_inner.h"

#include <inttypes.h>
#include <stdio.h>

static const char making[] = "PRAGMA page_size = 1024; BEGIN;"
			     "PRAGMA auto_vacuum = INCREMENTAL";

/* As SQLite keeps them, in form 1 and in ours, which has columns more. */
#define EVENT_1                                          \
	"CREATE TABLE event (key INTEGER PRIMARY KEY,"   \
	" time INTEGER NOT NULL, channel TEXT NOT NULL," \
	" type TEXT, data TEXT NOT NULL"
#define SNAPSHOT "snapshot INTEGER NOT NULL DEFAULT 0"
#define EVENT	 EVENT_1 ", " SNAPSHOT ")"
#define CHANNEL_1                                      \
	"CREATE TABLE channel (name TEXT PRIMARY KEY," \
	" lost INTEGER NOT NULL"
#define ORIGIN	"origin INTEGER NOT NULL DEFAULT 0"
#define ENDED	"ended INTEGER NOT NULL DEFAULT 0"
#define TIME	"time INTEGER NOT NULL DEFAULT 0"
#define ERASED	"erased INTEGER NOT NULL DEFAULT 0"
#define CHANNEL CHANNEL_1 ", " ORIGIN ", " ENDED ", " TIME ", " ERASED ")"
#define ROWLESS " WITHOUT ROWID"
#define FACT                                        \
	"CREATE TABLE fact (name TEXT PRIMARY KEY," \
	" value INTEGER NOT NULL)" ROWLESS
#define KEYED                                              \
	"CREATE TABLE keyed (last INTEGER PRIMARY KEY,"    \
	" events INTEGER NOT NULL, time INTEGER NOT NULL," \
	" channel TEXT NOT NULL, key TEXT NOT NULL)"

/* For people.  Of an end there is no event, only what its channel says. */
#define ID(key)                                                           \
	"(" key " >> 20) || '-' || ((SELECT value FROM fact WHERE name =" \
	" 'epoch') << 20 | (" key " & 1048575))"
#define WHEN "strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000.0, 'unixepoch')"
#define VIEWS                                                            \
	"CREATE VIEW events AS SELECT " ID(                              \
	    "key") " AS id, " WHEN                                       \
		   " AS time, channel, type, data, snapshot FROM event;" \
		   "CREATE VIEW ends AS SELECT " ID(                     \
		       "ended") " AS id, " WHEN                          \
				" AS time, name AS channel FROM channel WHERE ended > 0;"

static const char tables[] =
    EVENT ";" CHANNEL ROWLESS ";" FACT ";" KEYED ";" VIEWS;

/*
 * From form 1 to ours.  The rows of events stay as they are, however many there
 * are: SQLite reads a column that is not there as its default.  What a channel
 * had lost at its beginning nobody knows any more; that was the base, or more.
 */
static const char taking_over[] =
    "BEGIN IMMEDIATE; DROP VIEW IF EXISTS events;"
    "ALTER TABLE event ADD COLUMN " SNAPSHOT ";"
    "ALTER TABLE channel ADD COLUMN " ORIGIN ";"
    "ALTER TABLE channel ADD COLUMN " ENDED ";"
    "ALTER TABLE channel ADD COLUMN " TIME ";"
    "ALTER TABLE channel ADD COLUMN " ERASED ";"
    "UPDATE channel SET origin = min(lost,"
    " (SELECT value FROM fact WHERE name = 'base'));" KEYED ";" VIEWS;

/* With other columns or keys, what is in them could be anything. */
static int
check_tables(struct store *st, const char *named, int64_t n)
{
	char text[2048];
	int64_t found = 0;

	(void)snprintf(text, sizeof(text),
	    "SELECT count(DISTINCT sql) FROM sqlite_master WHERE sql IN (%s)",
	    named);
	if (store_number(st, text, &found) == -1)
		return -1;
	return found == n ? 0 :
			    store_wrong(st, SQLITE_CORRUPT,
				"its tables are not as they were made");
}

static int
set_form(struct store *st)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %d",
	    STORE_FORM);
	return store_exec(st, text);
}

static int
take_over(struct store *st)
{
	if (check_tables(st,
		"'" EVENT_1 ")', '" CHANNEL_1 ")" ROWLESS "', '" FACT "'",
		3) == -1 ||
	    store_exec(st, taking_over) == -1)
		return -1;
	st->older = true;
	return set_form(st);
}

int
store_check_tables(struct store *st)
{
	int64_t form = 0;

	if (store_number(st, "PRAGMA user_version", &form) == -1)
		return -1;
	if (form > STORE_FORM) /* as the WAL has it */
		return store_wrong(st, SQLITE_MISMATCH, "%s", STORE_NEWER);
	if (form == 1 && take_over(st) == -1)
		return -1;
	return check_tables(st,
	    "'" EVENT "', '" CHANNEL ROWLESS "', '" FACT "', '" KEYED "'", 4);
}

static int
set_fact(struct store *st, const char *name, int64_t value)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql),
	    "INSERT INTO fact (name, value) VALUES ('%s', %" PRId64 ")", name,
	    value);
	return store_exec(st, sql);
}

/*
 * All of a new database, in one transaction: each step alone would leave a
 * database that says nothing of whose it is.  SQLite joins pages that are less
 * than a third full, so what remains when others go may take three times its
 * room; but of pages of 1 KiB that is rows of less than 350 bytes, or the small
 * part of larger ones.
 */
int
store_make(struct store *st, const struct store_facts *fresh)
{
	char mark[96];

	(void)snprintf(mark, sizeof(mark), "PRAGMA application_id = %d",
	    STORE_APPLICATION);
	if (store_exec(st, making) == -1 || store_exec(st, mark) == -1 ||
	    set_form(st) == -1 || store_exec(st, tables) == -1 ||
	    set_fact(st, "epoch", fresh->epoch) == -1 ||
	    set_fact(st, "base", fresh->base) == -1 ||
	    set_fact(st, "last", fresh->last) == -1 ||
	    set_fact(st, "forgotten", fresh->forgotten) == -1 ||
	    set_fact(st, "faults", 0) == -1)
		return -1;
	return store_exec(st, "COMMIT");
}
