/* SPDX-License-Identifier: ISC */
/*
 * Tickets: where they come from, what each permits, and that it ends with them.
 * Their time is the wall's, so these wait for it: seconds, not conditions.
 */
#include "unit.h"

#include <sys/stat.h>

#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "front.h"
#include "post.h"
#include "responder.h"
#include "token.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

#define REFUSED	  "Status: 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n"
#define FORBIDDEN "Status: 403 Forbidden\r\nContent-Type: text/plain\r\n"
#define STREAM	  "Status: 200 OK\r\nContent-Type: text/event-stream\r\n"

enum { ABORT = 2, STDIN = 5 };

static struct responder r;
static char key_path[64];

/* The key's file, of one that only its owner may read. */
static void
write_key(const char *hex)
{
	FILE *f;

	(void)snprintf(key_path, sizeof(key_path), "/tmp/wire_ticket.%ld.key",
	    (long)getpid());
	(void)unlink(key_path);
	f = fopen(key_path, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(fprintf(f, "HS256 %s\n", hex) > 0);
	assert_int_equal(fclose(f), 0);
}

static void
start_with(const char *const more[])
{
	const char *options[16] = {"--ticket-key", NULL, "--retry", "1000"};
	size_t n = 4, i;

	write_key(KEY_A);
	options[1] = key_path;
	for (i = 0; more != NULL && more[i] != NULL; i++)
		options[n++] = more[i];
	options[n] = NULL;
	responder_start(&r, 0, options);
}

static int
start(void **state)
{
	(void)state;
	start_with(NULL);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	responder_stop(&r);
	(void)unlink(key_path);
	return 0;
}

/* Wall seconds. */
static double
wall(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/*
 * A ticket that is good so many seconds from now, with these claims beside
 * that; one of the last four.
 */
static const char *
ticket_by(const char *key, long seconds, const char *more)
{
	static char tokens[4][TOKEN_SIZE];
	static unsigned next;
	char *to = tokens[next++ % 4], claims[1000];

	(void)snprintf(claims, sizeof(claims), "{\"exp\":%ld%s%s}",
	    (long)time(NULL) + seconds, *more == '\0' ? "" : ",", more);
	token_make(to, key, HS256, claims);
	return to;
}

static const char *
ticket(long seconds, const char *more)
{
	return ticket_by(KEY_A, seconds, more);
}

/* Seconds in which something can happen yet. */
static long
a_while(void)
{
	return 2 + slow(1000) / 1000;
}

/* A request for a stream at a location that wants tickets. */
static void
ask_with(struct front *f, const char *query, const char *name,
    const char *value, const char *id)
{
	const char *more[] = {"QUERY_STRING", query, "SSE_TICKET", "required",
	    "REMOTE_ADDR", "192.0.2.1", name == NULL ? "A" : name,
	    name == NULL ? "b" : value,
	    id == NULL ? NULL : "HTTP_LAST_EVENT_ID", id, NULL};

	assert_true(front_connect(f, r.address));
	assert_true(front_request(f, 0, "GET", more));
}

static void
ask(struct front *f, const char *query, const char *token)
{
	char header[TOKEN_SIZE + 10];

	(void)snprintf(header, sizeof(header), "Bearer %s", token);
	ask_with(f, query, "HTTP_AUTHORIZATION", header, NULL);
}

static bool
begins(const struct front *f, const char *text)
{
	return strncmp(f->text, text, strlen(text)) == 0;
}

static void
assert_served(struct front *f)
{
	assert_true(front_until_text(f, "retry: ", PATIENCE));
	assert_true(begins(f, STREAM));
	assert_false(f->ended);
}

static void
assert_answered(struct front *f, const char *with)
{
	assert_true(front_until_end(f, PATIENCE));
	if (!begins(f, with))
		fail_msg("%s", f->text);
	front_close(f);
}

/* The status of a publication of this text, with a ticket. */
static int
publish_as(const char *method, const char *query, const char *token,
    const char *text)
{
	char header[TOKEN_SIZE + 10];
	const char *more[] = {"SSE_TICKET", "required", "REQUEST_METHOD",
	    method, token == NULL ? NULL : "HTTP_AUTHORIZATION", header, NULL};
	struct front f;
	int status;

	(void)snprintf(header, sizeof(header), "Bearer %s",
	    token == NULL ? "" : token);
	post(&f, &r,
	    &(struct post){.query = query,
		.body = text,
		.len = strlen(text),
		.more = more});
	status = answer_status(&f);
	/* What a ticket to read would need is of no use here. */
	assert_int_equal(status == 403, strstr(f.text, "in publish\n") != NULL);
	front_close(&f);
	return status;
}

/* By the application, at a location that wants none. */
static void
publish_text(const char *query, const char *text, size_t len)
{
	struct front f;

	post(&f, &r, &(struct post){.query = query, .body = text, .len = len});
	assert_int_equal(answer_status(&f), 200);
	front_close(&f);
}

static void
say(const char *query, const char *text)
{
	publish_text(query, text, strlen(text));
}

/* What the admin is answered. */
static void
close_as_admin(const char *query, const char *answer)
{
	const char *more[] = {"SSE_ROLE", "admin", NULL};
	struct front f;

	post(&f, &r, &(struct post){.query = query, .more = more});
	assert_int_equal(answer_status(&f), 200);
	assert_string_equal(answer_text(&f), answer);
	front_close(&f);
}

/* The program's own log, whole; free() it. */
static char *
log_text(void)
{
	char path[100];
	long size;
	FILE *f;
	char *text;

	(void)snprintf(path, sizeof(path), "%s/log", r.dir);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, f), (size_t)size);
	(void)fclose(f);
	return text;
}

