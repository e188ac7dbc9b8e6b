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

#include "notice.h"

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

static void
take_gap(struct page *page, const struct block *b)
{
	struct seen_gap g = {.has_id = b->has_id};
	struct id id;

	if (!notice_gap(page, &g, b->data.at)) {
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

/* The end that the data says it is, or NULL. */
static struct published *
end(const struct page *page, const struct block *b)
{
	const struct checker *c = page->checker;
	unsigned channel;

	if (!notice_end(page, &channel, b->data.at) ||
	    !c->channel[channel].has_end)
		return NULL;
	return &c->event[c->channel[channel].end];
}

/* The event that the data says it is, or NULL. */
static struct published *
event(const struct page *page, const struct block *b)
{
	const struct checker *c = page->checker;
	const char *space = memchr(b->data.at, ' ', b->data.len);
	unsigned long number;

	if (space == NULL)
		return NULL;
	number = strtoul(space, NULL, 10);
	return number < c->events ? &c->event[number] : NULL;
}

static struct published *
published(const struct page *page, const struct block *b)
{
	struct published *e =
	    bytes_are(&b->type, "end", 3) ? end(page, b) : event(page, b);

	return e != NULL && e->state != MADE &&
		       bytes_are(&b->data, e->seen_as, e->seen_len) &&
		       bytes_are(&b->type, e->type, strlen(e->type)) ?
		   e :
		   NULL;
}

static bool
reads(const struct page *page, const struct published *e)
{
	size_t i;

	for (i = 0; i < page->channels; i++)
		if (checker_is_in(e, page->channel[i]))
			return true;
	return false;
}

/* Have all its channels ended, and is its position not before any end? */
static enum page_due
due_at(const struct page *page, struct id at)
{
	const struct checker *c = page->checker;
	const struct checker_channel *ch;
	enum page_due due = DUE;
	size_t i;

	for (i = 0; i < page->channels; i++) {
		ch = &c->channel[page->channel[i]];
		if (!ch->has_end || c->event[ch->end].state == MADE ||
		    c->event[ch->end].state == REFUSED ||
		    (c->event[ch->end].has_id &&
			id_compare(c->event[ch->end].id, at) > 0))
			return DUE_NOT;
		if (!c->event[ch->end].has_id)
			due = DUE_MAY;
	}
	return due;
}

static void
take_event(struct page *page, const struct block *b)
{
	struct published *e = published(page, b);
	struct id id;

	if (e == NULL)
		page_fail(page, "this was not published: %.200s", b->data.at);
	else if (!reads(page, e))
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
		if (e->end)
			page->due = due_at(page, id);
		page->over = e->end && page->due != DUE_NOT;
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

	if (page->refused)
		page_fail(page, "something behind a refusal");
	if (page->fresh && page->may_be_refused && b->has_retry &&
	    !b->has_data && !b->has_id && b->type.len == 0) {
		page->refused = true;
		return;
	}
	if (page->over && page->due == DUE)
		page_fail(page, "something behind the end of all channels");
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
	char copy[PAGE_CHANNELS * NAME_SIZE], *rest, *name;

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
	page->over = page->refused = false;
	page->due = position == NULL || id_compare(id, garbage) == 0 ?
			DUE_NOT :
			due_at(page, id);
	parser_begin(&page->parser);
}

void
page_answered(struct page *page, bool over)
{
	page->over = over;
	if (over && page->due == DUE_NOT)
		page_fail(page, "it may not come back, though there is more");
	else if (!over && page->due == DUE)
		page_fail(page, "a stream of which all channels have ended");
}

void
page_read(struct page *page, const char *text, size_t len)
{
	parser_read(&page->parser, text, len);
}
