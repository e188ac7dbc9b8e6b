/* SPDX-License-Identifier: ISC */
/*
 * --channel: PREFIX:history=N,age=SEC,bytes=BYTES.  The prefix may have colons
 * and commas, and the three have none.
 */
#include "base/config_inner.h"

#include <math.h>
#include <string.h>

#define SETTING_MAX 64 /* bytes; of more, so many are none of the three too */

/* The three, each with the option whose limits it has. */
static const char *const settings[][2] = {{"history", "history"},
    {"age", "history-age"}, {"bytes", "history-bytes"}};

enum { HISTORY, AGE, BYTES_HELD, SETTINGS };

static int
set_prefix(struct channel_rule *rule, const char *value, char *err, size_t size)
{
	const char *end = strrchr(value, ':');
	size_t len = end == NULL ? 0 : (size_t)(end - value);

	if (len == 0)
		(void)snprintf(err, size,
		    "--channel: it has no PREFIX: give "
		    "PREFIX:history=N,age=SEC,bytes=BYTES");
	else if (len > RULE_PREFIX_MAX)
		(void)snprintf(err, size,
		    "--channel: its PREFIX has more than %d bytes",
		    RULE_PREFIX_MAX);
	else {
		memcpy(rule->prefix, value, len);
		rule->prefix[len] = '\0';
		return 0;
	}
	return -1;
}

static int
set_number(struct channel_rule *rule, int which, const char *value, char *err,
    size_t size)
{
	const struct option_row *row = config_row(settings[which][1]);
	char what[SETTING_MAX];
	unsigned long n = 0;
	double seconds = 0;

	(void)snprintf(what, sizeof(what), "channel: %s", settings[which][0]);
	if (config_number(which == AGE ? (void *)&seconds : (void *)&n, row,
		value, what, err, size) == -1)
		return -1;
	if (which == HISTORY)
		rule->history = n;
	else if (which == AGE)
		rule->age = seconds > 0 ? seconds : (double)INFINITY;
	else
		rule->bytes = n;
	return 0;
}

/* One of the three: name=value. */
static int
set_one(struct channel_rule *rule, const char *setting, bool given[SETTINGS],
    char *err, size_t size)
{
	size_t len = strcspn(setting, "=");
	int i;

	for (i = 0; i < SETTINGS; i++)
		if (setting[len] == '=' && strlen(settings[i][0]) == len &&
		    strncmp(setting, settings[i][0], len) == 0)
			break;
	if (i == SETTINGS) {
		(void)snprintf(err, size,
		    "--channel: '%s' is none of history=N, age=SEC, "
		    "bytes=BYTES",
		    setting);
		return -1;
	}
	if (given[i]) {
		(void)snprintf(err, size, "--channel: it has %s= twice",
		    settings[i][0]);
		return -1;
	}
	given[i] = true;
	return set_number(rule, i, setting + len + 1, err, size);
}

static int
set_all(struct channel_rule *rule, const char *list, char *err, size_t size)
{
	bool given[SETTINGS] = {false};
	char setting[SETTING_MAX];
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		(void)snprintf(setting, sizeof(setting), "%.*s",
		    len < SETTING_MAX ? (int)len : SETTING_MAX, list);
		if (set_one(rule, setting, given, err, size) == -1)
			return -1;
		if (list[len] == '\0')
			return 0;
	}
}

/* Behind those whose prefixes are longer, or as long. */
static int
add(struct config *cfg, const struct channel_rule *rule, char *err, size_t size)
{
	size_t i, at = 0;

	for (i = 0; i < cfg->rules_n; i++) {
		if (strcmp(cfg->rules[i].prefix, rule->prefix) == 0) {
			(void)snprintf(err, size,
			    "--channel '%s': this PREFIX comes twice",
			    rule->prefix);
			return -1;
		}
		if (strlen(cfg->rules[i].prefix) >= strlen(rule->prefix))
			at = i + 1;
	}
	if (cfg->rules_n == CONFIG_RULES_MAX) {
		(void)snprintf(err, size,
		    "--channel: it comes more than %d times", CONFIG_RULES_MAX);
		return -1;
	}
	memmove(cfg->rules + at + 1, cfg->rules + at,
	    (cfg->rules_n++ - at) * sizeof(*rule));
	cfg->rules[at] = *rule;
	return 0;
}

int
config_channel(struct config *cfg, const char *value, char *err, size_t size)
{
	struct channel_rule rule = {.history = 0};

	if (set_prefix(&rule, value, err, size) == -1 ||
	    set_all(&rule, strrchr(value, ':') + 1, err, size) == -1)
		return -1;
	return add(cfg, &rule, err, size);
}
