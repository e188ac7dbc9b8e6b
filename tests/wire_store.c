/* SPDX-License-Identifier: ISC */
/*
 * With --store: the next process goes on where the last one ended, and nobody
 * who reads sees anything of it; and files that are not to be had.
 */
#include "unit.h"

#include <sys/stat.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <unistd.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "stored.h"

static void
sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* One has read all, one nothing, and one knows its position alone. */
static void
readers_notice_nothing_of_restarts(void **state)
{
	struct subscriber all, none, late;
	int i;

	(void)state;
	stored_read(&all, "a b", NULL);
	stored_read(&none, "a b", NULL);
	publish_some("a", 3);
	publish_some("b", 2);
	assert_true(subscriber_until(&all, 5));
	stored_read(&late, "b a", NULL);
	for (i = 0; i < 3; i++) {
		stored_restart(NULL);
		publish_some("b", 1);
		publish_some("a", 2);
		subscriber_again(&all, &world.r, i == 1 ? "lastEventId" : NULL);
		assert_true(subscriber_until_number(&all, world.c.events - 1));
	}
	publish_some("b", 1);
	subscriber_again(&none, &world.r, NULL);
	subscriber_again(&late, &world.r, NULL);
	stored_check(&all);
	stored_check(&none);
	stored_check(&late);
	stored_check_all("b a");
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
	stored_read(&s, "a", NULL);
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
	stored_check(&s);
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
	stored_read(&s, "a", NULL);
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
	stored_restart(NULL);
	stored_check_all("a");
	subscriber_again(&s, &world.r, NULL);
	stored_check(&s);
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
	stored_read(&s, "a", NULL);
	publish_some("a", 10);
	stored_restart((const char *[]){"--history", "3", NULL});
	assert_held("a", 3);
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_until(&s, 3));
	assert_int_equal(s.page.gaps, 1);
	stored_restart(NULL);
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
	stored_read(&s, "a", NULL);
	publish_some("a", 5);
	publish_some("a", 5);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	sql(stored_file("events.db"),
	    "UPDATE event SET time = time - 3600000"
	    " WHERE key IN (SELECT key FROM event ORDER BY key LIMIT 4);"
	    "UPDATE event SET time = time - 30000");
	responder_again(&world.r,
	    (const char *[]){"--history-age", "60", NULL});
	assert_true(status_until(&world.r, EVENTS, 6));
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_until(&s, 6));
	assert_int_equal(s.page.gaps, 1);
	stored_restart((const char *[]){"--history-age", "20", NULL});
	assert_true(status_until(&world.r, EVENTS, 0));
	subscriber_again(&s, &world.r, NULL);
	publish_some("a", 1);
	assert_true(subscriber_until(&s, 7));
	assert_int_equal(s.page.gaps, 1);
	subscriber_check(&s, true);
	stored_restart((const char *[]){"--history-age", "0", NULL});
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
	stored_read(&s, "a b", NULL);
	for (i = 0; i < 150; i++)
		publish(&world.r, &world.c,
		    checker_event(&world.c, i % 3 == 0 ? "b" : "a", NULL,
			much));
	stored_restart((const char *[]){"--history-bytes", "64K", "--max-event",
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
	stored_read(&s, "a b c d e", NULL);
	for (i = 0; i < LENGTH(names); i++)
		publish_some(names[i], 2);
	stored_restart((const char *[]){"--max-channels", "2", NULL});
	FIGURE("\"channels_held\":", 2);
	assert_held("e", 2);
	stored_restart(NULL);
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

/* The answer to a POST, or a DELETE: its status, and its text until the next.
 */
static struct {
	char id[48], text[400];
} answer;

static int
ask(const char *method, const char *query, const char *body)
{
	const char *const more[] = {"REQUEST_METHOD", method, NULL};
	struct post p = {.query = query,
	    .more = more,
	    .body = body,
	    .len = strlen(body)};
	struct front f;
	int status;

	post(&f, &world.r, &p);
	status = answer_status(&f);
	answer_id(&f, answer.id);
	(void)snprintf(answer.text, sizeof(answer.text), "%s", answer_text(&f));
	front_close(&f);
	return status;
}

/* How many rows the file has, when nobody has it. */
static int
count(const char *table)
{
	char text[64];
	sqlite3 *db;
	sqlite3_stmt *q;
	int n;

	(void)snprintf(text, sizeof(text), "SELECT count(*) FROM %s", table);
	assert_int_equal(sqlite3_open(stored_file("events.db"), &db),
	    SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int(q, 0);
	assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

/* Who has read it all is not to come back; and nothing is taken any more. */
static void
an_end_is_one_in_the_next_process(void **state)
{
	struct subscriber all, both, late;
	unsigned last;

	(void)state;
	stored_read(&all, "a", NULL);
	stored_read(&both, "a b", NULL);
	stored_read(&late, "a", NULL);
	subscriber_cut(&late);
	publish_some("a", 2);
	last = checker_event(&world.c, "a", NULL, "the last");
	(void)checker_end(&world.c, "a");
	assert_int_equal(try_publish(&world.r, &world.c, last, last + 1), 200);
	assert_true(subscriber_over(&all));
	stored_restart(NULL);
	assert_int_equal(ask("POST", "channel=a", "no"), 409);
	assert_int_equal(ask("POST", "channel=a&end=1", ""), 409);
	assert_int_equal(ask("POST", "channel=b&channel=a", "no"), 409);
	subscriber_again(&late, &world.r, NULL);
	assert_true(subscriber_over(&late));
	subscriber_again(&all, &world.r, NULL);
	assert_true(subscriber_over(&all));
	subscriber_again(&both, &world.r, NULL);
	publish_some("b", 2);
	stored_check(&both);
	stored_check_all("b a");
	subscriber_check(&all, true);
	subscriber_check(&late, true);
	subscriber_end(&all);
	subscriber_end(&both);
	subscriber_end(&late);
}

/* Its age counts from its end, also while there is no process. */
static void
what_has_ended_ages_from_its_end(void **state)
{
	(void)state;
	publish_some("a", 3);
	publish_some("b", 3);
	assert_int_equal(ask("POST", "channel=a&end=1", ""), 200);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	sql(stored_file("events.db"),
	    "UPDATE event SET time = time - 90000;"
	    "UPDATE channel SET time = time - 30000 WHERE ended > 0");
	responder_again(&world.r,
	    (const char *[]){"--history-age", "60", NULL});
	assert_true(status_until(&world.r, EVENTS, 3)); /* those of a */
	stored_restart((const char *[]){"--history-age", "20", NULL});
	assert_true(status_until(&world.r, EVENTS, 0));
	assert_int_equal(ask("POST", "channel=a", "no"), 409);
}

static void
what_was_erased_is_not_in_the_next_process(void **state)
{
	char from[48], query[96];
	struct front f;

	(void)state;
	say("channel=a", "secret one", from);
	(void)snprintf(query, sizeof(query), "channel=a&last_event_id=%s",
	    from);
	assert_int_equal(ask("POST", "channel=a&channel=b", "secret two"), 200);
	assert_int_equal(ask("DELETE", "channel=a", ""), 200);
	stored_restart(NULL);
	open_raw(&f, query, NULL, NULL);
	assert_comes(&f, "\"reason\":\"deleted\"");
	assert_comes(&f, "event: end\n");
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(front_count(&f, "secret"), 0);
	front_close(&f);
	open_raw(&f, "channel=b&last_event_id=earliest", NULL, NULL);
	assert_comes(&f, "data: secret two\n");
	front_close(&f);
	assert_int_equal(ask("DELETE", "channel=b", ""), 200);
	stored_restart(NULL);
	FIGURE(EVENTS, 0);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	assert_int_equal(count("event"), 0);
	assert_int_equal(count("channel"), 2);
	assert_int_equal(count("ends"), 2);
	responder_again(&world.r, NULL);
	FIGURE("{\"pid\":", world.r.pid); /* it is there to be ended */
}

/* Each of its channels has it, and each reader once. */
static void
what_several_channels_have_each_has(void **state)
{
	struct subscriber s;
	unsigned number;

	(void)state;
	stored_read(&s, "a b c/\xc3\xa9", NULL);
	number = checker_event(&world.c, "a", NULL, "for all");
	checker_also(&world.c, number, "b");
	checker_also(&world.c, number, "c/\xc3\xa9");
	publish(&world.r, &world.c, number);
	publish_some("b", 1);
	stored_restart(NULL);
	FIGURE(EVENTS, 4);
	publish_some("c/\xc3\xa9", 1);
	subscriber_again(&s, &world.r, NULL);
	stored_check(&s);
	stored_check_all("a b c/\xc3\xa9");
	stored_check_all("c/\xc3\xa9 b");
	subscriber_end(&s);
}

static void
a_snapshot_is_one_in_the_next_process(void **state)
{
	struct front f;

	(void)state;
	assert_int_equal(ask("POST", "channel=a", "before"), 200);
	assert_int_equal(ask("POST", "channel=a&snapshot=1", "all"), 200);
	assert_int_equal(ask("POST", "channel=a", "behind"), 200);
	stored_restart(NULL);
	open_raw(&f, "channel=a", NULL, NULL);
	assert_comes(&f, "data: behind\n");
	assert_int_equal(front_count(&f, "data: all\n"), 1);
	assert_int_equal(front_count(&f, "data: before\n"), 0);
	front_close(&f);
}

/* From the beginning, or a gap in place of what is gone of it. */
static void
the_beginning_is_known_to_the_next_process(void **state)
{
	struct front f;

	(void)state;
	assert_int_equal(ask("POST", "channel=b", "another's"), 200);
	assert_int_equal(ask("POST", "channel=a", "one"), 200);
	assert_int_equal(ask("POST", "channel=a", "two"), 200);
	assert_int_equal(ask("POST", "channel=a", "three"), 200);
	stored_restart(NULL);
	open_raw(&f, "channel=a&history=all", NULL, NULL);
	assert_comes(&f, "data: three\n");
	assert_int_equal(front_count(&f, "data: one\n"), 1);
	assert_int_equal(front_count(&f, "event: gap\n"), 0);
	front_close(&f);
	stored_restart((const char *[]){"--history", "2", NULL});
	open_raw(&f, "channel=a&history=all", NULL, NULL);
	assert_comes(&f, "event: gap\n");
	assert_comes(&f, "data: three\n");
	assert_int_equal(front_count(&f, "data: one\n"), 0);
	assert_int_equal(front_count(&f, "data: two\n"), 1);
	front_close(&f);
}

static void
a_key_is_known_to_the_next_process(void **state)
{
	char first[48];

	(void)state;
	assert_int_equal(ask("POST", "channel=a&channel=b&key=k", "x"), 200);
	assert_null(strstr(answer.text, "repeated"));
	(void)snprintf(first, sizeof(first), "%s", answer.id);
	stored_restart(NULL);
	assert_int_equal(ask("POST", "channel=a&channel=b&key=k", "x"), 200);
	assert_string_equal(answer.id, first);
	assert_non_null(strstr(answer.text, "\"repeated\":true"));
	assert_int_equal(ask("POST", "channel=a&key=other", "x"), 200);
	assert_string_not_equal(answer.id, first);
	FIGURE(EVENTS, 3);
}

/* Of 0.4.0: it has fewer columns, and no keys. */
static void
a_file_of_the_version_before_is_taken_over(void **state)
{
	struct subscriber s;
	int i;

	(void)state;
	stored_read(&s, "a b", NULL);
	publish_some("a", 3);
	publish_some("b", 2);
	assert_true(subscriber_until(&s, 5));
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	sql(stored_file("events.db"),
	    "DROP VIEW events; DROP VIEW ends; DROP TABLE keyed;"
	    "ALTER TABLE event DROP COLUMN snapshot;"
	    "ALTER TABLE channel DROP COLUMN origin;"
	    "ALTER TABLE channel DROP COLUMN ended;"
	    "ALTER TABLE channel DROP COLUMN time;"
	    "ALTER TABLE channel DROP COLUMN erased;"
	    "CREATE VIEW events AS SELECT key, data FROM event;"
	    "PRAGMA user_version = 1");
	responder_again(&world.r, NULL);
	for (i = 0; i < 2; i++) {
		if (i > 0)
			stored_restart(NULL);
		publish_some("a", 1);
		assert_int_equal(ask("POST", "channel=c&key=k", "x"), 200);
		subscriber_again(&s, &world.r, NULL);
		stored_check(&s);
		stored_check_all("b a");
	}
	assert_int_equal(responder_logged(&world.r, "it is damaged"), 0);
	subscriber_end(&s);
}

/* A process more, on the same socket. */
static void
begin_other(struct responder *other, const char *const options[])
{
	responder_place(other);
	other->listening = world.r.listening;
	(void)setenv("LEAKS", "no", 1); /* see harness/valgrind */
	responder_again(other, options);
	(void)unsetenv("LEAKS");
}

/* It has ended, with this in its log. */
static void
end_other(struct responder *other, const char *why)
{
	char path[96];

	if (responder_logged(other, why) != 1)
		fail_msg("the log of %s does not say: %s", other->dir, why);
	assert_int_equal(responder_logged(other, "--store"), 1);
	(void)snprintf(path, sizeof(path), "%s/stderr", other->dir);
	assert_int_equal(truncate(path, 0), 0);
	other->listening = -1;
	responder_stop(other);
}

static void
assert_refused(const char *const options[], const char *why)
{
	struct responder other;

	begin_other(&other, options);
	assert_int_equal(responder_wait(&other, PATIENCE), 1);
	end_other(&other, why);
}

static void
a_store_in_use_is_not_shared(void **state)
{
	struct subscriber s;
	char why[128];
	int i;

	(void)state;
	stored_read(&s, "a", NULL);
	publish_some("a", 1);
	(void)snprintf(why, sizeof(why), "process %ld has it open",
	    (long)world.r.pid);
	for (i = 0; i < 3; i++) {
		assert_refused((const char *[]){"--drain", i == 0 ? "0" : "0.3",
				   "--store", stored_file("events.db"), NULL},
		    why);
		publish_some("a", 1);
	}
	FIGURE(UP, 1);
	stored_check(&s);
	subscriber_end(&s);
	stored_restart(NULL);
	stored_check_all("a");
}

/* As when a supervisor starts the next before the last has ended. */
static void
the_next_process_waits_for_the_store(void **state)
{
	struct responder last = world.r;
	struct subscriber s;

	(void)state;
	stored_read(&s, "a", NULL);
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
	stored_check(&s);
	subscriber_end(&s);
}

/* Whichever of its signals tells it to end. */
static void
who_waits_for_the_store_ends_when_told_to(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
	struct responder other;
	size_t i;

	(void)state;
	publish_some("a", 1); /* it is another's by now */
	for (i = 0; i < LENGTH(signals); i++) {
		begin_other(&other,
		    (const char *[]){"--drain", "3600", "--store",
			stored_file("events.db"), NULL});
		assert_true(responder_until_logged(&other, "open files allow",
		    1, PATIENCE));
		assert_int_equal(responder_signal(&other, signals[i]), 1);
		end_other(&other, "has it open");
	}
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

/* Makes of a good file of ours what is in its place. */
static void
prepare(const char *what, const char *path)
{
	static char noise[8192];

	memset(noise, 0xa5, sizeof(noise));
	if (strcmp(what, "newer") == 0)
		sql(path, "PRAGMA user_version = 1000");
	else if (strcmp(what, "damaged") == 0)
		stored_write(path, 4096, noise, sizeof(noise));
	else if (strcmp(what, "edited") == 0)
		sql(path, "UPDATE event SET channel = 'a  b'");
	else {
		assert_int_equal(unlink(path), 0);
		if (strcmp(what, "text") == 0)
			stored_write(path, 0, "Dear diary,\n", 12);
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
	    stored_file(strcmp(p->what, "nowhere") == 0 ? "none/x" : "x");
	const char *options[] = {"--store", path, NULL};
	struct stat st;
	size_t len;

	if (strcmp(p->what, "nowhere") != 0) {
		stored_restart(options);
		publish_some("a", 3);
		assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
		prepare(p->what, path);
		responder_again(&world.r, NULL);
	}
	len = content(path, before, sizeof(before));
	assert_refused(options, p->why);
	assert_int_equal(content(path, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(stat(stored_file("x-wal"), &st), -1);
	assert_int_equal(stat(stored_file("x-journal"), &st), -1);
	(void)rmdir(path);		  /* if it is one */
	FIGURE("{\"pid\":", world.r.pid); /* it is there to be ended */
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
	assert_int_equal(stat(stored_file("events.db"), &st), 0);
	assert_int_equal(stat(stored_file("events.db-wal"), &log), 0);
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
	assert_int_equal(stat(stored_file("events.db"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	assert_int_equal(stat(stored_file("events.db-wal"), &st), -1);
	assert_int_equal(stat(stored_file("events.db-shm"), &st), -1);
	sql(stored_file("events.db"),
	    "SELECT id, time, channel, type, data, snapshot FROM events");
	responder_again(&world.r, NULL);
	stored_check_all("a");
}

/* A row's test keeps its row. */
static int
start_row(void **state)
{
	(void)state;
	return stored_start(NULL);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, stored_start, world_stop)

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
	    WITH(an_end_is_one_in_the_next_process),
	    WITH(what_has_ended_ages_from_its_end),
	    WITH(what_was_erased_is_not_in_the_next_process),
	    WITH(what_several_channels_have_each_has),
	    WITH(a_snapshot_is_one_in_the_next_process),
	    WITH(the_beginning_is_known_to_the_next_process),
	    WITH(a_key_is_known_to_the_next_process),
	    WITH(a_file_of_the_version_before_is_taken_over),
	    WITH(a_store_in_use_is_not_shared),
	    WITH(the_next_process_waits_for_the_store),
	    WITH(who_waits_for_the_store_ends_when_told_to),
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
