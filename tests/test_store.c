/* SPDX-License-Identifier: ISC */
/*
 * The file of the engine sqlite: what is written comes back, whatever happens
 * to it; and what is no such file stays as it is.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/store.h"
#include "vfs.h"

#define PATH_SIZE 64
#define SECOND	  (INT64_C(1000) << STORE_KEY_BITS)

static const struct store_facts fresh = {.epoch = 0xfedcba98,
    .base = 100 * SECOND,
    .last = 100 * SECOND,
    .forgotten = 0};

static struct store store;
static struct store_facts facts;
static char dir[PATH_SIZE], path[PATH_SIZE + 16], err[512];

/* What was read back. */
static struct {
	size_t channels, events, keys;
	struct got_channel {
		char name[16];
		int64_t lost, origin, ended, ended_at;
		bool erased;
	} channel[8];
	struct got_event {
		int64_t key, time;
		char channel[16]; /* or more of them, with spaces between */
		char type[16];
		char data[64];
		size_t len;
		bool snapshot;
	} event[64];
	struct got_key {
		int64_t last, time;
		size_t events;
		char channel[16], key[80];
	} key[8];
	size_t bytes;
	size_t refuse; /* at this event; 0: never */
} got;

/* They are told of in the order of their use, and stand here in that of names.
 */
static int
got_channel(void *arg, const struct store_channel *ch)
{
	struct got_channel *c = &got.channel[got.channels++];

	assert_ptr_equal(arg, &got);
	assert_int_equal(got.events, 0);
	assert_true(got.channels <= LENGTH(got.channel));
	for (; c > got.channel && strcmp(c[-1].name, ch->name) > 0; c--)
		*c = c[-1];
	(void)snprintf(c->name, sizeof(c->name), "%s", ch->name);
	c->lost = ch->lost;
	c->origin = ch->origin;
	c->ended = ch->ended;
	c->ended_at = ch->ended_at;
	c->erased = ch->erased;
	return 0;
}

static void
join(char *text, size_t size, const struct store_event *e)
{
	size_t i, len = 0;

	for (i = 0; i < e->channels_n; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s",
		    i == 0 ? "" : " ", e->channels[i]);
	assert_true(len < size);
}

static int
got_event(void *arg, const struct store_event *event)
{
	struct got_event *e = &got.event[got.events % LENGTH(got.event)];
	const struct sse_message *m = &event->message;

	assert_ptr_equal(arg, &got);
	assert_int_equal(got.keys, 0);
	assert_null(m->id);
	if (++got.events == got.refuse)
		return -1;
	e->key = event->key;
	e->time = event->time;
	join(e->channel, sizeof(e->channel), event);
	(void)snprintf(e->type, sizeof(e->type), "%s",
	    m->type == NULL ? "NULL" : m->type);
	e->len = m->len;
	e->snapshot = m->snapshot;
	memcpy(e->data, m->data,
	    m->len < sizeof(e->data) ? m->len : sizeof(e->data));
	got.bytes += m->len;
	return 0;
}

static int
got_key(void *arg, const struct store_keyed *keyed)
{
	struct got_key *k = &got.key[got.keys++ % LENGTH(got.key)];

	assert_ptr_equal(arg, &got);
	k->last = keyed->last;
	k->time = keyed->time;
	k->events = keyed->events;
	(void)snprintf(k->channel, sizeof(k->channel), "%s", keyed->channel);
	(void)snprintf(k->key, sizeof(k->key), "%s", keyed->key);
	return 0;
}

static struct store_reader reader = {got_channel, got_event, got_key, &got};

static int
load(size_t bytes_max)
{
	memset(&got, 0, sizeof(got));
	return store_load(&store, bytes_max, &reader);
}

static int
open_store(void)
{
	err[0] = '\0';
	return store_open(&store, path, 0, &fresh, &facts, err, sizeof(err));
}

/* Another life: closed, opened and read back. */
static void
live_with(size_t bytes_max)
{
	store_close(&store, false);
	assert_int_equal(open_store(), 0);
	assert_int_equal(load(bytes_max), 0);
}

static void
live_again(void)
{
	live_with(SIZE_MAX);
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/sse-fcgi.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/events.db", dir);
	return 0;
}

static int
tear_down(void **state)
{
	char command[PATH_SIZE + 16];

	(void)state;
	store_close(&store, false);
	disk_end();
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static int64_t
key(int64_t n)
{
	return fresh.base + n;
}

static void
add(int64_t n, const char *channel, const char *type, const char *data,
    size_t len)
{
	struct sse_message m = {.type = type, .data = data, .len = len};

	assert_int_equal(store_add(&store, key(n), 100000 + n, channel, &m), 0);
	assert_int_equal(store_set_last(&store, key(n)), 0);
}

static void
a_new_file_has_the_facts_that_it_is_given(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(open_store(), 0);
	assert_memory_equal(&facts, &fresh, sizeof(facts));
	assert_int_equal(load(SIZE_MAX), 0);
	assert_int_equal(got.channels, 0);
	assert_int_equal(got.events, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	memset(&facts, 0, sizeof(facts));
	live_again();
	assert_memory_equal(&facts, &fresh, sizeof(facts));
	store_close(&store, false);
	assert_true(unlink(path) == 0 && rmdir(dir) == 0); /* it is all */
}

static void
events_come_back_byte_for_byte_in_their_order(void **state)
{
	static const char nasty[] =
	    "'\";--\r\n\t\0\x7f %s\xc3\xbc\xf0\x9f\x98\x80";

	(void)state;
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "b", 0), 0);
	assert_int_equal(store_add_channel(&store, "a", key(0)), 0);
	add(1, "b", NULL, nasty, sizeof(nasty));
	add(2, "a", "tick", "", 0);
	add(3, "b", "", nasty, sizeof(nasty) - 1);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	live_again();
	assert_int_equal(facts.last, key(3));
	assert_int_equal(got.channels, 2);
	assert_string_equal(got.channel[0].name, "a");
	assert_int_equal(got.channel[0].lost, key(0));
	assert_int_equal(got.channel[1].lost, 0);
	assert_int_equal(got.events, 3);
	assert_int_equal(got.event[0].key, key(1));
	assert_int_equal(got.event[0].time, 100001);
	assert_string_equal(got.event[0].channel, "b");
	assert_string_equal(got.event[0].type, "NULL");
	assert_int_equal(got.event[0].len, sizeof(nasty));
	assert_memory_equal(got.event[0].data, nasty, sizeof(nasty));
	assert_string_equal(got.event[1].type, "tick");
	assert_int_equal(got.event[1].len, 0);
	assert_string_equal(got.event[2].type, "");
	assert_int_equal(got.event[2].len, sizeof(nasty) - 1);
}

static void
what_is_dropped_is_lost_to_its_channel(void **state)
{
	(void)state;
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", 0), 0);
	assert_int_equal(store_add_channel(&store, "b", key(0)), 0);
	add(1, "a", NULL, "1", 1);
	add(2, "b", NULL, "2", 1);
	add(3, "a", NULL, "3", 1);
	add(4, "none", NULL, "4", 1);
	assert_int_equal(store_drop(&store, "a", key(1)), 0);
	assert_int_equal(store_drop(&store, "none", key(4)), 0);
	assert_int_equal(store_drop(&store, "none", key(77)), 0);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	live_again();
	assert_int_equal(got.events, 2);
	assert_int_equal(got.event[0].key, key(2));
	assert_int_equal(got.event[1].key, key(3));
	assert_int_equal(got.channels, 2);
	assert_int_equal(got.channel[0].lost, key(1));
	assert_int_equal(got.channel[1].lost, key(0));
	/* It never gets less. */
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "b", key(4)), 0);
	assert_int_equal(store_drop(&store, "b", key(2)), 0);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	live_again();
	assert_int_equal(got.channel[1].lost, key(4));
}

static void
forgotten_channel_leaves_what_it_lost_to_all(void **state)
{
	(void)state;
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", 0), 0);
	assert_int_equal(store_add_channel(&store, "b", 0), 0);
	assert_int_equal(store_set_last(&store, key(9)), 0);
	assert_int_equal(store_forget(&store, "a", key(7)), 0);
	assert_int_equal(store_forget(&store, "none", key(3)), 0);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	live_again();
	assert_int_equal(facts.forgotten, key(7));
	assert_int_equal(facts.last, key(9));
	assert_int_equal(facts.base, key(0));
	assert_int_equal(got.channels, 1);
	assert_string_equal(got.channel[0].name, "b");
}

static void
keys_are_ordered_as_ids_are_and_give_them_back(void **state)
{
	struct eventid id[] = {{1, (uint64_t)7 << 20},
	    {1, (uint64_t)7 << 20 | 1}, {1, (uint64_t)7 << 20 | 0xfffff},
	    {2, (uint64_t)7 << 20},
	    {UINT64_C(8796093022207), UINT64_C(8388607)}};
	struct eventid back;
	size_t i;

	(void)state;
	store.epoch = 7;
	for (i = 0; i < LENGTH(id); i++) {
		back = store_id(&store, store_key(id[i]));
		assert_int_equal(eventid_compare(back, id[i]), 0);
		if (i > 0)
			assert_true(store_key(id[i - 1]) < store_key(id[i]));
	}
	assert_true(store_key(id[i - 1]) == INT64_MAX);
}

