/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_INNER_H
#define CONFIG_INNER_H

/*
 * What config.c, config_table.c, config_channel.c and config_agree.c know of
 * each other: together they are one module, and this is for no other.
 */
#include "base/config.h"

enum option_type { TEXT, LIST, RULE, FLAG, WORD, SECONDS, NUMBER, BYTES };

/* An option. */
struct option_row {
	const char *name;
	const char *arg; /* of a WORD: all there are, as in one|another */
	enum option_type type;
	size_t offset;
	double min, max;      /* of numbers; zero may mean something; of a LIST:
				 how many */
	const char *standard; /* the default; NULL: none */
	const char *help;
};

#define CONFIG_ROWS_MAX 64

/* All of them, and behind the last one without a name. */
extern const struct option_row config_rows[];

/* The row of the option with this name, which is one. */
const struct option_row *config_row(const char *name);

/* The default of the option with this name, which has one. */
const char *config_standard(const char *name);

/*
 * Reads the number as the row has it into a double if it is one of SECONDS, and
 * into an unsigned long if it is not.  -1 with one line in err, which begins
 * with --what.
 */
int config_number(void *field, const struct option_row *, const char *value,
    const char *what, char *err, size_t size);

/* Adds the rule of a --channel.  -1 with one line in err. */
int config_channel(struct config *, const char *value, char *err, size_t size);

/*
 * What one option says of another: 0, or -1 with one line in err that says what
 * is wrong.
 */
int config_agree(const struct config *, char *err, size_t size);

#endif
