/* SPDX-License-Identifier: ISC */
#ifndef ROWS_H
#define ROWS_H

/*
 * A file for store.c, with rows that no table of ours would take.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/store.h"
#include "fuzz.h"

#define LINES_MAX 64
#define TABLES	  4
#define EPOCH	  77
#define BYTES_MAX 100000

static const struct table {
	const char *name, *insert;
	char letter;
	int values;
} tables[TABLES] = {
    {"event", "INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?, ?)", 'e', 6},
    {"channel", "INSERT OR REPLACE INTO channel VALUES (?, ?, ?, ?, ?, ?)", 'c',
	6},
    {"fact", "INSERT OR REPLACE INTO fact VALUES (?, ?)", 'f', 2},
    {"keyed", "INSERT OR REPLACE INTO keyed VALUES (?, ?, ?, ?, ?)", 'k', 5},
};

static char dir[64], path[128];
static char *said[TABLES]; /* of each table: as we make it */
static uint8_t *loose;	   /* a file without rows, types and constraints */
static size_t loose_len;
static size_t bytes_max; /* that may be read back */
static bool begins;

static inline sqlite3 *
open_raw(void)
{
	sqlite3 *db;

	assert(sqlite3_open(path, &db) == SQLITE_OK);
	assert(sqlite3_exec(db,
		   "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		   "PRAGMA writable_schema = ON",
		   NULL, NULL, NULL) == SQLITE_OK);
	return db;
}

static inline void
remove_files(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[160];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}

static inline void
clean_up(void)
{
	int i;

	remove_files();
	(void)rmdir(dir);
	free(loose);
	for (i = 0; i < TABLES; i++)
		free(said[i]);
}

static inline void
read_file(void)
{
	struct stat st;
	FILE *f = fopen(path, "rb");

	assert(f != NULL && fstat(fileno(f), &st) == 0);
	loose_len = (size_t)st.st_size;
	loose = malloc(loose_len);
	assert(loose != NULL && fread(loose, 1, loose_len, f) == loose_len);
	(void)fclose(f);
}

/* What the tables are said to be is kept, and taken from them. */
static inline void
loosen(void)
{
	sqlite3 *db = open_raw();
	sqlite3_stmt *q;
	int i;

	assert(sqlite3_prepare_v2(db,
		   "SELECT sql FROM sqlite_master WHERE name = ?", -1, &q,
		   NULL) == SQLITE_OK);
	for (i = 0; i < TABLES; i++) {
		(void)sqlite3_bind_text(q, 1, tables[i].name, -1,
		    SQLITE_STATIC);
		assert(sqlite3_step(q) == SQLITE_ROW);
		said[i] = strdup((const char *)sqlite3_column_text(q, 0));
		assert(said[i] != NULL);
		(void)sqlite3_reset(q);
	}
	(void)sqlite3_finalize(q);
	assert(sqlite3_exec(db,
		   "UPDATE sqlite_master SET sql = replace(replace(replace("
		   "replace(sql, ' INTEGER NOT NULL', ''), "
		   "' TEXT NOT NULL', ''), ' type TEXT', ' type'),"
		   "' TEXT PRIMARY', ' PRIMARY') WHERE type = 'table'",
		   NULL, NULL, NULL) == SQLITE_OK);
	assert(sqlite3_close(db) == SQLITE_OK);
	read_file();
}

/* Once: a directory, in memory if the system has one there. */
static inline void
set_up(void)
{
	static const struct store_facts fresh = {.epoch = EPOCH, .last = 1000};
	struct store_facts facts;
	struct store st;
	char err[400];

	(void)snprintf(dir, sizeof(dir), "%s/sse-fcgi-fuzz-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/events.db", dir);
	(void)atexit(clean_up);
	assert(store_open(&st, path, 0, &fresh, &facts, err, sizeof(err)) == 0);
	store_close(&st, false);
	loosen();
}

static inline void
bind(sqlite3_stmt *q, int column, struct input in)
{
	uint8_t type = input_byte(&in);
	char *text = input_text(in);

	if (type == 'i')
		(void)sqlite3_bind_int64(q, column, strtoll(text, NULL, 10));
	else if (type == 'r')
		(void)sqlite3_bind_double(q, column, strtod(text, NULL));
	else if (type == 't')
		(void)sqlite3_bind_text(q, column, (const char *)in.at,
		    (int)in.len, SQLITE_TRANSIENT);
	else if (type == 'b')
		(void)sqlite3_bind_blob(q, column, in.at, (int)in.len,
		    SQLITE_TRANSIENT);
	else
		(void)sqlite3_bind_null(q, column);
	free(text);
}

/* A row; that it cannot be is no fault. */
static inline void
insert(sqlite3 *db, const struct table *t, struct input in)
{
	sqlite3_stmt *q;
	int i;

	assert(sqlite3_prepare_v2(db, t->insert, -1, &q, NULL) == SQLITE_OK);
	for (i = 1; i <= t->values; i++)
		bind(q, i, input_until(&in, '\t'));
	(void)sqlite3_step(q);
	(void)sqlite3_finalize(q);
}

/* The tables are what they were, or so it says. */
static inline void
tighten(sqlite3 *db)
{
	sqlite3_stmt *q;
	int i;

	assert(sqlite3_prepare_v2(db,
		   "UPDATE sqlite_master SET sql = ? WHERE name = ?", -1, &q,
		   NULL) == SQLITE_OK);
	for (i = 0; i < TABLES; i++) {
		(void)sqlite3_bind_text(q, 1, said[i], -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(q, 2, tables[i].name, -1,
		    SQLITE_STATIC);
		assert(sqlite3_step(q) == SQLITE_DONE);
		(void)sqlite3_reset(q);
	}
	(void)sqlite3_finalize(q);
}

static inline void
take_line(sqlite3 *db, struct input line)
{
	uint8_t letter = input_byte(&line);
	int i;

	for (i = 0; i < TABLES; i++)
		if (tables[i].letter == letter)
			insert(db, &tables[i], line);
	if (letter == 'm')
		bytes_max = input_byte(&line) * (size_t)10;
	begins |= letter == 'b';
}

/* The file with the input's rows. */
static inline void
make_file(struct input in)
{
	size_t n;
	sqlite3 *db;
	FILE *f;

	bytes_max = BYTES_MAX;
	begins = false;
	remove_files();
	f = fopen(path, "wb");
	assert(f != NULL && fwrite(loose, 1, loose_len, f) == loose_len);
	(void)fclose(f);
	db = open_raw();
	(void)sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	for (n = 0; n < LINES_MAX && in.len > 0; n++)
		take_line(db, input_until(&in, '\n'));
	tighten(db);
	assert(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
	assert(sqlite3_close(db) == SQLITE_OK);
}

#endif
