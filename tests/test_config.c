/* SPDX-License-Identifier: ISC */
/*
 * The options: each with good, boundary and bad values, what may stand where
 * on the command line, and the two lists that come from the same table.
 */
#include "unit.h"

#include <ctype.h>
#include <stdbool.h>

#include "base/config.h"

static const char *const names[] = {"listen", "user", "group", "interval",
    "heartbeat", "retry", "max-streams", "max-per-address", "max-per-subject",
    "stall", "max-age", "drain", "history", "history-age", "history-bytes",
    "channel", "max-channels", "max-event", "max-body", "feed-grace", "store",
    "redis", "redis-key", "redis-history", "redis-user", "redis-password-file",
    "redis-db", "redis-wait", "redis-sentinel", "ticket-key", "ticket-skew",
    "waves", "log", "log-format", "verbose", "make-ticket", "probe",
    "probe-role", "probe-time", "check", "version", "help"};

/* Arguments divided by spaces; "" stands for an empty one. */
struct line {
	char *argv[40];
	int argc;
	char text[700];
};

static void
make_line(struct line *l, const char *arguments)
{
	char *rest, *word;

	(void)snprintf(l->text, sizeof(l->text), "sse-fcgi %s", arguments);
	l->argc = 0;
	for (word = strtok_r(l->text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		assert_true(l->argc < 39);
		if (strcmp(word, "\"\"") == 0)
			*word = '\0';
		l->argv[l->argc++] = word;
	}
	l->argv[l->argc] = NULL;
}

#define CHANNELS "100 300 67108864 10000 32768 1048576" /* the defaults */

/* The channels' fields as text. */
static void
show_channels(char *to, size_t size, const struct config *c)
{
	(void)snprintf(to, size, "%lu %g %lu %lu %lu %lu", c->history,
	    c->history_age, c->history_bytes, c->max_channels, c->max_event,
	    c->max_body);
}

/* All other fields as text. */
static void
show(char *to, size_t size, const struct config *c)
{
	size_t n = 0, i;

	for (i = 0; c->listen[i] != NULL; i++)
		n += (size_t)snprintf(to + n, size - n, "%s%s",
		    i == 0 ? "" : ",", c->listen[i]);
	(void)snprintf(to + n, size - n,
	    "%s %g %g %lu %lu %lu %g %g %g %s %d%d%d%d%lu", n == 0 ? "-" : "",
	    c->interval, c->heartbeat, c->retry, c->max_streams,
	    c->max_per_address, c->stall, c->max_age, c->drain,
	    c->log == NULL ? "-" : c->log, c->verbose, c->check, c->version,
	    c->help, c->waves);
}

/* Those of Redis. */
static void
show_redis(char *to, size_t size, const struct config *c)
{
	(void)snprintf(to, size, "%s %s %lu %s %s %lu %lu %s",
	    c->redis == NULL ? "-" : c->redis, c->redis_key, c->redis_history,
	    c->redis_user == NULL ? "-" : c->redis_user,
	    c->redis_password_file == NULL ? "-" : c->redis_password_file,
	    c->redis_db, c->redis_wait,
	    c->redis_sentinel == NULL ? "-" : c->redis_sentinel);
}

#define FOUR(x)	      x x x x
#define SIXTEEN	      FOUR(FOUR("--listen a:1 "))
#define SIXTEEN_SHOWN FOUR("a:1,a:1,a:1,") "a:1,a:1,a:1,a:1"

static const struct row {
	const char *arguments;
	const char *shown;    /* NULL: refused */
	const char *channels; /* NULL: the defaults */
} rows[] = {
    {"", "- 2 15 2000 0 0 60 0 5 - 00000", NULL},
    {"--listen unix:/tmp/x:0600",
	"unix:/tmp/x:0600 2 15 2000 0 0 60 0 5 - "
	"00000",
	NULL},
    {"--listen=[::1]:9000", "[::1]:9000 2 15 2000 0 0 60 0 5 - 00000", NULL},
    {"--listen a:1 --interval 2 --listen b:2 --listen=a:1",
	"a:1,b:2,a:1 2 15 2000 0 0 60 0 5 - 00000", NULL},
    {SIXTEEN, SIXTEEN_SHOWN " 2 15 2000 0 0 60 0 5 - 00000", NULL},
    {SIXTEEN "--listen a:1", NULL, NULL},
    {"--log ./stdout", "- 2 15 2000 0 0 60 0 5 ./stdout 00000", NULL},
    {"--log -", NULL, NULL},
    {"--log stdout", NULL, NULL},
    {"--log syslog", NULL, NULL},
    {"--log journal", NULL, NULL},
    {"--log none", NULL, NULL},
    {"--log=", NULL, NULL},
    {"--interval 0.5 --heartbeat 1.25", "- 0.5 1.25 2000 0 0 60 0 5 - 00000",
	NULL},
    {"--retry 1 --max-streams 2 --max-per-address 3",
	"- 2 15 1 2 3 60 0 5 - 00000", NULL},
    {"--stall 1 --max-age 2 --drain 3", "- 2 15 2000 0 0 1 2 3 - 00000", NULL},
    {"--log /tmp/log", "- 2 15 2000 0 0 60 0 5 /tmp/log 00000", NULL},
    {"--log stderr", "- 2 15 2000 0 0 60 0 5 - 00000", NULL},
    {"--log stderr.log", "- 2 15 2000 0 0 60 0 5 stderr.log 00000", NULL},
    {"--verbose", "- 2 15 2000 0 0 60 0 5 - 10000", NULL},
    {"--check", "- 2 15 2000 0 0 60 0 5 - 01000", NULL},
    {"--version", "- 2 15 2000 0 0 60 0 5 - 00100", NULL},
    {"--help", "- 2 15 2000 0 0 60 0 5 - 00010", NULL},
    {"--waves off", "- 2 15 2000 0 0 60 0 5 - 00002", NULL},
    {"--waves off --waves always", "- 2 15 2000 0 0 60 0 5 - 00001", NULL},
    {"--waves=auto", "- 2 15 2000 0 0 60 0 5 - 00000", NULL},
    {"--waves=", NULL, NULL},
    {"--waves on", NULL, NULL},
    {"--waves auto|off", NULL, NULL},
    {"--waves au", NULL, NULL},
    {"--probe", NULL, NULL},
    {"--probe-role health", NULL, NULL},
    {"--probe-time 3", NULL, NULL},
    {"--probe unix:/s --probe-role alive", NULL, NULL},
    {"--probe unix:/s --probe-time 0", NULL, NULL},
    {"--probe unix:/s --probe-role health --probe-time 0.5",
	"- 2 15 2000 0 0 60 0 5 - 00000", NULL},
    {"--waves offf", NULL, NULL},
    {"--help --check --verbose --version", "- 2 15 2000 0 0 60 0 5 - 11110",
	NULL},
    {"--interval 3 --interval 4", "- 4 15 2000 0 0 60 0 5 - 00000", NULL},
    {"--", "- 2 15 2000 0 0 60 0 5 - 00000", NULL},
    /* As getopt_long(3) has it: what is unambiguous may be cut. */
    {"--int 3", "- 3 15 2000 0 0 60 0 5 - 00000", NULL},
    {"--verb", "- 2 15 2000 0 0 60 0 5 - 10000", NULL},
    {"--ver", NULL, NULL},
    {"--max 3", NULL, NULL},
    {"--h", NULL, NULL},
    /* What is not an option, or lacks its value, or has one too many. */
    {"extra", NULL, NULL},
    {"--verbose extra", NULL, NULL},
    {"extra --verbose", NULL, NULL},
    {"-- --verbose", NULL, NULL},
    {"-", NULL, NULL},
    {"\"\"", NULL, NULL},
    {"-v", NULL, NULL},
    {"-vx", NULL, NULL},
    {"-h", NULL, NULL},
    {"--nonsense", NULL, NULL},
    {"--nonsense=3", NULL, NULL},
    {"--interval", NULL, NULL},
    {"--verbose --interval", NULL, NULL},
    {"--listen", NULL, NULL},
    {"--listen \"\"", NULL, NULL},
    {"--listen=", NULL, NULL},
    {"--log=", NULL, NULL},
    {"--verbose=1", NULL, NULL},
    {"--help=", NULL, NULL},
    /* Bytes, and how many of them an event may have. */
    {"--history 1 --history-age 0.5 --max-channels 2",
	"- 2 15 2000 0 0 60 0 5 - 00000", "1 0.5 67108864 2 32768 1048576"},
    {"--history-bytes 128M --max-event 1K --max-body 2M",
	"- 2 15 2000 0 0 60 0 5 - 00000",
	"100 300 134217728 10000 1024 2097152"},
    {"--history-bytes 1G --max-body 0001K", "- 2 15 2000 0 0 60 0 5 - 00000",
	"100 300 1073741824 10000 32768 1024"},
    {"--history-bytes 262144 --max-body 1K", "- 2 15 2000 0 0 60 0 5 - 00000",
	"100 300 262144 10000 32768 1024"},
    {"--history-bytes 262143 --max-body 1K", NULL, NULL},
    {"--history-bytes 64K --max-body 1K", NULL, NULL},
    {"--history-bytes 64K --max-event 8K --max-body 1K",
	"- 2 15 2000 0 0 60 0 5 - 00000", "100 300 65536 10000 8192 1024"},
    {"--max-event 8K --history-bytes 65536 --max-body 1K",
	"- 2 15 2000 0 0 60 0 5 - 00000", "100 300 65536 10000 8192 1024"},
    {"--history-bytes 64K --max-event 8193 --max-body 1K", NULL, NULL},
    {"--history-bytes 8M --max-body 9M", NULL, NULL},
    {"--history-bytes 63K --max-event 1 --max-body 1K", NULL, NULL},
    {"--max-event 8M", "- 2 15 2000 0 0 60 0 5 - 00000",
	"100 300 67108864 10000 8388608 1048576"},
    {"--max-event 8388609", NULL, NULL},
    {"--max-event 16M --history-bytes 128M", "- 2 15 2000 0 0 60 0 5 - 00000",
	"100 300 134217728 10000 16777216 1048576"},
    {"--max-event 16M --history-bytes 134217727", NULL, NULL},
    {"--max-body K", NULL, NULL},
    {"--max-body 1k", NULL, NULL},
    {"--max-body 1KK", NULL, NULL},
    {"--max-body 1KB", NULL, NULL},
    {"--max-body 1.5M", NULL, NULL},
    {"--max-body 1T", NULL, NULL},
    {"--max-body K1", NULL, NULL},
    {"--max-body -1K", NULL, NULL},
    {"--max-body 0K", NULL, NULL},
    {"--max-body 1G", NULL, NULL},
    {"--history-bytes 18014398509481985G", NULL, NULL},
    {"--history 5K", NULL, NULL},
    {"--history-age 1K", NULL, NULL},
    {"--max-channels 1K", NULL, NULL},
};

static void
line_is_read_or_refused(void **state)
{
	const struct row *row = *state;
	struct line l;
	struct config cfg;
	char err[200] = "", shown[200], channels[200];
	int result;

	make_line(&l, row->arguments);
	result = config_parse(&cfg, l.argc, l.argv, err, sizeof(err));
	if (row->shown != NULL) {
		if (result != 0)
			fail_msg("%s", err);
		show(shown, sizeof(shown), &cfg);
		assert_string_equal(shown, row->shown);
		show_channels(channels, sizeof(channels), &cfg);
		assert_string_equal(channels,
		    row->channels == NULL ? CHANNELS : row->channels);
		return;
	}
	assert_int_equal(result, -1);
	assert_in_range(strlen(err), 10, sizeof(err) - 1);
	assert_null(strchr(err, '\n'));
	/* It names an argument that was given, not the program. */
	assert_null(strstr(err, "sse-fcgi:"));
}

/* What is read, or a word of why it is refused. */
struct aspect {
	const char *arguments, *shown, *why;
};

static void
aspect_is_read_or_refused(const struct aspect *row,
    void (*show_it)(char *, size_t, const struct config *))
{
	struct line l;
	struct config cfg;
	char err[200] = "", shown[400] = "";

	make_line(&l, row->arguments);
	assert_int_equal(config_parse(&cfg, l.argc, l.argv, err, sizeof(err)),
	    row->why == NULL ? 0 : -1);
	if (row->why != NULL) {
		assert_non_null(strstr(err, row->why));
		return;
	}
	show_it(shown, sizeof(shown), &cfg);
	assert_string_equal(shown, row->shown);
}

static const struct aspect redis_rows[] = {
    {"--max-event 1", "- sse 100000 - - 0 0 -", NULL},
    {"--redis unix:/run/redis.sock",
	"unix:/run/redis.sock sse 100000 - - 0 0 -", NULL},
    {"--redis a:1,b:2 --redis-key {x}:y --redis-history 1 --redis-db 3",
	"a:1,b:2 {x}:y 1 - - 3 0 -", NULL},
    {"--redis a:1 --redis-password-file /p", "a:1 sse 100000 - /p 0 0 -", NULL},
    {"--redis-wait 2 --redis-user u --redis-password-file p --redis a:1",
	"a:1 sse 100000 u p 0 2 -", NULL},
    {"--redis a:1,[::1]:2 --redis-sentinel mymaster",
	"a:1,[::1]:2 sse 100000 - - 0 0 mymaster", NULL},
    {"--redis-key sse --redis-history 100000 --redis-db 0 --redis-wait 0",
	"- sse 100000 - - 0 0 -", NULL}, /* the defaults */
    {"--redis a:1 --store /tmp/x", NULL, "exclude each other"},
    {"--redis-key other", NULL, "--redis-key needs --redis"},
    {"--redis-history 99", NULL, "--redis-history needs --redis"},
    {"--redis-user u", NULL, "--redis-user needs --redis"},
    {"--redis-password-file p", NULL, "--redis-password-file needs --redis"},
    {"--redis-db 1", NULL, "--redis-db needs --redis"},
    {"--redis-wait 1", NULL, "--redis-wait needs --redis"},
    {"--redis-sentinel m", NULL, "--redis-sentinel needs --redis"},
    {"--redis a:1 --redis-user u", NULL, "needs --redis-password-file"},
    {"--redis unix:/x --redis-sentinel m", NULL, "no Unix sockets"},
    {"--redis a:1,unix:/x --redis-sentinel m", NULL, "no Unix sockets"},
    {"--redis a:1 --redis-key a\tb", NULL, "control characters"},
    {"--redis a:1 --redis-key a\177b", NULL, "control characters"},
    {"--redis a:1 --redis-history 0", NULL, "--redis-history: '0'"},
    {"--redis \"\"", NULL, "it is empty"},
    {"--redis a:1 --redis-key \"\"", NULL, "it is empty"},
};

static void
redis_is_read_or_refused(void **state)
{
	aspect_is_read_or_refused(*state, show_redis);
}

/* Who it is to become; whether there is such a one is not asked here. */
static const struct aspect user_rows[] = {
    {"--heartbeat 3", "- -", NULL},
    {"--user www-data", "www-data -", NULL},
    {"--group b --user a --user c", "c b", NULL},
    {"--user \"\"", NULL, "--user: it is empty"},
    {"--user a --group \"\"", NULL, "--group: it is empty"},
    {"--group b", NULL, "--group needs --user"},
};

static void
show_user(char *to, size_t size, const struct config *c)
{
	(void)snprintf(to, size, "%s %s", c->user == NULL ? "-" : c->user,
	    c->group == NULL ? "-" : c->group);
}

static void
users_are_read_or_refused(void **state)
{
	aspect_is_read_or_refused(*state, show_user);
}

#define EIGHT_KEYS FOUR("--ticket-key k --ticket-key l ")

/* Tickets: the keys' files, the skew, and what is to be made. */
static const struct aspect ticket_rows[] = {
    {"--heartbeat 3", "0 -", NULL},
    {"--ticket-key /k --ticket-key l --ticket-skew 60", "/k l 60 -", NULL},
    {"--ticket-key k --ticket-skew 0 --make-ticket channel=a", "k 0 channel=a",
	NULL},
    {EIGHT_KEYS, "k l k l k l k l 0 -", NULL},
    {EIGHT_KEYS "--ticket-key m", NULL, "--ticket-key: it comes more than 8"},
    {"--ticket-key k --ticket-skew 61", NULL, "--ticket-skew: '61'"},
    {"--ticket-key k --ticket-skew 0.5", NULL, "--ticket-skew: '0.5'"},
    {"--ticket-key k --ticket-skew -1", NULL, "--ticket-skew: '-1'"},
    {"--ticket-skew 1", NULL, "--ticket-skew needs --ticket-key"},
    {"--make-ticket exp=1", NULL, "--make-ticket needs --ticket-key"},
    {"--ticket-key \"\"", NULL, "it is empty"},
    {"--ticket-key k --make-ticket \"\"", NULL, "it is empty"},
};

static void
show_tickets(char *to, size_t size, const struct config *c)
{
	size_t i, n = 0;

	for (i = 0; c->ticket_key[i] != NULL; i++)
		n +=
		    (size_t)snprintf(to + n, size - n, "%s ", c->ticket_key[i]);
	(void)snprintf(to + n, size - n, "%lu %s", c->ticket_skew,
	    c->make_ticket == NULL ? "-" : c->make_ticket);
}

static void
tickets_are_read_or_refused(void **state)
{
	aspect_is_read_or_refused(*state, show_tickets);
}

/* Rules, the longest prefix first. */
static const struct aspect rule_rows[] = {
    {"--history 3", "", NULL},
    {"--channel run-:history=60000,age=900,bytes=16M",
	"run- 60000 900 16777216;", NULL},
    {"--channel a:history=1", "a 1 0 0;", NULL},
    {"--channel a:bytes=64K", "a 0 0 65536;", NULL},
    {"--channel a:age=0.5", "a 0 0.5 0;", NULL},
    {"--channel a:age=0", "a 0 inf 0;", NULL},
    {"--channel=a:bytes=65536,age=31536000,history=1000000",
	"a 1000000 3.1536e+07 65536;", NULL},
    {"--channel a:age=1 --channel abc:age=2 --channel ab:age=3 --channel b:age=4",
	"abc 0 2 0;ab 0 3 0;a 0 1 0;b 0 4 0;", NULL},
    /* The last colon counts. */
    {"--channel https://a.example:8080/,b=c/:age=1",
	"https://a.example:8080/,b=c/ 0 1 0;", NULL},
    {"--channel ::age=1", ": 0 1 0;", NULL},
    {"--channel \303\244/@%:age=1", "\303\244/@% 0 1 0;", NULL},
    {"--channel \302\240:age=1", "\302\240 0 1 0;", NULL},
    /* What is for all may come behind it. */
    {"--channel a:bytes=128M --history-bytes 128M", "a 0 0 134217728;", NULL},
    {"--channel a:bytes=67108865", NULL, "more than --history-bytes 67108864"},
    {"--channel a:bytes=2M --history-bytes 1M", NULL, "'a': bytes=2097152"},
    {"--channel a:age=1 --channel b:age=1 --channel a:history=1", NULL,
	"'a': this PREFIX comes twice"},
    {"--channel a:age=1,age=2", NULL, "age= twice"},
    {"--channel \"\"", NULL, "it is empty"},
    {"--channel run-", NULL, "no PREFIX"},
    {"--channel :age=1", NULL, "no PREFIX"},
    {"--channel age=1", NULL, "no PREFIX"},
    {"--channel a:", NULL, "'' is none of history=N"},
    {"--channel a:age=1,", NULL, "'' is none of"},
    {"--channel a:,age=1", NULL, "'' is none of"},
    {"--channel a:b", NULL, "'b' is none of"},
    {"--channel a:age", NULL, "'age' is none of"},
    {"--channel a:ages=1", NULL, "'ages=1' is none of"},
    {"--channel a:ag=1", NULL, "'ag=1' is none of"},
    {"--channel a:=1", NULL, "'=1' is none of"},
    {"--channel a:history-age=1", NULL, "is none of"},
    {"--channel a:age=", NULL, "age: ''"},
    {"--channel a:age=1=2", NULL, "age: '1=2'"},
    {"--channel a:age=-1", NULL, "age: '-1'"},
    {"--channel a:age=1K", NULL, "age: '1K'"},
    {"--channel a:age=31536001", NULL, "age: '31536001'"},
    {"--channel a:history=0", NULL, "history: '0' is not a whole number"},
    {"--channel a:history=1000001", NULL, "from 1 to 1000000"},
    {"--channel a:history=1.5", NULL, "history: '1.5'"},
    {"--channel a:history=1K", NULL, "history: '1K'"},
    {"--channel a:bytes=65535", NULL, "bytes: '65535'"},
    {"--channel a:bytes=63K", NULL, "(K, M, G) from 65536"},
    {"--channel a:bytes=1T", NULL, "bytes: '1T'"},
};

static void
show_rules(char *to, size_t size, const struct config *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->rules_n; i++)
		n += (size_t)snprintf(to + n, size - n, "%s %zu %g %zu;",
		    c->rules[i].prefix, c->rules[i].history, c->rules[i].age,
		    c->rules[i].bytes);
}

