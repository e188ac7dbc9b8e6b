/* SPDX-License-Identifier: ISC */
/*
 * With --store: the next process goes on where the last one ended, and nobody
 * who reads sees anything of it; a file that is not to be had; and one that
 * goes away or is full while it is used.
 */
#define _GNU_SOURCE /* for prlimit */
#include "unit.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <unistd.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "world.h"

#define FIGURE(key, is)                                                       \
	do {                                                                  \
		double got = status_figure(&world.r, key);                    \
		if (got != (is))                                              \
			fail_msg("%s is %g, not %g", key, got, (double)(is)); \
	} while (0)

#define UP     "\"store\":{\"up\":"
#define EVENTS "\"history\":{\"events\":"

/* A file in the test's directory; good until the fourth call from now. */
static const char *
in_directory(const char *name)
{
	static char path[4][128];
	static unsigned i;

	i = (i + 1) % LENGTH(path);
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", world.r.dir, name);
	return path[i];
}

/* The process, which is there, ends in order, and then there is another. */
static void
restart(const char *const options[])
{
	(void)status_figure(&world.r, "{\"pid\":");
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	responder_again(&world.r, options);
}

static void
sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
begin(struct subscriber *s, const char *channels, const char *position)
{
	subscriber_begin(s, &world.c, channels);
	subscriber_connect(s, &world.r, position, NULL);
	assert_true(subscriber_joined(s));
}

/* It has all, and was told of no loss. */
static void
has_all(struct subscriber *s)
{
	assert_true(subscriber_until_number(s, world.c.events - 1));
	assert_int_equal(s->page.gaps, 0);
	subscriber_check(s, true);
}

/* All that there ever was, as one gets it who comes now. */
static void
all_is_there(const char *channels)
{
	struct subscriber s;

	begin(&s, channels, "earliest");
	has_all(&s);
	subscriber_end(&s);
}

/* One has read all, one nothing, and one knows its position alone. */
static void
readers_notice_nothing_of_restarts(void **state)
{
	struct subscriber all, none, late;
	int i;

	(void)state;
	begin(&all, "a b", NULL);
	begin(&none, "a b", NULL);
	publish_some("a", 3);
	publish_some("b", 2);
	assert_true(subscriber_until(&all, 5));
	begin(&late, "b a", NULL);
	for (i = 0; i < 3; i++) {
		restart(NULL);
		publish_some("b", 1);
		publish_some("a", 2);
		subscriber_again(&all, &world.r, i == 1 ? "lastEventId" : NULL);
		assert_true(subscriber_until_number(&all, world.c.events - 1));
	}
	publish_some("b", 1);
	subscriber_again(&none, &world.r, NULL);
	subscriber_again(&late, &world.r, NULL);
	has_all(&all);
	has_all(&none);
	has_all(&late);
	all_is_there("b a");
	FIGURE("\"restart\":", 0);
	FIGURE("\"events_published\":", 4);
	subscriber_end(&all);
	subscriber_end(&none);
	subscriber_end(&late);
}

/* Whoever comes meanwhile is served by the next one, with what is its own. */
static void
who_comes_between_two_processes_waits(void **state)
{
	struct subscriber s;
	struct front f, waiting;
	struct post p = {.query = "channel=other", .body = "x", .len = 1};

	(void)state;
	begin(&s, "a", NULL);
	publish_some("a", 2);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	subscriber_again(&s, &world.r, NULL);
	assert_true(front_connect(&waiting, world.r.address));
	assert_true(post_head(&waiting, 0, &p) && post_body(&waiting, &p));
	responder_again(&world.r, NULL);
	assert_true(front_until_end(&waiting, PATIENCE));
	assert_int_equal(answer_status(&waiting), 200);
	front_close(&waiting);
	open_raw(&f, "channel=other&last_event_id=earliest", NULL, NULL);
	assert_comes(&f, "data: x\n");
	front_close(&f);
	publish_some("a", 1);
	has_all(&s);
	subscriber_end(&s);
}

