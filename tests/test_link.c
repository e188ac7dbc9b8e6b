/* SPDX-License-Identifier: ISC */
/*
 * A connection that is kept up, against servers that do not.  The clock is the
 * test's: later() is how time passes.
 */
#include "scripted.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#include "base/log.h"
#include "engine/link.h"

#define LIST \
	"*2\r\n*2\r\n$3\r\n1-1\r\n*1\r\n$1\r\na\r\n*2\r\n$3\r\n1-2\r\n*0\r\n"

static const struct line good[] = {
    {"ROLE", MASTER},
    {"LIST", LIST},
    {"NUMBER", ":42\r\n"},
    {"SILENCE", NOTHING},
    {"HALF", "$10\r\nabcde"},
    {"END", CLOSE},
    {NULL, NULL},
};

static struct ev_loop *loop;
static ev_check check;
static ev_timer pace; /* UNTIL() looks again, whatever happens */
static double now;
static char directory[] = "/tmp/test_link.XXXXXX";
static char log_path[64], password_path[64];
static struct link_setup set;
static struct scripted server, other;
static struct finder *finder;
static struct link l, follower;

enum moment { AT_UP, AT_PART, AT_REPLY, AT_DOWN };

/* What the user has seen, and does then. */
static struct seen {
	unsigned ups, parts, replies, downs;
	int tags[64];
	unsigned elements; /* taken out in part() */
	unsigned wrong;	   /* what must never be */
	unsigned lists;	   /* replies that were LIST, whole or what was left */
	char text[64];	   /* of the last reply */
	char why[256];
	bool large, with_part;
	bool takes; /* in part() */
	bool over;  /* it was told to go: nothing may come */
	void (*act)(struct link *, enum moment);
} seen;

static void
act(enum moment at)
{
	if (seen.act != NULL)
		seen.act(&l, at);
}

static void
on_up(void *arg)
{
	(void)arg;
	seen.ups++;
	seen.over = false;
	act(AT_UP);
}

static void
on_part(void *arg, int tag, struct resp_value *reply)
{
	struct resp_value *v;

	(void)arg;
	(void)tag;
	seen.parts++;
	seen.wrong += seen.over;
	while (seen.takes && (v = resp_shift(link_resp(&l), reply)) != NULL) {
		seen.elements++;
		resp_value_free(v);
	}
	act(AT_PART);
}

static void
on_reply(void *arg, int tag, struct resp_value *reply)
{
	(void)arg;
	seen.wrong += seen.over;
	seen.lists += reply->type == RESP_ARRAY && reply->came == 2;
	seen.tags[seen.replies++ % LENGTH(seen.tags)] = tag;
	if (reply->type == RESP_ARRAY)
		(void)snprintf(seen.text, sizeof(seen.text), "%zu elements",
		    reply->came);
	else if (reply->type == RESP_INTEGER)
		(void)snprintf(seen.text, sizeof(seen.text), "%lld",
		    reply->number);
	else
		(void)snprintf(seen.text, sizeof(seen.text), "%.*s",
		    (int)(reply->len < 60 ? reply->len : 60), reply->text);
	act(AT_REPLY);
}

static void
on_down(void *arg, const char *why, bool large, const struct resp_value *part)
{
	(void)arg;
	seen.downs++;
	seen.over = false;
	seen.large = large;
	seen.with_part = part != NULL;
	(void)snprintf(seen.why, sizeof(seen.why), "%s", why);
	act(AT_DOWN);
}

static const struct link_user user = {.up = on_up,
    .part = on_part,
    .reply = on_reply,
    .down = on_down};

/* The follower's user counts nothing but what it is told. */
static struct {
	unsigned ups, downs, replies;
} others;

static void
on_other_up(void *arg)
{
	(void)arg;
	others.ups++;
}

static void
on_other_reply(void *arg, int tag, struct resp_value *reply)
{
	(void)arg;
	(void)tag;
	(void)reply;
	others.replies++;
}

static void
on_other_down(void *arg, const char *why, bool large,
    const struct resp_value *part)
{
	(void)arg;
	(void)why;
	(void)large;
	(void)part;
	others.downs++;
}

static const struct link_user other_user = {.up = on_other_up,
    .reply = on_other_reply,
    .down = on_other_down};

static void
on_check(struct ev_loop *on, ev_check *w, int revents)
{
	(void)on;
	(void)w;
	(void)revents;
	now += 1e-6; /* a turn; what a test waits for is by later() */
}

static void
on_pace(struct ev_loop *on, ev_timer *w, int revents)
{
	(void)on;
	(void)w;
	(void)revents;
}

/* So many seconds pass. */
static void
later(double seconds)
{
	now += seconds;
	if (l.state != LINK_OFF)
		ev_feed_event(loop, &l.timer, EV_TIMER);
	if (follower.set != NULL && follower.state != LINK_OFF)
		ev_feed_event(loop, &follower.timer, EV_TIMER);
	some_turns(loop, 1);
}

static int
set_up(void **state)
{
	(void)state;
	seen = (struct seen){.ups = 0};
	memset(&others, 0, sizeof(others));
	now = 1000;
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	ev_check_init(&check, on_check);
	ev_set_priority(&check, EV_MAXPRI);
	ev_check_start(loop, &check);
	ev_timer_init(&pace, on_pace, 0.005, 0.005);
	ev_timer_start(loop, &pace);
	set =
	    (struct link_setup){.loop = loop, .now = &now, .reply_max = 65536};
	follower = (struct link){.set = NULL};
	scripted_unix(&server, loop, directory, "a", good);
	other = (struct scripted){.fd = -1};
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	link_stop(&l);
	if (follower.set != NULL)
		link_stop(&follower);
	finder_free(finder);
	scripted_end(&server);
	if (other.loop != NULL)
		scripted_end(&other);
	ev_timer_stop(loop, &pace);
	ev_check_stop(loop, &check);
	ev_loop_destroy(loop);
	return 0;
}

/* Connects to these; user as above. */
static void
begin(const char *addresses)
{
	char err[256];

	finder = finder_new(&set, addresses, NULL, err, sizeof(err));
	if (finder == NULL)
		fail_msg("%s", err);
	link_init(&l, &set, "tail", finder, NULL, &user);
	link_start(&l);
}

static void
come_up(void)
{
	begin(server.address);
	UNTIL(loop, l.state == LINK_UP);
}

