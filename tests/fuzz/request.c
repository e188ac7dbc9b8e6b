/* SPDX-License-Identifier: ISC */
/*
 * A request's parameters, as the gate checks them and libfcgi decodes them: a
 * line NAME=value for each, or, if the first byte is '#', pairs as they come.
 * What is good is decoded, and every word is what a search of the bytes finds.
 */
#include "fastcgi/request.h"

#include <stdbool.h>

#include "fastcgi/params.h"
#include "fuzz.h"
#include "pairs.h"
#include "serve/origin.h"
#include "stream/address.h"

/* What we take of a request, and what is said of one that comes twice. */
static const struct word {
	const char *name;
	size_t offset;
	const char *twice;
} words[] = {
#define AT(field) offsetof(struct request, field)
    {"SSE_ROLE", AT(role), NULL},
    {"SSE_CHANNEL", AT(channel), NULL},
    {"QUERY_STRING", AT(query), NULL},
    {"HTTP_LAST_EVENT_ID", AT(last_event_id), ","},
    {"REMOTE_ADDR", AT(address), NULL},
    {"CONTENT_LENGTH", AT(content_length), NULL},
    {"CONTENT_TYPE", AT(content_type), NULL},
    {"HTTP_HOST", AT(host), NULL},
    {"HTTP_ORIGIN", AT(origin), NULL},
    {"HTTP_SEC_FETCH_SITE", AT(fetch_site), NULL},
    {"SSE_TICKET", AT(ticket), NULL},
    {"HTTP_AUTHORIZATION", AT(authorization), "Bearer ,"},
    {"HTTP_COOKIE", AT(cookie), "sse_ticket=,"},
};

#define WORDS	 (sizeof(words) / sizeof(words[0]))
#define TICKET	 11  /* from here on, only with SSE_TICKET */
#define PAIR_MAX 128 /* bytes of a name or value that is of a line */

/* The value of the first pair of this name, and whether there is another. */
static bool
find(struct input pairs, const char *wanted, struct input *found, bool *again)
{
	struct input name, value;
	bool any = false;

	*again = false;
	while (pairs.len > 0) {
		pair_next(&pairs, &name, &value);
		if (name.len != strlen(wanted) ||
		    memcmp(name.at, wanted, name.len) != 0)
			continue;
		*again = any;
		if (!any)
			*found = value;
		any = true;
	}
	return any;
}

static void
check_word(const struct request *r, const struct word *w, struct input pairs)
{
	const char *value =
	    *(char *const *)(const void *)((const char *)r + w->offset);
	struct input first;
	bool again, any = find(pairs, w->name, &first, &again);

	if (w >= words + TICKET && r->ticket == NULL)
		any = false;
	assert(any == (value != NULL));
	if (!any)
		return;
	if (again && w->twice != NULL)
		assert(strcmp(value, w->twice) == 0);
	else
		assert(strlen(value) == first.len &&
		       (first.len == 0 ||
			   memcmp(value, first.at, first.len) == 0));
}

/* One browser is one, whenever it comes. */
static void
check_address(const char *text)
{
	struct addresses all = {RB_INITIALIZER(&all.tree)};
	struct address *one = address_enter(&all, text);
	struct address *again = address_enter(&all, text);

	assert(one != NULL && one == again && one->streams == 2);
	address_leave(&all, one);
	address_leave(&all, one);
	assert(RB_EMPTY(&all.tree));
}

static void
check(const uint8_t *pairs, size_t len)
{
	struct request r;
	const char *foreign;
	size_t i;

	if (params_fault(pairs, len) != NULL)
		return;
	assert(request_decode(&r, pairs, len) == 0);
	for (i = 0; i < WORDS; i++)
		check_word(&r, &words[i], (struct input){pairs, len});
	foreign = origin_foreign(&r);
	assert(foreign == NULL || *foreign != '\0');
	if (r.fetch_site == NULL && r.origin == NULL)
		assert(foreign == NULL);
	check_address(r.address);
	request_free(&r);
}

/* A pair of the line. */
static size_t
add_pair(uint8_t *to, struct input line)
{
	struct input name = input_until(&line, '=');

	if (name.len >= PAIR_MAX || line.len >= PAIR_MAX)
		return 0;
	to[0] = (uint8_t)name.len;
	to[1] = (uint8_t)line.len;
	if (name.len > 0)
		memcpy(to + 2, name.at, name.len);
	if (line.len > 0)
		memcpy(to + 2 + name.len, line.at, line.len);
	return 2 + name.len + line.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool begun;
	struct input in = {data, len};
	uint8_t *pairs = malloc(2 * len + 2), *exact;
	size_t n = 0;

	if (!begun)
		assert(request_init() == 0);
	begun = true;
	assert(pairs != NULL);
	if (len > 0 && *data == '#') {
		(void)input_byte(&in);
		n = in.len;
		memcpy(pairs, in.at, n);
	} else
		while (in.len > 0)
			n += add_pair(pairs + n, input_until(&in, '\n'));
	exact = input_copy((struct input){pairs, n});
	if (n <= 65535)
		check(exact, n);
	free(exact);
	free(pairs);
	return 0;
}
