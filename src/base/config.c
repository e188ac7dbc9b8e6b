/* SPDX-License-Identifier: ISC */
/*
 * The options: one table, from which come the parser, --help and the manual's
 * list.  A row is an option.
 */
#include "base/config.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum type { TEXT, LIST, FLAG, WORD, SECONDS, NUMBER, BYTES };

static const struct option_row {
	const char *name;
	const char *arg; /* of a WORD: all there are, as in one|another */
	enum type type;
	size_t offset;
	double min, max;      /* of numbers; zero may mean something */
	const char *standard; /* the default; NULL: none */
	const char *help;
} rows[] = {
#define AT(field) offsetof(struct config, field)
    {"listen", "ADDRESS", LIST, AT(listen), 0, 0, NULL,
	"Listen on unix:/path[:mode], host:port or [v6]:port, all addresses of "
	"the host.  It may come sixteen times.  Sockets that the starter "
	"passes, as descriptor 0 or as systemd does it, are served too."},
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
    {"max-channels", "N", NUMBER, AT(max_channels), 1, 10000000, "10000",
	"Channels at a time that were published to, and as many that only "
	"streams have named.  Over it those without streams are forgotten, "
	"oldest first."},
    {"max-event", "BYTES", BYTES, AT(max_event), 1, 16777216, "32768",
	"The data and the type of one published event."},
    {"max-body", "BYTES", BYTES, AT(max_body), 1, 1e9, "1M",
	"The body of one POST; the buffers of all unfinished ones together may "
	"have sixteen times as much."},
    {"store", "FILE", TEXT, AT(store), 0, 0, NULL,
	"Keep the channels and their events in this SQLite database, so that "
	"they outlive the process; its directory must be there.  Without it "
	"they are as old as the process."},
    {"waves", "auto|always|off", WORD, AT(waves), 0, 0, "auto",
	"Write to many streams in one system call, by io_uring, where the "
	"kernel lets us and it is worth it; always, where it lets us; off takes "
	"one call for each."},
    {"log", "stderr|FILE", TEXT, AT(log), 0, 0, "stderr",
	"Where the log goes.  SIGHUP opens the file again."},
    {"verbose", NULL, FLAG, AT(verbose), 0, 0, NULL,
	"Log each stream's opening and closing too."},
    {"check", NULL, FLAG, AT(check), 0, 0, NULL, "Check the options, and end."},
    {"version", NULL, FLAG, AT(version), 0, 0, NULL,
	"Print the version, and end."},
    {"help", NULL, FLAG, AT(help), 0, 0, NULL, "Print this list, and end."},
#undef AT
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define ROW  256 /* getopt_long()'s value of the first row; no letter */

/* Digits with at most one point, and nothing else. */
static bool
is_number(const char *s, enum type type)
{
	size_t whole = strspn(s, "0123456789"), part = 0;

	if (type == SECONDS && s[whole] == '.') {
		part = strspn(s + whole + 1, "0123456789");
		if (part == 0)
			return false;
		part++;
	}
	return whole > 0 && s[whole + part] == '\0';
}

/* The factor of the letter at the end of BYTES; *len is then without it. */
static double
unit(const char *value, size_t *len)
{
	static const char letters[] = "KMG";
	const char *letter =
	    *len == 0 ? NULL : strchr(letters, value[*len - 1]);

	if (letter == NULL)
		return 1;
	--*len;
	return (double)(1UL << (10 * (letter - letters + 1)));
}

/* What the row allows and this machine can count, also twice as much. */
static double
most(const struct option_row *row)
{
	double countable = (double)(SIZE_MAX / 2);

	return row->type == BYTES && row->max > countable ? countable :
							    row->max;
}

static bool
set_number(void *field, const struct option_row *row, const char *value)
{
	size_t len = strlen(value);
	double n = row->type == BYTES ? unit(value, &len) : 1;
	char digits[32];

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, value, len);
	digits[len] = '\0';
	if (!is_number(digits, row->type))
		return false;
	n *= strtod(digits, NULL);
	if (n < row->min || n > most(row))
		return false;
	if (row->type == SECONDS)
		*(double *)field = n;
	else
		*(unsigned long *)field = (unsigned long)n;
	return true;
}

static bool
add_to_list(const char **list, const char *value)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	if (n == CONFIG_LISTEN_MAX)
		return false;
	list[n] = value;
	return true;
}

/* Which of the row's words this is, from 0 on; or none of them. */
static bool
set_word(unsigned long *field, const struct option_row *row, const char *value)
{
	const char *word = row->arg;
	unsigned long i;
	size_t len;

	for (i = 0; *word != '\0'; i++, word += len + (word[len] == '|')) {
		len = strcspn(word, "|");
		if (strlen(value) != len || strncmp(value, word, len) != 0)
			continue;
		*field = i;
		return true;
	}
	return false;
}

