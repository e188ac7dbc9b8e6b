/* SPDX-License-Identifier: ISC */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <sys/stat.h>
#include <sys/un.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Where we listen, as in --listen, or to connect to: an address in its parts.
 */
struct endpoint {
	bool is_unix;
	/* The Unix socket's, */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	mode_t mode;
	/* or TCP's. */
	char host[256];
	char port[16];
};

/*
 * Reads unix:/path[:mode], host:port or [v6]:port; the mode is 0660 unless
 * given.  0, or -1 with one line in err, which begins with the option that the
 * address is of, and says what is wrong with it and what would be right.
 */
int endpoint_parse(struct endpoint *, const char *option, const char *address,
    char *err, size_t size);

/* The same of where we connect to others, which has no mode. */
int endpoint_parse_peer(struct endpoint *, const char *option,
    const char *address, char *err, size_t size);

#endif
