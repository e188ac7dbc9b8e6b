/* SPDX-License-Identifier: ISC */
/*
 * The options' parser, --help and the manual's list, all by the table of
 * config_table.c.
 */
#include "base/config.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_inner.h"

#define ROW 256 /* getopt_long()'s value of the first row; no letter */

/* Digits with at most one point, and nothing else. */
static bool
is_number(const char *s, enum option_type type)
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

int
config_number(void *field, const struct option_row *row, const char *value,
    const char *what, char *err, size_t size)
{
	if (set_number(field, row, value))
		return 0;
	(void)snprintf(err, size,
	    "--%s: '%s' is not a%s number%s from %.15g to %.15g", what, value,
	    row->type == SECONDS ? "" : " whole",
	    row->type == BYTES ? " (K, M, G)" : "", row->min, most(row));
	return -1;
}

static bool
add_to_list(const char **list, size_t max, const char *value)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	if (n == max)
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
		if (add_to_list(field, (size_t)row->max, value))
			return 0;
		(void)snprintf(err, size,
		    "--%s: it comes more than %.15g times", row->name,
		    row->max);
		return -1;
	case RULE:
		return config_channel(cfg, value, err, size);
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
		return config_number(field, row, value, row->name, err, size);
	}
}

static int
set_defaults(struct config *cfg, char *err, size_t size)
{
	const struct option_row *row;

	memset(cfg, 0, sizeof(*cfg));
	for (row = config_rows; row->name != NULL; row++)
		if (row->standard != NULL &&
		    set(cfg, row, row->standard, err, size) == -1)
			return -1;
	return 0;
}

/* What getopt_long() did not take; it says a letter where it was a letter. */
static int
refuse_option(bool no_value, char *const argv[], char *err, size_t size)
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
	struct option options[CONFIG_ROWS_MAX] = {{0}};
	int c, i;

	for (i = 0; config_rows[i].name != NULL; i++) {
		options[i].name = config_rows[i].name;
		options[i].has_arg = config_rows[i].type == FLAG ?
					 no_argument :
					 required_argument;
		options[i].val = ROW + i;
	}
	optind = 0; /* begin anew: tests parse more than once */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == ':' || c == '?')
			return refuse_option(c == ':', argv, err, size);
		if (set(cfg, &config_rows[c - ROW], optarg, err, size) == -1)
			return -1;
	}
	if (optind < argc) {
		(void)snprintf(err, size, "'%s' is not an option (see --help)",
		    argv[optind]);
		return -1;
	}
	return 0;
}

int
config_parse(struct config *cfg, int argc, char *argv[], char *err, size_t size)
{
	if (set_defaults(cfg, err, size) == -1 ||
	    parse(cfg, argc, argv, err, size) == -1 ||
	    config_agree(cfg, err, size) == -1)
		return -1;
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
	for (row = config_rows; row->name != NULL; row++) {
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
	for (row = config_rows; row->name != NULL; row++) {
		(void)fprintf(f, ".It Fl -%s%s%s\n", row->name,
		    row->arg == NULL ? "" : " Ar ",
		    row->arg == NULL ? "" : row->arg);
		print_sentences(f, row->help);
		if (row->standard != NULL)
			(void)fprintf(f, "The default is %s.\n", row->standard);
	}
	(void)fprintf(f, ".El\n");
}
