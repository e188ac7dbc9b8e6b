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
#include "gate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "record.h"

enum phase {
	IDLE,	/* no request */
	PARAMS, /* BEGIN_REQUEST was here, parameters are coming */
	BODY,	/* the request was given out, its body is coming */
	DONE	/* the body is over as well */
};

enum content { SKIP, STORE, HAND_ON };

/* Bytes of a record's header, and the mark that only padding is left. */
enum { HEADER_DONE = RECORD_HEADER, CONTENT_DONE = RECORD_HEADER + 1 };

/*
 * The request's parameters so far and, behind them, the content of the record
 * that is being read if it must be whole to be understood.
 */
struct gate_store {
	size_t params;
	size_t len;
	size_t cap;
	uint8_t bytes[];
};

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

bool
gate_active(const struct gate *g)
{
	return g->phase != IDLE;
}

bool
gate_body_done(const struct gate *g)
{
	return g->phase == DONE;
}

void
gate_release(struct gate *g)
{
	free(g->store);
	g->store = NULL;
}

void
gate_end(struct gate *g)
{
	g->phase = IDLE;
	gate_release(g);
}

static ssize_t
bad(struct gate_event *out, const char *why)
{
	*out = (struct gate_event){.kind = GATE_BAD, .why = why};
	return -1;
}

/* Appends to the store, which grows by bytes that are here.  -1: no memory. */
static int
store(struct gate *g, const uint8_t *buf, size_t len)
{
	struct gate_store *s = g->store;
	size_t cap, used = s == NULL ? 0 : s->len;

	if (s == NULL || len > s->cap - used) {
		cap = used + len < 1024 ? 1024 : (used + len) * 2;
		s = realloc(s, sizeof(*s) + cap);
		if (s == NULL)
			return -1;
		if (g->store == NULL)
			s->params = s->len = 0;
		s->cap = cap;
		g->store = s;
	}
	memcpy(s->bytes + s->len, buf, len);
	s->len += len;
	return 0;
}

/* The stored content of the record that has just ended. */
static const uint8_t *
stored_content(const struct gate *g, size_t *len)
{
	if (g->store == NULL) {
		*len = 0;
		return g->head; /* anything but NULL */
	}
	*len = g->store->len - g->store->params;
	return g->store->bytes + g->store->params;
}

static void
forget_content(struct gate *g)
{
	if (g->store == NULL)
		return;
	g->store->len = g->store->params;
	if (g->store->len == 0)
		gate_release(g);
}

static bool
is_mine(const struct gate *g)
{
	return g->phase != IDLE && record_id(g) == g->id;
}

/*
 * What to do with the record's content; -1 with *why if the record must not be
 * here.  A record of a request that is not active is skipped (section 3.3).
 */
static int
content_of_request(const struct gate *g, const char **why)
{
	switch (record_type(g)) {
	case FCGI_BEGIN_REQUEST:
		if (content_length(g) != 8)
			*why = "BEGIN_REQUEST of a wrong length";
		else if (is_mine(g))
			*why = "BEGIN_REQUEST twice";
		else
			return g->phase == IDLE ? STORE : SKIP;
		return -1;
	case FCGI_PARAMS:
		if (!is_mine(g))
			return SKIP;
		if (g->phase == PARAMS)
			return STORE;
		*why = "PARAMS after their end";
		return -1;
	case FCGI_STDIN:
		if (!is_mine(g) || g->phase == DONE)
			return SKIP;
		if (g->phase == BODY)
			return HAND_ON;
		*why = "STDIN before the end of PARAMS";
		return -1;
	case FCGI_ABORT_REQUEST:
		return SKIP;
	case FCGI_DATA:
		if (!is_mine(g))
			return SKIP;
		*why = "DATA for a responder";
		return -1;
	default:
		*why = "a record type that no front sends";
		return -1;
	}
}

static int
content_of_management(const struct gate *g, const char **why)
{
	uint8_t type = record_type(g);

	if (type == FCGI_GET_VALUES)
		return STORE;
	if (type == 0 || type > FCGI_UNKNOWN_TYPE)
		return SKIP;
	*why = "a request's record, or an application's, with id 0";
	return -1;
}

static int
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
	if (content(g, &why) == -1)
		return bad(out, why);
	return (ssize_t)n;
}

static ssize_t
take_content(struct gate *g, const uint8_t *buf, size_t len,
    struct gate_event *out)
{
	const char *why = NULL;
	size_t n = g->left < len ? g->left : len;

	switch (content(g, &why)) {
	case STORE:
		if (record_type(g) == FCGI_PARAMS && g->store != NULL &&
		    n > GATE_PARAMS_MAX - g->store->len)
			return bad(out, "more than 64 KiB of parameters");
		if (store(g, buf, n) == -1)
			return bad(out, "no memory for a request");
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

static ssize_t
end_begin(struct gate *g, struct gate_event *out)
{
	size_t len;
	const uint8_t *c = stored_content(g, &len);

	out->id = record_id(g);
	if (g->phase != IDLE) {
		out->kind = GATE_REFUSE;
		out->status = FCGI_CANT_MPX_CONN;
		out->keep = true; /* the active request goes on */
		return 0;
	}
	assert(len == 8);
	g->keep = (c[2] & FCGI_KEEP_CONN) != 0;
	if ((c[0] << 8 | c[1]) == FCGI_RESPONDER) {
		g->phase = PARAMS;
		g->id = out->id;
	} else {
		out->kind = GATE_REFUSE;
		out->status = FCGI_UNKNOWN_ROLE;
		out->keep = g->keep;
	}
	forget_content(g);
	return 0;
}

static ssize_t
end_params(struct gate *g, struct gate_event *out)
{
	const char *why;

	if (content_length(g) > 0) {
		g->store->params = g->store->len;
		return 0;
	}
	out->kind = GATE_REQUEST;
	out->id = g->id;
	out->keep = g->keep;
	if (g->store != NULL) {
		out->data = g->store->bytes;
		out->len = g->store->params;
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
	const uint8_t *names = stored_content(g, &len);
	int asked = record_asked(names, len);

	forget_content(g);
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
