/* SPDX-License-Identifier: ISC */
/*
 * The gate, and the pairs that it lets through.  The first byte says how many
 * cuts there are, two bytes each for where, two more behind how many bytes the
 * request is over, and the rest is what a front sends.  In one piece, cut
 * there, or byte by byte: the gate must find the same in it.
 */
#include "fastcgi/gate.h"

#include <stdbool.h>

#include "fastcgi/params.h"
#include "fuzz.h"
#include "pairs.h"

#define CUTS  8
#define BYTES 512 /* of more it takes too long to read each alone */

/* A digest of what was found: kinds, ids, and all bytes given out. */
struct found {
	uint64_t sum;
	bool bad;
	bool open; /* a request is */
};

static bool
has(struct input in, int byte)
{
	return in.len > 0 && memchr(in.at, byte, in.len) != NULL;
}

/* What a request's parameters are by now. */
static void
check_pairs(struct input in)
{
	struct input name[PARAMS_PAIRS_MAX], value;
	size_t n, i;

	for (n = 0; in.len > 0; n++) {
		assert(n < PARAMS_PAIRS_MAX);
		pair_next(&in, &name[n], &value);
		assert(name[n].len > 0 && !has(name[n], '='));
		assert(!has(name[n], '\0') && !has(value, '\0'));
		if (name[n].len < 4 || memcmp(name[n].at, "SSE_", 4) != 0)
			continue;
		for (i = 0; i < n; i++)
			assert(
			    name[i].len != name[n].len ||
			    memcmp(name[i].at, name[n].at, name[n].len) != 0);
	}
}

static void
check(const struct gate *g, const struct gate_event *ev)
{
	assert((ev->kind == GATE_BAD) == (ev->why != NULL));
	assert(ev->kind != GATE_NO_MEMORY);
	switch (ev->kind) {
	case GATE_REQUEST:
		assert(ev->id != 0 && ev->len <= GATE_PARAMS_MAX);
		assert(gate_busy(g) && !gate_body_done(g));
		check_pairs((struct input){ev->data, ev->len});
		break;
	case GATE_BODY:
		assert(ev->id != 0 && ev->len > 0);
		break;
	case GATE_BODY_END:
		assert(gate_body_done(g));
		break;
	case GATE_REFUSE:
		assert(ev->id != 0 && (ev->status == 1 || ev->status == 3));
		break;
	default:
		break;
	}
}

static void
end(struct gate *g, struct found *f)
{
	gate_end(g);
	f->open = false;
}

static void
feed(struct gate *g, struct found *f, const uint8_t *buf, size_t len)
{
	struct gate_event ev;
	ssize_t used;

	while (len > 0 && !f->bad) {
		used = gate_read(g, buf, len, &ev);
		f->bad = used == -1;
		check(g, &ev);
		if (f->bad)
			break;
		assert((size_t)used <= len);
		assert(used > 0 || ev.kind != GATE_MORE);
		if (ev.kind != GATE_BODY && ev.kind != GATE_MORE) {
			f->sum =
			    digest(f->sum, (uint64_t)ev.kind << 32 | ev.id);
			f->sum = digest(f->sum,
			    (uint64_t)ev.type << 32 | ev.asked << 8 | ev.keep);
		}
		for (; ev.len > 0; ev.len--)
			f->sum = digest(f->sum, *ev.data++);
		if (ev.kind == GATE_REQUEST) {
			gate_release(g);
			f->open = true;
		}
		if (ev.kind == GATE_ABORT || ev.kind == GATE_BODY_END)
			end(g, f);
		buf += used;
		len -= (size_t)used;
	}
}

/* What a front sends, and where it is cut. */
struct sent {
	struct input bytes;
	size_t n, cut[CUTS]; /* bytes of each piece */
	size_t over; /* behind so many bytes the request is, if there is one */
};

/* Each piece in memory of its own size. */
static void
read_in_pieces(struct gate *g, struct found *f, struct input in,
    const struct sent *s, size_t n, size_t size)
{
	struct input piece;
	uint8_t *copy;
	size_t i = 0;

	while (in.len > 0) {
		piece = input_part(&in, i < n ? s->cut[i++] : size);
		copy = input_copy(piece);
		feed(g, f, copy, piece.len);
		free(copy);
	}
}

static struct found
read_all(const struct sent *s, size_t n, size_t size)
{
	struct found f = {.sum = DIGEST};
	struct input rest = s->bytes, first = input_part(&rest, s->over);
	struct gate g = {0};

	read_in_pieces(&g, &f, first, s, n, size);
	if (f.open && !f.bad)
		end(&g, &f);
	read_in_pieces(&g, &f, rest, s, n, size);
	gate_free(&g);
	return f;
}

static bool
is_same(struct found a, struct found b)
{
	return a.sum == b.sum && a.bad == b.bad;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len};
	struct sent s = {.n = input_byte(&in) % (CUTS + 1)};
	struct found whole;
	size_t i;

	for (i = 0; i < s.n; i++) {
		s.cut[i] = (size_t)input_byte(&in) << 8;
		s.cut[i] = (s.cut[i] | input_byte(&in)) % (in.len + 1);
	}
	s.over = (size_t)input_byte(&in) << 8;
	s.over |= input_byte(&in);
	s.bytes = in;
	whole = read_all(&s, 0, SIZE_MAX);
	assert(is_same(whole, read_all(&s, s.n, SIZE_MAX)));
	assert(in.len > BYTES || is_same(whole, read_all(&s, 0, 1)));
	return 0;
}
