/* SPDX-License-Identifier: ISC */
/*
 * What a producer may write, in pieces, each with its size in a byte before it.
 * The same bytes at once must make the same events, and those that a browser
 * makes of them; what is held is bounded.
 */
#include "channel/sse_split.h"

#include "base/utf8.h"
#include "read.h"

#define LARGEST 64

/* A digest of all events, in their order, and how it ended. */
struct found {
	uint64_t sum;
	size_t events;
	size_t used; /* bytes */
	enum split_result end;
};

static void
add(struct found *f, const struct sse_message *m)
{
	f->sum = digest_bytes(f->sum, m->data, m->len);
	if (m->type != NULL)
		f->sum = digest_bytes(f->sum, m->type, strlen(m->type));
	f->sum = digest(f->sum, ++f->events);
}

/* browser: what it makes of the same bytes, or NULL. */
static void
look(struct found *f, const struct sse_message *m,
    const struct messages *browser)
{
	size_t type = m->type == NULL ? 0 : strlen(m->type);

	assert(m->len + type <= LARGEST);
	assert(utf8_valid((const uint8_t *)m->data, m->len));
	assert(m->type == NULL || utf8_valid((const uint8_t *)m->type, type));
	if (browser != NULL) {
		assert(f->events < browser->n);
		if (f->events < READ_MAX) {
			assert(message_has_type(&browser->one[f->events],
			    type == 0 ? NULL : m->type));
			assert(bytes_are(&browser->one[f->events].data, m->data,
			    m->len));
		}
	}
	add(f, m);
}

static void
take(struct found *f, struct sse_split *s, const char *bytes, size_t len,
    const struct messages *browser)
{
	struct sse_message m;
	size_t used;

	for (; len > 0 && (f->end == SPLIT_MORE || f->end == SPLIT_EVENT);
	     bytes += used, len -= used) {
		f->end = sse_split_read(s, bytes, len, &used);
		assert(used > 0 && used <= len);
		f->used += used;
		if (f->end != SPLIT_EVENT)
			continue;
		m = sse_split_event(s);
		look(f, &m, browser);
		if (f->events % 3 == 0)
			sse_split_drop(s);
		else
			sse_split_keep(s);
	}
}

/* all, of *n bytes, is what they are without their sizes. */
static void
pieces(struct found *f, struct input in, char *all, size_t *n)
{
	struct sse_split s;
	struct input piece;
	char *copy;

	sse_split_init(&s, LARGEST, false);
	for (*n = 0; in.len > 0; *n += piece.len) {
		piece = input_part(&in, input_byte(&in));
		if (piece.len > 0)
			memcpy(all + *n, piece.at, piece.len);
		copy = (char *)input_copy(piece);
		take(f, &s, copy, piece.len, NULL);
		free(copy);
		sse_split_give_up(&s);
		assert(sse_split_size(&s) <= 4096);
	}
	sse_split_free(&s);
}

/* At once, and beside a browser. */
static void
whole(struct found *f, const char *all, size_t len)
{
	static struct messages browser;
	struct sse_split s;

	messages_read(&browser, all, len);
	sse_split_init(&s, LARGEST, false);
	take(f, &s, all, len, &browser);
	sse_split_free(&s);
	messages_free(&browser);
	if (f->end != SPLIT_MORE && f->end != SPLIT_EVENT)
		len = f->used - 1; /* the last byte may have ended an event */
	messages_read(&browser, all, len);
	assert(browser.n == f->events);
	messages_free(&browser);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct found cut = {.sum = DIGEST}, once = {.sum = DIGEST};
	char *all = malloc(len + 1);
	size_t n;

	assert(all != NULL);
	pieces(&cut, (struct input){data, len}, all, &n);
	whole(&once, all, n);
	assert(cut.sum == once.sum && cut.events == once.events);
	assert((cut.end > SPLIT_EVENT) == (once.end > SPLIT_EVENT));
	free(all);
	return 0;
}
