/* SPDX-License-Identifier: ISC */
/*
 * Where the master is: whose turn of the list it is, and the addresses of a
 * name.
 */
#include "engine/finder.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/finder_inner.h"

void
finder_tell(struct finder *f, const struct resolved *address,
    const char *name_or_why)
{
	void (*found)(void *, const struct resolved *, const char *) = f->found;

	f->found = NULL;
	found(f->arg, address, name_or_why);
}

static void
tell_address(struct finder *f)
{
	finder_tell(f, &f->address[f->at], f->of->name);
}

void
finder_use_path(struct resolved *r, const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	memcpy(un.sun_path, path, strlen(path) + 1);
	*r = (struct resolved){.len = sizeof(un)};
	memcpy(&r->address, &un, sizeof(un));
}

void
finder_name(struct finder_place *p)
{
	bool six = strchr(p->at.host, ':') != NULL;

	(void)snprintf(p->name, sizeof(p->name), six ? "[%s]:%s" : "%s:%s",
	    p->at.host, p->at.port);
}

void
finder_looks(struct finder *f, const char *fmt, const char *name)
{
	(void)snprintf(f->looks_at, sizeof(f->looks_at), fmt, name);
}

static void
on_addresses(void *arg, const struct resolved *address, size_t n,
    const char *why)
{
	struct finder *f = arg;

	f->resolve = NULL;
	if (n == 0) {
		finder_tell(f, NULL, why);
		return;
	}
	memcpy(f->address, address, n * sizeof(*address));
	f->addresses = n;
	f->at = 0;
	tell_address(f);
}

void
finder_look_up(struct finder *f, const struct finder_place *p)
{
	f->of = p;
	f->addresses = f->at = 0;
	if (p->at.is_unix) {
		finder_use_path(&f->address[0], p->at.path);
		f->addresses = 1;
		tell_address(f);
		return;
	}
	finder_looks(f, "who knows the name %s", p->at.host);
	f->resolve = resolve_begin(f->set->loop, p->at.host, p->at.port,
	    on_addresses, f);
	if (f->resolve == NULL)
		finder_tell(f, NULL,
		    errno == EAGAIN ? "too many names are being looked up" :
				      strerror(errno));
}

struct finder *
finder_new(const struct link_setup *set, const char *addresses,
    const char *sentinel, char *err, size_t size)
{
	struct finder *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		(void)snprintf(err, size, "--redis: %s", strerror(ENOMEM));
		return NULL;
	}
	f->set = set;
	f->sentinel = sentinel;
	if (finder_list(f, addresses, err, size) == 0)
		return f;
	free(f);
	return NULL;
}

void
finder_free(struct finder *f)
{
	if (f != NULL)
		finder_cancel(f);
	free(f);
}

void
finder_find(struct finder *f,
    void (*found)(void *, const struct resolved *, const char *), void *arg)
{
	assert(f->found == NULL);
	f->found = found;
	f->arg = arg;
	if (f->has_moved) {
		f->has_moved = false;
		finder_look_up(f, &f->master);
	} else if (f->addresses > 0)
		tell_address(f);
	else if (f->sentinel == NULL)
		finder_look_up(f, &f->place[f->next]);
	else {
		f->asked = 0;
		f->unknown = false;
		finder_ask(f);
	}
}

void
finder_cancel(struct finder *f)
{
	f->found = NULL;
	if (f->resolve != NULL)
		resolve_abandon(f->resolve);
	f->resolve = NULL;
	if (f->question != NULL)
		sentinel_abandon(f->question);
	f->question = NULL;
}

void
finder_good(struct finder *f)
{
	f->addresses = 0; /* the name may have others by then */
	f->of = NULL;
	f->bad = 0;
}

bool
finder_bad(struct finder *f)
{
	bool was_moved = f->of == &f->master && f->sentinel == NULL;

	if (f->at + 1 < f->addresses) {
		f->at++;
		return false;
	}
	f->addresses = 0;
	f->of = NULL;
	if (was_moved)
		return false; /* back to whose turn it is */
	f->next = (f->next + 1) % f->n;
	f->bad++;
	return f->sentinel != NULL || f->bad % f->n == 0;
}

const char *
finder_looks_at(const struct finder *f)
{
	return f->looks_at;
}

static bool
is_host(const char *host, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (host[i] <= ' ' || host[i] > '~')
			return false;
	return len > 0 && len < sizeof(((struct endpoint *)0)->host) &&
	       *host != '?'; /* a node that does not know its own name */
}

/* Redis writes an IPv6 address without brackets. */
void
finder_moved(struct finder *f, const char *where)
{
	struct finder_place *p = &f->master;
	const char *colon = strrchr(where, ':'), *host = where;
	size_t len = colon == NULL ? 0 : (size_t)(colon - where);
	unsigned long port;
	char *end;

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (!is_host(host, len) || colon[1] < '0' || colon[1] > '9')
		return;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port == 0 || port > 65535)
		return;
	*p = (struct finder_place){.at.is_unix = false};
	memcpy(p->at.host, host, len);
	(void)snprintf(p->at.port, sizeof(p->at.port), "%lu", port);
	finder_name(p);
	f->has_moved = true;
	f->addresses = 0;
}
