/* SPDX-License-Identifier: ISC */
/*
 * Reads event streams as a browser does.  It shares nothing with the program
 * under test, so that both would have to be wrong in the same way.
 */
#include "parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
bytes_add(struct bytes *b, const void *more, size_t len)
{
	if (b->len + len + 1 > b->size) {
		b->size = (b->len + len + 1) * 2;
		b->at = realloc(b->at, b->size);
	}
	if (b->at == NULL) {
		(void)fprintf(stderr, "parser: no memory\n");
		abort();
	}
	if (len > 0)
		memcpy(b->at + b->len, more, len);
	b->len += len;
	b->at[b->len] = '\0';
}

bool
bytes_are(const struct bytes *b, const char *what, size_t len)
{
	return b->len == len && (len == 0 || memcmp(b->at, what, len) == 0);
}

static void
set(struct bytes *b, const char *value, size_t len)
{
	b->len = 0;
	bytes_add(b, value, len);
}

static void
clear(struct block *b)
{
	b->has_id = b->has_data = b->has_retry = b->early = false;
	b->id.len = b->type.len = b->data.len = 0;
}

void
parser_begin(struct parser *p)
{
	clear(&p->block);
	p->line.len = 0;
	p->after_cr = p->begun = false;
}

void
parser_free(struct parser *p)
{
	free(p->block.id.at);
	free(p->block.type.at);
	free(p->block.data.at);
	free(p->line.at);
}

static bool
is(const char *name, size_t len, const char *wanted)
{
	return len == strlen(wanted) && memcmp(name, wanted, len) == 0;
}

static bool
all_digits(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return len > 0;
}

static void
take_field(struct block *b, const char *name, size_t name_len,
    const char *value, size_t len)
{
	if (is(name, name_len, "data")) {
		if (b->has_data)
			bytes_add(&b->data, "\n", 1);
		bytes_add(&b->data, value, len);
		b->has_data = true;
		b->early |= b->has_id;
	} else if (is(name, name_len, "event"))
		set(&b->type, value, len);
	else if (is(name, name_len, "id")) {
		if (memchr(value, '\0', len) != NULL)
			return; /* the whole field is ignored then */
		set(&b->id, value, len);
		b->has_id = true;
	} else if (is(name, name_len, "retry"))
		b->has_retry |= all_digits(value, len);
}

static void
take_line(struct parser *p, const char *line, size_t len)
{
	struct block *b = &p->block;
	const char *colon = memchr(line, ':', len), *value;
	size_t name_len;

	if (len == 0) {
		if (b->has_id || b->has_data || b->has_retry)
			p->take(p->arg, b);
		clear(b);
		return;
	}
	name_len = colon == NULL ? len : (size_t)(colon - line);
	value = colon == NULL ? line + len : colon + 1;
	if (value < line + len && *value == ' ')
		value++;
	take_field(b, line, name_len, value, (size_t)(line + len - value));
}

/* A line's end was here; text is what came of the line since the last read. */
static void
end_line(struct parser *p, const char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t skip;

	if (p->line.len > 0) {
		bytes_add(&p->line, text, len);
		text = p->line.at;
		len = p->line.len;
	}
	skip = !p->begun && len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
	p->begun = true;
	take_line(p, text + skip, len - skip);
	p->line.len = 0;
}

void
parser_read(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len, *lf, *cr;

	while (text < end) {
		if (p->after_cr && *text == '\n') {
			p->after_cr = false;
			text++;
			continue;
		}
		p->after_cr = false;
		lf = memchr(text, '\n', (size_t)(end - text));
		cr = memchr(text, '\r', (size_t)((lf ? lf : end) - text));
		if (lf == NULL && cr == NULL) {
			bytes_add(&p->line, text, (size_t)(end - text));
			return;
		}
		p->after_cr = cr != NULL;
		end_line(p, text, (size_t)((cr ? cr : lf) - text));
		text = (cr ? cr : lf) + 1;
	}
}
