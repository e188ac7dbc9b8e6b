/* SPDX-License-Identifier: ISC */
/*
 * A POST's way: what its parameters say is checked before its body is waited
 * for, the body before anything of it is published.  So a publication that was
 * not answered with 200 has reached nobody.
 */
#include "serve/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "channel/sse_parse.h"
#include "channel/type.h"
#include "base/utf8.h"
#include "serve/arguments.h"
#include "serve/origin.h"
#include "serve/producer.h"
#include "serve/tickets.h"

/* The messages are checked, all of them, and then published. */
static void
publish_all(struct publication *p, struct sse_message m[], size_t n)
{
	const struct config *cfg = p->by->cfg;
	const char *wrong = NULL;
	size_t i;

	for (i = 0; i < n && wrong == NULL; i++) {
		if (m[i].type == NULL)
			m[i].type = p->type;
		wrong = type_fault(m[i].type);
		if (!publication_fits(cfg, &m[i])) {
			publication_refuse(p, 413, PUBLICATION_LARGE,
			    cfg->max_event);
			return;
		}
	}
	if (p->snapshot && n == 1)
		m[0].snapshot = true;
	else if (p->snapshot && wrong == NULL)
		wrong = "snapshot=1 says that an event is the whole state: "
			"send it alone";
	if (wrong != NULL)
		publication_refuse(p, 400, "%s", wrong);
	else
		publication_give(p, m, n);
}

/* A body that is an event stream: many events. */
static void
publish_several(struct publication *p, const char *text, size_t len)
{
	static struct sse_message messages[ENGINE_BATCH_MAX];
	struct sse_split split;
	const char *wrong;
	ssize_t n;

	n = sse_parse(&split, text, len, messages, ENGINE_BATCH_MAX, &wrong);
	if (n == -1 && wrong == NULL)
		publication_no_memory(p);
	else if (n == -1)
		publication_refuse(p, 400, "%s", wrong);
	else
		publish_all(p, messages, (size_t)n);
	sse_split_free(&split);
}

void
publish_body(struct publication *p, char *text, size_t len)
{
	struct sse_message one = {.data = text == NULL ? "" : text, .len = len};
	bool nothing = len == 0 && (p->several || p->type == NULL);

	if (p->measured && p->length != len)
		publication_refuse(p, 400,
		    "CONTENT_LENGTH is %" PRIu64
		    ", and the body has %zu bytes: "
		    "nothing of it is published",
		    p->length, len);
	else if (!utf8_valid((const uint8_t *)one.data, len))
		publication_refuse(p, 400,
		    "the body is not UTF-8: send text, and other bytes as "
		    "base64");
	else if (nothing && p->post.end)
		publish_all(p, NULL, 0);
	else if (p->several && len > 0)
		publish_several(p, text, len);
	else if (p->several)
		publication_refuse(p, 400, SSE_PARSE_NO_EVENT);
	else
		publish_all(p, &one, 1);
}

/* Digits, and below 2^64; nothing else is a length (RFC 9110, section 8.6). */
static bool
read_length(const char *text, uint64_t *length)
{
	errno = 0;
	*length = strtoull(text, NULL, 10);
	return *text != '\0' && errno == 0 &&
	       strspn(text, "0123456789") == strlen(text);
}

