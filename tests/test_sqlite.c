/* SPDX-License-Identifier: ISC */
/*
 * The engine that outlives the process, with its thread, its loop and a file:
 * what is told when, and that a hub that was filled from the file is the one
 * that there was before.
 */
#include "engine.h"
#include "entries.h"

#include <ev.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/sqlite.h"

#define MANY 200 /* publications at a time */

static struct hub hub;
static struct sqlite sqlite;
static struct ev_loop *loop;
static char dir[64], path[128];

#define NAMES 30 /* c0 and so on, where names are drawn */

static bool
wake(struct subscriber *s)
{
	(void)s;
	return true;
}

static struct feed feed = {.wake = wake};

/* What became of the publications that were given. */
static struct {
	unsigned told, published;
	struct published last;
} done;

static void
on_done(void *arg, const struct published *what)
{
	assert_ptr_equal(arg, &done);
	done.told++;
	done.published += what->result == PUBLISHED;
	done.last = *what;
}

bool __real_committer_wait(struct committer *, double seconds);
bool __wrap_committer_wait(struct committer *, double seconds);

/* However slow the disk is: who is given up would go on in the next test. */
bool
__wrap_committer_wait(struct committer *c, double seconds)
{
	(void)seconds;
	return __real_committer_wait(c, 3600);
}

/* A life begins with what the file has, under these limits. */
static void
begin_with(size_t history, double age, size_t bytes, size_t channels)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	hub_init(&hub, &(struct hub_setup){.history = history,
			   .history_age = age,
			   .bytes_max = bytes,
			   .channels_max = channels,
			   .relieve = relieve,
			   .now = &now});
	sqlite_init(&sqlite, path, 0, wall_ms);
	ready = 0;
	sqlite.engine.start(&sqlite.engine, &hub, loop, on_ready, &ready);
	assert_int_equal(ready, 1);
}

static void
begin(void)
{
	begin_with(100, 0, 1 << 24, 10);
}

/* It ends; the hub is as it was. */
static void
stop(void)
{
	sqlite.engine.stop(&sqlite.engine);
	ev_loop_destroy(loop);
}

static void
end(void)
{
	stop();
	hub_free(&hub);
}

static int
set_up(void **state)
{
	(void)state;
	wall = 1795359156000;
	now = 100;
	memset(&done, 0, sizeof(done));
	(void)snprintf(dir, sizeof(dir), "/tmp/sse-fcgi-sqlite-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/events.db", dir);
	begin();
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const ends[] = {"", "-wal", "-journal"};
	char name[160];
	size_t i;

	(void)state;
	end();
	for (i = 0; i < LENGTH(ends); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

/* What is published: n messages of this text to these channels. */
struct given {
	const char *channels; /* with spaces between */
	const char *text;
	size_t n;
	bool snapshot; /* the last is one */
	bool end, erase;
	const char *key;
};

static void
give(const struct given *g)
{
	struct sse_message m[ENGINE_BATCH_MAX];
	char data[2000], names[POST_CHANNELS_MAX * 16], *name, *rest;
	const char *channels[POST_CHANNELS_MAX];
	struct post post = {.channels = channels,
	    .messages = m,
	    .n = g->n,
	    .end = g->end,
	    .erase = g->erase,
	    .key = g->key};
	size_t i;

	(void)snprintf(data, sizeof(data), "%s", g->text);
	(void)snprintf(names, sizeof(names), "%s", g->channels);
	for (name = strtok_r(names, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest))
		channels[post.channels_n++] = name;
	for (i = 0; i < g->n; i++)
		m[i] = (struct sse_message){.type = i % 2 == 0 ? NULL : "odd",
		    .data = data,
		    .len = strlen(data),
		    .snapshot = g->snapshot && i == g->n - 1};
	sqlite.engine.publish(&sqlite.engine, &post, on_done, &done);
	memset(data, 'x', sizeof(data)); /* it need not last longer */
	memset(names, 'x', sizeof(names));
}

static void
give_some(const char *channel, const char *text, size_t n)
{
	give(&(struct given){.channels = channel, .text = text, .n = n});
}

/* Waits for the disk if something is on its way to it. */
static void
turn(void)
{
	bool waits = !STAILQ_EMPTY(&sqlite.waiting) || sqlite.down ||
		     !committer_idle(&sqlite.committer);

	(void)ev_run(loop, waits ? EVRUN_ONCE : EVRUN_NOWAIT);
	hub_wake(&hub);
	hub_serving(&hub);
	hub_served(&hub);
	while (hub_trim(&hub))
		continue;
}

/* Until so many were told in all. */
static void
until_told(unsigned n)
{
	while (done.told < n)
		turn();
	assert_int_equal(done.told, n);
}

static enum publish_result
publish_given(const struct given *g)
{
	unsigned told = done.told;

	give(g);
	until_told(told + 1);
	return done.last.result;
}

#define PUBLISH(...) publish_given(&(struct given){__VA_ARGS__})

static enum publish_result
publish(const char *channel, const char *text, size_t n)
{
	return PUBLISH(.channels = channel, .text = text, .n = n);
}

static enum publish_result
publish_keyed(const char *channel, const char *key)
{
	return PUBLISH(.channels = channel, .text = "x", .n = 1, .key = key);
}

static void
nobody_has_what_is_not_on_the_disk(void **state)
{
	struct subscriber reader = {&feed};
	struct eventid base = hub.last;
	struct cursor cu;

	(void)state;
	assert_int_equal(hub_join(&hub, &cu, "a", &reader), HUB_DONE);
	give_some("a", "x", 3);
	assert_int_equal(done.told, 0);
	assert_int_equal(hub.held, 0);
	assert_int_equal(eventid_compare(hub.last, base), 0);
	until_told(1);
	assert_int_equal(done.last.result, PUBLISHED);
	assert_int_equal(done.last.events, 3);
	assert_int_equal(done.last.streams, 1);
	assert_int_equal(eventid_compare(done.last.last, hub.last), 0);
	assert_int_equal(hub.held, 3);
	hub_leave(&hub, &cu);
}

static void
publications_of_a_turn_are_one_transaction(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < MANY; i++)
		give_some(i % 2 == 0 ? "a" : "b", "x", 1);
	until_told(MANY);
	assert_int_equal(done.published, MANY);
	assert_int_equal(sqlite.commits.count, 1);
	assert_int_equal(hub.held, MANY);
}

/* What comes while a transaction is under way is in the next, in its order. */
static void
publications_meanwhile_are_the_next_one(void **state)
{
	unsigned i;

	(void)state;
	give_some("a", "first", 1);
	(void)ev_run(loop, EVRUN_NOWAIT);
	for (i = 1; i < MANY; i++)
		give_some("a", "others", 1);
	until_told(MANY);
	assert_int_equal(done.published, MANY);
	assert_in_range(sqlite.commits.count, 1, 3);
	assert_int_equal(hub.held, 100);
}

/* One costs a transaction as much as many, nearly. */
static void
what_is_dropped_waits_for_more_or_for_a_second(void **state)
{
	size_t most = 0, least = SIZE_MAX;
	unsigned i;

	(void)state;
	assert_int_equal(publish("a", "x", 100), PUBLISHED);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(publish("a", "x", 1), PUBLISHED);
		most = most > sqlite.next.drops ? most : sqlite.next.drops;
	}
	assert_in_range(most, 32, 128);
	while (sqlite.next.drops == 0)
		assert_int_equal(publish("a", "x", 1), PUBLISHED);
	while (least > 0) { /* nothing more is published */
		(void)ev_run(loop, EVRUN_ONCE);
		least = sqlite.next.drops;
	}
	assert_int_equal(hub.held, 100);
}

