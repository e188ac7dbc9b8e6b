/* SPDX-License-Identifier: ISC */
/*
 * What the sequence says of a publication, as far as the tail has read it:
 * before it is sent, that its key is known, or its channel's end; and when it
 * is there, what its place is worth.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/sender_inner.h"

/* Who reads the channels here. */
static size_t
streams(const struct sender *s, const char *const channels[], size_t n)
{
	const struct channel *ch;
	size_t reading = 0, i;

	for (i = 0; i < n; i++) {
		ch = hub_find(s->hub, channels[i]);
		if (ch != NULL)
			reading += ch->reading;
	}
	return reading;
}

void
sender_tell(struct sender *s, struct sending *p, struct published *what)
{
	if (what->result == PUBLISHED)
		what->streams = streams(s, p->channels, p->channels_n);
	p->done(p->arg, what);
	free(p);
}

/* As it was answered first. */
static void
say_first(struct published *what, const struct repeat *k)
{
	what->result = PUBLISHED;
	what->repeated = true;
	what->last = k->last;
	what->events = k->parts - k->ends;
}

static const struct repeat *
find_key(struct sender *s, const char *channel, const char *key, uint64_t ms)
{
	return key == NULL ?
		   NULL :
		   repeats_find(s->repeats, channel, key, strlen(key), ms);
}

bool
sender_knows(struct sender *s, const struct post *post, struct published *what)
{
	static const struct eventid now = {UINT64_MAX, UINT64_MAX};
	const struct repeat *k = find_key(s, post->channels[0], post->key,
	    repeats_now(s->repeats, *s->link->set->now));

	if (k != NULL) {
		say_first(what, k);
		what->streams = streams(s, post->channels, post->channels_n);
	} else if (!post->erase &&
		   hub_has_ended(s->hub, post->channels, post->channels_n, now))
		what->result = PUBLISH_ENDED;
	else
		what->result = sender_obstacle(s, post, &what->why);
	return k != NULL || what->result != PUBLISHED;
}

void
sender_finish(struct sender *s, struct sending *p, bool read)
{
	struct published what = {.result = PUBLISHED,
	    .last = p->last,
	    .events = p->events};
	const struct repeat *k =
	    find_key(s, p->channels[0], p->key, p->last.ms);

	s->coming_n--;
	if (k != NULL && eventid_compare(k->last, p->last) != 0)
		say_first(&what, k);
	else if (k == NULL && !p->erase &&
		 hub_has_ended(s->hub, p->channels, p->channels_n, p->first))
		what.result = PUBLISH_ENDED;
	else if (k == NULL && p->key != NULL && !read) {
		what.result = PUBLISH_UNKNOWN;
		what.why = "Redis has it, but whether with this key there was "
			   "one before is not read yet";
		s->unknown++;
	}
	sender_tell(s, p, &what);
}

void
sender_came(struct sender *s, struct eventid at)
{
	double now = *s->link->set->now;
	struct sending *p;
	bool read;

	while ((p = STAILQ_FIRST(&s->coming)) != NULL) {
		read = eventid_compare(p->last, at) <= 0;
		if (!read && now - p->since <= SENDER_COMING)
			return;
		STAILQ_REMOVE_HEAD(&s->coming, link);
		sender_finish(s, p, read);
	}
}
