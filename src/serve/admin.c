/* SPDX-License-Identifier: ISC */
/*
 * What is ended by hand.  That takes nobody's ticket away: a browser comes back
 * after retry:, and whether it is let in then is its ticket's to say, or the
 * front's.
 */
#include "serve/admin.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "channel/name.h"
#include "serve/arguments.h"
#include "serve/origin.h"
#include "serve/reply.h"

#define SUBJECT "sub:"
#define CHANNEL "channel:"

/* What is behind the word; NULL: it does not begin with it, or that is all. */
static const char *
behind(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0 || text[len] == '\0')
		return NULL;
	return text + len;
}

static void
say(struct server *sv, struct conn *c, size_t n, const char *what)
{
	char body[40];
	int len = snprintf(body, sizeof(body), "{\"closed\":%zu}\n", n);

	sv->tickets.closed += n;
	log_info("%zu closed by an admin, of one %s", n, what);
	reply_body(c, METHOD_POST, 200, "Cache-Control: no-store\r\n",
	    "application/json", body, (size_t)len);
}

/* NULL, or what is wrong. */
static const char *
close_all(struct server *sv, struct conn *c, const char *which)
{
	const char *subject, *channel;

	if (which == NULL || *which == '\0')
		return "what is to be closed is said by one close=sub:NAME or "
		       "close=channel:NAME";
	subject = behind(which, SUBJECT);
	channel = behind(which, CHANNEL);
	if (channel != NULL && strcmp(channel, CHANNEL_CLOCK) == 0)
		return "the clock is no channel: its streams are closed by "
		       "their subject";
	if (subject != NULL)
		say(sv, c, streams_close_subject(&sv->streams, subject),
		    "subject");
	else if (channel != NULL)
		say(sv, c, streams_close_channel(&sv->streams, channel),
		    "channel");
	else
		return "close= takes sub:NAME or channel:NAME";
	return NULL;
}

void
admin(struct server *sv, struct conn *c, const struct request *r)
{
	struct arguments a;
	const char *foreign = origin_foreign(r);
	const char *wrong = arguments_read(&a, r);

	if (foreign != NULL) {
		reply(c, r->method, 403, "", foreign);
		return;
	}
	if (wrong == NULL)
		wrong = close_all(sv, c, a.close);
	if (wrong != NULL)
		reply(c, r->method, 400, "", wrong);
}
