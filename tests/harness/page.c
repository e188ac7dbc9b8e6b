/* SPDX-License-Identifier: ISC */
/*
 * What one page sees.  An event's bytes are checked as they come, and of the
 * event only its number is kept; whether anything is missing can be said at the
 * end alone, when all answers to the publishers are known.
 */
#include "page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
page_fail(struct page *page, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (page->error[0] == '\0')
		(void)vsnprintf(page->error, sizeof(page->error), format, ap);
	va_end(ap);
}

static void
add(struct page *page, enum entry_kind kind, size_t index)
{
	if (page->len == page->size) {
		page->size = page->size == 0 ? 64 : page->size * 2;
		page->log = no_less(
		    realloc(page->log, page->size * sizeof(*page->log)));
	}
	page->log[page->len++] = (struct log_entry){kind, (unsigned)index};
}

static void
add_id(struct page *page, enum entry_kind kind, struct id id)
{
	page->id =
	    no_less(realloc(page->id, (page->ids + 1) * sizeof(*page->id)));
	page->id[page->ids] = id;
	add(page, kind, page->ids++);
}

size_t
page_channel(const struct page *page, unsigned channel)
{
	size_t i = 0;

	while (i < page->channels && page->channel[i] != channel)
		i++;
	return i;
}

/* A string's value at *p, which must begin with key; *p moves behind it. */
static bool
json_string(const char **p, const char *key, const char **value, size_t *len)
{
	size_t skip = strlen(key);

	if (strncmp(*p, key, skip) != 0)
		return false;
	*p += skip;
	*value = NULL;
	if (strncmp(*p, "null", 4) == 0) {
		*p += 4;
		return true;
	}
	if (**p != '"')
		return false;
	*value = *p + 1;
	*len = strcspn(*value, "\"\\");
	*p = *value + *len + 1;
	return (*value)[*len] == '"';
}

/* A gap's reason, and whether all channels may have it together. */
static bool
good_reason(const char *reason, size_t len, bool all)
{
	static const struct {
		const char *reason;
		bool all, one;
	} known[] = {
	    {"overflow", false, true},
	    {"restart", true, false},
	    {"unknown", true, false},
	    {"source", true, true},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].reason) == len &&
		    memcmp(known[i].reason, reason, len) == 0)
			return all ? known[i].all : known[i].one;
	return false;
}

static bool
find_channel(const struct page *page, const char *name, size_t len,
    unsigned *channel)
{
	size_t i;

	for (i = 0; i < page->channels; i++) {
		*channel = page->channel[i];
		name = name == NULL ? "" : name;
		if (strlen(page->checker->channel[*channel].name) == len &&
		    memcmp(page->checker->channel[*channel].name, name, len) ==
			0)
			return true;
	}
	return false;
}

static bool
parse_gap(const struct page *page, struct seen_gap *g, const char *text)
{
	const char *channel, *from, *to, *reason;
	size_t channel_len = 0, from_len = 0, to_len = 0, reason_len = 0;

	if (!json_string(&text, "{\"channel\":", &channel, &channel_len) ||
	    !json_string(&text, ",\"from\":", &from, &from_len) ||
	    !json_string(&text, ",\"to\":", &to, &to_len) ||
	    !json_string(&text, ",\"reason\":", &reason, &reason_len) ||
	    strcmp(text, "}") != 0 || to == NULL || reason == NULL)
		return false;
	g->has_channel = channel != NULL;
	g->has_from = from != NULL;
	return (!g->has_channel ||
		   find_channel(page, channel, channel_len, &g->channel)) &&
	       (!g->has_from || id_parse(&g->from, from, from_len)) &&
	       id_parse(&g->to, to, to_len) &&
	       good_reason(reason, reason_len, !g->has_channel);
}

static void
take_gap(struct page *page, const struct block *b)
{
	struct seen_gap g = {.has_id = b->has_id};
	struct id id;

	if (!parse_gap(page, &g, b->data.at)) {
		page_fail(page, "a gap that is none of this reader's: %s",
		    b->data.at);
		return;
	}
	if (b->has_id &&
	    (!id_parse(&id, b->id.at, b->id.len) || id_compare(id, g.to) != 0))
		page_fail(page, "a gap with the id %s: %s", b->id.at,
		    b->data.at);
	page->gap =
	    no_less(realloc(page->gap, (page->gaps + 1) * sizeof(*page->gap)));
	page->gap[page->gaps] = g;
	add(page, GAP, page->gaps++);
}

