/* SPDX-License-Identifier: ISC */
/*
 * What somebody publishes.  The first byte says what the query and the headers
 * would (see BIT below); then comes the type, up to LF, and the rest is the
 * body.  It is refused, or it is published, once; and each message that is
 * published is what a browser reads in that body, and what it will read when
 * we have written it.
 */
#include "serve/publish.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "channel/type.h"
#include "read.h"
#include "serve/arguments.h"
#include "serve/producer.h"
#include "serve/tickets.h"

#define LARGEST 64

enum { SEVERAL = 1, SNAPSHOT = 2, END = 4, MEASURED = 8, WRONG_LENGTH = 16 };

static struct {
	const char *body;
	size_t len;
	unsigned refused, given;
} it;

/* Written, it is read as what it was, and as that alone. */
static void
there_and_back(const struct sse_message *m)
{
	static struct messages all;
	size_t size = sse_size(m);
	char *text = malloc(size);

	assert(text != NULL && sse_encode(text, size, m) == size);
	messages_read(&all, text, size);
	assert(all.n == 1 && !all.one[0].has_id);
	assert(message_has_type(&all.one[0], m->type));
	assert(message_has_data(&all.one[0], m->data, m->len));
	messages_free(&all);
	free(text);
}

/* A browser would be told of these, and of no others. */
static void
compare(const struct publication *p, const struct sse_message m[], size_t n)
{
	static struct messages all;
	const char *type;
	size_t i;

	messages_read(&all, it.body, it.len);
	assert(all.n == n);
	for (i = 0; i < n && i < READ_MAX; i++) {
		type = all.one[i].type.len > 0 ? m[i].type : NULL;
		assert(message_has_type(&all.one[i], type));
		if (type == NULL)
			assert(m[i].type == p->type || *m[i].type == '\0');
		assert(bytes_are(&all.one[i].data, m[i].data, m[i].len));
	}
	messages_free(&all);
}

void
publication_give(struct publication *p, const struct sse_message m[], size_t n)
{
	size_t i;

	it.given++;
	assert(n > 0 || p->post.end);
	assert(n <= ENGINE_BATCH_MAX);
	assert(!p->measured || p->length == it.len);
	for (i = 0; i < n; i++) {
		assert(m[i].snapshot == p->snapshot);
		assert(publication_fits(p->by->cfg, &m[i]));
		assert(type_fault(m[i].type) == NULL);
		assert(utf8_valid((const uint8_t *)m[i].data, m[i].len));
		there_and_back(&m[i]);
	}
	if (p->several)
		compare(p, m, n);
	else if (n > 0)
		assert(n == 1 && m[0].len == it.len &&
		       memcmp(m[0].data, it.body, it.len) == 0);
}

void
publication_refuse(struct publication *p, int status, const char *format, ...)
{
	char text[512];
	va_list ap;
	int n;

	(void)p;
	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	assert(status == 400 || status == 413);
	assert(n > 0 && (size_t)n < sizeof(text));
	assert(utf8_valid((const uint8_t *)text, (size_t)n));
	it.refused++;
}

bool
publication_fits(const struct config *cfg, const struct sse_message *m)
{
	return m->len + (m->type == NULL ? 0 : strlen(m->type)) <=
	       cfg->max_event;
}

/* What else publish.c calls, but not for a body. */
void
publication_no_memory(struct publication *p)
{
	(void)p;
	abort();
}

struct conns *
conn_all(const struct conn *c)
{
	(void)c;
	abort();
}

struct publication *
publication_begin(struct publisher *by, struct conn *c)
{
	(void)by;
	(void)c;
	abort();
}

bool
publication_name(struct publication *p, const char *const channels[], size_t n,
    const char *type, const char *key)
{
	(void)p;
	(void)channels;
	(void)n;
	(void)type;
	(void)key;
	abort();
}

void
publication_want_body(struct publication *p)
{
	(void)p;
	abort();
}

void
producer_begin(struct publication *p, const char *done, const struct grant *g)
{
	(void)p;
	(void)done;
	(void)g;
	abort();
}

enum ticket_fault
tickets_check(struct tickets *ts, const struct request *r,
    const struct arguments *a, enum ticket_use use, struct ticket **t)
{
	(void)ts;
	(void)r;
	(void)a;
	(void)use;
	(void)t;
	abort();
}

int
tickets_status(enum ticket_fault fault)
{
	(void)fault;
	abort();
}

const char *
tickets_text(enum ticket_fault fault, enum ticket_use use)
{
	(void)fault;
	(void)use;
	abort();
}

void
ticket_free(struct ticket *t)
{
	(void)t;
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct config cfg = {.max_event = LARGEST};
	struct publisher by = {.cfg = &cfg};
	struct input in = {data, len};
	unsigned bits = input_byte(&in);
	struct input typed = input_until(&in, '\n');
	char *type = input_text(typed);
	char *body = (char *)input_copy(in);
	struct publication p = {.by = &by,
	    .several = bits & SEVERAL,
	    .snapshot = bits & SNAPSHOT,
	    .measured = bits & MEASURED,
	    .length = in.len + (bits & WRONG_LENGTH ? 1 : 0),
	    .type = typed.len > 0 && *type != '\0' ? type : NULL};

	p.post.end = bits & END;
	it.body = body;
	it.len = in.len;
	it.refused = it.given = 0;
	/* What take_query() has refused before. */
	if (type_fault(p.type) == NULL) {
		publish_body(&p, in.len > 0 ? body : NULL, in.len);
		assert(it.refused + it.given == 1);
	}
	free(body);
	free(type);
	return 0;
}
