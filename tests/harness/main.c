/* SPDX-License-Identifier: ISC */
/*
 * front ADDRESS [/path?query [NAME=VALUE ...]]: asks the responder at ADDRESS,
 * unix:/path or host:port, as a web server would, and prints what comes until
 * it ends.  Any NAME=VALUE is a parameter of the request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

#define MORE_MAX 64

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: front unix:/path|host:port [/path?query [NAME=VALUE ...]]\n");
	return 2;
}

/* Fills the list of names and values; false if there are too many. */
static bool
parameters(const char *more[], const char *uri, int argc, char *argv[])
{
	const char *query = strchr(uri, '?');
	int i, n = 0;
	char *is;

	more[n++] = "REQUEST_URI";
	more[n++] = uri;
	more[n++] = "QUERY_STRING";
	more[n++] = query == NULL ? "" : query + 1;
	for (i = 0; i < argc; i++) {
		is = strchr(argv[i], '=');
		if (is == NULL || n + 3 > MORE_MAX)
			return false;
		*is = '\0';
		more[n++] = argv[i];
		more[n++] = is + 1;
	}
	more[n] = NULL;
	return true;
}

int
main(int argc, char *argv[])
{
	const char *more[MORE_MAX];
	struct front f;

	if (argc < 2 || !parameters(more, argc > 2 ? argv[2] : "/sse",
			    argc > 3 ? argc - 3 : 0, argv + 3))
		return usage();
	if (!front_connect(&f, argv[1])) {
		perror(argv[1]);
		return 1;
	}
	(void)front_request(&f, 0, "GET", more);
	while (!f.ended && !f.closed && front_read(&f, -1)) {
		(void)fwrite(f.text, 1, f.text_len, stdout);
		(void)fflush(stdout);
		f.text_len = 0;
	}
	front_close(&f);
	return 0;
}
