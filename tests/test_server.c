/* SPDX-License-Identifier: ISC */
/*
 * When a process is there for others: when its engine is ready, or has had its
 * time to be so.  And what it says to the system of who connects then.
 */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/server.h"
#include "test_engine.h"

static struct server server;
static struct test_engine engine;
static int supervisor;

/* Abstract: it leaves nothing behind. */
static void
listen_to(int fd, const char *name)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				    strlen(name));

	(void)strcpy(sun.sun_path + 1, name);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sun, len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static int
set_up(void **state)
{
	struct listening *l = &server.sockets.one[0];
	char name[60];

	(void)state;
	memset(&server, 0, sizeof(server));
	supervisor = socket(AF_UNIX, SOCK_DGRAM, 0);
	l->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)snprintf(name, sizeof(name), "@test_server-%ld", (long)getpid());
	listen_to(supervisor, name + 1);
	(void)setenv("NOTIFY_SOCKET", name, 1);
	(void)strcat(name, "-fcgi");
	listen_to(l->fd, name + 1);
	server.sockets.n = 1;
	notify_open(&server.notify);
	server.loop = ev_loop_new(EVFLAG_AUTO);
	test_engine_init(&engine);
	server.engine = &engine.engine;
	hub_init(&server.hub, &(struct hub_setup){.history = 1});
	hub_begin(&server.hub, (struct eventid){0, 0});
	server.streams.conns.loop = server.loop;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (server.listening)
		listener_stop(&server.listener);
	engine.engine.stop(&engine.engine);
	hub_free(&server.hub);
	ev_loop_destroy(server.loop);
	notify_close(&server.notify);
	(void)close(server.sockets.one[0].fd);
	(void)close(supervisor);
	return 0;
}

/* Was the supervisor told now, once, that we are ready? */
static bool
ready_is_said(void)
{
	char buf[64] = "";
	bool said = recv(supervisor, buf, sizeof(buf) - 1, 0) > 0;

	if (said)
		assert_string_equal(buf, "READY=1");
	assert_int_equal(recv(supervisor, buf, sizeof(buf), 0), -1);
	return said;
}

static void
time_is_up(void)
{
	ev_invoke(server.loop, &server.engine_late, EV_TIMER);
}

static void
nobody_connects_before_the_engine_is_ready(void **state)
{
	(void)state;
	server_begin(&server);
	assert_ptr_equal(engine.hub, &server.hub);
	assert_true(ev_is_active(&server.engine_late));
	assert_false(server.listening);
	assert_false(ready_is_said());
	engine.ready(engine.ready_arg);
	assert_true(server.listening);
	assert_true(ready_is_said());
	assert_true(ev_is_active(&server.listener.socket[0].io));
	assert_false(ev_is_active(&server.engine_late));
}

static void
what_others_share_is_not_waited_for_so_long(void **state)
{
	(void)state;
	server.cfg.redis = "127.0.0.1:1";
	server_begin(&server);
	server.cfg.redis = NULL;
	assert_in_range(ev_timer_remaining(server.loop, &server.engine_late), 1,
	    5);
	engine.ready(engine.ready_arg);
}

static void
engine_that_is_never_ready_is_not_waited_for(void **state)
{
	(void)state;
	server_begin(&server);
	assert_in_range(ev_timer_remaining(server.loop, &server.engine_late), 1,
	    60);
	time_is_up();
	assert_true(server.listening);
	assert_true(ready_is_said());
	engine.ready(engine.ready_arg); /* late */
	assert_false(ready_is_said());
}

static void
process_that_ends_does_not_begin(void **state)
{
	(void)state;
	server_begin(&server);
	server.streams.draining = true;
	engine.ready(engine.ready_arg);
	assert_false(server.listening);
	assert_false(ready_is_said());
}

static int no_delay; /* calls that set it */

int __real_setsockopt(int fd, int level, int name, const void *value,
    socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value,
    socklen_t len);

