/* SPDX-License-Identifier: ISC */
/*
 * A growing run of bytes in one allocation.  It doubles, so that bytes which
 * come one by one are copied twice at most on the average.
 */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 1024 /* a request's parameters are about so long */

int
buffer_add(struct buffer **buffer, const uint8_t *bytes, size_t len)
{
	struct buffer *b = *buffer;
	size_t used = b == NULL ? 0 : b->len, cap;

	if (b == NULL || len > b->cap - used) {
		cap = used + len < SIZE_MIN ? SIZE_MIN : (used + len) * 2;
		b = realloc(b, sizeof(*b) + cap);
		if (b == NULL)
			return -1;
		if (*buffer == NULL)
			b->kept = b->len = 0;
		b->cap = cap;
		*buffer = b;
	}
	memcpy(b->bytes + used, bytes, len);
	b->len = used + len;
	return 0;
}

const uint8_t *
buffer_latest(const struct buffer *b, size_t *len)
{
	static const uint8_t nothing[1];

	*len = b == NULL ? 0 : b->len - b->kept;
	return b == NULL ? nothing : b->bytes + b->kept;
}

void
buffer_keep(struct buffer *b)
{
	b->kept = b->len;
}

void
buffer_forget(struct buffer **buffer)
{
	if (*buffer == NULL)
		return;
	(*buffer)->len = (*buffer)->kept;
	if ((*buffer)->len == 0)
		buffer_free(buffer);
}

void
buffer_give_up(struct buffer **buffer)
{
	struct buffer *b = *buffer;

	if (b == NULL)
		return;
	b->len -= b->kept;
	memmove(b->bytes, b->bytes + b->kept, b->len);
	b->kept = 0;
	if (b->len == 0)
		buffer_free(buffer);
}

void
buffer_shrink(struct buffer **buffer)
{
	struct buffer *b = *buffer;
	size_t cap;

	if (b == NULL || b->cap <= (size_t)2 * SIZE_MIN || b->len >= b->cap / 4)
		return;
	cap = b->len * 2 < SIZE_MIN ? SIZE_MIN : b->len * 2;
	b = realloc(b, sizeof(*b) + cap);
	if (b == NULL)
		return; /* it stays as it is */
	b->cap = cap;
	*buffer = b;
}

void
buffer_free(struct buffer **buffer)
{
	free(*buffer);
	*buffer = NULL;
}
