/* SPDX-License-Identifier: ISC */
/*
 * From bytes to records to the socket.  Each record carries bytes of one piece
 * only and at most 16 KiB, because lighttpd and h2o forward a record when it
 * is whole; many records leave in one call.
 *
 * A piece's wire bytes follow from its length alone, so that a write that came
 * back short is continued by nothing more than a count.
 */
#include "fastcgi/writer.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "fastcgi/record.h"
#include "base/platform.h"
#include "base/unset.h"

#define WRITER_RECORDS (BATCH_PIECES + 16) /* records in one write */
#define WRITER_SMALL   512		   /* bytes that are cheaper copied */

/*
 * One call in the making.  Headers and small data are copied behind one
 * another: the kernel takes one run of bytes for less than two.
 */
struct call {
	int n;
	unsigned records;
	size_t bytes;
	size_t copied;
	size_t small; /* bytes of data that are copied at most */
	uint8_t *copy;
	struct iovec iov[2 * WRITER_RECORDS];
};

/* The bytes of a piece on the wire, record headers included. */
static size_t
wire_size(const struct piece *p)
{
	size_t records =
	    ((size_t)p->len + WRITER_RECORD_MAX - 1) / WRITER_RECORD_MAX;

	return p->raw ? p->len : p->len + records * RECORD_HEADER;
}

/* Adds a copy, to the run of bytes before it if that is one too. */
static void
offer_copy(struct call *c, const uint8_t *data, size_t len)
{
	uint8_t *copy = memcpy(c->copy + c->copied, data, len);
	struct iovec *last = c->n == 0 ? NULL : &c->iov[c->n - 1];

	if (len == 0)
		return;
	c->copied += len;
	if (last != NULL && (uint8_t *)last->iov_base + last->iov_len == copy) {
		last->iov_len += len;
		return;
	}
	c->iov[c->n].iov_base = copy;
	c->iov[c->n++].iov_len = len;
}

/* How many of the len bytes are to be skipped; they are taken off *skip. */
static size_t
skipped(size_t *skip, size_t len)
{
	size_t n = *skip < len ? *skip : len;

	*skip -= n;
	return n;
}

static void
offer_head(struct call *c, uint16_t id, size_t len, size_t *skip)
{
	uint8_t head[RECORD_HEADER];
	size_t over = skipped(skip, sizeof(head));

	record_header(head, FCGI_STDOUT, id, (uint16_t)len);
	offer_copy(c, head + over, sizeof(head) - over);
	c->bytes += sizeof(head) - over;
}

static void
offer_data(struct call *c, const uint8_t *data, size_t len, size_t *skip)
{
	size_t over = skipped(skip, len);

	data += over;
	len -= over;
	c->bytes += len;
	if (len <= c->small) {
		offer_copy(c, data, len);
		return;
	}
	c->iov[c->n].iov_base = (void *)(uintptr_t)data;
	c->iov[c->n++].iov_len = len;
}

/* Returns false if the call has no room for all of the piece. */
static bool
offer_piece(struct call *c, const struct piece *p, uint16_t id, size_t skip)
{
	size_t most = p->raw ? p->len : WRITER_RECORD_MAX, at, len;

	for (at = 0; at < p->len; at += len) {
		len = p->len - at < most ? p->len - at : most;
		if (c->records == WRITER_RECORDS)
			return false;
		if (skip >= RECORD_HEADER + len && !p->raw) {
			skip -= RECORD_HEADER + len;
			continue;
		}
		c->records++;
		if (!p->raw)
			offer_head(c, id, len, &skip);
		offer_data(c, p->data + at, len, &skip);
	}
	return true;
}

void
writer_hold(struct writer *o, struct event *ev, bool raw)
{
	assert(o->held == NULL);
	o->held = ev;
	o->sent = 0;
	o->raw = raw;
}

void
writer_free(struct writer *o)
{
	event_unref(o->held);
	*o = (struct writer){0};
}

void
writer_begin(const struct writer *o, struct batch *b)
{
	batch_begin(b);
	if (o->held == NULL)
		return;
	(void)batch_add_event(b, 0, o->held);
	b->piece[0].raw = o->raw;
}