/* %s is the ticket; all are of channel a. */
static const struct source {
	const char *name, *query, *parameter, *value;
	bool good;
} sources[] = {
    {"authorization", "channel=a", "HTTP_AUTHORIZATION", "Bearer %s", true},
    {"authorization_in_small_letters", "channel=a", "HTTP_AUTHORIZATION",
	"bearer %s", true},
    {"authorization_with_spaces", "channel=a", "HTTP_AUTHORIZATION",
	"Bearer   %s ", true},
    {"cookie", "channel=a", "HTTP_COOKIE", "sse_ticket=%s", true},
    {"cookie_among_others", "channel=a", "HTTP_COOKIE",
	"a=b; xsse_ticket=x; sse_ticket=%s; sse_ticket2=y", true},
    {"cookie_without_spaces", "channel=a", "HTTP_COOKIE",
	"a=b;sse_ticket=%s;c=d", true},
    {"cookie_twice_the_same", "channel=a", "HTTP_COOKIE",
	"sse_ticket=%s; sse_ticket=%s", true},
    {"cookie_that_was_deleted", "channel=a&ticket=%s", "HTTP_COOKIE",
	"sse_ticket=", true},
    {"query", "channel=a&ticket=%s", "A", "b", true},
    {"query_before_the_channel", "ticket=%s&channel=a", "A", "b", true},
    {"query_where_authorization_is_the_fronts", "channel=a&ticket=%s",
	"HTTP_AUTHORIZATION", "Basic YTpi", true},
    {"query_that_is_empty", "channel=a&ticket=", "HTTP_COOKIE", "sse_ticket=%s",
	true},

    {"nothing", "channel=a", "A", "b", false},
    {"authorization_without_a_scheme", "channel=a", "HTTP_AUTHORIZATION", "%s",
	false},
    {"authorization_of_another_scheme", "channel=a", "HTTP_AUTHORIZATION",
	"Bearers %s", false},
    {"authorization_that_is_empty", "channel=a&ticket=%s", "HTTP_AUTHORIZATION",
	"Bearer", false},
    {"authorization_with_more", "channel=a", "HTTP_AUTHORIZATION",
	"Bearer %s x", false},
    {"cookie_of_another_name", "channel=a", "HTTP_COOKIE", "SSE_TICKET=%s",
	false},
    {"cookie_in_quotes", "channel=a", "HTTP_COOKIE", "sse_ticket=\"%s\"",
	false},
    {"cookie_twice", "channel=a", "HTTP_COOKIE", "sse_ticket=%s; sse_ticket=x",
	false},
    {"cookie_behind_a_bad_one", "channel=a", "HTTP_COOKIE",
	"sse_ticket=x; sse_ticket=%s", false},
    {"cookie_behind_bad_authorization", "channel=a&ticket=%s",
	"HTTP_AUTHORIZATION", "Bearer x", false},
    {"query_behind_a_bad_cookie", "channel=a&ticket=%s", "HTTP_COOKIE",
	"sse_ticket=x", false},
    {"query_twice", "channel=a&ticket=%s&ticket=%s", "A", "b", false},
    {"query_malformed", "channel=a&ticket=%%%s", "A", "b", false},
    {"query_of_another_name", "channel=a&Ticket=%s", "A", "b", false},
    {"header_of_our_parameter", "channel=a", "HTTP_SSE_TICKET", "%s", false},
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
source_is_looked_at(void **state)
{
	const struct source *s = *state;
	char query[2 * TOKEN_SIZE + 50], value[2 * TOKEN_SIZE + 50], *log;
	const char *token;
	struct front f;

	(void)start(NULL);
	token = ticket(60, "\"channels\":[\"a\"]");
	(void)snprintf(query, sizeof(query), s->query, token, token);
	(void)snprintf(value, sizeof(value), s->value, token, token);
	ask_with(&f, query, s->parameter, value, NULL);
	if (s->good)
		assert_served(&f);
	else
		assert_true(front_until_end(&f, PATIENCE));
	assert_true(begins(&f, s->good ? STREAM : REFUSED));
	assert_null(strstr(f.text, token + 40));
	front_close(&f);
	log = log_text();
	assert_null(strstr(log, token + 40));
	free(log);
	(void)stop(NULL);
}
#pragma GCC diagnostic pop

/* Two parameters, which no front should send. */
static void
two_of_a_kind_are_none(void **state)
{
	const char *token = ticket(60, "\"channels\":[\"a\"]");
	char bearer[TOKEN_SIZE + 10], cookie[TOKEN_SIZE + 20];
	struct front f;

	(void)state;
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	(void)snprintf(cookie, sizeof(cookie), "sse_ticket=%s", token);
	assert_true(front_connect(&f, r.address));
	assert_true(front_request(&f, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", "SSE_TICKET",
		"required", "HTTP_AUTHORIZATION", bearer, "HTTP_AUTHORIZATION",
		bearer, "HTTP_COOKIE", cookie, NULL}));
	assert_answered(&f, REFUSED);
	assert_true(front_connect(&f, r.address));
	assert_true(front_request(&f, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", "SSE_TICKET",
		"required", "HTTP_COOKIE", cookie, "HTTP_COOKIE", "a=b",
		NULL}));
	assert_answered(&f, REFUSED);
	assert_true(front_connect(&f, r.address));
	assert_true(front_request(&f, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", "SSE_TICKET",
		"required", "SSE_TICKET", "", "HTTP_COOKIE", cookie, NULL}));
	assert_true(front_until_closed(&f, PATIENCE));
	assert_int_equal(f.text_len, 0);
	front_close(&f);
}

