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
#include <unistd.h>

#include <sqlite3.h>

#include "engine/store.h"

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
	size_t channels, events;
	struct got_channel {
		char name[16];
		int64_t lost;
	} channel[8];
	struct got_event {
		int64_t key, time;
		char channel[16];
		char type[16];
		char data[64];
		size_t len;
	} event[64];
	size_t bytes;
	size_t refuse; /* at this event; 0: never */
} got;

static int
got_channel(void *arg, const char *name, int64_t lost)
{
	struct got_channel *c = &got.channel[got.channels++];

	assert_ptr_equal(arg, &got);
	assert_int_equal(got.events, 0);
	assert_true(got.channels <= LENGTH(got.channel));
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	c->lost = lost;
	return 0;
}

static int
got_event(void *arg, int64_t key, int64_t time, const char *channel,
    const struct sse_message *m)
{
	struct got_event *e = &got.event[got.events % LENGTH(got.event)];

	assert_ptr_equal(arg, &got);
	assert_null(m->id);
	if (++got.events == got.refuse)
		return -1;
	e->key = key;
	e->time = time;
	(void)snprintf(e->channel, sizeof(e->channel), "%s", channel);
	(void)snprintf(e->type, sizeof(e->type), "%s",
	    m->type == NULL ? "NULL" : m->type);
	e->len = m->len;
	memcpy(e->data, m->data,
	    m->len < sizeof(e->data) ? m->len : sizeof(e->data));
	got.bytes += m->len;
	return 0;
}

static int
load(size_t bytes_max)
{
	memset(&got, 0, sizeof(got));
	return store_load(&store, bytes_max, got_channel, got_event, &got);
}

static int
open_store(void)
{
	err[0] = '\0';
	return store_open(&store, path, 0, &fresh, &facts, err, sizeof(err));
}

/* Another life: closed, opened and read back. */
static void
live_again(void)
{
	store_close(&store);
	assert_int_equal(open_store(), 0);
	assert_int_equal(load(SIZE_MAX), 0);
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
	store_close(&store);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(a_new_file_has_the_facts_that_it_is_given),
	    TEST(events_come_back_byte_for_byte_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
