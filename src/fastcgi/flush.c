/* SPDX-License-Identifier: ISC */
/*
 * The way out, once a turn: each connection that was woken is asked what there
 * is to write, which is added to a wave, and told what became of that when the
 * wave has gone.  What was too large for a wave, or was not all, goes on by one
 * write after the other, until there is no more, the socket is full, or others
 * have a right to be served.  What is asked and told of the exchange on the way
 * is at struct role.
 */
#include "fastcgi/flush.h"

#include <assert.h>
#include <stdlib.h>

#include "fastcgi/conn_inner.h"
#include "fastcgi/record.h"

#define FLUSH_BUDGET 65536	/* bytes a turn for one connection */
#define FLUSH_TURN   (16 << 20) /* and for all of them together */

enum flush {
	FLUSH_DONE,  /* there is nothing more to write */
	FLUSH_AGAIN, /* the socket is full */
	FLUSH_MORE,  /* there is, and it takes it */
	FLUSH_DEAD   /* the front has gone */
};

/* Puts together what this write will try to send; END_REQUEST too? */
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

/* That many of the write's pieces are begun, so many bytes are written. */
static enum flush
settle(const struct write *w, enum writer_result result, unsigned begun,
    size_t written)
{
	struct conn *c = w->owner;
	bool all = begun == w->n && c->writer.held == NULL && !w->full;
	bool end = w->last && begun == w->n;
	unsigned i;

	c->ended = c->ended || end;
	for (i = w->known; i < begun - end; i++)
		c->role->took(c, &w->piece[i]);
	conn_all(c)->sent += written;
	if (written > 0)
		conn_touch(c);
	if (result != WRITER_ALL)
		return result == WRITER_FULL ? FLUSH_AGAIN : FLUSH_DEAD;
	return all ? FLUSH_DONE : FLUSH_MORE;
}

static struct write
ask(struct conn *c, struct batch *b)
{
	struct write w = {.owner = c, .known = c->writer.held != NULL};

	w.last = gather(c, b);
	w.full = b->full;
	w.piece = b->piece;
	w.n = b->n;
	return w;
}

/* Writes what was asked for, and goes on as long as it has a right to. */
static enum flush
write_on(struct write *w)
{
	struct conn *c = w->owner;
	struct batch *b = &conn_all(c)->batch;
	size_t total, written;
	enum writer_result result;
	enum flush how;
	unsigned begun;

	for (total = 0; w->n > 0; total += written) {
		result = writer_write(&c->writer, c->io.fd, c->gate.id, b,
		    &begun, &written);
		how = settle(w, result, begun, written);
		if (how != FLUSH_MORE || written >= FLUSH_BUDGET - total)
			return how;
		*w = ask(c, b);
	}
	return FLUSH_DONE;
}

static void
end_turn(struct conn *c, enum flush how)
{
	switch (how) {
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

static void
settle_wave(const struct write *w, int result)
{
	struct conn *c = w->owner;
	struct write more;
	unsigned begun;
	enum writer_result how;
	enum flush flush;

	assert(c->phase == CONN_OPEN); /* nobody else closes one meanwhile */
	how = writer_settle(&c->writer, w->piece, w->n, w->len, result, &begun);
	flush = settle(w, how, begun,
	    how == WRITER_DEAD || result < 0 ? 0 : (size_t)result);
	if (flush == FLUSH_MORE) {
		more = ask(c, &conn_all(c)->batch);
		flush = write_on(&more);
	}
	end_turn(c, flush);
}

static void
flush_one(struct conn *c)
{
	struct conns *cs = conn_all(c);
	struct write w = ask(c, &cs->batch);

	if (w.n == 0)
		end_turn(c, FLUSH_DONE);
	else if (!wave_add(&cs->wave, &w, &c->writer, c->io.fd, c->gate.id,
		     &cs->batch))
		end_turn(c, write_on(&w));
	else if (wave_is_full(&cs->wave))
		wave_go(&cs->wave, settle_wave);
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
		else if (c->phase == CONN_CLOSED) {
			cs->total--;
			free(c);
		}
	}
	wave_go(&cs->wave, settle_wave);
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
