/* SPDX-License-Identifier: ISC */
/*
 * The query, and what the front puts in its place.  A front that sets
 * SSE_CHANNEL decides for good: even an empty one does not give the choice back
 * to the browser.
 *
 * Of a name that comes twice the first one counts, but for tickets and what an
 * admin closes, of which none does, and last event ids,
 * which are all kept: a client adds its own to what its page wrote, and which
 * of them is the newest is the hub's to know.
 */
#include "serve/arguments.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "channel/channel.h"
#include "channel/post.h"
#include "base/query.h"
#include "base/spelling.h"

#define PAGE_ID "last_event_id"

#define TEXT(number)  TEXT_OF(number)
#define TEXT_OF(text) #text

/* The roles that a name means something to; or any that wants a ticket. */
enum { STREAM = 1, PUBLISH = 2, STATUS = 4, ADMIN = 8, TICKET = 16 };

/* What is not one of our names, but was meant as one. */
#define LOOKS_LIKE(right) \
	"a name in the query looks like " right ", which is the right one"

static const struct mistaken {
	const char *meant;
	int roles;
	const char *also[4]; /* what others call it */
	const char *wrong;
} mistaken[] = {
    {"channel", STREAM | PUBLISH | STATUS, {"topic", "topics", "chan"},
	LOOKS_LIKE("channel=NAME") "; it may come more than once"},
    {PAGE_ID, STREAM, {"last_id"}, LOOKS_LIKE("last_event_id=ID")},
    {"history", STREAM, {NULL}, LOOKS_LIKE("history=N")},
    {"event", PUBLISH, {"type", "event_type", "event_name"},
	LOOKS_LIKE("event=TYPE")},
    {"end", PUBLISH, {NULL}, LOOKS_LIKE("end=1")},
    {"snapshot", PUBLISH, {NULL}, LOOKS_LIKE("snapshot=1")},
    {"key", PUBLISH, {"idempotency_key"}, LOOKS_LIKE("key=KEY")},
    {"feed", PUBLISH, {NULL}, LOOKS_LIKE("feed=1")},
    {"done", PUBLISH, {NULL}, LOOKS_LIKE("done=TEXT")},
    {"close", ADMIN, {NULL}, LOOKS_LIKE("close=sub:NAME")},
    {"format", STATUS, {NULL}, LOOKS_LIKE("format=json")},
};

#define MISTAKEN (sizeof(mistaken) / sizeof(mistaken[0]))

/* The names whose value is kept, of which the first counts. */
static const struct value {
	const char *name;
	size_t offset;
	int roles;	   /* to others it is a name like any */
	bool flag;	   /* its value is 1, or it is not meant */
	const char *twice; /* its value if there are two; NULL: the first */
} values[] = {
#define VALUE(field) offsetof(struct arguments, field)
    {"event", VALUE(event), STREAM | PUBLISH | STATUS, false, NULL},
    {"history", VALUE(history), STREAM | PUBLISH | STATUS, false, NULL},
    {"format", VALUE(format), STREAM | PUBLISH | STATUS, false, NULL},
    {"end", VALUE(end), PUBLISH, true, NULL},
    {"snapshot", VALUE(snapshot), PUBLISH, true, NULL},
    {"feed", VALUE(feed), PUBLISH, true, NULL},
    {"heartbeat", VALUE(heartbeat), STREAM, false, NULL},
    {"key", VALUE(key), PUBLISH, false, NULL},
    {"done", VALUE(done), PUBLISH, false, NULL},
    {"close", VALUE(close), ADMIN, false, ""},
    {"ticket", VALUE(ticket), TICKET, false, "?"},
};

#define VALUES (sizeof(values) / sizeof(values[0]))

static const char *
add_channel(struct arguments *a, const char *name, int role)
{
	size_t i;

	if (!channel_name_valid(name))
		return ARGUMENTS_NO_CHANNEL;
	for (i = 0; i < a->channels; i++)
		if (strcmp(a->channel[i], name) == 0)
			return NULL;
	if (role & PUBLISH && a->channels == POST_CHANNELS_MAX)
		return "these are more than " TEXT(
		    POST_CHANNELS_MAX) " channels: publish to the others by "
				       "another POST";
	if (a->channels == READER_CHANNELS_MAX)
		return "these are more than " TEXT(
		    READER_CHANNELS_MAX) " channels: open a second stream";
	a->channel[a->channels++] = name;
	return NULL;
}

/*
 * Of too many the last are kept: a client that adds one to its URL each time it
 * comes back has the newest behind the others.
 */
static void
add_id(struct arguments_ids *ids, const char *id)
{
	if (id == NULL || *id == '\0')
		return;
	if (ids->n == ARGUMENTS_IDS_MAX) {
		ids->n--;
		memmove(ids->id, ids->id + 1, ids->n * sizeof(ids->id[0]));
	}
	ids->id[ids->n++] = id;
}

