/* SPDX-License-Identifier: ISC */
#ifndef STORE_INNER_H
#define STORE_INNER_H

/*
 * What the files of the store know of each other: together they are one
 * module, and this is for no other.
 */
#include <sqlite3.h>

#include "engine/store.h"

#define STORE_APPLICATION 0x53534566 /* "SSEf" */
#define STORE_FORM	  1	     /* of the tables; newer ones are refused */

/* The statements that are prepared once; their texts are in store.c. */
enum store_statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_CHANNEL,
	SQL_EVENT,
	SQL_LOSE,
	SQL_DELETE,
	SQL_UNLIST,
	SQL_FORGET,
	SQL_LAST,
	SQL_PROOF
};

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

/* All that is in a new database, and 0, or -1. */
int store_make(struct store *, const struct store_facts *fresh);

/* Are the tables those that were made?  0 or -1. */
int store_check_tables(struct store *);

/* Ends the transaction that is open, if one is. */
void store_rollback(struct store *);

#endif
