/* SPDX-License-Identifier: ISC */
/*
 * What a browser and its front do for one EventSource.
 */
#include "subscriber.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "post.h"
#include "verdict.h"

void
subscriber_begin(struct subscriber *s, struct checker *c, const char *channels)
{
	*s = (struct subscriber){.f = {.fd = -1}};
	page_begin(&s->page, c, channels);
}

static void
make_query(const struct subscriber *s, char *buf, size_t size,
    const char *position, const char *by)
{
	const struct page *r = &s->page;
	size_t i, n = 0;

	*buf = '\0';
	for (i = 0; i < r->channels; i++)
		n += query_channel(buf + n,
		    r->checker->channel[r->channel[i]].name, i == 0);
	if (position != NULL && by != NULL)
		n +=
		    (size_t)snprintf(buf + n, size - n, "&%s=%s", by, position);
	assert_true(n < size);
}

void
subscriber_connect(struct subscriber *s, const struct responder *r,
    const char *position, const char *by)
{
	char query[PAGE_CHANNELS * QUERY_SIZE + 100];
	const char *more[] = {"QUERY_STRING", query, "HTTP_LAST_EVENT_ID",
	    position, NULL};
	bool is_history = by != NULL && strcmp(by, "history") == 0;
	const char *all =
	    is_history && strcmp(position, "all") == 0 ? "earliest" : NULL;

	make_query(s, query, sizeof(query), position, by);
	if (position == NULL || by != NULL)
		more[2] = NULL;
	assert_true(front_connect(&s->f, r->address));
	s->headers = false;
	page_connected(&s->page, is_history ? all : position);
	if (by != NULL && strcmp(by, "last_event_id") == 0)
		s->page.due = DUE_NOT; /* where its page lets it begin */
	/* Whether it was taken, what comes will say. */
	(void)front_request(&s->f, 0, "GET", more);
}

void
subscriber_again(struct subscriber *s, const struct responder *r,
    const char *by)
{
	char position[64];

	(void)snprintf(position, sizeof(position), "%s", s->page.last_id.at);
	subscriber_cut(s);
	subscriber_connect(s, r, *position == '\0' ? NULL : position, by);
}

/* The headers, if they are here: of a stream, or of what is over. */
static const char *
take_headers(struct subscriber *s)
{
	static const char head[] = "Status: 200 OK\r\n"
				   "Content-Type: text/event-stream\r\n";
	static const char over[] = "Status: 204 No Content\r\n";
	const char *text = s->f.text, *end = strstr(text, "\r\n\r\n");
	bool is_over = strncmp(text, over, sizeof(over) - 1) == 0;

	if (end == NULL)
		return NULL;
	if (!is_over && strncmp(text, head, sizeof(head) - 1) != 0)
		page_fail(&s->page, "not an event stream: %.100s", text);
	s->headers = true;
	page_answered(&s->page, is_over);
	return end + 4;
}

/* Hands to the reader what the front has read. */
static void
hand_over(struct subscriber *s)
{
	const char *text = s->headers ? s->f.text : take_headers(s);

	if (text == NULL)
		return;
	if (text < s->f.text + s->f.text_len)
		page_read(&s->page, text,
		    (size_t)(s->f.text + s->f.text_len - text));
	s->f.text_len = 0;
	s->f.text[0] = '\0';
}

bool
subscriber_read(struct subscriber *s, int ms)
{
	if (!front_read(&s->f, ms))
		return false;
	hand_over(s);
	return true;
}

bool
subscriber_until(struct subscriber *s, size_t events)
{
	while (s->page.events < events)
		if (s->f.closed || !subscriber_read(s, PATIENCE))
			return false;
	return true;
}

bool
subscriber_until_number(struct subscriber *s, unsigned number)
{
	while (s->page.events == 0 || s->page.latest != number)
		if (s->f.closed || !subscriber_read(s, PATIENCE))
			return false;
	return true;
}

bool
subscriber_joined(struct subscriber *s)
{
	while (s->page.fresh)
		if (s->f.closed || !subscriber_read(s, PATIENCE))
			return false;
	return true;
}

bool
subscriber_over(struct subscriber *s)
{
	while (!s->f.ended)
		if (s->f.closed || !subscriber_read(s, PATIENCE))
			return false;
	return s->page.over;
}

void
subscriber_cut(struct subscriber *s)
{
	front_close(&s->f);
}

void
subscriber_leave(struct subscriber *s, unsigned chance)
{
	if (front_read(&s->f, 0) && s->f.text_len > 0) {
		s->f.text_len = chance % s->f.text_len;
		s->f.text[s->f.text_len] = '\0';
		hand_over(s);
	}
	subscriber_cut(s);
}

void
subscriber_end(struct subscriber *s)
{
	subscriber_cut(s);
	page_free(&s->page);
	s->page.checker = NULL;
}

void
subscriber_check(struct subscriber *s, bool to_the_end)
{
	const char *error = verdict(&s->page, to_the_end);

	if (s->page.over && !subscriber_over(s))
		fail_msg("the stream is over, and left open");
	if (error != NULL)
		fail_msg("%s", error);
	assert_int_equal(s->page.false_gaps, 0);
}
