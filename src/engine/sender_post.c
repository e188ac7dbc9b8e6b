/* SPDX-License-Identifier: ISC */
/*
 * A publication as commands: an entry for each message, which has all of its
 * channels, and one for the end, and what is several entries is one
 * transaction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "engine/entry.h"
#include "engine/sender_inner.h"

/* What one costs beside its text: in the hub, about; on its way, each word. */
#define EVENT_BYTES 256
#define WORD_BYTES  12

#define WORDS_MAX (3 + 2 * POST_CHANNELS_MAX + 8)

struct words {
	const char *at[WORDS_MAX];
	size_t len[WORDS_MAX], n, bytes;
};

struct sending *
sender_make(const struct post *post)
{
	size_t size = room_for(post->key), i;
	struct sending *p;
	char *text;

	for (i = 0; i < post->channels_n; i++)
		size += room_for(post->channels[i]) + sizeof(char *);
	p = calloc(1, sizeof(*p) + size);
	if (p == NULL)
		return NULL;
	p->events = post->n;
	p->entries = post_ids(post);
	p->erase = post->erase;
	p->channels_n = post->channels_n;
	text = (char *)(p->channels + p->channels_n);
	for (i = 0; i < post->channels_n; i++)
		p->channels[i] = room_put(&text, post->channels[i]);
	p->key = room_put(&text, post->key);
	return p;
}

enum publish_result
sender_obstacle(struct sender *s, const struct post *post, const char **why)
{
	size_t held = 0, i;

	for (i = 0; i < post->n; i++)
		held += post->channels_n *
			(sse_size(&post->messages[i]) + EVENT_BYTES);
	if (held > s->hub->set.bytes_max)
		return PUBLISH_TOO_LARGE;
	*why = sender_away(s);
	if (*why != NULL && s->link->state == LINK_UP)
		return PUBLISH_NO_ROOM;
	if (*why != NULL) {
		(void)snprintf(s->why, sizeof(s->why), "Redis is away: %.*s",
		    (int)sizeof(s->why) - 20, *why);
		*why = s->why;
		return PUBLISH_AWAY;
	}
	*why = "more is published than Redis takes";
	if (s->bytes > SENDER_BYTES)
		return PUBLISH_NO_ROOM;
	*why = "there are too many keys";
	if (post->key != NULL &&
	    repeats_full(s->repeats,
		repeats_now(s->repeats, *s->link->set->now)))
		return PUBLISH_NO_ROOM;
	*why = NULL;
	return PUBLISHED;
}

static void
word(struct words *w, const char *text, size_t len)
{
	w->at[w->n] = text;
	w->len[w->n++] = len;
	w->bytes += len + WORD_BYTES;
}

static void
field(struct words *w, const char *name, const char *value)
{
	word(w, name, 1);
	word(w, value, strlen(value));
}

/*
 * XADD key * c CHANNEL [c CHANNEL ...], and for a message (NULL: the end)
 * d DATA [t TYPE] [s 1], or e END; and [k KEY].  part: from 1 on.
 */
static uint64_t
add(struct sender *s, int tag, const struct post *post, struct sending *p,
    unsigned part)
{
	const struct sse_message *m =
	    part <= post->n ? &post->messages[part - 1] : NULL;
	struct words w = {.n = 0};
	char key[ENTRY_KEY_SIZE];
	size_t i;

	word(&w, "XADD", 4);
	word(&w, s->key, strlen(s->key));
	word(&w, "*", 1);
	for (i = 0; i < post->channels_n; i++)
		field(&w, "c", post->channels[i]);
	if (m == NULL)
		field(&w, "e", post->erase ? "delete" : "1");
	else {
		word(&w, "d", 1);
		word(&w, m->data, m->len);
		if (m->type != NULL && *m->type != '\0')
			field(&w, "t", m->type);
		if (m->snapshot)
			field(&w, "s", "1");
	}
	if (post->key != NULL) {
		entry_key(key, post->key, part);
		field(&w, "k", key);
	}
	p->bytes += w.bytes;
	return link_send(s->link, tag, SENDER_PATIENCE, w.n, w.at, w.len);
}

void
sender_send(struct sender *s, const struct post *post, struct sending *p)
{
	unsigned part;

	if (p->entries == 1) {
		p->begins = add(s, TAG_XADD, post, p, 1);
		return;
	}
	(void)link_say(s->link, TAG_MULTI, SENDER_PATIENCE,
	    (const char *const[]){"MULTI", NULL});
	for (part = 1; part <= p->entries; part++)
		(void)add(s, TAG_QUEUED, post, p, part);
	p->begins = link_say(s->link, TAG_EXEC, SENDER_PATIENCE,
	    (const char *const[]){"EXEC", NULL});
}
