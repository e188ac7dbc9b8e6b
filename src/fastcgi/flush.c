/* SPDX-License-Identifier: ISC */
/*
 * The way out, once a turn: each connection that was woken is asked what there
 * is to write, and given one write after the other until there is no more, the
 * socket is full, or others have a right to be served.  What is asked and told
 * of the exchange on the way is at struct role.
 */
#include "fastcgi/flush.h"

#include <stdlib.h>

#include "fastcgi/conn_inner.h"
#include "fastcgi/record.h"
#include "fastcgi/writer.h"

#define FLUSH_BUDGET 65536	/* bytes a turn for one connection */
#define FLUSH_TURN   (16 << 20) /* and for all of them together */

enum flush {
	FLUSH_DONE,  /* there is nothing more to write */
	FLUSH_AGAIN, /* the socket is full */
	FLUSH_MORE,  /* the budget is used up */
	FLUSH_DEAD   /* the front has gone */
};

/* Puts together what this write will try to send; true: END_REQUEST too. */
static bool
gather(struct conn *c, struct batch *b)
{
	char *end;
	size_t len;

	writer_begin(&c->writer, b);
	if (c->ended)
		return false;
	c->role->fill(c, b);
	if (!c->ending || b->full ||
	    (end = batch_text(b, RECORD_END_SIZE)) == NULL)
		return false;
	len = record_end((uint8_t *)end, c->gate.id, FCGI_REQUEST_COMPLETE);
	batch_add(b, 0, end, len)->raw = true;
	return true;
}

static enum flush
flush(struct conn *c)
{
	struct conns *cs = conn_all(c);
	struct batch *b = &cs->batch;
	size_t budget = FLUSH_BUDGET, written;
	enum writer_result result;
	unsigned i, begun;
	bool last; /* END_REQUEST is the batch's last piece */
	bool all;  /* of what there is to write */

	for (;;) {
		i = c->writer.held != NULL; /* not asked of the role now */
		last = gather(c, b);
		if (b->n == 0)
			return FLUSH_DONE;
		result = writer_write(&c->writer, c->io.fd, c->gate.id, b,
		    &begun, &written);
		all = begun == b->n && c->writer.held == NULL && !b->full;
		c->ended = c->ended || (last && begun == b->n);
		if (last && begun == b->n)
			begun--; /* which is not the role's */
		for (; i < begun; i++)
			c->role->took(c, &b->piece[i]);
		cs->sent += written;
		if (written > 0)
			conn_touch(c);
		if (result != WRITER_ALL)
			return result == WRITER_FULL ? FLUSH_AGAIN : FLUSH_DEAD;
		if (all)
			return FLUSH_DONE;
		if (written >= budget)
			return FLUSH_MORE;
		budget -= written;
	}
}

static void
flush_one(struct conn *c)
{
	switch (flush(c)) {
	case FLUSH_DONE:
		if (c->ended)
			conn_ended(c);
		break;
	case FLUSH_AGAIN:
		conn_block(c);
		break;
	case FLUSH_MORE:
		conn_all(c)->behind = true;
		conn_wake(c);
		break;
	case FLUSH_DEAD:
		conn_close(c);
		break;
	}
}

bool
conns_flush(struct conns *cs)
{
	struct conn_queue turn = STAILQ_HEAD_INITIALIZER(turn);
	unsigned long long enough = cs->sent + FLUSH_TURN;
	struct conn *c;

	cs->behind = false;
	if (cs->round == 0)
		cs->round = cs->dirty_count;
	STAILQ_CONCAT(&turn, &cs->dirty);
	while ((c = STAILQ_FIRST(&turn)) != NULL && cs->sent < enough) {
		STAILQ_REMOVE_HEAD(&turn, dirty_link);
		c->dirty = false;
		cs->dirty_count--;
		cs->round -= cs->round > 0;
		if (c->phase == CONN_OPEN)
			flush_one(c);
		if (c->phase == CONN_CLOSED && !c->dirty) {
			cs->total--;
			free(c);
		}
	}
	if (c != NULL) { /* the rest is first in the next turn */
		cs->behind = true;
		STAILQ_CONCAT(&turn, &cs->dirty);
		STAILQ_CONCAT(&cs->dirty, &turn);
	}
	return !STAILQ_EMPTY(&cs->dirty);
}

bool
conns_round_over(const struct conns *cs)
{
	return cs->round == 0;
}
