/* SPDX-License-Identifier: ISC */
/*
 * What one process makes of its options and of the system's limits.
 */
#include "serve/server.h"

#include <sys/resource.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/capacity.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/user.h"
#include "channel/name.h"
#include "channel/rule.h"
#include "serve/admin.h"
#include "serve/publish.h"

#define DRAIN_GRACES 2.0  /* seconds behind the drain: see drain.c */
#define ENGINE_READY 30.0 /* seconds that it may take to be so */
#define REDIS_READY  5.0  /* what others share is not waited for so long */

#define BODY_LEAST 4096 /* bytes: a small body's buffer has more than it */

_Static_assert(CONFIG_TICKET_KEYS_MAX <= TICKET_KEYS_MAX,
    "there is room for all keys");

/* A prefix is a name in itself: it may be all of one. */
static int
check_rules(const struct config *cfg, char *err, size_t size)
{
	size_t i;

	for (i = 0; i < cfg->rules_n; i++) {
		if (channel_name_valid(cfg->rules[i].prefix))
			continue;
		(void)snprintf(err, size,
		    "--channel: a PREFIX has spaces or control characters, or "
		    "is not UTF-8, and so is no channel's");
		return -1;
	}
	return 0;
}

/* Where no file is named there is none, and that is not bad. */
static int
read_keys(struct ticket_keys **keys, const struct config *cfg, char *err,
    size_t size)
{
	*keys = NULL;
	if (cfg->ticket_key[0] == NULL)
		return 0;
	*keys = ticket_keys_read(cfg->ticket_key, err, size);
	return *keys == NULL ? -1 : 0;
}

static int
check_keys(const struct config *cfg, char *err, size_t size)
{
	struct ticket_keys *keys;
	int result = read_keys(&keys, cfg, err, size);

	ticket_keys_free(keys);
	return result;
}

int
server_read_keys(struct server *sv, char *err, size_t size)
{
	struct ticket_keys *keys;

	if (read_keys(&keys, &sv->cfg, err, size) == -1)
		return -1;
	if (keys != NULL && keys->exposed != NULL)
		log_warn("ticket_key_exposed file",
		    "--ticket-key %s: everybody may read it, and make "
		    "tickets: chmod o-r",
		    keys->exposed);
	ticket_keys_free(sv->tickets.keys);
	sv->tickets.keys = keys;
	return 0;
}

int
server_check(const struct config *cfg, char *err, size_t size)
{
	static const struct link_setup set;
	struct finder *finder;
	struct endpoint e;
	struct user user;
	size_t i;

	for (i = 0; cfg->listen[i] != NULL; i++)
		if (endpoint_parse(&e, "--listen", cfg->listen[i], err, size) ==
		    -1)
			return -1;
	if (cfg->probe != NULL &&
	    endpoint_parse(&e, "--probe", cfg->probe, err, size) == -1)
		return -1;
	if (user_find(&user, cfg->user, cfg->group, err, size) == -1 ||
	    check_rules(cfg, err, size) == -1 ||
	    check_keys(cfg, err, size) == -1)
		return -1;
	if (cfg->redis == NULL)
		return 0;
	finder = finder_new(&set, cfg->redis, cfg->redis_sentinel, err, size);
	if (finder == NULL)
		return -1;
	finder_free(finder);
	return 0;
}

/* As many open files as the hard limit allows, and as we count with. */
static uint64_t
raise_descriptor_limit(void)
{
	struct rlimit rl;
	rlim_t had;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return 1024;
	had = rl.rlim_cur;
	if (had >= CAPACITY_FILES_MAX)
		return had;
	rl.rlim_cur =
	    rl.rlim_max < CAPACITY_FILES_MAX ? rl.rlim_max : CAPACITY_FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &rl) == 0)
		return rl.rlim_cur;
	log_warn("files_limited files wanted why",
	    "the limit of open files stays %llu, and could not be made "
	    "%llu: %s; raise it by ulimit -n or LimitNOFILE=",
	    (unsigned long long)had, (unsigned long long)rl.rlim_cur,
	    strerror(errno));
	return had;
}

/* The descriptors of the listening sockets, with those of their locks. */
static unsigned long
count_files(const struct sockets *ss)
{
	unsigned long n = ss->n;
	size_t i;

	for (i = 0; i < ss->n; i++)
		n += ss->one[i].lock != -1;
	return n;
}

void
server_set_limits(struct server *sv)
{
	uint64_t memory = platform_memory();
	struct capacity l = capacity_of(raise_descriptor_limit(),
	    count_files(&sv->sockets), memory);

	if (sv->cfg.max_streams == 0)
		sv->cfg.max_streams = l.streams;
	else if (sv->cfg.max_streams > l.streams)
		log_warn("streams_limited wanted streams files",
		    "--max-streams %lu is more than the %lu that %lu open "
		    "files and the memory allow: lower it, or raise them "
		    "(ulimit -n, LimitNOFILE=)",
		    sv->cfg.max_streams, l.streams, l.files);
	conns_limit(&sv->streams.conns, l.waiting, sv->cfg.max_streams);
	if (l.by_memory)
		log_info(
		    "capacity memory_mb streams_by_memory files streams_max",
		    "%llu MB of memory allow %lu streams, fewer than "
		    "%lu open files allow; the limit is %lu",
		    (unsigned long long)(memory >> 20), l.streams, l.files,
		    sv->cfg.max_streams);
	else
		log_info("capacity files streams_by_files streams_max",
		    "%lu open files allow %lu streams; the limit is %lu",
		    l.files, l.streams, sv->cfg.max_streams);
}

