/* SPDX-License-Identifier: ISC */
/*
 * front ADDRESS [/path?query [NAME=VALUE ...]]: asks the responder at ADDRESS,
 * unix:/path or host:port, as a web server would, and prints what comes until
 * it ends.  Any NAME=VALUE is a parameter of the request, but BODY=TEXT its
 * body: then it is a POST.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front.h"

#define MORE_MAX 64

enum { STDIN = 5 };

struct asked {
	const char *more[MORE_MAX]; /* names and values */
	const char *body;	    /* or NULL */
	char length[24];
};

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: front unix:/path|host:port [/path?query [NAME=VALUE ...]]\n");
	return 2;
}

/* False if there are too many. */
static bool
parameters(struct asked *a, const char *uri, int argc, char *argv[])
{
	const char *query = strchr(uri, '?');
	int i, n = 0;
	char *is;

	a->more[n++] = "REQUEST_URI";
	a->more[n++] = uri;
	a->more[n++] = "QUERY_STRING";
	a->more[n++] = query == NULL ? "" : query + 1;
	for (i = 0; i < argc; i++) {
		is = strchr(argv[i], '=');
		if (is == NULL || n + 3 > MORE_MAX)
			return false;
		*is++ = '\0';
		a->more[n++] = argv[i];
		a->more[n++] = is;
		if (strcmp(argv[i], "BODY") != 0)
			continue;
		(void)snprintf(a->length, sizeof(a->length), "%zu", strlen(is));
		a->more[n - 2] = "CONTENT_LENGTH";
		a->more[n - 1] = a->length;
		a->body = is;
	}
	return true;
}

static void
ask(struct front *f, const struct asked *a)
{
	if (a->body == NULL) {
		(void)front_request(f, 0, "GET", a->more);
		return;
	}
	(void)front_request_head(f, 0, "POST", a->more);
	if (*a->body != '\0')
		(void)front_record(f, STDIN, f->id, a->body, strlen(a->body),
		    0);
	(void)front_record(f, STDIN, f->id, NULL, 0, 0);
}

int
main(int argc, char *argv[])
{
	struct asked a = {.body = NULL};
	struct front f;

	if (argc < 2 || !parameters(&a, argc > 2 ? argv[2] : "/sse",
			    argc > 3 ? argc - 3 : 0, argv + 3))
		return usage();
	if (!front_connect(&f, argv[1])) {
		perror(argv[1]);
		return 1;
	}
	ask(&f, &a);
	while (!f.ended && !f.closed && front_read(&f, -1)) {
		(void)fwrite(f.text, 1, f.text_len, stdout);
		(void)fflush(stdout);
		f.text_len = 0;
	}
	front_close(&f);
	return 0;
}
