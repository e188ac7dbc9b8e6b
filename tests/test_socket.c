/* SPDX-License-Identifier: ISC */
/*
 * The listening socket: which addresses are understood, what may be at a Unix
 * socket's path, and what a process may inherit.
 */
#include "unit.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <unistd.h>

#include "socket.h"

#define PATH_50	 "/12345678901234567890123456789012345678901234567890"
#define PATH_107 PATH_50 PATH_50 "12345"
#define NAME_64 \
	"1234567890123456789012345678901234567890123456789012345678901234"

static const struct row {
	const char *address;
	bool good;
} rows[] = {
    {"unix:/run/sse-fcgi/sse.sock", true},
    {"unix:/run/sse.sock:0660", true},
    {"unix:/run/sse.sock:600", true},
    {"unix:/run/sse.sock:0", true},
    {"unix:/run/sse.sock:0777", true},
    {"unix:relative.sock", true},
    {"unix:/a:b:0600", true},
    {"unix:" PATH_107, true},
    {"unix:" PATH_107 ":0600", true},
    {"unix:" PATH_107 "6", false},
    {"unix:" PATH_107 "6:0600", false},
    {"unix:", false},
    {"unix::0600", false},
    {"unix:/run/sse.sock:", false},
    {"unix:/run/sse.sock:1000", false},
    {"unix:/run/sse.sock:8", false},
    {"unix:/run/sse.sock:0x180", false},
    {"unix:/run/sse.sock:-1", false},
    {"unix:/run/sse.sock:+600", false},
    {"unix:/run/sse.sock: 600", false},
    {"unix:/run/sse.sock:600 ", false},
    {"unix:/run/sse.sock:rw", false},
    {"unix:/run/sse.sock:40000000660", false},
    {"unix:/run/sse.sock:7777777777777777777777777", false},
    {"127.0.0.1:9000", true},
    {"localhost:1", true},
    {"localhost:65535", true},
    {"0.0.0.0:09000", true},
    {"[::1]:9000", true},
    {"[::]:9000", true},
    {"[fe80::1%lo]:9000", true},
    {NAME_64 ".example:80", true},
    {NAME_64 NAME_64 NAME_64 NAME_64 ":80", false},
    {"", false},
    {":", false},
    {":9000", false},
    {"9000", false},
    {"localhost", false},
    {"localhost:", false},
    {"localhost:0", false},
    {"localhost:65536", false},
    {"localhost:99999999999999999999", false},
    {"localhost:-1", false},
    {"localhost:+80", false},
    {"localhost: 80", false},
    {"localhost:80 ", false},
    {"localhost:80a", false},
    {"localhost:http", false},
    {"::1:9000", false},
    {"[::1]", false},
    {"[::1]9000", false},
    {"[::1:9000", false},
    {"::1]:9000", false},
    {"[]:9000", false},
    {"/run/sse.sock", false},
    {"Unix:/run/sse.sock", false},
};

static void
address_is_understood_or_not(void **state)
{
	const struct row *row = *state;
	char err[200] = "";
	int result = socket_check(row->address, err, sizeof(err));

	if (row->good && result != 0)
		fail_msg("%s", err);
	if (row->good)
		return;
	assert_int_equal(result, -1);
	assert_in_range(strlen(err), 5, sizeof(err) - 1);
	assert_null(strchr(err, '\n'));
}

