/* SPDX-License-Identifier: ISC */
/*
 * Transactions.  One that is committed is on disk: SQLite has appended its
 * pages to the WAL, the last with the mark that makes them count, and has had
 * that synced.
 *
 * When COMMIT fails, may it come back?  The mark goes with the last page, and
 * is worth nothing without all of that page.  So after a write that failed it
 * is not there, nor can it be.  After a sync that failed all may be in the
 * WAL, and count when the power comes back: that is unknown.  But SQLite, which
 * has forgotten it, writes the next transaction over it, in the same place,
 * and the checksums of what remains behind it do not follow from that.  So the
 * proof that the store works again, which is a small transaction, settles it:
 * it was not.  Therefore the connection stays as it is, whatever happens.  A
 * new one would take the pages in the WAL for good because the system still has
 * them in memory, and write behind them; they would be missing after a power
 * cut, and with them all that follows (once a sync has failed Linux says so
 * only once, and forgets which bytes those were).
 */
#include "engine/store_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define COUNT_MASK ((INT64_C(1) << STORE_KEY_BITS) - 1)

/*
 * Pages in the WAL from which on they go into the file: 4 MiB; and how many
 * there may be if they cannot.
 */
#define PAGES	  4000
#define PAGES_MAX 64000

int64_t
store_key(struct eventid id)
{
	return (int64_t)(id.ms << STORE_KEY_BITS | (id.n & COUNT_MASK));
}

struct eventid
store_id(const struct store *st, int64_t key)
{
	return (struct eventid){.ms = (uint64_t)key >> STORE_KEY_BITS,
	    .n = (uint64_t)st->epoch << STORE_KEY_BITS |
		 (uint64_t)(key & COUNT_MASK)};
}

int
store_failed(struct store *st)
{
	int system = sqlite3_system_errno(st->db);

	st->code = sqlite3_extended_errcode(st->db);
	if ((st->code & 0xff) == SQLITE_IOERR && system != 0)
		(void)snprintf(st->fault, sizeof(st->fault), "%s: %s",
		    sqlite3_errmsg(st->db), strerror(system));
	else
		(void)snprintf(st->fault, sizeof(st->fault), "%s",
		    sqlite3_errmsg(st->db));
	return -1;
}

int
store_wrong(struct store *st, int code, const char *fmt, ...)
{
	va_list ap;

	st->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(st->fault, sizeof(st->fault), fmt, ap);
	va_end(ap);
	return -1;
}

int
store_missed(struct store *st)
{
	return store_wrong(st, SQLITE_CANTOPEN, "%s",
	    errno == ENOENT ? "the file was moved or deleted" :
			      strerror(errno));
}

const char *
store_fault(const struct store *st)
{
	return st->fault;
}

int
store_exec(struct store *st, const char *text)
{
	if (sqlite3_exec(st->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return store_failed(st);
	return 0;
}

void
store_rollback(struct store *st)
{
	if (!sqlite3_get_autocommit(st->db))
		(void)store_run(st, SQL_ROLLBACK);
}

/* Is it the file that it was? */
static int
check_file(struct store *st, const char *path, const struct store_inode *inode)
{
	struct stat s;

	if (stat(path, &s) == -1)
		return store_missed(st);
	if (s.st_dev == inode->dev && s.st_ino == inode->ino)
		return 0;
	errno = ENOENT;
	return store_missed(st);
}

/* What is written into a file without a name is lost. */
static int
check_files(struct store *st)
{
	if (check_file(st, st->path, &st->file) == -1)
		return -1;
	return check_file(st, st->wal, &st->log);
}

/* Behind the answer to what was committed, and before the next. */
static int
checkpoint(struct store *st)
{
	if (st->pages < PAGES ||
	    sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
		NULL, NULL) == SQLITE_OK ||
	    st->pages < PAGES_MAX)
		return 0;
	return store_failed(st);
}

int
store_begin(struct store *st)
{
	assert(sqlite3_get_autocommit(st->db));
	st->rewritten = 0;
	st->lost =
	    st->down || checkpoint(st) == -1 || store_run(st, SQL_BEGIN) == -1;
	return st->lost ? -1 : 0;
}

enum store_result
store_commit(struct store *st)
{
	bool written = false;

	if (!st->lost && check_files(st) == 0) {
		if (store_run(st, SQL_COMMIT) == 0)
			return STORE_COMMITTED;
		written = (st->code & 0xff) != SQLITE_FULL &&
			  st->code != SQLITE_IOERR_WRITE;
	}
	st->lost = true;
	if (store_reopen(st) == 0 || !written)
		return STORE_NOT;
	return STORE_UNKNOWN;
}

int
store_reopen(struct store *st)
{
	store_rollback(st);
	st->down = check_files(st) == -1 || store_run(st, SQL_BEGIN) == -1 ||
		   store_run(st, SQL_PROOF) == -1 ||
		   store_run(st, SQL_COMMIT) == -1;
	if (st->down)
		store_rollback(st);
	return st->down ? -1 : 0;
}

uint64_t
store_bytes(const struct store *st)
{
	struct stat s;
	uint64_t bytes = 0;

	if (stat(st->path, &s) == 0)
		bytes += (uint64_t)s.st_size;
	if (stat(st->wal, &s) == 0)
		bytes += (uint64_t)s.st_size;
	return bytes;
}