/* Type, lines and bytes as they were, of batches too. */
static void
what_an_event_is_stays(void **state)
{
	static const char *const data[] = {"", "two\nlines", "\xc3\xa9 \x7f",
	    "nul", "id: 3\n\nevent: x"};
	struct bytes text = {0};
	struct post p = {.query = "channel=a", .type = "text/event-stream"};
	struct subscriber s;
	struct front f;
	char id[48];
	unsigned first, i;

	(void)state;
	begin(&s, "a", NULL);
	first = world.c.events;
	for (i = 0; i < 90; i++)
		(void)checker_event(&world.c, "a", i % 3 == 0 ? NULL : "a type",
		    data[i % LENGTH(data)]);
	checker_sent(&world.c, first, 90);
	batch_text(&text, &world.c, first, 90);
	p.body = text.at;
	p.len = text.len;
	post(&f, &world.r, &p);
	assert_int_equal(answer_status(&f), 200);
	answer_id(&f, id);
	checker_acknowledged(&world.c, first, id);
	front_close(&f);
	free(text.at);
	for (i = 0; i < LENGTH(data); i++)
		publish(&world.r, &world.c,
		    checker_event(&world.c, "a", "t\xc3\xa4g", data[i]));
	restart(NULL);
	all_is_there("a");
	subscriber_again(&s, &world.r, NULL);
	has_all(&s);
	subscriber_end(&s);
}

/* How many events one gets who asks for all. */
static void
assert_held(const char *channel, size_t events)
{
	struct subscriber s;

	subscriber_begin(&s, &world.c, channel);
	subscriber_connect(&s, &world.r, "1000", "history");
	assert_true(subscriber_joined(&s));
	assert_true(subscriber_until(&s, events));
	assert_int_equal(s.page.events, events);
	assert_int_equal(s.page.latest, world.c.events - 1);
	subscriber_end(&s);
}

/* Who comes back is told of it, and the file has no more than that. */
static void
the_history_is_as_long_as_it_may_be_now(void **state)
{
	struct subscriber s;

	(void)state;
	begin(&s, "a", NULL);
	publish_some("a", 10);
	restart((const char *[]){"--history", "3", NULL});
	assert_held("a", 3);
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_until(&s, 3));
	assert_int_equal(s.page.gaps, 1);
	restart(NULL);
	assert_held("a", 3);
	publish_some("a", 4);
	assert_held("a", 7);
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_until(&s, 7));
	assert_int_equal(s.page.gaps, 1);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/* Also the time in which there was no process. */
static void
events_age_while_there_is_no_process(void **state)
{
	struct subscriber s;

	(void)state;
	begin(&s, "a", NULL);
	publish_some("a", 5);
	publish_some("a", 5);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	sql(in_directory("events.db"),
	    "UPDATE event SET time = time - 3600000"
	    " WHERE key IN (SELECT key FROM event ORDER BY key LIMIT 4);"
	    "UPDATE event SET time = time - 30000");
	responder_again(&world.r,
	    (const char *[]){"--history-age", "60", NULL});
	assert_true(status_until(&world.r, EVENTS, 6));
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_until(&s, 6));
	assert_int_equal(s.page.gaps, 1);
	restart((const char *[]){"--history-age", "20", NULL});
	assert_true(status_until(&world.r, EVENTS, 0));
	subscriber_again(&s, &world.r, NULL);
	publish_some("a", 1);
	assert_true(subscriber_until(&s, 7));
	assert_int_equal(s.page.gaps, 1);
	subscriber_check(&s, true);
	restart((const char *[]){"--history-age", "0", NULL});
	assert_held("a", 1);
	subscriber_end(&s);
}

