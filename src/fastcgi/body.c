/* SPDX-License-Identifier: ISC */
/*
 * The body of a request that wants it.  It grows by bytes that are here; one
 * body is bounded, and so are the buffers of all the unfinished ones together:
 * the one that needs more room than there is is refused.
 */
#include "fastcgi/body.h"

#include "base/buffer.h"

enum body_result
body_add(struct body *b, const uint8_t *data, size_t len)
{
	size_t had = b->bytes == NULL ? 0 : b->bytes->len;
	size_t cap = b->bytes == NULL ? 0 : b->bytes->cap;

	if (len > b->max - had)
		return BODY_LONG;
	if (buffer_add(&b->bytes, data, len) == -1)
		return BODY_NO_MEMORY;
	b->all->bytes += b->bytes->cap - cap;
	return b->all->bytes > b->all->max ? BODY_NO_ROOM : BODY_MORE;
}

void
body_forget(struct body *b)
{
	if (b->bytes != NULL)
		b->all->bytes -= b->bytes->cap;
	buffer_free(&b->bytes);
}