/* The event that the data says it is, or NULL. */
static struct published *
published(const struct page *page, const struct block *b)
{
	const struct checker *c = page->checker;
	const char *space = memchr(b->data.at, ' ', b->data.len);
	unsigned long number;
	struct published *e;

	if (space == NULL)
		return NULL;
	number = strtoul(space, NULL, 10);
	if (number >= c->events || c->event[number].state == MADE)
		return NULL;
	e = &c->event[number];
	return bytes_are(&b->data, e->seen_as, e->seen_len) &&
		       bytes_are(&b->type, e->type, strlen(e->type)) ?
		   e :
		   NULL;
}

static void
take_event(struct page *page, const struct block *b)
{
	struct published *e = published(page, b);
	struct id id;

	if (e == NULL)
		page_fail(page, "this was not published: %.200s", b->data.at);
	else if (page_channel(page, e->channel) == page->channels)
		page_fail(page, "an event of another channel: %.200s",
		    b->data.at);
	else if (!b->has_id || !id_parse(&id, b->id.at, b->id.len))
		page_fail(page, "an event without a good id: %.200s",
		    b->data.at);
	else if (e->has_id && id_compare(e->id, id) != 0)
		page_fail(page, "an event with another id, %s: %.200s",
		    b->id.at, b->data.at);
	else {
		if (!e->has_id)
			page->checker->ordered = false;
		e->id = id;
		e->has_id = true;
		page->events++;
		page->latest = (unsigned)(e - page->checker->event);
		add(page, EVENT, page->latest);
	}
}

static void
take_position(struct page *page, const struct block *b)
{
	struct id id;

	if (!b->has_id && page->fresh)
		add(page, NO_POSITION, 0);
	else if (b->has_id && !b->has_data)
		page_fail(page, "an id without data: %s", b->id.at);
	else if (b->has_id && !id_parse(&id, b->id.at, b->id.len))
		page_fail(page, "a position that is no id: %s", b->id.at);
	else if (b->has_id)
		add_id(page, POSITION, id);
}

static void
take(void *arg, const struct block *b)
{
	struct page *page = arg;

	bool position = bytes_are(&b->type, "position", 8);

	if (page->fresh && (!b->has_retry || !position))
		page_fail(page, "the first block is not retry and position");
	if (b->early)
		page_fail(page, "an id before its data: %s", b->id.at);
	else if (position || !b->has_data)
		take_position(page, b);
	else if (bytes_are(&b->type, "gap", 3))
		take_gap(page, b);
	else
		take_event(page, b);
	page->fresh = false;
	if (b->has_id) {
		page->last_id.len = 0;
		bytes_add(&page->last_id, b->id.at, b->id.len);
	}
}

void
page_begin(struct page *page, struct checker *c, const char *channels)
{
	char copy[PAGE_CHANNELS * 129], *rest, *name;

	*page =
	    (struct page){.checker = c, .parser = {.take = take, .arg = page}};
	bytes_add(&page->last_id, NULL, 0);
	(void)snprintf(copy, sizeof(copy), "%s", channels);
	for (name = strtok_r(copy, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest))
		page->channel[page->channels++] = checker_channel(c, name);
}

void
page_free(struct page *page)
{
	parser_free(&page->parser);
	free(page->last_id.at);
	free(page->log);
	free(page->id);
	free(page->gap);
}

void
page_connected(struct page *page, const char *position)
{
	static const struct id garbage = {UINT64_MAX, UINT64_MAX},
			       earliest = {0, 1};
	struct id id = {0, 0};

	bool again = page->connections++ > 0 && page->last_id.len > 0;

	if (again &&
	    (position == NULL || strcmp(position, page->last_id.at) != 0))
		page_fail(page,
		    "it came back from a position that is not its own");
	/* Its own may be that of a Redis which had nothing yet. */
	if (position != NULL && (strcmp(position, "earliest") == 0 ||
				    (again && strcmp(position, "0-0") == 0)))
		id = earliest;
	else if (position != NULL &&
		 (!id_parse(&id, position, strlen(position)) || id.ms == 0))
		id = garbage;
	add_id(page, CONNECTED, id);
	page->fresh = true;
	parser_begin(&page->parser);
}

void
page_read(struct page *page, const char *text, size_t len)
{
	parser_read(&page->parser, text, len);
}
