/* SPDX-License-Identifier: ISC */
#ifndef LOG_JSON_H
#define LOG_JSON_H

#include <stdarg.h>
#include <stddef.h>
#include <time.h>

/* Bytes of a line at most: what a pipe takes whole (POSIX, PIPE_BUF). */
#define LOG_JSON_MAX 4096

/* UTC (RFC 3339), to the millisecond: "2026-11-22T14:57:55.050Z". */
#define LOG_TIME_SIZE 64
const char *log_time(char text[LOG_TIME_SIZE], const struct timespec *);

/*
 * One object of JSON (RFC 8259) and a newline to line: time (log_time()),
 * level, pid, event, a member for each conversion of the format that what
 * names, and the message as it is in text.  what is as for log_info().  Numbers
 * are numbers, the rest are strings: what is not UTF-8 in them becomes U+FFFD,
 * and one that is too long is cut.  The object is whole all the same.  Returns
 * the line's length.
 */
size_t log_json(char line[LOG_JSON_MAX], const struct timespec *now,
    const char *level, const char *what, const char *fmt, va_list ap);

#endif
