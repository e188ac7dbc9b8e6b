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

/* The first option that means something only with --redis; NULL: none. */
static const char *
needs_redis(const struct config *cfg)
{
	const struct {
		const char *name;
		bool given;
	} options[] = {
	    {"redis-key",
		strcmp(cfg->redis_key, config_standard("redis-key")) != 0},
	    {"redis-history",
		cfg->redis_history !=
		    strtoul(config_standard("redis-history"), NULL, 10)},
	    {"redis-user", cfg->redis_user != NULL},
	    {"redis-password-file", cfg->redis_password_file != NULL},
	    {"redis-db", cfg->redis_db != 0},
	    {"redis-wait", cfg->redis_wait != 0},
	    {"redis-sentinel", cfg->redis_sentinel != NULL},
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].given)
			return options[i].name;
	return NULL;
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
	const char *name = needs_redis(cfg);

	if (cfg->redis == NULL && name == NULL)
		return 0;
	if (cfg->redis == NULL)
		(void)snprintf(err, size,
		    "--%s needs --redis: give the address of a Redis", name);
	else if (cfg->store != NULL)
		(void)snprintf(err, size,
		    "--redis and --store exclude each other: the events are "
		    "kept in one of them");
	else if (strlen(cfg->redis_key) > KEY_MAX)
		(void)snprintf(err, size,
		    "--redis-key: it has more than %d bytes", KEY_MAX);
	else if (has_control(cfg->redis_key))
		(void)snprintf(err, size,
		    "--redis-key: it has control characters");
	else if (cfg->redis_user != NULL && cfg->redis_password_file == NULL)
		(void)snprintf(err, size,
		    "--redis-user %s needs --redis-password-file",
		    cfg->redis_user);
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

static int
check_tickets(const struct config *cfg, char *err, size_t size)
{
	const char *name =
	    cfg->make_ticket != NULL ? "make-ticket" : "ticket-skew";

	if (cfg->ticket_key[0] != NULL ||
	    (cfg->make_ticket == NULL && cfg->ticket_skew == 0))
		return 0;
	(void)snprintf(err, size,
	    "--%s needs --ticket-key: give the file of a key", name);
	return -1;
}

static int
check_probe(const struct config *cfg, char *err, size_t size)
{
	if (cfg->probe != NULL || cfg->probe_role == CONFIG_PROBE_READY)
		return 0;
	(void)snprintf(err, size,
	    "--probe-role needs --probe: give the address of a process");
	return -1;
}

static int
check_user(const struct config *cfg, char *err, size_t size)
{
	if (cfg->group == NULL || cfg->user != NULL)
		return 0;
	(void)snprintf(err, size, "--group %s needs --user: name one",
	    cfg->group);
	return -1;
}

int
config_agree(const struct config *cfg, char *err, size_t size)
{
	if (check_user(cfg, err, size) == -1 ||
	    check_sizes(cfg, err, size) == -1 ||
	    check_rules(cfg, err, size) == -1 ||
	    check_redis(cfg, err, size) == -1 ||
	    check_tickets(cfg, err, size) == -1 ||
	    check_probe(cfg, err, size) == -1)
		return -1;
	return check_log(cfg, err, size);
}
