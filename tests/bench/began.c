/* SPDX-License-Identifier: ISC */
/*
 * How soon a program says something: from exec until its standard error has a
 * line with this text.  Then it is ended.
 *
 *	began TEXT COMMAND [ARGUMENT]...
 *
 * It prints began (ms) and events, the number before that word in the line.
 */
#include <sys/wait.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

/* Its process, and its standard error. */
static pid_t
begin(char **command, FILE **says)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)dup2(ends[1], STDERR_FILENO);
		(void)close(ends[0]);
		execv(command[0], command);
		err(1, "%s", command[0]);
	}
	(void)close(ends[1]);
	if ((*says = fdopen(ends[0], "r")) == NULL)
		err(1, "fdopen");
	return pid;
}

/* "... N events of M channels" */
static unsigned long
events_of(const char *line)
{
	const char *at = strstr(line, " events of ");

	while (at != NULL && at > line && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at == NULL ? 0 : strtoul(at, NULL, 10);
}

int
main(int argc, char **argv)
{
	uint64_t start = load_now(), took = 0;
	char line[4096];
	FILE *says;
	pid_t pid;

	if (argc < 3)
		errx(2, "began TEXT COMMAND; the source says how");
	pid = begin(argv + 2, &says);
	while (took == 0 && fgets(line, sizeof line, says) != NULL)
		if (strstr(line, argv[1]) != NULL)
			took = load_now() - start;
	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, 0) == -1)
		continue;
	if (took == 0)
		errx(1, "it ended without \"%s\": %s", argv[1], line);
	printf("began=%.1f events=%lu\n", (double)took / 1e6, events_of(line));
	fclose(says);
	return 0;
}
