/* SPDX-License-Identifier: ISC */
/*
 * Short answers (RFC 3875, section 6.3).  They go the way that streams go: an
 * event, then END_REQUEST.
 */
#include "serve/reply.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What comes with a 401 (RFC 9110, section 11.6.1; RFC 6750, section 3). */
#define CHALLENGE "WWW-Authenticate: Bearer\r\n"

#define HEAD_SIZE 512

static const char *
reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
	    {200, "OK"},
	    {204, "No Content"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {405, "Method Not Allowed"},
	    {409, "Conflict"},
	    {413, "Content Too Large"},
	    {500, "Internal Server Error"},
	    {503, "Service Unavailable"},
	    {504, "Gateway Timeout"},
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

/* NULL: no memory. */
static struct event *
make(enum method m, int status, const char *extra, const char *type,
    const char *body, size_t len, size_t *account)
{
	char head[HEAD_SIZE];
	struct event *ev;
	int n;

	if (m == METHOD_HEAD)
		len = 0;
	n = snprintf(head, sizeof(head), "Status: %d %s\r\n%s%s%s%s\r\n",
	    status, reason(status), extra,
	    type == NULL ? "" : "Content-Type: ", type == NULL ? "" : type,
	    type == NULL ? "" : "\r\n");
	assert(n > 0 && (size_t)n < sizeof(head)); /* all texts are ours */
	ev = event_room((size_t)n + len, account);
	if (ev != NULL) {
		memcpy(ev->bytes, head, (size_t)n);
		if (len > 0)
			memcpy(ev->bytes + n, body, len);
	}
	return ev;
}

void
reply_body(struct conn *c, enum method m, const char *type, const char *body,
    size_t len, size_t *account)
{
	conn_answer(c, make(m, 200, "Cache-Control: no-store\r\n", type, body,
			   len, account));
}

void
reply(struct conn *c, enum method m, int status, const char *extra,
    const char *text)
{
	char line[REPLY_TEXT_MAX + 2];
	int n = snprintf(line, sizeof(line), "%s\n", text);

	assert(n > 0 && (size_t)n < sizeof(line));
	if (status == 401)
		extra = CHALLENGE;
	if (status == 204)
		conn_answer(c, make(m, status, extra, NULL, NULL, 0, NULL));
	else
		conn_answer(c, make(m, status, extra, "text/plain", line,
				   (size_t)n, NULL));
}
