/* SPDX-License-Identifier: ISC */
/*
 * Keys in the order of their entries.  That is the order of the ids, so what is
 * seen goes to the end of the list, and what grows old is at its beginning.
 */
#include "engine/repeats.h"

#include <stdlib.h>
#include <string.h>

#include "channel/post.h"

#define SLICE 64 /* that are forgotten in one call; each makes one at most */

static int
compare_texts(const struct repeat *a, const struct repeat *b)
{
	return strcmp(a->text, b->text);
}

RB_PROTOTYPE(repeat_texts, repeat, by_text, compare_texts)
RB_GENERATE(repeat_texts, repeat, by_text, compare_texts)

void
repeats_init(struct repeats *rs)
{
	*rs = (struct repeats){0};
	RB_INIT(&rs->texts);
	TAILQ_INIT(&rs->seen);
}

static void
forget(struct repeats *rs, struct repeat *k)
{
	(void)RB_REMOVE(repeat_texts, &rs->texts, k);
	TAILQ_REMOVE(&rs->seen, k, link);
	rs->n--;
	free(k);
}

void
repeats_free(struct repeats *rs)
{
	struct repeat *k, *next;

	for (k = TAILQ_FIRST(&rs->seen); k != NULL; k = next) {
		next = TAILQ_NEXT(k, link);
		forget(rs, k);
	}
}

void
repeats_time(struct repeats *rs, struct eventid id, double now)
{
	rs->ms = id.ms;
	rs->at = now;
}

uint64_t
repeats_now(const struct repeats *rs, double now)
{
	return rs->ms + (uint64_t)((now - rs->at) * 1000);
}

/* An id may be anybody's, so ms may be any number. */
static bool
is_old(const struct repeat *k, uint64_t ms)
{
	return ms > k->ms && ms - k->ms >= REPEATS_MS;
}

static void
forget_old(struct repeats *rs, uint64_t ms)
{
	struct repeat *k = TAILQ_FIRST(&rs->seen), *next;
	unsigned n;

	for (n = 0; n < SLICE && k != NULL; n++, k = next) {
		if (!is_old(k, ms) && rs->n < REPEATS_MAX)
			return;
		next = TAILQ_NEXT(k, link);
		forget(rs, k);
	}
}

static struct repeat *
find(struct repeats *rs, const char *text)
{
	struct repeat wanted = {.text = text};

	return RB_FIND(repeat_texts, &rs->texts, &wanted);
}

struct repeat *
repeats_find(struct repeats *rs, const char *channel, const char *key,
    size_t key_len, uint64_t ms)
{
	char text[POST_KEY_TEXT];
	struct repeat *k;

	(void)post_key_text(text, channel, key, key_len);
	k = find(rs, text);
	return k == NULL || is_old(k, ms) ? NULL : k;
}

bool
repeats_full(const struct repeats *rs, uint64_t ms)
{
	return rs->n >= REPEATS_OF_POSTS && !is_old(TAILQ_FIRST(&rs->seen), ms);
}

void
repeats_again(struct repeats *rs, struct repeat *k, struct eventid id)
{
	k->ms = id.ms;
	TAILQ_REMOVE(&rs->seen, k, link);
	TAILQ_INSERT_TAIL(&rs->seen, k, link);
}

static struct repeat *
make(struct repeats *rs, const char *text, size_t len)
{
	struct repeat *k = calloc(1, sizeof(*k) + len + 1);

	if (k == NULL)
		return NULL;
	k->text = memcpy(k->bytes, text, len + 1);
	(void)RB_INSERT(repeat_texts, &rs->texts, k);
	TAILQ_INSERT_TAIL(&rs->seen, k, link);
	rs->n++;
	return k;
}

void
repeats_note(struct repeats *rs, const char *channel, const char *key,
    size_t key_len, unsigned part, struct eventid id, bool end)
{
	struct repeat *k;
	char text[POST_KEY_TEXT];
	size_t len = post_key_text(text, channel, key, key_len);

	forget_old(rs, id.ms);
	k = find(rs, text);
	if (k == NULL)
		k = make(rs, text, len);
	else
		repeats_again(rs, k, id);
	if (k == NULL)
		return;
	k->ms = id.ms;
	k->last = id;
	k->parts = part;
	k->ends = end;
}
