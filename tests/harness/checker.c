/* SPDX-License-Identifier: ISC */
/*
 * What was published, and in which order.  An answer tells the id of the last
 * event of those sent as one; the others' ids are learnt from the first reader
 * that sees them.  So a place in a channel's order may have no known id, only
 * bounds of it: an event that nobody saw may be on this or that side of a gap's
 * end, and the checker does not claim to know which.
 */
#include "checker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct id no_id, last_id = {UINT64_MAX, UINT64_MAX};

int
id_compare(struct id a, struct id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool
id_parse(struct id *id, const char *text, size_t len)
{
	char copy[48], *end;

	if (len == 0 || len >= sizeof(copy) || *text < '0' || *text > '9')
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	id->ms = strtoull(copy, &end, 10);
	if (end[0] != '-' || end[1] < '0' || end[1] > '9')
		return false;
	id->n = strtoull(end + 1, &end, 10);
	return *end == '\0' && end == copy + len;
}

__attribute__((format(printf, 2, 3))) static void
fail(struct checker *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (c->error[0] == '\0')
		(void)vsnprintf(c->error, sizeof(c->error), format, ap);
	va_end(ap);
}

void *
no_less(void *p)
{
	if (p == NULL) {
		(void)fprintf(stderr, "checker: no memory\n");
		abort();
	}
	return p;
}

void
checker_free(struct checker *c)
{
	unsigned i;

	for (i = 0; i < c->events; i++) {
		free(c->event[i].data);
		free(c->event[i].seen_as);
	}
	for (i = 0; i < c->channels; i++)
		free(c->channel[i].order);
	free(c->event);
	*c = (struct checker){0};
}

unsigned
checker_channel(struct checker *c, const char *name)
{
	unsigned i;

	for (i = 0; i < c->channels; i++)
		if (strcmp(c->channel[i].name, name) == 0)
			return i;
	if (i == CHECKER_CHANNELS || strlen(name) > 128) {
		(void)fprintf(stderr, "checker: no room for %s\n", name);
		abort();
	}
	(void)snprintf(c->channel[i].name, sizeof(c->channel[i].name), "%s",
	    name);
	c->channels++;
	return i;
}

/* A page gets each line's end as LF. */
static size_t
as_seen(char *to, const char *from, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (from[i] == '\r' && i + 1 < len && from[i + 1] == '\n')
			continue;
		to[n++] = from[i] == '\r' ? '\n' : from[i];
	}
	to[n] = '\0';
	return n;
}

unsigned
checker_event(struct checker *c, const char *channel, const char *type,
    const char *rest)
{
	size_t size = strlen(channel) + strlen(rest) + 16;
	struct published *e;

	if (c->events == c->size) {
		c->size = c->size == 0 ? 64 : c->size * 2;
		c->event =
		    no_less(realloc(c->event, c->size * sizeof(*c->event)));
	}
	e = &c->event[c->events];
	*e = (struct published){.channel = checker_channel(c, channel),
	    .type = type == NULL ? "" : type,
	    .data = no_less(malloc(size)),
	    .seen_as = no_less(malloc(size))};
	(void)snprintf(e->data, size, "%s %u %s", channel, c->events, rest);
	e->len = strlen(e->data);
	c->channel[e->channel].events++;
	e->seen_len = as_seen(e->seen_as, e->data, e->len);
	return c->events++;
}

void
checker_sent(struct checker *c, unsigned first, unsigned count)
{
	unsigned i;

	for (i = first; i < first + count; i++) {
		c->event[i].state = SENT;
		c->event[i].first = first;
		c->event[i].count = count;
		c->event[i].since = c->acknowledged;
	}
	c->ordered = false;
}

static void
set_state(struct checker *c, unsigned first, enum published_state state)
{
	unsigned i;

	for (i = first; i < first + c->event[first].count; i++)
		c->event[i].state = state;
	c->ordered = false;
}

