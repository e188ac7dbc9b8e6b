/* SPDX-License-Identifier: ISC */
/*
 * Alive, and ready: two questions, for who is alive but not ready is to be left
 * to itself, not ended and started again.  Both are answered from what is known
 * at once, in the turn in which they are asked.
 */
#include "serve/health.h"

#include <stdio.h>

#include "serve/reply.h"

#define HEALTH_HEADERS "Cache-Control: no-store\r\n"

/* Why it is not ready, in one line; or false: it is. */
static bool
is_hindered(const struct server *sv, char *why, size_t size)
{
	const char *away = sv->engine->away(sv->engine);

	if (sv->streams.draining)
		(void)snprintf(why, size,
		    "draining: the process is about to "
		    "end");
	else if (away != NULL)
		(void)snprintf(why, size, "the engine is away: %s", away);
	else if (!engine_is_filled(sv->engine))
		(void)snprintf(why, size, "the engine is not ready yet");
	else if (streams_full(&sv->streams))
		(void)snprintf(why, size,
		    "full: %zu streams and %zu feeds, of "
		    "%lu",
		    sv->streams.open, sv->streams.conns.count[CONN_FEED],
		    sv->cfg.max_streams);
	else
		return false;
	return true;
}

void
health(struct server *sv, struct conn *c, const struct request *r)
{
	(void)sv;
	reply(c, r->method, 200, HEALTH_HEADERS, "alive");
}

void
ready(struct server *sv, struct conn *c, const struct request *r)
{
	char why[REPLY_TEXT_MAX + 1];

	if (is_hindered(sv, why, sizeof(why)))
		reply(c, r->method, 503, HEALTH_HEADERS, why);
	else
		reply(c, r->method, 200, HEALTH_HEADERS, "ready");
}
