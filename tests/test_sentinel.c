/* SPDX-License-Identifier: ISC */
/*
 * A question to a Sentinel where one call after the other fails, of the system
 * or for memory: it is answered once, by an address or by a reason.
 */
#include <sys/socket.h>

#include "calls.h"
#include "engine/link.h"
#include "engine/sentinel.h"

ssize_t __real_send(int, const void *, size_t, int);
ssize_t __real_recv(int, void *, size_t, int);
int __real_socket(int, int, int);
int __real_platform_set_flags(int);

/* The server's own calls do not fail. */
#define send		   __real_send
#define recv		   __real_recv
#define socket		   __real_socket
#define platform_set_flags __real_platform_set_flags
#include "scripted.h"
#undef send
#undef recv
#undef socket
#undef platform_set_flags

CALL(ssize_t, send, (int fd, const void *p, size_t len, int flags),
    (fd, p, len, flags), -1)
CALL(ssize_t, recv, (int fd, void *p, size_t len, int flags),
    (fd, p, len, flags), -1)
CALL(int, socket, (int family, int type, int protocol),
    (family, type, protocol), -1)
CALL(int, connect, (int fd, const struct sockaddr *sa, socklen_t len),
    (fd, sa, len), -1)
CALL(int, getsockopt,
    (int fd, int level, int name, void *value, socklen_t *len),
    (fd, level, name, value, len), -1)
CALL(int, getpeername, (int fd, struct sockaddr *sa, socklen_t *len),
    (fd, sa, len), -1)
CALL(int, platform_set_flags, (int fd), (fd), -1)
CALL(ssize_t, read, (int fd, void *p, size_t len), (fd, p, len), -1)
CALL(void *, calloc, (size_t n, size_t size), (n, size), NULL)
CALL(void *, malloc, (size_t size), (size), NULL)
CALL(void *, realloc, (void *p, size_t size), (p, size), NULL)

#define ASK  "SENTINEL GET-MASTER-ADDR-BY-NAME m"
#define HERE "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6399\r\n"

static const struct line knows[] = {{ASK, HERE}, {NULL, NULL}};
static const struct line strict[] =
    {{ASK, "-NOAUTH Authentication required.\r\n"}, {NULL, NULL}};
static const struct line strange[] =
    {{ASK, "-NOAUTH Authentication required.\r\n"},
	{"AUTH", "-ERR AUTH secret\r\n"}, {NULL, NULL}};

static struct ev_loop *loop;
static double now;
static struct link_setup set;
static struct scripted server;
static struct resolved at;
static char directory[40], password[60];
static ev_timer pace;

static struct {
	unsigned times;
	bool good;
	char why[200];
} told;

static void
on_told(void *arg, const struct sentinel_answer *a)
{
	(void)arg;
	told.times++;
	told.good = a->host != NULL;
	(void)snprintf(told.why, sizeof(told.why), "%s",
	    a->why == NULL ? "" : a->why);
	if (told.good)
		assert_string_equal(a->port, "6399");
	else
		assert_true(a->unknown || told.why[0] != '\0');
}

/* Keeps the loop turning, and the time. */
static void
on_pace(struct ev_loop *on, ev_timer *w, int revents)
{
	(void)on;
	(void)w;
	(void)revents;
	now = platform_clock();
}

static int
set_up(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	FILE *f;

	(void)state;
	memset(&told, 0, sizeof(told));
	(void)strcpy(directory, "/tmp/test_sentinel.XXXXXX");
	assert_non_null(mkdtemp(directory));
	(void)snprintf(password, sizeof(password), "%s/password", directory);
	f = fopen(password, "w");
	assert_non_null(f);
	(void)fputs("secret\n", f);
	assert_int_equal(fclose(f), 0);
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	now = platform_clock();
	ev_timer_init(&pace, on_pace, 0.002, 0.002);
	ev_timer_start(loop, &pace);
	set = (struct link_setup){.loop = loop,
	    .now = &now,
	    .password_file = password,
	    .reply_max = 65536};
	scripted_unix(&server, loop, directory, "s", strict);
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%.90s",
	    server.path);
	memcpy(&at.address, &sun, sizeof(sun));
	at.len = sizeof(sun);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scripted_end(&server);
	ev_timer_stop(loop, &pace);
	ev_loop_destroy(loop);
	(void)unlink(password);
	return rmdir(directory);
}

/*
 * Asks, and waits for the answer; whoever has said who he is gets one.  False:
 * it could not even be asked.
 */
static bool
ask(void)
{
	size_t before = server.commands;

	memset(&told, 0, sizeof(told));
	server.script = strict;
	if (sentinel_ask(&set, &at, "m", on_told, NULL) == NULL)
		return false;
	while (told.times == 0) {
		(void)ev_run(loop, EVRUN_ONCE);
		if (server.commands > before)
			server.script = knows;
	}
	(void)ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(told.times, 1);
	return true;
}

static void
whatever_fails_it_is_told_once(void **state)
{
	static const int errors[] = {EMFILE, ECONNRESET, EAGAIN, EINTR,
	    ENOTCONN};
	unsigned long n;
	bool came = true;
	size_t e;

	(void)state;
	for (e = 0; e < LENGTH(errors); e++, came = true)
		for (n = 1; came; n++) {
			calls_fail(n, false, errors[e]);
			if (!ask())
				assert_int_not_equal(errno, 0);
			came = calls_failed();
			if (!came)
				assert_true(told.good);
		}
	assert_true(n > 15);
}

static void
who_hangs_up_is_said_at_once(void **state)
{
	static const struct line closes[] = {{ASK, CLOSE}, {NULL, NULL}};

	(void)state;
	server.script = closes;
	assert_non_null(sentinel_ask(&set, &at, "m", on_told, NULL));
	while (told.times == 0)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_string_equal(told.why, "it has closed the connection");
}

/* Its words may be the password's. */
static void
what_it_says_to_a_password_is_not_told(void **state)
{
	(void)state;
	server.script = strange;
	assert_non_null(sentinel_ask(&set, &at, "m", on_told, NULL));
	while (told.times == 0)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_string_equal(told.why, "it refuses AUTH");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(whatever_fails_it_is_told_once),
	    TEST(who_hangs_up_is_said_at_once),
	    TEST(what_it_says_to_a_password_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
