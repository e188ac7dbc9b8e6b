/* SPDX-License-Identifier: ISC */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel/eventid.h"
#include "channel/sse.h"

/*
 * The file of the engine sqlite: an SQLite database with the events that live,
 * what each channel has lost, and a few facts.  Not safe for two threads at a
 * time, but for store_bytes().
 *
 * The way of what is written:
 *
 *     store_begin, any number of store_add_channel ... store_set_last,
 *     store_commit
 *
 * Each of them returns 0, or -1 if it did not work: then the transaction is
 * lost, what follows in it returns -1 too, and store_commit() says
 * STORE_NOT.  store_fault() is the reason of the last failure.
 */

/*
 * An event id as a number that is ordered as ids are: ms * 2^20 + the count
 * within the millisecond.  The epoch is the file's, and not in it.
 */
#define STORE_KEY_BITS 20
#define STORE_MS_MAX   (UINT64_C(1) << 42) /* in the year 2109 */

struct sqlite3;
struct sqlite3_stmt;

#define STORE_FAULT_SIZE 160

#define STORE_STATEMENTS 19 /* see store_inner.h */

struct store {
	struct sqlite3 *db; /* NULL: not open */
	struct sqlite3_stmt *statement[STORE_STATEMENTS];
	char *path, *wal; /* absolute */
	struct store_inode {
		dev_t dev;
		ino_t ino;
	} file, log; /* that path and wal are to be */
	uint32_t epoch;
	int64_t base, last;  /* as they were when it was opened */
	size_t channels_max; /* rows that there may be of them */
	bool sound;	     /* all of it could be read */
	bool older;	     /* it was of an older form: its new one is in a
				transaction, which store_load() commits */
	bool lost;	     /* the transaction that is open */
	size_t rewritten;    /* bytes of rows, in that one */
	bool down;	     /* until store_reopen() */
	int pages;	     /* in the WAL */
	int code;	     /* SQLite's, of the last failure */
	char fault[STORE_FAULT_SIZE];
};

/* What the file knows of its hub; keys but for the epoch. */
struct store_facts {
	uint32_t epoch;
	int64_t base;	   /* below all events that there ever were */
	int64_t last;	   /* of all that were ever given out */
	int64_t forgotten; /* what channels without a row have lost */
};

int64_t store_key(struct eventid);
struct eventid store_id(const struct store *, int64_t key);

/*
 * Opens the file for this process alone and reads its facts; one that is not
 * there, or empty, is made with those of fresh.  For as long as another
 * process has it, it is tried again for so many seconds.  -1 with a line in
 * err, which says what is wrong and what to do: the file is as it was.
 */
int store_open(struct store *, const char *path, double patience,
    const struct store_facts *fresh, struct store_facts *, char *err,
    size_t size);

/*
 * Frees what store_open() has made, also after it has failed.  The WAL goes
 * into the file, and away, so that the file alone is all of it; in a hurry it
 * stays beside the file, as the disk may take long for it, and the next life
 * has both.
 */
void store_close(struct store *, bool hurry);

/* A channel's row: what is known of it beside its events.  Keys; 0: none. */
struct store_channel {
	const char *name;
	int64_t lost;	  /* up to here */
	int64_t origin;	  /* what was lost when it was first published to */
	int64_t ended;	  /* its end's */
	int64_t ended_at; /* wall time in milliseconds, if it has ended */
	bool erased;	  /* what it has lost was erased */
};

/* An event, in one channel or several. */
struct store_event {
	int64_t key, time; /* wall time in milliseconds */
	const char *const *channels;
	size_t channels_n;
	struct sse_message message;
};

/* The key that makes a publication safe to retry, and what was answered. */
struct store_keyed {
	int64_t last; /* key of its last event, or end */
	size_t events;
	int64_t time;	     /* wall time in milliseconds */
	const char *channel; /* its first */
	const char *key;
};

/* Who is told what there is; what they get lasts as long as the call. */
struct store_reader {
	int (*channel)(void *arg, const struct store_channel *);
	int (*event)(void *arg, const struct store_event *);
	int (*keyed)(void *arg, const struct store_keyed *);
	void *arg;
};

/*
 * Reads all, newest first, up to so many bytes of events; older ones are
 * deleted, and lost to their channels.  Then channel() is told of each channel
 * that has a row, from the one on of which nothing was heard for longest,
 * event() of each event in the order of the keys, and keyed() of each
 * publication's key, likewise.  An event may be named with channels that have
 * lost it: it is in those alone whose row says less.  It is called once, behind
 * store_open(), and a file of an older form has the new one from then on.  -1:
 * what is in the file cannot be (nobody was told anything, and the file is as
 * it was, unless the disk says another thing the second time), it cannot be
 * read or written, or one of them returned -1.
 */
int store_load(struct store *, size_t bytes_max, const struct store_reader *);

/* What each event is counted for beside its bytes. */
#define STORE_EVENT_SIZE 200

int store_begin(struct store *);

/*
 * The channel is there, and has lost what is up to this key at least.  It has
 * not ended: a row that says so is of a former life, and was to be forgotten.
 */
int store_add_channel(struct store *, const char *name, int64_t lost);

/*
 * An event, at wall time in milliseconds, in these channels, with a space
 * between any two.  The message's id is not looked at.
 */
int store_add(struct store *, int64_t key, int64_t time, const char *channels,
    const struct sse_message *);

/*
 * The channel, if it is there and did not end before, has lost what is up to
 * this key at least.
 */
int store_lose(struct store *, const char *channel, int64_t upto);

/* The channel has lost the event, which goes if no other holds it. */
int store_drop(struct store *, const char *channel, int64_t key);

/* The channel, which is there, ends, unless it has. */
int store_end(struct store *, const char *channel, int64_t key, int64_t time);

/*
 * All events of the channel up to this key are erased: it has lost them, if it
 * had not before.  They are to be dropped, by and by.
 */
int store_erase(struct store *, const char *channel, int64_t upto);

/* The channel goes; what it has lost, up to this key, its next life has too. */
int store_forget(struct store *, const char *channel, int64_t upto);

/* The key of a publication; and those up to one go. */
int store_add_keyed(struct store *, const struct store_keyed *);
int store_drop_keyed(struct store *, int64_t upto);

/* The last key that was given out. */
int store_set_last(struct store *, int64_t key);

enum store_result {
	STORE_COMMITTED, /* it is on disk */
	STORE_NOT,	 /* nothing of it is, nor can be */
	STORE_UNKNOWN	 /* all or nothing, known when the file is read again */
};

/*
 * Ends the transaction.  Unless it is STORE_COMMITTED the store may be down:
 * then there is no store_begin() before store_reopen() has returned 0.
 */
enum store_result store_commit(struct store *);

/*
 * Is it usable?  Writes something, as a proof.  What was STORE_UNKNOWN before
 * is not there when this has returned 0.
 */
int store_reopen(struct store *);

/* Why the last call failed that did. */
const char *store_fault(const struct store *);

/* The same of a file that is of no use, as a line: what it is, what to do. */
void store_explain(const struct store *, const char *path, char *err,
    size_t size);

/* Of the file and its WAL; for any thread. */
uint64_t store_bytes(const struct store *);

#endif