static uint64_t
say(int tag, const char *word)
{
	return link_say(&l, tag, 1, (const char *[]){word, NULL});
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
it_says_who_it_is_in_one_write(void **state)
{
	(void)state;
	write_file(password_path, "se cret\nnot this\n");
	set.password_file = password_path;
	set.user = "sse";
	set.db = 3;
	come_up();
	assert_string_equal(server.heard,
	    "AUTH sse se cret\nSELECT 3\nPING\nROLE\n");
	assert_int_equal(server.reads, 1);
	assert_int_equal(seen.ups, 1);
	assert_int_equal(l.connects, 1);
	assert_string_equal(l.why, "");
}

static void
without_an_account_it_does_not(void **state)
{
	(void)state;
	come_up();
	assert_string_equal(server.heard, "PING\nROLE\n");
}

static void
commands_of_a_turn_go_in_one_write_and_are_answered_in_order(void **state)
{
	uint64_t first, next;

	(void)state;
	come_up();
	server.reads = 0;
	first = say(1, "NUMBER");
	next = say(2, "LIST");
	say(3, "X");
	assert_int_equal(l.out_len, l.sent - l.written);
	assert_false(link_written(&l, first));
	UNTIL(loop, seen.replies == 3);
	assert_int_equal(server.reads, 1);
	assert_int_equal(seen.tags[0], 1);
	assert_int_equal(seen.tags[1], 2);
	assert_int_equal(seen.tags[2], 3);
	assert_true(link_written(&l, first) && link_written(&l, next));
	assert_int_equal(l.out_len, 0);
	assert_int_equal(l.pending, 0);
}

static void
reconnect(void)
{
	unsigned ups = seen.ups;

	link_again(&l, "the test wants it");
	UNTIL(loop, l.state == LINK_WAITING);
	later(1);
	UNTIL(loop, seen.ups == ups + 1);
}

static void
each_reply_may_be_cut_at_every_byte(void **state)
{
	size_t all = strlen("+OK\r\n" MASTER LIST ":42\r\n"), cut;

	(void)state;
	come_up();
	for (cut = 1; cut < all; cut++) {
		server.cut = cut;
		reconnect();
		seen.replies = 0;
		say(7, "LIST");
		say(8, "NUMBER");
		UNTIL(loop, seen.replies == 2);
		assert_int_equal(seen.lists, cut);
		assert_string_equal(seen.text, "42");
	}
	assert_int_equal(l.connects, all);
	server.single = true;
	reconnect();
	say(9, "LIST");
	seen.takes = true;
	UNTIL(loop, seen.replies == 3);
	assert_int_equal(seen.elements, 1); /* the last came with the reply */
}

static void
parts_are_taken_out_of_what_is_under_way(void **state)
{
	(void)state;
	come_up();
	server.cut = strlen("+OK\r\n" MASTER) + 30;
	reconnect();
	seen.takes = true;
	say(1, "LIST");
	UNTIL(loop, seen.replies == 1);
	assert_int_equal(seen.parts, 1);
	assert_int_equal(seen.elements, 1);
	assert_string_equal(seen.text, "2 elements");
}

/* What it is about, and how long until the link goes. */
static void
waits(enum link_state state, double seconds, const char *why)
{
	UNTIL(loop, l.state == state);
	later(seconds - 0.1);
	assert_int_equal(l.state, state);
	later(0.2);
	assert_int_equal(l.state, LINK_WAITING);
	if (strstr(l.why, why) == NULL)
		fail_msg("%s", l.why);
}

static void
a_server_that_says_nothing_is_left(void **state)
{
	static const struct line silent[] = {{"", NOTHING}, {NULL, NULL}};

	(void)state;
	server.script = silent;
	begin(server.address);
	waits(LINK_GREETING, LINK_PATIENCE, "has not answered for 3 seconds");
	later(1);
	UNTIL(loop, server.accepted == 2);
	assert_int_equal(seen.downs, 0); /* it was never up */
}

static void
a_greeting_byte_by_byte_has_the_same_limit(void **state)
{
	static const struct line half[] = {{"PING", "+OK\r\n"},
	    {"", "*3\r\n$6\r\nmas"}, {NULL, NULL}};

	(void)state;
	server.script = half;
	server.single = true;
	begin(server.address);
	UNTIL(loop, server.peer[0].told == strlen("+OK\r\n*3\r\n$6\r\nmas"));
	waits(LINK_GREETING, LINK_PATIENCE, "has not answered for 3 seconds");
}

/* Connections that nobody takes fill the queue of those that wait. */
static void
a_full_queue_is_waited_for_so_long(void **state)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	int fd[8], i;

	(void)state;
	scripted_tcp(&other, loop, good);
	ev_io_stop(loop, &other.accepting);
	assert_int_equal(listen(other.fd, 0), 0);
	assert_int_equal(getsockname(other.fd, (struct sockaddr *)&in, &len),
	    0);
	for (i = 0; i < 8; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(platform_set_flags(fd[i]), 0);
		(void)connect(fd[i], (struct sockaddr *)&in, len);
	}
	begin(other.address);
	waits(LINK_CONNECTING, LINK_PATIENCE, "does not take the connection");
	for (i = 0; i < 8; i++)
		(void)close(fd[i]);
}