static void
stop_tells_all_that_wait(void **state)
{
	unsigned i;

	(void)state;
	give_some("a", "x", 1);
	(void)ev_run(loop, EVRUN_NOWAIT);
	for (i = 1; i < 10; i++)
		give_some("a", "x", 1);
	end();
	assert_int_equal(done.told, 10);
	assert_int_equal(done.published, 10);
	begin();
	assert_int_equal(hub.held, 10);
}

/* Batches of this text, one after the other, until one is refused: how many. */
static unsigned
fill_queue(const char *text)
{
	unsigned told = done.told, published = done.published, n = 0;

	while (done.told == told) {
		give_some("a", text, ENGINE_BATCH_MAX);
		assert_true(++n < 1000);
	}
	assert_int_equal(done.last.result, PUBLISH_NO_ROOM);
	assert_string_equal(done.last.why,
	    "more is published than the disk takes");
	until_told(told + n);
	assert_int_equal(done.published, published + n - 1);
	return n;
}

/* However much the hub would take. */
static void
more_than_the_disk_takes_is_refused(void **state)
{
	static char large[1500];

	(void)state;
	end();
	begin_with(100, 0, 1 << 28, 10);
	memset(large, 'x', sizeof(large) - 1);
	assert_in_range(fill_queue(large) * sizeof(large) * ENGINE_BATCH_MAX,
	    16 << 20, 20 << 20);
	assert_int_equal(fill_queue("x"), 65536 / ENGINE_BATCH_MAX + 1);
	assert_int_equal(publish("a", "x", 1), PUBLISHED);
}

static void
what_the_hub_refuses_is_not_written(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g",
	    "h", "i", "j", "k"};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(names); i++)
		give_some(names[i], "x", 1);
	assert_int_equal(done.told, 1); /* of the eleventh channel */
	assert_int_equal(done.last.result, PUBLISH_NO_CHANNEL);
	until_told(LENGTH(names));
	assert_int_equal(done.published, LENGTH(names) - 1);
	end();
	begin();
	assert_int_equal(hub.held, LENGTH(names) - 1);
	assert_null(hub_find(&hub, "k"));
}

static enum place
place(struct eventid id)
{
	return sqlite.engine.place(&sqlite.engine, id);
}

static void
ids_go_on_whatever_the_clock_says(void **state)
{
	struct eventid first, last, id;

	(void)state;
	first = hub.base;
	assert_int_equal(publish("a", "x", 3), PUBLISHED);
	last = done.last.last;
	end();
	wall -= 1000000000;
	now = 1; /* the machine was started anew */
	begin();
	assert_int_equal(place(first), PLACE_AFTER);
	assert_int_equal(place(last), PLACE_AFTER);
	assert_int_equal(eventid_compare(hub.last, last), 0);
	assert_int_equal(eventid_compare(hub.base, first), 0);
	assert_int_equal(publish("a", "x", 1), PUBLISHED);
	assert_true(eventid_compare(done.last.last, last) > 0);
	id = done.last.last;
	id.n++; /* never given out */
	assert_int_equal(place(id), PLACE_UNKNOWN);
	id.n += 1 << 20;
	assert_int_equal(place(id), PLACE_ANOTHER_LIFE);
}

/* Also when the newest event is not held any more. */
static void
ids_go_on_above_events_that_are_gone(void **state)
{
	struct eventid last;

	(void)state;
	assert_int_equal(publish("a", "x", 1), PUBLISHED);
	last = done.last.last;
	end();
	wall += 10000;
	begin_with(100, 5, 1 << 24, 10);
	assert_int_equal(hub.held, 0);
	assert_int_equal(eventid_compare(hub_find(&hub, "a")->lost.upto, last),
	    0);
	wall -= 1000000;
	end();
	begin();
	assert_int_equal(eventid_compare(hub.last, last), 0);
	assert_int_equal(publish("b", "x", 1), PUBLISHED);
	assert_true(eventid_compare(done.last.last, last) > 0);
}

