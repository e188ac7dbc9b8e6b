/* SPDX-License-Identifier: ISC */
/*
 * The listening sockets: what may be at a Unix socket's path, which addresses a
 * host has, and what a process may inherit.
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

#include "base/socket.h"

/* What another gives a socket's name as soon as that is bound; NULL: nothing.
 */
static const char *put_in_its_place;

int __real_bind(int, const struct sockaddr *, socklen_t);
int __wrap_bind(int, const struct sockaddr *, socklen_t);

int
__wrap_bind(int fd, const struct sockaddr *to, socklen_t len)
{
	int result = __real_bind(fd, to, len);

	if (result == 0 && put_in_its_place != NULL)
		(void)rename(put_in_its_place,
		    ((const struct sockaddr_un *)(const void *)to)->sun_path);
	return result;
}

/* A directory of one's own for each test. */
struct place {
	char dir[40], path[60], lock[70], address[100], err[300];
	struct sockets ss;
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
	(void)snprintf(p->lock, sizeof(p->lock), "%s.lock", p->path);
	(void)snprintf(p->address, sizeof(p->address), "unix:%s", p->path);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	sockets_close(&p->ss);
	(void)unlink(p->path);
	(void)unlink(p->lock);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static int
do_listen(struct place *p)
{
	return sockets_listen(&p->ss, p->address, p->err, sizeof(p->err));
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
	assert_int_equal(p->ss.n, 1);
	assert_false(p->ss.one[0].inherited);
	check_flags(p->ss.one[0].fd);
	fd = connect_to(p->path);
	assert_true(fd >= 0);
	(void)close(fd);
	sockets_close(&p->ss);
	assert_int_equal(p->ss.n, 0);
	assert_int_equal(rmdir(p->dir), 0); /* nothing is left */
	sockets_close(&p->ss);		    /* once more is nothing */
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
			assert_int_equal(lstat(p->lock, &st), 0);
			assert_int_equal(st.st_mode, S_IFREG | 0600);
			sockets_close(&p->ss);
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
	struct sockets other = {.n = 0};
	int fd;

	assert_int_equal(sockets_listen(&other, p->address, p->err,
			     sizeof(p->err)),
	    0);
	assert_int_equal(do_listen(p), -1);
	assert_non_null(strstr(p->err, "listens there"));
	assert_int_equal(p->ss.n, 0);
	fd = connect_to(p->path);
	assert_true(fd >= 0);
	(void)close(fd);
	sockets_close(&other);
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
		assert_int_equal(access(p->lock, F_OK), -1);
		assert_int_equal(kind == 1 ? rmdir(p->path) : unlink(p->path),
		    0);
	}
}

/* Made by one, told to the parent: may it listen, and is it the one there? */
static void
contend(struct place *p, int start, int said, int end)
{
	struct stat st;
	char c;

	(void)!read(start, &c, 1);
	if (do_listen(p) == -1)
		c = strstr(p->err, "another program listens there") ? '0' : '?';
	else if (lstat(p->path, &st) == 0 && st.st_ino == p->ss.one[0].ino)
		c = '1';
	else
		c = '!';
	(void)!write(said, &c, 1);
	(void)!read(end, &c, 1);
	_exit(0); /* without removing anything */
}

enum { CONTENDERS = 6, ROUNDS = 100 };

/* Who was started last leaves a stale path to the next round. */
static void
contest(struct place *p, char said[CONTENDERS + 1])
{
	int start[2], answer[2], end[2], i;
	pid_t child[CONTENDERS];
	ssize_t n;

	if (pipe(start) == -1 || pipe(answer) == -1 || pipe(end) == -1)
		fail();
	for (i = 0; i < CONTENDERS; i++) {
		child[i] = fork();
		if (child[i] != 0)
			continue;
		(void)close(start[1]);
		(void)close(end[1]);
		contend(p, start[0], answer[1], end[0]);
	}
	(void)close(answer[1]);
	(void)close(start[1]);
	for (i = 0; i < CONTENDERS; i++) {
		n = read(answer[0], &said[i], 1);
		assert_int_equal(n, 1);
	}
	said[CONTENDERS] = '\0';
	(void)close(end[1]);
	for (i = 0; i < CONTENDERS; i++)
		assert_int_equal(waitpid(child[i], NULL, 0), child[i]);
	(void)close(start[0]);
	(void)close(answer[0]);
	(void)close(end[0]);
}

