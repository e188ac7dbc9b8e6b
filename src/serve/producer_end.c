/* SPDX-License-Identifier: ISC */
/*
 * The end of a feed, as it should be or not: its producer is answered, and its
 * channels hear of it.
 */
#include "serve/producer_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "serve/outcome.h"

struct conn *
producer_leave(struct producer *p)
{
	struct conn *c = p->conn;

	p->conn = NULL;
	permit_end(&p->all->streams->permits, p->permit);
	p->permit = NULL;
	return c;
}

/* Answers with an error, and how far the feed came. */
static void
refuse(struct producer *p, int status, const char *why)
{
	char words[REPLY_TEXT_MAX + 1], id[EVENTID_SIZE];
	struct publisher *by = p->all->by;
	size_t n = p->published.events;

	(void)eventid_format(id, p->published.last);
	if (n == 0)
		(void)snprintf(words, sizeof(words),
		    "%.140s: no event of this feed is published", why);
	else
		(void)snprintf(words, sizeof(words),
		    "%.140s: %zu event%s of this feed %s published, the last "
		    "is %s",
		    why, n, n == 1 ? "" : "s", n == 1 ? "is" : "are", id);
	if (status == 504)
		by->unknown++;
	else if (n == 0)
		by->refused++;
	outcome_refuse(producer_leave(p), status, words);
}

/* What is wrong with it, in words. */
static void
refuse_malformed(struct producer *p)
{
	char why[REPLY_TEXT_MAX + 1];

	if (p->status == 413)
		(void)snprintf(why, sizeof(why), PUBLICATION_LARGE,
		    p->all->by->cfg->max_event);
	else if (p->why != NULL)
		(void)snprintf(why, sizeof(why), "%s", p->why);
	else
		(void)snprintf(why, sizeof(why),
		    "CONTENT_LENGTH is %" PRIu64 ", and the body has %" PRIu64
		    " bytes",
		    p->length, p->received);
	refuse(p, p->status, why);
}

void
producer_leave_channels(struct producer *p, size_t n)
{
	struct graces *graces = &p->all->graces;
	bool died = p->course == FAILS || p->course == DIED;
	size_t i;

	for (i = 0; i < n; i++)
		if (died && !p->all->stopped)
			grace_feed_dies(graces, p->channel[i],
			    p->published.last);
		else
			grace_feed_ends(graces, p->channel[i]);
}

void
producer_finish(struct producer *p)
{
	assert(p->state == POST_NONE && p->course != GOES_ON);
	if (p->conn != NULL && p->course == ENDS) {
		p->post.end = p->closed;
		outcome_answer(producer_leave(p), &p->post, &p->published,
		    true);
	} else if (p->conn != NULL)
		refuse_malformed(p);
	producer_leave_channels(p, p->post.channels_n);
	sse_split_free(&p->split);
	producer_count(p);
	p->all->n--;
	free(p->words);
	free(p->done);
	free(p);
}

void
producer_break_off(struct producer *p, int status, const char *why,
    enum course course)
{
	p->course = (uint8_t)course;
	p->dropped = true;
	if (p->state == POST_GIVEN) { /* the engine has what it needs */
		sse_split_free(&p->split);
		producer_count(p);
	}
	if (p->conn != NULL)
		refuse(p, status, why);
}