int
__wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	no_delay += level == IPPROTO_TCP && name == TCP_NODELAY;
	return __real_setsockopt(fd, level, name, value, len);
}

static void
no_request(void *arg, struct conn *c, const struct gate_event *ev)
{
	(void)arg;
	(void)ev;
	conn_close(c);
}

/* Connects to the server's socket; how often it set TCP_NODELAY thereby. */
static int
no_delay_of_one(void)
{
	const struct conn_owner owner = {.size = sizeof(struct conn),
	    .request = no_request};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct conns *cs = &server.streams.conns;
	int fd;

	assert_int_equal(getsockname(server.sockets.one[0].fd,
			     (struct sockaddr *)&ss, &len),
	    0);
	conns_init(cs, server.loop, &owner, 15, 60);
	conns_limit(cs, 1, 1);
	listener_start(&server.listener, cs, &server.sockets);
	fd = socket(ss.ss_family, SOCK_STREAM, 0);
	no_delay = 0;
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	(void)ev_run(server.loop, EVRUN_ONCE);
	assert_int_equal(cs->accepted, 1);
	listener_stop(&server.listener);
	conns_free(cs);
	(void)close(fd);
	return no_delay;
}

/* On a port by chance; -1: there are no such addresses here. */
static int
listen_by_ip(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM, 0);

	if (fd == -1 || bind(fd, address, len) == -1) {
		(void)close(fd);
		return -1;
	}
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void
small_writes_over_tcp_do_not_wait_for_one_another(void **state)
{
	struct listening *l = &server.sockets.one[0];
	const struct sockaddr_in v4 = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	(void)state;
	(void)close(l->fd);
	l->fd = listen_by_ip((const struct sockaddr *)&v4, sizeof(v4));
	assert_int_not_equal(l->fd, -1);
	assert_int_equal(no_delay_of_one(), 1);
	(void)close(l->fd);
	l->fd = listen_by_ip((const struct sockaddr *)&v6, sizeof(v6));
	if (l->fd != -1) /* this machine has IPv6 */
		assert_int_equal(no_delay_of_one(), 1);
}

static void
unix_sockets_are_not_asked_for_what_they_have_not(void **state)
{
	(void)state;
	assert_int_equal(listen(server.sockets.one[0].fd, 1), 0);
	assert_int_equal(no_delay_of_one(), 0);
}

/* What the options say of channels, beside what they say themselves. */
static const struct rule_case {
	const char *name, *option;
	bool good;
} rule_cases[] = {
    {"plain prefix", "--channel=run-:age=1", true},
    {"prefix of UTF-8", "--channel=\303\244/@%:age=1", true},
    {"prefix with a space that is none", "--channel=\302\240:age=1", true},
    {"space in a prefix", "--channel=a b:age=1", false},
    {"tab in a prefix", "--channel=a\t:age=1", false},
    {"DEL in a prefix", "--channel=a\177:age=1", false},
    {"C1 in a prefix", "--channel=a\302\237:age=1", false},
    {"half a character in a prefix", "--channel=a\303:age=1", false},
};

static void
prefix_is_checked_like_a_name(void **state)
{
	const struct rule_case *row = *state;
	char option[64], err[200] = "", *argv[] = {"sse-fcgi", option, NULL};
	static struct config cfg;

	(void)snprintf(option, sizeof(option), "%s", row->option);
	assert_int_equal(config_parse(&cfg, 2, argv, err, sizeof(err)), 0);
	assert_int_equal(server_check(&cfg, err, sizeof(err)),
	    row->good ? 0 : -1);
	if (!row->good)
		assert_non_null(strstr(err, "a PREFIX has"));
}

