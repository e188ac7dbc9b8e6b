/* SPDX-License-Identifier: ISC */
/*
 * Short answers (RFC 3875, section 6.3).  They go the way that streams go: an
 * event, then END_REQUEST.
 */
#include "reply.h"

#include <stdio.h>

#define REPLY_SIZE 512

static const char *
reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
	    {204, "No Content"},
	    {405, "Method Not Allowed"},
	    {500, "Internal Server Error"},
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

void
reply(struct conn *c, int status, const char *extra, const char *text)
{
	char buf[REPLY_SIZE];
	int n;

	n = snprintf(buf, sizeof(buf), "Status: %d %s\r\n%s%s\r\n%s%s", status,
	    reason(status), extra,
	    status == 204 ? "" : "Content-Type: text/plain\r\n", text,
	    *text == '\0' ? "" : "\n");
	if (n < 0 || (size_t)n >= sizeof(buf))
		n = 0; /* cannot happen: all texts are ours */
	conn_answer(c, n == 0 ? NULL : event_new(buf, (size_t)n));
	conn_end(c);
}
