/* SPDX-License-Identifier: ISC */
/*
 * Sentinels are asked one after the other, each once in a look; of one the
 * addresses of its name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/finder_inner.h"

static void ask_addresses(struct finder *);

static void
next_sentinel(struct finder *f)
{
	f->asked++;
	f->next = (f->next + 1) % f->n;
	finder_ask(f);
}

static void
sentinel_fails(struct finder *f, const char *why)
{
	(void)snprintf(f->why, sizeof(f->why), "the Sentinel at %.100s: %s",
	    f->place[f->next].name, why);
}

static void
on_told(void *arg, const struct sentinel_answer *answer)
{
	struct finder *f = arg;
	struct finder_place *p = &f->master;

	f->question = NULL;
	if (answer->host != NULL) {
		*p = (struct finder_place){.at.is_unix = false};
		(void)snprintf(p->at.host, sizeof(p->at.host), "%s",
		    answer->host);
		(void)snprintf(p->at.port, sizeof(p->at.port), "%s",
		    answer->port);
		finder_name(p);
		finder_look_up(f, p);
		return;
	}
	if (answer->unknown) {
		f->unknown = true;
		next_sentinel(f);
		return;
	}
	sentinel_fails(f, answer->why);
	f->asks_at++;
	ask_addresses(f);
}

static void
ask_addresses(struct finder *f)
{
	for (; f->asks_at < f->asks_n; f->asks_at++) {
		f->question = sentinel_ask(f->set, &f->asks[f->asks_at],
		    f->sentinel, on_told, f);
		if (f->question != NULL)
			return;
		sentinel_fails(f, strerror(errno));
	}
	next_sentinel(f);
}

static void
on_sentinel(void *arg, const struct resolved *address, size_t n,
    const char *why)
{
	struct finder *f = arg;

	f->resolve = NULL;
	if (n == 0)
		sentinel_fails(f, why);
	else
		memcpy(f->asks, address, n * sizeof(*address));
	f->asks_n = n;
	f->asks_at = 0;
	ask_addresses(f);
}

void
finder_ask(struct finder *f)
{
	const struct finder_place *p = &f->place[f->next];

	if (f->asked == f->n) {
		if (f->unknown)
			(void)snprintf(f->why, sizeof(f->why),
			    "no Sentinel knows the master %.100s", f->sentinel);
		finder_tell(f, NULL, f->why);
		return;
	}
	finder_looks(f, "the Sentinel at %s", p->name);
	if (p->at.is_unix) {
		finder_use_path(&f->asks[0], p->at.path);
		f->asks_n = 1;
		f->asks_at = 0;
		ask_addresses(f);
		return;
	}
	f->resolve =
	    resolve_begin(f->set->loop, p->at.host, p->at.port, on_sentinel, f);
	if (f->resolve == NULL) {
		sentinel_fails(f, strerror(errno));
		next_sentinel(f);
	}
}
