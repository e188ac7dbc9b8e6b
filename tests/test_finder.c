/* SPDX-License-Identifier: ISC */
/*
 * Where the master is: lists that are read or not, whose turn it is, and what
 * Sentinels say.  Names are looked up by the test: resolve_begin() is wrapped.
 */
#include "scripted.h"

#include "engine/finder.h"
#include "engine/link.h"

#define ASK  "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster"
#define HERE "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6399\r\n"

static struct ev_loop *loop;
static ev_check check;
static ev_timer pace;
static double now;
static char directory[] = "/tmp/test_finder.XXXXXX";
static char password_path[64];
static struct link_setup set;
static struct scripted server[3];
static struct finder *f;

static struct {
	unsigned times;
	bool good;
	char text[400]; /* name or why */
	struct resolved address;
} found;

/* What is known of names: n addresses of 127.0.0.x, or why there are none. */
static struct names {
	size_t n;
	unsigned asked;
	char host[256], port[16];
	const char *why;
	bool never, none, backwards;
} names;

static struct pending {
	ev_timer timer;
	void (*done)(void *, const struct resolved *, size_t, const char *);
	void *arg;
	bool used;
} pending;

struct resolve *__wrap_resolve_begin(struct ev_loop *, const char *,
    const char *,
    void (*)(void *, const struct resolved *, size_t, const char *), void *);
void __wrap_resolve_abandon(struct resolve *);

static void
on_resolved(struct ev_loop *on, ev_timer *w, int revents)
{
	struct resolved r[RESOLVE_MAX];
	struct sockaddr_in in = {.sin_family = AF_INET};
	uint32_t at;
	size_t i;

	(void)on;
	(void)w;
	(void)revents;
	memset(r, 0, sizeof(r));
	for (i = 0; i < names.n; i++) {
		at = (uint32_t)(names.backwards ? names.n - 1 - i : i);
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + at);
		in.sin_port = htons((uint16_t)strtoul(names.port, NULL, 10));
		memcpy(&r[i].address, &in, sizeof(in));
		r[i].len = sizeof(in);
	}
	pending.used = false;
	pending.done(pending.arg, r, names.n, names.why);
}

struct resolve *
__wrap_resolve_begin(struct ev_loop *on, const char *host, const char *port,
    void (*done)(void *, const struct resolved *, size_t, const char *),
    void *arg)
{
	names.asked++;
	(void)snprintf(names.host, sizeof(names.host), "%s", host);
	(void)snprintf(names.port, sizeof(names.port), "%s", port);
	if (names.none) {
		errno = EAGAIN;
		return NULL;
	}
	assert_false(pending.used);
	pending.used = true;
	pending.done = done;
	pending.arg = arg;
	ev_timer_init(&pending.timer, on_resolved, 0, 0);
	if (!names.never)
		ev_timer_start(on, &pending.timer);
	return (struct resolve *)&pending;
}

void
__wrap_resolve_abandon(struct resolve *r)
{
	assert_ptr_equal(r, &pending);
	ev_timer_stop(loop, &pending.timer);
	pending.used = false;
}

static void
on_found(void *arg, const struct resolved *address, const char *name_or_why)
{
	(void)arg;
	found.times++;
	found.good = address != NULL;
	if (address != NULL)
		found.address = *address;
	(void)snprintf(found.text, sizeof(found.text), "%s", name_or_why);
}

static void
on_check(struct ev_loop *on, ev_check *w, int revents)
{
	(void)on;
	(void)w;
	(void)revents;
	now = platform_clock();
}

static void
on_pace(struct ev_loop *on, ev_timer *w, int revents)
{
	(void)on;
	(void)w;
	(void)revents;
}

static int
set_up(void **state)
{
	size_t i;

	(void)state;
	memset(&found, 0, sizeof(found));
	names = (struct names){.n = 1};
	memset(&pending, 0, sizeof(pending));
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	now = platform_clock();
	ev_check_init(&check, on_check);
	ev_set_priority(&check, EV_MAXPRI);
	ev_check_start(loop, &check);
	ev_timer_init(&pace, on_pace, 0.005, 0.005);
	ev_timer_start(loop, &pace);
	set =
	    (struct link_setup){.loop = loop, .now = &now, .reply_max = 65536};
	for (i = 0; i < LENGTH(server); i++)
		server[i].loop = NULL;
	f = NULL;
	return 0;
}

