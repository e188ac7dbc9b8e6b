/* SPDX-License-Identifier: ISC */
/*
 * Where a ticket comes from: a location of which the front says that it wants
 * one (SSE_TICKET) takes it from Authorization, which is what programs have;
 * from a cookie, which is what browsers have; or from the query, which is in
 * logs and histories.  The first of these that is there counts, be it good or
 * not: else who could add one could choose.  For the same reason none counts
 * where there are two of a kind.
 */
#include "serve/tickets.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/platform.h"
#include "channel/channel.h"
#include "serve/reply.h"
#include "serve/ticket_keys.h"

#define COOKIE "sse_ticket"
#define SCHEME "Bearer"
#define SPACE  " \t"

/* A ticket's bytes, as they came; NULL: there is none. */
struct found {
	const char *text;
	size_t len;
};

static const struct found none, two = {"?", 1};

void
tickets_init(struct tickets *ts, const struct config *cfg)
{
	*ts = (struct tickets){.cfg = cfg};
}

/* Without the spaces around it. */
static struct found
trimmed(const char *text, size_t len)
{
	size_t before = strspn(text, SPACE);

	if (before > len)
		before = len;
	text += before;
	len -= before;
	while (len > 0 && strchr(SPACE, text[len - 1]) != NULL)
		len--;
	return (struct found){text, len};
}

/* RFC 6750, section 2.1; what else is there, as Basic, is the front's. */
static struct found
in_authorization(const char *header)
{
	size_t len = sizeof(SCHEME) - 1;

	if (header == NULL || strncasecmp(header, SCHEME, len) != 0 ||
	    (header[len] != ' ' && header[len] != '\0'))
		return none;
	return trimmed(header + len, strlen(header + len));
}

/* What the pair is worth that begins here, if it is of our name. */
static struct found
in_pair(const char *pair, size_t len)
{
	struct found f = trimmed(pair, len);
	size_t name = sizeof(COOKIE) - 1;

	if (f.len <= name || strncmp(f.text, COOKIE "=", name + 1) != 0)
		return none;
	return (struct found){f.text + name + 1, f.len - name - 1};
}

/*
 * RFC 6265, section 4.2.1.  One that is empty is none: it has been deleted.
 * Two may be the same, set for two paths.
 */
static struct found
in_cookies(const char *header)
{
	struct found all = none, f;
	size_t len;

	if (header == NULL)
		return none;
	for (;; header += len + 1) {
		len = strcspn(header, ";");
		f = in_pair(header, len);
		if (f.len > 0 && all.text != NULL &&
		    (f.len != all.len || memcmp(f.text, all.text, f.len) != 0))
			return two;
		if (f.len > 0)
			all = f;
		if (header[len] == '\0')
			return all;
	}
}

static struct found
in_query(const char *value)
{
	if (value == NULL || *value == '\0')
		return none;
	return (struct found){value, strlen(value)};
}

static struct found
find(const struct request *r, const struct arguments *a)
{
	struct found f = in_authorization(r->authorization);

	if (f.text == NULL)
		f = in_cookies(r->cookie);
	if (f.text == NULL)
		f = in_query(a->ticket);
	return f;
}

/* Is all of it allowed?  Who names no channel asks for the clock. */
static bool
allows(const struct ticket *t, const struct arguments *a, enum ticket_use use)
{
	size_t i;

	if (a->channels == 0 && use == TICKET_READS)
		return ticket_may_read(t, CHANNEL_CLOCK);
	for (i = 0; i < a->channels; i++)
		if (!(use == TICKET_READS ?
			    ticket_may_read(t, a->channel[i]) :
			    ticket_may_publish(t, a->channel[i])))
			return false;
	return true;
}

static enum ticket_fault
read_ticket(const struct tickets *ts, const struct request *r,
    const struct arguments *a, enum ticket_use use, struct ticket **ticket)
{
	struct found f = find(r, a);
	enum ticket_fault fault;

	if (f.text == NULL)
		return TICKET_MISSING;
	fault = ticket_read(ticket, ts->keys, f.text, f.len,
	    (int64_t)(platform_wall_ms() / 1000),
	    (int64_t)ts->cfg->ticket_skew);
	if (fault != TICKET_GOOD || allows(*ticket, a, use))
		return fault;
	ticket_free(*ticket);
	*ticket = NULL;
	return TICKET_CHANNEL;
}

enum ticket_fault
tickets_check(struct tickets *ts, const struct request *r,
    const struct arguments *a, enum ticket_use use, struct ticket **ticket)
{
	enum ticket_fault fault;

	*ticket = NULL;
	if (r->ticket == NULL)
		return TICKET_GOOD;
	fault = read_ticket(ts, r, a, use, ticket);
	if (fault == TICKET_GOOD)
		return fault;
	ts->refused[fault]++;
	log_debug("ticket_refused address why", "ticket refused: %s, %s",
	    r->address == NULL ? "-" : r->address, ticket_fault_name(fault));
	return fault;
}

int
tickets_status(enum ticket_fault fault)
{
	if (fault == TICKET_NO_MEMORY)
		return 503;
	return fault == TICKET_CHANNEL ? 403 : 401;
}

const char *
tickets_text(enum ticket_fault fault, enum ticket_use use)
{
	if (fault == TICKET_NO_MEMORY)
		return REPLY_NO_MEMORY;
	if (fault != TICKET_CHANNEL)
		return "a ticket is wanted here, and there is none that is "
		       "good";
	if (use == TICKET_PUBLISHES)
		return "the ticket does not have each of these channels in "
		       "publish";
	return "the ticket is not for each channel that is asked for; where "
	       "none is, that is clock";
}

const char *
tickets_fault(const struct tickets *ts, const struct request *r)
{
	if (r->ticket == NULL)
		return NULL;
	if (strcmp(r->ticket, "required") != 0)
		return "SSE_TICKET, which the front says, is not required: "
		       "where no ticket is wanted it is not there";
	if (ts->keys == NULL)
		return "SSE_TICKET is required, which the front says, and "
		       "there is no key: give --ticket-key FILE";
	return NULL;
}