void
checker_acknowledged(struct checker *c, unsigned first, const char *text)
{
	struct published *last = &c->event[first + c->event[first].count - 1];
	struct id id = {0, 0};

	if (!id_parse(&id, text, strlen(text)))
		fail(c, "event %u was answered with the id %s", first, text);
	else if (last->has_id && id_compare(last->id, id) != 0)
		fail(c, "event %u was answered with another id than was seen",
		    first);
	else if (id_compare(id, last->since) <= 0)
		fail(c, "event %u has an id below that of an earlier one",
		    first);
	last->has_id = true;
	last->id = id;
	if (id_compare(id, c->acknowledged) > 0)
		c->acknowledged = id;
	set_state(c, first, ACKNOWLEDGED);
}

void
checker_refused(struct checker *c, unsigned first)
{
	set_state(c, first, REFUSED);
}

/* Those sent as one stand together: where the highest known id of them is. */
struct ranked {
	struct id key;
	unsigned number;
};

static int
compare_ranked(const void *one, const void *two)
{
	const struct ranked *a = one, *b = two;
	int order = id_compare(a->key, b->key);

	if (order != 0)
		return order;
	return a->number < b->number ? -1 : a->number > b->number;
}

static struct id
key_of(const struct checker *c, unsigned number)
{
	const struct published *e = &c->event[number];
	struct id key = no_id;
	unsigned i;

	for (i = e->first; e->state != MADE && i < e->first + e->count; i++)
		if (c->event[i].has_id && id_compare(c->event[i].id, key) > 0)
			key = c->event[i].id;
	return key;
}

/* Those that are not known to have been published are left out. */
static size_t
rank(const struct checker *c, struct ranked *ranked)
{
	struct id key = no_id;
	size_t count = 0;
	unsigned i;

	for (i = 0; i < c->events; i++) {
		if (c->event[i].state == MADE || c->event[i].first == i)
			key = key_of(c, i);
		if (id_compare(key, no_id) != 0)
			ranked[count++] = (struct ranked){key, i};
	}
	qsort(ranked, count, sizeof(*ranked), compare_ranked);
	return count;
}

static void
add_place(struct checker *c, unsigned number)
{
	struct published *e = &c->event[number];
	struct checker_channel *ch = &c->channel[e->channel];
	struct id low = no_id;

	if (ch->count > 0) {
		low = ch->order[ch->count - 1].low;
		low.n++;
	}
	if (e->has_id && id_compare(e->id, low) < 0)
		fail(c, "event %u has an id out of its channel's order",
		    number);
	e->rank = ch->count;
	ch->order[ch->count++] =
	    (struct place){number, e->has_id ? e->id : low, last_id};
}

static void
set_high(const struct checker *c, struct checker_channel *ch)
{
	struct id high = last_id;
	size_t i;

	for (i = ch->count; i > 0; i--) {
		if (c->event[ch->order[i - 1].number].has_id)
			high = ch->order[i - 1].low;
		ch->order[i - 1].high = high;
	}
}

static void
forget_order(struct checker *c)
{
	struct checker_channel *ch;

	for (ch = c->channel; ch < c->channel + c->channels; ch++) {
		free(ch->order);
		ch->order =
		    no_less(malloc((ch->events + 1) * sizeof(*ch->order)));
		ch->count = 0;
	}
}

void
checker_order(struct checker *c)
{
	struct ranked *ranked;
	size_t count, i;

	if (c->ordered)
		return;
	forget_order(c);
	ranked = no_less(malloc((c->events + 1) * sizeof(*ranked)));
	count = rank(c, ranked);
	for (i = 0; i < count; i++) {
		if (c->event[ranked[i].number].state == REFUSED)
			fail(c, "event %u was refused and yet seen",
			    ranked[i].number);
		add_place(c, ranked[i].number);
	}
	for (i = 0; i < c->channels; i++)
		set_high(c, &c->channel[i]);
	free(ranked);
	c->ordered = true;
}
