/* SPDX-License-Identifier: ISC */
/*
 * A network between us and Redis that does harm: proxy LISTEN TO SEED, each
 * address unix:/path or 127.0.0.1:port.  It says "ready" when it listens.  A
 * word on its standard input says what is done from then on, to what passes and
 * to who comes; the end of that input is its own.
 *
 *     pass     nothing
 *     trickle  one byte at a time
 *     delay    each piece waits for up to 20 ms
 *     cut      a connection ends behind some bytes, in the midst of them
 *     reset    the same, by RST where it is TCP
 *     garbage  some bytes of Redis are others
 *     hold     nothing passes, and nobody is told
 *     any      of the first five one for each connection, by chance
 *     kill     all connections that there are end, once
 */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAIRS	 64
#define PIECE	 65536
#define DELAY_MS 20
#define FAR	 4000 /* bytes until it is cut, at most */

enum harm { PASS, TRICKLE, DELAY, CUT, RESET, GARBAGE, HOLD, ANY, KILL };

static const char *const names[] = {"pass", "trickle", "delay", "cut", "reset",
    "garbage", "hold", "any", "kill"};

/* One way through: what came, and is not sent yet. */
struct way {
	int from, to;
	char bytes[PIECE];
	size_t len;
	double due; /* milliseconds: not before */
};

struct pair {
	struct way way[2]; /* to Redis, and back */
	enum harm harm;
	long left; /* bytes, until it is cut */
	bool used;
};

static struct {
	const char *to;
	int listening;
	uint32_t seed;
	enum harm harm;
	struct pair pair[PAIRS];
} proxy;

static uint32_t
below(uint32_t n)
{
	proxy.seed ^= proxy.seed << 13;
	proxy.seed ^= proxy.seed >> 17;
	proxy.seed ^= proxy.seed << 5;
	return proxy.seed % n;
}

static double
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
open_socket(const char *address,
    int (*use)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct sockaddr_in sin = {.sin_family = AF_INET};
	const char *colon = strrchr(address, ':');
	bool is_unix = strncmp(address, "unix:", 5) == 0;
	int fd =
	    socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)strncpy(sun.sun_path, address + 5, sizeof(sun.sun_path) - 1);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if ((is_unix ? use(fd, (struct sockaddr *)&sun, sizeof(sun)) :
		       use(fd, (struct sockaddr *)&sin, sizeof(sin))) == -1) {
		(void)close(fd);
		return -1;
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
pair_end(struct pair *p)
{
	struct linger now = {.l_onoff = 1};
	int i;

	for (i = 0; i < 2; i++) {
		if (p->harm == RESET)
			(void)setsockopt(p->way[i].from, SOL_SOCKET, SO_LINGER,
			    &now, sizeof(now));
		(void)close(p->way[i].from);
	}
	p->used = false;
}

static void
pair_harm(struct pair *p, enum harm harm)
{
	if (harm == KILL && p->used)
		pair_end(p);
	p->harm = harm == ANY ? below(GARBAGE) : harm;
	p->left = 1 + (long)below(FAR);
}

static void
come(void)
{
	int in = accept(proxy.listening, NULL, NULL), out;
	struct pair *p = proxy.pair;

	while (p < proxy.pair + PAIRS && p->used)
		p++;
	if (in == -1)
		return;
	out = p == proxy.pair + PAIRS ? -1 : open_socket(proxy.to, connect);
	if (out == -1) {
		(void)close(in);
		return;
	}
	(void)fcntl(in, F_SETFL, O_NONBLOCK);
	p->used = true;
	p->way[0].from = p->way[1].to = in;
	p->way[0].to = p->way[1].from = out;
	p->way[0].len = p->way[1].len = 0;
	pair_harm(p, proxy.harm);
}

/* What is done to a piece that has come; false: the connection ends. */
static bool
harmed(struct pair *p, struct way *w)
{
	w->due = p->harm == DELAY ? now_ms() + below(DELAY_MS) : 0;
	if (p->harm == GARBAGE && w == &p->way[1] && below(4) == 0)
		w->bytes[below((uint32_t)w->len)] = (char)below(256);
	if (p->harm != CUT && p->harm != RESET)
		return true;
	if (p->left < (long)w->len)
		w->len = (size_t)p->left;
	p->left -= (long)w->len;
	return w->len > 0;
}

static bool
take(struct pair *p, struct way *w)
{
	ssize_t n = read(w->from, w->bytes, p->harm == TRICKLE ? 64 : PIECE);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	w->len = (size_t)n;
	return harmed(p, w);
}

static bool
give(struct pair *p, struct way *w)
{
	ssize_t n;

	if (now_ms() < w->due)
		return true;
	n = send(w->to, w->bytes, p->harm == TRICKLE ? 1 : w->len,
	    MSG_NOSIGNAL);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR;
	w->len -= (size_t)n;
	memmove(w->bytes, w->bytes + n, w->len);
	return true;
}

/* A word for all connections. */
static void
command(void)
{
	char line[64] = "";
	size_t i, harm;
	ssize_t n = read(0, line, sizeof(line) - 1);

	if (n <= 0)
		exit(0);
	line[strcspn(line, "\n")] = '\0';
	for (harm = 0; strcmp(line, names[harm]) != 0; harm++)
		if (harm == KILL)
			exit(2);
	for (i = 0; i < PAIRS; i++)
		pair_harm(&proxy.pair[i], (enum harm)harm);
	if (harm != KILL)
		proxy.harm = (enum harm)harm;
	(void)write(1, "done\n", 5);
}

/* One round: what can be read is read, and what can be written is written. */
static void
turn(void)
{
	struct pollfd fds[2 + 2 * PAIRS];
	struct pair *p;
	struct way *w;
	int i, wait = -1;

	fds[0] = (struct pollfd){.fd = 0, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = proxy.listening, .events = POLLIN};
	for (i = 0; i < 2 * PAIRS; i++) {
		p = &proxy.pair[i / 2];
		w = &p->way[i % 2];
		fds[2 + i] = (struct pollfd){.fd = -1};
		if (!p->used || p->harm == HOLD)
			continue;
		if (w->len > 0 && now_ms() < w->due)
			wait = 1;
		else if (w->len > 0)
			fds[2 + i] = (struct pollfd){w->to, POLLOUT, 0};
		else
			fds[2 + i] = (struct pollfd){w->from, POLLIN, 0};
	}
	if (poll(fds, 2 + 2 * PAIRS, wait) == -1)
		return;
	for (i = 0; i < 2 * PAIRS; i++) {
		p = &proxy.pair[i / 2];
		w = &p->way[i % 2];
		if (fds[2 + i].revents != 0 && p->used &&
		    !(w->len > 0 ? give(p, w) : take(p, w)))
			pair_end(p);
	}
	if (fds[1].revents != 0)
		come();
	if (fds[0].revents != 0)
		command();
}

int
main(int argc, char *argv[])
{
	if (argc != 4)
		return 2;
	proxy.to = argv[2];
	proxy.seed = (uint32_t)strtoul(argv[3], NULL, 10) | 1;
	proxy.listening = open_socket(argv[1], bind);
	if (proxy.listening == -1 || listen(proxy.listening, 128) == -1) {
		perror(argv[1]);
		return 1;
	}
	(void)write(1, "ready\n", 6);
	for (;;)
		turn();
}