/* What people see in it. */
static void
the_view_shows_ids_and_times_as_text(void **state)
{
	char want[64];
	sqlite3 *db;
	sqlite3_stmt *q;

	(void)state;
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	add(5, "a", "tick", "hello", 5);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	(void)eventid_format(want, store_id(&store, key(5)));
	store_close(&store, false);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT id, time FROM events",
			     -1, &q, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(q, 0), want);
	assert_string_equal((const char *)sqlite3_column_text(q, 1),
	    "1970-01-01T00:01:40.005Z");
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Commits, and reads it all back. */
static void
commit_and_live_again(void)
{
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	live_again();
}

static void
ends_erasures_and_snapshots_come_back(void **state)
{
	const struct sse_message whole = {.data = "all",
	    .len = 3,
	    .snapshot = true};

	(void)state;
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", key(0)), 0);
	assert_int_equal(store_add_channel(&store, "b", 0), 0);
	assert_int_equal(store_add_channel(&store, "c", 0), 0);
	add(1, "a", NULL, "1", 1);
	assert_int_equal(store_add(&store, key(2), 7, "a", &whole), 0);
	add(3, "b", NULL, "3", 1);
	assert_int_equal(store_end(&store, "a", key(4), 1234), 0);
	assert_int_equal(store_end(&store, "b", key(5), 5678), 0);
	assert_int_equal(store_erase(&store, "b", key(3)), 0);
	assert_int_equal(store_set_last(&store, key(5)), 0);
	commit_and_live_again();
	assert_int_equal(facts.last, key(5));
	assert_int_equal(got.events, 3); /* the third is to be dropped */
	assert_false(got.event[0].snapshot);
	assert_true(got.event[1].snapshot);
	assert_string_equal(got.channel[0].name, "a");
	assert_int_equal(got.channel[0].origin, key(0));
	assert_int_equal(got.channel[0].ended, key(4));
	assert_int_equal(got.channel[0].ended_at, 1234);
	assert_false(got.channel[0].erased);
	assert_int_equal(got.channel[1].lost, key(3));
	assert_int_equal(got.channel[1].origin, 0);
	assert_int_equal(got.channel[1].ended, key(5));
	assert_true(got.channel[1].erased);
	assert_int_equal(got.channel[2].ended, 0);
	/* The first end stays, whatever is erased behind it. */
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_drop(&store, "b", key(3)), 0);
	assert_int_equal(store_end(&store, "a", key(6), 9), 0);
	assert_int_equal(store_erase(&store, "a", key(2)), 0);
	assert_int_equal(store_set_last(&store, key(6)), 0);
	commit_and_live_again();
	assert_int_equal(got.events, 2);
	assert_int_equal(got.channel[0].ended, key(4));
	assert_int_equal(got.channel[0].ended_at, 1234);
	assert_int_equal(got.channel[0].lost, key(2));
	assert_int_equal(got.channel[0].origin, key(0));
	assert_true(got.channel[0].erased);
}

/* One event in three channels: two drop it, in this order. */
static void
drop_of_three(const char *first, const char *second, size_t len)
{
	static char data[8192];

	memset(data, 'x', sizeof(data));
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", 0), 0);
	assert_int_equal(store_add_channel(&store, "b", 0), 0);
	assert_int_equal(store_add_channel(&store, "c", 0), 0);
	add(1, "a b c", "t", data, len);
	add(2, "c", NULL, "2", 1);
	commit_and_live_again();
	assert_int_equal(got.events, 2);
	assert_string_equal(got.event[0].channel, "a b c");
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_drop(&store, first, key(1)), 0);
	commit_and_live_again();
	assert_int_equal(got.events, 2);
	assert_int_equal(got.event[0].len, len);
	assert_int_equal(got.channel[first[0] - 'a'].lost, key(1));
	assert_int_equal(got.channel[second[0] - 'a'].lost, 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_drop(&store, second, key(1)), 0);
	assert_int_equal(store_drop(&store, second, key(1)), 0);
	commit_and_live_again();
	assert_int_equal(got.events, 2);
	assert_int_equal(got.channel[second[0] - 'a'].lost, key(1));
}

/* A short row names those who hold it; a long one is not written anew. */
static void
event_of_several_channels_goes_with_the_last(void **state)
{
	static const struct {
		const char *first, *second, *last;
	} rows[] = {{"a", "b", "c"}, {"b", "a", "c"}, {"c", "b", "a"},
	    {"c", "a", "b"}};
	size_t i, len;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++)
		for (len = 10; len < 8192; len += 8000) {
			drop_of_three(rows[i].first, rows[i].second, len);
			assert_string_equal(got.event[0].channel,
			    len < 4096 ? rows[i].last : "a b c");
			assert_int_equal(store_begin(&store), 0);
			assert_int_equal(store_drop(&store, rows[i].last,
					     key(1)),
			    0);
			commit_and_live_again();
			assert_int_equal(got.events, 1);
			store_close(&store, false);
			assert_int_equal(unlink(path), 0);
		}
}

/* A transaction writes no more rows anew than would be worth waiting for. */
static void
many_events_of_several_channels_go_all_the_same(void **state)
{
	static char data[3000];
	int64_t n;

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", 0), 0);
	assert_int_equal(store_add_channel(&store, "b", 0), 0);
	for (n = 1; n <= 500; n++)
		add(n, "a b", NULL, data, sizeof(data));
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	assert_int_equal(store_begin(&store), 0);
	for (n = 1; n <= 450; n++)
		assert_int_equal(store_drop(&store, "a", key(n)), 0);
	assert_in_range(store.rewritten, 1 << 20, (1 << 20) + 4096);
	commit_and_live_again();
	assert_int_equal(got.events, 500);
	assert_int_equal(got.channel[0].lost, key(450));
	assert_int_equal(store_begin(&store), 0);
	for (n = 1; n <= 499; n++)
		assert_int_equal(store_drop(&store, "b", key(n)), 0);
	assert_int_equal(store_drop(&store, "a", key(500)), 0);
	commit_and_live_again();
	assert_int_equal(got.events, 50);
	assert_int_equal(got.event[49].key, key(500));
	assert_string_equal(got.event[49].channel, "b");
}

/* Also if that is a channel which is there no more. */
static void
forgotten_channel_holds_nothing_of_what_others_have(void **state)
{
	(void)state;
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", 0), 0);
	assert_int_equal(store_add_channel(&store, "b", 0), 0);
	add(1, "a b", NULL, "1", 1);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_forget(&store, "b", key(1)), 0);
	assert_int_equal(store_drop(&store, "a", key(1)), 0);
	assert_int_equal(store_drop(&store, "b", key(1)), 0);
	commit_and_live_again();
	assert_int_equal(got.events, 0);
	assert_int_equal(got.channels, 1);
}

/* Nobody knows that it was forgotten: for want of memory, or as disks fail. */
static void
ended_channel_begins_anew_without_having_been_forgotten(void **state)
{
	(void)state;
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", 0), 0);
	add(1, "a", NULL, "1", 1);
	assert_int_equal(store_end(&store, "a", key(2), 7), 0);
	assert_int_equal(store_erase(&store, "a", key(1)), 0);
	assert_int_equal(store_set_last(&store, key(2)), 0);
	commit_and_live_again();
	assert_int_equal(got.channel[0].ended, key(2));
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", key(3)), 0);
	add(4, "a", NULL, "4", 1);
	commit_and_live_again();
	assert_int_equal(got.channels, 1);
	assert_int_equal(got.channel[0].lost, key(3));
	assert_int_equal(got.channel[0].origin, key(3));
	assert_int_equal(got.channel[0].ended, 0);
	assert_false(got.channel[0].erased);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_end(&store, "a", key(5), 8), 0);
	assert_int_equal(store_set_last(&store, key(5)), 0);
	commit_and_live_again();
	assert_int_equal(got.channel[0].ended, key(5));
	assert_int_equal(got.channel[0].ended_at, 8);
}

static void
keys_come_back_until_they_go(void **state)
{
	static const char longest[] = "0123456789abcdef0123456789abcdef"
				      "0123456789abcdef0123456789abcde~";

	(void)state;
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	add(1, "a", NULL, "1", 1);
	assert_int_equal(store_add_keyed(&store,
			     &(struct store_keyed){key(1), 1, 77, "a", "!"}),
	    0);
	assert_int_equal(store_add_keyed(&store, &(struct store_keyed){key(3),
						     256, 78, "b", longest}),
	    0);
	assert_int_equal(store_add_keyed(&store,
			     &(struct store_keyed){key(5), 0, 79, "a", "!"}),
	    0);
	assert_int_equal(store_set_last(&store, key(5)), 0);
	commit_and_live_again();
	assert_int_equal(got.keys, 3);
	assert_int_equal(got.key[0].last, key(1));
	assert_int_equal(got.key[0].time, 77);
	assert_int_equal(got.key[0].events, 1);
	assert_string_equal(got.key[1].channel, "b");
	assert_string_equal(got.key[1].key, longest);
	assert_int_equal(got.key[1].events, 256);
	assert_int_equal(got.key[2].events, 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_drop_keyed(&store, key(3)), 0);
	commit_and_live_again();
	assert_int_equal(got.keys, 1);
	assert_int_equal(got.key[0].last, key(5));
	assert_int_equal(got.events, 1);
}