static void
rules_are_read_or_refused(void **state)
{
	aspect_is_read_or_refused(*state, show_rules);
}

static void
key_has_512_bytes_at_most(void **state)
{
	char key[600], *argv[] = {"sse-fcgi", "--redis=a:1", key, NULL};
	struct config cfg;
	char err[200];

	(void)state;
	memset(key, 'k', sizeof(key));
	memcpy(key, "--redis-key=", 12);
	key[12 + 512] = '\0';
	assert_int_equal(config_parse(&cfg, 3, argv, err, sizeof(err)), 0);
	key[12 + 512] = 'k';
	key[12 + 513] = '\0';
	assert_int_equal(config_parse(&cfg, 3, argv, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "512 bytes"));
}

#if SIZE_MAX > UINT32_MAX
#define MOST_BYTES "1000000000000000"
#else
#define MOST_BYTES "2147483647"
#endif

/* Numbers: what is just inside the bounds, and just outside. */
static const struct bounds {
	const char *name;
	const char *good[4], *bad[4];
} bounds[] = {
    {"interval", {"0.01", "3600", "2", "3600.0"},
	{"0", "0.009", "3600.1", "0.0"}},
    {"heartbeat", {"1", "3600", "15", "1.0"}, {"0", "0.09", "3601", "3600.01"}},
    {"retry", {"1", "3600000", "2000", "0002"},
	{"0", "3600001", "1.5", "2000.0"}},
    {"max-streams", {"0", "10000000", "1", "65536"},
	{"10000001", "1.0", "4294967296", "18446744073709551617"}},
    {"max-per-address", {"0", "10000000", "1", "10"},
	{"10000001", "0.5", "18446744073709551616", "1e3"}},
    {"max-per-subject", {"0", "10000000", "1", "10"},
	{"10000001", "-1", "one", "1e3"}},
    {"stall", {"1", "86400", "60", "1.5"}, {"0", "0.5", "86401", "0.999"}},
    {"max-age", {"0", "31536000", "0.001", "60"},
	{"31536001", "31536000.5", "1e9", "99999999999"}},
    {"drain", {"0", "3600", "0.5", "5"}, {"3600.5", "3601", "1e1", "10000"}},
    {"history", {"1", "1000000", "100", "007"},
	{"0", "1000001", "1.5", "18446744073709551617"}},
    {"history-age", {"0", "31536000", "0.5", "300"},
	{"31536001", "31536000.5", "1e1", "99999999999"}},
    {"history-bytes", {"1048576", MOST_BYTES, "67108864", "2000000"},
	{"65535", "1000000000000001", "262144.0", "18446744073709551616"}},
    {"max-channels", {"1", "10000000", "10000", "02"},
	{"0", "10000001", "1.0", "4294967297"}},
    {"max-event", {"1", "8388608", "32768", "2"},
	{"0", "16777217", "1.5", "4294967297"}},
    {"max-body", {"1", "67108864", "1048576", "2"},
	{"0", "1000000001", "0.5", "18446744073709551617"}},
    {"feed-grace", {"0", "86400", "0.5", "10"}, {"86401", "1e1", "-1", ""}},
};

