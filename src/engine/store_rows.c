/* SPDX-License-Identifier: ISC */
/*
 * Rows as they are read.  The file may have been edited by hand, or its disk
 * may have made something up: a row is one that we have written, or none.
 */
#include "engine/store_inner.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

#define KEYED_EVENTS_MAX 65536 /* more than a publication may have */

const char *
store_text(sqlite3_stmt *q, int column, size_t *len)
{
	const char *s = NULL;

	if (sqlite3_column_type(q, column) == SQLITE_TEXT)
		s = (const char *)sqlite3_column_text(q, column);
	*len = s == NULL ? 0 : (size_t)sqlite3_column_bytes(q, column);
	return s;
}

/* The column's text without NUL, or NULL. */
static const char *
word(sqlite3_stmt *q, int column, size_t *len)
{
	const char *s = store_text(q, column, len);

	return s == NULL || strlen(s) != *len ? NULL : s;
}

static bool
is_type(const char *s)
{
	return s != NULL && s[strcspn(s, "\r\n")] == '\0' &&
	       utf8_valid((const uint8_t *)s, strlen(s));
}

static bool
is_number(sqlite3_stmt *q, int column, int64_t min, int64_t max)
{
	int64_t n = sqlite3_column_int64(q, column);

	return sqlite3_column_type(q, column) == SQLITE_INTEGER && n >= min &&
	       n <= max;
}

/* One name more, which is none of those before it. */
static bool
add_name(struct store_row *r, const char *name)
{
	size_t i;

	if (r->event.channels_n == POST_CHANNELS_MAX ||
	    !channel_name_valid(name))
		return false;
	for (i = 0; i < r->event.channels_n; i++)
		if (strcmp(r->name[i], name) == 0)
			return false;
	r->name[r->event.channels_n++] = name;
	return true;
}

bool
store_names(struct store_row *r, sqlite3_stmt *q, int column)
{
	size_t len;
	const char *names = word(q, column, &len);
	const char *name;
	char *space;

	r->event.channels_n = 0;
	if (names == NULL || len == 0 || len >= sizeof(r->text))
		return false;
	(void)memcpy(r->text, names, len + 1);
	for (name = r->text; (space = strchr(name, ' ')) != NULL;
	     name = space + 1) {
		*space = '\0';
		if (!add_name(r, name))
			return false;
	}
	return add_name(r, name);
}

/* Is it one that we have written? */
static bool
is_row(sqlite3_stmt *q, const struct store_row *r, const struct store *st)
{
	const struct sse_message *m = &r->event.message;

	return is_number(q, 0, st->base + 1, st->last) &&
	       is_number(q, 1, INT64_MIN, INT64_MAX) &&
	       (sqlite3_column_type(q, 3) == SQLITE_NULL || is_type(m->type)) &&
	       m->data != NULL &&
	       utf8_valid((const uint8_t *)m->data, m->len) &&
	       is_number(q, 5, 0, 1);
}

int
store_row(struct store *st, sqlite3_stmt *q, int64_t above, int64_t below,
    struct store_row *r)
{
	size_t type, data;
	struct sse_message *m = &r->event.message;

	r->event.key = sqlite3_column_int64(q, 0);
	r->event.time = sqlite3_column_int64(q, 1);
	r->event.channels = r->name;
	*m = (struct sse_message){.type = word(q, 3, &type),
	    .data = store_text(q, 4, &data),
	    .snapshot = sqlite3_column_int64(q, 5) != 0};
	m->len = data;
	r->bytes = type + data + STORE_EVENT_SIZE;
	if (r->event.key > above && r->event.key < below &&
	    store_names(r, q, 2) && is_row(q, r, st))
		return 0;
	if (sqlite3_errcode(st->db) == SQLITE_NOMEM)
		return store_failed(st);
	return store_wrong(st, SQLITE_CORRUPT,
	    "the event with key %" PRId64 " cannot be", r->event.key);
}

int
store_channel_row(struct store *st, sqlite3_stmt *q, struct store_channel *c)
{
	size_t len;

	*c = (struct store_channel){.name = word(q, 0, &len),
	    .lost = sqlite3_column_int64(q, 1),
	    .origin = sqlite3_column_int64(q, 2),
	    .ended = sqlite3_column_int64(q, 3),
	    .ended_at = sqlite3_column_int64(q, 4),
	    .erased = sqlite3_column_int64(q, 5) != 0};
	if (c->name != NULL && channel_name_valid(c->name) &&
	    is_number(q, 1, 0, st->last) && is_number(q, 2, 0, c->lost) &&
	    is_number(q, 3, 0, st->last) &&
	    (c->ended == 0 || c->ended > c->lost) &&
	    is_number(q, 4, INT64_MIN, INT64_MAX) &&
	    is_number(q, 5, 0, c->ended > 0))
		return 0;
	return store_wrong(st, SQLITE_CORRUPT, "a channel's row cannot be");
}

int
store_keyed_row(struct store *st, sqlite3_stmt *q, struct store_keyed *k)
{
	size_t len;

	*k = (struct store_keyed){.last = sqlite3_column_int64(q, 0),
	    .events = (size_t)sqlite3_column_int64(q, 1),
	    .time = sqlite3_column_int64(q, 2),
	    .channel = word(q, 3, &len),
	    .key = word(q, 4, &len)};
	if (is_number(q, 0, st->base + 1, st->last) &&
	    is_number(q, 1, 0, KEYED_EVENTS_MAX) &&
	    is_number(q, 2, INT64_MIN, INT64_MAX) && k->channel != NULL &&
	    channel_name_valid(k->channel) && k->key != NULL &&
	    post_key_valid(k->key))
		return 0;
	return store_wrong(st, SQLITE_CORRUPT,
	    "the key of a publication cannot be");
}
