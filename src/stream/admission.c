/* SPDX-License-Identifier: ISC */
/*
 * Which streams there may be, and what the others are told: 200, retry: and the
 * end, for a browser gives its EventSource up at any other status; and 204 if
 * just that is right.
 */
#include "base/log.h"
#include "channel/sse.h"
#include "stream/stream_inner.h"

#define REFUSED_FACTOR 10 /* a refused stream's retry:, in those of others */

const char *
stream_refusal_name(enum refusal why)
{
	static const char *const names[] = {[REFUSED_STREAMS] = "streams",
	    [REFUSED_ADDRESS] = "address",
	    [REFUSED_SUBJECT] = "subject",
	    [REFUSED_CHANNELS] = "channels",
	    [REFUSED_DRAINING] = "draining",
	    [REFUSED_MEMORY] = "memory",
	    [REFUSED_ENGINE] = "engine",
	    [REFUSED_LATE] = "late"};

	return names[why];
}

/* Where there is no room the browser is to come back much later than others. */
void
stream_refuse(struct streams *ss, struct conn *c, const struct request *r,
    enum refusal why)
{
	bool soon =
	    ss->draining || why == REFUSED_ENGINE || why == REFUSED_LATE;
	unsigned long ms = stream_retry_ms(ss) * (soon ? 1 : REFUSED_FACTOR);
	struct stream *s = (struct stream *)c;
	char buf[sizeof(STREAM_HEADERS) + SSE_BLOCK_SIZE] = STREAM_HEADERS;
	size_t len = sizeof(STREAM_HEADERS) - 1;

	ss->refused[why]++;
	log_debug("stream_refused address fd why",
	    "stream refused: %s (fd %d), %s",
	    r->address == NULL ? "-" : r->address, c->io.fd,
	    stream_refusal_name(why));
	address_leave(&ss->addresses, s->address);
	s->address = NULL;
	len += sse_retry(buf + len, ms);
	conn_answer(c, event_new(buf, len));
}

void
stream_gone(struct streams *ss, struct conn *c)
{
	static const char gone[] = "Status: 204 No Content\r\n"
				   "Cache-Control: no-store\r\n\r\n";

	ss->gone++;
	conn_answer(c, event_new(gone, sizeof(gone) - 1));
}

bool
streams_full(const struct streams *ss)
{
	return ss->open + ss->conns.count[CONN_FEED] >= ss->cfg->max_streams;
}

/* REFUSALS if the stream may be, otherwise why not. */
static enum refusal
limit_reached(struct streams *ss, struct stream *s, const struct request *r)
{
	const struct config *cfg = ss->cfg;

	if (ss->draining)
		return REFUSED_DRAINING;
	if (streams_full(ss))
		return REFUSED_STREAMS;
	if (cfg->max_per_address == 0 && !cfg->verbose)
		return REFUSALS; /* the address is of no use */
	s->address = address_enter(&ss->addresses, r->address);
	if (s->address == NULL)
		return REFUSED_MEMORY;
	if (cfg->max_per_address > 0 &&
	    s->address->streams > cfg->max_per_address)
		return REFUSED_ADDRESS;
	return REFUSALS;
}

/* The same of what a ticket grants; otherwise it has its permit. */
static enum refusal
limited_by_ticket(struct streams *ss, struct conn *c, const struct grant *g,
    struct permit **permit)
{
	if (permits_late(&ss->permits, g))
		return REFUSED_LATE;
	if (permits_full(&ss->permits, g, ss->cfg->max_per_subject))
		return REFUSED_SUBJECT;
	*permit = permit_begin(&ss->permits, g, c, stream_cut, stream_chance());
	return *permit == NULL ? REFUSED_MEMORY : REFUSALS;
}

bool
stream_admit(struct streams *ss, struct stream *s, const struct request *r,
    const struct grant *g, struct permit **permit)
{
	enum refusal why = limit_reached(ss, s, r);

	*permit = NULL;
	if (why == REFUSALS && g != NULL)
		why = limited_by_ticket(ss, &s->conn, g, permit);
	if (why == REFUSALS)
		return true;
	stream_refuse(ss, &s->conn, r, why);
	return false;
}
