/* SPDX-License-Identifier: ISC */
/*
 * What a producer may write, in pieces, each with its size in a byte before it.
 * The same bytes at once must make the same events; what is held is bounded.
 */
#include "channel/sse_split.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define EVENT_MAX 64

/* A digest of all events, in their order, and how it ended. */
struct found {
	uint64_t sum;
	size_t events;
	enum split_result end;
};

static void
add(struct found *f, const char *bytes, size_t len)
{
	for (; len > 0; bytes++, len--)
		f->sum = (f->sum ^ (unsigned char)*bytes) * 1099511628211u;
	f->sum = (f->sum ^ 256) * 1099511628211u;
}

static void
look(struct found *f, const struct sse_message *m)
{
	size_t type = m->type == NULL ? 0 : strlen(m->type);

	assert(m->len + type <= EVENT_MAX);
	assert(utf8_valid((const uint8_t *)m->data, m->len));
	assert(m->type == NULL || utf8_valid((const uint8_t *)m->type, type));
	f->events++;
	add(f, m->data, m->len);
	add(f, m->type, type);
}

static void
take(struct found *f, struct sse_split *s, const char *bytes, size_t len)
{
	struct sse_message m;
	size_t used;

	for (; len > 0 && (f->end == SPLIT_MORE || f->end == SPLIT_EVENT);
	     bytes += used, len -= used) {
		f->end = sse_split_read(s, bytes, len, &used);
		assert(used > 0 && used <= len);
		if (f->end != SPLIT_EVENT)
			continue;
		m = sse_split_event(s);
		look(f, &m);
		if (f->events % 3 == 0)
			sse_split_drop(s);
		else
			sse_split_keep(s);
	}
}

static void
pieces(struct found *f, const uint8_t *bytes, size_t len, char *all, size_t *n)
{
	struct sse_split s;
	size_t size;

	sse_split_init(&s, EVENT_MAX, false);
	for (*n = 0; len > 0; bytes += size, len -= size) {
		size = *bytes++;
		len--;
		if (size > len)
			size = len;
		memcpy(all + *n, bytes, size);
		*n += size;
		take(f, &s, (const char *)bytes, size);
		sse_split_give_up(&s);
		assert(sse_split_size(&s) <= 4096);
	}
	sse_split_free(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct found cut = {0}, whole = {0};
	char *all = malloc(len + 1);
	struct sse_split s;
	size_t n;

	assert(all != NULL);
	pieces(&cut, bytes, len, all, &n);
	sse_split_init(&s, EVENT_MAX, false);
	take(&whole, &s, all, n);
	sse_split_free(&s);
	assert(cut.sum == whole.sum && cut.events == whole.events);
	assert((cut.end > SPLIT_EVENT) == (whole.end > SPLIT_EVENT));
	free(all);
	return 0;
}
