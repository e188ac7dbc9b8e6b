/* SPDX-License-Identifier: ISC */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <sys/socket.h>

#include <stddef.h>

#define RESOLVE_MAX 8 /* addresses of one name that are told */

struct ev_loop;
struct resolve;

/* One address to connect to. */
struct resolved {
	struct sockaddr_storage address;
	socklen_t len;
};

/*
 * Looks up a name, which may take as long as it likes, in a thread of its own:
 * no call of the loop waits for it.  done(arg, ...) is called in the loop,
 * once, and never before this returns: with 1 to RESOLVE_MAX addresses, or with
 * n = 0 and why there are none, in words.  The look-up is gone then.  NULL with
 * errno: there is no thread or descriptor for it, or (EAGAIN) too many that
 * were abandoned are still under way.
 *
 * A host that is an address needs no thread; done() comes later all the same.
 */
struct resolve *resolve_begin(struct ev_loop *, const char *host,
    const char *port,
    void (*done)(void *arg, const struct resolved *, size_t n, const char *why),
    void *arg);

/* done() is not called any more; the thread ends when it does. */
void resolve_abandon(struct resolve *);

#endif
