/* SPDX-License-Identifier: ISC */
/*
 * completions bash|zsh|fish: prints what that shell completes of our options,
 * which is made from their table.  A description is the first sentence of an
 * option's help.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/config_inner.h"

/* What a shell can say of an option's value. */
enum value { NONE, WORDS, FILES, ADDRESSES, USERS, GROUPS, OTHER };

static enum value
value_of(const struct option_row *row)
{
	if (row->arg == NULL)
		return NONE;
	if (row->type == WORD)
		return WORDS;
	if (strstr(row->arg, "FILE") != NULL)
		return FILES;
	if (strcmp(row->name, "user") == 0)
		return USERS;
	if (strcmp(row->name, "group") == 0)
		return GROUPS;
	return strcmp(row->arg, "ADDRESS") == 0 ? ADDRESSES : OTHER;
}

/* May it come more than once? */
static bool
is_repeated(const struct option_row *row)
{
	return row->type == LIST || row->type == RULE;
}

/* The characters of special have a backslash before them, or a quote is '\''.
 */
static void
print_quoted(const char *text, size_t len, const char *special)
{
	for (; len > 0; text++, len--)
		if (*text == '\'')
			(void)printf("'\\''");
		else if (strchr(special, *text) != NULL)
			(void)printf("\\%c", *text);
		else
			(void)putchar(*text);
}

/* Up to the first full stop, semicolon or colon at a word's end. */
static void
print_description(const struct option_row *row, const char *special)
{
	const char *p = row->help;
	size_t len;

	for (len = 0; p[len] != '\0'; len++)
		if (strchr(".;", p[len]) != NULL &&
		    (p[len + 1] == ' ' || p[len + 1] == '\0'))
			break;
	print_quoted(p, len, special);
}

static void
print_words(const struct option_row *row, const char *between)
{
	const char *p;

	for (p = row->arg; *p != '\0'; p++)
		if (*p == '|')
			(void)printf("%s", between);
		else
			(void)putchar(*p);
}

/* Each option with a value of this kind, with bars between. */
static void
print_pattern(enum value value)
{
	const struct option_row *row;
	const char *between = "\t";

	for (row = config_rows; row->name != NULL; row++)
		if (value_of(row) == value) {
			(void)printf("%s--%s", between, row->name);
			between = "|";
		}
	(void)printf(")\n");
}

/* Of the system: its users, u, or its groups, g. */
static void
print_bash_names(enum value value, char flag)
{
	print_pattern(value);
	(void)printf("\t\tmapfile -t COMPREPLY < <(compgen -%c -- \"$cur\")\n"
		     "\t\t;;\n",
	    flag);
}

