/* SPDX-License-Identifier: ISC */
/*
 * The exchange of a publication: waits for the body, then for the engine, and
 * answers once, whatever comes first: the engine, the limit of time, the end of
 * the process.
 */
#include "serve/publication.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/room.h"
#include "serve/outcome.h"
#include "serve/reply.h"

static void
free_publication(struct publication *p)
{
	free(p->words);
	free(p);
}

/* The exchange is over. */
static void
over(struct conn *c)
{
	struct publication *p = c->own;

	body_forget(&p->body);
	p->conn = NULL;
	if (!p->given)
		free_publication(p);
}

static void
answer_error(struct publisher *by, struct conn *c, int status, const char *why)
{
	if (status == 504)
		by->unknown++;
	else
		by->refused++;
	outcome_refuse(c, status, why);
}

void
publication_refuse(struct publication *p, int status, const char *format, ...)
{
	char why[REPLY_TEXT_MAX + 1];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	answer_error(p->by, p->conn, status, why);
}

void
publication_no_memory(struct publication *p)
{
	answer_error(p->by, p->conn, 503, REPLY_NO_MEMORY);
}

/* Does it wait for the engine?  Then nobody knows whether it is published. */
static void
retire(struct conn *c)
{
	struct publication *p = c->own;

	if (p->given)
		publication_refuse(p, 504,
		    "it is not known whether this was published: the engine "
		    "has not said so in time");
	else
		publication_refuse(p, 503, PUBLICATION_ENDING);
}

static void
count(struct publisher *by, const struct post *post,
    const struct published *what)
{
	if (what->result == PUBLISH_ENDED)
		by->ended++;
	else if (what->result == PUBLISHED && what->repeated)
		by->repeated++;
	else if (what->result == PUBLISHED && post->end)
		*(post->erase ? &by->deletes : &by->ends) += 1;
}

void
publisher_waited(struct publisher *by, const struct published *what,
    double seconds)
{
	if (what->result == PUBLISHED && !what->repeated)
		histogram_add(&by->waits, seconds, 1);
}

/* How the publication went; it is the answer, if somebody is there for it. */
static void
on_published(void *arg, const struct published *what)
{
	struct publication *p = arg;
	char why[REPLY_TEXT_MAX + 1];

	p->given = false;
	count(p->by, &p->post, what);
	publisher_waited(p->by, what, *p->now - p->since);
	if (p->conn == NULL) {
		free_publication(p);
		return;
	}
	if (what->result == PUBLISHED) {
		outcome_answer(p->conn, &p->post, what, p->several);
		return;
	}
	outcome_words(why, p->by->cfg, &p->post, what);
	answer_error(p->by, p->conn, outcome_status(what->result), why);
}

void
publication_give(struct publication *p, const struct sse_message messages[],
    size_t n)
{
	struct engine *engine = p->by->engine;

	p->post.messages = messages;
	p->post.n = n;
	p->given = true;
	p->now = &conn_all(p->conn)->now;
	p->since = *p->now;
	conn_await(p->conn);
	engine->publish(engine, &p->post, on_published, p);
}

/* The body is whole; its bytes stay until the engine has seen them. */
static void
read_body(struct publication *p)
{
	struct body whole = p->body;
	struct buffer *b = whole.bytes;

	p->body.bytes = NULL;
	p->by->read(p, b == NULL ? NULL : (char *)b->bytes,
	    b == NULL ? 0 : b->len);
	body_forget(&whole);
}

static void
body(struct conn *c, const uint8_t *data, size_t len)
{
	struct publication *p = c->own;

	if (data == NULL) {
		read_body(p);
		return;
	}
	switch (body_add(&p->body, data, len)) {
	case BODY_MORE:
		break;
	case BODY_LONG:
		publication_refuse(p, 413, PUBLICATION_LONG,
		    p->by->cfg->max_body);
		break;
	case BODY_NO_ROOM:
		publication_refuse(p, 503, PUBLICATION_NO_ROOM);
		break;
	case BODY_NO_MEMORY:
		publication_no_memory(p);
		break;
	}
}

struct publication *
publication_begin(struct publisher *by, struct conn *c)
{
	struct publication *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		answer_error(by, c, 503, REPLY_NO_MEMORY);
		return NULL;
	}
	p->by = by;
	p->conn = c;
	p->body.all = &by->bodies;
	p->body.max = by->cfg->max_body;
	conn_serve(c, &by->role, p);
	return p;
}

bool
publication_name(struct publication *p, const char *const channels[], size_t n,
    const char *type, const char *key)
{
	size_t size = room_for(type) + room_for(key), i;
	char *to;

	assert(n >= 1 && n <= POST_CHANNELS_MAX);
	for (i = 0; i < n; i++)
		size += room_for(channels[i]);
	p->words = to = malloc(size);
	if (to == NULL) {
		publication_no_memory(p);
		return false;
	}
	for (i = 0; i < n; i++)
		p->channel[i] = room_put(&to, channels[i]);
	p->post.channels = p->channel;
	p->post.channels_n = n;
	p->type = room_put(&to, type);
	p->post.key = room_put(&to, key);
	return true;
}

char *
publication_words(struct publication *p)
{
	char *words = p->words;

	p->words = NULL;
	return words;
}

bool
publication_fits(const struct config *cfg, const struct sse_message *m)
{
	return m->len + (m->type == NULL ? 0 : strlen(m->type)) <=
	       cfg->max_event;
}

void
publication_want_body(struct publication *p)
{
	conn_want_body(p->conn);
}

void
publisher_init(struct publisher *by, const struct config *cfg,
    struct engine *engine, size_t bodies,
    void (*read)(struct publication *, char *, size_t))
{
	*by = (struct publisher){
	    .role = {.all = by, .body = body, .retire = retire, .over = over},
	    .cfg = cfg,
	    .engine = engine,
	    .bodies.max = bodies,
	    .read = read,
	};
	role_only_waits(&by->role);
}