static void
of_many_at_once_one_takes_a_stale_path(void **state)
{
	struct place *p = *state;
	char said[CONTENDERS + 1];
	int round;

	for (round = 0; round < ROUNDS; round++) {
		contest(p, said);
		if (strspn(said, "01") != CONTENDERS ||
		    strchr(said, '1') == NULL ||
		    strchr(said, '1') != strrchr(said, '1'))
			fail_msg("round %d: %s", round, said);
	}
}

/* As by somebody who took away what was there: the lock too, or it is no use.
 */
static void
path_that_another_took_over_is_not_removed(void **state)
{
	struct place *p = *state;
	struct sockets other = {.n = 0};

	assert_int_equal(do_listen(p), 0);
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(sockets_listen(&other, p->address, p->err,
			     sizeof(p->err)),
	    -1);
	assert_non_null(strstr(p->err, "listens there"));
	assert_int_equal(unlink(p->lock), 0);
	assert_int_equal(sockets_listen(&other, p->address, p->err,
			     sizeof(p->err)),
	    0);
	sockets_close(&p->ss);
	assert_int_equal(access(p->path, F_OK), 0);
	assert_int_equal(access(p->lock, F_OK), 0);
	sockets_close(&other);
	assert_int_equal(access(p->path, F_OK), -1);
	assert_int_equal(access(p->lock, F_OK), -1);
}

