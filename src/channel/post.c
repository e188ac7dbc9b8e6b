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

bool
post_key_valid(const char *key)
{
	size_t n = 0;

	while (key[n] > ' ' && key[n] < 0x7f)
		n++;
	return n >= 1 && n <= POST_KEY_MAX && key[n] == '\0';
}
