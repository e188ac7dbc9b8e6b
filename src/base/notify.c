/* SPDX-License-Identifier: ISC */
/*
 * What systemd, or another supervisor that speaks as sd_notify(3) says, hears
 * from us: one datagram for each thing.  The descriptor is held, so that the
 * watchdog is answered when there is none left.
 */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/platform.h"

/* "/path", or "@name" for an abstract one, whose first byte is NUL. */
static int
parse_address(struct notify *n, const char *text)
{
	size_t len = strlen(text);

	if (len < 2 || len >= sizeof(n->to.sun_path) ||
	    (text[0] != '/' && text[0] != '@'))
		return -1;
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, text, len);
	n->len = sizeof(n->to);
	if (text[0] != '@')
		return 0;
	n->to.sun_path[0] = '\0';
	n->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

/* Twice as often as systemd asks for; only if it asks this process. */
static double
watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	char *end;
	double n;

	if (usec == NULL ||
	    (pid != NULL && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	n = (double)strtoull(usec, &end, 10);
	return *usec < '0' || *usec > '9' || *end != '\0' ? 0 : n / 2e6;
}

void
notify_open(struct notify *n)
{
	const char *address = getenv("NOTIFY_SOCKET");

	*n = (struct notify){.fd = -1};
	if (address == NULL || parse_address(n, address) == -1)
		return;
	n->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (n->fd == -1 || platform_set_flags(n->fd) == -1)
		notify_close(n);
	else
		n->watchdog = watchdog_interval();
}

/* False if there is no room for it now. */
static bool
put(const struct notify *n, const char *state)
{
	return n->fd == -1 ||
	       sendto(n->fd, state, strlen(state), MSG_NOSIGNAL,
		   (const struct sockaddr *)&n->to, n->len) != -1 ||
	       (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS);
}

void
notify_say(struct notify *n, const char *state)
{
	n->unsaid = put(n, state) ? NULL : state;
}

void
notify_again(struct notify *n)
{
	if (n->unsaid != NULL)
		notify_say(n, n->unsaid);
}

void
notify_ping(struct notify *n)
{
	notify_again(n);
	if (n->unsaid == NULL)
		(void)put(n, "WATCHDOG=1");
}

void
notify_close(struct notify *n)
{
	if (n->fd != -1)
		(void)close(n->fd);
	n->fd = -1;
}
