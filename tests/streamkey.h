/* SPDX-License-Identifier: ISC */
#ifndef STREAMKEY_H
#define STREAMKEY_H

/*
 * A stream of Redis, as far as we use one: entries with ids, the last id that
 * it gave out, and the commands' replies as bytes.
 */
#include "unit.h"

#include "channel/eventid.h"

struct text_bytes {
	char *p;
	size_t len, cap;
};

static inline void
put(struct text_bytes *b, const void *p, size_t len)
{
	if (b->len + len > b->cap) {
		b->cap = 2 * (b->len + len);
		b->p = realloc(b->p, b->cap);
		assert_non_null(b->p);
	}
	if (len > 0)
		memcpy(b->p + b->len, p, len);
	b->len += len;
}

/* A line of the protocol, such as "*2" or "$-1". */
static inline void
put_line(struct text_bytes *b, char type, long long n)
{
	char line[32];

	put(b, line,
	    (size_t)snprintf(line, sizeof(line), "%c%lld\r\n", type, n));
}

static inline void
put_bulk_of(struct text_bytes *b, const char *p, size_t len)
{
	put_line(b, '$', (long long)len);
	put(b, p, len);
	put(b, "\r\n", 2);
}

static inline void
put_bulk(struct text_bytes *b, const char *s)
{
	put_bulk_of(b, s, strlen(s));
}

static inline void
put_id(struct text_bytes *b, struct eventid id)
{
	char text[EVENTID_SIZE];

	(void)eventid_format(text, id);
	put_bulk(b, text);
}

static inline void
put_error(struct text_bytes *b, const char *text)
{
	put(b, "-", 1);
	put(b, text, strlen(text));
	put(b, "\r\n", 2);
}

struct key_entry {
	struct eventid id;
	struct text_bytes fields; /* as in a reply */
};

struct streamkey {
	bool exists;
	bool no_time; /* it does not say the time */
	struct eventid last;
	struct key_entry *entry; /* oldest first */
	size_t n, cap;
	uint64_t ms;	     /* its clock */
	const char *refuses; /* the error that XADD gets, or NULL */
};

static inline void
key_cut(struct streamkey *k, size_t at, size_t n)
{
	size_t i;

	assert_true(at + n <= k->n);
	for (i = at; i < at + n; i++)
		free(k->entry[i].fields.p);
	memmove(k->entry + at, k->entry + at + n,
	    (k->n - at - n) * sizeof(k->entry[0]));
	k->n -= n;
}

/* XTRIM MAXLEN = n */
static inline void
key_trim(struct streamkey *k, size_t n)
{
	if (k->n > n)
		key_cut(k, 0, k->n - n);
}

/* DEL */
static inline void
key_delete(struct streamkey *k)
{
	key_trim(k, 0);
	k->exists = false;
	k->last = (struct eventid){0, 0};
}

static inline void
key_free(struct streamkey *k)
{
	key_delete(k);
	free(k->entry);
	k->entry = NULL;
	k->cap = 0;
}

/* Takes the fields; false: the id is not above the last. */
static inline bool
key_add(struct streamkey *k, struct eventid id, struct text_bytes fields)
{
	if (eventid_compare(id, k->last) <= 0) {
		free(fields.p);
		return false;
	}
	if (k->n == k->cap) {
		k->cap = k->cap == 0 ? 64 : 2 * k->cap;
		k->entry = realloc(k->entry, k->cap * sizeof(k->entry[0]));
		assert_non_null(k->entry);
	}
	k->entry[k->n++] = (struct key_entry){id, fields};
	k->exists = true;
	k->last = id;
	return true;
}

/* The id that XADD * gives. */
static inline struct eventid
key_next(const struct streamkey *k)
{
	struct eventid id = {k->last.ms, k->last.n + 1};

	return k->ms > k->last.ms ? (struct eventid){k->ms, 0} : id;
}

/* An entry with these words, each a name or its value. */
static inline struct eventid
key_add_words(struct streamkey *k, const char *words)
{
	struct eventid id = key_next(k);
	struct text_bytes f = {0}, fields = {0};
	long long n = 0;
	size_t len;

	for (; *words != '\0'; words += len + strspn(words + len, " "), n++) {
		len = strcspn(words, " ");
		put_bulk_of(&f, words, len);
	}
	put_line(&fields, '*', n);
	put(&fields, f.p, f.len);
	free(f.p);
	assert_true(key_add(k, id, fields));
	return id;
}

/* An event with this channel and data. */
static inline struct eventid
key_publish(struct streamkey *k, const char *channel, const char *data)
{
	struct eventid id = key_next(k);
	struct text_bytes f = {0};

	put_line(&f, '*', 4);
	put_bulk(&f, "c");
	put_bulk(&f, channel);
	put_bulk(&f, "d");
	put_bulk(&f, data);
	assert_true(key_add(k, id, f));
	return id;
}

