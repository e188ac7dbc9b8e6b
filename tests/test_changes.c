/* SPDX-License-Identifier: ISC */
/*
 * A transaction, and a life of the file around it, where each call of SQLite
 * and each allocation fails, once or with all behind it: it is said, nothing is
 * left of it in memory, and in the file all of the transaction or nothing,
 * as was said.
 */
#include "unit.h"

#include <sqlite3.h>
#include <unistd.h>

#include "calls.h"
#include "engine/changes.h"

CALL(int, sqlite3_step, (sqlite3_stmt * s), (s), SQLITE_IOERR)
CALL(int, sqlite3_bind_int64, (sqlite3_stmt * s, int i, sqlite3_int64 n),
    (s, i, n), SQLITE_NOMEM)
CALL(int, sqlite3_bind_text64,
    (sqlite3_stmt * s, int i, const char *t, sqlite3_uint64 n,
	void (*end)(void *), unsigned char how),
    (s, i, t, n, end, how), SQLITE_NOMEM)
CALL(int, sqlite3_prepare_v2,
    (sqlite3 * db, const char *sql, int n, sqlite3_stmt **s, const char **tail),
    (db, sql, n, s, tail), SQLITE_NOMEM)
CALL(int, sqlite3_prepare_v3,
    (sqlite3 * db, const char *sql, int n, unsigned how, sqlite3_stmt **s,
	const char **tail),
    (db, sql, n, how, s, tail), SQLITE_NOMEM)
CALL(int, sqlite3_exec,
    (sqlite3 * db, const char *sql, int (*row)(void *, int, char **, char **),
	void *arg, char **err),
    (db, sql, row, arg, err), SQLITE_IOERR)
CALL(int, sqlite3_open_v2,
    (const char *path, sqlite3 **db, int flags, const char *vfs),
    (path, db, flags, vfs), SQLITE_CANTOPEN)
CALL(int, sqlite3_wal_checkpoint_v2,
    (sqlite3 * db, const char *name, int mode, int *log, int *done),
    (db, name, mode, log, done), SQLITE_IOERR)
CALL_DONE(int, sqlite3_finalize, (sqlite3_stmt * s), (s), SQLITE_IOERR)
CALL(void *, malloc, (size_t size), (size), NULL)
CALL(void *, realloc, (void *p, size_t size), (p, size), NULL)
CALL(char *, realpath, (const char *path, char *to), (path, to), NULL)

#define BASE (INT64_C(100) << STORE_KEY_BITS)

static struct store store;
static char dir[64], path[80], err[512];
static struct {
	size_t channels, events, keys;
} got;

static int
got_channel(void *arg, const struct store_channel *c)
{
	(void)arg;
	assert_non_null(c->name);
	got.channels++;
	return 0;
}

static int
got_event(void *arg, const struct store_event *e)
{
	(void)arg;
	assert_true(e->channels_n > 0);
	got.events++;
	return 0;
}

static int
got_key(void *arg, const struct store_keyed *k)
{
	(void)arg;
	assert_non_null(k->key);
	got.keys++;
	return 0;
}

/* The file is opened and read.  0 or -1, with a line in err. */
static int
open_it(size_t bytes)
{
	static const struct store_reader reader = {got_channel, got_event,
	    got_key, NULL};
	const struct store_facts fresh = {.epoch = 7,
	    .base = BASE,
	    .last = BASE};
	struct store_facts facts;

	memset(&got, 0, sizeof(got));
	err[0] = '\0';
	if (store_open(&store, path, 0, &fresh, &facts, err, sizeof(err)) == -1)
		return -1;
	if (store_load(&store, bytes, &reader) == 0)
		return 0;
	store_explain(&store, path, err, sizeof(err));
	return -1;
}

static struct addition *
add(struct changes *c, const char *const channels[], size_t n, int64_t key,
    bool end)
{
	const struct sse_message m = {.type = "t", .data = "data", .len = 4};
	const struct post post = {.channels = channels,
	    .channels_n = n,
	    .messages = &m,
	    .n = !end,
	    .end = end,
	    .erase = end,
	    .key = end ? NULL : "key"};
	const int64_t keys[] = {BASE + key};
	struct addition *a = changes_add(c, &post, keys);
	size_t i;

	for (i = 0; a != NULL && i < n; i++)
		a->channel[i].new = true;
	if (a != NULL && end)
		a->erased = BASE + key - 1;
	return a;
}

