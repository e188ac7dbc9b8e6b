/* SPDX-License-Identifier: ISC */
/*
 * See parser.h.  Each layer takes some bytes and hands what is inside to the
 * next: feed_records or feed_chunks, feed_head, feed_body.  Of a line only
 * the beginning is copied, and its end is found with memchr, for a client that
 * is slower than the server measures itself.
 */
#include "parser.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEAD_MAX = 4096 };
enum { TYPE_END_REQUEST = 3, TYPE_STDOUT = 6 }; /* FastCGI 1.0, 8 */
enum { RECORD_CONTENT = 8, RECORD_PADDING }; /* steps: 0 to 7 is the header */
enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_CONTENT, CHUNK_LF };

void
parser_init(struct parser *p, enum parser_kind kind,
    void (*event)(struct parser *), void *arg)
{
	memset(p, 0, sizeof *p);
	p->kind = kind;
	p->event = event;
	p->arg = arg;
}

void
parser_free(struct parser *p)
{
	free(p->head);
	p->head = NULL;
}

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The number at s, 0 if there is none; the return is behind it and a blank. */
static const char *
number(const char *s, const char *end, uint64_t *value)
{
	for (*value = 0; s < end && *s >= '0' && *s <= '9'; s++)
		*value = *value * 10 + (uint64_t)(*s - '0');
	return s < end ? s + 1 : s;
}

static void
end_of_line(struct parser *p)
{
	const char *s = p->line, *end = s + p->line_len;
	size_t n;

	if (end > s && end[-1] == '\r')
		end--;
	if (end == s) {
		if (p->has_data)
			p->event(p);
		p->has_data = 0;
	} else if (end - s > 6 && memcmp(s, "data: ", 6) == 0 && !p->has_data) {
		p->has_data = 1;
		s = number(s + 6, end, &p->number);
		number(s, end, &p->stamp);
	} else if (end - s >= 4 && memcmp(s, "id: ", 4) == 0) {
		n = min((size_t)(end - s) - 4, PARSER_ID - 1);
		memcpy(p->id, s + 4, n);
		p->id[n] = '\0';
	}
	p->line_len = 0;
}

static enum parser_state
feed_body(struct parser *p, const uint8_t *buf, size_t len)
{
	const uint8_t *end = buf + len, *nl, *stop;
	size_t n;

	while (buf < end) {
		nl = memchr(buf, '\n', (size_t)(end - buf));
		stop = nl != NULL ? nl : end;
		n = min((size_t)(stop - buf), PARSER_LINE - p->line_len);
		memcpy(p->line + p->line_len, buf, n);
		p->line_len = (uint8_t)(p->line_len + n);
		if (nl != NULL)
			end_of_line(p);
		buf = nl != NULL ? nl + 1 : end;
	}
	return PARSER_OPEN;
}

static enum parser_state
feed_chunks(struct parser *p, const uint8_t *buf, size_t len)
{
	const uint8_t *end = buf + len;
	size_t n;

	while (buf < end) {
		switch (p->step) {
		case CHUNK_SIZE:
			if (*buf >= '0' && *buf <= '9')
				p->left = p->left * 16 + *buf - '0';
			else if ((*buf | 32) >= 'a' && (*buf | 32) <= 'f')
				p->left = p->left * 16 + (*buf | 32) - 'a' + 10;
			else if (*buf == ';' || *buf == '\r')
				p->step = CHUNK_EXTENSION;
			else
				return PARSER_BAD;
			buf++;
			break;
		case CHUNK_EXTENSION:
			if (*buf++ != '\n')
				break;
			if (p->left == 0)
				return PARSER_END;
			p->step = CHUNK_CONTENT;
			break;
		case CHUNK_CONTENT:
			n = min(p->left, (size_t)(end - buf));
			feed_body(p, buf, n);
			buf += n;
			if ((p->left -= (uint32_t)n) == 0)
				p->step = CHUNK_LF;
			break;
		case CHUNK_LF:
			if (*buf++ == '\n')
				p->step = CHUNK_SIZE;
			break;
		}
	}
	return PARSER_OPEN;
}

/* HTTP's status is in its first line, CGI's in a field, without which: 200. */
static bool
is_200(const struct parser *p)
{
	const char *status;

	if (p->kind == PARSER_HTTP)
		return strncmp(p->head, "HTTP/1.1 200", 12) == 0;
	status = strcasestr(p->head, "Status:");
	return status == NULL || atoi(status + 7) == 200;
}

/* The end of the header in what is kept of it, NULL if it is not there yet. */
static char *
head_end(char *head)
{
	char *crlf = strstr(head, "\r\n\r\n"), *lf = strstr(head, "\n\n");

	if (crlf != NULL && (lf == NULL || crlf < lf))
		return crlf + 4;
	return lf != NULL ? lf + 2 : NULL;
}

static enum parser_state
feed_head(struct parser *p, const uint8_t *buf, size_t len)
{
	size_t n = min(len, HEAD_MAX - p->head_len), rest;
	char *end;

	if (p->head == NULL && (p->head = malloc(HEAD_MAX + 1)) == NULL)
		err(1, "malloc");
	memcpy(p->head + p->head_len, buf, n);
	p->head_len += (uint32_t)n;
	p->head[p->head_len] = '\0';
	if ((end = head_end(p->head)) == NULL)
		return p->head_len == HEAD_MAX ? PARSER_BAD : PARSER_OPEN;
	/* What came behind the header is body; it is the end of this piece. */
	rest = p->head_len - (size_t)(end - p->head) + (len - n);
	*end = '\0';
	if (!is_200(p))
		return PARSER_STATUS;
	p->chunked = p->kind == PARSER_HTTP &&
		     strcasestr(p->head, "Transfer-Encoding: chunked") != NULL;
	p->head_done = 1;
	parser_free(p);
	return p->chunked ? feed_chunks(p, buf + len - rest, rest) :
			    feed_body(p, buf + len - rest, rest);
}

static enum parser_state
feed_response(struct parser *p, const uint8_t *buf, size_t len)
{
	if (!p->head_done)
		return feed_head(p, buf, len);
	return p->chunked ? feed_chunks(p, buf, len) : feed_body(p, buf, len);
}

static enum parser_state
feed_records(struct parser *p, const uint8_t *buf, size_t len)
{
	const uint8_t *end = buf + len;
	enum parser_state state;
	size_t n;

	while (buf < end) {
		if (p->step < RECORD_CONTENT) {
			p->record[p->step++] = *buf++;
			if (p->step < RECORD_CONTENT)
				continue;
			if (p->record[0] != 1)
				return PARSER_BAD;
			if (p->record[1] == TYPE_END_REQUEST)
				return PARSER_END;
			p->left = (uint32_t)p->record[4] << 8 | p->record[5];
		}
		n = min(p->left, (size_t)(end - buf));
		if (p->step == RECORD_CONTENT && p->record[1] == TYPE_STDOUT &&
		    n > 0 && (state = feed_response(p, buf, n)) != PARSER_OPEN)
			return state;
		buf += n;
		if ((p->left -= (uint32_t)n) > 0)
			continue;
		/* Content, then padding; a record without either is done. */
		if (p->step == RECORD_CONTENT && p->record[6] > 0) {
			p->step = RECORD_PADDING;
			p->left = p->record[6];
		} else
			p->step = 0;
	}
	return PARSER_OPEN;
}

enum parser_state
parser_feed(struct parser *p, const uint8_t *buf, size_t len)
{
	return p->kind == PARSER_FASTCGI ? feed_records(p, buf, len) :
					   feed_response(p, buf, len);
}