static void
a_full_queue_of_a_unix_socket_is_told_at_once(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd[8], i;

	(void)state;
	ev_io_stop(loop, &server.accepting);
	assert_int_equal(listen(server.fd, 0), 0);
	memcpy(un.sun_path, server.path, sizeof(server.path));
	for (i = 0; i < 8; i++) {
		fd[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(platform_set_flags(fd[i]), 0);
		(void)connect(fd[i], (struct sockaddr *)&un, sizeof(un));
	}
	begin(server.address);
	UNTIL(loop, l.failures == 1);
	assert_non_null(strstr(l.why, "cannot be reached"));
	for (i = 0; i < 8; i++)
		(void)close(fd[i]);
	ev_io_start(loop, &server.accepting);
	UNTIL(loop, (later(0.05), l.state == LINK_UP));
}

static void
nobody_listening_is_tried_again_and_again(void **state)
{
	(void)state;
	scripted_tcp(&other, loop, good);
	scripted_end(&other);
	begin(other.address);
	UNTIL(loop, l.failures == 1);
	assert_non_null(strstr(l.why, "Connection refused"));
	assert_non_null(strstr(l.why, other.address));
	UNTIL(loop, (later(0.3), l.failures == 5));
}

static void
an_answer_that_does_not_come_ends_it(void **state)
{
	(void)state;
	come_up();
	(void)link_say(&l, 1, 4, (const char *[]){"NUMBER", NULL});
	(void)link_say(&l, 2, 4, (const char *[]){"SILENCE", NULL});
	UNTIL(loop, seen.replies == 1);
	waits(LINK_UP, 4, "has not answered for 4 seconds");
	assert_int_equal(seen.downs, 1);
	assert_string_equal(seen.why, l.why);
}

/* libev says so. */
static void
a_connection_that_the_kernel_does_not_watch_is_another(void **state)
{
	(void)state;
	come_up();
	ev_invoke(loop, &l.io, EV_ERROR | EV_READ | EV_WRITE);
	assert_int_equal(seen.downs, 1);
	assert_non_null(strstr(seen.why, "the kernel does not watch it"));
	later(1);
	UNTIL(loop, l.state == LINK_UP);
	say(1, "NUMBER");
	UNTIL(loop, seen.replies == 1);
}

static void
half_an_answer_is_none(void **state)
{
	(void)state;
	come_up();
	say(1, "HALF");
	UNTIL(loop, server.peer[0].out_len == 0 && server.commands == 3);
	waits(LINK_UP, 1, "has not answered for 1 seconds");
	assert_int_equal(seen.replies, 0);
}

/* Each command has its time from when the one before it was answered. */
static void
patience_begins_with_the_answer_before(void **state)
{
	(void)state;
	come_up();
	say(1, "SILENCE");
	say(2, "SILENCE");
	UNTIL(loop, server.commands == 4);
	later(0.8);
	scripted_say(&server, "+OK\r\n");
	UNTIL(loop, seen.replies == 1);
	waits(LINK_UP, 1, "has not answered");
}

static void
what_is_taken_out_of_an_answer_is_progress(void **state)
{
	(void)state;
	come_up();
	seen.takes = true;
	say(1, "SILENCE");
	UNTIL(loop, server.commands == 3);
	scripted_say(&server, "*9\r\n");
	UNTIL(loop, seen.parts == 1);
	later(0.8);
	scripted_say(&server, "$1\r\na\r\n");
	UNTIL(loop, seen.elements == 1);
	later(0.8);
	assert_int_equal(l.state, LINK_UP);
	scripted_say(&server, "$9\r\na");
	some_turns(loop, 5);
	waits(LINK_UP, 0.2, "has not answered");
}

static void
an_idle_connection_has_no_limit(void **state)
{
	(void)state;
	come_up();
	later(1e6);
	assert_int_equal(l.state, LINK_UP);
	say(1, "NUMBER");
	UNTIL(loop, seen.replies == 1);
	later(1e6);
	assert_int_equal(l.state, LINK_UP);
}

static const struct unasked {
	const char *name, *says, *why;
} unasked[] = {
    {"unasked: a status", "+OK\r\n", "nobody has asked for"},
    {"unasked: half a status", "+O", "nobody has asked for"},
    {"unasked: a message", "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nd\r\n",
	"nobody has asked"},
    {"unasked: a push", ">2\r\n+a\r\n+b\r\n", "nobody has asked for"},
};

static void
what_nobody_asked_for_ends_it(void **state)
{
	const struct unasked *row = *state;

	(void)set_up(NULL);
	come_up();
	scripted_say(&server, row->says);
	UNTIL(loop, seen.downs == 1);
	assert_non_null(strstr(seen.why, row->why));
	assert_int_equal(seen.replies, 0);
	(void)tear_down(NULL);
}

static const struct unasked second[] = {
    {"second: a status", "+OK\r\n+OK\r\n", "nobody has asked for"},
    {"second: a part", "+OK\r\n*1\r\n", "nobody has asked for"},
    {"second: garbage", "+OK\r\nHTTP/1.1 200 OK\r\n", "no RESP 2"},
    {"instead: garbage", "HTTP/1.1 400 Bad Request\r\n", "no RESP 2"},
    {"instead: a push", ">2\r\n+a\r\n+b\r\n", "no RESP 2"},
    {"instead: a map", "%1\r\n+a\r\n+b\r\n", "no RESP 2"},
};

static void
what_comes_behind_an_answer_ends_it(void **state)
{
	const struct unasked *row = *state;

	(void)set_up(NULL);
	come_up();
	say(1, "SILENCE");
	UNTIL(loop, server.commands == 3);
	scripted_say(&server, row->says);
	UNTIL(loop, seen.downs == 1);
	if (strstr(seen.why, row->why) == NULL)
		fail_msg("%s", seen.why);
	assert_int_equal(seen.replies, *row->says == '+');
	(void)tear_down(NULL);
}

/* It is in the socket before the command is. */
static void
an_answer_before_its_command_ends_it(void **state)
{
	(void)state;
	come_up();
	assert_int_equal(send(server.peer[0].fd, "+OK\r\n", 5, 0), 5);
	say(1, "NUMBER");
	ev_invoke(loop, &l.io, EV_READ);
	UNTIL(loop, seen.downs == 1);
	assert_non_null(strstr(seen.why, "nobody has asked for"));
	assert_int_equal(seen.replies, 0);
}

static void
it_is_closed_at_each_step(void **state)
{
	static const char *const steps[] = {"PING", "ROLE", "X"};
	struct line script[] = {{NULL, CLOSE}, {"ROLE", MASTER}, {NULL, NULL}};
	size_t i;

	(void)state;
	come_up();
	for (i = 0; i < LENGTH(steps); i++) {
		script[0].command = steps[i];
		server.script = script;
		link_again(&l, "the test wants it");
		UNTIL(loop, l.state == LINK_WAITING);
		seen.downs = 0;
		later(1);
		UNTIL(loop, l.state == LINK_UP || l.state == LINK_WAITING);
		if (i == 2)
			say(1, "X");
		UNTIL(loop, l.state == LINK_WAITING);
		assert_non_null(strstr(l.why, "has closed the connection"));
		assert_int_equal(seen.downs, i == 2);
		server.script = good;
		UNTIL(loop, (later(1), l.state == LINK_UP));
	}
}

static void
it_is_closed_before_it_is_greeted(void **state)
{
	(void)state;
	server.deaf = true;
	begin(server.address);
	UNTIL(loop, server.accepted == 1);
	scripted_hang_up_all(&server);
	UNTIL(loop, l.state == LINK_WAITING);
	server.deaf = false;
	UNTIL(loop, (later(1), l.state == LINK_UP));
}

/* The reply that tells why comes from a server that has closed already. */
static void
what_a_server_says_before_it_closes_is_heard(void **state)
{
	static const char full[] = "-ERR max number of clients reached\r\n";

	(void)state;
	server.deaf = true;
	begin(server.address);
	UNTIL(loop, server.accepted == 1);
	assert_int_equal(send(server.peer[0].fd, full, sizeof(full) - 1, 0),
	    sizeof(full) - 1);
	scripted_hang_up_all(&server);
	UNTIL(loop, l.state == LINK_WAITING);
	if (strstr(l.why, "max number of clients") == NULL)
		fail_msg("%s", l.why);
}

static void
too_large_a_reply_ends_it_with_what_is_here(void **state)
{
	char big[70000];
	int n =
	    snprintf(big, sizeof(big), "*1\r\n*2\r\n$3\r\n1-1\r\n$90000\r\n");

	(void)state;
	memset(big + n, 'x', sizeof(big) - (size_t)n);
	big[sizeof(big) - 1] = '\0';
	come_up();
	say(1, "SILENCE");
	UNTIL(loop, server.commands == 3);
	scripted_say(&server, big);
	UNTIL(loop, seen.downs == 1);
	assert_true(seen.large && seen.with_part);
	assert_non_null(strstr(seen.why, "more than 65536 bytes"));
	reconnect();
	assert_int_equal(seen.ups, 2);
}

static enum moment act_at;
static unsigned acted;

static void
go_again(struct link *link, enum moment at)
{
	if (at != act_at)
		return;
	acted++;
	seen.over = at != AT_DOWN;
	link_again(link, "the user wants it");
	assert_int_equal(say(9, "X") == UINT64_MAX, true);
}

static void
stop(struct link *link, enum moment at)
{
	if (at != act_at)
		return;
	acted++;
	seen.over = true;
	link_stop(link);
	link_stop(link);
}

static void
stop_and_start(struct link *link, enum moment at)
{
	if (at != act_at || acted > 0)
		return;
	acted++;
	seen.over = true;
	link_stop(link);
	link_start(link);
}

/* Up to the moment; AT_PART needs a reply that comes in two. */
static void
until_it_acts(void (*f)(struct link *, enum moment), enum moment at)
{
	act_at = at;
	acted = 0;
	seen.act = f;
	server.cut = strlen("+OK\r\n" MASTER) + 30;
	begin(server.address);
	UNTIL(loop, l.state == LINK_UP || acted > 0);
	if (at != AT_UP) {
		say(1, "LIST");
		say(2, at == AT_DOWN ? "END" : "X");
	}
	UNTIL(loop, acted > 0);
}

static void
it_may_go_again_from_every_callback(void **state)
{
	enum moment at;

	(void)state;
	for (at = AT_UP; at <= AT_DOWN; at++) {
		until_it_acts(go_again, at);
		UNTIL(loop, seen.downs > 0);
		assert_int_equal(l.state, LINK_WAITING);
		assert_int_equal(seen.wrong, 0);
		if (at != AT_DOWN)
			assert_string_equal(seen.why, "the user wants it");
		seen.act = NULL;
		later(1);
		UNTIL(loop, l.state == LINK_UP);
		(void)tear_down(NULL);
		(void)set_up(NULL);
	}
	begin(server.address);
}

static void
it_may_be_stopped_in_every_callback(void **state)
{
	enum moment at;

	(void)state;
	for (at = AT_UP; at <= AT_DOWN; at++) {
		until_it_acts(stop, at);
		assert_int_equal(l.state, LINK_OFF);
		assert_int_equal(l.fd, -1);
		some_turns(loop, 5);
		assert_int_equal(l.state, LINK_OFF);
		assert_int_equal(seen.wrong, 0);
		assert_int_equal(seen.downs, at == AT_DOWN);
		(void)tear_down(NULL);
		(void)set_up(NULL);
	}
	begin(server.address);
}

static void
it_may_be_started_anew_in_every_callback(void **state)
{
	enum moment at;

	(void)state;
	for (at = AT_UP; at <= AT_DOWN; at++) {
		until_it_acts(stop_and_start, at);
		UNTIL(loop, seen.ups == 2);
		assert_int_equal(l.state, LINK_UP);
		assert_int_equal(seen.wrong, 0);
		(void)tear_down(NULL);
		(void)set_up(NULL);
	}
	begin(server.address);
}

static void
it_goes_again_also_from_outside(void **state)
{
	(void)state;
	come_up();
	say(1, "LIST");
	link_again(&l, "it is a whim");
	link_again(&l, "the first counts");
	assert_int_equal(l.state, LINK_UP);
	assert_int_equal(seen.downs, 0);
	some_turns(loop, 1);
	assert_int_equal(seen.downs, 1);
	assert_string_equal(seen.why, "it is a whim");
	assert_int_equal(server.commands, 2); /* it was never written */
	link_again(&l, "it is on its way already");
	some_turns(loop, 1);
	assert_int_equal(seen.downs, 1);
}

static void
pause_once(struct link *link, enum moment at)
{
	if (at == act_at && acted++ == 0)
		link_pause(link);
}

static void
a_pause_holds_a_reply_until_it_goes_on(void **state)
{
	(void)state;
	act_at = AT_REPLY;
	acted = 0;
	seen.act = pause_once;
	come_up();
	say(1, "LIST");
	say(2, "NUMBER");
	UNTIL(loop, seen.replies == 1);
	later(100); /* no time runs */
	some_turns(loop, 5);
	assert_int_equal(l.state, LINK_UP);
	assert_int_equal(seen.replies, 1);
	say(3, "X");
	UNTIL(loop, server.commands == 5);
	assert_int_equal(seen.replies, 1);
	link_go_on(&l);
	assert_int_equal(seen.replies, 1); /* it comes later */
	later(0.9);
	UNTIL(loop, seen.replies == 4);
	assert_int_equal(seen.tags[1], 1);
	assert_int_equal(seen.tags[2], 2);
	assert_int_equal(seen.tags[3], 3);
	assert_int_equal(l.pending, 0);
}

static void
a_pause_holds_a_part_until_it_goes_on(void **state)
{
	(void)state;
	act_at = AT_PART;
	acted = 0;
	seen.act = pause_once;
	server.cut = strlen("+OK\r\n" MASTER) + 30;
	come_up();
	say(1, "LIST");
	UNTIL(loop, seen.parts == 1);
	UNTIL(loop, server.peer[0].out_len == 0);
	some_turns(loop, 5);
	assert_int_equal(seen.parts, 1);
	link_go_on(&l);
	UNTIL(loop, seen.replies == 1);
	assert_int_equal(seen.parts, 2);
	assert_string_equal(seen.text, "2 elements");
}

/* Pieces of one read, of which the first is paused at. */
static void
a_pause_in_the_middle_of_a_read_loses_nothing(void **state)
{
	char text[40000];
	size_t len = 0, i;

	(void)state;
	act_at = AT_PART;
	acted = 0;
	seen.act = pause_once;
	seen.takes = true;
	come_up();
	say(1, "SILENCE");
	say(2, "SILENCE");
	UNTIL(loop, server.commands == 4);
	len += (size_t)snprintf(text, sizeof(text), "*2000\r\n");
	for (i = 0; i < 2000; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "$9\r\n%09zu\r\n", i);
	(void)snprintf(text + len, sizeof(text) - len, ":7\r\n");
	scripted_say(&server, text);
	UNTIL(loop, seen.parts == 1);
	some_turns(loop, 5);
	assert_true(l.in_at < l.in_len);
	assert_int_equal(seen.parts, 1);
	link_go_on(&l);
	UNTIL(loop, seen.replies == 2);
	assert_string_equal(seen.text, "7");
	assert_true(seen.elements > 1500 && seen.elements <= 2000);
}

static void
pause_and_go_on(struct link *link, enum moment at)
{
	if (at != AT_REPLY)
		return;
	link_pause(link);
	link_go_on(link);
}

static void
a_pause_that_is_over_at_once_is_none(void **state)
{
	(void)state;
	seen.act = pause_and_go_on;
	come_up();
	say(1, "LIST");
	say(2, "NUMBER");
	UNTIL(loop, l.pending == 0);
	some_turns(loop, 3);
	assert_int_equal(seen.replies, 2);
}

static void
while_it_is_paused_it_may_be_stopped_or_go_again(void **state)
{
	(void)state;
	come_up();
	say(1, "LIST");
	link_pause(&l);
	UNTIL(loop, server.commands == 3);
	link_again(&l, "the test wants it");
	UNTIL(loop, l.state == LINK_WAITING);
	assert_false(l.paused);
	later(1);
	UNTIL(loop, l.state == LINK_UP);
	link_pause(&l);
	link_stop(&l);
	link_go_on(&l);
	link_start(&l);
	UNTIL(loop, l.state == LINK_UP);
	say(1, "NUMBER");
	UNTIL(loop, seen.replies == 1);
}

static const struct refusal {
	const char *name, *says, *why;
	bool next; /* another of the list is tried */
} refusals[] = {
    {"refusal: READONLY", "-READONLY You can't write\r\n",
	"is a replica: READONLY You can't write", true},
    {"refusal: LOADING", "-LOADING Redis is loading\r\n", "is loading its data",
	true},
    {"refusal: MASTERDOWN", "-MASTERDOWN Link with MASTER is down\r\n",
	"is a replica without its master", true},
    {"refusal: CLUSTERDOWN", "-CLUSTERDOWN The cluster is down\r\n",
	"cluster is down", true},
    {"refusal: NOAUTH", "-NOAUTH Authentication required.\r\n",
	"--redis-password-file", true},
    {"refusal: WRONGPASS", "-WRONGPASS invalid\x1b[1m pair\r\n",
	"WRONGPASS invalid?[1m pair", true},
    {"refusal: TRYAGAIN", "-TRYAGAIN Multiple keys\r\n", "TRYAGAIN", false},
    {"refusal: ASK", "-ASK 3999 127.0.0.1:1\r\n", "ASK 3999", false},
    {"refusal: UNBLOCKED", "-UNBLOCKED force unblock\r\n", "UNBLOCKED", false},
};

static void
a_server_that_is_of_no_use_is_left(void **state)
{
	const struct refusal *row = *state;
	char both[400];

	(void)set_up(NULL);
	scripted_unix(&other, loop, directory, "b", good);
	(void)snprintf(both, sizeof(both), "%s,%s", server.address,
	    other.address);
	begin(both);
	UNTIL(loop, l.state == LINK_UP);
	say(1, "SILENCE");
	UNTIL(loop, server.commands == 3);
	scripted_say(&server, row->says);
	UNTIL(loop, seen.downs == 1);
	assert_int_equal(seen.replies, 1); /* the user hears it first */
	if (strstr(seen.why, row->why) == NULL)
		fail_msg("%s", seen.why);
	later(1);
	UNTIL(loop, l.state == LINK_UP);
	assert_int_equal(other.accepted, row->next);
	assert_int_equal(server.accepted, row->next ? 1 : 2);
	(void)tear_down(NULL);
}

static const char *const harmless[] = {
    "-NOREPLICAS Not enough good replicas to write.\r\n",
    "-WRONGTYPE Operation against a key\r\n",
    "-OOM command not allowed\r\n",
    "-NOPERM this user has no permissions\r\n",
    "-MISCONF Errors writing to the AOF file\r\n",
    "-ERR Invalid stream ID\r\n",
    "-EXECABORT Transaction discarded\r\n",
    "-READONLYX not the word\r\n",
};

static void
other_errors_are_the_users(void **state)
{
	size_t i;

	(void)state;
	come_up();
	for (i = 0; i < LENGTH(harmless); i++) {
		say(1, "SILENCE");
		UNTIL(loop, server.commands == 3 + i);
		scripted_say(&server, harmless[i]);
		UNTIL(loop, seen.replies == i + 1);
	}
	some_turns(loop, 3);
	assert_int_equal(seen.downs, 0);
}

static void
where_the_key_has_moved_to_is_tried_next(void **state)
{
	char moved[200];

	(void)state;
	scripted_tcp(&other, loop, good);
	come_up();
	(void)snprintf(moved, sizeof(moved), "-MOVED 3999 %s\r\n",
	    other.address);
	say(1, "SILENCE");
	UNTIL(loop, server.commands == 3);
	scripted_say(&server, moved);
	UNTIL(loop, seen.downs == 1);
	later(1);
	UNTIL(loop, l.state == LINK_UP);
	assert_int_equal(other.accepted, 1);
	assert_string_equal(l.where, other.address);
	/* That ends, and it is looked for where it was. */
	scripted_hang_up_all(&other);
	UNTIL(loop, seen.downs == 2);
	later(1);
	UNTIL(loop, l.state == LINK_UP);
	assert_int_equal(server.accepted, 2);
}

static const struct greeting {
	const char *name;
	struct line line;
	const char *why; /* NULL: it comes up */
} greetings[] = {
    {"greeting: replica", {"ROLE", REPLICA}, "is a replica"},
    {"greeting: Sentinel", {"ROLE", "*2\r\n$8\r\nsentinel\r\n*0\r\n"},
	"--redis-sentinel"},
    {"greeting: handshake", {"ROLE", "*1\r\n$9\r\nhandshake\r\n"},
	"is no master"},
    {"greeting: no role", {"ROLE", "*0\r\n"}, "is it Redis?"},
    {"greeting: nil role", {"ROLE", "*-1\r\n"}, "is it Redis?"},
    {"greeting: a number", {"ROLE", ":1\r\n"}, "is it Redis?"},
    {"greeting: a status", {"ROLE", "+master\r\n"}, "is it Redis?"},
    {"greeting: may not ask", {"ROLE", "-NOPERM no permissions\r\n"}, NULL},
    {"greeting: ROLE has another name",
	{"ROLE", "-ERR unknown command 'ROLE'\r\n"}, NULL},
    {"greeting: may not ping", {"PING", "-NOPERM no permissions\r\n"}, NULL},
    {"greeting: loading", {"PING", "-LOADING Redis is loading\r\n"},
	"is loading its data"},
    {"greeting: no master", {"PING", "-MASTERDOWN Link is down\r\n"},
	"without its master"},
    {"greeting: full", {"PING", "-ERR max number of clients reached\r\n"},
	"max number of clients"},
    {"greeting: protected", {"PING", "-DENIED Redis is running\r\n"}, "DENIED"},
    {"greeting: PING has an array", {"PING", "*0\r\n"}, "PING wrongly"},
    {"greeting: wrong password", {"AUTH", "-WRONGPASS invalid\r\n"},
	"refuses the account or its password"},
    {"greeting: no password there",
	{"AUTH", "-ERR AUTH <password> called without any\r\n"},
	"refuses AUTH"},
    {"greeting: AUTH is quoted",
	{"AUTH", "-ERR unknown command 'AUTH', with args: 'secret'\r\n"},
	"refuses AUTH: has it that account?"},
    {"greeting: AUTH has a number", {"AUTH", ":1\r\n"}, "AUTH wrongly"},
    {"greeting: may not AUTH", {"AUTH", "-NOPERM no\r\n"}, "refuses AUTH"},
    {"greeting: no such database",
	{"SELECT", "-ERR DB index is out of range\r\n"}, "out of range"},
    {"greeting: SELECT has nil", {"SELECT", "$-1\r\n"}, "SELECT wrongly"},
    {"greeting: RESP 3", {"PING", "#t\r\n"}, "no RESP 2"},
};

static void
a_greeting_is_taken_or_not(void **state)
{
	const struct greeting *row = *state;
	struct line script[] = {row->line, {"ROLE", MASTER}, {NULL, NULL}};

	(void)set_up(NULL);
	write_file(password_path, "x");
	set.password_file = password_path;
	set.db = 1;
	server.script = script;
	begin(server.address);
	UNTIL(loop, l.failures == 1 || l.state == LINK_UP);
	assert_int_equal(seen.ups, row->why == NULL);
	if (row->why != NULL && strstr(l.why, row->why) == NULL)
		fail_msg("%s", l.why);
	if (row->why != NULL)
		assert_int_equal(seen.downs, 0);
	server.script = good;
	if (row->why != NULL)
		UNTIL(loop, (later(1), l.state == LINK_UP));
	(void)tear_down(NULL);
}

static void
the_password_is_read_each_time(void **state)
{
	static const struct line strict[] = {{"AUTH right", "+OK\r\n"},
	    {"AUTH", "-WRONGPASS invalid\r\n"}, {"ROLE", MASTER}, {NULL, NULL}};
	char text[5000];

	(void)state;
	server.script = strict;
	set.password_file = password_path;
	(void)unlink(password_path);
	begin(server.address);
	UNTIL(loop, l.failures == 1);
	assert_non_null(strstr(l.why, "No such file or directory"));
	assert_string_equal(server.heard, "");
	write_file(password_path, "");
	UNTIL(loop, (later(1), strstr(l.why, "empty") != NULL));
	write_file(password_path, "\nright\n");
	later(1);
	UNTIL(loop, strstr(l.why, "empty") != NULL);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	write_file(password_path, text);
	UNTIL(loop, (later(1), strstr(l.why, "too long") != NULL));
	write_file(password_path, "wrong\n");
	UNTIL(loop, (later(1), strstr(l.why, "WRONGPASS") != NULL));
	assert_null(strstr(l.why, "wrong\n"));
	(void)unlink(password_path); /* one that nobody writes to */
	assert_int_equal(mkfifo(password_path, 0600), 0);
	UNTIL(loop, (later(1), strstr(l.why, "empty") != NULL));
	(void)unlink(password_path);
	write_file(password_path, "right\n");
	UNTIL(loop, (later(1), l.state == LINK_UP));
}

static void
back_off_is_doubled_up_to_a_second(void **state)
{
	double most = LINK_BACKOFF, wait;
	unsigned i, whole = 0;

	(void)state;
	scripted_end(&server);
	begin(server.address);
	for (i = 1; i <= 12; i++) {
		UNTIL(loop, l.failures == i);
		wait = l.deadline - now;
		assert_true(wait > most / 2 - 0.001 && wait <= most);
		whole += wait > most - 0.001;
		most = fmin(most * 2, LINK_BACKOFF_MAX);
		later(wait + 0.001);
	}
	assert_true(whole < 6); /* nobody else comes at the same time */
}

static void
drop_up_times(unsigned n, double seconds)
{
	while (n-- > 0) {
		UNTIL(loop, l.state == LINK_UP);
		later(seconds);
		scripted_hang_up_all(&server);
		UNTIL(loop, l.state == LINK_WAITING);
		if (n > 0)
			later(1);
	}
}

static void
a_server_that_takes_and_drops_is_one_that_fails(void **state)
{
	(void)state;
	begin(server.address);
	drop_up_times(5, 0.5);
	assert_int_equal(l.failures, 5);
	later(1);
	drop_up_times(1, 1.5);
	assert_int_equal(l.failures, 1);
}

static void
of_a_list_each_is_tried_before_it_waits_longer(void **state)
{
	char list[400];

	(void)state;
	(void)snprintf(list, sizeof(list), "unix:%s/x,unix:%s/y,unix:%s/z",
	    directory, directory, directory);
	begin(list);
	UNTIL(loop, (later(1), l.failures == 3));
	if (strstr(l.why, "/z") == NULL)
		fail_msg("%s", l.why);
}

/* Lines of the log so far. */
static size_t
lines(const char *with)
{
	char text[16384] = "", *p = text;
	size_t n = 0;
	int fd = open(log_path, O_RDONLY);
	ssize_t len = read(fd, text, sizeof(text) - 1);

	assert_true(len >= 0);
	text[len] = '\0';
	(void)close(fd);
	while ((p = strstr(p, with)) != NULL) {
		n++;
		p++;
	}
	return n;
}

static void
each_reason_is_logged_once(void **state)
{
	(void)state;
	assert_int_equal(truncate(log_path, 0), 0);
	come_up();
	assert_int_equal(lines("--redis tail: connected to Redis at unix:"), 1);
	scripted_end(&server);
	UNTIL(loop, (later(1), l.failures == 8));
	/* It has closed the connection; then, 10 s later, that nobody listens.
	 */
	assert_int_equal(lines("has closed the connection: trying again"), 1);
	assert_int_equal(lines("trying again"), 1);
	UNTIL(loop, (later(1), l.failures == 30));
	assert_int_equal(lines("cannot be reached"), 1);
	assert_int_equal(lines("trying again"), 2);
	scripted_unix(&server, loop, directory, "a", good);
	UNTIL(loop, (later(1), l.state == LINK_UP));
	assert_int_equal(lines("connected to Redis"), 2);
	assert_int_equal(lines("\n"), 4);
	/* One that comes and goes is not told of each time. */
	drop_up_times(10, 0.1);
	assert_in_range(lines("\n"), 4, 7);
}

static void
follow(void)
{
	link_init(&follower, &set, "publisher", NULL, &l, &other_user);
	link_start(&follower);
}

static void
tell_follower(struct link *link, enum moment at)
{
	(void)link;
	if (at == AT_UP)
		link_leader_is_up(&follower);
}

static void
a_follower_waits_for_its_leader_and_goes_where_that_is(void **state)
{
	char both[400];

	(void)state;
	scripted_unix(&other, loop, directory, "b", good);
	(void)snprintf(both, sizeof(both), "%s,%s", server.address,
	    other.address);
	scripted_end(&server);
	seen.act = tell_follower;
	begin(both);
	follow();
	some_turns(loop, 3);
	assert_int_equal(follower.state, LINK_FINDING);
	UNTIL(loop, (later(0.1), l.state == LINK_UP));
	UNTIL(loop, follower.state == LINK_UP);
	assert_int_equal(other.accepted, 2);
	/* The leader moves back; the follower's server is still there. */
	scripted_unix(&server, loop, directory, "a", good);
	say(1, "SILENCE");
	UNTIL(loop, other.commands == 5);
	scripted_say(&other, "-READONLY now\r\n");
	UNTIL(loop, l.state != LINK_UP);
	UNTIL(loop, (later(1), l.state == LINK_UP));
	UNTIL(loop, (later(1), follower.state == LINK_UP));
	assert_int_equal(server.accepted, 2);
	assert_string_equal(follower.where, server.address);
}

static void
a_follower_stays_if_only_the_leaders_connection_ended(void **state)
{
	(void)state;
	seen.act = tell_follower;
	begin(server.address);
	follow();
	UNTIL(loop, follower.state == LINK_UP);
	link_again(&l, "the test wants it");
	UNTIL(loop, l.state == LINK_WAITING);
	later(1);
	UNTIL(loop, l.state == LINK_UP);
	some_turns(loop, 5);
	assert_int_equal(follower.state, LINK_UP);
	assert_int_equal(others.downs, 0);
	assert_int_equal(others.ups, 1);
}

static void
a_follower_that_is_told_of_a_replica_tells_its_leader(void **state)
{
	char both[400];

	(void)state;
	scripted_unix(&other, loop, directory, "b", good);
	(void)snprintf(both, sizeof(both), "%s,%s", server.address,
	    other.address);
	seen.act = tell_follower;
	begin(both);
	follow();
	UNTIL(loop, follower.state == LINK_UP);
	(void)link_say(&follower, 1, 1, (const char *[]){"SILENCE", NULL});
	UNTIL(loop, server.commands == 5);
	scripted_tell(&server.peer[1], "-READONLY You can't write\r\n", 27);
	UNTIL(loop, others.downs == 1);
	UNTIL(loop, (later(1), l.state == LINK_UP));
	UNTIL(loop, (later(1), follower.state == LINK_UP));
	assert_string_equal(l.where, other.address);
	assert_string_equal(follower.where, other.address);
	/* And of where the key is. */
	(void)link_say(&follower, 1, 1, (const char *[]){"SILENCE", NULL});
	UNTIL(loop, other.commands == 5);
	assert_int_equal(others.replies, 1);
}

/* What a socket has not taken may not have been executed. */
static void
what_was_written_is_known(void **state)
{
	char *large = malloc(2 << 20);
	uint64_t first, next;

	(void)state;
	assert_non_null(large);
	memset(large, 'x', (2 << 20) - 1);
	large[(2 << 20) - 1] = '\0';
	come_up();
	ev_io_stop(loop, &server.peer[0].io);
	first = link_say(&l, 1, 1, (const char *[]){"X", large, NULL});
	next = say(2, "X");
	some_turns(loop, 3);
	assert_true(link_written(&l, first));
	assert_false(link_written(&l, next));
	assert_int_equal(l.out_len, l.sent - l.written);
	assert_true(l.out_len > 0);
	later(2);
	assert_int_equal(l.state, LINK_WAITING);
	assert_true(link_written(&l, first));
	assert_false(link_written(&l, next));
	assert_false(link_written(&l, say(3, "X"))); /* it is not up */
	/* Of another connection it counts anew. */
	ev_io_start(loop, &server.peer[0].io);
	UNTIL(loop, (later(1), l.state == LINK_UP));
	some_turns(loop, 3);
	first = say(4, "X");
	assert_false(link_written(&l, first));
	UNTIL(loop, seen.replies == 1);
	assert_true(link_written(&l, first));
	free(large);
}

static void
much_is_written_as_the_socket_takes_it(void **state)
{
	char large[40000];
	int i;

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	come_up();
	for (i = 0; i < 40; i++)
		(void)link_say(&l, i, 1, (const char *[]){"X", large, NULL});
	UNTIL(loop, seen.replies == 40);
	assert_int_equal(seen.tags[39], 39);
	assert_int_equal(l.out_len, 0);
}

/* Somebody sends as the turn ends, perhaps behind the link's own flush. */
static void
on_late(struct ev_loop *on, ev_prepare *w, int revents)
{
	(void)revents;
	ev_prepare_stop(on, w);
	say(5, "NUMBER");
}

static void
what_is_sent_as_the_turn_ends_is_written_too(void **state)
{
	ev_prepare late;
	int priority;

	(void)state;
	come_up();
	ev_timer_stop(loop, &pace);
	for (priority = EV_MINPRI; priority <= EV_MAXPRI; priority++) {
		ev_prepare_init(&late, on_late);
		ev_set_priority(&late, priority);
		ev_prepare_start(loop, &late);
		seen.replies = 0;
		UNTIL(loop, seen.replies == 1);
	}
	/* And with the rest of the turn, if it is not at the very end. */
	ev_set_priority(&late, 0);
	ev_prepare_start(loop, &late);
	server.reads = 0;
	say(1, "X");
	UNTIL(loop, seen.replies == 3);
	assert_int_equal(server.reads, 1);
	ev_timer_start(loop, &pace);
}

/* The allocation with this number fails, and with always all that follow. */
static size_t allocations, fails;
static bool always;

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);

