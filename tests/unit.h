/* SPDX-License-Identifier: ISC */
#ifndef UNIT_H
#define UNIT_H

/*
 * What the unit tests share: rows that become named tests, numbers that are
 * given, chance from a fixed seed, what a front sends from a short notation,
 * and what we answer, read back.
 *
 * The notation: records, divided by ';', each a type, an id and its content.
 *
 *     begin 1 keep; params 1 A=b C=d; params 1; stdin 1 'hello +7; stdin 1
 *
 * Types: those of the protocol in small letters, or typeN.  Content:
 *
 *     A=b   a pair (%XX: any byte)    ~A=b  the same with four-byte lengths
 *     A=*N  a value of N bytes        @N    N pairs with different names
 *     'abc  text    #00ff  bytes      .N    N times the letter z
 *     +N    padding                   !N    the protocol's version
 *     keep, role=N: for begin alone
 *
 * "raw" is content without a record around it; "done" marks where the owner
 * calls the request over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/checks.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static inline struct CMUnitTest
row_test(const char *name, CMUnitTestFunction f, const void *row)
{
	return (struct CMUnitTest){.name = name,
	    .test_func = f,
	    .initial_state = (void *)(uintptr_t)row};
}

/* How many, as the environment has it, or otherwise so many. */
static inline unsigned long
number_from(const char *variable, unsigned long otherwise)
{
	const char *value = getenv(variable);

	return value == NULL ? otherwise : strtoul(value, NULL, 10);
}