static int
parse_one(struct config *cfg, const char *name, const char *value, char *err,
    size_t size)
{
	char argument[500], program[] = "sse-fcgi";
	char *argv[] = {program, argument, NULL};

	(void)snprintf(argument, sizeof(argument), "--%s=%s", name, value);
	return config_parse(cfg, 2, argv, err, size);
}

static double
field(const struct config *c, size_t i)
{
	const double all[] = {c->interval, c->heartbeat, (double)c->retry,
	    (double)c->max_streams, (double)c->max_per_address,
	    (double)c->max_per_subject, c->stall, c->max_age, c->drain,
	    (double)c->history, c->history_age, (double)c->history_bytes,
	    (double)c->max_channels, (double)c->max_event, (double)c->max_body,
	    c->feed_grace};

	return all[i];
}

static void
number_is_held_to_its_bounds(void **state)
{
	static const char *const never[] = {"", " ", "-1", "+1", " 1", "1 ",
	    "abc", "1abc", "0x10", "1e0", "inf", "nan", ".5", "5.", "1.2.3",
	    "1,5", "--1", "1s"};
	const struct bounds *b = *state;
	struct config cfg;
	char err[300];
	size_t i;

	for (i = 0; i < LENGTH(b->good); i++) {
		assert_int_equal(parse_one(&cfg, b->name, b->good[i], err,
				     sizeof(err)),
		    0);
		assert_true(field(&cfg, (size_t)(b - bounds)) ==
			    strtod(b->good[i], NULL));
	}
	for (i = 0; i < LENGTH(b->bad); i++) {
		assert_int_equal(parse_one(&cfg, b->name, b->bad[i], err,
				     sizeof(err)),
		    -1);
		assert_non_null(strstr(err, b->name));
		assert_non_null(strstr(err, b->bad[i]));
	}
	for (i = 0; i < LENGTH(never); i++)
		assert_int_equal(parse_one(&cfg, b->name, never[i], err,
				     sizeof(err)),
		    -1);
}

