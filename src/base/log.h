/* SPDX-License-Identifier: ISC */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/*
 * One line a call.  warn: the operator must act; info: the life cycle; debug:
 * each request.  Control characters are escaped.  A line never waits: one that
 * its file or pipe does not take at once is dropped and counted.
 */
#define LOG_FORMAT __attribute__((format(printf, 1, 2)))

void log_warn(const char *fmt, ...) LOG_FORMAT;
void log_info(const char *fmt, ...) LOG_FORMAT;
void log_debug(const char *fmt, ...) LOG_FORMAT;

/*
 * For before the loop runs and for what cannot happen: a line, to standard
 * error too, then exit 1.
 */
_Noreturn void fatal(const char *fmt, ...) LOG_FORMAT;

/*
 * path NULL: standard error, where the supervisor adds time and name.  A file
 * is appended to, and its lines begin with the time.  path must outlive the
 * log.  -1 with errno if it cannot be opened; the log is then as before.
 */
int log_open(const char *path, bool verbose);

/* The file was moved away: begins a new one at its path; -1 as above. */
int log_reopen(void);

void log_close(void);

#endif
