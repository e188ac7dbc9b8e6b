/* SPDX-License-Identifier: ISC */
/*
 * A ticket's way from text to permission: three parts, the header, the
 * signature, and only then what is signed.  Anybody may send us anything here,
 * so that each step bounds what the next one gets: the length of all, the
 * nesting of what is parsed, and what a claim may be.
 */
#include "serve/ticket_inner.h"

#include <stdlib.h>
#include <string.h>

#include "serve/ticket_keys.h"

#define HEADER_MAX 384 /* bytes; nobody has signed it yet */
#define DEPTH_MAX  4

/* What lies between the dots. */
struct part {
	const char *text;
	size_t len;
};

/* Has jansson got no memory?  It does not say so, or calls it a bad token. */
static bool starved;

static void *
allocate(size_t size)
{
	void *p = malloc(size);

	starved |= p == NULL;
	return p;
}

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

static enum ticket_fault
read_parts(struct ticket **ticket, const struct ticket_keys *keys,
    const struct part parts[3], int64_t now, int64_t skew)
{
	enum ticket_algorithm algorithm = TICKET_HS256;
	enum ticket_fault fault;
	json_t *claims;

	fault = read_header(&parts[0], keys, &algorithm);
	if (fault == TICKET_GOOD)
		fault = verify(parts, keys, algorithm);
	if (fault != TICKET_GOOD)
		return fault;
	claims = parse(&parts[1], TICKET_MAX);
	if (claims == NULL)
		return TICKET_MALFORMED;
	fault = ticket_claims(ticket, claims, now, skew);
	json_decref(claims);
	return fault;
}

enum ticket_fault
ticket_read(struct ticket **ticket, const struct ticket_keys *keys,
    const char *text, size_t len, int64_t now, int64_t skew)
{
	struct part parts[3];
	enum ticket_fault fault;

	*ticket = NULL;
	if (keys == NULL || keys->n == 0 || len == 0)
		return TICKET_MISSING;
	if (len > TICKET_MAX || !split(parts, text, len))
		return TICKET_MALFORMED;
	starved = false;
	json_set_alloc_funcs(allocate, free);
	fault = read_parts(ticket, keys, parts, now, skew);
	return fault == TICKET_MALFORMED && starved ? TICKET_NO_MEMORY : fault;
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
	    "channel", "memory"};

	return names[fault];
}
