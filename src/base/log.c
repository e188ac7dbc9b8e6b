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

#define LINE_SIZE 1024

static struct {
	int fd;
	const char *path;
	bool verbose;
	bool cut; /* the last line came only in part */
	unsigned long dropped;
} out = {.fd = STDERR_FILENO};

static size_t
put_prefix(char *line, size_t size, const char *level)
{
	struct timespec ts;
	struct tm tm;
	int n;

	if (out.path == NULL)
		return (size_t)snprintf(line, size, "sse-fcgi: %s", level);
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	n = snprintf(line, size,
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ [%ld] %s", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    ts.tv_nsec / 1000000, (long)getpid(), level);
	return (size_t)n;
}

/* Peers' text may be in the line: nothing in it may look like another line. */
static size_t
escape(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from != '\0' && n + 5 < size; from++) {
		unsigned char c = (unsigned char)*from;

		if (c >= 0x20 && c != 0x7f)
			to[n++] = *from;
		else
			n += (size_t)snprintf(to + n, size - n, "\\x%02x", c);
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

static bool
put_text(const char *level, const char *text)
{
	char line[LINE_SIZE];
	size_t n = put_prefix(line, sizeof(line), level);

	n += escape(line + n, sizeof(line) - n, text);
	return put_line(line, n);
}

static void
put(const char *level, const char *fmt, va_list ap)
{
	char text[LINE_SIZE / 2], lost[64];

	(void)snprintf(lost, sizeof(lost), "%lu lines of the log were dropped",
	    out.dropped);
	if (out.dropped > 0 && put_text("warning: ", lost))
		out.dropped = 0;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	if (!put_text(level, text))
		out.dropped++;
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put("warning: ", fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put("", fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!out.verbose)
		return;
	va_start(ap, fmt);
	put("", fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put("fatal: ", fmt, ap);
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
