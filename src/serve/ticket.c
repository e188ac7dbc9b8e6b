/* SPDX-License-Identifier: ISC */
/*
 * A ticket's way from text to permission: three parts, the header, the
 * signature, and only then what is signed.  Anybody may send us anything here,
 * so that each step bounds what the next one gets: the length of all, the
 * nesting of what is parsed, and what a claim may be.
 */
#include "serve/ticket.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "channel/name.h"
#include "serve/ticket_keys.h"

#define HEADER_MAX 384 /* bytes; nobody has signed it yet */
#define DEPTH_MAX  4
#define LAST	   253402300799.0 /* the year 9999; in milliseconds: 1978 */

/* What lies between the dots. */
struct part {
	const char *text;
	size_t len;
};

/* Three, with two dots: another number is none of ours. */
static bool
split(struct part parts[3], const char *text, size_t len)
{
	const char *end = text + len, *dot;
	size_t i;

	for (i = 0; i < 3; i++) {
		dot = memchr(text, '.', (size_t)(end - text));
		if ((dot == NULL) != (i == 2))
			return false;
		parts[i].text = text;
		parts[i].len = (size_t)((dot == NULL ? end : dot) - text);
		text = dot == NULL ? end : dot + 1;
	}
	return true;
}

/* Deeper than anything of ours?  What is no JSON is the parser's matter. */
static bool
too_deep(const char *json, size_t len)
{
	bool quoted = false;
	size_t i, depth = 0;

	for (i = 0; i < len; i++) {
		if (quoted && json[i] == '\\')
			i++;
		else if (json[i] == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (json[i] == '{' || json[i] == '[') {
			if (++depth > DEPTH_MAX)
				return true;
		} else if ((json[i] == '}' || json[i] == ']') && depth > 0)
			depth--;
	}
	return false;
}

/* An object, each of whose names comes once; NULL: it is none. */
static json_t *
parse(const struct part *part, size_t max)
{
	char json[TICKET_MAX];
	json_t *object;
	size_t n;

	if (ticket_base64url((uint8_t *)json, max, &n, part->text, part->len) ==
		-1 ||
	    too_deep(json, n))
		return NULL;
	object = json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

/*
 * What the header says, and is bound to say rightly: RFC 7515, section 4.1.11
 * has those refused who want more understood than we do.
 */
static enum ticket_fault
read_header(const struct part *part, const struct ticket_keys *keys,
    enum ticket_algorithm *algorithm)
{
	json_t *header = parse(part, HEADER_MAX);
	const char *alg = json_string_value(json_object_get(header, "alg"));
	enum ticket_fault fault = TICKET_ALGORITHM;
	enum ticket_algorithm a;

	if (alg == NULL || json_object_get(header, "crit") != NULL)
		fault = TICKET_MALFORMED;
	for (a = 0; a < TICKET_ALGORITHMS && fault == TICKET_ALGORITHM; a++)
		if (strcmp(alg, ticket_algorithm_name(a)) == 0 &&
		    ticket_keys_have(keys, a)) {
			*algorithm = a;
			fault = TICKET_GOOD;
		}
	json_decref(header);
	return fault;
}

static enum ticket_fault
verify(const struct part parts[3], const struct ticket_keys *keys,
    enum ticket_algorithm algorithm)
{
	uint8_t signature[TICKET_SIGNATURE_MAX];
	size_t len = (size_t)(parts[1].text + parts[1].len - parts[0].text), n;

	if (ticket_base64url(signature, sizeof(signature), &n, parts[2].text,
		parts[2].len) == -1)
		return TICKET_MALFORMED;
	return ticket_keys_verify(keys, algorithm, parts[0].text, len,
		   signature, n) ?
		   TICKET_GOOD :
		   TICKET_SIGNATURE;
}

/* Whole seconds.  false: it is not there, or is no time. */
static bool
read_time(const json_t *claims, const char *name, int64_t *seconds)
{
	const json_t *value = json_object_get(claims, name);
	double n = json_number_value(value);

	if (!json_is_number(value) || !(n >= 0 && n <= LAST))
		return false;
	*seconds = (int64_t)n;
	return true;
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
		*bytes += strlen(s) + 1;
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
	*bytes += len + 1;
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
	int64_t nbf = 0, iat = 0;

	if (!read_time(claims, "exp", exp) ||
	    (json_object_get(claims, "nbf") != NULL &&
		!read_time(claims, "nbf", &nbf)) ||
	    (json_object_get(claims, "iat") != NULL &&
		!read_time(claims, "iat", &iat)))
		return TICKET_MALFORMED;
	*exp += skew;
	if (now >= *exp)
		return TICKET_EXPIRED;
	return now + skew < nbf ? TICKET_EARLY : TICKET_GOOD;
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

static enum ticket_fault
read_claims(struct ticket **ticket, const json_t *claims, int64_t now,
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
		return TICKET_MALFORMED;
	(*ticket)->exp = exp;
	return TICKET_GOOD;
}

enum ticket_fault
ticket_read(struct ticket **ticket, const struct ticket_keys *keys,
    const char *text, size_t len, int64_t now, int64_t skew)
{
	struct part parts[3];
	enum ticket_algorithm algorithm = TICKET_HS256;
	enum ticket_fault fault;
	json_t *claims;

	*ticket = NULL;
	if (keys == NULL || keys->n == 0 || len == 0)
		return TICKET_MISSING;
	if (len > TICKET_MAX || !split(parts, text, len))
		return TICKET_MALFORMED;
	fault = read_header(&parts[0], keys, &algorithm);
	if (fault == TICKET_GOOD)
		fault = verify(parts, keys, algorithm);
	if (fault != TICKET_GOOD)
		return fault;
	claims = parse(&parts[1], TICKET_MAX);
	if (claims == NULL)
		return TICKET_MALFORMED;
	fault = read_claims(ticket, claims, now, skew);
	json_decref(claims);
	return fault;
}

static bool
matches(const char *pattern, const char *channel)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return strncmp(pattern, channel, len - 1) == 0;
	return strcmp(pattern, channel) == 0;
}

static bool
one_matches(const char *const *patterns, size_t n, const char *channel)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (matches(patterns[i], channel))
			return true;
	return false;
}

bool
ticket_may_read(const struct ticket *t, const char *channel)
{
	return one_matches(t->channels, t->channels_n, channel);
}

bool
ticket_may_publish(const struct ticket *t, const char *channel)
{
	return one_matches(t->publish, t->publish_n, channel);
}

void
ticket_free(struct ticket *t)
{
	free(t);
}

const char *
ticket_fault_name(enum ticket_fault fault)
{
	static const char *const names[TICKET_FAULTS] = {"good", "missing",
	    "malformed", "algorithm", "signature", "expired", "early",
	    "channel"};

	return names[fault];
}
