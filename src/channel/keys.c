/* SPDX-License-Identifier: ISC */
/*
 * Keys of publications: a tree, in which no choice of names makes anything
 * slow, and a list in which they grow old.
 */
#include "channel/keys.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "channel/post.h"

#define SLICE 64 /* that are forgotten in one call */

static int
compare_texts(const struct key *a, const struct key *b)
{
	return strcmp(a->text, b->text);
}

RB_PROTOTYPE(key_texts, key, by_text, compare_texts)
RB_GENERATE(key_texts, key, by_text, compare_texts)

void
keys_init(struct keys *ks, size_t max)
{
	*ks = (struct keys){.max = max};
	RB_INIT(&ks->texts);
	TAILQ_INIT(&ks->kept);
}

static void
take_out(struct keys *ks, struct key *k)
{
	assert(TAILQ_FIRST(&ks->kept) != k);
	(void)RB_REMOVE(key_texts, &ks->texts, k);
	ks->n--;
	free(k);
}

void
keys_free(struct keys *ks)
{
	struct key *k;

	TAILQ_INIT(&ks->kept);
	while ((k = RB_ROOT(&ks->texts)) != NULL)
		take_out(ks, k);
}

static bool
is_old(const struct key *k, double now)
{
	return !k->pending && now - k->when >= KEYS_AGE;
}

/* Each call makes one at most, so there is never much to forget. */
static void
grow_old(struct keys *ks, double now)
{
	struct key *k;
	unsigned n;

	for (n = 0; n < SLICE; n++) {
		k = TAILQ_FIRST(&ks->kept);
		if (k == NULL || !is_old(k, now))
			return;
		TAILQ_REMOVE(&ks->kept, k, link);
		take_out(ks, k);
	}
}

/* Known or not any more. */
static struct key *
look_up(const struct keys *ks, const char text[POST_KEY_TEXT])
{
	return RB_FIND(key_texts, (struct key_texts *)(uintptr_t)&ks->texts,
	    &(struct key){.text = text});
}

const struct key *
keys_find(struct keys *ks, const char *channel, const char *key, double now)
{
	char text[POST_KEY_TEXT];
	const struct key *k;

	grow_old(ks, now);
	(void)post_key_text(text, channel, key, strlen(key));
	k = look_up(ks, text);
	return k == NULL || is_old(k, now) ? NULL : k;
}

static struct key *
key_new(struct keys *ks, const char *text)
{
	size_t size = strlen(text) + 1;
	struct key *k = calloc(1, sizeof(*k) + size);

	if (k == NULL)
		return NULL;
	k->text = memcpy(k->bytes, text, size);
	(void)RB_INSERT(key_texts, &ks->texts, k);
	ks->n++;
	return k;
}

enum keys_result
keys_promise(struct keys *ks, const char *channel, const char *key, double now,
    struct key **promise)
{
	char text[POST_KEY_TEXT];
	struct key *k;

	grow_old(ks, now);
	(void)post_key_text(text, channel, key, strlen(key));
	k = look_up(ks, text);
	if (k != NULL) { /* and has only not been forgotten yet */
		assert(is_old(k, now));
		TAILQ_REMOVE(&ks->kept, k, link);
	} else if (ks->n >= ks->max)
		return KEYS_FULL;
	else if ((k = key_new(ks, text)) == NULL)
		return KEYS_NO_MEMORY;
	k->pending = true;
	*promise = k;
	return KEYS_DONE;
}

/* Nearly always it is the newest. */
void
keys_keep(struct keys *ks, struct key *k, struct eventid last, size_t events,
    double when)
{
	struct key *older = TAILQ_LAST(&ks->kept, key_list);

	assert(k->pending);
	k->pending = false;
	k->when = when;
	k->last = last;
	k->events = events;
	while (older != NULL && older->when > when)
		older = TAILQ_PREV(older, key_list, link);
	if (older == NULL)
		TAILQ_INSERT_HEAD(&ks->kept, k, link);
	else
		TAILQ_INSERT_AFTER(&ks->kept, older, k, link);
}

void
keys_break(struct keys *ks, struct key *k)
{
	assert(k->pending);
	take_out(ks, k);
}
