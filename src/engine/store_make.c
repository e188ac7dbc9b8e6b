/* SPDX-License-Identifier: ISC */
/*
 * The tables, and how a new database gets them: with a rollback journal, in one
 * transaction, and it is turned to WAL behind that.  So its header says from
 * the first moment on whose it is.
 */
#include "engine/store_inner.h"

#include <inttypes.h>
#include <stdio.h>

static const char making[] = "PRAGMA page_size = 1024; BEGIN;"
			     "PRAGMA auto_vacuum = INCREMENTAL";

/* As SQLite keeps them. */
#define EVENT                                            \
	"CREATE TABLE event (key INTEGER PRIMARY KEY,"   \
	" time INTEGER NOT NULL, channel TEXT NOT NULL," \
	" type TEXT, data TEXT NOT NULL)"
#define CHANNEL                                        \
	"CREATE TABLE channel (name TEXT PRIMARY KEY," \
	" lost INTEGER NOT NULL) WITHOUT ROWID"
#define FACT                                        \
	"CREATE TABLE fact (name TEXT PRIMARY KEY," \
	" value INTEGER NOT NULL) WITHOUT ROWID"

static const char tables[] = EVENT
    ";" CHANNEL ";" FACT ";CREATE VIEW events AS SELECT"
    " (key >> 20) || '-' || ((SELECT value FROM fact WHERE name = 'epoch')"
    " << 20 | (key & 1048575)) AS id,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', time / 1000.0, 'unixepoch') AS time,"
    " channel, type, data FROM event;";

/* With other columns or keys, what is in them could be anything. */
int
store_check_tables(struct store *st)
{
	int64_t n = 0;

	if (store_number(st,
		"SELECT count(DISTINCT sql) FROM sqlite_master"
		" WHERE sql IN ('" EVENT "', '" CHANNEL "', '" FACT "')",
		&n) == -1)
		return -1;
	return n == 3 ? 0 :
			store_wrong(st, SQLITE_CORRUPT,
			    "its tables are not as they were made");
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

	(void)snprintf(mark, sizeof(mark),
	    "PRAGMA application_id = %d; PRAGMA user_version = %d;",
	    STORE_APPLICATION, STORE_FORM);
	if (store_exec(st, making) == -1 || store_exec(st, mark) == -1 ||
	    store_exec(st, tables) == -1 ||
	    set_fact(st, "epoch", fresh->epoch) == -1 ||
	    set_fact(st, "base", fresh->base) == -1 ||
	    set_fact(st, "last", fresh->last) == -1 ||
	    set_fact(st, "forgotten", fresh->forgotten) == -1 ||
	    set_fact(st, "faults", 0) == -1)
		return -1;
	return store_exec(st, "COMMIT");
}