static bool
allocation_fails(void)
{
	return fails > 0 &&
	       (++allocations == fails || (always && allocations > fails));
}

void *
__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(p, size);
}

/* Comes up and says something, as far as that goes; then there is memory. */
static void
lack_memory(size_t nth)
{
	unsigned ups = seen.ups, replies = seen.replies;

	link_again(&l, "the test wants it");
	UNTIL(loop, l.state == LINK_WAITING);
	allocations = 0;
	fails = nth;
	later(1);
	UNTIL(loop, l.state == LINK_UP || l.state == LINK_WAITING);
	if (l.state == LINK_UP) {
		say(1, "LIST");
		UNTIL(loop, seen.replies > replies || l.state == LINK_WAITING);
	}
	if (l.state == LINK_WAITING && strstr(l.why, "memory") == NULL)
		fail_msg("%s", l.why);
	assert_true(seen.ups <= ups + 1);
	if (!always)
		assert_true(allocations >= nth || seen.replies > replies);
	fails = 0;
	UNTIL(loop, (later(1), l.state == LINK_UP));
	replies = seen.replies;
	say(1, "NUMBER");
	UNTIL(loop, seen.replies == replies + 1);
}

static void
without_memory_it_goes_and_comes_back(void **state)
{
	size_t nth;

	(void)state;
	come_up();
	for (nth = 1; nth < 40; nth++) {
		always = nth % 2 == 0;
		lack_memory(nth / 2 + 1);
	}
	assert_true(seen.downs > 20);
}