/* The store is down while its file is away, and up when it is there again. */
static void
store_that_fails_is_down_until_it_works(void **state)
{
	char away[160];
	struct engine_figure row[ENGINE_FIGURES_MAX];

	(void)state;
	(void)snprintf(away, sizeof(away), "%s.away", path);
	assert_int_equal(publish("a", "x", 1), PUBLISHED);
	assert_int_equal(rename(path, away), 0);
	give_some("a", "y", 1);
	give_some("new", "y", 1);
	until_told(3);
	assert_int_equal(done.published, 1);
	assert_int_equal(done.last.result, PUBLISH_AWAY);
	assert_non_null(strstr(done.last.why, "moved or deleted"));
	assert_null(hub_find(&hub, "new"));
	assert_int_equal(hub.held, 1);
	assert_int_equal(publish("a", "y", 1), PUBLISH_AWAY); /* at once */
	assert_true(sqlite.engine.figures(&sqlite.engine, row) > 3);
	assert_true(row[0].value == 0);
	assert_int_equal(rename(away, path), 0);
	assert_ptr_equal(sqlite.engine.away(&sqlite.engine), sqlite.why);
	while (sqlite.down)
		turn();
	assert_null(sqlite.engine.away(&sqlite.engine));
	assert_int_equal(publish("new", "z", 1), PUBLISHED);
	assert_int_equal(sqlite.failures, 1);
	end();
	begin();
	assert_int_equal(hub.held, 2);
}

/* It was taken on while what fails was under way. */
static void
what_was_refused_meanwhile_is_not_written_later(void **state)
{
	char away[160];

	(void)state;
	(void)snprintf(away, sizeof(away), "%s.away", path);
	assert_int_equal(publish("a", "x", 1), PUBLISHED);
	assert_int_equal(rename(path, away), 0);
	give_some("a", "y", 1);
	ev_invoke(loop, &sqlite.turn_ends, EV_PREPARE);
	assert_false(committer_idle(&sqlite.committer));
	give_some("a", "z", 1);
	until_told(3);
	assert_int_equal(done.published, 1);
	assert_int_equal(done.last.result, PUBLISH_AWAY);
	assert_int_equal(rename(away, path), 0);
	while (sqlite.down)
		turn();
	assert_int_equal(publish("b", "x", 1), PUBLISHED);
	assert_int_equal(sqlite.failures, 1); /* nor is it tried */
	end();
	begin();
	assert_int_equal(hub.held, 2);
}

/* A copy of the file, or of it to another place. */
static void
copy(const char *from, const char *to)
{
	char command[400];

	(void)snprintf(command, sizeof(command),
	    "cp %s %s && { cp %s-wal %s-wal 2>/dev/null || rm -f %s-wal; }",
	    from, to, from, to, to);
	assert_int_equal(system(command), 0);
}

/*
 * Whoever had an event that an older copy of the file does not have is told of
 * a gap, also when there are newer ones.
 */
static void
older_file_that_was_put_back_hides_no_loss(void **state)
{
	struct eventid kept, lost;
	char other[160];

	(void)state;
	(void)snprintf(other, sizeof(other), "%s.copy", path);
	assert_int_equal(publish("a", "kept", 1), PUBLISHED);
	kept = done.last.last;
	end();
	copy(path, other);
	begin();
	assert_int_equal(publish("a", "lost", 2), PUBLISHED);
	lost = done.last.last;
	assert_int_equal(place(lost), PLACE_AFTER);
	end();
	copy(other, path);
	(void)unlink(other);
	(void)strcat(other, "-wal");
	(void)unlink(other);
	wall += 1000;
	begin();
	assert_int_equal(place(kept), PLACE_AFTER);
	assert_int_equal(place(lost), PLACE_UNKNOWN);
	assert_int_equal(publish("a", "newer", 1), PUBLISHED);
	assert_int_equal(place(kept), PLACE_AFTER);
	assert_int_equal(place(lost), PLACE_UNKNOWN);
	assert_int_equal(place(done.last.last), PLACE_AFTER);
}

/* Each event of many channels is as many drops: no fewer go than come. */
static void
drops_of_several_channels_do_not_gather(void **state)
{
	const size_t held = ENGINE_BATCH_MAX * POST_CHANNELS_MAX;
	unsigned round, i;

	(void)state;
	end();
	begin_with(10, 0, 1 << 24, 20);
	for (round = 1; round <= 8; round++) {
		for (i = 0; i < 4; i++)
			give_some("a b c d e f g h i j k l m n o p", "x",
			    ENGINE_BATCH_MAX);
		until_told(4 * round);
	}
	assert_int_equal(done.published, 4 * 8);
	assert_in_range(sqlite.next.drops, 0, 5 * held);
}

/* So many that a publication would wait too long for all of them at once. */
static void
drops_go_a_few_at_a_time(void **state)
{
	unsigned i, told;

	(void)state;
	end();
	begin_with(20000, 0, 1 << 26, 10);
	for (i = 0; i < 10000; i += ENGINE_BATCH_MAX)
		give_some("a", "x", ENGINE_BATCH_MAX);
	until_told(i / ENGINE_BATCH_MAX);
	end();
	begin_with(10, 0, 1 << 26, 10);
	assert_int_equal(hub.held, 10);
	told = sqlite.next.drops;
	assert_true(told > 2 * CHANGES_DROPS_MAX);
	sqlite.late = true;
	ev_timer_stop(loop, &sqlite.second); /* it would give more of them */
	assert_int_equal(publish("a", "x", 1), PUBLISHED);
	assert_true(sqlite.next.drops >= told - CHANGES_DROPS_MAX);
	end();
	begin_with(10, 0, 1 << 26, 10);
	end();
	begin_with(10, 0, 1 << 26, 10);
	end();
	begin_with(10, 0, 1 << 26, 10);
	assert_int_equal(sqlite.next.drops, 0);
	assert_int_equal(hub.held, 10);
}

