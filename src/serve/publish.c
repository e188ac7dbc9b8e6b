/* SPDX-License-Identifier: ISC */
/*
 * A POST's way: what its parameters say is checked before its body is waited
 * for, the body before anything of it is published.  So a publication that was
 * not answered with 200 has reached nobody.
 */
#include "serve/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/arguments.h"
#include "fastcgi/body.h"
#include "engine/engine.h"
#include "serve/origin.h"
#include "channel/sse_parse.h"
#include "serve/reply.h"
#include "serve/server.h"
#include "base/buffer.h"
#include "base/utf8.h"

#define RETRY_AFTER "Retry-After: 5\r\n"
#define REPLY_SIZE  256
#define NO_MEMORY   "there is no memory: try again"
#define LONG_BODY   "the body has more bytes than the %lu of --max-body"

/* A publication on its way in. */
struct post {
	struct body body;      /* first: what comes back is cast to this */
	struct stream *stream; /* NULL: it has gone meanwhile */
	bool publishing;       /* the engine has it */
	bool several;	       /* the body is an event stream */
	bool measured;	       /* its length was announced: */
	uint64_t length;
	char *type; /* NULL: none */
	char channel[CHANNEL_NAME_MAX + 1];
};

__attribute__((format(printf, 3, 4))) static void
refuse_post(struct stream *s, int status, const char *format, ...)
{
	char why[REPLY_SIZE - 1];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	server_of(s)->publish_refused++;
	reply(&s->conn, METHOD_POST, status, status == 503 ? RETRY_AFTER : "",
	    why);
}

/* The request is over. */
static void
free_post(struct body *body)
{
	struct post *p = (struct post *)body;

	p->stream = NULL;
	if (p->publishing)
		return; /* on_published() comes here again */
	free(p->type);
	free(p);
}

/* The engine has not published it. */
static void
refuse_unpublished(struct stream *s, enum publish_result result)
{
	const struct config *cfg = &server_of(s)->cfg;

	switch (result) {
	case PUBLISH_NO_CHANNEL:
		refuse_post(s, 503,
		    "there are as many channels as the %lu of --max-channels, "
		    "and all have streams: try again",
		    cfg->max_channels);
		break;
	case PUBLISH_TOO_LARGE:
		refuse_post(s, 413,
		    "the events take more memory than the %lu bytes of "
		    "--history-bytes: publish fewer at a time",
		    cfg->history_bytes);
		break;
	case PUBLISH_NO_ROOM:
		refuse_post(s, 503,
		    "what was published before is still being written to "
		    "streams: try again");
		break;
	default:
		refuse_post(s, 503, NO_MEMORY);
	}
}

/* How the publication went; it is the answer to the request. */
static void
on_published(void *arg, const struct published *what)
{
	struct post *p = arg;
	char text[REPLY_SIZE], id[EVENTID_SIZE];
	int n;

	p->publishing = false;
	if (p->stream == NULL) {
		free_post(&p->body);
		return;
	}
	if (what->result != PUBLISHED) {
		refuse_unpublished(p->stream, what->result);
		return;
	}
	(void)eventid_format(id, what->last);
	n = snprintf(text, sizeof(text),
	    "{\"id\":\"%s\",\"channel\":\"%s\",\"streams\":%zu", id, p->channel,
	    what->streams);
	if (p->several)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
		    ",\"events\":%zu", what->events);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "}\n");
	reply_body(&p->stream->conn, METHOD_POST, 200,
	    "Cache-Control: no-store\r\n", "application/json", text, (size_t)n);
}

/*
 * NULL, or what is wrong with the type.  What we say ourselves is nobody
 * else's, and to a page, open and error are of its connection.
 */
static const char *
type_fault(const char *type)
{
	static const char *const ours[] = {HUB_GAP, SSE_POSITION, "end", "open",
	    "error"};
	size_t i;

	if (type == NULL)
		return NULL;
	if (type[strcspn(type, "\r\n")] != '\0')
		return "an event's type is one line, without CR and LF";
	if (!utf8_valid((const uint8_t *)type, strlen(type)))
		return "an event's type is not UTF-8";
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(type, ours[i]) == 0)
			return "gap, position, end, open and error are not a "
			       "publisher's types: choose another";
	return NULL;
}

/* The messages are checked, all of them, and then published. */
static void
publish_all(struct post *p, struct sse_message m[], size_t n)
{
	struct server *sv = server_of(p->stream);
	const char *wrong = NULL;
	size_t i;

	for (i = 0; i < n && wrong == NULL; i++) {
		if (m[i].type == NULL)
			m[i].type = p->type;
		wrong = type_fault(m[i].type);
		if (m[i].len + (m[i].type == NULL ? 0 : strlen(m[i].type)) >
		    sv->cfg.max_event) {
			refuse_post(p->stream, 413,
			    "an event has more bytes than the %lu of "
			    "--max-event, its type included",
			    sv->cfg.max_event);
			return;
		}
	}
	if (wrong != NULL) {
		refuse_post(p->stream, 400, "%s", wrong);
		return;
	}
	p->publishing = true;
	sv->engine->publish(sv->engine, p->channel, m, n, on_published, p);
}

