/* SPDX-License-Identifier: ISC */
/*
 * What the responder says of itself agrees with what was done to it; and what
 * it does at the limit of channels.
 */
#include "unit.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "world.h"

/* Three streams, and five events of which they see eleven; what it leaves. */
struct scene {
	struct subscriber s[3];
	char first[48], last[48];
};

static void
play(struct scene *scene)
{
	static const char *const channels[] = {"a", "a b", "a"};
	struct post refused = {.query = "channel=a+b"};
	struct front f;
	char id[48];
	int i;

	for (i = 0; i < 3; i++) {
		subscriber_begin(&scene->s[i], &world.c, channels[i]);
		subscriber_connect(&scene->s[i], &world.r, NULL, NULL);
		assert_true(subscriber_joined(&scene->s[i]));
	}
	say("channel=c", "x", id);
	say("channel=b", "12345", scene->first);
	say("channel=a", "12345", id);
	say("channel=b", "12345", id);
	say("channel=a", "12345", scene->last);
	post(&f, &world.r, &refused);
	front_close(&f);
}

static void
leave(struct scene *scene)
{
	int i;

	for (i = 0; i < 3; i++)
		subscriber_end(&scene->s[i]);
}

static void
figures_are_what_was_done(void **state)
{
	struct scene scene;
	char *text, id[48];

	(void)state;
	play(&scene);
	FIGURE("{\"pid\":", world.r.pid);
	FIGURE("\"streams\":", 3);
	FIGURE("\"streams_opened\":", 3);
	assert_true(status_until(&world.r, "\"connections\":", 4));
	FIGURE("\"events_published\":", 5);
	FIGURE("\"events_sent\":", 3 * 2 + 1 * 2);
	FIGURE("\"publish_refused\":", 1);
	FIGURE("\"history\":{\"events\":", 5);
	FIGURE("\"channels_held\":", 3);
	FIGURE("\"channels_max\":", 10000);
	FIGURE("\"stalled\":", 0);
	assert_true(status_figure(&world.r, "\"bytes_sent\":") > 500);
	assert_true(status_figure(&world.r, "\"bytes_received\":") > 1000);
	assert_in_range(status_figure(&world.r, "\"bytes\":"), 5 * 5, 5000);
	text = status_text(&world.r, "format=json");
	(void)sscanf(strstr(text, "\"position\":"), "\"position\":\"%47[^\"]",
	    id);
	assert_string_equal(id, scene.last);
	free(text);
	leave(&scene);
	assert_true(status_until(&world.r, "\"streams\":", 0));
	FIGURE("\"streams_opened\":", 3);
}

static void
channels_are_listed_with_what_they_hold(void **state)
{
	struct scene scene;
	char *text, want[300];

	(void)state;
	play(&scene);
	text = status_text(&world.r, "format=json");
	assert_non_null(
	    strstr(text, "\"channels\":[{\"name\":\"a\",\"streams\":3,"
			 "\"held\":2,\"first\":\""));
	(void)snprintf(want, sizeof(want), "\"last\":\"%s\",\"ended\":null}",
	    scene.last);
	assert_non_null(strstr(text, want));
	(void)snprintf(want, sizeof(want),
	    "{\"name\":\"b\",\"streams\":1,\"held\":2,\"first\":\"%s\",",
	    scene.first);
	assert_non_null(strstr(text, want));
	assert_string_equal(text + strlen(text) - 4, "}]}\n");
	free(text);
	text = status_text(&world.r, "format=json&channel=b&channel=none");
	assert_non_null(
	    strstr(text, "\"channels\":[{\"name\":\"b\",\"streams\":1"));
	assert_null(strstr(text, "\"name\":\"a\""));
	assert_null(strstr(text, "\"name\":\"none\""));
	free(text);
	FIGURE("\"channels_held\":", 3);
	leave(&scene);
}

