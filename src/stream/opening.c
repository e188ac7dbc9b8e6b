/* SPDX-License-Identifier: ISC */
/*
 * How a stream begins: of the clock, or of channels from a position on.
 */
#include "base/log.h"
#include "stream/stream_inner.h"

/* The stream has its feed. */
static void
begin(struct streams *ss, struct stream *s, const struct request *r,
    struct permit *permit)
{
	conn_serve(&s->conn, &ss->role, permit);
	ss->open++;
	ss->opened++;
	age_begin(&ss->ages, &s->age, stream_chance());
	s->conn.begun = conns_moment(&ss->conns);
	s->conn.messages = 0;
	s->conn.todo = HEAD | RETRY;
	log_debug("stream_opened address fd", "stream opened: %s (fd %d)",
	    r->address == NULL ? "-" : r->address, s->conn.io.fd);
}

void
stream_open_clock(struct streams *ss, struct conn *c, const struct request *r,
    const struct grant *g, uint64_t count, bool heard)
{
	struct stream *s = (struct stream *)c;
	struct permit *permit;

	if (!stream_admit(ss, s, r, g, &permit))
		return;
	clock_subscribe(&ss->clock, &s->tick, count);
	begin(ss, s, r, permit);
	if (heard)
		s->conn.todo |= HEARD;
}

/* Has it all that will ever come, and comes back for more? */
static bool
is_back(const struct streams *ss, const char *const channels[], size_t n,
    const struct position *p)
{
	return p->kind == POSITION_AFTER && !p->by_page &&
	       hub_over(ss->readers.hub, channels, n, p->id);
}

void
stream_open_channels(struct streams *ss, struct conn *c,
    const struct request *r, const struct grant *g,
    const char *const channels[], size_t n, const struct position *p)
{
	struct stream *s = (struct stream *)c;
	enum hub_result result;
	struct permit *permit;

	if (is_back(ss, channels, n, p)) {
		stream_gone(ss, c);
		return;
	}
	if (!stream_admit(ss, s, r, g, &permit))
		return;
	result = reader_begin(&ss->readers, &s->reader, channels, n, p);
	if (result == HUB_DONE) {
		begin(ss, s, r, permit);
		return;
	}
	permit_end(&ss->permits, permit);
	stream_refuse(ss, c, r,
	    result == HUB_NO_CHANNEL ? REFUSED_CHANNELS : REFUSED_MEMORY);
}

void
stream_head(struct conn *c)
{
	conn_answer(c, event_new(STREAM_HEADERS, sizeof(STREAM_HEADERS) - 1));
}

void
stream_head_channels(struct streams *ss, struct conn *c,
    const char *const channels[], size_t n, const struct position *p)
{
	if (is_back(ss, channels, n, p))
		stream_gone(ss, c);
	else
		stream_head(c);
}
