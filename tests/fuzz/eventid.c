/* SPDX-License-Identifier: ISC */
/*
 * An id that a browser comes back with: a text, or two numbers if the first
 * byte is '#'.  What is read is written as it was; what is written is read; and
 * ids are ordered as their numbers are, also those that are given out while
 * the clock goes as it likes.
 */
#include "channel/eventid.h"

#include <stdbool.h>
#include <stdio.h>

#include "fuzz.h"

static void
text(const char *s)
{
	char again[EVENTID_SIZE];
	struct eventid id;

	if (!eventid_parse(&id, s)) {
		assert(strlen(s) == 0 ||
		       strspn(s, "0123456789-") != strlen(s) || s[0] == '-' ||
		       strchr(s, '-') == NULL ||
		       strchr(s, '-') != strrchr(s, '-') ||
		       s[strlen(s) - 1] == '-' || *s == '0' ||
		       strchr(s, '-')[1] == '0' || strlen(s) > 20);
		return;
	}
	assert(eventid_format(again, id) == strlen(s));
	assert(strcmp(again, s) == 0);
}

static struct eventid
number(struct input *in)
{
	struct eventid id;

	id.ms = input_number(in);
	id.n = input_number(in);
	return id;
}

static void
one(struct eventid id)
{
	char s[EVENTID_SIZE], also[64];
	struct eventid again, before;

	assert(eventid_format(s, id) == strlen(s) && strlen(s) < sizeof(s));
	(void)snprintf(also, sizeof(also), "%llu-%llu",
	    (unsigned long long)id.ms, (unsigned long long)id.n);
	assert(strcmp(s, also) == 0);
	assert(eventid_parse(&again, s) && eventid_compare(id, again) == 0);
	text(s);
	if (id.ms == 0 && id.n == 0)
		return;
	before = eventid_before(id);
	assert(eventid_compare(before, id) < 0);
}

static void
two(struct eventid a, struct eventid b)
{
	int order = eventid_compare(a, b);

	assert((order < 0) == (eventid_compare(b, a) > 0));
	assert((order == 0) == (a.ms == b.ms && a.n == b.n));
	assert((order < 0) == (a.ms < b.ms || (a.ms == b.ms && a.n < b.n)));
}

/* The rest are times, each so much more or less than the one before. */
static void
source(struct input *in, uint32_t epoch)
{
	struct eventid_source source;
	struct eventid id, last;
	uint64_t ms = 1795359156000;

	eventid_begin(&source, epoch, ms);
	for (last = source.last; in->len > 0; last = id) {
		ms += input_byte(in);
		ms -= input_byte(in);
		id = eventid_next(&source, ms);
		assert(eventid_compare(id, last) > 0);
		assert(id.n < UINT64_C(1) << 53);
		assert(eventid_is_ours(&source, id));
		assert(eventid_is_ours(&source, eventid_before(id)));
		one(id);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len};
	struct eventid a, b;
	char *s;

	if (len > 0 && *data == '#') {
		(void)input_byte(&in);
		a = number(&in);
		b = number(&in);
		one(a);
		one(b);
		two(a, b);
		source(&in, (uint32_t)a.n);
		return 0;
	}
	s = input_text(in);
	text(s);
	free(s);
	return 0;
}
