/* SPDX-License-Identifier: ISC */
#ifndef BROWSER_H
#define BROWSER_H

/*
 * A browser on a stream of events.c: what was published to its channels, and
 * what it knows of that.
 */
#include <jansson.h>

#include "channel/eventid.h"
#include "read.h"

#define CHANNELS      3
#define PUBLISHED_MAX 256

/* A publication that was answered. */
struct post_made {
	struct eventid id;
	unsigned channels; /* a set */
	bool is_end;
	bool had;	      /* the browser has had it */
	struct sse_message m; /* in memory of its own */
};

static struct {
	const char *name[CHANNELS];
	size_t n;
	struct post_made made[PUBLISHED_MAX];
} published;

static struct {
	struct bytes text; /* of this connection, not read yet */
	struct eventid last;
	struct eventid told[CHANNELS]; /* nothing up to there is to come */
	char id[EVENTID_SIZE];	       /* its last event id; "": none */
} browser;

static inline bool
above(struct eventid a, struct eventid b)
{
	return eventid_compare(a, b) > 0;
}

/* A channel's number, or CHANNELS. */
static inline unsigned
find_channel(const char *name)
{
	unsigned i;

	for (i = 0; i < CHANNELS && strcmp(published.name[i], name) != 0; i++)
		continue;
	return i;
}

/* A string of the object, or NULL: there it is null. */
static inline const char *
string_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert(json_is_string(value) || json_is_null(value));
	return json_string_value(value);
}

static inline bool
is_reason(const char *reason)
{
	static const char *const reasons[] = {"overflow", "restart", "unknown",
	    "source", "deleted"};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reason, reasons[i]) == 0)
			return true;
	return false;
}

/* The browser is told what it will not have. */
static inline void
take_gap(const struct message *m)
{
	json_t *gap = json_loadb(m->data.at, m->data.len, 0, NULL);
	const char *channel, *from, *reason;
	struct eventid to, other;
	unsigned i, which;

	assert(json_is_object(gap) && json_object_size(gap) == 4);
	channel = string_of(gap, "channel");
	from = string_of(gap, "from");
	reason = string_of(gap, "reason");
	assert(reason != NULL && is_reason(reason));
	assert(from == NULL || eventid_parse(&other, from));
	assert(eventid_parse(&to, string_of(gap, "to")));
	assert(!m->has_id || strcmp(m->id.at, string_of(gap, "to")) == 0);
	which = channel == NULL ? CHANNELS : find_channel(channel);
	assert(channel == NULL || which < CHANNELS);
	for (i = 0; i < CHANNELS; i++)
		if ((channel == NULL || i == which) &&
		    above(to, browser.told[i]))
			browser.told[i] = to;
	json_decref(gap);
}

/*
 * Of this channel none is missing up to this id: the browser has had it, or
 * knows that it will not.
 */
static inline bool
is_whole(unsigned channel, struct eventid upto)
{
	const struct post_made *p;

	for (p = published.made; p < published.made + published.n; p++)
		if (p->channels & 1U << channel && !p->is_end && !p->had &&
		    !above(p->id, upto) && above(p->id, browser.told[channel]))
			return false;
	return true;
}

/* It comes from a channel that is whole, if another of its has lost it, too. */
static inline void
check_order(const struct post_made *p)
{
	unsigned i;

	for (i = 0; i < CHANNELS; i++)
		if (p->channels & 1U << i && is_whole(i, p->id))
			return;
	assert(!"an event is missing before it");
}

static inline void
take_event(const struct message *m, struct eventid id)
{
	struct post_made *p = published.made;
	json_t *end;

	while (
	    p < published.made + published.n && eventid_compare(p->id, id) != 0)
		p++;
	assert(p < published.made + published.n && !p->had);
	p->had = true;
	check_order(p);
	if (!p->is_end) {
		assert(message_has_type(m, p->m.type));
		assert(message_has_data(m, p->m.data, p->m.len));
		return;
	}
	assert(message_has_type(m, "end"));
	end = json_loadb(m->data.at, m->data.len, 0, NULL);
	assert(json_is_object(end));
	assert(1U << find_channel(string_of(end, "channel")) == p->channels);
	json_decref(end);
}

static inline void
take(const struct message *m)
{
	bool gap = message_has_type(m, "gap");
	struct eventid id = browser.last;

	if (m->has_id)
		assert(eventid_parse(&id, m->id.at) && above(id, browser.last));
	if (gap)
		take_gap(m);
	else {
		assert(m->has_id);
		take_event(m, id);
	}
	if (!m->has_id)
		return;
	browser.last = id;
	(void)eventid_format(browser.id, id);
}

/* All that came on this connection. */
static inline void
read_all(void)
{
	static struct messages all;
	size_t i;

	messages_read(&all, browser.text.at, browser.text.len);
	assert(all.n <= READ_MAX);
	for (i = 0; i < all.n; i++)
		take(&all.one[i]);
	messages_free(&all);
	browser.text.len = 0;
}

#endif