/* A directory of one's own for each test. */
struct place {
	char dir[40], path[60], address[100], err[300];
	struct listening l;
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	(void)strcpy(p->dir, "/tmp/test_socket.XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	(void)snprintf(p->path, sizeof(p->path), "%s/sock", p->dir);
	(void)snprintf(p->address, sizeof(p->address), "unix:%s", p->path);
	p->l.fd = -1;
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	socket_close(&p->l);
	(void)unlink(p->path);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static int
do_listen(struct place *p)
{
	return socket_listen(&p->l, p->address, p->err, sizeof(p->err));
}

static int
connect_to(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	(void)strcpy(sun.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void
check_flags(int fd)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void
unix_socket_is_made_and_removed(void **state)
{
	struct place *p = *state;
	int fd;

	assert_int_equal(do_listen(p), 0);
	assert_false(p->l.inherited);
	check_flags(p->l.fd);
	fd = connect_to(p->path);
	assert_true(fd >= 0);
	(void)close(fd);
	socket_close(&p->l);
	assert_int_equal(p->l.fd, -1);
	assert_int_equal(access(p->path, F_OK), -1);
	socket_close(&p->l); /* once more is nothing */
}

static void
mode_is_set_whatever_the_umask(void **state)
{
	static const mode_t umasks[] = {0, 022, 077, 0777};
	static const struct {
		const char *suffix;
		mode_t mode;
	} modes[] = {{"", 0660}, {":0600", 0600}, {":666", 0666},
	    {":0777", 0777}, {":0", 0}, {":0640", 0640}};
	struct place *p = *state;
	struct stat st;
	mode_t old, after;
	size_t u, m;

	for (u = 0; u < LENGTH(umasks); u++)
		for (m = 0; m < LENGTH(modes); m++) {
			(void)snprintf(p->address, sizeof(p->address),
			    "unix:%s%s", p->path, modes[m].suffix);
			old = umask(umasks[u]);
			assert_int_equal(do_listen(p), 0);
			after = umask(old);
			assert_int_equal(after, umasks[u]);
			assert_int_equal(stat(p->path, &st), 0);
			assert_int_equal(st.st_mode & 07777, modes[m].mode);
			socket_close(&p->l);
		}
}

static void
stale_socket_is_replaced(void **state)
{
	struct place *p = *state;
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)strcpy(sun.sun_path, p->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	(void)close(fd); /* the path stays, and nobody listens */
	assert_int_equal(do_listen(p), 0);
	fd = connect_to(p->path);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void
live_socket_is_not_taken(void **state)
{
	struct place *p = *state;
	struct listening other;
	int fd;

	assert_int_equal(socket_listen(&other, p->address, p->err,
			     sizeof(p->err)),
	    0);
	assert_int_equal(do_listen(p), -1);
	assert_non_null(strstr(p->err, "listens there"));
	assert_int_equal(p->l.fd, -1);
	fd = connect_to(p->path);
	assert_true(fd >= 0);
	(void)close(fd);
	socket_close(&other);
}

/* Whatever is at the path must be the same afterwards. */
static void
what_is_no_socket_is_not_taken(void **state)
{
	struct place *p = *state;
	struct stat before, after;
	int kind, fd;

	for (kind = 0; kind < 4; kind++) {
		if (kind == 0) {
			fd = open(p->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
			assert_int_equal(write(fd, "precious", 8), 8);
			(void)close(fd);
		} else if (kind == 1)
			assert_int_equal(mkdir(p->path, 0700), 0);
		else if (kind == 2)
			assert_int_equal(mkfifo(p->path, 0600), 0);
		else
			assert_int_equal(symlink("nowhere", p->path), 0);
		assert_int_equal(lstat(p->path, &before), 0);
		assert_int_equal(do_listen(p), -1);
		assert_non_null(strstr(p->err, p->path));
		assert_int_equal(lstat(p->path, &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
		assert_int_equal(before.st_size, after.st_size);
		assert_int_equal(kind == 1 ? rmdir(p->path) : unlink(p->path),
		    0);
	}
}

static void
path_that_another_took_over_is_not_removed(void **state)
{
	struct place *p = *state;
	struct listening other;

	assert_int_equal(do_listen(p), 0);
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(socket_listen(&other, p->address, p->err,
			     sizeof(p->err)),
	    0);
	socket_close(&p->l);
	assert_int_equal(access(p->path, F_OK), 0);
	socket_close(&other);
	assert_int_equal(access(p->path, F_OK), -1);
}

static void
directory_that_is_not_there_is_an_error(void **state)
{
	struct place *p = *state;

	(void)snprintf(p->address, sizeof(p->address), "unix:%s/x/y", p->dir);
	assert_int_equal(do_listen(p), -1);
	assert_non_null(strstr(p->err, strerror(ENOENT)));
}

/* A port that was free a moment ago. */
static unsigned
free_port(int family)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&four :
						  (struct sockaddr *)&six;
	socklen_t len = family == AF_INET ? sizeof(four) : sizeof(six);
	int fd = socket(family, SOCK_STREAM, 0), result;

	six.sin6_addr = in6addr_loopback;
	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	result = bind(fd, sa, len);
	(void)getsockname(fd, sa, &len);
	(void)close(fd);
	return result == -1 ?
		   0 :
		   ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
}

static void
check_inet(struct place *p, int family, const char *host)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct listening other;
	unsigned port = free_port(family);

	if (port == 0)
		skip(); /* no such addresses here */
	(void)snprintf(p->address, sizeof(p->address), "%s:%u", host, port);
	assert_int_equal(do_listen(p), 0);
	check_flags(p->l.fd);
	assert_int_equal(p->l.path[0], '\0');
	assert_int_equal(getsockname(p->l.fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(ss.ss_family, family);
	assert_int_equal(socket_listen(&other, p->address, p->err,
			     sizeof(p->err)),
	    -1);
	assert_non_null(strstr(p->err, strerror(EADDRINUSE)));
	socket_close(&p->l);
}

static void
ipv4_address_is_listened_on(void **state)
{
	check_inet(*state, AF_INET, "127.0.0.1");
}

static void
ipv6_address_is_listened_on(void **state)
{
	check_inet(*state, AF_INET6, "[::1]");
}

/*
 * In a child with this on descriptor 0 and that on 3, and LISTEN_FDS if fds is
 * not NULL: the descriptor that was inherited, or 99 for none.
 */
static int
inherited_by_child(int zero, int three, const char *pid, const char *fds)
{
	struct listening l;
	char self[20];
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		(void)snprintf(self, sizeof(self), "%ld", (long)getpid());
		(void)dup2(zero, 0);
		(void)dup2(three, 3);
		if (fds != NULL) {
			(void)setenv("LISTEN_PID", pid == NULL ? self : pid, 1);
			(void)setenv("LISTEN_FDS", fds, 1);
		}
		status = socket_inherit(&l) == -1 ? 99 : l.fd;
		if (status != 99 &&
		    (!l.inherited || !(fcntl(l.fd, F_GETFL) & O_NONBLOCK) ||
			!(fcntl(l.fd, F_GETFD) & FD_CLOEXEC)))
			status = 98;
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
listening_socket_is_inherited(void **state)
{
	struct place *p = *state;
	int none = open("/dev/null", O_RDWR), pair[2], s;

	assert_int_equal(do_listen(p), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	s = fcntl(p->l.fd, F_DUPFD, 10); /* not 0 or 3 itself */
	none = fcntl(none, F_DUPFD, 10);
	pair[0] = fcntl(pair[0], F_DUPFD, 10);
	assert_int_equal(inherited_by_child(s, none, NULL, NULL), 0);
	assert_int_equal(inherited_by_child(none, s, NULL, "1"), 3);
	assert_int_equal(inherited_by_child(none, s, NULL, "2"), 3);
	assert_int_equal(inherited_by_child(s, s, NULL, "1"), 0);
	/* Not passed, passed to another process, or none of them. */
	assert_int_equal(inherited_by_child(none, s, NULL, NULL), 99);
	assert_int_equal(inherited_by_child(none, s, "1", "1"), 99);
	assert_int_equal(inherited_by_child(none, s, NULL, "0"), 99);
	assert_int_equal(inherited_by_child(none, s, NULL, ""), 99);
	/* Not a socket, or one that does not listen. */
	assert_int_equal(inherited_by_child(none, none, NULL, "1"), 99);
	assert_int_equal(inherited_by_child(pair[0], none, NULL, NULL), 99);
	assert_int_equal(inherited_by_child(none, pair[0], NULL, "1"), 99);
	(void)close(s);
	(void)close(none);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    TEST(unix_socket_is_made_and_removed),
	    TEST(mode_is_set_whatever_the_umask),
	    TEST(stale_socket_is_replaced),
	    TEST(live_socket_is_not_taken),
	    TEST(what_is_no_socket_is_not_taken),
	    TEST(path_that_another_took_over_is_not_removed),
	    TEST(directory_that_is_not_there_is_an_error),
	    TEST(ipv4_address_is_listened_on),
	    TEST(ipv6_address_is_listened_on),
	    TEST(listening_socket_is_inherited),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t n = 0, i;

	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].address,
		    address_is_understood_or_not, &rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("socket", tests, n, NULL, NULL);
}