/*
 * A process that is killed may leave some events of a channel that was
 * forgotten, or that has begun anew since: nobody gets them.
 */
static void
what_is_left_of_forgotten_channels_is_not_restored(void **state)
{
	char sql[300];
	sqlite3 *db;

	(void)state;
	assert_int_equal(publish("a", "x", 3), PUBLISHED);
	assert_int_equal(publish("b", "x", 2), PUBLISHED);
	end();
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	(void)snprintf(sql, sizeof(sql),
	    "DELETE FROM channel WHERE name = 'a';"
	    "UPDATE channel SET lost = (SELECT min(key) FROM event"
	    " WHERE channel = 'b');");
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	begin();
	assert_null(hub_find(&hub, "a"));
	assert_int_equal(channel_held(hub_find(&hub, "b")), 1);
	assert_int_equal(hub.held, 1);
	end();
	begin();
	assert_int_equal(sqlite.next.drops, 0); /* they are gone */
	assert_int_equal(hub.held, 1);
}

/* Nothing is on its way to the disk. */
static void
settle(void)
{
	while (!committer_idle(&sqlite.committer) ||
	       !STAILQ_EMPTY(&sqlite.waiting))
		turn();
}

/*
 * Where there was no room left for what is erased before that was on the disk,
 * the file alone calls it deleted.
 */
static enum loss_reason
reason_of(const struct channel *ch)
{
	return channel_has_ended(ch) && ch->lost.reason == LOSS_OVERFLOW ?
		   LOSS_DELETED :
		   ch->lost.reason;
}

static void
draw_channel(FILE *f, const struct channel *ch)
{
	char lost[EVENTID_SIZE], origin[EVENTID_SIZE], ended[EVENTID_SIZE];

	(void)eventid_format(lost, ch->lost.upto);
	(void)eventid_format(origin, ch->origin);
	(void)eventid_format(ended, ch->ended);
	(void)fprintf(f, "%s lost %s %d since %s", ch->name, lost,
	    reason_of(ch), origin);
	if (channel_has_ended(ch))
		(void)fprintf(f, " ended %s %.3f", ended, ch->ended_time);
	(void)fputc('\n', f);
}

/* Those who are still known. */
static void
draw_keys(FILE *f)
{
	const struct key *k;
	char id[EVENTID_SIZE];

	TAILQ_FOREACH (k, &sqlite.keys.kept, link) {
		if (now - k->when >= KEYS_AGE)
			continue;
		(void)eventid_format(id, k->last);
		(void)fprintf(f, "key %s %s %zu %.3f\n", k->text, id, k->events,
		    k->when);
	}
}

/* A hub as text: what each channel holds and has lost, and what there is. */
static char *
picture(void)
{
	char *text = NULL, id[EVENTID_SIZE], name[16];
	const struct channel *ch;
	const struct held *e;
	size_t size, n, j;
	unsigned i;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	(void)eventid_format(id, hub.last);
	(void)fprintf(f, "last %s", id);
	(void)eventid_format(id, hub.forgotten.upto);
	(void)fprintf(f, " forgotten %s held %zu\n", id, hub.held);
	for (i = 0; i < NAMES; i++) {
		(void)snprintf(name, sizeof(name), "c%u", i);
		if ((ch = hub_find(&hub, name)) != NULL)
			draw_channel(f, ch);
	}
	n = find_entries(&hub);
	for (j = 0; j < n; j++) {
		e = entries[j].held;
		(void)fprintf(f, "%s %.6f %d %.*s", entries[j].channel->name,
		    e->time, e->snapshot, (int)e->event->len,
		    (const char *)e->event->bytes);
	}
	draw_keys(f);
	(void)fclose(f);
	return text;
}

/* Under these limits, which must be those of this life. */
static void
next_life_is_the_same(size_t history, double age, size_t bytes, size_t channels)
{
	char *before = picture(), *after;

	end();
	begin_with(history, age, bytes, channels);
	after = picture();
	assert_string_equal(after, before);
	free(before);
	free(after);
}

/* One of the few that are much used, or of all. */
static void
draw_name(char *text, size_t size)
{
	(void)snprintf(text, size, "c%ld",
	    random() % (random() % 4 == 0 ? NAMES : 5));
}

/* Several channels, which are different ones. */
static void
draw_names(char *text, size_t size)
{
	unsigned i, n = 2 + (unsigned)(random() % 3), from;
	size_t len = 0;

	from = (unsigned)(random() % NAMES);
	for (i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, size - len, "%sc%u",
		    i == 0 ? "" : " ", (from + i * 7) % NAMES);
}

/* A channel ends, or is erased, when all that it is promised is known. */
static void
give_end(const char *channel)
{
	struct given g = {.channels = channel, .text = "bye", .end = true};
	const struct channel *ch = hub_find(&hub, channel);

	g.erase = random() % 2 == 0;
	g.n = g.erase ? 0 : (size_t)(random() % 3);
	if (g.erase && ch != NULL && ch->promises > 0)
		settle();
	give(&g);
}

