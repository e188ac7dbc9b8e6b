/* SPDX-License-Identifier: ISC */
/*
 * What is published at once.
 */
#include "channel/post.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

size_t
post_ids(const struct post *p)
{
	return p->n + p->end;
}

static bool
are_different(const char *const names[], size_t n)
{
	size_t i, other;

	for (i = 1; i < n; i++)
		for (other = 0; other < i; other++)
			if (strcmp(names[i], names[other]) == 0)
				return false;
	return true;
}

bool
post_valid(const struct post *p)
{
	if (p->channels_n == 0 || p->channels_n > POST_CHANNELS_MAX ||
	    !are_different(p->channels, p->channels_n))
		return false;
	if (p->end)
		return p->channels_n == 1 && (!p->erase || p->n == 0);
	return p->n > 0 && !p->erase;
}

size_t
post_key_length(const char *text)
{
	size_t n = 0;

	while (text[n] > ' ' && text[n] <= '~')
		n++;
	return n;
}

bool
post_key_valid(const char *key)
{
	size_t n = post_key_length(key);

	return n >= 1 && n <= POST_KEY_MAX && key[n] == '\0';
}

size_t
post_key_text(char text[static POST_KEY_TEXT], const char *channel,
    const char *key, size_t key_len)
{
	int n = snprintf(text, POST_KEY_TEXT, "%s %.*s", channel, (int)key_len,
	    key);

	assert(n > 0 && n < POST_KEY_TEXT);
	return (size_t)n;
}
