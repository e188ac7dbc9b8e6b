/* SPDX-License-Identifier: ISC */
/*
 * The body of a request that wants it.  It grows by bytes that are here; one
 * body is bounded, and so are all the unfinished ones together, of which a new
 * one that finds no room is refused: it harms none that were there before.
 */
#include "body.h"

#include "store.h"

void
body_want(struct conn *c, struct body *body)
{
	c->body = body;
	conn_enter(c, CONN_BODY);
}

void
body_forget(struct conn *c)
{
	if (c->body->bytes != NULL)
		conn_all(c)->bodies -= c->body->bytes->cap;
	store_free(&c->body->bytes);
}

void
body_end(struct conn *c, enum body_result result)
{
	conn_enter(c, CONN_OPEN);
	c->body->done(c, c->body, result);
}

void
body_add(struct conn *c, const uint8_t *data, size_t len)
{
	struct conns *cs = conn_all(c);
	struct body *b = c->body;
	size_t had = b->bytes == NULL ? 0 : b->bytes->len;
	size_t cap = b->bytes == NULL ? 0 : b->bytes->cap;

	if (len > b->max - had) {
		body_end(c, BODY_LONG);
		return;
	}
	if (store_add(&b->bytes, data, len) == -1) {
		body_end(c, BODY_NO_ROOM);
		return;
	}
	cs->bodies += b->bytes->cap - cap;
	if (cs->bodies > cs->bodies_max)
		body_end(c, BODY_NO_ROOM);
}

void
body_over(struct conn *c)
{
	struct body *body = c->body;

	if (body == NULL)
		return;
	body_forget(c);
	c->body = NULL;
	body->free(body);
}