/* Its header, its claims with exp and now in their place, and who signed it. */
static const struct wrong {
	const char *name, *header, *more, *key, *figure;
	long seconds;
} wrongs[] = {
    {"expired", HS256, "\"channels\":[\"a\"]", KEY_A, "expired", -1},
    {"early", HS256, "\"channels\":[\"a\"],\"nbf\":4000000000", KEY_A, "early",
	60},
    {"of_another_key", HS256, "\"channels\":[\"a\"]", KEY_B, "signature", 60},
    {"of_no_algorithm", "{\"alg\":\"none\"}", "\"channels\":[\"a\"]", KEY_A,
	"algorithm", 60},
    {"of_another_algorithm", "{\"alg\":\"EdDSA\"}", "\"channels\":[\"a\"]",
	KEY_A, "algorithm", 60},
    {"of_no_channels", HS256, "\"channels\":\"a\"", KEY_A, "malformed", 60},
    {"with_exp_twice", HS256, "\"channels\":[\"a\"],\"exp\":4000000000", KEY_A,
	"malformed", 60},
    {"not_utf8", HS256, "\"channels\":[\"a\"],\"sub\":\"\xff\"", KEY_A,
	"malformed", 60},
};

static void
wrong_ticket_is_refused_like_any(void **state)
{
	const struct wrong *w = *state;
	char token[TOKEN_SIZE], claims[200], figure[60],
	    header[TOKEN_SIZE + 10];
	struct front f, other;
	char *log;

	(void)start(NULL);
	(void)snprintf(claims, sizeof(claims), "{\"exp\":%ld,%s}",
	    (long)time(NULL) + w->seconds, w->more);
	token_make(token, w->key, w->header, claims);
	ask(&f, "channel=a", token);
	ask_with(&other, "channel=a", NULL, NULL, NULL);
	assert_true(front_until_end(&f, PATIENCE));
	assert_true(front_until_end(&other, PATIENCE));
	assert_true(begins(&f, REFUSED));
	assert_string_equal(f.text, other.text);
	(void)snprintf(header, sizeof(header), "\"%s\":", w->figure);
	(void)snprintf(figure, sizeof(figure), "\"tickets_refused\":{");
	log = status_text(&r, "format=json");
	assert_non_null(strstr(log, figure));
	assert_non_null(strstr(strstr(log, figure), header));
	assert_int_equal(strtol(strstr(strstr(log, figure), header) +
				    strlen(header),
			     NULL, 10),
	    1);
	free(log);
	log = log_text();
	assert_null(strstr(log, token + 10));
	assert_null(strstr(log, strrchr(token, '.') + 1));
	free(log);
	front_close(&f);
	front_close(&other);
	(void)stop(NULL);
}