static void
print_bash(void)
{
	const struct option_row *row;

	(void)printf(
	    "# bash splits words at = and at :, too.\n"
	    "_sse_fcgi() {\n"
	    "\tlocal n=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} option path=\n"
	    "\n"
	    "\tCOMPREPLY=()\n"
	    "\tif [[ $cur == : ]]; then\n"
	    "\t\tcur='' path=${COMP_WORDS[n-1]} n=$((n - 1))\n"
	    "\telif ((n >= 3)) && [[ ${COMP_WORDS[n-1]} == : ]]; then\n"
	    "\t\tpath=${COMP_WORDS[n-2]} n=$((n - 2))\n"
	    "\tfi\n"
	    "\tif [[ ${COMP_WORDS[n]} == = ]]; then\n"
	    "\t\tcur='' option=${COMP_WORDS[n-1]}\n"
	    "\telif [[ ${COMP_WORDS[n-1]} == = ]] && ((n >= 2)); then\n"
	    "\t\toption=${COMP_WORDS[n-2]}\n"
	    "\telse\n"
	    "\t\toption=${COMP_WORDS[n-1]}\n"
	    "\tfi\n"
	    "\tcase $option in\n");
	for (row = config_rows; row->name != NULL; row++)
		if (value_of(row) == WORDS) {
			(void)
			    printf("\t--%s)\n"
				   "\t\tmapfile -t COMPREPLY < <(compgen -W '",
				row->name);
			print_words(row, " ");
			(void)printf("' -- \"$cur\")\n\t\t;;\n");
		}
	print_pattern(FILES);
	(void)printf("\t\tcompopt -o filenames\n"
		     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
		     "\t\t;;\n");
	print_pattern(ADDRESSES);
	(void)printf(
	    "\t\tif [[ $path == unix ]]; then\n"
	    "\t\t\tcompopt -o filenames\n"
	    "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	    "\t\telif [[ -z $path ]]; then\n"
	    "\t\t\tcompopt -o nospace\n"
	    "\t\t\tmapfile -t COMPREPLY < <(compgen -W unix: -- \"$cur\")\n"
	    "\t\tfi\n"
	    "\t\t;;\n");
	print_bash_names(USERS, 'u');
	print_bash_names(GROUPS, 'g');
	print_pattern(OTHER);
	(void)printf("\t\t;;\n\t*)\n"
		     "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (row = config_rows; row->name != NULL; row++)
		(void)printf("%s--%s", row == config_rows ? "" : "\n\t\t\t",
		    row->name);
	(void)printf("' -- \"$cur\")\n"
		     "\t\t;;\n"
		     "\tesac\n"
		     "}\n"
		     "complete -F _sse_fcgi sse-fcgi\n");
}

static void
print_zsh(void)
{
	static const char special[] = "[]:\\";
	const struct option_row *row;

	(void)printf("_arguments -S");
	for (row = config_rows; row->name != NULL; row++) {
		(void)printf(" \\\n\t'%s--%s%s[", is_repeated(row) ? "*" : "",
		    row->name, row->arg == NULL ? "" : "=");
		print_description(row, special);
		(void)printf("]");
		if (row->arg != NULL) {
			(void)printf(":");
			print_quoted(row->arg, strlen(row->arg), special);
			(void)printf(":");
		}
		switch (value_of(row)) {
		case WORDS:
			(void)printf("(");
			print_words(row, " ");
			(void)printf(")");
			break;
		case FILES:
			(void)printf("_files");
			break;
		case USERS:
			(void)printf("_users");
			break;
		case GROUPS:
			(void)printf("_groups");
			break;
		case ADDRESSES:
			(void)printf("{ compset -P unix\\: && _files || "
				     "compadd -S \"\" unix\\: }");
			break;
		default:
			break;
		}
		(void)printf("'");
	}
	(void)printf("\n");
}

static void
print_fish(void)
{
	const struct option_row *row;

	(void)printf("complete -c sse-fcgi -f\n");
	for (row = config_rows; row->name != NULL; row++) {
		(void)printf("complete -c sse-fcgi -l %s -d '", row->name);
		print_description(row, "\\");
		(void)printf("'");
		switch (value_of(row)) {
		case WORDS:
			(void)printf(" -x -a '");
			print_words(row, " ");
			(void)printf("'");
			break;
		case FILES:
			(void)printf(" -r -F");
			break;
		case USERS:
			(void)printf(" -x -a '(__fish_complete_users)'");
			break;
		case GROUPS:
			(void)printf(" -x -a '(__fish_complete_groups)'");
			break;
		case ADDRESSES:
			(void)printf(" -x -a 'unix:(__fish_complete_path "
				     "(commandline -ct | string replace -r "
				     "\"^(--[a-z-]+=)?unix:\" \"\"))'");
			break;
		case OTHER:
			(void)printf(" -x");
			break;
		case NONE:
			break;
		}
		(void)printf("\n");
	}
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char *name, *first;
		void (*print)(void);
	} shells[] = {{"bash", "", print_bash},
	    {"zsh", "#compdef sse-fcgi\n", print_zsh},
	    {"fish", "", print_fish}};
	size_t i;

	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (argc == 2 && strcmp(argv[1], shells[i].name) == 0) {
			(void)printf("%s# SPDX-License-Identifier: ISC\n"
				     "# Made by \"make completions\" from the "
				     "table of the options.\n",
			    shells[i].first);
			shells[i].print();
			return 0;
		}
	return 2;
}
