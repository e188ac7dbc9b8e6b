/* SPDX-License-Identifier: ISC */
/*
 * The floor: what any responder must at least do, and nothing else.  It
 * accepts connections on a Unix socket, throws away what it reads, and sends
 * each connection the same prepared FastCGI record, with the headers before
 * it the first time, once every interval.  No request is parsed, no record is
 * framed, no text is made, a short write is not dealt with.  The sends are
 * spread over as many wake-ups as the responder's clock has (16 in an interval
 * of 2 s, a connection's slot being the nearest to one interval after its first
 * event), because the number of wake-ups is a good part of the cost: so the
 * difference to the responder is the responder's own work.
 *
 * With -f it is the floor of a fan-out instead.  Who connects to PATH.post is
 * a publisher: what it sends in one go is a POST, whose body becomes the data
 * of the next event, and is answered with a prepared record.  The events of one
 * turn go to all streams together, one send each.
 *
 *	floor [-f] [-i interval s] PATH
 */
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

#define HEADERS                                               \
	"Status: 200 OK\r\n"                                  \
	"Content-Type: text/event-stream\r\n"                 \
	"Cache-Control: no-cache, no-store, no-transform\r\n" \
	"X-Accel-Buffering: no\r\n\r\n"
#define EVENT                                          \
	"id: 1000\ndata: Message: 1000 - the time is " \
	"2026-11-22 14:57:55.050048449 +0000 UTC\n\n"

#define FAN_EVENT "id: 1795359156000-1234567890123456\ndata: "
#define ANSWER	  "Content-Type: application/json\r\n\r\n{}\n"
#define END	  "\1\3\0\1\0\10\0\0\0\0\0\0\0\0\0\0" /* END_REQUEST */

enum { RECORD_HEADER = 8, SLOTS_MIN = 16, SLOT_MS = 125, ACCEPTS = 64 };
enum { TURN_EVENTS = 64 };

enum kind { STREAMS, POSTS, STREAM, PUBLISHER }; /* two listeners, two peers */

LIST_HEAD(slot, conn);

struct conn {
	LIST_ENTRY(conn) in_slot;
	int fd;
	uint8_t kind, begun;
	uint64_t joined; /* ns */
};

static uint8_t first_record[512], record[256];
static size_t first_len, record_len;
static uint8_t turn_records[TURN_EVENTS * sizeof record], answer[128];
static size_t turn_len, answer_len;
static struct slot *slots;
static size_t n_slots, current;		/* the slot served last */
static uint64_t interval, step, turned; /* ns; when that was due */
static int ep;

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* FastCGI 1.0, 3.3: version 1, STDOUT, id 1, the length, no padding. */
static size_t
make_record(uint8_t *to, const char *text)
{
	size_t len = strlen(text);
	const uint8_t header[RECORD_HEADER] = {1, 6, 0, 1, (uint8_t)(len >> 8),
	    (uint8_t)len, 0, 0};

	memcpy(to, header, sizeof header);
	memcpy(to + sizeof header, text, len);
	return sizeof header + len;
}

static void
conn_close(struct conn *conn)
{
	if (conn->begun)
		LIST_REMOVE(conn, in_slot);
	close(conn->fd);
	free(conn);
}

static void
conn_begin(struct conn *conn)
{
	size_t slot = current;

	conn->begun = 1;
	conn->joined = now();
	if (conn->joined > turned + step / 2)
		slot = (slot + 1) % n_slots;
	LIST_INSERT_HEAD(&slots[slot], conn, in_slot);
	if (send(conn->fd, first_record, first_len, MSG_NOSIGNAL) !=
	    (ssize_t)first_len)
		conn_close(conn);
}

/* The body stands before the last eight bytes, the empty STDIN. */
static void
take_post(struct conn *conn, uint8_t *buf, size_t len)
{
	char text[sizeof record];

	if (len < TARGET_BODY + RECORD_HEADER ||
	    sizeof turn_records - turn_len < sizeof record)
		errx(1, "a publisher that is not ours");
	buf[len - RECORD_HEADER] = '\0';
	strcpy(text, FAN_EVENT);
	strcat(text, (char *)buf + len - RECORD_HEADER - TARGET_BODY);
	strcat(text, "\n\n");
	record_len = make_record(record, text);
	memcpy(turn_records + turn_len, record, record_len);
	turn_len += record_len;
	if (send(conn->fd, answer, answer_len, MSG_NOSIGNAL) == -1)
		err(1, "answer");
}