static void
gaps_are_counted_by_their_reason(void **state)
{
	static const char *const positions[] = {"secret", "1-1", "2-2"};
	struct front f;
	char id[48], other[48];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		open_raw(&f, "channel=a", "HTTP_LAST_EVENT_ID", positions[i]);
		assert_comes(&f, "event: gap\n");
		front_close(&f);
	}
	say("channel=a", "x", id);
	for (i = 0; i < 100; i++)
		say("channel=a", "x", other);
	open_raw(&f, "channel=a&channel=b", "HTTP_LAST_EVENT_ID", id);
	assert_comes(&f, "\n\n");
	FIGURE("\"gaps\":{\"overflow\":", 0);
	front_close(&f);
	say("channel=a", "x", other);
	say("channel=a", "x", other);
	open_raw(&f, "channel=a&channel=b", "HTTP_LAST_EVENT_ID", id);
	assert_comes(&f, "event: gap\n");
	FIGURE("\"gaps\":{\"overflow\":", 1);
	FIGURE("\"restart\":", 2);
	FIGURE("\"unknown\":", 1);
	front_close(&f);
}

/* Is the name one of the family's?  A histogram has three sorts. */
static bool
is_of(const char *name, const char *family, const char *type)
{
	size_t len = strlen(family);

	if (strcmp(type, "histogram") != 0)
		return strcmp(name, family) == 0;
	return strncmp(name, family, len) == 0 &&
	       (strcmp(name + len, "_bucket") == 0 ||
		   strcmp(name + len, "_sum") == 0 ||
		   strcmp(name + len, "_count") == 0);
}

/* A line of the text format: name{labels} number, or # HELP or # TYPE. */
static bool
good_line(const char *line, char family[100], char type[100])
{
	char name[100], labels[200], end;
	double value;

	if (sscanf(line, "# TYPE %99s %99s%c", family, type, &end) == 3)
		return end == '\n' && (strcmp(type, "counter") == 0 ||
					  strcmp(type, "gauge") == 0 ||
					  strcmp(type, "histogram") == 0);
	if (sscanf(line, "# HELP %99s %199[^\n]%c", name, labels, &end) == 3)
		return end == '\n';
	return sscanf(line, "%99[a-z_]{%199[^}]} %lf%c", name, labels, &value,
		   &end) == 4 &&
	       end == '\n' && is_of(name, family, type);
}

static void
the_text_for_prometheus_has_every_figure(void **state)
{
	static const char *const has[] = {"ssefcgi_streams{",
	    "ssefcgi_streams_opened_total{", "ssefcgi_connections{",
	    "ssefcgi_events_published_total{", "ssefcgi_events_sent_total{",
	    "ssefcgi_sent_bytes_total{", "ssefcgi_stalled_total{",
	    "ssefcgi_publish_refused_total{", "ssefcgi_publish_ended_total{",
	    "ssefcgi_publish_repeated_total{", "ssefcgi_ends_total{",
	    "ssefcgi_deletes_total{", "ssefcgi_streams_over_total{",
	    "ssefcgi_streams_gone_total{", "ssefcgi_channels_ended{",
	    "ssefcgi_history_events{", "ssefcgi_history_bytes{",
	    "ssefcgi_channels{", "ssefcgi_loop_lag_seconds{",
	    "process_cpu_seconds_total{", "process_resident_memory_bytes{",
	    ",reason=\"overflow\"} ", ",reason=\"restart\"} ",
	    ",reason=\"address\"} ", "ssefcgi_streams_opened_total{",
	    "process_open_fds{"};
	char family[100] = "", type[100] = "", *text, *line;
	struct scene scene;
	size_t i;

	(void)state;
	play(&scene);
	text = status_text(&world.r, "");
	for (i = 0; i < LENGTH(has); i++)
		if (strstr(text, has[i]) == NULL)
			fail_msg("no %s", has[i]);
	for (line = text; *line != '\0'; line = strchr(line, '\n') + 1)
		if (!good_line(line, family, type))
			fail_msg("a bad line: %.100s", line);
	line = strstr(text, "\nssefcgi_events_published_total{");
	assert_true(strtod(strchr(line, '}') + 1, NULL) == 5);
	line = strstr(text, "\nssefcgi_streams{");
	assert_true(strtod(strchr(line, '}') + 1, NULL) == 3);
	free(text);
	leave(&scene);
}