static int
tear_down(void **state)
{
	size_t i;

	(void)state;
	finder_free(f);
	for (i = 0; i < LENGTH(server); i++)
		if (server[i].loop != NULL)
			scripted_end(&server[i]);
	ev_timer_stop(loop, &pace);
	ev_check_stop(loop, &check);
	ev_loop_destroy(loop);
	return 0;
}

static void
make(const char *addresses, const char *sentinel)
{
	char err[600];

	f = finder_new(&set, addresses, sentinel, err, sizeof(err));
	if (f == NULL)
		fail_msg("%s", err);
}

/* Looks, and waits for what comes of it. */
static const char *
find(void)
{
	unsigned times = found.times;

	finder_find(f, on_found, NULL);
	UNTIL(loop, found.times == times + 1);
	return found.text;
}

/* The last byte of the address that was found. */
static unsigned
address(void)
{
	struct sockaddr_in in;

	memcpy(&in, &found.address.address, sizeof(in));
	return ntohl(in.sin_addr.s_addr) & 0xff;
}

#define SIXTEEN \
	"a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9,a:10,a:11,a:12,a:13,a:14,a:15,a:16"

static const struct list {
	const char *text, *err; /* NULL: it is good */
} lists[] = {
    {"127.0.0.1:6379", NULL},
    {"[::1]:6379", NULL},
    {"redis.example:6379", NULL},
    {"unix:/run/redis/redis.sock", NULL},
    {"unix:/a,b:1,[::1]:2", NULL},
    {SIXTEEN, NULL},
    {SIXTEEN ",a:17", "more than 16"},
    {"", "give an address"},
    {",", "beside a comma"},
    {"a:1,", "beside a comma"},
    {",a:1", "beside a comma"},
    {"a:1,,b:2", "beside a comma"},
    {"a:1, b", "this is not"},
    {"a", "this is not unix:/path, host:port"},
    {"a:1,b:x", "'x' is not"},
    {"a:1,b:0", "'0' is not"},
    {"::1:6379", "[::1]:6379"},
    {"redis://a:6379", "this is not"},
    {"/run/redis.sock", "unix:/path"},
    {"unix:run/redis.sock", "begins with /"},
    {"unix:@redis", "abstract"},
};

static void
list_is_understood_or_not(void **state)
{
	const struct list *row = *state;
	char err[600] = "";

	(void)set_up(NULL);
	f = finder_new(&set, row->text, NULL, err, sizeof(err));
	if (row->err == NULL && f == NULL)
		fail_msg("%s", err);
	if (row->err != NULL) {
		assert_null(f);
		assert_memory_equal(err, "--redis ", 8);
		if (strstr(err, row->err) == NULL)
			fail_msg("%s", err);
		assert_null(strchr(err, '\n'));
	}
	(void)tear_down(NULL);
}

static void
a_path_is_found_at_once(void **state)
{
	struct sockaddr_un un;

	(void)state;
	make("unix:/run/redis.sock", NULL);
	finder_find(f, on_found, NULL);
	assert_int_equal(found.times, 1);
	assert_string_equal(found.text, "unix:/run/redis.sock");
	memcpy(&un, &found.address.address, sizeof(un));
	assert_string_equal(un.sun_path, "/run/redis.sock");
	assert_int_equal(found.address.len, sizeof(un));
}

static void
one_after_the_other_is_tried_the_good_one_first(void **state)
{
	(void)state;
	make("a:1,[::2]:2,unix:/c", NULL);
	assert_string_equal(find(), "a:1");
	assert_string_equal(names.host, "a");
	assert_false(finder_bad(f));
	assert_string_equal(find(), "[::2]:2");
	assert_string_equal(names.host, "::2");
	assert_string_equal(names.port, "2");
	assert_false(finder_bad(f));
	assert_string_equal(find(), "unix:/c");
	assert_true(finder_bad(f));
	assert_string_equal(find(), "a:1");
	assert_false(finder_bad(f));
	assert_string_equal(find(), "[::2]:2");
	finder_good(f);
	assert_string_equal(find(), "[::2]:2"); /* its connection ended */
	finder_good(f);
	assert_string_equal(find(), "[::2]:2");
	assert_false(finder_bad(f));
	assert_string_equal(find(), "unix:/c");
	assert_false(finder_bad(f));
	assert_string_equal(find(), "a:1");
	assert_true(finder_bad(f));
}