static void
lock_that_was_left_is_taken(void **state)
{
	struct place *p = *state;

	(void)close(open(p->lock, O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_int_equal(do_listen(p), 0);
	sockets_close(&p->ss);
	assert_int_equal(access(p->lock, F_OK), -1);
}

/* Least of all is a link followed: what it names is not made. */
static void
lock_that_is_no_file_is_not_taken(void **state)
{
	struct place *p = *state;
	char target[60];
	int kind;

	(void)snprintf(target, sizeof(target), "%s/target", p->dir);
	for (kind = 0; kind < 3; kind++) {
		if (kind == 0)
			assert_int_equal(symlink(target, p->lock), 0);
		else if (kind == 1)
			assert_int_equal(mkdir(p->lock, 0700), 0);
		else
			assert_int_equal(mkfifo(p->lock, 0600), 0);
		assert_int_equal(do_listen(p), -1);
		assert_non_null(strstr(p->err, "under its name with .lock"));
		assert_int_equal(access(target, F_OK), -1);
		assert_int_equal(access(p->path, F_OK), -1);
		assert_int_equal(kind == 1 ? rmdir(p->lock) : unlink(p->lock),
		    0);
	}
}

/* By a user who may do less: does the line hold this? */
static bool
nobody_is_told(struct place *p, const char *what)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(setuid(65534) == 0 && do_listen(p) == -1 &&
			      strstr(p->err, what) != NULL ?
			  0 :
			  1);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}

static void
who_may_not_lock_is_told_why(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(p->dir, 0755), 0);
	assert_true(nobody_is_told(p, "must be able to write"));
	assert_int_equal(chmod(p->dir, 0777), 0);
	(void)close(open(p->lock, O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_true(nobody_is_told(p, "another user's lock"));
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

/*
 * Listens at a host's port that nobody has, and gives it; another address may
 * have been given the port to by then.  Skips the test where there is no such
 * address.
 */
static unsigned
listen_inet(struct place *p, int family, const char *host)
{
	unsigned port, tries = 0;
	int result;

	do {
		port = free_port(family);
		if (port == 0)
			skip();
		(void)snprintf(p->address, sizeof(p->address), "%s:%u", host,
		    port);
		result = do_listen(p);
	} while (result == -1 && strstr(p->err, "already in use") != NULL &&
		 ++tries < 100);
	assert_int_equal(result, 0);
	return port;
}

static void
check_inet(struct place *p, int family, const char *host)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct sockets other = {.n = 0};

	(void)listen_inet(p, family, host);
	assert_int_equal(p->ss.n, 1);
	check_flags(p->ss.one[0].fd);
	assert_int_equal(p->ss.one[0].path[0], '\0');
	assert_int_equal(getsockname(p->ss.one[0].fd, (struct sockaddr *)&ss,
			     &len),
	    0);
	assert_int_equal(ss.ss_family, family);
	assert_int_equal(sockets_listen(&other, p->address, p->err,
			     sizeof(p->err)),
	    -1);
	assert_non_null(strstr(p->err, "Address already in use"));
	sockets_close(&p->ss);
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

/* A name for both loopback addresses, where this machine has both. */
static void
all_addresses_of_a_host_are_listened_on(void **state)
{
	struct place *p = *state;
	struct sockaddr_storage ss;
	bool families[AF_MAX] = {false};
	socklen_t len;
	size_t i;

	if (system("getent ahosts localhost | grep -q ^::1") != 0)
		skip();
	(void)listen_inet(p, AF_INET6, "localhost");
	for (i = 0; i < p->ss.n; i++) {
		len = sizeof(ss);
		assert_int_equal(getsockname(p->ss.one[i].fd,
				     (struct sockaddr *)&ss, &len),
		    0);
		families[ss.ss_family] = true;
	}
	assert_true(families[AF_INET] && families[AF_INET6]);
}

static int
listen_with_ipv4(struct place *p, unsigned port)
{
	(void)snprintf(p->address, sizeof(p->address), "127.0.0.1:%u", port);
	return do_listen(p);
}

/* One for every address of this kind, on one port. */
static void
both_kinds_of_any_address_go_together(void **state)
{
	struct place *p = *state;
	unsigned tries = 0;

	while (listen_with_ipv4(p, listen_inet(p, AF_INET6, "[::1]")) == -1 &&
	       strstr(p->err, "already in use") != NULL && ++tries < 100)
		sockets_close(&p->ss);
	assert_int_equal(p->ss.n, 2);
}

static void
one_that_fails_takes_nothing_with_it(void **state)
{
	struct place *p = *state;
	int fd;

	assert_int_equal(do_listen(p), 0);
	assert_int_equal(do_listen(p), -1); /* it is our own */
	assert_non_null(strstr(p->err, "given twice"));
	assert_int_equal(p->ss.n, 1);
	fd = connect_to(p->path);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void
who_is_given_an_address_twice_says_so(void **state)
{
	struct place *p = *state;

	(void)listen_inet(p, AF_INET, "127.0.0.1");
	assert_int_equal(do_listen(p), -1);
	assert_non_null(strstr(p->err, "given twice"));
	(void)snprintf(p->address, sizeof(p->address), "unix:%s:0600", p->path);
	assert_int_equal(do_listen(p), 0);
	(void)snprintf(p->address, sizeof(p->address), "unix:%s:0666", p->path);
	assert_int_equal(do_listen(p), -1);
	assert_non_null(strstr(p->err, "given twice"));
	assert_int_equal(p->ss.n, 2);
	(void)strcat(p->path, "2"); /* one that begins so is another */
	(void)snprintf(p->address, sizeof(p->address), "unix:%s", p->path);
	assert_int_equal(do_listen(p), 0);
}

/* As by systemd, whose socket stands once more in the options. */
static void
who_is_given_what_was_passed_says_so(void **state)
{
	struct place *p = *state;
	struct sockets passed = {.n = 1};

	assert_int_equal(do_listen(p), 0);
	passed.one[0] = (struct listening){.fd = p->ss.one[0].fd,
	    .inherited = true,
	    .lock = -1};
	assert_int_equal(sockets_listen(&passed, p->address, p->err,
			     sizeof(p->err)),
	    -1);
	assert_non_null(strstr(p->err, "the starter passes it"));
	assert_int_equal(passed.n, 1);
}

static void
no_more_than_16_are_listened_on(void **state)
{
	struct place *p = *state;
	char path[100];
	int i;

	for (i = 0; i < SOCKETS_MAX; i++) {
		(void)snprintf(p->address, sizeof(p->address), "unix:%s%d",
		    p->path, i);
		assert_int_equal(do_listen(p), 0);
	}
	(void)snprintf(p->address, sizeof(p->address), "unix:%s", p->path);
	assert_int_equal(do_listen(p), -1);
	assert_non_null(strstr(p->err, "more than 16"));
	assert_int_equal(p->ss.n, SOCKETS_MAX);
	sockets_close(&p->ss);
	for (i = 0; i < SOCKETS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "%s%d", p->path, i);
		assert_int_equal(access(path, F_OK), -1);
	}
}

/*
 * In a child with these on descriptors 0, 3 and 4, and LISTEN_FDS if fds is not
 * NULL: the descriptors that were inherited, as decimal digits; 0 if none, 98
 * for wrong flags, 99 for an error.
 */
static int
inherited_by_child(const int given[3], const char *pid, const char *fds)
{
	struct sockets ss = {.n = 0};
	char self[20], err[200];
	int status = 0;
	size_t i;
	pid_t child = fork();

	if (child == 0) {
		(void)snprintf(self, sizeof(self), "%ld", (long)getpid());
		(void)dup2(given[0], 0);
		(void)dup2(given[1], 3);
		(void)dup2(given[2], 4);
		if (fds != NULL) {
			(void)setenv("LISTEN_PID", pid == NULL ? self : pid, 1);
			(void)setenv("LISTEN_FDS", fds, 1);
		}
		if (sockets_inherit(&ss, err, sizeof(err)) == -1)
			_exit(99);
		for (i = 0; i < ss.n; i++) {
			status = status * 10 +
				 (ss.one[i].fd == 0 ? 1 : ss.one[i].fd);
			if (!ss.one[i].inherited ||
			    !(fcntl(ss.one[i].fd, F_GETFL) & O_NONBLOCK) ||
			    !(fcntl(ss.one[i].fd, F_GETFD) & FD_CLOEXEC))
				status = 98;
		}
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A letter each for descriptors 0, 3 and 4. */
static const struct inheritance {
	const char *given; /* s, t: sockets that listen; n: none; p: a pair's;
			    * d: one for datagrams */
	const char *pid, *fds;
	int comes; /* see above; 0 stands there as 1 */
} inheritances[] = {
    {"snn", NULL, NULL, 1},
    {"nsn", NULL, "1", 3},
    {"nst", NULL, "2", 34}, /* each of them is served */
    {"snt", NULL, NULL, 1},
    {"stn", NULL, "1", 13},
    {"ssn", NULL, "1", 1}, /* StandardInput=socket: it is one and the same */
    {"nss", NULL, "2", 3},
    {"sst", NULL, "2", 14},
    /* Not passed, passed to another process, or none of them. */
    {"nsn", NULL, NULL, 0},
    {"nsn", "1", "1", 0},
    {"nsn", NULL, "0", 0},
    {"nsn", NULL, "", 0},
    {"nsn", NULL, "-1", 0},
    {"pnn", NULL, NULL, 0},
    /* Passed, and nothing that we could serve. */
    {"nnn", NULL, "1", 99},
    {"nsn", NULL, "2", 99},
    {"npn", NULL, "1", 99},
    {"ndn", NULL, "1", 99},
    {"nst", NULL, "3", 99},
    {"snn", NULL, "1", 99},
};

static void
listening_sockets_are_inherited(void **state)
{
	struct place *p = *state;
	struct sockets other = {.n = 0};
	int pair[2], one['z'] = {0}, given[3];
	const struct inheritance *row;
	size_t i;

	assert_int_equal(do_listen(p), 0);
	(void)strcat(p->address, "2");
	assert_int_equal(sockets_listen(&other, p->address, p->err,
			     sizeof(p->err)),
	    0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	one['s'] = fcntl(p->ss.one[0].fd, F_DUPFD, 10); /* not 0 or 3 itself */
	one['t'] = fcntl(other.one[0].fd, F_DUPFD, 10);
	one['n'] = fcntl(open("/dev/null", O_RDWR), F_DUPFD, 10);
	one['p'] = fcntl(pair[0], F_DUPFD, 10);
	one['d'] = fcntl(socket(AF_UNIX, SOCK_DGRAM, 0), F_DUPFD, 10);
	for (row = inheritances; row < inheritances + LENGTH(inheritances);
	     row++) {
		for (i = 0; i < 3; i++)
			given[i] = one[(unsigned char)row->given[i]];
		if (inherited_by_child(given, row->pid, row->fds) != row->comes)
			fail_msg("%s, LISTEN_FDS=%s", row->given,
			    row->fds == NULL ? "-" : row->fds);
	}
	sockets_close(&other);
}

static uid_t
owner(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_uid;
}

/* Its mode stays; who may remove it depends on the directory. */
static void
a_socket_and_its_lock_are_given(void **state)
{
	struct place *p = *state;
	struct stat st;

	if (geteuid() != 0)
		skip();
	(void)strcat(p->address, ":0600");
	assert_int_equal(do_listen(p), 0);
	assert_int_equal(sockets_give(&p->ss, 65534, 65533, p->err,
			     sizeof(p->err)),
	    0);
	assert_int_equal(lstat(p->path, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 65533);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(owner(p->lock), 65534);
}

/* Is it, for this user? */
static bool
stays_for(const struct place *p, uid_t uid)
{
	pid_t child = fork();
	const char *stays;
	int status;

	if (child == 0) {
		if (setuid(uid) == -1)
			_exit(2);
		stays = sockets_staying(&p->ss);
		_exit(stays != NULL && strcmp(stays, p->path) == 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

static void
a_socket_stays_where_we_may_not_write(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(do_listen(p), 0);
	assert_int_equal(chmod(p->dir, 0755), 0);
	assert_true(stays_for(p, 65534));
	assert_int_equal(chown(p->dir, 65534, 65534), 0);
	assert_false(stays_for(p, 65534));
	assert_true(stays_for(p, 65533));
}

/* In a directory of the user's anything may have been put in its place. */
static void
what_has_another_name_is_not_given(void **state)
{
	struct place *p = *state;
	char file[60];

	if (geteuid() != 0)
		skip();
	(void)snprintf(file, sizeof(file), "%s/file", p->dir);
	assert_int_equal(do_listen(p), 0);
	assert_int_equal(link(p->lock, file), 0);
	assert_int_equal(sockets_give(&p->ss, 65534, 65534, p->err,
			     sizeof(p->err)),
	    -1);
	assert_int_equal(owner(p->lock), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(unlink(p->path), 0);
	(void)close(open(file, O_WRONLY | O_CREAT | O_EXCL, 0600));
	assert_int_equal(link(file, p->path), 0);
	assert_int_equal(sockets_give(&p->ss, 65534, 65534, p->err,
			     sizeof(p->err)),
	    -1);
	assert_non_null(strstr(p->err, "it cannot be given to the user"));
	assert_int_equal(owner(file), 0);
	assert_int_equal(unlink(file), 0);
}

/* Nor a file of root's that has been given the lock's name, and no other. */
static void
what_says_something_is_no_lock(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(do_listen(p), 0);
	assert_int_equal(write(p->ss.one[0].lock, "x", 1), 1);
	assert_int_equal(sockets_give(&p->ss, 65534, 65534, p->err,
			     sizeof(p->err)),
	    -1);
	assert_int_equal(owner(p->lock), 0);
}

/*
 * As after kill -9 of what root had start.  Linux keeps even root from opening
 * another's file there with O_CREAT (fs.protected_regular).
 */
static void
a_lock_that_was_given_away_is_taken_in_everybodys_directory(void **state)
{
	struct place *p = *state;
	int fd;

	if (geteuid() != 0)
		skip();
	fd = open(p->lock, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, 65534, 65534), 0);
	(void)close(fd);
	assert_int_equal(chmod(p->dir, 01777), 0);
	if (do_listen(p) == -1)
		fail_msg("%s", p->err);
}

/* Who may write to the directory is quick. */
static void
what_is_put_in_its_place_at_once_is_not_ours(void **state)
{
	struct place *p = *state;
	char file[60];

	(void)snprintf(file, sizeof(file), "%s/file", p->dir);
	(void)close(open(file, O_WRONLY | O_CREAT | O_EXCL, 0600));
	put_in_its_place = file;
	assert_int_equal(do_listen(p), -1);
	put_in_its_place = NULL;
	assert_int_equal(p->ss.n, 0);
	assert_int_equal(access(p->path, F_OK), 0); /* nor removed by us */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(unix_socket_is_made_and_removed),
	    TEST(mode_is_set_whatever_the_umask),
	    TEST(stale_socket_is_replaced),
	    TEST(live_socket_is_not_taken),
	    TEST(what_is_no_socket_is_not_taken),
	    TEST(of_many_at_once_one_takes_a_stale_path),
	    TEST(path_that_another_took_over_is_not_removed),
	    TEST(lock_that_was_left_is_taken),
	    TEST(lock_that_is_no_file_is_not_taken),
	    TEST(who_may_not_lock_is_told_why),
	    TEST(a_socket_and_its_lock_are_given),
	    TEST(a_socket_stays_where_we_may_not_write),
	    TEST(what_has_another_name_is_not_given),
	    TEST(what_says_something_is_no_lock),
	    TEST(a_lock_that_was_given_away_is_taken_in_everybodys_directory),
	    TEST(what_is_put_in_its_place_at_once_is_not_ours),
	    TEST(directory_that_is_not_there_is_an_error),
	    TEST(ipv4_address_is_listened_on),
	    TEST(ipv6_address_is_listened_on),
	    TEST(all_addresses_of_a_host_are_listened_on),
	    TEST(both_kinds_of_any_address_go_together),
	    TEST(one_that_fails_takes_nothing_with_it),
	    TEST(who_is_given_an_address_twice_says_so),
	    TEST(who_is_given_what_was_passed_says_so),
	    TEST(no_more_than_16_are_listened_on),
	    TEST(listening_sockets_are_inherited),
	};

	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