/*
 * Whatever happens, whenever: no callback but of what is there, nothing twice,
 * and it always comes back.
 */
static uint32_t seed;

static void
do_anything(struct link *link, enum moment at)
{
	switch (chance(&seed) % 24) {
	case 0:
		seen.over = at != AT_DOWN && at != AT_UP;
		link_again(link, "chance");
		break;
	case 1:
		seen.over = at != AT_DOWN;
		link_stop(link);
		link_start(link);
		break;
	case 2:
		link_pause(link);
		break;
	case 3:
	case 4:
		say((int)(chance(&seed) % 100), "LIST");
		break;
	case 5:
		link_pause(link);
		link_go_on(link);
		break;
	default:
		break;
	}
}

static void
anything_happens_to_the_server(void)
{
	static const char *const bad[] = {"+", "$-1\r\n", "*1\r\n", "\r\n",
	    "-LOADING x\r\n", "-MOVED 1 ?:1\r\n", "$5\r\nab", "*3\r\n:1\r\n"};

	server.cut = chance(&seed) % 3 == 0 ? chance(&seed) % 80 : 0;
	server.single = chance(&seed) % 16 == 0;
	switch (chance(&seed) % 12) {
	case 0:
		scripted_hang_up_all(&server);
		break;
	case 1:
		scripted_say(&server, bad[chance(&seed) % LENGTH(bad)]);
		break;
	case 2:
		link_again(&l, "chance");
		break;
	case 3:
		link_stop(&l);
		seen.over = false;
		link_start(&l);
		break;
	case 4:
		link_go_on(&l);
		break;
	case 5:
		later(chance(&seed) % 5);
		break;
	default:
		say((int)(chance(&seed) % 100),
		    good[1 + chance(&seed) % 5].command);
		break;
	}
}

