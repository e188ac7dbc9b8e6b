/* SPDX-License-Identifier: ISC */
/*
 * The file of --store, with rows that anybody may have put there: a line each,
 * with tabs between its values, in tables without types and constraints that
 * are then said to be those that we make.  Of a line the first letter says
 * what:
 *
 *     e key time channel type data snapshot
 *     c name lost origin ended time erased
 *     k last events time channel key
 *     f name value                  instead of the fact that is there
 *     m bytes                       that may be read back
 *     b                             the engine begins with it, if it is good
 *
 * and of a value: i, r, t, b are an integer, a real number, text and bytes,
 * and anything else is NULL.  Either nobody is told anything of the file, or
 * all that is told may be there; and an engine begins with just that.
 */
#include <ev.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "engine/sqlite.h"
#include "engine/store.h"
#include "fuzz.h"

#define VALUES	  6
#define LINES_MAX 64
#define TABLES	  4
#define NOW	  1795359156000
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
static double now = 100;
static size_t bytes_max; /* that may be read back */
static bool begins;

/* What was told of the file, and what of it the hub is to have. */
static struct {
	const struct store *st;
	unsigned channels, events, keys, held;
	size_t bytes;
	int64_t key, keyed;
	struct {
		char name[CHANNEL_NAME_MAX + 1];
		int64_t lost, ended;
	} channel[LINES_MAX];
} told;

static uint64_t
wall_ms(void)
{
	return NOW;
}

static bool
relieve(void *arg, const size_t *account)
{
	(void)arg;
	(void)account;
	return false;
}

static void
on_ready(void *arg)
{
	++*(unsigned *)arg;
}

static sqlite3 *
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

static void
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

static void
clean_up(void)
{
	int i;

	remove_files();
	(void)rmdir(dir);
	free(loose);
	for (i = 0; i < TABLES; i++)
		free(said[i]);
}

static void
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
static void
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
static void
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
	assert(log_open("/dev/null", false) == 0);
	assert(store_open(&st, path, 0, &fresh, &facts, err, sizeof(err)) == 0);
	store_close(&st, false);
	loosen();
}

static void
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
static void
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
static void
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

static void
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
static void
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

static int
on_channel(void *arg, const struct store_channel *c)
{
	(void)arg;
	assert(channel_name_valid(c->name));
	assert(c->lost >= 0 && c->lost <= told.st->last);
	assert(c->origin >= 0 && c->origin <= c->lost);
	assert(c->ended >= 0 && c->ended <= told.st->last);
	assert(c->ended > 0 || !c->erased);
	assert(told.channels < LINES_MAX);
	(void)strcpy(told.channel[told.channels].name, c->name);
	told.channel[told.channels].lost = c->lost;
	told.channel[told.channels++].ended = c->ended;
	return 0;
}

/* Is it to be in this channel of the hub? */
static bool
is_held(const char *name, int64_t key)
{
	unsigned i;

	for (i = 0; i < told.channels; i++)
		if (strcmp(told.channel[i].name, name) == 0)
			return key > told.channel[i].lost &&
			       (told.channel[i].ended == 0 ||
				   key < told.channel[i].ended);
	return false;
}

static int
on_event(void *arg, const struct store_event *e)
{
	const struct sse_message *m = &e->message;
	size_t i, j;

	(void)arg;
	assert(e->key > told.key && e->key <= told.st->last);
	told.key = e->key;
	assert(e->channels_n >= 1 && e->channels_n <= POST_CHANNELS_MAX);
	for (i = 0; i < e->channels_n; i++) {
		assert(channel_name_valid(e->channels[i]));
		for (j = 0; j < i; j++)
			assert(strcmp(e->channels[i], e->channels[j]) != 0);
		told.held += is_held(e->channels[i], e->key);
	}
	assert(m->data != NULL);
	assert(utf8_valid((const uint8_t *)m->data, m->len));
	assert(m->type == NULL || strpbrk(m->type, "\r\n") == NULL);
	told.events++;
	told.bytes += m->len + STORE_EVENT_SIZE;
	return 0;
}

static int
on_keyed(void *arg, const struct store_keyed *k)
{
	(void)arg;
	assert(k->last > told.keyed && k->last <= told.st->last);
	told.keyed = k->last;
	assert(channel_name_valid(k->channel) && post_key_valid(k->key));
	told.keys++;
	return 0;
}

/* Reads it, and writes to it then; returns whether it is good. */
static bool
read_back(void)
{
	static const struct store_facts fresh = {.epoch = 1};
	const struct store_reader reader = {on_channel, on_event, on_keyed,
	    NULL};
	struct store_facts facts;
	struct store st;
	char err[400] = "";
	bool good;

	if (store_open(&st, path, 0, &fresh, &facts, err, sizeof(err)) == -1) {
		assert(*err != '\0');
		return false;
	}
	memset(&told, 0, sizeof(told));
	told.st = &st;
	told.key = facts.base;
	assert(facts.base >= 0 && facts.base <= facts.last);
	assert(facts.forgotten >= 0 && facts.forgotten <= facts.last);
	good = store_load(&st, bytes_max, &reader) == 0;
	if (good) {
		assert(store_begin(&st) == 0);
		assert(store_set_last(&st, st.last + 1) == 0);
		assert(store_commit(&st) == STORE_COMMITTED);
	} else {
		store_explain(&st, path, err, sizeof(err));
		assert(*err != '\0');
		assert(told.channels + told.events + told.keys == 0);
	}
	store_close(&st, false);
	return good;
}

/* The same file is what an engine begins with. */
static void
begin_with_it(void)
{
	struct hub hub;
	struct sqlite sqlite;
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	unsigned ready = 0;

	assert(loop != NULL);
	hub_init(&hub, &(struct hub_setup){.history = LINES_MAX,
			   .bytes_max = bytes_max,
			   .channels_max = LINES_MAX,
			   .relieve = relieve,
			   .now = &now});
	sqlite_init(&sqlite, path, 0, wall_ms);
	sqlite.engine.start(&sqlite.engine, &hub, loop, on_ready, &ready);
	assert(ready == 1);
	assert(hub.channels == told.channels && hub.held <= told.held);
	if (bytes_max == BYTES_MAX && told.bytes < BYTES_MAX / 4)
		assert(hub.held == told.held);
	sqlite.engine.stop(&sqlite.engine);
	hub_free(&hub);
	ev_loop_destroy(loop);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (loose == NULL)
		set_up();
	make_file((struct input){data, len});
	if (read_back() && begins && bytes_max > 0)
		begin_with_it();
	return 0;
}
