/* SPDX-License-Identifier: ISC */
/*
 * What one process makes of its options and of the system's limits.
 */
#include "server.h"

#include <sys/resource.h>

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "system.h"

/* Descriptors that are not for streams: at least so many, or this part. */
#define RESERVE_MIN  16
#define RESERVE_PART 200

#define WAITING_MAX  1024 /* connections without a whole request, ... */
#define WAITING_PART 32	  /* ... or this part of the descriptors */

#define BODIES	   16	/* unfinished bodies, of the greatest length */
#define LAG_WINDOW 10.0 /* seconds */

double
server_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The soft limit of open files becomes the hard one, which is returned. */
static unsigned long
raise_descriptor_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return 1024;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		(void)getrlimit(RLIMIT_NOFILE, &rl);
	return rl.rlim_cur == RLIM_INFINITY ? 1000000 :
					      (unsigned long)rl.rlim_cur;
}

void
server_set_limits(struct server *sv)
{
	unsigned long files = raise_descriptor_limit(), allowed, waiting;
	unsigned long reserve = files / RESERVE_PART;

	if (reserve < RESERVE_MIN)
		reserve = RESERVE_MIN;
	allowed = files > reserve ? files - reserve : 1;
	if (sv->cfg.max_streams == 0)
		sv->cfg.max_streams = allowed;
	else if (sv->cfg.max_streams > allowed)
		log_warn("--max-streams %lu is more than the %lu that %lu "
			 "open files allow",
		    sv->cfg.max_streams, allowed, files);
	sv->streams.conns.values_max = sv->cfg.max_streams;
	waiting = files / WAITING_PART;
	if (waiting > WAITING_MAX)
		waiting = WAITING_MAX;
	sv->streams.conns.waiting_max = waiting > 0 ? waiting : 1;
	sv->streams.conns.bodies.max = sv->cfg.max_body * BODIES;
	log_info("%lu open files allow %lu streams; the limit is %lu", files,
	    allowed, sv->cfg.max_streams);
}

static uint64_t
wall_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool
relieve(void *arg, const size_t *account)
{
	return conns_relieve(arg, account);
}

void
server_make_hub(struct server *sv)
{
	uint32_t epoch;

	if (system_random(&epoch, sizeof(epoch)) == -1)
		fatal("no random number: %s", strerror(errno));
	memory_init(&sv->memory, &sv->hub, epoch, wall_ms);
	sv->engine = &sv->memory.engine;
	sv->hub.history = sv->cfg.history;
	sv->hub.history_age = sv->cfg.history_age;
	sv->hub.bytes_max = sv->cfg.history_bytes;
	sv->hub.channels_max = sv->cfg.max_channels;
	sv->hub.relieve = relieve;
	sv->hub.arg = &sv->streams.conns;
	sv->hub.now = &sv->streams.conns.now;
}

void
server_measure_lag(struct server *sv)
{
	double lag = server_clock() - sv->streams.conns.now;

	if (sv->streams.conns.now - sv->lag_since >= LAG_WINDOW) {
		sv->lag_since = sv->streams.conns.now;
		sv->lag[1] = sv->lag[0];
		sv->lag[0] = 0;
	}
	if (lag > sv->lag[0])
		sv->lag[0] = lag;
}
