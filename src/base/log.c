/* SPDX-License-Identifier: ISC */
/*
 * Lines to standard error or to a file.  Nothing here may hold up the loop, so
 * a descriptor is asked for room before it is written to.
 */
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log_json.h"
#include "base/utf8.h"

#define LINE_SIZE 1024

_Static_assert(LINE_SIZE <= LOG_JSON_MAX, "a line of either form fits");

enum level { DEBUG, INFO, WARNING, FATAL };

static const struct {
	const char *name;   /* in JSON */
	const char *prefix; /* in text */
} levels[] = {[DEBUG] = {"debug", ""},
    [INFO] = {"info", ""},
    [WARNING] = {"warning", "warning: "},
    [FATAL] = {"fatal", "fatal: "}};

static struct {
	int fd;
	const char *path;
	bool verbose;
	enum log_format format;
	bool cut; /* the last line came only in part */
	unsigned long dropped;
} out = {.fd = STDERR_FILENO};

static size_t
put_prefix(char *line, size_t size, const struct timespec *now,
    const char *level)
{
	char time[LOG_TIME_SIZE];

	if (out.path == NULL)
		return (size_t)snprintf(line, size, "sse-fcgi: %s", level);
	return (size_t)snprintf(line, size, "%s [%ld] %s", log_time(time, now),
	    (long)getpid(), level);
}

/*
 * Peers' text may be in the line: nothing in it may look like another line, and
 * no terminal may obey it.
 */
static size_t
escape(char *to, size_t size, const char *from)
{
	const uint8_t *c = (const uint8_t *)from;
	size_t n = 0, left = strlen(from), one;

	for (; left > 0 && n + 5 < size; c += one, left -= one) {
		one = utf8_character(c, left);
		if (one == 0 || utf8_control(c, one)) {
			one =
			    1; /* byte by byte: the second is none by itself */
			n += (size_t)snprintf(to + n, size - n, "\\x%02x", *c);
		} else {
			memcpy(to + n, c, one);
			n += one;
		}
	}
	to[n++] = '\n';
	return n;
}

/* A line that was cut before is ended first. */
static bool
put_line(const char *line, size_t len)
{
	struct pollfd p = {.fd = out.fd, .events = POLLOUT};
	ssize_t n;

	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
		return false;
	if (out.cut && write(out.fd, "\n", 1) != 1)
		return false;
	n = write(out.fd, line, len);
	out.cut = n > 0 && n < (ssize_t)len;
	return n == (ssize_t)len;
}

static size_t
make_text(char *line, const struct timespec *now, const char *level,
    const char *fmt, va_list ap)
{
	char text[LINE_SIZE / 2];
	size_t n = put_prefix(line, LINE_SIZE, now, level);

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	return n + escape(line + n, LINE_SIZE - n, text);
}

static bool
put_one(enum level level, const char *what, const char *fmt, va_list ap)
{
	char line[LOG_JSON_MAX];
	struct timespec now;
	size_t n;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (out.format == LOG_JSON)
		n = log_json(line, &now, levels[level].name, what, fmt, ap);
	else
		n = make_text(line, &now, levels[level].prefix, fmt, ap);
	return put_line(line, n);
}

LOG_FORMAT(3, 4)
static bool
tell(enum level level, const char *what, const char *fmt, ...)
{
	va_list ap;
	bool told;

	va_start(ap, fmt);
	told = put_one(level, what, fmt, ap);
	va_end(ap);
	return told;
}

static void
put(enum level level, const char *what, const char *fmt, va_list ap)
{
	if (out.dropped > 0 &&
	    tell(WARNING, "log_dropped lines",
		"%lu lines of the log were dropped", out.dropped))
		out.dropped = 0;
	if (!put_one(level, what, fmt, ap))
		out.dropped++;
}

void
log_warn(const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(WARNING, what, fmt, ap);
	va_end(ap);
}

void
log_info(const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(INFO, what, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *what, const char *fmt, ...)
{
	va_list ap;

	if (!out.verbose)
		return;
	va_start(ap, fmt);
	put(DEBUG, what, fmt, ap);
	va_end(ap);
}

void
fatal(const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(FATAL, what, fmt, ap);
	va_end(ap);
	if (out.path != NULL) { /* who started us looks there */
		va_start(ap, fmt);
		(void)fputs("sse-fcgi: fatal: ", stderr);
		(void)vfprintf(stderr, fmt, ap);
		(void)fputc('\n', stderr);
		va_end(ap);
	}
	exit(1);
}

void
log_set_format(enum log_format format)
{
	out.format = format;
}

int
log_open(const char *path, bool verbose)
{
	int fd = STDERR_FILENO;

	if (path != NULL) {
		/* O_NONBLOCK: a FIFO without a reader is an error. */
		fd = open(path,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK |
			O_NOCTTY,
		    0640);
		if (fd == -1)
			return -1;
	}
	log_close();
	out.cut = false;
	out.fd = fd;
	out.path = path;
	out.verbose = verbose;
	return 0;
}

int
log_reopen(void)
{
	if (out.path == NULL)
		return 0;
	return log_open(out.path, out.verbose);
}

void
log_close(void)
{
	if (out.path != NULL)
		(void)close(out.fd);
	out.fd = STDERR_FILENO;
	out.path = NULL;
}
