/* SPDX-License-Identifier: ISC */
/*
 * The query, and what the front puts in its place.  A front that sets
 * SSE_CHANNEL decides for good: even an empty one does not give the choice back
 * to the browser.
 */
#include "asked.h"

#include <stdbool.h>
#include <string.h>

#include "channel.h"
#include "query.h"

static const char *
add_channel(struct asked *a, const char *name)
{
	size_t i;

	if (!channel_name_valid(name))
		return "a channel's name is [A-Za-z0-9._:-], "
		       "1 to 128 characters";
	for (i = 0; i < a->channels; i++)
		if (strcmp(a->channel[i], name) == 0)
			return NULL;
	if (a->channels == WALK_CHANNELS_MAX)
		return "these are more than 16 channels";
	a->channel[a->channels++] = name;
	return NULL;
}

static const char *
add_pair(struct asked *a, const struct query *q, bool fixed)
{
	const struct {
		const char *name;
		const char **value;
	} values[] = {
	    {"event", &a->event},
	    {"last_event_id", &a->last_event_id},
	    {"lastEventId", &a->last_event_id},
	    {"history", &a->history},
	    {"format", &a->format},
	};
	size_t i;

	if (strcmp(q->name, "channel") == 0)
		return fixed ? NULL : add_channel(a, q->value);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(q->name, values[i].name) == 0 &&
		    *values[i].value == NULL)
			*values[i].value = q->value;
	return NULL;
}

/* The front's channels; names is cut up. */
static const char *
add_fixed(struct asked *a, char *names)
{
	const char *wrong = NULL;
	char *rest, *name;

	for (name = strtok_r(names, " ", &rest); name != NULL && wrong == NULL;
	     name = strtok_r(NULL, " ", &rest))
		wrong = add_channel(a, name);
	if (wrong == NULL && a->channels == 0)
		return "SSE_CHANNEL is empty";
	return wrong;
}

const char *
asked_read(struct asked *a, const struct request *r)
{
	const char *wrong = NULL;
	struct query q;
	int more = 1;

	*a = (struct asked){.channels = 0};
	query_begin(&q, r->query);
	while (wrong == NULL && (more = query_next(&q)) == 1)
		wrong = add_pair(a, &q, r->channel != NULL);
	if (more == -1)
		wrong = "the query is malformed";
	if (wrong == NULL && r->channel != NULL)
		wrong = add_fixed(a, r->channel);
	return wrong;
}

int
asked_clock(const struct asked *a)
{
	return a->channels == 0 ||
	       (a->channels == 1 && strcmp(a->channel[0], ASKED_CLOCK) == 0);
}
