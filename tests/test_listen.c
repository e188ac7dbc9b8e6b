/* SPDX-License-Identifier: ISC */
/*
 * Listening where one call of the system after the other fails, which is said
 * and leaves nothing behind; and what a host's addresses may be.
 */
#include "unit.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <dirent.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/socket.h"
#include "calls.h"

CALL(int, socket, (int family, int type, int protocol),
    (family, type, protocol), -1)
CALL(int, bind, (int fd, const struct sockaddr *sa, socklen_t len),
    (fd, sa, len), -1)
CALL(int, listen, (int fd, int backlog), (fd, backlog), -1)
CALL(int, setsockopt,
    (int fd, int level, int name, const void *value, socklen_t len),
    (fd, level, name, value, len), -1)
CALL(int, connect, (int fd, const struct sockaddr *sa, socklen_t len),
    (fd, sa, len), -1)
CALL(int, flock, (int fd, int how), (fd, how), -1)
CALL(int, unlink, (const char *path), (path), -1)
CALL(int, platform_set_flags, (int fd), (fd), -1)

int __real_getaddrinfo(const char *, const char *, const struct addrinfo *,
    struct addrinfo **);
int __wrap_getaddrinfo(const char *, const char *, const struct addrinfo *,
    struct addrinfo **);
void __real_freeaddrinfo(struct addrinfo *);
void __wrap_freeaddrinfo(struct addrinfo *);

static char dir[40], path[60], address[80], err[300];
static struct sockets ss;

/* What every host has, if there is any. */
static struct {
	struct addrinfo list[SOCKETS_MAX + 1];
	struct sockaddr_in at[SOCKETS_MAX + 1];
	size_t n;
	int error; /* instead of these */
} host;

int
__wrap_getaddrinfo(const char *name, const char *port,
    const struct addrinfo *hints, struct addrinfo **list)
{
	if (host.error != 0)
		return host.error;
	if (host.n == 0)
		return __real_getaddrinfo(name, port, hints, list);
	*list = host.list;
	return 0;
}

void
__wrap_freeaddrinfo(struct addrinfo *list)
{
	if (list != host.list)
		__real_freeaddrinfo(list);
}

/* One more address: of 127.0.0.x, any port, or of that kind. */
static void
host_has(unsigned x, int family)
{
	struct addrinfo *ai = &host.list[host.n];
	struct sockaddr_in *in = &host.at[host.n];

	assert_true(host.n < LENGTH(host.list));
	*in = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + x)};
	*ai = (struct addrinfo){.ai_family = family,
	    .ai_socktype = SOCK_STREAM,
	    .ai_addr = (struct sockaddr *)in,
	    .ai_addrlen = sizeof(*in)};
	if (host.n > 0)
		ai[-1].ai_next = ai;
	host.n++;
}

static int
listen_at(const char *where)
{
	err[0] = '\0';
	return sockets_listen(&ss, where, err, sizeof(err));
}

/* Without . and .. */
static unsigned
count_entries(const char *of)
{
	DIR *d = opendir(of);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n - 2;
}

/* A socket that nobody listens on any more. */
static void
leave_a_stale_one(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)strcpy(sun.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	(void)close(fd);
}

