/* SPDX-License-Identifier: ISC */
/*
 * Opening the file: a new one gets its tables, and any is locked for as long as
 * it is open.  The lock comes with the first read, before there is a WAL, so
 * that SQLite keeps the WAL's index in this process's memory and makes no third
 * file.  What is in a new one is store_make.c's.
 */
#include "engine/store_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/platform.h"

/* The keys of the year 2109; above it there must be some for what comes. */
#define LAST_MAX (INT64_MAX / 2)

#define CHANNELS_MAX 10000000 /* as many as --max-channels may be */

#define RETRY 0.02 /* seconds between two tries to get the lock */

enum opened { OPEN_DONE, OPEN_BUSY, OPEN_FAILED };

/* Before the first read.  Nobody else's trigger or view is to do anything. */
static const char settings[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA journal_size_limit = 4194304;"
    "PRAGMA cache_size = -4096;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA secure_delete = OFF;" /* else pages are written to be deleted */
    "PRAGMA foreign_keys = OFF;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;";

int
store_number(struct store *st, const char *sql, int64_t *n)
{
	sqlite3_stmt *q;

	if (sqlite3_prepare_v2(st->db, sql, -1, &q, NULL) != SQLITE_OK)
		return store_failed(st);
	if (sqlite3_step(q) == SQLITE_ROW)
		*n = sqlite3_column_int64(q, 0);
	if (sqlite3_finalize(q) != SQLITE_OK)
		return store_failed(st);
	return 0;
}

static int
read_fact(struct store *st, const char *name, int64_t max, int64_t *value)
{
	char sql[128];

	*value = -1;
	(void)snprintf(sql, sizeof(sql),
	    "SELECT value FROM fact WHERE name = '%s'"
	    " AND typeof(value) = 'integer'",
	    name);
	if (store_number(st, sql, value) == -1)
		return -1;
	if (*value < 0 || *value > max)
		return store_wrong(st, SQLITE_CORRUPT,
		    "the fact '%s' cannot be", name);
	return 0;
}

static int
read_facts(struct store *st, struct store_facts *facts)
{
	int64_t epoch;

	if (read_fact(st, "epoch", UINT32_MAX, &epoch) == -1 ||
	    read_fact(st, "last", LAST_MAX, &facts->last) == -1 ||
	    read_fact(st, "base", facts->last, &facts->base) == -1 ||
	    read_fact(st, "forgotten", facts->last, &facts->forgotten) == -1)
		return -1;
	facts->epoch = st->epoch = (uint32_t)epoch;
	st->base = facts->base;
	st->last = facts->last;
	return 0;
}

static int
identify(const char *path, struct store_inode *inode)
{
	struct stat s;

	if (stat(path, &s) == -1)
		return -1;
	inode->dev = s.st_dev;
	inode->ino = s.st_ino;
	return 0;
}

/* SQLite says how many pages are in the WAL behind each commit. */
static int
count_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *st = arg;

	(void)db;
	(void)name;
	st->pages = pages;
	return SQLITE_OK;
}

/* Is it WAL now?  Of a file system that cannot, SQLite says no error. */
static int
turn_to_wal(struct store *st)
{
	sqlite3_stmt *q;
	const char *mode;
	bool wal = false;

	if (sqlite3_prepare_v2(st->db, "PRAGMA journal_mode = WAL", -1, &q,
		NULL) != SQLITE_OK)
		return store_failed(st);
	if (sqlite3_step(q) == SQLITE_ROW) {
		mode = (const char *)sqlite3_column_text(q, 0);
		wal = mode != NULL && strcmp(mode, "wal") == 0;
	}
	if (sqlite3_finalize(q) != SQLITE_OK)
		return store_failed(st);
	return wal ? 0 :
		     store_wrong(st, SQLITE_CANTOPEN,
			 "it cannot have a write-ahead log");
}

static int
open_database(struct store *st, const struct store_facts *fresh,
    struct store_facts *facts)
{
	int64_t any = 0;

