/* SPDX-License-Identifier: ISC */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * What the targets share: an input that is eaten from its front, and a digest
 * of what was found in it.  What must hold is asserted, so that libFuzzer and
 * the replay of the seeds both see it.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct input {
	const uint8_t *at;
	size_t len;
};

/* The next byte; behind the end it is 0. */
static inline uint8_t
input_byte(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->at++;
}

static inline uint64_t
input_number(struct input *in)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < 8; i++)
		n = n << 8 | input_byte(in);
	return n;
}

/* So many bytes, or those that are left. */
static inline struct input
input_part(struct input *in, size_t len)
{
	struct input part = {in->at, len < in->len ? len : in->len};

	if (part.len > 0)
		in->at += part.len;
	in->len -= part.len;
	return part;
}

/* Up to the next such byte, or the end; that byte is passed over. */
static inline struct input
input_until(struct input *in, char end)
{
	const uint8_t *stop =
	    in->len == 0 ? NULL : memchr(in->at, end, in->len);
	struct input part =
	    input_part(in, stop == NULL ? in->len : (size_t)(stop - in->at));

	if (stop != NULL)
		(void)input_byte(in);
	return part;
}

/*
 * A copy of exactly these bytes: who reads past them is seen by the sanitizer.
 */
static inline uint8_t *
input_copy(struct input in)
{
	uint8_t *copy = malloc(in.len > 0 ? in.len : 1);

	assert(copy != NULL);
	if (in.len > 0)
		memcpy(copy, in.at, in.len);
	return copy;
}

/* The same as a string, which ends at a NUL, if it has one. */
static inline char *
input_text(struct input in)
{
	char *copy = malloc(in.len + 1);
	char *text;

	assert(copy != NULL);
	if (in.len > 0)
		memcpy(copy, in.at, in.len);
	copy[in.len] = '\0';
	text = strdup(copy);
	assert(text != NULL);
	free(copy);
	return text;
}

#define DIGEST 14695981039346656037u

static inline uint64_t
digest(uint64_t sum, uint64_t n)
{
	return (sum ^ n) * 1099511628211u;
}

static inline uint64_t
digest_bytes(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (; len > 0; len--)
		sum = digest(sum, *p++);
	return digest(sum, 256);
}

#endif