/* Events of one publication with a key, from this part to that. */
static inline void
key_add_parts(struct streamkey *k, const char *channel, const char *name,
    unsigned from, unsigned to)
{
	char data[24], text[100];

	for (; from <= to; from++) {
		struct text_bytes f = {0};

		(void)snprintf(data, sizeof(data), "%u", from);
		(void)snprintf(text, sizeof(text), from == 1 ? "%s" : "%s %u",
		    name, from);
		put_line(&f, '*', 6);
		put_bulk(&f, "c");
		put_bulk(&f, channel);
		put_bulk(&f, "d");
		put_bulk(&f, data);
		put_bulk(&f, "k");
		put_bulk(&f, text);
		assert_true(key_add(k, key_next(k), f));
	}
}

/* The same key at another time, or on another server. */
static inline void
key_copy(struct streamkey *to, const struct streamkey *from)
{
	size_t i;
	uint64_t ms = to->ms;

	key_delete(to);
	for (i = 0; i < from->n; i++) {
		struct text_bytes f = {0};

		put(&f, from->entry[i].fields.p, from->entry[i].fields.len);
		assert_true(key_add(to, from->entry[i].id, f));
	}
	to->exists = from->exists;
	to->last = from->last;
	to->ms = ms;
}

static inline void
put_entry(struct text_bytes *b, const struct key_entry *e)
{
	put_line(b, '*', 2);
	put_id(b, e->id);
	put(b, e->fields.p, e->fields.len);
}

/* The place of the first entry above the id, or of it. */
static inline size_t
key_find(const struct streamkey *k, struct eventid id, bool itself)
{
	size_t i;

	for (i = k->n; i > 0; i--)
		if (eventid_compare(k->entry[i - 1].id, id) < (itself ? 0 : 1))
			break;
	return i;
}

static inline struct eventid
id_of(const char *text)
{
	struct eventid id;

	assert_true(eventid_parse(&id, text));
	return id;
}

static inline void
key_back(const struct streamkey *k, const char *from, size_t count,
    struct text_bytes *out)
{
	size_t i = k->n, n;

	if (*from == '(')
		i = key_find(k, id_of(from + 1), true);
	else if (*from != '+')
		i = key_find(k, id_of(from), false);
	n = i < count ? i : count;
	put_line(out, '*', (long long)n);
	while (n-- > 0)
		put_entry(out, &k->entry[--i]);
}

/* False: it waits. */
static inline bool
key_read(const struct streamkey *k, const char *key, const char *from,
    size_t count, struct text_bytes *out)
{
	size_t i = key_find(k, id_of(from), false), n = k->n - i;

	if (n == 0)
		return false;
	n = n < count ? n : count;
	put_line(out, '*', 1);
	put_line(out, '*', 2);
	put_bulk(out, key);
	put_line(out, '*', (long long)n);
	for (; n > 0; n--)
		put_entry(out, &k->entry[i++]);
	return true;
}

static inline void
key_info(const struct streamkey *k, struct text_bytes *out)
{
	if (!k->exists) {
		put_error(out, "ERR no such key");
		return;
	}
	put_line(out, '*', 10);
	put_bulk(out, "length");
	put_line(out, ':', (long long)k->n);
	put_bulk(out, "last-generated-id");
	put_id(out, k->last);
	put_bulk(out, "groups");
	put_line(out, ':', 0);
	put_bulk(out, "first-entry");
	if (k->n > 0)
		put_entry(out, &k->entry[0]);
	else
		put_line(out, '*', -1);
	put_bulk(out, "last-entry");
	if (k->n > 0)
		put_entry(out, &k->entry[k->n - 1]);
	else
		put_line(out, '*', -1);
}

static inline void
key_note(struct streamkey *k, size_t n, char *const argv[],
    struct text_bytes *out)
{
	struct eventid id =
	    strcmp(argv[2], "*") == 0 ? key_next(k) : id_of(argv[2]);
	struct text_bytes f = {0};
	size_t i;

	if (k->refuses != NULL) {
		put_error(out, k->refuses);
		return;
	}
	put_line(&f, '*', (long long)n - 3);
	for (i = 3; i < n; i++)
		put_bulk(&f, argv[i]);
	if (key_add(k, id, f))
		put_id(out, id);
	else
		put_error(out, "ERR The ID specified in XADD is equal or "
			       "smaller than the target stream top item");
}

/* Does it, and adds the reply; false: it waits. */
static inline bool
key_command(struct streamkey *k, size_t n, char *const argv[],
    struct text_bytes *out)
{
	char text[24];

	if (strcmp(argv[0], "TIME") == 0 && k->no_time)
		put_error(out, "NOPERM this user has no permissions");
	else if (strcmp(argv[0], "TIME") == 0) {
		put_line(out, '*', 2);
		(void)snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)(k->ms / 1000));
		put_bulk(out, text);
		(void)snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)(k->ms % 1000 * 1000));
		put_bulk(out, text);
	} else if (strcmp(argv[0], "XREVRANGE") == 0)
		key_back(k, argv[2], strtoul(argv[5], NULL, 10), out);
	else if (strcmp(argv[0], "XREAD") == 0)
		return key_read(k, argv[6], argv[7], strtoul(argv[2], NULL, 10),
		    out);
	else if (strcmp(argv[0], "XINFO") == 0)
		key_info(k, out);
	else if (strcmp(argv[0], "XADD") == 0)
		key_note(k, n, argv, out);
	else
		fail_msg("who knows %s?", argv[0]);
	return true;
}

#endif