static void
the_bytes_are_as_many_as_there_may_be_now(void **state)
{
	static char much[900];
	struct subscriber s;
	int i;

	(void)state;
	memset(much, 'x', sizeof(much) - 1);
	begin(&s, "a b", NULL);
	for (i = 0; i < 150; i++)
		publish(&world.r, &world.c,
		    checker_event(&world.c, i % 3 == 0 ? "b" : "a", NULL,
			much));
	restart((const char *[]){"--history-bytes", "64K", "--max-event",
	    "8000", "--max-body", "64K", NULL});
	assert_in_range(status_figure(&world.r, EVENTS), 20, 65);
	subscriber_again(&s, &world.r, NULL);
	publish_some("a", 1);
	assert_true(subscriber_until_number(&s, world.c.events - 1));
	assert_in_range(s.page.gaps, 1, 2);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

static void
the_channels_are_as_many_as_there_may_be_now(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	struct subscriber s;
	size_t i;

	(void)state;
	begin(&s, "a b c d e", NULL);
	for (i = 0; i < LENGTH(names); i++)
		publish_some(names[i], 2);
	restart((const char *[]){"--max-channels", "2", NULL});
	FIGURE("\"channels_held\":", 2);
	assert_held("e", 2);
	restart(NULL);
	FIGURE("\"channels_held\":", 2);
	subscriber_again(&s, &world.r, NULL);
	for (i = 0; i < LENGTH(names); i++)
		publish_some(names[i], 1);
	assert_true(subscriber_until_number(&s, world.c.events - 1));
	assert_int_equal(s.page.events, 4 + 5);
	assert_int_equal(s.page.gaps, 3);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/* A process more, which is to end with this in its log. */
static void
assert_refused(const char *const options[], const char *why)
{
	struct responder other;
	char path[96];

	responder_place(&other);
	other.listening = world.r.listening;
	(void)setenv("LEAKS", "no", 1); /* see harness/valgrind */
	responder_again(&other, options);
	(void)unsetenv("LEAKS");
	assert_int_equal(responder_wait(&other, PATIENCE), 1);
	if (responder_logged(&other, why) != 1)
		fail_msg("the log of %s does not say: %s", other.dir, why);
	assert_int_equal(responder_logged(&other, "--store"), 1);
	(void)snprintf(path, sizeof(path), "%s/stderr", other.dir);
	assert_int_equal(truncate(path, 0), 0);
	other.listening = -1;
	responder_stop(&other);
}

static void
a_store_in_use_is_not_shared(void **state)
{
	struct subscriber s;
	char why[128];
	int i;

	(void)state;
	begin(&s, "a", NULL);
	publish_some("a", 1);
	(void)snprintf(why, sizeof(why), "process %ld has it open",
	    (long)world.r.pid);
	for (i = 0; i < 3; i++) {
		assert_refused((const char *[]){"--drain", i == 0 ? "0" : "0.3",
				   "--store", in_directory("events.db"), NULL},
		    why);
		publish_some("a", 1);
	}
	FIGURE(UP, 1);
	has_all(&s);
	subscriber_end(&s);
	restart(NULL);
	all_is_there("a");
}

/* As when a supervisor starts the next before the last has ended. */
static void
the_next_process_waits_for_the_store(void **state)
{
	struct responder last = world.r;
	struct subscriber s;

	(void)state;
	begin(&s, "a", NULL);
	publish_some("a", 2);
	responder_again(&world.r, (const char *[]){"--drain", "3600", NULL});
	assert_true(
	    responder_until_logged(&world.r, "open files allow", 2, PATIENCE));
	publish_some("a", 2);
	assert_true(subscriber_until(&s, 4));
	assert_int_equal(responder_logged(&world.r, "events of"), 1);
	assert_int_equal(responder_signal(&last, SIGTERM), 0);
	subscriber_again(&s, &world.r, NULL);
	publish_some("a", 1);
	FIGURE("{\"pid\":", world.r.pid);
	has_all(&s);
	subscriber_end(&s);
}

/* What may be in the place of the file. */
static const struct in_place {
	const char *name;
	const char *what; /* see prepare() */
	const char *why;
} in_place[] = {
    {"a_file_of_another_sort_stays_as_it_is", "text",
	"it is no SQLite database: name another file"},
    {"a_database_of_another_program_stays_as_it_is", "other",
	"it is another program's database: name another file"},
    {"a_newer_form_stays_as_it_is", "newer", "a newer sse-fcgi has written it"},
    {"a_damaged_file_stays_as_it_is", "damaged",
	"it is damaged (database disk image is malformed): take a copy"},
    {"an_event_that_cannot_be_stays_as_it_is", "edited",
	" cannot be): take a copy of it"},
    {"a_directory_in_its_place", "directory",
	"it cannot be opened for writing: Is a directory"},
    {"a_directory_that_is_not_there", "nowhere",
	"its directory is not there: make it first"},
};

static void
write_at(const char *path, long at, const char *text, size_t len)
{
	FILE *file = fopen(path, at == 0 ? "we" : "r+e");

	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* Makes of a good file of ours what is in its place. */
static void
prepare(const char *what, const char *path)
{
	static char noise[8192];

	memset(noise, 0xa5, sizeof(noise));
	if (strcmp(what, "newer") == 0)
		sql(path, "PRAGMA user_version = 1000");
	else if (strcmp(what, "damaged") == 0)
		write_at(path, 4096, noise, sizeof(noise));
	else if (strcmp(what, "edited") == 0)
		sql(path, "UPDATE event SET channel = 'a/b c'");
	else {
		assert_int_equal(unlink(path), 0);
		if (strcmp(what, "text") == 0)
			write_at(path, 0, "Dear diary,\n", 12);
		else if (strcmp(what, "other") == 0)
			sql(path, "CREATE TABLE event (x)");
		else if (strcmp(what, "directory") == 0)
			assert_int_equal(mkdir(path, 0700), 0);
	}
}

static size_t
content(const char *path, char *bytes, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t len = file == NULL ? 0 : fread(bytes, 1, size, file);

	assert_true(len < size);
	if (file != NULL)
		(void)fclose(file);
	return len;
}

static void
what_is_not_ours_stays_as_it_is(void **state)
{
	static char before[1 << 20], after[sizeof(before)];
	const struct in_place *p = *state;
	const char *path =
	    in_directory(strcmp(p->what, "nowhere") == 0 ? "none/x" : "x");
	const char *options[] = {"--store", path, NULL};
	struct stat st;
	size_t len;

	if (strcmp(p->what, "nowhere") != 0) {
		restart(options);
		publish_some("a", 3);
		assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
		prepare(p->what, path);
		responder_again(&world.r, NULL);
	}
	len = content(path, before, sizeof(before));
	assert_refused(options, p->why);
	assert_int_equal(content(path, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(stat(in_directory("x-wal"), &st), -1);
	assert_int_equal(stat(in_directory("x-journal"), &st), -1);
	(void)rmdir(path); /* if it is one */
}

/* Nothing of it is there, and the reason is said. */
static void
refused_publication(const char *why)
{
	struct front f;
	unsigned number = checker_event(&world.c, "a", NULL, "refused");
	struct post p = {.query = "channel=a",
	    .body = world.c.event[number].data,
	    .len = world.c.event[number].len};

	checker_sent(&world.c, number, 1);
	post(&f, &world.r, &p);
	assert_refusal(&f, 503);
	if (strstr(answer_text(&f), why) == NULL)
		fail_msg("not %s, but: %s", why, answer_text(&f));
	assert_non_null(strstr(f.text, "\r\nRetry-After: "));
	checker_refused(&world.c, number);
	front_close(&f);
}

/*
 * While it is down there is all that does not need it, and when it is up again
 * nothing is missing.
 */
static void
goes_down_and_up(void (*down)(void), void (*up)(void), const char *why)
{
	struct subscriber s;
	struct front clock, f;
	int i;

	begin(&s, "a", NULL);
	publish_some("a", 3);
	assert_true(subscriber_until(&s, 3));
	assert_true(front_connect(&clock, world.r.address));
	assert_true(front_get(&clock));
	assert_comes(&clock, "data: Message: 1 ");
	down();
	for (i = 0; i < 3; i++)
		refused_publication(why);
	FIGURE(UP, 0);
	FIGURE("\"queue\":", 0);
	assert_true(status_figure(&world.r, "\"failures\":") >= 1);
	assert_int_equal(responder_logged(&world.r,
			     "publications are refused until that is over"),
	    1);
	open_raw(&f, "channel=a&history=3", NULL, NULL);
	assert_comes(&f, "data: a 2 some\n");
	front_close(&f);
	assert_comes(&clock, "data: Message: 4 ");
	front_close(&clock);
	assert_false(s.f.closed);
	FIGURE(UP, 0);
	up();
	assert_true(status_until(&world.r, UP, 1));
	assert_int_equal(responder_logged(&world.r, "it can be written again"),
	    1);
	publish_some("a", 1);
	has_all(&s);
	restart(NULL);
	subscriber_again(&s, &world.r, NULL);
	publish_some("a", 1);
	has_all(&s);
	all_is_there("a");
	subscriber_end(&s);
}

static void
move_away(void)
{
	assert_int_equal(rename(in_directory("events.db"),
			     in_directory("away")),
	    0);
}

static void
move_back(void)
{
	assert_int_equal(rename(in_directory("away"),
			     in_directory("events.db")),
	    0);
}

static void
a_file_that_is_moved_away_and_back(void **state)
{
	(void)state;
	goes_down_and_up(move_away, move_back, "the file was moved or deleted");
}

static void
move_log_away(void)
{
	assert_int_equal(rename(in_directory("events.db-wal"),
			     in_directory("away")),
	    0);
}

static void
move_log_back(void)
{
	assert_int_equal(rename(in_directory("away"),
			     in_directory("events.db-wal")),
	    0);
}

static void
a_write_ahead_log_that_is_moved_away_and_back(void **state)
{
	(void)state;
	goes_down_and_up(move_log_away, move_log_back,
	    "the file was moved or deleted");
}

/* How large the process's files may become: no larger, or what it may be. */
static void
limit_files(bool full)
{
	struct rlimit rl;
	struct stat st;

	assert_int_equal(prlimit(world.r.pid, RLIMIT_FSIZE, NULL, &rl), 0);
	assert_int_equal(stat(in_directory("events.db-wal"), &st), 0);
	rl.rlim_cur = full ? (rlim_t)st.st_size : rl.rlim_max;
	assert_int_equal(prlimit(world.r.pid, RLIMIT_FSIZE, &rl, NULL), 0);
}

static void
fill(void)
{
	limit_files(true);
}

static void
make_room(void)
{
	limit_files(false);
}

static void
a_file_that_may_not_grow(void **state)
{
	(void)state;
	goes_down_and_up(fill, make_room, "the store cannot be written: ");
}

/* Who has deleted it gets it back from a copy, or begins anew. */
static void
a_file_that_is_deleted(void **state)
{
	struct subscriber s;

	(void)state;
	begin(&s, "a", NULL);
	publish_some("a", 3);
	assert_int_equal(unlink(in_directory("events.db")), 0);
	refused_publication("the file was moved or deleted");
	assert_true(subscriber_until(&s, 3));
	FIGURE(UP, 0);
	FIGURE(EVENTS, 3);
	restart(NULL);
	subscriber_again(&s, &world.r, NULL);
	publish_some("a", 1);
	assert_true(subscriber_until(&s, 4));
	FIGURE(UP, 1);
	FIGURE("\"restart\":", 1);
	assert_int_equal(s.page.gaps, 1);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/* In the histogram each row has what those before it have. */
static void
the_status_says_how_the_store_is(void **state)
{
	static const char *const has[] = {"ssefcgi_store_up{",
	    "ssefcgi_store_failures_total{", "ssefcgi_store_bytes{",
	    "ssefcgi_store_queue_events{",
	    "ssefcgi_store_commit_seconds_bucket{",
	    "ssefcgi_store_commit_seconds_sum{",
	    "ssefcgi_store_commit_seconds_count{"};
	double value, last = 0;
	unsigned rows = 0;
	char *text, *line;
	struct stat st, log;
	size_t i;

	(void)state;
	publish_some("a", 20);
	FIGURE(UP, 1);
	FIGURE("\"failures\":", 0);
	FIGURE("\"queue\":", 0);
	FIGURE("\"commits\":", 20);
	assert_true(status_figure(&world.r, "\"commit_seconds\":") > 0);
	assert_int_equal(stat(in_directory("events.db"), &st), 0);
	assert_int_equal(stat(in_directory("events.db-wal"), &log), 0);
	FIGURE("\"failures\":0,\"bytes\":", (double)(st.st_size + log.st_size));
	text = status_text(&world.r, "");
	for (i = 0; i < LENGTH(has); i++)
		if (strstr(text, has[i]) == NULL)
			fail_msg("no %s", has[i]);
	for (line = text; (line = strstr(line, has[4])) != NULL; line++) {
		value = strtod(strchr(line, '}') + 1, NULL);
		assert_true(value >= last);
		last = value;
		rows++;
	}
	assert_true(rows > 5 && last == 20);
	assert_true(strtod(strchr(strstr(text, has[6]), '}') + 1, NULL) == 20);
	free(text);
}

/* The store's file is for its owner, and in order when nobody has it. */
static void
the_file_is_its_owners_and_whole(void **state)
{
	struct stat st;

	(void)state;
	publish_some("a", 3);
	assert_int_equal(stat(in_directory("events.db"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	assert_int_equal(stat(in_directory("events.db-wal"), &st), -1);
	assert_int_equal(stat(in_directory("events.db-shm"), &st), -1);
	sql(in_directory("events.db"), "SELECT id, time, data FROM events");
	responder_again(&world.r, NULL);
	all_is_there("a");
}

static int
start(void **state)
{
	(void)state;
	(void)setenv("STORE", "1", 1);
	return world_start_with(
	    (const char *[]){"--interval", "0.2", "--drain", "0.2", NULL});
}

/* A row's test keeps its row. */
static int
start_row(void **state)
{
	(void)state;
	return start(NULL);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, start, world_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(readers_notice_nothing_of_restarts),
	    WITH(who_comes_between_two_processes_waits),
	    WITH(what_an_event_is_stays),
	    WITH(the_history_is_as_long_as_it_may_be_now),
	    WITH(events_age_while_there_is_no_process),
	    WITH(the_bytes_are_as_many_as_there_may_be_now),
	    WITH(the_channels_are_as_many_as_there_may_be_now),
	    WITH(a_store_in_use_is_not_shared),
	    WITH(the_next_process_waits_for_the_store),
	    WITH(a_file_that_is_moved_away_and_back),
	    WITH(a_write_ahead_log_that_is_moved_away_and_back),
	    WITH(a_file_that_may_not_grow),
	    WITH(a_file_that_is_deleted),
	    WITH(the_status_says_how_the_store_is),
	    WITH(the_file_is_its_owners_and_whole),
	};
	struct CMUnitTest rows[LENGTH(in_place)];
	size_t i;
	int failed;

	for (i = 0; i < LENGTH(in_place); i++) {
		rows[i] = row_test(in_place[i].name,
		    what_is_not_ours_stays_as_it_is, &in_place[i]);
		rows[i].setup_func = start_row;
		rows[i].teardown_func = world_stop;
	}
	failed = cmocka_run_group_tests_name("store", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("files", rows, NULL, NULL);
}
