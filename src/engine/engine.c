/* SPDX-License-Identifier: ISC */
/*
 * What engines share.
 */
#include "engine/engine.h"

bool
engine_is_filled(const struct engine *engine)
{
	return engine->place(engine, (struct eventid){0, 0}) != PLACE_NOT_YET;
}

bool
engine_may_yet(enum publish_result result)
{
	return result == PUBLISH_NO_ROOM || result == PUBLISH_NO_MEMORY ||
	       result == PUBLISH_AWAY;
}

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

bool
engine_repeats(struct keys *keys, const struct post *post, double now,
    struct published *what)
{
	const struct key *k =
	    post->key == NULL ?
		NULL :
		keys_find(keys, post->channels[0], post->key, now);

	if (k == NULL)
		return false;
	if (k->pending) {
		what->result = PUBLISH_NO_ROOM;
		what->why = "a publication with this key is under way";
		return true;
	}
	what->result = PUBLISHED;
	what->repeated = true;
	what->last = k->last;
	what->events = k->events;
	return true;
}

struct key *
engine_promise_key(struct keys *keys, const struct post *post, double now,
    struct published *what)
{
	static const enum publish_result results[] = {[KEYS_DONE] = PUBLISHED,
	    [KEYS_FULL] = PUBLISH_NO_ROOM,
	    [KEYS_NO_MEMORY] = PUBLISH_NO_MEMORY};
	enum keys_result result;
	struct key *k = NULL;

	what->result = PUBLISHED;
	if (post->key == NULL)
		return NULL;
	result = keys_promise(keys, post->channels[0], post->key, now, &k);
	what->result = results[result];
	if (result == KEYS_FULL)
		what->why = "there are too many keys";
	return k;
}

size_t
engine_histogram(struct engine_figure row[ENGINE_HISTOGRAM_ROWS],
    const struct histogram *h, const char *sum, const char *count,
    const char *name, const char *help)
{
	struct engine_figure like = {NULL, name, "", "histogram", help, 0,
	    "_bucket"};
	unsigned long long below = 0;
	size_t i;

	for (i = 0; i <= HISTOGRAM_BUCKETS; i++) {
		below += h->bucket[i];
		row[i] = like;
		row[i].label = histogram_labels[i];
		row[i].value = (double)below;
	}
	row[i] = like;
	row[i].json = sum;
	row[i].suffix = "_sum";
	row[i++].value = h->sum;
	row[i] = like;
	row[i].json = count;
	row[i].suffix = "_count";
	row[i++].value = (double)h->count;
	return i;
}

struct engine_figure
engine_keys(size_t n)
{
	return (struct engine_figure){"keys", "ssefcgi_keys", "", "gauge",
	    "Keys of publications that are known.", (double)n, NULL};
}

enum place
engine_place(const struct eventid_source *source, const struct hub *h,
    struct eventid id)
{
	if (!eventid_is_ours(source, id))
		return PLACE_ANOTHER_LIFE;
	return eventid_compare(id, h->last) > 0 ? PLACE_UNKNOWN : PLACE_AFTER;
}
