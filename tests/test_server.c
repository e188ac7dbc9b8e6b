/* SPDX-License-Identifier: ISC */
/*
 * When a process is there for others: when its engine is ready, or has had its
 * time to be so.
 */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(nobody_connects_before_the_engine_is_ready),
	    TEST(engine_that_is_never_ready_is_not_waited_for),
	    TEST(process_that_ends_does_not_begin),
	};

	(void)log_open("/dev/null", false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
