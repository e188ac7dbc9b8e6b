/* SPDX-License-Identifier: ISC */
/*
 * What a publisher says to the responder, and what it is answered; and what
 * the responder says of itself.
 */
#include "post.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

#define MORE_MAX 32
#define RECORD	 65535

enum { STDIN = 5 };

bool
post_head(struct front *f, int flags, const struct post *p)
{
	const char *more[MORE_MAX], *method = "POST";
	size_t n = 0, i;
	bool role = false;

	more[n++] = "QUERY_STRING";
	more[n++] = p->query == NULL ? "" : p->query;
	more[n++] = "CONTENT_TYPE";
	more[n++] = p->type == NULL ? "" : p->type;
	more[n++] = "CONTENT_LENGTH";
	more[n++] = p->length == NULL ? "" : p->length;
	for (i = 0; p->more != NULL && p->more[i] != NULL; i += 2) {
		if (strcmp(p->more[i], "REQUEST_METHOD") == 0) {
			method = p->more[i + 1];
			continue;
		}
		role |= strcmp(p->more[i], "SSE_ROLE") == 0;
		more[n++] = p->more[i];
		more[n++] = p->more[i + 1];
	}
	if (!role) {
		more[n++] = "SSE_ROLE";
		more[n++] = "publish";
	}
	more[n] = NULL;
	return front_request_head(f, flags, method, more);
}

bool
post_body(struct front *f, const struct post *p)
{
	size_t piece = p->piece == 0 ? RECORD : p->piece, at, len;

	for (at = 0; at < p->len; at += len) {
		len = p->len - at < piece ? p->len - at : piece;
		if (!front_record(f, STDIN, f->id, p->body + at, len,
			p->padding))
			return false;
	}
	return front_record(f, STDIN, f->id, NULL, 0, p->padding);
}

void
post(struct front *f, const struct responder *r, const struct post *p)
{
	assert_true(front_connect(f, r->address));
	assert_true(post_head(f, 0, p));
	(void)post_body(f, p); /* who is refused early may not take it all */
	assert_true(front_until_end(f, PATIENCE));
	assert_int_equal(f->status, 0);
}

int
answer_status(const struct front *f)
{
	if (strncmp(f->text, "Status: ", 8) != 0)
		return 200;
	return (int)strtol(f->text + 8, NULL, 10);
}

const char *
answer_text(const struct front *f)
{
	const char *end = strstr(f->text, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

void
answer_id(const struct front *f, char id[48])
{
	id[0] = '\0';
	(void)sscanf(answer_text(f), "{\"id\":\"%47[0-9-]\"", id);
}

size_t
query_channel(char *to, const char *name, bool first)
{
	size_t n = (size_t)sprintf(to, "%schannel=", first ? "" : "&");

	for (; *name != '\0'; name++)
		if ((*name >= 'a' && *name <= 'z') ||
		    (*name >= '0' && *name <= '9'))
			to[n++] = *name;
		else
			n += (size_t)sprintf(to + n, "%%%02X",
			    (unsigned)(unsigned char)*name);
	to[n] = '\0';
	return n;
}

int
try_publish(const struct responder *r, struct checker *c, unsigned number,
    unsigned end)
{
	static char query[CHECKER_CHANNELS * QUERY_SIZE];
	const struct published *e = &c->event[number];
	struct post p = {.query = query, .body = e->data, .len = e->len};
	size_t n = query_channel(query, c->channel[e->channel].name, true);
	struct front f;
	char id[48];
	unsigned i;
	int status;

	for (i = 0; i < c->channels; i++)
		if (e->also >> i & 1)
			n +=
			    query_channel(query + n, c->channel[i].name, false);
	if (e->end || end != 0)
		n += (size_t)sprintf(query + n, "&end=1");
	if (*e->type != '\0' && !e->end)
		(void)sprintf(query + n, "&event=%s", e->type);
	checker_sent(c, number, end == 0 ? 1 : 2);
	post(&f, r, &p);
	status = answer_status(&f);
	if (status == 200) {
		answer_id(&f, id);
		checker_acknowledged(c, number, id);
	} else if (status != 504)
		checker_refused(c, number);
	front_close(&f);
	return status;
}

void
publish(const struct responder *r, struct checker *c, unsigned number)
{
	assert_int_equal(try_publish(r, c, number, 0), 200);
}

static void
add_line(struct bytes *to, const char *name, const char *value, size_t len)
{
	bytes_add(to, name, strlen(name));
	bytes_add(to, value, len);
	bytes_add(to, "\n", 1);
}

void
batch_text(struct bytes *to, const struct checker *c, unsigned number,
    unsigned count)
{
	const struct published *e;
	const char *line;
	size_t len;

	for (e = &c->event[number]; e < &c->event[number + count]; e++) {
		if (*e->type != '\0')
			add_line(to, "event: ", e->type, strlen(e->type));
		line = e->seen_as;
		for (;;) {
			len = strcspn(line, "\n");
			add_line(to, "data: ", line, len);
			if (line[len] == '\0')
				break;
			line += len + 1;
		}
		bytes_add(to, "\n", 1);
	}
}

char *
status_text(const struct responder *r, const char *query)
{
	struct front f;
	char *text;

	assert_true(front_connect(&f, r->address));
	assert_true(front_request(&f, 0, "GET",
	    (const char *[]){"SSE_ROLE", "status", "QUERY_STRING", query,
		NULL}));
	assert_true(front_until_end(&f, PATIENCE));
	assert_int_equal(answer_status(&f), 200);
	text = strdup(answer_text(&f));
	assert_non_null(text);
	front_close(&f);
	return text;
}

double
status_figure(const struct responder *r, const char *key)
{
	char *text = status_text(r, "format=json"), *at = strstr(text, key);
	double figure;

	if (at == NULL)
		fail_msg("no %s in %s", key, text);
	figure = strtod(at + strlen(key), NULL);
	free(text);
	return figure;
}

bool
status_until(const struct responder *r, const char *key, double is)
{
	double end = front_now() + PATIENCE / 1e3;

	while (status_figure(r, key) != is) {
		if (front_now() > end)
			return false;
		(void)poll(NULL, 0, 5);
	}
	return true;
}
