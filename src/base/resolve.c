/* SPDX-License-Identifier: ISC */
/*
 * getaddrinfo() waits for as long as a server of names does, and cannot be told
 * to stop.  So a thread calls it, and the loop hears of its end; or has
 * abandoned it by then, and the thread clears up after itself.
 */
#include "base/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/wake.h"

#define STACK	      (256UL * 1024) /* bytes of a thread's */
#define ABANDONED_MAX 4
#define NAME_SIZE     256

/* The thread or the loop: who is first leaves the rest to the other. */
enum state {
	UNDER_WAY,
	OVER,	  /* the loop frees it */
	ABANDONED /* the thread does, and looks at nothing of the loop's */
};

struct resolve {
	struct wake over;
	void (*done)(void *, const struct resolved *, size_t, const char *);
	void *arg;
	_Atomic enum state state;
	bool threaded;
	pthread_t thread;
	char host[NAME_SIZE], port[32];
	struct resolved found[RESOLVE_MAX];
	size_t n;
	int error, number; /* of getaddrinfo(), and errno */
};

/*
 * Look-ups that are abandoned and under way.  They are nobody's, so it is the
 * process that counts them.
 */
static atomic_uint abandoned;

static void
take(struct resolve *r, const struct addrinfo *ai)
{
	struct resolved *to = &r->found[r->n];

	if (r->n == RESOLVE_MAX || ai->ai_addrlen > sizeof(to->address) ||
	    (ai->ai_family != AF_INET && ai->ai_family != AF_INET6))
		return;
	memcpy(&to->address, ai->ai_addr, ai->ai_addrlen);
	to->len = ai->ai_addrlen;
	r->n++;
}

static void
look_up(struct resolve *r, int flags)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = flags};
	struct addrinfo *list;
	const struct addrinfo *ai;

	r->error = getaddrinfo(r->host, r->port, &hints, &list);
	r->number = errno;
	if (r->error != 0)
		return;
	for (ai = list; ai != NULL; ai = ai->ai_next)
		take(r, ai);
	freeaddrinfo(list);
	if (r->n == 0)
		r->error = EAI_NONAME;
}

static void *
run(void *arg)
{
	struct resolve *r = arg;

	look_up(r, AI_NUMERICSERV);
	if (atomic_exchange(&r->state, OVER) == ABANDONED) {
		wake_close(&r->over);
		free(r);
		atomic_fetch_sub(&abandoned, 1);
	} else
		wake_send(&r->over); /* who abandons it joins us */
	return NULL;
}

/* It is over: the thread, which is at its end, and what it has written. */
static void
settle(struct resolve *r)
{
	if (r->threaded)
		(void)pthread_join(r->thread, NULL);
	wake_stop(&r->over);
	wake_close(&r->over);
}

static void
on_over(void *arg)
{
	struct resolve *r = arg;
	char why[sizeof(r->host) + 128];

	settle(r);
	if (r->error == 0)
		r->done(r->arg, r->found, r->n, NULL);
	else {
		(void)snprintf(why, sizeof(why), "the name %s is not known: %s",
		    r->host,
		    r->error == EAI_SYSTEM ? strerror(r->number) :
					     gai_strerror(r->error));
		r->done(r->arg, NULL, 0, why);
	}
	free(r);
}

/* An address is known at once.  0, or an error's number. */
static int
begin(struct resolve *r)
{
	look_up(r, AI_NUMERICHOST | AI_NUMERICSERV);
	if (r->error == 0) {
		atomic_store(&r->state, OVER);
		wake_send(&r->over);
		return 0;
	}
	if (atomic_load(&abandoned) >= ABANDONED_MAX)
		return EAGAIN;
	r->threaded = true;
	return thread_start(&r->thread, STACK, run, r);
}

struct resolve *
resolve_begin(struct ev_loop *loop, const char *host, const char *port,
    void (*done)(void *, const struct resolved *, size_t, const char *),
    void *arg)
{
	size_t host_size = strlen(host) + 1, port_size = strlen(port) + 1;
	struct resolve *r;
	int error;

	if (host_size > sizeof(r->host) || port_size > sizeof(r->port)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->done = done;
	r->arg = arg;
	memcpy(r->host, host, host_size);
	memcpy(r->port, port, port_size);
	if (wake_start(&r->over, loop, on_over, r) == 0) {
		error = begin(r);
		if (error == 0)
			return r;
		wake_stop(&r->over);
		wake_close(&r->over);
	} else
		error = errno;
	free(r);
	errno = error;
	return NULL;
}

/* It is counted before the thread can see that. */
void
resolve_abandon(struct resolve *r)
{
	pthread_t thread = r->thread;

	atomic_fetch_add(&abandoned, 1);
	wake_stop(&r->over);
	if (atomic_exchange(&r->state, ABANDONED) == UNDER_WAY)
		(void)pthread_detach(thread);
	else {
		atomic_fetch_sub(&abandoned, 1);
		settle(r);
		free(r);
	}
}
