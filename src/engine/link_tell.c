/* SPDX-License-Identifier: ISC */
/*
 * What the log says of a connection.
 */
#include "engine/link_inner.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define PERIOD 10.0 /* seconds between two lines that it is away */

void
link_tell_away(struct link *l)
{
	double now = *l->set->now;

	if ((l->told && strcmp(l->told_why, l->why) == 0) ||
	    (l->told_at > 0 && now < l->told_at + PERIOD))
		return;
	/* A follower that waits has nothing to add to what its leader says. */
	if (l->leader != NULL && l->leader->state != LINK_UP)
		return;
	log_warn("redis_away connection why", "--redis %s: %s: trying again",
	    l->name, l->why);
	l->told = true;
	l->told_at = now;
	(void)snprintf(l->told_why, sizeof(l->told_why), "%s", l->why);
}

void
link_tell_up(struct link *l)
{
	if (l->told || l->connects == 1)
		log_info("redis_connected connection address",
		    "--redis %s: connected to Redis at %s", l->name, l->where);
	l->told = false;
}
