/* SPDX-License-Identifier: ISC */
#ifndef CONFIG_INNER_H
#define CONFIG_INNER_H

/*
 * What config.c, config_table.c and config_rules.c know of each other: together
 * they are one module, and this is for no other.
 */
#include "base/config.h"

enum option_type { TEXT, LIST, FLAG, WORD, SECONDS, NUMBER, BYTES };

/* An option. */
struct option_row {
	const char *name;
	const char *arg; /* of a WORD: all there are, as in one|another */
	enum option_type type;
	size_t offset;
	double min, max;      /* of numbers; zero may mean something */
	const char *standard; /* the default; NULL: none */
	const char *help;
};

#define CONFIG_ROWS_MAX 64

/* All of them, and behind the last one without a name. */
extern const struct option_row config_rows[];

/* The default of the option with this name, which has one. */
const char *config_standard(const char *name);

/*
 * What one option says of another: 0, or -1 with one line in err that says what
 * is wrong.
 */
int config_rules(const struct config *, char *err, size_t size);

#endif