/* Keeps what is left of a piece.  -1: no memory for that. */
static int
keep(struct writer *o, const struct piece *p, size_t sent)
{
	struct event *ev = p->event;

	if (ev == NULL || ev != o->held) {
		ev = ev == NULL ? event_new(p->data, p->len) : event_ref(ev);
		if (ev == NULL)
			return -1;
		writer_hold(o, ev, p->raw);
	}
	o->sent = (uint32_t)sent;
	return 0;
}

/* Counts what was written off the pieces; returns those begun, or -1. */
static int
count(struct writer *o, const struct piece *piece, unsigned n, size_t written)
{
	size_t skip = o->sent, size;
	unsigned i;

	for (i = 0; i < n && written > 0; i++, skip = 0) {
		size = wire_size(&piece[i]) - skip;
		if (written < size) {
			if (keep(o, &piece[i], skip + written) == -1)
				return -1;
			written = size;
		} else if (i == 0)
			writer_free(o);
		written -= size;
	}
	return (int)i;
}

enum writer_result
writer_settle(struct writer *o, const struct piece *piece, unsigned n,
    size_t len, ssize_t result, unsigned *begun)
{
	int counted;

	*begun = 0;
	if (result == -EAGAIN || result == -EWOULDBLOCK)
		return WRITER_FULL;
	if (result < 0)
		return WRITER_DEAD;
	counted = count(o, piece, n, (size_t)result);
	if (counted == -1)
		return WRITER_DEAD;
	*begun = (unsigned)counted;
	return (size_t)result < len ? WRITER_FULL : WRITER_ALL;
}

/*
 * As much of the batch as one call takes; of its data what has up to small
 * bytes is copied to copy.
 */
static void
offer(struct call *c, const struct writer *o, const struct batch *b,
    uint16_t id, uint8_t *copy, size_t small)
{
	size_t skip = o->sent;
	unsigned i;

	c->n = 0;
	c->records = 0;
	c->bytes = 0;
	c->copied = 0;
	c->small = small;
	c->copy = copy;
	for (i = 0; i < b->n; i++, skip = 0)
		if (!offer_piece(c, &b->piece[i], id, skip))
			break;
}

/* One run of bytes, the usual case, goes by the shorter way. */
static ssize_t
call(int fd, const struct call *c)
{
	ssize_t n;

	do
		n = c->n == 1 ? send(fd, c->iov[0].iov_base, c->iov[0].iov_len,
				    MSG_NOSIGNAL) :
				writev(fd, c->iov, c->n);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -errno : n;
}

enum writer_result
writer_write(struct writer *o, int fd, uint16_t id, const struct batch *b,
    unsigned *begun, size_t *written)
{
	UNSET uint8_t copy[WRITER_RECORDS * (RECORD_HEADER + WRITER_SMALL)];
	enum writer_result how;
	UNSET struct call c;
	ssize_t n;

	offer(&c, o, b, id, copy, WRITER_SMALL);
	n = call(fd, &c);
	how = writer_settle(o, b->piece, b->n, c.bytes, n, begun);
	*written = how == WRITER_DEAD || n < 0 ? 0 : (size_t)n;
	return how;
}

/* The texts are where the batch will be another's: they are found in the run.
 */
static void
move_texts(struct batch *b, const uint8_t *run, size_t skip)
{
	struct piece *p;

	for (p = b->piece; p < b->piece + b->n; p++, skip = 0) {
		if (p->event == NULL)
			p->data = p->raw ? run : run + RECORD_HEADER;
		run += wire_size(p) - skip;
	}
}

size_t
writer_lay(const struct writer *o, uint16_t id, struct batch *b, uint8_t *to,
    size_t room)
{
	size_t size = 0;
	UNSET struct call c;
	unsigned i;

	for (i = 0; i < b->n; i++)
		size += wire_size(&b->piece[i]);
	size -= o->sent;
	if (size > room)
		return 0;
	offer(&c, o, b, id, to, room);
	assert(c.n == 1 && c.bytes == size);
	move_texts(b, to, o->sent);
	return size;
}
