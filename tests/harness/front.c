/* SPDX-License-Identifier: ISC */
/*
 * A small FastCGI front: for the wire tests, and for people who want to see
 * what a responder says.  It reads with its own few lines, not with those of
 * the program under test, and takes nothing that is not a good record.
 */
#include "front.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };

double
front_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
give_up(const char *why)
{
	(void)fprintf(stderr, "front: %s\n", why);
	abort();
}

static int
connect_unix(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (fd != -1 &&
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		int error = errno;

		(void)close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int
connect_inet(const char *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *ai;
	char host[256];
	const char *colon = strrchr(address, ':'), *from = address;
	int fd, len = colon == NULL ? 0 : (int)(colon - address);

	if (len > 2 && *from == '[') {
		from++;
		len -= 2;
	}
	(void)snprintf(host, sizeof(host), "%.*s", len, from);
	if (len == 0 || getaddrinfo(host, colon + 1, &hints, &ai) != 0) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && connect(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
		(void)close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	return fd;
}

bool
front_connect(struct front *f, const char *address)
{
	*f = (struct front){.id = 1, .status = -1};
	f->fd = strncmp(address, "unix:", 5) == 0 ? connect_unix(address + 5) :
						    connect_inet(address);
	if (f->fd == -1)
		return false;
	f->text = calloc(1, 1);
	return true;
}

void
front_close(struct front *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	free(f->raw);
	free(f->text);
	*f = (struct front){.fd = -1};
}

bool
front_send(struct front *f, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	ssize_t n;

	while (len > 0) {
		n = send(f->fd, p, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool
front_record(struct front *f, int type, int id, const void *content, size_t len,
    int padding)
{
	uint8_t buf[8 + 65535 + 255] = {1, (uint8_t)type, (uint8_t)(id >> 8),
	    (uint8_t)id, (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)padding};

	if (len > 0)
		memcpy(buf + 8, content, len);
	return front_send(f, buf, 8 + len + (size_t)padding);
}

bool
front_begin(struct front *f, int id, int role, int flags)
{
	uint8_t body[8] = {(uint8_t)(role >> 8), (uint8_t)role, (uint8_t)flags};

	return front_record(f, BEGIN, id, body, sizeof(body), 0);
}

static uint8_t *
put_length(uint8_t *to, size_t len)
{
	if (len < 0x80) {
		*to++ = (uint8_t)len;
		return to;
	}
	*to++ = (uint8_t)(len >> 24 | 0x80);
	*to++ = (uint8_t)(len >> 16);
	*to++ = (uint8_t)(len >> 8);
	*to++ = (uint8_t)len;
	return to;
}

uint8_t *
front_pair(uint8_t *to, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	to = put_length(put_length(to, n), v);
	memcpy(to, name, n);
	memcpy(to + n, value, v);
	return to + n + v;
}

static bool
is_named(const char *const list[], const char *name)
{
	size_t i;

	for (i = 0; list != NULL && list[i] != NULL; i += 2)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

/* All of it in one write, which is how fronts do it; with the end of STDIN? */
static bool
send_request(struct front *f, int flags, const char *method,
    const char *const more[], bool end)
{
	static const char *const usual[] = {"QUERY_STRING", "", "CONTENT_TYPE",
	    "", "CONTENT_LENGTH", "", "SCRIPT_NAME", "/sse", "REQUEST_URI",
	    "/sse", "SERVER_PROTOCOL", "HTTP/1.1", "GATEWAY_INTERFACE",
	    "CGI/1.1", "REMOTE_ADDR", "127.0.0.1", "HTTP_HOST",
	    "127.0.0.1:3000", "HTTP_ACCEPT", "text/event-stream", NULL};
	uint8_t buf[8 * 4 + 8 + 65535] = {1, BEGIN, (uint8_t)(f->id >> 8),
	    (uint8_t)f->id, 0, 8, 0, 0, 0, 1, (uint8_t)flags};
	uint8_t *params = buf + 16, *p = params + 8;
	size_t i, len;

	p = front_pair(p, "REQUEST_METHOD", method);
	for (i = 0; usual[i] != NULL; i += 2)
		if (!is_named(more, usual[i]))
			p = front_pair(p, usual[i], usual[i + 1]);
	for (i = 0; more != NULL && more[i] != NULL; i += 2)
		p = front_pair(p, more[i], more[i + 1]);
	len = (size_t)(p - params) - 8;
	memcpy(params,
	    (uint8_t[]){1, PARAMS, buf[2], buf[3], (uint8_t)(len >> 8),
		(uint8_t)len, 0, 0},
	    8);
	memcpy(p, (uint8_t[]){1, PARAMS, buf[2], buf[3], 0, 0, 0, 0}, 8);
	memcpy(p + 8, (uint8_t[]){1, STDIN, buf[2], buf[3], 0, 0, 0, 0}, 8);
	return front_send(f, buf, (size_t)(p + (end ? 16 : 8) - buf));
}

bool
front_request(struct front *f, int flags, const char *method,
    const char *const more[])
{
	return send_request(f, flags, method, more, true);
}

bool
front_request_head(struct front *f, int flags, const char *method,
    const char *const more[])
{
	return send_request(f, flags, method, more, false);
}

bool
front_get(struct front *f)
{
	return front_request(f, 0, "GET", NULL);
}

/* Room for as much again as is needed: what comes is copied once or twice. */
static void *
grow(void *p, size_t needed, size_t *size)
{
	if (needed <= *size)
		return p;
	*size = needed * 2;
	p = realloc(p, *size);
	if (p == NULL)
		give_up("no memory");
	return p;
}

static void
take_stdout(struct front *f, const uint8_t *content, size_t len)
{
	f->empty_stdout = len == 0;
	f->text = grow(f->text, f->text_len + len + 1, &f->text_size);
	memcpy(f->text + f->text_len, content, len);
	f->text_len += len;
	f->text[f->text_len] = '\0';
}

static void
take_record(struct front *f, const uint8_t *r, size_t len)
{
	uint16_t id = (uint16_t)(r[2] << 8 | r[3]);

	if (len > f->longest)
		f->longest = len;
	if (r[1] == STDOUT && id == f->id) {
		if (f->ended || f->empty_stdout)
			give_up("STDOUT after its end");
		take_stdout(f, r + 8, len);
		return;
	}
	if (r[1] == STDOUT)
		give_up("STDOUT of a request that was not made");
	if (r[1] == END && id == f->id) {
		if (len != 8 || f->ended)
			give_up("a bad END_REQUEST");
		f->ended = true;
		f->status = r[8 + 4];
	}
	f->last_type = r[1];
	f->last_id = id;
	f->last_len = len < sizeof(f->last) ? len : sizeof(f->last);
	memcpy(f->last, r + 8, f->last_len);
}

static void
take_records(struct front *f)
{
	uint8_t *r = f->raw, *end = f->raw + f->raw_len;

	while (end - r >= 8) {
		size_t len = (size_t)(r[4] << 8 | r[5]);

		if (r[0] != 1)
			give_up("a record that is not FastCGI 1");
		if ((size_t)(end - r) < 8 + len + r[6])
			break;
		take_record(f, r, len);
		r += 8 + len + r[6];
	}
	f->raw_len = (size_t)(end - r);
	memmove(f->raw, r, f->raw_len);
}

bool
front_read(struct front *f, int ms)
{
	struct pollfd p = {.fd = f->fd, .events = POLLIN};
	ssize_t n;

	if (f->closed || poll(&p, 1, ms) != 1)
		return false;
	f->raw = grow(f->raw, f->raw_len + 65536, &f->raw_size);
	n = recv(f->fd, f->raw + f->raw_len, 65536, 0);
	if (n <= 0) {
		f->closed = true;
		f->reset = n == -1;
		return true;
	}
	f->raw_len += (size_t)n;
	take_records(f);
	return true;
}

static bool
has_text(const struct front *f, const void *text)
{
	return strstr(f->text, text) != NULL;
}

static bool
has_ended(const struct front *f, const void *unused)
{
	(void)unused;
	return f->ended;
}

static bool
has_closed(const struct front *f, const void *unused)
{
	(void)unused;
	return f->closed;
}

static bool
has_record(const struct front *f, const void *type)
{
	return f->last_type == *(const int *)type;
}

static bool
until(struct front *f, bool (*holds)(const struct front *, const void *),
    const void *what, int ms)
{
	double end = front_now() + ms / 1e3;
	int left = ms;

	while (!holds(f, what)) {
		if (f->closed || !front_read(f, left))
			return false;
		left = (int)((end - front_now()) * 1e3);
		if (left < 0)
			left = 0;
	}
	return true;
}

bool
front_until_text(struct front *f, const char *text, int ms)
{
	return until(f, has_text, text, ms);
}

bool
front_until_end(struct front *f, int ms)
{
	return until(f, has_ended, NULL, ms);
}

bool
front_until_closed(struct front *f, int ms)
{
	return until(f, has_closed, NULL, ms);
}

bool
front_until_record(struct front *f, int type, int ms)
{
	return until(f, has_record, &type, ms);
}

unsigned
front_count(const struct front *f, const char *text)
{
	const char *p = f->text;
	unsigned n = 0;

	while ((p = strstr(p, text)) != NULL) {
		n++;
		p += strlen(text);
	}
	return n;
}

void
front_next(struct front *f, uint16_t id)
{
	f->id = id;
	f->text_len = 0;
	f->text[0] = '\0';
	f->ended = f->empty_stdout = false;
	f->status = -1;
	f->last_type = 0;
}
