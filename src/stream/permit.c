/* SPDX-License-Identifier: ISC */
/*
 * Exchanges that a ticket allows, until its time is up.  That is a time of the
 * wall's clock, and may be years away: so it is no wheel as for ages, which
 * would come by at who is not due yet, but libev's heap, which sleeps until the
 * first is, and sees to it when the wall's clock is set.
 */
#include "stream/permit.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define JITTER 1.0 /* seconds: many tickets may end at the same time */

static int
compare(const struct subject *a, const struct subject *b)
{
	return strcmp(a->text, b->text);
}

RB_PROTOTYPE(subject_tree, subject, by_text, compare)
RB_GENERATE(subject_tree, subject, by_text, compare)

static struct subject *
find(const struct permits *all, const char *text)
{
	return RB_FIND(subject_tree,
	    (struct subject_tree *)(uintptr_t)&all->tree,
	    &(struct subject){.text = text});
}

static struct subject *
enter(struct permits *all, const char *text)
{
	struct subject *s = find(all, text);
	size_t size = strlen(text) + 1;

	if (s == NULL) {
		s = calloc(1, sizeof(*s) + size);
		if (s == NULL)
			return NULL;
		s->text = memcpy(s->room, text, size);
		(void)RB_INSERT(subject_tree, &all->tree, s);
	}
	s->exchanges++;
	return s;
}

static void
leave(struct permits *all, struct subject *s)
{
	assert(s->exchanges > 0);
	if (--s->exchanges > 0)
		return;
	(void)RB_REMOVE(subject_tree, &all->tree, s);
	free(s);
}

static void
on_time(struct ev_loop *loop, ev_periodic *w, int revents)
{
	struct permit *p = (struct permit *)w;
	struct permits *all = w->data;

	(void)loop;
	(void)revents;
	all->expired += p->over(p->conn);
}

_Static_assert(offsetof(struct permit, timer) == 0, "see on_time()");

void
permits_init(struct permits *all, struct ev_loop *loop)
{
	*all = (struct permits){.loop = loop};
}

struct permit *
permit_begin(struct permits *all, const struct grant *g, struct conn *c,
    bool (*over)(struct conn *), double chance)
{
	struct permit *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	if (g->subject != NULL) {
		p->subject = enter(all, g->subject);
		if (p->subject == NULL) {
			free(p);
			return NULL;
		}
		LIST_INSERT_HEAD(&p->subject->permits, p, link);
	}
	p->conn = c;
	p->over = over;
	ev_periodic_init(&p->timer, on_time, g->until - JITTER * chance, 0,
	    NULL);
	p->timer.data = all;
	ev_periodic_start(all->loop, &p->timer);
	all->n++;
	return p;
}

void
permit_end(struct permits *all, struct permit *p)
{
	if (p == NULL)
		return;
	ev_periodic_stop(all->loop, &p->timer);
	if (p->subject != NULL) {
		LIST_REMOVE(p, link);
		leave(all, p->subject);
	}
	free(p);
	all->n--;
}

bool
permits_late(const struct permits *all, const struct grant *g)
{
	return g->until <= ev_now(all->loop);
}

bool
permits_full(const struct permits *all, const struct grant *g,
    unsigned long max)
{
	const struct subject *s;

	if (max == 0 || g->subject == NULL)
		return false;
	s = find(all, g->subject);
	return s != NULL && s->exchanges >= max;
}

size_t
permits_end(struct permits *all, const char *subject)
{
	struct subject *s = find(all, subject);
	struct permit_list told = LIST_HEAD_INITIALIZER(told);
	struct permit *p;
	size_t n = 0;

	if (s == NULL)
		return 0;
	s->exchanges++; /* it stays until all are through */
	/* One that ends may end others: those that were told stand apart. */
	while ((p = LIST_FIRST(&s->permits)) != NULL) {
		LIST_REMOVE(p, link);
		LIST_INSERT_HEAD(&told, p, link);
		n += p->over(p->conn);
	}
	while ((p = LIST_FIRST(&told)) != NULL) {
		LIST_REMOVE(p, link);
		LIST_INSERT_HEAD(&s->permits, p, link);
	}
	leave(all, s);
	return n;
}
