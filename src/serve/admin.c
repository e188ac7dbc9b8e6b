/* SPDX-License-Identifier: ISC */
/*
 * What is ended by hand, here and then by all processes of the same Redis. That
 * takes nobody's ticket away: a browser comes back after retry:, and whether it
 * is let in then is its ticket's to say, or the front's.  So to end what has
 * ended already does no harm, and what failed is simply said again.
 */
#include "serve/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "channel/name.h"
#include "serve/arguments.h"
#include "serve/origin.h"
#include "serve/outcome.h"
#include "serve/reply.h"

#define SUBJECT "sub:"
#define CHANNEL "channel:"

/* An exchange that waits for Redis to have it. */
struct closing {
	struct conn *conn; /* NULL: it is over */
	size_t n;	   /* that were closed here */
};

/* What is behind the word; NULL: it does not begin with it. */
static const char *
behind(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 ? text + len : NULL;
}

/* NULL, or what is wrong with it. */
static const char *
fault(const char *which)
{
	const char *subject, *channel;

	if (which == NULL || *which == '\0')
		return "what is to be closed is said by one close=sub:NAME or "
		       "close=channel:NAME";
	subject = behind(which, SUBJECT);
	channel = behind(which, CHANNEL);
	if (subject == NULL && channel == NULL)
		return "close= takes sub:NAME or channel:NAME";
	if (subject != NULL &&
	    (*subject == '\0' || strlen(subject) > TICKET_SUBJECT_MAX))
		return "a subject has 1 to 255 bytes";
	_Static_assert(TICKET_SUBJECT_MAX == 255, "as it is said");
	if (channel != NULL && strcmp(channel, CHANNEL_CLOCK) == 0)
		return "the clock is no channel: its streams are closed by "
		       "their subject";
	if (channel != NULL && !channel_name_valid(channel))
		return ARGUMENTS_NO_CHANNEL;
	return NULL;
}

static size_t
close_here(struct server *sv, const char *which)
{
	const char *subject = behind(which, SUBJECT),
		   *channel = behind(which, CHANNEL);
	size_t n;

	/* Who waits to be a stream was let in before this was said. */
	if (subject != NULL)
		n = streams_close_subject(&sv->streams, subject) +
		    aheads_close_subject(&sv->aheads, subject);
	else
		n = streams_close_channel(&sv->streams, channel) +
		    aheads_close_channel(&sv->aheads, channel);
	sv->closed += n;
	if (n > 0)
		log_info("closed_by_admin exchanges of",
		    "closed by an admin: %zu of one %s", n,
		    subject != NULL ? "subject" : "channel");
	return n;
}

void
admin_hears(void *arg, const char *which)
{
	if (fault(which) == NULL)
		(void)close_here(arg, which);
}

static void
say(struct conn *c, size_t n)
{
	char body[40];
	int len = snprintf(body, sizeof(body), "{\"closed\":%zu}\n", n);

	reply_body(c, METHOD_POST, "application/json", body, (size_t)len, NULL);
}

/* Here it is done; of the others nobody knows. */
static void
retire(struct conn *c)
{
	outcome_refuse(c, 504,
	    "it is not known whether the other processes hear of it: try "
	    "again");
}

static void
over(struct conn *c)
{
	struct closing *cl = c->own;

	cl->conn = NULL;
}

static void
on_published(void *arg, const struct published *what)
{
	struct closing *cl = arg;
	char why[REPLY_TEXT_MAX + 1];

	if (cl->conn != NULL && what->result == PUBLISHED)
		say(cl->conn, cl->n);
	else if (cl->conn != NULL) {
		(void)snprintf(why, sizeof(why),
		    "it is closed here, but the other processes may not hear "
		    "of it: %.120s: try again",
		    what->why == NULL ? "there is no room" : what->why);
		outcome_refuse(cl->conn, outcome_status(what->result), why);
	}
	free(cl);
}

/* What has been closed here is closed by the others, too. */
static void
tell_others(struct server *sv, struct conn *c, const char *which, size_t n)
{
	struct closing *cl = calloc(1, sizeof(*cl));

	if (cl == NULL) {
		outcome_refuse(c, 503, REPLY_NO_MEMORY);
		return;
	}
	*cl = (struct closing){.conn = c, .n = n};
	conn_serve(c, &sv->closing, cl);
	conn_await(c);
	sv->engine->close(sv->engine, which, on_published, cl);
}

void
admin(struct server *sv, struct conn *c, const struct request *r)
{
	struct arguments a;
	const char *foreign = origin_foreign(r);
	const char *wrong = arguments_read(&a, r);
	size_t n;

	if (wrong == NULL)
		wrong = fault(a.close);
	if (foreign != NULL || wrong != NULL) {
		reply(c, r->method, foreign != NULL ? 403 : 400, "",
		    foreign != NULL ? foreign : wrong);
		return;
	}
	n = close_here(sv, a.close);
	if (sv->engine->close != NULL)
		tell_others(sv, c, a.close, n);
	else
		say(c, n);
}

void
admin_init(struct server *sv)
{
	sv->closing = (struct role){.all = sv, .retire = retire, .over = over};
	role_only_waits(&sv->closing);
}
