/* SPDX-License-Identifier: ISC */
/*
 * Which ids there were, in sixteen bytes for each.
 */
#include "engine/ids.h"

#include <assert.h>
#include <stdlib.h>

#define CAP_MIN 64

int
ids_add(struct ids *s, struct eventid id)
{
	size_t cap = s->cap == 0 ? CAP_MIN : s->cap * 2;
	struct eventid *more;

	assert(s->n == 0 || eventid_compare(id, s->id[s->n - 1]) < 0);
	if (s->n == s->cap) {
		more = realloc(s->id, cap * sizeof(*more));
		if (more == NULL)
			return -1;
		s->id = more;
		s->cap = cap;
	}
	s->id[s->n++] = id;
	return 0;
}

bool
ids_have(const struct ids *s, struct eventid id)
{
	size_t low = 0, high = s->n, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = eventid_compare(s->id[middle], id);
		if (order == 0)
			return true;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

void
ids_free(struct ids *s)
{
	free(s->id);
	*s = (struct ids){0};
}
