/* SPDX-License-Identifier: ISC */
/*
 * What was published.  An answer tells the id of the last event of those sent
 * as one; the others' ids are learnt from the first reader that sees them.
 */
#include "checker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void
checker_fail(struct checker *c, const char *format, ...)
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
	if (i == CHECKER_CHANNELS || strlen(name) >= NAME_SIZE) {
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

/* One more, with room for so many bytes. */
static struct published *
add_published(struct checker *c, const char *channel, const char *type,
    size_t size)
{
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
	c->channel[e->channel].events++;
	c->events++;
	return e;
}

unsigned
checker_event(struct checker *c, const char *channel, const char *type,
    const char *rest)
{
	size_t size = strlen(channel) + strlen(rest) + 16;
	struct published *e = add_published(c, channel, type, size);

	(void)snprintf(e->data, size, "%s %u %s", channel, c->events - 1, rest);
	e->len = strlen(e->data);
	e->seen_len = as_seen(e->seen_as, e->data, e->len);
	return c->events - 1;
}

void
checker_also(struct checker *c, unsigned number, const char *channel)
{
	unsigned also = checker_channel(c, channel);

	c->event[number].also |= (uint64_t)1 << also;
	c->channel[also].events++;
}

/* What comes with an end is sent as an empty body. */
unsigned
checker_end(struct checker *c, const char *channel)
{
	size_t size = 2 * NAME_SIZE + sizeof("{\"channel\":\"\"}");
	struct published *e = add_published(c, channel, "end", size);
	struct checker_channel *ch;
	const char *p;
	size_t n;

	e->end = true;
	e->data[0] = '\0';
	n = (size_t)snprintf(e->seen_as, size, "{\"channel\":\"");
	for (p = channel; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			e->seen_as[n++] = '\\';
		e->seen_as[n++] = *p;
	}
	e->seen_len = n + (size_t)snprintf(e->seen_as + n, size - n, "\"}");
	ch = &c->channel[e->channel];
	if (!ch->has_end || c->event[ch->end].state == REFUSED)
		ch->end = c->events - 1;
	ch->has_end = true;
	return c->events - 1;
}

bool
checker_is_in(const struct published *e, unsigned channel)
{
	return e->channel == channel || (e->also >> channel & 1) != 0;
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

void
checker_joined(struct checker *c, unsigned first, unsigned count)
{
	unsigned i;

	for (i = first; i < first + count; i++) {
		c->event[i].first = first;
		c->event[i].count = count;
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
		checker_fail(c, "event %u was answered with the id %s", first,
		    text);
	else if (last->has_id && id_compare(last->id, id) != 0)
		checker_fail(c,
		    "event %u was answered with another id than was seen",
		    first);
	else if (id_compare(id, last->since) <= 0)
		checker_fail(c,
		    "event %u has an id below that of an earlier one", first);
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