/* The value of the row that begins so. */
__attribute__((format(printf, 2, 3))) static double
row_value(const char *text, const char *format, ...)
{
	char begin[100];
	const char *row;
	va_list ap;

	va_start(ap, format);
	begin[0] = '\n';
	(void)vsnprintf(begin + 1, sizeof(begin) - 1, format, ap);
	va_end(ap);
	row = strstr(text, begin);
	if (row == NULL)
		fail_msg("no %s", begin);
	return strtod(strchr(row, '}') + 1, NULL);
}

/* Each bucket has what those below it have, and the last one all. */
static void
check_histogram(const char *text, const char *name, double count)
{
	static const char *const bounds[] = {"0.0005", "0.001", "0.0025",
	    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "5",
	    "+Inf"};
	double value, below = 0;
	size_t i;

	for (i = 0; i < LENGTH(bounds); i++) {
		value = row_value(text, "%s_bucket{pid=\"%ld\",le=\"%s\"}",
		    name, (long)world.r.pid, bounds[i]);
		assert_true(value >= below);
		below = value;
	}
	assert_true(below == count);
	assert_true(row_value(text, "%s_count{", name) == count);
	value = row_value(text, "%s_sum{", name);
	assert_true(value >= 0 && value < count * PATIENCE / 1e3);
}

/* Whoever reads an event reads it when its last write may still be to come. */
static void
what_is_published_is_timed(void **state)
{
	struct scene scene;
	char *text;

	(void)state;
	play(&scene);
	text = status_text(&world.r, "");
	check_histogram(text, "ssefcgi_delivery_seconds", 5);
	check_histogram(text, "ssefcgi_queue_seconds", 5);
	assert_true(row_value(text, "ssefcgi_delivery_seconds_sum{") > 0);
	if (getenv("STORE") != NULL)
		assert_true(row_value(text, "ssefcgi_queue_seconds_sum{") > 0);
	free(text);
	text = status_text(&world.r, "format=json");
	assert_non_null(strstr(text, "\"deliveries\":{\"seconds\":"));
	assert_non_null(strstr(text, ",\"events\":5}"));
	assert_non_null(strstr(text, ",\"publications\":5}"));
	free(text);
	leave(&scene);
}

/* Whoever counts its changes counts restarts: it is the same to each scrape. */
static void
the_process_has_started_once(void **state)
{
	char *text = status_text(&world.r, "");
	double start = row_value(text, "process_start_time_seconds{");
	double first = row_value(text, "ssefcgi_uptime_seconds{"), up = first;
	double wrong;

	(void)state;
	while (up - first < 0.01) {
		free(text);
		text = status_text(&world.r, "");
		up = row_value(text, "ssefcgi_uptime_seconds{");
		assert_true(
		    row_value(text, "process_start_time_seconds{") == start);
	}
	free(text);
	wrong = start + up - (double)time(NULL);
	assert_true(wrong > -PATIENCE / 1e3 && wrong < PATIENCE / 1e3);
}

static void
the_status_is_only_read(void **state)
{
	static const struct {
		const char *method, *query;
		int status;
	} cases[] = {
	    {"GET", "", 200},
	    {"GET", "format=prometheus", 200},
	    {"GET", "format=xml", 400},
	    {"GET", "channel=a+b", 400},
	    {"HEAD", "format=json", 200},
	    {"POST", "", 405},
	    {"OPTIONS", "", 204},
	};
	struct front f;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		assert_true(front_connect(&f, world.r.address));
		assert_true(front_request(&f, 0, cases[i].method,
		    (const char *[]){"SSE_ROLE", "status", "QUERY_STRING",
			cases[i].query, NULL}));
		assert_true(front_until_end(&f, PATIENCE));
		assert_int_equal(answer_status(&f), cases[i].status);
		if (strcmp(cases[i].method, "HEAD") == 0)
			assert_string_equal(answer_text(&f), "");
		if (cases[i].status == 405)
			assert_non_null(strstr(f.text, "\r\nAllow: GET"));
		front_close(&f);
	}
}

