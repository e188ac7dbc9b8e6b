/* SPDX-License-Identifier: ISC */
/*
 * From what somebody has signed to what it permits: each claim is bounded, for
 * whoever has a key need not be careful with it.
 */
#include "serve/ticket_inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "channel/name.h"

#define LAST 253402300799.0 /* the year 9999; in milliseconds: 1978 */

/* Seconds.  false: it is not there, or is no time. */
static bool
read_time(const json_t *claims, const char *name, double *seconds)
{
	const json_t *value = json_object_get(claims, name);

	*seconds = json_number_value(value);
	return json_is_number(value) && *seconds >= 0 && *seconds <= LAST;
}

static bool
is_pattern(const char *s)
{
	size_t len = s == NULL ? 0 : strlen(s);

	return len > 0 && len <= CHANNEL_NAME_MAX + 1;
}

/* An array of patterns, if it is there at all; adds how long they are. */
static bool
check_patterns(const json_t *array, size_t *bytes)
{
	size_t i, n = json_array_size(array);
	const char *s;

	if (array == NULL)
		return true;
	if (!json_is_array(array) || n > TICKET_CHANNELS_MAX)
		return false;
	for (i = 0; i < n; i++) {
		s = json_string_value(json_array_get(array, i));
		if (!is_pattern(s))
			return false;
		*bytes += room_for(s);
	}
	return true;
}

static bool
check_subject(const json_t *value, size_t *bytes)
{
	const char *s = json_string_value(value);
	size_t i, len = s == NULL ? 0 : strlen(s);

	if (value == NULL)
		return true;
	if (len == 0 || len > TICKET_SUBJECT_MAX)
		return false;
	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == '\x7f')
			return false;
	*bytes += room_for(s);
	return true;
}

static bool
is_us(const json_t *value)
{
	const char *s = json_string_value(value);

	return s != NULL && strcmp(s, TICKET_AUDIENCE) == 0;
}

/* Whom it is for, if it says so, are we. */
static bool
check_audience(const json_t *value)
{
	size_t i;

	if (value == NULL || is_us(value))
		return true;
	for (i = 0; i < json_array_size(value); i++)
		if (is_us(json_array_get(value, i)))
			return true;
	return false;
}

static enum ticket_fault
check_times(const json_t *claims, int64_t now, int64_t skew, int64_t *exp)
{
	double end, nbf = 0, iat = 0;

	if (!read_time(claims, "exp", &end) ||
	    (json_object_get(claims, "nbf") != NULL &&
		!read_time(claims, "nbf", &nbf)) ||
	    (json_object_get(claims, "iat") != NULL &&
		!read_time(claims, "iat", &iat)))
		return TICKET_MALFORMED;
	*exp = (int64_t)end + skew;
	if (now >= *exp)
		return TICKET_EXPIRED;
	return (double)(now + skew) < nbf ? TICKET_EARLY : TICKET_GOOD;
}

static size_t
keep_patterns(const char **list, char **at, const json_t *array)
{
	size_t i, n = json_array_size(array);

	for (i = 0; i < n; i++)
		list[i] =
		    room_put(at, json_string_value(json_array_get(array, i)));
	return n;
}

/* The struct, its lists, and the texts that they point to. */
static struct ticket *
make(const json_t *sub, const json_t *channels, const json_t *publish,
    size_t bytes)
{
	size_t n = json_array_size(channels) + json_array_size(publish);
	struct ticket *t = malloc(sizeof(*t) + n * sizeof(char *) + bytes);
	const char **list;
	char *at;

	if (t == NULL)
		return NULL;
	list = (const char **)(t + 1);
	at = (char *)(list + n);
	t->subject = room_put(&at, json_string_value(sub));
	t->channels = list;
	t->channels_n = keep_patterns(list, &at, channels);
	t->publish = list + t->channels_n;
	t->publish_n = keep_patterns(list + t->channels_n, &at, publish);
	return t;
}

enum ticket_fault
ticket_claims(struct ticket **ticket, const json_t *claims, int64_t now,
    int64_t skew)
{
	const json_t *sub = json_object_get(claims, "sub"),
		     *channels = json_object_get(claims, "channels"),
		     *publish = json_object_get(claims, "publish");
	enum ticket_fault fault;
	size_t bytes = 0;
	int64_t exp = 0;

	fault = check_times(claims, now, skew, &exp);
	if (fault == TICKET_MALFORMED || !check_subject(sub, &bytes) ||
	    !check_patterns(channels, &bytes) ||
	    !check_patterns(publish, &bytes) ||
	    !check_audience(json_object_get(claims, "aud")))
		return TICKET_MALFORMED;
	if (fault != TICKET_GOOD)
		return fault;
	*ticket = make(sub, channels, publish, bytes);
	if (*ticket == NULL)
		return TICKET_NO_MEMORY;
	(*ticket)->exp = exp;
	return TICKET_GOOD;
}