static int
role_of(const struct request *r)
{
	int ticket = r->ticket == NULL ? 0 : TICKET;

	if (r->role == NULL || strcmp(r->role, "stream") == 0)
		return ticket | STREAM;
	if (strcmp(r->role, "publish") == 0)
		return ticket | PUBLISH;
	return strcmp(r->role, "admin") == 0 ? ADMIN : STATUS;
}

/* lastEventId, Last-Event-ID, evs_last_event_id: each client has its own. */
static bool
is_clients_id(const char *name)
{
	char squeezed[SPELLING_SIZE];

	(void)spelling_squeeze(squeezed, name);
	return strcmp(squeezed, "lasteventid") == 0 ||
	       strcmp(squeezed, "evslasteventid") == 0;
}

static bool
meant(const struct mistaken *m, const char *name)
{
	char squeezed[SPELLING_SIZE], also[SPELLING_SIZE];
	size_t i;

	if (spelling_near(name, m->meant))
		return true;
	(void)spelling_squeeze(squeezed, name);
	for (i = 0; i < sizeof(m->also) / sizeof(m->also[0]); i++)
		if (m->also[i] != NULL &&
		    strcmp(squeezed, spelling_squeeze(also, m->also[i])) == 0)
			return true;
	return false;
}

/* NULL, or with which of ours the name was mistaken. */
static const char *
mistake(const char *name, int role, bool fixed)
{
	size_t i;

	for (i = fixed; i < MISTAKEN; i++) /* the first are the channels */
		if (mistaken[i].roles & role && meant(&mistaken[i], name))
			return mistaken[i].wrong;
	return NULL;
}

static const struct value *
find_value(const char *name, int role)
{
	const struct value *v;

	for (v = values; v < values + VALUES; v++)
		if (v->roles & role && strcmp(name, v->name) == 0)
			return v;
	return NULL;
}

static const char **
field(struct arguments *a, const struct value *v)
{
	return (const char **)(void *)((char *)a + v->offset);
}

static const char *
add_pair(struct arguments *a, struct query *q, int role, bool fixed)
{
	bool channel = strcmp(q->name, "channel") == 0;
	bool page = strcmp(q->name, PAGE_ID) == 0;
	const struct value *v = find_value(q->name, role);
	const char *text;

	if (channel && fixed)
		return NULL;
	if (!channel && !page && v == NULL && !is_clients_id(q->name))
		return mistake(q->name, role, fixed);
	text = query_value(q);
	if (!channel && v == NULL) { /* a malformed id is an unknown one */
		add_id(page ? &a->page : &a->own, text == NULL ? "?" : text);
		return NULL;
	}
	if (text == NULL && v != NULL && v->roles == TICKET)
		text = v->twice;
	if (text == NULL)
		return "the query is malformed: a percent sign is written %25, "
		       "and NUL not at all";
	if (channel)
		return add_channel(a, text, role);
	if (*field(a, v) == NULL)
		*field(a, v) = text;
	else if (v->twice != NULL)
		*field(a, v) = v->twice;
	return NULL;
}

/* What a publisher says by 1, or not at all. */
static const char *
settle_flags(struct arguments *a)
{
	const struct value *v;
	const char **text;

	for (v = values; v < values + VALUES; v++) {
		text = field(a, v);
		if (!v->flag || *text == NULL || strcmp(*text, "1") == 0)
			continue;
		if (**text != '\0' && strcmp(*text, "0") != 0)
			return "end=, snapshot= and feed= take 1, or 0";
		*text = NULL;
	}
	return NULL;
}

/* The front's channels; names is cut up, and each is decoded in its place. */
static const char *
add_fixed(struct arguments *a, char *names, int role)
{
	const char *wrong = NULL;
	char *rest, *name;

	for (name = strtok_r(names, " ", &rest); name != NULL && wrong == NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		if (query_percent(name) == -1)
			return "SSE_CHANNEL is malformed: its names are "
			       "percent-encoded, a percent sign as %25";
		wrong = add_channel(a, name, role);
	}
	if (wrong == NULL && a->channels == 0)
		return "SSE_CHANNEL is empty: the front names no channel";
	return wrong;
}

const char *
arguments_read(struct arguments *a, const struct request *r)
{
	const char *wrong = NULL;
	int role = role_of(r);
	struct query q;

	*a = (struct arguments){.channels = 0};
	query_begin(&q, r->query);
	while (wrong == NULL && query_next(&q))
		wrong = add_pair(a, &q, role, r->channel != NULL);
	add_id(&a->own, r->last_event_id);
	if (wrong == NULL)
		wrong = settle_flags(a);
	if (wrong == NULL && a->key != NULL && !post_key_valid(a->key))
		wrong = "a key is 1 to 64 printable characters of ASCII, "
			"without spaces";
	if (wrong == NULL && r->channel != NULL)
		wrong = add_fixed(a, r->channel, role);
	return wrong;
}

bool
arguments_clock(const struct arguments *a)
{
	return a->channels == 0 ||
	       (a->channels == 1 && strcmp(a->channel[0], CHANNEL_CLOCK) == 0);
}