static void
each_channel_is_asked_for(void **state)
{
	static const struct {
		const char *query, *claims, *answer; /* NULL: a stream */
	} rows[] = {
	    {"channel=a", "\"channels\":[\"b\"]", FORBIDDEN},
	    {"channel=a", "", FORBIDDEN},
	    {"channel=a", "\"publish\":[\"a\"]", FORBIDDEN},
	    {"channel=a&channel=b", "\"channels\":[\"a\"]", FORBIDDEN},
	    {"channel=b&channel=a", "\"channels\":[\"a\"]", FORBIDDEN},
	    {"channel=a&channel=b", "\"channels\":[\"a\",\"b\"]", NULL},
	    {"channel=ab", "\"channels\":[\"a\"]", FORBIDDEN},
	    {"channel=ab", "\"channels\":[\"a*\"]", NULL},
	    {"channel=a", "\"channels\":[\"a*\"]", NULL},
	    {"channel=b", "\"channels\":[\"a*\"]", FORBIDDEN},
	    {"channel=%61", "\"channels\":[\"a\"]", NULL},
	    {"", "\"channels\":[\"a\"]", FORBIDDEN},
	    {"", "\"channels\":[\"clock\"]", NULL},
	    {"channel=clock", "\"channels\":[\"clo*\"]", NULL},
	    {"channel=a%2b%2b%20", "\"channels\":[\"b\"]", "Status: 400 "},
	};
	struct front f;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		ask(&f, rows[i].query, ticket(60, rows[i].claims));
		if (rows[i].answer != NULL) {
			assert_answered(&f, rows[i].answer);
			continue;
		}
		assert_served(&f);
		front_close(&f);
	}
}

/* An end is nothing that somebody may hear who may not read. */
static void
nothing_is_told_of_a_channel_without_a_ticket(void **state)
{
	struct front f;
	char id[48];

	(void)state;
	post(&f, &r, &(struct post){.query = "channel=a&end=1"});
	answer_id(&f, id);
	front_close(&f);
	ask_with(&f, "channel=a", NULL, NULL, id);
	assert_answered(&f, REFUSED);
	assert_int_equal(publish_as("POST", "channel=a", NULL, "x"), 401);
	assert_int_equal(publish_as("POST", "channel=a",
			     ticket(60, "\"publish\":[\"b\"]"), "x"),
	    403);
	assert_int_equal(publish_as("POST", "channel=a",
			     ticket(60, "\"publish\":[\"a\"]"), "x"),
	    409);
}

static void
location_alone_wants_tickets(void **state)
{
	const char *token = ticket(-60, "\"channels\":[\"b\"]");
	char bearer[TOKEN_SIZE + 10];
	struct front f;

	(void)state;
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", token);
	assert_true(front_connect(&f, r.address));
	assert_true(front_request(&f, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a&ticket=x",
		"HTTP_AUTHORIZATION", bearer, NULL}));
	assert_served(&f);
	assert_true(status_until(&r, "\"ticketed\":", 0));
	front_close(&f);
	assert_true(front_connect(&f, r.address));
	assert_true(front_request(&f, 0, "HEAD",
	    (const char *[]){"QUERY_STRING", "channel=a", "SSE_TICKET",
		"required", NULL}));
	assert_answered(&f, REFUSED);
}

/* Though there is a key, and whoever asks has a ticket. */
static void
what_a_front_says_wrongly_lets_nobody_in(void **state)
{
	static const char *const said[][4] = {{"stream", "GET", "optional"},
	    {"stream", "GET", "Required"}, {"stream", "HEAD", ""},
	    {"publish", "POST", "0"}, {"publish", "DELETE", "yes"},
	    {"status", "GET", "required"}, {"admin", "POST", "required"}};
	char bearer[TOKEN_SIZE + 10];
	struct front f;
	size_t i;

	(void)state;
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s",
	    ticket(60, "\"channels\":[\"*\"],\"publish\":[\"*\"]"));
	for (i = 0; i < LENGTH(said); i++) {
		assert_true(front_connect(&f, r.address));
		assert_true(front_request(&f, 0, said[i][1],
		    (const char *[]){"QUERY_STRING",
			"channel=a&close=channel:a", "SSE_ROLE", said[i][0],
			"SSE_TICKET", said[i][2], "HTTP_AUTHORIZATION", bearer,
			NULL}));
		assert_answered(&f, "Status: 500 ");
	}
}

/* How long past this wall time did the end come? */
static double
end_after(struct front *f, double exp)
{
	assert_true(front_until_end(f, PATIENCE));
	return wall() - exp;
}

