/* SPDX-License-Identifier: ISC */
/*
 * What a server that may be anything sends us: replies in pieces, each with its
 * size in a byte before it.  As in a reply to XREAD the entries are taken out
 * as they come, and read.  The same bytes at once must make the same replies.
 */
#include "engine/resp.h"

#include "base/utf8.h"
#include "channel/channel.h"
#include "engine/entry.h"
#include "fuzz.h"

#define MAX	(1UL << 20) /* more than any input makes of itself */
#define WORDS	64
#define LARGEST 64

/* A digest of all values, in their order, and how it ended. */
struct found {
	uint64_t sum;
	size_t replies;
	enum resp_result end;
};

static void
add(struct found *f, uint64_t n)
{
	f->sum = digest(f->sum, n);
}

static void
look_at_channels(const struct entry *e)
{
	size_t i, j;

	assert(e->channels_n > 0 && e->channels_n <= POST_CHANNELS_MAX);
	for (i = 0; i < e->channels_n; i++) {
		assert(channel_name_valid(e->channels[i]));
		for (j = 0; j < i; j++)
			assert(strcmp(e->channels[i], e->channels[j]) != 0);
	}
}

/* Its key as another process would write it. */
static void
look_at_key(const struct entry *e)
{
	char key[POST_KEY_MAX + 1], text[ENTRY_KEY_SIZE];

	assert(e->key_len > 0 && e->key_len <= POST_KEY_MAX && e->part > 0);
	memcpy(key, e->key, e->key_len);
	key[e->key_len] = '\0';
	assert(post_key_valid(key));
	entry_key(text, key, e->part);
	assert(strncmp(text, e->key, strlen(text)) == 0);
}

/* What tells it from others is the same of its words. */
static void
look_at_print(const struct resp_value *v)
{
	const struct resp_value *list = resp_element(v, 1), *text;
	const char *words[WORDS + 1];
	size_t n = 0;

	if (list == NULL || list->type != RESP_ARRAY)
		return;
	for (text = list->first; text != NULL; text = text->next) {
		if (n == WORDS || strlen(text->text) != text->len)
			return;
		words[n++] = text->text;
	}
	words[n] = NULL;
	assert(entry_print(v) == entry_print_words(words));
}

/* What an event says is what may be published. */
static void
look(const struct entry *e, enum entry_kind kind, const char *why)
{
	struct post post;

	assert((kind == ENTRY_SKIPPED) == (why != NULL));
	if (kind == ENTRY_BAD)
		return;
	assert(e->id.ms > 0 || e->id.n > 0);
	if (kind != ENTRY_EVENT && kind != ENTRY_END)
		return;
	look_at_channels(e);
	assert(kind == ENTRY_EVENT || e->channels_n == 1);
	if (e->key != NULL)
		look_at_key(e);
	post = entry_post(e, kind);
	assert(post_valid(&post));
	if (kind == ENTRY_END)
		return;
	assert(e->message.len <= LARGEST);
	assert(utf8_valid((const uint8_t *)e->message.data, e->message.len));
	assert(e->message.type == NULL ||
	       (e->message.type[0] != '\0' &&
		   strpbrk(e->message.type, "\r\n") == NULL));
}

static void
add_value(struct found *f, const struct resp_value *v)
{
	const struct resp_value *element;
	struct entry e;
	const char *why;
	enum entry_kind kind = entry_read(&e, v, LARGEST, &why);
	size_t i;

	look(&e, kind, why);
	if (kind != ENTRY_BAD)
		look_at_print(v);
	assert(entry_print(v) % 2 == 1);
	add(f, (uint64_t)v->type);
	add(f, (uint64_t)v->number);
	add(f, v->wanted);
	assert(v->text[v->len] == '\0');
	for (i = 0; i < v->len; i++)
		add(f, (unsigned char)v->text[i]);
	for (element = v->first; element != NULL; element = element->next)
		add_value(f, element);
}

/* [[key, [entry, ...]]] */
static void
pluck(struct resp *r, struct found *f, struct resp_value *root)
{
	struct resp_value *key = root == NULL ? NULL : resp_element(root, 0);
	struct resp_value *list = key == NULL ? NULL : resp_element(key, 1);
	struct resp_value *entry;

	if (list == NULL)
		return;
	while ((entry = resp_shift(r, list)) != NULL) {
		assert(resp_whole(entry) && entry->next == NULL);
		add_value(f, entry);
		resp_value_free(entry);
	}
}

static size_t
count(const struct resp_value *v)
{
	const struct resp_value *element;
	size_t n = sizeof(*v) + v->len + 1;

	for (element = v->first; element != NULL; element = element->next)
		n += count(element);
	return n;
}

static bool
feed(struct resp *r, struct found *f, const uint8_t *data, size_t len)
{
	struct resp_value *v;

	f->end = resp_feed(r, (const char *)data, len);
	while (
	    f->end == RESP_MORE && (f->end = resp_next(r, &v)) == RESP_WHOLE) {
		assert(resp_whole(v));
		pluck(NULL, f, v);
		add_value(f, v);
		add(f, ++f->replies);
		resp_value_free(v);
		f->end = RESP_MORE;
	}
	assert(r->bytes <= r->max);
	pluck(r, f, r->root);
	assert(r->bytes == (r->root == NULL ? 0 : count(r->root)));
	return f->end == RESP_MORE;
}

static struct found
read_in_pieces(const uint8_t *data, size_t len, size_t max)
{
	struct found f = {.sum = DIGEST};
	struct resp r;
	size_t n;

	assert(resp_init(&r, max) == 0);
	while (len > 1) {
		n = data[0] < len ? data[0] : len - 1;
		if (!feed(&r, &f, data + 1, n))
			break;
		data += 1 + n;
		len -= 1 + n;
	}
	resp_free(&r);
	return f;
}

/* Without what says their sizes. */
static struct found
read_at_once(const uint8_t *data, size_t len)
{
	struct found f = {.sum = DIGEST};
	uint8_t *all = malloc(len + 1);
	struct resp r;
	size_t n, size = 0;

	assert(all != NULL && resp_init(&r, MAX) == 0);
	while (len > 1) {
		n = data[0] < len ? data[0] : len - 1;
		memcpy(all + size, data + 1, n);
		size += n;
		data += 1 + n;
		len -= 1 + n;
	}
	(void)feed(&r, &f, all, size);
	free(all);
	resp_free(&r);
	return f;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct found pieces = read_in_pieces(data, len, MAX);
	struct found once = read_at_once(data, len);

	assert(pieces.end == once.end);
	assert(pieces.replies == once.replies);
	assert(pieces.sum == once.sum);
	(void)read_in_pieces(data, len, 512); /* it becomes too large */
	return 0;
}