/* Another program, which knows nothing of our lock, listens there. */
static int
somebody_listens(int backlog)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)strcpy(sun.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

/* Each call that is made on the way to listening there fails once. */
static void
check_each(const char *where, bool stale, int error)
{
	unsigned long n;
	bool came = true;
	unsigned open = count_entries("/proc/self/fd");

	for (n = 1; came; n++) {
		if (stale)
			leave_a_stale_one();
		calls_fail(n, false, error);
		if (listen_at(where) == -1)
			assert_int_not_equal(err[0], '\0');
		else
			assert_int_equal(ss.n, 1);
		came = calls_failed();
		sockets_close(&ss);
		assert_int_equal(count_entries("/proc/self/fd"), open);
		(void)unlink(path); /* if it was that which failed */
		assert_in_range(count_entries(dir), 0, 1);
		if (count_entries(dir) == 1) { /* likewise */
			(void)strcat(path, ".lock");
			assert_int_equal(unlink(path), 0);
			path[strlen(path) - 5] = '\0';
		}
	}
	assert_true(n > 4);
}

static void
whatever_fails_is_said_and_leaves_nothing(void **state)
{
	(void)state;
	check_each(address, false, EMFILE);
	check_each(address, true, EMFILE);
	check_each(address, true, ENOENT);
	check_each(address, true, EAGAIN);
	check_each(address, false, EWOULDBLOCK);
	host_has(1, AF_INET);
	check_each("somewhere:1", false, EADDRINUSE);
	check_each("somewhere:1", false, EADDRNOTAVAIL);
	check_each("somewhere:1", false, EMFILE);
}

static void
socket_of_another_program_is_not_taken_be_it_full(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = somebody_listens(0), peer[8];
	size_t n = 0, i;

	(void)state;
	assert_int_equal(listen_at(address), -1);
	assert_non_null(strstr(err, "another program listens there"));
	(void)strcpy(sun.sun_path, path);
	do { /* until its backlog is full */
		assert_true(n < LENGTH(peer));
		peer[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	} while (connect(peer[n++], (struct sockaddr *)&sun, sizeof(sun)) == 0);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(listen_at(address), -1);
	assert_non_null(strstr(err, "another program listens there"));
	assert_int_equal(access(path, F_OK), 0);
	for (i = 0; i < n; i++)
		(void)close(peer[i]);
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
}

static void
address_that_comes_twice_is_one(void **state)
{
	(void)state;
	host_has(1, AF_INET);
	host_has(2, AF_INET);
	host_has(1, AF_INET);
	assert_int_equal(listen_at("somewhere:1"), 0);
	assert_int_equal(ss.n, 2);
}

static void
kind_that_is_not_to_be_had_is_passed_over_unless_it_is_all(void **state)
{
	(void)state;
	host_has(1, AF_MAX);
	host_has(2, AF_INET);
	assert_int_equal(listen_at("somewhere:1"), 0);
	assert_int_equal(ss.n, 1);
	sockets_close(&ss);
	host.n = 0;
	host_has(1, AF_MAX);
	assert_int_equal(listen_at("somewhere:1"), -1);
	assert_non_null(strstr(err, strerror(EAFNOSUPPORT)));
}

static void
host_of_more_than_16_is_refused(void **state)
{
	unsigned x;

	(void)state;
	for (x = 1; x <= SOCKETS_MAX + 1; x++)
		host_has(x, AF_INET);
	assert_int_equal(listen_at("somewhere:1"), -1);
	assert_non_null(strstr(err, "there are more than 16 sockets"));
	assert_int_equal(ss.n, 0);
}

static void
host_that_is_not_found_is_said(void **state)
{
	(void)state;
	host.error = EAI_NONAME;
	assert_int_equal(listen_at("somewhere:1"), -1);
	assert_non_null(strstr(err, gai_strerror(EAI_NONAME)));
	host.error = EAI_SYSTEM;
	errno = EMFILE;
	assert_int_equal(listen_at("somewhere:1"), -1);
	assert_non_null(strstr(err, strerror(EMFILE)));
}

static void
address_that_is_none_is_said(void **state)
{
	(void)state;
	assert_int_equal(listen_at("nonsense"), -1);
	assert_int_not_equal(err[0], '\0');
}

static int
set_up(void **state)
{
	(void)state;
	memset(&host, 0, sizeof(host));
	(void)strcpy(dir, "/tmp/test_listen.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/sock", dir);
	(void)snprintf(address, sizeof(address), "unix:%s", path);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sockets_close(&ss);
	return rmdir(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(whatever_fails_is_said_and_leaves_nothing),
	    TEST(socket_of_another_program_is_not_taken_be_it_full),
	    TEST(address_that_comes_twice_is_one),
	    TEST(kind_that_is_not_to_be_had_is_passed_over_unless_it_is_all),
	    TEST(host_of_more_than_16_is_refused),
	    TEST(host_that_is_not_found_is_said),
	    TEST(address_that_is_none_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