static void
the_addresses_of_a_name_are_tried_one_after_the_other(void **state)
{
	(void)state;
	make("a:1,b:2", NULL);
	names.n = 3;
	assert_string_equal(find(), "a:1");
	assert_int_equal(address(), 1);
	assert_false(finder_bad(f));
	assert_string_equal(find(), "a:1");
	assert_int_equal(address(), 2);
	assert_false(finder_bad(f));
	assert_string_equal(find(), "a:1");
	assert_int_equal(address(), 3);
	assert_int_equal(names.asked, 1);
	assert_false(finder_bad(f));
	assert_string_equal(find(), "b:2");
	assert_int_equal(names.asked, 2);
	finder_good(f);
	assert_string_equal(find(), "b:2"); /* the name may be another's */
	assert_int_equal(names.asked, 3);
	assert_int_equal(address(), 1);
}

static void
a_name_that_is_not_known_is_no_end(void **state)
{
	(void)state;
	make("a:1,b:2", NULL);
	names.n = 0;
	names.why = "the name a is not known";
	assert_string_equal(find(), names.why);
	assert_false(found.good);
	assert_false(finder_bad(f));
	names.n = 1;
	assert_string_equal(find(), "b:2");
	finder_good(f);
	names.none = true;
	assert_string_equal(find(), "too many names are being looked up");
	assert_false(found.good);
}

static void
what_is_cancelled_is_not_told(void **state)
{
	(void)state;
	make("a:1,b:2", NULL);
	names.never = true;
	finder_find(f, on_found, NULL);
	some_turns(loop, 3);
	assert_string_equal(finder_looks_at(f), "who knows the name a");
	finder_cancel(f);
	finder_cancel(f);
	assert_false(pending.used);
	assert_false(finder_bad(f));
	names.never = false;
	assert_string_equal(find(), "b:2");
	assert_int_equal(found.times, 1);
	finder_find(f, on_found, NULL); /* tear_down() frees it now */
}

static const struct moved {
	const char *where, *host, *port, *name; /* NULL: it is passed over */
} moves[] = {
    {"10.0.0.1:6381", "10.0.0.1", "6381", "10.0.0.1:6381"},
    {"::1:6381", "::1", "6381", "[::1]:6381"},
    {"[::1]:6381", "::1", "6381", "[::1]:6381"},
    {"redis-2.example:6381", "redis-2.example", "6381", "redis-2.example:6381"},
    {":6381", NULL, NULL, NULL},
    {"?:6381", NULL, NULL, NULL},
    {"a", NULL, NULL, NULL},
    {"a:", NULL, NULL, NULL},
    {"a:0", NULL, NULL, NULL},
    {"a:65536", NULL, NULL, NULL},
    {"a:-1", NULL, NULL, NULL},
    {"a:1x", NULL, NULL, NULL},
    {"[]:1", NULL, NULL, NULL},
    {"a\x1b[1m:1", NULL, NULL, NULL},
    {"a\x7f:1", NULL, NULL, NULL},
    {"[a:1", "[a", "1", "[a:1"},
    {"", NULL, NULL, NULL},
};

static void
where_it_has_moved_to_is_tried_once(void **state)
{
	const struct moved *row = *state;

	(void)set_up(NULL);
	make("a:1,b:2", NULL);
	assert_string_equal(find(), "a:1");
	finder_good(f);
	finder_moved(f, row->where);
	if (row->host != NULL) {
		assert_string_equal(find(), row->name);
		assert_string_equal(names.host, row->host);
		assert_string_equal(names.port, row->port);
		assert_false(finder_bad(f));
	}
	assert_string_equal(find(), "a:1");
	(void)tear_down(NULL);
}

/* Sentinels, by paths. */
static void
begin(size_t n, const struct line *script)
{
	char addresses[600] = "", name[24];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "s%zu", i);
		scripted_unix(&server[i], loop, directory, name, script);
		(void)snprintf(addresses + strlen(addresses),
		    sizeof(addresses) - strlen(addresses), "%s%s",
		    i == 0 ? "" : ",", server[i].address);
	}
	make(addresses, "mymaster");
}

