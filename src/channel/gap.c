/* SPDX-License-Identifier: ISC */
/*
 * What a stream is told in place of events that it cannot have any more.
 */
#include "channel/gap.h"

#include <stdio.h>

#include "base/json.h"
#include "channel/hub.h"

/* What is around the name and the three ids. */
#define GAP_REST 100
_Static_assert(JSON_SIZE(CHANNEL_NAME_MAX) + 3 * EVENTID_SIZE + GAP_REST <=
		   GAP_SIZE,
    "a gap fits its room");

const char *
loss_reason_name(enum loss_reason reason)
{
	static const char *const names[] = {[LOSS_OVERFLOW] = "overflow",
	    [LOSS_RESTART] = "restart",
	    [LOSS_UNKNOWN] = "unknown",
	    [LOSS_SOURCE] = "source",
	    [LOSS_DELETED] = "deleted"};

	return names[reason];
}

size_t
gap_write(char *buf, const char *channel, const char *from, const char *to,
    enum loss_reason reason, bool with_id)
{
	const char *c = channel == NULL ? "" : "\"";
	const char *f = from == NULL ? "" : "\"";
	char name[JSON_SIZE(CHANNEL_NAME_MAX)];

	return (size_t)snprintf(buf, GAP_SIZE,
	    "event: " HUB_GAP "\n"
	    "data: {\"channel\":%s%s%s,\"from\":%s%s%s,"
	    "\"to\":\"%s\",\"reason\":\"%s\"}\n%s%s%s\n",
	    c, channel == NULL ? "null" : json_escape(name, channel), c, f,
	    from == NULL ? "null" : from, f, to, loss_reason_name(reason),
	    with_id ? "id: " : "", with_id ? to : "", with_id ? "\n" : "");
}