static void
rule_s_prefix_is_as_long_as_a_name(void **state)
{
	char value[300], err[200];
	struct config cfg;

	(void)state;
	memset(value, 'p', sizeof(value));
	(void)snprintf(value + 255, 20, ":age=1");
	assert_int_equal(parse_one(&cfg, "channel", value, err, sizeof(err)),
	    0);
	assert_int_equal(strlen(cfg.rules[0].prefix), 255);
	value[255] = 'p';
	(void)snprintf(value + 256, 20, ":age=1");
	assert_int_equal(parse_one(&cfg, "channel", value, err, sizeof(err)),
	    -1);
	assert_non_null(strstr(err, "more than 255 bytes"));
}

/* A long one is not cut until it is good. */
static void
long_setting_is_refused(void **state)
{
	char value[300], err[200];
	struct config cfg;

	(void)state;
	memset(value, '0', sizeof(value));
	memcpy(value, "a:history=", 10);
	(void)snprintf(value + 290, 10, "1");
	assert_int_equal(parse_one(&cfg, "channel", value, err, sizeof(err)),
	    -1);
	value[9 + 60] = ',';
	assert_int_equal(parse_one(&cfg, "channel", value, err, sizeof(err)),
	    -1);
}

static void
rules_are_sixty_four_at_most(void **state)
{
	char text[66][40], *argv[67], err[200];
	struct config cfg;
	int i;

	(void)state;
	for (i = 1; i < 66; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "--channel=c%d:age=1",
		    i);
		argv[i] = text[i];
	}
	argv[0] = text[1];
	argv[66] = NULL;
	argv[65] = NULL;
	assert_int_equal(config_parse(&cfg, 65, argv, err, sizeof(err)), 0);
	assert_int_equal(cfg.rules_n, 64);
	argv[65] = text[65];
	assert_int_equal(config_parse(&cfg, 66, argv, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "more than 64 times"));
}