/* Ten events of two channels, each of a hundred bytes. */
static void
write_ten(void)
{
	char data[100];
	int64_t n;

	memset(data, 'x', sizeof(data));
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_channel(&store, "a", 0), 0);
	assert_int_equal(store_add_channel(&store, "b", 0), 0);
	for (n = 1; n <= 10; n++)
		add(n, n % 2 == 1 ? "a" : "b", "type", data, sizeof(data));
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
}

static void
what_has_no_room_is_deleted_and_lost(void **state)
{
	size_t one = 100 + 4 + STORE_EVENT_SIZE;

	(void)state;
	write_ten();
	live_with(10 * one);
	assert_int_equal(got.events, 10);
	assert_int_equal(got.channel[0].lost, 0);
	assert_int_equal(load(3 * one + one - 1), 0);
	assert_int_equal(got.events, 3);
	assert_int_equal(got.event[0].key, key(8));
	assert_int_equal(got.channels, 2);
	assert_int_equal(got.channel[0].lost, key(7));
	assert_int_equal(got.channel[1].lost, key(6));
	live_again();
	assert_int_equal(got.events, 3);
	assert_int_equal(got.channel[0].lost, key(7));
	assert_int_equal(load(one - 1), 0);
	assert_int_equal(got.events, 0);
	assert_int_equal(got.channel[0].lost, key(9));
	assert_int_equal(got.channel[1].lost, key(10));
	live_again();
	assert_int_equal(got.events, 0);
	assert_int_equal(facts.last, key(10));
}

/* What nobody holds any more takes no room from what somebody does. */
static void
what_is_still_to_be_dropped_takes_no_room(void **state)
{
	size_t one = 100 + 4 + STORE_EVENT_SIZE;

	(void)state;
	write_ten();
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_end(&store, "b", key(11), 1), 0);
	assert_int_equal(store_erase(&store, "b", key(10)), 0);
	assert_int_equal(store_set_last(&store, key(11)), 0);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	live_with(5 * one);
	assert_int_equal(got.events, 10);
	assert_int_equal(load(3 * one), 0);
	assert_int_equal(got.events, 7); /* of which a holds three */
	assert_int_equal(got.event[0].key, key(4));
	assert_int_equal(got.channel[0].lost, key(3));
	assert_int_equal(got.channel[1].lost, key(10));
}

/* Whoever has put it there: it goes, and neither the end nor what is held. */
static void
what_stands_behind_an_end_is_not_lost(void **state)
{
	size_t one = 100 + 4 + STORE_EVENT_SIZE;

	(void)state;
	write_ten();
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_end(&store, "a", key(6), 1), 0);
	commit_and_live_again();
	assert_int_equal(got.events, 10);
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_drop(&store, "a", key(9)), 0);
	commit_and_live_again();
	assert_int_equal(got.events, 9);
	assert_int_equal(got.channel[0].lost, 0);
	assert_int_equal(got.channel[0].ended, key(6));
	assert_int_equal(load(2 * one), 0);
	assert_int_equal(got.events, 3); /* of which b holds two */
	assert_int_equal(got.channel[0].lost, key(5));
	assert_int_equal(got.channel[0].ended, key(6));
	assert_int_equal(got.channel[1].lost, key(6));
}

static int
no_memory_for_channel(void *arg, const struct store_channel *c)
{
	(void)arg;
	(void)c;
	return -1;
}

static int
no_memory_for_event(void *arg, const struct store_event *e)
{
	(void)arg;
	(void)e;
	return -1;
}

static int
no_memory_for_key(void *arg, const struct store_keyed *k)
{
	(void)arg;
	(void)k;
	return -1;
}

/* The file is as it should be. */
static void
who_has_no_memory_for_it_is_told_of_no_damage(void **state)
{
	static const struct store_reader starved[] = {{no_memory_for_channel,
							  got_event, got_key,
							  &got},
	    {got_channel, no_memory_for_event, got_key, &got},
	    {got_channel, got_event, no_memory_for_key, &got}};
	size_t i;

	(void)state;
	write_ten();
	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add_keyed(&store,
			     &(struct store_keyed){.last = key(10),
				 .time = 1,
				 .events = 1,
				 .channel = "a",
				 .key = "k"}),
	    0);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	for (i = 0; i < LENGTH(starved); i++) {
		store_close(&store, false);
		assert_int_equal(open_store(), 0);
		memset(&got, 0, sizeof(got));
		assert_int_equal(store_load(&store, SIZE_MAX, &starved[i]), -1);
		store_explain(&store, path, err, sizeof(err));
		assert_non_null(strstr(err, ": no memory"));
	}
	live_again();
	assert_int_equal(got.events, 10);
	assert_int_equal(got.keys, 1);
}

/* Whatever who begins it anew knows of that. */
static void
what_a_channel_has_lost_never_gets_less(void **state)
{
	static const unsigned upto[] = {5, 3, 7}, lost[] = {5, 5, 7};
	size_t i;

	(void)state;
	write_ten();
	for (i = 0; i < LENGTH(upto); i++) {
		assert_int_equal(store_begin(&store), 0);
		assert_int_equal(store_add_channel(&store, "c", key(upto[i])),
		    0);
		assert_int_equal(store_commit(&store), STORE_COMMITTED);
		live_again();
		assert_int_equal(got.channels, 3);
		assert_int_equal(got.channel[2].lost, key(lost[i]));
	}
}

static void
who_reads_back_may_have_enough(void **state)
{
	(void)state;
	write_ten();
	live_again();
	memset(&got, 0, sizeof(got));
	got.refuse = 4;
	assert_int_equal(store_load(&store, SIZE_MAX, &reader), -1);
	assert_int_equal(got.events, 4);
	assert_string_equal(store_fault(&store), "no memory");
	live_again();
	assert_int_equal(got.events, 10);
}

/* All that is in the directory, names and bytes. */
static size_t
snapshot(char **bytes)
{
	char command[PATH_SIZE + 128];
	size_t len = 0, n, size = 1 << 22;
	FILE *f;

	*bytes = malloc(size);
	assert_non_null(*bytes);
	(void)snprintf(command, sizeof(command),
	    "cd %s && ls -lR --time-style=full-iso . &&"
	    " find . -type f -exec cat {} +",
	    dir);
	f = popen(command, "r");
	assert_non_null(f);
	while ((n = fread(*bytes + len, 1, size - len, f)) > 0)
		len += n;
	assert_true(len < size);
	(void)pclose(f);
	return len;
}

/* All is as in that snapshot. */
static void
check_is_still(const char *before, size_t len)
{
	char *after;

	assert_int_equal(snapshot(&after), len);
	assert_memory_equal(before, after, len);
	free(after);
}

