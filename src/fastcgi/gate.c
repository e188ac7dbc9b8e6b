/* SPDX-License-Identifier: ISC */
/*
 * The only reader of the front's bytes.  It takes them as they come, in pieces
 * of any size, and gives out whole, checked requests; libfcgi never sees
 * anything else.  One request is active at a time: that is what all fronts
 * do, and a second one is refused (CANT_MPX_CONN) without harm to the first.
 *
 * A record goes header, content, end, padding.  What its content is good for
 * is known from the header alone: it is stored (and looked at when it is
 * whole), handed on (the body) or skipped.
 */
#include "fastcgi/gate_inner.h"

#include <assert.h>
#include <string.h>

#include "fastcgi/params.h"
#include "fastcgi/record.h"
#include "base/buffer.h"

/*
 * Content bytes of a GET_VALUES while a request is active: fronts ask before.
 * Half of one may be held for as long as a stream lasts.
 */
#define VALUES_INSIDE_MAX 512

/* Bytes of a record's header, and the mark that only padding is left. */
enum { HEADER_DONE = RECORD_HEADER, CONTENT_DONE = RECORD_HEADER + 1 };

static uint8_t
record_type(const struct gate *g)
{
	return g->head[1];
}

static uint16_t
record_id(const struct gate *g)
{
	return (uint16_t)(g->head[2] << 8 | g->head[3]);
}

static uint16_t
content_length(const struct gate *g)
{
	return (uint16_t)(g->head[4] << 8 | g->head[5]);
}

static bool
is_mine(const struct gate *g)
{
	return g->phase != IDLE && record_id(g) == g->id;
}

bool
gate_busy(const struct gate *g)
{
	return g->phase != IDLE || (g->have > 0 && g->have < CONTENT_DONE);
}

bool
gate_body_done(const struct gate *g)
{
	return g->phase == DONE;
}

void
gate_release(struct gate *g)
{
	buffer_give_up(&g->buffer);
}

void
gate_free(struct gate *g)
{
	buffer_free(&g->buffer);
}

void
gate_end(struct gate *g)
{
	/* In the middle of one of its records? */
	if (g->have == HEADER_DONE && is_mine(g)) {
		buffer_forget(&g->buffer);
		g->content = SKIP;
	}
	g->phase = IDLE;
	gate_release(g);
}

static ssize_t
bad(struct gate_event *out, const char *why)
{
	*out = (struct gate_event){.kind = GATE_BAD, .why = why};
	return -1;
}

static enum content
content_of_request(const struct gate *g, const char **why)
{
	uint8_t type = record_type(g);
	enum phase phase = g->phase == IDLE || is_mine(g) ? g->phase : OTHER;
	const struct gate_rule *rule =
	    &gate_rules[type <= FCGI_DATA ? type : 0];

	*why =
	    rule->why == NULL ? "a record type that no front sends" : rule->why;
	if (type == FCGI_BEGIN_REQUEST && content_length(g) != 8) {
		*why = "BEGIN_REQUEST of a wrong length";
		return WRONG;
	}
	return rule->in[phase]; /* WRONG is 0, for types without a row */
}

static enum content
content_of_management(const struct gate *g, const char **why)
{
	uint8_t type = record_type(g);

	if (type == FCGI_GET_VALUES && g->phase != IDLE &&
	    content_length(g) > VALUES_INSIDE_MAX) {
		*why = "a long GET_VALUES inside a request";
		return WRONG;
	}
	if (type == FCGI_GET_VALUES)
		return STORE;
	if (type == 0 || type > FCGI_UNKNOWN_TYPE)
		return SKIP;
	*why = "a request's record, or an application's, with id 0";
	return WRONG;
}

static enum content
content(const struct gate *g, const char **why)
{
	return record_id(g) == 0 ? content_of_management(g, why) :
				   content_of_request(g, why);
}

static ssize_t
take_header(struct gate *g, const uint8_t *buf, size_t len,
    struct gate_event *out)
{
	const char *why = NULL;
	size_t n = HEADER_DONE - g->have;

	if (n > len)
		n = len;
	memcpy(g->head + g->have, buf, n);
	g->have = (uint8_t)(g->have + n);
	if (g->head[0] != RECORD_VERSION)
		return bad(out, "not FastCGI version 1");
	if (g->have < HEADER_DONE)
		return (ssize_t)n;
	g->left = content_length(g);
	g->padding = g->head[6];
	g->content = (unsigned)content(g, &why) & 3;
	if (g->content == WRONG)
		return bad(out, why);
	return (ssize_t)n;
}

static ssize_t
take_content(struct gate *g, const uint8_t *buf, size_t len,
    struct gate_event *out)
{
	size_t n = g->left < len ? g->left : len;

