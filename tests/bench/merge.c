/* SPDX-License-Identifier: ISC */
/*
 * What it costs a reader to have more channels: the way of one event from the
 * hub into the batch of a stream, nothing else, for streams that read so many
 * channels.
 *
 *	merge [-r readers] [-e events] [channels ...]
 *
 * It prints a line for each number of channels, in ns of CPU time, each the
 * median of many rounds: live, for each event and reader where all are woken
 * for each; replay, for each event where one reader comes to all of them; and
 * shared, the same of events each of which was posted to as many as 16 of the
 * channels.
 */
#include <assert.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "channel/reader.h"

#define ROUNDS 21 /* of a replay */

static struct hub hub;
static struct readers readers;
static double now = 1;
static struct eventid last = {1, 1};
static char text[READER_CHANNELS_MAX][8];
static const char *names[READER_CHANNELS_MAX];

static bool
wake(struct subscriber *sub)
{
	(void)sub;
	return true;
}

static bool
relieve(void *arg, const size_t *account)
{
	(void)arg;
	(void)account;
	return false;
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

static double
median(double round[], unsigned n)
{
	qsort(round, n, sizeof round[0], compare);
	return round[n / 2];
}

static void
begin_hub(void)
{
	hub_init(&hub, &(struct hub_setup){.history = 1 << 20,
			   .bytes_max = (size_t)1 << 32,
			   .channels_max = 1000,
			   .relieve = relieve,
			   .now = &now});
	hub_begin(&hub, last);
	readers_init(&readers, &hub);
	readers.feed.wake = wake;
}

/* One event, to several channels in a row. */
static void
publish(unsigned first, unsigned n)
{
	static const char data[] = "a message of about so many bytes as usual";
	struct sse_message m = {.data = data, .len = sizeof data - 1};
	struct post post = {.channels = names + first,
	    .channels_n = n,
	    .messages = &m,
	    .n = 1};
	size_t reading;

	last.n++;
	if (hub_publish(&hub, &post, &last, &reading) != HUB_DONE)
		errx(1, "cannot publish");
}

static void
begin_reader(struct reader *r, unsigned n, struct eventid after)
{
	struct position p = {.kind = POSITION_AFTER, .id = after};

	if (reader_begin(&readers, r, names, n, &p) != HUB_DONE)
		errx(1, "cannot read");
}

/* Reads what there is; returns how many events. */
static unsigned
take(struct reader *r)
{
	static struct batch b;
	unsigned i;

	batch_begin(&b);
	readers.feed.fill(&r->sub, &b, 1);
	for (i = 0; i < b.n; i++)
		readers.feed.took(&r->sub, &b.piece[i]);
	return b.n;
}

static double
live(unsigned n, unsigned count, unsigned events)
{
	struct reader *r = calloc(count, sizeof *r);
	double begin, *round = calloc(events, sizeof *round);
	unsigned i, e;

	begin_hub();
	for (i = 0; i < count; i++)
		begin_reader(&r[i], n, last);
	for (e = 0; e < events; e++) {
		publish(e % n, 1);
		begin = seconds();
		for (i = 0; i < count; i++)
			if (take(&r[i]) != 1)
				errx(1, "that was not one event");
		round[e] = (seconds() - begin) * 1e9 / count;
	}
	begin = median(round, events);
	for (i = 0; i < count; i++)
		readers.feed.leave(&r[i].sub);
	free(round);
	free(r);
	hub_free(&hub);
	return begin;
}

static double
replay(unsigned n, unsigned shared, unsigned events)
{
	struct eventid start = last;
	double begin, round[ROUNDS];
	struct reader r;
	unsigned i, e, got;

	begin_hub();
	for (e = 0; e < events; e++)
		publish(e % (n - shared + 1), shared);
	for (i = 0; i < ROUNDS; i++) {
		begin_reader(&r, n, start);
		begin = seconds();
		for (e = 0; (got = take(&r)) > 0; e += got)
			continue;
		round[i] = (seconds() - begin) * 1e9 / events;
		if (e != events)
			errx(1, "%u events of %u", e, events);
		readers.feed.leave(&r.sub);
	}
	hub_free(&hub);
	return median(round, ROUNDS);
}

static void
measure(unsigned n, unsigned count, unsigned events)
{
	if (n < 1 || n > READER_CHANNELS_MAX)
		errx(2, "channels: 1 to %d", READER_CHANNELS_MAX);
	printf("channels %2u  live %6.0f  replay %6.0f  shared %6.0f ns\n", n,
	    live(n, count, events), replay(n, 1, 50 * events),
	    replay(n, n < POST_CHANNELS_MAX ? n : POST_CHANNELS_MAX,
		50 * events));
}

int
main(int argc, char *argv[])
{
	static char *usual[] = {"1", "16", "64"};
	unsigned count = 1000, events = 400;
	int opt, i;

	while ((opt = getopt(argc, argv, "r:e:")) != -1)
		if (opt == 'r')
			count = (unsigned)strtoul(optarg, NULL, 10);
		else if (opt == 'e')
			events = (unsigned)strtoul(optarg, NULL, 10);
		else
			errx(2, "usage: merge [-r readers] [-e events] "
				"[channels ...]");
	for (i = 0; i < READER_CHANNELS_MAX; i++) {
		snprintf(text[i], sizeof text[i], "ch%d", i);
		names[i] = text[i];
	}
	argv += optind;
	argc -= optind;
	if (argc == 0) {
		argv = usual;
		argc = 3;
	}
	for (i = 0; i < argc; i++)
		measure((unsigned)strtoul(argv[i], NULL, 10), count, events);
	return 0;
}