static void
stream_ends_with_its_ticket_and_goes_on_with_another(void **state)
{
	double exp = 0, late = 0;
	char id[48], header[TOKEN_SIZE + 10];
	const char *token = NULL, *told;
	struct front f;
	int try;

	(void)state;
	for (try = 0; try < TRIES; try++) { /* the machine may be busy */
		exp = (double)(time(NULL) + a_while());
		token = ticket(a_while(), "\"channels\":[\"a\"]");
		ask(&f, "channel=a", token);
		assert_served(&f);
		say("channel=a", "before");
		assert_true(front_until_text(&f, "data: before\n", PATIENCE));
		late = end_after(&f, exp);
		assert_true(late > -1.01 - 1); /* the second it was made in */
		if (late < 1)
			break;
		front_close(&f);
	}
	assert_true(late < 1);
	assert_int_equal(f.status, 0);
	told = strrchr(f.text, '\n');
	assert_non_null(told);
	told = strstr(f.text, "data: before\n");
	assert_non_null(strstr(told, "retry: "));
	assert_true(sscanf(strstr(told, "id: "), "id: %47s", id) == 1);
	front_close(&f);
	say("channel=a", "meanwhile");
	while (wall() < exp + 1)
		(void)usleep(10000);
	(void)snprintf(header, sizeof(header), "Bearer %s", token);
	ask_with(&f, "channel=a", "HTTP_AUTHORIZATION", header, id);
	assert_answered(&f, REFUSED);
	token = ticket(60, "\"channels\":[\"a\"]");
	(void)snprintf(header, sizeof(header), "Bearer %s", token);
	ask_with(&f, "channel=a", "HTTP_AUTHORIZATION", header, id);
	assert_true(front_until_text(&f, "data: meanwhile\n", PATIENCE));
	assert_null(strstr(f.text, "gap"));
	assert_null(strstr(f.text, "before"));
	front_close(&f);
	assert_true(status_until(&r, "\"tickets_expired\":", try + 1));
	assert_true(status_until(&r, "\"ticketed\":", 0));
}

/* Who does not read gets what is on its way, and nothing from behind that. */
static void
slow_stream_gets_nothing_published_behind_its_ticket(void **state)
{
	static char large[30000];
	char token[TOKEN_SIZE];
	struct front f;
	double sent;
	int i;

	(void)state;
	memset(large, 'x', sizeof(large));
	(void)snprintf(token, sizeof(token), "%s",
	    ticket(a_while(), "\"channels\":[\"a\"]"));
	ask(&f, "channel=a", token);
	assert_served(&f);
	for (i = 0; i < 60; i++)
		publish_text("channel=a", large, sizeof(large));
	assert_true(status_until(&r, "\"tickets_expired\":", 1));
	sent = status_figure(&r, "\"events_sent\":");
	say("channel=a", "behind");
	assert_true(front_until_end(&f, PATIENCE));
	assert_null(strstr(f.text, "behind"));
	assert_true(status_until(&r, "\"events_sent\":", sent));
	assert_true(front_count(&f, "retry: ") == 2);
	assert_in_range(front_count(&f, "\nid: "), 1, 59);
	front_close(&f);
}

static void
younger_of_age_and_ticket_counts(void **state)
{
	double t;
	struct front f;

	(void)state;
	start_with((const char *[]){"--max-age", "2", NULL});
	t = wall();
	ask(&f, "channel=a", ticket(3600, "\"channels\":[\"a\"]"));
	assert_served(&f);
	assert_true(end_after(&f, t) > 1.4);
	front_close(&f);
	assert_true(status_until(&r, "\"tickets_expired\":", 0));
	(void)stop(NULL);
	start_with((const char *[]){"--max-age", "3600", NULL});
	ask(&f, "channel=a", ticket(a_while(), "\"channels\":[\"a\"]"));
	assert_served(&f);
	assert_true(front_until_end(&f, PATIENCE));
	front_close(&f);
	assert_true(status_until(&r, "\"tickets_expired\":", 1));
	(void)stop(NULL);
}

static void
keys_change_without_a_restart(void **state)
{
	char old[TOKEN_SIZE];
	struct front before, f;

	(void)state;
	(void)snprintf(old, sizeof(old), "%s",
	    ticket(600, "\"channels\":[\"a\"]"));
	ask(&before, "channel=a", old);
	assert_served(&before);
	write_key(KEY_B);
	assert_int_equal(kill(r.pid, SIGHUP), 0);
	assert_true(
	    responder_until_logged(&r, "the keys of tickets: 1", 1, PATIENCE));
	ask(&f, "channel=a", old);
	assert_answered(&f, REFUSED);
	ask(&f, "channel=a", ticket_by(KEY_B, 60, "\"channels\":[\"a\"]"));
	assert_served(&f);
	front_close(&f);
	write_key("nonsense");
	assert_int_equal(kill(r.pid, SIGHUP), 0);
	assert_true(responder_until_logged(&r, "the keys stay as they were", 1,
	    PATIENCE));
	ask(&f, "channel=a", ticket_by(KEY_B, 60, "\"channels\":[\"a\"]"));
	assert_served(&f);
	front_close(&f);
	say("channel=a", "still"); /* what is open stays so */
	assert_true(front_until_text(&before, "data: still\n", PATIENCE));
	front_close(&before);
}