	switch (g->content) {
	case STORE:
		if (record_type(g) == FCGI_PARAMS && g->buffer != NULL &&
		    n > GATE_PARAMS_MAX - g->buffer->len)
			return bad(out, "more than 64 KiB of parameters");
		if (buffer_add(&g->buffer, buf, n) == -1) {
			out->kind = GATE_NO_MEMORY;
			return -1;
		}
		break;
	case HAND_ON:
		out->kind = GATE_BODY;
		out->id = g->id;
		out->data = buf;
		out->len = n;
		break;
	default:
		break;
	}
	g->left = (uint16_t)(g->left - n);
	return (ssize_t)n;
}

static void
refuse(const struct gate *g, enum record_status status, bool keep,
    struct gate_event *out)
{
	out->kind = GATE_REFUSE;
	out->id = record_id(g);
	out->status = (uint8_t)status;
	out->keep = keep;
}

static ssize_t
end_begin(struct gate *g, struct gate_event *out)
{
	size_t len;
	const uint8_t *c = buffer_latest(g->buffer, &len);

	if (g->content == SKIP) {
		refuse(g, FCGI_CANT_MPX_CONN, true, out);
		return 0; /* the active request goes on */
	}
	assert(len == 8);
	g->keep = (c[2] & FCGI_KEEP_CONN) != 0;
	if ((c[0] << 8 | c[1]) == FCGI_RESPONDER) {
		g->phase = PARAMS;
		g->id = record_id(g);
	} else
		refuse(g, FCGI_UNKNOWN_ROLE, g->keep, out);
	buffer_forget(&g->buffer);
	return 0;
}

static ssize_t
end_params(struct gate *g, struct gate_event *out)
{
	const char *why;

	if (content_length(g) > 0) {
		buffer_keep(g->buffer);
		return 0;
	}
	out->kind = GATE_REQUEST;
	out->id = g->id;
	out->keep = g->keep;
	if (g->buffer != NULL) {
		out->data = g->buffer->bytes;
		out->len = g->buffer->kept;
		why = params_fault(out->data, out->len);
		if (why != NULL)
			return bad(out, why);
	}
	g->phase = BODY;
	return 0;
}

static ssize_t
end_values(struct gate *g, struct gate_event *out)
{
	size_t len;
	const uint8_t *names = buffer_latest(g->buffer, &len);
	int asked = record_asked(names, len);

	buffer_forget(&g->buffer);
	if (asked == -1)
		return bad(out, "GET_VALUES that is cut off");
	out->kind = GATE_VALUES;
	out->asked = (unsigned)asked;
	return 0;
}

/* The record's content has come whole: what does it amount to? */
static ssize_t
end_record(struct gate *g, struct gate_event *out)
{
	switch (record_type(g)) {
	case FCGI_BEGIN_REQUEST:
		return end_begin(g, out);
	case FCGI_PARAMS:
		return is_mine(g) ? end_params(g, out) : 0;
	case FCGI_STDIN:
		if (is_mine(g) && g->phase == BODY && content_length(g) == 0) {
			g->phase = DONE;
			out->kind = GATE_BODY_END;
			out->id = g->id;
		}
		return 0;
	case FCGI_ABORT_REQUEST:
		if (is_mine(g)) {
			out->kind = GATE_ABORT;
			out->id = g->id;
			out->keep = g->keep;
		}
		return 0;
	case FCGI_GET_VALUES:
		return end_values(g, out);
	case FCGI_DATA:
		return 0;
	default:
		out->kind = GATE_UNKNOWN;
		out->type = record_type(g);
		return 0;
	}
}

/* One step in the record: header, content, end or padding. */
static ssize_t
step(struct gate *g, const uint8_t *buf, size_t len, struct gate_event *out)
{
	size_t n;

	if (g->have < HEADER_DONE)
		return take_header(g, buf, len, out);
	if (g->have == HEADER_DONE && g->left > 0)
		return take_content(g, buf, len, out);
	if (g->have == HEADER_DONE) {
		g->have = CONTENT_DONE;
		return end_record(g, out);
	}
	n = g->padding < len ? g->padding : len;
	g->padding = (uint8_t)(g->padding - n);
	if (g->padding == 0)
		g->have = 0;
	return (ssize_t)n;
}

ssize_t
gate_read(struct gate *g, const uint8_t *buf, size_t len,
    struct gate_event *out)
{
	size_t used = 0;
	ssize_t n;

	*out = (struct gate_event){.kind = GATE_MORE};
	while (out->kind == GATE_MORE) {
		/* A record that is whole needs no further byte to end. */
		if (used == len && !(g->have == HEADER_DONE && g->left == 0))
			break;
		n = step(g, buf + used, len - used, out);
		if (n == -1)
			return -1;
		used += (size_t)n;
	}
	return (ssize_t)used;
}
