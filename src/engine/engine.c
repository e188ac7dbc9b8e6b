/* SPDX-License-Identifier: ISC */
/*
 * What engines share.
 */
#include "engine/engine.h"

void
engine_result(struct published *what, enum hub_result result)
{
	static const enum publish_result results[] = {[HUB_DONE] = PUBLISHED,
	    [HUB_NO_CHANNEL] = PUBLISH_NO_CHANNEL,
	    [HUB_TOO_LARGE] = PUBLISH_TOO_LARGE,
	    [HUB_NO_ROOM] = PUBLISH_NO_ROOM,
	    [HUB_ENDED] = PUBLISH_ENDED,
	    [HUB_ENDING] = PUBLISH_NO_ROOM,
	    [HUB_NO_MEMORY] = PUBLISH_NO_MEMORY};

	what->result = results[result];
	what->why = result == HUB_ENDING ? "its end is under way" : NULL;
}

enum place
engine_place(const struct eventid_source *source, const struct hub *h,
    struct eventid id)
{
	if (!eventid_is_ours(source, id))
		return PLACE_ANOTHER_LIFE;
	return eventid_compare(id, h->last) > 0 ? PLACE_UNKNOWN : PLACE_AFTER;
}
