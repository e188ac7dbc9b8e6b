/* SPDX-License-Identifier: ISC */
/*
 * The options: one table, from which come the parser, --help and the manual's
 * list.  A row is an option.
 */
#include "base/config_inner.h"

#include <stddef.h>
#include <string.h>

const struct option_row config_rows[] = {
#define AT(field) offsetof(struct config, field)
    {"listen", "ADDRESS", LIST, AT(listen), 0, CONFIG_LISTEN_MAX, NULL,
	"Listen on unix:/path[:mode], host:port or [v6]:port, all addresses of "
	"the host.  It may come sixteen times.  Sockets that the starter "
	"passes, as descriptor 0 or as systemd does it, are served too."},
    {"user", "NAME", TEXT, AT(user), 0, 0, NULL,
	"For root: become this user, for good, as soon as the sockets and the "
	"keys are open.  The sockets are this user's then, and so is all that "
	"is opened later, and the log."},
    {"group", "NAME", TEXT, AT(group), 0, 0, NULL,
	"In place of that user's own group; the sockets are of this group, "
	"too."},
    {"interval", "SEC", SECONDS, AT(interval), 0.01, 3600, "2",
	"Time between two messages of the clock."},
    {"heartbeat", "SEC", SECONDS, AT(heartbeat), 1, 3600, "15",
	"Send a comment, or to channels' streams an event of type position, to "
	"a stream that got nothing for so long."},
    {"retry", "MS", NUMBER, AT(retry), 1, 3600000, "2000",
	"How soon a browser comes back, in milliseconds; each is told up to "
	"half as much again, by chance."},
    {"max-streams", "N", NUMBER, AT(max_streams), 0, 10000000, "0",
	"Streams at a time; 0 takes it from the limit of open files."},
    {"max-per-address", "N", NUMBER, AT(max_per_address), 0, 10000000, "0",
	"Streams at a time for one REMOTE_ADDR, or for one /64 of IPv6; 0 is "
	"no limit."},
    {"max-per-subject", "N", NUMBER, AT(max_per_subject), 0, 10000000, "0",
	"Streams at a time with tickets of one subject (sub), its feeds "
	"counted too; 0 is no limit."},
    {"stall", "SEC", SECONDS, AT(stall), 1, 86400, "60",
	"Close a stream that takes nothing for so long, once the kernel "
	"holds all it can for it."},
    {"max-age", "SEC", SECONDS, AT(max_age), 0, 31536000, "0",
	"End a stream after this time, or up to a quarter sooner, by chance; "
	"its browser comes back.  0 is no limit."},
    {"drain", "SEC", SECONDS, AT(drain), 0, 3600, "5",
	"At the end of the program, spread the ends of many streams over up to "
	"this time."},
    {"history", "N", NUMBER, AT(history), 1, 1000000, "100",
	"Events held for each channel, for streams that come back or are "
	"slow."},
    {"history-age", "SEC", SECONDS, AT(history_age), 0, 31536000, "300",
	"How long an event is held; 0 is no limit."},
    {"history-bytes", "BYTES", BYTES, AT(history_bytes), 65536, 1e15, "64M",
	"Bytes of all events together, those still being written to slow "
	"streams included.  Like all BYTES it takes K, M and G; it must be at "
	"least eight times --max-event, and --max-body.  Over it the channel "
	"that holds most gives first."},
    {"channel", "PREFIX:history=N,age=SEC,bytes=BYTES", RULE, 0, 0, 0, NULL,
	"For each channel whose name begins with PREFIX: its own --history and "
	"--history-age, and the bytes of its events.  At least one of the three "
	"is given; what is not is as for all.  Over its bytes a channel's oldest "
	"events go, but never its newest.  It may come sixty-four times; the "
	"longest PREFIX counts."},
    {"max-channels", "N", NUMBER, AT(max_channels), 1, 10000000, "10000",
	"Channels at a time that were published to, and as many that only "
	"streams have named.  Over it those without streams are forgotten, "
	"oldest first."},
    {"max-event", "BYTES", BYTES, AT(max_event), 1, 16777216, "32768",
	"The data and the type of one published event."},
    {"max-body", "BYTES", BYTES, AT(max_body), 1, 1e9, "1M",
	"The body of one POST; the buffers of all unfinished ones together may "
	"have sixteen times as much, or as --max-event if that is more."},
    {"feed-grace", "SEC", SECONDS, AT(feed_grace), 0, 86400, "10",
	"When a feed's producer has died, wait so long for it or another to "
	"come; then publish an event of type abandoned to its channel.  0 "
	"waits for nobody."},
    {"store", "FILE", TEXT, AT(store), 0, 0, NULL,
	"Keep the channels and their events in this SQLite database, so that "
	"they outlive the process; its directory must be there.  Without it "
	"they are as old as the process."},
    {"redis", "ADDRESS", TEXT, AT(redis), 0, 0, NULL,
	"Share the channels and their events with other processes, through a "
	"stream of the Redis at unix:/path, host:port or [v6]:port.  Of several "
	"addresses, with commas between, the first with a master is taken."},
    {"redis-key", "KEY", TEXT, AT(redis_key), 0, 0, "sse",
	"The key of that stream."},
    {"redis-history", "N", NUMBER, AT(redis_history), 1, 1e9, "100000",
	"Entries that the stream keeps, about; it is trimmed to "
	"--history-age, too."},
    {"redis-user", "NAME", TEXT, AT(redis_user), 0, 0, NULL,
	"The account there; without it, it is the default one."},
    {"redis-password-file", "FILE", TEXT, AT(redis_password_file), 0, 0, NULL,
	"Its password is the first line of this file, which is read for each "
	"connection.  Without it there is none."},
    {"redis-db", "N", NUMBER, AT(redis_db), 0, 1000000, "0",
	"The number of the database there."},
    {"redis-wait", "N", NUMBER, AT(redis_wait), 0, 1000, "0",
	"A publication is answered when so many replicas have it."},
    {"redis-sentinel", "NAME", TEXT, AT(redis_sentinel), 0, 0, NULL,
	"The addresses are those of Sentinels, which are asked where the master "
	"of this name is."},
    {"ticket-key", "FILE", LIST, AT(ticket_key), 0, CONFIG_TICKET_KEYS_MAX,
	NULL,
	"A key that signs tickets; see TICKETS.  It may come eight times, and "
	"each of the keys will do.  SIGHUP reads the files again."},
    {"ticket-skew", "SEC", NUMBER, AT(ticket_skew), 0, 60, "0",
	"How wrong the clock may be of whoever makes the tickets: by so much "
	"longer they are good, and sooner."},
    {"waves", "auto|always|off", WORD, AT(waves), 0, 0, "auto",
	"Write to many streams in one system call, by io_uring, where the "
	"kernel lets us and it is worth it; always, where it lets us; off takes "
	"one call for each."},
    {"log", "stderr|FILE", TEXT, AT(log), 0, 0, "stderr",
	"Where the log goes.  SIGHUP opens the file again."},
    {"log-format", "text|json", WORD, AT(log_format), 0, 0, "text",
	"What a line of the log is: text for people, or an object for programs; "
	"see DIAGNOSTICS."},
    {"verbose", NULL, FLAG, AT(verbose), 0, 0, NULL,
	"Log each stream's opening and closing too."},
    {"make-ticket", "CLAIMS", TEXT, AT(make_ticket), 0, 0, NULL,
	"Print a ticket signed with the first --ticket-key, and end.  The claims "
	"are written as a query is: channel=a&channel=b*&publish=c&sub=NAME"
	"&exp=SECONDS from now, 300 if it is not there."},
    {"probe", "ADDRESS", TEXT, AT(probe), 0, 0, NULL,
	"Ask the process that listens there, which is written as for --listen, "
	"whether it is ready, and end; see EXIT STATUS."},
    {"probe-role", "ready|health", WORD, AT(probe_role), 0, 0, "ready",
	"What --probe asks: whether it is ready, or only whether it is alive."},
    {"probe-time", "SEC", SECONDS, AT(probe_time), 0.01, 3600, "2",
	"How long --probe waits for the answer."},
    {"check", NULL, FLAG, AT(check), 0, 0, NULL, "Check the options, and end."},
    {"version", NULL, FLAG, AT(version), 0, 0, NULL,
	"Print the version, and end."},
    {"help", NULL, FLAG, AT(help), 0, 0, NULL, "Print this list, and end."},
    {NULL, NULL, FLAG, 0, 0, 0, NULL, NULL},
#undef AT
};

_Static_assert(sizeof(config_rows) / sizeof(config_rows[0]) <= CONFIG_ROWS_MAX,
    "the parser has room for all");

const struct option_row *
config_row(const char *name)
{
	const struct option_row *row = config_rows;

	while (strcmp(row->name, name) != 0)
		row++;
	return row;
}

const char *
config_standard(const char *name)
{
	return config_row(name)->standard;
}