static void
conn_read(struct conn *conn)
{
	static uint8_t buf[65536];
	ssize_t n = recv(conn->fd, buf, sizeof buf, 0);

	if (n == 0 || (n == -1 && errno != EAGAIN))
		conn_close(conn);
	else if (n > 0 && conn->kind == PUBLISHER)
		take_post(conn, buf, (size_t)n);
	else if (n > 0 && !conn->begun)
		conn_begin(conn);
}

static struct conn *
conn_new(int fd, enum kind kind)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct conn *conn = calloc(1, sizeof *conn);

	if (conn == NULL)
		err(1, "calloc");
	conn->fd = fd;
	conn->kind = (uint8_t)kind;
	event.data.ptr = conn;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == -1)
		err(1, "epoll_ctl");
	return conn;
}

static void
accept_some(const struct conn *listener)
{
	enum kind kind = listener->kind == STREAMS ? STREAM : PUBLISHER;
	int fd;

	for (int i = 0; i < ACCEPTS; i++) {
		fd = accept4(listener->fd, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1 && (errno == EAGAIN || errno == ECONNABORTED))
			return;
		if (fd == -1)
			err(1, "accept");
		conn_read(conn_new(fd, kind));
	}
}

static void
fan_out(void)
{
	struct conn *conn, *next;

	conn = turn_len > 0 ? LIST_FIRST(&slots[0]) : NULL;
	for (; conn != NULL; conn = next) {
		next = LIST_NEXT(conn, in_slot);
		if (send(conn->fd, turn_records, turn_len, MSG_NOSIGNAL) !=
		    (ssize_t)turn_len)
			conn_close(conn);
	}
	turn_len = 0;
}

static void
turn_wheel(void)
{
	struct conn *conn, *next;
	uint64_t t = now();

	turned += step;
	current = (current + 1) % n_slots;
	for (conn = LIST_FIRST(&slots[current]); conn != NULL; conn = next) {
		next = LIST_NEXT(conn, in_slot);
		if (t - conn->joined < interval / 2)
			continue;
		if (send(conn->fd, record, record_len, MSG_NOSIGNAL) !=
		    (ssize_t)record_len)
			conn_close(conn);
	}
}

static int
listen_on(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof sun.sun_path)
		errx(2, "path too long: %s", path);
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof sun) == -1 ||
	    listen(fd, 4096) == -1)
		err(1, "%s", path);
	return fd;
}

/* Takes in what is here or comes before the wheel's next turn. */
static void
take_in(int timeout_ms)
{
	struct epoll_event events[256];
	struct conn *conn;
	int n = epoll_wait(ep, events, 256, timeout_ms);

	for (int i = 0; i < n; i++) {
		conn = events[i].data.ptr;
		if (conn->kind == STREAMS || conn->kind == POSTS)
			accept_some(conn);
		else
			conn_read(conn);
	}
}

static void
loop(bool fan)
{
	uint64_t t;

	turned = now();
	for (;;) {
		if (fan) {
			take_in(-1);
			fan_out();
			continue;
		}
		while ((t = now()) >= turned + step)
			turn_wheel();
		take_in((int)((turned + step - t) / 1000000) + 1);
	}
}

int
main(int argc, char **argv)
{
	struct rlimit limit;
	double seconds = 2;
	bool fan = false;
	char posts[128];
	int c;

	while ((c = getopt(argc, argv, "fi:")) != -1) {
		if (c == 'f')
			fan = true;
		else if (c != 'i' || (seconds = atof(optarg)) < 0.1)
			errx(2, "floor [-f] [-i interval s] PATH");
	}
	if (optind + 1 != argc)
		errx(2, "floor [-f] [-i interval s] PATH");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	interval = (uint64_t)(seconds * 1e9);
	n_slots = (size_t)(interval / 1000000 / SLOT_MS);
	if (n_slots < SLOTS_MIN)
		n_slots = SLOTS_MIN;
	if (fan)
		n_slots = 1;
	step = interval / n_slots;
	slots = calloc(n_slots, sizeof *slots);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (slots == NULL || ep == -1)
		err(1, "start");
	first_len = make_record(first_record, HEADERS EVENT);
	record_len = make_record(record, EVENT);
	answer_len = make_record(answer, ANSWER);
	memcpy(answer + answer_len, END, sizeof END - 1);
	answer_len += sizeof END - 1;
	conn_new(listen_on(argv[optind]), STREAMS);
	if (fan) {
		snprintf(posts, sizeof posts, "%s.post", argv[optind]);
		conn_new(listen_on(posts), POSTS);
	}
	loop(fan);
}