/* Something is published, of any kind. */
static void
give_any(void)
{
	static const char text[] =
	    "a line\nand\r\nothers\rof \xc3\xa9 \x01 text";
	char channels[64], key[16];
	struct given g = {.channels = channels,
	    .text = text + random() % 20,
	    .snapshot = random() % 10 == 0};

	g.n = 1 + (size_t)(random() % 20 == 0 ? random() % 60 : random() % 3);
	draw_name(channels, sizeof(channels));
	if (random() % 12 == 0) {
		give_end(channels);
		return;
	}
	if (random() % 6 == 0)
		draw_names(channels, sizeof(channels));
	if (random() % 4 == 0) {
		(void)snprintf(key, sizeof(key), "k%ld", random() % 50);
		g.key = key;
	}
	give(&g);
}

/*
 * A hundred lives of random publications under limits that are always reached:
 * each begins with what the one before had when it ended.
 */
static void
every_life_begins_as_the_last_one_ended(void **state)
{
	unsigned life, steps = (unsigned)number_from("STEPS", 100);
	uint64_t start = wall - 1000000;
	unsigned i;

	(void)state;
	end();
	srandom(11);
	now = 1000;
	begin_with(7, 50, 65536, 12);
	for (life = 0; life < 100; life++) {
		for (i = 0; i < steps; i++) {
			give_any();
			if (random() % 3 != 0)
				continue;
			if (random() % 2 == 0) {
				turn();
				continue;
			}
			settle();
			wall += (uint64_t)(random() % 2000);
			now = (double)(wall - start) / 1000;
			turn();
			while (random() % 9 == 0 && hub_age(&hub))
				continue;
		}
		settle();
		turn();
		while (hub_age(&hub))
			continue;
		next_life_is_the_same(7, 50, 65536, 12);
	}
	print_message("%u publications of %u\n", done.published, done.told);
}

