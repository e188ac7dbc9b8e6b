/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/channel_rule.h"

#define CONFIG_LISTEN_MAX      16
#define CONFIG_RULES_MAX       64
#define CONFIG_TICKET_KEYS_MAX 8

/* The words of --waves, in the order of the table. */
enum { CONFIG_WAVES_AUTO, CONFIG_WAVES_ALWAYS, CONFIG_WAVES_OFF };

/* The words of --log-format, likewise. */
enum { CONFIG_LOG_TEXT, CONFIG_LOG_JSON };

/* The words of --probe-role, likewise. */
enum { CONFIG_PROBE_READY, CONFIG_PROBE_HEALTH };

#define CONFIG_BODIES 16 /* unfinished ones, of the greatest length */

/* What the options say.  Texts point into argv. */
struct config {
	const char
	    *listen[CONFIG_LISTEN_MAX + 1]; /* NULL behind the last one */
	const char *user;		    /* NULL: who started us */
	const char *group;		    /* NULL: the user's */
	double interval; /* all times are in seconds, but for retry */
	double heartbeat;
	unsigned long retry;	       /* milliseconds */
	unsigned long max_streams;     /* 0: from the descriptor limit */
	unsigned long max_per_address; /* 0: no limit */
	unsigned long max_per_subject; /* 0: no limit */
	double stall;
	double max_age; /* 0: no limit */
	double drain;
	unsigned long history; /* events of a channel */
	double history_age;    /* 0: no limit */
	unsigned long history_bytes;
	struct channel_rule rules[CONFIG_RULES_MAX]; /* longest first */
	size_t rules_n;
	unsigned long max_channels;
	unsigned long max_event; /* bytes */
	unsigned long max_body;	 /* bytes */
	double feed_grace;	 /* 0: none */
	const char *store;	 /* NULL: none */
	const char *redis;	 /* addresses; NULL: none */
	const char *redis_key;
	unsigned long redis_history;	 /* entries */
	const char *redis_user;		 /* NULL: none */
	const char *redis_password_file; /* NULL: none */
	unsigned long redis_db;
	unsigned long redis_wait;   /* replicas */
	const char *redis_sentinel; /* the master's name; NULL: none */
	const char *ticket_key[CONFIG_TICKET_KEYS_MAX + 1]; /* likewise */
	unsigned long ticket_skew;			    /* seconds */
	unsigned long waves;	  /* a CONFIG_WAVES_ */
	const char *log;	  /* NULL: standard error */
	unsigned long log_format; /* a CONFIG_LOG_ */
	bool verbose;
	const char *make_ticket;  /* its claims; NULL: none */
	const char *probe;	  /* an address; NULL: none */
	unsigned long probe_role; /* a CONFIG_PROBE_ */
	double probe_time;
	bool check;
	bool version;
	bool help;
};

/*
 * Reads the options, with the defaults for those that are not there.  Returns
 * 0, or -1 with one line in err that says what is wrong.
 */
int config_parse(struct config *, int argc, char *argv[], char *err,
    size_t size);

/* The options for a terminal, and as the list of the mdoc(7) manual. */
void config_help(FILE *);
void config_manual(FILE *);

#endif