static int
start_with_two_channels(void **state)
{
	(void)state;
	return world_start_with(
	    (const char *[]){"--max-channels", "2", "--retry", "100", NULL});
}

/* Who would publish hears it, a browser is only told to come back. */
static void
without_a_channel_to_be_had_all_are_put_off(void **state)
{
	struct post p = {.query = "channel=three", .body = "x", .len = 1};
	struct front one, two, f;

	(void)state;
	publish_some("one", 1);
	publish_some("two", 1);
	open_raw(&one, "channel=one&channel=invented1", NULL, NULL);
	assert_comes(&one, "retry: ");
	open_raw(&two, "channel=two&channel=invented2", NULL, NULL);
	assert_comes(&two, "retry: ");
	post(&f, &world.r, &p);
	assert_refusal(&f, 503);
	assert_non_null(strstr(f.text, "\r\nRetry-After: "));
	front_close(&f);
	open_raw(&f, "channel=one&channel=three", NULL, NULL);
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(answer_status(&f), 200);
	assert_in_range(strtol(strstr(f.text, "retry: ") + 7, NULL, 10), 1000,
	    1500);
	front_close(&f);
	FIGURE("\"refused\":{\"streams\":0,\"address\":0,\"channels\":", 1);
	FIGURE("\"publish_refused\":", 1);
	FIGURE("\"streams\":", 2);
	front_close(&two);
	assert_true(status_until(&world.r, "\"streams\":", 1));
	post(&f, &world.r, &p);
	assert_int_equal(answer_status(&f), 200);
	front_close(&f);
	front_close(&one);
}

/* A reader comes back to channels that were forgotten, and is told of both. */
static void
channels_that_were_forgotten_have_a_gap(void **state)
{
	struct subscriber s;

	(void)state;
	subscriber_begin(&s, &world.c, "p q");
	subscriber_connect(&s, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&s));
	publish_some("p", 1);
	assert_true(subscriber_until(&s, 1));
	subscriber_cut(&s);
	publish_some("q", 1);
	publish_some("p", 2);
	publish_some("q", 1);
	assert_true(status_until(&world.r, "\"streams\":", 0));
	publish_some("r", 1);
	publish_some("s", 1);
	subscriber_again(&s, &world.r, NULL);
	assert_true(subscriber_joined(&s));
	publish_some("q", 1);
	publish_some("p", 1);
	assert_true(subscriber_until_number(&s, world.c.events - 1));
	assert_int_equal(s.page.gaps, 2);
	subscriber_check(&s, true);
	subscriber_end(&s);
}

/*
 * Readers name as many channels as they like, and no history goes for that, nor
 * is there less room to publish.
 */
static void
readers_take_no_channel_from_anybody(void **state)
{
	enum { READERS = 40 };
	static struct front f[READERS];
	char query[400], id[48];
	struct front reader, answer;
	struct post p = {.query = "channel=new", .body = "x", .len = 1};
	size_t n;
	int i, j;

	(void)state;
	for (i = 0; i < 8; i++) {
		(void)snprintf(query, sizeof(query), "channel=held%d", i);
		say(query, "held", id);
	}
	for (i = 0; i < READERS; i++) {
		for (j = 0, n = 0; j < 16; j++)
			n += (size_t)snprintf(query + n, sizeof(query) - n,
			    "channel=invented-%d-%d&", i, j);
		open_raw(&f[i], query, NULL, NULL);
		assert_comes(&f[i], "retry: ");
	}
	open_raw(&reader, "channel=held0&channel=held7&last_event_id=earliest",
	    NULL, NULL);
	assert_comes(&reader, "data: held\n");
	assert_blocks(&reader, " held\nmessage ");
	assert_int_equal(front_count(&reader, "event: gap"), 0);
	post(&answer, &world.r, &p);
	assert_int_equal(answer_status(&answer), 200);
	front_close(&answer);
	front_close(&reader);
	for (i = 0; i < READERS; i++)
		front_close(&f[i]);
}

static int
start_with_few_channels(void **state)
{
	(void)state;
	return world_start_with((const char *[]){"--max-channels", "9", NULL});
}