static void
clocks_may_differ_by_the_skew(void **state)
{
	char claims[80];
	struct front f;

	(void)state;
	start_with((const char *[]){"--ticket-skew", "30", NULL});
	ask(&f, "channel=a", ticket(-10, "\"channels\":[\"a\"]"));
	assert_served(&f);
	front_close(&f);
	(void)snprintf(claims, sizeof(claims),
	    "\"nbf\":%ld,\"channels\":[\"a\"]", (long)time(NULL) + 20);
	ask(&f, "channel=a", ticket(60, claims));
	assert_served(&f);
	front_close(&f);
	ask(&f, "channel=a", ticket(-31, "\"channels\":[\"a\"]"));
	assert_answered(&f, REFUSED);
	/* A stream lasts as long as it would be let in. */
	ask(&f, "channel=a", ticket(-28, "\"channels\":[\"a\"]"));
	assert_served(&f);
	assert_true(front_until_end(&f, PATIENCE));
	front_close(&f);
	(void)stop(NULL);
}

#define ANN "\"channels\":[\"*\"],\"sub\":\"ann\""
#define BOB "\"channels\":[\"*\"],\"sub\":\"bob\""

static void
one_subject_has_its_own_limit(void **state)
{
	struct front f[2], other, nobody[3], refused;
	size_t i;

	(void)state;
	start_with((const char *[]){"--max-per-subject", "2", NULL});
	for (i = 0; i < 2; i++) {
		ask(&f[i], "channel=a", ticket(60, ANN));
		assert_served(&f[i]);
	}
	ask(&other, "channel=a", ticket(60, BOB));
	assert_served(&other);
	for (i = 0; i < 3; i++) {
		ask(&nobody[i], "channel=a",
		    ticket(60, "\"channels\":[\"*\"]"));
		assert_served(&nobody[i]);
	}
	ask(&refused, "channel=a", ticket(60, ANN));
	assert_true(front_until_end(&refused, PATIENCE));
	assert_true(begins(&refused, STREAM));
	assert_in_range(strtol(strstr(refused.text, "retry: ") + 7, NULL, 10),
	    10000, 15000);
	front_close(&refused);
	assert_true(status_until(&r, "\"subject\":", 1));
	front_close(&f[0]);
	assert_true(responder_until_logged(&r, "stream closed", 1, PATIENCE));
	ask(&f[0], "channel=a", ticket(60, ANN));
	assert_served(&f[0]);
	for (i = 0; i < 2; i++)
		front_close(&f[i]);
	for (i = 0; i < 3; i++)
		front_close(&nobody[i]);
	front_close(&other);
	(void)stop(NULL);
}

static bool
is_open(struct front *f)
{
	while (front_read(f, 0) && !f->closed)
		continue;
	return !f->ended && !f->closed;
}

static void
admin_closes_a_subject(void **state)
{
	static char large[30000];
	struct front ann[3], bob, nobody;
	size_t i;

	(void)state;
	memset(large, 'x', sizeof(large));
	ask(&ann[0], "channel=a", ticket(60, ANN));
	ask(&ann[1], "channel=b&channel=c", ticket(60, ANN));
	ask(&ann[2], "channel=slow", ticket(60, ANN));
	ask(&bob, "channel=a", ticket(60, BOB));
	ask(&nobody, "channel=a", ticket(60, "\"channels\":[\"a\"]"));
	for (i = 0; i < 3; i++)
		assert_served(&ann[i]);
	assert_served(&bob);
	assert_served(&nobody);
	for (i = 0; i < 60; i++)
		publish_text("channel=slow", large, sizeof(large));
	close_as_admin("close=sub:ann", "{\"closed\":3}\n");
	say("channel=a&channel=b&channel=slow", "behind");
	for (i = 0; i < 3; i++) {
		assert_true(front_until_end(&ann[i], PATIENCE));
		assert_int_equal(ann[i].status, 0);
		assert_null(strstr(ann[i].text, "behind"));
		assert_int_equal(front_count(&ann[i], "retry: "), 2);
		front_close(&ann[i]);
	}
	assert_true(front_until_text(&bob, "data: behind\n", PATIENCE));
	assert_true(front_until_text(&nobody, "data: behind\n", PATIENCE));
	close_as_admin("close=sub:ann", "{\"closed\":0}\n");
	close_as_admin("close=sub:an", "{\"closed\":0}\n");
	assert_true(is_open(&bob) && is_open(&nobody));
	assert_true(status_until(&r, "\"closed_by_admin\":", 3));
	assert_int_equal(responder_logged(&r, "ann"), 0);
	front_close(&bob);
	front_close(&nobody);
}