static void
edit(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A file as the versions up to 0.4.0 left it: ten events of two channels. */
static void
write_form_1(const char *sql)
{
	char text[2048];
	sqlite3 *db;

	(void)snprintf(text, sizeof(text),
	    "PRAGMA page_size = 1024; BEGIN; PRAGMA auto_vacuum = INCREMENTAL;"
	    "PRAGMA application_id = %d; PRAGMA user_version = 1;"
	    "CREATE TABLE event (key INTEGER PRIMARY KEY,"
	    " time INTEGER NOT NULL, channel TEXT NOT NULL, type TEXT,"
	    " data TEXT NOT NULL);"
	    "CREATE TABLE channel (name TEXT PRIMARY KEY,"
	    " lost INTEGER NOT NULL) WITHOUT ROWID;"
	    "CREATE TABLE fact (name TEXT PRIMARY KEY,"
	    " value INTEGER NOT NULL) WITHOUT ROWID;"
	    "CREATE VIEW events AS SELECT key AS id, data FROM event;"
	    "INSERT INTO fact VALUES ('epoch', %u), ('base', %" PRId64 "),"
	    " ('last', %" PRId64 "), ('forgotten', 0), ('faults', 7);"
	    "INSERT INTO channel VALUES ('a', %" PRId64 "), ('b', 5);"
	    "WITH RECURSIVE n (i) AS"
	    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)"
	    " INSERT INTO event SELECT %" PRId64 " + i, 100000 + i,"
	    " iif(i %% 2, 'a', 'b'), 'type', printf('%%d %%0100d', i, 0)"
	    " FROM n; COMMIT; PRAGMA journal_mode = WAL",
	    0x53534566, fresh.epoch, fresh.base, key(10), key(0), fresh.base);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
no_directory(void)
{
	(void)snprintf(path, sizeof(path), "%s/none/events.db", dir);
}

static void
a_file_as_directory(void)
{
	write_file("");
	(void)snprintf(path, sizeof(path), "%s/events.db/x", dir);
}

static void
a_directory(void)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
a_fifo(void)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void
a_text(void)
{
	write_file("These are not the events that you are looking for.\n"
		   "These are not the events that you are looking for.\n");
}

static void
a_short_text(void)
{
	write_file("SQLite format 3");
}

static void
no_application(void)
{
	edit("CREATE TABLE event (a, b)");
}

static void
another_application(void)
{
	edit("PRAGMA journal_mode = WAL; PRAGMA application_id = 77;"
	     "PRAGMA user_version = 1; CREATE TABLE event (a, b)");
}

static void
a_newer_form(void)
{
	write_ten();
	store_close(&store, false);
	edit("PRAGMA user_version = 3");
}

/* One that a power cut has left in the WAL. */
static void
a_newer_form_in_the_log(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		write_ten();
		_exit(sqlite3_exec(store.db, "PRAGMA user_version = 3", NULL,
			  NULL, NULL) != SQLITE_OK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
an_older_form_with_other_tables(void)
{
	write_form_1("DROP TABLE channel;"
		     "CREATE TABLE channel (name TEXT PRIMARY KEY, lost)");
}

static void
no_table(void)
{
	write_ten();
	store_close(&store, false);
	edit("DROP TABLE channel");
}

/* A table has other columns; what is in it is the same. */
static void
make_again(const char *table, const char *columns)
{
	char sql[512];

	write_ten();
	store_close(&store, false);
	(void)snprintf(sql, sizeof(sql),
	    "ALTER TABLE %s RENAME TO old; CREATE TABLE %s (%s);"
	    "INSERT INTO %s SELECT * FROM old; DROP TABLE old",
	    table, table, columns, table);
	edit("DROP VIEW events; DROP VIEW ends");
	edit(sql);
}

static void
events_without_a_key(void)
{
	make_again("event", "key, time, channel, type, data, snapshot");
	edit("INSERT INTO event SELECT * FROM event");
}

static void
channels_with_one_column_more(void)
{
	make_again("channel",
	    "name TEXT PRIMARY KEY, lost, origin, ended, time, erased,"
	    " x AS (1)");
}

static void
facts_without_a_key(void)
{
	make_again("fact", "name TEXT, value INTEGER NOT NULL");
	edit("INSERT INTO fact SELECT name, value + 1000 FROM fact"
	     " WHERE name = 'last'");
}

/* It has no end. */
static void
facts_that_are_a_view(void)
{
	write_ten();
	store_close(&store, false);
	edit("DROP TABLE fact; CREATE VIEW fact AS"
	     " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
	     " SELECT i AS name, i AS value FROM n");
}

static void
no_epoch(void)
{
	write_ten();
	store_close(&store, false);
	edit("DELETE FROM fact WHERE name = 'epoch'");
}

static void
a_base_above_all(void)
{
	write_ten();
	store_close(&store, false);
	edit("UPDATE fact SET value = value + 1000 WHERE name = 'base'");
}

static void
a_last_key_that_leaves_none(void)
{
	write_ten();
	store_close(&store, false);
	edit("UPDATE fact SET value = 9223372036854775807 / 2 + 1"
	     " WHERE name = 'last'");
}

static void
a_fact_that_is_text(void)
{
	write_ten();
	store_close(&store, false);
	edit("UPDATE fact SET value = 'none' WHERE name = 'forgotten'");
}

static void
spoil(long at, int byte, size_t len)
{
	FILE *f = fopen(path, "r+");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	while (len-- > 0)
		assert_int_equal(fputc(byte, f), byte);
	assert_int_equal(fclose(f), 0);
}

/* Beside it is what a transaction of another database was to be undone by. */
static void
a_text_and_a_journal(void)
{
	static const uint8_t journal[28] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1,
	    0x63, 0xd7, [19] = 1};
	char name[PATH_SIZE + 32];
	FILE *f;

	a_text();
	(void)snprintf(name, sizeof(name), "%s-journal", path);
	f = fopen(name, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(journal, 1, sizeof(journal), f),
	    sizeof(journal));
	assert_int_equal(fclose(f), 0);
}

static void
a_bad_first_page(void)
{
	write_ten();
	live_again();
	store_close(&store, false);
	spoil(100, 0xff, 924);
}

struct wrong {
	void (*make)(void);
	const char *line; /* a part of it */
};

static void
file_that_is_wrong_is_refused_in_a_line_and_stays(void **state)
{
	const struct wrong *w = *state;
	char *before;
	size_t len;

	assert_int_equal(set_up(NULL), 0);
	w->make();
	len = snapshot(&before);
	assert_int_equal(open_store(), -1);
	if (strstr(err, w->line) == NULL || strstr(err, path) == NULL)
		fail_msg("it says: %s", err);
	assert_null(strchr(err, '\n'));
	check_is_still(before, len);
	free(before);
	assert_int_equal(tear_down(NULL), 0);
}

#define WRONG(f, line)                                                 \
	{                                                              \
		.name = #f,                                            \
		.test_func =                                           \
		    file_that_is_wrong_is_refused_in_a_line_and_stays, \
		.initial_state = &(struct wrong)                       \
		{                                                      \
			f, line                                        \
		}                                                      \
	}

/* Runs f in a process of its own: 0 if it returns 0. */
static int
as_nobody(int (*f)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setgid(65534) != 0 || setuid(65534) != 0 || f() != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
is_refused(void)
{
	return open_store() != -1 || strstr(err, "Permission denied") == NULL;
}

static void
what_may_not_be_written_is_said(void **state)
{
	(void)state;
	if (geteuid() != 0) /* who has other users' files */
		skip();
	write_ten();
	store_close(&store, false);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(as_nobody(is_refused), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(as_nobody(is_refused), 0); /* the directory */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(as_nobody(is_refused), 0); /* which has none */
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(as_nobody(is_refused), 0);
}

/* Another process that has the file until it reads a byte. */
static struct {
	pid_t pid;
	int in, out;
	size_t naps; /* until it is told to end; 0: never */
} holder;

static void
hold(void)
{
	int to[2], from[2];
	char byte = 0;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	if ((holder.pid = fork()) == 0) {
		(void)close(to[1]);
		byte = (char)open_store();
		(void)!write(from[1], &byte, 1);
		(void)!read(to[0], &byte, 1);
		_exit(0);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	holder.in = to[1];
	holder.out = from[0];
	assert_int_equal(read(holder.out, &byte, 1), 1);
	assert_int_equal(byte, 0);
}

static void
let_go(void)
{
	int status;

	(void)close(holder.in);
	(void)close(holder.out);
	assert_int_equal(waitpid(holder.pid, &status, 0), holder.pid);
	assert_int_equal(status, 0);
}

int __real_nanosleep(const struct timespec *, struct timespec *);
int __wrap_nanosleep(const struct timespec *, struct timespec *);

int
__wrap_nanosleep(const struct timespec *t, struct timespec *rest)
{
	if (holder.naps > 0 && --holder.naps == 0)
		let_go();
	return __real_nanosleep(t, rest);
}

static void
who_has_the_file_is_said(void **state)
{
	char want[64], *before;
	size_t len;

	(void)state;
	write_ten();
	store_close(&store, false);
	hold();
	len = snapshot(&before);
	assert_int_equal(open_store(), -1);
	(void)snprintf(want, sizeof(want), "process %ld has it open",
	    (long)holder.pid);
	assert_non_null(strstr(err, want));
	check_is_still(before, len);
	let_go();
	assert_int_equal(open_store(), 0);
	free(before);
}

static void
file_that_another_process_gives_up_is_waited_for(void **state)
{
	(void)state;
	write_ten();
	store_close(&store, false);
	hold();
	holder.naps = 3;
	assert_int_equal(store_open(&store, path, 600, &fresh, &facts, err,
			     sizeof(err)),
	    0);
	assert_int_equal(holder.naps, 0);
	assert_int_equal(load(SIZE_MAX), 0);
	assert_int_equal(got.events, 10);
}

static void
new_file_is_not_made_by_two(void **state)
{
	(void)state;
	hold();
	assert_int_equal(open_store(), -1);
	assert_non_null(strstr(err, "has it open"));
	let_go();
	assert_int_equal(open_store(), 0);
}

static void
remove_files(void)
{
	char wal[PATH_SIZE + 32];

	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	assert_int_equal(unlink(path), 0);
	(void)unlink(wal);
}

/* The form that the file says to be of, in its header. */
static int
form_of_the_file(void)
{
	int form;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fseek(f, 63, SEEK_SET), 0);
	form = fgetc(f);
	assert_int_equal(fclose(f), 0);
	return form;
}

static void
assert_the_ten_of_form_1(void)
{
	int64_t n;

	assert_int_equal(facts.epoch, fresh.epoch);
	assert_int_equal(facts.base, fresh.base);
	assert_int_equal(facts.last, key(10));
	assert_int_equal(got.channels, 2);
	assert_string_equal(got.channel[0].name, "a");
	assert_int_equal(got.channel[0].lost, key(0));
	assert_int_equal(got.channel[0].origin, key(0));
	assert_int_equal(got.channel[1].lost, 5);
	assert_int_equal(got.channel[1].origin, 5);
	assert_int_equal(got.channel[1].ended, 0);
	assert_false(got.channel[1].erased);
	assert_int_equal(got.keys, 0);
	assert_int_equal(got.events, 10);
	for (n = 1; n <= 10; n++) {
		assert_int_equal(got.event[n - 1].key, key(n));
		assert_int_equal(got.event[n - 1].time, 100000 + n);
		assert_string_equal(got.event[n - 1].channel,
		    n % 2 == 1 ? "a" : "b");
		assert_string_equal(got.event[n - 1].type, "type");
		assert_int_equal(got.event[n - 1].len, n < 10 ? 102 : 103);
		assert_false(got.event[n - 1].snapshot);
	}
}

/* The file takes all that is new. */
static void
write_what_is_new(void)
{
	const struct sse_message whole = {.data = "all",
	    .len = 3,
	    .snapshot = true};

	assert_int_equal(store_begin(&store), 0);
	assert_int_equal(store_add(&store, key(11), 7, "a b", &whole), 0);
	assert_int_equal(store_end(&store, "a", key(12), 8), 0);
	assert_int_equal(store_add_keyed(&store,
			     &(struct store_keyed){key(12), 1, 8, "a", "k"}),
	    0);
	assert_int_equal(store_set_last(&store, key(12)), 0);
	commit_and_live_again();
	assert_int_equal(got.events, 11);
	assert_true(got.event[10].snapshot);
	assert_int_equal(got.channel[0].ended, key(12));
	assert_int_equal(got.keys, 1);
}

static void
older_form_is_taken_over_with_all_that_is_in_it(void **state)
{
	(void)state;
	write_form_1("");
	assert_int_equal(form_of_the_file(), 1);
	assert_int_equal(open_store(), 0);
	assert_int_equal(load(SIZE_MAX), 0);
	assert_the_ten_of_form_1();
	assert_int_equal(form_of_the_file(), 2); /* and not only the WAL */
	live_again();
	assert_the_ten_of_form_1();
	write_what_is_new();
	store_close(&store, false);
	edit("SELECT id, time, channel, type, data, snapshot FROM events;"
	     "SELECT id, time, channel FROM ends");
}

/* Whoever only opens it has changed nothing. */
static void
older_form_stays_if_it_is_not_read(void **state)
{
	char *before;
	size_t len;

	(void)state;
	write_form_1("");
	len = snapshot(&before);
	assert_int_equal(open_store(), 0);
	store_close(&store, false);
	check_is_still(before, len);
	free(before);
}

/* Of the older form it is, as it was, when something in it cannot be. */
static void
older_form_with_a_row_that_cannot_be_stays(void **state)
{
	char *before;
	size_t len;

	(void)state;
	write_form_1("UPDATE event SET channel = 'a  b' WHERE key % 10 = 3");
	len = snapshot(&before);
	assert_int_equal(open_store(), 0);
	assert_int_equal(load(SIZE_MAX), -1);
	assert_non_null(strstr(store_fault(&store), "cannot be"));
	assert_int_equal(got.channels + got.events, 0);
	store_close(&store, false);
	check_is_still(before, len);
	free(before);
}

/* Also where less of it has room than there is. */
static void
older_form_is_cut_to_what_has_room(void **state)
{
	(void)state;
	write_form_1("");
	assert_int_equal(open_store(), 0);
	assert_int_equal(load(3 * (103 + 4 + STORE_EVENT_SIZE)), 0);
	assert_int_equal(got.events, 3);
	assert_int_equal(got.channel[0].lost, key(7));
	assert_int_equal(got.channel[0].origin, key(0));
	assert_int_equal(form_of_the_file(), 2);
}

/* Its process was killed: what came last is in the WAL alone. */
static void
older_form_with_its_log_is_taken_over(void **state)
{
	sqlite3 *db;
	char *sql;
	int status;
	pid_t pid;

	(void)state;
	write_form_1("DELETE FROM event WHERE key % 10 = 7");
	pid = fork();
	if (pid == 0) {
		sql = sqlite3_mprintf("INSERT INTO event VALUES (%lld, 100007,"
				      " 'a', 'type', printf('7 %%0100d', 0))",
		    (long long)key(7));
		_exit(sqlite3_open(path, &db) != SQLITE_OK ||
		      sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(open_store(), 0);
	assert_int_equal(load(SIZE_MAX), 0);
	assert_the_ten_of_form_1();
	assert_int_equal(form_of_the_file(), 2);
	write_what_is_new();
}

/*
 * The power is cut at the nth write or sync, or the process dies there.  False:
 * it does not.
 */
static bool
cut_while_it_is_taken_over(unsigned long nth, uint32_t seed, bool forever)
{
	bool failed;

	write_form_1("");
	disk_begin(seed);
	disk_fails(nth, seed % 3 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE,
	    forever, seed % 2);
	if (open_store() == 0 && load(SIZE_MAX) == 0)
		assert_the_ten_of_form_1();
	failed = disk.failed > 0;
	disk_cut();
	store_close(&store, false);
	if (seed % 5 != 0)
		disk_restore();
	disk_end();
	memset(&facts, 0, sizeof(facts));
	if (open_store() == -1)
		fail_msg("%lu, %u: %s", nth, seed, err);
	if (load(SIZE_MAX) == -1)
		fail_msg("%lu, %u: %s", nth, seed, store_fault(&store));
	assert_the_ten_of_form_1();
	write_what_is_new();
	store_close(&store, false);
	remove_files();
	return failed;
}

static void
power_cut_while_it_is_taken_over_leaves_one_form_or_the_other(void **state)
{
	unsigned long nth;
	uint32_t seed;
	bool failed = true;

	(void)state;
	for (nth = 1; failed; nth++)
		for (seed = 1; seed <= 12; seed++)
			failed = cut_while_it_is_taken_over(nth,
			    seed * 77 + (uint32_t)nth, seed % 4 != 0);
	print_message("%lu writes and syncs\n", nth - 2);
	assert_true(nth > 5);
}

/* Ten events and this, which are in the WAL, and in the file not yet. */
static void
as_a_process_that_dies(const char *sql)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		write_ten();
		_exit(
		    sqlite3_exec(store.db, sql, NULL, NULL, NULL) != SQLITE_OK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
row_that_cannot_be_is_refused_and_the_file_stays(void **state)
{
	static const char *const edits[] = {
	    "UPDATE event SET channel = 'no  name' WHERE key % 10 = 3",
	    "UPDATE event SET channel = 'a b ' WHERE key % 10 = 3",
	    "UPDATE event SET channel = ' a' WHERE key % 10 = 3",
	    "UPDATE event SET channel = 'a b a' WHERE key % 10 = 3",
	    "UPDATE event SET channel = 'a clo\x7fk' WHERE key % 10 = 3",
	    "UPDATE event SET channel ="
	    " 'a b c d e f g h i j k l m n o p q' WHERE key % 10 = 3",
	    "UPDATE event SET channel = hex(zeroblob(4096))"
	    " WHERE key % 10 = 3",
	    "UPDATE event SET snapshot = 2 WHERE key % 10 = 3",
	    "UPDATE event SET snapshot = 'x' WHERE key % 10 = 3",
	    "UPDATE event SET channel = '' WHERE key % 10 = 3",
	    "UPDATE event SET channel = x'61' WHERE key % 10 = 3",
	    "UPDATE event SET channel = 'a' || char(0) WHERE key % 10 = 3",
	    "UPDATE event SET type = 'a' || char(10) WHERE key % 10 = 3",
	    "UPDATE event SET type = 'a' || char(13) WHERE key % 10 = 3",
	    "UPDATE event SET type = x'61' WHERE key % 10 = 3",
	    "UPDATE event SET type = CAST(x'ff' AS TEXT) WHERE key % 10 = 3",
	    "UPDATE event SET data = x'61' WHERE key % 10 = 3",
	    "UPDATE event SET data = CAST(x'c080' AS TEXT) WHERE key % 10 = 3",
	    "UPDATE event SET time = 'noon' WHERE key % 10 = 3",
	    "UPDATE fact SET value = value + 2 WHERE name = 'base'",
	    "UPDATE event SET key = 9223372036854775807 WHERE key % 10 = 3",
	    "UPDATE fact SET value = value - 1 WHERE name = 'last'",
	    "INSERT INTO channel (name, lost) VALUES ('no such name', 0)",
	    "INSERT INTO channel (name, lost) VALUES (x'61', 0)",
	    "INSERT INTO channel (name, lost) VALUES ('c', -1)",
	    "INSERT INTO channel (name, lost) VALUES ('c', 9223372036854775807)",
	    "UPDATE channel SET origin = lost + 1",
	    "UPDATE channel SET origin = 'x'",
	    "UPDATE channel SET ended = -1",
	    "UPDATE channel SET lost = 9, ended = 9",
	    "UPDATE channel SET ended = 9223372036854775807",
	    "UPDATE channel SET time = 'x'",
	    "UPDATE channel SET erased = 1",
	    "INSERT INTO keyed SELECT key, 1, 1, 'a', '' FROM event",
	    "INSERT INTO keyed SELECT key, 1, 1, 'a', 'a b' FROM event",
	    "INSERT INTO keyed SELECT key, 1, 1, 'a', x'61' FROM event",
	    "INSERT INTO keyed SELECT key, 1, 1, 'a', hex(zeroblob(33))"
	    " FROM event",
	    "INSERT INTO keyed SELECT key, 1, 1, 'a b', 'k' FROM event",
	    "INSERT INTO keyed SELECT key, -1, 1, 'a', 'k' FROM event",
	    "INSERT INTO keyed SELECT key, 1, 'x', 'a', 'k' FROM event",
	    "INSERT INTO keyed SELECT key + 100, 1, 1, 'a', 'k' FROM event",
	};
	char *before;
	size_t i, len;

	(void)state;
	for (i = 0; i < LENGTH(edits); i++) {
		as_a_process_that_dies(edits[i]);
		len = snapshot(&before);
		assert_int_equal(open_store(), 0);
		if (load(3000) == 0)
			fail_msg("%s: nothing is said", edits[i]);
		if (strstr(store_fault(&store), "cannot be") == NULL)
			fail_msg("%s: %s", edits[i], store_fault(&store));
		assert_int_equal(got.channels + got.events, 0);
		store_close(&store, false);
		check_is_still(before, len);
		free(before);
		remove_files();
	}
}

static void
more_channels_than_there_may_be_are_refused(void **state)
{
	(void)state;
	write_ten();
	live_again();
	assert_int_equal(store.channels_max, 10000000);
	store.channels_max = 2;
	assert_int_equal(load(SIZE_MAX), 0);
	store.channels_max = 1;
	assert_int_equal(load(SIZE_MAX), -1);
	assert_string_equal(store_fault(&store),
	    "more than 1 channels cannot be");
	assert_int_equal(got.channels + got.events, 0);
}

/* As the key is in a page: seven bits a byte. */
static void
key_in_page(int64_t n, char bytes[6])
{
	int64_t k = key(n);
	int i;

	for (i = 5; i >= 0; i--, k >>= 7)
		bytes[i] = (char)((k & 0x7f) | (i < 5 ? 0x80 : 0));
	assert_true(k == 0);
}

/* What the pages have instead of something, behind SQLite's back. */
static struct {
	char from[6], to[6];
} other;

static int
spoil_pages(void *arg, const struct store_channel *ch)
{
	static char bytes[1 << 16];
	size_t at, found = 0, len;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	len = fread(bytes, 1, sizeof(bytes), f);
	assert_int_equal(fclose(f), 0);
	f = fopen(path, "r+");
	assert_non_null(f);
	for (at = 0; at < len - sizeof(other.from); at++)
		if (memcmp(bytes + at, other.from, sizeof(other.from)) == 0) {
			assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
			found += fwrite(other.to, sizeof(other.to), 1, f);
		}
	assert_int_equal(fclose(f), 0);
	assert_true(found > 0); /* what was deleted may be there, too */
	assert_int_equal(sqlite3_db_release_memory(store.db), SQLITE_OK);
	return got_channel(arg, ch);
}

/* The disk makes it up when all has been looked at. */
static void
what_is_otherwise_when_it_is_told_is_said(void **state)
{
	static const struct {
		int64_t from, to; /* keys; 0: the text */
	} rows[] = {{3, 2}, {3, 1}, {3, 4}, {3, 9}, {3, 11}, {3, 0}, {0, 0}};
	size_t i, told;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		write_ten();
		assert_int_equal(store_begin(&store), 0);
		assert_int_equal(store_drop(&store, "a", key(1)), 0);
		add(12, "b", "seldom", "x", 1);
		assert_int_equal(store_forget(&store, "a", 0), 0);
		assert_int_equal(store_commit(&store), STORE_COMMITTED);
		live_again();
		memcpy(other.from, "seldom", 6);
		memcpy(other.to, "sel\ndo", 6);
		if (rows[i].from != 0) {
			key_in_page(rows[i].from, other.from);
			key_in_page(rows[i].to, other.to);
		}
		memset(&got, 0, sizeof(got));
		reader.channel = spoil_pages;
		assert_int_equal(store_load(&store, SIZE_MAX, &reader), -1);
		reader.channel = got_channel;
		if (strstr(store_fault(&store), "cannot be") == NULL)
			fail_msg("%zu: %s", i, store_fault(&store));
		assert_int_equal(store.code, SQLITE_CORRUPT);
		for (told = 1; told < got.events; told++)
			assert_true(
			    got.event[told - 1].key < got.event[told].key);
		store_close(&store, false);
		remove_files();
	}
}

/* Every page in turn.  What is not said can be no more than another text. */
static void
damaged_page_is_said_or_harmless(void **state)
{
	static const int bytes[] = {0x00, 0xff};
	static char data[3000];
	char *before;
	size_t i, len, page, pages;
	struct stat st;
	bool said;
	unsigned damaged = 0;

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	for (i = 1; i <= 20; i++)
		add((int64_t)i, "a", NULL, data, i % 3 == 0 ? 10 : 3000);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	live_again();
	store_close(&store, false);
	assert_int_equal(stat(path, &st), 0);
	pages = (size_t)st.st_size / 1024;
	assert_true(pages > 10);
	(void)snprintf(err, sizeof(err), "cp %s %s.whole", path, path);
	assert_int_equal(system(err), 0);
	for (page = 0; page < pages; page++)
		for (i = 0; i < LENGTH(bytes); i++) {
			spoil((long)page * 1024 + (page == 0 ? 100 : 0),
			    bytes[i], page == 0 ? 924 : 1024);
			len = snapshot(&before);
			said = open_store() == -1 || load(SIZE_MAX) == -1;
			store_close(&store, false);
			damaged += said;
			if (said)
				check_is_still(before, len);
			else
				assert_int_equal(got.events, 20);
			free(before);
			(void)snprintf(err, sizeof(err), "cp %s.whole %s", path,
			    path);
			assert_int_equal(system(err), 0);
		}
	print_message("%u of %zu were said\n", damaged, pages * LENGTH(bytes));
	assert_true(damaged > pages);
}

/* Also where another file is in its place. */
static void
file_that_was_moved_takes_nothing(void **state)
{
	static const char *const names[] = {"", "-wal"};
	char from[PATH_SIZE + 32], to[PATH_SIZE + 32];
	size_t i;

	(void)state;
	write_ten();
	for (i = 0; i < 2 * LENGTH(names); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", path, names[i / 2]);
		(void)snprintf(to, sizeof(to), "%s/elsewhere", dir);
		assert_int_equal(store_begin(&store), 0);
		add(11, "a", NULL, "x", 1);
		assert_int_equal(rename(from, to), 0);
		if (i % 2 == 1)
			assert_int_equal(close(creat(from, 0600)), 0);
		assert_int_equal(store_commit(&store), STORE_NOT);
		assert_non_null(strstr(store_fault(&store), "moved"));
		assert_int_equal(store_begin(&store), -1);
		assert_non_null(strstr(store_fault(&store), "moved"));
		assert_int_equal(store_reopen(&store), -1);
		assert_int_equal(rename(to, from), 0);
		assert_int_equal(store_reopen(&store), 0);
	}
	live_again();
	assert_int_equal(got.events, 10);
	assert_int_equal(store_begin(&store), 0);
	add(11, "a", NULL, "x", 1);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
}

static void
file_that_cannot_be_looked_at_says_why(void **state)
{
	char elsewhere[PATH_SIZE + 16];

	(void)state;
	write_ten();
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s.elsewhere", dir);
	assert_int_equal(store_begin(&store), 0);
	add(11, "a", NULL, "x", 1);
	assert_int_equal(rename(dir, elsewhere), 0);
	assert_int_equal(symlink(dir, dir), 0); /* to itself */
	assert_int_equal(store_commit(&store), STORE_NOT);
	assert_string_equal(store_fault(&store), strerror(ELOOP));
	assert_int_equal(unlink(dir), 0);
	assert_int_equal(rename(elsewhere, dir), 0);
	assert_int_equal(store_reopen(&store), 0);
}

static void
who_is_in_a_hurry_leaves_the_file_and_its_log(void **state)
{
	char wal[PATH_SIZE + 32];
	struct stat st;
	off_t size;

	(void)state;
	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	write_ten();
	live_again();
	assert_int_equal(store_begin(&store), 0);
	add(11, "a", NULL, "x", 1);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	assert_int_equal(stat(wal, &st), 0);
	size = st.st_size;
	assert_true(size > 0);
	store_close(&store, true);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_size, size);
	live_again();
	assert_int_equal(got.events, 11);
	store_close(&store, false);
	assert_int_equal(stat(wal, &st), -1);
	live_again();
	assert_int_equal(got.events, 11);
}

static void
key_that_is_there_loses_the_whole_transaction(void **state)
{
	struct sse_message m = {.data = "x", .len = 1};

	(void)state;
	write_ten();
	assert_int_equal(store_begin(&store), 0);
	add(11, "a", NULL, "x", 1);
	assert_int_equal(store_add(&store, key(10), 0, "a", &m), -1);
	assert_non_null(strstr(store_fault(&store), "UNIQUE"));
	assert_int_equal(store_add(&store, key(12), 0, "a", &m), -1);
	assert_int_equal(store_drop(&store, "a", key(1)), -1);
	assert_int_equal(store_commit(&store), STORE_NOT);
	live_again();
	assert_int_equal(got.events, 10);
	assert_int_equal(facts.last, key(10));
}

/*
 * Events one after the other, oldest dropped first: what is there is told by
 * the first and the last, and each has the number of its transaction as its
 * time.  Some are of a second channel, too, which each transaction makes anew,
 * and ends, and each has a publication's key in place of the one before.
 */
struct life {
	int64_t first, last; /* last < first: none */
	int64_t number;	     /* of the last transaction; 0: there was none */
	int64_t transaction[1024];
};

static struct life before, after; /* a transaction */
static int64_t transactions;
static char long_data[20000];

static void
begin_life(void)
{
	memset(&before, 0, sizeof(before));
	before.first = 1;
	transactions = 0;
	memset(long_data, 'x', sizeof(long_data));
	assert_int_equal(open_store(), 0);
	assert_int_equal(load(SIZE_MAX), 0);
}

static size_t
length_of(int64_t n, int64_t transaction)
{
	size_t len = (size_t)((n * 7919 + transaction * 104729) % 6000);

	return len % 10 == 0 ? len * 3 : len;
}

static const char *
channels_of(int64_t n)
{
	return n % 3 == 0 ? "b a" : "a";
}

/* What has no events, anew. */
static void
write_the_rest(void)
{
	const struct store_keyed k = {key(after.last), 1, transactions, "a",
	    "k"};

	(void)store_forget(&store, "b", 0);
	(void)store_add_channel(&store, "b", key(after.first - 1));
	if (after.first <= after.last)
		(void)store_end(&store, "b", key(after.last), transactions);
	(void)store_drop_keyed(&store, key(before.last));
	if (after.last > before.last)
		(void)store_add_keyed(&store, &k);
	(void)store_set_last(&store, key(after.last));
}

static void
drop_one(int64_t n)
{
	if (n % 3 == 0)
		(void)store_drop(&store, "b", key(n));
	(void)store_drop(&store, "a", key(n));
}

/* Adds and drops; what it comes to is in after. */
static enum store_result
write_some(int64_t adds, int64_t drops)
{
	struct sse_message m = {.data = long_data};
	int64_t n;

	after = before;
	after.number = ++transactions;
	(void)store_begin(&store);
	if (after.last == 0) {
		(void)store_add_channel(&store, "a", 0);
		(void)store_add_channel(&store, "b", 0);
	}
	while (adds-- > 0) {
		n = ++after.last;
		assert_true((size_t)n < LENGTH(after.transaction));
		after.transaction[n] = transactions;
		m.len = length_of(n, transactions);
		(void)store_add(&store, key(n), transactions, channels_of(n),
		    &m);
	}
	while (drops-- > 0 && after.first <= after.last)
		drop_one(after.first++);
	write_the_rest();
	return store_commit(&store);
}

/* Is what has no events that of this one's last transaction? */
static bool
is_the_rest(const struct life *l)
{
	const struct got_channel *b = &got.channel[1];

	if (l->number == 0)
		return got.channels + got.keys == 0;
	if (got.channels != 2 ||
	    got.channel[0].lost != (l->first == 1 ? 0 : key(l->first - 1)) ||
	    b->lost != key(l->first - 1))
		return false;
	if (l->first <= l->last &&
	    (b->ended != key(l->last) || b->ended_at != l->number))
		return false;
	return got.keys == 1 && got.key[0].time == l->number;
}

static bool
is_life(const struct life *l)
{
	const struct got_event *e;
	int64_t n;

	if ((int64_t)got.events != l->last + 1 - l->first ||
	    facts.last != key(l->last))
		return false;
	if (!is_the_rest(l))
		return false;
	for (n = l->first; n <= l->last; n++) {
		e = &got.event[n - l->first];
		if (e->key != key(n) || e->time != l->transaction[n] ||
		    strcmp(e->channel, channels_of(n)) != 0 ||
		    e->len != length_of(n, l->transaction[n]))
			return false;
	}
	return true;
}

/* Is what was said of the last transaction true?  It may go on from there. */
static void
check_life(enum store_result said)
{
	bool was, is;

	if (open_store() == -1)
		fail_msg("%s", err);
	if (load(SIZE_MAX) == -1)
		fail_msg("%s", store_fault(&store));
	was = is_life(&before);
	is = is_life(&after);
	assert_true(was || is);
	assert_true(is || said != STORE_COMMITTED);
	assert_true(was || said != STORE_NOT);
	if (is)
		before = after;
}

static unsigned results[STORE_UNKNOWN + 1];

enum ending { GO_ON, CUT, DIE, CLOSE, ENDINGS };

/* The nth write or sync fails, and then this happens.  False: none was. */
static bool
fail_at(unsigned long nth, int code, bool forever, bool half,
    enum ending ending)
{
	enum store_result said;
	unsigned long failed;

	disk_begin((uint32_t)nth * 31 + 7);
	begin_life();
	assert_int_equal(write_some(9, 0), STORE_COMMITTED);
	before = after;
	store.pages = 1 << 20; /* the next has a checkpoint before it */
	assert_int_equal(write_some(3, 2), STORE_COMMITTED);
	before = after;
	if (nth % 2 == 0)
		store.pages = 1 << 20;
	disk_fails(nth, code, forever, half);
	said = write_some(5, 4);
	failed = disk.failed;
	results[said]++;
	if (said == STORE_UNKNOWN)
		assert_true(disk.failed_syncs > 0);
	if (said != STORE_COMMITTED)
		assert_true(failed > 0);
	switch (ending) {
	case GO_ON: /* what was unknown is not there from here on */
		disk_fails(0, code, false, false);
		assert_int_equal(store_reopen(&store), 0);
		if (said == STORE_COMMITTED)
			before = after;
		said = write_some(2, 3);
		assert_int_equal(said, STORE_COMMITTED);
		/* FALLTHROUGH */
	case CUT:
		disk_cut();
		store_close(&store, false);
		disk_restore();
		break;
	case DIE: /* but the system lives */
		disk_cut();
		store_close(&store, false);
		break;
	default:
		disk_fails(0, code, false, false);
		store_close(&store, false);
		break;
	}
	disk_end();
	check_life(said);
	store_close(&store, false);
	remove_files();
	return failed > 0;
}

static void
what_commit_says_is_true_whatever_fails(void **state)
{
	enum ending ending;
	unsigned long nth;
	int way;

	(void)state;
	for (ending = GO_ON; ending < ENDINGS; ending++)
		for (way = 0; way < 4; way++)
			for (nth = 1; way < 2 ? fail_at(nth, SQLITE_FULL,
						    way == 0, false, ending) :
						fail_at(nth, SQLITE_IOERR_WRITE,
						    way == 2, true, ending);
			     nth++)
				continue;
	print_message("%u committed, %u not, %u unknown\n",
	    results[STORE_COMMITTED], results[STORE_NOT],
	    results[STORE_UNKNOWN]);
	assert_true(results[STORE_NOT] > 0 && results[STORE_UNKNOWN] > 0);
}

static void
power_cut_takes_nothing_that_was_committed(void **state)
{
	uint32_t seed = 4711;
	unsigned cut, committed = 0;
	enum store_result said;

	(void)state;
	disk_begin(seed);
	begin_life();
	for (cut = 0; cut < 100; cut++) {
		disk_fails(1 + chance(&seed) % 150, SQLITE_IOERR_WRITE, true,
		    chance(&seed) % 2);
		while ((said = write_some(1 + chance(&seed) % 4,
			    before.last - before.first > 40 ?
				6 :
				chance(&seed) % 5)) == STORE_COMMITTED) {
			before = after;
			committed++;
			if (chance(&seed) % 8 == 0)
				store.pages = 1 << 20;
		}
		disk_cut();
		store_close(&store, false);
		disk_restore();
		check_life(said);
		if (before.last > 900) {
			store_close(&store, false);
			disk_end();
			assert_int_equal(unlink(path), 0);
			disk_begin(seed);
			begin_life();
		}
	}
	store_close(&store, false);
	disk_end();
	print_message("%u transactions\n", committed);
	assert_true(committed > 100);
}

static void
power_cut_while_it_is_made_leaves_what_can_be_made(void **state)
{
	unsigned long nth;
	uint32_t seed;
	bool failed = true;

	(void)state;
	for (nth = 1; failed; nth++)
		for (seed = 1; seed <= 12; seed++) {
			disk_begin(seed * 77 + (uint32_t)nth);
			disk_fails(nth, SQLITE_IOERR_WRITE, true, seed % 2);
			(void)open_store();
			failed = disk.failed > 0;
			disk_cut();
			store_close(&store, false);
			disk_restore();
			disk_end();
			memset(&facts, 0, sizeof(facts));
			if (open_store() == -1)
				fail_msg("%lu, %u: %s", nth, seed, err);
			assert_memory_equal(&facts, &fresh, sizeof(facts));
			assert_int_equal(load(SIZE_MAX), 0);
			store_close(&store, false);
			assert_int_equal(unlink(path), 0);
		}
}

static void
file_that_has_no_room_is_not_made(void **state)
{
	unsigned long nth;
	unsigned full = 0;

	(void)state;
	for (nth = 1;; nth++) {
		disk_begin(1);
		disk_fails(nth, SQLITE_FULL, true, nth % 2);
		if (open_store() == 0)
			break;
		disk_fails(0, SQLITE_FULL, false, false);
		disk_end();
		assert_true(rmdir(dir) == 0 && mkdir(dir, 0700) == 0);
		full += strstr(err, "make room") != NULL;
		assert_int_equal(open_store(), 0);
		store_close(&store, false);
		assert_int_equal(unlink(path), 0);
	}
	store_close(&store, false);
	disk_end();
	assert_true(full > 3);
}

static const char *
name_of(int64_t n)
{
	return n % 2 == 0 ? "a" : "b";
}

/* As a noisy channel leaves it beside a quiet one. */
static void
write_many(size_t len, int64_t live_max, int64_t n_max)
{
	static bool live[100001];
	struct sse_message m = {.data = long_data, .len = len};
	int64_t i, j, oldest = 1, n = 0;

	memset(live, 0, sizeof(live));
	for (i = 1; i <= n_max; i++) {
		if (i % 200 == 1)
			assert_int_equal(store_begin(&store), 0);
		if (i == 1)
			(void)(store_add_channel(&store, "a", 0) == 0 &&
			       store_add_channel(&store, "b", 0) == 0);
		(void)store_add(&store, key(i), i, name_of(i), &m);
		live[i] = true;
		n++;
		for (j = i - 100; j > 0 && j % 2 == 0 && live[j]; j = 0) {
			(void)store_drop(&store, name_of(j), key(j));
			live[j] = false;
			n--;
		}
		for (; n > live_max; oldest++)
			if (live[oldest]) {
				(void)store_drop(&store, name_of(oldest),
				    key(oldest));
				live[oldest] = false;
				n--;
			}
		(void)store_set_last(&store, key(i));
		if (i % 200 == 0)
			assert_int_equal(store_commit(&store), STORE_COMMITTED);
	}
}

static void
file_is_at_most_twice_what_lives_in_it(void **state)
{
	static const struct {
		size_t len;
		int64_t live, all;
	} rows[] = {{350, 30000, 100000}, {1400, 12000, 40000}};
	uint64_t most;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(open_store(), 0);
		write_many(rows[i].len, rows[i].live, rows[i].all);
		most = store_bytes(&store);
		print_message("%.1f MiB for %.1f\n", (double)most / 1048576,
		    (double)rows[i].live * (double)rows[i].len / 1048576);
		assert_true(most < 2 * (uint64_t)rows[i].live *
					   (rows[i].len + STORE_EVENT_SIZE) +
				       (8 << 20));
		live_with(1 << 20);
		assert_true(store_bytes(&store) < 4 << 20);
		live_again();
		assert_int_equal(got.events,
		    (1 << 20) / (rows[i].len + STORE_EVENT_SIZE));
		store_close(&store, false);
		remove_files();
	}
}

static void
much_is_read_back_soon(void **state)
{
	struct timespec from, to;
	int64_t i;

	(void)state;
	memset(long_data, 'x', sizeof(long_data));
	assert_int_equal(open_store(), 0);
	assert_int_equal(store_begin(&store), 0);
	for (i = 1; i <= 65536; i++)
		add(i, "a", NULL, long_data, 1024);
	assert_int_equal(store_commit(&store), STORE_COMMITTED);
	store_close(&store, false);
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(open_store(), 0);
	assert_int_equal(load(SIZE_MAX), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	assert_int_equal(got.bytes, 64 << 20);
	print_message("64 MiB in %.3f s\n",
	    (double)(to.tv_sec - from.tv_sec) +
		(double)(to.tv_nsec - from.tv_nsec) / 1e9);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_new_file_has_the_facts_that_it_is_given),
	    TEST(events_come_back_byte_for_byte_in_their_order),
	    TEST(what_is_dropped_is_lost_to_its_channel),
	    TEST(forgotten_channel_leaves_what_it_lost_to_all),
	    TEST(keys_are_ordered_as_ids_are_and_give_them_back),
	    TEST(the_view_shows_ids_and_times_as_text),
	    TEST(ends_erasures_and_snapshots_come_back),
	    TEST(event_of_several_channels_goes_with_the_last),
	    TEST(many_events_of_several_channels_go_all_the_same),
	    TEST(forgotten_channel_holds_nothing_of_what_others_have),
	    TEST(ended_channel_begins_anew_without_having_been_forgotten),
	    TEST(keys_come_back_until_they_go),
	    TEST(what_has_no_room_is_deleted_and_lost),
	    TEST(what_is_still_to_be_dropped_takes_no_room),
	    TEST(what_stands_behind_an_end_is_not_lost),
	    TEST(who_has_no_memory_for_it_is_told_of_no_damage),
	    TEST(what_a_channel_has_lost_never_gets_less),
	    TEST(who_reads_back_may_have_enough),
	    WRONG(no_directory, "its directory is not there"),
	    WRONG(a_file_as_directory, "its directory is not there"),
	    WRONG(a_directory, "cannot be opened for writing: Is a directory"),
	    WRONG(a_fifo, "it is no file"),
	    WRONG(a_text, "it is no SQLite database"),
	    WRONG(a_text_and_a_journal, "it is no SQLite database"),
	    WRONG(a_short_text, "it is no SQLite database"),
	    WRONG(no_application, "another program's database"),
	    WRONG(another_application, "another program's database"),
	    WRONG(a_newer_form, "a newer sse-fcgi has written it"),
	    WRONG(a_newer_form_in_the_log, "a newer sse-fcgi has written it"),
	    WRONG(an_older_form_with_other_tables,
		"it is damaged (its tables are not as"),
	    WRONG(no_table, "it is damaged (its tables are not as"),
	    WRONG(events_without_a_key, "it is damaged (its tables are not as"),
	    WRONG(channels_with_one_column_more,
		"it is damaged (its tables are not as"),
	    WRONG(facts_without_a_key, "it is damaged (its tables are not as"),
	    WRONG(facts_that_are_a_view,
		"it is damaged (its tables are not as"),
	    WRONG(no_epoch, "it is damaged (the fact 'epoch' cannot be)"),
	    WRONG(a_base_above_all,
		"it is damaged (the fact 'base' cannot be)"),
	    WRONG(a_last_key_that_leaves_none,
		"it is damaged (the fact 'last' cannot be)"),
	    WRONG(a_fact_that_is_text,
		"it is damaged (the fact 'forgotten' cannot be)"),
	    WRONG(a_bad_first_page, "it is damaged"),
	    TEST(what_may_not_be_written_is_said),
	    TEST(who_has_the_file_is_said),
	    TEST(file_that_another_process_gives_up_is_waited_for),
	    TEST(new_file_is_not_made_by_two),
	    TEST(row_that_cannot_be_is_refused_and_the_file_stays),
	    TEST(older_form_is_taken_over_with_all_that_is_in_it),
	    TEST(older_form_stays_if_it_is_not_read),
	    TEST(older_form_with_a_row_that_cannot_be_stays),
	    TEST(older_form_is_cut_to_what_has_room),
	    TEST(older_form_with_its_log_is_taken_over),
	    TEST(power_cut_while_it_is_taken_over_leaves_one_form_or_the_other),
	    TEST(more_channels_than_there_may_be_are_refused),
	    TEST(what_is_otherwise_when_it_is_told_is_said),
	    TEST(damaged_page_is_said_or_harmless),
	    TEST(file_that_was_moved_takes_nothing),
	    TEST(file_that_cannot_be_looked_at_says_why),
	    TEST(who_is_in_a_hurry_leaves_the_file_and_its_log),
	    TEST(key_that_is_there_loses_the_whole_transaction),
	    TEST(what_commit_says_is_true_whatever_fails),
	    TEST(power_cut_takes_nothing_that_was_committed),
	    TEST(power_cut_while_it_is_made_leaves_what_can_be_made),
	    TEST(file_that_has_no_room_is_not_made),
	    TEST(file_is_at_most_twice_what_lives_in_it),
	    TEST(much_is_read_back_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
