/* SPDX-License-Identifier: ISC */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/*
 * One line a call.  warn: the operator must act; info: the life cycle; debug:
 * each request.  Control characters are escaped.  A line never waits: one that
 * its file or pipe does not take at once is dropped and counted.
 *
 * what is the event's name and behind it one name for each conversion of the
 * format, in order, with spaces between; "-" where JSON does not need one.  The
 * conversions are %s, %d, %u and %f or %g, and what C has before those.  No
 * line has what a query, a header or a body says: tickets stand there.
 */
#define LOG_FORMAT(fmt, first) __attribute__((format(printf, fmt, first)))

void log_warn(const char *what, const char *fmt, ...) LOG_FORMAT(2, 3);
void log_info(const char *what, const char *fmt, ...) LOG_FORMAT(2, 3);
void log_debug(const char *what, const char *fmt, ...) LOG_FORMAT(2, 3);

/*
 * For before the loop runs and for what cannot happen: a line, to standard
 * error too, then exit 1.
 */
_Noreturn void fatal(const char *what, const char *fmt, ...) LOG_FORMAT(2, 3);

/* What lines are from now on; at first they are text. */
enum log_format { LOG_TEXT, LOG_JSON };
void log_set_format(enum log_format);

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