static void
ten_thousand_times_it_comes_back(void **state)
{
	unsigned long turns = 0;
	size_t n = number_from("RECONNECTS", 10000);

	(void)state;
	ev_timer_stop(loop, &pace);
	seed = 12;
	seen.act = do_anything;
	begin(server.address);
	while (server.accepted < n) {
		turns++;
		if (l.state == LINK_WAITING)
			later(1.1);
		else if (chance(&seed) % 4 == 0)
			anything_happens_to_the_server();
		some_turns(loop, 1);
	}
	print_message("%lu turns, %u times up, %u replies\n", turns, seen.ups,
	    seen.replies);
	assert_true(seen.ups > n / 4);
	assert_int_equal(seen.wrong, 0);
	seen.act = NULL;
	link_go_on(&l);
	server.cut = 0;
	server.single = false;
	UNTIL(loop, (later(l.state == LINK_UP && l.pending > 0 ? 2 : 1.1),
			l.state == LINK_UP && l.pending == 0));
	seen.replies = 0;
	say(1, "NUMBER");
	UNTIL(loop, seen.replies == 1);
}

#define LINK_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest single[] = {
    LINK_TEST(it_says_who_it_is_in_one_write),
    LINK_TEST(without_an_account_it_does_not),
    LINK_TEST(commands_of_a_turn_go_in_one_write_and_are_answered_in_order),
    LINK_TEST(each_reply_may_be_cut_at_every_byte),
    LINK_TEST(parts_are_taken_out_of_what_is_under_way),
    LINK_TEST(a_server_that_says_nothing_is_left),
    LINK_TEST(a_greeting_byte_by_byte_has_the_same_limit),
    LINK_TEST(a_full_queue_is_waited_for_so_long),
    LINK_TEST(a_full_queue_of_a_unix_socket_is_told_at_once),
    LINK_TEST(nobody_listening_is_tried_again_and_again),
    LINK_TEST(an_answer_that_does_not_come_ends_it),
    LINK_TEST(a_connection_that_the_kernel_does_not_watch_is_another),
    LINK_TEST(half_an_answer_is_none),
    LINK_TEST(patience_begins_with_the_answer_before),
    LINK_TEST(what_is_taken_out_of_an_answer_is_progress),
    LINK_TEST(an_idle_connection_has_no_limit),
    LINK_TEST(an_answer_before_its_command_ends_it),
    LINK_TEST(it_is_closed_at_each_step),
    LINK_TEST(it_is_closed_before_it_is_greeted),
    LINK_TEST(what_a_server_says_before_it_closes_is_heard),
    LINK_TEST(too_large_a_reply_ends_it_with_what_is_here),
    LINK_TEST(it_may_go_again_from_every_callback),
    LINK_TEST(it_may_be_stopped_in_every_callback),
    LINK_TEST(it_may_be_started_anew_in_every_callback),
    LINK_TEST(it_goes_again_also_from_outside),
    LINK_TEST(a_pause_holds_a_reply_until_it_goes_on),
    LINK_TEST(a_pause_holds_a_part_until_it_goes_on),
    LINK_TEST(a_pause_in_the_middle_of_a_read_loses_nothing),
    LINK_TEST(a_pause_that_is_over_at_once_is_none),
    LINK_TEST(while_it_is_paused_it_may_be_stopped_or_go_again),
    LINK_TEST(other_errors_are_the_users),
    LINK_TEST(where_the_key_has_moved_to_is_tried_next),
    LINK_TEST(the_password_is_read_each_time),
    LINK_TEST(back_off_is_doubled_up_to_a_second),
    LINK_TEST(a_server_that_takes_and_drops_is_one_that_fails),
    LINK_TEST(of_a_list_each_is_tried_before_it_waits_longer),
    LINK_TEST(each_reason_is_logged_once),
    LINK_TEST(a_follower_waits_for_its_leader_and_goes_where_that_is),
    LINK_TEST(a_follower_stays_if_only_the_leaders_connection_ended),
    LINK_TEST(a_follower_that_is_told_of_a_replica_tells_its_leader),
    LINK_TEST(what_was_written_is_known),
    LINK_TEST(much_is_written_as_the_socket_takes_it),
    LINK_TEST(what_is_sent_as_the_turn_ends_is_written_too),
    LINK_TEST(without_memory_it_goes_and_comes_back),
    LINK_TEST(ten_thousand_times_it_comes_back),
};