/* What is asked of the file, which nobody has open: the first number. */
static long long
number_in_the_file(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	long long n = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	if (sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

/* Which is closed to be counted. */
static long long
keys_in_the_file(void)
{
	long long n;

	end();
	n = number_in_the_file("SELECT count(*) FROM keyed");
	begin();
	return n;
}

static size_t
held(const char *channel)
{
	const struct channel *ch = hub_find(&hub, channel);

	return ch == NULL ? 0 : channel_held(ch);
}

/*
 * The budget of bytes is used up by one channel: what is held then is held in
 * the next life, of a quiet channel too, whose events are the oldest; also
 * where the program was killed before what it had dropped was.
 */
static void
full_budget_is_as_full_in_the_next_life(void **state)
{
	static char large[700];
	char other[160];
	unsigned i;

	(void)state;
	(void)snprintf(other, sizeof(other), "%s.copy", path);
	memset(large, 'x', sizeof(large) - 1);
	end();
	begin_with(100000, 0, 65536, 10);
	assert_int_equal(publish("c0", "quiet", 3), PUBLISHED);
	for (i = 0; i < 10; i++)
		assert_int_equal(publish("c1", "x", 100), PUBLISHED);
	turn();
	assert_int_equal(held("c0"), 3);
	assert_in_range(hub_find(&hub, "c1")->first, 1, 1000);
	next_life_is_the_same(100000, 0, 65536, 10);
	for (i = 0; i < 200 || sqlite.next.drops < 20; i++)
		assert_int_equal(publish("c1", large, 1), PUBLISHED);
	copy(path, other);
	end();
	copy(other, path);
	begin_with(100000, 0, 65536, 10);
	assert_int_equal(held("c0"), 3);
	(void)unlink(other);
	(void)strcat(other, "-wal");
	(void)unlink(other);
}

/* Whatever their names are; and in the next life as in this one. */
static void
channel_that_was_used_last_is_forgotten_last(void **state)
{
	static const char *const names[] = {"b", "c", "a"};
	unsigned i;

	(void)state;
	for (i = 0; i < LENGTH(names); i++)
		assert_int_equal(PUBLISH(.channels = names[i], .end = true,
				     .erase = true),
		    PUBLISHED);
	end();
	begin_with(100, 0, 1 << 24, 2);
	assert_null(hub_find(&hub, "b"));
	assert_int_equal(publish("new", "x", 1), PUBLISHED);
	assert_null(hub_find(&hub, "c"));
	assert_true(channel_has_ended(hub_find(&hub, "a")));
}

static bool
is_over(const char *channel, struct eventid at)
{
	return hub_over(&hub, &channel, 1, at);
}

static void
what_has_ended_has_ended_in_the_next_life(void **state)
{
	struct eventid last, end_id;

	(void)state;
	assert_int_equal(publish("a", "x", 2), PUBLISHED);
	last = done.last.last;
	assert_int_equal(PUBLISH(.channels = "a", .text = "bye", .n = 1,
			     .end = true),
	    PUBLISHED);
	end_id = done.last.last;
	assert_int_equal(done.last.events, 1);
	assert_int_equal(publish("a", "x", 1), PUBLISH_ENDED);
	assert_int_equal(publish("b a", "x", 1), PUBLISH_ENDED);
	assert_int_equal(PUBLISH(.channels = "new", .end = true), PUBLISHED);
	assert_int_equal(done.last.events, 0);
	end();
	now = 5; /* the machine was started anew */
	wall += 3000;
	begin();
	assert_int_equal(held("a"), 3);
	assert_null(hub_find(&hub, "b"));
	assert_int_equal(eventid_compare(hub_find(&hub, "a")->ended, end_id),
	    0);
	assert_true(hub_find(&hub, "a")->ended_time == 2);
	assert_true(channel_has_ended(hub_find(&hub, "new")));
	assert_int_equal(publish("a", "x", 1), PUBLISH_ENDED);
	assert_int_equal(PUBLISH(.channels = "a", .end = true), PUBLISH_ENDED);
	assert_int_equal(publish("new", "x", 1), PUBLISH_ENDED);
	assert_true(is_over("a", end_id));
	assert_false(is_over("a", last));
	assert_int_equal(place(end_id), PLACE_AFTER);
}

/* Until it is known whether it did. */
static void
channel_that_is_about_to_end_takes_nothing_for_now(void **state)
{
	char away[160];

	(void)state;
	(void)snprintf(away, sizeof(away), "%s.away", path);
	give(
	    &(struct given){.channels = "a", .text = "x", .n = 1, .end = true});
	assert_int_equal(publish("a", "x", 1), PUBLISH_NO_ROOM);
	assert_string_equal(done.last.why, "its end is under way");
	until_told(2);
	assert_int_equal(publish("a", "x", 1), PUBLISH_ENDED);
	assert_int_equal(rename(path, away), 0);
	assert_int_equal(PUBLISH(.channels = "b", .text = "x", .n = 1,
			     .end = true),
	    PUBLISH_AWAY);
	assert_int_equal(rename(away, path), 0);
	while (sqlite.down)
		turn();
	assert_int_equal(publish("b", "x", 1), PUBLISHED);
	end();
	begin();
	assert_int_equal(publish("b", "x", 1), PUBLISHED);
	assert_int_equal(held("b"), 2);
}

static void
event_of_several_channels_is_in_each_in_the_next_life(void **state)
{
	(void)state;
	end();
	begin_with(2, 0, 1 << 24, 10);
	assert_int_equal(PUBLISH(.channels = "a b c", .text = "all", .n = 2,
			     .snapshot = true),
	    PUBLISHED);
	assert_int_equal(hub.held, 6);
	assert_int_equal(publish("a", "own", 1), PUBLISHED);
	turn();
	assert_int_equal(held("a"), 2);
	end();
	assert_int_equal(number_in_the_file("SELECT count(*) FROM event"), 3);
	assert_int_equal(number_in_the_file("SELECT count(*) FROM event"
					    " WHERE channel = 'b c'"),
	    1);
	begin_with(2, 0, 1 << 24, 10);
	assert_int_equal(held("a"), 2);
	assert_int_equal(held("b"), 2);
	assert_int_equal(held("c"), 2);
	assert_true(channel_entry(hub_find(&hub, "c"), 1)->snapshot);
	assert_false(channel_entry(hub_find(&hub, "c"), 0)->snapshot);
	assert_int_equal(publish("b", "own", 2), PUBLISHED);
	assert_int_equal(publish("a", "own", 1), PUBLISHED);
	turn();
	end();
	assert_int_equal(number_in_the_file("SELECT count(*) FROM event"
					    " WHERE channel = 'c'"),
	    2);
	begin_with(2, 0, 1 << 24, 10);
	assert_int_equal(PUBLISH(.channels = "c", .end = true, .erase = true),
	    PUBLISHED);
	while (hub_age(&hub))
		continue;
	end();
	assert_int_equal(number_in_the_file("SELECT count(*) FROM event"), 4);
	begin_with(2, 0, 1 << 24, 10);
	assert_int_equal(hub.held, 4);
}

#define MANY_EVENTS 10000

/*
 * So many that they go by and by: others need not wait for them, and a process
 * that is killed meanwhile has erased them all the same.
 */
static void
what_is_erased_is_gone_before_it_is_dropped(void **state)
{
	char other[160];
	struct eventid last;
	unsigned i;

	(void)state;
	(void)snprintf(other, sizeof(other), "%s.copy", path);
	end();
	begin_with(20000, 0, 1 << 26, 10);
	for (i = 0; i < MANY_EVENTS; i += ENGINE_BATCH_MAX)
		give_some("a", "x", ENGINE_BATCH_MAX);
	until_told(i / ENGINE_BATCH_MAX);
	last = done.last.last;
	assert_int_equal(publish("b", "x", 1), PUBLISHED);
	assert_int_equal(PUBLISH(.channels = "a", .end = true, .erase = true),
	    PUBLISHED);
	assert_int_equal(held("a"), 0);
	assert_true(hub_age(&hub)); /* there is more to be done */
	assert_in_range(sqlite.next.drops, 4096, MANY_EVENTS - 1);
	assert_int_equal(publish("b", "x", 1), PUBLISHED);
	copy(path, other); /* as if it were killed */
	while (hub_age(&hub))
		continue;
	end();
	assert_in_range(number_in_the_file("SELECT count(*) FROM event"), 2,
	    MANY_EVENTS);
	copy(other, path);
	(void)unlink(other);
	(void)strcat(other, "-wal");
	(void)unlink(other);
	begin_with(20000, 0, 1 << 26, 10);
	assert_int_equal(hub.held, 2);
	assert_int_equal(hub_find(&hub, "a")->lost.reason, LOSS_DELETED);
	assert_int_equal(eventid_compare(hub_find(&hub, "a")->lost.upto, last),
	    0);
	assert_true(channel_has_ended(hub_find(&hub, "a")));
	assert_in_range(sqlite.next.drops, 1000, MANY_EVENTS);
	for (i = 0; i < 4; i++) {
		end();
		begin_with(20000, 0, 1 << 26, 10);
	}
	assert_int_equal(sqlite.next.drops, 0);
	assert_int_equal(hub.held, 2);
	end();
	assert_int_equal(number_in_the_file("SELECT count(*) FROM event"), 2);
	begin();
}

/* Also when others are on their way to the channel: all of it goes. */
static void
what_was_promised_before_is_erased_too(void **state)
{
	(void)state;
	assert_int_equal(publish("a", "x", 2), PUBLISHED);
	give_some("a", "y", 3);
	(void)ev_run(loop, EVRUN_NOWAIT);
	give_some("a", "z", 3);
	give(&(struct given){.channels = "a", .end = true, .erase = true});
	until_told(4);
	assert_int_equal(done.published, 4);
	assert_int_equal(held("a"), 0);
	end(); /* before anything is dropped */
	begin();
	assert_int_equal(hub.held, 0);
	assert_int_equal(hub_find(&hub, "a")->lost.reason, LOSS_DELETED);
	assert_true(is_over("a", hub_find(&hub, "a")->ended));
}

/* For want of room, before its end is on the disk: the file calls it deleted.
 */
static void
what_is_erased_may_be_gone_before(void **state)
{
	const struct sse_message none = {.len = 0};
	char large[2000] = "";
	struct eventid lost;

	(void)state;
	/* So that 38 of them have room, but not beside a small one. */
	memset(large, 'x', 65300 / 38 - held_cost(hub.last, &none));
	end();
	begin_with(100, 0, 65536, 10);
	assert_int_equal(publish("a", "x", 5), PUBLISHED);
	turn();
	lost = channel_loss(hub_find(&hub, "a")).upto;
	give(&(struct given){.channels = "a", .end = true, .erase = true});
	give_some("b", large, 38);
	assert_int_equal(held("a"), 0);
	until_told(3);
	assert_int_equal(done.published, 3);
	assert_int_equal(hub_find(&hub, "a")->lost.reason, LOSS_OVERFLOW);
	end();
	begin_with(100, 0, 65536, 10);
	assert_int_equal(held("a"), 0);
	assert_int_equal(eventid_compare(hub_find(&hub, "a")->lost.upto, lost),
	    0);
	assert_int_equal(hub_find(&hub, "a")->lost.reason, LOSS_DELETED);
}

static void
end_stays_where_it_was_whatever_is_erased(void **state)
{
	struct eventid end_id;

	(void)state;
	assert_int_equal(PUBLISH(.channels = "a", .text = "x", .n = 3,
			     .end = true),
	    PUBLISHED);
	end_id = done.last.last;
	wall += 4000;
	now += 4;
	assert_int_equal(PUBLISH(.channels = "a", .end = true, .erase = true),
	    PUBLISHED);
	assert_true(eventid_compare(done.last.last, end_id) > 0);
	end();
	begin();
	assert_int_equal(hub.held, 0);
	assert_int_equal(eventid_compare(hub_find(&hub, "a")->ended, end_id),
	    0);
	assert_true(hub_find(&hub, "a")->ended_time == now - 4);
	assert_int_equal(eventid_compare(hub.last, end_id), 1);
}

static void
key_is_good_for_one_publication_in_all_lives(void **state)
{
	struct eventid first;

	(void)state;
	assert_int_equal(PUBLISH(.channels = "a b", .text = "x", .n = 2,
			     .key = "k"),
	    PUBLISHED);
	assert_false(done.last.repeated);
	first = done.last.last;
	assert_int_equal(PUBLISH(.channels = "a", .text = "other", .n = 1,
			     .key = "k"),
	    PUBLISHED);
	assert_true(done.last.repeated);
	assert_int_equal(done.last.events, 2);
	assert_int_equal(eventid_compare(done.last.last, first), 0);
	assert_int_equal(PUBLISH(.channels = "a", .end = true, .key = "e"),
	    PUBLISHED);
	end();
	wall += 50000;
	now = 7;
	begin();
	assert_int_equal(PUBLISH(.channels = "a", .text = "x", .n = 2,
			     .key = "k"),
	    PUBLISHED);
	assert_true(done.last.repeated);
	assert_int_equal(done.last.events, 2);
	assert_int_equal(eventid_compare(done.last.last, first), 0);
	assert_int_equal(PUBLISH(.channels = "a", .end = true, .key = "e"),
	    PUBLISHED);
	assert_true(done.last.repeated);
	assert_int_equal(hub.held, 4);
	/* It is the first channel's alone. */
	assert_int_equal(publish_keyed("b", "k"), PUBLISHED);
	assert_false(done.last.repeated);
	assert_int_equal(hub.held, 5);
	end();
	wall += 50001;
	now = 8;
	begin(); /* that of a is too old now */
	assert_int_equal(publish_keyed("a", "k"), PUBLISH_ENDED);
	assert_int_equal(publish_keyed("b", "k"), PUBLISHED);
	assert_true(done.last.repeated);
}

/* The clock was set back between them, or somebody has written into it. */
static void
of_two_with_a_key_in_the_file_the_first_counts(void **state)
{
	struct eventid first;
	sqlite3 *db;

	(void)state;
	assert_int_equal(publish_keyed("a", "k"), PUBLISHED);
	first = done.last.last;
	assert_int_equal(publish("a", "x", 2), PUBLISHED);
	end();
	wall += 99000;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "INSERT INTO keyed SELECT max(key), 2, time - 1,"
			     " channel, 'k' FROM event",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	begin();
	assert_int_equal(publish_keyed("a", "k"), PUBLISHED);
	assert_int_equal(done.last.events, 1);
	assert_int_equal(eventid_compare(done.last.last, first), 0);
}

/* Until the disk has it, and not at all if the disk does not take it. */
static void
key_is_under_way_with_its_publication(void **state)
{
	const struct given g = {.channels = "a",
	    .text = "x",
	    .n = 1,
	    .key = "k"};
	char away[160];
	int i;

	(void)state;
	(void)snprintf(away, sizeof(away), "%s.away", path);
	give(&g);
	give(&g);
	assert_int_equal(done.told, 1);
	assert_int_equal(done.last.result, PUBLISH_NO_ROOM);
	assert_string_equal(done.last.why,
	    "a publication with this key is under way");
	until_told(2);
	assert_int_equal(done.last.result, PUBLISHED);
	assert_false(done.last.repeated);
	assert_int_equal(rename(path, away), 0);
	assert_int_equal(publish_keyed("b", "k"), PUBLISH_AWAY);
	assert_int_equal(publish_given(&g), PUBLISHED); /* it is known */
	assert_true(done.last.repeated);
	assert_int_equal(rename(away, path), 0);
	while (sqlite.down)
		turn();
	assert_int_equal(publish_keyed("b", "k"), PUBLISHED);
	assert_false(done.last.repeated);
	assert_int_equal(PUBLISH(.channels = "a", .end = true, .key = "end"),
	    PUBLISHED);
	for (i = 0; i < 2; i++) /* it is not under way for ever */
		assert_int_equal(publish_keyed("a", "late"), PUBLISH_ENDED);
	assert_int_equal(keys_in_the_file(), 3);
	assert_int_equal(hub.held, 2);
}

static void
old_keys_leave_the_file(void **state)
{
	int second;

	(void)state;
	assert_int_equal(publish_keyed("a", "old"), PUBLISHED);
	for (second = 0; second <= SQLITE_KEYED; second++) {
		if (second == SQLITE_KEYED / 2)
			assert_int_equal(PUBLISH(.channels = "a", .text = "x",
					     .n = 1, .key = "younger"),
			    PUBLISHED);
		settle();
		ev_invoke(loop, &sqlite.second, EV_TIMER);
	}
	settle();
	assert_int_equal(publish("a", "x", 1), PUBLISHED);
	assert_int_equal(keys_in_the_file(), 1);
}

/* A life of a second, or of some, is not the end of those before it. */
static void
keys_of_former_lives_stay_in_the_file_while_they_are_known(void **state)
{
	int life;

	(void)state;
	assert_int_equal(publish_keyed("a", "k"), PUBLISHED);
	for (life = 0; life < 3; life++) {
		end();
		begin();
		ev_invoke(loop, &sqlite.second, EV_TIMER);
		settle();
		assert_int_equal(publish("a", "x", 1), PUBLISHED);
	}
	assert_int_equal(keys_in_the_file(), 1);
	assert_int_equal(publish_keyed("a", "k"), PUBLISHED);
	assert_true(done.last.repeated);
}

static void
figures_are_of_one_family_together(void **state)
{
	struct engine_figure row[ENGINE_FIGURES_MAX];
	size_t n, i;

	(void)state;
	assert_int_equal(publish("a", "x", 1), PUBLISHED);
	n = sqlite.engine.figures(&sqlite.engine, row);
	assert_in_range(n, 10, ENGINE_FIGURES_MAX);
	assert_string_equal(row[0].json, "keys");
	assert_true(row[0].value == 0);
	assert_string_equal(row[1].json, "store.up");
	assert_true(row[1].value == 1);
	for (i = 1; i < n; i++)
		if (row[i].suffix != NULL && row[i - 1].suffix != NULL)
			assert_string_equal(row[i].name, row[i - 1].name);
	assert_string_equal(row[n - 1].suffix, "_count");
	assert_true(row[n - 1].value == 1);
	assert_true(row[n - 3].value == 1); /* le="+Inf" */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define SQLITE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	    SQLITE_TEST(nobody_has_what_is_not_on_the_disk),
	    SQLITE_TEST(publications_of_a_turn_are_one_transaction),
	    SQLITE_TEST(publications_meanwhile_are_the_next_one),
	    SQLITE_TEST(what_is_dropped_waits_for_more_or_for_a_second),
	    SQLITE_TEST(stop_tells_all_that_wait),
	    SQLITE_TEST(more_than_the_disk_takes_is_refused),
	    SQLITE_TEST(what_the_hub_refuses_is_not_written),
	    SQLITE_TEST(ids_go_on_whatever_the_clock_says),
	    SQLITE_TEST(ids_go_on_above_events_that_are_gone),
	    SQLITE_TEST(store_that_fails_is_down_until_it_works),
	    SQLITE_TEST(what_was_refused_meanwhile_is_not_written_later),
	    SQLITE_TEST(older_file_that_was_put_back_hides_no_loss),
	    SQLITE_TEST(drops_of_several_channels_do_not_gather),
	    SQLITE_TEST(drops_go_a_few_at_a_time),
	    SQLITE_TEST(what_is_left_of_forgotten_channels_is_not_restored),
	    SQLITE_TEST(full_budget_is_as_full_in_the_next_life),
	    SQLITE_TEST(channel_that_was_used_last_is_forgotten_last),
	    SQLITE_TEST(what_has_ended_has_ended_in_the_next_life),
	    SQLITE_TEST(channel_that_is_about_to_end_takes_nothing_for_now),
	    SQLITE_TEST(event_of_several_channels_is_in_each_in_the_next_life),
	    SQLITE_TEST(what_is_erased_is_gone_before_it_is_dropped),
	    SQLITE_TEST(what_was_promised_before_is_erased_too),
	    SQLITE_TEST(what_is_erased_may_be_gone_before),
	    SQLITE_TEST(end_stays_where_it_was_whatever_is_erased),
	    SQLITE_TEST(key_is_good_for_one_publication_in_all_lives),
	    SQLITE_TEST(of_two_with_a_key_in_the_file_the_first_counts),
	    SQLITE_TEST(key_is_under_way_with_its_publication),
	    SQLITE_TEST(old_keys_leave_the_file),
	    SQLITE_TEST(
		keys_of_former_lives_stay_in_the_file_while_they_are_known),
	    SQLITE_TEST(every_life_begins_as_the_last_one_ended),
	    SQLITE_TEST(figures_are_of_one_family_together),
	};

	(void)log_open("/dev/null", false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
