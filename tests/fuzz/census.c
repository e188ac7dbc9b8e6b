/* SPDX-License-Identifier: ISC */
/*
 * What stands in the hash in which all processes tell how many streams they
 * have, and anybody writes: the reply to HGETALL, in pieces, each with its size
 * in a byte before it.  At once it is the same number, which is that of another
 * reader.
 */
#include "engine/census.h"

#include <stdbool.h>

#include "base/log.h"
#include "engine/resp.h"
#include "fuzz.h"

#define MAX  (1UL << 20) /* more than any input makes of itself */
#define OURS 7		 /* streams */

static const double now = 100;
static const size_t streams = OURS;
static const struct link_setup setup = {.now = &now};
static struct link link = {.set = &setup};
static struct resp resp;
static int looks; /* the tag of what is asked */

void
log_warn(const char *what, const char *fmt, ...)
{
	(void)what;
	(void)fmt;
}

struct resp *
link_resp(struct link *l)
{
	assert(l == &link);
	return &resp;
}

uint64_t
link_say(struct link *l, int tag, double patience, const char *const words[])
{
	assert(l == &link && patience > 0);
	if (strcmp(words[0], "HGETALL") == 0)
		looks = tag;
	return 0;
}

/* It has asked, and nobody has its name. */
static void
begin(struct census *c)
{
	assert(census_init(c, &link, "sse", &streams) == 0);
	memset(c->name, '0', CENSUS_NAME);
	census_up(c);
	census_second(c);
	assert(c->asked && resp_init(&resp, MAX) == 0);
}

/* Returns whether there is more to come. */
static bool
feed(struct census *c, const uint8_t *bytes, size_t len)
{
	struct resp_value *v;
	enum resp_result result = resp_feed(&resp, (const char *)bytes, len);

	if (result == RESP_MORE)
		result = resp_next(&resp, &v);
	if (result == RESP_MORE && resp.root != NULL)
		census_part(c, looks, resp.root);
	if (result != RESP_WHOLE)
		return result == RESP_MORE;
	census_reply(c, looks, v);
	resp_value_free(v);
	return false;
}

static size_t
end(struct census *c)
{
	size_t n = census_streams(c);

	census_free(c);
	resp_free(&resp);
	return n;
}

static bool
is_name(const struct resp_value *v)
{
	size_t i;

	for (i = 0; i < v->len; i++)
		if (!(v->text[i] >= '0' && v->text[i] <= '9') &&
		    !(v->text[i] >= 'a' && v->text[i] <= 'f'))
			return false;
	return v->type == RESP_STRING && v->len == CENSUS_NAME &&
	       memcmp(v->text, "00000000000000000000000000000000",
		   CENSUS_NAME) != 0;
}

/* The streams that it says, or -1. */
static long
read_value(const struct resp_value *v)
{
	unsigned long long n[2] = {0, 0};
	size_t i, digits = 0, which = 0;

	for (i = 0; i < v->len; i++)
		if (v->text[i] >= '0' && v->text[i] <= '9' && digits < 15) {
			n[which] = 10 * n[which] + (unsigned)v->text[i] - '0';
			digits++;
		} else if (v->text[i] == ' ' && which == 0 && digits > 0) {
			which = 1;
			digits = 0;
		} else
			return -1;
	return v->type == RESP_STRING && which == 1 && digits > 0 &&
		       n[1] <= 10000000 ?
		   (long)n[1] :
		   -1;
}

/* Does it tell something, of which there is nothing later? */
static bool
is_last(const struct resp_value *name)
{
	const struct resp_value *other;

	if (name->next == NULL || !is_name(name) || read_value(name->next) < 0)
		return false;
	for (other = name->next->next; other != NULL && other->next != NULL;
	     other = other->next->next)
		if (is_name(other) && read_value(other->next) >= 0 &&
		    memcmp(other->text, name->text, CENSUS_NAME) == 0)
			return false;
	return true;
}

/* The other reader: of the first reply. */
static size_t
naive(const uint8_t *bytes, size_t len)
{
	struct resp_value *v, *name;
	size_t n = OURS;

	assert(resp_init(&resp, MAX) == 0);
	if (resp_feed(&resp, (const char *)bytes, len) == RESP_MORE &&
	    resp_next(&resp, &v) == RESP_WHOLE) {
		for (name = v->type == RESP_ARRAY ? v->first : NULL;
		     name != NULL && name->next != NULL;
		     name = name->next->next)
			if (is_last(name))
				n += (size_t)read_value(name->next);
		resp_value_free(v);
	}
	resp_free(&resp);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len}, piece;
	uint8_t *all = malloc(len + 1);
	struct census c;
	size_t n = 0, in_pieces;
	bool more = true;

	assert(all != NULL);
	begin(&c);
	while (in.len > 0) {
		piece = input_part(&in, input_byte(&in));
		if (piece.len == 0)
			continue;
		memcpy(all + n, piece.at, piece.len);
		n += piece.len;
		more = more && feed(&c, piece.at, piece.len);
	}
	in_pieces = end(&c);
	begin(&c);
	(void)feed(&c, all, n);
	assert(end(&c) == in_pieces);
	assert(naive(all, n) == in_pieces);
	free(all);
	return 0;
}