static void
number_of_400_digits_is_refused(void **state)
{
	struct config cfg;
	char digits[401], err[600];

	(void)state;
	memset(digits, '9', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	assert_int_equal(parse_one(&cfg, "max-streams", digits, err,
			     sizeof(err)),
	    -1);
	assert_int_equal(parse_one(&cfg, "stall", digits, err, sizeof(err)),
	    -1);
}

/* Where addresses have 32 bits less fits than the rows say. */
static void
what_this_machine_cannot_count_is_refused(void **state)
{
	bool small = SIZE_MAX == UINT32_MAX;
	char *argv[] = {"sse-fcgi", "--history-bytes=2000M", "--max-body=256M",
	    NULL};
	struct config cfg;
	char err[300];

	(void)state;
	assert_int_equal(parse_one(&cfg, "history-bytes", "2147483648", err,
			     sizeof(err)),
	    small ? -1 : 0);
	if (small)
		assert_non_null(strstr(err, " to 2147483647"));
	else
		assert_int_equal(cfg.history_bytes, 2147483648);
	assert_int_equal(parse_one(&cfg, "history-bytes", "1000000000000000",
			     err, sizeof(err)),
	    small ? -1 : 0);
	assert_int_equal(config_parse(&cfg, 3, argv, err, sizeof(err)),
	    small ? -1 : 0);
	if (small)
		assert_non_null(strstr(err, "it is 268435455 at most"));
	argv[2] = "--max-body=255M";
	assert_int_equal(config_parse(&cfg, 3, argv, err, sizeof(err)), 0);
	assert_int_equal(cfg.max_body, 255 << 20);
}

static void
error_is_cut_to_its_room(void **state)
{
	struct config cfg;
	char err[20];

	(void)state;
	memset(err, '!', sizeof(err));
	assert_int_equal(parse_one(&cfg, "stall", "abcdefgh", err, 10), -1);
	assert_int_equal(strlen(err), 9);
	assert_int_equal(err[10], '!');
}

/* What a function prints. */
static void
printed(char *to, size_t size, void (*print)(FILE *))
{
	FILE *f = tmpfile();
	size_t n;

	assert_non_null(f);
	print(f);
	rewind(f);
	n = fread(to, 1, size - 1, f);
	assert_true(n < size - 1);
	to[n] = '\0';
	(void)fclose(f);
}

static void
help_lists_each_option_once_in_80_columns(void **state)
{
	char text[16384], item[40], *rest, *line;
	size_t i, listed = 0;

	(void)state;
	printed(text, sizeof(text), config_help);
	for (i = 0; i < LENGTH(names); i++) {
		(void)snprintf(item, sizeof(item), "\n  --%s", names[i]);
		line = strstr(text, item);
		assert_non_null(line);
		assert_true(isspace((unsigned char)line[strlen(item)]));
	}
	assert_non_null(strstr(text, "  --interval SEC  (default 2)\n"));
	assert_int_equal(text[strlen(text) - 1], '\n');
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		assert_in_range(strlen(line), 1, 79);
		assert_int_not_equal(line[strlen(line) - 1], ' ');
		listed += strncmp(line, "  --", 4) == 0;
	}
	assert_int_equal(listed, LENGTH(names));
}