int
main(void)
{
	struct CMUnitTest tests[LENGTH(single) + LENGTH(unasked) +
				LENGTH(second) + LENGTH(refusals) +
				LENGTH(greetings)];
	size_t n = LENGTH(single), i;
	int failed;

	memcpy(tests, single, sizeof(single));
	for (i = 0; i < LENGTH(unasked); i++)
		tests[n++] = row_test(unasked[i].name,
		    what_nobody_asked_for_ends_it, &unasked[i]);
	for (i = 0; i < LENGTH(second); i++)
		tests[n++] = row_test(second[i].name,
		    what_comes_behind_an_answer_ends_it, &second[i]);
	for (i = 0; i < LENGTH(refusals); i++)
		tests[n++] = row_test(refusals[i].name,
		    a_server_that_is_of_no_use_is_left, &refusals[i]);
	for (i = 0; i < LENGTH(greetings); i++)
		tests[n++] = row_test(greetings[i].name,
		    a_greeting_is_taken_or_not, &greetings[i]);
	if (mkdtemp(directory) == NULL)
		return 1;
	(void)snprintf(log_path, sizeof(log_path), "%s/log", directory);
	(void)snprintf(password_path, sizeof(password_path), "%s/password",
	    directory);
	if (log_open(log_path, false) == -1)
		return 1;
	failed = _cmocka_run_group_tests("link", tests, n, NULL, NULL);
	log_close();
	(void)unlink(log_path);
	(void)unlink(password_path);
	(void)rmdir(directory);
	return failed;
}
