/* SPDX-License-Identifier: ISC */
/*
 * The answer to a probe, which is anybody's: whoever listens there may send
 * what he wants.  It is small, so all of it is read anew when more has come;
 * what the bytes before said stays.  Pure: no socket, no clock.
 */
#include "serve/probe_answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "fastcgi/record.h"

#define STRANGER "what answers there is no sse-fcgi"

/* A record's header. */
static bool
is_ours(const uint8_t *p)
{
	return p[0] == RECORD_VERSION && (p[2] << 8 | p[3]) == PROBE_ID;
}

/*
 * Behind text, whose new end is returned.  A NUL in it ends nothing: it is a
 * '?'.
 */
static char *
add(char *text, const uint8_t *content, size_t len)
{
	char *end = text + len;

	memcpy(text, content, len);
	*end = '\0';
	while ((text += strlen(text)) < end)
		*text = '?';
	return end;
}

/*
 * What the records so far say: their text to text, which has room for all.
 * YES if END_REQUEST is there, NO if this is no FastCGI, or not for us.
 */
static enum probe_verdict
read_records(const uint8_t *p, size_t len, char *text)
{
	size_t content;

	*text = '\0';
	while (len >= RECORD_HEADER) {
		content = (size_t)p[4] << 8 | p[5];
		if (!is_ours(p))
			return PROBE_NO;
		if (p[1] == FCGI_END_REQUEST)
			return PROBE_YES;
		if (len - RECORD_HEADER < content + p[6])
			return PROBE_MORE;
		if (p[1] == FCGI_STDOUT)
			text = add(text, p + RECORD_HEADER, content);
		len -= RECORD_HEADER + content + p[6];
		p += RECORD_HEADER + content + p[6];
	}
	return PROBE_MORE;
}

/* What is not ours may be anything. */
static void
make_one_line(char *text)
{
	size_t n, left = strcspn(text, "\r\n");

	text[left] = '\0';
	for (; left > 0; text += n, left -= n) {
		n = utf8_character((const uint8_t *)text, left);
		if (n == 0 || utf8_control((const uint8_t *)text, n)) {
			*text = '?';
			n = 1;
		}
	}
}

/* NO, with why. */
static enum probe_verdict
say_no(char why[PROBE_WHY_MAX], const char *what, const char *more)
{
	(void)snprintf(why, PROBE_WHY_MAX, "%s%s", what, more);
	return PROBE_NO;
}

static enum probe_verdict
judge(char *text, const char *expected, char why[PROBE_WHY_MAX])
{
	char *body = strstr(text, "\r\n\r\n");

	if (body == NULL)
		return say_no(why, STRANGER, "");
	body += 4;
	if (strncmp(text, "Status: 200 ", 12) == 0 &&
	    strcmp(body, expected) == 0)
		return PROBE_YES;
	if (strncmp(text, "Status: 503 ", 12) != 0)
		return say_no(why, STRANGER, ", or one that is older");
	make_one_line(body);
	return say_no(why, "not ready: ", body);
}

enum probe_verdict
probe_answer(const uint8_t *in, size_t len, const char *body,
    char why[PROBE_WHY_MAX])
{
	char text[PROBE_ANSWER_MAX + 1];
	enum probe_verdict end = read_records(in, len, text);

	if (end == PROBE_MORE && len < PROBE_ANSWER_MAX)
		return PROBE_MORE;
	if (end != PROBE_YES)
		return say_no(why, STRANGER, "");
	return judge(text, body, why);
}
