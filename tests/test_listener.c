/* SPDX-License-Identifier: ISC */
/*
 * Connections come, and accept4() says what the test has it say.
 */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "allocation.h"
#include "base/log.h"
#include "fastcgi/flush.h"
#include "fastcgi/listener.h"

static struct ev_loop *loop;
static struct conns conns;
static struct listener listener;
static struct sockets sockets;
static struct sockaddr_un at; /* of the one that there is */
static char dir[32];

/* The errors that come next, before accept4() is itself again. */
static struct {
	int error[4];
	size_t n, at, calls;
} script;

int __real_accept4(int, struct sockaddr *, socklen_t *, int);
int __wrap_accept4(int, struct sockaddr *, socklen_t *, int);

int
__wrap_accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
	script.calls++;
	if (script.at == script.n)
		return __real_accept4(fd, from, len, flags);
	errno = script.error[script.at++];
	return -1;
}

static void
accept_fails(int error)
{
	script.error[script.n++] = error;
}

static int
set_up(void **state)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)state;
	memset(&script, 0, sizeof(script));
	allocation_fails(0);
	(void)strcpy(dir, "/tmp/sse-fcgi.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	at = (struct sockaddr_un){.sun_family = AF_UNIX};
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", dir);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    listen(fd, 128) == -1 || (loop = ev_loop_new(EVFLAG_AUTO)) == NULL)
		return -1;
	sockets = (struct sockets){.n = 1, .one[0].fd = fd};
	conns_init(&conns, loop,
	    &(struct conn_owner){.size = sizeof(struct conn)}, 15, 60);
	conns_limit(&conns, 1000, 1000);
	conns_set_time(&conns, 5000);
	listener_start(&listener, &conns, &sockets);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	listener_stop(&listener);
	conns_free(&conns);
	ev_loop_destroy(loop);
	return close(sockets.one[0].fd) + unlink(at.sun_path) + rmdir(dir);
}

/* It is there to be accepted. */
static int
client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void
turn(void)
{
	(void)ev_run(loop, EVRUN_NOWAIT);
	(void)conns_flush(&conns);
}

static bool
listens(void)
{
	return ev_is_active(&listener.socket[0].io);
}

/* Accepting has paused, and the pause is over. */
static void
goes_on(void)
{
	assert_false(listens());
	assert_true(ev_is_active(&listener.pause));
	script.calls = 0;
	turn();
	assert_int_equal(script.calls, 0);
	ev_timer_stop(loop, &listener.pause);
	ev_invoke(loop, &listener.pause, EV_TIMER);
	assert_true(listens());
}

static void
peer_that_vanishes_is_no_pause(void **state)
{
	int fd = client();

	(void)state;
	accept_fails(ECONNABORTED);
	accept_fails(EINTR);
	turn();
	assert_int_equal(conns.total, 1);
	assert_int_equal(listener.pauses, 0);
	assert_int_equal(close(fd), 0);
}

/* Whoever has one and no request gives it up; if nobody has, it is waited. */
static void
who_has_no_request_gives_his_descriptor(void **state)
{
	const int *error = *state;
	int fd[3];

	assert_int_equal(set_up(NULL), 0);
	fd[0] = client();
	accept_fails(*error);
	turn();
	assert_int_equal(listener.pauses, 1);
	assert_int_equal(conns.total, 0);
	goes_on();
	turn();
	assert_int_equal(conns.total, 1);
	fd[1] = client();
	accept_fails(*error);
	turn();
	assert_int_equal(conns.dropped, 1);
	assert_int_equal(conns.total, 1);
	assert_int_equal(listener.pauses, 1);
	assert_int_equal(read(fd[0], fd, 1), 0);
	assert_int_equal(close(fd[0]) + close(fd[1]), 0);
	assert_int_equal(tear_down(NULL), 0);
}

static void
who_is_there_stays_where_no_descriptor_would_help(void **state)
{
	int fd[2];

	(void)state;
	fd[0] = client();
	turn();
	fd[1] = client();
	accept_fails(ENOBUFS);
	turn();
	assert_int_equal(listener.pauses, 1);
	assert_int_equal(conns.total, 1);
	goes_on();
	turn();
	assert_int_equal(conns.total, 2);
	assert_int_equal(close(fd[0]) + close(fd[1]), 0);
}

static void
kernel_that_watches_nothing_is_asked_again(void **state)
{
	int fd = client();

	(void)state;
	ev_invoke(loop, &listener.socket[0].io, EV_ERROR);
	assert_int_equal(listener.pauses, 1);
	goes_on();
	turn();
	assert_int_equal(conns.total, 1);
	assert_int_equal(close(fd), 0);
}

static void
log_is_told_once_a_minute(void **state)
{
	static const double passes[] = {0, 59, 1}, told[] = {5000, 5000, 5060};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(passes); i++) {
		conns_set_time(&conns, conns.now + passes[i]);
		ev_invoke(loop, &listener.socket[0].io, EV_ERROR);
		assert_true(listener.told == told[i]);
		goes_on();
	}
	assert_int_equal(listener.pauses, LENGTH(passes));
}

static void
turn_takes_64_of_them(void **state)
{
	int fd[65];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(fd); i++)
		fd[i] = client();
	turn();
	assert_int_equal(conns.total, 64);
	turn();
	assert_int_equal(conns.total, 65);
	for (i = 0; i < LENGTH(fd); i++)
		assert_int_equal(close(fd[i]), 0);
}

static void
one_without_memory_is_closed(void **state)
{
	int fd[2];

	(void)state;
	fd[0] = client();
	allocation_fails(1);
	turn();
	assert_true(allocation_failed());
	assert_int_equal(conns.total, 0);
	assert_int_equal(read(fd[0], fd + 1, 1), 0);
	fd[1] = client();
	turn();
	assert_int_equal(conns.total, 1);
	assert_int_equal(close(fd[0]) + close(fd[1]), 0);
}

/* Also while it pauses. */
static void
inherited_sockets_are_left_to_the_next_process(void **state)
{
	(void)state;
	listener_leave(&listener);
	assert_true(listens());
	ev_invoke(loop, &listener.socket[0].io, EV_ERROR);
	listener_leave(&listener);
	goes_on();
	listener.socket[0].inherited = true;
	listener_leave(&listener);
	assert_false(listens());
	assert_int_equal(listener.sockets, 0);
}

int
main(void)
{
	static const int no_descriptor[] = {EMFILE, ENFILE};
#define LISTENER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    LISTENER_TEST(peer_that_vanishes_is_no_pause),
	    row_test("who_has_no_request_gives_his_descriptor_EMFILE",
		who_has_no_request_gives_his_descriptor, &no_descriptor[0]),
	    row_test("who_has_no_request_gives_his_descriptor_ENFILE",
		who_has_no_request_gives_his_descriptor, &no_descriptor[1]),
	    LISTENER_TEST(who_is_there_stays_where_no_descriptor_would_help),
	    LISTENER_TEST(kernel_that_watches_nothing_is_asked_again),
	    LISTENER_TEST(log_is_told_once_a_minute),
	    LISTENER_TEST(turn_takes_64_of_them),
	    LISTENER_TEST(one_without_memory_is_closed),
	    LISTENER_TEST(inherited_sockets_are_left_to_the_next_process),
	};

	(void)log_open("/dev/null", false);
	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
