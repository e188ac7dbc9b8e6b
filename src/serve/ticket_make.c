/* SPDX-License-Identifier: ISC */
/*
 * A ticket for shells: from a line of claims to a line that is signed.  What
 * comes out is read again as a browser's would be, so that none is made that
 * would be refused.
 */
#include "serve/ticket_make.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/query.h"
#include "channel/name.h"
#include "serve/ticket.h"
#include "serve/ticket_keys.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

struct making {
	json_t *claims;
	int64_t now;
	char *err;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int
refuse(struct making *m, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(m->err, m->size, "--make-ticket: ");

	va_start(ap, fmt);
	if (n > 0 && (size_t)n < m->size)
		(void)vsnprintf(m->err + n, m->size - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

static int
set_time(struct making *m, int64_t life)
{
	if (json_object_set_new(m->claims, "exp",
		json_integer(m->now + life)) == -1)
		return refuse(m, "no memory");
	return 0;
}

static int
add_pattern(struct making *m, const char *claim, const char *value)
{
	json_t *array = json_object_get(m->claims, claim);

	if (!channel_name_valid(value))
		return refuse(m,
		    "a channel is 1 to %d bytes of UTF-8 without spaces, "
		    "and '%s' is not",
		    CHANNEL_NAME_MAX, value);
	if (array == NULL) {
		array = json_array();
		if (json_object_set_new(m->claims, claim, array) == -1)
			return refuse(m, "no memory");
	}
	if (json_array_append_new(array, json_string(value)) == -1)
		return refuse(m, "no memory");
	return 0;
}

static int
set_subject(struct making *m, const char *claim, const char *value)
{
	if (json_object_get(m->claims, claim) != NULL)
		return refuse(m, "%s comes twice", claim);
	if (json_object_set_new(m->claims, claim, json_string(value)) == -1)
		return refuse(m, "%s is not UTF-8", claim);
	return 0;
}

static int
set_end(struct making *m, const char *claim, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	long life = 0;

	if (json_object_get(m->claims, claim) != NULL)
		return refuse(m, "%s comes twice", claim);
	if (value[digits] == '\0' && digits > 0)
		life = strtol(value, NULL, 10);
	if (life < 1 || life > TICKET_LIFE_MAX)
		return refuse(m,
		    "%s is how many seconds it is good for, from 1 to %d",
		    claim, TICKET_LIFE_MAX);
	return set_time(m, life);
}

static const struct {
	const char *name, *claim;
	int (*add)(struct making *, const char *claim, const char *value);
} names[] = {
    {"channel", "channels", add_pattern},
    {"publish", "publish", add_pattern},
    {"sub", "sub", set_subject},
    {"exp", "exp", set_end},
};

static int
add_claim(struct making *m, struct query *q)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(q->name, names[i].name) != 0)
			continue;
		return names[i].add(m, names[i].claim, query_value(q));
	}
	return refuse(m, "there is channel, publish, sub and exp, but no '%s'",
	    q->name);
}

/* With neither of the two it would be good for no channel at all. */
static int
permits_something(struct making *m)
{
	if (json_object_get(m->claims, "channels") == NULL &&
	    json_object_get(m->claims, "publish") == NULL)
		return refuse(m,
		    "it permits nothing: give channel=NAME or publish=NAME");
	return 0;
}

/*
 * A name that is malformed would be passed over, and with it what it asks.  The
 * copy is as it was afterwards.
 */
static int
check_percents(struct making *m, char *copy, const char *claims)
{
	if (query_percent(copy) == -1)
		return refuse(m,
		    "a percent sign begins two hex digits, which are not 00");
	memcpy(copy, claims, strlen(claims) + 1);
	return 0;
}

static int
read_claims(struct making *m, const char *claims)
{
	char *copy = strdup(claims);
	struct query q;
	int result;

	if (copy == NULL)
		return refuse(m, "no memory");
	result = check_percents(m, copy, claims);
	query_begin(&q, copy);
	while (result == 0 && query_next(&q))
		result = add_claim(m, &q);
	free(copy);
	if (result == 0)
		result = permits_something(m);
	if (result == 0 && json_object_get(m->claims, "exp") == NULL)
		result = set_time(m, TICKET_LIFE);
	return result;
}

/* Adds a part and the dot before it; text has room for all: see sign(). */
static void
add_part(char *text, size_t size, const void *bytes, size_t len)
{
	size_t had = strlen(text);

	if (had > 0)
		text[had++] = '.';
	(void)sodium_bin2base64(text + had, size - had, bytes, len, BASE64);
}

static char *
sign(const struct ticket_key *key, const char *claims)
{
	size_t size = 2 * strlen(claims) + 256, n;
	uint8_t signature[TICKET_SIGNATURE_MAX];
	char header[64], *text = malloc(size);

	if (text == NULL)
		return NULL;
	(void)snprintf(header, sizeof(header),
	    "{\"alg\":\"%s\",\"typ\":\"JWT\"}",
	    ticket_algorithm_name(key->algorithm));
	text[0] = '\0';
	add_part(text, size, header, strlen(header));
	add_part(text, size, claims, strlen(claims));
	n = ticket_key_sign(key, text, strlen(text), signature);
	add_part(text, size, signature, n);
	return text;
}

static int
read_again(struct making *m, const struct ticket_keys *keys, const char *text)
{
	struct ticket *ticket;
	enum ticket_fault fault;

	if (text == NULL)
		return refuse(m, "no memory");
	fault = ticket_read(&ticket, keys, text, strlen(text), m->now, 0);
	ticket_free(ticket);
	if (fault == TICKET_GOOD)
		return 0;
	return refuse(m,
	    "a name is empty or too long, sub has control characters, there "
	    "are more than %d channels, or the ticket has more than %d bytes",
	    TICKET_CHANNELS_MAX, TICKET_MAX);
}

char *
ticket_make(const struct ticket_keys *keys, const char *claims, int64_t now,
    char *err, size_t size)
{
	struct making m = {.now = now, .err = err, .size = size};
	char *json, *text = NULL;

	if (!keys->one[0].signs) {
		(void)refuse(&m, "the first --ticket-key only verifies");
		return NULL;
	}
	m.claims = json_object();
	if (read_claims(&m, claims) == -1)
		goto end;
	json = json_dumps(m.claims, JSON_COMPACT);
	text = json == NULL ? NULL : sign(&keys->one[0], json);
	free(json);
	if (read_again(&m, keys, text) == -1) {
		free(text);
		text = NULL;
	}
end:
	json_decref(m.claims);
	return text;
}
