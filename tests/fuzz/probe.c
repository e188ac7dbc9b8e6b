/* SPDX-License-Identifier: ISC */
/*
 * What whoever listens there may answer to --probe.  The first byte says which
 * body is good, the second how much comes at a time.  At once, so, and byte by
 * byte it is the same verdict, that of another reader, who looks for the end
 * first; and what is said of it is one line.
 */
#include "serve/probe_answer.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/utf8.h"
#include "fuzz.h"

static const char *const bodies[] = {"ready\n", "alive\n"};

/* What comes is read to the first verdict. */
static enum probe_verdict
hear(struct input in, size_t step, const char *body, char *why)
{
	enum probe_verdict verdict = PROBE_MORE;
	uint8_t *copy;
	size_t len = 0;

	while (verdict == PROBE_MORE && len < in.len) {
		len = in.len - len < step ? in.len : len + step;
		copy = input_copy((struct input){in.at, len});
		verdict = probe_answer(copy, len, body, why);
		free(copy);
	}
	return verdict;
}

/*
 * Another reader: where the END_REQUEST begins.  -1 if there is none, -2 if
 * what is before it is no answer.
 */
static long
find_end(struct input in)
{
	size_t at = 0;

	for (; at + 8 <= in.len;
	     at += 8u + 256u * in.at[at + 4] + in.at[at + 5] + in.at[at + 6]) {
		if (memcmp(in.at + at, "\1", 1) != 0 ||
		    memcmp(in.at + at + 2, "\0\1", 2) != 0)
			return -2;
		if (in.at[at + 1] == 3)
			return (long)at;
	}
	return in.len == PROBE_ANSWER_MAX ? -2 : -1;
}

/* The content of what stands before it. */
static size_t
content(struct input in, uint8_t *to)
{
	size_t n = 0;
	struct input part;
	uint8_t header[8];

	while (in.len > 0) {
		memcpy(header, input_part(&in, 8).at, 8);
		part = input_part(&in, 256u * header[4] + header[5]);
		(void)input_part(&in, header[6]);
		if (header[1] == 6 && part.len > 0)
			memcpy(to + n, part.at, part.len);
		n += header[1] == 6 ? part.len : 0;
	}
	return n;
}

static bool
begins(const uint8_t *p, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(p, with, strlen(with)) == 0;
}

/* Is this 200 with that body? */
static bool
is_good(const uint8_t *p, size_t len, const char *body, bool *is_503)
{
	size_t i = 0;

	while (i < len && !begins(p + i, len - i, "\r\n\r\n"))
		i++;
	*is_503 = i < len && begins(p, i, "Status: 503 ");
	return i < len && begins(p, i, "Status: 200 ") &&
	       len - i == 4 + strlen(body) &&
	       begins(p + i + 4, len - i - 4, body);
}

static enum probe_verdict
naive(struct input in, const char *body, bool *is_503)
{
	static uint8_t text[PROBE_ANSWER_MAX];
	long end = find_end(in);
	size_t n;

	*is_503 = false;
	if (end < 0)
		return end == -1 ? PROBE_MORE : PROBE_NO;
	n = content((struct input){in.at, (size_t)end}, text);
	return is_good(text, n, body, is_503) ? PROBE_YES : PROBE_NO;
}

static void
check_line(const char *why, bool is_503)
{
	assert(*why != '\0');
	assert((strncmp(why, "not ready: ", 11) == 0) == is_503);
	assert(utf8_valid((const uint8_t *)why, strlen(why)));
	for (; *why != '\0'; why++) {
		assert((unsigned char)*why >= 0x20 && *why != 0x7f);
		assert((unsigned char)why[0] != 0xc2 ||
		       (unsigned char)why[1] >= 0xa0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char once[PROBE_WHY_MAX], cut[PROBE_WHY_MAX];
	struct input in = {data, len};
	const char *body = bodies[input_byte(&in) % 2];
	size_t step = input_byte(&in) + 1u;
	enum probe_verdict verdict;
	bool is_503;

	in = input_part(&in, PROBE_ANSWER_MAX);
	verdict = hear(in, in.len, body, once);
	assert(verdict == naive(in, body, &is_503));
	if (verdict == PROBE_NO)
		check_line(once, is_503);
	assert(verdict == hear(in, step, body, cut));
	assert(verdict != PROBE_NO || strcmp(once, cut) == 0);
	if (in.len > 256)
		return 0;
	assert(verdict == hear(in, 1, body, cut));
	assert(verdict != PROBE_NO || strcmp(once, cut) == 0);
	return 0;
}