/* All that read it, also those without a ticket. */
static void
admin_closes_a_channel(void **state)
{
	struct front with, without, both, other;

	(void)state;
	ask(&with, "channel=a", ticket(60, ANN));
	ask(&both, "channel=b&channel=a", ticket(60, BOB));
	ask(&other, "channel=b", ticket(60, ANN));
	assert_true(front_connect(&without, r.address));
	assert_true(front_request(&without, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", NULL}));
	assert_served(&with);
	assert_served(&both);
	assert_served(&other);
	assert_served(&without);
	close_as_admin("close=channel:a", "{\"closed\":3}\n");
	assert_true(front_until_end(&with, PATIENCE));
	assert_true(front_until_end(&without, PATIENCE));
	assert_true(front_until_end(&both, PATIENCE));
	assert_true(is_open(&other));
	assert_true(status_until(&r, "\"ticketed\":", 1));
	front_close(&with);
	front_close(&without);
	front_close(&both);
	front_close(&other);
	close_as_admin("close=channel:nobody%27s", "{\"closed\":0}\n");
}

#define MAY "\"publish\":[\"a\",\"b*\"]"

static void
publishers_need_one_for_each_channel(void **state)
{
	struct front reader;

	(void)state;
	assert_true(front_connect(&reader, r.address));
	assert_true(front_request(&reader, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a&channel=c", NULL}));
	assert_served(&reader);
	assert_int_equal(publish_as("POST", "channel=a", NULL, "none"), 401);
	assert_int_equal(publish_as("POST", "channel=a", ticket(-1, MAY),
			     "expired"),
	    401);
	assert_int_equal(publish_as("POST", "channel=c", ticket(60, MAY),
			     "other"),
	    403);
	assert_int_equal(publish_as("POST", "channel=a&channel=c",
			     ticket(60, MAY), "both"),
	    403);
	assert_int_equal(publish_as("POST", "channel=a",
			     ticket(60, "\"channels\":[\"a\"]"), "reads"),
	    403);
	assert_int_equal(publish_as("DELETE", "channel=c", ticket(60, MAY), ""),
	    403);
	assert_int_equal(publish_as("POST", "", ticket(60, MAY), "no channel"),
	    400);
	assert_int_equal(publish_as("PUT", "channel=a&channel=bc",
			     ticket(60, MAY), "good"),
	    200);
	assert_int_equal(publish_as("DELETE", "channel=bc", ticket(60, MAY),
			     ""),
	    200);
	assert_true(front_until_text(&reader, "data: good\n", PATIENCE));
	assert_int_equal(front_count(&reader, "data: \xef\xbb\xbf") +
			     front_count(&reader, "\ndata: g"),
	    1);
	assert_null(strstr(reader.text, "other"));
	assert_null(strstr(reader.text, "both"));
	assert_null(strstr(reader.text, "reads"));
	front_close(&reader);
}

/* A feed that is there, of the ticket's. */
static void
feed_begin(struct front *f, const char *query, const char *token)
{
	char header[TOKEN_SIZE + 10];
	const char *more[] = {"SSE_TICKET", "required", "HTTP_AUTHORIZATION",
	    header, NULL};

	(void)snprintf(header, sizeof(header), "Bearer %s", token);
	assert_true(front_connect(f, r.address));
	assert_true(post_head(f, 0,
	    &(struct post){.query = query,
		.type = "text/event-stream",
		.more = more}));
}

static void
feed_says(struct front *f, const char *text)
{
	assert_true(front_record(f, STDIN, f->id, text, strlen(text), 0));
}

static void
feed_ends_with_its_ticket(void **state)
{
	struct front reader, feed, again;

	(void)state;
	start_with((const char *[]){"--feed-grace", "30", NULL});
	assert_true(front_connect(&reader, r.address));
	assert_true(front_request(&reader, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", NULL}));
	assert_served(&reader);
	feed_begin(&feed, "channel=c&feed=1", ticket(60, MAY));
	assert_true(front_until_end(&feed, PATIENCE));
	assert_int_equal(answer_status(&feed), 403);
	front_close(&feed);
	feed_begin(&feed, "channel=a&feed=1", ticket(a_while(), MAY));
	feed_says(&feed, "data: one\n\n");
	assert_true(front_until_text(&reader, "data: one\n", PATIENCE));
	assert_true(front_until_end(&feed, PATIENCE));
	assert_int_equal(answer_status(&feed), 401);
	assert_non_null(strstr(answer_text(&feed), "1 event of this feed"));
	front_close(&feed);
	feed_begin(&again, "channel=a&feed=1&end=1", ticket(60, MAY));
	feed_says(&again, "data: two\n\n");
	assert_true(front_until_text(&reader, "data: two\n", PATIENCE));
	assert_true(front_record(&again, STDIN, again.id, NULL, 0, 0));
	assert_true(front_until_end(&again, PATIENCE));
	assert_int_equal(answer_status(&again), 200);
	front_close(&again);
	assert_true(front_until_end(&reader, PATIENCE));
	assert_null(strstr(reader.text, "abandoned"));
	front_close(&reader);
	(void)stop(NULL);
}

static void
feeds_are_of_their_subject(void **state)
{
	static const char claims[] = MAY ",\"sub\":\"ann\"";
	struct front reader, feed, over;

	(void)state;
	start_with((const char *[]){"--max-per-subject", "1", "--feed-grace",
	    "1", NULL});
	assert_true(front_connect(&reader, r.address));
	assert_true(front_request(&reader, 0, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", NULL}));
	assert_served(&reader);
	feed_begin(&feed, "channel=a&feed=1", ticket(60, claims));
	feed_says(&feed, "data: one\n\n");
	assert_true(status_until(&r, "\"feed_events\":", 1));
	feed_begin(&over, "channel=b&feed=1", ticket(60, claims));
	assert_true(front_until_end(&over, PATIENCE));
	assert_int_equal(answer_status(&over), 503);
	front_close(&over);
	close_as_admin("close=sub:ann", "{\"closed\":1}\n");
	assert_true(front_until_end(&feed, PATIENCE));
	assert_int_equal(answer_status(&feed), 401);
	front_close(&feed);
	assert_true(status_until(&r, "\"ticketed\":", 0));
	/* Nobody has come in its place. */
	assert_true(front_until_text(&reader, "event: abandoned\n", PATIENCE));
	front_close(&reader);
	(void)stop(NULL);
}

/* On a kept connection the next request has what it brings itself. */
static void
permit_is_of_one_request(void **state)
{
	char header[TOKEN_SIZE + 10];
	struct front f;

	(void)state;
	(void)snprintf(header, sizeof(header), "Bearer %s",
	    ticket(60, "\"channels\":[\"a\"],\"sub\":\"ann\""));
	assert_true(front_connect(&f, r.address));
	assert_true(front_request(&f, 1, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", "SSE_TICKET",
		"required", "HTTP_AUTHORIZATION", header, NULL}));
	assert_served(&f);
	assert_true(front_record(&f, ABORT, f.id, NULL, 0, 0));
	assert_true(front_until_end(&f, PATIENCE));
	assert_true(status_until(&r, "\"ticketed\":", 0));
	front_next(&f, 1);
	assert_true(front_request(&f, 1, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", "SSE_TICKET",
		"required", NULL}));
	assert_true(front_until_end(&f, PATIENCE));
	assert_true(begins(&f, REFUSED));
	front_next(&f, 1);
	assert_true(front_request(&f, 1, "GET",
	    (const char *[]){"QUERY_STRING", "channel=a", NULL}));
	assert_served(&f);
	close_as_admin("close=sub:ann", "{\"closed\":0}\n");
	assert_true(is_open(&f));
	front_close(&f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(two_of_a_kind_are_none),
	    TEST(each_channel_is_asked_for),
	    TEST(nothing_is_told_of_a_channel_without_a_ticket),
	    TEST(location_alone_wants_tickets),
	    TEST(what_a_front_says_wrongly_lets_nobody_in),
	    TEST(stream_ends_with_its_ticket_and_goes_on_with_another),
	    TEST(slow_stream_gets_nothing_published_behind_its_ticket),
	    cmocka_unit_test(younger_of_age_and_ticket_counts),
	    TEST(keys_change_without_a_restart),
	    cmocka_unit_test(clocks_may_differ_by_the_skew),
	    cmocka_unit_test(one_subject_has_its_own_limit),
	    TEST(admin_closes_a_subject),
	    TEST(admin_closes_a_channel),
	    TEST(publishers_need_one_for_each_channel),
	    cmocka_unit_test(feed_ends_with_its_ticket),
	    cmocka_unit_test(feeds_are_of_their_subject),
	    TEST(permit_is_of_one_request),
	};
	struct CMUnitTest
	    tests[LENGTH(sources) + LENGTH(wrongs) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(sources); i++)
		tests[n++] =
		    row_test(sources[i].name, source_is_looked_at, &sources[i]);
	for (i = 0; i < LENGTH(wrongs); i++)
		tests[n++] = row_test(wrongs[i].name,
		    wrong_ticket_is_refused_like_any, &wrongs[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("ticket", tests, n, NULL, NULL);
}