/* Chance, the same in every run (xorshift32). */
static inline uint32_t
chance(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* What a front sends. */
struct wire {
	size_t len;
	size_t mark[4]; /* where "done" stands */
	size_t marks;
	uint8_t bytes[262144];
};

static inline void
wire_byte(struct wire *w, unsigned byte)
{
	assert_true(w->len < sizeof(w->bytes));
	w->bytes[w->len++] = (uint8_t)byte;
}

static inline void
wire_fill(struct wire *w, int byte, size_t n)
{
	assert_true(n <= sizeof(w->bytes) - w->len);
	memset(w->bytes + w->len, byte, n);
	w->len += n;
}

static inline unsigned
wire_hex(const char *s)
{
	char two[3] = {s[0], s[0] == '\0' ? '\0' : s[1], '\0'};

	return (unsigned)strtoul(two, NULL, 16);
}

/* The text with %XX decoded; returns its length. */
static inline size_t
wire_text(struct wire *w, const char *s, size_t len)
{
	size_t start = w->len, i;

	for (i = 0; i < len; i++)
		if (s[i] == '%') {
			wire_byte(w, wire_hex(s + i + 1));
			i += 2;
		} else
			wire_byte(w, (unsigned char)s[i]);
	return w->len - start;
}

static inline void
wire_length(struct wire *w, size_t len, int wide)
{
	if (len > 127 || wide) {
		wire_byte(w, (unsigned)(len >> 24) | 0x80);
		wire_byte(w, (unsigned)(len >> 16) & 0xff);
		wire_byte(w, (unsigned)(len >> 8) & 0xff);
	}
	wire_byte(w, (unsigned)len & 0xff);
}

/* A pair's text is written first, and then again behind its lengths. */
static inline void
wire_pair(struct wire *w, const char *name, int wide)
{
	const char *value = strchr(name, '=');
	size_t start = w->len, n, v, name_len = (size_t)(value - name);

	value++;
	n = wire_text(w, name, name_len);
	v = *value == '*' ? strtoul(value + 1, NULL, 10) :
			    wire_text(w, value, strlen(value));
	w->len = start;
	wire_length(w, n, wide);
	wire_length(w, v, wide);
	(void)wire_text(w, name, name_len);
	if (*value == '*')
		wire_fill(w, 'x', v);
	else
		(void)wire_text(w, value, strlen(value));
}

static inline void
wire_content(struct wire *w, const char *token)
{
	unsigned long n, i;
	char pair[16];

	switch (*token) {
	case '#':
		for (token++; *token != '\0'; token += 2)
			wire_byte(w, wire_hex(token));
		break;
	case '\'':
		(void)wire_text(w, token + 1, strlen(token + 1));
		break;
	case '.':
		wire_fill(w, 'z', strtoul(token + 1, NULL, 10));
		break;
	case '@':
		n = strtoul(token + 1, NULL, 10);
		for (i = 0; i < n; i++) {
			(void)snprintf(pair, sizeof(pair), "P%03lu=", i % 1000);
			wire_pair(w, pair, 0);
		}
		break;
	default:
		wire_pair(w, *token == '~' ? token + 1 : token, *token == '~');
		break;
	}
}

static inline unsigned
wire_type(const char *word)
{
	static const char *const names[] = {"", "begin", "abort", "end",
	    "params", "stdin", "stdout", "stderr", "data", "values", "result",
	    "unknown"};
	unsigned type;

	for (type = 1; type < LENGTH(names); type++)
		if (strcmp(word, names[type]) == 0)
			return type;
	assert_memory_equal(word, "type", 4);
	return (unsigned)strtoul(word + 4, NULL, 10);
}

/* A record's content and what else its words say: version, padding, BEGIN. */
static inline void
wire_words(struct wire *w, char **rest, uint8_t head[8], uint8_t begin[8])
{
	unsigned long role;
	char *token;

	while ((token = strtok_r(NULL, " ", rest)) != NULL) {
		if (*token == '+')
			head[6] = (uint8_t)strtoul(token + 1, NULL, 10);
		else if (*token == '!')
			head[0] = (uint8_t)strtoul(token + 1, NULL, 10);
		else if (strcmp(token, "keep") == 0)
			begin[2] = 1;
		else if (head[1] == 1 && strncmp(token, "role=", 5) == 0) {
			role = strtoul(token + 5, NULL, 10);
			begin[0] = (uint8_t)(role >> 8);
			begin[1] = (uint8_t)role;
		} else
			wire_content(w, token);
	}
}

static inline void
wire_record(struct wire *w, char *statement)
{
	uint8_t head[8] = {1}, begin[8] = {0, 1};
	char *rest, *word = strtok_r(statement, " ", &rest);
	size_t start = w->len, len;
	unsigned long id;

	if (word == NULL)
		return;
	if (strcmp(word, "done") == 0) {
		assert_true(w->marks < LENGTH(w->mark));
		w->mark[w->marks++] = w->len;
		return;
	}
	if (strcmp(word, "raw") == 0) {
		wire_words(w, &rest, head, begin);
		return;
	}
	head[1] = (uint8_t)wire_type(word);
	id = strtoul(strtok_r(NULL, " ", &rest), NULL, 10);
	wire_fill(w, 0, 8);
	wire_words(w, &rest, head, begin);
	if (strcmp(word, "begin") == 0 && w->len == start + 8) {
		wire_fill(w, 0, 8);
		memcpy(w->bytes + start + 8, begin, 8);
	}
	len = w->len - start - 8;
	head[2] = (uint8_t)(id >> 8);
	head[3] = (uint8_t)id;
	head[4] = (uint8_t)(len >> 8);
	head[5] = (uint8_t)len;
	memcpy(w->bytes + start, head, 8);
	wire_fill(w, 0xa5, head[6]); /* it may be anything */
}

/* Adds what the notation says. */
static inline void
wire_add(struct wire *w, const char *notation)
{
	char *copy = strdup(notation), *rest, *s;

	assert_non_null(copy);
	for (s = strtok_r(copy, ";", &rest); s != NULL;
	     s = strtok_r(NULL, ";", &rest))
		wire_record(w, s);
	free(copy);
}

/* What we answered, read back by a reader that knows nothing of record.c. */
struct answer {
	int valid;	/* whole records, all of them ours to send */
	size_t records; /* STDOUT records with content */
	size_t longest; /* of their contents */
	unsigned ends;	/* END_REQUEST records */
	unsigned id;	/* of the last record with an id */
	int status;	/* protocolStatus of the last END_REQUEST */
	uint8_t last;	/* the last record's type */
	size_t len;
	char text[1 << 21]; /* STDOUT's content, NUL behind it */
};

static inline void
answer_record(struct answer *a, const uint8_t *p, size_t len)
{
	a->last = p[1];
	if (p[0] != 1 || p[6] != 0)
		a->valid = 0;
	if (p[1] == 6) { /* STDOUT */
		a->records += len > 0;
		a->longest = len > a->longest ? len : a->longest;
		assert_true(a->len + len < sizeof(a->text));
		memcpy(a->text + a->len, p + 8, len);
		a->len += len;
		a->text[a->len] = '\0';
	} else if (p[1] == 3 && len == 8) { /* END_REQUEST */
		a->ends++;
		a->status = p[12];
	} else if (p[1] != 10 && p[1] != 11)
		a->valid = 0;
	if (p[2] != 0 || p[3] != 0)
		a->id = (unsigned)(p[2] << 8 | p[3]);
}

static inline void
answer_read(struct answer *a, const uint8_t *p, size_t len)
{
	size_t content;

	a->valid = 1;
	a->records = a->longest = a->len = 0;
	a->ends = a->id = 0;
	a->status = -1;
	a->last = 0;
	a->text[0] = '\0';
	while (len >= 8) {
		content = (size_t)(p[4] << 8 | p[5]);
		if (content > len - 8)
			break;
		answer_record(a, p, content);
		p += 8 + content;
		len -= 8 + content;
	}
	if (len > 0)
		a->valid = 0;
}

#endif