static int
set(struct config *cfg, const struct option_row *row, const char *value,
    char *err, size_t size)
{
	void *field = (char *)cfg + row->offset;

	if (row->type != FLAG && *value == '\0') {
		(void)snprintf(err, size, "--%s: it is empty: give %s",
		    row->name, row->arg);
		return -1;
	}
	switch (row->type) {
	case TEXT:
		*(const char **)field = value;
		return 0;
	case LIST:
		if (add_to_list(field, value))
			return 0;
		(void)snprintf(err, size, "--%s: it comes more than %d times",
		    row->name, CONFIG_LISTEN_MAX);
		return -1;
	case FLAG:
		*(bool *)field = true;
		return 0;
	case WORD:
		if (set_word(field, row, value))
			return 0;
		(void)snprintf(err, size, "--%s: '%s' is none of %s", row->name,
		    value, row->arg);
		return -1;
	default:
		if (set_number(field, row, value))
			return 0;
		(void)snprintf(err, size,
		    "--%s: '%s' is not a%s number%s from %.15g to %.15g",
		    row->name, value, row->type == SECONDS ? "" : " whole",
		    row->type == BYTES ? " (K, M, G)" : "", row->min,
		    most(row));
		return -1;
	}
}

static int
set_defaults(struct config *cfg, char *err, size_t size)
{
	size_t i;

	memset(cfg, 0, sizeof(*cfg));
	for (i = 0; i < ROWS; i++)
		if (rows[i].standard != NULL &&
		    set(cfg, &rows[i], rows[i].standard, err, size) == -1)
			return -1;
	return 0;
}

/* What getopt_long() did not take; it says a letter where it was a letter. */
static int
refuse_option(bool no_value, char *argv[], char *err, size_t size)
{
	if (no_value)
		(void)snprintf(err, size, "%s: this option needs a value",
		    argv[optind - 1]);
	else if (optopt > 0 && optopt < ROW)
		(void)snprintf(err, size,
		    "-%c: there is no such option (see --help)", optopt);
	else
		(void)snprintf(err, size,
		    "%s: there is no such option, or it takes no value "
		    "(see --help)",
		    argv[optind - 1]);
	return -1;
}

static int
parse(struct config *cfg, int argc, char *argv[], char *err, size_t size)
{
	struct option options[ROWS + 1] = {{0}};
	int c, i;

	for (i = 0; i < (int)ROWS; i++) {
		options[i].name = rows[i].name;
		options[i].has_arg =
		    rows[i].type == FLAG ? no_argument : required_argument;
		options[i].val = ROW + i;
	}
	optind = 0; /* begin anew: tests parse more than once */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == ':' || c == '?')
			return refuse_option(c == ':', argv, err, size);
		if (set(cfg, &rows[c - ROW], optarg, err, size) == -1)
			return -1;
	}
	if (optind < argc) {
		(void)snprintf(err, size, "'%s' is not an option (see --help)",
		    argv[optind]);
		return -1;
	}
	return 0;
}

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

int
config_parse(struct config *cfg, int argc, char *argv[], char *err, size_t size)
{
	if (set_defaults(cfg, err, size) == -1 ||
	    parse(cfg, argc, argv, err, size) == -1)
		return -1;
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
	if (is_no_file(cfg->log)) {
		(void)snprintf(err, size,
		    "--log %s: it is stderr, which a supervisor hands on to "
		    "syslog or the journal, or a file's path, as in ./%s",
		    cfg->log, cfg->log);
		return -1;
	}
	if (strcmp(cfg->log, "stderr") == 0)
		cfg->log = NULL;
	return 0;
}

/* len bytes of text in lines of up to width characters behind the indent. */
static void
print_wrapped(FILE *f, const char *text, size_t len, const char *indent,
    size_t width)
{
	const char *word = text, *end = text + len;
	size_t column = 0, n;

	for (; word < end; word += n, word += strspn(word, " ")) {
		n = strcspn(word, " ");
		if (n > (size_t)(end - word))
			n = (size_t)(end - word);
		if (column == 0 || column + 1 + n > width) {
			(void)fprintf(f, "%s%s", column == 0 ? "" : "\n",
			    indent);
			column = 0;
		} else {
			(void)fputc(' ', f);
			column++;
		}
		(void)fprintf(f, "%.*s", (int)n, word);
		column += n;
	}
	(void)fputc('\n', f);
}

void
config_help(FILE *f)
{
	const struct option_row *row;

	(void)fprintf(f, "usage: sse-fcgi [option ...]\n\n");
	for (row = rows; row < rows + ROWS; row++) {
		(void)fprintf(f, "  --%s%s%s", row->name,
		    row->arg == NULL ? "" : " ",
		    row->arg == NULL ? "" : row->arg);
		if (row->standard != NULL)
			(void)fprintf(f, "  (default %s)", row->standard);
		(void)fputc('\n', f);
		print_wrapped(f, row->help, strlen(row->help), "      ", 72);
	}
}

/* mdoc wants each sentence to begin a line. */
static void
print_sentences(FILE *f, const char *text)
{
	const char *end;

	for (; (end = strstr(text, ".  ")) != NULL; text = end + 3)
		print_wrapped(f, text, (size_t)(end + 1 - text), "", 72);
	print_wrapped(f, text, strlen(text), "", 72);
}

void
config_manual(FILE *f)
{
	const struct option_row *row;

	(void)fprintf(f, ".Bl -tag -width Ds\n");
	for (row = rows; row < rows + ROWS; row++) {
		(void)fprintf(f, ".It Fl -%s%s%s\n", row->name,
		    row->arg == NULL ? "" : " Ar ",
		    row->arg == NULL ? "" : row->arg);
		print_sentences(f, row->help);
		if (row->standard != NULL)
			(void)fprintf(f, "The default is %s.\n", row->standard);
	}
	(void)fprintf(f, ".El\n");
}
