/* SPDX-License-Identifier: ISC */
/*
 * What a stream is told when a channel will never have anything more for it.
 */
#include "channel/end.h"

#include <stdio.h>

#include "base/json.h"
#include "channel/hub.h"

/* What is around the name and the id. */
#define END_REST 50
_Static_assert(JSON_SIZE(CHANNEL_NAME_MAX) + EVENTID_SIZE + END_REST <=
		   END_SIZE,
    "an end fits its room");

size_t
end_write(char *buf, const struct channel *ch)
{
	char name[JSON_SIZE(CHANNEL_NAME_MAX)], id[EVENTID_SIZE];

	(void)eventid_format(id, ch->ended);
	return (size_t)snprintf(buf, END_SIZE,
	    "event: " HUB_END "\n"
	    "data: {\"channel\":\"%s\"}\n"
	    "id: %s\n\n",
	    json_escape(name, ch->name), id);
}