	if (sqlite3_open_v2(st->path, &st->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return store_failed(st);
	(void)sqlite3_extended_result_codes(st->db, 1);
	(void)sqlite3_db_config(st->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0,
	    (int *)NULL);
	if (sqlite3_db_readonly(st->db, "main") == 1)
		return store_wrong(st, SQLITE_CANTOPEN, "it is read-only");
	if (store_exec(st, settings) == -1 ||
	    store_number(st, "PRAGMA schema_version", &any) == -1 ||
	    (any == 0 && store_make(st, fresh) == -1) ||
	    turn_to_wal(st) == -1 || store_check_tables(st) == -1 ||
	    read_facts(st, facts) == -1 || store_prepare(st) == -1)
		return -1;
	(void)sqlite3_wal_hook(st->db, count_pages, st);
	if (identify(st->path, &st->file) == -1 ||
	    identify(st->wal, &st->log) == -1)
		return store_missed(st);
	return 0;
}

/* In words, where SQLite's are not enough. */
void
store_explain(const struct store *st, const char *path, char *err, size_t size)
{
	const char *fault = store_fault(st);

	switch (st->code & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_ERROR: /* a table is not as it is to be */
		(void)snprintf(err, size,
		    "--store %s: it is damaged (%s): take a copy of it that is "
		    "whole, or move it away to begin without events",
		    path, fault);
		break;
	case SQLITE_FULL:
		(void)snprintf(err, size,
		    "--store %s: %s: make room, or name another file", path,
		    fault);
		break;
	default:
		(void)snprintf(err, size, "--store %s: %s", path, fault);
		break;
	}
}

static bool
set_paths(struct store *st, const char *path)
{
	size_t size;

	free(st->path);
	free(st->wal);
	st->wal = NULL;
	if ((st->path = realpath(path, NULL)) == NULL)
		return false;
	size = strlen(st->path) + sizeof("-wal");
	if ((st->wal = malloc(size)) == NULL)
		return false;
	(void)snprintf(st->wal, size, "%s-wal", st->path);
	return true;
}

/* What was just made goes again, while nobody else can have it. */
static void
unmake(const struct store *st)
{
	char journal[PATH_MAX];

	(void)snprintf(journal, sizeof(journal), "%s-journal", st->path);
	(void)unlink(st->path);
	(void)unlink(st->wal);
	(void)unlink(journal);
}

static enum opened
try(struct store *st, const char *path, const struct store_facts *fresh,
    struct store_facts *facts, char *err, size_t size)
{
	bool made;
	int code;

	if (store_examine(path, &made, err, size) == -1)
		return OPEN_FAILED;
	if (!set_paths(st, path)) {
		(void)snprintf(err, size, "--store %s: %s", path,
		    strerror(errno));
		return OPEN_FAILED;
	}
	if (open_database(st, fresh, facts) == 0)
		return OPEN_DONE;
	store_explain(st, path, err, size);
	code = st->code & 0xff;
	if (made && code != SQLITE_BUSY)
		unmake(st);
	store_close(st, false);
	return code == SQLITE_BUSY ? OPEN_BUSY : OPEN_FAILED;
}

/* Signals are held while we start. */
static bool
told_to_end(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) == 1 ||
					    sigismember(&set, SIGINT) == 1 ||
					    sigismember(&set, SIGUSR1) == 1);
}

int
store_open(struct store *st, const char *path, double patience,
    const struct store_facts *fresh, struct store_facts *facts, char *err,
    size_t size)
{
	static const struct timespec pause = {0, (long)(RETRY * 1e9)};
	double end = platform_clock() + patience;
	enum opened opened;

	*st = (struct store){.channels_max = CHANNELS_MAX};
	while ((opened = try(st, path, fresh, facts, err, size)) == OPEN_BUSY &&
	       platform_clock() < end && !told_to_end())
		(void)nanosleep(&pause, NULL);
	if (opened == OPEN_BUSY)
		(void)snprintf(err, size,
		    "--store %s: process %ld has it open: end that first, or "
		    "name another file",
		    path, store_holder(path));
	return opened == OPEN_DONE ? 0 : -1;
}

void
store_close(struct store *st, bool hurry)
{
	struct stat s;
	size_t i;

	for (i = 0; i < STORE_STATEMENTS; i++)
		(void)sqlite3_finalize(st->statement[i]);
	/* What may be damaged stays as it is. */
	if (st->db != NULL &&
	    (hurry || (!st->sound && stat(st->wal, &s) == 0 && s.st_size > 0)))
		(void)sqlite3_db_config(st->db,
		    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	(void)sqlite3_close(st->db);
	free(st->path);
	free(st->wal);
	*st =
	    (struct store){.code = st->code, .channels_max = st->channels_max};
}
