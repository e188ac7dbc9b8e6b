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
#include <stdbool.h>

#include "base/log.h"
#include "base/utf8.h"
#include "engine/sqlite.h"
#include "engine/store.h"
#include "fuzz.h"
#include "rows.h"

#define NOW 1795359156000

static double now = 100;

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
	if (loose == NULL) {
		assert(log_open("/dev/null", false) == 0);
		set_up();
	}
	make_file((struct input){data, len});
	if (read_back() && begins && bytes_max > 0)
		begin_with_it();
	return 0;
}
