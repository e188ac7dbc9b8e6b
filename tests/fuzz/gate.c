/* SPDX-License-Identifier: ISC */
/*
 * The gate under libFuzzer.  The first two bytes say where the rest is cut in
 * two: cut or not, the gate must find the same things in it.
 */
#include "fastcgi/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A digest of what was found: kinds, ids, and all bytes given out. */
struct found {
	uint64_t sum;
	bool bad;
};

static void
add(struct found *f, uint64_t n)
{
	f->sum = (f->sum ^ n) * 1099511628211u;
}

static void
feed(struct gate *g, struct found *f, const uint8_t *buf, size_t len)
{
	struct gate_event ev;
	ssize_t used;
	size_t i;

	while (len > 0 && !f->bad) {
		used = gate_read(g, buf, len, &ev);
		f->bad = used == -1;
		if (used == -1 || (used == 0 && ev.kind == GATE_MORE))
			break;
		if (ev.kind != GATE_BODY && ev.kind != GATE_MORE) {
			add(f, (uint64_t)ev.kind << 32 | ev.id);
			add(f, (uint64_t)ev.type << 32 | ev.asked);
		}
		for (i = 0; i < ev.len; i++)
			add(f, ev.data[i]);
		if (ev.kind == GATE_REQUEST)
			gate_release(g);
		if (ev.kind == GATE_ABORT || ev.kind == GATE_BODY_END)
			gate_end(g);
		buf += used;
		len -= (size_t)used;
	}
}

static struct found
read_in_two(const uint8_t *data, size_t len, size_t cut)
{
	struct gate g = {0};
	struct found f = {.sum = 14695981039346656037u};

	feed(&g, &f, data, cut);
	feed(&g, &f, data + cut, len - cut);
	gate_free(&g);
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct found whole, cut;
	size_t at;

	if (len < 3)
		return 0;
	at = (size_t)(data[0] << 8 | data[1]) % (len - 1);
	data += 2;
	len -= 2;
	whole = read_in_two(data, len, 0);
	cut = read_in_two(data, len, at);
	if (whole.sum != cut.sum || whole.bad != cut.bad)
		abort();
	return 0;
}
