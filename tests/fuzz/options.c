/* SPDX-License-Identifier: ISC */
/*
 * The command line, an argument a line, and each line as an address, too.  What
 * is refused is refused in a line; what is taken is within all limits, and a
 * rule is found by who looks at all of them.
 */
#include <math.h>
#include <stdbool.h>

#include "base/config_inner.h"
#include "base/endpoint.h"
#include "channel/rule.h"
#include "fuzz.h"

#define ARGS_MAX 80
#define ERR_SIZE 400

/* One line, or none, for the terminal. */
static void
check_error(int result, const char *err)
{
	assert((result == -1) == (*err != '\0'));
	assert(result == 0 || result == -1);
	assert(strlen(err) < ERR_SIZE);
}

static void
check_number(const struct config *cfg, const struct option_row *row)
{
	const void *field = (const char *)cfg + row->offset;
	double n = 0;

	if (row->type == SECONDS)
		n = *(const double *)field;
	else if (row->type == NUMBER || row->type == BYTES)
		n = (double)*(const unsigned long *)field;
	else
		return;
	assert(n >= row->min && n <= row->max);
}

static void
check_listen(const struct config *cfg)
{
	struct endpoint e;
	char err[ERR_SIZE];
	size_t n;

	for (n = 0; cfg->listen[n] != NULL; n++) {
		assert(n < CONFIG_LISTEN_MAX && *cfg->listen[n] != '\0');
		err[0] = '\0';
		check_error(endpoint_parse(&e, "--listen", cfg->listen[n], err,
				sizeof(err)),
		    err);
	}
}

/* Of all rules whose prefix it has, the longest. */
static const struct channel_rule *
longest(const struct config *cfg, const char *name)
{
	const struct channel_rule *best = NULL;
	size_t i, len;

	for (i = 0; i < cfg->rules_n; i++) {
		len = strlen(cfg->rules[i].prefix);
		if (strncmp(name, cfg->rules[i].prefix, len) == 0 &&
		    (best == NULL || len > strlen(best->prefix)))
			best = &cfg->rules[i];
	}
	return best;
}

static void
check_rules(const struct config *cfg, char *const names[], int n)
{
	const struct channel_rule *r;
	double most =
	    rule_longest_age(cfg->rules, cfg->rules_n, cfg->history_age);
	int i;

	assert(cfg->rules_n <= CONFIG_RULES_MAX);
	for (r = cfg->rules; r < cfg->rules + cfg->rules_n; r++) {
		assert(*r->prefix != '\0');
		assert(strlen(r->prefix) <= RULE_PREFIX_MAX);
		assert(r == cfg->rules ||
		       strlen(r->prefix) <= strlen(r[-1].prefix));
		assert(r->history > 0 || r->age > 0 || r->bytes > 0);
		assert(r->history <= 1000000 && r->bytes <= cfg->history_bytes);
		assert(r->age >= 0);
		assert(most == 0 || isinf(r->age) == 0);
		assert(most == 0 || most >= r->age);
	}
	for (i = 0; i < n; i++)
		assert(rule_for(cfg->rules, cfg->rules_n, names[i]) ==
		       longest(cfg, names[i]));
}

static void
check_config(const struct config *cfg, char *const args[], int n)
{
	const struct option_row *row;
	size_t i;

	for (row = config_rows; row->name != NULL; row++)
		check_number(cfg, row);
	for (i = 0; cfg->ticket_key[i] != NULL; i++)
		assert(i < CONFIG_TICKET_KEYS_MAX);
	assert(cfg->waves <= CONFIG_WAVES_OFF);
	assert(cfg->redis == NULL || cfg->store == NULL);
	assert(cfg->history_bytes / 8 >= cfg->max_event);
	check_listen(cfg);
	check_rules(cfg, args, n);
}

/* Also written anew, it is the same address. */
static void
check_endpoint(const struct endpoint *e)
{
	struct endpoint again;
	char text[400], err[ERR_SIZE] = "";

	if (e->is_unix) {
		assert(e->path[0] == '/' && e->mode <= 0777);
		assert(strlen(e->path) < sizeof(e->path));
		(void)snprintf(text, sizeof(text), "unix:%s:%o", e->path,
		    (unsigned)e->mode);
	} else {
		assert(*e->host != '\0' && strlen(e->host) < sizeof(e->host));
		assert(atoi(e->port) > 0 && atoi(e->port) <= 65535);
		(void)snprintf(text, sizeof(text), "[%s]:%s", e->host, e->port);
	}
	assert(endpoint_parse(&again, "--listen", text, err, sizeof(err)) == 0);
	assert(memcmp(e, &again, sizeof(again)) == 0);
}

static void
address(const char *text)
{
	struct endpoint e;
	char err[ERR_SIZE] = "";
	int result = endpoint_parse(&e, "--listen", text, err, sizeof(err));

	check_error(result, err);
	if (result == 0)
		check_endpoint(&e);
	err[0] = '\0';
	result = endpoint_parse_peer(&e, "--redis", text, err, sizeof(err));
	check_error(result, err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len};
	/* getopt_long() moves those of the second about. */
	char *args[ARGS_MAX + 1], *argv[ARGS_MAX + 2] = {(char *)"sse-fcgi"};
	struct config cfg;
	char err[ERR_SIZE] = "";
	int n = 0, result;

	while (in.len > 0 && n < ARGS_MAX) {
		args[n] = input_text(input_until(&in, '\n'));
		address(args[n]);
		argv[n + 1] = args[n];
		n++;
	}
	argv[n + 1] = NULL;
	result = config_parse(&cfg, n + 1, argv, err, sizeof(err));
	check_error(result, err);
	if (result == 0)
		check_config(&cfg, args, n);
	while (n > 0)
		free(args[--n]);
	return 0;
}
