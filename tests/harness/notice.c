/* SPDX-License-Identifier: ISC */
/*
 * The data of gaps and of ends: JSON as the program writes it, and no other.
 */
#include "notice.h"

#include <string.h>

/* A string's value at *p, which must begin with key; *p moves behind it. */
static bool
json_string(const char **p, const char *key, const char **value, size_t *len)
{
	size_t skip = strlen(key);

	if (strncmp(*p, key, skip) != 0)
		return false;
	*p += skip;
	*value = NULL;
	if (strncmp(*p, "null", 4) == 0) {
		*p += 4;
		return true;
	}
	if (**p != '"')
		return false;
	*value = *p + 1;
	for (*len = 0; (*value)[*len] != '"'; ++*len)
		if ((*value)[*len] == '\\')
			++*len;
		else if ((*value)[*len] == '\0')
			return false;
	*p = *value + *len + 1;
	return true;
}

/* A gap's reason, and whether all channels may have it together. */
static bool
good_reason(const char *reason, size_t len, bool all)
{
	static const struct {
		const char *reason;
		bool all, one;
	} known[] = {
	    {"overflow", false, true},
	    {"restart", true, false},
	    {"unknown", true, false},
	    {"source", true, true},
	    {"deleted", false, true},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].reason) == len &&
		    memcmp(known[i].reason, reason, len) == 0)
			return all ? known[i].all : known[i].one;
	return false;
}

/* Is it the name as it stands in JSON? */
static bool
is_name(const char *name, const char *text, size_t len)
{
	const char *end = text + len;

	for (; text < end && *name != '\0'; text++, name++) {
		if (*text == '\\')
			text++;
		else if (*name == '"' || *name == '\\')
			return false;
		if (*text != *name)
			return false;
	}
	return text == end && *name == '\0';
}

static bool
find_channel(const struct page *page, const char *name, size_t len,
    unsigned *channel)
{
	size_t i;

	for (i = 0; name != NULL && i < page->channels; i++) {
		*channel = page->channel[i];
		if (is_name(page->checker->channel[*channel].name, name, len))
			return true;
	}
	return false;
}

bool
notice_gap(const struct page *page, struct seen_gap *g, const char *text)
{
	const char *channel, *from, *to, *reason;
	size_t channel_len = 0, from_len = 0, to_len = 0, reason_len = 0;

	if (!json_string(&text, "{\"channel\":", &channel, &channel_len) ||
	    !json_string(&text, ",\"from\":", &from, &from_len) ||
	    !json_string(&text, ",\"to\":", &to, &to_len) ||
	    !json_string(&text, ",\"reason\":", &reason, &reason_len) ||
	    strcmp(text, "}") != 0 || to == NULL || reason == NULL)
		return false;
	g->has_channel = channel != NULL;
	g->has_from = from != NULL;
	return (!g->has_channel ||
		   find_channel(page, channel, channel_len, &g->channel)) &&
	       (!g->has_from || id_parse(&g->from, from, from_len)) &&
	       id_parse(&g->to, to, to_len) &&
	       good_reason(reason, reason_len, !g->has_channel);
}

bool
notice_end(const struct page *page, unsigned *channel, const char *text)
{
	const char *name;
	size_t len = 0;

	return json_string(&text, "{\"channel\":", &name, &len) &&
	       strcmp(text, "}") == 0 && find_channel(page, name, len, channel);
}
