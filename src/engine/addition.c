/* SPDX-License-Identifier: ISC */
/*
 * A post from the loop's turn to the writer's transaction: one piece of memory.
 */
#include "engine/addition.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"

/* The channels' names, each for itself, and all of them as the file has them.
 */
static void
put_channels(char **room, struct addition *a, const struct post *post)
{
	const char *all;
	size_t i;

	for (i = 0; i < post->channels_n; i++)
		a->channel[i] = (struct addition_channel){
		    .name = room_put(room, post->channels[i])};
	a->channels = a->channel[0].name;
	if (post->channels_n == 1)
		return;
	a->channels = all = *room;
	for (i = 0; i < post->channels_n; i++) {
		(void)room_put(room, post->channels[i]);
		(*room)[-1] = ' ';
	}
	(*room)[-1] = '\0';
	assert(strlen(all) + 1 == (size_t)(*room - all));
}

static void
put_messages(char **room, struct sse_message *to, const struct post *post)
{
	const struct sse_message *m = post->messages;

	for (; m < post->messages + post->n; m++, to++) {
		*to = *m;
		to->type = room_put(room, m->type);
		to->data = room_put_bytes(room, m->data, m->len);
	}
}

/* Bytes of the texts that an addition has. */
static size_t
size_of_texts(const struct post *post)
{
	size_t bytes = room_for(post->key), i;

	for (i = 0; i < post->channels_n; i++)
		bytes += 2 * room_for(post->channels[i]);
	for (i = 0; i < post->n; i++)
		bytes +=
		    post->messages[i].len + room_for(post->messages[i].type);
	return bytes;
}

struct addition *
addition_new(const struct post *post, const int64_t key[])
{
	size_t ids = post_ids(post),
	       fixed = sizeof(struct addition) +
		       post->channels_n * sizeof(struct addition_channel) +
		       ids * sizeof(*key) + post->n * sizeof(*post->messages),
	       bytes = fixed + size_of_texts(post);
	struct addition *a = malloc(bytes);
	struct sse_message *message;
	char *room;

	if (a == NULL)
		return NULL;
	*a = (struct addition){.channels_n = post->channels_n,
	    .n = post->n,
	    .end = post->end,
	    .erase = post->erase,
	    .bytes = bytes};
	a->channel = (struct addition_channel *)(a + 1);
	a->key = memcpy(a->channel + post->channels_n, key, ids * sizeof(*key));
	message =
	    (struct sse_message *)((int64_t *)(a->channel + post->channels_n) +
				   ids);
	a->message = message;
	room = (char *)a + fixed;
	put_channels(&room, a, post);
	put_messages(&room, message, post);
	a->post_key = room_put(&room, post->key);
	return a;
}

int64_t
addition_last(const struct addition *a)
{
	return a->key[a->n + a->end - 1];
}

static int
add_channels(const struct addition *a, struct store *s)
{
	const struct addition_channel *ch = a->channel;

	for (; ch < a->channel + a->channels_n; ch++)
		if (ch->new &&store_add_channel(s, ch->name, ch->lost) == -1)
			return -1;
	return 0;
}

static int
add_end(const struct addition *a, struct store *s)
{
	const char *channel = a->channel[0].name;

	if (store_end(s, channel, a->key[a->n], a->time) == -1)
		return -1;
	return a->erase ? store_erase(s, channel, a->erased) : 0;
}

int
addition_write(const struct addition *a, struct store *s)
{
	struct store_keyed keyed = {.last = addition_last(a),
	    .events = a->n,
	    .time = a->time,
	    .channel = a->channel[0].name,
	    .key = a->post_key};
	size_t i;

	if (add_channels(a, s) == -1)
		return -1;
	for (i = 0; i < a->n; i++)
		if (store_add(s, a->key[i], a->time, a->channels,
			&a->message[i]) == -1)
			return -1;
	if (a->end && add_end(a, s) == -1)
		return -1;
	return a->post_key == NULL ? 0 : store_add_keyed(s, &keyed);
}
