/* SPDX-License-Identifier: ISC */
/*
 * A publisher's event stream, whole.  What a browser would pass over in silence
 * is an error here where an event would be lost by it.
 */
#include "channel/sse_parse.h"

/* All events are kept, at most max.  Returns their number or -1, likewise. */
static ssize_t
keep_all(struct sse_split *s, const char *text, size_t len, size_t max,
    const char **wrong)
{
	enum split_result result;
	size_t n = 0, used;

	for (; len > 0; text += used, len -= used) {
		result = sse_split_read(s, text, len, &used);
		*wrong = s->why;
		if (result == SPLIT_EVENT && n == max) {
			*wrong = "these are too many events for one body: "
				 "send 256 at most";
			return -1;
		}
		if (result == SPLIT_EVENT) {
			sse_split_keep(s);
			n++;
		} else if (result != SPLIT_MORE)
			return -1;
	}
	*wrong = sse_split_rest(s);
	if (*wrong == NULL && n == 0)
		*wrong = SSE_PARSE_NO_EVENT;
	return *wrong == NULL ? (ssize_t)n : -1;
}

ssize_t
sse_parse(struct sse_split *s, const char *text, size_t len,
    struct sse_message messages[], size_t max, const char **wrong)
{
	size_t at = 0;
	ssize_t n, i;

	sse_split_init(s, SIZE_MAX, true);
	n = keep_all(s, text, len, max, wrong);
	for (i = 0; i < n; i++)
		(void)sse_split_next(s, &at, &messages[i]);
	return n;
}