/* mdoc(7): one list, an item for each option, and no text that is a macro. */
static void
manual_is_one_well_formed_list(void **state)
{
	char text[16384], *rest, *line, *last = NULL, first[40];
	size_t n = 0, len;

	(void)state;
	printed(text, sizeof(text), config_manual);
	line = strtok_r(text, "\n", &rest);
	assert_string_equal(line, ".Bl -tag -width Ds");
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
		assert_in_range(strlen(line), 1, 79);
		assert_null(strchr(line, '\\'));
		if (last != NULL && *last == '.')
			assert_int_not_equal(*line, '.'); /* an empty item */
		last = line;
		if (*line != '.') {
			assert_int_not_equal(*line, '\'');
			continue;
		}
		if (strcmp(line, ".El") == 0)
			break;
		assert_true(n < LENGTH(names));
		len = (size_t)snprintf(first, sizeof(first), ".It Fl -%s",
		    names[n++]);
		assert_memory_equal(line, first, len);
		assert_true(
		    line[len] == '\0' || strncmp(line + len, " Ar ", 4) == 0);
	}
	assert_non_null(line);
	assert_int_equal(n, LENGTH(names));
	assert_null(strtok_r(NULL, "\n", &rest));
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(key_has_512_bytes_at_most),
	    cmocka_unit_test(rule_s_prefix_is_as_long_as_a_name),
	    cmocka_unit_test(long_setting_is_refused),
	    cmocka_unit_test(rules_are_sixty_four_at_most),
	    cmocka_unit_test(number_of_400_digits_is_refused),
	    cmocka_unit_test(what_this_machine_cannot_count_is_refused),
	    cmocka_unit_test(error_is_cut_to_its_room),
	    cmocka_unit_test(help_lists_each_option_once_in_80_columns),
	    cmocka_unit_test(manual_is_one_well_formed_list),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(bounds) +
				       LENGTH(redis_rows) + LENGTH(rule_rows) +
				       LENGTH(ticket_rows) + LENGTH(user_rows) +
				       LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(*rows[i].arguments == '\0' ? "defaults" :
							  rows[i].arguments,
			line_is_read_or_refused, &rows[i]);
	for (i = 0; i < LENGTH(bounds); i++)
		tests[n++] = row_test(bounds[i].name,
		    number_is_held_to_its_bounds, &bounds[i]);
	for (i = 0; i < LENGTH(redis_rows); i++)
		tests[n++] = row_test(redis_rows[i].arguments,
		    redis_is_read_or_refused, &redis_rows[i]);
	for (i = 0; i < LENGTH(user_rows); i++)
		tests[n++] = row_test(user_rows[i].arguments,
		    users_are_read_or_refused, &user_rows[i]);
	for (i = 0; i < LENGTH(ticket_rows); i++)
		tests[n++] = row_test(ticket_rows[i].arguments,
		    tickets_are_read_or_refused, &ticket_rows[i]);
	for (i = 0; i < LENGTH(rule_rows); i++)
		tests[n++] = row_test(rule_rows[i].arguments,
		    rules_are_read_or_refused, &rule_rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("config", tests, n, NULL, NULL);
}
