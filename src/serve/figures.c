/* SPDX-License-Identifier: ISC */
/*
 * The figures: a table.  A row is one number, by its name in JSON and its name
 * and label in Prometheus; rows of one family stand together.
 */
#include "serve/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "serve/sample.h"

enum kind { SIZE, COUNT, LONG, SAMPLE };

static const struct row {
	const char *json; /* member, or object.member; NULL: not there */
	const char *name; /* of the family */
	const char *label;
	const char *type;
	const char *help;
	enum kind kind;
	size_t offset; /* in struct server or, if SAMPLE, in struct sample */
} rows[] = {
#define SERVER(kind, field) kind, offsetof(struct server, field)
#define LOOKED_UP(field)    SAMPLE, offsetof(struct sample, field)
    {"uptime", "ssefcgi_uptime_seconds", "", "gauge",
	"Time since this process started.", LOOKED_UP(uptime)},
    {"ready", "ssefcgi_ready", "", "gauge",
	"1 if the engine is there and has been read, and the process is not "
	"about to end.",
	LOOKED_UP(ready)},
    {"streams", "ssefcgi_streams", "", "gauge",
	"Streams open now, of this process.", SERVER(SIZE, streams.open)},
    {"streams_max", "ssefcgi_streams_max", "", "gauge",
	"Streams that may be open.", SERVER(LONG, cfg.max_streams)},
    {"streams_opened", "ssefcgi_streams_opened_total", "", "counter",
	"Streams opened.", SERVER(COUNT, streams.opened)},
    {"connections", "ssefcgi_connections", "", "gauge",
	"Connections of fronts.", SERVER(SIZE, streams.conns.total)},
    {"connections_accepted", "ssefcgi_connections_accepted_total", "",
	"counter", "Connections accepted.",
	SERVER(COUNT, streams.conns.accepted)},
#define CLOSED	    "ssefcgi_connections_closed_total"
#define CLOSED_HELP "Connections closed by us before they were served."
    {"closed.bad", CLOSED, "reason=\"bad\"", "counter", CLOSED_HELP,
	SERVER(COUNT, streams.conns.bad)},
    {"closed.time", CLOSED, "reason=\"time\"", "counter", CLOSED_HELP,
	SERVER(COUNT, streams.conns.timed_out)},
    {"closed.room", CLOSED, "reason=\"room\"", "counter", CLOSED_HELP,
	SERVER(COUNT, streams.conns.dropped)},
    {"closed.memory", CLOSED, "reason=\"memory\"", "counter", CLOSED_HELP,
	SERVER(COUNT, streams.conns.starved)},
    {"events_published", "ssefcgi_events_published_total", "", "counter",
	"Events published to channels.", SERVER(COUNT, hub.published)},
    {"events_sent", "ssefcgi_events_sent_total", "", "counter",
	"Events written to streams, the clock's and gaps included.",
	SERVER(COUNT, streams.messages)},
    {"bytes_sent", "ssefcgi_sent_bytes_total", "", "counter",
	"Bytes written to fronts.", SERVER(COUNT, streams.conns.sent)},
    {"bytes_received", "ssefcgi_received_bytes_total", "", "counter",
	"Bytes read from fronts.", SERVER(COUNT, streams.conns.received)},
#define GAPS	  "ssefcgi_gaps_total"
#define GAPS_HELP "Gaps told to streams."
    {"gaps.overflow", GAPS, "reason=\"overflow\"", "counter", GAPS_HELP,
	SERVER(COUNT, streams.readers.gaps[LOSS_OVERFLOW])},
    {"gaps.restart", GAPS, "reason=\"restart\"", "counter", GAPS_HELP,
	SERVER(COUNT, streams.readers.gaps[LOSS_RESTART])},
    {"gaps.unknown", GAPS, "reason=\"unknown\"", "counter", GAPS_HELP,
	SERVER(COUNT, streams.readers.gaps[LOSS_UNKNOWN])},
    {"gaps.source", GAPS, "reason=\"source\"", "counter", GAPS_HELP,
	SERVER(COUNT, streams.readers.gaps[LOSS_SOURCE])},
    {"gaps.deleted", GAPS, "reason=\"deleted\"", "counter", GAPS_HELP,
	SERVER(COUNT, streams.readers.gaps[LOSS_DELETED])},
    {"stalled", "ssefcgi_stalled_total", "", "counter",
	"Streams closed because they took nothing.",
	SERVER(COUNT, streams.conns.stalled)},
#define REFUSED	     "ssefcgi_refused_total"
#define REFUSED_HELP "Streams refused: told to come back later."
    {"refused.streams", REFUSED, "reason=\"streams\"", "counter", REFUSED_HELP,
	SERVER(COUNT, streams.refused[REFUSED_STREAMS])},
    {"refused.address", REFUSED, "reason=\"address\"", "counter", REFUSED_HELP,
	SERVER(COUNT, streams.refused[REFUSED_ADDRESS])},
    {"refused.channels", REFUSED, "reason=\"channels\"", "counter",
	REFUSED_HELP, SERVER(COUNT, streams.refused[REFUSED_CHANNELS])},
    {"refused.draining", REFUSED, "reason=\"draining\"", "counter",
	REFUSED_HELP, SERVER(COUNT, streams.refused[REFUSED_DRAINING])},
    {"refused.memory", REFUSED, "reason=\"memory\"", "counter", REFUSED_HELP,
	SERVER(COUNT, streams.refused[REFUSED_MEMORY])},
    {"refused.engine", REFUSED, "reason=\"engine\"", "counter", REFUSED_HELP,
	SERVER(COUNT, streams.refused[REFUSED_ENGINE])},
    {"refused.subject", REFUSED, "reason=\"subject\"", "counter", REFUSED_HELP,
	SERVER(COUNT, streams.refused[REFUSED_SUBJECT])},
    {"refused.late", REFUSED, "reason=\"late\"", "counter", REFUSED_HELP,
	SERVER(COUNT, streams.refused[REFUSED_LATE])},
#define TICKETS	     "ssefcgi_tickets_refused_total"
#define TICKETS_HELP "Tickets refused: 401, or 403 for a channel."
    {"tickets_refused.missing", TICKETS, "reason=\"missing\"", "counter",
	TICKETS_HELP, SERVER(COUNT, tickets.refused[TICKET_MISSING])},
    {"tickets_refused.malformed", TICKETS, "reason=\"malformed\"", "counter",
	TICKETS_HELP, SERVER(COUNT, tickets.refused[TICKET_MALFORMED])},
    {"tickets_refused.algorithm", TICKETS, "reason=\"algorithm\"", "counter",
	TICKETS_HELP, SERVER(COUNT, tickets.refused[TICKET_ALGORITHM])},
    {"tickets_refused.signature", TICKETS, "reason=\"signature\"", "counter",
	TICKETS_HELP, SERVER(COUNT, tickets.refused[TICKET_SIGNATURE])},
    {"tickets_refused.expired", TICKETS, "reason=\"expired\"", "counter",
	TICKETS_HELP, SERVER(COUNT, tickets.refused[TICKET_EXPIRED])},
    {"tickets_refused.early", TICKETS, "reason=\"early\"", "counter",
	TICKETS_HELP, SERVER(COUNT, tickets.refused[TICKET_EARLY])},
    {"tickets_refused.channel", TICKETS, "reason=\"channel\"", "counter",
	TICKETS_HELP, SERVER(COUNT, tickets.refused[TICKET_CHANNEL])},
    {"ticketed", "ssefcgi_ticketed", "", "gauge",
	"Streams and feeds open now that have a ticket.",
	SERVER(SIZE, streams.permits.n)},
    {"tickets_expired", "ssefcgi_tickets_expired_total", "", "counter",
	"Streams and feeds ended because their ticket's time was up.",
	SERVER(COUNT, streams.permits.expired)},
    {"closed_by_admin", "ssefcgi_closed_by_admin_total", "", "counter",
	"Streams and feeds ended by the role admin.", SERVER(COUNT, closed)},
    {"publish_refused", "ssefcgi_publish_refused_total", "", "counter",
	"Publications refused: nothing of them is published.",
	SERVER(COUNT, publisher.refused)},
    {"publish_ended", "ssefcgi_publish_ended_total", "", "counter",
	"Publications refused because a channel of theirs has ended.",
	SERVER(COUNT, publisher.ended)},
    {"publish_unknown", "ssefcgi_publish_unknown_total", "", "counter",
	"Publications of which it is not known whether they are published.",
	SERVER(COUNT, publisher.unknown)},
    {"publish_repeated", "ssefcgi_publish_repeated_total", "", "counter",
	"Publications that had been made before, by their key: nothing of them "
	"is published again.",
	SERVER(COUNT, publisher.repeated)},
    {"ends", "ssefcgi_ends_total", "", "counter",
	"Channels that publishers have ended.", SERVER(COUNT, publisher.ends)},
    {"deletes", "ssefcgi_deletes_total", "", "counter",
	"Channels that were deleted.", SERVER(COUNT, publisher.deletes)},
    {"streams_over", "ssefcgi_streams_over_total", "", "counter",
	"Streams that ended because all their channels had.",
	SERVER(COUNT, streams.over)},
    {"streams_gone", "ssefcgi_streams_gone_total", "", "counter",
	"Streams refused for good: who came back had the ends of all channels.",
	SERVER(COUNT, streams.gone)},
    {"feeds", "ssefcgi_feeds", "", "gauge", "Feeds open now.",
	SERVER(SIZE, streams.conns.count[CONN_FEED])},
    {"feeds_begun", "ssefcgi_feeds_begun_total", "", "counter",
	"Feeds that have begun.", SERVER(COUNT, producers.begun)},
    {"feed_events", "ssefcgi_feed_events_total", "", "counter",
	"Events that feeds have published.", SERVER(COUNT, producers.events)},
    {"feeds_abandoned", "ssefcgi_feeds_abandoned_total", "", "counter",
	"Channels that were told that their producer has died.",
	SERVER(COUNT, producers.graces.abandoned)},
    {"history.events", "ssefcgi_history_events", "", "gauge", "Events held.",
	SERVER(SIZE, hub.held)},
    {"history.bytes", "ssefcgi_history_bytes", "", "gauge",
	"Bytes of the events held.", SERVER(SIZE, hub.held_bytes)},
    {"history.slow_bytes", "ssefcgi_history_slow_bytes", "", "gauge",
	"Bytes of events that only slow streams still have.",
	SERVER(SIZE, hub.slow_bytes)},
    {"history.bytes_max", "ssefcgi_history_max_bytes", "", "gauge",
	"Bytes that these may be.", SERVER(LONG, cfg.history_bytes)},
    {"channels_held", "ssefcgi_channels", "", "gauge",
	"Channels, those that only streams have named included.",
	SERVER(SIZE, hub.channels)},
    {"channels_ended", "ssefcgi_channels_ended", "", "gauge",
	"Channels that have ended.", SERVER(SIZE, hub.ended)},
    {"channels_max", "ssefcgi_channels_max", "", "gauge",
	"Channels that were published to that there may be, and as many that "
	"only streams have named.",
	SERVER(LONG, cfg.max_channels)},
    {"waves", "ssefcgi_waves", "", "gauge",
	"1 if many writes go to the kernel in one call, by io_uring.",
	SERVER(LONG, streams.conns.wave.has_ring)},
    {"waves_failed", "ssefcgi_waves_failed_total", "", "counter",
	"Failures of the ring for that; one call for each write since.",
	SERVER(LONG, streams.conns.wave.failed)},
    {"accept_pauses", "ssefcgi_accept_pauses_total", "", "counter",
	"Pauses of accepting, for want of a descriptor.",
	SERVER(COUNT, listener.pauses)},
    {"loop_lag", "ssefcgi_loop_lag_seconds", "", "gauge",
	"The longest turn of the loop in the last seconds.", LOOKED_UP(lag)},
    {"cpu", "process_cpu_seconds_total", "", "counter",
	"User and system CPU time.", LOOKED_UP(cpu)},
    {"rss", "process_resident_memory_bytes", "", "gauge", "Resident memory.",
	LOOKED_UP(rss)},
    {NULL, "process_virtual_memory_bytes", "", "gauge", "Virtual memory.",
	LOOKED_UP(virtual)},
    {NULL, "process_open_fds", "", "gauge", "Open file descriptors.",
	LOOKED_UP(files)},
    {NULL, "process_max_fds", "", "gauge", "File descriptors that may be open.",
	LOOKED_UP(files_max)},
    {NULL, "process_start_time_seconds", "", "gauge",
	"When the process started, since 1970.", LOOKED_UP(start)},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static double
value(const struct server *sv, const struct sample *s, const struct row *row)
{
	const void *field = row->kind == SAMPLE ?
				(const char *)s + row->offset :
				(const char *)sv + row->offset;

	switch (row->kind) {
	case SIZE:
		return (double)*(const size_t *)field;
	case COUNT:
		return (double)*(const unsigned long long *)field;
	case LONG:
		return (double)*(const unsigned long *)field;
	default:
		return *(const double *)field;
	}
}

/* One number, in the making of an answer. */
struct answer {
	struct text *t;
	const char *before; /* the number before it: its family or its name */
	size_t in;	    /* bytes of the object that is begun; 0: none */
};

static void
add_prometheus(struct answer *a, const struct engine_figure *f)
{
	if (isnan(f->value))
		return;
	if (strcmp(f->name, a->before) != 0)
		text_add(a->t, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help,
		    f->name, f->type);
	a->before = f->name;
	text_add(a->t, "%s%s{pid=\"%ld\"%s%s} %.15g\n", f->name,
	    f->suffix == NULL ? "" : f->suffix, (long)getpid(),
	    *f->label == '\0' ? "" : ",", f->label, f->value);
}

/* The length of the object's name in a row's, with the point; 0: none. */
static size_t
object(const char *json)
{
	const char *point = strchr(json, '.');

	return point == NULL ? 0 : (size_t)(point + 1 - json);
}

static void
add_json(struct answer *a, const struct engine_figure *f)
{
	size_t now;

	if (f->json == NULL)
		return;
	now = object(f->json);
	if (a->in > 0 && strncmp(a->before, f->json, a->in) != 0)
		text_add(a->t, "}");
	if (*a->before != '\0')
		text_add(a->t, ",");
	if (now > 0 && strncmp(a->before, f->json, now) != 0)
		text_add(a->t, "\"%.*s\":{", (int)now - 1, f->json);
	if (isnan(f->value))
		text_add(a->t, "\"%s\":null", f->json + now);
	else
		text_add(a->t, "\"%s\":%.15g", f->json + now, f->value);
	a->before = f->json;
	a->in = now;
}

static void
add_histogram(struct answer *a,
    void (*add)(struct answer *, const struct engine_figure *),
    const struct histogram *h, const char *const json[2], const char *name,
    const char *help)
{
	struct engine_figure row[ENGINE_HISTOGRAM_ROWS];
	size_t n = engine_histogram(row, h, json[0], json[1], name, help), i;

	for (i = 0; i < n; i++)
		add(a, &row[i]);
}

/* Ours, and then those that the engine has. */
static void
add_all(const struct server *sv, struct answer *a,
    void (*add)(struct answer *, const struct engine_figure *))
{
	struct engine_figure its[ENGINE_FIGURES_MAX];
	struct sample s = sample_take(sv);
	const struct row *row;
	size_t n, i;

	for (row = rows; row < rows + ROWS; row++)
		add(a, &(struct engine_figure){row->json, row->name, row->label,
			   row->type, row->help, value(sv, &s, row), NULL});
	add_histogram(a, add, &sv->publisher.waits,
	    (const char *[]){"waits.seconds", "waits.publications"},
	    "ssefcgi_queue_seconds",
	    "How long what was published had waited for the engine.");
	add_histogram(a, add, &sv->delivery.took,
	    (const char *[]){"deliveries.seconds", "deliveries.events"},
	    "ssefcgi_delivery_seconds",
	    "From an event's publication to its last write.");
	n = sv->engine->figures(sv->engine, its);
	for (i = 0; i < n; i++)
		add(a, &its[i]);
}

void
figures_prometheus(const struct server *sv, struct text *t)
{
	add_all(sv, &(struct answer){t, "", 0}, add_prometheus);
}

void
figures_json(const struct server *sv, struct text *t)
{
	struct answer a = {t, "", 0};

	add_all(sv, &a, add_json);
	if (a.in > 0)
		text_add(t, "}");
}
