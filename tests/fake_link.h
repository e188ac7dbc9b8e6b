/* SPDX-License-Identifier: ISC */
#ifndef FAKE_LINK_H
#define FAKE_LINK_H

/*
 * In place of link.c: a connection that is up when the test says so, what was
 * sent on it as text, and replies that are the test's, in the words of Redis.
 */
#include "unit.h"

#include <stdbool.h>

#include "engine/link.h"
#include "engine/resp.h"

#define FAKE_COMMANDS 4096 /* without a reply */
#define FAKE_TEXT     400

static double now = 100; /* monotonic seconds */

static const struct link_setup setup = {.now = &now};
static struct link fake = {.set = &setup};

static struct {
	size_t n, replied;
	struct {
		int tag;
		uint64_t begins;
		double patience;
		char text[FAKE_TEXT]; /* cut, with spaces between the words */
	} sent[FAKE_COMMANDS];
	uint64_t bytes; /* sent */
	bool refuses;	/* there is no memory for more */
	char again[80]; /* why it was to go again */
} line;

/* A new connection. */
static inline void
fake_up(void)
{
	memset(&line, 0, sizeof(line));
	resp_free(&fake.resp);
	assert_int_equal(resp_init(&fake.resp, 1 << 20), 0);
	fake.state = LINK_UP;
	fake.written = 0;
	fake.why[0] = '\0';
}

static inline void
fake_down(const char *why)
{
	fake.state = LINK_WAITING;
	(void)snprintf(fake.why, sizeof(fake.why), "%s", why);
}

static inline void
fake_end(void)
{
	resp_free(&fake.resp);
	memset(&fake.resp, 0, sizeof(fake.resp));
}

/* What was sent last, or so many before it. */
static inline const char *
sent(size_t before)
{
	assert_true(line.n > before);
	return line.sent[line.n - 1 - before].text;
}

/* The oldest command without a reply. */
static inline const char *
oldest(void)
{
	return line.replied < line.n ? line.sent[line.replied].text : "";
}

/* The reply to it, and its tag; the caller frees it. */
static inline struct resp_value *
reply_of(const char *bytes, size_t len, int *tag)
{
	struct resp_value *v = NULL;

	assert_true(line.replied < line.n);
	*tag = line.sent[line.replied++].tag;
	assert_int_equal(resp_feed(&fake.resp, bytes, len), RESP_MORE);
	assert_int_equal(resp_next(&fake.resp, &v), RESP_WHOLE);
	return v;
}

uint64_t
link_send(struct link *l, int tag, double patience, size_t n,
    const char *const argv[], const size_t len[])
{
	uint64_t begins = line.bytes;
	size_t i, at = 0;
	char *text;

	assert_ptr_equal(l, &fake);
	if (l->state != LINK_UP || line.refuses)
		return UINT64_MAX;
	assert_true(line.n < FAKE_COMMANDS);
	line.sent[line.n].tag = tag;
	line.sent[line.n].begins = begins;
	line.sent[line.n].patience = patience;
	text = line.sent[line.n++].text;
	for (i = 0; i < n; i++) {
		line.bytes += len[i] + 1;
		if (at + 1 < FAKE_TEXT)
			at += (size_t)snprintf(text + at, FAKE_TEXT - at,
			    "%s%.*s", i == 0 ? "" : " ", (int)len[i], argv[i]);
	}
	return begins;
}

uint64_t
link_say(struct link *l, int tag, double patience, const char *const argv[])
{
	size_t len[32], n;

	for (n = 0; argv[n] != NULL; n++) {
		assert_true(n < LENGTH(len));
		len[n] = strlen(argv[n]);
	}
	return link_send(l, tag, patience, n, argv, len);
}

bool
link_written(const struct link *l, uint64_t begins)
{
	return l->written > begins;
}

void
link_again(struct link *l, const char *why)
{
	assert_ptr_equal(l, &fake);
	(void)snprintf(line.again, sizeof(line.again), "%s", why);
}

struct resp *
link_resp(struct link *l)
{
	return &l->resp;
}

#endif