void
server_try_waves(struct server *sv)
{
	bool always = sv->cfg.waves == CONFIG_WAVES_ALWAYS;

	if (sv->cfg.waves == CONFIG_WAVES_OFF)
		return;
	if (wave_try_ring(&sv->streams.conns.wave, always ? 1 : WAVE_WORTH) ==
	    0)
		log_info("waves writes", "waves: up to %d writes in one call",
		    WAVE_WRITES);
	else
		log_info("waves_off why",
		    "waves: none, one call for each write: io_uring: %s",
		    strerror(errno));
}

static bool
relieve(void *arg, const size_t *account)
{
	return conns_relieve(arg, account);
}

static void
make_redis(struct server *sv)
{
	const struct config *cfg = &sv->cfg;
	const struct redis_setup set = {.addresses = cfg->redis,
	    .key = cfg->redis_key,
	    .user = cfg->redis_user,
	    .password_file = cfg->redis_password_file,
	    .sentinel = cfg->redis_sentinel,
	    .db = cfg->redis_db,
	    .wait = cfg->redis_wait,
	    .history = cfg->redis_history,
	    .age = rule_longest_age(cfg->rules, cfg->rules_n, cfg->history_age),
	    .max_event = cfg->max_event,
	    .streams = &sv->streams.open,
	    .close = admin_hears,
	    .arg = sv};
	char err[512];

	if (redis_init(&sv->redis, &set, platform_wall_ms, err, sizeof(err)) ==
	    -1)
		fatal("start_failed why", "%s", err);
	sv->engine = &sv->redis.engine;
}

static void
make_engine(struct server *sv)
{
	if (sv->cfg.redis != NULL) {
		make_redis(sv);
		return;
	}
	if (sv->cfg.store != NULL) {
		/* For so long a process before us may take to end. */
		sqlite_init(&sv->sqlite, sv->cfg.store,
		    sv->cfg.drain + DRAIN_GRACES + SQLITE_END_MAX,
		    platform_wall_ms);
		sv->engine = &sv->sqlite.engine;
		return;
	}
	if (memory_init(&sv->memory, 0, platform_wall_ms) == -1)
		fatal("no_random_number why", "no random number: %s",
		    strerror(errno));
	sv->engine = &sv->memory.engine;
}

/*
 * What the buffers of all unfinished bodies may have.  Half of a feed's event
 * is one, too, and would wait for ever if it alone had too much.
 */
static size_t
bodies_max(const struct config *cfg)
{
	size_t longest =
	    cfg->max_body > cfg->max_event ? cfg->max_body : cfg->max_event;

	return (longest > BODY_LEAST ? longest : BODY_LEAST) * CONFIG_BODIES;
}

void
server_make_hub(struct server *sv)
{
	make_engine(sv);
	publisher_init(&sv->publisher, &sv->cfg, sv->engine,
	    bodies_max(&sv->cfg), publish_body);
	admin_init(sv);
	sv->publisher.tickets = &sv->tickets;
	producers_init(&sv->producers, &sv->publisher, &sv->streams, &sv->hub);
	aheads_init(&sv->aheads, &sv->streams, sv->engine);
	hub_init(&sv->hub, &(struct hub_setup){
			       .history = sv->cfg.history,
			       .history_age = sv->cfg.history_age,
			       .bytes_max = sv->cfg.history_bytes,
			       .channels_max = sv->cfg.max_channels,
			       .rules = sv->cfg.rules,
			       .rules_n = sv->cfg.rules_n,
			       .relieve = relieve,
			       .arg = &sv->streams.conns,
			       .now = &sv->streams.conns.now,
			   });
}

/* From now on there is somebody to connect to. */
static void
listen_now(struct server *sv)
{
	ev_timer_stop(sv->loop, &sv->engine_late);
	if (sv->listening || sv->streams.draining)
		return;
	sv->listening = true;
	listener_start(&sv->listener, &sv->streams.conns, &sv->sockets);
	notify_say(&sv->notify, NOTIFY_READY);
}

static void
on_engine_ready(void *arg)
{
	struct server *sv = arg;

	streams_tell(&sv->streams);
	listen_now(sv);
}

static void
on_engine_late(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct server *sv = w->data;
	const char *why = sv->engine->away(sv->engine);

	(void)loop;
	(void)revents;
	log_warn("engine_late - why",
	    "the engine is not ready yet: browsers are served without "
	    "what it held%s%s",
	    why == NULL ? "" : ": ", why == NULL ? "" : why);
	listen_now(sv);
}

void
server_begin(struct server *sv)
{
	ev_timer_init(&sv->engine_late, on_engine_late,
	    sv->cfg.redis == NULL ? ENGINE_READY : REDIS_READY, 0);
	sv->engine_late.data = sv;
	ev_timer_start(sv->loop, &sv->engine_late);
	sv->engine->start(sv->engine, &sv->hub, sv->loop, on_engine_ready, sv);
}