/* A body that is an event stream: many events. */
static void
publish_several(struct post *p, char *text, size_t len)
{
	static struct sse_message messages[ENGINE_BATCH_MAX];
	char *room = malloc(len + 1);
	const char *wrong;
	ssize_t n;

	if (room == NULL) {
		refuse_post(p->stream, 503, NO_MEMORY);
		return;
	}
	n = sse_parse(text, len, room, messages, ENGINE_BATCH_MAX, &wrong);
	if (n == -1)
		refuse_post(p->stream, 400, "%s", wrong);
	else
		publish_all(p, messages, (size_t)n);
	free(room);
}

/* The body is here. */
static void
publish_body(struct post *p)
{
	struct buffer *buffer = p->body.bytes;
	size_t len = buffer == NULL ? 0 : buffer->len;
	char *text = buffer == NULL ? NULL : (char *)buffer->bytes;
	struct sse_message one = {.data = text == NULL ? "" : text, .len = len};

	if (p->measured && p->length != len)
		refuse_post(p->stream, 400,
		    "CONTENT_LENGTH is %" PRIu64
		    ", and the body has %zu bytes: "
		    "nothing of it is published",
		    p->length, len);
	else if (!utf8_valid((const uint8_t *)one.data, len))
		refuse_post(p->stream, 400,
		    "the body is not UTF-8: send text, and other bytes as "
		    "base64");
	else if (p->several && len > 0)
		publish_several(p, text, len);
	else if (p->several)
		refuse_post(p->stream, 400, SSE_PARSE_NO_EVENT);
	else
		publish_all(p, &one, 1);
}

static void
on_body(struct body *body, enum body_result result)
{
	struct post *p = (struct post *)body;

	if (result == BODY_WHOLE)
		publish_body(p);
	else if (result == BODY_LONG)
		refuse_post(p->stream, 413, LONG_BODY,
		    server_of(p->stream)->cfg.max_body);
	else
		refuse_post(p->stream, 503,
		    "there are too many unfinished bodies at a time: try "
		    "again");
}

/* Digits, and below 2^64; nothing else is a length (RFC 9110, section 8.6). */
static bool
read_length(const char *text, uint64_t *length)
{
	errno = 0;
	*length = strtoull(text, NULL, 10);
	return *text != '\0' && errno == 0 &&
	       strspn(text, "0123456789") == strlen(text);
}

static bool
is_event_stream(const char *type)
{
	static const char wanted[] = "text/event-stream";
	size_t len = sizeof(wanted) - 1;

	return type != NULL && strncasecmp(type, wanted, len) == 0 &&
	       (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/*
 * What the parameters alone tell.  Returns false with the publication refused.
 */
static bool
take_parameters(struct post *p, const struct request *r)
{
	const struct server *sv = server_of(p->stream);
	const char *length = r->content_length;
	const char *foreign = origin_foreign(r);

	p->measured = length != NULL && *length != '\0';
	p->several = is_event_stream(r->content_type);
	if (foreign != NULL)
		refuse_post(p->stream, 403, "%s", foreign);
	else if (p->measured && strcmp(length, "-1") == 0)
		refuse_post(p->stream, 400,
		    "CONTENT_LENGTH is -1: the front (Caddy?) does not measure "
		    "a body that comes in chunks; send Content-Length");
	else if (p->measured && !read_length(length, &p->length))
		refuse_post(p->stream, 400,
		    "CONTENT_LENGTH is not a number of bytes: it comes from "
		    "the request's Content-Length");
	else if (p->measured && p->length > sv->cfg.max_body)
		refuse_post(p->stream, 413, LONG_BODY, sv->cfg.max_body);
	else if (sv->streams.draining)
		refuse_post(p->stream, 503,
		    "this process is about to end: try again");
	else
		return true;
	return false;
}

/* What the query asks for; likewise. */
static bool
take_query(struct post *p, const struct request *r)
{
	struct arguments a;
	const char *wrong = arguments_read(&a, r);

	if (wrong == NULL && a.channels == 0)
		wrong = "no channel is named, by channel=NAME";
	if (wrong == NULL && arguments_clock(&a))
		wrong = "the clock's events are its own: choose another name";
	if (wrong == NULL && a.channels > 1)
		wrong = "these are several channels: publish to each of them";
	if (wrong == NULL)
		wrong = type_fault(a.event);
	if (wrong != NULL) {
		refuse_post(p->stream, 400, "%s", wrong);
		return false;
	}
	memcpy(p->channel, a.channel[0], strlen(a.channel[0]) + 1);
	if (a.event == NULL || *a.event == '\0')
		return true;
	p->type = strdup(a.event);
	if (p->type == NULL)
		refuse_post(p->stream, 503, NO_MEMORY);
	return p->type != NULL;
}

void
publish(struct stream *s, const struct request *r)
{
	struct post *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		refuse_post(s, 503, NO_MEMORY);
		return;
	}
	p->stream = s;
	p->body.max = server_of(s)->cfg.max_body;
	p->body.done = on_body;
	p->body.free = free_post;
	if (take_parameters(p, r) && take_query(p, r))
		conn_want_body(&s->conn, &p->body);
	else
		free_post(&p->body);
}