static int
start_with_rules(void **state)
{
	(void)state;
	return world_start_with(
	    (const char *[]){"--channel", "run-:history=2", "--channel",
		"a\"b/:age=0,bytes=1M", "--channel", "run:age=0.5", NULL});
}

/* The longest first, and what they do. */
static void
rules_are_listed_and_hold(void **state)
{
	char *text;

	(void)state;
	text = status_text(&world.r, "format=json");
	assert_non_null(
	    strstr(text, ",\"rules\":[{\"prefix\":\"run-\",\"history\":2},"
			 "{\"prefix\":\"a\\\"b/\",\"age\":0,\"bytes\":1048576},"
			 "{\"prefix\":\"run\",\"age\":0.5}],\"channels\":["));
	free(text);
	publish_some("run-1", 5);
	publish_some("other", 5);
	text = status_text(&world.r, "format=json&channel=run-1&channel=other");
	assert_non_null(
	    strstr(text, "{\"name\":\"run-1\",\"streams\":0,\"held\":2,"));
	assert_non_null(
	    strstr(text, "{\"name\":\"other\",\"streams\":0,\"held\":5,"));
	free(text);
	publish_some("run1", 5);
	assert_true(status_until(&world.r, "\"events\":", 2 + 5));
}

/* A thousand channels, with names that are long in JSON. */
static void
name_many_channels(struct front reader[16])
{
	char query[64 * 700], *to;
	int i, j, k;

	for (i = 0; i < 16; i++) {
		to = query;
		for (j = 0; j < 64; j++) {
			to += sprintf(to, "channel=%d.%d.", i, j);
			for (k = 0; k < 220; k++)
				to += sprintf(to, "%%22");
			*to++ = '&';
		}
		*to = '\0';
		open_raw(&reader[i], query, NULL, NULL);
		assert_comes(&reader[i], "retry: ");
	}
}

/* The answer's status, of which nothing else is read if few is set. */
static int
ask_status(struct front *f, bool few)
{
	assert_true(front_connect(f, world.r.address));
	assert_true(front_request(f, 0, "GET",
	    (const char *[]){"SSE_ROLE", "status", "QUERY_STRING",
		"format=json", NULL}));
	if (few)
		assert_true(front_until_text(f, "Status: ", PATIENCE));
	else
		assert_true(front_until_end(f, PATIENCE));
	return answer_status(f);
}

/* Half a megabyte each: whoever does not read them does not fill the memory. */
static void
answers_that_nobody_reads_are_bounded(void **state)
{
	enum { MANY = 200 };
	static struct front reader[16], f[MANY];
	struct front refused;
	int i, n;

	(void)state;
	name_many_channels(reader);
	for (n = 0; n < MANY && ask_status(&f[n], true) == 200; n++)
		continue;
	assert_in_range(n, 20, MANY - 1);
	assert_int_equal(ask_status(&refused, false), 503);
	assert_non_null(strstr(answer_text(&refused), "try again\n"));
	front_close(&refused);
	for (i = 0; i <= n; i++)
		front_close(&f[i]);
	assert_true(status_until(&world.r, "\"connections\":", 17));
	for (i = 0; i < 16; i++)
		front_close(&reader[i]);
}

#define WITH(options, f) cmocka_unit_test_setup_teardown(f, options, world_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(world_start, figures_are_what_was_done),
	    WITH(world_start, channels_are_listed_with_what_they_hold),
	    WITH(world_start, gaps_are_counted_by_their_reason),
	    WITH(world_start, the_text_for_prometheus_has_every_figure),
	    WITH(world_start, what_is_published_is_timed),
	    WITH(world_start, the_process_has_started_once),
	    WITH(world_start, the_status_is_only_read),
	    WITH(world_start, answers_that_nobody_reads_are_bounded),
	    WITH(start_with_rules, rules_are_listed_and_hold),
	    WITH(start_with_few_channels, readers_take_no_channel_from_anybody),
	    WITH(start_with_two_channels,
		without_a_channel_to_be_had_all_are_put_off),
	    WITH(start_with_two_channels,
		channels_that_were_forgotten_have_a_gap),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
