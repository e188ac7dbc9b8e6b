/* SPDX-License-Identifier: ISC */
/*
 * A publisher's event stream.  What a browser's parser would pass over in
 * silence is an error here where an event would be lost by it.
 */
#include "channel/sse_parse.h"

#include <stdbool.h>
#include <string.h>

struct parser {
	char *next, *end; /* of the text */
	char *data;	  /* of the event so far, lines ended by LF */
	char *data_end;
	char *type;
	size_t n, max;
	struct sse_message *messages;
	const char *wrong;
};

/* The next line, NUL behind it, and its length; false at the end. */
static bool
next_line(struct parser *p, char **line, size_t *len)
{
	char *s = p->next;

	while (s < p->end && *s != '\n' && *s != '\r')
		s++;
	if (s == p->end) {
		if (s > p->next)
			p->wrong =
			    "the body's last line is not ended: end it by LF";
		return false;
	}
	*line = p->next;
	*len = (size_t)(s - p->next);
	p->next = s + 1;
	if (*s == '\r' && p->next < p->end && *p->next == '\n')
		p->next++;
	*s = '\0';
	return true;
}

static void
end_event(struct parser *p)
{
	if (p->data_end == p->data) {
		if (p->type != NULL)
			p->wrong =
			    "an event has no data: a browser would pass it over";
		return;
	}
	if (p->n == p->max) {
		p->wrong = "these are too many events for one body: "
			   "send 256 at most";
		return;
	}
	p->messages[p->n++] = (struct sse_message){
	    .type = p->type == NULL || *p->type == '\0' ? NULL : p->type,
	    .data = p->data,
	    .len = (size_t)(p->data_end - p->data) - 1,
	};
	p->data = p->data_end;
	p->type = NULL;
}

static void
take_line(struct parser *p, char *line, size_t len)
{
	char *colon = memchr(line, ':', len), *value = line + len;
	size_t name = colon == NULL ? len : (size_t)(colon - line);

	if (colon != NULL)
		value = colon + 1 + (colon + 1 < line + len && colon[1] == ' ');
	len -= (size_t)(value - line);
	if (name == 4 && memcmp(line, "data", 4) == 0) {
		memcpy(p->data_end, value, len);
		p->data_end += len;
		*p->data_end++ = '\n';
	} else if (name == 5 && memcmp(line, "event", 5) == 0) {
		p->type = value;
		if (strlen(value) != len)
			p->wrong = "an event's type has a NUL in it";
	} else if (name == 2 && memcmp(line, "id", 2) == 0)
		p->wrong =
		    "an id is not the publisher's to give: leave id: out";
	else if (name == 5 && memcmp(line, "retry", 5) == 0)
		p->wrong = "retry is not the publisher's to say: leave it out";
	else if (name > 0) /* or it is a comment */
		p->wrong = "a field is neither data nor event: a browser "
			   "would pass it over";
}

ssize_t
sse_parse(char *text, size_t len, char *room, struct sse_message messages[],
    size_t max, const char **wrong)
{
	struct parser p = {.next = text,
	    .end = text + len,
	    .data = room,
	    .data_end = room,
	    .max = max,
	    .messages = messages};
	char *line;
	size_t n;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		p.next += 3;
	while (p.wrong == NULL && next_line(&p, &line, &n))
		if (n == 0)
			end_event(&p);
		else
			take_line(&p, line, n);
	if (p.wrong == NULL && (p.data_end != p.data || p.type != NULL))
		p.wrong = "the last event is not ended by an empty line";
	if (p.wrong == NULL && p.n == 0)
		p.wrong = SSE_PARSE_NO_EVENT;
	*wrong = p.wrong;
	return p.wrong == NULL ? (ssize_t)p.n : -1;
}