static const struct line knows[] = {{ASK, HERE}, {NULL, NULL}};
static const struct line silent[] = {{ASK, NOTHING}, {NULL, NULL}};
static const struct line hangs_up[] = {{ASK, CLOSE}, {NULL, NULL}};
static const struct line ignorant[] = {{ASK, "*-1\r\n"}, {NULL, NULL}};

static void
a_sentinel_is_asked_each_time(void **state)
{
	(void)state;
	begin(1, knows);
	assert_string_equal(find(), "127.0.0.1:6399");
	assert_string_equal(server[0].heard, ASK "\n");
	assert_string_equal(names.host, "127.0.0.1");
	assert_string_equal(names.port, "6399");
	finder_good(f);
	assert_string_equal(find(), "127.0.0.1:6399");
	assert_true(finder_bad(f));
	assert_string_equal(find(), "127.0.0.1:6399");
	assert_int_equal(server[0].accepted, 3);
	some_turns(loop, 3);
	assert_int_equal(server[0].peer[0].fd, -1); /* and left */
}

static void
an_answer_may_be_cut_at_every_byte(void **state)
{
	size_t cut;

	(void)state;
	begin(1, knows);
	for (cut = 1; cut < strlen(HERE); cut++) {
		server[0].cut = cut;
		assert_string_equal(find(), "127.0.0.1:6399");
		finder_good(f);
	}
	server[0].single = true;
	assert_string_equal(find(), "127.0.0.1:6399");
}

static void
a_masters_name_may_have_several_addresses(void **state)
{
	static const struct line name[] =
	    {{ASK, "*2\r\n$5\r\nredis\r\n$4\r\n6399\r\n"}, {NULL, NULL}};

	(void)state;
	begin(1, name);
	names.n = 2;
	assert_string_equal(find(), "redis:6399");
	assert_int_equal(address(), 1);
	assert_false(finder_bad(f));
	assert_string_equal(find(), "redis:6399");
	assert_int_equal(address(), 2);
	assert_int_equal(server[0].accepted, 1);
	assert_true(finder_bad(f));
	(void)find();
	assert_int_equal(server[0].accepted, 2);
}

static void
two_of_three_may_be_down(void **state)
{
	(void)state;
	begin(3, knows);
	scripted_end(&server[0]);
	server[1].script = hangs_up;
	assert_string_equal(find(), "127.0.0.1:6399");
	assert_int_equal(server[1].accepted, 1);
	assert_int_equal(server[2].accepted, 1);
	finder_good(f);
	(void)find(); /* the one that answered is first */
	assert_int_equal(server[1].accepted, 1);
	assert_int_equal(server[2].accepted, 2);
}

static void
one_that_says_nothing_costs_a_second(void **state)
{
	double began = platform_clock();

	(void)state;
	begin(2, knows);
	server[0].script = silent;
	assert_string_equal(find(), "127.0.0.1:6399");
	assert_in_range((unsigned)((platform_clock() - began) * 1000), 990,
	    1900);
	assert_int_equal(server[1].accepted, 1);
}

static void
all_that_is_wrong_is_told_when_none_is_left(void **state)
{
	(void)state;
	begin(3, hangs_up);
	(void)find();
	assert_false(found.good);
	assert_non_null(strstr(found.text, "the Sentinel at unix:"));
	assert_non_null(strstr(found.text, "it has closed the connection"));
	assert_true(finder_bad(f));
	scripted_end(&server[0]);
	scripted_end(&server[1]);
	scripted_end(&server[2]);
	(void)find();
	assert_non_null(strstr(found.text, "No such file"));
	scripted_unix(&server[0], loop, directory, "s0", ignorant);
	(void)find();
	assert_string_equal(found.text,
	    "no Sentinel knows the master mymaster");
}

static void
who_does_not_know_is_not_the_last_to_be_asked(void **state)
{
	(void)state;
	begin(2, knows);
	server[0].script = ignorant;
	assert_string_equal(find(), "127.0.0.1:6399");
	assert_true(found.good);
}

