/* SPDX-License-Identifier: ISC */
#ifndef PAIRS_H
#define PAIRS_H

/*
 * Name-value pairs (FastCGI 1.0, section 3.4) that are whole, read by what
 * shares nothing with record.c.
 */
#include "fuzz.h"

static inline size_t
pair_length(struct input *in)
{
	size_t n = input_byte(in);

	if (n < 128)
		return n;
	assert(in->len >= 3);
	n = (n & 127) << 24;
	n |= (size_t)input_byte(in) << 16;
	n |= (size_t)input_byte(in) << 8;
	return n | input_byte(in);
}

/* The next pair, of which there is one. */
static inline void
pair_next(struct input *in, struct input *name, struct input *value)
{
	size_t n, v;

	assert(in->len >= 2);
	n = pair_length(in);
	assert(in->len >= 1);
	v = pair_length(in);
	assert(n <= in->len && v <= in->len - n);
	*name = input_part(in, n);
	*value = input_part(in, v);
}

#endif