static bool
is_event_stream(const char *type)
{
	static const char wanted[] = "text/event-stream";
	size_t len = sizeof(wanted) - 1;

	return type != NULL && strncasecmp(type, wanted, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/* May whoever sent this publish, and now?  If not it is refused. */
static bool
may(struct publication *p, const struct request *r)
{
	const char *foreign = origin_foreign(r);

	if (foreign != NULL)
		publication_refuse(p, 403, "%s", foreign);
	else if (conn_all(p->conn)->closing)
		publication_refuse(p, 503, PUBLICATION_ENDING);
	else
		return true;
	return false;
}

/* Has it a ticket, if one is wanted?  Likewise; *t is that, or NULL. */
static bool
is_permitted(struct publication *p, const struct request *r,
    const struct arguments *a, struct ticket **t)
{
	enum ticket_fault fault;

	*t = NULL;
	if (r->ticket == NULL)
		return true;
	fault = tickets_check(p->by->tickets, r, a, TICKET_PUBLISHES, t);
	if (fault == TICKET_GOOD)
		return true;
	publication_refuse(p, tickets_status(fault), "%s",
	    tickets_text(fault, TICKET_PUBLISHES));
	return false;
}

/* What the parameters tell of the body; likewise. */
static bool
take_length(struct publication *p, const struct request *r, bool feed)
{
	const struct config *cfg = p->by->cfg;
	const char *length = r->content_length;

	p->measured = length != NULL && *length != '\0';
	p->several = is_event_stream(r->content_type);
	if (feed && p->measured && strcmp(length, "-1") == 0)
		p->measured = false; /* nor need it be */
	if (p->measured && strcmp(length, "-1") == 0)
		publication_refuse(p, 400,
		    "CONTENT_LENGTH is -1: the front (Caddy?) does not measure "
		    "a body that comes in chunks; send Content-Length");
	else if (p->measured && !read_length(length, &p->length))
		publication_refuse(p, 400,
		    "CONTENT_LENGTH is not a number of bytes: it comes from "
		    "the request's Content-Length");
	else if (p->measured && !feed && p->length > cfg->max_body)
		publication_refuse(p, 413, PUBLICATION_LONG, cfg->max_body);
	else
		return true;
	return false;
}

/* What is wrong with the channels, for a post that ends them or does not. */
static const char *
channels_fault(const struct arguments *a, bool end)
{
	size_t i;

	if (a->channels == 0)
		return "no channel is named, by channel=NAME";
	for (i = 0; i < a->channels; i++)
		if (strcmp(a->channel[i], CHANNEL_CLOCK) == 0)
			return "the clock's events are its own: choose another "
			       "name";
	if (end && a->channels > 1)
		return "these are several channels: end each of them alone";
	return NULL;
}

/* What the query asks for; likewise. */
static bool
take_query(struct publication *p, const struct arguments *a, const char *wrong)
{
	bool typed = a->event != NULL && *a->event != '\0';

	if (wrong == NULL)
		wrong = channels_fault(a, p->post.end);
	if (wrong == NULL)
		wrong = type_fault(a->event);
	if (wrong != NULL) {
		publication_refuse(p, 400, "%s", wrong);
		return false;
	}
	return publication_name(p, a->channel, a->channels,
	    typed ? a->event : NULL, a->key);
}

/* By its type; where there is none curl and Caddy say that it is a form. */
static bool
may_be_feed(const char *type)
{
	static const char form[] = "application/x-www-form-urlencoded";

	return type == NULL || *type == '\0' || is_event_stream(type) ||
	       strncasecmp(type, form, sizeof(form) - 1) == 0;
}

/* What is wrong with the query of a feed, or of what is none. */
static const char *
feed_fault(const struct arguments *a, const struct request *r)
{
	if (a->feed == NULL)
		return a->done == NULL ? NULL :
					 "done= says how a feed ends: it takes "
					 "feed=1";
	if (!may_be_feed(r->content_type))
		return "a feed is an event stream: send Content-Type: "
		       "text/event-stream";
	if (a->key != NULL || a->snapshot != NULL || a->history != NULL)
		return "key=, snapshot= and history= are not of a feed";
	if (a->done != NULL && *a->done == '\0')
		return "done= is empty: it names the data of the message that "
		       "ends the channel";
	return NULL;
}

/* All but its body is there, and it may be published. */
static void
take(struct publication *p, const struct request *r, const struct arguments *a,
    const char *wrong, const struct ticket *t)
{
	struct grant g;

	if (wrong == NULL)
		wrong = feed_fault(a, r);
	p->post.end = a->end != NULL || a->done != NULL;
	p->snapshot = a->snapshot != NULL;
	if (!take_query(p, a, wrong) || !take_length(p, r, a->feed != NULL))
		return;
	p->post.end = a->end != NULL;
	if (a->feed == NULL) {
		publication_want_body(p);
		return;
	}
	if (t != NULL)
		g = (struct grant){(double)t->exp, t->subject};
	producer_begin(p, a->done, t == NULL ? NULL : &g);
}

void
publish(struct publisher *by, struct conn *c, const struct request *r)
{
	struct publication *p = publication_begin(by, c);
	struct arguments a;
	const char *wrong = arguments_read(&a, r);
	struct ticket *t;

	if (p == NULL || !may(p, r) || !is_permitted(p, r, &a, &t))
		return;
	take(p, r, &a, wrong, t);
	ticket_free(t);
}

void
erase(struct publisher *by, struct conn *c, const struct request *r)
{
	struct publication *p = publication_begin(by, c);
	struct arguments a;
	const char *wrong = arguments_read(&a, r);
	struct ticket *t;

	if (p == NULL || !may(p, r) || !is_permitted(p, r, &a, &t))
		return;
	ticket_free(t);
	p->post.end = p->post.erase = true;
	if (take_query(p, &a, wrong))
		publication_give(p, NULL, 0);
}