/* Two channels with an event each, one with both, and an end. */
static bool
make_first(struct changes *c)
{
	static const char *const names[] = {"a", "b", "c"};

	return add(c, names, 1, 1, false) != NULL &&
	       add(c, names + 1, 1, 2, false) != NULL &&
	       add(c, names, 3, 3, false) != NULL &&
	       add(c, names + 2, 1, 4, true) != NULL;
}

/* The first is dropped, of the shared one a share, a channel is forgotten. */
static bool
make_second(struct changes *c)
{
	static const char *const names[] = {"d"};

	changes_drop(c, "a", BASE + 1);
	changes_drop(c, "a", BASE + 3);
	changes_drop(c, "b", BASE + 2);
	changes_forget(c, "c", BASE + 4);
	c->unkeyed = BASE + 1;
	return add(c, names, 1, 5, false) != NULL;
}

/* What was said of a transaction; NOT where it did not come so far. */
static enum store_result
commit(bool (*make)(struct changes *))
{
	enum store_result said = STORE_NOT;
	struct changes c;

	changes_init(&c);
	if (make(&c))
		said = changes_commit(&c, &store);
	changes_free(&c);
	return said;
}

static void
remove_it(void)
{
	char wal[96];

	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	(void)unlink(wal);
	(void)unlink(path);
}

/*
 * In the file is what was said; of what was not said so, all or nothing.  What
 * is dropped and forgotten may have had no memory: then it is there still.
 */
static void
check(enum store_result first, enum store_result second, bool failed)
{
	assert_int_equal(open_it(SIZE_MAX), 0);
	if (second == STORE_COMMITTED && !failed) {
		assert_true(got.events == 2 && got.channels == 3);
		assert_int_equal(got.keys, 3);
	} else if (second == STORE_COMMITTED)
		assert_in_range(got.events, 2, 4);
	else if (first == STORE_COMMITTED && second == STORE_NOT)
		assert_true(got.events == 3 && got.channels == 3);
	else if (first == STORE_NOT)
		assert_true(got.events == 0 && got.channels == 0);
	else
		assert_true(
		    got.events == 0 || got.events == 3 || got.events == 2);
	store_close(&store, false);
}

/* A life with that fault; false: it had come to its end before. */
static bool
live(unsigned long nth, bool for_good)
{
	enum store_result first = STORE_NOT, second = STORE_NOT;
	bool came;

	calls_fail(nth, for_good, ENOMEM);
	if (open_it(SIZE_MAX) == 0) {
		first = commit(make_first);
		if (first == STORE_COMMITTED)
			second = commit(make_second);
		else
			(void)store_reopen(&store);
	} else
		assert_int_not_equal(err[0], '\0');
	store_close(&store, false);
	came = calls_failed();
	check(first, second, came);
	if (!came)
		assert_int_equal(second, STORE_COMMITTED);
	remove_it();
	return came;
}

static void
whatever_fails_is_said_and_leaves_all_or_nothing(void **state)
{
	unsigned long nth;

	(void)state;
	for (nth = 1; live(nth, false); nth++)
		continue;
	print_message("%lu calls\n", nth - 1);
	assert_true(nth > 200);
	for (nth = 1; live(nth, true); nth++)
		continue;
}

/* So it is where only some has room, and the rest is deleted. */
static void
whatever_fails_where_all_has_no_room_deletes_nothing_else(void **state)
{
	unsigned long nth;
	bool came = true;

	(void)state;
	for (nth = 1; came; nth++) {
		assert_int_equal(open_it(SIZE_MAX), 0);
		assert_int_equal(commit(make_first), STORE_COMMITTED);
		store_close(&store, false);
		calls_fail(nth, false, ENOMEM);
		if (open_it(STORE_EVENT_SIZE * 2) == -1)
			assert_int_not_equal(err[0], '\0');
		store_close(&store, false);
		came = calls_failed();
		assert_int_equal(open_it(SIZE_MAX), 0);
		assert_true(got.events == 1 || (got.events == 3 && came));
		store_close(&store, false);
		remove_it();
	}
}

static int
set_up(void **state)
{
	(void)state;
	/* In memory, where there is that: hundreds of files are synced. */
	(void)snprintf(dir, sizeof(dir), "%s/sse-fcgi.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/events.db", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	store_close(&store, false);
	remove_it();
	return rmdir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(whatever_fails_is_said_and_leaves_all_or_nothing),
	    TEST(whatever_fails_where_all_has_no_room_deletes_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
