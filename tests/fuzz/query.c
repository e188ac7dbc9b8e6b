/* SPDX-License-Identifier: ISC */
/*
 * What a browser asks for, and what the front puts in its place: lines, of
 * which the first is the role, the second SSE_CHANNEL (empty: the front sets
 * none), the third Last-Event-ID, and the rest the query.  Percent signs are
 * decoded by a second decoder here, and the channels must be those that it
 * finds.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"
#include "base/query.h"
#include "base/spelling.h"
#include "base/utf8.h"
#include "channel/channel.h"
#include "channel/post.h"
#include "fuzz.h"
#include "serve/arguments.h"

/* The other decoder: the text, in new memory, or NULL if it is malformed. */
static char *
decoded(const char *text, size_t len, char plus)
{
	char *copy = calloc(1, len + 1), *to = copy;
	unsigned byte;
	size_t i;

	assert(copy != NULL);
	for (i = 0; i < len; i++) {
		byte = (unsigned char)text[i];
		if (byte == '%') {
			if (len - i < 3 ||
			    !isxdigit((unsigned char)text[i + 1]) ||
			    !isxdigit((unsigned char)text[i + 2]) ||
			    sscanf(text + i + 1, "%2x", &byte) != 1 ||
			    byte == 0) {
				free(copy);
				return NULL;
			}
			i += 2;
		} else if (byte == '+')
			byte = (unsigned char)plus;
		*to++ = (char)byte;
	}
	return copy;
}

/* A text that means this one and no other. */
static char *
encoded(const char *text)
{
	char *copy = malloc(3 * strlen(text) + 1), *to = copy;

	assert(copy != NULL);
	for (; *text != '\0'; text++)
		to += isalnum((unsigned char)*text) ?
			  sprintf(to, "%c", *text) :
			  sprintf(to, "%%%02X", (unsigned char)*text);
	*to = '\0';
	return copy;
}

/* Encoded and decoded it is what it was. */
static void
there_and_back(const char *text)
{
	char *code = encoded(text), *copy = strdup(code), *plain;

	assert(copy != NULL && query_percent(copy) == 0);
	assert(strcmp(copy, text) == 0);
	plain = decoded(code, strlen(code), ' ');
	assert(plain != NULL && strcmp(plain, text) == 0);
	free(plain);
	free(copy);
	free(code);
}

/* Is it the next channel of those that were found, or one of them already? */
static void
expect(const struct arguments *a, const char *name, size_t *n)
{
	size_t i;

	assert(name != NULL && channel_name_valid(name));
	for (i = 0; i < *n; i++)
		if (strcmp(a->channel[i], name) == 0)
			return;
	assert(*n < a->channels && strcmp(a->channel[*n], name) == 0);
	++*n;
}

/* The channels of the query that is good. */
static void
look_at_query(const struct arguments *a, const char *query)
{
	size_t n = 0, len, name_len;
	const char *equals;
	char *name, *value;

	for (; *query != '\0'; query += len + (query[len] == '&')) {
		len = strcspn(query, "&");
		equals = memchr(query, '=', len);
		name_len = equals == NULL ? len : (size_t)(equals - query);
		name = decoded(query, name_len, ' ');
		if (name != NULL && strcmp(name, "channel") == 0) {
			value = equals == NULL ? calloc(1, 1) :
						 decoded(equals + 1,
						     len - name_len - 1, ' ');
			expect(a, value, &n);
			free(value);
		}
		free(name);
	}
	assert(n == a->channels);
}

/* Likewise of SSE_CHANNEL, which has at least one. */
static void
look_at_fixed(const struct arguments *a, const char *names)
{
	size_t n = 0, len;
	char *name;

	for (; *names != '\0'; names += len + (names[len] == ' ')) {
		len = strcspn(names, " ");
		if (len == 0)
			continue;
		name = decoded(names, len, '+');
		expect(a, name, &n);
		free(name);
	}
	assert(n == a->channels && n > 0);
}

static void
look_at_ids(const struct arguments_ids *ids)
{
	size_t i;

	assert(ids->n <= ARGUMENTS_IDS_MAX);
	for (i = 0; i < ids->n; i++)
		assert(ids->id[i] != NULL && *ids->id[i] != '\0');
}

/* What is good whatever was asked. */
static void
look(const struct arguments *a)
{
	char escaped[JSON_SIZE(CHANNEL_NAME_MAX)];
	size_t i, len;

	assert(a->channels <= READER_CHANNELS_MAX);
	for (i = 0; i < a->channels; i++) {
		len = strlen(a->channel[i]);
		assert(len > 0 && len <= CHANNEL_NAME_MAX);
		assert(utf8_valid((const uint8_t *)a->channel[i], len));
		assert(strchr(a->channel[i], ' ') == NULL);
		assert(strlen(json_escape(escaped, a->channel[i])) <
		       JSON_SIZE(len));
		there_and_back(a->channel[i]);
	}
	look_at_ids(&a->own);
	look_at_ids(&a->page);
	assert(a->key == NULL || post_key_valid(a->key));
	assert(a->end == NULL || strcmp(a->end, "1") == 0);
	assert(a->snapshot == NULL || strcmp(a->snapshot, "1") == 0);
	assert(a->feed == NULL || strcmp(a->feed, "1") == 0);
	(void)arguments_clock(a);
}

/* Both ways, and only a little apart. */
static void
look_at_spelling(const char *name)
{
	char squeezed[SPELLING_SIZE], again[SPELLING_SIZE];

	(void)spelling_squeeze(squeezed, name);
	assert(strlen(squeezed) < SPELLING_SIZE);
	assert(strcmp(spelling_squeeze(again, squeezed), squeezed) == 0);
	if (*squeezed != '\0')
		assert(spelling_near(name, squeezed));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len}, fixed;
	char *role = input_text(input_until(&in, '\n')), *names, *id, *query;
	struct request r = {.method = METHOD_GET, .ticket = (char *)"1"};
	struct arguments a;
	const char *wrong;

	fixed = input_until(&in, '\n');
	names = input_text(fixed);
	id = input_text(input_until(&in, '\n'));
	query = input_text(in);
	look_at_spelling(query);
	r.role = role;
	r.channel = fixed.len > 0 ? strdup(names) : NULL;
	r.last_event_id = id;
	r.query = strdup(query);
	assert(r.query != NULL);
	wrong = arguments_read(&a, &r);
	assert(wrong == NULL || *wrong != '\0');
	if (wrong == NULL) {
		look(&a);
		if (r.channel == NULL)
			look_at_query(&a, query);
		else
			look_at_fixed(&a, names);
	}
	free(r.query);
	free(r.channel);
	free(query);
	free(id);
	free(names);
	free(role);
	return 0;
}
