/* SPDX-License-Identifier: ISC */
/*
 * What is published at once.
 */
#include "channel/post.h"

size_t
post_ids(const struct post *p)
{
	return p->n + p->end;
}

bool
post_valid(const struct post *p)
{
	if (p->channels_n == 0 || p->channels_n > POST_CHANNELS_MAX)
		return false;
	if (p->end)
		return p->channels_n == 1 && (!p->erase || p->n == 0);
	return p->n > 0 && !p->erase;
}