static const struct wrong {
	const char *name, *says, *why;
} wrongs[] = {
    {"wrong: a status", "+OK\r\n", "no address"},
    {"wrong: one element", "*1\r\n$1\r\na\r\n", "no address"},
    {"wrong: three", "*3\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\n1\r\n", "no address"},
    {"wrong: no host", "*2\r\n$0\r\n\r\n$1\r\n1\r\n", "no address"},
    {"wrong: a nil host", "*2\r\n$-1\r\n$1\r\n1\r\n", "no address"},
    {"wrong: a host of control characters", "*2\r\n$2\r\n\x1bx\r\n$1\r\n1\r\n",
	"no address"},
    {"wrong: two lines", "*2\r\n$3\r\na\nb\r\n$1\r\n1\r\n", "no address"},
    {"wrong: port 0", "*2\r\n$1\r\na\r\n$1\r\n0\r\n", "no address"},
    {"wrong: port 65536", "*2\r\n$1\r\na\r\n$5\r\n65536\r\n", "no address"},
    {"wrong: port 1x", "*2\r\n$1\r\na\r\n$2\r\n1x\r\n", "no address"},
    {"wrong: a port that is a number", "*2\r\n$1\r\na\r\n:6379\r\n",
	"no address"},
    {"wrong: port 123456", "*2\r\n$1\r\na\r\n$6\r\n123456\r\n", "no address"},
    {"wrong: port -1", "*2\r\n$1\r\na\r\n$2\r\n-1\r\n", "no address"},
    {"wrong: port x", "*2\r\n$1\r\na\r\n$1\r\nx\r\n", "no address"},
    {"wrong: a nil port", "*2\r\n$1\r\na\r\n$-1\r\n", "no address"},
    {"wrong: a host of UTF-8", "*2\r\n$2\r\n\xc3\xbc\r\n$1\r\n1\r\n",
	"no address"},
    {"wrong: DEL in a host", "*2\r\n$2\r\na\x7f\r\n$1\r\n1\r\n", "no address"},
    {"wrong: an array for a host", "*2\r\n*0\r\n$1\r\n1\r\n", "no address"},
    {"wrong: an error", "-ERR unknown command `SENTINEL`\r\n",
	"it says: ERR unknown command"},
    {"wrong: NOAUTH and no password", "-NOAUTH Authentication required.\r\n",
	"wants a password"},
    {"wrong: HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "is no answer"},
    {"wrong: a large one", "$90000000\r\n", "is no answer"},
};

static void
a_wrong_answer_is_none(void **state)
{
	const struct wrong *row = *state;
	struct line script[] = {{ASK, row->says}, {NULL, NULL}};
	char large[20000];

	(void)set_up(NULL);
	if (strncmp(row->says, "$9", 2) == 0) {
		memset(large, 'x', sizeof(large));
		memcpy(large, row->says, strlen(row->says));
		large[sizeof(large) - 1] = '\0';
		script[0].answer = large;
	}
	begin(1, script);
	(void)find();
	assert_false(found.good);
	if (strstr(found.text, row->why) == NULL)
		fail_msg("%s", found.text);
	(void)tear_down(NULL);
}

static void
write_password(const char *text)
{
	FILE *file = fopen(password_path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	set.password_file = password_path;
	set.user = "sse";
}

/* It says NOAUTH until it has heard AUTH. */
static void
one_that_wants_a_password_gets_it(void **state)
{
	static const struct line strict[] =
	    {{ASK, "-NOAUTH Authentication required.\r\n"}, {NULL, NULL}};

	(void)state;
	write_password("secret\n");
	begin(1, strict);
	finder_find(f, on_found, NULL);
	UNTIL(loop, server[0].commands == 1);
	server[0].script = knows;
	UNTIL(loop, found.times == 1);
	assert_true(found.good);
	assert_string_equal(server[0].heard,
	    ASK "\nAUTH sse secret\n" ASK "\n");
	assert_int_equal(server[0].accepted, 1);
	/* But only once. */
	server[0].script = strict;
	finder_good(f);
	(void)find();
	assert_false(found.good);
	assert_non_null(strstr(found.text, "it says: NOAUTH"));
}

static void
one_that_refuses_the_password_is_not_asked_again(void **state)
{
	static const struct line refuses[] =
	    {{ASK, "-NOAUTH Authentication required.\r\n"},
		{"AUTH", "-WRONGPASS invalid\x1b\r\n"}, {NULL, NULL}};

	(void)state;
	write_password("secret\n");
	begin(1, refuses);
	(void)find();
	assert_false(found.good);
	assert_non_null(strstr(found.text, "it says: WRONGPASS invalid?"));
	(void)unlink(password_path);
	(void)find();
	assert_non_null(strstr(found.text, "the password cannot be read"));
}

/* After so many turns; each state of a question is met. */
static void
it_is_cancelled_at_any_point(void **state)
{
	int turns;

	(void)state;
	begin(2, knows);
	server[0].script = hangs_up;
	server[1].single = true;
	for (turns = 0; turns < 60; turns++) {
		found.times = 0;
		finder_find(f, on_found, NULL);
		some_turns(loop, turns);
		finder_cancel(f);
		assert_int_equal(pending.used, false);
		turns += found.times > 0 ? 10 : 0;
		(void)finder_bad(f);
	}
	finder_find(f, on_found, NULL); /* tear_down() frees it now */
	some_turns(loop, 4);
}

/* One whose name has an address where nobody is, and one that is good. */
static void
the_addresses_of_a_sentinel_are_asked_one_after_the_other(void **state)
{
	(void)state;
	scripted_tcp(&server[0], loop, knows);
	make(server[0].address, "mymaster"); /* 127.0.0.2, then .1 */
	names.n = 2;
	names.backwards = true;
	(void)find();
	assert_true(found.good);
	finder_good(f);
	scripted_end(&server[0]);
	(void)find();
	assert_non_null(strstr(found.text, "Connection refused"));
	assert_int_equal(names.asked, 3);
}

#define FINDER_TEST(x) cmocka_unit_test_setup_teardown(x, set_up, tear_down)

static const struct CMUnitTest single[] = {
    FINDER_TEST(a_path_is_found_at_once),
    FINDER_TEST(one_after_the_other_is_tried_the_good_one_first),
    FINDER_TEST(the_addresses_of_a_name_are_tried_one_after_the_other),
    FINDER_TEST(a_name_that_is_not_known_is_no_end),
    FINDER_TEST(what_is_cancelled_is_not_told),
    FINDER_TEST(a_sentinel_is_asked_each_time),
    FINDER_TEST(an_answer_may_be_cut_at_every_byte),
    FINDER_TEST(a_masters_name_may_have_several_addresses),
    FINDER_TEST(two_of_three_may_be_down),
    FINDER_TEST(one_that_says_nothing_costs_a_second),
    FINDER_TEST(all_that_is_wrong_is_told_when_none_is_left),
    FINDER_TEST(who_does_not_know_is_not_the_last_to_be_asked),
    FINDER_TEST(one_that_wants_a_password_gets_it),
    FINDER_TEST(one_that_refuses_the_password_is_not_asked_again),
    FINDER_TEST(it_is_cancelled_at_any_point),
    FINDER_TEST(the_addresses_of_a_sentinel_are_asked_one_after_the_other),
};

int
main(void)
{
	struct CMUnitTest tests[LENGTH(single) + LENGTH(lists) + LENGTH(moves) +
				LENGTH(wrongs)];
	size_t n = LENGTH(single), i;
	int failed;

	memcpy(tests, single, sizeof(single));
	for (i = 0; i < LENGTH(lists); i++)
		tests[n++] = row_test(lists[i].text, list_is_understood_or_not,
		    &lists[i]);
	for (i = 0; i < LENGTH(moves); i++)
		tests[n++] = row_test(moves[i].where,
		    where_it_has_moved_to_is_tried_once, &moves[i]);
	for (i = 0; i < LENGTH(wrongs); i++)
		tests[n++] = row_test(wrongs[i].name, a_wrong_answer_is_none,
		    &wrongs[i]);
	if (mkdtemp(directory) == NULL)
		return 1;
	(void)snprintf(password_path, sizeof(password_path), "%s/password",
	    directory);
	failed = _cmocka_run_group_tests("finder", tests, n, NULL, NULL);
	(void)unlink(password_path);
	(void)rmdir(directory);
	return failed;
}
