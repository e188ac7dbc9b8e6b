/* SPDX-License-Identifier: ISC */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <sys/socket.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Linux has quicker ways than POSIX.1-2008.  Elsewhere, or with -DPLAIN_POSIX,
 * there is the plain way alone.
 */
#if defined(__linux__) && !defined(PLAIN_POSIX)
#define PLATFORM_LINUX
#endif

/* A flag of send() that is a shortcut: SIGPIPE is ignored in any case. */
#ifndef PLATFORM_LINUX
#undef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* The descriptor does not block and is closed on exec.  0 or -1. */
int platform_set_flags(int fd);

/* The next connection, with these flags, or -1. */
int platform_accept(int listening);

/*
 * A pair of sockets with these flags: pair[0] takes a whole request before
 * pair[1] is read.  0 or -1.
 */
int platform_pair(int pair[2]);

/*
 * Two descriptors with these flags, or one that is both: up to eight bytes that
 * are written to fd[1] make fd[0] readable, until they are read.  0 or -1.
 */
int platform_waker(int fd[2]);

/* Monotonic seconds. */
double platform_clock(void);

/* The wall clock's milliseconds; time() may be some of them behind. */
uint64_t platform_wall_ms(void);

/* Bytes of memory that there are for us and others; 0: who knows. */
uint64_t platform_memory(void);

/*
 * A timer that is finer than a millisecond: a descriptor that is readable when
 * it is over, with these flags.  -1: there is none.
 */
int platform_timer(void);

/* It is over in so many seconds; 0: never.  0 or -1. */
int platform_timer_set(int fd, double seconds);

/* Is it over?  Then it is not until it is set again. */
bool platform_timer_over(int fd);

/*
 * The owner of what has this name, if it is this very file, of one name alone:
 * 0, or -1 with errno.
 */
int platform_give(const char *path, dev_t, ino_t, uid_t, gid_t);

/*
 * Programs that are started from here have no more rights than this process,
 * and nobody but root reads its memory.  0 or -1.
 */
int platform_confine(void);

/* Up to 256 random bytes.  0 or -1. */
int platform_random(void *buf, size_t len);

#endif
