/* SPDX-License-Identifier: ISC */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include <stdbool.h>

/* Who wants to know how we are, if anybody does. */
struct notify {
	int fd; /* -1: nobody */
	struct sockaddr_un to;
	socklen_t len;
	double watchdog;    /* seconds from one ping to the next; 0: none */
	const char *unsaid; /* found no room */
};

/*
 * At start-up, from the environment: NOTIFY_SOCKET, a path or "@" and an
 * abstract name, and WATCHDOG_USEC with WATCHDOG_PID.  What is wrong with them
 * counts as nobody wanting to know.
 */
void notify_open(struct notify *);

#define NOTIFY_READY	"READY=1"
#define NOTIFY_STOPPING "STOPPING=1"

/* Says one of these.  Never waits and never fails. */
void notify_say(struct notify *, const char *state);

/* Says again what found no room; to be called now and then. */
void notify_again(struct notify *);

/* For the watchdog: we are alive. */
void notify_ping(struct notify *);

void notify_close(struct notify *);

#endif
