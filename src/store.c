/* SPDX-License-Identifier: ISC */
/*
 * A growing run of bytes in one allocation.  It doubles, so that bytes which
 * come one by one are copied twice at most on the average.
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 1024 /* a request's parameters are about so long */

int
store_add(struct store **store, const uint8_t *bytes, size_t len)
{
	struct store *s = *store;
	size_t used = s == NULL ? 0 : s->len, cap;

	if (s == NULL || len > s->cap - used) {
		cap = used + len < SIZE_MIN ? SIZE_MIN : (used + len) * 2;
		s = realloc(s, sizeof(*s) + cap);
		if (s == NULL)
			return -1;
		if (*store == NULL)
			s->kept = s->len = 0;
		s->cap = cap;
		*store = s;
	}
	memcpy(s->bytes + used, bytes, len);
	s->len = used + len;
	return 0;
}

const uint8_t *
store_latest(const struct store *s, size_t *len)
{
	static const uint8_t nothing[1];

	*len = s == NULL ? 0 : s->len - s->kept;
	return s == NULL ? nothing : s->bytes + s->kept;
}

void
store_keep(struct store *s)
{
	s->kept = s->len;
}

void
store_forget(struct store **store)
{
	if (*store == NULL)
		return;
	(*store)->len = (*store)->kept;
	if ((*store)->len == 0)
		store_free(store);
}

void
store_give_up(struct store **store)
{
	struct store *s = *store;

	if (s == NULL)
		return;
	s->len -= s->kept;
	memmove(s->bytes, s->bytes + s->kept, s->len);
	s->kept = 0;
	if (s->len == 0)
		store_free(store);
}

void
store_free(struct store **store)
{
	free(*store);
	*store = NULL;
}