/* What another process needs for its rules, these being its own. */
static void
stream_of_redis_keeps_what_any_channel_holds(void **state)
{
	static struct server other;
	char *argv[] = {"sse-fcgi", "--redis=127.0.0.1:1",
	    "--channel=run-:age=900", "--channel=job-:age=20", NULL};
	char err[200];

	(void)state;
	assert_int_equal(config_parse(&other.cfg, 4, argv, err, sizeof(err)),
	    0);
	server_make_hub(&other);
	assert_true(other.redis.set.age == 900);
	assert_int_equal(other.hub.set.rules_n, 2);
	assert_string_equal(other.hub.set.rules[0].prefix, "run-");
	other.engine->stop(other.engine);
	hub_free(&other.hub);
}

static const char *
key_file(void)
{
	static char path[60];

	(void)snprintf(path, sizeof(path), "build/tests/server.%ld.key",
	    (long)getpid());
	return path;
}

static void
write_key(const char *text)
{
	FILE *f = fopen(key_file(), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

#define KEY	   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PUBLIC_KEY "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static void
bad_file_of_a_key_leaves_those_that_were(void **state)
{
	char option[80], err[512], *argv[] = {"sse-fcgi", option, NULL};
	static struct server sv;

	(void)state;
	(void)snprintf(option, sizeof(option), "--ticket-key=%s", key_file());
	assert_int_equal(config_parse(&sv.cfg, 2, argv, err, sizeof(err)), 0);
	(void)unlink(key_file());
	assert_int_equal(server_check(&sv.cfg, err, sizeof(err)), -1);
	assert_int_equal(server_read_keys(&sv, err, sizeof(err)), -1);
	assert_null(sv.tickets.keys);
	write_key("HS256 " KEY);
	assert_int_equal(server_check(&sv.cfg, err, sizeof(err)), 0);
	assert_int_equal(server_read_keys(&sv, err, sizeof(err)), 0);
	assert_int_equal(sv.tickets.keys->one[0].algorithm, TICKET_HS256);
	write_key("HS256 short");
	assert_int_equal(server_read_keys(&sv, err, sizeof(err)), -1);
	assert_non_null(strstr(err, key_file()));
	assert_int_equal(sv.tickets.keys->one[0].algorithm, TICKET_HS256);
	write_key("EdDSA " PUBLIC_KEY);
	assert_int_equal(server_read_keys(&sv, err, sizeof(err)), 0);
	assert_int_equal(sv.tickets.keys->n, 1);
	assert_int_equal(sv.tickets.keys->one[0].algorithm, TICKET_EDDSA);
	ticket_keys_free(sv.tickets.keys);
	(void)unlink(key_file());
}

static void
without_a_file_there_are_no_keys(void **state)
{
	char err[512], *argv[] = {"sse-fcgi", NULL};
	static struct server sv;

	(void)state;
	assert_int_equal(config_parse(&sv.cfg, 1, argv, err, sizeof(err)), 0);
	assert_int_equal(server_check(&sv.cfg, err, sizeof(err)), 0);
	assert_int_equal(server_read_keys(&sv, err, sizeof(err)), 0);
	assert_null(sv.tickets.keys);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(nobody_connects_before_the_engine_is_ready),
	    TEST(engine_that_is_never_ready_is_not_waited_for),
	    TEST(what_others_share_is_not_waited_for_so_long),
	    TEST(process_that_ends_does_not_begin),
	    TEST(small_writes_over_tcp_do_not_wait_for_one_another),
	    TEST(unix_sockets_are_not_asked_for_what_they_have_not),
	    cmocka_unit_test(bad_file_of_a_key_leaves_those_that_were),
	    cmocka_unit_test(without_a_file_there_are_no_keys),
	    cmocka_unit_test(stream_of_redis_keeps_what_any_channel_holds),
	};
	static struct CMUnitTest tests[LENGTH(others) + LENGTH(rule_cases)];
	size_t n = LENGTH(others), i;

	memcpy(tests, others, sizeof(others));
	for (i = 0; i < LENGTH(rule_cases); i++)
		tests[n++] = row_test(rule_cases[i].name,
		    prefix_is_checked_like_a_name, &rule_cases[i]);

	(void)log_open("/dev/null", false);
	return _cmocka_run_group_tests("server", tests, n, NULL, NULL);
}
