/* SPDX-License-Identifier: ISC */
/*
 * What a publisher and a browser may write: an event stream, a query, a
 * channel's name, an event id.  Each message that comes out of a stream is
 * encoded and read again, and must be the same.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "channel/channel.h"
#include "channel/eventid.h"
#include "channel/sse_parse.h"
#include "base/json.h"
#include "base/query.h"
#include "channel/sse.h"
#include "base/utf8.h"

#define MESSAGES 8

static int
same(const struct sse_message *a, const struct sse_message *b)
{
	if ((a->type == NULL) != (b->type == NULL) ||
	    (a->type != NULL && strcmp(a->type, b->type) != 0))
		return 0;
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void
read_again(const struct sse_message *m)
{
	struct sse_message again;
	size_t size = sse_size(m);
	char *text = malloc(size);
	struct sse_split split;
	const char *wrong;

	assert(text != NULL);
	assert(sse_encode(text, size, m) == size);
	assert(sse_parse(&split, text, size, &again, 1, &wrong) == 1);
	assert(same(m, &again));
	sse_split_free(&split);
	free(text);
}

static void
stream(const uint8_t *bytes, size_t len)
{
	struct sse_message messages[MESSAGES];
	const char *text = (const char *)bytes;
	struct sse_split split;
	const char *wrong;
	ssize_t i, n;

	n = sse_parse(&split, text, len, messages, MESSAGES, &wrong);
	assert((n == -1) == (wrong != NULL));
	for (i = 0; i < n; i++)
		read_again(&messages[i]);
	sse_split_free(&split);
}

static void
query(char *text)
{
	size_t len = strlen(text);
	struct query q;

	query_begin(&q, text);
	while (query_next(&q))
		if (query_value(&q) != NULL)
			assert(strlen(q.name) + strlen(q.value) <= len);
}

/* A name as a front writes it, and as we do. */
static void
name(const char *text, size_t len)
{
	char *copy = malloc(len + 1), escaped[JSON_SIZE(CHANNEL_NAME_MAX)];
	size_t room;

	assert(copy != NULL);
	(void)strcpy(copy, text);
	if (query_percent(copy) == 0 && channel_name_valid(copy)) {
		room = strlen(copy);
		assert(room <= CHANNEL_NAME_MAX && strchr(copy, ' ') == NULL);
		assert(strlen(json_escape(escaped, copy)) < JSON_SIZE(room));
	}
	free(copy);
}

static void
id(const char *text)
{
	char again[EVENTID_SIZE];
	struct eventid id;

	if (!eventid_parse(&id, text))
		return;
	(void)eventid_format(again, id);
	assert(strcmp(again, text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1);

	assert(text != NULL);
	memcpy(text, bytes, len);
	text[len] = '\0';
	(void)utf8_valid(bytes, len);
	stream(bytes, len);
	id(text);
	name(text, len);
	query(text);
	free(text);
	return 0;
}
