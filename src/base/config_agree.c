/* SPDX-License-Identifier: ISC */
/*
 * What no option is wrong by itself, but beside another.
 */
#include "base/config_inner.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 512 /* bytes of --redis-key */

/* What others take for a place, and would be a file's name here. */
static bool
is_no_file(const char *log)
{
	static const char *const names[] = {"-", "stdout", "syslog", "journal",
	    "none"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(log, names[i]) == 0)
			return true;
	return false;
}

static int
check_sizes(const struct config *cfg, char *err, size_t size)
{
	if (cfg->history_bytes / 8 < cfg->max_event ||
	    cfg->history_bytes < cfg->max_body) {
		(void)snprintf(err, size,
		    "--history-bytes %lu must be at least eight times "
		    "--max-event %lu, and --max-body %lu",
		    cfg->history_bytes, cfg->max_event, cfg->max_body);
		return -1;
	}
	if (cfg->max_body > SIZE_MAX / CONFIG_BODIES) {
		(void)snprintf(err, size,
		    "--max-body %lu: on this machine it is %zu at most",
		    cfg->max_body, SIZE_MAX / CONFIG_BODIES);
		return -1;
	}
	return 0;
}

static int
check_rules(const struct config *cfg, char *err, size_t size)
{
	size_t i;

	for (i = 0; i < cfg->rules_n; i++) {
		if (cfg->rules[i].bytes <= cfg->history_bytes)
			continue;
		(void)snprintf(err, size,
		    "--channel '%s': bytes=%zu is more than --history-bytes "
		    "%lu, which is for all channels together",
		    cfg->rules[i].prefix, cfg->rules[i].bytes,
		    cfg->history_bytes);
		return -1;
	}
	return 0;
}

/* What means something only beside another, and was given without it. */
static int
check_needs(const struct config *cfg, char *err, size_t size)
{
#define REDIS	 cfg->redis != NULL, "redis: give the address of a Redis"
#define PASSWORD cfg->redis_password_file != NULL, "redis-password-file"
#define PROBE	 cfg->probe != NULL, "probe: give the address of a process"
#define KEY	 cfg->ticket_key[0] != NULL, "ticket-key: give the file of a key"
	const struct {
		const char *name;
		bool given, can;
		const char *needs;
	} rows[] = {
	    {"group", cfg->group != NULL, cfg->user != NULL, "user: name one"},
	    {"redis-key",
		strcmp(cfg->redis_key, config_standard("redis-key")) != 0,
		REDIS},
	    {"redis-history",
		cfg->redis_history !=
		    strtoul(config_standard("redis-history"), NULL, 10),
		REDIS},
	    {"redis-user", cfg->redis_user != NULL, REDIS},
	    {"redis-user", cfg->redis_user != NULL, PASSWORD},
	    {"redis-password-file", cfg->redis_password_file != NULL, REDIS},
	    {"redis-db", cfg->redis_db != 0, REDIS},
	    {"redis-wait", cfg->redis_wait != 0, REDIS},
	    {"redis-sentinel", cfg->redis_sentinel != NULL, REDIS},
	    {"make-ticket", cfg->make_ticket != NULL, KEY},
	    {"ticket-skew", cfg->ticket_skew != 0, KEY},
	    {"probe-role", cfg->probe_role != CONFIG_PROBE_READY, PROBE},
	    {"probe-time",
		cfg->probe_time != strtod(config_standard("probe-time"), NULL),
		PROBE},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].given || rows[i].can)
			continue;
		(void)snprintf(err, size, "--%s needs --%s", rows[i].name,
		    rows[i].needs);
		return -1;
	}
	return 0;
}

static bool
has_control(const char *s)
{
	while (*s != '\0' && !iscntrl((unsigned char)*s))
		s++;
	return *s != '\0';
}

/* Is one of the addresses a Unix socket's? */
static bool
has_unix(const char *addresses)
{
	return strncmp(addresses, "unix:", 5) == 0 ||
	       strstr(addresses, ",unix:") != NULL;
}

static int
check_redis(const struct config *cfg, char *err, size_t size)
{
	if (cfg->redis == NULL)
		return 0;
	if (cfg->store != NULL)
		(void)snprintf(err, size,
		    "--redis and --store exclude each other: the events are "
		    "kept in one of them");
	else if (strlen(cfg->redis_key) > KEY_MAX)
		(void)snprintf(err, size,
		    "--redis-key: it has more than %d bytes", KEY_MAX);
	else if (has_control(cfg->redis_key))
		(void)snprintf(err, size,
		    "--redis-key: it has control characters");
	else if (cfg->redis_sentinel != NULL && has_unix(cfg->redis))
		(void)snprintf(err, size,
		    "--redis-sentinel: Sentinels have no Unix sockets: give "
		    "--redis host:port[,host:port...]");
	else
		return 0;
	return -1;
}

static int
check_log(const struct config *cfg, char *err, size_t size)
{
	if (!is_no_file(cfg->log))
		return 0;
	(void)snprintf(err, size,
	    "--log %s: it is stderr, which a supervisor hands on to syslog or "
	    "the journal, or a file's path, as in ./%s",
	    cfg->log, cfg->log);
	return -1;
}

int
config_agree(const struct config *cfg, char *err, size_t size)
{
	if (check_needs(cfg, err, size) == -1 ||
	    check_sizes(cfg, err, size) == -1 ||
	    check_rules(cfg, err, size) == -1 ||
	    check_redis(cfg, err, size) == -1)
		return -1;
	return check_log(cfg, err, size);
}
