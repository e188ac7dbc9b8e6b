/* SPDX-License-Identifier: ISC */
#ifndef JSONLINE_H
#define JSONLINE_H

/*
 * A line of a log that is JSON, read by a parser that is not ours.
 */
#include <jansson.h>

static inline json_t *
object_in(const char *line, size_t len)
{
	json_error_t error;
	json_t *all = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	if (all == NULL)
		fail_msg("%s: %.*s", error.text, (int)len, line);
	return all;
}

static inline const char *
string_in(const json_t *all, const char *name)
{
	const char *s = json_string_value(json_object_get(all, name));

	if (s == NULL)
		fail_msg("there is no string %s", name);
	return s;
}

static inline void
assert_number(const json_t *all, const char *name, double is)
{
	const json_t *n = json_object_get(all, name);

	assert_true(json_is_number(n));
	assert_true(json_number_value(n) == is);
}

#endif
