/* SPDX-License-Identifier: ISC */
/*
 * What the status says of Redis.
 */
#include "engine/redis_inner.h"

#include <math.h>
#include <string.h>

static bool
is_up(const struct link *l)
{
	return l->state == LINK_UP;
}

/* Times that it came up again. */
static double
reconnects(const struct link *l)
{
	return l->connects > 1 ? (double)(l->connects - 1) : 0;
}

size_t
redis_figures(const struct engine *engine,
    struct engine_figure row[ENGINE_FIGURES_MAX])
{
	static const struct engine_figure rows[] = {
	    {"streams_all", "ssefcgi_streams_all", "", "gauge",
		"Streams open now, of all processes with this stream of Redis.",
		0, NULL},
	    {"redis.up", "ssefcgi_redis_up", "", "gauge",
		"1 if both connections to Redis are up.", 0, NULL},
	    {"redis.lag", "ssefcgi_redis_lag_seconds", "", "gauge",
		"How far this process may be behind the stream.", 0, NULL},
	    {"redis.reconnects", "ssefcgi_redis_reconnects_total", "",
		"counter", "Connections to Redis that were made again.", 0,
		NULL},
	    {"redis.queue", "ssefcgi_redis_queue_events", "", "gauge",
		"Events on their way to Redis.", 0, NULL},
	    {"redis.unknown", "ssefcgi_redis_unknown_total", "", "counter",
		"Publications of which Redis has not said whether it has them.",
		0, NULL},
	    {"redis.skipped", "ssefcgi_redis_skipped_total", "", "counter",
		"Entries of the stream that are no events, or behind an end.",
		0, NULL},
	    {"redis.repeated", "ssefcgi_redis_repeated_total", "", "counter",
		"Entries of the stream whose key had come before.", 0, NULL},
	    {"redis.losses", "ssefcgi_redis_losses_total", "", "counter",
		"Losses in Redis, each told to the streams.", 0, NULL},
	};
	const struct redis *r = (const struct redis *)engine;
	const struct link *tail = &r->tail.link, *publisher = &r->publisher;
	size_t n = sizeof(rows) / sizeof(rows[0]);

	_Static_assert(sizeof(rows) / sizeof(rows[0]) < ENGINE_FIGURES_MAX,
	    "there is room for all");
	if (r->hub == NULL)
		return 0; /* it was never started */
	*row++ = engine_keys(r->tail.repeats.n);
	memcpy(row, rows, sizeof(rows));
	row[0].value = (double)census_streams(&r->upkeep.census);
	row[1].value = is_up(tail) && is_up(publisher);
	row[2].value = round(tail_lag(&r->tail) * 1e4) / 1e4;
	row[3].value = reconnects(tail) + reconnects(publisher);
	row[4].value = (double)r->sender.events;
	row[5].value = (double)r->sender.unknown;
	row[6].value = (double)r->tail.skipped;
	row[7].value = (double)r->tail.repeated;
	row[8].value = (double)r->tail.losses;
	return 1 + n;
}
